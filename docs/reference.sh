#!/bin/sh
# The manual pages and bash's completion, from the program's own tables:
#	docs/reference.sh bounce.1|bounce-experiment.5|completion BOUNCE [DATE]
# What verbs and options there are, `bounce help` says; keys and metrics, `bounce list`.
set -eu
LC_ALL=C.UTF-8
export LC_ALL
page=$1 bounce=$2 date=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
version=$("$bounce" version | sed 's/^bounce \([^,]*\),.*/\1/')

# "run|FILE...|run an experiment": the verbs
verbs() {
	"$bounce" help | sed -n 's/^  bounce \([a-z]*\)  *\([A-Z][A-Z. ]*[A-Z.]\)*  *\([^ ].*[a-z?].*\)$/\1|\2|\3/p' |
		awk -F'|' '$3 != "" && !seen[$1]++'
}

# What a verb says of itself, an option on a line.
said() {
	ARGP_HELP_FMT=rmargin=10000,opt-doc-col=60 "$bounce" "$1" --help
}

# A table as lines of fields between tabs: fields of `bounce list WHAT --format jsonl`.
table() {
	what=$1
	shift
	"$bounce" list "$what" --format jsonl | awk -v names="$*" '
		# the text of a field, its escapes undone
		function field(name,    text) {
			if (!match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\""))
				return ""
			text = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
			gsub(/\\"/, "\"", text)
			gsub(/\\\\/, "\\", text)
			return text
		}
		BEGIN { count = split(names, name, " ") }
		{
			line = field(name[1])
			for (i = 2; i <= count; i++)
				line = line "\t" field(name[i])
			print line
		}'
}

# Text as troff wants it: no escape, no request at the beginning of a line.
roff() {
	sed -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" -e 's/-/\\-/g'
}

head_of() {
	printf '.TH %s %s "%s" "bounce %s" "%s"\n' "$1" "$2" "$date" "$version" "$3"
}

# What a verb says, with macros: options as a list, indented lines as examples.
verb_section() {
	said "$1" | roff | awk '
		/^Usage: / || / or: / { next }
		/^ +(\\-[a-zA-Z?], )?\\-\\-/ {
			option = $0
			sub(/^ +/, "", option)
			text = option
			if (match(option, /   +/)) {
				text = substr(option, RSTART + RLENGTH)
				option = substr(option, 1, RSTART - 1)
			} else {
				text = ""
			}
			if (example) { print ".EE\n.RE"; example = 0 }
			print ".TP\n\\fB" option "\\fR"
			print text == "" ? "\\&" : text
			next
		}
		/^  / {
			if (!example) { print ".PP\n.RS 4\n.EX"; example = 1 }
			sub(/^  /, "")
			print
			next
		}
		{
			if (example) { print ".EE\n.RE"; example = 0 }
			if ($0 == "") paragraph = 1
			else { if (paragraph) print ".PP"; paragraph = 0; print }
		}
		END { if (example) print ".EE\n.RE" }'
}

manual_of_command() {
	head_of BOUNCE 1 "User Commands"
	cat <<'END'
.SH NAME
bounce \- which cache lines bounce between CPUs, why, and what that costs
.SH SYNOPSIS
END
	verbs | while IFS='|' read -r verb arguments summary; do
		printf '.br\n.B bounce %s\n.RI [ option ...]\n.I "%s"\n' "$verb" "$arguments"
	done | sed 1d
	printf '.SH DESCRIPTION\n'
	"$bounce" help | sed -n '2,/^$/p' | roff | sed '/^$/d'
	cat <<'END'
.PP
An experiment is a YAML file, see
.BR bounce\-experiment (5).
Its results are files below
.IR results/ .
.SH VERBS
END
	verbs | while IFS='|' read -r verb arguments summary; do
		printf '.SS bounce %s %s\n' "$verb" "$(printf %s "$arguments" | roff)"
		verb_section "$verb"
	done
	cat <<'END'
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
a run failed, or a file could not be written
.TP
.B 2
a mistake in the command or a file; nothing was run
.TP
.B 3
a comparison or an expectation failed
.TP
.B 130
interrupted
.SH ENVIRONMENT
.TP
.B BOUNCE_DATA
the folder with
.IR configs/ ", " plots/ " and " workloads/ ,
instead of that of the installation
.TP
.B BOUNCE_GNUPLOT_SECONDS
how long gnuplot may take for a figure (120)
.TP
.B NO_COLOR
no colours on a terminal
.SH SEE ALSO
.BR bounce\-experiment (5),
.BR gnuplot (1),
.BR parallel (1)
END
}

