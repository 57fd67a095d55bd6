#!/bin/sh
# Writes docs/keys.md from the program's own tables: docs/keys.sh BOUNCE >docs/keys.md
cat <<'HEAD'
# Keys of experiments and machine files

Made by `docs/keys.sh` from `bounce list keys` and `bounce list metrics`; `bounce explain KEY` says the same about one.
A list on a key marked *sweep* is swept. Keys of a workload stand in the section `workload:`, those of a model in a section
named after it.

| key | value | | what it says |
|---|---|---|---|
HEAD
"$1" list keys --format jsonl |
	jq -r '"| `\(.key)` | \(.value) | \(if .sweep == "yes" then "sweep" else "" end) | \(.help) |"'
cat <<'HEAD'

# Metrics

One row per point and seed in `results.csv` and `results.jsonl`.

| metric | unit | what it is |
|---|---|---|
HEAD
"$1" list metrics --format jsonl | jq -r '"| `\(.metric)` | \(.unit) | \(.help) |"'
