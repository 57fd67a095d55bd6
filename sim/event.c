/*
 * Events and turns: what happens next, in an order that the host cannot disturb.
 *
 * What happens is either an event (at a client or a home) or the turn of a CPU that wants to go on
 * at its clock (its fiber runs until it waits again). The first of all is next, by
 *
 *	time    in units of 1/64 cycle
 *	rank    at one time, in this order (enum rank):
 *	          RANK_FILL       lines arrive, and accesses that waited for them take effect: before
 *	          RANK_PROBE      probes and acknowledgements at clients, so that no line goes unused
 *	          RANK_HOME       what homes do
 *	          RANK_INTERRUPT  interrupts, before what the CPU does next
 *	          RANK_COMPUTE    compute ends, perhaps an operation with it, before any access
 *	          RANK_DRAIN      the oldest buffered store takes effect, before its CPU's next access
 *	          RANK_CPU        accesses
 *	hash    of seed, time and CPU: at each time another order of CPUs, so that none is favoured
 *	CPU     on whose behalf it happens
 *	count   of the CPU's transaction and of its message, or of its interrupts or stores so far
 *
 * Rank, hash and CPU are one number (event_key). None of this depends on when the host created an
 * event. A message takes a unit at least, so what an event causes comes after all of its time.
 *
 * There are three heaps: events at homes, events at CPUs, turns. Their tops bound how far a CPU may
 * run ahead without an event (cpu_set_horizon).
 */
#include "sim/event.h"
#include "sim/buffer.h"
#include "sim/coherence.h"
#include "sim/cpu.h"
#include "sim/fiber.h"
#include "sim/verbs/random.h"

#include <stdlib.h>

/* rank, then 45 bits of hash(seed, time, cpu), then cpu */
uint64_t event_key(const struct sim *sim, enum rank rank, uint64_t time, unsigned cpu)
{
	uint64_t hash = random_mix(time * RANDOM_STEP + cpu * 0xd1342543de82ef95u +
				   sim->options.seed * 0xda942042e4dd58b5u);

	return (uint64_t)rank << 61 | (hash >> 19) << 16 | cpu;
}

uint64_t event_draw(const struct sim *sim, unsigned cpu, uint64_t number)
{
	uint64_t own =
		random_mix(sim->options.seed * 0x9fb21c651e98df25u + cpu * 0xd6e8feb86659fd93u + 1);

	return random_mix(own + number * RANDOM_STEP);
}

static bool before(const struct heap_item *a, const struct heap_item *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	if (a->key != b->key)
		return a->key < b->key;
	return a->count < b->count;
}

static void more_events(struct sim *sim)
{
	enum { MORE = 64 };
	struct event *e = sim_block(sim, MORE * sizeof *e);

	for (unsigned i = 0; i < MORE; i++) {
		e[i].next = sim->free_event;
		sim->free_event = &e[i];
	}
}

struct event *event_new(struct sim *sim)
{
	struct event *e;

	if (!sim->free_event)
		more_events(sim);
	e = sim->free_event;
	sim->free_event = e->next;
	*e = (struct event){ 0 };
	return e;
}

void event_free(struct sim *sim, struct event *e)
{
	if (e->txn)
		txn_put(sim, e->txn);
	e->next = sim->free_event;
	sim->free_event = e;
}

static void heap_up(struct heap *h, size_t i)
{
	struct heap_item item = h->item[i];

	for (; i && before(&item, &h->item[(i - 1) / 2]); i = (i - 1) / 2)
		h->item[i] = h->item[(i - 1) / 2];
	h->item[i] = item;
}

static void heap_down(struct heap *h, size_t i)
{
	struct heap_item item = h->item[i];

	for (;;) {
		size_t down = 2 * i + 1;

		if (down >= h->count)
			break;
		if (down + 1 < h->count && before(&h->item[down + 1], &h->item[down]))
			down++;
		if (!before(&h->item[down], &item))
			break;
		h->item[i] = h->item[down];
		i = down;
	}
	h->item[i] = item;
}

void event_queue(struct sim *sim, struct event *e)
{
	struct heap *h = e->at_cpu ? &sim->messages : &sim->homes;

	if (h->count == h->room) {
		h->room = h->room ? 2 * h->room : 64;
		h->item = xrealloc(h->item, h->room * sizeof *h->item);
	}
	h->item[h->count] = (struct heap_item){ e->time, e->key, e->count, e };
	heap_up(h, h->count++);
	if (e->at_cpu) {
		struct cpu *cpu = &sim->cpu[e->node->id];

		e->next = cpu->pending;
		e->prev_next = &cpu->pending;
		if (e->next)
			e->next->prev_next = &e->next;
		cpu->pending = e;
	}
}

struct event *event_take(struct sim *sim, struct heap *h, size_t index)
{
	struct event *e = h->item[index].event;

	(void)sim;
	h->item[index] = h->item[--h->count];
	if (index < h->count) {
		heap_down(h, index);
		heap_up(h, index);
	}
	if (e->at_cpu) {
		*e->prev_next = e->next;
		if (e->next)
			e->next->prev_next = e->prev_next;
		e->next = NULL;
	}
	return e;
}

