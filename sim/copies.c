/*
 * Copies come and go: what a CPU notes when it gets a line, shares it or loses it. Miss classes
 * (docs/model.md) are settled here.
 */
#include "sim/copies.h"
#include "sim/access.h"
#include "sim/coherence.h"
#include "sim/effect.h"

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

static bool bit_of(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> i % 64 & 1;
}

void line_written(struct sim *sim, struct line *info, unsigned cpu, uint64_t bytes)
{
	struct byte_history *h = info->bytes;
	uint16_t self = (uint16_t)cpu;

	if (!bytes)
		return;
	if (!++info->epoch)
		BUG(&sim->cpu[cpu], "line %llu changed hands too often",
		    (unsigned long long)info->number);
	if (sim->head.cpus > 1) {
		if (!h) {
			h = info->bytes = sim_keep(sim, sizeof *h);
			memset(h->writer, 0xff, sizeof h->writer);
		}
		for (; bytes; bytes &= bytes - 1) {
			unsigned b = (unsigned)__builtin_ctzll(bytes);

			if (h->writer[b] != self) {
				h->other_epoch[b] = h->epoch[b];
				h->writer[b] = self;
			}
			h->epoch[b] = info->epoch;
		}
	}
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

void copy_settle_true(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	if (copy->open_counts && sim->phase == PHASE_WINDOW) {
		struct taken *taken = party_get(sim, copy->info, cpu->node->id)->open;

		cpu->counts.misses_true_sharing++;
		line_counts_get(sim, copy->info)->true_sharing++;
		if (taken)
			taken->true_sharing++;
	}
	note_seen(sim, cpu, copy);
	copy->open = false;
}

void copy_check(struct cpu *cpu, const struct slot *copy)
{
	uint32_t version = cpu->sim->version[copy->line];
	char name[48], member[32];

	if (copy->version == version)
		return;
	label_describe(&cpu->sim->head.arena, (uint64_t)copy->line * LINE, UINT32_MAX, name,
		       sizeof name, member, sizeof member);
	BUG(cpu, "line %llu: copy in %c has version %u, the line %u (%s)",
	    (unsigned long long)copy->line, state_letter[copy->state], copy->version, version,
	    name);
}

void cpu_lose(struct sim *sim, struct cpu *cpu, struct slot *slot, const struct origin *taker)
{
	uint64_t *lost = lost_bits(sim, slot->info), bit = 1ull << cpu->node->id % 64;

	copy_check(cpu, slot);
	merge_written(sim, cpu, slot);
	copy_settle_false(sim, cpu, slot);
	if (taker) {
		lost[cpu->node->id / 64] |= bit;
		party_get(sim, slot->info, cpu->node->id)->taker = *taker;
	} else {
		lost[cpu->node->id / 64] &= ~bit;
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
	return sim->line[line] && bit_of(lost_bits(sim, sim->line[line]), cpu->node->id);
}

void cpu_downgrade(struct sim *sim, struct cpu *cpu, struct slot *slot, enum state to)
{
	copy_check(cpu, slot);
	merge_written(sim, cpu, slot);
	slot->wrote = false;
	slot->state = (uint8_t)to;
}

bool copy_uses_foreign(const struct line *info, unsigned cpu, uint64_t bytes)
{
	const struct byte_history *h = info->bytes;
	const struct party *party = party_find(info, cpu);
	uint32_t since = party ? party->epoch : 0;

	for (; h && bytes; bytes &= bytes - 1) {
		unsigned b = (unsigned)__builtin_ctzll(bytes);

		if ((h->writer[b] == cpu ? h->other_epoch[b] : h->epoch[b]) > since)
			return true;
	}
	return false;
}

/* Cold, capacity, or sharing (settled later). */
static void classify(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	unsigned id = cpu->node->id;
	struct line *info = copy->info;
	bool counts = sim->phase == PHASE_WINDOW;

	copy->epoch = info->epoch;
	copy->open = false;
	if (!bit_of(had_bits(info), id)) {
		had_bits(info)[id / 64] |= 1ull << id % 64;
		cpu->counts.misses_cold += counts;
		note_seen(sim, cpu, copy);
	} else if (!bit_of(lost_bits(sim, info), id)) {
		cpu->counts.misses_capacity += counts;
	} else {
		copy->open = true;
		copy->open_counts = counts;
		party_get(sim, info, id)->open = NULL;
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
	unsigned id = cpu->node->id;

	copy->prefetched = false;
	cpu->counts.prefetches_used += sim->phase == PHASE_WINDOW;
	if (!copy->unclassed)
		return;
	copy->unclassed = false;
	had_bits(copy->info)[id / 64] |= 1ull << id % 64;
	note_seen(sim, cpu, copy);
}

/* A way of the outermost private level for a new line; what was there goes. Rather not a copy
 * whose upgrade is under way. */
static struct slot *make_room(struct sim *sim, struct cpu *cpu, uint64_t line)
{
	const struct cache *c = node_outermost(cpu->node);
	struct slot *set = cache_set(c, line), *victim = NULL;
	bool victim_asks = false;

	for (uint64_t way = 0; way < c->ways; way++) {
		struct slot *s = &set[way];
		bool asks;

		if (s->line == NO_LINE)
			return s;
		asks = coherence_pending(cpu->node, s->line);
		if (!victim || asks < victim_asks ||
		    (asks == victim_asks && s->used < victim->used)) {
			victim = s;
			victim_asks = asks;
		}
	}
	coherence_evict(sim, cpu, victim);
	return victim;
}

/* An inner level points to the copy; what it pointed to stays in the outermost level. */
struct slot *copy_install_inner(struct cpu *cpu, struct slot *copy)
{
	struct node *node = cpu->node;
	struct slot *slot = copy;

	for (int i = (int)node->levels - 2; i >= 0; i--) {
		struct slot *set = cache_set(&node->level_cache[i], copy->line);

		slot = cache_find(&node->level_cache[i], copy->line);
		if (!slot) {
			slot = set;
			for (uint64_t way = 1;
			     way < node->level_cache[i].ways && slot->line != NO_LINE; way++)
				if (set[way].line == NO_LINE || set[way].used < slot->used)
					slot = &set[way];
			slot_set_line(&node->level_cache[i], slot, copy->line);
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
static void finish(struct sim *sim, struct cpu *cpu, struct txn *t)
{
	if (cpu->buffer.count)
		buffer_filled(sim, cpu, t);
	if (cpu->blocked == t) {
		cpu->blocked = NULL;
		cpu->filled = t;
		cpu->clock = sim->now;
		sim->resume = cpu;
	} else {
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
	struct cpu *cpu = &sim->cpu[t->client->id];
	struct slot *copy = node_copy(t->client, t->line);
	const struct copy_rule *rule;
	bool fresh = !copy;

	if (t->request == FAR_ATOMIC) {         /* the home did it: nothing comes but word of it */
		finish(sim, cpu, t);
		return;
	}
	if (fresh && t->dataless) { /* its copy had to make room meanwhile: as if it did now */
		coherence_drop(sim, t->client, t->line);
		finish(sim, cpu, t);
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
		count_prefetch(sim, cpu, t, copy->info, fresh && copy->open);
	t->request = fresh && t->request == UPGRADE ? GET_MODIFIED : t->request;
	copy_check(cpu, copy);
	rule = copy_rule(t->client, copy->state, fill_event[t->grant]);
	if (!(rule->action & DO_HIT))
		BUG(cpu, "fill of line %llu to %c in state %c", (unsigned long long)t->line,
		    state_letter[t->grant], state_letter[copy->state]);
	copy->state = rule->next;
	copy->used = ++cpu->used;
	if (fresh)
		copy_install_inner(cpu, copy);
	finish(sim, cpu, t);
}
