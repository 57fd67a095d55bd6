/*
 * Runs inside a figure in a browser: measures its texts as they are drawn, moves the mouse over its
 * bars and clicks in its key. What it finds goes into the title, line by line, for verify_figures.sh.
 */
(function () {
	"use strict";
	var svg = document.documentElement, found = [];

	function say(what) {
		found.push(what);
	}
	window.addEventListener("error", function (event) {
		say("error: " + event.message);
	});

	/* Texts that can be seen, but for the boxes that follow the mouse. */
	function texts() {
		return Array.from(svg.querySelectorAll("text")).filter(function (text) {
			var box = text.getBoundingClientRect();

			return text.textContent.trim() && box.width && getComputedStyle(text).visibility !== "hidden" &&
				text.id !== "hypertext" && text.id !== "coord_text";
		});
	}

	/* Letters touch if their boxes do; the boxes have room above and below. */
	function measure() {
		var page = svg.getBoundingClientRect(), all = texts().map(function (text) {
			var box = text.getBoundingClientRect(), upright = box.height > box.width && text.textContent.length > 2;
			var across = upright ? 0.2 * box.width : 0, up = upright ? 0 : 0.2 * box.height;

			return { text: text.textContent, left: box.left + across, right: box.right - across,
				 top: box.top + up, bottom: box.bottom - up };
		});

		all.forEach(function (one, at) {
			if (one.left < page.left || one.right > page.left + page.width || one.top < page.top || one.bottom > page.top + page.height)
				say("leaves the page: " + one.text);
			all.slice(at + 1).forEach(function (other) {
				if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
					say("overlap: " + one.text + " / " + other.text);
			});
		});
		say("texts: " + all.length);
	}

	function mouse(element, type, x, y) {
		element.dispatchEvent(new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, cancelable: true }));
	}

	/* The text of the hover over each bar, near its edges too. */
	function hovers() {
		var bars = Array.from(svg.querySelectorAll("g[id*=_plot_] polygon")), told = 0, silent = 0;
		var box = document.getElementById("hypertext");

		bars.forEach(function (bar) {
			var at = bar.getBoundingClientRect();

			if (bar.closest("g[id*=_plot_]").querySelector("g[id$=_keyentry]") || at.width < 1 || at.height < 1)
				return;
			[0.1, 0.5, 0.9].forEach(function (share) {
				mouse(bar, "mousemove", at.left + share * at.width, at.top + share * at.height);
				if (box.textContent.trim() && getComputedStyle(box).visibility !== "hidden")
					told++;
				else
					silent++;
				mouse(bar, "mouseout", at.left, at.top);
			});
		});
		if (silent)
			say("no hover at " + silent + " places of bars");
		say("hovers: " + told);
	}

	/* What can be seen of the data: boxes and lines outside of the key. */
	function visible() {
		return Array.from(svg.querySelectorAll("g[id*=_plot_]")).filter(function (plot) {
			return /_plot_[0-9]+$/.test(plot.id) && !plot.querySelector("g[id$=_keyentry]") && getComputedStyle(plot).display !== "none";
		}).length;
	}

	/* Each entry hides something, and shows it again. */
	function clicks() {
		var keys = Array.from(svg.querySelectorAll("g[id$=_keyentry]")), worked = 0;

		keys.forEach(function (key) {
			var text = key.querySelector("text"), before = visible(), after;

			if (!text)      /* gnuplot's second group of an entry with a line and a point */
				return;
			mouse(text, "click", 0, 0);
			after = visible();
			mouse(text, "click", 0, 0);
			if (after < before && visible() === before)
				worked++;
			else
				say("a click hides nothing: " + text.textContent);
		});
		say("keys: " + worked);
	}

	window.addEventListener("load", function () {
		setTimeout(function () {
			[measure, hovers, clicks].forEach(function (check) {
				try {
					check();
				} catch (error) {
					say("error: " + check.name + ": " + error.message);
				}
			});
			svg.querySelector("title").textContent = "\n" + found.map(function (line) {
				return "figure: " + line.replace(/\s+/g, " ");
			}).join("\n") + "\nfigure: end\n";
		}, 0);
	});
})();
