#!/bin/sh
# The engine's code is as .clang-format has it. Where a comment at the end of a line begins is free:
# clang-format knows no tab stops for them. Headers, most of them tables, are laid out by hand.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

comments_anywhere() {
	sed -E 's/([^[:space:]])[[:space:]]+\/\*/\1 \/*/'
}

cd "$here" || exit 1
for file in sim/*.c sim/verbs/*.c; do
	comments_anywhere <"$file" >"$work/is"
	clang-format "$file" | comments_anywhere >"$work/should"
	if ! cmp -s "$work/is" "$work/should"; then
		echo "not ok - $file is not as $(clang-format --version) formats it:"
		diff -u "$work/is" "$work/should" | head -n 20
		exit 1
	fi
done
echo "ok - the engine's code is as .clang-format has it"
