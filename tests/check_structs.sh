#!/bin/sh
# docs/structs.md shows what its commands print.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if "$here/docs/structs.sh" "$BOUNCE" "$here/docs/structs.md" >"$work/page" 2>"$work/err" && cmp -s "$work/page" "$here/docs/structs.md"; then
	echo "ok - docs/structs.md shows what its commands print"
else
	echo "not ok - docs/structs.md is old: docs/structs.sh build/bounce docs/structs.md >NEW"
	diff "$here/docs/structs.md" "$work/page" | head -20
	cat "$work/err"
fi
