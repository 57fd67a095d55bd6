/*
 * One run of a test, by each of its threads:
 *
 *	prepare     fetch or write (with their initial values) some of the variables, so that
 *	            they lie Modified, Exclusive, Shared or nowhere, the own cache or another's
 *	barrier     a LOCK operation, so what was prepared is in memory
 *	crowd       stores to other words, so that the buffer is not empty; prefetches
 *	delay       0 cycles to two of the longest misses, short ones as likely as long ones
 *	the test    now and then with delays between its instructions
 *
 * Each run has variables of its own, on fresh lines, so that nothing has to be reset and the
 * final values can be read when the machine has stopped. All choices come from the random
 * streams of the CPUs: same seed, same runs.
 */
#include "litmus/batch.h"

#include <stdlib.h>
#include <string.h>

#include "litmus/execute.h"
#include "sim/sim.h"
#include "sim/verbs/xalloc.h"
#include "workloads/waiting.h"

enum {
	WORDS = LINE / sizeof(int32_t),
	HALF = LINE / 2,                /* bytes of a line that variables may fill */
	NOISE = 64,                     /* lines that are only there to push others out */
	SHORTEST = 8,                   /* halvings from the longest delay to the shortest */
};

const char *const pressure_names[PRESSURES] = { "none", "caches", "interrupts" };

/* A line of variables: those of one run that share it, and words beside them. */
struct cell {
	_Alignas(LINE) int32_t word[WORDS];
};

static const struct field cell_fields[] = { FIELD(struct cell, word), { 0 } };
static const struct layout cell_layout = {
	"cell", sizeof(struct cell), CLASS_WORKLOAD, cell_fields,
};

struct runs {
	const struct litmus *test;
	enum pressure pressure;
	unsigned runs;
	uint64_t longest;               /* delay, cycles */
	struct sim *sim;
	unsigned nodes;
	struct cell **cells;            /* [nodes]: [runs * variables] */
	struct cell *noise;             /* [NOISE] */
	struct cell *own;               /* [threads]: a line that only its thread writes */
	struct cell *common;            /* a word per thread, as far as there are */
	struct barrier *barrier;
	unsigned slot;                  /* bytes from one variable to the next on a line */
	int64_t *values;                /* [runs][observeds] */
};

struct actor {                          /* host memory of one thread */
	struct runs *all;
	unsigned thread;
	unsigned run;
	char **word;                    /* the variables of this run */
	int64_t reg[LITMUS_REGISTERS];
};

/* ---- variables --------------------------------------------------------------------------- */

/*
 * Where variable v of a run lies. In three of four runs each has a line of its own; in the
 * others every way of putting neighbours on one line has its turn, as many as fit into half a
 * line. So have the memory nodes.
 */
static char *place_of(const struct runs *all, unsigned run, unsigned v)
{
	enum { JOINTS = 24 };           /* of more neighbours these first ones */
	unsigned variables = all->test->variables, fit = HALF / all->slot, line = v;
	unsigned joints = variables - 1 < JOINTS ? variables - 1 : JOINTS;
	unsigned joined = run % 4 == 3 ? run / 4 % (1u << joints) : 0;

	while (line % fit && line <= joints && joined >> (line - 1) & 1)
		line--;
	unsigned node = (run + line * (run / all->nodes + 1)) % all->nodes;

	return (char *)&all->cells[node][(size_t)run * variables + line] +
	       (size_t)(v % fit) * all->slot;
}

static unsigned size_of(const struct runs *all, unsigned v)
{
	return all->test->variable[v].size;
}

/* Bytes in memory as a signed number, and back. */
static int64_t number_of(const void *bytes, unsigned size)
{
	int64_t value = 0;

	memcpy(&value, bytes, size);    /* little-endian, as the simulated machine is */
	return litmus_extend(value, size);
}

static void find_variables(struct actor *actor)
{
	for (unsigned v = 0; v < actor->all->test->variables; v++)
		actor->word[v] = place_of(actor->all, actor->run, v);
}

