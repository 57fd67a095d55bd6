/* Sizes of kmalloc: which cache, or whole pages. Follows: mm/slub.c, Linux 2.6.22 and 2.6.24. */
#include "models/slub/slub.h"

/* ---- caches by size ----------------------------------------------------- */

static const struct layout bytes_layout = { "kmem_cache", 0, CLASS_ALLOCATOR, NULL };

/* kmalloc_caches[], which is static. */
struct array {
	struct slub *slub;
	char *at;
	size_t bytes, stride;           /* of an element; from one to the next */
	struct kmem_cache *(*setup)(struct slub *slub, void *place, size_t bytes, const char *name,
				    unsigned size, unsigned align);
};

/* The place of a size class in kmalloc_caches[]: 96 and 192 first, then 2^shift at shift. Place 0
 * is that of the cache of kmem_cache_node. */
static struct kmem_cache *setup_class(const struct array *array, unsigned place, unsigned size)
{
	struct slub *slub = array->slub;

	return array->setup(slub, array->at + place * array->stride, array->bytes,
			    label_new(slub->sim, "kmalloc-%u", size), size, 0);
}

void slub_kmalloc_setup(struct slub *slub,
			struct kmem_cache *(*setup)(struct slub *slub, void *place, size_t bytes,
						    const char *name, unsigned size,
						    unsigned align))
{
	size_t bytes = cache_bytes(slub, nr_cpus(slub->sim, slub->settings.nr_cpus));
	size_t stride = slub->settings.own_lines ? round_up((unsigned)bytes, LINE) : bytes;
	struct array array = { slub, NULL, bytes, stride, setup };
	unsigned places = 3;

	while (places < NR_KMALLOC && 1u << places <= slub->era->kmalloc_max)
		places++;
	array.at = arena_alloc(slub->sim, places * stride, 1, 0, LINE, &bytes_layout,
			       "kmalloc_caches");
	slub->cache_bytes += places * stride;
	slub->kmalloc_96 = setup_class(&array, 1, 96);
	slub->kmalloc_192 = setup_class(&array, 2, 192);
	for (unsigned shift = 3; shift < places; shift++)
		slub->kmalloc[shift] = setup_class(&array, shift, 1u << shift);
}

void slub_kmalloc_create(struct slub *slub,
			 struct kmem_cache *(*create)(void *state, const char *name, unsigned size,
						      unsigned align))
{
	slub->kmalloc_96 = create(slub, "kmalloc-96", 96, 0);
	slub->kmalloc_192 = create(slub, "kmalloc-192", 192, 0);
	for (unsigned shift = 3; 1u << shift <= slub->era->kmalloc_max; shift++)
		slub->kmalloc[shift] = create(slub, label_new(slub->sim, "kmalloc-%u", 1u << shift),
					      1u << shift, 0);
}

struct kmem_cache *slub_kmalloc_cache(void *state, size_t size)
{
	const struct slub *slub = state;
	unsigned shift = 3;

	if (size > slub->era->kmalloc_max)
		return NULL;
	if (size > 64 && size <= 96)
		return slub->kmalloc_96;
	if (size > 128 && size <= 192)
		return slub->kmalloc_192;
	while ((size_t)1 << shift < size)
		shift++;
	return slub->kmalloc[shift];
}

/* ---- whole pages -------------------------------------------------------- */

struct page *slub_pages_alloc(struct cpu *cpu, const struct slub *slub, unsigned order, unsigned gfp)
{
	if (slub->era->frozen_pages)
		return pages_alloc_frozen(cpu, slub->pages, order, gfp);
	return pages_alloc(cpu, slub->pages, order, gfp);
}

void slub_pages_free(struct cpu *cpu, const struct slub *slub, struct page *page, unsigned order)
{
	if (slub->era->frozen_pages)
		pages_free_frozen(cpu, slub->pages, page, order);
	else
		pages_free(cpu, slub->pages, page, order);
}

void *kmalloc_pages(struct cpu *cpu, struct slub *slub, size_t size, unsigned gfp)
{
	unsigned order = 0;
	struct page *page;

	while ((size_t)PAGE_BYTES << order < size)
		order++;
	if (order >= MAX_ORDER)
		return NULL;
	path(cpu, "pages");
	page = slub_pages_alloc(cpu, slub, order, order > 0 ? gfp | GFP_COMP : gfp);
	return page ? page_address(slub->memory, page) : NULL;
}

void kfree_pages(struct cpu *cpu, struct slub *slub, struct page *page, uint64_t flags)
{
	unsigned order = 0;

	path(cpu, "pages");
	if (flags >> PG_HEAD & 1)
		order = (unsigned)load(cpu, compound_order(slub->memory, page));
	slub_pages_free(cpu, slub, page, order);
}
