#!/bin/sh
# Shards of an experiment, through GNU parallel into one folder: the same points, tables and figures, byte
# for byte, as one run of it.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
if ! parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
	echo "ok - shards through GNU parallel: skipped, for want of it (package parallel)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/log"; }
}

set -- "$here/configs/demo.yaml" --set operations=2000 --set warmup=0 --quiet
"$bounce" run "$@" --output whole >whole.table 2>log
verdict $? "one run"

# As docs/many-machines.md has it: each shard prints its own points, the run at the end all of them.
seq 8 | parallel --will-cite -j 4 "$bounce" run "$@" --jobs 1 --output shards --shard {}/8 >log 2>&1
verdict $? "eight shards, four at a time"
files=$(ls shards/demo/points | wc -l)
[ "$files" -eq 40 ]     # 2 allocators * 2 speeds * 10 seeds
verdict $? "all 40 points are there ($files)"
touch before
"$bounce" run "$@" --output shards >shards.table 2>log
verdict $? "the run at the end"
cmp whole.table shards.table >log 2>&1
verdict $? "its table is that of one run"
find shards -name '*.point' -newer before >log
[ ! -s log ]
verdict $? "it computed none"

rm -f whole/demo/.lock shards/demo/.lock
diff -r whole shards >log 2>&1
verdict $? "points, tables and figures are the same"

# A shard that fails is seen: a job whose experiment has a mistake ends parallel with its count.
seq 2 | parallel --will-cite "$bounce" run "$@" --set cpu=2 --output none --shard {}/2 >log 2>&1
[ $? -eq 2 ] && [ ! -e none ]
verdict $? "two shards with a mistake: parallel ends with status 2, nothing is written"
exit 0