static char *any_variable(struct cpu *cpu, const struct actor *actor)
{
	return actor->word[random_below(cpu, actor->all->test->variables)];
}

/* ---- before the test --------------------------------------------------------------------- */

static void prepare_one(struct cpu *cpu, const struct actor *actor, unsigned v)
{
	char *word = actor->word[v];
	uint64_t choice = random_below(cpu, 16);

	if (choice < 4)
		execute_load(cpu, word, size_of(actor->all, v));
	else if (choice < 7)
		execute_store(cpu, word, size_of(actor->all, v),
			      actor->all->test->variable[v].start);
	else if (choice == 7)
		prefetch_write(cpu, word);
}

static void prepare(struct cpu *cpu, const struct actor *actor)
{
	for (unsigned v = 0; v < actor->all->test->variables; v++)
		prepare_one(cpu, actor, v);
}

/* A barrier. The last to come does not wait for a line as the others do: it waits for about as
 * long, or it would always be the first to go. */
static void meet(struct cpu *cpu, const struct actor *actor)
{
	uint64_t *arrived = &actor->all->barrier->arrived, before = fetch_add(cpu, arrived, 1);
	uint64_t all = (uint64_t)actor->all->test->threads * (actor->run + 1);

	if (before + 1 < all)
		await_count(cpu, arrived, all);
	else
		compute_cycles(cpu, random_below(cpu, actor->all->longest + 1));
}

static void disturb(struct cpu *cpu, const struct actor *actor)
{
	const struct runs *all = actor->all;
	char *variable = any_variable(cpu, actor);
	struct cell *line = (struct cell *)(variable - (uintptr_t)variable % LINE);
	int32_t *beside = &line->word[WORDS - 1 - actor->thread % (WORDS / 2)];

	switch (random_below(cpu, 8)) {
	case 0:
		prefetch(cpu, any_variable(cpu, actor));
		break;
	case 1:
		prefetch_write(cpu, any_variable(cpu, actor));
		break;
	case 2:                         /* on the line of a variable */
		store(cpu, beside, (int32_t)actor->run);
		break;
	case 3:                         /* on a line that others write */
	case 4:
		store(cpu, &all->common->word[actor->thread % WORDS], (int32_t)actor->run);
		break;
	default:
		store(cpu, &all->own[actor->thread].word[0], (int32_t)actor->run);
	}
}

static void crowd(struct cpu *cpu, const struct actor *actor)
{
	for (uint64_t left = random_below(cpu, 3); left; left--)
		disturb(cpu, actor);
}

static void delay(struct cpu *cpu, const struct runs *all)
{
	uint64_t most = all->longest >> random_below(cpu, SHORTEST + 1);
	uint64_t cycles = random_below(cpu, most + 1);

	if (cycles)
		compute_cycles(cpu, cycles);
}

/* ---- the test ---------------------------------------------------------------------------- */

/* Something between two instructions of the test. */
static void interlude(struct cpu *cpu, const struct runs *all, bool dawdle)
{
	if (dawdle)
		delay(cpu, all);
	if (all->pressure == PRESSURE_CACHES && random_below(cpu, 4) == 0)
		load(cpu, &all->noise[random_below(cpu, NOISE)].word[0]);
}

static void note_registers(const struct actor *actor)
{
	const struct litmus *test = actor->all->test;
	int64_t *outcome = actor->all->values + (size_t)actor->run * test->observeds;

	for (unsigned i = 0; i < test->observeds; i++) {
		const struct observed *o = &test->observed[i];

		if (o->thread == (int)actor->thread)
			outcome[i] = litmus_observe(test, o, actor->reg[o->index]);
	}
}

