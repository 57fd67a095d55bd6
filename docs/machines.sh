#!/bin/sh
# Runs the microbenchmarks of configs/micro on all machines (or on those named) and writes what
# came of it to docs/machines.md: docs/machines.sh BUILD [MACHINE...]
# Results stay under BUILD/machines. Status 1: a run failed.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
out=$build/machines
published=$here/docs/machines/published.csv
[ -f "$published" ] || published=/dev/null
cd "$here" || exit 1
mkdir -p "$out"
tab=$(printf '\t')

fact() {                # fact KEY
	awk -F '\t' -v key="$1" '$1 == "fact" && $2 == key { print $3 }' "$table"
}

# run KIND LABEL AT [--set KEY=VALUE]...: points of configs/micro/KIND.yaml to $results. AT: where
# in the words of published.csv, if neither placement nor the number of CPUs says it.
run() {
	kind=$1 label=$2 at=$3
	shift 3
	"$build/bounce" run "configs/micro/$kind.yaml" --output="$out/$machine/$label" --no-plots \
		--replace --quiet --format=jsonl --set "machine=$machine" --set "memory_mib=$memory" "$@" \
		>"$out/points" 2>"$out/talk" || {
		echo "$machine: $label failed" >&2
		sed 's/^/    /' "$out/talk" >&2
		echo "$machine$tab$label" >>"$out/failed"
	}
	jq -r --arg kind "$kind" --arg at "$at" --arg work "$work" --argjson ghz "$ghz" \
		--argjson fence "$fence" -f docs/machines/results.jq "$out/points" >>"$results"
}

# What was published about the machine under names that begin so: each number of CPUs once.
numbers_of() {          # numbers_of TEST
	awk -F, -v machine="$machine" -v test="$1" -v cores="$cores" \
		'$1 == machine && $2 == test && $3 ~ /^[0-9]+$/ && $3 <= cores && !seen[$3]++ {
			printf "%s%s", comma, $3; comma = "," }' "$published"
}

# Sockets as large as the neighbour's whose curve it is: CPUs that were on one are to be on one.
sockets_of() {          # sockets_of TEST
	awk -F, -v machine="$machine" -v test="$1" \
		'$1 == machine && $2 == test && sub(/.*neighbour /, "", $5) && !seen++ {
			print "--set=machine.cores_per_die=" $5, "--set=machine.llc.shared=" $5 }' \
		"$published"
}

# Was anything published about the machine under such a name?
is_published() {        # is_published PATTERN
	awk -F, -v machine="$machine" -v pattern="$1" \
		'$1 == machine && $2 ~ pattern { found = 1 } END { exit !found }' "$published"
}

# Distances at which there are cores, as a list of placements.
apart() {
	awk -F '\t' '$1 == "cores" { sub("d", "apart-", $2); print $2 }' "$table" | paste -sd, - |
		sed 's/.*/[&]/'
}

run_entered() {
	sizes=$(awk -F '\t' '$2 == "chase_kib" { print $3 * 1024 }' "$table" | paste -sd, -)
	# what was entered is to come back: service times as they were
	still=--set=machine.service_jitter_percent=0
	run own own "" $still
	run chase chase "" $still --set "workload.size=[$sizes]"
	run memory memory "" $still --set "placement=$(apart)"
	# where additions are far, it is exchanges that fetch the line
	by=$(awk -F '\t' '$2 == "far_atomic.latency_ns" { print "xchg" }' "$table")
	run lines lines "" $still --set "placement=$(apart)" --set "workload.by=${by:-xadd}"
	# the owner answers, or the one who read last, or the nearest: the core at that distance is
	# the owner and the last reader, and the lines are where it is
	awk -F '\t' '$1 == "cores" && $5 { print $2, $4, $5 }' "$table" >"$out/sharers"
	while read -r d first sharer; do
		run lines-of-two "ld_S-$d" "$d" $still --set "placement=[0, $sharer, $first]" \
			--set 'workload.test=[ld_S]' --set workload.memory_of=2
		run lines-of-two "ld_O-$d" "$d" $still --set "placement=[0, $first, $sharer]" \
			--set 'workload.test=[ld_O]'
	done <"$out/sharers"
}

