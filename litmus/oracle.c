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
 * Sequential consistency is the same without buffers: a store goes to memory at once. Instructions
 * without memory follow the one before them in the same step: nobody else can tell.
 */
#include "litmus/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "litmus/compute.h"
#include "sim/verbs/xalloc.h"

enum {
	STATES_MAX = 1 << 20,
	BYTES_MAX = 1 << 30,            /* of all states */
	SLOTS_LEAST = 1 << 10,
	LOOP_STORES = 16,               /* room in a buffer for those of a loop */
	LOCAL_STEPS = 1 << 16,          /* instructions without memory in a step: a loop of them */
};

const char *const memory_model_names[] = { [MODEL_SC] = "sc", [MODEL_TSO] = "tso", NULL };

struct buffered {
	int64_t variable, value;
};

/* In a state; the buffer follows. Unused entries are zero: states are compared byte by byte. */
struct thread_state {
	uint32_t next;                  /* instruction */
	uint32_t half;                  /* 1: between the load and the store of one without LOCK */
	int64_t loaded;                 /* by that load */
	int64_t stores;                 /* in the buffer, oldest first */
	int64_t reg[LITMUS_REGISTERS];
	struct buffered buffer[];
};

/*
 * A state: memory, a value per variable, then the threads. `from` is the one that is walked from,
 * `to` the one that a step makes of it.
 */
struct walk {
	const struct litmus *test;
	enum memory_model model;
	size_t bytes;                   /* of a state */
	size_t *thread;                 /* offset of each thread in it */
	uint64_t *room;                 /* entries of each thread's buffer */
	char *from, *to;
	char *state;                    /* all states seen; those from `done` on are to be walked */
	size_t states, done, state_room;
	uint32_t *slot;                 /* hash table: state number + 1, 0: free */
	size_t slots;
	struct outcome_set *set;
	enum oracle_end end;
	const struct instruction *at;   /* what is to blame for it */
	bool *ends, found;              /* of each state: can it get to an end? see goes_round */
};

/* ---- states seen -------------------------------------------------------------------------- */

static char *state_of(const struct walk *walk, size_t number)
{
	return walk->state + number * walk->bytes;
}

static struct thread_state *thread_of(const struct walk *walk, const char *state, unsigned thread)
{
	return (void *)(state + walk->thread[thread]);
}

static int64_t *memory_of(char *state)
{
	return (void *)state;
}

static uint64_t hash(const struct walk *walk, const char *state)
{
	const uint64_t *word = (const void *)state;
	uint64_t h = 0;

	for (size_t i = 0; i < walk->bytes / sizeof *word; i++)
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15u, h ^= h >> 32;
	return h;
}

static uint32_t *slot_of(const struct walk *walk, const char *state)
{
	size_t i = hash(walk, state) & (walk->slots - 1);

	while (walk->slot[i] && memcmp(state_of(walk, walk->slot[i] - 1), state, walk->bytes) != 0)
		i = (i + 1) & (walk->slots - 1);
	return &walk->slot[i];
}

static void more_slots(struct walk *walk)
{
	free(walk->slot);
	walk->slots = walk->slots ? 2 * walk->slots : SLOTS_LEAST;
	walk->slot = xalloc(walk->slots * sizeof *walk->slot);
	for (size_t i = 0; i < walk->states; i++)
		*slot_of(walk, state_of(walk, i)) = (uint32_t)i + 1;
}

static void reach(struct walk *walk)
{
	uint32_t *slot;

	if (2 * walk->states >= walk->slots)
		more_slots(walk);
	slot = slot_of(walk, walk->to);
	if (*slot)
		return;
	if (walk->states == walk->state_room) {
		walk->state_room = walk->state_room ? 2 * walk->state_room : 256;
		walk->state = xrealloc(walk->state, walk->state_room * walk->bytes);
	}
	memcpy(state_of(walk, walk->states++), walk->to, walk->bytes);
	*slot = (uint32_t)walk->states;
	if (walk->states > STATES_MAX || walk->states * walk->bytes > BYTES_MAX)
		walk->end = ORACLE_TOO_LARGE;
}

