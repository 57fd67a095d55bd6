/*
 * Running the trials of experiment/sensitivity.c, each into a results folder of its own, and the
 * table of verdicts. The results of the experiment itself are read, and never written.
 *
 *	results/NAME/sensitivity/as-it-is       the experiment on its machines
 *	results/NAME/sensitivity/load_ns-x2     with one uncertain number changed
 */
#include "cli/sensitivity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/expected.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/summary.h"
#include "experiment/metrics.h"
#include "experiment/run_point.h"
#include "experiment/sensitivity.h"
#include "sim/verbs/xalloc.h"

enum { PATH_BYTES = 4096, NAME_BYTES = 128, COLUMNS = 64, GROUPS_MAX = 48, LABEL_BYTES = 512 };

void sensitivity_check(const struct experiment *experiment, struct diagnostics *diagnostics)
{
	if (sensitivity_alternatives(experiment) < 2 && !experiment->expect.count)
		mistake(diagnostics, experiment->compared,
			"--sensitivity asks what becomes of an order, or of what is expected; give two or more to compare, like 'objects: [slub-page, slub-cpu]' or another setting by name, or a list 'expect'");
}

/* ---- running ----------------------------------------------------------------------------- */

/* Runs what is missing into sensitivity/FOLDER; false: there are no points to read. */
static bool run_into(const struct experiment *experiment, const struct sensitivity_options *options,
		     const char *folder, const char *called, struct points *points, int *status)
{
	struct runner_options runner = options->runner;
	struct runner_summary summary;
	char directory[PATH_BYTES], known[PATH_BYTES], why[1024];

	snprintf(directory, sizeof directory, "%s/sensitivity/%s", options->directory, folder);
	/* machines that a change leaves alone have their points in the first folder */
	snprintf(known, sizeof known, "%s%s", options->directory,
		 called ? "/sensitivity/as-it-is" : "");
	runner.directory = directory;
	runner.known = known;
	runner.called = called;
	/* trials are what this command computes with, and nobody's results */
	runner.replace = true;
	runner.quiet = true;            /* the estimate was for all trials together */

	struct runner *run = runner_new(experiment, &runner, &summary);
	bool written = false, whole;

	memset(points, 0, sizeof *points);
	if (run) {
		runner_run(run);
		written = runner_tables(run, points, &whole, why, sizeof why);
		runner_free(run);
		if (!written)
			complain("bounce: %s", why);
	}

	bool loaded = points->point != NULL;
	int one = run_status(&summary, written, loaded ? run_tell_outcomes(points) : 0);

	if (one != EXIT_DONE)
		*status = one;
	return loaded;
}

/* "load_ns-x2" */
static void folder_of(const struct trial *trial, char *folder, size_t size)
{
	snprintf(folder, size, "%s-x%g", trial->change.key ? trial->change.key : "all-together",
		 trial->change.factor);
}

static void run_trial(const struct sensitivity *sensitivity, struct trial *trial,
		      const struct experiment *changed, const struct sensitivity_options *options,
		      int *status)
{
	char folder[NAME_BYTES], name[NAME_BYTES], called[2 * NAME_BYTES];
	struct points points;

	folder_of(trial, folder, sizeof folder);
	snprintf(called, sizeof called, "%s, %s", changed->name,
		 trial_name(trial, name, sizeof name));
	if (!run_into(changed, options, folder, called, &points, status))
		return;
	sensitivity_judge(sensitivity, trial, changed, &points);
	points_free(&points);
}

static void try(const struct sensitivity *sensitivity, struct trial *trial,
		const struct sensitivity_options *options, int *status)
{
	if (!sensitivity_possible(sensitivity, trial))
		return;
	if (trial->same) {
		sensitivity_judge(sensitivity, trial, sensitivity->experiment, sensitivity->points);
		return;
	}

	/* what machines allow was asked before */
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *changed = experiment_load_changed(
		options->file, options->sets, options->set_count, &trial->change, diagnostics);

	if (changed)
		run_rehearse(changed, diagnostics);
	if (!changed)
		snprintf(trial->why, sizeof trial->why, "the experiment does not allow it");
	else if (changed->points != sensitivity->experiment->points)
		snprintf(trial->why, sizeof trial->why, "swept values become the same");
	else
		run_trial(sensitivity, trial, changed, options, status);
	if (changed)
		experiment_free(changed);
	diagnostics_free(diagnostics);
}

