/* A machine as a whole: created, run, ended. */
#include "sim/sim.h"

#include "sim/arena.h"
#include "sim/cpu.h"
#include "sim/fiber.h"
#include "sim/node.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "words are read byte for byte: little-endian hosts only");

enum { STACK_BYTES = 256 << 10 };

/* ---- topology ------------------------------------------------------------------------------- */

unsigned sim_core(const struct sim_options *o, unsigned cpu)
{
	const struct machine *m = o->machine;
	unsigned within, die;

	if (o->placement == PLACEMENT_CORES)
		return o->core[cpu];
	if (o->placement == PLACEMENT_COMPACT || cpu == 0)
		return cpu;
	if (o->placement != PLACEMENT_SCATTER)
		return machine_core_apart(m, o->placement - PLACEMENT_APART_1, cpu - 1);
	within = cpu / (unsigned)m->sockets;
	die = (cpu % (unsigned)m->sockets) * (unsigned)m->dies_per_socket +
	      within % (unsigned)m->dies_per_socket;
	return die * (unsigned)m->cores_per_die + within / (unsigned)m->dies_per_socket;
}

static struct node *node_new(struct sim *sim, enum node_kind kind, unsigned id, unsigned core)
{
	struct node *n = xalloc(sizeof *n);

	n->kind = kind;
	n->id = id;
	n->core = core;
	n->socket = kind == NODE_ROOT ? 0 : machine_socket(&sim->machine, core);
	return n;
}

/* A shared level answers the cores above it by itself; Forward is for who shares with others. */
static const struct protocol *protocol_of(const struct machine *m, enum node_kind kind)
{
	if (m->protocol == PROTOCOL_MESI || (m->protocol == PROTOCOL_MESIF && kind == NODE_SHARED))
		return &protocol_mesi;
	if (m->protocol == PROTOCOL_MESIF)
		return &protocol_mesif;
	return m->dirty_read == DIRTY_MIGRATE ? &protocol_migrate : &protocol_moesi;
}

void node_set_protocol(struct node *home, const struct protocol *protocol)
{
	home->protocol = protocol;
	protocol_compile(&home->rules, protocol);
}

/* The root is `nodes` homes in one. */
static void make_home(struct sim *sim, struct node *home, uint64_t lines, unsigned nodes)
{
	node_set_protocol(home, protocol_of(&sim->machine, home->kind));
	timing_owner_legs(&sim->t, home->protocol, &home->owner_legs);
	home->entry = xmap(lines * sizeof(struct dirent *));
	home->slices = sim->machine.slice.slices ? (unsigned)sim->machine.slice.slices : 1;
	home->slice_free = xalloc((size_t)home->slices * nodes * sizeof *home->slice_free);
}

static void adopt(struct node *parent, struct node *child)
{
	parent->child = xrealloc(parent->child, (parent->children + 1) * sizeof(struct node *));
	child->index = parent->children;
	child->parent = parent;
	parent->child[parent->children++] = child;
}

/* Put a shared level below the `count` nodes in `above`; the new nodes replace them. */
static unsigned share(struct sim *sim, struct node **above, unsigned count,
		      const struct cache_level *level, uint64_t lines)
{
	unsigned made = 0, group = (unsigned)level->shared;

	for (unsigned i = 0; i < count; i++) {
		unsigned first = above[i]->core / group * group;
		struct node *n = NULL;

		for (unsigned k = 0; k < made && !n; k++)
			if (above[k]->kind == NODE_SHARED && above[k]->core == first &&
			    above[k]->level_cache[0].ways)
				n = above[k];
		if (!n) {
			n = node_new(sim, NODE_SHARED, sim->shared_count, first);
			caches_init(&(struct cache *){ &n->level_cache[0] }, 1, level);
			n->levels = 1;
			n->outermost = &n->level_cache[0];
			n->level = sim_distance(sim, first, first + group - 1);
			make_home(sim, n, lines, 1);
			sim->shared = xrealloc(sim->shared,
					       (sim->shared_count + 1) * sizeof(struct node *));
			sim->shared[sim->shared_count++] = n;
			adopt(n, above[i]);
			above[made++] = n;
		} else {
			adopt(n, above[i]);
		}
	}
	return made;
}