/* ---- steps of the abstract machine -------------------------------------------------------- */

static void blame(struct walk *walk, enum oracle_end end, const struct instruction *in)
{
	if (walk->end != ORACLE_WHOLE)
		return;
	walk->end = end;
	walk->at = in;
}

static int64_t read_memory(struct walk *walk, const struct thread_state *thread, int variable)
{
	for (int64_t i = thread->stores; i-- > 0;)
		if (thread->buffer[i].variable == variable)
			return thread->buffer[i].value;
	return memory_of(walk->to)[variable];
}

static void write_memory(struct walk *walk, struct thread_state *thread, unsigned number,
			 int variable, int64_t value)
{
	value = litmus_extend(value, walk->test->variable[variable].size);
	if (walk->model == MODEL_SC)
		memory_of(walk->to)[variable] = value;
	else if ((uint64_t)thread->stores == walk->room[number])
		walk->end = ORACLE_TOO_LARGE;   /* a loop that fills it without end */
	else
		thread->buffer[thread->stores++] = (struct buffered){ variable, value };
}

/*
 * What memory gets for `old`; registers and flags get what they do. A comparison without LOCK that
 * fails stores what was there.
 */
static int64_t modify(const struct instruction *in, int64_t *reg, int64_t old)
{
	int64_t operand = compute_operand(in, reg), new = operand;

	if (in->kind == INSTRUCTION_COMPARE) {
		int64_t *accumulator = &reg[in->target];

		compute_operation(OPERATION_CMP, in->size, *accumulator, old, &reg[LITMUS_FLAGS]);
		if (litmus_extend(*accumulator, in->size) == old)
			return new;
		compute_write(accumulator, in->size, old);
		return old;
	}
	if (in->kind == INSTRUCTION_UPDATE)
		new = compute_operation(in->operation, in->size, old, operand,
					&reg[LITMUS_FLAGS]);
	if (in->target >= 0)
		compute_write(&reg[in->target], in->size, old);
	return new;
}

/* One instruction on memory, or half of one. */
static void access(struct walk *walk, struct thread_state *thread, unsigned number,
		   const struct instruction *in)
{
	int variable = address_find(walk->test, in, thread->reg);

	if (variable < 0) {
		blame(walk, ORACLE_NO_VARIABLE, in);
	} else if (walk->test->variable[variable].size != in->size) {
		blame(walk, ORACLE_MIXED_SIZES, in);
	} else if (in->locked) {
		int64_t *word = &memory_of(walk->to)[variable];

		*word = litmus_extend(modify(in, thread->reg, *word), in->size);
		thread->next++;
	} else if (in->kind == INSTRUCTION_LOAD) {
		compute_write(&thread->reg[in->target], in->size,
			      read_memory(walk, thread, variable));
		thread->next++;
	} else if (in->kind == INSTRUCTION_STORE) {
		write_memory(walk, thread, number, variable, compute_operand(in, thread->reg));
		thread->next++;
	} else if (!thread->half) {
		thread->loaded = read_memory(walk, thread, variable);
		thread->half = 1;
	} else {
		int64_t old = thread->loaded;

		thread->loaded = 0;
		thread->half = 0;
		thread->next++;
		write_memory(walk, thread, number, variable, modify(in, thread->reg, old));
	}
}

/* Up to the next instruction on memory, or the end. */
static void run_locally(struct walk *walk, struct thread_state *thread, unsigned number)
{
	const struct litmus_thread *code = &walk->test->thread[number];

	for (unsigned steps = 0; thread->next < code->count; steps++) {
		const struct instruction *in = &code->instruction[thread->next];

		if (in->kind >= INSTRUCTION_LOAD)
			return;
		thread->next = compute_step(in, thread->next, thread->reg);
		if (steps == LOCAL_STEPS) {
			blame(walk, ORACLE_NO_END, in);
			return;
		}
	}
}

