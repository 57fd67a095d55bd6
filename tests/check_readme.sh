#!/bin/sh
# What the README says to type works, and what it quotes is what comes.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/out"; }
}

# The commands of "A first look", in a folder of their own.
cd "$work" || exit 1
ln -s "$here/configs" configs
ln -s "$bounce" bounce
sed -n 's/^    \(\.\/bounce [^#]*\).*/\1/p' "$here/README.md" >commands
[ -s commands ]
verdict $? "the README has commands"
while read -r command; do
	case $command in
	*" run "*) command="$command --quiet --no-plots --set operations=400 --set warmup=0 --set repeat=1" ;;
	esac
	sh -c "$command" >out 2>&1 </dev/null
	verdict $? "README: $command"
done <commands

# Every verb has its line.
"$bounce" help | sed -n 's/^  bounce \([a-z]*\) .*/\1/p' | while read -r verb; do
	grep -q "^| .$verb[ \`]" "$here/README.md" || echo "$verb has no line"
done >out
[ ! -s out ]
verdict $? "README: every verb in one line"

# Help and version, as people ask for them.
for asked in help --help -h '-?'; do
	"$bounce" $asked >out 2>&1 && grep -q 'bounce run' out
	verdict $? "bounce $asked shows the verbs"
done
for asked in version --version -V -v; do
	"$bounce" $asked >out 2>&1 && grep -q '^bounce .*, models [0-9a-f]*$' out
	verdict $? "bounce $asked says which one it is"
done
for verb in run check report plot compare suggest import litmus list explain; do
	"$bounce" $verb --help >expected 2>&1
	for asked in "help $verb" "$verb -h"; do
		"$bounce" $asked >out 2>&1 && cmp -s out expected && [ -s out ]
		verdict $? "bounce $asked: what --help says"
	done
done
for wrong in "rnu" "hlep" "help rnu"; do
	"$bounce" $wrong >out 2>&1
	[ $? -eq 2 ] && grep -q "did you mean '\(run\|help\)'" out
	verdict $? "bounce $wrong: status 2 and the verb that was meant"
done

# The experiment it shows is the shipped file, and the mistake it shows is told so.
sed -n '/^```yaml/,/^```/p' "$here/README.md" | grep -v '^```' >shown.yaml
cmp shown.yaml "$here/configs/demo.yaml" >out 2>&1
verdict $? "README: the experiment it shows is configs/demo.yaml, byte by byte"
quoted=$(sed -n "s/^    configs\/demo.yaml\(:.*error: unknown key .*\)/\1/p" "$here/README.md")
sed 's/^cpus:/cpu:/' shown.yaml >wrong.yaml
"$bounce" check wrong.yaml >out 2>&1
[ -n "$quoted" ] && grep -qF "$quoted" out
verdict $? "README: the message it quotes is the one that comes"

# Links lead somewhere.
missing=$(grep -o '](\([^)#:]*\))' "$here/README.md" | sed 's/](\(.*\))/\1/' | while read -r l; do [ -e "$here/$l" ] || echo "$l"; done)
echo "$missing" >out
[ -z "$missing" ]
verdict $? "README: links lead somewhere"
exit 0
