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
 * There are three queues: events at homes, events at CPUs, turns. Their first ones bound how far a
 * CPU may run ahead without an event (cpu_set_horizon).
 */
#include "sim/event.h"
#include "sim/buffer.h"
#include "sim/coherence.h"
#include "sim/cpu.h"
#include "sim/fiber.h"
#include "sim/message.h"
#include "sim/verbs/random.h"

#include <stdlib.h>
#include <string.h>

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

static uint64_t key_of(const struct sim *sim, struct event *e)
{
	if (!e->key)
		e->key = event_key(sim, (enum rank)e->rank, e->time, e->cpu);
	return e->key;
}

/* Two events of one time; the rank is the first part of the key. */
static __attribute__((noinline)) bool tie_before(const struct sim *sim, struct event *a,
						 struct event *b)
{
	uint64_t x, y;

	if (a->rank != b->rank)
		return a->rank < b->rank;
	x = key_of(sim, a);
	y = key_of(sim, b);
	return x != y ? x < y : a->count < b->count;
}

static inline bool before(const struct sim *sim, const struct queue_item *a,
			  const struct queue_item *b)
{
	return a->time != b->time ? a->time < b->time : tie_before(sim, a->event, b->event);
}

void events_more(struct sim *sim)
{
	enum { MORE = 64 };
	struct event *e = sim_block(sim, MORE * sizeof *e);

	for (unsigned i = 0; i < MORE; i++) {
		e[i].next = sim->free_event;
		sim->free_event = &e[i];
	}
}

/* ---- queues --------------------------------------------------------------------------------- */

/* What went at the front is given to the end, or there is more of it. */
static void make_room(struct queue *q)
{
	size_t gone = (size_t)(q->item - q->base), count = queue_count(q);
	size_t room = (size_t)(q->limit - q->base) + 1;

	if (gone < room / 2) {
		room *= 2;
		q->base = xrealloc(q->base, room * sizeof *q->base);
	}
	memmove(q->base + 1, q->base + gone, (count + 1) * sizeof *q->base);
	q->item = q->base + 1;
	q->end = q->item + count;
	q->limit = q->base + room - 1;
}

/* Far from the end: the place of `item` among the first `count`, by halves. */
static size_t place_in(const struct sim *sim, const struct queue *q, const struct queue_item *item,
		       size_t count)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = (low + count) / 2;

		if (before(sim, item, &q->item[middle]))
			count = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* If it comes before all others it takes the place of one that has gone, not that at the end. */
static bool insert_first(struct queue *q, struct queue_item *at, struct queue_item item)
{
	if (item.time >= q->item->time || q->item == q->base + 1)
		return false;
	*--q->item = item;
	q->end = at;
	at->time = QUEUE_END;
	return true;
}

/* It does not belong near the end: before `at`, which is free. */
static __attribute__((noinline)) void insert_far(const struct sim *sim, struct queue *q,
						 struct queue_item *at, struct queue_item item)
{
	size_t place = place_in(sim, q, &item, (size_t)(at - q->item));

	memmove(&q->item[place + 1], &q->item[place], (size_t)(at - &q->item[place]) * sizeof *at);
	q->item[place] = item;
}

/* The one before `at` has the same time: keys decide. */
static __attribute__((noinline)) void insert_by_key(const struct sim *sim, struct queue *q,
						    struct queue_item *at, struct queue_item item)
{
	enum { FEW = 8 };

	for (unsigned i = 0; i < FEW; i++) {
		if (at == q->item || !before(sim, &item, at - 1)) {
			*at = item;
			return;
		}
		*at = at[-1];
		at--;
	}
	insert_far(sim, q, at, item);
}

/* Before `at`, behind all others, which is free. */
static void insert_before(const struct sim *sim, struct queue *q, struct queue_item *at,
			  struct queue_item item)
{
	enum { FEW = 8 };

	if (at - q->item > FEW && at[-FEW].time > item.time) {
		if (!insert_first(q, at, item))
			insert_far(sim, q, at, item);
		return;
	}
	while (at != q->item && at[-1].time > item.time) {
		*at = at[-1];
		at--;
	}
	if (at != q->item && at[-1].time == item.time)
		insert_by_key(sim, q, at, item);
	else
		*at = item;
}

static inline void insert(const struct sim *sim, struct queue *q, struct event *e);

static __attribute__((noinline)) void insert_in_room(const struct sim *sim, struct queue *q,
						     struct event *e)
{
	make_room(q);
	insert(sim, q, e);
}

