/*
 * The operational machine of x86-TSO (Owens, Sarkar, Sewell: A Better x86 Memory Model, TPHOLs
 * 2009; Sewell and others, CACM 53(7), 2010), walked through state by state:
 *
 *	thread 0 --stores--> FIFO --+
 *	         <--youngest own--   +--> memory
 *	thread 1 --stores--> FIFO --+
 *
 *   (1) a store goes to the end of its thread's buffer; at any time the oldest may go to memory;
 *   (2) a load takes the youngest value in the own buffer, else memory's;
 *   (3) MFENCE and locked instructions wait until the own buffer is empty, and a locked one
 *       reads and writes memory in one step;
 *   (4) a read-modify-write without LOCK is a load and, later, a store.
 *
 * Sequential consistency is the same without buffers: a store goes to memory at once.
 */
#include "litmus/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

enum { STATES_MAX = 1 << 19, SLOTS_LEAST = 1 << 10 };

const char *const memory_model_names[] = { [MODEL_SC] = "sc", [MODEL_TSO] = "tso", NULL };

struct buffered {
	int32_t variable, value;
};

struct thread_state {
	uint32_t next;                  /* instruction */
	uint32_t half;                  /* 1: between the load and the store of one without LOCK */
	int32_t loaded;                 /* by that load */
	uint32_t stores;                /* in the buffer, oldest first */
	struct buffered buffer[LITMUS_INSTRUCTIONS];
	int32_t reg[LITMUS_REGISTERS];
};

/* Compared byte by byte: members are all four bytes wide, what is unused is zero. */
struct state {
	int32_t memory[LITMUS_VARIABLES];
	struct thread_state thread[LITMUS_THREADS];
};

struct walk {
	const struct litmus *test;
	enum memory_model model;
	size_t used;                    /* bytes of a state that the test's threads fill */
	struct state *state;            /* all states seen; those from `done` on are to be walked */
	size_t states, done, room;
	uint32_t *slot;                 /* hash table: state number + 1, 0: free */
	size_t slots;
	struct outcome_set *set;
	size_t set_room;
};

/* ---- states seen -------------------------------------------------------------------------- */

static uint64_t hash(const struct walk *walk, const struct state *state)
{
	const uint32_t *word = (const void *)state;
	uint64_t h = 0;

	for (size_t i = 0; i < walk->used / sizeof *word; i++)
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15u, h ^= h >> 32;
	return h;
}

static uint32_t *slot_of(const struct walk *walk, const struct state *state)
{
	size_t i = hash(walk, state) & (walk->slots - 1);

	while (walk->slot[i] && memcmp(&walk->state[walk->slot[i] - 1], state, walk->used))
		i = (i + 1) & (walk->slots - 1);
	return &walk->slot[i];
}

static void more_slots(struct walk *walk)
{
	free(walk->slot);
	walk->slots = walk->slots ? 2 * walk->slots : SLOTS_LEAST;
	walk->slot = xalloc(walk->slots * sizeof *walk->slot);
	for (size_t i = 0; i < walk->states; i++)
		*slot_of(walk, &walk->state[i]) = (uint32_t)i + 1;
}

static void reach(struct walk *walk, const struct state *state)
{
	uint32_t *slot;

	if (2 * walk->states >= walk->slots)
		more_slots(walk);
	slot = slot_of(walk, state);
	if (*slot)
		return;
	if (walk->states == walk->room) {
		walk->room = walk->room ? 2 * walk->room : 256;
		walk->state = xrealloc(walk->state, walk->room * sizeof *walk->state);
	}
	walk->state[walk->states++] = *state;
	*slot = (uint32_t)walk->states;
}

/* ---- steps of the abstract machine -------------------------------------------------------- */

static int32_t read_memory(const struct state *state, const struct thread_state *thread,
			   int variable)
{
	for (uint32_t i = thread->stores; i-- > 0;)
		if (thread->buffer[i].variable == variable)
			return thread->buffer[i].value;
	return state->memory[variable];
}

static void write_memory(struct walk *walk, struct state *state, struct thread_state *thread,
			 int variable, int32_t value)
{
	if (walk->model == MODEL_SC)
		state->memory[variable] = value;
	else
		thread->buffer[thread->stores++] = (struct buffered){ variable, value };
}

static void locked(struct state *state, struct thread_state *thread, const struct instruction *in,
		   int32_t operand)
{
	int32_t *word = &state->memory[in->variable], old = *word;

	switch (in->kind) {
	case INSTRUCTION_ADD:
		*word = old + operand;
		break;
	case INSTRUCTION_COMPARE:
		if (old != thread->reg[in->target]) {
			thread->reg[in->target] = old;
			return;
		}
		*word = operand;
		return;
	default:
		*word = operand;
	}
	if (in->target >= 0)
		thread->reg[in->target] = old;
}

