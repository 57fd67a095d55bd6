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

# The experiment it shows is one, and the mistake it shows is told so.
sed -n '/^```yaml/,/^```/p' "$here/README.md" | grep -v '^```' >shown.yaml
"$bounce" check shown.yaml >out 2>&1
verdict $? "README: the experiment it shows is a good one"
quoted=$(sed -n "s/^    configs.*\(error: unknown key .*\)/\1/p" "$here/README.md")
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
