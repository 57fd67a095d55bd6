#!/bin/sh
# The counts that independent simulators agree on (2,000,000 accesses: read misses, write misses,
# upgrades, lines invalidated, downgrades).
verdict() {
	[ "$1" = "$2" ] && echo "ok - $3" || echo "not ok - $3: $1, expected $2"
}
verdict "$("$GOLDEN" 2)" "33532 33477 33439 66871 33441" "golden counts, 2 CPUs"
verdict "$("$GOLDEN" 8)" "78737 78271 15576 156483 46697" "golden counts, 8 CPUs"
