# docs/machines.md from OUT/*.table, OUT/*.results and published.csv. Variables: machines, out,
# published, reasons (a file that is put in as it is).

function error_of(model, other) { return other ? 100 * (model / other - 1) : 0 }
function size(x) { return x < 0 ? -x : x }
function number(x) { return sprintf(x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x) }
function percent(x) { return size(x) < 0.5 ? "0 %" : sprintf("%+.0f %%", x) }

function read_machine(machine,    line, f, at) {
	split("", fact); split("", result); entered = 0
	while ((getline line < (out "/" machine ".table")) > 0) {
		split(line, f, "\t")
		if (f[1] == "fact")
			fact[f[2]] = f[3]
		else if (f[1] == "entered") {
			entered++
			entered_test[entered] = f[2]; entered_at[entered] = f[3]; entered_ns[entered] = f[4]
		}
	}
	close(out "/" machine ".table")
	while ((getline line < (out "/" machine ".results")) > 0) {
		split(line, f, "\t")
		result[f[1] SUBSEP f[2]] = f[3]
	}
	close(out "/" machine ".results")
}

function say_entered(    i, key, error, worst, list) {
	print "| entered | at | table ns | model ns | error |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= entered; i++) {
		key = entered_test[i] SUBSEP entered_at[i]
		if (!(key in result)) {
			print "| " entered_test[i] " | " entered_at[i] " | " number(entered_ns[i]) " | - | |"
			wrong[++wrongs] = "`" fact["id"] "` " entered_test[i] " " entered_at[i] ": no result"
			continue
		}
		error = error_of(result[key], entered_ns[i])
		entered_rows++
		print "| " entered_test[i] " | " entered_at[i] " | " number(entered_ns[i]) " | " number(result[key]) " | " percent(error) (size(error) > 5 ? " **!**" : "") " |"
		if (size(error) > 5)
			wrong[++wrongs] = "`" fact["id"] "` " entered_test[i] " " entered_at[i] ": " number(entered_ns[i]) " entered, " number(result[key]) " came, " percent(error)
	}
	print ""
}

# Tests that the machine file's own numbers answer: no predictions.
function is_table(test) { return test ~ /^(own|ld|rmw|st|memory)_?/ && test !~ /after_read|load_cas/ }

function read_published(    line, f, i, n) {
	while ((getline line < published) > 0) {
		n = split(line, f, ",")
		if (f[1] == "machine")
			continue
		for (i = 7; i <= n; i++)
			f[6] = f[6] "," f[i]
		if (f[2] ~ /_(low|high)$/) {
			i = f[2]; sub(/_(low|high)$/, "", i)
			range[f[1] SUBSEP i SUBSEP f[3] SUBSEP f[6] SUBSEP (f[2] ~ /_low$/ ? "low" : "high")] = f[4]
			continue
		}
		pubs++
		pub_machine[pubs] = f[1]; pub_test[pubs] = f[2]; pub_at[pubs] = f[3]
		pub_ns[pubs] = f[4]; pub_tag[pubs] = f[5]; pub_source[pubs] = f[6]
	}
}

function range_of(i,    key) {
	key = pub_machine[i] SUBSEP pub_test[i] SUBSEP pub_at[i] SUBSEP pub_source[i] SUBSEP
	return (key "low") in range ? " (" range[key "low"] " to " range[key "high"] ")" : ""
}

# A prediction joins the group: all, its machine's, and that of measurements of this very machine.
function join(group, error, what) {
	errors[group] = errors[group] " " size(error)
	counts[group]++
	if (counts[group] == 1 || size(error) > size(worst_error[group])) {
		worst_error[group] = error; worst_what[group] = what
	}
}

