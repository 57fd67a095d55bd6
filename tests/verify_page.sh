#!/bin/sh
# A page of bounce step in a real browser: opened, stepped through, back, jumps, search, links; light and dark, wide
# and narrow, with titles that try to be markup. PAGES=DIR keeps pictures there.
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
	echo "skipped - no chromium is installed"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

ok() {
	if [ "$2" = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
}

# The page with a driver behind its own script, and a net for errors in front of everything.
driven() {
	awk -v driver="$here/tests/drive_page.js" '
		/<title>/ { print "<script>window.errors = []; addEventListener(\"error\", e => errors.push(e.message));" \
			"addEventListener(\"securitypolicyviolation\", e => errors.push(e.violatedDirective));</script>" }
		/<\/body>/ { print "<script>"; while ((getline line < driver) > 0) print line; print "</script>" }
		{ print }' "$1" >"$2"
}

# A window is never narrower than 500 pixels, a frame in it is.
framed() {
	cat <<END
<!DOCTYPE html><body style="margin:0"><iframe src="file://$1" style="border:0;width:${width}px;height:900px"></iframe>
<script>addEventListener("message", e => {
	const verdict = document.createElement("pre");
	verdict.id = "verdict";
	verdict.textContent = e.data;
	document.body.append(verdict);
});</script></body>
END
}

browse() {
	timeout 1200 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
		--blink-settings="preferredColorScheme=$scheme" --window-size="$width,900" "$@" 2>"$work/browser.err"
}

# drive NAME EVENT: both schemes, both widths
drive() {
	driven "$work/$1.html" "$work/driven.html"
	for scheme in 0 1; do
		for width in 1280 400; do
			framed "$work/driven.html" >"$work/frame.html"
			browse --virtual-time-budget=20000 --dump-dom "file://$work/frame.html" >"$work/dom"
			verdict=$(sed -n '/<pre id="verdict">/,$p' "$work/dom" | sed 's/<[^>]*>//g' | head -n 20)
			case $scheme in 0) wanted=dark ;; 1) wanted=light ;; esac
			case $verdict in
			"GOOD  $wanted $width"*) ok "$1, $wanted, $width pixels" 0 ;;
			*) echo "$verdict" | sed 's/^/# /'; ok "$1, $wanted, $width pixels" 1 ;;
			esac
			if [ -n "$PAGES" ]; then
				framed "$work/$1.html#$2" >"$work/frame.html"
				browse --virtual-time-budget=2000 --screenshot="$PAGES/$1-$wanted-$width.png" \
					"file://$work/frame.html" >"$work/unused"
			fi
		done
	done
}

cat >"$work/hostile.yaml" <<'END'
name: hostile
title: "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'><!-- \\ \" & é"
machine: textbook
placement: scatter
cpus: 4
objects: slub-cpu
workload: {kind: producer-consumer, object_size: 256, in_flight: 16, produce_cycles: 50}
operations: 2000
memory_mib: 16
END
cd "$here" || exit 1
"$bounce" step "$work/hostile.yaml" --html "$work/hostile.html" --at 10000 2>/dev/null
ok "a page is written" $?
[ "$(grep -c '<script' "$work/hostile.html")" = 2 ] && ! grep -q '<script>window.hacked' "$work/hostile.html"
ok "a title is no markup" $?
[ "$(stat -c %s "$work/hostile.html")" -lt 1000000 ]
ok "2000 events take less than a megabyte" $?
! grep -E 'https?://|src=|@import|url\(' "$work/hostile.html" | grep -v 'onerror=' | grep -q .
ok "nothing is fetched from anywhere" $?
drive hostile 10040
"$bounce" step configs/remote-free.yaml --html "$work/remote-free.html" --at 100000 2>/dev/null
drive remote-free 100100
"$bounce" step configs/hackbench.yaml --html "$work/hackbench.html" --at 400000 2>/dev/null
drive hackbench 400100
exit "$failed"
