#!/bin/sh
# The microbenchmarks that are shipped are good experiments, on every machine that is shipped, and
# as experiments give what a machine's table says.
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/out"; }
}
cd "$here" || exit 1
for file in configs/machines/*.yaml; do
	machine=$(basename "$file" .yaml)
	"$bounce" check configs/micro/*.yaml --set "machine=$machine" >"$work/all" 2>&1
	# a small machine has too few cores for some; nothing else may be wrong
	grep "error:" "$work/all" |
		grep -v "'cpus' is .* has .* cores\|'placement: apart-1' puts" >"$work/out"
	[ ! -s "$work/out" ]
	verdict $? "configs/micro on $machine"
done
"$bounce" check configs/micro/*.yaml >"$work/out" 2>&1
verdict $? "configs/micro as they are"

# A line of each cost that was entered, by hand: textbook, 1 GHz, so ns are cycles.
"$bounce" run configs/micro/lines.yaml --output="$work/results" --no-plots --quiet --format=jsonl \
	--set 'placement=[apart-1, apart-2]' 2>"$work/out" |
	jq -r 'select(.type == "result") |
		"\(.placement) \(.["workload.test"]) \(.work_cycles_mean)"' >"$work/lines"
for row in "apart-1 ld_M 60" "apart-2 ld_M 160" "apart-1 rmw_E 60" "apart-2 rmw_S 130" \
	"apart-2 load_cas_M 290" "apart-1 ld_after_read 1"; do
	grep -qx "$row" "$work/lines"
	verdict $? "lines: $row"
done
exit 0