/* ---- the table for people ---------------------------------------------------------------- */

/* A column per group of otherwise equal settings, as far as a screen has room. */
static size_t group_columns(const struct sensitivity *sensitivity)
{
	size_t groups = sensitivity->groups->groups;

	return groups <= GROUPS_MAX ? groups : 0;
}

static bool has_notes(const struct sensitivity *sensitivity)
{
	for (size_t i = 0; i < sensitivity->trials; i++) {
		if (*sensitivity->trial[i].why || sensitivity->trial[i].same)
			return true;
	}
	return false;
}

static void make_columns(const struct sensitivity *sensitivity, struct column columns[COLUMNS])
{
	size_t groups = group_columns(sensitivity), count = 0;

	columns[count++] = (struct column){ "uncertain number", "key", true };
	columns[count++] = (struct column){ "times", "factor", false };
	columns[count++] = (struct column){ "cycles/op", "cycles", false };
	columns[count++] = (struct column){ "bounces/op", "bounces", false };
	if (sensitivity->claims)
		columns[count++] = (struct column){ "expected", "expected", true };
	for (size_t i = 0; i < groups && sensitivity->conclusions; i++) {
		const char *title = sensitivity->groups->group[i];

		columns[count++] = (struct column){ *title ? title : "conclusions", "group", true };
	}
	if (!groups && sensitivity->conclusions)
		columns[count++] = (struct column){ "all groups", "group", true };
	if (has_notes(sensitivity))
		columns[count++] = (struct column){ "", "note", true };
	columns[count] = (struct column){ NULL, NULL, false };
}

static void add_moved(struct table *table, double moved)
{
	char text[40];

	if (isnan(moved))
		table_text(table, "-");
	else if (moved == 0)
		table_text(table, "same");
	else
		table_text(table, "%s %%", number_percent(text, sizeof text, moved));
}

/* "3 of 4 hold" */
static void add_claims(struct table *table, const struct sensitivity *sensitivity,
		       const struct trial *trial)
{
	size_t held = 0;

	for (size_t i = 0; trial->came && i < sensitivity->claims; i++)
		held += trial->came[i].point && trial->came[i].verdict == EXPECT_HOLDS;
	if (trial->came)
		table_text(table, "%zu of %zu hold%s", held, sensitivity->claims,
			   sensitivity->claims == 1 ? "s" : "");
	else
		table_text(table, "%s", *trial->why ? "-" : "missing");
}

static void add_verdict(struct table *table, const struct sensitivity *sensitivity,
			const struct trial *trial, size_t group)
{
	table_text(table, "%s",
		   *trial->why ? "-"
			       : verdict_names[trial_verdict(sensitivity, trial, group)]);
}

static void add_row(struct table *table, const struct sensitivity *sensitivity,
		    const struct trial *trial)
{
	static const char unchanged[] =
		"changes nothing here: the number is 0, or cannot be halved";
	size_t groups = group_columns(sensitivity);

	table_text(table, "%s", trial->change.key ? trial->change.key : "all together");
	table_real(table, trial->change.factor);
	for (enum measured by = 0; by < MEASURES; by++)
		add_moved(table, trial->moved[by]);
	if (sensitivity->claims)
		add_claims(table, sensitivity, trial);
	for (size_t group = 0; group < groups && sensitivity->conclusions; group++)
		add_verdict(table, sensitivity, trial, group);
	if (!groups && sensitivity->conclusions)
		add_verdict(table, sensitivity, trial, SIZE_MAX);
	if (has_notes(sensitivity) && *trial->why)
		table_text(table, "not possible: %s", trial->why);
	else if (has_notes(sensitivity))
		table_text(table, "%s", trial->same ? unchanged : "");
}

