/*
 * Copies come and go: what a CPU notes when it gets a line, shares it or loses it. Miss classes
 * (docs/model.md) are settled here.
 */
#include "sim/copies.h"
#include "sim/access.h"
#include "sim/coherence.h"
#include "sim/effect.h"
#include "sim/message.h"

#include <stdlib.h>
#include <string.h>

static uint64_t *had_bits(struct line *line)
{
	return line->had_lost;
}

static uint64_t *lost_bits(const struct sim *sim, struct line *line)
{
	return line->had_lost + sim->words;
}

static const uint64_t word_bytes = 0xff;

static void note_written(struct written *w, uint16_t writer, uint32_t epoch)
{
	if (w->writer != writer) {
		w->other_epoch = w->epoch;
		w->writer = writer;
	}
	w->epoch = epoch;
}

/* Only a part of the word is written. */
static void go_by_bytes(struct sim *sim, struct byte_history *h, unsigned word)
{
	if (h->by_bytes >> word & 1)
		return;
	h->by_bytes |= (uint8_t)(1u << word);
	if (!h->byte)
		h->byte = sim_keep(sim, LINE * sizeof *h->byte);
	for (unsigned i = 0; i < 8; i++)
		h->byte[word * 8 + i] = h->word[word];
}

static void note_bytes(struct sim *sim, struct byte_history *h, uint64_t bytes, uint16_t writer,
		       uint32_t epoch)
{
	while (bytes) {
		unsigned word = (unsigned)__builtin_ctzll(bytes) / 8;
		uint64_t all = word_bytes << word * 8, here = bytes & all;

		bytes ^= here;
		if (here == all && !(h->by_bytes >> word & 1)) {
			note_written(&h->word[word], writer, epoch);
			continue;
		}
		go_by_bytes(sim, h, word);
		for (; here; here &= here - 1)
			note_written(&h->byte[__builtin_ctzll(here)], writer, epoch);
	}
}

static struct byte_history *byte_history_new(struct sim *sim)
{
	struct byte_history *h = sim_keep(sim, sizeof *h);

	for (unsigned word = 0; word < LINE / 8; word++)
		h->word[word].writer = NOBODY;
	return h;
}

void line_written(struct sim *sim, struct line *info, unsigned cpu, uint64_t bytes)
{
	if (!bytes)
		return;
	if (!++info->epoch)
		BUG(&sim->cpu[cpu], "line %llu changed hands too often",
		    (unsigned long long)info->number);
	if (sim->head.cpus == 1)
		return;
	if (!info->bytes)
		info->bytes = byte_history_new(sim);
	note_bytes(sim, info->bytes, bytes, (uint16_t)cpu, info->epoch);
}

static void merge_written(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	line_written(sim, copy->info, cpu->node->id, copy->written);
	copy->written = 0;
}

/* A sharing miss whose copy ends without a use of what others wrote was false sharing. */
void copy_settle_false(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	if (copy->open && copy->open_counts && sim->phase == PHASE_WINDOW) {
		struct taken *taken = party_get(sim, copy->info, cpu->node->id)->open;

		cpu->counts.misses_false_sharing++;
		line_counts_get(sim, copy->info)->false_sharing++;
		if (taken)
			taken->false_sharing++;
	}
	copy->open = false;
}

/* What others have written to the line so far is nothing new to this CPU. */
static void note_seen(struct sim *sim, const struct cpu *cpu, const struct slot *copy)
{
	struct line *info = copy->info;

	if (copy->epoch || party_find(info, cpu->node->id))
		party_get(sim, info, cpu->node->id)->epoch = copy->epoch;
}

void copy_settle_true(struct sim *sim, struct cpu *cpu, struct slot *copy, struct party *party)
{
	if (copy->open_counts && sim->phase == PHASE_WINDOW) {
		cpu->counts.misses_true_sharing++;
		line_counts_get(sim, copy->info)->true_sharing++;
		if (party->open)
			party->open->true_sharing++;
	}
	party->epoch = copy->epoch;
	copy->open = false;
}

