/*
 * What a CPU has of a cache, Linux 2.6.24: a struct in an array of the CPU, to which the cache
 * points. Two caches of one CPU share a line, never two CPUs.
 */
#ifndef MODELS_SLUB_CPU_2624_H
#define MODELS_SLUB_CPU_2624_H

#include "models/slub/cache_2622.h"
#include "models/slub/page_2624.h"

enum { NR_KMEM_CACHE_CPU = 100 };       /* entries of a CPU's static array */

struct kmem_cache_cpu {
	void *freelist;
	struct slab_page *page;         /* the CPU's slab */
	int32_t node;                   /* of the slab; -1: debugged */
	uint32_t offset;                /* of the free pointer, in words */
	uint32_t objsize;
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, node),
	FIELD(struct kmem_cache_cpu, offset),
	FIELD(struct kmem_cache_cpu, objsize),
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(sizeof(struct kmem_cache_cpu) == 32, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, page) == 8, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, node) == 16, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, offset) == 20, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, objsize) == 24, "2.6.24");

struct kmem_cache_cpus {
	_Alignas(LINE) struct kmem_cache_cpu entry[NR_KMEM_CACHE_CPU];
};

static const struct layout cpu_slab_layout = { "cpu_slab", WORD, CLASS_ALLOCATOR, NULL };

static inline struct kmem_cache_cpu *get_cpu_slab(struct cpu *cpu, const struct slub *slub,
						  const struct kmem_cache *s)
{
	struct kmem_cache_cpu **pointer = cpu_slab_of(slub, s, cpu_id(cpu));

	return load(cpu, pointer);
}

/* Of the free pointer in an object of the CPU's slab, in words. */
static inline unsigned cpu_free_offset(struct cpu *cpu, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)s;
	(void)page;
	return load(cpu, &c->offset);
}

static inline unsigned object_bytes(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	(void)s;
	return load(cpu, &c->objsize);
}

/* The CPU's freelist changed: nobody needs to know, interrupts are off. */
static inline void tid_advance(struct cpu *cpu, const struct slub *slub, struct kmem_cache_cpu *c)
{
	(void)cpu;
	(void)slub;
	(void)c;
}

/* The private list of a new slab: it has none. */
static inline void setup_private_list(struct cpu *cpu, struct slab_page *page)
{
	(void)cpu;
	(void)page;
}

static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	const struct kmem_cache_cpu *c = *(struct kmem_cache_cpu **)cpu_slab_of(slub, s, id);

	return (struct cpu_view){ (struct page *)c->page, c->freelist };
}

/* The next entry of every CPU's static array; when that is used up, a line of its own. */
static inline void setup_cpus(struct slub *slub, struct kmem_cache *s)
{
	struct kmem_cache_cpus *cpus = slub->own;
	unsigned entry = slub->caches - 1;
	struct kmem_cache_cpu *first;

	if (entry < NR_KMEM_CACHE_CPU)
		first = &cpus->entry[entry];
	else
		first = percpu_alloc(slub->sim, LINE, LINE, &kmem_cache_cpu_layout,
				     "kmem_cache_cpu");
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct kmem_cache_cpu *c = per_cpu(slub->sim, first, id);

		*(struct kmem_cache_cpu **)cpu_slab_of(slub, s, id) = c;
		c->offset = (uint32_t)s->offset / WORD;
		c->objsize = (uint32_t)s->objsize;
		relabel_setup(slub->sim, c, sizeof *c, &kmem_cache_cpu_layout, 0,
			      label_new(slub->sim, "%s kmem_cache_cpu[%u]", s->name, id));
	}
}

#endif
