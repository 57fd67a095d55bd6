#!/bin/sh
# Figures in a real browser: texts measured as they are drawn, the mouse over every bar, a click on
# each entry of the key, no script error. tests/figures_driver.js does it inside of the figure.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ] || ! command -v gnuplot >/dev/null; then
	echo "ok - figures in a browser: skipped, for want of one (package chromium, and gnuplot-nox)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# drive NAME SVG: what the driver says of the figure, in $work/said.
drive() {
	{
		sed 's|</svg>$||' "$2"
		echo '<script><![CDATA['
		cat "$here/tests/figures_driver.js"
		echo ']]></script></svg>'
	} >driven.svg
	"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/browser" \
		--virtual-time-budget=20000 --dump-dom "file://$work/driven.svg" >dom 2>/dev/null
	grep '^figure:' dom >said
	bad=$(grep -v -E '^figure: (texts|hovers|keys): [0-9]+$|^figure: end$' said)
	if grep -q '^figure: end$' said && grep -q '^figure: texts: [1-9]' said && [ -z "$bad" ]; then
		echo "ok - $1: $(sed -n 's/^figure: \(.*: .*\)/\1/p' said | tr '\n' ' ')"
	else
		echo "not ok - $1"
		cat said
	fi
}

all="bounces members sources cycles causes shares misses memory heat"
# figures FILE OPTIONS-OF-RUN OPTIONS-OF-PLOT MORE-FIGURES; what so short a run is expected to show does
# not matter (status 3), the figures do.
figures() {
	name=$(basename "$1" .yaml)
	rm -rf out
	"$bounce" run "$here/$1" $2 --quiet --no-plots --output out >log 2>&1
	status=$?
	[ $status -eq 0 ] || [ $status -eq 3 ] || { echo "not ok - $1"; tail -3 log; return; }
	"$bounce" plot "out/$name" $all $4 $3 >log 2>&1 || { echo "not ok - $1"; tail -3 log; return; }
	for svg in out/"$name"/*.svg; do
		drive "$name${3:+ $3}, $(basename "$svg" .svg)" "$svg"
	done
}

short="--set operations=400 --set warmup=0 --set repeat=2"
figures configs/demo.yaml "$short" "" ""
figures configs/pipeline-7x.yaml "$short" "--dark" ""
figures configs/sheaf-capacity.yaml "$short" "--size slide" ""
figures configs/remote-free.yaml "$short --set cpus=[2,4,8] --set workload.in_flight=16" "--dark --size slide" "scaling throughput"
figures configs/numa.yaml "--set operations=400 --set repeat=1" "" ""
exit 0
