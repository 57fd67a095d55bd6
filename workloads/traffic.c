/*
 * How workloads ask the allocator: each object goes through here, which brackets the operation,
 * counts the bytes alive and keeps the ledger.
 *
 * Bytes alive are what the user asked for: the size of the cache's objects, of the kmalloc, of
 * the page block. What the allocator holds in pages is counted where it takes them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "workloads/workload.h"

/* Marks in the ledger of objects that belong to no cache. */
static const char kmalloc_owner, pages_owner;

/* Reported by its place in simulated memory: host addresses differ from run to run. */
static _Noreturn void wrong_object(struct cpu *cpu, const struct traffic *traffic,
				   const void *object, const char *what)
{
	const struct memory *memory = traffic->pages->memory;
	uint64_t pfn = address_to_pfn(memory, object);

	if (pfn == memory->pages)
		BUG(cpu, "object outside the pages of the machine: %s", what);
	BUG(cpu, "object at page frame %" PRIu64 " + %u: %s", pfn,
	    (unsigned)((uintptr_t)object % PAGE_BYTES), what);
}

static void born(struct cpu *cpu, struct traffic *traffic, const void *object, const void *owner,
		 size_t bytes)
{
	const char *wrong =
		traffic->ledger ? ledger_born(traffic->ledger, object, owner, bytes) : NULL;

	if (wrong)
		wrong_object(cpu, traffic, object, wrong);
}

static size_t dies(struct cpu *cpu, struct traffic *traffic, const void *object, const void *owner)
{
	size_t bytes = 0;
	const char *wrong =
		traffic->ledger ? ledger_dies(traffic->ledger, object, owner, &bytes) : NULL;

	if (wrong)
		wrong_object(cpu, traffic, object, wrong);
	return bytes;
}

static void must_own(struct cpu *cpu, const struct traffic *traffic, const struct kmem_cache *cache,
		     const void *object)
{
	const struct objects *objects = traffic->objects;

	if (traffic->ledger && !objects->model->owns(objects->state, cache, object))
		wrong_object(cpu, traffic, object, "handed out, but no object of a live slab");
}

static unsigned gfp_of(const struct cpu *cpu, const struct traffic *traffic)
{
	return in_interrupt(cpu) ? GFP_ATOMIC : traffic->gfp;
}

void *traffic_alloc(struct cpu *cpu, struct traffic *traffic, struct kmem_cache *cache)
{
	const struct objects *objects = traffic->objects;
	size_t bytes = objects->model->object_size(cache);

	op_begin(cpu, OP_ALLOC);
	void *object = objects->model->alloc(cpu, objects->state, cache, gfp_of(cpu, traffic));

	if (!object)
		sim_out_of_memory(cpu_sim(cpu));
	must_own(cpu, traffic, cache, object);
	born(cpu, traffic, object, cache, bytes);
	op_end(cpu, (int64_t)bytes, 0);
	return object;
}

void traffic_free(struct cpu *cpu, struct traffic *traffic, struct kmem_cache *cache, void *object)
{
	const struct objects *objects = traffic->objects;
	size_t bytes = dies(cpu, traffic, object, cache);

	op_begin(cpu, OP_FREE);
	objects->model->free(cpu, objects->state, cache, object);
	op_end(cpu, -(int64_t)bytes, 0);
}

void *traffic_kmalloc(struct cpu *cpu, struct traffic *traffic, size_t size)
{
	const struct objects *objects = traffic->objects;

	op_begin(cpu, OP_ALLOC);
	void *object = objects->model->kmalloc(cpu, objects->state, size, gfp_of(cpu, traffic));

	if (!object)
		sim_out_of_memory(cpu_sim(cpu));
	struct kmem_cache *cache = objects->model->kmalloc_cache(objects->state, size);

	if (cache)                              /* else a block of pages, in no slab */
		must_own(cpu, traffic, cache, object);
	born(cpu, traffic, object, &kmalloc_owner, size);
	op_end(cpu, (int64_t)size, 0);
	return object;
}

void traffic_kfree(struct cpu *cpu, struct traffic *traffic, void *object)
{
	const struct objects *objects = traffic->objects;
	size_t bytes = dies(cpu, traffic, object, &kmalloc_owner);

	op_begin(cpu, OP_FREE);
	objects->model->kfree(cpu, objects->state, object);
	op_end(cpu, -(int64_t)bytes, 0);
}

