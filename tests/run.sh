#!/bin/sh
# Runs test programs and scripts, shows what fails, and ends with the line
# `N passed, N failed`. Each gets SECONDS at most. tests/run.sh SECONDS PROGRAM...
seconds=$1
shift
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
	CMOCKA_MESSAGE_OUTPUT=TAP timeout "$seconds" "$program" >"$log" 2>&1
	status=$?
	ok=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok - $program ended with status $status" >>"$log"
	fi
	if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok - $program ran no test" >>"$log"
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ "$bad" -gt 0 ]; then
		echo "FAIL $program ($ok passed, $bad failed)"
		sed 's/^/    /' "$log" | tail -n 60
	else
		echo "ok   $program ($ok)"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
