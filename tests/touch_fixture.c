/* See touch_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"
#include "tests/touch_fixture.h"
#include "tests/workload_fixture.h"

/* ---- the page allocator, of which only the counters are recorded --------------------------- */

static struct page *quiet_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct touch *t = state;
	bool recording = t->recording;
	struct page *page;

	if (t->options->blocks && t->blocks == t->options->blocks)
		return NULL;
	t->recording = false;
	if (t->meanwhile)
		t->meanwhile(cpu, t);
	page = t->page_model->alloc(cpu, t->page_state, order, gfp);
	if (page && t->blocks < TOUCH_BLOCKS)
		t->block[t->blocks] = page_address(t->memory, page);
	t->blocks++;
	t->recording = recording;
	return page;
}

static void quiet_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct touch *t = state;
	bool recording = t->recording;

	t->recording = false;
	t->page_model->free(cpu, t->page_state, page, order);
	t->recording = recording;
}

static void count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages)
{
	struct touch *t = state;

	t->page_model->count_slab(cpu, t->page_state, page, reclaimable, pages);
}

static const struct page_allocator quiet_pages = {
	.name = "quiet", .alloc = quiet_alloc, .free = quiet_free, .count_slab = count_slab,
};

/* ---- set-up ----------------------------------------------------------------------------------- */

static const struct layout turn_layout = { "turn", 8, CLASS_WORKLOAD, NULL };

static void *settings_new(const struct setting *table, size_t size, const char *text)
{
	void *settings = calloc(1, size ? size : 1);

	if (table)
		settings_from_text(table, settings, text ? text : "");
	return settings;
}

struct touch *touch_new(const struct touch_options *o)
{
	struct touch *t = calloc(1, sizeof *t);
	struct machine machine = fixture_machine(o->nodes ? o->nodes : 1);
	struct sim_options options = {
		.machine = &machine, .cpus = o->cpus ? o->cpus : 2,
		.placement = o->nodes > 1 ? PLACEMENT_SCATTER : PLACEMENT_COMPACT, .seed = 1,
		.arena_bytes = 48 << 20, .model = "test", .preempt = o->preempt,
	};
	const struct object_allocator *model = object_allocator_find(o->objects);
	char why[200];
	void *settings;

	assert_non_null(model);
	t->options = o;
	t->sim = sim_new(&options, why, sizeof why);
	assert_non_null(t->sim);
	t->turn = arena_new(t->sim, uint64_t, 1, 0, LINE, &turn_layout, "turn");
	t->memory = memory_new(t->sim, model->view, o->stride, 4);
	t->page_model = page_allocator_find("buddy");
	settings = settings_new(t->page_model->settings, t->page_model->settings_size, NULL);
	t->page_state = t->page_model->create(t->sim, t->memory, settings);
	free(settings);
	t->pages = (struct pages){ &quiet_pages, t, t->memory };
	settings = settings_new(model->settings, model->settings_size, o->settings);
	model = object_allocator_variant(model, settings);
	t->objects = (struct objects){ model, model->create(t->sim, &t->pages, settings),
				       &t->pages };
	free(settings);
	t->cache = model->cache_create(t->objects.state, "test",
				       o->object_size ? o->object_size : 1024, o->align);
	return t;
}

void touch_free(struct touch *t)
{
	sim_free(t->sim);
	free(t);
}

/* ---- the script ------------------------------------------------------------------------------- */

static void parse(struct touch *t, const char *script)
{
	while (*script) {
		struct touch_step *step = &t->step[t->steps];

		while (*script == ' ')
			script++;
		if (!*script)
			break;
		assert_true(t->steps < 512);
		step->recorded = *script == '!';
		script += step->recorded;
		step->cpu = (unsigned)(*script++ - '0');
		step->what = *script++;
		if (step->what != 't')
			step->slot = (unsigned char)*script++;
		step->count = 1;
		if (*script >= '0' && *script <= '9')
			step->count = (unsigned)strtoul(script, (char **)&script, 10);
		assert_true(step->cpu < sim_cpus(t->sim));
		assert_true(step->slot + step->count <= TOUCH_SLOTS);
		t->steps++;
	}
}

