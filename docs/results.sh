#!/bin/sh
# Runs the shipped experiments that compare allocators (or those named) as they are, with next to
# no variation, and with half and twice the variation of work and of service times, and writes what
# comes out to docs/results-tables.md: docs/results.sh BUILD [NAME...]
# Results stay under BUILD/results-tables; a second call computes only what is missing. About a
# quarter of an hour on two cores. Status 1: a run failed.
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

[ $# -gt 0 ] || set -- $(grep -l '^objects: \[' configs/*.yaml | sed 's|.*/||; s|\.yaml$||')
{
	cat <<-'HEAD'
	# The shipped experiments in numbers

	Made by `docs/results.sh` ([results.md](results.md) says what they mean). Allocator's bounces and cycles per
	operation, means of ten seeds with 95 % intervals; `A (n) or B (m)`: two states and the seeds in each. The change is
	from the first allocator to the second. *Firm*: which of the two has less, beyond 1 % and the intervals, is the same
	with half and with twice the variation of work and of service times; then the changes there. *In step*: with work that
	varies by 5 % and service times that do not vary, which is not how machines behave, and was how bounce once did.
	HEAD
	for name; do
		echo
		echo "## $name"
		echo
		sed -n 's/^title: *//p' "configs/$name.yaml" | sed 's/$/./'
		echo
		{
			run "$name" shipped
			run "$name" in-step --set 'workload.work={uniform: 0.05}' \
				--set machine.service_jitter_percent=0
			run "$name" halved --set 'workload.work={exponential: 0.5}' \
				--set machine.service_jitter_percent=13
			run "$name" doubled --set 'workload.work={exponential: 2}' \
				--set machine.service_jitter_percent=50
		} | jq -rs -f docs/results.jq
	done
} >"$out/results-tables.md"
[ $failed = 0 ] && mv "$out/results-tables.md" docs/results-tables.md
exit $failed
