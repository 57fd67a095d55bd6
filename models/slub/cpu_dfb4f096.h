/* What a CPU has of a cache, commit dfb4f096: a struct in kmem_cache itself, a line each. */
#ifndef MODELS_SLUB_CPU_DFB4F096_H
#define MODELS_SLUB_CPU_DFB4F096_H

#include "models/slub/cache_2622.h"
#include "models/slub/page_dfb4f096.h"

struct kmem_cache_cpu {
	void *freelist;
	struct slab_page *page;         /* the CPU's slab */
	int32_t node;                   /* of the slab */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, node),
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(offsetof(struct kmem_cache_cpu, page) == 8, "dfb4f096");
static_assert(offsetof(struct kmem_cache_cpu, node) == 16, "dfb4f096");

#define cpu_slab_layout kmem_cache_cpu_layout

static inline struct kmem_cache_cpu *get_cpu_slab(struct cpu *cpu, const struct slub *slub,
						  const struct kmem_cache *s)
{
	return cpu_slab_of(slub, s, cpu_id(cpu));
}

/* Of the free pointer in an object of the CPU's slab, in words. */
static inline unsigned cpu_free_offset(struct cpu *cpu, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)s;
	(void)c;
	return load(cpu, &page->offset);
}

static inline unsigned object_bytes(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	(void)c;
	return (unsigned)load(cpu, &s->objsize);
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
	const struct kmem_cache_cpu *c = cpu_slab_of(slub, s, id);

	return (struct cpu_view){ (struct page *)c->page, c->freelist };
}

static inline void setup_cpus(struct slub *slub, struct kmem_cache *s)
{
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++)
		relabel_setup(slub->sim, cpu_slab_of(slub, s, id), LINE, &kmem_cache_cpu_layout, 0,
			      label_new(slub->sim, "%s kmem_cache_cpu[%u]", s->name, id));
}

#endif
