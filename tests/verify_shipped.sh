#!/bin/sh
# All shipped experiments, one seed of each combination: both compilers, one worker and two,
# shortcuts off.
here=$(cd "$(dirname "$0")" && pwd)
EXPERIMENTS=$(echo "$here"/../configs/*.yaml) SETTINGS='--set repeat=1' exec "$here/check_same_bytes.sh"
