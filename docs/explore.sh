#!/bin/sh
# Writes the table of docs/explore.md: schedules until each planted fault is found.
#	docs/explore.sh BOUNCE
set -e
bounce=$(realpath "$1")
cd "$(dirname "$0")/.."
how="--set explore.interrupts=0 --set explore.store_buffer=0 --set explore.schedules=30000"
"$bounce" explore configs/explore/slub.yaml --plants $how --set slub-cpu.variant=2.6.24
"$bounce" explore configs/explore/slab.yaml --plants $how | tail -n +3
"$bounce" explore configs/explore/buddy.yaml --plants $how | tail -n +3
"$bounce" explore configs/explore/pcp-buddy.yaml --plants $how | tail -n +3
