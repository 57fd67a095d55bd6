#!/bin/sh
# docs/keys.md is what the program's tables say.
here=$(cd "$(dirname "$0")/.." && pwd)
if "$here/docs/keys.sh" "$(realpath "$BOUNCE")" | cmp -s - "$here/docs/keys.md"; then
	echo "ok - docs/keys.md is current"
else
	echo "not ok - docs/keys.md is old: docs/keys.sh build/bounce >docs/keys.md"
fi
