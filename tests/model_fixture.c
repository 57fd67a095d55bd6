/* See model_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

#define REALS(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

/* Two sockets of eight cores; only who touches what matters here, so the costs are round. Of four nodes
 * each is a socket of a square, 0 1 above 2 3: one hop to its neighbours, two to the opposite one. */
struct machine fixture_machine(unsigned nodes)
{
	struct machine machine = {
		.id = "model-test", .freq_ghz = 1, .sockets = 2, .dies_per_socket = 1,
		.cores_per_die = 8, .numa_nodes = nodes,
		.protocol = PROTOCOL_MESI, .home = HOME_DIRECTORY,
		.distances = { 2, { DISTANCE_SOCKET, DISTANCE_HOP } },
		.l1d = { 32, 8, 1, 1 }, .dram_ns = REALS(100, 150),
		.load_ns = { .M = REALS(60, 160), .E = REALS(50, 140), .S = REALS(40, 120) },
		.rmw_ns = { .M = REALS(70, 170), .E = REALS(60, 150), .S = REALS(50, 130) },
		.own_cyc = { .add = REALS(1, 1), .lock_add = REALS(10, 10) },
		.mfence_cyc = 10, .irq_pair_cyc = { 20 }, .cli_sti_pair_cyc = 4, .pause_cyc = 4,
		.irq_entry_exit_ns = 200, .ipi_roundtrip_ns = 1000,
		.handoff = { .home = ORDER_CHASING, .split = REALS(0.25, 0.25, 0.5) },
	};

	if (nodes == 4) {
		machine.sockets = 4;
		machine.distances =
			(struct wordlist){ 3, { DISTANCE_SOCKET, DISTANCE_HOP, DISTANCE_FAR } };
	}
	return machine;
}

/* ---- the eras: structs as the sheet has them ---------------------------- */

struct place {
	const char *name;
	int bytes, offset;
};

#define FLAGS      { "flags", 8, 0 }
#define LRU_40     { "lru_next", 8, 40 }, { "lru_prev", 8, 48 }

static const struct place page_2622[] = {
	FLAGS, { "inuse", 2, 12 }, { "mapcount", 4, 12 }, { "offset", 2, 14 }, { "lockless", 8, 16 },
	{ "first_page", 8, 16 }, { "slab", 8, 24 }, { "mapping", 8, 24 }, { "freelist", 8, 32 },
	LRU_40, { 0 },
};

static const struct place page_2624[] = {
	FLAGS, { "inuse", 4, 12 }, { "mapcount", 4, 12 }, { "slab", 8, 16 }, { "first_page", 8, 16 },
	{ "freelist", 8, 32 }, LRU_40, { 0 },
};

static const struct place page_2626[] = {
	FLAGS, { "inuse", 2, 12 }, { "mapcount", 4, 12 }, { "objects", 2, 14 }, { "slab", 8, 16 },
	{ "first_page", 8, 16 }, { "freelist", 8, 32 }, LRU_40, { 0 },
};

static const struct place cache_2622[] = {
	FLAGS, { "size", 4, 8 }, { "objsize", 4, 12 }, { "offset", 4, 16 }, { "order", 4, 20 },
	{ "objects", 4, 80 }, { "ctor", 8, 88 }, { "defrag_ratio", 4, 232 }, { 0 },
};

/* `objects` and `order` are the halves of oo. */
static const struct place cache_2639[] = {
	{ "cpu_slab", 8, 0 }, { "flags", 8, 8 }, { "min_partial", 8, 16 }, { "size", 4, 24 },
	{ "objsize", 4, 28 }, { "offset", 4, 32 }, { "cpu_partial", 4, 36 }, { "oo", 8, 40 },
	{ "objects", 2, 40 }, { "order", 2, 42 }, { "max", 8, 48 }, { "min", 8, 56 },
	{ "allocflags", 4, 64 }, { "ctor", 8, 72 }, { "defrag_ratio", 4, 224 }, { 0 },
};

static const struct place node_2622[] = {
	{ "lock", 4, 0 }, { "nr_partial", 8, 8 }, { "nr_slabs", 8, 16 }, { "partial_next", 8, 24 },
	{ "partial_prev", 8, 32 }, { 0 },
};

static const struct place node_2635[] = {
	{ "lock", 4, 0 }, { "lock_owner", 2, 0 }, { "nr_partial", 8, 8 }, { "partial_next", 8, 16 },
	{ "partial_prev", 8, 24 }, { "nr_slabs", 8, 32 }, { "total_objects", 8, 40 }, { 0 },
};

