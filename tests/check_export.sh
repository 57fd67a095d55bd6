#!/bin/sh
# Exported events are what the trace-event format asks for, by its own rules; jq is the reader.
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

ok() {
	if [ "$2" = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		failed=1
	fi
}

# holds FILE NAME FILTER: jq says true
holds() {
	[ "$(jq -r "$3" "$1" 2>&1)" = true ]
	ok "$2" $?
}

rules() {
	holds "$1" "$2: times, names and tracks of all events" '
		[.traceEvents[] | .ph as $ph
		 | if $ph == "M" then (.args | type == "object")
		   else (.ts | type == "number") and .ts >= 0 and (.name | type == "string") and .name != ""
			and (.cat | type == "string") and (.tid | type == "number") and .pid == 1
			and (if $ph == "X" then .dur >= 0 else (.id | type == "number") end)
			and ($ph | IN("X", "s", "f", "b", "e")) end] | all'
	holds "$1" "$2: every track has a name, each CPU one" '
		([.traceEvents[] | select(.name == "thread_name") | .tid]) as $named
		| ([.traceEvents[] | select(.ph != "M") | .tid] | unique) - $named == []
		  and ($named | unique | length) == ($named | length)'
	holds "$1" "$2: times grow along each track" '
		[.traceEvents[] | select(.ph != "M")] | group_by(.tid)
		| map([.[].ts] as $t | [range(1; $t | length) | $t[.] >= $t[. - 1]] | all) | all'
	# in units of 1/64 cycle, so that no rounding hides or makes an overlap
	holds "$1" "$2: slices of a track lie inside each other or apart" '
		def units: (. * 64000 | round);
		[.traceEvents[] | select(.ph == "X")] | group_by(.tid)
		| map(reduce .[] as $x ({open: [], good: true};
			($x.ts | units) as $from | ($x.ts * 64000 + $x.dur * 64000 | round) as $to
			| until((.open | length) == 0 or .open[-1] > $from; .open |= .[:-1])
			| .good = (.good and ((.open | length) == 0 or .open[-1] >= $to))
			| .open += [$to]) | .good) | all'
	holds "$1" "$2: each flow has one start and one end, not before it" '
		[.traceEvents[] | select(.ph == "s" or .ph == "f")] | group_by(.id)
		| map(length == 2 and ([.[].ph] | sort) == ["f", "s"]
		      and (map({(.ph): .ts}) | add | .s <= .f)
		      and .[0].name == .[1].name and .[0].cat == .[1].cat) | all'
	holds "$1" "$2: each flow starts and ends inside a slice of its track" '
		def units: (. * 64000 | round);
		([.traceEvents[] | select(.ph == "X" and (.cat | startswith("miss")))]
		 | group_by(.tid) | map({key: (.[0].tid | tostring), value: map([(.ts | units),
			(.ts * 64000 + .dur * 64000 | round)])}) | from_entries) as $slices
		| [.traceEvents[] | select(.ph == "s" or .ph == "f") | (.ts | units) as $t
		   | any($slices[.tid | tostring][]; .[0] <= $t and $t < .[1])] | all'
	holds "$1" "$2: each lock held is given back" '
		[.traceEvents[] | select(.ph == "b" or .ph == "e")] | group_by(.id)
		| map(length == 2 and ([.[].ph] | sort) == ["b", "e"]
		      and (map({(.ph): .ts}) | add | .b <= .e)) | all'
}

cat >"$work/hostile.yaml" <<'END'
name: hostile
title: "\"</script><script>alert(1)</script><!-- \\ %s $(touch x) 'q' é"
machine: haswell-2s
placement: scatter
cpus: 4
objects: slub-page
workload: {kind: producer-consumer, object_size: 256, in_flight: 16, produce_cycles: 50}
interrupts: {cpus: 2, every: 700, does: alloc-free}
operations: 400
warmup: 50
memory_mib: 16
END
cd "$work" || exit 1
"$bounce" export hostile.yaml -o a.json 2>err
ok "export writes JSON" $?
rules a.json "a busy run"
holds a.json "a title is text, whatever is in it" '
	.otherData.title == "\"</script><script>alert(1)</script><!-- \\ %s $(touch x) '"'q'"' é"'
holds a.json "operations, waits for locks, interrupts, transfers and locks held are all there" '
	[.traceEvents[].cat] | unique as $all
	| all("operation", "lock wait", "interrupt", "transfer", "lock held"; IN($all[]))'

# What the events say: a flow for each transfer between CPUs of which the giver was seen to get it.
"$bounce" export "$here/configs/false-sharing.yaml" --set cpus=2 --set machine=textbook --set operations=300 \
	--set warmup=0 -o pp.json 2>/dev/null
ok "a shared counter is exported" $?
rules pp.json "a shared counter"
# All misses but the first find the line in the other cache, which got it in a slice.
holds pp.json "a flow for each miss but the first" '
	([.traceEvents[] | select(.ph == "X" and (.cat | startswith("miss")))] | length) as $misses
	| ([.traceEvents[] | select(.ph == "s")] | length) == $misses - 1 and $misses > 50'
holds pp.json "every such miss is a bounce, and costs what the machine file says" '
	[.traceEvents[] | select(.ph == "X" and (.cat | startswith("miss")))] | sort_by(.ts) | .[1:]
	| map(.cat == "miss,bounce" and (.dur >= 0.17)) | all'

"$bounce" export hostile.yaml -o a.events 2>/dev/null && "$bounce" export a.events -o b.json 2>/dev/null
cmp -s a.json b.json
ok "a file of events gives the same trace as the run" $?
"$bounce" step a.events --at 100 --events 50 >file.txt && "$bounce" step hostile.yaml --at 100 --events 50 >run.txt
cmp -s file.txt run.txt
ok "a file of events gives the same frames as the run" $?
"$bounce" export hostile.yaml -o c.events 2>/dev/null && cmp -s a.events c.events
ok "the same run, the same bytes" $?

# Two processes lie elsewhere in memory; no address of the host gets into what is written.
for objects in slub-page slub-lockless slab sheaves-all bonwick; do
	for file in 1 2; do
		"$bounce" export hostile.yaml --set objects=$objects -o $file.events --replace 2>/dev/null || { elsewhere=1; echo "# $objects"; }
	done
	cmp -s 1.events 2.events || { elsewhere=1; echo "# $objects"; }
done
ok "the same bytes of other allocators" "${elsewhere:-0}"

"$bounce" run hostile.yaml --no-plots --quiet >/dev/null 2>&1
"$bounce" export hostile -o d.json 2>/dev/null && cmp -s a.json d.json
ok "a result is exported by its name" $?

# Outputs are whole, and never go through a link.
echo precious >target
ln -s target link.json
"$bounce" export hostile.yaml -o link.json --events 50 --replace 2>/dev/null
[ $? = 2 ] && [ "$(cat target)" = precious ] && [ -L link.json ]
ok "a link is neither followed nor replaced" $?
"$bounce" export hostile.yaml -o nowhere/x.json 2>err
[ $? = 1 ] && grep -q 'nowhere/x.json: No such file' err
ok "a folder that is not there is told" $?
"$bounce" export hostile.yaml -o x.txt 2>err
[ $? = 2 ] && grep -q '.json or .events' err && [ ! -e x.txt ]
ok "what the file is to be is said by its name" $?

"$bounce" step a.events --point seed=1 2>err
[ $? = 2 ] && grep -q 'a.events is of one run' err
ok "a file of events has one run" $?

# Where the sources are not, the frame says so; where the page's frame is not, there is no page.
mkdir empty
BOUNCE_DATA=$work/empty "$bounce" step a.events --at 100 | grep -q "source is not here; the operand is "
ok "sources that are not there are told" $?
BOUNCE_DATA=$work/empty "$bounce" step a.events --html x.html 2>err
[ $? = 1 ] && grep -q 'steps/page.html is not here' err && [ ! -e x.html ]
ok "a page that cannot be made is told, and nothing is written" $?

# Who ends a long export need not wait for its end, and finds nothing, not even after a kill.
for signal in TERM HUP KILL; do
	for moment in 0.1 0.4 0.8 1.2; do
		rm -f cut-off.json
		"$bounce" export hostile.yaml --set operations=40000 -o cut-off.json 2>/dev/null &
		child=$!
		sleep $moment
		kill -s $signal $child 2>/dev/null
		wait $child 2>/dev/null
		status=$?
		[ "$status" = 0 ] || [ ! -e cut-off.json ] || { echo "# $signal, $moment: status $status and a file"; left=1; }
		find . -name '.cut-off*' | grep -q . && { echo "# $signal, $moment: a rest"; left=1; }
	done
done
ok "an export that is cut off leaves nothing" "${left:-0}"

# Files that are cut or damaged anywhere are told, or read; never a crash.
size=$(stat -c %s a.events)
for cut in 0 8 63 64 100 $((size / 2)) $((size - 1)); do
	head -c "$cut" a.events >cut.events
	"$bounce" step cut.events >/dev/null 2>err
	status=$?
	[ "$status" = 2 ] || { echo "# cut at $cut: status $status"; damaged=1; }
done
ok "a file that is cut is told" "${damaged:-0}"
at=0
while [ "$at" -lt "$size" ]; do
	cp a.events bad.events
	printf '\377' | dd of=bad.events bs=1 seek="$at" conv=notrunc 2>/dev/null
	timeout 20 "$bounce" step bad.events --until end >/dev/null 2>err
	status=$?
	[ "$status" -le 2 ] || { echo "# byte $at: status $status"; crashed=1; }
	# what comes of it is all of it, or nothing
	for form in json events; do
		rm -f "bad-out.$form"
		timeout 20 "$bounce" export bad.events -o "bad-out.$form" 2>err
		status=$?
		if [ "$status" = 0 ] && [ "$form" = json ]; then
			cmp -s bad-out.json a.json || { echo "# byte $at: another trace"; partial=1; }
		elif [ "$status" != 0 ] && { [ -e "bad-out.$form" ] || [ ! -s err ]; }; then
			echo "# byte $at: status $status, $form"
			partial=1
		fi
	done
	at=$((at + size / 60 + 1))
done
ok "a file that is damaged is no crash" "${crashed:-0}"
ok "of a file that is damaged there is no part" "${partial:-0}"

# One byte in the middle of the records, which lie between the dictionary and the index.
cp a.events bad.events
printf '\377' | dd of=bad.events bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
cmp -s a.events bad.events && printf '\376' | dd of=bad.events bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
for wish in "step bad.events --events 100000" "step bad.events --events 100000 --html bad.html" "export bad.events -o bad.json" \
	"export bad.events -o bad2.events"; do
	rm -f bad.html bad.json bad2.events
	# shellcheck disable=SC2086
	"$bounce" $wish >/dev/null 2>err
	[ $? = 1 ] && grep -q 'bad.events: the file is damaged: events [0-9]* to [0-9]* cannot be read\|^bounce step: the file is damaged' err &&
		[ ! -e bad.html ] && [ ! -e bad.json ] && [ ! -e bad2.events ]
	ok "damage is told: $wish" $?
done

"$bounce" export a.events --events 5 -o few.json 2>err
[ $? = 2 ] && grep -q -e '--events chooses nothing' err && [ ! -e few.json ]
ok "a file of events is exported whole" $?

exit "$failed"
