#!/bin/sh
# Labs: each one's answer is what its run says, with every seed tried; a wrong prediction gets status
# 3 and an event of the kind that is counted, nonsense gets 2. Expected numbers are the sums that
# stand in the labs, done again here.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -40 "$work/out"; }
}
cd "$work" || exit 1
lab() { # lab STATUS ARGUMENTS...
	status=$1
	shift
	"$bounce" lab "$@" --output results >out 2>&1 </dev/null
	[ $? -eq "$status" ]
}

# number, answer: as a sum
while read -r number sum; do
	file=$(ls "$here"/labs/"$number"-*.yaml)
	value=$(($sum))
	grep -q "value: $value\$" "$file"
	verdict $? "lab $number: the file says $sum = $value"
	for seed in 1 2 3 7; do
		lab 0 "$number" --predict "$value" --seed $seed && grep -q '^Right: ' out
		verdict $? "lab $number: $value, seed $seed"
	done
	lab 3 "$number" --predict $((value + 1)) && grep -q "^You said $((value + 1)); " out
	verdict $? "lab $number: $((value + 1)) is wrong"
done <<'L'
01 1+99*0
02 8*1
03 100-1
04 100-1
05 3*(100-1)
06 0
07 60/15
08 40-1
09 1+2*((20-1)/16)
10 1
11 3+2
12 (100+14)/15
13 (200+14)/15+(200-90)/15+1
14 1+2*((200-1)/16)
L
[ "$(ls "$here"/labs/*.yaml | wc -l)" -eq 14 ]
verdict $? "there are fourteen labs"

# Where reasoning and run part: the first one not counted on, or the first that is none.
parts() { # parts LAB PREDICTED TEXT...
	name=$1 predicted=$2
	shift 2
	lab 3 "$name" --predict "$predicted"
	for text in "$@"; do
		grep -q -F -- "$text" out
		verdict $? "lab $name, $predicted predicted: '$text'"
	done
}
parts 1 100 'first access to that line which is none' 'counter'
parts 3 0 'first one that your number leaves out' 'counter'
parts 3 200 'first access to that line which is none' 'counter'
parts 4 0 'first one that your number leaves out' 'counter'
parts 8 0 'first one that your number leaves out' 'page['
parts 9 0 'first one that your number leaves out' 'page['
parts 9 39 'first access to that line which is none' 'page['
parts 7 60 'There are no more: this is the last one' 'LOCK add zone.lock'
parts 13 14 'first one that your number leaves out' 'LOCK add zone.lock'
parts 11 3 'first one that your number leaves out' 'LOCK add zone.lock'
parts 12 100 'There are no more: this is the last one' 'LOCK add zone.lock'
parts 5 99 'first one that your number leaves out' 'CPU'
parts 2 0 'first one that your number leaves out' 'LOCK add'
parts 6 50 'first access to that line which is none' 'kmem_cache_cpu'
parts 14 0 'first one that your number leaves out' 'page['
parts 10 0 'FOUND by schedule' 'an interrupt arrives' 'object[1].next_free, then &explored object[0].next_free'
lab 0 10 --predict 0 --set plant=none && grep -q 'nothing is left' out
verdict $? "lab 10 with the number: no moment for the interrupt is left, and nothing was found"

# What was predicted is kept, before and after.
lab 3 ping-pong --predict 200 && lab 0 3 --predict 99
tail -n 2 results/lab-03-ping-pong/predictions.csv >kept
printf 'bounces,200,99\nbounces,99,99\n' | cmp -s - kept
verdict $? "predictions are kept with what came"
mine=results/lab-03-ping-pong/predictions.csv
# Several at once: those that find the folder taken are told so, of the others no line is lost.
before=$(wc -l <results/lab-03-ping-pong/predictions.csv)
for predicted in 95 96 97 98; do
	("$bounce" lab 3 --predict $predicted --output results >"at-once.$predicted" 2>&1
	echo $? >"at-once.status.$predicted") &
done
wait
grep -h . at-once.[0-9]* at-once.status.* >out
played=$(grep -l '^3$' at-once.status.* | wc -l)
[ "$played" -ge 1 ] && ! grep -q 'No such file' out &&
	[ "$(wc -l <results/lab-03-ping-pong/predictions.csv)" -eq $((before + played)) ]
verdict $? "several at once: as many predictions as were played, $played"
[ "$(grep -c '^bounces,9[5-8],99$' $mine)" -eq "$played" ]
verdict $? "several at once: each with what came"
# What stands there is not lost, whatever it is.
for text in 'a note of mine' 'metric,predicted,is' 'metric,predicted,is\nbounces,1,'; do
	printf "$text" >$mine
	cp $mine kept
	lab 1 3 --predict 99 && grep -q 'predictions.csv: not as' out && cmp -s $mine kept
	verdict $? "no prediction over '$text'"