static const struct place cpu_dfb4f096[] = {
	{ "freelist", 8, 0 }, { "page", 8, 8 }, { "node", 4, 16 }, { 0 },
};

static const struct place cpu_2624[] = {
	{ "freelist", 8, 0 }, { "page", 8, 8 }, { "node", 4, 16 }, { "offset", 4, 20 },
	{ "objsize", 4, 24 }, { 0 },
};

static const struct place cpu_2639[] = {
	{ "freelist", 8, 0 }, { "tid", 8, 8 }, { "page", 8, 16 }, { "node", 4, 24 }, { 0 },
};

static const struct place cpu_32[] = {
	{ "freelist", 8, 0 }, { "tid", 8, 8 }, { "page", 8, 16 }, { "partial", 8, 24 },
	{ "node", 4, 32 }, { 0 },
};

static const struct place cpu_tagged[] = {
	{ "freelist", 8, 0 }, { "tid", 8, 8 }, { "partial", 8, 16 }, { 0 },
};

static const struct place cpu_310[] = {
	{ "freelist", 8, 0 }, { "tid", 8, 8 }, { "page", 8, 16 }, { "partial", 8, 24 }, { 0 },
};

/* objects: with frozen in its top bit. pages and pobjects overlay lru. */
static const struct place page_31[] = {
	FLAGS, { "address", 8, 8 }, { "freelist", 8, 16 }, { "counters", 8, 24 }, { "inuse", 2, 24 },
	{ "mapcount", 4, 24 }, { "objects", 2, 26 }, { "lru_next", 8, 32 }, { "lru_prev", 8, 40 },
	{ "pages", 4, 40 }, { "pobjects", 4, 44 }, { "slab", 8, 48 }, { "first_page", 8, 48 }, { 0 },
};

static const struct era_facts {
	const char *name, *model;
	int variant;
	const struct place *page, *cache, *node, *cpu;
	const struct page_view *view;
	unsigned node_pointers;         /* offset of node[] in struct kmem_cache */
	unsigned cpu_word_bytes;        /* of an element of cpu_slab[]; 0: per-CPU memory */
	bool links_once;                /* each object of a new slab; else the first twice */
} facts[ERAS] = {
	[ERA_2622] = { "2.6.22", "slub-page", 0, page_2622, cache_2622, node_2622, NULL,
		       &page_view_packed_56, 240, 8 },
	[ERA_DFB4F096] = { "dfb4f096", "slub-cpu", 1, page_2622, cache_2622, node_2622,
			   cpu_dfb4f096, &page_view_packed_56, 240, 64 },
	[ERA_2624] = { "2.6.24", "slub-cpu", 0, page_2624, cache_2622, node_2622, cpu_2624,
		       &page_view_packed_56, 240, 8 },
	[ERA_2639] = { "2.6.39", "slub-cmpxchg", 0, page_2626, cache_2639, node_2635, cpu_2639,
		       &page_view_packed_56, 256, 0 },
	[ERA_31] = { "3.1", "slub-lockless", 0, page_31, cache_2639, node_2635, cpu_2639,
		     &page_view_aligned_64, 256, 0 },
	[ERA_32] = { "3.2", "slub-lockless", 1, page_31, cache_2639, node_2635, cpu_32,
		     &page_view_aligned_64, 256, 0 },
	[ERA_318] = { "3.18", "slub-lockless", 2, page_31, cache_2639, node_2635, cpu_310,
		      &page_view_aligned_64, 256, 0, true },
	[ERA_40] = { "4.0", "slub-tagged", 2, page_31, cache_2639, node_2635, cpu_310,
		     &page_view_aligned_64, 256, 0, true },
	[ERA_TAGGED] = { "tagged", "slub-tagged", 0, page_31, cache_2639, node_2635, cpu_tagged,
			 &page_view_aligned_64, 256, 0, true },
	[ERA_TAGGED_V1] = { "tagged v1", "slub-tagged", 1, page_31, cache_2639, node_2635,
			    cpu_tagged, &page_view_aligned_64, 256, 0, true },
};

enum { LOCAL_NODE = 24 };               /* in struct kmem_cache, to 2.6.24 */

const char *era_name(enum era era)
{
	return facts[era].name;
}

bool fixture_is_packed(enum era era)
{
	return facts[era].view == &page_view_packed_56;
}

/* ---- the page allocator, unrecorded ------------------------------------ */

