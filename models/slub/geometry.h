/* How large slabs and caches are: arithmetic on settings and constants of the era. */
#ifndef MODELS_SLUB_GEOMETRY_H
#define MODELS_SLUB_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

struct slub;

unsigned round_up(unsigned value, unsigned to);
/* 2^order pages are a slab of objects that are `size` bytes apart. */
unsigned calculate_order(const struct slub *slub, uint64_t size);
/* The first one whose pages hold that much. */
unsigned get_order(uint64_t bytes);
/* Up to so many partial slabs empty ones are kept, by the size of their objects (2.6.27 on). */
uint64_t min_partial_by_size(const struct slub *slub, unsigned size);
/* A struct kmem_cache with its cpu_slab[] of so many CPUs. */
size_t cache_bytes(const struct slub *slub, unsigned cpus);

#endif