void copy_is_old(const struct cpu *cpu, const struct slot *copy)
{
	char name[48], member[32];

	label_describe(&cpu->sim->head.arena, (uint64_t)copy->line * LINE, UINT32_MAX, name,
		       sizeof name, member, sizeof member);
	BUG(cpu, "line %llu: copy in %c has version %u, the line %u (%s)",
	    (unsigned long long)copy->line, state_letter[copy->state], copy->version,
	    cpu->line_version[copy->line], name);
}

void cpu_lose(struct sim *sim, struct cpu *cpu, struct slot *slot, const struct origin *taker)
{
	copy_check(cpu, slot);
	merge_written(sim, cpu, slot);
	if (slot->open)
		copy_settle_false(sim, cpu, slot);
	if (taker) {
		cpu_set_bit(cpu, lost_bits(sim, slot->info));
		party_get(sim, slot->info, cpu->node->id)->taker = *taker;
	} else {
		cpu_clear_bit(cpu, lost_bits(sim, slot->info));
	}
	cache_forget_inner(cpu->node, slot->line);
	if (cpu->parked && cpu->park_line == slot->line)
		cpu_unpark(cpu, sim->now);
	slot_set_line(node_outermost(cpu->node), slot, NO_LINE);
	slot->state = STATE_I;
	slot->wrote = false;
}

bool copy_was_killed(struct sim *sim, const struct cpu *cpu, uint64_t line)
{
	return sim->line[line] && cpu_bit(cpu, lost_bits(sim, sim->line[line]));
}

void cpu_downgrade(struct sim *sim, struct cpu *cpu, struct slot *slot, enum state to)
{
	copy_check(cpu, slot);
	merge_written(sim, cpu, slot);
	slot->wrote = false;
	slot->state = (uint8_t)to;
}

bool copy_uses_foreign(const struct line *info, unsigned cpu, const struct party *party,
		       uint64_t bytes)
{
	const struct byte_history *h = info->bytes;
	uint32_t since = party ? party->epoch : 0;

	while (h && bytes) {
		unsigned b = (unsigned)__builtin_ctzll(bytes), word = b / 8;
		const struct written *w = &h->word[word];

		if (h->by_bytes >> word & 1) {
			w = &h->byte[b];
			bytes &= bytes - 1;
		} else {
			bytes &= ~(word_bytes << word * 8);
		}
		if ((w->writer == cpu ? w->other_epoch : w->epoch) > since)
			return true;
	}
	return false;
}

/* Cold, capacity, or sharing (settled later). */
static void classify(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	struct line *info = copy->info;
	bool counts = sim->phase == PHASE_WINDOW;

	copy->epoch = info->epoch;
	copy->open = false;
	if (!cpu_bit(cpu, had_bits(info))) {
		cpu_set_bit(cpu, had_bits(info));
		cpu->counts.misses_cold += counts;
		note_seen(sim, cpu, copy);
	} else if (!cpu_bit(cpu, lost_bits(sim, info))) {
		cpu->counts.misses_capacity += counts;
	} else {
		copy->open = true;
		copy->open_counts = counts;
		party_get(sim, info, cpu->head.id)->open = NULL;
	}
}

/* Of a line that comes for no access: what class its use would have had nobody asks. */
static void leave_unclassed(struct slot *copy)
{
	copy->epoch = copy->info->epoch;
	copy->open = false;
	copy->unclassed = true;
}

void copy_first_use(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	copy->prefetched = false;
	cpu->counts.prefetches_used += sim->phase == PHASE_WINDOW;
	if (!copy->unclassed)
		return;
	copy->unclassed = false;
	cpu_set_bit(cpu, had_bits(copy->info));
	note_seen(sim, cpu, copy);
}

/* A way of the outermost private level for a new line; what was there goes. Rather not a copy
 * whose upgrade is under way. */
static struct slot *make_room(struct sim *sim, struct cpu *cpu, uint64_t line)
{
	const struct cache *c = node_outermost(cpu->node);
	struct slot *victim = NULL, *empty = cache_room(c, line);
	bool victim_asks = false;