/* In front of the first stands what has gone, which was earlier, or 0. */
static inline void insert(const struct sim *sim, struct queue *q, struct event *e)
{
	struct queue_item item = { e->time, e }, *at = q->end;

	if (at == q->limit) {
		insert_in_room(sim, q, e);
		return;
	}
	q->end = at + 1;
	at[1].time = QUEUE_END;
	if (item.time > at[-1].time)
		*at = item;
	else
		insert_before(sim, q, at, item);
}

static inline void take_out(struct queue *q, size_t index)
{
	if (index == 0) {
		q->item++;
	} else {
		memmove(&q->item[index], &q->item[index + 1],
			(queue_count(q) - index) * sizeof *q->item);
		q->end--;
	}
}

/* A CPU to which anything else is on its way has asked for it, and does not run ahead. */
static inline void list_at_cpu(struct event *e)
{
	struct cpu *cpu = e->node->cpu;

	e->listed = true;
	e->next = cpu->pending;
	e->prev_next = &cpu->pending;
	if (e->next)
		e->next->prev_next = &e->next;
	cpu->pending = e;
}

static inline void unlist(struct event *e)
{
	e->listed = false;
	*e->prev_next = e->next;
	if (e->next)
		e->next->prev_next = e->prev_next;
	e->next = NULL;
}

static inline void queue(struct sim *sim, struct event *e)
{
	struct queue *q = &sim->homes;

	if (e->node->kind == NODE_CPU) {
		q = &sim->messages;
		if (e->type == EVENT_PROBE || e->type == EVENT_INTERRUPT)
			list_at_cpu(e);
	}
	insert(sim, q, e);
}

void event_queue(struct sim *sim, struct event *e)
{
	queue(sim, e);
}

struct event *event_take(struct queue *q, size_t index)
{
	struct event *e = q->item[index].event;

	take_out(q, index);
	if (e->listed)
		unlist(e);
	return e;
}

void event_send(struct sim *sim, struct event *e, enum rank rank, struct txn *txn, uint64_t delay)
{
	e->txn = txn;
	txn->references++;
	e->time = sim->now + (delay ? delay : 1);
	e->rank = (uint8_t)rank;
	e->cpu = (uint16_t)txn->cpu;
	e->count = txn->stamp++;
	queue(sim, e);
}

void event_again(struct sim *sim, struct event *e, enum rank rank, uint64_t time)
{
	e->time = time;
	e->key = 0;
	e->rank = (uint8_t)rank;
	queue(sim, e);
}

/* ---- turns ---------------------------------------------------------------------------------- */

void turn_push(struct sim *sim, struct cpu *cpu, enum rank rank, uint64_t time)
{
	cpu->clock = cpu->turn.time = time;
	cpu->turn.key = 0;
	cpu->turn.rank = (uint8_t)rank;
	insert(sim, &sim->turns, &cpu->turn);
}

