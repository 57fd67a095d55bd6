/*
 * Planted faults: a site and what happens there instead of the verb. Models contain no wrong code;
 * this table shows what an explorer that finds nothing would have found.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "explored/plants.h"

/* clang-format off */
const struct plant explore_plants[] = {
	{ .name = "no-list-lock", .summary = "the partial list's lock is never taken",
	  .models = "slub-page slub-cpu slub-cmpxchg slub-lockless slub-tagged slab sheaves sheaves-all",
	  .member = "*list_lock", .instead = LEAVE_OUT },
	{ .name = "forgotten-list-lock", .summary = "nobody thought of the partial list's lock",
	  .models = "slub-page slub-cpu slub-cmpxchg slub-lockless slub-tagged slab sheaves sheaves-all",
	  .member = "*list_lock", .instead = LEAVE_OUT,
	  .forgotten = true },
	{ .name = "no-slab-lock", .summary = "the lock of a slab is never taken",
	  .models = "slub-page slub-cpu slub-cmpxchg", .function = "bit_spin_*lock_at", .member = "flags",
	  .instead = LEAVE_OUT },
	{ .name = "frozen-not-honoured", .summary = "a free takes another CPU's slab for nobody's",
	  .models = "slub-page slub-cpu slub-cmpxchg", .function = "slab_free_slow", .member = "flags",
	  .instead = GIVE_CONSTANT, .constant = 1 },
	{ .name = "stale-inuse", .summary = "a free into another CPU's slab does not count",
	  .models = "slub-page slub-cpu slub-cmpxchg", .function = "slab_dec_inuse", .text = "*inuse",
	  .instead = LEAVE_OUT },
	{ .name = "uncounted-free", .summary = "an object that goes back into its slab is not counted",
	  .models = "slab", .function = "free_one", .text = "*inuse", .instead = LEAVE_OUT },
	{ .name = "no-alien-lock", .summary = "the lock of an alien array is never taken",
	  .models = "slab", .function = "spin_*lock*", .member = "lock", .instead = LEAVE_OUT },
	{ .name = "stale-nodeid", .summary = "a free takes every object for one of node 1",
	  .models = "slab", .function = "cache_free", .text = "*nodeid", .instead = GIVE_CONSTANT,
	  .constant = 1 },
	{ .name = "no-depot-lock", .summary = "nobody thought of the depot's lock",
	  .models = "bonwick", .member = "depot_lock", .instead = LEAVE_OUT, .forgotten = true },
	{ .name = "no-cache-lock", .summary = "nobody thought of the slab layer's lock",
	  .models = "bonwick", .member = "cache_lock", .instead = LEAVE_OUT, .forgotten = true },
	{ .name = "uncounted-round", .summary = "an object put into a magazine is not counted",
	  .models = "bonwick", .function = "put_round", .text = "*cc_rounds", .instead = LEAVE_OUT },
	{ .name = "no-zone-lock", .summary = "the zone's lock is never taken",
	  .models = "buddy pcp magazine", .member = "lock", .instead = LEAVE_OUT },
	{ .name = "uncounted-refill", .summary = "a refill of a CPU's lists does not count",
	  .models = "pcp-spin", .function = "take_own", .text = "&pcp->count",
	  .instead = LEAVE_OUT },
	{ .name = "no-pcp-lock", .summary = "the locks of CPUs' lists, and of the zone, are never taken",
	  .models = "pcp-spin pcp-buddy", .member = "lock", .instead = LEAVE_OUT },
	{ .name = "mark-stays", .summary = "a page that is handed out keeps the mark of a piece",
	  .models = "pcp-buddy", .function = "clear_mark", .text = "page_mapcount*",
	  .instead = LEAVE_OUT },
	{ .name = "merges-blindly", .summary = "a drain takes every buddy for one that is drained too",
	  .models = "pcp-buddy", .function = "is_drained", .text = "page_mapcount*",
	  .instead = GIVE_CONSTANT, .constant = -130 },
	{ .name = "lasting-owner", .summary = "a block that is whole again keeps its owner",
	  .models = "pcp-buddy", .function = "end_ownership", .instead = LEAVE_OUT },
	{ .name = "uncounted-claim", .summary = "a claimed block is not counted",
	  .models = "pcp-buddy", .function = "refill", .text = "&pcp->count", .instead = LEAVE_OUT },
	{ .name = "no-magazine-lock", .summary = "the magazines' locks are never taken",
	  .models = "magazine", .member = "mag*lock", .instead = LEAVE_OUT },
	{ .name = "uncounted-child", .summary = "frames that come back are not counted in their 2 MiB",
	  .models = "llfree", .function = "add_to_child", .text = "*child*", .instead = LEAVE_OUT },
	{ .name = "no-transaction-id", .summary = "the CPU's freelist is compared without its transaction id",
	  .models = "slub-cmpxchg slub-lockless slub-tagged",
	  .function = "this_cpu_cmpxchg_double",
	  .instead = LOW_WORD_ONLY },
	{ .name = "forgotten-recheck", .summary = "an allocation does not look again, with interrupts off",
	  .models = "slub-cmpxchg slub-lockless", .function = "look_again", .text = "&c->freelist",
	  .instead = GIVE_CONSTANT, .constant = 0 },
	{ .name = "counters-not-compared", .summary = "a slab's freelist is compared without inuse and frozen",
	  .models = "slub-lockless slub-tagged", .function = "exchange_state",
	  .instead = LOW_WORD_ONLY },
	{ .name = "no-barn-lock", .summary = "the lock of a barn of sheaves is never taken",
	  .models = "sheaves sheaves-all", .text = "&lock->[vl]*", .member = "lock",
	  .instead = LEAVE_OUT },
	{ .name = "no-barn-recheck", .summary = "under its lock a barn is taken for what it looked like before",
	  .models = "sheaves sheaves-all", .function = "barn_has", .instead = GIVE_CONSTANT,
	  .constant = 1 },
	{ .name = "sheaves-entered-twice", .summary = "an interrupt uses its CPU's sheaves though the CPU is inside",
	  .models = "sheaves sheaves-all", .function = "sheaves_trylock", .text = "*lock",
	  .instead = GIVE_CONSTANT, .constant = 0 },
	{ .name = "lock-never-taken", .summary = "the exchange that takes a lock changes nothing",
	  .models = "locks", .function = "t*as_lock", .text = "word", .instead = LEAVE_OUT },
	{ .name = "same-ticket", .summary = "a number is drawn and not counted", .models = "locks",
	  .function = "*ticket*", .text = "[wb]o*", .instead = LEAVE_OUT },
	{ .name = "dec-without-effect", .summary = "the decrement that takes a lock is lost",
	  .models = "locks", .function = "lock_dec", .instead = LEAVE_OUT },
	{ .name = "queued-unseen", .summary = "the word is taken whatever is in it", .models = "locks",
	  .function = "lock_queued", .instead = COMPARE_NOTHING },
	{ .name = "mcs-no-recheck", .summary = "a hand-over does not look whether somebody came behind",
	  .models = "locks", .function = "hand_over", .text = "&lock->tail",
	  .instead = COMPARE_NOTHING },
	{ .name = "writer-ignores-readers", .summary = "a writer enters though readers are in",
	  .models = "locks", .function = "enter_as_writer", .instead = COMPARE_NOTHING },
	{ .name = "reader-ignores-retry", .summary = "a reader takes the sequence for what it was",
	  .models = "locks", .function = "read_seqretry_at", .instead = GIVE_LAST },
	{ .name = "fold-without-lock", .summary = "own counters are added without the lock",
	  .models = "locks", .function = "lock_queued", .instead = LEAVE_OUT },
	{ .name = "no-grace-period", .summary = "a writer waits for no reader", .models = "locks",
	  .function = "rcu_synchronize", .instead = GIVE_CONSTANT, .constant = 0 },
	{ .name = "ring-published-early", .summary = "an index is seen before the element is",
	  .models = "queues", .function = "ring_put", .text = "&q->element*", .instead = OVERTAKEN },
	{ .name = "ring-never-full", .summary = "the consumer's index is taken for far ahead",
	  .models = "queues", .function = "await_index", .text = "index",
	  .instead = GIVE_CONSTANT, .constant = 1000 },
	{ .name = "slot-published-early", .summary = "a slot is seen full before the element is in",
	  .models = "queues", .function = "mpmc_put", .text = "&slot->element", .instead = OVERTAKEN },
	{ .name = "claimed-twice", .summary = "slots are claimed whoever claimed them meanwhile",
	  .models = "queues", .function = "claim", .instead = COMPARE_NOTHING },
	{ .name = "list-without-tid", .summary = "the CPU slab's freelist is compared without its transaction id",
	  .models = "sheaves", .function = "cpu_list_update", .instead = LOW_WORD_ONLY },
	{ 0 },
};
/* clang-format on */

