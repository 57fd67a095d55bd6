#!/bin/sh
# 200,000 runs of each litmus test, or RUNS (`make litmus` does a million): nothing forbidden, and every
# outcome that a test asks for and the model allows is seen. Fewer on all other machines.
set -u
here=$(cd "$(dirname "$0")" && pwd)
runs=${RUNS:-200000}
for depth in 0 8; do
	"$BOUNCE" litmus "$here"/litmus/*.litmus --depth $depth --runs "$runs" >/dev/null
	status=$?
	[ $status -eq 0 ] && echo "ok - litmus, store buffer of $depth: $runs runs of each test are as x86-TSO says" ||
		echo "not ok - litmus, store buffer of $depth: status $status"
done
machines=$("$BOUNCE" list machines --format csv | sed '1d; s/,.*//' | grep -v -e textbook -e uv-1024)
RUNS=$((runs / 5)) DEPTHS=2 MACHINES=$machines exec "$here/check_litmus.sh"
