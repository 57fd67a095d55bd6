#!/bin/sh
# Manual pages render without a warning and have all there is; completion completes; both are installed
# and go again.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/out"; }
}

for page in bounce.1 bounce-experiment.5 completion; do
	"$here/docs/reference.sh" $page "$bounce" 2026-01-01 >"$work/$page" 2>"$work/out"
	verdict $? "$page is made"
done

# ---- manual pages

for page in bounce.1 bounce-experiment.5; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$work/$page" >"$work/out" 2>&1
		verdict $? "$page: mandoc has no warning"
	fi
	if command -v groff >/dev/null; then
		groff -man -ww -z "$work/$page" >"$work/out" 2>&1 && [ ! -s "$work/out" ]
		verdict $? "$page: groff has no warning"
	fi
	if command -v man >/dev/null; then
		MANWIDTH=100 man -l "$work/$page" >"$work/$page.text" 2>"$work/out" && [ ! -s "$work/out" ]
		verdict $? "$page: man shows it"
	else
		sed 's/\\-/-/g; s/\\f[BIR]//g' "$work/$page" >"$work/$page.text"
	fi
done

# missing WORD... FILE: words that the page lacks
missing() {
	file=$1
	shift
	for word in "$@"; do
		grep -qF -e "$word" "$file" || echo "$word"
	done >"$work/out"
	[ ! -s "$work/out" ]
}
missing "$work/bounce.1.text" $("$bounce" help | sed -n 's/^  bounce \([a-z]*\).*[a-z?]$/bounce@\1/p' | sort -u | sed 's/bounce@//') \
	--sensitivity --fail-over=PERCENT --shard=I/N --dark
verdict $? "bounce.1 has every verb, and options of several"
missing "$work/bounce-experiment.5.text" $("$bounce" list keys --format jsonl | sed 's/.*"key":"\([^"]*\)".*/\1/') \
	$("$bounce" list metrics --format jsonl | sed 's/.*"metric":"\([^"]*\)".*/\1/')
verdict $? "bounce-experiment.5 has every key and metric"

# ---- completion

# complete WORD...: what bash would offer for the last word, one a line. Words as bash has them: "=" stands alone.
complete_in_bash() {
	bash -c '
		. "$0"
		compopt() { :; }
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_bounce
		printf "%s\n" "${COMPREPLY[@]}"' "$work/completion" "$@"
}
# expect "WORDS" "OFFERS": exactly these, in any order.
expect() {
	words=$1 offers=$2
	eval "complete_in_bash $words" 2>&1 | sort | tr '\n' ' ' | sed 's/ $//' >"$work/out"
	[ "$(cat "$work/out")" = "$offers" ]
	verdict $? "completion: $words -> $offers"
}

if command -v bash >/dev/null; then
	cd "$work" || exit 1
	mkdir -p results/one results/other configs/more
	touch results/one/index results/other/index configs/a.yaml configs/b.txt mine.yaml "with blank.yaml"
	expect "bounce rep" "report"
	expect "bounce help comp" "compare"
	expect "bounce run --sh" "--shard"
	expect "bounce run --format = js" "json jsonl"
	expect "bounce run --format js" "json jsonl"
	expect "bounce run configs/" "configs/a.yaml configs/more"
	expect "bounce run min" "mine.yaml"
	expect "bounce run sheaf" "sheaf-capacity"
	expect "bounce check experim" ""
	expect "bounce lab ping" "ping-pong"
	expect "bounce run 'with'" "with blank.yaml"
	expect "bounce run mine.yaml --set obj" "objects="
	expect "bounce run mine.yaml --set objects = slub-c" "slub-cmpxchg slub-cpu"
	expect "bounce run mine.yaml --set objects = '[slub-page,slub-c'" "[slub-page,slub-cmpxchg [slub-page,slub-cpu"
	expect "bounce run mine.yaml --set = slub-cpu.v" "slub-cpu.variant="
	expect "bounce run mine.yaml --set slub-cpu.variant = 2" "2.6.24"
	expect "bounce run mine.yaml --set run_ahead = t" "true"
	expect "bounce run mine.yaml --set pages = pcp-" "pcp-buddy pcp-spin"
	expect "bounce report o" "one other"
	expect "bounce report one loc" "locks"
	expect "bounce plot one sc" "scaling"
	expect "bounce plot one --size s" "slide"
	expect "bounce compare one ot" "other"
	expect "bounce list mach" "machines"
	expect "bounce explain sheaves-" "sheaves-all"
	expect "bounce run mine.yaml --set workload.in_f" "workload.in_flight="
	expect "bounce run mine.yaml --set workload.gfp = a" "atomic"
	expect "bounce explain slub-lockless.var" "slub-lockless.variant"
	"$bounce" list keys --format jsonl | sed 's/.*"key":"\([^"]*\)".*/\1=/; s/^workload([^)]*)/workload/' | sort -u >all
	complete_in_bash bounce run --set '' | sort >offered
	cmp all offered >out 2>&1
	verdict $? "completion: --set offers all $(wc -l <all) keys"
	expect "bounce run --set = = x" ""
else
	echo "ok - completion: skipped, for want of bash"
fi

# ---- installed, and gone again

if [ "${BOUNCE_VERIFY:-}" ] && [ "$bounce" = "$here/build/bounce" ]; then
	make -C "$here" -s install prefix=/usr DESTDIR="$work/root" >"$work/out" 2>&1
	verdict $? "make install"
	for file in man/man1/bounce.1 man/man5/bounce-experiment.5 bash-completion/completions/bounce; do
		[ -s "$work/root/usr/share/$file" ]
		verdict $? "installed: $file"
	done
	make -C "$here" -s uninstall prefix=/usr DESTDIR="$work/root" >"$work/out" 2>&1
	find "$work/root" -type f >"$work/out"
	[ ! -s "$work/out" ]
	verdict $? "make uninstall leaves no file"
fi
exit 0
