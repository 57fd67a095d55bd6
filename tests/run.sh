#!/bin/sh
# Runs test programs and scripts side by side, as many as there are cores (JOBS), shows what fails,
# and ends with the line `N passed, N failed`. Each gets SECONDS of wall time at most, and is told
# with the seconds that it took of the processors. tests/run.sh SECONDS PROGRAM...
set -u

# run.sh --one SECONDS DIRECTORY NUMBER PROGRAM: runs it, and tells of it in one piece.
if [ "$1" = --one ]; then
	log=$3/$4.log program=$5
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$2" "$program" >"$log" 2>&1
	status=$?
	# not in a pipe, which would tell of a shell of its own
	times >"$log.times"
	took=$(awk 'NR == 2 { split($1, user, "[ms]"); split($2, kernel, "[ms]")
		printf "%.1f", 60 * (user[1] + kernel[1]) + user[2] + kernel[2] }' "$log.times")
	ok=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ $status -eq 124 ]; then
		bad=$((bad + 1))
		echo "not ok - $program did not end within $2 seconds" >>"$log"
	elif [ $status -eq 137 ]; then
		bad=$((bad + 1))
		echo "not ok - $program was killed" >>"$log"
	elif [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok - $program ended with status $status" >>"$log"
	elif [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok - $program ran no test" >>"$log"
	fi
	if [ "$bad" -gt 0 ]; then
		echo "FAIL $program ($ok passed, $bad failed, $took s)"
		# what failed comes first where it may not be at the end
		[ "$(wc -l <"$log")" -le 60 ] || grep '^not ok ' "$log" | sed 's/^/    /'
		tail -n 60 "$log" | sed 's/^/    /'
	else
		echo "ok   $program ($ok, $took s)"
	fi >"$log.told"
	echo "$ok $bad" >"$log.count"
	if command -v flock >/dev/null 2>&1; then
		flock "$3" cat "$log.told"
	else
		cat "$log.told"
	fi
	exit 0
fi

seconds=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
for program in "$@"; do
	number=$((number + 1))
	printf '%s\n%s\n' "$number" "$program"
done >"$work/programs"
xargs -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" -n 2 "$0" --one "$seconds" "$work" <"$work/programs"
cat "$work"/*.count 2>/dev/null | awk -v programs="$number" '
	{ passed += $1; failed += $2 }
	END {
		# a program that nobody heard of has failed
		failed += programs - NR
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0
	}'