static void run_once(struct cpu *cpu, struct actor *actor)
{
	const struct litmus_thread *code = &actor->all->test->thread[actor->thread];
	bool dawdle;

	memcpy(actor->reg, code->start, sizeof actor->reg);
	find_variables(actor);
	prepare(cpu, actor);
	meet(cpu, actor);
	crowd(cpu, actor);
	delay(cpu, actor->all);
	dawdle = random_below(cpu, 4) == 0;
	for (unsigned at = 0, next; at < code->count; at = next) {
		const struct instruction *in = &code->instruction[at];
		bool as_one = execute_may_be_one(in) && random_below(cpu, 2);

		next = execute(cpu, actor->all->test, actor->word, in, at, actor->reg, as_one);
		if (next < code->count)
			interlude(cpu, actor->all, dawdle);
	}
	note_registers(actor);
}

static void act(struct cpu *cpu, void *argument)
{
	struct actor *actor = argument;

	for (actor->run = 0; actor->run < actor->all->runs; actor->run++)
		run_once(cpu, actor);
	fence(cpu);                     /* the last stores are in memory, too */
}

/* ---- the machine ------------------------------------------------------------------------- */

static double largest(const struct reals *reals, double so_far)
{
	for (unsigned i = 0; i < reals->count; i++)
		if (reals->value[i] > so_far)
			so_far = reals->value[i];
	return so_far;
}

static double largest_of_states(const struct by_state *by, double so_far)
{
	so_far = largest(&by->M, so_far);
	so_far = largest(&by->O, so_far);
	so_far = largest(&by->E, so_far);
	return largest(&by->S, so_far);
}

static uint64_t longest_miss(const struct machine *machine)
{
	double ns = largest(&machine->dram_ns, 0);

	ns = largest_of_states(&machine->load_ns, ns);
	ns = largest_of_states(&machine->store_ns, ns);
	ns = largest_of_states(&machine->rmw_ns, ns);
	return (uint64_t)(ns * machine->freq_ghz) + 1;
}

/* Caches in which a test's lines do not stay: 16 lines, 32 in shared ones. */
static void shrink(struct machine *machine)
{
	machine->l1d.kib = 1;
	machine->l1d.ways = 2;
	if (machine->l2.ways) {
		machine->l2.kib = machine->l2.shared > 1 ? 2 : 1;
		machine->l2.ways = 2;
	}
	if (machine->llc.ways) {
		machine->llc.kib = 2;
		machine->llc.ways = 2;
	}
}

static void interrupt(struct cpu *cpu, void *argument)
{
	struct runs *all = argument;
	unsigned id = cpu_id(cpu), count = load(cpu, &all->own[id].word[1]);

	store(cpu, &all->own[id].word[1], count + 1);
	load(cpu, &all->noise[count % NOISE].word[0]);
}

static void start_interrupts(struct runs *all)
{
	/* more than an interrupt takes, less than a run; no two CPUs in step */
	uint64_t period = 2 * all->longest + 1000;

	for (unsigned i = 0; i < all->test->threads; i++)
		timer_add(all->sim, i, period + 17 * i, period + 97 * i, interrupt, all);
}

static void set_start_values(const struct runs *all)
{
	for (unsigned run = 0; run < all->runs; run++)
		for (unsigned v = 0; v < all->test->variables; v++)
			memcpy(place_of(all, run, v), &all->test->variable[v].start,
			       size_of(all, v));
}

static void set_up(void *argument)
{
	struct runs *all = argument;
	struct sim *sim = all->sim;
	size_t count = (size_t)all->runs * all->test->variables;

	for (unsigned node = 0; node < all->nodes; node++)
		all->cells[node] =
			arena_new(sim, struct cell, count, node, LINE, &cell_layout, "variables");
	all->noise = arena_new(sim, struct cell, NOISE, 0, LINE, &cell_layout, "noise");
	all->own = arena_new(sim, struct cell, all->test->threads, 0, LINE, &cell_layout, "own");
	all->common = arena_new(sim, struct cell, 1, 0, LINE, &cell_layout, "common");
	all->barrier = barrier_new(sim);
	set_start_values(all);
	if (all->pressure == PRESSURE_INTERRUPTS)
		start_interrupts(all);
}

