#!/bin/sh
# The long exploration: tests/explore.sh SECONDS. Each model and variant gets a million PCT schedules
# with interrupts and store buffers, all schedules with two preemptions of two CPUs with three
# operations each from every start state, all with one preemption of two operations each with an
# interrupt at each CPU and store buffers ("interrupted": there each interrupt and each store held
# back counts as a preemption), and a fault at each place where a lock is taken or a word
# compared. JOBS of them at once (as many as there are cores), each for SECONDS at most, which is told.
# SCHEDULES=N: N instead of a million. ONLY=PATTERN: only lines of the list below that have it.
#
# What each said is in $KEEP/NAME.log (KEEP=DIR keeps it); at the end stands a table.
set -u

# explore.sh --one DIR SECONDS BOUNCE SCHEDULES LINE: one line of the list.
if [ "$1" = --one ]; then
	work=$2 seconds=$3 bounce=$4 schedules=$5
	IFS='|' read -r name kind config sets <<-LINE
		$6
	LINE
	log="$work/$name $kind.log"
	set -- "$config"
	for one in $sets; do
		set -- "$@" --set "$one"
	done
	case $kind in
	pct) set -- "$@" --set explore.strategy=pct --set "explore.schedules=$schedules" ;;
	exhaustive) set -- "$@" --set explore.strategy=exhaustive --set explore.schedules=0 --set explore.preemptions=2 \
		--set explore.operations=3 --set explore.interrupts=0 --set explore.store_buffer=0 ;;
	interrupted) set -- "$@" --set explore.strategy=exhaustive --set explore.schedules=0 --set explore.preemptions=1 \
		--set explore.operations=2 --set explore.interrupts=1 --set explore.store_buffer=4 ;;
	lost) set -- "$@" --set explore.strategy=runs --set "explore.schedules=$schedules" ;;
	places) set -- "$@" --plants=places --set explore.schedules=30000 ;;
	esac
	began=$(date +%s)
	timeout "$seconds" "$bounce" explore "$@" --output "$work/findings" >"$log" 2>&1
	status=$?
	took=$(($(date +%s) - began))
	# 124: stopped, and what was run till then is told
	case $kind.$status in
	lost.1 | pct.0 | exhaustive.0 | interrupted.0 | places.0 | *.124) good=1 ;;
	*) good=0 ;;
	esac
	[ "$good" -eq 1 ] || { echo "not ok - $name, $kind:"; cat "$log"; }
	echo "$name|$kind|$status|$took|$good" >"$log.took"
	exit 0
fi

seconds=$1
bounce=$(realpath "$BOUNCE")
here=$(cd "$(dirname "$0")/.." && pwd)
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT

# NAME|CONFIG|SETTINGS of each model and variant.
models() {
	cat <<-LIST
		slub-page|slub|objects=slub-page
		slub-cpu 2.6.24|slub|objects=slub-cpu slub-cpu.variant=2.6.24
		slub-cpu dfb4f096|slub|objects=slub-cpu slub-cpu.variant=dfb4f096
		slub-cmpxchg|slub|objects=slub-cmpxchg
		slub-lockless 3.1|slub|objects=slub-lockless slub-lockless.variant=3.1
		slub-lockless 3.2|slub|objects=slub-lockless slub-lockless.variant=3.2
		slub-lockless 3.18|slub|objects=slub-lockless slub-lockless.variant=3.18
		slub-lockless 3.1 without cmpxchg16b|slub|objects=slub-lockless slub-lockless.variant=3.1 slub-lockless.cmpxchg16b=false
		slub-lockless 3.2 without cmpxchg16b|slub|objects=slub-lockless slub-lockless.variant=3.2 slub-lockless.cmpxchg16b=false
		slub-lockless 3.18 without cmpxchg16b|slub|objects=slub-lockless slub-lockless.variant=3.18 slub-lockless.cmpxchg16b=false
		slub-tagged intended|slub|objects=slub-tagged slub-tagged.variant=intended
		slub-tagged 4.0|slub|objects=slub-tagged slub-tagged.variant=4.0
		slab, one node|slab|explore.nodes=1
		slab, two nodes|slab|explore.nodes=2
		slab, four CPUs of two nodes|slab|explore.nodes=2 explore.cpus=4 explore.operations=3
		bonwick|bonwick|
		sheaves 6.17|sheaves|objects=sheaves sheaves.variant=6.17
		sheaves 6.18|sheaves|objects=sheaves sheaves.variant=6.18
		sheaves-all 7.0-rc|sheaves|objects=sheaves-all sheaves-all.variant=7.0-rc
		sheaves-all 7.0|sheaves|objects=sheaves-all sheaves-all.variant=7.0
		sheaves-all 7.1|sheaves|objects=sheaves-all sheaves-all.variant=7.1
		sheaves-all 7.3|sheaves|objects=sheaves-all sheaves-all.variant=7.3
		buddy|buddy|
		pcp 2.6.22|pcp|pcp.variant=2.6.22
		pcp 2.6.24|pcp|pcp.variant=2.6.24
		pcp 3.9|pcp|pcp.variant=3.9
		magazine posted|magazine|magazine.variant=posted
		magazine aligned|magazine|magazine.variant=aligned
		magazine of processes|magazine|magazine.process_magazines=2
		pcp-spin 6.12|pcp-spin|pcp-spin.variant=6.12
		pcp-spin 7.1|pcp-spin|pcp-spin.variant=7.1
		pcp-buddy|pcp-buddy|
		pcp-buddy tried|pcp-buddy|pcp-buddy.lock=tried
		llfree|llfree|
	LIST
}

