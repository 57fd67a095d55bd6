/* Tag arrays: sets, ways, LRU. */
#include "sim/internal.h"

void cache_init(struct cache *c, const struct cache_level *level)
{
	c->ways = level->ways;
	c->sets = level->kib * 1024 / LINE / level->ways;
	c->hit_units = units_of_cycles(level->hit_cyc);
	c->bytes = c->sets * c->ways * sizeof(struct slot);
	c->slot = xmap(c->bytes);
}

void cache_free(struct cache *c)
{
	xunmap(c->slot, c->bytes);
}

struct slot *cache_set(const struct cache *c, uint64_t line)
{
	return &c->slot[line % c->sets * c->ways];
}

struct slot *cache_find(const struct cache *c, uint64_t line)
{
	struct slot *slot = cache_set(c, line);

	for (uint64_t way = 0; way < c->ways; way++, slot++)
		if (slot->line == line)
			return slot;
	return NULL;
}

/* The outermost private level lets go of a line: the levels inside must too. */
void cache_forget_inner(struct node *cpu, uint64_t line)
{
	for (unsigned i = 0; i + 1 < cpu->levels; i++) {
		struct slot *slot = cache_find(&cpu->level_cache[i], line);

		if (slot)
			slot->line = NO_LINE;
	}
}