	if (empty)
		return empty;
	for (uint64_t way = 0; way < c->ways; way++) {
		struct slot *s = cache_slot(c, cache_set(c, line), way);
		bool asks = txn_pending(cpu->node, s->line);

		if (!victim || asks < victim_asks ||
		    (asks == victim_asks && s->used < victim->used)) {
			victim = s;
			victim_asks = asks;
		}
	}
	coherence_evict(sim, cpu, victim);
	return victim;
}

static struct slot *longest_unused(const struct cache *c, uint64_t line)
{
	uint64_t set = cache_set(c, line);
	struct slot *longest = cache_slot(c, set, 0);

	for (uint64_t way = 1; way < c->ways; way++) {
		struct slot *slot = cache_slot(c, set, way);

		if (slot->used < longest->used)
			longest = slot;
	}
	return longest;
}

/* An inner level points to the copy; what it pointed to stays in the outermost level. */
struct slot *copy_install_inner(struct cpu *cpu, struct slot *copy)
{
	struct node *node = cpu->node;
	struct slot *slot = copy;

	for (int i = (int)node->levels - 2; i >= 0; i--) {
		const struct cache *c = &node->level_cache[i];

		slot = cache_find(c, copy->line);
		if (!slot) {
			slot = cache_room(c, copy->line);
			if (!slot)
				slot = longest_unused(c, copy->line);
			slot_set_line(c, slot, copy->line);
			slot->copy = copy;
		}
		slot->used = ++cpu->used;
	}
	return slot;
}

/*
 * The oldest buffered store and the access that the CPU waits with take effect, before a probe
 * that overtook the line; nobody waited for a prefetch, or a younger store's line: that goes.
 */
static void finish(struct sim *sim, struct cpu *cpu, struct txn *t, struct slot *arrived)
{
	if (cpu->buffer.count)
		buffer_filled(sim, cpu, t);
	if (cpu->blocked == t) {
		cpu->blocked = NULL;
		cpu->filled = t;
		cpu->arrived = arrived;
		cpu->clock = sim->now;
		sim->resume = cpu;
	} else {
		if (sim->moments)
			observe_copy(sim, cpu, t->line, MOMENT_ARRIVAL);
		if (t->deferred)
			coherence_probe_again(sim, t->deferred);
		txn_put(sim, t);
	}
	if (cpu->buffer.count)
		buffer_advance(sim, cpu, sim->now);
}

void cpu_filled(struct sim *sim, struct txn *t)
{
	struct cpu *cpu = t->client->cpu;
	/* who has a copy asks for no more than leave to write it */
	struct slot *copy = t->request == UPGRADE ? node_copy(t->client, t->line) : NULL;
	uint8_t next;
	bool fresh = !copy;

	if (t->request == FAR_ATOMIC) {         /* the home did it: nothing comes but word of it */
		finish(sim, cpu, t, NULL);
		return;
	}
	if (fresh && t->dataless) { /* its copy had to make room meanwhile: as if it did now */
		coherence_drop(sim, t->client, t->line);
		finish(sim, cpu, t, NULL);
		return;
	}
	if (fresh) {
		copy = make_room(sim, cpu, t->line);
		*copy = (struct slot){ .copy = copy, .state = STATE_I, .version = t->version };
		slot_set_line(node_outermost(t->client), copy, t->line);
		copy->info = line_get(sim, t->line);
		copy->label_serial = sim->head.arena.label_serial;
		copy->prefetched = t->prefetch;
		if (t->unasked)
			leave_unclassed(copy);
		else
			classify(sim, cpu, copy);
	}
	if (t->prefetch && sim->phase == PHASE_WINDOW)
		count_prefetch(sim, cpu, t, copy, fresh && copy->open);
	t->request = fresh && t->request == UPGRADE ? GET_MODIFIED : t->request;
	copy_check(cpu, copy);
	next = t->home->rules.fill[copy->state][t->grant];
	if (next == STATES)
		BUG(cpu, "fill of line %llu to %c in state %c", (unsigned long long)t->line,
		    state_letter[t->grant], state_letter[copy->state]);
	copy->state = next;
	copy->used = ++cpu->used;
	finish(sim, cpu, t, fresh ? copy_install_inner(cpu, copy) : NULL);
}
