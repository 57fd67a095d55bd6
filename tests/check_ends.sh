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

# What no file of results is called: temporary files of writers.
strays() {
	find "$1" -name '.*' ! -name .lock ! -path "$1"
}

# An interrupt stops now, drops what is unfinished, says so, status 130. The first point is short,
# the second endless.
setsid "$bounce" run "$ring" --jobs 1 --set 'operations=[100, 100000000000]' --output "$work/int" >"$work/out" 2>"$work/err" &
pid=$!
until [ -n "$(find "$work/int" -name '*.point' 2>/dev/null)" ]; do sleep 0.05; done
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] && grep -qi incomplete "$work/out" "$work/err"
verdict $? "an interrupt: status 130, marked incomplete"
[ -z "$(strays "$work/int")" ]
verdict $? "an interrupt leaves no half-written files"

# An exploration that is stopped while it looks at the first of two allocators: status 130, what was
# run, and who was not looked at. A planted fault that was not looked for is not told as not found.
endless="$ring --set explore.schedules=1000000000"
for signal in INT TERM; do
	# shellcheck disable=SC2086
	setsid "$bounce" explore $endless --set 'objects=[slub-page, slub-cpu]' >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 0.5
	kill -$signal $pid
	wait $pid
	status=$?
	[ $status -eq 130 ] && grep -q '^slub-page.*: pct' "$work/out" && grep -q '^slub-cpu.*: not looked at' "$work/out" &&
		! grep -q 'nothing found$' "$work/out"
	verdict $? "explore and $signal: status 130, and who was not looked at"
	# shellcheck disable=SC2086
	setsid "$bounce" explore --plants $endless --set 'objects=[slub-page, slub-cpu]' >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 0.5
	kill -$signal $pid
	wait $pid
	status=$?
	[ $status -eq 130 ] && grep -q '^Stopped' "$work/out" && ! grep -q 'not in' "$work/out"
	verdict $? "explore --plants and $signal: status 130, and no fault is told as not found"
done

# An interrupted lab has no answer, and no other reason for that.
for signal in INT TERM; do
	setsid "$bounce" lab 3 --set operations=1000000000 --predict 99 --output "$work/lab" >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 1
	kill -$signal $pid
	wait $pid
	status=$?
	[ $status -eq 130 ] && [ "$(grep -c . "$work/err")" -eq 1 ] && grep -q 'interrupted' "$work/err"
	verdict $? "lab and $signal: status 130, and that it was interrupted"
done

# Interrupts and kills at any moment: what is there is whole, nothing is left behind by the next run.
small="$here/experiments/counter.yaml --quiet --no-plots --jobs 2 --set operations=500 --set workload.op=store"
# shellcheck disable=SC2086
"$bounce" run $small --output "$work/whole" >/dev/null 2>&1
bad=0
for signal in INT KILL; do
	for delay in 0.00 0.01 0.02 0.03 0.05 0.08 0.12 0.2 0.3 0.5; do
		# shellcheck disable=SC2086
		setsid "$bounce" run $small --output "$work/cut" >/dev/null 2>&1 &
		pid=$!
		sleep $delay
		kill -$signal $pid 2>/dev/null
		wait $pid 2>/dev/null
		[ $signal = KILL ] || [ -z "$(strays "$work/cut")" ] || bad=1
		# shellcheck disable=SC2086
		"$bounce" run $small --output "$work/cut" >/dev/null 2>"$work/err" || bad=1
		diff -r "$work/whole" "$work/cut" >"$work/out" || bad=1
		rm -rf "$work/cut"
	done
done
verdict $bad "interrupts and kills: the next run gives the bytes of one run, and nothing else is there"

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
	"$bounce" run "$ring" --quiet --no-plots --set repeat=20 --set operations=100 --output "$work/small" >"$work/out" 2>"$work/err"
	[ $? -eq 1 ] && grep -qi 'no space' "$work/err"
	verdict $? "a full disk: status 1 and the reason"
	[ -s "$work/before" ] && sha256sum -c "$work/before" >/dev/null 2>&1
	verdict $? "a full disk: earlier points are whole"
	[ -z "$(strays "$work/small")" ]
	verdict $? "a full disk: no half-written files"
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
grep -q 'nothing to report' "$work/err" && ! grep -q "bounce report" "$work/err"
verdict $? "no run ended well: no advice to look at a report of nothing"

# Help and results that do not arrive.
if [ -c /dev/full ]; then
	for verb in run check report plot compare import litmus list explain; do
		"$bounce" "$verb" --help >/dev/full 2>"$work/err"
		[ $? -eq 1 ] && grep -qi 'no space' "$work/err"
		verdict $? "$verb --help on a full disk: status 1 and the reason"
	done
	"$bounce" --version >/dev/full 2>"$work/err"
	[ $? -eq 1 ]
	verdict $? "--version on a full disk: status 1"
	"$bounce" run "$ring" --quiet --no-plots --set operations=100 --output "$work/full" >/dev/full 2>"$work/err"
	[ $? -eq 1 ] && grep -q 'standard output: No space left' "$work/err"
	verdict $? "run on a full disk: status 1 and the reason"
