/*
 * bounce explain: everything that goes by a word, from the same tables that run, check and list
 * use. Definitions to the letter, with examples by hand, are in docs/model.md, and are shown from
 * there where the word has a heading.
 */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "experiment/data.h"
#include "experiment/diagnostic.h"
#include "experiment/file.h"
#include "experiment/keys.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/plots.h"
#include "experiment/schema.h"
#include "models/model.h"
#include "sim/machine.h"
#include "sim/protocol.h"
#include "workloads/workload.h"

struct search {
	const char *word;
	struct nearest nearest;
	size_t found;
};

static bool matches(struct search *search, const char *name)
{
	if (!strcmp(search->word, name)) {
		fputs(search->found++ ? "\n" : "", stdout);
		return true;
	}
	nearest_try(&search->nearest, name);
	return false;
}

/* ---- keys -------------------------------------------------------------------------------- */

static void explain_setting(const struct setting *setting, const char *path)
{
	char text[1024];

	schema_describe(setting, text, sizeof text);
	printf("key %s: %s\n  %s\n", path, setting->help, text);
	if (!schema_is_list(setting) && setting->kind != SETTING_SECTION)
		printf("  %s\n", setting->fixed ? "one value only" : "a list of values is swept");
	if (setting->kind == SETTING_SECTION) {
		printf("  keys:");
		for (const struct setting *inner = setting->section; inner->key; inner++)
			printf(" %s", inner->key);
		printf("\n");
	}
}

/* A key answers to its whole path, and to its last word. */
static void search_settings(struct search *search, const struct setting *table, const char *path)
{
	char full[SETTING_PATH_BYTES];

	for (; table && table->key; table++) {
		schema_join(full, path, table->key);
		if (matches(search, full) || (*path && matches(search, table->key)))
			explain_setting(table, full);
		if (table->kind == SETTING_SECTION)
			search_settings(search, table->section, full);
	}
}

static void print_settings(const struct setting *table, const char *path)
{
	char full[SETTING_PATH_BYTES], text[1024];

	for (; table && table->key; table++) {
		schema_join(full, path, table->key);
		schema_describe(table, text, sizeof text);
		printf("  %s: %s\n      %s\n", full, table->help, text);
	}
}

static void search_keys(struct search *search)
{
	struct keys *keys = keys_new();

	search_settings(search, keys_table(keys), "");
	for (size_t i = 0; workloads[i]; i++)
		search_settings(search, workloads[i]->settings, "workload");
	for (size_t i = 0; object_allocators[i]; i++)
		search_settings(search, object_allocators[i]->settings, object_allocators[i]->name);
	for (size_t i = 0; page_allocators[i]; i++)
		search_settings(search, page_allocators[i]->settings, page_allocators[i]->name);
	search_settings(search, machine_settings, "machine");
	keys_free(keys);
}

/* ---- names ------------------------------------------------------------------------------- */

static void print_view(const struct page_view *view)
{
	if (view)
		printf("struct page: %s, %u bytes\n", view->name, view->size);
}

static void search_models(struct search *search)
{
	for (size_t i = 0; object_allocators[i]; i++) {
		const struct object_allocator *model = object_allocators[i];

		if (!matches(search, model->name))
			continue;
		printf("model %s (objects): %s\n", model->name, model->summary);
		print_view(model->view);
		print_settings(model->settings, model->name);
	}
	for (size_t i = 0; page_allocators[i]; i++) {
		const struct page_allocator *model = page_allocators[i];

		if (!matches(search, model->name))
			continue;
		printf("model %s (pages): %s\n", model->name, model->summary);
		print_view(model->view);
		print_settings(model->settings, model->name);
	}
}

static void search_workloads(struct search *search)
{
	for (size_t i = 0; workloads[i]; i++) {
		if (!matches(search, workloads[i]->name))
			continue;
		printf("workload %s: %s\n%s\n", workloads[i]->name, workloads[i]->summary,
		       workloads[i]->needs_objects ? "takes objects from an allocator"
						   : "runs without an allocator");
		print_settings(workloads[i]->settings, "workload");
	}
}

static void search_metrics(struct search *search)
{
	for (const struct metric *metric = metrics; metric->name; metric++) {
		if (matches(search, metric->name))
			printf("metric %s%s%s%s: %s\n", metric->name, *metric->unit ? " (" : "",
			       metric->unit, *metric->unit ? ")" : "", metric->help);
	}
}