/* One more level of each CPU. */
static void private_level(struct sim *sim, const struct cache_level *level)
{
	struct cache **cache = xalloc(sim->head.cpus * sizeof *cache);

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct node *n = sim->cpu[i].node;

		n->outermost = cache[i] = &n->level_cache[n->levels++];
	}
	caches_init(cache, sim->head.cpus, level);
	free(cache);
}

static bool topology_build(struct sim *sim, char *why, size_t size)
{
	const struct machine *m = &sim->machine;
	uint64_t lines = sim->head.arena.bytes >> LINE_SHIFT;
	struct node **top = xalloc(sim->head.cpus * sizeof *top);
	unsigned count = sim->head.cpus, widest = 1;

	sim->cores = machine_cores(m);
	sim->distance = xmap((size_t)sim->cores * sim->cores);
	if (m->l2.ways && m->llc.ways && m->llc.shared == 1) {
		snprintf(why, size, "machine '%s': an llc of one core is not modelled", m->id);
		free(top);
		return false;
	}
	for (unsigned i = 0; i < sim->head.cpus; i++)
		top[i] = sim->cpu[i].node;
	private_level(sim, &m->l1d);
	if (m->l2.ways && m->l2.shared == 1)
		private_level(sim, &m->l2);
	if (m->l2.ways && m->l2.shared > 1) {
		count = share(sim, top, count, &m->l2, lines);
		widest = (unsigned)m->l2.shared;
	}
	if (m->llc.ways) {
		count = share(sim, top, count, &m->llc, lines);
		widest = (unsigned)m->llc.shared;
	}
	sim->root = node_new(sim, NODE_ROOT, 0, 0);
	sim->homes_have_place = m->home == HOME_DIRECTORY && sim->head.nodes > 1;
	make_home(sim, sim->root, lines, sim->head.nodes);
	sim->root->bus_free = xalloc(2 * m->sockets * sizeof(uint64_t));
	for (unsigned i = 0; i < count; i++)
		adopt(sim->root, top[i]);
	if (widest > 1)
		sim->root_level = sim_distance(sim, 0, widest < sim->cores ? widest : widest - 1);
	free(top);
	return true;
}

static void node_free(struct sim *sim, struct node *n)
{
	uint64_t lines = sim->head.arena.bytes >> LINE_SHIFT;

	if (!n)
		return;
	xunmap(n->entry, lines * sizeof(struct dirent *));
	while (n->write_back) {
		struct write_back *w = n->write_back;

		n->write_back = w->next;
		free(w);
	}
	free(n->child);
	free(n->slice_free);
	free(n->bus_free);
	free(n);
}

static void topology_free(struct sim *sim)
{
	struct node *first = sim->cpu[0].node;

	for (unsigned i = 0; first && i < first->levels; i++)
		caches_free(&first->level_cache[i], sim->head.cpus);
	for (unsigned i = 0; i < sim->shared_count; i++) {
		caches_free(&sim->shared[i]->level_cache[0], 1);
		node_free(sim, sim->shared[i]);
	}
	free(sim->shared);
	node_free(sim, sim->root);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		node_free(sim, sim->cpu[i].node);
}

/* ---- creation ------------------------------------------------------------------------------- */

/* CPU 0 and as many as are that far from it. */
static unsigned cores_for(const struct sim_options *o)
{
	if (o->placement < PLACEMENT_APART_1 || o->placement > PLACEMENT_APART_4)
		return machine_cores(o->machine);
	return 1 + machine_cores_apart(o->machine, o->placement - PLACEMENT_APART_1);
}