static struct page *quiet_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct fixture *f = state;
	bool recording = f->recording;
	struct page *page;

	if (f->no_pages)
		return NULL;
	f->recording = false;
	if (f->meanwhile)
		f->meanwhile(cpu, f);
	page = f->page_model->alloc(cpu, f->page_state, order, gfp);
	f->recording = recording;
	return page;
}

static void quiet_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct fixture *f = state;
	bool recording = f->recording;

	f->recording = false;
	f->page_model->free(cpu, f->page_state, page, order);
	f->recording = recording;
}

static void quiet_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct fixture *f = state;
	bool recording = f->recording;

	f->recording = false;
	f->page_model->free_frozen(cpu, f->page_state, page, order);
	f->recording = recording;
}

/* Recorded: it is the slab's, told in the same paths. */
static void count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages)
{
	struct fixture *f = state;

	f->page_model->count_slab(cpu, f->page_state, page, reclaimable, pages);
}

static int64_t slab_pages(const void *state, unsigned node, bool reclaimable)
{
	const struct fixture *f = state;

	return f->page_model->slab_pages(f->page_state, node, reclaimable);
}

static const struct page_allocator quiet_pages = {
	.name = "quiet", .alloc = quiet_alloc, .free = quiet_free, .count_slab = count_slab,
	.slab_pages = slab_pages,
};

/* ---- set-up ------------------------------------------------------------ */

/* As the settings of the page allocator lie in memory; its own struct is its secret. */
struct buddy_settings_view {
	int lock;
	uint64_t reserve_blocks;
};

struct pcp_settings_view {
	int variant;
	uint64_t batch, reserve_blocks, nr_cpus;
};

static const struct layout turn_layout = { "turn", 8, CLASS_WORKLOAD, NULL };

static void add_pages(struct fixture *f, const struct fixture_options *o)
{
	struct buddy_settings_view buddy = { (int)o->lock, o->reserve_blocks };
	struct pcp_settings_view pcp = {
		(int)o->kernel + 1, o->batch, o->reserve_blocks, o->nr_cpus };
	bool is_pcp = o->pages && strcmp(o->pages, "pcp") == 0;

	f->memory = memory_new(f->sim, o->view ? o->view : facts[o->era].view, o->stride,
			       o->mib ? o->mib : 4);
	f->page_model = page_allocator_find(o->pages ? o->pages : "buddy");
	if (!o->page_settings)
		assert_int_equal(f->page_model->settings_size, is_pcp ? sizeof pcp : sizeof buddy);
	f->page_state = f->page_model->create(f->sim, f->memory,
					      o->page_settings ? o->page_settings
					      : is_pcp         ? (void *)&pcp
							       : (void *)&buddy);
	f->quiet = quiet_pages;
	if (f->page_model->free_frozen)
		f->quiet.free_frozen = quiet_free_frozen;
	f->pages = (struct pages){ &f->quiet, f, f->memory };
}

static void add_objects(struct fixture *f, const struct fixture_options *o)
{
	bool defaults = !o->min_objects && !o->min_order && !o->max_order;
	struct slub_settings settings = {
		.min_objects = o->min_objects ? o->min_objects : 4,
		.min_order = o->min_order, .max_order = defaults ? 1 : o->max_order,
		.min_partial = o->min_partial, .variant = facts[o->era].variant,
		.bugs = o->bugs_released ? BUGS_RELEASED : BUGS_FIXED, .own_lines = o->own_lines,
		.nr_cpus = o->nr_cpus, .cmpxchg16b = !o->no_cmpxchg16b,
		.cpu_partial = !o->no_cpu_partial,
	};
	const char *name = facts[o->era].model;

	if (o->orders_by_cpus) {
		settings.min_objects = 0;
		settings.max_order = 3;
	}
	f->objects.model = o->objects;
	if (!o->objects) {
		f->objects.model = object_allocator_variant(object_allocator_find(name), &settings);
		assert_int_equal(f->objects.model->settings_size, sizeof settings);
	}
	f->objects.pages = &f->pages;
	f->slub = f->objects.state = f->objects.model->create(
		f->sim, &f->pages, o->objects ? o->settings : &settings);
	f->cache = f->objects.model->cache_create(f->slub, "test",
						  o->object_size ? o->object_size : 1024, 0);
}