function median(group,    a, n, i, j, t) {
	n = split(errors[group], a, " ")
	for (i = 2; i <= n; i++) {
		t = a[i] + 0
		for (j = i - 1; j > 0 && a[j] + 0 > t; j--)
			a[j + 1] = a[j]
		a[j + 1] = t
	}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function say_predicted(machine,    i, key, error, what, rows, pair) {
	print "| predicted | at | published or measured ns | model ns | error | tag | source |"
	print "|---|---|---|---|---|---|---|"
	for (i = 1; i <= pubs; i++) {
		key = pub_test[i] SUBSEP pub_at[i]
		if (pub_machine[i] != machine || is_table(pub_test[i]) || !(key in result))
			continue
		error = error_of(result[key], pub_ns[i])
		what = "`" machine "` " pub_test[i] " " pub_at[i]
		join("all", error, what)
		join(machine, error, what)
		join(pub_tag[i] ~ /neighbour/ ? "neighbour" : "itself", error, what)
		if (pub_test[i] ~ /^pp_/)
			join("pp", error, what)
		if (size(error) > 50)
			far[++fars] = sprintf("%09.3f", size(error)) "| " what " | " pub_ns[i] " | " number(result[key]) " | " percent(error) " | " pub_tag[i] " |"
		compared[key] = machine
		print "| " pub_test[i] " | " pub_at[i] " | " pub_ns[i] range_of(i) " | " number(result[key]) " | " percent(error) (pub_test[i] ~ /^pp_/ && size(error) > 15 ? " (!)" : "") " | " pub_tag[i] " | " pub_source[i] " |"
	}
	for (key in result) {
		split(key, pair, SUBSEP)
		if (compared[key] != machine && pair[1] ~ /^(pp_(cas|ld|2l)|cont_xadd|ld_after_read|rmw_after_read)$/)
			rows = rows pair[1] "\t" pair[2] "\t" result[key] "\n"
	}
	say_alone(rows)
	print ""
}

# Predictions that nothing was found to compare with, in order.
function say_alone(rows,    line, n, i, j, t, f) {
	n = split(rows, line, "\n") - 1
	for (i = 2; i <= n; i++) {
		t = line[i]
		for (j = i - 1; j > 0 && line[j] > t; j--)
			line[j + 1] = line[j]
		line[j + 1] = t
	}
	for (i = 1; i <= n; i++) {
		split(line[i], f, "\t")
		print "| " f[1] " | " f[2] " | - | " number(f[3]) " | | | |"
	}
}

function say_machine(machine) {
	read_machine(machine)
	print "## " machine "\n"
	print fact["title"] ". " fact["freq_ghz"] " GHz, " fact["cores"] " cores, " fact["protocol"] ", dirty reads " fact["dirty_read"] ", store buffer " fact["store_buffer"] "."
	print "Chosen, one value each for the whole machine: `handoff.home: " fact["handoff.home"] "`, `local_bias: " fact["handoff.local_bias"] "`, `split: " fact["handoff.split"] "`.\n"
	say_entered()
	say_predicted(machine)
}

function group_line(name, group) {
	if (counts[group])
		print "| " name " | " counts[group] " | " sprintf("%.0f %%", median(group)) " | " worst_what[group] ", " percent(worst_error[group]) " |"
}

function say_summary(n, name,    i, j, t) {
	print "## Summary\n"
	print "| predictions | number | median error | worst |"
	print "|---|---|---|---|"
	for (i = 1; i <= n; i++)
		group_line("`" name[i] "`", name[i])
	group_line("all", "all")
	group_line("measured on a machine of the file's very kind", "itself")
	group_line("measured on a neighbour", "neighbour")
	group_line("ping-pongs, all", "pp")
	print ""
	print entered_rows " rows of machine files were asked for; off by more than 5 %: " (wrongs ? "" : "none.") "\n"
	for (i = 1; i <= wrongs; i++)
		print "- " wrong[i]
	print (wrongs ? "\n" : "") "Predictions off by more than 50 %, worst first:\n"
	print "| | published ns | model ns | error | tag |"
	print "|---|---|---|---|---|"
	for (i = 2; i <= fars; i++) {
		t = far[i]
		for (j = i - 1; j > 0 && far[j] < t; j--)
			far[j + 1] = far[j]
		far[j + 1] = t
	}
	for (i = 1; i <= fars; i++)
		print substr(far[i], 10)
	print ""
}

function say_file(file,    line) {
	while ((getline line < file) > 0)
		print line
}

BEGIN {
	read_published()
	n = split(machines, name, " ")
	print "# Machines: what was entered, what comes out\n"
	print "Made by `make machines` from the experiments of `configs/micro` (`workloads/micro.c` says which"
	print "metric is the result of which test), the machine files, and `docs/machines/published.csv`. Nothing"
	print "here was tuned to a row.\n"
	print "*entered*: the microbenchmark that the machine file's number is the result of. It has to come back"
	print "within 5 %; that checks the plumbing and nothing else. *predicted*: follows from the table, the"
	print "protocol and three chosen parameters, and was entered nowhere. `(!)` marks ping-pongs off by more"
	print "than 15 %. A tag `neighbour` is a measurement of a similar machine, not of the file's: it misses by"
	print "what the two differ as well. All times in ns, contended ones per operation of all CPUs together.\n"
	for (i = 1; i <= n; i++)
		say_machine(name[i])
	say_summary(n, name)
	say_file(reasons)
}
