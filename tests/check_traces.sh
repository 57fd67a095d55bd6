#!/bin/sh
# The lines and the command of docs/traces.md do what it says.
here=$(cd "$(dirname "$0")/.." && pwd)
page=$here/docs/traces.md
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT

# expect NAME COUNT...: each line stands in what the import of $folder/NAME says
expect() {
	what=$1
	shift
	"$BOUNCE" import "$folder/$what" -o "$folder/trace" --replace >"$folder/said" 2>&1
	for line; do
		if ! grep -q "^ *$line" "$folder/said"; then
			echo "not ok - docs/traces.md, $what: no '$line' in:"
			cat "$folder/said"
			return
		fi
	done
	echo "ok - docs/traces.md, $what"
}

sed -n 's/^    \(x \[.*\)/\1/p' "$page" >"$folder/own lines"
expect "own lines" "6  events" "2  allocations" "1  allocations" "2  frees matched" "1  frees matched"

# Layouts: the second column of the table; each frees an object that nobody allocated.
sed -n '/^## Layouts/,/^## What/s/^|[^|]*| `\(.*\)` |$/\1/p' "$page" >"$folder/layouts"
expect layouts "7  events" "7  frees without allocation"

sed -n "/^    awk '/,/'\$/p" "$page" >"$folder/command"
printf '# TIME_NS CPU\n1000 0 1 a x1 64 node\n2000 1 2 f x1\n3000 0 1 p b 2\n4000 3 1 q b 2\n' |
	sh "$folder/command" >"$folder/converted columns"
expect "converted columns" "4  events" "1  allocations" "1  frees matched" "1  frees on another CPU"
