/*
 * bounce list: what there is, from the registries and tables.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/document.h"
#include "cli/options.h"
#include "cli/table.h"
#include "experiment/diagnostic.h"
#include "experiment/keys.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/schema.h"
#include "experiment/shipped.h"
#include "models/model.h"
#include "sim/machine.h"
#include "sim/protocol.h"
#include "workloads/workload.h"

/* One thing that can be listed: its columns, and what fills them. */
struct listing {
	const char *name;
	const struct column *columns;
	void (*fill)(struct table *table);
};

static const struct column models_columns[] = {
	{ "model", "model", true },
	{ "kind", "kind", true },
	{ "of", "version", true },
	{ "year", "year", true },
	{ "what it is", "summary", true },
	{ "variants", "variants", true },
	{ NULL, NULL, false },
};

/* The words of the setting `variant`, if there is one. */
static void add_variants(struct table *table, const struct setting *settings)
{
	char text[200] = "";
	size_t at = 0;

	while (settings && settings->key && strcmp(settings->key, "variant"))
		settings++;
	for (size_t i = 0; settings && settings->words && settings->words[i]; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "",
				       settings->words[i]);
	table_text(table, "%s", text);
}

static void fill_models(struct table *table)
{
	for (size_t i = 0; object_allocators[i]; i++) {
		const struct object_allocator *model = object_allocators[i];

		table_text(table, "%s", model->name);
		table_text(table, "objects");
		table_text(table, "%s", model->version ? model->version : "");
		if (model->year)
			table_text(table, "%u", model->year);
		else
			table_text(table, "%s", "");
		table_text(table, "%s", model->summary);
		add_variants(table, model->settings);
	}
	for (size_t i = 0; page_allocators[i]; i++) {
		table_text(table, "%s", page_allocators[i]->name);
		table_text(table, "pages");
		table_text(table, "%s", page_allocators[i]->version);
		table_text(table, "%u", page_allocators[i]->year);
		table_text(table, "%s", page_allocators[i]->summary);
		add_variants(table, page_allocators[i]->settings);
	}
}

static const struct column workloads_columns[] = {
	{ "workload", "workload", true },
	{ "what it does", "summary", true },
	{ NULL, NULL, false },
};

static void fill_workloads(struct table *table)
{
	for (size_t i = 0; workloads[i]; i++) {
		table_text(table, "%s", workloads[i]->name);
		table_text(table, "%s", workloads[i]->summary);
	}
}

static const struct column machines_columns[] = {
	{ "machine", "machine", true },
	{ "cores", "cores", false },
	{ "what it is", "title", true },
	{ NULL, NULL, false },
};

static void fill_machines(struct table *table)
{
	size_t count;
	char **names = machine_names(&count);

	for (size_t i = 0; i < count; i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		struct machine machine;

		if (machine_load(names[i], diagnostics, &machine)) {
			table_text(table, "%s", names[i]);
			table_count(table, machine_cores(&machine));
			table_text(table, "%s", machine.title);
		} else {
			diagnostics_print(diagnostics, stderr, false);
		}
		diagnostics_free(diagnostics);
	}
	machine_names_free(names, count);
}

static const struct column protocols_columns[] = {
	{ "protocol", "protocol", true }, { "what it is", "summary", true }, { NULL, NULL, false },
};

static void fill_protocols(struct table *table)
{
	for (size_t i = 0; protocols[i]; i++) {
		table_text(table, "%s", protocols[i]->name);
		table_text(table, "%s", protocols[i]->summary);
	}
}

static const struct column metrics_columns[] = {
	{ "metric", "metric", true },
	{ "unit", "unit", true },
	{ "what it counts", "help", true },
	{ NULL, NULL, false },
};

static void fill_metrics(struct table *table)
{
	for (const struct metric *metric = metrics; metric->name; metric++) {
		table_text(table, "%s", metric->name);
		table_text(table, "%s", metric->unit);
		table_text(table, "%s", metric->help);
	}
}

static const struct column keys_columns[] = {
	{ "key", "key", true },		  { "value", "value", true }, { "sweep", "sweep", true },
	{ "what it says", "help", true }, { NULL, NULL, false },
};