fi

# Standard descriptors that come closed: the next file opened would get their numbers, and what is
# printed; the lock is the first one, and is empty.
"$bounce" run "$ring" --quiet --no-plots --set operations=100 --output "$work/closed" >&- 2>"$work/err"
[ $? -eq 1 ] && grep -q 'standard output: Bad file descriptor' "$work/err"
verdict $? "a closed stdout: status 1 and the reason"
"$bounce" run "$ring" --quiet --no-plots --set operations=100 --output "$work/closed3" <&- >&- 2>&-
[ $? -eq 1 ] && [ ! -s "$work/closed/ring/.lock" ] && [ ! -s "$work/closed3/ring/.lock" ] &&
	cmp -s "$work/closed/ring/results.csv" "$work/closed3/ring/results.csv"
verdict $? "no closed descriptor: nothing is printed into results"
POSIXLY_CORRECT=1 "$bounce" check "$ring" --set cpus=2 >"$work/out" 2>"$work/err"
verdict $? "options behind the file, also with POSIXLY_CORRECT"

# Figures: one that cannot be written is a failure, and none stays that shows other settings.
grep -q '^plots:.*heat' "$ring" && mkdir -p "$work/figures/ring/heat.svg/x"
"$bounce" run "$ring" --quiet --set operations=100 --output "$work/figures" >"$work/out" 2>"$work/err"
status=$?
if command -v gnuplot >/dev/null; then
	[ $status -eq 1 ] && grep -q 'no figures: .*heat.svg: Is a directory' "$work/err"
	verdict $? "a figure that cannot be written: status 1 and the reason"
fi
rm -r "$work/figures/ring/heat.svg"
for replaced in operations=100 operations=101; do
	"$bounce" run "$ring" --quiet --replace --set $replaced --output "$work/figures" >"$work/out" 2>"$work/err"
	[ -e "$work/figures/ring/heat.gp" ] && [ -e "$work/figures/ring/heat.csv" ]
	verdict $? "a run with $replaced has its figures"
done
"$bounce" run "$ring" --quiet --no-plots --replace --set operations=102 --output "$work/figures" >"$work/out" 2>"$work/err"
[ -z "$(find "$work/figures/ring" -name 'heat.*')" ]
verdict $? "figures of other settings go with their tables"

# A run of other settings that is killed leaves no table of those before: a reader would take it for
# the new ones. The first point is short, the second endless.
before=$(find "$work/figures" -name '*.point' | wc -l)
setsid "$bounce" run "$ring" --jobs 1 --quiet --no-plots --replace --set 'operations=[103, 100000000000]' --output "$work/figures" \
	>/dev/null 2>&1 &
pid=$!
until [ "$(find "$work/figures" -name '*.point' | wc -l)" -gt "$before" ]; do sleep 0.05; done
kill -KILL $pid
wait $pid 2>/dev/null
[ -e "$work/figures/ring/index" ] && [ -z "$(find "$work/figures/ring" -name 'results.*')" ]
verdict $? "a killed run of other settings: no table of those before"

