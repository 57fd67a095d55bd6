/*
 * bounce report: where a run bounced, by line, member, source line, CPU, lock or path.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/document.h"
#include "cli/options.h"
#include "cli/overview.h"
#include "cli/select.h"
#include "cli/views.h"
#include "experiment/diagnostic.h"
#include "experiment/partners.h"
#include "experiment/terminal.h"
#include "experiment/text.h"

enum {
	SHOWN_COMBINATIONS = 4,         /* where they cannot stand side by side: more are named */
	NAMED_COMBINATIONS = 24,
	DEFAULT_TOP = 10,
};

struct arguments {
	const char *result, *point;
	const struct view *view;        /* NULL: none was named */
	struct printed_options printed;
	size_t top;
};

enum { OPTION_POINT = 256, OPTION_TOP };

/* clang-format off */
static const struct argp_option options[] = {
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "points with these settings: objects=slub-page,seed=1 (default: the first seed of each combination)", 0 },
	{ "top", OPTION_TOP, "N", 0, "rows of a table for people at most (default 10)", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Where a run bounced.\v"
	"Views: lines (default) after perf c2c, fields after pahole, members, sites,\n"
	"findings, takers, cpus, transfers, locks, paths, orders.\n\n"
	"Several combinations stand side by side; --point chooses among them.\n\n"
	"  bounce report results/remote-free\n"
	"  bounce report remote-free fields --point objects=slub-page\n"
	"  bounce report remote-free sites --format csv > sites.csv";

static void parse_view(const char *word, struct arguments *arguments, struct argp_state *state)
{
	struct nearest nearest = nearest_to(word);
	char all[200];

	arguments->view = view_find(word);
	if (arguments->view)
		return;
	for (const struct view *view = views; view->name; view++)
		nearest_try(&nearest, view->name);
	if (nearest.best)
		argp_error(state, "no view is called '%s'; did you mean '%s'?", word, nearest.best);
	else
		argp_error(state, "no view is called '%s'; there are %s", word,
			   names_of(views, sizeof *views, all, sizeof all));
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->printed;
		return 0;
	case OPTION_POINT:
		arguments->point = word;
		return 0;
	case OPTION_TOP:
		arguments->top = strtoul(word, &end, 10);
		if (!arguments->top || *end || *word == '-')
			argp_error(state, "--top wants a whole number from 1, got '%s'", word);
		return 0;
	case ARGP_KEY_ARG:
		if (!arguments->result)
			arguments->result = word;
		else if (state->arg_num == 1)
			parse_view(word, arguments, state);
		else
			return ARGP_ERR_UNKNOWN;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->result)
			argp_error(state,
				   "which result? A folder, or the name of one below results/");
		if (arguments->top && arguments->printed.format != TABLE_PEOPLE)
			argp_error(state, "--top is of tables; other formats have all rows");
		if (!arguments->top)
			arguments->top = DEFAULT_TOP;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_for_programs(FILE *out, const struct arguments *arguments,
			       const struct points *points, const struct point **chosen,
			       size_t count)
{
	struct table *table = table_new(arguments->view->columns);

	for (size_t i = 0; i < count; i++) {
		char *label = select_label(points, chosen[i]);

		arguments->view->fill(table, chosen[i]->result, label);
		free(label);
	}
	if (arguments->printed.format == TABLE_CSV) {
		fputs("# bounce ", out);
		text_line(out, points->version);
		fputs("\n# experiment ", out);
		text_line(out, points->name);
		fputs(" sha256 ", out);
		text_line(out, points->hash);
		putc('\n', out);
	} else {
		fputs("{\"type\":\"run\",\"experiment\":", out);
		text_json(out, points->name);
		fputs(",\"version\":", out);
		text_json(out, points->version);
		fputs(",\"sha256\":", out);
		text_json(out, points->hash);
		fputs("}\n", out);
	}
	table_print(table, out, arguments->printed.format, arguments->view->type, 0, (struct paper){ 0 });
	if (arguments->printed.format == TABLE_JSONL)
		fprintf(out, "{\"type\":\"end\",\"rows\":%zu}\n", table_rows(table));
	table_free(table);
}

static bool is_native(const struct points *points)
{
	return points->count && points->point[0]->native;
}

/* Of native points there is no view, but for people what was timed. */
static bool is_seen(const struct arguments *arguments, const struct points *points, char *why,
		    size_t size)
{
	char where[160];

	if (!is_native(points) || (!arguments->view && arguments->printed.format == TABLE_PEOPLE))
		return true;
	snprintf(why, size,
		 "on the processors of %s only times are seen: there is no view `%s`; "
		 "`bounce report %s` and its results.csv have the times",
		 point_where(points->point[0], where, sizeof where),
		 arguments->view ? arguments->view->name : views->name, arguments->result);
	return false;
}

static void name_others(FILE *out, const struct points *points, const struct point **chosen,
			size_t count)
{
	fprintf(out, "\nThis is the first of %zu combinations; the others, for --point:\n", count);
	for (size_t i = 1; i < count && i < NAMED_COMBINATIONS; i++) {
		char *label = select_label(points, chosen[i]);

		fputs("  ", out);
		text_shell(out, label);
		putc('\n', out);
		free(label);
	}
	if (count > NAMED_COMBINATIONS)
		fprintf(out, "  and %zu more\n", count - NAMED_COMBINATIONS);
}

/* Its parts come out of files: a line end in one of them is no line end here. */
static void print_heading(FILE *out, const struct points *points, const struct point *point,
			  bool colour)
{
	char *label = select_label(points, point), where[300];

	if (colour)
		terminal_paint(out, PAINT_BOLD);
	text_line(out, points->name);
	fputs("   ", out);
	text_line(out, label);
	fputs("   ", out);
	text_line(out, point_where(point, where, sizeof where));
	fputs("   bounce ", out);
	text_line(out, points->version);
	if (colour)
		terminal_paint(out, PAINT_PLAIN);
	putc('\n', out);
	free(label);
}

static void print_side_by_side(FILE *out, const struct arguments *arguments,
			       const struct points *points, const struct point **chosen,
			       size_t count, const struct view_options *view_options)
{
	bool one_seed = arguments->point && strstr(arguments->point, "seed=");

	if (view_options->paper.colour)
		terminal_paint(out, PAINT_BOLD);
	text_line(out, points->name);
	if (view_options->paper.colour)
		terminal_paint(out, PAINT_PLAIN);
	fprintf(out, "   %zu combinations   ", count);
	text_line(out, chosen[0]->machine);
	fputs("   bounce ", out);
	text_line(out, points->version);
	fputs("\n\n", out);
	overview_print(out, arguments->view, points, arguments->result, chosen, count, one_seed,
		       view_options);
}

static void print_for_people(FILE *out, const struct arguments *arguments,
			     const struct points *points, const struct point **chosen, size_t count)
{
	size_t shown;
	struct view_options view_options = { .top = arguments->top,
					     .wide = arguments->printed.wide,
					     .paper = printed_paper(out, &arguments->printed) };

	if (count > 1 && arguments->view->figures && !is_native(points)) {
		print_side_by_side(out, arguments, points, chosen, count, &view_options);
		return;
	}
	shown = count > SHOWN_COMBINATIONS ? 1 : count;
	for (size_t i = 0; i < shown; i++) {
		fputs(i ? "\n\n" : "", out);
		print_heading(out, points, chosen[i], view_options.paper.colour);
		if (chosen[i]->native)
			view_times(out, chosen[i]->result, &view_options);
		else
			view_headline(out, chosen[i]->result);
		if (point_value(chosen[i], PARTNERS_KEY))
			fprintf(out, "workload partners: %s\n",
				point_value(chosen[i], PARTNERS_KEY));
		if (chosen[i]->mixed)
			fprintf(out, "mixed: %s and %s are of different kernels\n",
				chosen[i]->objects, chosen[i]->pages);
		for (size_t r = 0; r < chosen[i]->remarks; r++)
			fprintf(out, "%s\n", chosen[i]->remark[r]);
		if (chosen[i]->native)
			continue;
		putc('\n', out);
		arguments->view->people(out, chosen[i]->result, &view_options);
	}
	if (shown < count)
		name_others(out, points, chosen, count);
}

int cli_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "RESULT [VIEW]",
		.doc = help,
		.children = printed_options,
	};
	struct arguments arguments = { .view = NULL };
	struct points points;
	struct json_document document;
	const struct point **chosen;
	size_t count;
	char folder[4096], why[1024], cure[400];
	int status = EXIT_MISTAKE;

	options_parse(&argp, argc, argv, "bounce report", &arguments);
	if (!points_load(select_folder(arguments.result, folder, sizeof folder), &points, why,
			 sizeof why)) {
		complain("bounce report: %s%s", why,
			 select_cure(arguments.result, cure, sizeof cure));
		return EXIT_MISTAKE;
	}
	if (is_seen(&arguments, &points, why, sizeof why) &&
	    select_points(&points, arguments.point, &chosen, &count, why, sizeof why)) {
		arguments.view = arguments.view ? arguments.view : views;
		document_begin(&document, &arguments.printed.format);
		if (arguments.printed.format == TABLE_PEOPLE)
			print_for_people(stdout, &arguments, &points, chosen, count);
		else
			print_for_programs(stdout, &arguments, &points, chosen, count);
		document_end(&document);
		free(chosen);
		status = EXIT_DONE;
	} else {
		complain("bounce report: %s", why);
	}
	points_free(&points);
	return status;
}
