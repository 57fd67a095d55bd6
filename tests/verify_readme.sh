#!/bin/sh
# The README's figure is that of `make demo`: its sentence is the one that the README gives it.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"$bounce" run "$here/configs/demo.yaml" --quiet >log 2>&1 || { echo "not ok - configs/demo.yaml"; tail -5 log; exit 0; }
is=$(sed -n 's/^title = "\(.*\)"$/\1/p' results/demo/members.gp)
says=$(sed -n 's/^!\[\(.*\)\](docs\/figures\/demo.png)$/\1/p' "$here/README.md")
if [ -n "$says" ] && [ "$is" = "$says" ]; then
	echo "ok - README: the figure says: $says"
else
	echo "not ok - README: its figure says '$says', that of configs/demo.yaml '$is'"
fi
exit 0