void event_send(struct sim *sim, struct event *e, enum rank rank, struct txn *txn, uint64_t delay)
{
	e->txn = txn;
	txn->references++;
	e->at_cpu = e->node->kind == NODE_CPU;
	e->time = sim->now + (delay ? delay : 1);
	e->key = event_key(sim, rank, e->time, txn->cpu);
	e->count = txn->number << 20 | (txn->messages++ & 0xfffff);
	event_queue(sim, e);
}

void event_again(struct sim *sim, struct event *e, enum rank rank, uint64_t time)
{
	e->time = time;
	e->key = event_key(sim, rank, time, (unsigned)(e->key & 0xffff));
	event_queue(sim, e);
}

/* ---- turns: a heap of CPUs by (clock, key) -------------------------------------------------- */

static bool turn_before(const struct cpu *a, const struct cpu *b)
{
	return a->clock != b->clock ? a->clock < b->clock : a->turn_key < b->turn_key;
}

static void turn_up(struct sim *sim, size_t i)
{
	struct cpu *cpu = sim->turn[i];

	for (; i; i = (i - 1) / 2) {
		struct cpu *up = sim->turn[(i - 1) / 2];

		if (!turn_before(cpu, up))
			break;
		sim->turn[i] = up;
		up->heap_index = i;
	}
	sim->turn[i] = cpu;
	cpu->heap_index = i;
}

static void turn_down(struct sim *sim, size_t i)
{
	struct cpu *cpu = sim->turn[i];

	for (;;) {
		size_t down = 2 * i + 1;

		if (down >= sim->turns)
			break;
		if (down + 1 < sim->turns && turn_before(sim->turn[down + 1], sim->turn[down]))
			down++;
		if (!turn_before(sim->turn[down], cpu))
			break;
		sim->turn[i] = sim->turn[down];
		sim->turn[i]->heap_index = i;
		i = down;
	}
	sim->turn[i] = cpu;
	cpu->heap_index = i;
}

void turn_push(struct sim *sim, struct cpu *cpu, enum rank rank, uint64_t time)
{
	cpu->clock = time;
	cpu->turn_key = event_key(sim, rank, time, cpu->node->id);
	sim->turn[sim->turns] = cpu;
	turn_up(sim, sim->turns++);
}

void turn_remove(struct sim *sim, struct cpu *cpu)
{
	size_t i = cpu->heap_index;

	cpu->heap_index = NOT_QUEUED;
	sim->turns--;
	if (i == sim->turns)
		return;
	sim->turn[i] = sim->turn[sim->turns];
	turn_down(sim, i);
	turn_up(sim, sim->turn[i]->heap_index);
}

/* ---- the loop ------------------------------------------------------------------------------- */

void event_dispatch(struct sim *sim, struct event *e)
{
	if (e->type == EVENT_INTERRUPT)
		cpu_interrupt(sim, e);
	else if (e->type == EVENT_DRAIN)
		buffer_event(sim, e);
	else
		coherence_event(sim, e);
}

/* Let `next` go on; returns when it is the turn of the caller again. */
static void hand_over(struct sim *sim, struct cpu *self, struct cpu *next)
{
	sim->current = next;
	if (next != self)
		fiber_switch(self ? self->fiber : sim->main, next->fiber);
}

/* The earliest of: homes' events, CPUs' events, turns (NULL). */
static struct heap *earliest(struct sim *sim, uint64_t *time)
{
	struct heap *h = sim->homes.count ? &sim->homes : NULL;
	struct heap_item turn = { .time = NEVER };

	if (sim->messages.count && (!h || before(sim->messages.item, h->item)))
		h = &sim->messages;
	if (sim->turns)
		turn = (struct heap_item){ sim->turn[0]->clock, sim->turn[0]->turn_key, 0, NULL };
	if (h && before(h->item, &turn)) {
		*time = h->item->time;
		return h;
	}
	*time = turn.time;
	return NULL;
}

bool events_are_idle(const struct sim *sim)
{
	if (sim->homes.count)
		return false;
	for (size_t i = 0; i < sim->messages.count; i++) {
		const struct event *e = sim->messages.item[i].event;

		if (e->type != EVENT_INTERRUPT || (sim->unfinished && !e->interrupt.background))
			return false;
	}
	return true;
}

void event_loop(struct sim *sim, struct cpu *self)
{
	for (;;) {
		uint64_t time;
		struct heap *h = earliest(sim, &time);

		if (time == NEVER || (!sim->turns && events_are_idle(sim))) {
			if (!sim->unfinished)
				sim_end(sim, OUTCOME_DONE);
			sim_deadlock(sim);
		}
		if (sim->pushed >= sim->edge || sim->entries > 8192)
			entries_apply(sim, time);
		if (time > sim->options.max_cycles * UNIT) {
			snprintf(sim->message, sizeof sim->message,
				 "still running after max_cycles %llu",
				 (unsigned long long)sim->options.max_cycles);
			sim_end(sim, OUTCOME_MAX_CYCLES);
		}
		sim->now = time;
		if (!h) {
			struct cpu *next = sim->turn[0];

			turn_remove(sim, next);
			hand_over(sim, self, next);
			return;
		}
		event_dispatch(sim, event_take(sim, h, 0));
		if (sim->resume) {
			struct cpu *next = sim->resume;

			sim->resume = NULL;
			hand_over(sim, self, next);
			return;
		}
	}
}

void events_free(struct sim *sim)
{
	free(sim->homes.item);
	free(sim->messages.item);
}
