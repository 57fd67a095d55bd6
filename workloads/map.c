/* Numbers to small numbers; see map.h. */
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/map.h"

enum { ROOM_FIRST = 1024 };

static struct map_slot *find(const struct map *map, uint64_t key)
{
	uint64_t mixed = key * 0x9e3779b97f4a7c15u;
	size_t mask = map->room - 1, at = (size_t)(mixed ^ mixed >> 32) & mask;

	while (map->slot[at].used && map->slot[at].key != key)
		at = (at + 1) & mask;
	return &map->slot[at];
}

static void grow(struct map *map)
{
	struct map old = *map;

	map->room = old.room ? 2 * old.room : ROOM_FIRST;
	map->slot = xalloc(map->room * sizeof *map->slot);
	for (size_t i = 0; i < old.room; i++)
		if (old.slot[i].used)
			*find(map, old.slot[i].key) = old.slot[i];
	free(old.slot);
}

uint32_t *map_at(struct map *map, uint64_t key)
{
	if (2 * (map->used + 1) > map->room)
		grow(map);
	struct map_slot *slot = find(map, key);

	if (!slot->used) {
		*slot = (struct map_slot){ .key = key, .value = MAP_NONE, .used = 1 };
		map->used++;
	}
	return &slot->value;
}

uint32_t map_get(const struct map *map, uint64_t key)
{
	if (map->room == 0)
		return MAP_NONE;
	const struct map_slot *slot = find(map, key);

	return slot->used ? slot->value : MAP_NONE;
}

void map_free(struct map *map)
{
	free(map->slot);
	*map = (struct map){ NULL, 0, 0 };
}
