#!/bin/sh
# A verb's call stands on one line of source: compilers give those of several different numbers, and
# reports and stored points name the line. Verbs are the macros of sim/verbs/ whose first argument is
# the CPU.
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here" || exit 1

# Calls that do not end on their line, FILE:LINE: TEXT.
broken_calls() {
	awk -v verbs="$(sed -nE 's/^#define ([a-z_]+[a-z])\(cpu, .*/\1/p' sim/verbs/*.h | paste -sd'|')" '
	BEGIN { call = "(^|[^a-z_])(" verbs ")\\(" }
	{
		rest = $0
		sub(/^[[:space:]]*(\*|#define).*/, "", rest)
		while (match(rest, call)) {
			rest = substr(rest, RSTART + RLENGTH)
			depth = 1
			for (i = 1; i <= length(rest) && depth; i++) {
				c = substr(rest, i, 1)
				depth += (c == "(") - (c == ")")
			}
			if (depth)
				print FILENAME ":" FNR ": " $0
		}
	}' "$@"
}

broken=$(broken_calls models/*/*.[ch] workloads/*.[ch] sim/verbs/*.[ch] litmus/*.[ch])
if [ -z "$broken" ]; then
	echo "ok - each call of a verb stands on one line"
else
	echo "not ok - calls of verbs that do not end on their line:"
	echo "$broken"
fi

sample=$(mktemp)
printf '\tstore(cpu, &p->a,\n\t      value);\n\tload(cpu, &p->b);\n\treload(cpu,\n' >"$sample"
[ "$(broken_calls "$sample" | wc -l)" -eq 1 ] && echo "ok - a call of two lines is found" ||
	echo "not ok - a call of two lines is found"
rm -f "$sample"