static void do_one(struct cpu *cpu, struct touch *t, char what, unsigned slot)
{
	const struct object_allocator *model = t->objects.model;
	unsigned gfp = t->options->is_atomic ? GFP_ATOMIC : GFP_KERNEL;
	void **object = &t->slot[slot];

	if (what == 't') {
		model->tick(cpu, t->objects.state);
		return;
	}
	op_begin(cpu, strchr("-~", what) ? OP_FREE : OP_ALLOC);
	if (what == '-')
		model->free(cpu, t->objects.state, t->cache, *object);
	else if (what == '~')
		model->kfree(cpu, t->objects.state, *object);
	else
		*object = model->alloc(cpu, t->objects.state, t->cache,
				       what == '*' ? gfp | GFP_ZERO : gfp);
	t->recording = false;
	op_end(cpu, 0, 0);
	assert_non_null(*object);
	if (strchr("+*", what) && t->options->names->note)
		t->options->names->note(t, slot);
}

static void thread(struct cpu *cpu, void *argument)
{
	struct touch *t = argument;

	for (unsigned i = 0; i < t->steps; i++) {
		const struct touch_step *step = &t->step[i];

		if (step->cpu != cpu_id(cpu)) {
			spin_while(cpu, t->turn, value <= i, STEP_PAUSE);
			continue;
		}
		for (unsigned n = 0; n < step->count; n++) {
			t->recorded_cpu = step->recorded ? step->cpu : t->recorded_cpu;
			t->recording = step->recorded;
			do_one(cpu, t, step->what, step->slot + n);
			t->recording = false;
		}
		store(cpu, t->turn, i + 1);
	}
}

static char kind_of(const struct access *access)
{
	if (access->prefetch)
		return access->write ? 'Q' : 'P';
	if (access->locked)
		return 'A';
	if (access->write)
		return access->read ? 'M' : 'W';
	return 'R';
}

static void add_access(struct touch_access *list, unsigned *count, char how, const void *address,
		       const char *text)
{
	assert_true(*count < TOUCH_ACCESSES);
	list[(*count)++] = (struct touch_access){ how, address, text };
}

static void record(void *to, const struct access *access)
{
	struct touch *t = to;

	if (!t->recording || access->cpu != t->recorded_cpu)
		return;
	t->path = access->path;
	add_access(t->access, &t->accesses, kind_of(access), access->address, NULL);
	if (t->options->meddle)
		t->options->meddle(t, access);
}

void touch_run(struct touch *t, const char *script)
{
	parse(t, script);
	sim_observe(t->sim, record, t);
	for (unsigned id = 0; id < sim_cpus(t->sim); id++)
		thread_start(t->sim, id, thread, t);
	assert_int_equal(sim_run(t->sim), OUTCOME_DONE);
}

/* ---- comparing ---------------------------------------------------------------------------------- */

/* Words of the page allocator's counters: by the member's name in reports. */
static const struct {
	const char *name, *text;
} described[] = {
	{ "ZP", ".pageset" },
	{ "VS.threshold", ".stat_threshold" },
	{ "VS.diff", ".vm_stat_diff[NR_SLAB_UNRECLAIMABLE]" },
};

static const char *described_as(const char *name)
{
	for (size_t i = 0; i < sizeof described / sizeof described[0]; i++)
		if (strcmp(described[i].name, name) == 0)
			return described[i].text;
	return NULL;
}

static const void *find(const struct touch *t, const char *name)
{
	char base[16] = "", slot = 0;
	const char *at = name + strcspn(name, "([.");
	unsigned number = 0;
	void *place;

	snprintf(base, sizeof base, "%.*s", (int)(at - name), name);
	if (*at == '(') {
		slot = at[1];
		at += 3;
	}
	if (*at == '[')
		number = (unsigned)strtoul(at + 1, (char **)&at, 10), at++;
	place = t->options->names->place(t, base, slot, number, *at == '.' ? at + 1 : "");
	if (!place)
		fail_msg("no word '%s'", name);
	return place;
}

static unsigned expand(const struct touch *t, struct touch_access *list, const char *path)
{
	char how, name[64];
	unsigned count = 0;

	while (*path) {
		int length = 0;
		const char *text;

		path += strspn(path, ", ");
		if (!*path)
			break;
		if (sscanf(path, "%c %63[^,]%n", &how, name, &length) != 2)
			fail_msg("no access: '%s'", path);
		text = described_as(name);
		add_access(list, &count, how, text ? NULL : find(t, name), text);
		path += length;
	}
	return count;
}

