/* How large slabs and sheaves are, Linux 6.12 and later; plain C, before time zero. */
#include "models/slub/geometry_612.h"
#include "models/slub/sheaf.h"

enum { OBJECTS_MAX = 32767 };   /* of a slab: its count has 15 bits */

static unsigned bits_of(uint64_t x)
{
	unsigned bits = 0;

	for (; x; x >>= 1)
		bits++;
	return bits;
}

/* First order from min_order on that wastes at most the fraction; above max_order: none. */
static unsigned slab_order(uint64_t size, unsigned min_order, unsigned max_order, unsigned fraction)
{
	unsigned order;

	for (order = min_order; order <= max_order; order++) {
		uint64_t bytes = (uint64_t)PAGE_BYTES << order;

		if (bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

unsigned calculate_order_612(const struct sheaf_settings *set, unsigned cpus, uint64_t size)
{
	unsigned max_order = (unsigned)set->max_order;
	uint64_t most = ((uint64_t)PAGE_BYTES << max_order) / size;
	uint64_t objects = set->min_objects ? set->min_objects : 4 * (bits_of(cpus) + 1);
	unsigned min_order;

	if (most == 0)
		most = 1;
	if (objects > most)
		objects = most;
	min_order = get_order(objects * size);
	if (min_order < set->min_order)
		min_order = (unsigned)set->min_order;
	if (((uint64_t)PAGE_BYTES << min_order) / size > OBJECTS_MAX)
		return get_order(size * OBJECTS_MAX) - 1;
	for (unsigned fraction = 16; fraction > 1; fraction /= 2) {
		unsigned order = slab_order(size, min_order, max_order, fraction);

		if (order <= max_order)
			return order;
	}
	return get_order(size);
}

/* What kmalloc makes of it. */
static unsigned bucket(unsigned bytes)
{
	unsigned size = 8;

	if (bytes > 64 && bytes <= 96)
		return 96;
	if (bytes > 128 && bytes <= 192)
		return 192;
	while (size < bytes)
		size *= 2;
	return size;
}

unsigned calculate_sheaf_capacity(unsigned size)
{
	unsigned capacity = size >= 4096 ? 4 : size >= 1024 ? 12 : size >= 256 ? 26 : 60;
	unsigned head = offsetof(struct slab_sheaf, objects);

	return (bucket(head + capacity * WORD) - head) / WORD;
}

unsigned calculate_min_partial(unsigned size)
{
	unsigned half = (bits_of(size) - 1) / 2;

	return half < 5 ? 5 : half > 10 ? 10 : half;
}

unsigned calculate_cpu_partial(unsigned size)
{
	return size >= 4096 ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120;
}