static void must_be_block(struct cpu *cpu, const struct memory *memory, const struct page *page,
			  unsigned order)
{
	uint64_t pfn = page_to_pfn(memory, page), count = (uint64_t)1 << order;

	if (pfn % count || pfn + count > memory->pages || page != pfn_to_page(memory, pfn))
		BUG(cpu, "page frame %" PRIu64 ": handed out, but no block of order %u", pfn,
		    order);
}

/* Each page of a block is in the ledger, so that blocks that overlap are noticed. */
struct page *traffic_pages_alloc(struct cpu *cpu, struct traffic *traffic, unsigned order,
				 unsigned gfp)
{
	const struct pages *pages = traffic->pages;
	const struct memory *memory = pages->memory;
	int64_t bytes = (int64_t)PAGE_BYTES << order;

	op_begin(cpu, OP_PAGE_ALLOC);
	struct page *page = pages->model->alloc(cpu, pages->state, order, gfp);

	if (!page)
		sim_out_of_memory(cpu_sim(cpu));
	must_be_block(cpu, memory, page, order);
	for (uint64_t i = 0, pfn = page_to_pfn(memory, page); i < (uint64_t)1 << order; i++)
		born(cpu, traffic, pfn_address(memory, pfn + i), &pages_owner, PAGE_BYTES);
	op_end(cpu, bytes, bytes);
	return page;
}

void traffic_pages_free(struct cpu *cpu, struct traffic *traffic, struct page *page, unsigned order)
{
	const struct pages *pages = traffic->pages;
	const struct memory *memory = pages->memory;
	int64_t bytes = (int64_t)PAGE_BYTES << order;

	for (uint64_t i = 0, pfn = page_to_pfn(memory, page); i < (uint64_t)1 << order; i++)
		dies(cpu, traffic, pfn_address(memory, pfn + i), &pages_owner);
	op_begin(cpu, OP_PAGE_FREE);
	pages->model->free(cpu, pages->state, page, order);
	op_end(cpu, -bytes, -bytes);
}

/* ---- pages of processes ----------------------------------------------------------------------- */

unsigned traffic_group(const struct traffic *traffic)
{
	const struct page_allocator *model = traffic->pages->model;

	return model->free_batch && model->group ? model->group : 1;
}

static void free_one(struct cpu *cpu, struct traffic *traffic, struct page *page)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->lru_del)
		pages->model->lru_del(cpu, pages->state, page);
	traffic_pages_free(cpu, traffic, page, 0);
}

void traffic_pages_free_group(struct cpu *cpu, struct traffic *traffic, struct page *const *page,
			      unsigned count)
{
	const struct pages *pages = traffic->pages;
	int64_t bytes = (int64_t)PAGE_BYTES * count;

	for (unsigned i = 0; !pages->model->free_batch && i < count; i++)
		free_one(cpu, traffic, page[i]);
	if (!pages->model->free_batch)
		return;
	for (unsigned i = 0; i < count; i++)
		dies(cpu, traffic, page_address(pages->memory, page[i]), &pages_owner);
	op_begin(cpu, OP_PAGE_FREE);
	op_pieces(cpu, count);
	pages->model->free_batch(cpu, pages->state, page, count);
	op_end(cpu, -bytes, -bytes);
}

void traffic_map(struct cpu *cpu, struct traffic *traffic, struct page *page)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->map)
		pages->model->map(cpu, pages->state, page);
}

void traffic_unmap(struct cpu *cpu, struct traffic *traffic, struct page *page)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->unmap)
		pages->model->unmap(cpu, pages->state, page);
}

void traffic_lru_add(struct cpu *cpu, struct traffic *traffic, struct page *page,
		     enum lru_list list)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->lru_add)
		pages->model->lru_add(cpu, pages->state, page, list);
}

void traffic_lru_drain(struct cpu *cpu, struct traffic *traffic)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->lru_drain)
		pages->model->lru_drain(cpu, pages->state);
}

void traffic_process_exit(struct cpu *cpu, struct traffic *traffic)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->process_exit)
		pages->model->process_exit(cpu, pages->state);
}