static const char *sign_of(enum order order)
{
	return order == ORDER_LESS ? "<" : order == ORDER_MORE ? ">" : "=";
}

/* What a conclusion says: "16, cycles: slub-page > slub-cpu 2.6.24 (-23 %)". */
static void print_conclusion(FILE *out, const struct sensitivity *sensitivity,
			     const struct conclusion *conclusion)
{
	const struct groups *groups = sensitivity->groups;
	const char *group = groups->group[conclusion->group];
	char change[40];

	fprintf(out, "  %s%s%s: %s %s %s", group, *group ? ", " : "",
		measured_names[conclusion->by], groups->series[conclusion->first],
		sign_of(conclusion->order), groups->series[conclusion->second]);
	if (!isnan(conclusion->change))
		fprintf(out, " (%s %%)",
			number_percent(change, sizeof change, conclusion->change));
	fputs("\n", out);
}

static void print_breaks(FILE *out, const struct sensitivity *sensitivity, size_t at)
{
	char name[NAME_BYTES], now[40];

	print_conclusion(out, sensitivity, &sensitivity->conclusion[at]);
	for (size_t i = 0; i < sensitivity->trials; i++) {
		const struct trial *trial = &sensitivity->trial[i];

		if (!trial->verdict || trial->verdict[at] == VERDICT_HOLDS)
			continue;
		fprintf(out, "    %s with %s", verdict_names[trial->verdict[at]],
			trial_name(trial, name, sizeof name));
		if (!isnan(trial->now[at]))
			fprintf(out, " (%s %%)",
				number_percent(now, sizeof now, trial->now[at]));
		fputs("\n", out);
	}
}

static bool holds(const struct sensitivity *sensitivity, size_t conclusion)
{
	for (size_t i = 0; i < sensitivity->trials; i++) {
		const struct trial *trial = &sensitivity->trial[i];

		if (trial->verdict && trial->verdict[conclusion] != VERDICT_HOLDS)
			return false;
	}
	return true;
}

/* What an interrupt, or a machine that was given up, left undone is no conclusion that holds. */
static size_t untried(const struct sensitivity *sensitivity)
{
	size_t count = 0;

	for (size_t i = 0; i < sensitivity->trials; i++)
		count += !*sensitivity->trial[i].why && !sensitivity->trial[i].verdict;
	return count;
}

static bool claim_holds(const struct sensitivity *sensitivity, size_t at)
{
	bool held = sensitivity->claim[at].came.verdict == EXPECT_HOLDS;

	for (size_t i = 0; i < sensitivity->trials; i++) {
		const struct trial *trial = &sensitivity->trial[i];

		held = held && (!trial->came || (trial->came[at].point &&
						 trial->came[at].verdict == EXPECT_HOLDS));
	}
	return held;
}

/* A claim as it is, and each change under which its verdict is another one. */
static void print_claim(FILE *out, const struct sensitivity *sensitivity, size_t at)
{
	const struct claim *claim = &sensitivity->claim[at];
	char name[NAME_BYTES];

	fputs("  ", out);
	expected_print_one(out, sensitivity->points, claim->expectation, &claim->came);
	for (size_t i = 0; i < sensitivity->trials; i++) {
		const struct trial *trial = &sensitivity->trial[i];

		if (!trial->came ||
		    (trial->came[at].point && trial->came[at].verdict == claim->came.verdict))
			continue;
		fprintf(out, "    with %s: ", trial_name(trial, name, sizeof name));
		if (trial->came[at].point)
			expected_print_short(out, claim->expectation, &trial->came[at]);
		else
			fputs("missing\n", out);
	}
}

static void print_claims(FILE *out, const struct sensitivity *sensitivity)
{
	size_t held = 0, count = sensitivity->claims;
	const char *tried = untried(sensitivity) ? " tried" : "";

	for (size_t i = 0; i < count; i++)
		held += claim_holds(sensitivity, i);
	if (!count)
		return;
	fprintf(out, "%zu expectation%s, %zu hold%s as it is and under every change%s%s\n", count,
		count == 1 ? "" : "s", held, held == 1 ? "s" : "", tried,
		held < count ? "; these do not:" : ".");
	for (size_t i = 0; i < count; i++) {
		if (!claim_holds(sensitivity, i))
			print_claim(out, sensitivity, i);
	}
}

