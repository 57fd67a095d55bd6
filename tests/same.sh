#!/bin/sh
# same.sh OLD NEW CASES: the hashes program of two builds, on the same cases.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" 1 "$3" >"$work/old" &
"$2" 1 "$3" >"$work/new"
wait
if cmp -s "$work/old" "$work/new"; then
	echo "ok - $3 results are the same"
else
	diff "$work/old" "$work/new" | grep '^>' | head -20
	echo "not ok - $(diff "$work/old" "$work/new" | grep -c '^>') of $3 results differ"
	exit 1
fi