void traffic_drain_all(struct cpu *cpu, struct traffic *traffic)
{
	const struct pages *pages = traffic->pages;

	if (pages->model->drain_all)
		pages->model->drain_all(cpu, pages->state);
}

/* ---- sources ---------------------------------------------------------------------------------- */

const char *const source_words[] = {
	[SOURCE_KMEM_CACHE] = "kmem_cache", [SOURCE_KMALLOC] = "kmalloc",
	[SOURCE_RECLAIMABLE] = "reclaimable", NULL
};

bool source_fits(const struct traffic *traffic, int kind, char *why, size_t size)
{
	const struct object_allocator *model = traffic->objects->model;

	if (kind != SOURCE_RECLAIMABLE || model->cache_reclaimable)
		return true;
	snprintf(why, size, "'cache: reclaimable': '%s' has no caches that are reclaimed", model->name);
	return false;
}

struct source source_new(struct traffic *traffic, int kind, size_t size)
{
	const struct objects *objects = traffic->objects;
	struct source source = { NULL, size };

	if (kind != SOURCE_KMALLOC)
		source.cache =
			objects->model->cache_create(objects->state, "workload", (unsigned)size, 0);
	if (kind == SOURCE_RECLAIMABLE)
		objects->model->cache_reclaimable(source.cache);
	if (!traffic->source.size)
		traffic->source = source;
	return source;
}

void *source_alloc(struct cpu *cpu, struct traffic *traffic, const struct source *source)
{
	if (source->cache)
		return traffic_alloc(cpu, traffic, source->cache);
	return traffic_kmalloc(cpu, traffic, source->size);
}

void source_free(struct cpu *cpu, struct traffic *traffic, const struct source *source,
		 void *object)
{
	if (source->cache)
		traffic_free(cpu, traffic, source->cache, object);
	else
		traffic_kfree(cpu, traffic, object);
}

/* Bytes from p to the end of its line, at most `bytes`. */
static size_t rest_of_line(const char *p, size_t bytes)
{
	size_t rest = LINE - (uintptr_t)p % LINE;

	return rest < bytes ? rest : bytes;
}

/* One access of 8 bytes can be made at p without leaving `bytes` bytes. */
static bool holds_word(const char *p, size_t bytes)
{
	return bytes >= sizeof(uint64_t) && (uintptr_t)p % sizeof(uint64_t) == 0;
}

void touch_write(struct cpu *cpu, void *p, size_t bytes)
{
	char *at = p;

	while (bytes > 0) {
		size_t step = rest_of_line(at, bytes);

		if (holds_word(at, step))
			store(cpu, (uint64_t *)(void *)at, bytes);
		else
			store(cpu, at, (char)bytes);
		at += step;
		bytes -= step;
	}
}

void touch_read(struct cpu *cpu, const void *p, size_t bytes)
{
	const char *at = p;

	for (size_t i = rest_of_line(p, bytes); i < bytes; i += LINE)
		load_ahead(cpu, at + i);
	while (bytes > 0) {
		size_t step = rest_of_line(at, bytes);

		if (holds_word(at, step))
			(void)load(cpu, (uint64_t *)(uintptr_t)at);
		else
			(void)load(cpu, (char *)(uintptr_t)at);
		at += step;
		bytes -= step;
	}
}

uint64_t traffic_lost(const struct traffic *traffic)
{
	const struct objects *objects = traffic->objects;

	if (!objects || !objects->model->in_use)
		return 0;
	return objects->model->in_use(objects->state) - traffic->held;
}

bool traffic_all_back(const struct traffic *traffic, char *why, size_t size)
{
	const struct objects *objects = traffic->objects;
	uint64_t alive = traffic->ledger ? ledger_alive(traffic->ledger) - traffic->held : 0, lost;

	if (alive) {
		snprintf(why, size, "%" PRIu64 " objects were never freed", alive);
		return false;
	}
	lost = traffic_lost(traffic);
	if (!lost || (objects->model->may_lose && objects->model->may_lose(objects->state)))
		return true;
	snprintf(why, size, "%" PRIu64 " objects were freed and are on no list: lost", lost);
	return false;
}
