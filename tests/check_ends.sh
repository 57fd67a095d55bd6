#!/bin/sh
# Ends: an interrupt, a full disk, a folder that cannot be written, a missing machine file.
set -u
work=$(mktemp -d)
mounted=
trap '[ -n "$mounted" ] && umount "$mounted"; rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
bounce=$(realpath "$BOUNCE")
ring=$here/experiments/ring.yaml

verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; cat "$work/out" "$work/err" 2>/dev/null | head -20; }
}

# An interrupt stops now, drops what is unfinished, says so, status 130.
setsid "$bounce" run "$ring" --jobs 1 --set operations=200000 --output "$work/int" >"$work/out" 2>"$work/err" &
pid=$!
until [ -n "$(find "$work/int" -name '*.point' 2>/dev/null)" ]; do sleep 0.05; done
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] && grep -qi incomplete "$work/out" "$work/err"
verdict $? "an interrupt: status 130, marked incomplete"
[ -z "$(find "$work/int" -name '*.tmp*' -o -name '.tmp*' 2>/dev/null)" ]
verdict $? "an interrupt leaves no half-written files"

# A folder that cannot be written (a file stands in its way, which even root cannot write into).
echo x >"$work/file"
"$bounce" run "$ring" --quiet --output "$work/file" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] && grep -q "$work/file" "$work/err"
verdict $? "an unwritable results folder: status 1 and its name"

# A full disk: status 1, the reason, and nothing of an earlier result lost.
mkdir "$work/small"
if mount -t tmpfs -o size=256k none "$work/small" 2>/dev/null; then
	mounted=$work/small
	"$bounce" run "$ring" --quiet --no-plots --set repeat=1 --set cpus=2 --set objects=slub-cpu --set workload.in_flight=1 \
		--set operations=100 --output "$work/small" >"$work/out" 2>"$work/err"
	find "$work/small" -name '*.point' -exec sha256sum {} + | sort >"$work/before"
	"$bounce" run "$ring" --quiet --no-plots --set repeat=20 --output "$work/small" >"$work/out" 2>"$work/err"
	[ $? -eq 1 ] && grep -qi 'no space' "$work/err"
	verdict $? "a full disk: status 1 and the reason"
	[ -s "$work/before" ] && sha256sum -c "$work/before" >/dev/null 2>&1
	verdict $? "a full disk: earlier points are whole"
else
	echo "ok - a full disk # SKIP needs the right to mount"
fi

printf 'name: x\nmachine: nowhere\ncpus: 2\nworkload: {kind: counter}\noperations: 10\n' >"$work/x.yaml"
"$bounce" run "$work/x.yaml" --output "$work/none" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] && grep -q 'x.yaml:2:' "$work/err" && grep -q nowhere "$work/err" && [ ! -e "$work/none" ]
verdict $? "a machine that does not exist: status 2, its place, nothing written"

# The simulated machine out of memory: an outcome, not a crash.
printf 'name: oom\nmachine: textbook\ncpus: 1\nobjects: slub-cpu\npages: buddy\nworkload: {kind: slab-test, test: alloc-then-free, count: 5000, object_size: 1024}\nmemory_mib: 2\n' >"$work/oom.yaml"
"$bounce" run "$work/oom.yaml" --output "$work/oom" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] && grep -qi 'out of memory' "$work/out" "$work/err"
verdict $? "a simulated machine out of memory: an outcome, status 1"
exit 0
