/*
 * Litmus tests on the explored machine: every schedule, so every outcome. Shares no code with the
 * oracle, which walks through states of its own.
 */
#include "litmus/execute.h"

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

static void thread(struct cpu *cpu, void *argument)
{
	struct actor *actor = argument;
	const struct litmus_thread *code = &actor->bench->test->thread[actor->thread];

	memcpy(actor->reg, code->start, sizeof actor->reg);
	for (unsigned at = 0; at < code->count;)
		at = execute(cpu, actor->bench->test, actor->bench->word, &code->instruction[at],
			     at, actor->reg, false);
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
