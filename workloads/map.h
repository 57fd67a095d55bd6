/* A map of numbers to small numbers: open addressing, nothing is ever taken out. */
#ifndef WORKLOADS_MAP_H
#define WORKLOADS_MAP_H

#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX             /* what a new key holds; so not a value of its own */

struct map_slot {
	uint64_t key;
	uint32_t value;
	uint32_t used;
};

struct map {                            /* all zero: empty */
	struct map_slot *slot;
	size_t room, used;              /* a power of two; at most half used */
};

/* The value of `key`, MAP_NONE at first; the place holds until the next map_at of this map. */
uint32_t *map_at(struct map *map, uint64_t key);
/* The value of `key` or MAP_NONE; adds nothing. */
uint32_t map_get(const struct map *map, uint64_t key);
void map_free(struct map *map);

#endif
