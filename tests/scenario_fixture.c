/* Plays scenarios; see scenario_fixture.h. */
#include "tests/scenario_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"

struct run {
	const struct scenario *scenario;
	uint64_t *near, *far;
	uint64_t cost[MOVES];
};

static uint64_t *word_at(const struct run *run, char where)
{
	return where >= 'a' ? &run->far[(where - 'a') * 8] : &run->near[(where - 'A') * 8];
}

static void perform(struct cpu *cpu, enum verb verb, uint64_t *p)
{
	switch (verb) {
	case LOAD:
		load(cpu, p);
		break;
	case STORE:
		store(cpu, p, 1);
		break;
	case ADD:
		fetch_add(cpu, p, 1);
		break;
	case ADD_LOCAL:
		fetch_add_local(cpu, p, 1);
		break;
	case CAS_FAILS:
		assert_false(cas(cpu, p, 77, 78));
		break;
	case PREFETCH:
		prefetch(cpu, p);
		break;
	case PREFETCH_WRITE:
		prefetch_write(cpu, p);
		break;
	case LOAD_AHEAD:
		load_ahead(cpu, p);
		break;
	case FENCE:
		fence(cpu);
		break;
	case LOAD_HALF:
		load(cpu, (uint32_t *)p);
		break;
	case STORE_HALF:
		store(cpu, (uint32_t *)p, 1);
		break;
	case LOAD_SECOND:
		load(cpu, p + 1);
		break;
	case STORE_SECOND:
		store(cpu, p + 1, 1);
		break;
	}
}

void wait_until(struct cpu *cpu, uint64_t at)
{
	if (cpu->clock > C(at))
		BUG(cpu, "a move at %llu comes too late", (unsigned long long)at);
	compute_cycles(cpu, at - cpu->clock / UNIT);
}

static void thread(struct cpu *cpu, void *argument)
{
	struct run *run = argument;

	for (unsigned i = 0; i < MOVES; i++) {
		const struct move *m = &run->scenario->move[i];
		uint64_t start;

		if (!m->verb || m->cpu != cpu_id(cpu))
			continue;
		if (m->at != AT_ONCE)
			wait_until(cpu, m->at);
		start = cpu->clock;
		perform(cpu, m->verb, word_at(run, m->where));
		run->cost[i] = cpu->clock - start;
	}
}

void end_run(struct sim *sim)
{
	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[sim->outcome], sim->message);
}

static void play(const struct machine *base, const struct scenario *scenario, bool run_ahead)
{
	struct machine machine = *base;
	struct run run = { .scenario = scenario };
	struct sim_options options;
	struct sim *sim;

	if (scenario->change)
		scenario->change(&machine);
	options = engine_options(&machine,
				 machine_cores(&machine) < SCENARIO_CPUS ? machine_cores(&machine) : SCENARIO_CPUS);
	options.no_run_ahead = !run_ahead;
	sim = engine_sim(&options);
	run.near = arena_alloc(sim, LINE, SCENARIO_LINES, 0, 4096, NULL, "near");
	run.far = arena_alloc(sim, LINE, SCENARIO_LINES, sim_nodes(sim) - 1, 4096, NULL, "far");
	for (unsigned i = 0; i < options.cpus; i++)
		thread_start(sim, i, thread, &run);
	end_run(sim);
	for (unsigned i = 0; i < MOVES; i++) {
		uint64_t wanted = scenario->move[i].cost, got = run.cost[i];

		if (wanted != ANY && got != wanted)
			fail_msg("%s: move %u (CPU %u at %u, line %c) takes %llu + %llu/64 cycles, "
				 "expected %llu + %llu/64",
				 scenario->name, i, scenario->move[i].cpu, scenario->move[i].at,
				 scenario->move[i].where, (unsigned long long)got / 64,
				 (unsigned long long)got % 64, (unsigned long long)wanted / 64,
				 (unsigned long long)wanted % 64);
	}
	sim_free(sim);
}

void scenarios_play(const struct machine *machine, const struct scenario *scenario, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		play(machine, &scenario[i], true);
		play(machine, &scenario[i], false);
	}
}
