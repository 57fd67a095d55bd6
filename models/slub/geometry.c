/* How large slabs and caches are; plain C, before time zero. Follows: mm/slub.c, Linux 2.6.22. */
#include "models/slub/slub.h"

unsigned round_up(unsigned value, unsigned to)
{
	return (value + to - 1) / to * to;
}

size_t cache_bytes(const struct slub *slub, unsigned cpus)
{
	return slub->cpu_slab_offset + cpus * slub->era->cpu_slab_bytes;
}

/* First order that holds min_objects and wastes at most the fraction; above max_order: none. */
static unsigned slab_order(uint64_t size, uint64_t min_objects, unsigned min_order,
			   unsigned max_order, unsigned fraction)
{
	unsigned order;

	for (order = min_order; order <= max_order; order++) {
		uint64_t bytes = (uint64_t)PAGE_BYTES << order;

		if (bytes >= min_objects * size && bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

/* 2.6.23 and dfb4f096 see to it that inuse, of 16 bits, can count the objects. */
static unsigned lowest_order(const struct slub *slub, uint64_t size)
{
	unsigned order = (unsigned)slub->settings.min_order;

	while (order > 0 && ((uint64_t)PAGE_BYTES << order) / size >= slub->era->too_many)
		order--;
	return order;
}

unsigned calculate_order(const struct slub *slub, uint64_t size)
{
	const struct slub_settings *settings = &slub->settings;
	unsigned min_order = lowest_order(slub, size);
	unsigned max_order = (unsigned)settings->max_order;
	unsigned order;

	for (uint64_t objects = settings->min_objects; objects > 1; objects /= 2) {
		for (unsigned fraction = 8; fraction >= 4; fraction /= 2) {
			order = slab_order(size, objects, min_order, max_order, fraction);
			if (order <= max_order)
				return order;
		}
	}
	order = slab_order(size, 1, min_order, max_order, 1);
	if (order <= max_order)
		return order;
	return slab_order(size, 1, min_order, MAX_ORDER - 1, 1);
}
