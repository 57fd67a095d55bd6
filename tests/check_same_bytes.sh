#!/bin/sh
# Same file, seed and version: the same bytes, from both compilers, with one worker or two, after
# kill -9 in the middle and a second run; and the same numbers with the shortcuts off.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
bounce=$(realpath "$BOUNCE")
clang=$(realpath "$BOUNCE_CLANG")
files=${EXPERIMENTS:-"$here/experiments/ring.yaml $here/experiments/counter.yaml $here/experiments/slabs.yaml"}

verdict() {     # verdict STATUS NAME
	[ "$1" -eq 0 ] && echo "ok - $2" || echo "not ok - $2"
}
# Numbers alone: without comments, the point's name and the program's remarks.
numbers() {
	for d in "$1"/*/; do
		grep -v '^#' "$d/results.csv" | cut -d, -f2-
	done
}

# shellcheck disable=SC2086
{
"$bounce" run $files --quiet --jobs 2 --output "$work/a" >/dev/null 2>"$work/log" || cat "$work/log"
"$bounce" run $files --quiet --jobs 1 --output "$work/b" >/dev/null 2>>"$work/log" || cat "$work/log"
"$clang" run $files --quiet --jobs 2 --output "$work/c" >/dev/null 2>>"$work/log" || cat "$work/log"
}
[ -n "$(ls "$work/a")" ]
verdict $? "experiments ran"
diff -r "$work/a" "$work/b" >"$work/diff" 2>&1
verdict $? "one worker and two give the same bytes"
diff -r "$work/a" "$work/c" >"$work/diff" 2>&1
verdict $? "gcc and clang builds give the same bytes"

for off in run_ahead=false parking=false "run_ahead=false --set parking=false"; do
	rm -rf "$work/d"
	# shellcheck disable=SC2086
	"$bounce" run $files --quiet --no-plots --set $off --output "$work/d" >/dev/null 2>>"$work/log"
	numbers "$work/a" >"$work/with"
	numbers "$work/d" >"$work/without"
	cmp -s "$work/with" "$work/without" && [ -s "$work/with" ]
	verdict $? "the same numbers with $off"
done

first=${files%% *}
"$bounce" run "$first" --quiet --jobs 1 --set operations=20000 --output "$work/whole" >/dev/null 2>&1
points() {
	find "$1" -name '*.point' | wc -l
}
# killed as soon as a point is there; on a machine that was busy elsewhere meanwhile, once more
for _ in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$work/cut" && mkdir "$work/cut"
	setsid "$bounce" run "$first" --quiet --jobs 1 --set operations=20000 --output "$work/cut" >/dev/null 2>&1 &
	run=$!
	until [ "$(points "$work/cut")" -gt 0 ]; do sleep 0.02; done
	kill -9 $run 2>/dev/null
	wait $run 2>/dev/null
	[ "$(points "$work/cut")" -ge "$(points "$work/whole")" ] || break
done
[ "$(points "$work/cut")" -lt "$(points "$work/whole")" ]
verdict $? "kill -9 left some points undone"
"$bounce" run "$first" --quiet --jobs 2 --set operations=20000 --output "$work/cut" >/dev/null 2>>"$work/log"
diff -r "$work/whole" "$work/cut" >"$work/diff" 2>&1
verdict $? "kill -9 in the middle and a second run give the bytes of one run"
cat "$work/diff" 2>/dev/null | head -5
exit 0
