#!/bin/sh
# --format json is one document that jq reads, with the objects of --format jsonl and nothing else.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
bounce=$(realpath "$BOUNCE")
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -5 "$work/err"; }
}
cd "$work" || exit 1

# A name that is hostile to every quoting: quotes, a backslash, a tab, control characters, UTF-8.
cp "$here/experiments/ring.yaml" odd.yaml
sed -i 's/^title:.*//' odd.yaml
printf 'title: "a \\"b\\" \\\\ <c> $(d) %%s é, f"\n' >>odd.yaml
"$bounce" run odd.yaml --quiet --no-plots --set operations=400 --output there >/dev/null 2>err
verdict $? "an experiment with an odd title runs"

same() {        # same NAME VERB ARGUMENT...
	name=$1
	shift
	"$bounce" "$@" --format jsonl >lines 2>err
	wanted=$?
	"$bounce" "$@" --format json >document 2>err
	[ $? -eq $wanted ] && jq -c '.[]' document >ours 2>err && jq -c . lines >theirs 2>err &&
		[ -s ours ] && cmp ours theirs 2>err
	verdict $? "json: $name"
}
ring=there/$(ls there)
same "run" run odd.yaml --quiet --no-plots --set operations=400 --output there
for view in $("$bounce" report --help | sed -n '/Views:/,/^$/p' | grep -o '[a-z]*' | grep -vx 'default'); do
	"$bounce" report "$ring" "$view" >/dev/null 2>&1 && same "report $view" report "$ring" "$view"
done
same "compare" compare "$ring"
for what in models workloads machines protocols metrics keys experiments; do
	same "list $what" list $what
done
same "litmus" litmus "$here/litmus/SB.litmus" --runs 10 --jobs 1

# A mistake says nothing to programs.
"$bounce" report nowhere --format json >document 2>err
[ $? -eq 2 ] && ! [ -s document ]
verdict $? "json: a mistake prints no document"
exit 0