struct fixture *fixture_new(const struct fixture_options *o)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct machine machine = fixture_machine(o->nodes ? o->nodes : 1);
	struct sim_options options = {
		.machine = &machine, .cpus = o->cpus ? o->cpus : 2, .placement = o->placement,
		.seed = 1, .arena_bytes = (o->mib ? 2 * o->mib + 16 : 24) << 20, .model = "test",
		.preempt = o->preempt,
	};
	char why[200];

	assert_non_null(f);
	if (o->cache_kib)
		machine.l1d.kib = o->cache_kib;
	f->era = o->era;
	f->family = o->family;
	f->skip_pages = o->skip_pages;
	f->arena_bytes = options.arena_bytes;
	f->sim = sim_new(&options, why, sizeof why);
	assert_non_null(f->sim);
	f->turn = arena_new(f->sim, uint64_t, 1, 0, LINE, &turn_layout, "turn");
	add_pages(f, o);
	if (!o->pages_only)
		add_objects(f, o);
	return f;
}

void fixture_allocate_x(struct cpu *cpu, struct fixture *f)
{
	if (f->slot['x'] || !f->slot['d'])
		return;
	f->slot['x'] = f;               /* the interrupt's own slab: not again */
	op_begin(cpu, OP_ALLOC);
	f->slot['x'] = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_ATOMIC);
	op_end(cpu, 0, 0);
}

void fixture_free(struct fixture *f)
{
	sim_free(f->sim);
	free(f);
}

/* ---- the script -------------------------------------------------------- */

static bool is_pages(const struct script_step *step)
{
	return strchr("pkqzy", step->what);
}

static bool has_number(const struct script_step *step)
{
	return is_pages(step) || step->what == 'w' || step->what == 'P';
}

static void parse(struct fixture *f, const char *script)
{
	while (*script) {
		struct script_step *step = &f->step[f->steps];

		assert_true(f->steps < STEPS_MAX);
		while (*script == ' ')
			script++;
		if (!*script)
			break;
		step->recorded = *script == '!';
		script += step->recorded;
		step->cpu = (unsigned)(script[0] - '0');
		step->what = script[1];
		step->slot = (unsigned char)script[2];
		script += 3;
		if (has_number(step))
			step->order = (unsigned)strtoul(script, (char **)&script, 10);
		assert_true(step->cpu < sim_cpus(f->sim) && step->slot < SLOTS);
		f->steps++;
	}
}

static void do_objects(struct cpu *cpu, struct fixture *f, const struct script_step *step)
{
	const struct object_allocator *model = f->objects.model;
	void **slot = &f->slot[step->slot];

	unsigned gfp = step->what == '*' ? GFP_KERNEL | GFP_ZERO : GFP_KERNEL;

	op_begin(cpu, strchr("-~rG", step->what) ? OP_FREE : OP_ALLOC);
	if (step->what == 'P')
		*slot = model->prefill(cpu, f->slub, f->cache, step->order, gfp);
	else if (step->what == 'G')
		model->return_prefilled(cpu, f->slub, f->cache, *slot, gfp);
	else if (step->what == 'T')
		*slot = model->alloc_prefilled(cpu, f->slot['x']);
	else if (step->what == '-')
		model->free(cpu, f->slub, f->cache, *slot);
	else if (step->what == 'r')
		model->free_rcu(cpu, f->slub, f->cache, *slot);
	else if (step->what == '~')
		model->kfree(cpu, f->slub, *slot);
	else
		*slot = model->alloc(cpu, f->slub, f->cache,
				     step->what == '=' ? GFP_ATOMIC : gfp);
	f->recording = false;
	op_end(cpu, 0, 0);
	assert_non_null(*slot);
}

/* kmalloc's cache of 2^(slot - '0') bytes has an object at hand. */
static void warm_kmalloc(struct cpu *cpu, struct fixture *f, unsigned slot)
{
	const struct object_allocator *model = f->objects.model;
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = model->kmalloc(cpu, f->slub, (size_t)1 << (slot - '0'), GFP_KERNEL);
	op_end(cpu, 0, 0);
	op_begin(cpu, OP_FREE);
	model->kfree(cpu, f->slub, object);
	op_end(cpu, 0, 0);
}

static void do_pages(struct cpu *cpu, struct fixture *f, const struct script_step *step)
{
	void **slot = &f->slot[step->slot];

	unsigned gfp = step->what == 'p' ? GFP_MOVABLE : GFP_KERNEL;

	if (step->what == 'z')
		gfp |= GFP_FROZEN | GFP_COMP;
	op_begin(cpu, strchr("qy", step->what) ? OP_PAGE_FREE : OP_PAGE_ALLOC);
	if (step->what == 'q')
		f->page_model->free(cpu, f->page_state, *slot, step->order);
	else if (step->what == 'y')
		f->page_model->free_frozen(cpu, f->page_state, *slot, step->order);
	else
		*slot = f->page_model->alloc(cpu, f->page_state, step->order, gfp);
	f->recording = false;
	op_end(cpu, 0, 0);
}

