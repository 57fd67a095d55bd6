#!/bin/sh
# All shipped experiments: both compilers, one worker and two, shortcuts off.
here=$(cd "$(dirname "$0")" && pwd)
EXPERIMENTS=$(echo "$here"/../configs/*.yaml) exec "$here/check_same_bytes.sh"
