/*
 * struct: a struct of the user's own, and CPUs that read and write its members.
 *
 *	CPUs of a group     turn: [access, access, ...]   work   turn: [...]   work ...
 *	                          |       |
 *	struct              members of one instance
 *
 * Layout and accesses are the user's (struct_plan.h); what is simulated is each access at the
 * member's place, in its order. A turn of the list is one operation.
 *
 * True at the end, which is when finish() runs:
 *   (1) a word that is only added to, with LOCK or by compare-and-exchange, holds as much more as
 *       was added, all instances together;
 *   (2) nobody was in the section of a lock with somebody else (told at once).
 *
 * Expect: a bounce where a CPU writes a line that another one wrote before, whatever members of it
 * the two mean; what only one CPU writes and nobody else reads costs nothing in a line of its own.
 *
 * Left out: an access that crosses a line; what a compiler keeps in registers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/lock.h"
#include "sim/verbs/xalloc.h"
#include "workloads/struct_plan.h"
#include "workloads/struct_sequence.h"
#include "workloads/work.h"

static const char *const which_words[] = { "own", "random", "turn", NULL };
static const char *const lock_words[] = { "dec", "ticket", "queued", NULL };
static const char *const swept_words[] = { "cpus", "work_cycles", NULL };

enum { INSTANCES_MAX = 1 << 16, BYTES_MAX = 64 << 20, PAIR_BYTES = 2 * LINE };

/* clang-format off */
static const struct setting struct_settings_table[] = {
	SETTING(struct struct_settings, layout,      NAME,  .fallback = "",
		.help = "a file with the struct as pahole prints it"),
	SETTING(struct struct_settings, struct_name, NAME,  .fallback = "",
		.help = "which struct of that file; with 'members', how reports call it"),
	SETTING(struct struct_settings, members,     TREE,  .fallback = "-",
		.help = "instead of a layout: {f_mode: int, f_count: {offset: 8, size: 8}}"),
	SETTING(struct struct_settings, edit,        EDIT,  .fallback = "none",
		.help = "changes to it: own-line f_count, or {move: ..., pad, align, order, pair}"),
	SETTING(struct struct_settings, threads,     TREE,  .fallback = "-", .words = swept_words,
		.help = "who does what: {writer: {cpus: 1, loop: [add f_count]}, reader: ...}"),
	SETTING(struct struct_settings, sequence,    NAME,  .fallback = "",
		.help = "instead of threads: a file of accesses, each CPU's in its order and time"),
	SETTING(struct struct_settings, instances,   COUNT, .min = 1, .max = INSTANCES_MAX, .fallback = "1",
		.help = "how many such structs, in an array"),
	SETTING(struct struct_settings, per_cpu,     SWITCH, .fallback = "false",
		.help = "one for each CPU, in memory of its own"),
	SETTING(struct struct_settings, which,       WORD,  .words = which_words, .fallback = "own",
		.help = "of an array, at each turn: that of the CPU's number, any, or the next one"),
	SETTING(struct struct_settings, start,       COUNT, .min = 0, .max = PAIR_BYTES - 1, .fallback = "0",
		.unit = "bytes", .help = "where in a pair of lines the first one begins"),
	SETTING(struct struct_settings, lock,        WORD,  .words = lock_words, .fallback = "queued",
		.help = "kind of the locks among the members"),
	SETTING(struct struct_settings, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work between two turns, of groups that do not say their own"),
	SETTING_WORK(struct struct_settings, "exponential"),
	{ 0 },
};
/* clang-format on */

/* Streams of a CPU's draws. */
enum { DRAWS_WORK, DRAWS_RATES, DRAWS_WHICH };

struct worker { /* host memory of one CPU */
	struct state *all;
	const struct group *group;
	unsigned id;
	uint64_t turns;
	uint64_t *done;                 /* [accesses] of the group: how often */
	struct draws work, rates, which;
	const struct sequence_step *step; /* of a sequence: what is left of it */
	size_t steps;
};

struct state {
	struct struct_settings set;
	struct struct_plan *plan;
	struct sequence *sequence;      /* NULL: none */
	struct work *work;
	unsigned cpus;
	uint64_t instances;
	char **instance;                /* each in the arena */
	bool *held;                     /* [instances * words of the struct]: a lock is */
	struct worker *worker;
	struct field *field;            /* for labels */
	struct layout layout;
	char *names;
};

/* ---- one turn -------------------------------------------------------------------------------- */

/* Room for the widest word there is: backends with verbs inline have all widths in one place. */
struct value {
	_Alignas(struct pair) uint64_t word, unused;
};

static uint64_t load_word(struct cpu *cpu, const void *p, const struct listed *access)
{
	struct value value = { 0, 0 };

	verb_load(cpu, p, &value, access->spot.size, &access->site);
	return value.word;
}

static void store_word(struct cpu *cpu, void *p, const struct listed *access, uint64_t word)
{
	struct value value = { word, 0 };

	verb_store(cpu, p, &value, access->spot.size, &access->site);
}

static void change(struct cpu *cpu, void *p, const struct listed *access, enum rmw how,
		   uint64_t operand, bool locked)
{
	struct value value = { operand, 0 }, old = { 0, 0 };

	verb_rmw(cpu, p, access->spot.size, how, NULL, &value, &old, locked, &access->site);
}

/* As code does it: read, and try until nobody was in between. */
static void count_by_cas(struct cpu *cpu, void *p, const struct listed *access)
{
	struct value seen = { load_word(cpu, p, access), 0 }, wanted = { 0, 0 }, expected;

	do {
		expected = seen;        /* apart from where the old value goes */
		wanted.word = seen.word + 1;
	} while (!verb_rmw(cpu, p, access->spot.size, RMW_CAS, &expected, &wanted, &seen, true,
			   &access->site));
}

static bool *held_by(struct state *all, uint64_t instance, const struct listed *access)
{
	uint64_t words = all->plan->outline->size / sizeof(uint32_t) + 1;

	return &all->held[instance * words + access->spot.offset / sizeof(uint32_t)];
}

static void take(struct cpu *cpu, struct worker *worker, uint64_t instance, void *p,
		 const struct listed *access)
{
	bool *held = held_by(worker->all, instance, access);

	spin_lock_at(cpu, p, (enum lock_kind)worker->all->set.lock, &access->site);
	if (*held)
		BUG(cpu, "two CPUs hold '%s'", access->spot.name);
	*held = true;
}

static void give_back(struct cpu *cpu, struct worker *worker, uint64_t instance, void *p,
		      const struct listed *access)
{
	*held_by(worker->all, instance, access) = false;
	spin_unlock_at(cpu, p, (enum lock_kind)worker->all->set.lock, &access->site);
}

static bool is_drawn(struct worker *worker, const struct listed *access)
{
	return access->rate == RATE_ALWAYS ||
	       draws_next(&worker->rates) >> RATE_BITS < access->rate;
}

/* A bit of a word is stored by reading the word and writing it back. */
static void store_spot(struct cpu *cpu, struct worker *worker, void *p, const struct listed *access)
{
	if (access->spot.bits)
		load_word(cpu, p, access);
	store_word(cpu, p, access, worker->turns);
}

static void access_once(struct cpu *cpu, struct worker *worker, uint64_t instance,
			const struct listed *access)
{
	struct state *all = worker->all;
	void *p = all->instance[instance] + access->spot.offset;

	switch (access->kind) {
	case ACCESS_LOAD:
		load_word(cpu, p, access);
		break;
	case ACCESS_STORE:
		store_spot(cpu, worker, p, access);
		break;
	case ACCESS_ADD:
	case ACCESS_ADD_LOCAL:
		change(cpu, p, access, RMW_ADD, 1, access->kind == ACCESS_ADD);
		break;
	case ACCESS_CAS:
		count_by_cas(cpu, p, access);
		break;
	case ACCESS_EXCHANGE:
		change(cpu, p, access, RMW_EXCHANGE, worker->turns, true);
		break;
	case ACCESS_READ_MOSTLY:
		load_word(cpu, p, access);
		if (is_drawn(worker, access))
			store_spot(cpu, worker, p, access);
		break;
	case ACCESS_SUM:
		for (uint64_t i = 0; i < all->instances; i++)
			load_word(cpu, all->instance[i] + access->spot.offset, access);
		break;
	case ACCESS_LOCK:
		take(cpu, worker, instance, p, access);
		break;
	case ACCESS_UNLOCK:
		give_back(cpu, worker, instance, p, access);
		break;
	case ACCESS_COMPUTE:
		work_do(cpu, all->work, &worker->work, access->cycles);
		break;
	case ACCESS_FENCE:
		fence(cpu);
		break;
	case ACCESS_KINDS:
		break;
	}
}

static uint64_t next_instance(struct worker *worker)
{
	const struct state *all = worker->all;

	if (all->set.which == WHICH_RANDOM && !all->set.per_cpu)
		return draws_below(&worker->which, all->instances);
	if (all->set.which == WHICH_TURN && !all->set.per_cpu)
		return (worker->id + worker->turns) % all->instances;
	return worker->id % all->instances;
}

static void struct_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	const struct group *group = worker->group;

	while (!run_over(cpu)) {
		uint64_t instance = next_instance(worker);

		worker->turns++;
		op_begin(cpu, OP_WORK);
		for (unsigned i = 0; i < group->accesses; i++) {
			const struct listed *access = &group->access[i];

			if (access->kind != ACCESS_READ_MOSTLY && !is_drawn(worker, access))
				continue;
			worker->done[i]++;
			access_once(cpu, worker, instance, access);
		}
		op_end(cpu, 0, 0);
		work_do(cpu, worker->all->work, &worker->work, group->work_cycles);
	}
}