static void add_keys(struct table *table, const struct setting *settings, const char *path)
{
	char full[SETTING_PATH_BYTES], value[1024];

	for (; settings && settings->key; settings++) {
		schema_join(full, path, settings->key);
		if (settings->kind == SETTING_SECTION) {
			add_keys(table, settings->section, full);
			continue;
		}

		schema_describe(settings, value, sizeof value);
		table_text(table, "%s", full);
		table_text(table, "%s", value);
		table_text(table, "%s", settings->fixed || schema_is_list(settings) ? "no" : "yes");
		table_text(table, "%s", settings->help);
	}
}

static void fill_keys(struct table *table)
{
	struct keys *keys = keys_new();

	add_keys(table, keys_table(keys), "");
	for (size_t i = 0; workloads[i]; i++) {
		char path[SETTING_PATH_BYTES];

		snprintf(path, sizeof path, "workload(%s)", workloads[i]->name);
		add_keys(table, workloads[i]->settings, path);
	}
	for (size_t i = 0; object_allocators[i]; i++)
		add_keys(table, object_allocators[i]->settings, object_allocators[i]->name);
	for (size_t i = 0; page_allocators[i]; i++)
		add_keys(table, page_allocators[i]->settings, page_allocators[i]->name);
	add_keys(table, machine_settings, "machine");
	keys_free(keys);
}

static const struct column experiments_columns[] = {
	{ "experiment", "experiment", true },
	{ "on two cores", "takes", true },
	{ "what it asks", "title", true },
	{ NULL, NULL, false },
};

static void fill_experiments(struct table *table)
{
	size_t count;
	struct shipped *all = shipped_experiments(&count);

	for (size_t i = 0; i < count; i++) {
		table_text(table, "%s", all[i].name);
		table_text(table, "%s", all[i].takes);
		table_text(table, "%s", all[i].title);
	}
	shipped_free(all, count);
}

static const struct listing listings[] = {
	{ "experiments", experiments_columns, fill_experiments },
	{ "models", models_columns, fill_models },
	{ "workloads", workloads_columns, fill_workloads },
	{ "machines", machines_columns, fill_machines },
	{ "protocols", protocols_columns, fill_protocols },
	{ "metrics", metrics_columns, fill_metrics },
	{ "keys", keys_columns, fill_keys },
	{ 0 },
};

/* ---- arguments --------------------------------------------------------------------------- */

struct arguments {
	const struct listing *listing;
	struct printed_options printed;
};

static const char help[] =
	"Lists what there is: experiments, models, workloads, machines, protocols, metrics or keys.\v"
	"Examples:\n\n"
	"  bounce list experiments\n"
	"  bounce list models\n"
	"  bounce list keys\n"
	"  bounce list metrics --format jsonl";

static const struct listing *find_listing(const char *word, struct argp_state *state)
{
	struct nearest nearest = nearest_to(word);
	char all[200];

	for (const struct listing *listing = listings; listing->name; listing++) {
		if (!strcmp(listing->name, word))
			return listing;
		nearest_try(&nearest, listing->name);
	}
	if (nearest.best)
		argp_error(state, "nothing to list is called '%s'; did you mean '%s'?", word,
			   nearest.best);
	argp_error(state, "nothing to list is called '%s'; there are %s", word,
		   names_of(listings, sizeof *listings, all, sizeof all));
	return NULL;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char all[200];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->printed;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->listing)
			argp_error(state, "one thing at a time");
		arguments->listing = find_listing(word, state);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->listing)
			argp_error(state, "what? One of: %s",
				   names_of(listings, sizeof *listings, all, sizeof all));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cli_list(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "WHAT", help, printed_options, NULL, NULL };
	struct arguments arguments = { 0 };

	options_parse(&argp, argc, argv, "bounce list", &arguments);

	struct table *table = table_new(arguments.listing->columns);
	struct json_document document;

	document_begin(&document, &arguments.printed.format);
	arguments.listing->fill(table);
	table_print(table, stdout, arguments.printed.format, arguments.listing->name, 0,
		    printed_paper(stdout, &arguments.printed));
	document_end(&document);
	table_free(table);
	return EXIT_DONE;
}