run_contended() {
	# one source has an increment in its locks, the other nothing
	section=false
	grep -q "^$machine,cont_t.*concurrency-hierarchy" "$published" && section=true
	for op in xadd cas xchg add store ttas ticket; do
		case $op in
		xadd) verb=lock_xadd ;;
		cas) verb=cas_loop ;;
		*) verb=$op ;;
		esac
		numbers=$(numbers_of cont_$op)
		[ $op = xadd ] && [ -z "$numbers" ] && [ "$cores" -ge 4 ] && numbers=1,2,4
		[ -z "$numbers" ] || run contended "contended-$op" "" --set "cpus=[$numbers]" \
			--set "workload.op=[$verb]" --set "workload.section=$section" \
			$(sockets_of cont_$op)
	done
	verbs=lock_xadd
	is_published '^cont_(cas|xchg|ttas)$' && verbs=lock_xadd,cas_loop,xchg,add,store,ttas,ticket
	run contended contended-apart "" --set "placement=$(apart)" --set cpus=2 \
		--set "workload.op=[$verbs]"
	is_published '^cont_.*(false|separate)$' &&
		run arrangement arrangement "" --set "placement=$(apart)"
	is_published '^cont_writer_reader$' &&
		run writer-reader writer-reader "" --set "placement=$(apart)"
}

run_private_work() {
	for work in $(awk -F, -v machine="$machine" '$1 == machine && sub(/.*_work_/, "", $2) &&
		$2 ~ /^[0-9.]+$/ && !seen[$2]++ { print $2 }' "$published"); do
		cycles=$(awk -v ns="$work" -v ghz="$ghz" 'BEGIN { printf "%.0f", ns * ghz }')
		run private-work "work-$work" "" --set "placement=$(apart)" \
			--set "workload.work_cycles=$cycles"
	done
	work=
}

run_fan() {
	for readers in $(awk -F, -v machine="$machine" '$1 == machine && $2 == "fan_p50" {
		print $3 }' "$published"); do
		cpus=$((readers + 1 < cores ? readers + 1 : cores))
		run fan "fan-$readers" "$readers" --set "cpus=$cpus" \
			--set operations=$(((cpus - 1) * 20)) --set warmup=$((cpus - 1))
	done
}

run_machine() {
	run_entered
	run ping-pong ping-pong "" --set "placement=$(apart)"
	run_contended
	run_private_work
	run_fan
	is_published '^burst_' && run burst burst "" --set "placement=$(apart)"
	sizes=$(awk -F, -v machine="$machine" '$1 == machine && $2 == "chase_kib" && $3 <= 49152 {
		print $3 * 1024 }' "$published" | paste -sd, -)
	[ -z "$sizes" ] || run chase chase-published "" --set "workload.size=[$sizes]"
}

[ $# -gt 0 ] ||
	set -- $(ls configs/machines/*.yaml | sed 's|.*/||; s|\.yaml$||' | grep -vx textbook)
: >"$out/failed"
for machine; do
	table=$out/$machine.table results=$out/$machine.results work=
	"$build/docs/machine_table" "$machine" >"$table" || exit 1
	ghz=$(fact freq_ghz) fence=$(fact mfence_cyc) cores=$(fact cores)
	[ -n "$fence" ] || fence=0
	# each memory node has a block of the largest order at least
	memory=$(($(fact numa_nodes) * 4 > 16 ? $(fact numa_nodes) * 4 : 16))
	: >"$results"
	run_machine
	echo "$machine: $(wc -l <"$results") results" >&2
done
awk -f docs/machines/page.awk -v machines="$*" -v out="$out" -v published="$published" \
	-v before=docs/machines/before.csv -v reasons=docs/machines/reasons.md </dev/null >"$out/machines.md" &&
	mv "$out/machines.md" docs/machines.md || exit 1
[ ! -s "$out/failed" ]
