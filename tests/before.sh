#!/bin/sh
# before.sh COMMIT FOLDER: the sources of that commit in FOLDER, but with the programs of this tree
# that compare builds, and its Makefile.
set -eu
if ! [ -d "$2" ]; then
	mkdir -p "$2.new"
	git archive "$1" | tar x -C "$2.new"
	mv "$2.new" "$2"
fi
for file in Makefile tests/bench.c tests/bench_fixture.[ch] tests/hashes.c tests/engine_fixture.[ch] \
	tests/program_fixture.[ch]; do
	cmp -s "$file" "$2/$file" || cp "$file" "$2/$file"
done
