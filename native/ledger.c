/*
 * The ledger of the native backend, instead of workloads/ledger.c: an owner for each place of the
 * arena where an object can begin, outside the arena. It is exchanged at once, so that of two CPUs
 * that are handed one object one sees it there and then.
 */
#include "native/machine.h"

#include <stdlib.h>

#include "sim/verbs/xalloc.h"

enum { PLACE_BYTES = 8, SHARDS = 64 };

struct place {
	const void *owner;              /* NULL: never handed out; DEAD: freed */
	size_t bytes;                   /* written and read by who has the object */
};

struct ledger {
	const char *base;
	uint64_t places;
	struct place *place;            /* touched only where objects lie */
	struct {
		_Alignas(128) int64_t alive;
	} shard[SHARDS];                /* by place: sums */
};

static const char dead;
#define DEAD ((const void *)&dead)

struct ledger *ledger_new(const struct sim *sim)
{
	const struct arena *arena = &sim->head.arena;
	struct ledger *ledger = aligned_alloc(128, sizeof *ledger);

	if (!ledger)
		xalloc_failed(sizeof *ledger);
	*ledger = (struct ledger){ .base = arena->base, .places = arena->bytes / PLACE_BYTES };
	ledger->place = xmap(ledger->places * sizeof *ledger->place);
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	xunmap(ledger->place, ledger->places * sizeof *ledger->place);
	free(ledger);
}

static void count(struct ledger *ledger, uint64_t at, int64_t by)
{
	__atomic_fetch_add(&ledger->shard[at / (PAGE_BYTES / PLACE_BYTES) % SHARDS].alive, by,
			   __ATOMIC_RELAXED);
}

uint64_t ledger_alive(const struct ledger *ledger)
{
	int64_t alive = 0;

	for (unsigned i = 0; i < SHARDS; i++)
		alive += __atomic_load_n(&ledger->shard[i].alive, __ATOMIC_RELAXED);
	return (uint64_t)alive;
}

/* NULL: not in the arena. */
static struct place *place_of(struct ledger *ledger, const void *object, uint64_t *at)
{
	uint64_t offset = (uint64_t)((const char *)object - ledger->base);

	*at = offset / PLACE_BYTES;
	return offset % PLACE_BYTES || *at >= ledger->places ? NULL : &ledger->place[*at];
}

const char *ledger_born(struct ledger *ledger, const void *object, const void *owner, size_t bytes)
{
	uint64_t at;
	struct place *place = place_of(ledger, object, &at);
	const void *before;

	if (!place)
		return "handed out, and outside the arena";
	before = __atomic_exchange_n(&place->owner, owner, __ATOMIC_ACQ_REL);
	if (before && before != DEAD)
		return "handed out twice";
	place->bytes = bytes;
	count(ledger, at, 1);
	return NULL;
}

const char *ledger_dies(struct ledger *ledger, const void *object, const void *owner, size_t *bytes)
{
	uint64_t at;
	struct place *place = place_of(ledger, object, &at);
	const void *before;

	if (!place)
		return "freed, and outside the arena";
	*bytes = place->bytes;
	before = __atomic_exchange_n(&place->owner, DEAD, __ATOMIC_ACQ_REL);
	if (!before)
		return "freed but never handed out";
	if (before == DEAD)
		return "freed twice";
	if (before != owner)
		return "freed into another cache";
	count(ledger, at, -1);
	return NULL;
}