static bool options_good(const struct sim_options *o, char *why, size_t size)
{
	unsigned cores = machine_cores(o->machine);
	bool taken[MACHINE_CORES_MAX] = { false };

	if (!o->cpus || o->cpus > cores || o->cpus > MACHINE_CORES_MAX) {
		snprintf(why, size, "%u CPUs on machine '%s', which has %u cores", o->cpus,
			 o->machine->id, cores);
		return false;
	}
	if (o->cpus > cores_for(o)) {
		snprintf(why, size, "%u CPUs on machine '%s', which has %u cores that far apart",
			 o->cpus, o->machine->id, cores_for(o) - 1);
		return false;
	}
	for (unsigned i = 0; o->placement == PLACEMENT_CORES && i < o->cpus; i++) {
		if (o->core[i] >= cores || taken[o->core[i]]) {
			snprintf(why, size, "placement: core %u does not exist or is named twice",
				 o->core[i]);
			return false;
		}
		taken[o->core[i]] = true;
	}
	return true;
}

static const struct field task_fields[] = { { "preempt_count", 0, 4 }, { 0 } };
static const struct layout task_layout = { "thread_info", 4, CLASS_ALLOCATOR, task_fields };

static unsigned *nodes_of_cpus(const struct sim *sim)
{
	unsigned *node = xalloc(sim->head.cpus * sizeof *node);

	for (unsigned i = 0; i < sim->head.cpus; i++)
		node[i] = sim->cpu[i].node->core * sim->head.nodes / machine_cores(&sim->machine);
	return node;
}

/* Between their first cores; a node is nearest to itself. */
static unsigned node_distance(const struct sim *sim, unsigned node, unsigned other)
{
	unsigned cores = machine_cores(&sim->machine) / sim->head.nodes;

	return node == other ? 0 : machine_distance(&sim->machine, node * cores, other * cores);
}

static void nodes_from(const struct sim *sim, unsigned node, unsigned *list)
{
	for (unsigned distance = 0; distance < sim->machine.distances.count; distance++)
		for (unsigned i = 0; i < sim->head.nodes; i++) {
			unsigned other = (node + i) % sim->head.nodes;

			if (node_distance(sim, node, other) == distance)
				*list++ = other;
		}
}

static unsigned *nodes_by_distance(const struct sim *sim)
{
	unsigned nodes = sim->head.nodes, *list = xalloc(nodes * nodes * sizeof *list);

	for (unsigned node = 0; node < nodes; node++)
		nodes_from(sim, node, list + node * nodes);
	return list;
}

struct sim *sim_new(const struct sim_options *options, char *why, size_t size)
{
	struct sim *sim;

	if (!options_good(options, why, size))
		return NULL;
	sim = xalloc(sizeof *sim);
	sim->options = *options;
	sim->machine = *options->machine;
	sim->options.machine = &sim->machine;
	if (!sim->options.max_cycles)
		sim->options.max_cycles = 1000000000000;
	if (!sim->options.model)
		sim->options.model = "";
	sim->head.cpus = options->cpus;
	sim->head.nodes = sim->machine.numa_nodes ? (unsigned)sim->machine.numa_nodes : 1;
	sim->head.preempt = options->preempt;
	sim->head.seed = options->seed;
	sim->words = (sim->head.cpus + 63) / 64;
	sim->cpu = xmap_tables(sim->head.cpus * sizeof *sim->cpu);
	sim->look = xmap_tables(sim->head.cpus * LOOK_ENTRIES * sizeof *sim->look);
	sim->fine = xmap_tables(sim->head.cpus * LOOK_ENTRIES * sizeof *sim->fine);
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		cpu_init(sim, &sim->cpu[i], i);
		sim->cpu[i].node = node_new(sim, NODE_CPU, i, sim_core(options, i));
		sim->cpu[i].node->cpu = &sim->cpu[i];
	}
	sim->head.node_of = nodes_of_cpus(sim);
	sim->head.by_distance = nodes_by_distance(sim);
	counts_init(sim);
	events_init(sim);
	arena_init(sim, options->arena_bytes ? options->arena_bytes : 256ull << 20);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		sim->cpu[i].line_version = sim->version;
	if (!timing_derive(sim, why, size) || !topology_build(sim, why, size)) {
		sim_free(sim);
		return NULL;
	}
	if (options->preempt) {
		int32_t *count =
			percpu_alloc(sim, sizeof *count, LINE, &task_layout, "thread_info");

		for (unsigned i = 0; i < sim->head.cpus; i++)
			sim->cpu[i].preempt_count = per_cpu(sim, count, i);
	}
	return sim;
}