/* ---- a recorded sequence --------------------------------------------------------------------- */

/* Sites of accesses that were written down: what they are. */
static const struct site sequence_sites[SEQUENCE_KINDS] = {
	[SEQUENCE_LOAD] = { "sequence", 1, "load", "load" },
	[SEQUENCE_STORE] = { "sequence", 2, "store", "store" },
	[SEQUENCE_RMW] = { "sequence", 3, "rmw", "rmw" },
	[SEQUENCE_RMW_LOCAL] = { "sequence", 4, "rmw-local", "rmw-local" },
};

static void do_step(struct cpu *cpu, struct worker *worker, const struct sequence_step *step)
{
	const struct site *site = &sequence_sites[step->kind];
	struct value value = { worker->turns, 0 }, old = { 0, 0 };
	void *p = worker->all->instance[step->instance] + step->offset;

	if (step->kind == SEQUENCE_LOAD)
		verb_load(cpu, p, &value, step->size, site);
	else if (step->kind == SEQUENCE_STORE)
		verb_store(cpu, p, &value, step->size, site);
	else
		verb_rmw(cpu, p, step->size, RMW_EXCHANGE, NULL, &value, &old,
			 step->kind == SEQUENCE_RMW, site);
}

/* The clock's units in a cycle are the backend's own: so many cycles show them. */
enum { MEASURED_CYCLES = 1024 };

