#!/bin/sh
# docs/keys.md is what the program's tables say, docs/models.md what the sources are, and docs/words.md has
# the paths that these name.
here=$(cd "$(dirname "$0")/.." && pwd)
if "$here/docs/keys.sh" "$(realpath "$BOUNCE")" | cmp -s - "$here/docs/keys.md"; then
	echo "ok - docs/keys.md is current"
else
	echo "not ok - docs/keys.md is old: docs/keys.sh build/bounce >docs/keys.md"
fi
if "$here/docs/models.sh" | cmp -s - "$here/docs/models.md"; then
	echo "ok - docs/models.md is current"
else
	echo "not ok - docs/models.md is old: docs/models.sh >docs/models.md"
fi

unknown=$(grep -hoE 'path\(cpu, [^;]*\);' "$here"/models/*/*.[ch] "$here"/workloads/*.[ch] | grep -o '"[^"]*"' | tr -d '"' |
	sort -u | while read -r name; do
	"$BOUNCE" explain "$name" </dev/null 2>/dev/null | grep -q -x -E "(.*, )?$name(, .*)?" || echo "$name"
done)
if [ -z "$unknown" ]; then
	echo "ok - docs/words.md explains each path"
else
	printf 'not ok - docs/words.md explains each path\n%s\n' "$unknown"
fi
