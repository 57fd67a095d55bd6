/* Tag arrays: sets, ways, LRU. */
#include "sim/cache.h"
#include "sim/node.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"

void cache_init(struct cache *c, const struct cache_level *level)
{
	c->ways = level->ways;
	c->sets = level->kib * 1024 / LINE / level->ways;
	c->mask = c->sets & (c->sets - 1) ? 0 : c->sets - 1;
	c->hit_units = units_of_cycles(level->hit_cyc);
	c->bytes = c->sets * c->ways * (sizeof(struct slot) + sizeof *c->tag);
	c->slot = xmap(c->bytes);
	c->tag = (uint64_t *)(c->slot + c->sets * c->ways);
}

void cache_free(struct cache *c)
{
	xunmap(c->slot, c->bytes);
}

void slot_set_line(const struct cache *c, struct slot *slot, uint64_t line)
{
	slot->line = line;
	c->tag[slot - c->slot] = line;
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