manual_of_experiments() {
	head_of BOUNCE\\-EXPERIMENT 5 "File Formats"
	cat <<'END'
.SH NAME
bounce\-experiment \- experiments of bounce
.SH DESCRIPTION
An experiment is a mapping in YAML. A list on a key that can be swept is swept; several lists give
their product. Keys of the workload stand in the section
.BR workload: ,
those of a model in a section named after it. A mistake is answered with its place, the rule and the
nearest right word, and nothing is run.
.SH EXAMPLE
.RS 4
.EX
END
	roff <"$here/configs/demo.yaml"
	printf '.EE\n.RE\n.SH KEYS\n'
	table keys key value sweep help | roff | awk -F'\t' '{
		printf ".TP\n\\fB%s\\fR (%s%s)\n%s\n", $1, $2, $3 == "yes" ? "; can be swept" : "", $4 == "" ? "\\&" : $4
	}'
	cat <<'END'
.SH METRICS
A row for each point and seed stands in
.I results.csv
and
.IR results.jsonl .
END
	table metrics metric unit help | roff | awk -F'\t' '{
		printf ".TP\n\\fB%s\\fR%s\n%s\n", $1, $2 == "" ? "" : " (" $2 ")", $3 == "" ? "\\&" : $3
	}'
	printf '.SH SEE ALSO\n.BR bounce (1)\n'
}

# The words of a message that ends with "there are a, b, c".
there_are() {
	"$bounce" "$@" 2>&1 | sed -n '1s/.*; there are //p' | tr -d ,
}

completion() {
	printf '# Completion of bash for bounce %s. Made by docs/reference.sh.\n' "$version"
	printf '_bounce_verbs="%s"\n' "$(verbs | cut -d'|' -f1 | tr '\n' ' ')"
	printf '_bounce_views="%s"\n' "$(there_are report none '#')"
	printf '_bounce_figures="%s"\n' "$(there_are plot none '#')"
	printf '_bounce_lists="%s"\n' "$(there_are list '#')"
	printf '_bounce_words="%s"\n' "$({
		table models model
		table workloads workload
		table metrics metric
		table keys key | grep -v '[.(]'
	} | tr '\n' ' ')"
	printf '_bounce_experiments="%s"\n' "$(table experiments experiment | tr '\n' ' ')"
	printf '_bounce_labs="%s"\n' "$("$bounce" lab 2>/dev/null | sed -n 's/^[0-9]*-\([^ ]*\) .*/\1/p' | tr '\n' ' ')"
	echo 'declare -A _bounce_options=('
	verbs | while IFS='|' read -r verb rest; do
		printf '\t[%s]="%s"\n' "$verb" "$(said "$verb" | sed -n 's/^ *\(-[a-zA-Z?], \)*\(--[^ ]*\)\( .*\)*$/\2/p' | tr '\n' ' ')"
	done
	echo ')'
	echo 'declare -A _bounce_keys=('
	table keys key value | sed 's/"/\\"/g' | awk -F'\t' '{
		words = ""
		if (match($2, /^(list of |one of )+/)) {
			words = substr($2, RLENGTH + 1)
			sub(/[;:].*/, "", words)
			gsub(/,? or |, /, " ", words)
		} else if ($2 ~ /^true or false/) {
			words = "true false"
		}
		# all kinds of workloads have one section
		sub(/^workload[(][^)]*[)]/, "workload", $1)
		all[$1] = all[$1] " " words " "
		if (!seen[$1]++)
			order[++count] = $1
	}
	END {
		for (i = 1; i <= count; i++) {
			words = ""
			split("", had)
			many = split(all[order[i]], word, " ")
			for (w = 1; w <= many; w++)
				if (!had[word[w]]++)
					words = words (words == "" ? "" : " ") word[w]
			printf "\t[%s]=\"%s\"\n", order[i], words
		}
	}'
	echo ')'
	cat "$here/docs/completion.bash"
}

case $page in
bounce.1) manual_of_command ;;
bounce-experiment.5) manual_of_experiments ;;
completion) completion ;;
*)
	echo "$0: bounce.1, bounce-experiment.5 or completion, not $page" >&2
	exit 2
	;;
esac
