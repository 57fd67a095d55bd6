#!/bin/sh
# What can change a point, as a table for experiment/version.c: versions.sh VERSION
#
# A point is made by the engine, one workload and one or two models, and its name has the hash of
# the sources of these alone: an edit of one model leaves the points of the others. The sources of
# a model or workload are the file that registers it, the headers it includes, directly or not,
# and for each header the file beside it (waiting.c of waiting.h). Everything else below sim/,
# models/ and workloads/ is the engine's, but for lists of names and the import of recordings,
# whose traces are hashed themselves.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find sim models workloads experiment/run_point.c -name '*.[ch]' | grep -v -e '/registry\.c$' -e '^workloads/import\.[ch]$' \
	-e '^workloads/kmem_text\.[ch]$' -e '^workloads/pairing\.[ch]$' -e '^workloads/foreign\.[ch]$' -e '^workloads/map\.[ch]$' | sort >"$work/files"

# One line per part and file: "objects/slub-page<tab>models/objects/2007_slub_page.c"; the engine is "".
awk -v files="$work/files" '
function read(file,   line, kind, quoted) {
	while ((getline line < file) > 0) {
		if (line ~ /^[ \t]*#[ \t]*include[ \t]*"/) {
			split(line, quoted, "\"")
			includes[file] = includes[file] " " quoted[2]
		}
		if (line ~ /^const struct (object_allocator|page_allocator|workload) [a-z0-9_]+ =/) {
			split(line, quoted, " ")
			kind = quoted[3] ~ /^o/ ? "objects/" : quoted[3] ~ /^p/ ? "pages/" : "workloads/"
		}
		if (kind != "" && line ~ /^[ \t]*\.name[ \t]*= *"/) {
			split(line, quoted, "\"")
			part[++parts] = kind quoted[2]
			root[parts] = file
			kind = ""
		}
	}
	close(file)
}
function reach(name, file,   list, count, i, beside) {
	if (!(file in known) || file ~ /^sim\// || (name, file) in seen)
		return
	seen[name, file] = 1
	taken[file] = 1
	print name "\t" file
	beside = file
	if (sub(/\.h$/, ".c", beside))
		reach(name, beside)
	count = split(includes[file], list, " ")
	for (i = 1; i <= count; i++)
		reach(name, list[i])
}
BEGIN {
	while ((getline file < files) > 0) {
		known[file] = 1
		order[++total] = file
	}
	for (n = 1; n <= total; n++)
		read(order[n])
	for (n = 1; n <= parts; n++)
		reach(part[n], root[n])
	for (n = 1; n <= total; n++)
		if (!(order[n] in taken))
			print "\t" order[n]
}' | sort >"$work/parts"

cut -f 1 "$work/parts" | uniq | while IFS= read -r part; do
	awk -F '\t' -v part="$part" '$1 == part { print $2 }' "$work/parts" | xargs sha256sum |
		sha256sum | sed "s|^\(............\).*|\t{ \"$part\", \"\1\" },|"
done >"$work/table"

printf '/* Made by versions.sh. */\n#define BOUNCE_VERSION "%s"\n' "$1"
printf '#define VERSION_OF_MODELS "%s"\n' "$(sha256sum <"$work/table" | cut -c 1-12)"
printf '#define VERSIONS_OF_PARTS \\\n'
sed 's/$/ \\/' "$work/table"
printf '\t{ 0 }\n'