/* Each access at its time, or as soon after it as the one before allows. */
static void sequence_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	uint64_t start = cpu_clock(cpu), units;

	compute_cycles(cpu, MEASURED_CYCLES);
	units = (cpu_clock(cpu) - start) / MEASURED_CYCLES;
	for (size_t i = 0; i < worker->steps && !run_over(cpu); i++) {
		const struct sequence_step *step = &worker->step[i];
		uint64_t now = (cpu_clock(cpu) - start) / (units ? units : 1);

		if (step->at + MEASURED_CYCLES > now)
			compute_cycles(cpu, step->at + MEASURED_CYCLES - now);
		worker->turns++;
		op_begin(cpu, OP_WORK);
		do_step(cpu, worker, step);
		op_end(cpu, 0, 0);
	}
}

/* Does every access of it lie at a multiple of its bytes? */
static bool lies_straight(const struct struct_settings *set, const struct sequence *sequence,
			  uint64_t bytes)
{
	uint64_t apart = set->per_cpu ? 0 : bytes;

	for (unsigned i = 0; i < sequence->cpus; i++)
		for (size_t j = 0; j < sequence->steps[i]; j++) {
			const struct sequence_step *step = &sequence->step[i][j];

			if ((set->start + step->instance * apart + step->offset) % step->size)
				return false;
		}
	return true;
}

