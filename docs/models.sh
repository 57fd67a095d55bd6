#!/bin/sh
# docs/models.md: the object allocators in the order of the story, and what each cost in lines of code.
#	docs/models.sh >docs/models.md
# A version is the file that registers it, the headers that it includes, directly or not, and for each of
# them the file beside it. Lines are those with code: without comments and empty ones.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."
story="2001_bonwick 2007_slub_page 2008_slub_cpu_dfb4f096 2008_slub_cpu 2011_slab 2011_slub_cmpxchg 2011_slub_lockless
	2012_slub_lockless_32 2014_slub_lockless_318 2014_slub_tagged_v1 2014_slub_tagged 2015_slub_40 2025_sheaves_617
	2025_sheaves 2026_sheaves_all_70rc 2026_sheaves_all_70 2026_sheaves_all 2026_sheaves_all_73"
for file in models/objects/*.c; do
	name=$(basename "$file" .c)
	case " $(echo $story) registry " in *" $name "*) ;; *)
		echo "docs/models.sh: $name has no place in the story" >&2
		exit 1 ;;
	esac
done

cat <<'HEAD'
# The object allocators, version by version

Made by `docs/models.sh` from the sources, and a test compares it with them. A version is one file in
[models/objects/](../models/objects) and the headers that it includes, nearly all from [models/slub/](../models/slub): a member,
a lock or a path that changed is a file of its own, and a version names the ones it has. *New* are the lines of code in
files that no row above includes, so it is what the version added to the story; *all* is what it is made of. None of the
commits that brought the versions since 2.6.39 changed a line in `sim/`. `bounce explain NAME` tells the same story without
the lines.

| of | file | own lines | new | all | what is new |
|---|---|--:|--:|--:|---|
HEAD
for name in $story; do echo "models/objects/$name.c"; done | awk '
function read(file,   line, code, quoted, in_comment) {
	read_already[file] = 1
	while ((getline line < file) > 0) {
		if (line ~ /^[ \t]*#[ \t]*include[ \t]*"models\//) {
			split(line, quoted, "\"")
			includes[file] = includes[file] " " quoted[2]
		}
		code = line
		if (in_comment && !sub(/^.*\*\//, "", code))
			continue
		in_comment = 0
		gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", code)
		if (sub(/\/\*.*$/, "", code))
			in_comment = 1
		if (code ~ /[^ \t]/)
			lines[file]++
		texts[file] = texts[file] line "\n"
	}
	close(file)
}
function there(file,   line, found) {
	found = (getline line < file) > 0
	close(file)
	return found
}
function reach(file,   list, count, i, beside) {
	if (file in seen)
		return
	seen[file] = 1
	if (!(file in read_already))
		read(file)
	beside = file
	if (sub(/\.h$/, ".c", beside) && there(beside))
		reach(beside)
	count = split(includes[file], list, " ")
	for (i = 1; i <= count; i++)
		reach(list[i])
}
# The text of `.member = "..." "..."`, in one piece.
function member(file, name,   text, at) {
	text = texts[file]
	if (!match(text, "\n\t\\." name " *= \""))
		return ""
	text = substr(text, RSTART + RLENGTH)
	at = match(text, /",\n/)
	text = substr(text, 1, at - 1)
	gsub(/"[ \t\n]+"/, "", text)
	sub(/\.$/, "", text)
	return text
}
{
	split("", seen)
	reach($0)
	all = fresh = 0
	for (file in seen) {
		all += lines[file]
		if (!(file in told))
			fresh += lines[file]
		told[file] = 1
	}
	short = $0
	sub(/.*\//, "", short)
	printf "| %s | [%s](../%s) | %d | %d | %d | %s |\n", member($0, "version"), short, $0, lines[$0], fresh, all, member($0, "brings")
}'
