#!/bin/sh
# docs/published.sh BUILD: published numbers beside what bounce gives, as docs/published.md. Runs what is
# not in BUILD/published yet. The rows are docs/published/figures.csv.
cd "$(dirname "$0")/.." || exit 1
bounce=$1/bounce
results=$1/published

grep -v '^#' docs/published/figures.csv | cut -d'|' -f3 | sort -u | while read -r experiment; do
	file=configs/pages/$experiment.yaml
	[ -f "$file" ] || file=configs/$experiment.yaml
	"$bounce" run --output "$results" "$file" >/dev/null || [ $? -eq 3 ] || exit 1
done || exit 1

# mean METRIC "KEY=VALUE ..." of an experiment's points
mean() {
	jq -r -s --arg metric "$2" --arg of "$3" -f docs/published/mean.jq "$results/$1/results.jsonl"
}

cat <<'HEAD'
# Published numbers beside what bounce gives

Made by `make published` from [published/figures.csv](published/figures.csv): what was measured on real machines, the same
quantity of the simulator, the second by the first, and a sentence where they differ by more than a tenth. Shapes (one
setting against another) come first, for the machines are not named: the page allocators of 2013 are run on `i7-1s`, which
is the nearest, LLFree and its kernels on `haswell-2s`, lock times on `rome-2s`; of the object allocators hackbench (April
2011) is run on `westmere-2s`, the slab benchmark (December 2014) on `haswell-2s`.

*judge*: the figure was used for nothing else. *choose*: a cost of the model was chosen by it, so it confirms nothing.
*context*: its own source distrusts it, or most of it is not the allocator's.

| quantity | published | bounce | ratio | error | use | |
|---|---|---|---|---|---|---|
HEAD
grep -v '^#' docs/published/figures.csv |
	while IFS='|' read -r what published experiment metric of over use why; do
		value=$(mean "$experiment" "$metric" "$of")
		[ -z "$over" ] || value="$value $(mean "$experiment" "$metric" "$over")"
		echo "$value" | awk -v what="$what" -v published="$published" -v use="$use" -v why="$why" '
			{ value = NF > 1 ? $1 / $2 : $1; ratio = value / published
			  off = ratio > 1.1 || ratio < 1 / 1.1
			  digits = published < 0.1 || value < 0.1 ? "%.4f" : published < 10 ? "%.2f" : "%.0f"
			  printf "| %s | %s | " digits " | %.2f | %+.0f %% | %s | %s |\n", what, published, value, ratio,
				 100 * (ratio - 1), use,
				 off ? (why ? why : "not explained") : "" }'
	done
cat <<'TAIL'

## Not in the table

- Linux 6.0 of LLFree's artifact: the page lists of 6.0 are no variant of `pcp-spin`.
- Automatic tuning (6.7): 81 to 85 % fewer pages from the zone. Takings of its lock are counted here, not the pages of each.
- `page_fault1` on 112 CPUs in 2018 (80 % of the time in zone->lock): `zone-lock` has 128 CPUs of another machine, where all wait for
  lru_lock and zone->lock has a thousandth of the time ([results.md](results.md)).
- 2018, no merges of single pages (contention of frees 35 to 1 %): not modelled.
- Page lists with a lock instead of a local lock (0 to 0.6 % more): no variant differs in that alone.
- What the slab benchmark of 2014 gave at each size, before and after: [results.md](results.md) has all of it.
TAIL
