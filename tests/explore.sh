#!/bin/sh
# The long exploration: tests/explore.sh SECONDS. Each allocator gets a million PCT schedules with
# interrupts and store buffers, and all schedules with two preemptions of two CPUs with three
# operations each; whatever needs longer than SECONDS is stopped, which is told.
seconds=${1:-1800}
bounce=$(realpath "$BOUNCE")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

explore() {
	timeout "$seconds" "$bounce" explore "$@" --output "$work" >"$work/out" 2>&1
	status=$?
	cat "$work/out"
	case $status in
	0) ;;
	124) echo "  stopped after $seconds seconds" ;;
	*) failed=$((failed + 1)) ;;
	esac
}

every() {
	explore "$@" --set explore.strategy=pct --set explore.schedules=1000000
	explore "$@" --set explore.strategy=exhaustive --set explore.schedules=0 \
		--set explore.operations=3 --set explore.interrupts=0 --set explore.store_buffer=0
}

every "$here/configs/explore/locks.yaml"
every "$here/configs/explore/queues.yaml"
every "$here/configs/explore/buddy.yaml"
every "$here/configs/explore/buddy.yaml" --set pages=pcp
every "$here/configs/explore/magazine.yaml"
every "$here/configs/explore/pcp-spin.yaml"
every "$here/configs/explore/pcp-buddy.yaml"
every "$here/configs/explore/pcp-buddy.yaml" --set pcp-buddy.lock=tried
every "$here/configs/explore/slub.yaml" --set objects=slub-page
every "$here/configs/explore/slub.yaml" --set objects=slub-cpu --set slub-cpu.variant=2.6.24
every "$here/configs/explore/slub.yaml" --set objects=slub-cpu --set slub-cpu.variant=dfb4f096
every "$here/configs/explore/slub.yaml" --set objects=slub-cmpxchg
for variant in 3.1 3.2 3.18; do
	every "$here/configs/explore/slub.yaml" --set objects=slub-lockless --set slub-lockless.variant=$variant
done
every "$here/configs/explore/slub.yaml" --set objects=slub-tagged --set slub-tagged.variant=intended
every "$here/configs/explore/slub.yaml" --set objects=slub-tagged --set slub-tagged.variant=4.0
every "$here/configs/explore/slab.yaml" --set explore.nodes=1
every "$here/configs/explore/slab.yaml" --set explore.nodes=2
echo "$failed failed"
[ "$failed" -eq 0 ]