struct block {
	struct block *next;
	_Alignas(16) char bytes[];
};

void *sim_block(struct sim *sim, size_t size)
{
	struct block *b = xalloc(sizeof *b + size);

	b->next = sim->block;
	sim->block = b;
	return b->bytes;
}

void *sim_keep(struct sim *sim, size_t size)
{
	enum { KEPT_BYTES = 32 << 10, ALIGN = _Alignof(uint64_t) };
	void *kept;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > sim->kept_left) {
		sim->kept_left = size > KEPT_BYTES ? size : KEPT_BYTES;
		sim->kept = sim_block(sim, sim->kept_left);
	}
	kept = sim->kept;
	sim->kept += size;
	sim->kept_left -= size;
	return kept;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		cpu_free(&sim->cpu[i]);
	topology_free(sim);
	events_free(sim);
	while (sim->block) {
		struct block *b = sim->block;

		sim->block = b->next;
		free(b);
	}
	arena_free(sim);
	free(sim->head.node_of);
	free(sim->head.by_distance);
	counts_free(sim);
	if (sim->main)
		fiber_free(sim->main);
	if (sim->harvest)
		result_free(sim->harvest);
	xunmap(sim->distance, (size_t)sim->cores * sim->cores);
	xunmap(sim->look, sim->head.cpus * LOOK_ENTRIES * sizeof *sim->look);
	xunmap(sim->fine, sim->head.cpus * LOOK_ENTRIES * sizeof *sim->fine);
	xunmap(sim->cpu, sim->head.cpus * sizeof *sim->cpu);
	free(sim);
}

/* ---- running -------------------------------------------------------------------------------- */

static void thread_main(void *argument)
{
	struct cpu *cpu = argument;
	struct sim *sim = cpu->sim;

	cpu->function(cpu, cpu->argument);
	if (cpu->frames || !cpu->irq_on)
		BUG(cpu, "thread ended inside an operation or with interrupts off");
	cpu->finished = true;
	sim->unfinished--;
	event_loop(sim, cpu);
	BUG(cpu, "a finished thread got a turn");
}

void thread_start(struct sim *sim, unsigned id, thread_function *function, void *argument)
{
	struct cpu *cpu = &sim->cpu[id];
	uint64_t jitter = sim->options.start_jitter_cycles * UNIT;

	if (cpu->started)
		BUG(cpu, "two threads on one CPU");
	cpu->function = function;
	cpu->argument = argument;
	cpu->fiber = fiber_new(STACK_BYTES, thread_main, cpu);
	cpu->started = true;
	sim->unfinished++;
	turn_push(sim, cpu, RANK_CPU, jitter ? random_below(cpu, jitter + 1) : 0);
}

bool sim_protect(struct sim *sim, void (*function)(void *argument), void *argument)
{
	jmp_buf escape, *before = sim->escape;
	volatile bool done = false;

	sim->escape = &escape;
	if (!setjmp(escape)) {
		function(argument);
		done = true;
	}
	sim->escape = before;
	return done;
}

