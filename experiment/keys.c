/*
 * The keys of an experiment's top level. The words that name models, workloads and figures come
 * from their registries, so the table is put together when it is asked for.
 */
#include "experiment/keys.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/experiment.h"
#include "experiment/figure.h"
#include "explored/explored.h"
#include "sim/protocol.h"
#include "sim/verbs/xalloc.h"

enum { WORDS_MAX = 64 };

struct keys {
	struct setting setting[32];
	const char *objects[WORDS_MAX], *pages[WORDS_MAX], *workloads[WORDS_MAX], *plots[WORDS_MAX];
	const char *models[WORDS_MAX], *plants[WORDS_MAX];
};

/* clang-format off */
static const char *const placement_words[] = {
	"compact", "scatter", "apart-1", "apart-2", "apart-3", "apart-4",
	"pairs-apart-1", "pairs-apart-2", "pairs-apart-3", "pairs-apart-4", NULL
};
static const char *const scale_words[] = { "none", "sockets", NULL };
static const char *const preempt_words[] = { "auto", "true", "false", NULL };
static const char *const struct_page_words[] = { "auto", "packed-56", "aligned-64", NULL };

static const struct setting top_level[] = {
	SETTING(struct settings, name, NAME, .fixed = true,
		.help = "short name; results go to results/NAME"),
	SETTING(struct settings, title, NAME, .fixed = true, .fallback = "",
		.help = "what it shows, in one line"),
	SETTING(struct settings, machine, NAME,
		.help = "a machine by name, or {base: NAME, key: value ...} to change some keys"),
	SETTING(struct settings, placement, WORD, .words = placement_words, .fallback = "compact",
		.help = "cores of the CPUs: in order; round-robin over sockets and dies; core 0 and those at the 1st to 4th of the machine's distances; CPUs that work with each other that far apart; or listed"),
	SETTING(struct settings, cpus, COUNT, .min = 1, .max = MACHINE_CORES_MAX,
		.help = "simulated CPUs"),
	SETTING(struct settings, scale, WORD, .words = scale_words,
		.fallback = "none", .fixed = true,
		.help = "sockets: more CPUs than cores get more sockets of the same kind"),
	SETTING(struct settings, objects, WORD, .fallback = "none", .help = "object allocator"),
	SETTING(struct settings, pages, WORD, .fallback = "auto",
		.help = "page allocator below it; auto: that of the object allocator's time"),
	SETTING(struct settings, workload, NAME,
		.help = "the traffic: {kind: NAME, key: value ...}"),
	SETTING(struct settings, operations, COUNT, .min = 1, .max = 1e12, .fallback = "-",
		.help = "allocations and frees that are measured; some workloads decide themselves"),
	SETTING(struct settings, warmup, COUNT, .min = 0, .max = 1e12, .fallback = "0",
		.help = "operations before the measured ones"),
	SETTING(struct settings, repeat, COUNT, .min = 1, .max = 10000,
		.fallback = "1", .fixed = true,
		.help = "runs of each combination, with seeds seed, seed + 1, ..."),
	SETTING(struct settings, seed, COUNT, .min = 0, .max = 1e15, .fallback = "1", .fixed = true,
		.help = "of the first run"),
	SETTING(struct settings, plots, WORDLIST, .fixed = true, .fallback = "[]",
		.help = "figures to draw"),
	SETTING(struct settings, memory_mib, COUNT, .min = 1, .max = 65536,
		.fallback = "16384", .unit = "MiB",
		.help = "simulated memory that the page allocator manages; only what is used costs anything"),
	SETTING(struct settings, struct_page, WORD, .words = struct_page_words, .fallback = "auto",
		.help = "bytes from one page struct to the next: auto is that of the era"),
	SETTING(struct settings, preempt, WORD, .words = preempt_words, .fallback = "auto",
		.help = "a kernel that counts preemption (CONFIG_PREEMPT); auto: from 7.0, by the models"),
	SETTING(struct settings, second_cycles, COUNT, .min = 10000, .max = 1e12,
		.fallback = "10_000_000", .unit = "cycles",
		.help = "a second of the kernel, from which its periods come: counters are folded and page lists aged once a second on each CPU; shorter runs see none of it"),
	SETTING(struct settings, interrupts, SECTION, .section = interrupts_settings, .fallback = "",
		.help = "devices beside the workload, whose handlers allocate and free: {every: CYCLES, key: value ...}"),
	SETTING(struct settings, jitter_cycles, COUNT, .min = 0, .max = 1e9,
		.fallback = "1000", .unit = "cycles",
		.help = "each CPU starts up to that much later, by seed"),
	SETTING(struct settings, max_cycles, COUNT, .min = 1, .max = 1e17,
		.fallback = "1_000_000_000_000", .unit = "cycles",
		.help = "a run that lasts longer is stopped as not ending"),
	SETTING(struct settings, run_ahead, SWITCH, .fallback = "true", .fixed = true,
		.help = "shortcut of the engine; off, it takes longer and gives the same"),
	SETTING(struct settings, parking, SWITCH, .fallback = "true", .fixed = true,
		.help = "shortcut of the engine; off, it takes longer and gives the same"),
	SETTING(struct settings, expect, SECTION, .section = expect_settings, .fallback = "-",
		.help = "what results should be: a list of {metric: NAME, of: {KEY: VALUE}, below | above | equals: NUMBER or {KEY: VALUE}, ...}; 'run' ends with status 3 where one does not hold"),
	SETTING(struct settings, lab, SECTION, .section = lab_settings, .fallback = "-",
		.help = "a question to whoever runs it with 'bounce lab', and its answer: {ask: TEXT, answer: {metric: NAME, value: NUMBER, why: TEXT}, ...}"),
	SETTING(struct settings, explore, SECTION,
		.help = "which schedules 'bounce explore' runs"),
	SETTING(struct settings, plant, WORD, .fallback = "none", .fixed = true,
		.help = "a planted fault: of the protocol, for 'bounce run' to find, or of the models, for 'bounce explore'"),
	{ 0 },
};
/* clang-format on */