/* `bytes` 0: the struct is not looked at. */
static bool open_sequence(const struct struct_settings *set, unsigned cpus, uint64_t bytes,
			  struct sequence **sequence, char *why, size_t size)
{
	char problem[200];
	uint64_t instances = set->per_cpu ? cpus : set->instances;

	*sequence = NULL;
	if (!*set->sequence)
		return true;
	*sequence = sequence_read(set->sequence, problem, sizeof problem);
	if (!*sequence)
		snprintf(why, size, "sequence '%s': %s", set->sequence, problem);
	else if ((*sequence)->cpus > cpus)
		snprintf(why, size, "sequence '%s' is of %u CPUs, 'cpus' is %u", set->sequence,
			 (*sequence)->cpus, cpus);
	else if ((*sequence)->instances > instances)
		snprintf(why, size, "sequence '%s' is of %" PRIu64 " structs, there are %" PRIu64,
			 set->sequence, (*sequence)->instances, instances);
	else if (bytes && (*sequence)->bytes > bytes)
		snprintf(why, size,
			 "sequence '%s' reaches byte %" PRIu64 " of a struct that has %" PRIu64,
			 set->sequence, (*sequence)->bytes, bytes);
	else if (bytes && !lies_straight(set, *sequence, bytes))
		snprintf(
			why, size,
			"sequence '%s' has words that are not at a multiple of their bytes where 'start' and the struct's %" PRIu64
			" bytes put them",
			set->sequence, bytes);
	else
		return true;
	sequence_free(*sequence);
	*sequence = NULL;
	return false;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void add_field(struct state *all, size_t *count, const char *name, uint64_t offset,
		      uint64_t size)
{
	for (size_t i = 0; i < *count; i++) {
		if (!strcmp(all->field[i].name, name))
			return;
	}
	all->field[(*count)++] = (struct field){ .name = name, .offset = offset, .size = size };
}

static size_t count_members(const struct outline_member *member, size_t members)
{
	size_t count = members;

	for (size_t i = 0; i < members; i++)
		count += count_members(member[i].child, member[i].children);
	return count;
}

static void add_members(struct state *all, size_t *count, const struct outline_member *member,
			size_t members)
{
	for (size_t i = 0; i < members; i++) {
		if (*member[i].name && member[i].size && member[i].kind == MEMBER_PLAIN)
			add_field(all, count, member[i].name, member[i].offset, member[i].size);
		add_members(all, count, member[i].child, member[i].children);
	}
}

/* Labels name the first member that has a byte: those that are accessed come first, as they are
 * called in the list, so that of a union the report names what was meant. */
static void label(struct state *all)
{
	const struct struct_plan *plan = all->plan;
	size_t count = 0, room = count_members(plan->outline->member, plan->outline->members) + 1;

	for (unsigned i = 0; i < plan->groups; i++)
		room += plan->group[i].accesses;
	all->field = xalloc(room * sizeof *all->field);
	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct listed *access = &plan->group[i].access[j];

			if (access->kind != ACCESS_COMPUTE && access->kind != ACCESS_FENCE)
				add_field(all, &count, access->spot.name, access->spot.offset,
					  access->spot.room);
		}
	add_members(all, &count, plan->outline->member, plan->outline->members);
	all->layout = (struct layout){ plan->outline->name, plan->outline->size, CLASS_WORKLOAD,
				       all->field };
}

static void place_instances(struct sim *sim, struct state *all)
{
	uint64_t size = all->layout.size, start = all->set.start;
	char *array;

	all->instance = xalloc(all->instances * sizeof *all->instance);
	for (uint64_t i = 0; i < all->instances && all->set.per_cpu; i++) {
		unsigned node = node_of_cpu(sim, (unsigned)i);

		all->instance[i] =
			arena_alloc(sim, start + size, 1, node, PAIR_BYTES, NULL, all->layout.name);
		all->instance[i] += start;
		relabel_setup(sim, all->instance[i], size, &all->layout, 0, all->layout.name);
	}
	if (all->set.per_cpu)
		return;
	array = arena_alloc(sim, start + all->instances * size, 1, 0, PAIR_BYTES, NULL,
			    all->layout.name);
	array += start;
	relabel_setup(sim, array, all->instances * size, &all->layout, 0, all->layout.name);
	for (uint64_t i = 0; i < all->instances; i++)
		all->instance[i] = array + i * size;
}

