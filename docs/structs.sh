#!/bin/sh
# Runs the commands of docs/structs.md in a folder of their own and prints the page with what came.
#	docs/structs.sh BOUNCE PAGE
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$1")
page=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin
ln -s "$bounce" bin/bounce
PATH=$work/bin:$PATH
export PATH
BOUNCE_DATA=$here
export BOUNCE_DATA
cp "$here/tests/structs/file.c2c.txt" "$here/configs/layouts/file.pahole" .
awk '/^```yaml$/ && !seen { seen = take = 1; next } /^```$/ { take = 0 } take' "$page" >named.yaml

# Between the fences of a console only commands are kept; each is followed by what it prints.
inside=
while IFS= read -r line; do
	case $line in
	'```console')
		inside=yes
		printf '%s\n' "$line"
		;;
	'```')
		inside=
		printf '%s\n' "$line"
		;;
	'$ '*)
		printf '%s\n' "$line"
		sh -c "${line#??}" 2>&1 </dev/null
		;;
	*)
		[ -n "$inside" ] || printf '%s\n' "$line"
		;;
	esac
done <"$page"