done
echo precious >target
ln -sf ../../target $mine
lab 1 3 --predict 99 && [ "$(cat target)" = precious ] && [ -L $mine ]
verdict $? "nor over what a link leads to"
rm $mine
for event in jump end locks; do
	sed "s/event: bounce/event: $event/" "$here/labs/03-ping-pong.yaml" >event.yaml
	lab 2 event.yaml --predict 99 && grep -q "event.yaml:[0-9]*:[0-9]*: error: 'event' is one of" out
	verdict $? "an event that none is called is told: $event"
done

# One change to try, predicted again.
lab 0 9 --predict $((1 + 2 * ((40 - 1) / 16))) --set operations=80 && ! grep -q 'reasons' out
verdict $? "lab 9 with twice the operations"
lab 0 7 --predict $(((100 + 14) / 15 + (105 - 90) / 15 + 1)) --set workload.count=100
verdict $? "lab 7 with 100 pages: 7 refills leave 5 pages, 105 when all are freed: back at 90 and 90 again"
lab 0 7 --predict $((60 + 60)) --set pages=buddy
verdict $? "lab 7 without lists"
lab 0 12 --predict $(((121 + 14) / 15)) --set operations=400
verdict $? "lab 12, 400 operations: the 121st free brings objects back"
lab 0 11 --predict $((3 + 2)) --set workload.count=48
verdict $? "lab 11 with 48 objects: the third slab is the CPU's still"

for nonsense in many 1e3 -4 '' 12x '$(date)'; do
	lab 2 3 "--predict=$nonsense"
	verdict $? "'$nonsense' is no prediction"
done
"$bounce" lab 3 --output results </dev/null >out 2>&1
[ $? -eq 2 ]
verdict $? "no prediction, no run"
printf 'h\n99\n' | "$bounce" lab 3 --output results >out 2>&1 && grep -q 'Who has the line after' out
verdict $? "a hint, then a prediction"
lab 2 ping-pon --predict 1 && grep -q "did you mean 'ping-pong'" out
verdict $? "a lab that there is not"
lab 2 "$here/configs/demo.yaml" --predict 1 && grep -q "without 'lab'" out
verdict $? "an experiment that is no lab"
"$bounce" lab >out 2>&1 && [ "$(grep -c 'Lab [0-9]*:' out)" -eq 14 ]
verdict $? "bounce lab lists them"

# Mistakes in a lab's section.
sed 's/metric: bounces/metric: bouncse/; s/hints:/hnits:/; s/value: 99/value: many/' "$here/labs/03-ping-pong.yaml" >bad.yaml
lab 2 bad.yaml --predict 1
for text in "did you mean 'bounces'" "did you mean 'hints'" "'value' wants a number"; do
	grep -q -F "$text" out
	verdict $? "told: $text"
done

# Planted faults, on the paths that the labs teach.
run() { "$bounce" run "$@" --no-plots --quiet --output results --replace >out 2>&1; }
run "$here/labs/04-false-sharing.yaml" --set plant=keep-modified
[ $? -eq 1 ] && grep -q 'copy in M has version .*(counter' out
verdict $? "keep-modified: told by the next hit on the copy that stayed"
"$bounce" step "$here/labs/04-false-sharing.yaml" --set plant=keep-modified --at 3 >out 2>&1
grep -q 'counter\[0\]  *M  *M' out
verdict $? "keep-modified: stepped to, two caches have the line Modified"
"$bounce" step "$here/labs/10-aba.yaml" >out 2>&1
[ $? -eq 2 ] && grep -q "for 'bounce explore'" out
verdict $? "a fault of the models is none of a step"
run "$here/labs/04-false-sharing.yaml" --set plant=skip-invalidate
[ $? -eq 0 ]
verdict $? "skip-invalidate: not where lines are never shared"
run "$here/labs/06-per-cpu-lists.yaml" --set plant=skip-invalidate
[ $? -eq 1 ] && grep -q 'copy in S has version .*(workload kmem_cache)' out
verdict $? "skip-invalidate: told by a later read of what both CPUs had read"
run "$here/labs/05-a-lock.yaml" --set plant=skip-invalidate
[ $? -eq 1 ] && grep -q 'copy in S has version .*(lock)' out
verdict $? "skip-invalidate: told by who waits for a lock"
run "$here/labs/02-two-readers.yaml" --set plant=skip-invalidate
[ $? -eq 1 ] && grep -q 'copy in S has version ' out
verdict $? "skip-invalidate: told in lab 2 by who waits for its turn"
run "$here/labs/10-aba.yaml"
[ $? -eq 2 ] && grep -q "for 'bounce explore'" out
verdict $? "a fault of the models is none of a run"
"$bounce" explore "$here/labs/03-ping-pong.yaml" --set objects=slub-cpu --set plant=skip-invalidate >out 2>&1
[ $? -eq 2 ]
verdict $? "a fault of the protocol is none of the explorer"
"$bounce" explore "$here/labs/10-aba.yaml" --set plant=none --output results >out 2>&1 && grep -q 'nothing found' out
verdict $? "lab 10 without its fault: nothing found"

