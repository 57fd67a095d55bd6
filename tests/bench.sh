#!/bin/sh
# bench.sh OLD NEW [JOB ...]: ns per simulated access of two builds that take turns, the least of
# ROUNDS, and how many times faster the new one is; then the new one without run-ahead and the
# bare loop, as multiples of it.
set -u
old=$1 new=$2
shift 2
printf '%-12s %-11s %5s %9s %9s %7s %9s %9s\n' job machine CPUs old new ratio no-ahead bare
"$new" | while read -r job machine cpus accesses; do
	case " $* " in "  " | *" $job "*) ;; *) continue ;; esac
	for _ in $(seq "${ROUNDS:-3}"); do
		echo "old $("$old" "$job" "$machine" "$cpus" "$accesses")"
		echo "new $("$new" "$job" "$machine" "$cpus" "$accesses")"
		echo "slow $("$new" "$job" "$machine" "$cpus" $((accesses / 4)) no-ahead)"
		case $job in hits | mix | bounce)
			echo "bare $("$new" "$job" "$machine" "$cpus" "$accesses" bare)" ;;
		esac
	done | awk -v job="$job" -v machine="$machine" -v cpus="$cpus" '
		!($1 in best) || $2 < best[$1] { best[$1] = $2 }
		END {
			printf "%-12s %-11s %5s %9.1f %9.1f %7.2f %9.2f", job, machine, cpus, best["old"],
				best["new"], best["old"] / best["new"], best["slow"] / best["new"]
			if ("bare" in best)
				printf " %9.2f", best["bare"] / best["new"]
			print ""
		}'
done