static void turn_lock_bit(const struct fixture *f, const void *object)
{
	if (f->family) {
		*(uint8_t *)f->family->place(f, "PCS.lock") ^= 1;
		return;
	}
	*page_flags(f->memory, fixture_slab(f, object)) ^= 1 << PG_LOCKED;
}

/* All CPUs walk through the script; whose step it is does it, the others wait for their turn. */
static void thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->cpu[cpu_id(cpu)] = cpu;
	if (cpu_id(cpu) == 0)
		for (unsigned i = 0; i < f->skip_pages; i++)
			f->page_model->alloc(cpu, f->page_state, 0, GFP_KERNEL);
	for (unsigned i = 0; i < f->steps; i++) {
		const struct script_step *step = &f->step[i];

		if (step->cpu != cpu_id(cpu)) {
			spin_while(cpu, f->turn, value <= i, STEP_PAUSE);
			continue;
		}
		f->recorded_cpu = step->recorded ? step->cpu : f->recorded_cpu;
		f->recording = step->recorded;
		if (step->what == 'l')
			turn_lock_bit(f, f->slot[step->slot]);
		else if (step->what == 'w')
			compute_cycles(cpu, 1000ull << step->order);
		else if (step->what == 'K')
			warm_kmalloc(cpu, f, f->step[i].slot);
		else if (is_pages(step))
			do_pages(cpu, f, step);
		else
			do_objects(cpu, f, step);
		f->recording = false;
		store(cpu, f->turn, i + 1);
	}
}

