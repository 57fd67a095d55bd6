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
		"$bounce" $verb $rest "there.$ending" --replace >out 2>err
		[ $? = 0 ] && ! grep -q '^mine$' "there.$ending"
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

exit "$failed"
