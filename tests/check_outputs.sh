#!/bin/sh
# A file whose name the user gives: what is there is not lost without a word, whichever verb writes.
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "${BOUNCE:-$here/build/bounce}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

ok() {
	if [ "$2" = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/# /' err
		failed=1
	fi
}

cat >s.yaml <<'END'
name: s
machine: textbook
cpus: 2
workload: {kind: counter}
operations: 50
END
cp "$here/tests/import/socket.kmem.txt" k.txt
cp "$here/tests/structs/file.c2c.txt" c.txt
"$bounce" export s.yaml -o s.events 2>err
ok "a new file is written" $?

# refused WORDS FILE NAME COMMAND...: status 2, and FILE keeps its bytes
refused() {
	words=$1 file=$2 name=$3
	shift 3
	cp -P "$file" before 2>/dev/null
	"$bounce" "$@" >out 2>err
	[ $? = 2 ] && grep -q "$words" err && { [ ! -f before ] || cmp -s "$file" before; }
	ok "$name" $?
	rm -f before
}

echo precious >target
# each verb with its output: VERB, ending, and what follows
while read -r verb ending rest; do
	echo mine >"there.$ending"
	ln -s target "link.$ending"
	ln -s nowhere "loose.$ending"
	mkdir -p "folder.$ending"
	# shellcheck disable=SC2086
	{
		refused 'is there; --replace writes over it' "there.$ending" "$verb: a file that is there stays" $verb $rest "there.$ending"
		refused 'is a link' target "$verb: no link is written through" $verb $rest "link.$ending" --replace
		refused 'is a link' "loose.$ending" "$verb: no link to nothing either" $verb $rest "loose.$ending" --replace
		refused 'is no file' "folder.$ending" "$verb: nor in the place of a folder" $verb $rest "folder.$ending" --replace
	}
	[ ! -e nowhere ] && [ -L "link.$ending" ]
	ok "$verb: links are as they were" $?
	if [ "$verb" != calibrate ]; then
		# shellcheck disable=SC2086
		"$bounce" $verb $rest "there.$ending" --replace >out 2>err && ! grep -q '^mine$' "there.$ending"
		ok "$verb: --replace writes over it" $?
		# shellcheck disable=SC2086
		"$bounce" $verb $rest "there.$ending" --replace >out 2>err
		ok "$verb: and over its own output" $?
	fi
	rm -rf ./there.* ./link.* ./loose.* ./folder.*
done <<'END'
step html s.yaml --html
export json s.yaml -o
export events s.yaml -o
import trace k.txt -o
import yaml --c2c c.txt -o
calibrate yaml --samples 1 -o
END

refused 'is the input itself' s.yaml "step: not over its experiment" step s.yaml --html s.yaml --replace
refused 'is the input itself' s.events "export: not over its events" export s.events -o ./s.events --replace
refused 'is the input itself' k.txt "import: not over its recording" import k.txt -o k.txt --replace
refused 'replace is for the page' s.yaml "step: --replace without a page" step s.yaml --replace

# Commands that are printed for somebody to paste: whatever the names are, a shell runs nothing of them,
# and bounce gets them back. Each is taken from the last "bounce" of its line to the line's end.
nothing_ran() {
	[ -z "$(find . -name 'pwn*')" ]
}

# pasted NAME STATUS PATTERN: the first such command in out and err is run, and ends so
pasted() {
	command=$(sed -n "s/^.*\\($3.*\\)\$/\\1/p" out err | head -n 1)
	PATH=$work/bin:$PATH sh -c "$command" >said 2>&1
	status=$?
	[ -n "$command" ] && [ "$status" = "$2" ] && nothing_ran
	result=$?
	[ "$result" = 0 ] || { echo "# $command: status $status"; sed 's/^/# /' said; }
	ok "$1" "$result"
}

mkdir bin
ln -s "$bounce" bin/bounce
nasty="d \$(touch pwn1) \`touch pwn2\` ' ; touch pwn3 # \" > pwn4"
layout="x, \$(touch pwn5) 'y'.pahole"
cat >"$layout" <<'END'
struct file {
	unsigned long f_count; /* 0 8 */
	unsigned int f_mode; /* 8 4 */
	/* size: 16, cachelines: 1, members: 2 */
};
END
cp "$layout" a.pahole
cat >"lay $nasty.yaml" <<'END'
name: lay
machine: textbook
cpus: [2, 4]
workload:
  kind: struct
  layout: ["./x, $(touch pwn5) 'y'.pahole", ./a.pahole]
  edit: [none, own-line f_count, {order: [f_mode, f_count], pair: 128}]
  threads:
    w: {cpus: 1, loop: [add f_count, store f_mode]}
    r: {cpus: rest, loop: [load f_mode]}
operations: 200
END
"$bounce" run "lay $nasty.yaml" --no-plots --output "$nasty" >out 2>err
pasted "run: where to look" 0 'bounce report '
for view in lines members sites findings; do
	"$bounce" report "$nasty/lay" $view >out 2>err
	grep -q 'bounce report' out && pasted "report $view: one in depth" 0 'bounce report '
done
# all combinations, as report lists them for --point
"$bounce" report "$nasty/lay" orders >out 2>err
sed -n '/--point:$/,$s/^  //p' out | grep -v '^and ' >labels
bad=0
while read -r label; do
	sh -c "PATH=\$1:\$PATH; bounce report \"\$2\" --point $label" sh "$work/bin" "$nasty/lay" >said 2>&1 || { bad=1; cat said; }
done <labels
[ "$bad" = 0 ] && [ "$(wc -l <labels)" = 11 ] && nothing_ran
ok "report: every label that is listed for --point is read back" $?
"$bounce" suggest "$nasty/lay" --struct nothing >out 2>err
pasted "suggest: which structs there are" 0 'bounce report '

"$bounce" explore "$here/configs/remote-free.yaml" --set plant=no-list-lock --set objects=slub-page --set pages=buddy --output "$nasty" >out 2>err
pasted "explore: a finding again" 1 'bounce explore '
cp "$here/tests/litmus/SB.litmus" "$nasty.litmus"
"$bounce" litmus "$nasty.litmus" --depth 8 --model sc --runs 3000 >out 2>err
pasted "litmus: an outcome again" 3 'bounce litmus '
cp "$here/labs/03-ping-pong.yaml" "lab $nasty.yaml"
"$bounce" lab "lab $nasty.yaml" --predict 1 --output "$nasty" >out 2>err
pasted "lab: around it" 0 'bounce step '
pasted "lab: where it bounces" 0 'bounce report '
cp "$here/labs/14-your-own.yaml" "own $nasty.yaml"
"$bounce" lab "own $nasty.yaml" --output "$nasty" </dev/null >out 2>err
sed -i 's/ --model .*//' out
pasted "lab: an allocator of one's own" 2 'bounce lab '
PATH=/nowhere "$bounce" run s.yaml --output "$nasty" --set 'plots=[heat]' >out 2>err
pasted "a figure that gnuplot is missing for" 0 'bounce plot '

exit "$failed"
