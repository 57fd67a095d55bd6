#!/bin/sh
# Each folder includes only what lies below it: sim, then models, workloads and litmus, then
# experiment, figures and steps, cli.
cd "$(dirname "$0")/.." || exit 1

# expect FOLDER ABOVE...: no file of the folder includes one of a folder above it.
expect() {
	folder=$1
	shift
	for above in "$@"; do
		found=$(grep -n "^#include \"$above/" "$folder"/*.[ch])
		if [ -n "$found" ]; then
			echo "not ok - $folder/ includes what lies above it:"
			echo "$found"
			return
		fi
	done
	echo "ok - $folder/ includes nothing of: $*"
}

expect sim models workloads litmus experiment figures steps cli
expect models workloads litmus experiment figures steps cli
expect workloads litmus experiment figures steps cli
expect litmus figures steps cli
expect experiment figures steps cli
expect figures steps cli
expect steps figures cli
