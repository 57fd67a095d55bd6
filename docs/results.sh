#!/bin/sh
# Runs the shipped experiments that compare allocators (or those named) as they are, and again with
# next to no variation, and with half and twice the variation of work and of service times, and writes
# what comes out to docs/results-tables.md: docs/results.sh BUILD [NAME...]
# Results stay under BUILD/results-tables; a second call computes only what is missing. About six
# minutes on two cores. Status 1: a run failed.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
out=$build/results-tables
cd "$here" || exit 1
mkdir -p "$out"
failed=0

# run NAME LABEL [--set KEY=VALUE]...: the comparison as lines of JSON, each with its label.
run() {
	name=$1 label=$2
	shift 2
	"$build/bounce" run "configs/$name.yaml" --output="$out/$label" --no-plots --quiet "$@" \
		>/dev/null 2>"$out/talk" || {
		echo "$name, $label failed" >&2
		sed 's/^/    /' "$out/talk" >&2
		failed=1
		return
	}
	"$build/bounce" compare "$out/$label/$name" --format jsonl \
		--metric bounces_allocator/operations --metric elapsed_cycles/operations 2>/dev/null |
		jq -c --arg run "$label" '. + {run: $run}'
}

# Of an experiment, what is run again with other variations: the settings whose conclusions hang on it.
again() {               # again NAME LABEL WORK PERCENT
	name=$1 label=$2 work=$3 percent=$4
	set --
	case $name in
	remote-free)
		set -- --set slub-cpu.variant=2.6.24 --set 'workload.in_flight=[16, 256]' \
			--set 'workload.produce_cycles=[200, 800]' ;;
	socket-recorded) set -- --set slub-cpu.variant=2.6.24 ;;
	slab-test) set -- --set 'workload.test=[n-pairs, one-alloc-n-free, n-alloc-one-free]' ;;
	hidden-stores) return ;;
	esac
	run "$name" "$label" --set "workload.work=$work" \
		--set "machine.service_jitter_percent=$percent" "$@"
}

[ $# -gt 0 ] || set -- $(grep -l '^objects: \[' configs/*.yaml | sed 's|.*/||; s|\.yaml$||')
{
	cat <<-'HEAD'
	# The shipped experiments in numbers

	Made by `docs/results.sh` ([results.md](results.md) says what they mean). Allocator's bounces and cycles per
	operation, means of ten seeds with 95 % intervals; *two states*: the seeds fall into two groups, far apart. The change is
	from the first allocator to the second. *Firm*: which of the two has less, beyond 1 % and the intervals, is the same
	with half and with twice the variation of work and of service times (empty: two states, or not tried); then the changes
	there. *In step*: with work that varies by 5 % and service times that do not vary, which is not how machines behave, and
	was how bounce once did.
	HEAD
	for name; do
		echo
		echo "## $name"
		echo
		sed -n 's/^title: *//p' "configs/$name.yaml" | sed 's/$/./'
		echo
		{
			run "$name" shipped
			again "$name" in-step '{uniform: 0.05}' 0
			again "$name" halved '{exponential: 0.5}' 13
			again "$name" doubled '{exponential: 2}' 50
		} | jq -rs -f docs/results.jq
	done
} >"$out/results-tables.md"
[ $failed = 0 ] && mv "$out/results-tables.md" docs/results-tables.md
exit $failed