/* One step of a thread from the state `to`. false: it has to wait. */
static bool execute(struct walk *walk, unsigned number)
{
	struct thread_state *thread = thread_of(walk, walk->to, number);
	const struct litmus_thread *code = &walk->test->thread[number];
	const struct instruction *in;

	if (thread->next >= code->count)
		return false;
	in = &code->instruction[thread->next];
	if ((in->locked || in->kind == INSTRUCTION_FENCE) && thread->stores)
		return false;
	if (in->kind == INSTRUCTION_FENCE)
		thread->next++;
	else
		access(walk, thread, number, in);
	if (!thread->half)
		run_locally(walk, thread, number);
	return true;
}

static bool drain(struct walk *walk, unsigned number)
{
	struct thread_state *thread = thread_of(walk, walk->to, number);

	if (!thread->stores)
		return false;
	memory_of(walk->to)[thread->buffer[0].variable] = thread->buffer[0].value;
	thread->stores--;
	memmove(thread->buffer, thread->buffer + 1,
		(size_t)thread->stores * sizeof *thread->buffer);
	thread->buffer[thread->stores] = (struct buffered){ 0 };
	return true;
}

/* Calls `take` with each state a step away from `from`; false: there is none, all is at its end. */
static bool steps(struct walk *walk, void (*take)(struct walk *walk))
{
	bool any = false;

	for (unsigned i = 0; i < walk->test->threads; i++) {
		memcpy(walk->to, walk->from, walk->bytes);
		if (drain(walk, i)) {
			take(walk);
			any = true;
			memcpy(walk->to, walk->from, walk->bytes);
		}
		if (execute(walk, i) && walk->end == ORACLE_WHOLE) {
			take(walk);
			any = true;
		}
	}
	return any;
}

/* ---- outcomes ---------------------------------------------------------------------------- */

static int compare_outcomes(const void *left, const void *right, void *set)
{
	return outcome_compare(left, right, ((const struct outcome_set *)set)->width);
}

/* Sorted, and each once. */
static void put_in_order(struct outcome_set *set)
{
	size_t kept = 0, bytes = set->width * sizeof *set->values;

	if (set->count)
		qsort_r(set->values, set->count, bytes, compare_outcomes, set);
	for (size_t i = 0; i < set->count; i++)
		if (!i || outcome_compare(outcome_set_row(set, i), outcome_set_row(set, kept - 1),
					  set->width))
			memmove(set->values + kept++ * set->width, outcome_set_row(set, i), bytes);
	set->count = kept;
}

static void take_outcome(struct walk *walk, size_t *room)
{
	struct outcome_set *set = walk->set;
	int64_t *row;

	if (set->count == *room) {
		*room = *room ? 2 * *room : 16;
		set->values = xrealloc(set->values, *room * set->width * sizeof *set->values);
	}
	row = set->values + set->count++ * set->width;
	for (unsigned i = 0; i < set->width; i++) {
		const struct observed *o = &walk->test->observed[i];

		row[i] = litmus_observe(walk->test, o,
					o->thread < 0
						? memory_of(walk->from)[o->index]
						: thread_of(walk, walk->from, (unsigned)o->thread)
							  ->reg[o->index]);
	}
}

/* ---- loops ------------------------------------------------------------------------------- */

static void look_whether_it_ends(struct walk *walk)
{
	uint32_t number = *slot_of(walk, walk->to);

	walk->found |= number && walk->ends[number - 1];
}

/* Does some state lead, by way of others, nowhere but around? From the ends backwards: a state has
 * an end if a step leads to one that has. */