static void access_text(const struct touch *t, const struct touch_access *list, unsigned count,
			unsigned i, char *text, size_t size)
{
	char what[160];

	if (i >= count)
		snprintf(text, size, "nothing");
	else if (list[i].text)
		snprintf(text, size, "%c %s", list[i].how, list[i].text);
	else
		snprintf(text, size, "%c %s", list[i].how,
			 sim_describe(t->sim, list[i].address, what, sizeof what));
}

static bool is_as_expected(const struct touch *t, const struct touch_access *is,
			   const struct touch_access *expected)
{
	char text[200];

	if (is->how != expected->how)
		return false;
	if (!expected->text)
		return is->address == expected->address;
	sim_describe(t->sim, is->address, text, sizeof text);
	return strchr(text, '.') && strcmp(strchr(text, '.'), expected->text) == 0;
}

void touch_expect_path(const struct touch *t, const char *path)
{
	static struct touch_access expected[TOUCH_ACCESSES];
	unsigned count = expand(t, expected, path);

	assert_true(count > 0);
	for (unsigned i = 0; i < count || i < t->accesses; i++) {
		char is[200], should_be[200];

		if (i < count && i < t->accesses &&
		    is_as_expected(t, &t->access[i], &expected[i]))
			continue;
		access_text(t, t->access, t->accesses, i, is, sizeof is);
		access_text(t, expected, count, i, should_be, sizeof should_be);
		fail_msg("access %u is %s, expected %s", i, is, should_be);
	}
}

/* Does the line of this access get written by any? */
static bool is_written(const struct touch *t, const void *address)
{
	uint64_t line = sim_offset(t->sim, address) / LINE;

	for (unsigned i = 0; i < t->accesses; i++)
		if (sim_offset(t->sim, t->access[i].address) / LINE == line &&
		    strchr("WMA", t->access[i].how))
			return true;
	return false;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static void expect_words(const struct touch *t, bool written, const char *expected)
{
	char names[300] = "", copy[300], *save;
	bool same;

	for (unsigned i = 0; i < t->accesses; i++) {
		const char *name = t->options->names->line(t, t->access[i].address);

		if (strchr("PQ", t->access[i].how) || has_word(names, name) ||
		    is_written(t, t->access[i].address) != written)
			continue;
		if (names[0])
			strncat(names, " ", sizeof names - strlen(names) - 1);
		strncat(names, name, sizeof names - strlen(names) - 1);
	}
	snprintf(copy, sizeof copy, "%s", expected);
	same = strlen(names) == strlen(expected);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		same &= has_word(names, w);
	if (!same)
		fail_msg("lines %s are '%s', expected '%s'", written ? "written" : "only read",
			 names, expected);
}

void touch_expect_lines(const struct touch *t, const char *only_read, const char *written,
			unsigned locks)
{
	unsigned total = 0;

	expect_words(t, false, only_read);
	expect_words(t, true, written);
	for (unsigned i = 0; i < t->accesses; i++)
		total += t->access[i].how == 'A';
	assert_int_equal(total, locks);
}

static bool sound(const struct touch *t, char *why, size_t size)
{
	const struct report report = { .why = why, .size = size };

	return t->page_model->check(t->page_state, &report) &&
	       t->objects.model->check(t->objects.state, &report);
}

void touch_expect_sound(const struct touch *t)
{
	char why[200] = "";

	if (!sound(t, why, sizeof why))
		fail_msg("%s", why);
}

void touch_expect_unsound(const struct touch *t, const char *reason)
{
	char why[200] = "";

	if (sound(t, why, sizeof why))
		fail_msg("the damage was not found: expected '%s'", reason);
	if (!strstr(why, reason))
		fail_msg("found '%s', expected '%s'", why, reason);
}

void touch_check_row(const struct touch_row *row)
{
	struct touch_options options = row->options;
	struct touch *t;

	print_message("%s\n", row->name);
	options.stride = LINE;
	t = touch_new(&options);
	touch_run(t, row->script);
	assert_string_equal(t->path, row->annotation);
	touch_expect_path(t, row->path);
	touch_expect_lines(t, row->only_read, row->written, row->locks);
	touch_expect_sound(t);
	touch_free(t);
}
