#!/bin/sh
# before.sh COMMIT FOLDER PROGRAM: the sources of that commit in FOLDER, but with the programs of this
# tree that compare builds; and with its Makefile where the commit's own cannot build that one.
set -eu
if ! [ -d "$2" ]; then
	mkdir -p "$2.new"
	git archive "$1" | tar x -C "$2.new"
	mv "$2.new" "$2"
fi
grep -qs "tests/$3" "$2/Makefile" || cp Makefile "$2/Makefile"
for file in tests/bench.c tests/bench_fixture.[ch] tests/hashes.c tests/engine_fixture.[ch] \
	tests/program_fixture.[ch]; do
	cmp -s "$file" "$2/$file" || cp "$file" "$2/$file"
done