void turn_remove(struct sim *sim, struct cpu *cpu)
{
	size_t i = 0;

	while (sim->turns.item[i].event != &cpu->turn)
		i++;
	take_out(&sim->turns, i);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static inline void dispatch(struct sim *sim, struct event *e)
{
	if (e->type <= EVENT_SERVICE)
		coherence_event[e->type](sim, e);
	else if (e->type == EVENT_INTERRUPT)
		cpu_interrupt(sim, e);
	else
		buffer_event(sim, e);
}

void event_dispatch(struct sim *sim, struct event *e)
{
	dispatch(sim, e);
}

static inline struct cpu *cpu_of_turn(struct event *turn)
{
	return (struct cpu *)(void *)((char *)turn - offsetof(struct cpu, turn));
}

/* Let `next` go on; returns when it is the turn of the caller again. */
static void hand_over(struct sim *sim, struct cpu *self, struct cpu *next)
{
	sim->current = next;
	if (next != self)
		fiber_switch(self ? self->fiber : sim->main, next->fiber);
}

/* That with the earlier event. */
static inline struct queue *earlier(const struct sim *sim, struct queue *a, struct queue *b)
{
	if (a->item->time != b->item->time)
		return a->item->time < b->item->time ? a : b;
	return b->item != b->end && tie_before(sim, b->item->event, a->item->event) ? b : a;
}

static __attribute__((noinline)) struct queue *first_of_equals(struct sim *sim)
{
	return earlier(sim, earlier(sim, &sim->homes, &sim->messages), &sim->turns);
}

/* The queue whose first is the first of all. */
static inline struct queue *first_queue(struct sim *sim)
{
	uint64_t home = sim->homes.item->time, message = sim->messages.item->time,
		 turn = sim->turns.item->time;

	if (turn < home && turn < message)
		return &sim->turns;
	if (home < message && home < turn)
		return &sim->homes;
	if (message < home && message < turn)
		return &sim->messages;
	return first_of_equals(sim);
}

bool events_are_idle(const struct sim *sim)
{
	if (queue_count(&sim->homes))
		return false;
	for (size_t i = 0; i < queue_count(&sim->messages); i++) {
		const struct event *e = sim->messages.item[i].event;

		if (e->type != EVENT_INTERRUPT || (sim->unfinished && !e->interrupt.background))
			return false;
	}
	return true;
}

/* No turn is left: the run is over, or will never be. */
static void end_if_idle(struct sim *sim)
{
	if (!events_are_idle(sim))
		return;
	if (!sim->unfinished)
		sim_end(sim, OUTCOME_DONE);
	sim_deadlock(sim);
}

static _Noreturn void end_by_guard(struct sim *sim)
{
	snprintf(sim->message, sizeof sim->message, "still running after max_cycles %llu",
		 (unsigned long long)sim->options.max_cycles);
	sim_end(sim, OUTCOME_MAX_CYCLES);
}

/* Something is to be done before what happens at `time`. */
static void look_up(struct sim *sim, uint64_t time)
{
	if (entries_are_due(sim))
		entries_apply(sim, time);
	if (time > sim->options.max_cycles * UNIT)
		end_by_guard(sim);
}

/* With many CPUs nothing of the next ones is in the host's near caches, but who they are is known:
 * fetch what they will touch, the farther ahead the more hangs on it. */
static inline void fetch_ahead(const struct sim *sim)
{
	enum { MANY = 48, SOON = 2, LATER = 3, LATEST = 4, FIRST_SIGHT = 7 };
	const struct queue_item *item = sim->turns.item;
	const struct cpu *cpu;

	if (queue_count(&sim->turns) < MANY)
		return;
	__builtin_prefetch(item[FIRST_SIGHT].event);
	cpu = cpu_of_turn(item[LATEST].event);
	for (unsigned i = 0; i < 4; i++)
		__builtin_prefetch((const char *)cpu + i * LINE, 1);
	__builtin_prefetch(&cpu->counts, 1);
	__builtin_prefetch(&cpu->buffer, 1);
	cpu = cpu_of_turn(item[LATER].event);
	__builtin_prefetch(cpu->fiber);
	__builtin_prefetch(cpu->node);
	if (cpu->asks)
		__builtin_prefetch(cpu->asks, 1);
	cpu = cpu_of_turn(item[SOON].event);
	fiber_prefetch(cpu->fiber);
	if (cpu->asks && cpu->asks->slot) {
		__builtin_prefetch(cpu->asks->slot, 1);
		__builtin_prefetch(cpu->asks->address, 1);
		__builtin_prefetch(&cpu->line_version[cpu->asks->line]);
	}
}

void event_loop(struct sim *sim, struct cpu *self)
{
	struct cpu *next = NULL;

	if (self)
		self->turn_at = NEVER;
	while (!next) {
		struct queue *q = first_queue(sim);
		uint64_t time = q->item->time;

		if (q != &sim->turns && sim->turns.item == sim->turns.end &&
		    sim->homes.item == sim->homes.end)
			end_if_idle(sim);
		if (time > sim->quiet_until)
			look_up(sim, time);
		sim->now = time;
		if (q == &sim->turns) {
			next = cpu_of_turn(q->item->event);
			fetch_ahead(sim);
			take_out(q, 0);
		} else {
			dispatch(sim, event_take(q, 0));
			next = sim->resume;
			sim->resume = NULL;
		}
	}
	hand_over(sim, self, next);
}

void events_init(struct sim *sim)
{
	enum { FIRST_ROOM = 64 };
	struct queue *const all[] = { &sim->homes, &sim->messages, &sim->turns };

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		struct queue_item *base = xalloc(FIRST_ROOM * sizeof *base);

		*all[i] = (struct queue){ base + 1, base + 1, base, base + FIRST_ROOM - 1 };
		base[1].time = QUEUE_END;
	}
}

void events_free(struct sim *sim)
{
	free(sim->homes.base);
	free(sim->messages.base);
	free(sim->turns.base);
}