jobs() {
	models | while IFS='|' read -r name config sets; do
		for kind in pct exhaustive interrupted places; do
			# all orders of four CPUs are too many
			case $name.$kind in *four*.exhaustive | *four*.interrupted) continue ;; esac
			echo "$name|$kind|$here/configs/explore/$config.yaml|$sets"
		done
	done
	for lock in tas ttas ticket ticket_lines dec queued mcs rwsem seqlock percpu_counter rcu; do
		for kind in pct exhaustive; do
			echo "$lock|$kind|$here/configs/explore/locks.yaml|workload.lock=$lock"
		done
	done
	for kind in pct exhaustive; do
		echo "queues|$kind|$here/configs/explore/queues.yaml|"
	done
	# history's own bugs: what was released, or posted, loses objects, and must be found to
	echo "slub-page as released|lost|$here/configs/explore/slub.yaml|objects=slub-page slub-page.bugs=released"
	echo "slub-cpu dfb4f096 as released|lost|$here/configs/explore/slub.yaml|objects=slub-cpu slub-cpu.variant=dfb4f096 slub-cpu.bugs=released"
	echo "slub-tagged v1|lost|$here/configs/explore/slub.yaml|objects=slub-tagged slub-tagged.variant=v1"
}

jobs | grep -e "${ONLY:-}" | tr '\n' '\0' |
	xargs -0 -n 1 -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" \
		"$0" --one "$work" "$seconds" "$bounce" "${SCHEDULES:-1000000}"

# The table: of each line of the list what was run, in how many seconds, and what it came by.
echo '| model | strategy | schedules | programs | longest | pairs of accesses, both orders | paths | states | seconds | |'
echo '|---|---|--:|--:|--:|--:|--:|--:|--:|---|'
jobs | grep -e "${ONLY:-}" | while IFS='|' read -r name kind config sets; do
	[ "$kind" != places ] || continue
	log="$work/$name $kind.log"
	[ -e "$log.took" ] || continue
	awk -v name="$name" -v kind="$kind" -v took="$(cut -d'|' -f4 "$log.took")" '
		/ schedules? of / {
			schedules += $1; programs += $4
			longest = $10 + 0 > longest ? $10 + 0 : longest
			end = /stopped/ ? "stopped" : /more are left/ ? "not all" : /nothing is left/ ? "all" : ""
		}
		/^  covered: / {
			pairs += $2; both += $12
			paths = /paths: [^ ]/ ? split(substr($0, index($0, "paths: ")), unused, ",") : 0
		}
		/ states of slabs/ { states = $1 }
		/FOUND/ { end = "found" }
		END { printf "| %s | %s | %d | %d | %d | %d, %d | %d | %d | %d | %s |\n",
			name, kind, schedules, programs, longest, pairs, both, paths, states, took, end }' "$log"
done
echo
for log in "$work"/*' places.log'; do
	[ -e "$log" ] && sed -n '/^[^|]*:$/h; /faults are found/{G; s/\n/ /; p}' "$log"
done
failed=$(cat "$work"/*.took | grep -c '|0$')
echo "$failed failed"
[ "$failed" -eq 0 ]
