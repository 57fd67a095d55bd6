#!/bin/sh
# Writes the tables of docs/explore.md: schedules until each planted fault is found, of all allocators.
#	docs/explore.sh BOUNCE [places]		places: a fault at each place instead of those with names
set -e
bounce=$(realpath "$1")
cd "$(dirname "$0")/.."
head=1
for file in slub slab sheaves bonwick buddy pcp magazine pcp-spin pcp-buddy llfree; do
	"$bounce" explore "configs/explore/$file.yaml" "--plants=${2:-named}" --set explore.schedules=30000 2>/dev/null |
		if [ -n "$head" ] || [ -n "$2" ]; then cat; else tail -n +3; fi
	head=
done