static void init_locks(struct state *all)
{
	const struct struct_plan *plan = all->plan;

	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct listed *access = &plan->group[i].access[j];

			for (uint64_t k = 0; access->kind == ACCESS_LOCK && k < all->instances; k++)
				spin_lock_init((void *)(all->instance[k] + access->spot.offset),
					       (enum lock_kind)all->set.lock);
		}
}

static void start_worker(struct sim *sim, struct state *all, unsigned id)
{
	struct worker *worker = &all->worker[id];
	unsigned group = all->plan->group_of[id];

	worker->all = all;
	worker->id = id;
	if (all->sequence && all->sequence->steps[id]) {
		worker->step = all->sequence->step[id];
		worker->steps = all->sequence->steps[id];
		thread_start(sim, id, sequence_thread, worker);
	}
	if (group == all->plan->groups)
		return;
	worker->group = &all->plan->group[group];
	worker->done = xalloc(worker->group->accesses * sizeof *worker->done);
	worker->work = draws_new(sim, id, DRAWS_WORK);
	worker->rates = draws_new(sim, id, DRAWS_RATES);
	worker->which = draws_new(sim, id, DRAWS_WHICH);
	thread_start(sim, id, struct_thread, worker);
}

/* ---- the workload ---------------------------------------------------------------------------- */

static bool struct_check_settings(const void *settings, unsigned cpus, workload_tell *tell,
				  void *to)
{
	const struct struct_settings *set = settings;
	const struct workload_place where = { .key = "instances" }, which = { .key = "which" },
				    recorded = { .key = "sequence" };
	struct struct_plan *plan = struct_plan_new(set, cpus, tell, to);
	struct sequence *sequence = NULL;
	char text[400];
	uint64_t instances;
	bool good = plan;

	if (!plan) {
		if (!set->threads)
			sequence_check(set->sequence, tell, to);
		return false;
	}
	instances = set->per_cpu ? cpus : set->instances;
	if (set->per_cpu && set->instances > 1) {
		tell(to, &where, "'per_cpu' gives each CPU one: leave 'instances' out");
		good = false;
	} else if (plan->outline->size > BYTES_MAX / instances) {
		snprintf(text, sizeof text,
			 "%" PRIu64 " structs of %" PRIu64 " bytes are more than %d MiB", instances,
			 plan->outline->size, BYTES_MAX >> 20);
		tell(to, &where, text);
		good = false;
	}
	if (set->per_cpu && set->which != WHICH_OWN) {
		tell(to, &which, "'per_cpu' gives each CPU one of its own: leave 'which' out");
		good = false;
	}
	if (!good) {
		sequence_check(set->sequence, tell, to);
	} else if (!open_sequence(set, cpus, plan->outline->size, &sequence, text, sizeof text)) {
		/* its lines say it better */
		if (sequence_check(set->sequence, tell, to))
			tell(to, &recorded, text);
		good = false;
	}
	sequence_free(sequence);
	struct_plan_free(plan);
	return good;
}

static bool struct_draws(const void *settings)
{
	(void)settings;
	return true;
}

static void keep_first(void *to, const struct workload_place *where, const char *text)
{
	struct report *report = to;

	(void)where;
	if (!*report->why)
		snprintf(report->why, report->size, "%s", text);
}

static bool struct_create(struct traffic *traffic, const void *settings, void **state, char *why,
			  size_t size)
{
	struct sim *sim = traffic->sim;
	struct state *all;
	struct report report = { why, size };
	unsigned cpus = sim_cpus(sim);
	struct struct_plan *plan;
	struct sequence *sequence;

	*why = '\0';
	plan = struct_plan_new(settings, cpus, keep_first, &report);
	if (!plan)
		return false;
	if (!open_sequence(settings, cpus, plan->outline->size, &sequence, why, size)) {
		struct_plan_free(plan);
		return false;
	}
	all = xalloc(sizeof *all);
	all->sequence = sequence;
	*state = all;
	all->set = *(const struct struct_settings *)settings;
	all->plan = plan;
	all->cpus = cpus;
	all->instances = all->set.per_cpu ? cpus : all->set.instances;
	all->work = work_new(&all->set.work);
	label(all);
	place_instances(sim, all);
	all->held = xalloc(all->instances * (plan->outline->size / sizeof(uint32_t) + 1));
	init_locks(all);
	all->worker = xalloc(cpus * sizeof *all->worker);
	for (unsigned i = 0; i < cpus; i++)
		start_worker(sim, all, i);
	return true;
}