void fixture_add_access(struct one_access *list, unsigned *count, char how, const void *address)
{
	assert_true(*count < ACCESSES_MAX);
	list[(*count)++] = (struct one_access){ .how = how, .address = address };
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

static void record(void *to, const struct access *access)
{
	struct fixture *f = to;
	struct touched *t = f->touched;

	if (!f->recording || access->cpu != f->recorded_cpu)
		return;
	f->path = access->path;
	while (t < f->touched + f->count && t->line != access->line)
		t++;
	if (t == f->touched + f->count) {
		assert_true(f->count < TOUCHED_MAX);
		f->count++;
		t->line = access->line;
		t->address = access->address;
	}
	t->read |= access->read;
	t->write |= access->write;
	t->locks += access->locked;
	fixture_add_access(f->access, &f->accesses, kind_of(access), access->address);
	f->access[f->accesses - 1].irqs_off = irqs_off(f->cpu[access->cpu]);
	f->access[f->accesses - 1].gets_exclusive = access->write && access->before != 'M' &&
						    access->before != 'E';
	if (f->meddle)
		f->meddle(f, access);
}

void fixture_run(struct fixture *f, const char *script)
{
	parse(f, script);
	sim_observe(f->sim, record, f);
	for (unsigned id = 0; id < sim_cpus(f->sim); id++)
		thread_start(f->sim, id, thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
}

/* ---- places: from the sheet's names to addresses ----------------------- */

struct page *fixture_slab(const struct fixture *f, const void *object)
{
	return page_head(f->memory, virt_to_page(f->memory, object));
}

char *fixture_cpu_word(const struct fixture *f, const struct kmem_cache *s, unsigned cpu)
{
	return (char *)s + f->slub->cpu_slab_offset + cpu * facts[f->era].cpu_word_bytes;
}

char *fixture_cpu_slab(const struct fixture *f, unsigned cpu)
{
	char *word;

	if (facts[f->era].cpu_word_bytes == 0)
		return per_cpu(f->sim, *(char **)f->cache, cpu);
	word = fixture_cpu_word(f, f->cache, cpu);
	return f->era == ERA_DFB4F096 ? word : *(char **)word;
}

static char *node_of(const struct fixture *f, const struct kmem_cache *s, unsigned node)
{
	if (f->era <= ERA_2624 && node == 0)
		return (char *)s + LOCAL_NODE;
	return ((char **)((char *)s + facts[f->era].node_pointers))[node];
}

void fixture_turn_frozen(const struct fixture *f, const void *object)
{
	struct page *page = fixture_slab(f, object);

	if (fixture_is_packed(f->era))
		*page_flags(f->memory, page) ^= 1 << PG_ACTIVE;
	else
		((unsigned char *)page)[27] ^= 0x80;    /* bit 31 of the counters */
}

/* Where it lies and how many bytes it has; of one that has no members: 0. */
struct found {
	char *at;
	int bytes;
};

static struct found member(const struct fixture *f, void *base, const struct place *places,
			   const char *name)
{
	for (const struct place *p = places; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return (struct found){ (char *)base + p->offset, p->bytes };
	fail_msg("no member '%s' in %s", name, era_name(f->era));
	return (struct found){ 0 };
}

/* What a name such as PG(a).flags means. */
static struct found find(const struct fixture *f, const struct kmem_cache *s, const char *name)
{
	char base[16] = "", at[24] = "";
	char slot = 0;
	void *object;

	if (sscanf(name, "%15[A-Za-z0-9](%c).%23s", base, &slot, at) < 2)
		sscanf(name, "%15[A-Za-z0-9].%23s", base, at);
	if (f->family)
		return (struct found){ f->family->place(f, name), 4 };
	object = f->slot[(unsigned char)slot];
	if (strcmp(base, "CPA") == 0)
		return (struct found){ fixture_cpu_word(f, s, f->recorded_cpu), 0 };
	if (strcmp(base, "CS") == 0)
		return member(f, fixture_cpu_slab(f, f->recorded_cpu), facts[f->era].cpu, at);
	if (strcmp(base, "KC") == 0)
		return member(f, (void *)s, facts[f->era].cache, at);
	if (strcmp(base, "KCN") == 0 || strcmp(base, "KCN1") == 0)
		return (struct found){ (char *)s + facts[f->era].node_pointers + 8 * (base[3] == '1'),
				       0 };
	if (strcmp(base, "ND") == 0 || strcmp(base, "ND1") == 0)
		return member(f, node_of(f, s, base[2] == '1'), facts[f->era].node, at);
	if (strcmp(base, "PG") == 0)
		return member(f, fixture_slab(f, object), facts[f->era].page, at);
	if (strcmp(base, "PGt") == 0)
		return member(f, virt_to_page(f->memory, object), facts[f->era].page, at);
	if (strcmp(base, "OB") == 0)
		return (struct found){ object, 0 };
	fail_msg("no line '%s'", name);
	return (struct found){ 0 };
}

void *fixture_place(const struct fixture *f, const char *name)
{
	return find(f, f->cache, name).at;
}

uint64_t fixture_get_of(const struct fixture *f, const struct kmem_cache *s, const char *name)
{
	struct found found = find(f, s, name);
	uint64_t value = 0;

	assert_true(found.bytes > 0);
	memcpy(&value, found.at, (size_t)found.bytes);
	return value;
}

uint64_t fixture_get(const struct fixture *f, const char *name)
{
	return fixture_get_of(f, f->cache, name);
}

void fixture_set(const struct fixture *f, const char *name, uint64_t value)
{
	struct found found = find(f, f->cache, name);

	assert_true(found.bytes > 0);
	memcpy(found.at, &value, (size_t)found.bytes);
}

void fixture_set_of_cpu(struct fixture *f, unsigned cpu, const char *name, uint64_t value)
{
	unsigned recorded = f->recorded_cpu;

	f->recorded_cpu = cpu;
	fixture_set(f, name, value);
	f->recorded_cpu = recorded;
}

/* ---- comparing --------------------------------------------------------- */

static uint64_t line_of(const struct fixture *f, const void *address)
{
	return sim_offset(f->sim, address) / LINE * LINE;
}

/* Words of the page allocator, whose structs are its own: by the member's name in reports. */
static const struct {
	const char *name, *text;
} described[] = {
	{ "ZP", ".pageset" },
	{ "PC", ".preempt_count" },
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

/* 0.7: per object three reads in KC0, two in KC1 and a store; from 2.6.26 on the number of objects
 * is read from the slab's page struct. To 3.10 the first object comes twice. */
static void expand_link(const struct fixture *f, struct one_access *list, unsigned *count,
			struct page *page)
{
	static const char *const reads[] = { "flags", "ctor", "offset", "size" };
	const struct era_facts *era = &facts[f->era];
	char *object = page_address(f->memory, page);
	uint64_t objects = fixture_get(f, "KC.objects"), size = fixture_get(f, "KC.size");

	for (uint64_t i = era->links_once; i <= objects; i++) {
		for (size_t k = 0; k < sizeof reads / sizeof reads[0]; k++)
			fixture_add_access(list, count, 'R',
					   member(f, f->cache, era->cache, reads[k]).at);
		if (f->era <= ERA_2624)
			fixture_add_access(list, count, 'R', fixture_place(f, "KC.objects"));
		else
			fixture_add_access(list, count, 'R', member(f, page, era->page, "objects").at);
		fixture_add_access(list, count, 'W', object + (i ? i - 1 : 0) * size);
	}
}

/* The accesses of a path; LINK(a) is the making of the freelist of a's slab, OBL(a) are the first
 * words of all lines of object a. */
static unsigned expand_path(const struct fixture *f, struct one_access *list, const char *path)
{
	char how, name[48], slot;
	unsigned count = 0;

	while (*path) {
		int length = 0;

		path += strspn(path, ", ");
		if (f->family && f->family->expand(f, path, list, &count, &length)) {
			path += length;
			continue;
		}
		if (sscanf(path, "LINK(%c)%n", &slot, &length) == 1 && length) {
			expand_link(f, list, &count, fixture_slab(f, f->slot[(unsigned char)slot]));
		} else if (sscanf(path, "%c OBL(%c)%n", &how, &slot, &length) == 2 && length) {
			char *object = f->slot[(unsigned char)slot];

			for (uint64_t i = 0; i < fixture_get(f, "KC.objsize"); i += LINE)
				fixture_add_access(list, &count, how, object + i);
		} else if (sscanf(path, "%c %47[^,]%n", &how, name, &length) == 2) {
			const char *text = described_as(name);

			fixture_add_access(list, &count, how, text ? NULL : fixture_place(f, name));
			list[count - 1].text = text;
		} else {
			fail_msg("no access: '%s'", path);
		}
		path += length;
	}
	return count;
}

static void access_text(const struct fixture *f, const struct one_access *list, unsigned count,
			unsigned i, char *text, size_t size)
{
	char what[160];

	if (i < count && list[i].text)
		snprintf(text, size, "%c %s", list[i].how, list[i].text);
	else if (i < count)
		snprintf(text, size, "%c %s", list[i].how,
			 sim_describe(f->sim, list[i].address, what, sizeof what));
	else
		snprintf(text, size, "nothing");
}

static bool is_as_expected(const struct fixture *f, const struct one_access *is,
			   const struct one_access *expected)
{
	char text[200];

	if (is->how != expected->how)
		return false;
	if (!expected->text)
		return is->address == expected->address;
	sim_describe(f->sim, is->address, text, sizeof text);
	return strchr(text, '.') && strcmp(strchr(text, '.'), expected->text) == 0;
}

void fixture_expect_path(const struct fixture *f, const char *path)
{
	struct one_access expected[ACCESSES_MAX];
	unsigned count = expand_path(f, expected, path);

	assert_true(count > 0);
	for (unsigned i = 0; i < count || i < f->accesses; i++) {
		char is[200], should_be[200];

		if (i < count && i < f->accesses &&
		    is_as_expected(f, &f->access[i], &expected[i]))
			continue;
		access_text(f, f->access, f->accesses, i, is, sizeof is);
		access_text(f, expected, count, i, should_be, sizeof should_be);
		fail_msg("%s: access %u is %s, expected %s", era_name(f->era), i, is, should_be);
	}
}

/* kmem_cache_cpu of the recorded CPU; it may lie in two lines. */
static bool is_cpu_slab(const struct fixture *f, uint64_t line)
{
	const struct place *last = facts[f->era].cpu;
	const char *c;

	if (!last)
		return false;
	while (last[1].name)
		last++;
	c = fixture_cpu_slab(f, f->recorded_cpu);
	return line == line_of(f, c) || line == line_of(f, c + last->offset);
}

/* The sheet's name of a line. */
static const char *line_name(const struct fixture *f, const struct touched *t)
{
	static const char *const cache_lines[] = { "KC0", "KC1", "KC2", "KC3" };
	const struct memory *m = f->memory;
	uint64_t pfn = page_to_pfn(m, t->address), at = line_of(f, t->address);
	char text[100];

	sim_describe(f->sim, t->address, text, sizeof text);
	if (strncmp(text, "thread_info", 11) == 0)
		return "PC";
	if (strncmp(text, "zone", 4) == 0)
		return "Z";
	if (strncmp(text, "per_cpu_pageset", 15) == 0)
		return "VS";
	if (f->family)
		return f->family->line_name(f, t->address);
	if (pfn < m->pages)
		return page_head(m, pfn_to_page(m, pfn)) == pfn_to_page(m, pfn) ? "PG" : "PGt";
	if (address_to_pfn(m, t->address) < m->pages)
		return "OB";
	if (is_cpu_slab(f, at))
		return "CS";
	if (f->era <= ERA_2624 && at == line_of(f, fixture_cpu_word(f, f->cache, f->recorded_cpu)))
		return "CPA";
	if ((f->era > ERA_2624 || m->nodes > 1) && at == line_of(f, fixture_place(f, "KCN")))
		return "KCN";
	if (f->era > ERA_2624 && at == line_of(f, node_of(f, f->cache, 0)))
		return "ND";
	if (m->nodes > 1 && at == line_of(f, node_of(f, f->cache, 1)))
		return "ND1";
	at -= line_of(f, f->cache);
	return at / LINE < 4 ? cache_lines[at / LINE] : "?";
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static bool writes_line(const struct fixture *f, const char *name)
{
	for (unsigned i = 0; i < f->count; i++)
		if (f->touched[i].write && strcmp(line_name(f, &f->touched[i]), name) == 0)
			return true;
	return false;
}

/* The names of the lines that were written, or only read, each once. */
static void names_of(const struct fixture *f, bool written, char *names, size_t size)
{
	names[0] = '\0';
	for (unsigned i = 0; i < f->count; i++) {
		const char *name = line_name(f, &f->touched[i]);

		if (f->touched[i].write != written || has_word(names, name))
			continue;
		if (!written && strcmp(name, "CS") == 0 && writes_line(f, name))
			continue;       /* the other line of the two */
		if (names[0])
			strncat(names, " ", size - strlen(names) - 1);
		strncat(names, name, size - strlen(names) - 1);
	}
}

static void expect_words(const char *what, const char *words, const char *expected)
{
	char copy[200], *save;

	snprintf(copy, sizeof copy, "%s", expected);
	if (strlen(words) == strlen(expected)) {
		bool same = true;

		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
			same &= has_word(words, w);
		if (same)
			return;
	}
	fail_msg("%s: lines are '%s', expected '%s'", what, words, expected);
}

void fixture_expect_lines(const struct fixture *f, const char *only_read, const char *written,
			  unsigned locks)
{
	char names[200];
	unsigned total = 0;

	names_of(f, false, names, sizeof names);
	expect_words("only read", names, only_read);
	names_of(f, true, names, sizeof names);
	expect_words("written", names, written);
	for (unsigned i = 0; i < f->count; i++)
		total += f->touched[i].locks;
	assert_int_equal(total, locks);
}

static void check_row(const struct path_row *row, const struct fixture_options *options)
{
	struct fixture *f = fixture_new(options);

	if (f->memory->nodes > 1)       /* or chance decides whether other nodes are looked at */
		fixture_set(f, "KC.defrag_ratio", 0);
	if (row->cpu_partial)
		fixture_set(f, "KC.cpu_partial", row->cpu_partial);
	fixture_run(f, row->script);
	assert_string_equal(f->path, row->annotation);
	fixture_expect_path(f, row->path);
	if (options->stride == LINE)
		fixture_expect_lines(f, row->only_read, row->written, row->locks);
	fixture_expect_sound(f);
	fixture_free(f);
}

void fixture_check_row(enum era era, const struct path_row *row)
{
	struct fixture_options options = {
		.era = era, .object_size = row->object_size, .nodes = row->nodes, .stride = LINE,
		.bugs_released = row->released, .preempt = row->preempt,
		.no_cmpxchg16b = row->no_cmpxchg16b, .no_cpu_partial = row->no_cpu_partial,
		.min_partial = row->min_partial,
	};

	print_message("%s: %s\n", era_name(era), row->name);
	check_row(row, &options);
	if (!fixture_is_packed(era))
		return;
	options.stride = 0;
	for (options.skip_pages = 0; options.skip_pages < 8; options.skip_pages++)
		check_row(row, &options);
}

/* ---- check() ----------------------------------------------------------- */

static bool sound(const struct fixture *f, char *why, size_t size)
{
	const struct report report = { .why = why, .size = size };

	if (!f->page_model->check(f->page_state, &report))
		return false;
	return !f->objects.model || f->objects.model->check(f->slub, &report);
}

void fixture_expect_sound(const struct fixture *f)
{
	char why[200] = "";

	if (!sound(f, why, sizeof why))
		fail_msg("%s", why);
}

void fixture_expect_unsound(const struct fixture *f, const char *reason)
{
	char why[200] = "";

	if (sound(f, why, sizeof why))
		fail_msg("the damage was not found: expected '%s'", reason);
	if (!strstr(why, reason))
		fail_msg("found '%s', expected '%s'", why, reason);
}
