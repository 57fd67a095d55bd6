#!/bin/sh
# A million runs of each litmus test, or RUNS: nothing forbidden, and every outcome that a test
# asks for and the model allows is seen.
set -u
here=$(cd "$(dirname "$0")" && pwd)
for depth in 0 8; do
	if "$BOUNCE" litmus "$here"/litmus/*.litmus --depth $depth --runs "${RUNS:-1000000}" >/dev/null; then
		echo "ok - litmus, store buffer of $depth: ${RUNS:-1000000} runs of each test are as x86-TSO says"
	else
		echo "not ok - litmus, store buffer of $depth: status $?"
	fi
done
exit 0
