/*
 * Litmus tests on the explored machine: every schedule, so every outcome. Shares no code with the
 * oracle, which walks through states of its own.
 */
#include "litmus/compute.h"

#include <stdlib.h>
#include <string.h>

#include "explored/finding.h"
#include "explored/strategy.h"
#include "sim/verbs/xalloc.h"

struct actor {
	struct bench *bench;
	unsigned thread;
	int64_t reg[LITMUS_REGISTERS];
};

struct bench {
	const struct litmus *test;
	struct sim *sim;
	char **word; /* [variables] */
	int64_t *values; /* [observeds] */
	struct actor actor[CPUS_MAX];
	void (*outcome)(void *to, const int64_t *outcome);
	void *to;
	bool wrong;
};

static int64_t load_number(struct cpu *cpu, const void *word, unsigned size)
{
	int64_t value = 0;

	verb_load(cpu, word, &value, size, SITE("variable"));
	return litmus_extend(value, size);
}

static void store_number(struct cpu *cpu, void *word, unsigned size, int64_t value)
{
	verb_store(cpu, word, &value, size, SITE("variable"));
}

/* With LOCK in one step: what was there is compared until nobody came between. */
static void update(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg)
{
	int64_t operand = compute_operand(in, reg), flags = 0, old, new, was;

	do {
		old = load_number(cpu, word, in->size);
		new = compute_operation(in->operation, in->size, old, operand, &flags);
	} while (in->locked &&
		 !verb_rmw(cpu, word, in->size, RMW_CAS, &old, &new, &was, true, SITE("variable")));
	if (!in->locked)
		store_number(cpu, word, in->size, new);
	compute_operation(in->operation, in->size, old, operand, &reg[LITMUS_FLAGS]);
	if (in->target >= 0)
		compute_write(&reg[in->target], in->size, old);
}

/* EAX gets what was there if it is another value; without LOCK that is written again. */
static void compare(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg)
{
	int64_t *accumulator = &reg[in->target], expected = *accumulator, old = 0;
	int64_t operand = compute_operand(in, reg);
	bool same;

	if (in->locked) {
		same = verb_rmw(cpu, word, in->size, RMW_CAS, &expected, &operand, &old, true,
				SITE("variable"));
		old = same ? expected : litmus_extend(old, in->size);
	} else {
		old = load_number(cpu, word, in->size);
		same = old == litmus_extend(expected, in->size);
		store_number(cpu, word, in->size, same ? operand : old);
	}
	compute_operation(OPERATION_CMP, in->size, expected, old, &reg[LITMUS_FLAGS]);
	if (!same)
		compute_write(accumulator, in->size, old);
}

static void exchange_number(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg)
{
	int64_t operand = compute_operand(in, reg), old = 0;

	verb_rmw(cpu, word, in->size, RMW_EXCHANGE, NULL, &operand, &old, true, SITE("variable"));
	compute_write(&reg[in->target], in->size, litmus_extend(old, in->size));
}

static void access_memory(struct cpu *cpu, struct actor *actor, const struct instruction *in)
{
	int variable = address_find(actor->bench->test, in, actor->reg);
	int64_t *reg = actor->reg;
	char *word;

	if (variable < 0)
		BUG(cpu, "an address of no variable, which the oracle had not found");
	word = actor->bench->word[variable];
	switch (in->kind) {
	case INSTRUCTION_LOAD:
		compute_write(&reg[in->target], in->size, load_number(cpu, word, in->size));
		break;
	case INSTRUCTION_STORE:
		store_number(cpu, word, in->size, compute_operand(in, reg));
		break;
	case INSTRUCTION_EXCHANGE:
		exchange_number(cpu, word, in, reg);
		break;
	case INSTRUCTION_UPDATE:
		update(cpu, word, in, reg);
		break;
	default:
		compare(cpu, word, in, reg);
	}
}

static void thread(struct cpu *cpu, void *argument)
{
	struct actor *actor = argument;
	const struct litmus_thread *code = &actor->bench->test->thread[actor->thread];

	memcpy(actor->reg, code->start, sizeof actor->reg);
	for (unsigned at = 0; at < code->count;) {
		const struct instruction *in = &code->instruction[at];

		if (in->kind == INSTRUCTION_FENCE)
			fence(cpu);
		else if (in->kind >= INSTRUCTION_LOAD)
			access_memory(cpu, actor, in);
		at = in->kind < INSTRUCTION_LOAD ? compute_step(in, at, actor->reg) : at + 1;
	}
}

static void start(void *argument)
{
	struct bench *b = argument;

	for (unsigned i = 0; i < b->test->threads; i++)
		thread_start(b->sim, i, thread, &b->actor[i]);
}

static void end(void *argument)
{
	struct bench *b = argument;

	b->wrong = b->wrong || b->sim->found;
	for (unsigned i = 0; i < b->test->observeds; i++) {
		const struct observed *o = &b->test->observed[i];
		int64_t value = 0;

		if (o->thread >= 0)
			value = b->actor[o->thread].reg[o->index];
		else
			memcpy(&value, b->word[o->index], b->test->variable[o->index].size);
		b->values[i] = litmus_observe(b->test, o, value);
	}
	b->outcome(b->to, b->values);
}

static void set_up(void *argument)
{
	struct bench *b = argument;

	for (unsigned v = 0; v < b->test->variables; v++) {
		const struct litmus_variable *variable = &b->test->variable[v];

		b->word[v] = arena_alloc(b->sim, LINE, 1, 0, LINE, NULL, variable->name);
		memcpy(b->word[v], &variable->start, variable->size);
	}
}

bool explore_litmus(const struct litmus *test, bool store_buffer,
		    void (*outcome)(void *to, const int64_t *outcome), void *to,
		    uint64_t *schedules)
{
	struct explore_options options = { .cpus = test->threads,
					   .store_buffer = store_buffer ? BUFFER_MAX : 0 };
	struct bench b = { .test = test, .outcome = outcome, .to = to };

	if (test->threads > CPUS_MAX || test->loops)
		return false;
	b.sim = machine_new(&options, 1 << 20);
	b.word = xalloc(test->variables * sizeof *b.word);
	b.values = xalloc(test->observeds * sizeof *b.values);
	for (unsigned i = 0; i < test->threads; i++)
		b.actor[i] = (struct actor){ .bench = &b, .thread = i };
	b.wrong = !machine_protect(b.sim, set_up, &b);
	machine_mark(b.sim);
	if (!b.wrong)
		strategy_all(b.sim, start, &b, end, schedules);
	machine_free(b.sim);
	free(b.word);
	free(b.values);
	return !b.wrong;
}
