/*
 * bounce explain: everything that goes by a word, from the same tables that run, check and list
 * use. Definitions to the letter, with examples by hand, are in docs/model.md, and words of tables
 * and messages in docs/words.md: they are shown from there where the word has a heading.
 */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/views.h"
#include "experiment/data.h"
#include "experiment/diagnostic.h"
#include "experiment/file.h"
#include "experiment/keys.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/figure.h"
#include "experiment/plugin.h"
#include "experiment/schema.h"
#include "experiment/shipped.h"
#include "experiment/text.h"
#include "explored/explored.h"
#include "models/model.h"
#include "sim/machine.h"
#include "sim/protocol.h"
#include "sim/verbs/xalloc.h"
#include "workloads/workload.h"

struct search {
	const char *word;
	struct nearest nearest;
	size_t found;
};

/* Capitals do not matter, nor do '-', '_' and blanks between words. */
static bool same_letter(char a, char b)
{
	static const char between[] = "-_ ";

	if (a && b && strchr(between, a) && strchr(between, b))
		return true;
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static bool same_word(const char *word, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!same_letter(word[i], name[i]))
			return false;
	}
	return !word[length];
}

static void begin_text(struct search *search)
{
	fputs(search->found++ ? "\n" : "", stdout);
}

static bool matches(struct search *search, const char *name)
{
	if (same_word(search->word, name, strlen(name))) {
		begin_text(search);
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

/* A word that a key can have as its value. */
static void search_words(struct search *search, const struct setting *setting, const char *path)
{
	static const char *const registries[] = { "objects", "pages", "workload", "plots" };

	/* what stands there is explained as what it is */
	for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
		if (!strcmp(path, registries[i]))
			return;
	}
	for (size_t i = 0; setting->words && setting->words[i]; i++) {
		if (matches(search, setting->words[i]))
			printf("word %s: a value of %s: %s\n", setting->words[i], path,
			       setting->help);
	}
}

/* Is the word the path or an end of it? Of machine.l1d.kib these are l1d.kib and kib. */
static bool matches_end(struct search *search, const char *path)
{
	while (!matches(search, path)) {
		path = strchr(path, '.');
		if (!path)
			return false;
		path++;
	}
	return true;
}

/*
 * A key answers to its whole path and the ends of it, and to the name that `list keys` gives it,
 * which begins with `listed`.
 */
static void search_settings(struct search *search, const struct setting *table, const char *path,
			    const char *listed)
{
	char full[SETTING_PATH_BYTES], name[SETTING_PATH_BYTES];

	for (; table && table->key; table++) {
		schema_join(full, path, table->key);
		schema_join(name, listed, table->key);
		if (matches_end(search, full) || (strcmp(full, name) && matches(search, name)))
			explain_setting(table, full);
		search_words(search, table, full);
		if (table->kind == SETTING_SECTION)
			search_settings(search, table->section, full, name);
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
	char listed[SETTING_PATH_BYTES];

	search_settings(search, keys_table(keys), "", "");
	for (size_t i = 0; workloads[i]; i++) {
		snprintf(listed, sizeof listed, "workload(%s)", workloads[i]->name);
		search_settings(search, workloads[i]->settings, "workload", listed);
	}
	for (size_t i = 0; object_allocators[i]; i++)
		search_settings(search, object_allocators[i]->settings, object_allocators[i]->name,
				object_allocators[i]->name);
	for (size_t i = 0; page_allocators[i]; i++)
		search_settings(search, page_allocators[i]->settings, page_allocators[i]->name,
				page_allocators[i]->name);
	search_settings(search, machine_settings, "machine", "machine");
	keys_free(keys);
}

/* ---- names ------------------------------------------------------------------------------- */

static void print_view(const struct page_view *view)
{
	if (view)
		printf("struct page: %s, %u bytes\n", view->name, view->size);
}

/* What it follows, and what that brought. */
static void print_version(const struct object_allocator *model)
{
	if (model->version)
		printf("of %s, %u\n", model->version, model->year);
	if (model->brings)
		printf("new in it: %s\n", model->brings);
}

/* Each variant by its word of the setting, with its own idea. */
static void print_variants(const struct object_allocator *model)
{
	const struct setting *setting = model->settings;

	if (!model->variants)
		return;
	while (setting->key && strcmp(setting->key, "variant"))
		setting++;
	for (size_t i = 0; model->variants[i]; i++) {
		const struct object_allocator *variant = model->variants[i];

		printf("variant %s: %s\n", setting->words[i], variant->summary);
		if (variant != model && variant->brings)
			printf("  new in it: %s\n", variant->brings);
	}
}

static void search_models(struct search *search)
{
	for (size_t i = 0; object_allocators[i]; i++) {
		const struct object_allocator *model = object_allocators[i];

		if (!matches(search, model->name))
			continue;
		printf("model %s (objects): %s\n", model->name, model->summary);
		print_version(model);
		print_variants(model);
		print_view(model->view);
		print_settings(model->settings, model->name);
	}
	for (size_t i = 0; page_allocators[i]; i++) {
		const struct page_allocator *model = page_allocators[i];
		void *settings;

		if (!matches(search, model->name))
			continue;
		printf("model %s (pages): %s\n", model->name, model->summary);
		printf("of %s, %u\nnew in it: %s\n", model->version, model->year, model->brings);
		settings = xalloc(model->settings_size);
		print_view(model->view(settings));      /* as nobody changed them */
		free(settings);
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

static void search_views(struct search *search)
{
	for (const struct view *view = views; view->name; view++) {
		if (matches(search, view->name))
			printf("view %s: %s\n", view->name, view->summary);
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

/* The comment that a shipped experiment begins with. */
static void print_experiment(const struct shipped *shipped)
{
	char path[4096];
	size_t length;
	const char *file = shipped_path(shipped->name, path, sizeof path);
	char *text = file_read(file, 1 << 20, &length), *rest = text, *line;

	if (!text)
		return;
	printf("experiment %s, from %s:\n\n", shipped->name, file);
	while ((line = strsep(&rest, "\n")) && *line == '#')
		printf("%s\n", line + 1 + (line[1] == ' '));
	printf("%stitle: ", line == text ? "" : "\n");
	text_line(stdout, shipped->title);
	putchar('\n');
	free(text);
}

static void search_experiments(struct search *search)
{
	size_t count;
	struct shipped *all = shipped_experiments(&count);

	for (size_t i = 0; i < count; i++)
		if (matches(search, all[i].name))
			print_experiment(&all[i]);
	shipped_free(all, count);
}

/* Faults that the key `plant` names. */
static void search_faults(struct search *search)
{
	for (const struct plant *p = backend_explored.explorer->plants; p->name; p++) {
		if (matches(search, p->name))
			printf("planted fault %s, of %s: %s\n  for 'bounce explore FILE --set plant=%s' to find\n",
			       p->name, p->models, p->summary, p->name);
	}
	for (int fault = FAULT_NONE + 1; fault < PROTOCOL_FAULTS; fault++) {
		const struct protocol_fault_name *f = &protocol_faults[fault];

		if (matches(search, f->name))
			printf("planted fault %s, of the protocol: %s\n  for 'bounce run FILE --set plant=%s' to find\n",
			       f->name, f->summary, f->name);
	}
}

/* How an allocator of one's own is built, and run. */
static void search_own(struct search *search)
{
	char command[4400];

	if (!matches(search, "model") && !matches(search, "plug-in"))
		return;
	printf("An allocator of your own is one C file that includes models/allocator.h. Build it with\n\n"
	       "  %s\n\nand run it beside others, in any experiment that allocates objects:\n\n"
	       "  bounce run FILE --model ./mine.so\n"
	       "  bounce explore FILE --model ./mine.so\n\n"
	       "labs/toy.c is one of 119 lines; docs/own.md says what it is checked for.\n",
	       plugin_command(command, sizeof command));
}

/* ---- definitions ------------------------------------------------------------------------- */

static size_t heading_level(const char *line)
{
	size_t level = strspn(line, "#");

	return level && line[level] == ' ' ? level : 0;
}

/* The text of a heading, without marks; in `buf`. "### `cycles_busy`, waiting\n" */
static const char *heading_text(const char *line, char *buf, size_t size)
{
	size_t used = 0;

	for (line += heading_level(line); *line && *line != '\n' && used + 1 < size; line++) {
		if (*line != '`' && (*line != ' ' || used))
			buf[used++] = *line;
	}
	buf[used] = '\0';
	return buf;
}

/* "member, members" is a heading of either, and of the whole: "cycles, mean" is one title. */
static bool is_heading_of(struct search *search, const char *heading)
{
	bool found = same_word(search->word, heading, strlen(heading));
	char part[128];

	for (const char *at = heading; !found && *at; at += strspn(at, ", ")) {
		size_t length = strcspn(at, ",");

		snprintf(part, sizeof part, "%.*s", (int)length, at);
		found = same_word(search->word, part, strlen(part));
		nearest_try(&search->nearest, part);
		at += length;
	}
	return found;
}

/* Marks of Markdown that only a renderer needs. */
static void print_markdown(const char *line)
{
	line += heading_level(line) ? heading_level(line) + 1 : 0;
	for (; *line && *line != '\n'; line++) {
		if (*line != '`')
			putchar(*line);
	}
	putchar('\n');
}

/* The parts of a page below headings that are the word. */
static void search_page(struct search *search, const char *page)
{
	char path[4096], heading[128], file[64];
	size_t length, level = 0;

	/* in the source tree; else installed, from share/bounce */
	snprintf(file, sizeof file, "docs/%s", page);

	bool found = data_file(file, path, sizeof path);

	snprintf(file, sizeof file, "../doc/bounce/%s", page);
	found = found || data_file(file, path, sizeof path);

	char *text = found ? file_read(path, 1 << 22, &length) : NULL;

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t here = heading_level(line);

		if (level && here && here <= level)
			level = 0;
		if (!level && here > 1 &&
		    is_heading_of(search, heading_text(line, heading, sizeof heading))) {
			level = here;
			begin_text(search);
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
	"  bounce explain mesi\n"
	"  bounce explain false sharing";

/* Several arguments are one heading: bounce explain false sharing. */
static error_t parse(int key, char *word, struct argp_state *state)
{
	char **wanted = state->input, *joined = NULL;

	if (key == ARGP_KEY_ARG) {
		if (asprintf(&joined, "%s%s%s", *wanted ? *wanted : "", *wanted ? " " : "", word) < 0)
			xalloc_failed(strlen(word));
		free(*wanted);
		*wanted = joined;
		return 0;
	}
	if (key == ARGP_KEY_END && !*wanted)
		argp_error(state, "which word?");
	return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

/* false: told. */
static bool tell_unknown(const struct search *search)
{
	if (search->found)
		return true;
	if (verb_find(search->word))
		complain("bounce: '%s' is a verb; 'bounce help %s' says what it does", search->word,
			 search->word);
	else if (search->nearest.best)
		complain("bounce: nothing is called '%s'; did you mean '%s'?", search->word,
			 search->nearest.best);
	else
		complain(
			"bounce: nothing is called '%s'; 'bounce list keys' and 'bounce list metrics' show words, docs/words.md those of tables",
			search->word);
	return false;
}

int cli_explain(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "WORD...", help, NULL, NULL, NULL };
	char *word = NULL;

	options_parse(&argp, argc, argv, "bounce explain", &word);

	struct search search = { .word = word, .nearest = nearest_to(word) };

	search_metrics(&search);
	search_keys(&search);
	search_models(&search);
	search_workloads(&search);
	search_protocols(&search);
	search_faults(&search);
	search_own(&search);
	search_machines(&search);
	search_experiments(&search);
	search_figures(&search);
	search_views(&search);
	search_page(&search, "model.md");
	search_page(&search, "words.md");

	bool known = tell_unknown(&search);

	free(word);
	return known ? EXIT_DONE : EXIT_MISTAKE;
}