static struct setting *setting_of(struct keys *keys, const char *key)
{
	struct setting *setting = keys->setting;

	while (strcmp(setting->key, key))
		setting++;
	return setting;
}

static void add_word(const char **words, const char *word)
{
	size_t count = 0;

	while (words[count])
		count++;
	if (count + 1 < WORDS_MAX)
		words[count] = word;
}

struct keys *keys_new(void)
{
	struct keys *keys = xalloc(sizeof *keys);

	_Static_assert(sizeof top_level <= sizeof keys->setting, "struct keys is too small");
	memcpy(keys->setting, top_level, sizeof top_level);
	add_word(keys->objects, "none");
	for (size_t i = 0; object_allocators[i]; i++) {
		add_word(keys->objects, object_allocators[i]->name);
		add_word(keys->models, object_allocators[i]->name);
	}
	add_word(keys->pages, "auto");
	for (size_t i = 0; page_allocators[i]; i++) {
		add_word(keys->pages, page_allocators[i]->name);
		add_word(keys->models, page_allocators[i]->name);
	}
	for (size_t i = 0; workloads[i]; i++)
		add_word(keys->workloads, workloads[i]->name);
	for (const struct figure *figure = figures; figure->name; figure++)
		add_word(keys->plots, figure->name);
	add_word(keys->plants, "none");
	for (const struct plant *plant = backend_explored.explorer->plants; plant->name; plant++)
		add_word(keys->plants, plant->name);
	for (int fault = FAULT_NONE + 1; fault < PROTOCOL_FAULTS; fault++)
		add_word(keys->plants, protocol_faults[fault].name);
	setting_of(keys, "plant")->words = keys->plants;
	setting_of(keys, "explore")->section = backend_explored.explorer->settings;
	setting_of(keys, "objects")->words = keys->objects;
	setting_of(keys, "pages")->words = keys->pages;
	setting_of(keys, "workload")->words = keys->workloads;
	setting_of(keys, "plots")->words = keys->plots;
	return keys;
}

void keys_free(struct keys *keys)
{
	free(keys);
}

const struct setting *keys_table(const struct keys *keys)
{
	return keys->setting;
}

const char *const *keys_models(const struct keys *keys)
{
	return keys->models;
}

const char *const *keys_workloads(const struct keys *keys)
{
	return keys->workloads;
}

static int model_faults(void)
{
	int count = 0;

	while (backend_explored.explorer->plants[count].name)
		count++;
	return count;
}

const struct plant *keys_model_fault(int plant)
{
	return plant > 0 && plant <= model_faults() ? &backend_explored.explorer->plants[plant - 1]
						     : NULL;
}

int keys_protocol_fault(int plant)
{
	return plant > model_faults() ? plant - model_faults() : FAULT_NONE;
}
