#!/bin/sh
# What makes stored points stale: an edit of what they are made of, and nothing else.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir "$work/tree" "$work/tree/experiment"
cp -r "$here/sim" "$here/models" "$here/workloads" "$here/versions.sh" "$work/tree"
cp "$here/experiment/run_point.c" "$work/tree/experiment"

table() {
	"$work/tree/versions.sh" 1 | grep '^	{ "' | sed 's/ *\\$//' | sort
}
# edit FILE PARTS: after an edit of the file these parts have another version, and no others.
edit() {
	table >"$work/before"
	echo '/* edited */' >>"$work/tree/$1"
	table | comm -13 "$work/before" - | sed 's/.*{ "\([^"]*\)".*/\1/; s/^$/engine/' | sort | paste -sd' ' - >"$work/changed"
	if [ "$(cat "$work/changed")" = "$2" ]; then
		echo "ok - an edit of $1 changes: ${2:-nothing}"
	else
		echo "not ok - an edit of $1 changes: $(cat "$work/changed"), not: ${2:-nothing}"
	fi
}

edit models/objects/2007_slub_page.c objects/slub-page
edit models/objects/2008_slub_cpu_dfb4f096.c objects/slub-cpu
edit models/slub/era_2624.h objects/slub-cpu
edit models/slub/page_2622.h objects/slub-page
# the models whose files include one of these
including() {
	(cd "$work/tree" && grep -lE "include \"models/slub/$1\"" models/objects/*.c | xargs sed -n 's|^\t\.name *= "\(.*\)",|objects/\1|p' |
		sort -u | paste -sd' ' -)
}
for file in story.h check.c geometry.c kmalloc.c; do
	edit models/slub/$file "$(including 'era_.*')"
done
edit models/slub/locked.h "$(including '(locked|cpu_list)\.h')"
edit models/pages/buddy.c pages/buddy
edit workloads/counter.c workloads/counter
# a header of several, whoever includes it, and the file beside it
all=$(cd "$work/tree" && for file in workloads/*.c; do
	! ${CC:-cc} -MM -I. -D_GNU_SOURCE "$file" | grep -q 'workloads/waiting\.h' ||
		sed -n '/^const struct workload /,/\.name/s|.*\.name *= *"\([^"]*\)".*|workloads/\1|p' "$file"
done | sort | paste -sd' ' -)
edit workloads/waiting.h "$all"
edit workloads/waiting.c "$all"
# what all use
edit sim/coherence.c engine
edit sim/verbs/verbs.h engine
edit workloads/traffic.c engine
edit models/pages/memory.c engine
edit experiment/run_point.c engine
# what none of the runs sees
edit models/objects/registry.c ''
edit workloads/import.c ''
edit workloads/pairing.c ''
# a new file that nobody includes may be anybody's
echo 'int x;' >"$work/tree/models/objects/new.c"
edit models/objects/new.c engine

# A header that includes another one, in a circle.
printf '#include "models/b.h"\n' >"$work/tree/models/a.h"
printf '#include "models/a.h"\n' >"$work/tree/models/b.h"
sed -i '1i #include "models/a.h"' "$work/tree/models/objects/2008_slub_cpu.c"
edit models/b.h objects/slub-cpu

# The same, wherever it is built and called from.
"$here/versions.sh" 1 >"$work/one"
(cd / && "$here/versions.sh" 1) >"$work/two"
cmp -s "$work/one" "$work/two" && echo "ok - versions do not depend on the folder" ||
	echo "not ok - versions depend on the folder"
exit 0
