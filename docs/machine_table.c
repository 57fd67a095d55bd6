/*
 * machine_table MACHINE: what docs/machines.sh wants to know of a machine file, as lines of
 * fields with tabs between them:
 *
 *	fact     KEY            TEXT
 *	cores    DISTANCE       how many are that far from core 0, the first of them, and one that
 *	                        can share a line with it
 *	entered  TEST   AT      ns that the microbenchmark has to give back
 */
#include <stdio.h>
#include <string.h>

#include "experiment/experiment.h"
#include "experiment/schema.h"

static void entered(const char *test, const char *at, double ns)
{
	printf("entered\t%s\t%s\t%.6g\n", test, at, ns);
}

/* ---- what leaves the core -------------------------------------------------------------------- */

static void enter_list(const char *access, const char *state, const struct reals *list)
{
	char test[16], at[16];

	for (unsigned i = 0; i < list->count; i++) {
		snprintf(test, sizeof test, "%s_%s", access, state);
		snprintf(at, sizeof at, "d%u", i + 1);
		entered(test, at, list->value[i]);
	}
}

static void enter_states(const char *access, const struct by_state *states)
{
	enter_list(access, "M", &states->M);
	enter_list(access, "O", &states->O);
	enter_list(access, "E", &states->E);
	enter_list(access, "S", &states->S);
}

static unsigned node_of(const struct machine *machine, unsigned core)
{
	return core * (unsigned)machine->numa_nodes / machine_cores(machine);
}

/* The own node's, and that of the first core at each distance which is another's; the list goes
 * by distance from its second entry on, and its last one holds for all beyond. */
static void enter_memory(const struct machine *machine)
{
	entered("memory", "1", machine->dram_ns.value[0]);
	for (unsigned d = 0; d < machine->distances.count; d++) {
		unsigned last = machine->dram_ns.count - 1, i = d ? d : 1;
		char at[16];

		if (!machine_cores_apart(machine, d) ||
		    node_of(machine, machine_core_apart(machine, d, 0)) == 0)
			continue;
		snprintf(at, sizeof at, "d%u", d + 1);
		entered("memory", at, machine->dram_ns.value[i < last ? i : last]);
	}
}

/* ---- what stays in it ------------------------------------------------------------------------ */

static void enter_own(const struct machine *machine, const char *op, const struct reals *list)
{
	static const char *const columns[] = { "dependent", "rotating" };
	char test[48];

	snprintf(test, sizeof test, "own_%s", op);
	for (unsigned i = 0; i < 2 && list->count; i++)
		entered(test, columns[i],
			list->value[i < list->count ? i : list->count - 1] / machine->freq_ghz);
}

/* No verb asks for cmpxchg8b_local. */
static void enter_owns(const struct machine *machine)
{
	const struct own_cycles *own = &machine->own_cyc;

	enter_own(machine, "add", &own->add);
	enter_own(machine, "cmpxchg_local", &own->cmpxchg_local);
	enter_own(machine, "cmpxchg16b_local", &own->cmpxchg16b_local);
	enter_own(machine, "lock_add", &own->lock_add);
	enter_own(machine, "lock_xadd", &own->lock_xadd);
	enter_own(machine, "lock_cmpxchg", &own->lock_cmpxchg);
	enter_own(machine, "xchg", &own->xchg);
	enter_own(machine, "lock_cmpxchg16b", &own->lock_cmpxchg16b);
}

static void enter_level(const struct machine *machine, uint64_t kib, double cycles)
{
	char at[32];

	snprintf(at, sizeof at, "%llu", (unsigned long long)kib);
	entered("chase_kib", at, cycles / machine->freq_ghz);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A cycle that the level holds and the one above does not. */
static void enter_levels(const struct machine *machine)
{
	const struct cache_level *l1d = &machine->l1d, *l2 = &machine->l2, *llc = &machine->llc;

	enter_level(machine, l1d->kib / 2, l1d->hit_cyc);
	if (l2->ways)
		enter_level(machine, smaller(4 * l1d->kib, l2->kib / 2), l2->hit_cyc);
	if (llc->ways)
		enter_level(machine, smaller(2 * (l2->ways ? l2->kib : l1d->kib), llc->kib / 2),
			    llc->hit_cyc);
}

/* ---- cores ----------------------------------------------------------------------------------- */

/* How well a core shares a line with `first`, for a CPU on core 0 to ask: in core 0's own die if
 * `first` is there, else in a die of its own, as a level that both have would own the line; and no
 * nearer to core 0, rather as near. 0: not at all. */
static unsigned fitness(const struct machine *machine, unsigned first, unsigned core)
{
	unsigned distance = machine_distance(machine, 0, core),
		 wanted = machine_distance(machine, 0, first);
	bool own_die = machine_die(machine, first) == 0;
	bool fits = own_die ? machine_die(machine, core) == 0
			    : machine_die(machine, core) != machine_die(machine, first);

	if (core == first || distance < wanted)
		return 0;
	return 1 + (distance == wanted) + 2 * fits;
}

static unsigned sharer_of(const struct machine *machine, unsigned first)
{
	unsigned best = 0, best_fitness = 0;

	for (unsigned core = 1; core < machine_cores(machine); core++) {
		unsigned fits = fitness(machine, first, core);

		if (fits > best_fitness) {
			best = core;
			best_fitness = fits;
		}
	}
	return best;
}

static void print_cores(const struct machine *machine)
{
	for (unsigned d = 0; d < machine->distances.count; d++) {
		unsigned count = machine_cores_apart(machine, d);
		unsigned first = count ? machine_core_apart(machine, d, 0) : 0;

		if (count)
			printf("cores\td%u\t%u\t%u\t%u\n", d + 1, count, first,
			       sharer_of(machine, first));
	}
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void visit(void *to, const struct setting *setting, const char *path, const char *text)
{
	(void)to, (void)setting;
	printf("fact\t%s\t%s\n", path, text);
}

static void print_machine(const struct machine *machine)
{
	schema_list(machine_settings, machine, "", visit, NULL);
	printf("fact\tcores\t%u\n", machine_cores(machine));
	print_cores(machine);
	enter_owns(machine);
	enter_levels(machine);
	enter_memory(machine);
	enter_states("ld", &machine->load_ns);
	enter_states("rmw", &machine->rmw_ns);
	enter_states("st", &machine->store_ns);
}

int main(int argc, char **argv)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment;
	char text[512];

	if (argc != 2) {
		fprintf(stderr, "usage: machine_table MACHINE\n");
		return 2;
	}
	snprintf(text, sizeof text,
		 "name: table\nmachine: %.200s\ncpus: 1\nworkload: counter\noperations: 1\n",
		 argv[1]);
	experiment = experiment_parse(argv[1], text, strlen(text), NULL, 0, diagnostics);
	if (experiment) {
		print_machine(&experiment->combination[0]->machine);
		experiment_free(experiment);
	}
	diagnostics_print(diagnostics, stderr, false);
	diagnostics_free(diagnostics);
	return experiment ? 0 : 2;
}
