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

# The page: 66 for 60 is 10 % off; 30 for 40 a quarter, 15 for 10 a half: of the two that judge the
# median is 37.5. What chose a number and what one CPU does is shown and not counted.
printf 'fact\tid\tm\nfact\thandoff.home\tchasing\nentered\tld_M\td1\t60\nentered\tld_E\td1\t50\n' \
	>"$work/m.table"
printf 'ld_M\td1\t66\nld_E\td1\t50.01\npp_cas\td1\t30\ncont_xadd\t2\t15\ncont_xadd\t1\t9\ncont_cas\t2\t70\n' \
	>"$work/m.results"
cat >"$work/published" <<'END'
machine,test,distance_or_n,value_ns,tag,use,source
m,pp_cas,d1,40,S,judge,somebody, 2020
m,pp_cas_low,d1,35,S,judge,somebody, 2020
m,pp_cas_high,d1,45,S,judge,somebody, 2020
m,cont_xadd,2,10,X,judge,ourselves
m,cont_xadd,4,10,X,judge,not run
m,cont_xadd,1,10,X,trivial,ourselves
m,cont_cas,2,10,S,choose,ourselves
END
echo 'all,2,40.0,-60' >"$work/before"
awk -f docs/machines/page.awk -v machines=m -v out="$work" -v published="$work/published" \
	-v before="$work/before" -v reasons=/dev/null </dev/null >"$work/out"
while read -r line; do
	grep -qxF -e "$line" "$work/out"
	verdict $? "page: $line"
done <<'END'
| ld_M | d1 | 60.0 | 66.0 | +10 % **!** |
| ld_E | d1 | 50.0 | 50.0 | 0 % |
| pp_cas | d1 | 40 (35 to 45) | 30.0 | -25 % (!) | S | somebody, 2020 |
| cont_xadd | 2 | 10 | 15.0 | +50 % | X | ourselves |
| cont_xadd | 1 | 10 | 9.00 | -10 % | X, trivial | ourselves |
| cont_cas | 2 | 10 | 70.0 | +600 % | S, fitted | ourselves |
| `m` | 2 | 37.5 % | `m` cont_xadd 2, +50 % |  |
| all | 2 | 37.5 % | `m` cont_xadd 2, +50 % | 40.0 %; -60 % |
| ping-pongs (chasing home) | 1 | 25.0 % | `m` pp_cas d1, -25 % |  |
| fitted (not in any line above) | 1 | 600.0 % | `m` cont_cas 2, +600 % |  |
- `m` ld_M d1: 60.0 entered, 66.0 came, +10 %
END
awk -F, 'NR > 1 && $6 !~ /^(choose|judge|trivial)$/' docs/machines/published.csv >"$work/out"
[ ! -s "$work/out" ]
verdict $? "each row of published.csv says what it is used for"

# A point: 2000 cycles for 99 operations and the one that was under way are 20 each, at 2 GHz 10 ns.
echo '{"type": "result", "outcome": "done", "workload.test": "pp_cas", "workload.pause": true,
	"placement": "apart-2", "cpus": 2, "operations": 99, "elapsed_cycles": 2000}' |
	jq -r --arg kind ping-pong --arg at "" --arg work "" --argjson ghz 2 --argjson fence 0 \
		-f docs/machines/results.jq >"$work/out"
[ "$(cat "$work/out")" = "$(printf 'pp_cas_pause\td2\t10')" ]
verdict $? "results: a point in the words of published.csv"
exit 0
