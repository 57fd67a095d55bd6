/* An open hash of hashes; see keys.h. */
#include "explored/keys.h"

#include <stdlib.h>

#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

static size_t place_of(const struct keys *keys, uint64_t key)
{
	size_t i = (size_t)(key * RANDOM_STEP >> 20) & (keys->slots - 1);

	while (keys->slot[i] && keys->slot[i] != key)
		i = (i + 1) & (keys->slots - 1);
	return i;
}

bool keys_have(const struct keys *keys, uint64_t key)
{
	return keys->slots && keys->slot[place_of(keys, key | 1)];
}

bool keys_add(struct keys *keys, uint64_t key)
{
	size_t i;

	key |= 1; /* 0: an empty slot */
	if (2 * keys->used >= keys->slots) {
		struct keys bigger = { .slots = keys->slots ? 2 * keys->slots : 1024 };

		bigger.slot = xalloc(bigger.slots * sizeof *bigger.slot);
		bigger.used = keys->used;
		for (size_t k = 0; k < keys->slots; k++)
			if (keys->slot[k])
				bigger.slot[place_of(&bigger, keys->slot[k])] = keys->slot[k];
		free(keys->slot);
		*keys = bigger;
	}
	i = place_of(keys, key);
	if (keys->slot[i])
		return false;
	keys->slot[i] = key;
	keys->used++;
	return true;
}

void keys_clear(struct keys *keys)
{
	free(keys->slot);
	*keys = (struct keys){ 0 };
}
