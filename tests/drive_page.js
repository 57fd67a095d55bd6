/* Drives a page of bounce step from inside, as somebody with mouse and keyboard would; the verdict goes into #verdict. */
"use strict";
(function () {
	const bad = [], byId = id => document.getElementById(id);
	const data = JSON.parse(byId("data").textContent), first = data.events[0][0], last = data.events[data.events.length - 1][0];

	function is(what, got, wanted) {
		if (got !== wanted)
			bad.push(what + ": " + JSON.stringify(got) + ", expected " + JSON.stringify(wanted));
	}

	const number = () => Number(/^event (\d+)/.exec(byId("head").textContent)[1]);
	const key = (name, more) => document.body.dispatchEvent(new KeyboardEvent("keydown", Object.assign({ key: name, bubbles: true }, more)));
	const frame = () => ["head", "what", "value", "why", "killed", "notes", "lines", "where", "source"].map(id => byId(id).innerText).join("\n");
	const text = i => data.texts[i];

	function contrast(a, b) {
		const light = colour => {
			const part = colour.match(/[\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
		};
		const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
		return (x + 0.05) / (y + 0.05);
	}

	function steps() {
		is("the first event", number(), first);
		byId("next").click();
		is("Next", number(), first + 1);
		key("ArrowLeft");
		is("left arrow", number(), first);
		is("nothing before the first", byId("back").disabled, true);
		key("n"); key("n"); key("b");
		is("n n b", number(), first + 1);
		key("End");
		is("End", number(), last);
		is("nothing behind the last", byId("next").disabled, true);
		key("Home");
		is("Home", number(), first);
	}

	function forwardAndBack() {
		const seen = [];
		for (let i = 0; i < 300; i++, key("n"))
			seen.push(frame());
		for (let i = 299; i >= 0; i--) {
			key("b");
			if (frame() !== seen[i]) {
				bad.push("back at step " + i + " is another frame than on the way forward");
				return;
			}
		}
		key("End");
		for (let i = 0; i < 40; i++)
			key("b");
		const far = frame();
		key("Home");
		for (let n = first; n < last - 40; n++)
			key("n");
		is("a frame that was come to from behind", frame() === far, true);
		key("Home");
	}

	/* What the flags of the data say, by hand. */
	function jumps() {
		for (const [k, name, button] of [["j", "bounce", "bounce"], ["t", "transfer", "transfer"], ["m", "miss", "miss"]]) {
			const wanted = data.events.filter((e, i) => i > 0 && e[3] & data.flags[name]).map(e => e[0]);
			key("Home");
			for (const n of wanted.slice(0, 5)) {
				key(k);
				is("key " + k, number(), n);
			}
			key("Home");
			byId(button).click();
			is("button " + name, number(), wanted[0]);
			key("End");
			key(k.toUpperCase());
			is("key " + k.toUpperCase(), number(), wanted.filter(n => n < last).pop());
			is("there are such events", wanted.length > 3, true);
		}
	}

	/* All that is said of an event, in small letters. */
	function said(e) {
		const site = data.sites[e[12]];

		return [e[4], e[5], e[7], e[9], e[10], e[11]].map(text).concat(site.slice(2), data.files[site[0]].name, e[16].map(x => text(x[1])))
			.join("\n").toLowerCase();
	}

	/* For what the 61st event touches: each that says so, in order, up to that one. */
	function search() {
		const name = text(data.events[60][5]), wanted = data.events.filter((e, i) => i > 0 && i <= 60 && said(e).includes(name.toLowerCase()));
		let n = first;

		key("Home");
		key("/");
		is("/ goes to the search field", document.activeElement === byId("search"), true);
		byId("search").value = name.toUpperCase();
		for (const event of wanted) {
			byId("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
			n = number();
			is("search for " + name, n, event[0]);
		}
		is("it comes to the 61st", n, first + 60);
		byId("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", shiftKey: true, bubbles: true }));
		is("and back", number(), wanted.length > 1 ? wanted[wanted.length - 2][0] : number());
		n = number();
		byId("search").value = "no such thing at all";
		byId("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
		is("search for nothing stays", number(), n);
		is("and says so", /no event with/.test(byId("told").textContent), true);
		byId("search").blur();
	}

	/* Of a miss the event that took the copy: a link there. */
	async function takers() {
		const taken = data.events.find(e => e[17] >= first);
		if (!taken)
			return;
		key("Home");
		for (let n = first; n < taken[0]; n++)
			key("n");
		is("it says who took the copy", byId("taken").textContent.startsWith("its copy went at event #" + taken[17]), true);
		byId("taken").querySelector("a").click();
		await new Promise(done => setTimeout(done, 400));
		is("the link leads there", number(), taken[17]);
		is("that one killed a copy of this CPU", byId("killed").textContent.includes(data.caches[taken[2]]), true);
	}

	/* Letters in each cell, so that colours are not the only signal; what changes is written out. */
	function states() {
		key("Home");
		key("j");
		const event = data.events[number() - first], cells = [...document.querySelectorAll("tr.now td")];
		is("a cell per cache", cells.length, data.caches.length);
		cells.forEach((cell, c) => {
			const a = text(event[14])[c].replace("I", "."), b = text(event[15])[c].replace("I", ".");
			is("cell " + c, cell.textContent, a === b ? a : a + " \u2192 " + b);
		});
		is("a bounce changes a cell", cells.some(cell => cell.classList.contains("changed")), true);
		is("each cell has a letter", [...document.querySelectorAll("td")].every(td => /[MDEOFS.]/.test(td.textContent)), true);
		is("the line of source is shown", /^> /.test(document.querySelector("#source .now")?.textContent || ""), true);
		is("it is the one of the site", Number(document.querySelector("#source .now").textContent.slice(1, 7)), data.sites[event[12]][1]);
	}

	function colours() {
		const back = getComputedStyle(document.body).backgroundColor, dark = matchMedia("(prefers-color-scheme: dark)").matches;
		is("the page follows the scheme", contrast(back, dark ? "rgb(0,0,0)" : "rgb(255,255,255)") < 1.6, true);
		const probe = document.createElement("tr");
		probe.className = "now";
		byId("lines").append(probe);
		const mark = getComputedStyle(probe).backgroundColor;
		for (const letter of "MDEOFSI") {
			const td = document.createElement("td");
			td.className = letter;
			probe.append(td);
			for (const behind of [back, mark])
				if (contrast(getComputedStyle(td).color, behind) < 4.5)
					bad.push(letter + " is hard to read: " + contrast(getComputedStyle(td).color, behind).toFixed(2));
		}
		probe.remove();
	}

	function fits() {
		is("nothing sticks out to the right", document.documentElement.scrollWidth <= innerWidth, true);
		for (const button of document.querySelectorAll("button"))
			if (button.getBoundingClientRect().right > innerWidth)
				bad.push("a button sticks out: " + button.textContent);
	}

	function isText() {
		is("the title is text", byId("title").textContent, data.title);
		is("no script but those of the page", document.querySelectorAll("body script").length, 3);
		is("nothing else came of any text", document.querySelectorAll("img, iframe, object, embed, svg, style:not(head style)").length, 0);
		is("nobody was called", window.hacked, undefined);
	}

	function links() {
		return new Promise(done => {
			location.hash = "#" + (first + 41);
			setTimeout(() => {
				is("a link to a frame", number(), first + 41);
				is("the link says where one is", byId("link").getAttribute("href"), "#" + (first + 41));
				byId("play").click();
				is("Play can be paused", byId("play").textContent, "Pause");
				setTimeout(() => {
					is("Play goes on by itself", number() > first + 41, true);
					byId("play").click();
					is("and stops", byId("play").textContent, "Play");
					done();
				}, 1700);
			}, 100);
		});
	}

	window.addEventListener("load", async () => {
		try {
			steps(); forwardAndBack(); jumps(); search(); states(); colours(); fits(); isText();
			await links();
			await takers();
		} catch (error) {
			bad.push("the test itself: " + error.stack);
		}
		const verdict = document.createElement("pre");
		verdict.id = "verdict";
		verdict.textContent = (window.errors.length || bad.length ? "BAD\n" : "GOOD ") +
			window.errors.concat(bad).slice(0, 20).join("\n") +
			(matchMedia("(prefers-color-scheme: dark)").matches ? " dark " : " light ") + innerWidth;
		document.body.append(verdict);
		if (parent !== window)
			parent.postMessage(verdict.textContent, "*");
	});
})();