/* One instruction, or half of one. false: it has to wait. */
static bool execute(struct walk *walk, struct state *state, struct thread_state *thread,
		    const struct instruction *in)
{
	int32_t operand = in->source < 0 ? in->value : thread->reg[in->source];

	if ((in->locked || in->kind == INSTRUCTION_FENCE) && thread->stores)
		return false;
	if (in->locked) {
		locked(state, thread, in, operand);
	} else if (in->kind == INSTRUCTION_SET) {
		thread->reg[in->target] = operand;
	} else if (in->kind == INSTRUCTION_LOAD) {
		thread->reg[in->target] = read_memory(state, thread, in->variable);
	} else if (in->kind == INSTRUCTION_STORE) {
		write_memory(walk, state, thread, in->variable, operand);
	} else if (in->kind == INSTRUCTION_ADD && !thread->half) {
		thread->loaded = read_memory(state, thread, in->variable);
		thread->half = 1;
		return true;
	} else if (in->kind == INSTRUCTION_ADD) {
		write_memory(walk, state, thread, in->variable, thread->loaded + operand);
		thread->loaded = 0;
		thread->half = 0;
	}
	thread->next++;
	return true;
}

static void drain(struct state *state, struct thread_state *thread)
{
	state->memory[thread->buffer[0].variable] = thread->buffer[0].value;
	thread->stores--;
	memmove(thread->buffer, thread->buffer + 1, thread->stores * sizeof *thread->buffer);
	thread->buffer[thread->stores] = (struct buffered){ 0 };
}

/* Every step from a state; false: there is none, the threads are at their ends. */
static bool steps(struct walk *walk, const struct state *from)
{
	bool any = false;

	for (unsigned i = 0; i < walk->test->threads; i++) {
		const struct litmus_thread *code = &walk->test->thread[i];
		struct state to = *from;

		if (from->thread[i].stores) {
			drain(&to, &to.thread[i]);
			reach(walk, &to);
			any = true;
			to = *from;
		}
		if (from->thread[i].next < code->count &&
		    execute(walk, &to, &to.thread[i],
			    &code->instruction[from->thread[i].next])) {
			reach(walk, &to);
			any = true;
		}
	}
	return any;
}

/* ---- outcomes ---------------------------------------------------------------------------- */

static void take_outcome(struct walk *walk, const struct state *state)
{
	struct outcome_set *set = walk->set;
	struct outcome_values values = { { 0 } };

	for (unsigned i = 0; i < walk->test->observeds; i++) {
		const struct observed *o = &walk->test->observed[i];

		values.value[i] = o->thread < 0 ? state->memory[o->index]
						: state->thread[o->thread].reg[o->index];
	}
	for (size_t i = 0; i < set->count; i++)
		if (!outcome_compare(&set->values[i], &values))
			return;
	if (set->count == walk->set_room) {
		walk->set_room = walk->set_room ? 2 * walk->set_room : 16;
		set->values = xrealloc(set->values, walk->set_room * sizeof *set->values);
	}
	set->values[set->count++] = values;
}

static void begin(struct walk *walk)
{
	struct state first;

	memset(&first, 0, sizeof first);
	for (unsigned i = 0; i < walk->test->variables; i++)
		first.memory[i] = walk->test->variable[i].start;
	for (unsigned i = 0; i < walk->test->threads; i++)
		memcpy(first.thread[i].reg, walk->test->thread[i].start,
		       sizeof first.thread[i].reg);
	reach(walk, &first);
}

bool oracle_outcomes(const struct litmus *test, enum memory_model model, struct outcome_set *set)
{
	struct walk walk = { .test = test, .model = model, .set = set };
	bool whole;

	walk.used = offsetof(struct state, thread) + test->threads * sizeof(struct thread_state);
	*set = (struct outcome_set){ 0 };
	begin(&walk);
	for (; walk.done < walk.states && walk.states <= STATES_MAX; walk.done++) {
		struct state from = walk.state[walk.done];      /* reach() moves the states */

		if (!steps(&walk, &from))
			take_outcome(&walk, &from);
	}
	whole = walk.done == walk.states;
	set->states = walk.states;
	if (set->count)
		qsort(set->values, set->count, sizeof *set->values, outcome_compare);
	free(walk.state);
	free(walk.slot);
	return whole;
}

void outcome_set_free(struct outcome_set *set)
{
	free(set->values);
	*set = (struct outcome_set){ 0 };
}

int outcome_compare(const void *left, const void *right)
{
	const struct outcome_values *a = left, *b = right;

	for (int i = 0; i < LITMUS_OBSERVED; i++)
		if (a->value[i] != b->value[i])
			return a->value[i] < b->value[i] ? -1 : 1;
	return 0;
}

int outcome_set_find(const struct outcome_set *set, const struct outcome_values *values)
{
	const struct outcome_values *found =
		set->count ? bsearch(values, set->values, set->count, sizeof *set->values,
				     outcome_compare)
			   : NULL;

	return found ? (int)(found - set->values) : -1;
}

bool outcome_set_answers(const struct outcome_set *set, const struct litmus *test)
{
	for (size_t i = 0; i < set->count; i++)
		if (litmus_asked(test, &set->values[i]))
			return true;
	return false;
}
