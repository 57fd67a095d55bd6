# docs/machines.md from OUT/*.table, OUT/*.results and published.csv. Variables: machines, out,
# published, before (an older OUT/summary.csv), reasons (a file that is put in as it is).

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
		for (i = 8; i <= n; i++)
			f[7] = f[7] "," f[i]
		if (f[2] ~ /_(low|high)$/) {
			i = f[2]; sub(/_(low|high)$/, "", i)
			range[f[1] SUBSEP i SUBSEP f[3] SUBSEP f[7] SUBSEP (f[2] ~ /_low$/ ? "low" : "high")] = f[4]
			continue
		}
		pubs++
		pub_machine[pubs] = f[1]; pub_test[pubs] = f[2]; pub_at[pubs] = f[3]
		pub_ns[pubs] = f[4]; pub_tag[pubs] = f[5]; pub_use[pubs] = f[6]; pub_source[pubs] = f[7]
	}
}

function range_of(i,    key) {
	key = pub_machine[i] SUBSEP pub_test[i] SUBSEP pub_at[i] SUBSEP pub_source[i] SUBSEP
	return (key "low") in range ? " (" range[key "low"] " to " range[key "high"] ")" : ""
}

# A prediction joins the group.
function join(group, error, what) {
	errors[group] = errors[group] " " size(error)
	counts[group]++
	if (counts[group] == 1 || size(error) > size(worst_error[group])) {
		worst_error[group] = error; worst_what[group] = what
	}
}

# What is measured.
function subject(test) {
	return test ~ /^pp_/ ? "ping-pongs (" fact["handoff.home"] " home)" : \
		test ~ /_work_/ ? "with private work" : \
		test ~ /^cont_(ttas|ticket)$/ ? "locks" : \
		test ~ /^cont_(xadd|cas|xchg|lock_add_false)$/ ? "contended atomics" : \
		test ~ /^cont_/ ? "contended plain additions and stores" : \
		"others (bursts of stores; load and compare-and-exchange)"
}

# Only what judges counts; fitted rows are shown beside it.
function join_groups(machine, test, use, tag, error, what, i, key) {
	if (use == "choose")
		join("fitted (not in any line above)", error, what)
	if (use != "judge")
		return
	join("all", error, what)
	join("`" machine "`", error, what)
	join(tag ~ /neighbour/ ? "measured on a neighbour" : "measured on a machine of the file's very kind", error, what)
	join(subject(test), error, what)
	if (size(error) > 30)
		far[++fars] = sprintf("%09.3f", size(error)) "| " what " | " pub_ns[i] " | " number(result[key]) " | " percent(error) " | " tag " |"
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
		join_groups(machine, pub_test[i], pub_use[i], pub_tag[i], error, what, i, key)
		compared[key] = machine
		print "| " pub_test[i] " | " pub_at[i] " | " pub_ns[i] range_of(i) " | " number(result[key]) " | " percent(error) (pub_test[i] ~ /^pp_/ && size(error) > 15 ? " (!)" : "") " | " pub_tag[i] (pub_use[i] == "choose" ? ", fitted" : pub_use[i] == "trivial" ? ", trivial" : "") " | " pub_source[i] " |"
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
	print "Chosen, one value each for the whole machine: `handoff.home: " fact["handoff.home"] "`, `local_bias: " fact["handoff.local_bias"] "`, `split: " fact["handoff.split"] "`" (fact["handoff.hold_ns"] > 0 ? ", `hold_ns: " fact["handoff.hold_ns"] "`" : "") ".\n"
	say_entered()
	say_predicted(machine)
}

function group_line(group) {
	if (!counts[group])
		return
	print "| " group " | " counts[group] " | " sprintf("%.1f %%", median(group)) " | " worst_what[group] ", " percent(worst_error[group]) " | " was[group] " |"
	print group "," counts[group] "," sprintf("%.1f", median(group)) "," sprintf("%.0f", worst_error[group]) >(out "/summary.csv")
}

function read_before(    line, f) {
	while ((getline line < before) > 0) {
		split(line, f, ",")
		was[f[1]] = f[3] " %; " percent(f[4])
	}
}

function say_summary(n, name,    i, j, t) {
	read_before()
	print "## Summary\n"
	print "Rows that judge: neither fitted (a number of the machine file was chosen with their curve in view)"
	print "nor trivial (one CPU, or CPUs that share nothing). *Before*: median and worst of the same rows with"
	print "the engine and the machine files of `docs/machines/before.csv`.\n"
	print "| predictions that judge | number | median error | worst | before |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= n; i++)
		group_line("`" name[i] "`")
	n = split(GROUPS, name, "|")
	for (i = 1; i <= n; i++)
		group_line(name[i])
	print ""
	print entered_rows " rows of machine files were asked for; off by more than 5 %: " (wrongs ? "" : "none.") "\n"
	for (i = 1; i <= wrongs; i++)
		print "- " wrong[i]
	print (wrongs ? "\n" : "") "Predictions that judge and are off by more than 30 %, worst first:\n"
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
	GROUPS = "all|measured on a machine of the file's very kind|measured on a neighbour" \
		"|ping-pongs (chasing home)|ping-pongs (blocking home)|locks|contended atomics" \
		"|contended plain additions and stores|with private work" \
		"|others (bursts of stores; load and compare-and-exchange)|fitted (not in any line above)"
	read_published()
	n = split(machines, name, " ")
	print "# Machines: what was entered, what comes out\n"
	print "Made by `make machines` from the experiments of `configs/micro` (`workloads/micro.c` says which"
	print "metric is the result of which test), the machine files, and `docs/machines/published.csv`, whose"
	print "column `use` says of each curve whether it chose a number of a machine file (`docs/machines/README.md`"
	print "says which) or can judge.\n"
	print "*entered*: the microbenchmark that the machine file's number is the result of. It has to come back"
	print "within 5 %; that checks the plumbing and nothing else. It is run without the variation of service"
	print "times. *predicted*: follows from the table, the protocol and a few chosen parameters, and was entered"
	print "nowhere; run with the variation. `(!)` marks ping-pongs off by more than 15 %. A tag `neighbour` is a"
	print "measurement of a similar machine, not of the file's: it misses by what the two differ as well; a"
	print "number behind it: cores of that machine's sockets, and here of the model's;"
	print "`fitted`: its curve chose a parameter, so it confirms nothing; `trivial`: one CPU, or CPUs that share"
	print "nothing. All times in ns, contended ones per operation of all CPUs together.\n"
	for (i = 1; i <= n; i++)
		say_machine(name[i])
	say_summary(n, name)
	say_file(reasons)
}