static void search_protocols(struct search *search)
{
	for (size_t i = 0; protocols[i]; i++) {
		if (matches(search, protocols[i]->name))
			protocol_print(stdout, protocols[i]);
	}
}

static void search_figures(struct search *search)
{
	for (const struct figure *figure = figures; figure->name; figure++) {
		if (matches(search, figure->name))
			printf("figure %s: %s\n", figure->name, figure->summary);
	}
}

static void print_machine_file(const char *name)
{
	char file[256], path[4096];
	size_t length;

	snprintf(file, sizeof file, "configs/machines/%s.yaml", name);

	char *text = data_file(file, path, sizeof path) ? file_read(path, 1 << 20, &length) : NULL;

	if (text)
		printf("machine %s, from %s:\n\n%s", name, path, text);
	free(text);
}

static void search_machines(struct search *search)
{
	size_t count;
	char **names = machine_names(&count);

	for (size_t i = 0; i < count; i++) {
		if (matches(search, names[i]))
			print_machine_file(names[i]);
	}
	machine_names_free(names, count);
}

/* ---- definitions ------------------------------------------------------------------------- */

static size_t heading_level(const char *line)
{
	size_t level = strspn(line, "#");

	return level && line[level] == ' ' ? level : 0;
}

/* "## Bounce" and "### `cycles_busy`, waiting" are headings of bounce and cycles_busy. */
static bool is_heading_of(const char *line, const char *word)
{
	size_t length = strlen(word);

	line += heading_level(line);
	while (*line == ' ' || *line == '`')
		line++;
	return !strncasecmp(line, word, length) && !isalnum((unsigned char)line[length]) &&
	       line[length] != '_';
}

/* Marks of Markdown that only a renderer needs. */
static void print_markdown(const char *line)
{
	for (line += heading_level(line); *line && *line != '\n'; line++) {
		if (*line != '`')
			putchar(*line);
	}
	putchar('\n');
}

/* The part of docs/model.md below the heading that begins with the word. */
static void search_definitions(struct search *search)
{
	char path[4096];
	size_t length, level = 0;
	/* in the source tree; else installed, from share/bounce */
	bool found = data_file("docs/model.md", path, sizeof path) ||
		     data_file("../doc/bounce/model.md", path, sizeof path);
	char *text = found ? file_read(path, 1 << 22, &length) : NULL;

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t here = heading_level(line);

		if (level && here && here <= level)
			break;
		if (!level && here && is_heading_of(line, search->word)) {
			level = here;
			fputs(search->found++ ? "\n" : "", stdout);
		}
		if (level)
			print_markdown(line);
	}
	free(text);
}

/* ---- the verb ---------------------------------------------------------------------------- */

static const char help[] =
	"Says what a key, metric, model, workload, protocol, machine or figure is; for a protocol, its "
	"table.\v"
	"Examples:\n\n"
	"  bounce explain bounces\n"
	"  bounce explain workload.object_size\n"
	"  bounce explain mesi";

static error_t parse(int key, char *word, struct argp_state *state)
{
	const char **wanted = state->input;

	if (key == ARGP_KEY_ARG) {
		if (*wanted)
			argp_error(state, "one word at a time");
		*wanted = word;
		return 0;
	}
	if (key == ARGP_KEY_END && !*wanted)
		argp_error(state, "which word?");
	return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

int cli_explain(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "WORD", help, NULL, NULL, NULL };
	const char *word = NULL;

	options_parse(&argp, argc, argv, "bounce explain", &word);

	struct search search = { .word = word, .nearest = nearest_to(word) };

	search_metrics(&search);
	search_keys(&search);
	search_models(&search);
	search_workloads(&search);
	search_protocols(&search);
	search_machines(&search);
	search_figures(&search);
	search_definitions(&search);
	if (search.found)
		return EXIT_DONE;
	if (search.nearest.best)
		fprintf(stderr, "bounce: nothing is called '%s'; did you mean '%s'?\n", word,
			search.nearest.best);
	else
		fprintf(stderr,
			"bounce: nothing is called '%s'; 'bounce list keys' and 'bounce list metrics' show words\n",
			word);
	return EXIT_MISTAKE;
}