static void print_summary(FILE *out, const struct sensitivity *sensitivity)
{
	size_t held = 0, count = sensitivity->conclusions, missing = untried(sensitivity);

	for (size_t i = 0; i < count; i++)
		held += holds(sensitivity, i);
	fputs("\n", out);
	if (missing)
		fprintf(out, "incomplete: %zu of %zu changes were not tried\n", missing,
			sensitivity->trials);
	print_claims(out, sensitivity);
	if (!count)
		return;
	fprintf(out, "%zu conclusion%s, %zu hold%s under every change%s%s\n", count,
		count == 1 ? "" : "s", held, held == 1 ? "s" : "", missing ? " tried" : "",
		held < count ? "; these do not:" : ".");
	for (size_t i = 0; i < count; i++) {
		if (!holds(sensitivity, i))
			print_breaks(out, sensitivity, i);
	}
}

static void print_people(FILE *out, const struct sensitivity *sensitivity,
			 struct paper paper)
{
	struct column columns[COLUMNS];
	const char *axis = sensitivity->groups->axis;

	make_columns(sensitivity, columns);

	struct table *table = table_new(columns);

	for (size_t i = 0; i < sensitivity->trials; i++)
		add_row(table, sensitivity, &sensitivity->trial[i]);
	summary_headline(out, sensitivity->points);
	fputs("Largest change of a mean", out);
	if (sensitivity->claims)
		fputs(", how much of what is expected holds", out);
	if (sensitivity->conclusions)
		fprintf(out, ", and what becomes of the order%s%s%s",
			sensitivity->groups->allocators ? " of allocators" : "",
			*axis ? ", by " : "", axis);
	fputs(":\n\n", out);
	table_print(table, out, TABLE_PEOPLE, "sensitivity", 0, paper);
	table_free(table);
	print_summary(out, sensitivity);
}

/* ---- rows for programs ------------------------------------------------------------------- */

static const struct column program_columns[] = {
	{ NULL, "key", true },		 { NULL, "factor", false },
	{ NULL, "settings", true },	 { NULL, "first", true },
	{ NULL, "second", true },	 { NULL, "metric", true },
	{ NULL, "change_before", false }, { NULL, "change_after", false },
	{ NULL, "verdict", true },	 { NULL, "moved", false },
	{ NULL, "note", true },		 { NULL, NULL, false },
};

static void add_change(struct table *table, const struct trial *trial)
{
	table_text(table, "%s", trial->change.key ? trial->change.key : "all");
	table_real(table, trial->change.factor);
}

/* A change that could not be tried has one row without a verdict. */
static void add_untried(struct table *table, const struct trial *trial)
{
	add_change(table, trial);
	for (size_t i = 0; i < 4; i++)
		table_text(table, "%s", "");
	table_blank(table);
	table_blank(table);
	table_text(table, "%s", *trial->why ? "not possible" : "missing");
	table_blank(table);
	table_text(table, "%s", trial->why);
}

static void add_verdicts(struct table *table, const struct sensitivity *sensitivity,
			 const struct trial *trial)
{
	const struct groups *groups = sensitivity->groups;

	for (size_t i = 0; i < sensitivity->conclusions; i++) {
		const struct conclusion *conclusion = &sensitivity->conclusion[i];

		add_change(table, trial);
		table_text(table, "%s", groups->group[conclusion->group]);
		table_text(table, "%s", groups->series[conclusion->first]);
		table_text(table, "%s", groups->series[conclusion->second]);
		table_text(table, "%s", measured_names[conclusion->by]);
		table_real(table, conclusion->change);
		table_real(table, trial->now[i]);
		table_text(table, "%s", verdict_names[trial->verdict[i]]);
		table_real(table, trial->moved[conclusion->by]);
		table_text(table, "%s", trial->same ? "changes nothing" : "");
	}
}

