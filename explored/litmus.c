/*
 * Litmus tests on the explored machine: every schedule, so every outcome. Shares no code with the
 * oracle, which walks through states of its own.
 */
#include "litmus/litmus.h"

#include <string.h>

#include "explored/finding.h"
#include "explored/strategy.h"

struct actor {
	struct bench *bench;
	unsigned thread;
	int32_t reg[LITMUS_REGISTERS];
};

struct bench {
	const struct litmus *test;
	struct sim *sim;
	int32_t *word[LITMUS_VARIABLES];
	struct actor actor[LITMUS_THREADS];
	void (*outcome)(void *to, const struct outcome_values *values);
	void *to;
	bool wrong;
};

/* cas() says only whether it did; EAX gets what was there if it did not. */
static void compare(struct cpu *cpu, int32_t *word, int32_t *accumulator, int32_t operand)
{
	const struct site *site = SITE("word");
	int32_t old;

	if (!verb_rmw(cpu, word, sizeof *word, RMW_CAS, accumulator, &operand, &old, true, site))
		*accumulator = old;
}

/* Without LOCK the load and the store are two instructions' worth: others come in between. */
static void add(struct cpu *cpu, int32_t *word, const struct instruction *in, int32_t operand,
		int32_t *reg)
{
	int32_t old;

	if (in->locked) {
		old = fetch_add(cpu, word, operand);
	} else {
		old = load(cpu, word);
		store(cpu, word, old + operand);
	}
	if (in->target >= 0)
		reg[in->target] = old;
}

static void execute(struct cpu *cpu, struct actor *actor, const struct instruction *in)
{
	int32_t *word = actor->bench->word[in->variable], *reg = actor->reg;
	int32_t operand = in->source < 0 ? in->value : reg[in->source];

	switch (in->kind) {
	case INSTRUCTION_SET:
		reg[in->target] = operand;
		break;
	case INSTRUCTION_LOAD:
		reg[in->target] = load(cpu, word);
		break;
	case INSTRUCTION_STORE:
		store(cpu, word, operand);
		break;
	case INSTRUCTION_FENCE:
		fence(cpu);
		break;
	case INSTRUCTION_EXCHANGE:
		reg[in->target] = exchange(cpu, word, operand);
		break;
	case INSTRUCTION_ADD:
		add(cpu, word, in, operand, reg);
		break;
	case INSTRUCTION_COMPARE:
		compare(cpu, word, &reg[in->target], operand);
		break;
	}
}

static void thread(struct cpu *cpu, void *argument)
{
	struct actor *actor = argument;
	const struct litmus_thread *code = &actor->bench->test->thread[actor->thread];

	memcpy(actor->reg, code->start, sizeof actor->reg);
	for (unsigned i = 0; i < code->count; i++)
		execute(cpu, actor, &code->instruction[i]);
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
	struct outcome_values values = { { 0 } };

	b->wrong = b->wrong || b->sim->found;
	for (unsigned i = 0; i < b->test->observeds; i++) {
		const struct observed *o = &b->test->observed[i];

		values.value[i] = o->thread < 0 ? *b->word[o->index]
						: b->actor[o->thread].reg[o->index];
	}
	b->outcome(b->to, &values);
}

static void set_up(void *argument)
{
	struct bench *b = argument;

	for (unsigned v = 0; v < b->test->variables; v++) {
		b->word[v] = arena_new(b->sim, int32_t, 1, 0, LINE, NULL, b->test->variable[v].name);
		*b->word[v] = b->test->variable[v].start;
	}
}

bool explore_litmus(const struct litmus *test, bool store_buffer,
		    void (*outcome)(void *to, const struct outcome_values *values), void *to,
		    uint64_t *schedules)
{
	struct explore_options options = { .cpus = test->threads,
					   .store_buffer = store_buffer ? BUFFER_MAX : 0 };
	struct bench b = { .test = test, .outcome = outcome, .to = to };

	b.sim = machine_new(&options, 1 << 20);
	for (unsigned i = 0; i < test->threads; i++)
		b.actor[i] = (struct actor){ .bench = &b, .thread = i };
	b.wrong = !machine_protect(b.sim, set_up, &b);
	machine_mark(b.sim);
	if (!b.wrong)
		strategy_all(b.sim, start, &b, end, schedules);
	machine_free(b.sim);
	return !b.wrong;
}
