/* How large slabs and caches are; plain C, before time zero. Follows: mm/slub.c, Linux 2.6.22
 * and 2.6.30. */
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
static unsigned order_for(uint64_t size, uint64_t min_objects, unsigned min_order,
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

/* So many objects, then fewer until they fit; for each number less and less waste is asked for. */
static unsigned search_order(const struct slub *slub, uint64_t size, uint64_t min_objects,
			     unsigned min_order, unsigned max_order)
{
	bool by_one = slub->era->min_objects_by_cpus;

	while (min_objects > 1) {
		for (unsigned fraction = slub->era->waste; fraction >= 4; fraction /= 2) {
			unsigned order = order_for(size, min_objects, min_order, max_order,
						   fraction);

			if (order <= max_order)
				return order;
		}
		min_objects = by_one ? min_objects - 1 : min_objects / 2;
	}
	return order_for(size, 1, min_order, max_order, 1);
}

/* 2.6.23 and dfb4f096 see to it that inuse, of 16 bits, can count the objects. */
static unsigned lowest_order(const struct slub *slub, uint64_t size)
{
	unsigned order = (unsigned)slub->settings.min_order;

	while (order > 0 && ((uint64_t)PAGE_BYTES << order) / size >= slub->era->too_many)
		order--;
	return order;
}

unsigned get_order(uint64_t bytes)
{
	unsigned order = 0;

	while ((uint64_t)PAGE_BYTES << order < bytes)
		order++;
	return order;
}

static unsigned highest_bit(unsigned number)    /* from 1; of 0: 0 */
{
	unsigned bit = 0;

	while (number >> bit)
		bit++;
	return bit;
}

/* 2.6.30 on: as many as the CPUs ask for, if the largest slab has room. */
static uint64_t objects_wanted(const struct slub *slub, uint64_t size)
{
	uint64_t wanted = slub->settings.min_objects;
	uint64_t room = ((uint64_t)PAGE_BYTES << slub->settings.max_order) / size;

	if (!slub->era->min_objects_by_cpus)
		return wanted;
	if (wanted == 0)
		wanted = 4 * (highest_bit(sim_cpus(slub->sim)) + 1);
	return wanted < room ? wanted : room;
}

unsigned calculate_order(const struct slub *slub, uint64_t size)
{
	unsigned min_order = lowest_order(slub, size);
	unsigned max_order = (unsigned)slub->settings.max_order;
	unsigned order;

	if (slub->era->min_objects_by_cpus && min_order < slub->settings.min_order)
		return get_order(size * (slub->era->too_many - 1)) - 1;
	order = search_order(slub, size, objects_wanted(slub, size), min_order, max_order);
	if (order <= max_order)
		return order;
	return order_for(size, 1, min_order, MAX_ORDER - 1, 1);
}

uint64_t min_partial_by_size(const struct slub *slub, unsigned size)
{
	unsigned bits = (highest_bit(size) - 1) / slub->era->min_partial_bits;

	return bits < 5 ? 5 : bits > 10 ? 10 : bits;
}
