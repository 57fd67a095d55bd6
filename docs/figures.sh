#!/bin/sh
# Draws the figures of docs/figures anew: docs/figures.sh BUILD [NAME...]; without names all. Runs
# their experiments whole (under BUILD/figures-of-docs; what is there already is not run again), so
# it takes a while. The version in a figure's corner is the tree's: refused while that has changes,
# as nobody could make such a figure again. Status 1: one failed.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
cd "$here" || exit 1

# name of the figure, experiment, which of its plots
figures="
demo             demo             members
sheaf-capacity   sheaf-capacity   cycles
barn             barn             cycles
pipeline-7x      pipeline-7x      cycles
lock-collapse    lock-collapse    scaling
mmap-lock        mmap-lock        scaling
spsc             spsc             cycles
struct-file      struct-file      cycles
page-counter     page-counter     cycles
mem-cgroup       mem-cgroup       cycles
zone-7x          pages/zone-7x    misses
kmem-cache-node  kmem-cache-node  misses
layout           layout           misses
history          history          scaling
hackbench        hackbench        cycles
numa             numa             bounces
memory           memory           memory
slowpath         slowpath         bounces
"
case $("$build/bounce" --version) in
*-dirty*)
	echo "figures.sh: $build/bounce is of a tree with changes" >&2
	exit 1
	;;
esac
mkdir -p "$build/figures-of-docs"
failed=0
while read -r name experiment plot; do
	[ -n "$name" ] || continue
	case " $* " in "  " | *" $name "*) ;; *) continue ;; esac
	out=$build/figures-of-docs/$name
	# status 3: a claim that does not hold; the figure says so
	"$build/bounce" run "configs/$experiment.yaml" --output="$out" --quiet >"$out.log" 2>&1 </dev/null
	if [ $? -ne 0 ] && [ $? -ne 3 ] || ! cp "$out/${experiment##*/}/$plot.png" "docs/figures/$name.png"; then
		echo "figures.sh: $name failed, see $out.log" >&2
		failed=1
	fi
done <<EOF
$figures
EOF
exit $failed