# What a student types, in the order in which it is read and all in one folder: what the hints show, the lab
# with a wrong prediction, what that prints, what is to be tried; then the instructors' page.
typed() { # typed STATUSES COMMAND: one of these it ends with
	# shellcheck disable=SC2086
	"$bounce" ${2#bounce } >out 2>&1 </dev/null
	status=$?
	case " $1 " in *" $status "*) true ;; *) false ;; esac
	verdict $? "typed: $2: $status"
}
drawn() { # drawn run FILE ARGUMENTS
	lab=${2#labs/}
	ls results/lab-"${lab%.yaml}"/*.svg >out 2>&1
	verdict $? "drawn: $*"
}
type_lines() { # commands, one a line; with what each ends is what the texts say
	while read -r line; do
		case $line in
		"bounce lab "[0-9]*) typed "0 3" "$line --predict 1" ;;
		"bounce run "*plant=* | "bounce explore labs/10-aba.yaml" | "bounce explore --replay "*) typed 1 "$line" ;;
		"bounce run labs/14-your-own.yaml --model "*) typed "0 3" "$line" ;;
		"bounce step --replay FILE") typed 0 "bounce step --replay $(ls results/lab-10-aba/findings/*)" ;;
		*) typed 0 "$line" ;;
		esac
		# shellcheck disable=SC2086
		case $line in *plots=*) drawn ${line#bounce } ;; esac
	done
}
between_quotes() { # commands stand between quotes, folded as the text is
	tr -s ' \n' ' ' | grep -o "'bounce [^']*'" | tr -d "'"
}
rm -rf results
ln -s "$here/labs" labs
for file in labs/*.yaml; do
	lab=${file#labs/}
	sed -n '/^  hints:/,/^  try:/p' "$file" | between_quotes | type_lines
	sed -n '/^  hints:/,$p' "$file" >text
	[ "$(between_quotes <text | wc -l)" -eq "$(tr -s ' \n' ' ' <text | grep -o 'bounce \(lab\|run\|report\|step\|explore\|explain\) ' | wc -l)" ]
	verdict $? "$file: each command stands between quotes"
	typed 3 "bounce lab ${lab%%-*} --predict 1000"
	sed -n 's/^\(Where it bounces\|Around it\|Again\): //p' out >printed
	grep '^  \(sed\|cc\) ' out >recipe
	sed -n '/^Try: /,/^Where it/p' out >tried
	sh recipe >out 2>&1
	verdict $? "$file: the recipe that it prints, $(wc -l <recipe) lines"
	type_lines <printed
	sed -n '/^  try:/,$p' "$file" | between_quotes | tee asked | type_lines
	while read -r line; do grep -q -F -- "$line" tried || echo "$line"; done <asked >out
	[ ! -s out ]
	verdict $? "$file: no command is broken over lines"
done
[ -f mine.so ]
verdict $? "lab 14: the recipe that it prints makes mine.so"
# The rows of the table: of each the lab, and then what is for the slide.
page=$here/docs/labs.md
grep '^| [0-9]' "$page" | sed 's/^| \([0-9]*\) .*/bounce lab \1 &/' | grep -o 'bounce lab [0-9]*\|`bounce [^`]*`' | tr -d '`' >commands
sed -n 's/^    bounce/bounce/p' "$page" >>commands
[ "$(wc -l <commands)" -ge 40 ]
verdict $? "commands of the instructors' page are found: $(wc -l <commands)"
type_lines <commands
[ "$(grep -c 'plots=' commands)" -eq 13 ]
verdict $? "a figure for each lab that runs"

# Lab 14: graded by its bound.
cc -O2 -g -shared -fPIC -DBOUNCE_PLUGIN -I "$here" -o toy.so "$here/labs/toy.c"
lab 3 14 --predict 25 --model ./toy.so && grep -q 'FAILS' out
verdict $? "lab 14: toy takes its lock in each operation, above the bound"
sed 's/fallback = "0", .help/fallback = "64", .help/' "$here/labs/toy.c" >mine.c
cc -O2 -g -shared -fPIC -DBOUNCE_PLUGIN -I "$here" -o mine.so mine.c
lab 0 14 --predict 25 --model ./mine.so && grep -q 'holds' out
verdict $? "lab 14: with 64 objects of its own for each CPU it is below"
lab 0 14 --predict 25 && grep -q -- '-DBOUNCE_PLUGIN' out
verdict $? "lab 14 prints how an allocator is built"
exit 0