const struct plant *plant_find(const char *name)
{
	for (const struct plant *p = explore_plants; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

/* Faults that fit any place where a lock is taken, or a word is compared and exchanged. */
static const struct plant place_plants[] = {
	{ .name = "no-lock", .instead = NOT_TAKEN },
	{ .name = "forgotten-lock", .instead = NOT_TAKEN, .forgotten = true },
	{ .name = "no-compare", .instead = COMPARE_NOTHING },
	{ .name = "low-word", .instead = LOW_WORD_ONLY },
};

bool plant_of_place(const char *text, struct plant *plant)
{
	const char *at = strchr(text, '@'), *colon = strrchr(text, ':');
	char *end;

	for (size_t i = 0; at && i < sizeof place_plants / sizeof *place_plants; i++) {
		const struct plant *p = &place_plants[i];

		if (strlen(p->name) != (size_t)(at - text) || strncmp(text, p->name, strlen(p->name)))
			continue;
		*plant = *p;
		plant->file = at + 1;
		plant->line = colon > at ? (unsigned)strtoul(colon + 1, &end, 10) : 0;
		return plant->line && !*end;
	}
	return false;
}

bool plant_is_at(const struct plant *plant, const struct site *site)
{
	const char *slash, *name;
	size_t length;

	if (!plant->file || site->line != plant->line)
		return false;
	slash = strrchr(site->file, '/');
	name = slash ? slash + 1 : site->file;
	length = strlen(name);
	return !strncmp(plant->file, name, length) && plant->file[length] == ':';
}

bool plant_is_for(const struct plant *plant, const char *model)
{
	size_t length = model ? strlen(model) : 0;

	for (const char *at = plant->models; model && *at; at += strcspn(at, " "), at += *at == ' ')
		if (!strncmp(at, model, length) && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static bool member_fits(const struct sim *sim, const char *p, const char *pattern)
{
	char name[80], member[48];

	label_describe(&sim->head.arena, arena_offset(&sim->head.arena, p), UINT32_MAX, name,
		       sizeof name, member, sizeof member);
	return fnmatch(pattern, member, 0) == 0;
}

bool plant_forgets(const struct sim *sim, const void *lock)
{
	const struct plant *plant = sim->plant;

	return plant && plant->forgotten && plant->member && member_fits(sim, lock, plant->member);
}

enum instead plant_at(const struct sim *sim, const struct verb_at *verb, enum rmw how)
{
	const struct plant *plant = sim->plant;
	bool fits;

	if (!plant)
		return NOTHING_ELSE;
	if (plant->file)
		fits = plant_is_at(plant, verb->site);
	else
		fits = (!plant->function || !fnmatch(plant->function, verb->site->function, 0)) &&
		       (!plant->text || !fnmatch(plant->text, verb->site->text, 0));
	switch ((enum instead)plant->instead) {
	case LEAVE_OUT:
		fits = fits && verb->writes;
		break;
	case LOW_WORD_ONLY:
		fits = fits && how == RMW_CAS && verb->size == sizeof(struct pair);
		break;
	case COMPARE_NOTHING:
		fits = fits && how == RMW_CAS && verb->kind == VERB_RMW;
		break;
	case OVERTAKEN:
		fits = fits && verb->kind == VERB_STORE && !sim->depth;
		break;
	case GIVE_CONSTANT:
	case GIVE_LAST:
		fits = fits && verb->kind == VERB_LOAD;
		break;
	case NOT_TAKEN:         /* see verb_left_out() */
	case NOTHING_ELSE:
		return NOTHING_ELSE;
	}
	if (!fits || (plant->member && !member_fits(sim, verb->p, plant->member)))
		return NOTHING_ELSE;
	return (enum instead)plant->instead;
}