static bool goes_round(struct walk *walk)
{
	size_t more = 1, left = walk->states;

	walk->ends = xalloc(walk->states * sizeof *walk->ends);
	while (more && left) {
		more = 0;
		for (size_t i = walk->states; i-- > 0;) {
			if (walk->ends[i])
				continue;
			walk->found = false;
			memcpy(walk->from, state_of(walk, i), walk->bytes);
			if (steps(walk, look_whether_it_ends) && !walk->found)
				continue;
			walk->ends[i] = true;
			more++;
		}
		left -= more;
	}
	free(walk->ends);
	return left;
}

/* ---- the walk ---------------------------------------------------------------------------- */

static unsigned stores_of(const struct litmus *test, unsigned number)
{
	const struct litmus_thread *code = &test->thread[number];
	unsigned stores = test->loops ? LOOP_STORES : 0;

	for (unsigned i = 0; i < code->count; i++)
		stores += code->instruction[i].kind > INSTRUCTION_LOAD;
	return stores;
}

static void lay_out(struct walk *walk)
{
	const struct litmus *test = walk->test;

	walk->thread = xalloc(test->threads * sizeof *walk->thread);
	walk->room = xalloc(test->threads * sizeof *walk->room);
	walk->bytes = test->variables * sizeof(int64_t);
	for (unsigned i = 0; i < test->threads; i++) {
		walk->thread[i] = walk->bytes;
		walk->room[i] = stores_of(test, i);
		walk->bytes += sizeof(struct thread_state) +
			       walk->room[i] * sizeof(struct buffered);
	}
	walk->from = xalloc(walk->bytes);
	walk->to = xalloc(walk->bytes);
}

static void begin(struct walk *walk)
{
	const struct litmus *test = walk->test;

	for (unsigned i = 0; i < test->variables; i++)
		memory_of(walk->to)[i] =
			litmus_extend(test->variable[i].start, test->variable[i].size);
	for (unsigned i = 0; i < test->threads; i++) {
		struct thread_state *thread = thread_of(walk, walk->to, i);

		memcpy(thread->reg, test->thread[i].start, sizeof thread->reg);
		run_locally(walk, thread, i);
	}
	reach(walk);
}

static void walk_free(struct walk *walk)
{
	free(walk->thread);
	free(walk->room);
	free(walk->from);
	free(walk->to);
	free(walk->state);
	free(walk->slot);
}

enum oracle_end oracle_outcomes(const struct litmus *test, enum memory_model model,
				struct outcome_set *set, const struct instruction **at)
{
	struct walk walk = { .test = test, .model = model, .set = set };
	size_t room = 0;

	*set = (struct outcome_set){ .width = test->observeds };
	lay_out(&walk);
	begin(&walk);
	for (; walk.done < walk.states && walk.end == ORACLE_WHOLE; walk.done++) {
		memcpy(walk.from, state_of(&walk, walk.done), walk.bytes);
		if (!steps(&walk, reach))
			take_outcome(&walk, &room);
	}
	set->states = walk.states;
	if (walk.end == ORACLE_WHOLE && test->loops && goes_round(&walk))
		walk.end = ORACLE_NO_END;
	put_in_order(set);
	if (walk.end != ORACLE_WHOLE)
		outcome_set_free(set);
	*at = walk.at;
	walk_free(&walk);
	return walk.end;
}

void outcome_set_free(struct outcome_set *set)
{
	free(set->values);
	*set = (struct outcome_set){ 0 };
}

const int64_t *outcome_set_row(const struct outcome_set *set, size_t number)
{
	return set->values + number * set->width;
}

int outcome_compare(const int64_t *left, const int64_t *right, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

int64_t outcome_set_find(const struct outcome_set *set, const int64_t *outcome)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = outcome_compare(outcome, outcome_set_row(set, middle), set->width);

		if (!order)
			return (int64_t)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

bool outcome_set_answers(const struct outcome_set *set, const struct litmus *test)
{
	for (size_t i = 0; i < set->count; i++)
		if (litmus_asked(test, outcome_set_row(set, i)))
			return true;
	return false;
}
