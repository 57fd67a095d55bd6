/* Tag arrays: sets, ways, LRU. */
#include "sim/cache.h"
#include "sim/node.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"

static size_t bytes_of(uint64_t sets, uint64_t ways, uint64_t row)
{
	return sets * (ways * sizeof(struct slot) + row * sizeof(uint32_t));
}

void caches_init(struct cache *const cache[], unsigned count, const struct cache_level *level)
{
	uint64_t sets = level->kib * 1024 / LINE / level->ways, slots = sets * level->ways;
	uint64_t row = (level->ways + TAGS - 1) / TAGS * TAGS;
	struct slot *slot = xmap_tables(bytes_of(count * sets, level->ways, row));
	uint32_t *tag = (uint32_t *)(slot + count * slots);

	for (uint64_t set = 0; set < count * sets; set++)
		for (uint64_t way = level->ways; way < row; way++)
			tag[set * row + way] = NO_TAG;
	for (unsigned i = 0; i < count; i++)
		*cache[i] = (struct cache){ .slot = slot + i * slots,
					    .tag = tag + i * sets * row,
					    .row = row,
					    .sets = sets,
					    .ways = level->ways,
					    .mask = sets & (sets - 1) ? 0 : sets - 1,
					    .hit_units = units_of_cycles(level->hit_cyc) };
}

void caches_free(struct cache *first, unsigned count)
{
	xunmap(first->slot, bytes_of(count * first->sets, first->ways, first->row));
}

/* The outermost private level lets go of a line: the levels inside must too. */
void cache_forget_inner(struct node *cpu, uint64_t line)
{
	for (unsigned i = 0; i + 1 < cpu->levels; i++) {
		struct slot *slot = cache_find(&cpu->level_cache[i], line);

		if (slot)
			slot_set_line(&cpu->level_cache[i], slot, NO_LINE);
	}
}