static bool sequence_input(const void *settings, char *path, size_t path_size, char *why,
			   size_t size)
{
	(void)why, (void)size;
	snprintf(path, path_size, "%s", ((const struct struct_settings *)settings)->sequence);
	return true;
}

/* A sequence is done once, from its warm-up on. */
static bool struct_operations(const void *settings, unsigned cpus, uint64_t *warmup,
			      uint64_t *operations, char *why, size_t size)
{
	struct sequence *sequence;

	if (!open_sequence(settings, cpus, 0, &sequence, why, size))
		return false;
	if (sequence) {
		*warmup = sequence->warmup;
		*operations = sequence->all - sequence->warmup;
	}
	sequence_free(sequence);
	return true;
}

static bool input(const void *settings, char *path, size_t path_size, char *why, size_t size)
{
	return struct_input(settings, path, path_size, why, size);
}

/* ---- the books ------------------------------------------------------------------------------- */

static bool overlap(const struct outline_spot *a, const struct outline_spot *b)
{
	return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static bool counts(enum access_kind kind)
{
	return kind == ACCESS_ADD || kind == ACCESS_CAS;
}

/* Is the word of this access only added to, and as a whole? */
static bool is_counter(const struct struct_plan *plan, const struct listed *counter)
{
	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct listed *access = &plan->group[i].access[j];

			if (!access_writes(access->kind) || !overlap(&access->spot, &counter->spot))
				continue;
			if (!counts(access->kind) || access->spot.offset != counter->spot.offset ||
			    access->spot.size != counter->spot.size)
				return false;
		}
	return true;
}

/* How often all CPUs added to that word. */
static uint64_t added(const struct state *all, const struct listed *counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < all->cpus; i++) {
		const struct worker *worker = &all->worker[i];

		for (unsigned j = 0; worker->group && j < worker->group->accesses; j++) {
			const struct listed *access = &worker->group->access[j];

			if (counts(access->kind) && access->spot.offset == counter->spot.offset)
				sum += worker->done[j];
		}
	}
	return sum;
}

static bool adds_up(const struct state *all, const struct listed *counter)
{
	uint64_t sum = 0, mask = UINT64_MAX >> (64 - 8 * counter->spot.size);

	for (uint64_t i = 0; i < all->instances; i++) {
		uint64_t value = 0;

		memcpy(&value, all->instance[i] + counter->spot.offset, counter->spot.size);
		sum += value;
	}
	return ((sum - added(all, counter)) & mask) == 0;
}

static bool struct_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	const struct struct_plan *plan = all->plan;
	bool good = true;

	(void)traffic;
	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses && good; j++) {
			const struct listed *access = &plan->group[i].access[j];

			good = !counts(access->kind) || !is_counter(plan, access) ||
			       adds_up(all, access);
			if (!good)
				snprintf(why, size, "'%s' does not hold what was added to it",
					 access->spot.name);
		}
	for (unsigned i = 0; i < all->cpus; i++)
		free(all->worker[i].done);
	free(all->worker);
	free(all->held);
	free(all->instance);
	free(all->field);
	work_free(all->work);
	struct_plan_free(all->plan);
	sequence_free(all->sequence);
	free(all);
	return good;
}

extern const struct workload structs;
const struct workload structs = {
	.name = "struct",
	.summary = "a struct of your own: which of its lines bounces, and what another layout does",
	.settings = struct_settings_table,
	.settings_size = sizeof(struct struct_settings),
	.operations = struct_operations,
	.input = input,
	.second_input = sequence_input,
	.input_key = "layout",
	.second_key = "sequence",
	.check_settings = struct_check_settings,
	.draws = struct_draws,
	.create = struct_create,
	.finish = struct_finish,
};
