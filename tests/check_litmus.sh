#!/bin/sh
# Litmus tests on the simulated machine, few runs of each: nothing forbidden without a store
# buffer (sequential consistency) and with one (x86-TSO); the relaxed outcomes that are easy to
# see are seen; both compilers print the same. RUNS, DEPTHS and MACHINES make it more.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
bounce=$(realpath "$BOUNCE")
runs=${RUNS:-3000}

verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/err"; }
}

# MACHINE DEPTH [FOLDER/]: every outcome is in the model's set, and every run ended well. Depth "": the machine's.
campaign() {
	"$bounce" litmus "$here/litmus/${3:-}"*.litmus --machine "$1" ${2:+--depth "$2"} --runs "$runs" --format jsonl >"$work/out" 2>"$work/err"
	status=$?
	grep -v 'allowed, but never seen' "$work/err" >"$work/wrong"
	{ [ $status -eq 0 ] || [ $status -eq 3 ]; } && [ ! -s "$work/wrong" ] && ! grep -q '"result":"\(forbidden\|failed\)' "$work/out"
	verdict $? "litmus ${3:+in $3 }on $(basename "$1" .yaml)${2:+, store buffer of $2}: $(grep -c '"type":"test"' "$work/out") tests, $runs runs each, nothing forbidden"
}

# What is seen with a buffer, and what is not without one.
relaxed() {
	if [ "$2" -eq 0 ]; then
		[ ! -s "$work/err" ] && ! grep '"possible":"tso"' "$work/out" | grep -qv '"seen":0,'
		verdict $? "litmus on $1 without a store buffer: no relaxed outcome"
		return
	fi
	for test in SB SB+rfi-pos SB+three-stores 3.SB n6 INC+plain; do
		grep -F "\"test\":\"$test\"," "$work/out" | grep '"type":"test"' | grep -q '"result":"ok"'
		verdict $? "litmus on $1, store buffer of $2: $test is seen"
	done
}

for depth in ${DEPTHS:-0 1 8}; do
	campaign textbook "$depth"
	relaxed textbook "$depth"
done
for depth in ${DEPTHS:-0 8}; do
	campaign core2-2s "$depth"
	relaxed core2-2s "$depth"
done

# Every way to write a test, of every size.
runs=$((runs / 5))
campaign textbook 8 forms/
campaign uv-1024 4 forms/

# Other ways to build a buffer, homes and caches; the other protocols, far atomics (graviton2).
for machine in "$here"/litmus/machines/*.yaml ${MACHINES:-i7-1s host-zen4 graviton2}; do
	campaign "$machine" ""
done

if [ -n "${BOUNCE_CLANG:-}" ]; then
	for b in "$bounce" "$BOUNCE_CLANG"; do
		"$b" litmus "$here"/litmus/*.litmus --runs 600 --jobs 1 >"$work/$(echo "$b" | tr / _)" 2>/dev/null
	done
	cmp "$work"/*bounce >"$work/err" 2>&1
	verdict $? "litmus: the same outcomes with gcc and clang"
fi
exit 0
