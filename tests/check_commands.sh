#!/bin/sh
# Every bounce command that README and docs show is one that works: what is quick is run, of what takes
# long the files, settings and options are checked. Words in capitals stand for something.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
cd "$work" || exit 1
for folder in configs labs tests docs workloads; do
	[ -d "$here/$folder" ] && ln -s "$here/$folder" "$folder"
done
ln -s "$bounce" bounce
PATH=$work:$PATH
short="--quiet --no-plots --set operations=200 --set warmup=0 --set repeat=1"
# shellcheck disable=SC2086
bounce run demo false-sharing $short >/dev/null 2>&1

# Indented lines, a comment and a continuation taken off, and what stands in backticks.
{
	sed -n 's/^    \(\.\/\)\{0,1\}\(bounce [a-z].*\)/\2/p' "$here/README.md" "$here"/docs/*.md
	grep -oh '`bounce [a-z][^`]*`' "$here/README.md" "$here"/docs/*.md | tr -d '`'
} | sed 's/ #.*//; s/ *\\$//; s/[ 	]*$//' | grep -v ' -- \|[<>|$;]' | sort -u >commands
[ "$(wc -l <commands)" -gt 40 ]
[ $? -eq 0 ] && echo "ok - commands are found" || echo "not ok - hardly any command is found"

failed() {
	echo "$1: $2" >>wrong
}

known_options() {       # VERB WORD...: each --option is in the help of the verb
	verb=$1
	shift
	bounce "$verb" --help >help 2>/dev/null || return 1
	for word; do
		case $word in --[a-z]*) grep -q -e "${word%%=*}" help || return 1 ;; esac
	done
}

# The arguments of run, check, explore and step that `check` takes too: files and settings.
check_experiment() {
	verb=$1
	shift

	files='' sets=''
	while [ $# -gt 0 ]; do
		case $1 in
		--set) sets="$sets --set $2" && shift ;;
		--*=* | --sensitivity | --watched | --plants | --quiet) ;;
		--*) shift ;;
		*) files="$files $1" ;;
		esac
		[ $# -gt 0 ] && shift
	done
	[ "$verb" = explore ] && verb=check
	# shellcheck disable=SC2086
	[ -z "$files" ] || bounce check $files $sets >out 2>&1
}

: >wrong
while read -r _ verb rest; do
	line="bounce $verb $rest"
	# shellcheck disable=SC2086
	set -- $rest
	known_options "$verb" "$@" || [ "$verb" = version ] || [ "$verb" = help ] || failed "$line" "no such verb or option"
	echo "$rest" | grep -qwE 'FILE|RESULT|NAME|WORD|LAB|NUMBER|VERB|[a-z-]*HOST|HASH.schedule|my.kmem.txt|./mine.so|machine=./host.yaml' &&
		continue
	case $verb in
	explain | list)
		[ $# -eq 0 ] || bounce "$verb" "$@" >out 2>&1 || failed "$line" "$(head -n 1 out)" ;;
	litmus) bounce litmus "$@" --runs 10 --jobs 1 >out 2>&1 || failed "$line" "$(head -n 1 out)" ;;
	report)
		[ $# -eq 0 ] && continue
		bounce report "$@" >out 2>&1 && continue
		# of results that are not there: the view is one, and the experiment
		name=${1#results/}
		name=${name#lab-}
		if grep -q 'holds no results' out && find "$here/configs" "$here/labs" -name "${name%%/*}.yaml" | grep -q .; then
			continue
		fi
		failed "$line" "$(head -n 1 out)" ;;
	run | check | explore | step) check_experiment "$verb" "$@" || failed "$line" "$(head -n 1 out)" ;;
	esac
done <commands
[ ! -s wrong ] && echo "ok - every command that is shown works" || {
	echo "not ok - every command that is shown works"
	head -20 wrong
}
exit 0