static void run(void *argument)
{
	struct sim *sim = argument;
	char why[80];

	if (!protocol_sane(sim->root->protocol, why, sizeof why) ||
	    (sim->shared_count && !protocol_sane(sim->shared[0]->protocol, why, sizeof why)))
		BUG(&sim->cpu[0], "%s", why);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		if (sim->cpu[i].started)
			charge(&sim->cpu[i], 0, sim->cpu[i].clock, CAUSE_IDLE);
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct cpu *cpu = &sim->cpu[i];

		cpu->load_hit = (uint32_t)cpu->node->level_cache[0].hit_units;
		cpu->store_hit = (uint32_t)sim->t.store_hit;
		cpu_plain(cpu);
	}
	sim->main = fiber_main();
	event_loop(sim, NULL);          /* comes back when the run has ended */
}

/* Time from `from` on, as far as inside the window, was idle. */
static void idle_from(struct sim *sim, struct cpu *cpu, uint64_t from)
{
	if (from < sim->opened)
		from = sim->opened;
	if (from < sim->closed)
		cpu->cause_final[CAUSE_IDLE] += sim->closed - from;
}

enum outcome sim_run(struct sim *sim)
{
	uint64_t end = 0;

	if (sim->outcome != OUTCOME_DONE)
		return sim->outcome;
	sim_protect(sim, run, sim);
	if (sim->outcome == OUTCOME_DONE)
		entries_apply(sim, NEVER);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		if (sim->cpu[i].started && sim->cpu[i].clock > end)
			end = sim->cpu[i].clock;
	if (sim->phase == PHASE_WARMUP)
		window_open(sim, end);
	if (sim->phase == PHASE_WINDOW)
		window_close(sim, end);
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct cpu *cpu = &sim->cpu[i];

		if (!cpu->started)
			idle_from(sim, cpu, 0);
		else if (cpu->finished)
			idle_from(sim, cpu, cpu->clock);
	}
	return sim->outcome;
}

/* ---- ends ----------------------------------------------------------------------------------- */

_Noreturn void sim_end(struct sim *sim, enum outcome outcome)
{
	sim->outcome = outcome;
	if (sim->current) {
		struct cpu *cpu = sim->current;

		sim->current = NULL;
		fiber_switch(cpu->fiber, sim->main);
	}
	longjmp(*sim->escape, 1);
}

_Noreturn void sim_deadlock(struct sim *sim)
{
	size_t n = 0;

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct cpu *cpu = &sim->cpu[i];
		const struct site *caller = sim->context[cpu->context].caller;

		if (cpu->started && !cpu->finished && n < sizeof sim->message)
			n += (size_t)snprintf(sim->message + n, sizeof sim->message - n,
					      "%sCPU %u waits at %s:%u", n ? ", " : "", i,
					      cpu->wait_site ? cpu->wait_site->file : "?",
					      cpu->wait_site ? cpu->wait_site->line : 0);
		if (cpu->started && !cpu->finished && caller && n < sizeof sim->message)
			n += (size_t)snprintf(sim->message + n, sizeof sim->message - n,
					      " for %s:%u", caller->file, caller->line);
	}
	sim_end(sim, OUTCOME_DEADLOCK);
}

_Noreturn void sim_bug(const struct cpu *cpu, const char *file, int line, const char *format, ...)
{
	struct sim *sim = cpu->sim;
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(sim->message, sizeof sim->message,
		 "BUG at %s:%d: %s (cycle %llu, CPU %u, model %s, seed %llu)", file, line, text,
		 (unsigned long long)(cpu->clock / UNIT), cpu->node->id, sim->options.model,
		 (unsigned long long)sim->options.seed);
	if (!sim->escape) {
		fprintf(stderr, "bounce: %s\n", sim->message);
		abort();
	}
	sim_end(sim, OUTCOME_BUG);
}

_Noreturn void sim_out_of_memory(struct sim *sim)
{
	snprintf(sim->message, sizeof sim->message, "the simulated machine is out of memory");
	if (!sim->escape) {
		fprintf(stderr, "bounce: %s\n", sim->message);
		exit(1);
	}
	sim_end(sim, OUTCOME_OUT_OF_MEMORY);
}