static void note_variables(const struct runs *all)
{
	const struct litmus *test = all->test;

	for (unsigned run = 0; run < all->runs; run++)
		for (unsigned i = 0; i < test->observeds; i++) {
			const struct observed *o = &test->observed[i];
			unsigned v = (unsigned)o->index;

			if (o->thread < 0)
				all->values[(size_t)run * test->observeds + i] = litmus_observe(
					test, o, number_of(place_of(all, run, v), size_of(all, v)));
		}
}

static struct sim *machine_new(const struct batch *batch, struct machine *machine, char *why,
			       size_t size)
{
	struct sim_options *options = xalloc(sizeof *options);
	uint64_t nodes = machine->numa_nodes ? machine->numa_nodes : 1;
	struct sim *sim;

	*options = (struct sim_options){
		.machine = machine,
		.cpus = batch->test->threads,
		.placement = PLACEMENT_CORES,
		.seed = batch->seed,
		.start_jitter_cycles = longest_miss(machine),
		.arena_bytes = nodes * (((uint64_t)batch->runs * batch->test->variables + NOISE) *
						sizeof(struct cell) +
					(1 << 20)),
		.no_run_ahead = batch->no_shortcuts,
		.no_parking = batch->no_shortcuts,
		.warmup = UINT64_MAX / 2,       /* nothing is measured */
		.model = batch->test->name,
	};
	memcpy(options->core, batch->core, batch->test->threads * sizeof *batch->core);
	sim = sim_new(options, why, size);
	free(options);
	return sim;
}

static bool run_all(struct runs *all, struct actor *actor, char *why, size_t size)
{
	const char *message;
	bool done = sim_protect(all->sim, set_up, all);

	for (unsigned i = 0; done && i < all->test->threads; i++)
		thread_start(all->sim, i, act, &actor[i]);
	if (done && sim_run(all->sim) == OUTCOME_DONE) {
		note_variables(all);
		return true;
	}

	struct result *result = sim_result(all->sim);

	message = result->message;
	snprintf(why, size, "%s: %s", outcome_names[result->outcome], message);
	result_free(result);
	return false;
}

static struct actor *actors_new(struct runs *all)
{
	struct actor *actor = xalloc(all->test->threads * sizeof *actor);

	for (unsigned i = 0; i < all->test->threads; i++)
		actor[i] = (struct actor){
			.all = all,
			.thread = i,
			.word = xalloc(all->test->variables * sizeof *actor[i].word),
		};
	return actor;
}

static void actors_free(struct actor *actor, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(actor[i].word);
	free(actor);
}

/* Room for the widest variable: all begin at multiples of their size. */
static unsigned slot_of(const struct litmus *test)
{
	unsigned slot = sizeof(int32_t);

	for (unsigned v = 0; v < test->variables; v++)
		if (test->variable[v].size > slot)
			slot = test->variable[v].size;
	return slot;
}

bool batch_run(const struct batch *batch, int64_t *values, char *why, size_t size)
{
	struct machine *machine = xalloc(sizeof *machine);
	struct runs all = {
		.test = batch->test,
		.pressure = batch->pressure,
		.runs = batch->runs,
		.values = values,
		.longest = 2 * longest_miss(batch->machine),
		.slot = slot_of(batch->test),
	};
	struct actor *actor = actors_new(&all);
	bool done = false;

	*machine = *batch->machine;
	if (batch->pressure == PRESSURE_CACHES)
		shrink(machine);
	memset(values, 0, (size_t)batch->runs * batch->test->observeds * sizeof *values);
	all.sim = machine_new(batch, machine, why, size);
	if (all.sim) {
		all.nodes = sim_nodes(all.sim);
		all.cells = xalloc(all.nodes * sizeof *all.cells);
		done = run_all(&all, actor, why, size);
	}
	actors_free(actor, batch->test->threads);
	free(all.cells);
	sim_free(all.sim);
	free(machine);
	return done;
}