# Pipes and devices where files are due: an answer at once, and no memory spent. (The results
# folder has them in all places where files are read.)
mkfifo "$work/pipe"
for file in pipe:"$work/pipe" device:/dev/zero folder:/tmp; do
	name=${file%%:*} file=${file#*:}
	printf 'name: x\nmachine: %s\ncpus: 2\nworkload: {kind: counter}\noperations: 10\n' "$file" >"$work/m.yaml"
	printf 'name: x\nmachine: {base: %s, cpus: 3}\ncpus: 2\nworkload: {kind: counter}\noperations: 10\n' "$file" >"$work/b.yaml"
	printf 'name: x\nmachine: textbook\ncpus: 2\nobjects: slub-cpu\nworkload: {kind: replay, trace: %s}\n' "$file" >"$work/t.yaml"
	rm -rf "$work/r" && mkdir -p "$work/r/points" && ln -s "$file" "$work/r/index"
	for arguments in "check $file" "check $work/m.yaml" "check $work/b.yaml" "check $work/t.yaml" "report $work/r" \
		"litmus $file"; do
		# shellcheck disable=SC2086
		timeout 20 "$bounce" $arguments >"$work/out" 2>"$work/err"
		[ $? -eq 2 ] && grep -qi 'not a file\|is a directory' "$work/err"
		verdict $? "a $name: $(echo "$arguments" | sed "s|$work/||")"
	done
done
"$bounce" run "$ring" --quiet --no-plots --set operations=100 --output "$work/p" >/dev/null 2>&1
for point in "$work"/p/ring/points/*.point; do
	rm "$point" && mkfifo "$point"
	break
done
timeout 20 "$bounce" report "$work/p/ring" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] && grep -q 'Not a file' "$work/err"
verdict $? "a pipe for a point: report says so"
timeout 60 "$bounce" run "$ring" --no-plots --set operations=100 --output "$work/p" >"$work/out" 2>"$work/err"
[ $? -eq 0 ] && grep -q 'computed again' "$work/err" && [ -f "$point" ] && [ ! -p "$point" ]
verdict $? "a pipe for a point: run computes it again"
"$bounce" check /dev/stdin <"$ring" >"$work/out" 2>"$work/err"
verdict $? "a file on standard input"
# shellcheck disable=SC2002
cat "$ring" | "$bounce" check /dev/stdin >"$work/out" 2>"$work/err"
verdict $? "a pipe on standard input"

# What is damaged is not called by another name: the cure is to run it again, which helps.
cd "$work" || exit 1
small="$here/experiments/counter.yaml --no-plots --set operations=200"
# shellcheck disable=SC2086
"$bounce" run $small --quiet >out 2>err
for damage in 'truncate -s 100 POINT' 'sh -c "echo x >>POINT"' 'sh -c "rm POINT; mkfifo POINT"' 'rm INDEX' 'truncate -s 100 INDEX'; do
	point=$(find results/counter/points -name '*.point' | sort | head -n 1)
	eval "$(echo "$damage" | sed "s|POINT|$point|g; s|INDEX|results/counter/index|g")"
	bad=0
	for verb in report plot suggest "compare counter"; do
		# shellcheck disable=SC2086
		"$bounce" $verb counter >out 2>err
		[ $? -eq 2 ] && grep -q "; 'bounce run' of its experiment makes it again" err && ! grep -q 'did you mean' err || bad=1
	done
	# shellcheck disable=SC2086
	"$bounce" run $small --quiet >out 2>err && "$bounce" report counter >out 2>err || bad=1
	verdict $bad "$damage: told with its cure"
done
rm -r results/counter/points
"$bounce" compare counter counter >out 2>err
[ $? -eq 2 ] && grep -q 'counter: no point has been computed' err && ! grep -q 'in both' err
verdict $? "compare: results without a point"

# A reader that leaves does not end the work: figures and findings are there, and the status tells it.
if command -v gnuplot >/dev/null; then
	for verb in "run $ring --set operations=100" "plot ring"; do
		rm -f results/ring/*.svg
		# shellcheck disable=SC2086
		{ sleep 0.3; "$bounce" $verb 2>err; echo $? >status; } | true
		[ "$(cat status)" = 1 ] && [ -s results/ring/heat.svg ] && grep -q 'standard output: Broken pipe' err
		verdict $? "$verb | true: the figures are drawn, status 1"
	done
fi
{ sleep 0.3; "$bounce" explore "$here/../configs/remote-free.yaml" --set plant=no-list-lock --set objects=slub-page >&1 2>err; } | true
[ -n "$(find results/remote-free/findings -name '*.schedule')" ]
verdict $? "explore | true: the finding is kept"

# A lock that is a link or no file.
for lock in link folder; do
	rm -rf results/counter victim
	mkdir -p results/counter
	[ $lock = link ] && ln -s ../../victim results/counter/.lock || mkdir results/counter/.lock
	# shellcheck disable=SC2086
	"$bounce" run $small --quiet >out 2>err
	[ $? -eq 1 ] && [ ! -e victim ] && grep -q "results/counter/.lock: $([ $lock = link ] && echo 'a link; results are not written through links' || echo 'it is no file')" err
	verdict $? "a lock that is a $lock"
done

# An experiment whose runs all failed holds no folder: it can be repaired, and run under its name.
cat >dead.yaml <<'END'
name: dead
machine: textbook
cpus: 2
workload:
  kind: struct
  members: {l: spinlock_t, m: spinlock_t}
  threads:
    a: {cpus: 1, loop: [lock l, lock m, unlock m, unlock l]}
    b: {cpus: rest, loop: [lock m, lock l, unlock l, unlock m]}
operations: 5000
END
"$bounce" run dead.yaml --no-plots >out 2>err
[ $? -eq 1 ] && grep -q deadlock err && [ -z "$(find results/dead -name '*.point')" ]
verdict $? "a deadlock leaves no point"
sed 's/lock m, lock l, unlock l, unlock m/lock l, lock m, unlock m, unlock l/' dead.yaml >repaired.yaml
"$bounce" run repaired.yaml --no-plots >out 2>err
[ $? -eq 0 ] && ! grep -q 'their points stay' err
verdict $? "and its folder goes to the repaired experiment"
"$bounce" run dead.yaml --no-plots >out 2>err
[ $? -eq 2 ] && grep -q 'holds another experiment' err && [ -n "$(find results/dead -name '*.point')" ]
verdict $? "which keeps it"
exit 0
