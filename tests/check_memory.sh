#!/bin/sh
# Without memory a verb says so and fails, or gives all that it gives with it: never a part with
# status 0, never a crash. One allocation after the other fails.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
bounce=$(realpath "$BOUNCE")

if ! "${CC:-cc}" -shared -fPIC -o "$work/out_of_memory.so" "$here/preload/out_of_memory.c" 2>"$work/err" ||
	! LD_PRELOAD=$work/out_of_memory.so "$bounce" --version >"$work/out" 2>"$work/err" || [ -s "$work/err" ]; then
	echo "ok - out of memory # SKIP allocations cannot be counted here"
	exit 0
fi
cd "$work" || exit 1
counter="$here/experiments/counter.yaml --quiet --no-plots --jobs 1 --set cpus=1 --set workload.op=store --set operations=20"
# shellcheck disable=SC2086
"$bounce" run $counter --output there >/dev/null 2>&1

starve() {      # starve STEP VERB ARGUMENT...: allocations 1 to 60, and every STEP-th up to 3000
	step=$1
	shift
	rm -rf new
	"$bounce" "$@" >all 2>/dev/null
	expected=$?
	for at in $(seq 1 60) $(seq 61 "$step" 3000); do
		rm -rf new
		FAIL_AT=$at LD_PRELOAD=$work/out_of_memory.so "$bounce" "$@" >out 2>err
		status=$?
		if [ $status -eq $expected ]; then
			cmp -s out all || echo "$at: status $status, and not all of it"
		elif [ $status -gt 3 ] || ! [ -s err ] || grep -q ': *$' err; then
			echo "$at: status $status, told: $(head -n 1 err)"
		fi
	done >wrong
	[ ! -s wrong ]
	status=$?
	[ $status -eq 0 ] && echo "ok - out of memory: $1" || { echo "not ok - out of memory: $1"; head -5 wrong; }
}
# shellcheck disable=SC2086
starve 97 run $counter --output new
starve 97 check "$here"/../configs/remote-free.yaml
starve 97 report there/counter
starve 97 report there/counter fields --format csv
starve 97 compare there/counter there/counter
starve 97 list models
starve 97 explain mesi
starve 97 import "$here/import/cases/own.txt" -o new
starve 97 litmus "$here/litmus/SB.litmus" --runs 10 --jobs 1
exit 0