static const char *claim_verdict(const struct expected *came)
{
	return !came->point                    ? "missing"
	       : came->verdict == EXPECT_HOLDS ? "holds"
	       : came->verdict == EXPECT_FAILS ? "fails"
					       : "undecided";
}

/* An expectation has what is expected in place of a second one to compare. */
static void add_claim_rows(struct table *table, const struct sensitivity *sensitivity,
			   const struct trial *trial)
{
	for (size_t i = 0; i < sensitivity->claims; i++) {
		const struct claim *claim = &sensitivity->claim[i];
		char label[LABEL_BYTES];

		add_change(table, trial);
		point_label(sensitivity->points, claim->came.point, label, sizeof label);
		table_text(table, "%s", label);
		table_text(table, "%s", "expected");
		table_text(table, "%s", expected_words(claim->expectation, label, sizeof label));
		table_text(table, "%s", claim->expectation->what.name);
		table_real(table, claim->came.change.mean);
		table_real(table, trial->came[i].point ? trial->came[i].change.mean : NAN);
		table_text(table, "%s", claim_verdict(&trial->came[i]));
		table_blank(table);
		table_text(table, "%s", trial->same ? "changes nothing" : "");
	}
}

static void print_programs(FILE *out, const struct sensitivity *sensitivity,
			   enum table_format format)
{
	struct table *table = table_new(program_columns);

	for (size_t i = 0; i < sensitivity->trials; i++) {
		const struct trial *trial = &sensitivity->trial[i];

		if (trial->verdict) {
			add_claim_rows(table, sensitivity, trial);
			add_verdicts(table, sensitivity, trial);
		} else {
			add_untried(table, trial);
		}
	}
	if (format == TABLE_CSV)
		metrics_csv_source(out, sensitivity->points);
	else
		metrics_jsonl_source(out, sensitivity->points);
	table_print(table, out, format, "sensitivity", 0, (struct paper){ 0 });
	table_free(table);
}

/* ---- all of it --------------------------------------------------------------------------- */

static void tell_kept(const struct sensitivity_options *options, int status)
{
	if (status == EXIT_INTERRUPTED)
		complain(
			"bounce: interrupted; what is complete is kept in %s/sensitivity, the next run computes the others",
			options->directory);
}

static int run_trials(struct sensitivity *sensitivity, const struct sensitivity_options *options)
{
	struct points points;
	int status = EXIT_DONE;

	if (!run_into(sensitivity->experiment, options, "as-it-is", NULL, &points, &status))
		return status;
	sensitivity_conclude(sensitivity, &points);
	for (size_t i = 0; i < sensitivity->trials && status != EXIT_INTERRUPTED; i++)
		try(sensitivity, &sensitivity->trial[i], options, &status);
	if (!points.count)
		complain("bounce: %s: no points yet", points.name);
	else if (options->format == TABLE_PEOPLE)
		print_people(stdout, sensitivity, options->paper);
	else
		print_programs(stdout, sensitivity, options->format);
	fflush(stdout);
	tell_kept(options, status);
	points_free(&points);
	return status;
}

int sensitivity_run(const struct experiment *experiment, const struct sensitivity_options *options)
{
	struct sensitivity *sensitivity = sensitivity_new(experiment);
	struct runner_options all = options->runner;
	char directory[PATH_BYTES], why[1024];
	int status = EXIT_DONE;

	snprintf(directory, sizeof directory, "%s/sensitivity", options->directory);
	all.directory = directory;
	if (!sensitivity->trials) {
		complain(
			"bounce: %s: no machine of it names uncertain numbers (key 'weak'); there is nothing to try",
			experiment->name);
	} else if (!results_are_own(options->directory, why, sizeof why) ||
		   !results_are_own(directory, why, sizeof why)) {
		complain("bounce: cannot write results: %s", why);
		status = EXIT_FAILED;
	} else {
		runner_estimate(experiment, sensitivity->trials + 1, &all);
		status = run_trials(sensitivity, options);
	}
	sensitivity_free(sensitivity);
	return status;
}
