/*
 * The ledger: which objects are alive, and what is wrong with one that is handed out or freed.
 *
 * An open hash of addresses that never forgets one, so that freed twice and never handed out can
 * be told apart. Addresses are only looked up, never walked: the order of the table reaches
 * nothing.
 */
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/workload.h"

enum { LEDGER_SLOTS_FIRST = 1024 };

struct entry {
	const void *object;             /* NULL: an empty slot */
	const void *owner;              /* the cache it belongs to */
	size_t bytes;
	bool alive;
};

struct ledger {
	struct entry *entry;
	size_t slots, used;             /* slots: a power of two; used: at most half of them */
	uint64_t alive;
};

static struct entry *find(const struct ledger *ledger, const void *object)
{
	size_t mask = ledger->slots - 1;
	size_t slot = (size_t)((uint64_t)(uintptr_t)object * 0x9e3779b97f4a7c15u >> 20) & mask;

	while (ledger->entry[slot].object && ledger->entry[slot].object != object)
		slot = (slot + 1) & mask;
	return &ledger->entry[slot];
}

static void grow(struct ledger *ledger)
{
	struct entry *old = ledger->entry;
	size_t old_slots = ledger->slots;

	ledger->slots = 2 * old_slots;
	ledger->entry = xalloc(ledger->slots * sizeof *ledger->entry);
	for (size_t i = 0; i < old_slots; i++)
		if (old[i].object)
			*find(ledger, old[i].object) = old[i];
	free(old);
}

struct ledger *ledger_new(const struct sim *sim)
{
	struct ledger *ledger = xalloc(sizeof *ledger);

	(void)sim;
	ledger->slots = LEDGER_SLOTS_FIRST;
	ledger->entry = xalloc(ledger->slots * sizeof *ledger->entry);
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	free(ledger->entry);
	free(ledger);
}

uint64_t ledger_alive(const struct ledger *ledger)
{
	return ledger->alive;
}

const char *ledger_born(struct ledger *ledger, const void *object, const void *owner, size_t bytes)
{
	struct entry *entry = find(ledger, object);

	if (entry->object && entry->alive)
		return "handed out twice";
	if (!entry->object && 2 * ++ledger->used > ledger->slots) {
		grow(ledger);
		entry = find(ledger, object);
	}
	*entry = (struct entry){ object, owner, bytes, true };
	ledger->alive++;
	return NULL;
}

const char *ledger_dies(struct ledger *ledger, const void *object, const void *owner, size_t *bytes)
{
	struct entry *entry = find(ledger, object);

	if (!entry->object)
		return "freed but never handed out";
	if (!entry->alive)
		return "freed twice";
	if (entry->owner != owner)
		return "freed into another cache";
	entry->alive = false;
	ledger->alive--;
	*bytes = entry->bytes;
	return NULL;
}
