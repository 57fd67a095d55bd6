/* kmalloc's caches by size, and what is too large for them. */
#ifndef MODELS_SLUB_KMALLOC_H
#define MODELS_SLUB_KMALLOC_H

#include "models/model.h"

struct slub;

enum { NR_KMALLOC = 23 };               /* sizes up to 2^22, the largest block */

/* One array, whose elements are no whole number of lines. `setup` is the era's and makes the
 * `bytes` at `place` a cache. */
void slub_kmalloc_setup(struct slub *slub,
			struct kmem_cache *(*setup)(struct slub *slub, void *place, size_t bytes,
						    const char *name, unsigned size,
						    unsigned align));
/* The same where each is an object like others; `create` as in struct object_allocator. */
void slub_kmalloc_create(struct slub *slub,
			 struct kmem_cache *(*create)(void *state, const char *name, unsigned size,
						      unsigned align));
/* The cache kmalloc(size) takes from; NULL: beyond the largest. */
struct kmem_cache *slub_kmalloc_cache(void *state, size_t size);
/* Pages of slabs and of large kmallocs, frozen where the era has them so. */
struct page *slub_pages_alloc(struct cpu *cpu, const struct slub *slub, unsigned order, unsigned gfp);
void slub_pages_free(struct cpu *cpu, const struct slub *slub, struct page *page, unsigned order);
/* A large kmalloc and its kfree: whole pages. `flags`: of the page. */
void *kmalloc_pages(struct cpu *cpu, struct slub *slub, size_t size, unsigned gfp);
void kfree_pages(struct cpu *cpu, struct slub *slub, struct page *page, uint64_t flags);

#endif
