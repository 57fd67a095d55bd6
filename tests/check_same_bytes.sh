#!/bin/sh
# Same file, seed and version: the same bytes, from both compilers, with one worker or two, after
# kill -9 in the middle and a second run; and the same numbers with the shortcuts off.
# EXPERIMENTS are other files, SETTINGS the options they run with; of these, which are long, the other
# compiler runs with the other number of workers, and both shortcuts are off at once.
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

# run PROGRAM FOLDER OPTION...: all files
run() {
	program=$1 folder=$2
	shift 2
	# shellcheck disable=SC2086
	"$program" run $files --quiet ${SETTINGS:-} "$@" --output "$work/$folder" >/dev/null 2>>"$work/log"
}

run "$bounce" a --jobs 2 || cat "$work/log"
[ -n "$(ls "$work/a")" ]
verdict $? "experiments ran"
if [ -z "${EXPERIMENTS:-}" ]; then
	run "$bounce" b --jobs 1 || cat "$work/log"
	diff -r "$work/a" "$work/b" >"$work/diff" 2>&1
	verdict $? "one worker and two give the same bytes"
fi
run "$clang" c --jobs 1 || cat "$work/log"
diff -r "$work/a" "$work/c" >"$work/diff" 2>&1
verdict $? "gcc and clang builds give the same bytes${EXPERIMENTS:+, two workers and one}"

if [ -z "${EXPERIMENTS:-}" ]; then
	for program in "$bounce" "$clang"; do
		"$program" export "$here/experiments/ring.yaml" --events 20000 -o "$work/events.$(basename "$(dirname "$program")").events" \
			2>>"$work/log" || cat "$work/log"
	done
	[ "$(cat "$work"/events.*.events | wc -c)" -gt 10000 ] && [ "$(sha256sum "$work"/events.*.events | cut -c1-64 | uniq | wc -l)" = 1 ]
	verdict $? "gcc and clang builds tell the same events"
fi

# without SETTING=false...
without() {
	rm -rf "$work/d"
	# shellcheck disable=SC2086
	run "$bounce" d --no-plots --set $1
	numbers "$work/a" >"$work/with"
	numbers "$work/d" >"$work/without"
	cmp -s "$work/with" "$work/without" && [ -s "$work/with" ]
	verdict $? "the same numbers with $1"
}

if [ -z "${EXPERIMENTS:-}" ]; then
	without run_ahead=false
	without parking=false
fi
without "run_ahead=false --set parking=false"
[ -z "${EXPERIMENTS:-}" ] || exit 0

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
