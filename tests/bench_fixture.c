/* What `make bench` runs on; see bench_fixture.h. */
#include "tests/bench_fixture.h"

#include <stdlib.h>

#include "experiment/schema.h"
#include "models/model.h"
#include "sim/verbs/xalloc.h"

#define REALS(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

/* 32 KiB 8-way L1, one level, a directory; round latencies at 1 GHz. */
struct machine bench_machine(unsigned cpus)
{
	return (struct machine){
		.id = "bench", .freq_ghz = 1, .sockets = cpus > 16 ? 2 : 1, .dies_per_socket = 1,
		.cores_per_die = cpus > 16 ? (cpus + 1) / 2 : cpus, .numa_nodes = 1, .home = HOME_DIRECTORY,
		.distances = { 2, { DISTANCE_SOCKET, DISTANCE_HOP } }, .l1d = { 32, 8, 4, 1 }, .dram_ns = REALS(200),
		.load_ns = { .M = REALS(100, 200), .E = REALS(100, 200), .S = REALS(80, 160) },
		.rmw_ns = { .M = REALS(110, 210), .E = REALS(110, 210), .S = REALS(90, 170) },
		.own_cyc = { .add = REALS(1, 1), .lock_add = REALS(20, 20) }, .pause_cyc = 10, .irq_pair_cyc = { 40 },
		.ipi_roundtrip_ns = 2000, .handoff = { .home = ORDER_CHASING, .split = REALS(0.25, 0.25, 0.5) },
	};
}

enum { RING = 64 };

struct ring {
	_Alignas(LINE) void *slot[RING];
};
static const struct layout ring_layout = { "ring", sizeof(struct ring), CLASS_WORKLOAD, NULL };

struct remote_free {
	const struct object_allocator *model;
	void *state;
	struct kmem_cache *cache;
	struct ring *ring;              /* [pairs] */
	uint64_t objects;
};

static void producer(struct cpu *cpu, void *argument)
{
	struct remote_free *r = argument;
	struct ring *ring = &r->ring[cpu_id(cpu) / 2];

	for (uint64_t i = 0; i < r->objects; i++) {
		void *object;

		waiting(cpu, WAITING_IDLE);
		spin_while(cpu, &ring->slot[i % RING], value, STEP_PAUSE);
		waiting(cpu, NOT_WAITING);
		op_begin(cpu, OP_ALLOC);
		object = r->model->alloc(cpu, r->state, r->cache, GFP_KERNEL);
		op_end(cpu, 256, 0);
		store(cpu, &ring->slot[i % RING], object);
	}
}

static void consumer(struct cpu *cpu, void *argument)
{
	struct remote_free *r = argument;
	struct ring *ring = &r->ring[cpu_id(cpu) / 2];

	for (uint64_t i = 0; i < r->objects; i++) {
		void *object;

		waiting(cpu, WAITING_IDLE);
		object = spin_while(cpu, &ring->slot[i % RING], !value, STEP_PAUSE);
		waiting(cpu, NOT_WAITING);
		op_begin(cpu, OP_FREE);
		r->model->free(cpu, r->state, r->cache, object);
		op_end(cpu, -256, 0);
		store(cpu, &ring->slot[i % RING], NULL);
	}
}

static void *defaults(const struct setting *table, size_t size)
{
	struct schema schema = { 0 };
	void *settings = xalloc(size + 1);

	if (table)
		schema_fill(&schema, table, NULL, (struct place){ 0 }, "", settings, NULL);
	schema_free(&schema);
	return settings;
}

/* Its page allocator with default settings, on `mib` MiB. */
static struct pages *pages_new(struct sim *sim, const char *name, const struct page_view *view, uint64_t mib)
{
	const struct page_allocator *model = page_allocator_find(name);
	void *settings = defaults(model->settings, model->settings_size);
	struct pages *pages = xalloc(sizeof *pages);

	pages->model = model;
	pages->memory = memory_new(sim, view ? view : model->view(settings), 0, mib);
	pages->state = model->create(sim, pages->memory, settings);
	return pages;
}

struct remote_free *remote_free_new(struct sim *sim, unsigned cpus, uint64_t objects)
{
	struct remote_free *r = xalloc(sizeof *r);
	struct pages *pages;

	r->model = object_allocator_find("slub-cpu");
	pages = pages_new(sim, "buddy", r->model->view, 64 + cpus / 2);
	r->state = r->model->create(sim, pages, defaults(r->model->settings, r->model->settings_size));
	r->cache = r->model->cache_create(r->state, "bench", 256, 0);
	r->ring = arena_new(sim, struct ring, cpus / 2, 0, LINE, &ring_layout, "ring");
	r->objects = objects;
	for (unsigned c = 0; c < cpus; c++)
		thread_start(sim, c, c & 1 ? consumer : producer, r);
	return r;
}

enum { HELD_PAGES = 64 };

struct address_space {                  /* of one process, whose threads fault pages in */
	_Alignas(LINE) uint64_t readers;
	_Alignas(LINE) uint64_t pages;
};
static const struct layout address_space_layout = { "address_space", sizeof(struct address_space), CLASS_WORKLOAD, NULL };

struct page_table {
	_Alignas(LINE) struct page *entry[HELD_PAGES];
};
static const struct layout page_table_layout = { "page_table", sizeof(struct page_table), CLASS_WORKLOAD, NULL };

struct page_fault {
	struct pages *pages;
	struct address_space *space;
	struct page_table *table;       /* [cpus] */
	uint64_t faults;
};

static void fault(struct cpu *cpu, struct page_fault *f, struct page **entry)
{
	uint64_t *word;
	struct page *page;

	fetch_add(cpu, &f->space->readers, 1);
	op_begin(cpu, OP_PAGE_ALLOC);
	page = pages_alloc(cpu, f->pages, 0, GFP_MOVABLE);
	op_end(cpu, PAGE_BYTES, 0);
	word = page_address(f->pages->memory, page);
	for (unsigned i = 0; i < PAGE_BYTES / LINE; i++)
		store(cpu, word + i * (LINE / sizeof *word), 0);
	store(cpu, entry, page);
	fetch_add(cpu, &f->space->readers, -1);
}

static void unmap(struct cpu *cpu, struct page_fault *f, struct page **entry)
{
	struct page *page = load(cpu, entry);

	op_begin(cpu, OP_PAGE_FREE);
	pages_free(cpu, f->pages, page, 0);
	op_end(cpu, -PAGE_BYTES, 0);
}

static void faulter(struct cpu *cpu, void *argument)
{
	struct page_fault *f = argument;
	struct page **entry = f->table[cpu_id(cpu)].entry;

	for (uint64_t i = 0; i < f->faults; i += HELD_PAGES) {
		for (unsigned k = 0; k < HELD_PAGES; k++)
			fault(cpu, f, &entry[k]);
		for (unsigned k = 0; k < HELD_PAGES; k++)
			unmap(cpu, f, &entry[k]);
		fetch_add(cpu, &f->space->pages, HELD_PAGES);
	}
}

struct page_fault *page_fault_new(struct sim *sim, unsigned cpus, uint64_t faults)
{
	struct page_fault *f = xalloc(sizeof *f);

	f->pages = pages_new(sim, "pcp", NULL, 64);
	f->space = arena_new(sim, struct address_space, 1, 0, LINE, &address_space_layout, "space");
	f->table = arena_new(sim, struct page_table, cpus, 0, LINE, &page_table_layout, "table");
	f->faults = faults;
	for (unsigned c = 0; c < cpus; c++)
		thread_start(sim, c, faulter, f);
	return f;
}
