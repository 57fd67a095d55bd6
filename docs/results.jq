# Lines of `bounce compare`, each with the name of its run, as a table of Markdown. See results.sh.
def digits: if . == null then "-" elif . >= 99.5 then round | tostring
	elif . >= 9.95 then (. * 10 | round) / 10 | tostring
	else (. * 100 | round) / 100 | tostring end;
def side($s): if .[$s + "_states"] == 2 then "two states"
	elif .[$s + "_low"] == null then .[$s + "_mean"] | digits
	else "\(.[$s + "_mean"] | digits) [\(.[$s + "_low"] | digits)..\(.[$s + "_high"] | digits)]" end;
def percent: (. * 100 | round) as $p | if $p > 0 then "+\($p)" else "\($p)" end;
def two: .a_states == 2 or .b_states == 2;
# which side has less: "a", "b", "=" or "?"
def less: if two or .change == null then "?"
	elif (.change | fabs) < 0.01 then "="
	elif .change_low == null then (if .change < 0 then "b" else "a" end)
	elif .change_high < 0 then "b" elif .change_low > 0 then "a" else "=" end;
def change: if two then "two states" elif .change == null then "-"
	elif .change_low == null then "\(.change | percent) %"
	else "\(.change | percent) % [\(.change_low | percent)..\(.change_high | percent)]" end;
def short: if two then "two states" elif .change == null then "-" else "\(.change | percent) %" end;
def name: sub("/operations"; "") | sub("bounces_allocator"; "bounces") | sub("elapsed_cycles"; "cycles");

map(.b |= sub(" 2\\.6\\.24$"; ""))
| group_by([.settings, .a, .b, .metric]) | sort_by(.[0].order)
| ["| settings | | first | second | | | change | firm | halved | doubled | in step |",
   "|---|---|---|---|---|---|---|---|---|---|---|"]
  + map((map({(.run): .}) | add) as $row
	| $row.shipped as $s
	| select($s)
	| ($s | less) as $verdict
	| ([$row.halved, $row.doubled] | map(select(.)) | map(less)) as $others
	| "| \($s.settings | gsub("workload\\.|machine\\."; "")) | \($s.metric | name) | \($s.a) | \($s.b) | \($s | side("a")) | \($s | side("b")) | \($s | change) | \(
		if $verdict == "?" or ($others | length) < 2 then ""
		elif $others | all(. == $verdict) then "yes" else "no" end) | \($row.halved // {} | short) | \($row.doubled // {} | short) | \($row["in-step"] // {} | short) |")
| .[]
