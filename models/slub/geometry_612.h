/* How large slabs and sheaves are, Linux 6.12 and later. */
#ifndef MODELS_SLUB_GEOMETRY_612_H
#define MODELS_SLUB_GEOMETRY_612_H

#include <stdint.h>

struct sheaf_settings;

/* 2^order pages are a slab of objects that are `size` bytes apart, on a machine with `cpus`. */
unsigned calculate_order_612(const struct sheaf_settings *set, unsigned cpus, uint64_t size);
/* Objects of a sheaf; it fills a size class of kmalloc. */
unsigned calculate_sheaf_capacity(unsigned size);
/* An empty slab is kept while there are fewer partial ones. */
unsigned calculate_min_partial(unsigned size);
/* Free objects that a CPU keeps in partial slabs, about; until 6.18. */
unsigned calculate_cpu_partial(unsigned size);

#endif
