/* Sets of hashes: what was seen before (keys.c). */
#ifndef EXPLORED_KEYS_H
#define EXPLORED_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keys {                           /* zeroed: empty */
	uint64_t *slot;
	size_t slots, used;
};

bool keys_add(struct keys *keys, uint64_t key);         /* false: it is there */
bool keys_have(const struct keys *keys, uint64_t key);
void keys_clear(struct keys *keys);

#endif
