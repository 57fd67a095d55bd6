/* Programs: see program.h. */
#include "explored/finding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

enum { MODEL_MIB = 20, PAGES_PER_START = 4, ORDERS = 3 }; /* of the models' own structs */

/* ---- one operation -------------------------------------------------------------------------- */

static void *take(struct cpu *cpu, struct stage *stage, unsigned number, unsigned gfp)
{
	const struct objects *o = &stage->objects;
	struct page *page;
	void *object;

	op_begin(cpu, OP_ALLOC);
	if (o->model) {
		object = o->model->alloc(cpu, o->state, stage->cache, gfp);
	} else {
		stage->order[number] = (unsigned char)(number % ORDERS);
		page = stage->pages.model->alloc(cpu, stage->pages.state, stage->order[number],
						 gfp);
		object = page ? page_address(stage->memory, page) : NULL;
	}
	op_end(cpu, 0, 0);
	if (!object)
		sim_out_of_memory(cpu->sim);
	return object;
}

static void give(struct cpu *cpu, struct stage *stage, unsigned number, void *object)
{
	const struct objects *o = &stage->objects;

	op_begin(cpu, OP_FREE);
	if (o->model)
		o->model->free(cpu, o->state, stage->cache, object);
	else
		stage->pages.model->free(cpu, stage->pages.state,
					 virt_to_page(stage->memory, object), stage->order[number]);
	op_end(cpu, 0, 0);
}

/* Does the new object number `number` lie where number `other` does? */
static bool overlap(const struct stage *stage, unsigned other, unsigned number, const void *object)
{
	uint64_t at = address_to_pfn(stage->memory, object);
	uint64_t there = address_to_pfn(stage->memory, stage->address[other]);

	if (stage->objects.model)
		return object == stage->address[other];
	return at < there + (1u << stage->order[other]) &&
	       there < at + (1u << stage->order[number]);
}

static void must_be_new(struct cpu *cpu, struct stage *stage, unsigned number, const void *object)
{
	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		if (stage->alive[i] && overlap(stage, i, number, object))
			machine_found(
				cpu->sim, cpu, FOUND_TWICE, NULL,
				"object %u is handed out to CPU %u while object %u lies there",
				number, cpu->head.id, i);
}

/* Not while stores wait: memory is not yet what the CPUs think. */
static bool buffers_empty(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->head.cpus; i++)
		if (sim->cpu[i].buffered)
			return false;
	return true;
}

static void born(struct cpu *cpu, struct stage *stage, unsigned number, void *object)
{
	const struct objects *o = &stage->objects;

	must_be_new(cpu, stage, number, object);
	if (o->model && buffers_empty(cpu->sim) && !o->model->owns(o->state, stage->cache, object))
		machine_found(cpu->sim, cpu, FOUND_OUTSIDE, NULL,
			      "object %u is handed out to CPU %u and lies in no live slab", number,
			      cpu->head.id);
	stage->address[number] = object;
	stage->alive[number] = true;
}

static void note_state(void *to, const char *what, const char *state, const char *where)
{
	struct states *states = to;
	const struct state_words words = { what, state, where };

	for (unsigned i = 0; i < states->count; i++)
		if (!memcmp(&states->seen[i], &words, sizeof words))
			return;
	if (states->count < STATES_MAX)
		states->seen[states->count++] = words;
}

/* Pages first: who looks at slabs follows pointers in page structs, which must be right for that. */
static bool books_of(const struct stage *stage, const struct report *report)
{
	const struct object_allocator *o = stage->objects.model;
	const struct page_allocator *p = stage->pages.model;

	if (p->check && !p->check(stage->pages.state, report))
		return false;
	return !o || !o->check || o->check(stage->objects.state, report);
}

/* Nobody is inside, so memory is all there is: what was good once is not looked at again. */
static bool books_balance(struct stage *stage, char *why, size_t size)
{
	const struct report report = { why, size, note_state, &stage->states };

	if (keys_have(&stage->good, stage->sim->memory_hash))
		return true;
	if (!books_of(stage, &report))
		return false;
	keys_add(&stage->good, stage->sim->memory_hash);
	return true;
}

/* The invariants of a model hold when no CPU is inside an operation. */
static void check_if_quiet(struct cpu *cpu, struct stage *stage)
{
	struct sim *sim = cpu->sim;

	if (!buffers_empty(sim))
		return;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		if (sim->cpu[i].operations || sim->cpu[i].in_handler || sim->cpu[i].locks)
			return;
	if (!books_balance(stage, stage->why, sizeof stage->why))
		machine_found(sim, cpu, FOUND_INVARIANT, NULL, "%s", stage->why);
}

static void free_number(struct cpu *cpu, struct stage *stage, unsigned number)
{
	void *object = stage->address[number];

	stage->alive[number] = false;
	give(cpu, stage, number, object);
	check_if_quiet(cpu, stage);
}

static void alloc_number(struct cpu *cpu, struct stage *stage, unsigned number, unsigned gfp)
{
	void *object = take(cpu, stage, number, gfp);

	born(cpu, stage, number, object);
	check_if_quiet(cpu, stage);
}

/* ---- threads -------------------------------------------------------------------------------- */

static void thread(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;
	const struct program *program = stage->program;
	unsigned id = cpu->head.id;

	for (unsigned i = 0; i < program->count[id]; i++) {
		const struct program_op *op = &program->op[id][i];
		unsigned by = program->allocates[op->number];

		if (!op->frees) {
			alloc_number(cpu, stage, op->number, GFP_KERNEL);
			store(cpu, &stage->slot[op->number], stage->address[op->number]);
			continue;
		}
		if (by != NOBODY && by != id)
			spin_while(cpu, &stage->slot[op->number], value == NULL, STEP_PAUSE);
		free_number(cpu, stage, op->number);
	}
}

/*
 * What a network card does: takes two objects and gives the first back, so that the CPU's freelist
 * has the same first object as before and another one behind it. And what the end of a second does.
 */
static void handler(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;
	unsigned id = cpu->head.id, at = stage->keeps[id];
	unsigned first = OBJECTS_MAX - 1 - 2 * (HANDLER_KEEPS * id + at);

	alloc_number(cpu, stage, first, GFP_ATOMIC);
	alloc_number(cpu, stage, first - 1, GFP_ATOMIC);
	free_number(cpu, stage, first);
	stage->keeps[id]++;
	if (stage->objects.model && stage->objects.model->tick)
		stage->objects.model->tick(cpu, stage->objects.state);
}

static void give_all_back(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;

	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		if (stage->alive[i]) {
			stage->alive[i] = false;
			give(cpu, stage, i, stage->address[i]);
		}
}

/* ---- start states --------------------------------------------------------------------------- */

static void hold(struct cpu *cpu, struct stage *stage, unsigned count)
{
	for (; count && stage->helds < START_HELD_MAX; count--)
		alloc_number(cpu, stage, stage->helds++, GFP_KERNEL);
}

/* CPU 0's share of a start state. `n`: objects of a slab. */
static void start_first(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;
	static const unsigned char slabs[START_STATES] = {
		[START_FROZEN_REMOTE] = 1,
		[START_TWO_PARTIAL] = 3,
		[START_AT_LIMIT] = 4,
		[START_LAST_OUT] = 2,
	};
	unsigned n = stage->per_slab;

	if (stage->start == START_ONE_LEFT)
		hold(cpu, stage, n - 1 ? n - 1 : 1);
	else
		hold(cpu, stage, slabs[stage->start] * n);
	if (stage->start == START_AT_LIMIT)
		for (unsigned i = n; i < stage->helds; i++)
			free_number(cpu, stage, i);
}

/* The frees of another CPU. */
static void start_second(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;
	unsigned n = stage->per_slab, frees = n > 1 ? n - 1 : 1;

	if (stage->start == START_FROZEN_REMOTE)
		for (unsigned i = 0; i < (n > 2 ? 2 : 1); i++)
			free_number(cpu, stage, i);
	if (stage->start == START_TWO_PARTIAL)
		for (unsigned i = 0; i < 2 * n; i += n)
			free_number(cpu, stage, i);
	if (stage->start == START_LAST_OUT)
		for (unsigned i = 0; i < frees; i++)
			free_number(cpu, stage, i);
}

/* Objects that are held get the first numbers. */
static void renumber(struct stage *stage)
{
	unsigned held = 0;

	for (unsigned i = 0; i < stage->helds; i++)
		if (stage->alive[i]) {
			stage->held_order[held] = stage->order[i];
			stage->held[held++] = stage->address[i];
		}
	stage->helds = held;
}

/* ---- the stage ------------------------------------------------------------------------------ */

/* The allocator that the options name, in the variant that its settings ask for; NULL: none. */
static const struct object_allocator *find_objects(const struct explore_options *o)
{
	const struct object_allocator *model = o->objects ? object_allocator_find(o->objects) : NULL;

	return model ? object_allocator_variant(model, o->objects_settings) : NULL;
}

static void set_up(void *argument)
{
	struct stage *stage = argument;
	const struct explore_options *o = stage->options;
	struct sim *sim = stage->sim;
	const struct object_allocator *objects = find_objects(o);
	static const struct layout slot_layout = { "slot", sizeof(void *), CLASS_WORKLOAD, NULL };

	stage->pages.model = page_allocator_find(o->pages);
	stage->memory = memory_new(
		sim, page_view_of(objects, stage->pages.model, o->pages_settings), 0, o->memory_mib);
	stage->pages.memory = stage->memory;
	stage->pages.state = stage->pages.model->create(sim, stage->memory, o->pages_settings);
	stage->per_slab = PAGES_PER_START;
	if (objects) {
		stage->objects.model = objects;
		stage->objects.pages = &stage->pages;
		stage->objects.state = objects->create(sim, &stage->pages, o->objects_settings);
		stage->cache = objects->cache_create(stage->objects.state, "explored",
						     (unsigned)o->object_size, 0);
		stage->per_slab = objects->objects_per_slab(stage->cache);
		stage->in_use = objects->in_use(stage->objects.state);
	}
	if (stage->pages.model->free_pages)
		stage->free_pages = stage->pages.model->free_pages(stage->pages.state);
	stage->slot = arena_new(sim, void *, OBJECTS_MAX, 0, LINE, &slot_layout, "slot");
}

/* A workload that cannot be explored, or not with these settings, says so in stage->why. */
static void set_up_workload(void *argument)
{
	struct stage *stage = argument;
	const struct explore_options *o = stage->options;
	const struct workload *workload = workload_find(o->workload);

	stage->traffic = (struct traffic){ .sim = stage->sim, .operations = o->operations };
	stage->sim->wanted = o->operations;
	if (!workload || !workload->restart)
		snprintf(stage->why, sizeof stage->why, "'%s' cannot be explored", o->workload);
	else if (workload->create(&stage->traffic, o->workload_settings, &stage->state, stage->why,
				  sizeof stage->why))
		stage->workload = workload;
}

/* Only in the state as it is created. */
static struct stage *workload_stage(struct stage *stage, char *why, size_t size)
{
	bool good = machine_protect(stage->sim, set_up_workload, stage) && stage->workload;

	if (!good) {
		snprintf(why, size, "%s", stage->why[0] ? stage->why : stage->sim->message);
		stage_free(stage);
		return NULL;
	}
	machine_mark(stage->sim);
	return stage;
}

struct stage *stage_new(const struct explore_options *options, unsigned start, bool labels,
			char *why, size_t size)
{
	struct stage *stage = xalloc(sizeof *stage);
	bool good;

	stage->options = options;
	stage->start = start;
	stage->sim = machine_new(options, (MODEL_MIB + options->memory_mib) << 20);
	stage->sim->labels = labels;
	if (options->workload)
		return workload_stage(stage, why, size);
	good = machine_protect(stage->sim, set_up, stage);
	if (!good)
		snprintf(why, size, "%s", stage->sim->message);
	if (good && stage->per_slab * 4 > START_HELD_MAX) {
		snprintf(why, size,
			 "a slab has %u objects; explore with larger ones, so that it has "
			 "%d or fewer",
			 stage->per_slab, START_HELD_MAX / 4);
		good = false;
	}
	if (!good) {
		stage_free(stage);
		return NULL;
	}
	if (machine_alone(stage->sim, 0, start_first, stage) && options->cpus > 1)
		machine_alone(stage->sim, 1, start_second, stage);
	if (stage->sim->found)
		return stage;
	renumber(stage);
	machine_mark(stage->sim);
	stage->sim->guards = true;
	return stage;
}

void stage_free(struct stage *stage)
{
	if (!stage)
		return;
	if (stage->workload)
		stage->workload->finish(&stage->traffic, stage->state, stage->why,
					sizeof stage->why);
	machine_free(stage->sim);
	keys_clear(&stage->good);
	free(stage);
}

/* Objects, or pages, that nobody has and that are not free. */
static int64_t missing(const struct stage *stage)
{
	const struct object_allocator *o = stage->objects.model;
	const struct pages *p = &stage->pages;

	if (o)
		return (int64_t)(o->in_use(stage->objects.state) - stage->in_use);
	if (p->model->free_pages)
		return (int64_t)(stage->free_pages - p->model->free_pages(p->state));
	return 0;
}

static void note_lost(void *argument)
{
	struct stage *stage = argument;
	struct sim *sim = stage->sim;
	uint64_t key = ~sim->memory_hash; /* apart from states whose books balance */
	int64_t lost;

	if (keys_have(&stage->good, key))
		return;
	lost = missing(stage);
	if (lost == 0) {
		keys_add(&stage->good, key);
		return;
	}
	sim->found = FOUND_LOST;
	snprintf(sim->message, sizeof sim->message, "all is given back, and %lld %s missing",
		 (long long)lost, stage->objects.model ? "objects are" : "pages are");
}

static void reset(struct stage *stage)
{
	machine_rewind(stage->sim);
	memset(stage->alive, 0, sizeof stage->alive);
	memset(stage->keeps, 0, sizeof stage->keeps);
	for (unsigned i = 0; i < stage->helds; i++) {
		stage->address[i] = stage->held[i];
		stage->order[i] = stage->held_order[i];
		stage->alive[i] = true;
	}
}

static bool run_workload(struct stage *stage)
{
	struct sim *sim = stage->sim;

	machine_rewind(sim);
	stage->workload->restart(&stage->traffic, stage->state);
	if (!machine_run(sim) || sim->stopped)
		return !sim->found;
	if (!stage->workload->adds_up(stage->state, stage->why, sizeof stage->why)) {
		sim->found = FOUND_INVARIANT;
		snprintf(sim->message, sizeof sim->message, "%s", stage->why);
	}
	return !sim->found;
}

static void note_unbalanced(void *argument)
{
	struct stage *stage = argument;
	struct sim *sim = stage->sim;

	if (books_balance(stage, stage->why, sizeof stage->why))
		return;
	sim->found = FOUND_INVARIANT;
	snprintf(sim->message, sizeof sim->message, "%s", stage->why);
}

bool stage_run(struct stage *stage, const struct program *program)
{
	struct sim *sim = stage->sim;
	unsigned steps;

	if (stage->workload)
		return run_workload(stage);

	reset(stage);
	stage->program = program;
	for (unsigned i = 0; i < program->cpus; i++) {
		thread_start(sim, i, thread, stage);
		machine_interrupt(sim, i, handler, stage, (unsigned)stage->options->interrupts);
	}
	if (!machine_run(sim) || sim->stopped)
		return !sim->found;
	steps = sim->steps;
	machine_protect(sim, note_unbalanced, stage);
	if (!sim->found && machine_alone(sim, 0, give_all_back, stage))
		machine_protect(sim, note_lost, stage);
	sim->steps = steps;
	return !sim->found;
}

/* ---- programs ------------------------------------------------------------------------------- */

struct builder {
	const struct stage *stage;
	struct program *program;
	unsigned next_held;
	bool freed[OBJECTS_MAX];
	unsigned made[OBJECTS_MAX], mades; /* numbers that exist so far, not freed */
};

static struct builder builder_new(const struct stage *stage, struct program *program)
{
	struct builder b = { .stage = stage, .program = program };

	memset(program, 0, sizeof *program);
	program->cpus = (unsigned)stage->options->cpus;
	memset(program->allocates, NOBODY, sizeof program->allocates);
	for (unsigned i = 0; i < stage->helds; i++)
		b.made[b.mades++] = i;
	return b;
}

/* Temporary numbers: by CPU and place; the final ones are in reading order. */
static void add_alloc(struct builder *b, unsigned cpu)
{
	struct program *p = b->program;
	unsigned number = b->stage->helds + cpu * OPERATIONS_MAX + p->count[cpu];

	p->op[cpu][p->count[cpu]++] = (struct program_op){ false, number };
	p->allocates[number] = (unsigned char)cpu;
	b->made[b->mades++] = number;
}

static void add_free(struct builder *b, unsigned cpu, unsigned which)
{
	struct program *p = b->program;

	p->op[cpu][p->count[cpu]++] = (struct program_op){ true, b->made[which] };
	memmove(b->made + which, b->made + which + 1, (--b->mades - which) * sizeof b->made[0]);
}

/* Numbers in reading order, as they are printed and parsed. */
static void finish(struct builder *b)
{
	struct program *p = b->program;
	unsigned next = b->stage->helds, become[OBJECTS_MAX];
	unsigned char by[OBJECTS_MAX];

	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		become[i] = i;
	memset(by, NOBODY, sizeof by);
	for (unsigned c = 0; c < p->cpus; c++)
		for (unsigned i = 0; i < p->count[c]; i++)
			if (!p->op[c][i].frees) {
				by[next] = (unsigned char)c;
				become[p->op[c][i].number] = next++;
			}
	for (unsigned c = 0; c < p->cpus; c++)
		for (unsigned i = 0; i < p->count[c]; i++)
			p->op[c][i].number = become[p->op[c][i].number];
	memcpy(p->allocates, by, sizeof by);
}

uint64_t program_numbers(const struct explore_options *options)
{
	return options->workload ? 1 : 1ull << options->operations * options->cpus;
}

void program_of_number(const struct stage *stage, uint64_t k, struct program *program)
{
	const struct explore_options *o = stage->options;
	struct builder b = builder_new(stage, program);

	for (unsigned i = 0; i < o->operations && !o->workload; i++)
		for (unsigned c = 0; c < o->cpus; c++) {
			bool frees = k >> (c * o->operations + i) & 1;
			unsigned which = 0;

			/* a held one, else one of its own: nobody waits */
			if (b.mades && b.made[0] >= stage->helds)
				while (which < b.mades && program->allocates[b.made[which]] != c)
					which++;
			if (frees && which < b.mades)
				add_free(&b, c, which);
			else
				add_alloc(&b, c);
		}
	finish(&b);
}

void program_draw(const struct stage *stage, uint64_t seed, struct program *program)
{
	const struct explore_options *o = stage->options;
	struct builder b = builder_new(stage, program);
	uint64_t bits = seed;

	for (unsigned i = 0; i < o->operations && !o->workload; i++)
		for (unsigned c = 0; c < o->cpus; c++) {
			bits = random_mix(bits + RANDOM_STEP);
			if (b.mades && bits & 1)
				add_free(&b, c, (unsigned)random_share(random_mix(bits), b.mades));
			else
				add_alloc(&b, c);
		}
	finish(&b);
}

void program_print(const struct program *program, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned c = 0; c < program->cpus; c++)
		for (unsigned i = 0; i < program->count[c] || i == 0; i++) {
			const struct program_op *op = &program->op[c][i];
			const char *before = i ? " " : c ? " | " : "";

			if (at + 16 > size)
				return;
			if (i >= program->count[c])
				at += (size_t)snprintf(text + at, size - at, "%s", before);
			else if (op->frees)
				at += (size_t)snprintf(text + at, size - at, "%sf%u", before,
						       op->number);
			else
				at += (size_t)snprintf(text + at, size - at, "%sa", before);
		}
}

/* Does every free have an object, of its own? */
static bool fits(const struct stage *stage, const struct program *p, char *why, size_t size)
{
	bool freed[OBJECTS_MAX] = { false };

	for (unsigned c = 0; c < p->cpus; c++)
		for (unsigned i = 0; i < p->count[c]; i++) {
			unsigned n = p->op[c][i].number;

			if (!p->op[c][i].frees)
				continue;
			if (n >= stage->helds && p->allocates[n] == NOBODY) {
				snprintf(why, size,
					 "'program': there is no object %u; the start state "
					 "'%s' has %u, then come those that are allocated",
					 n, explore_start_words[stage->start], stage->helds);
				return false;
			}
			if (freed[n]) {
				snprintf(why, size, "'program': object %u is freed twice", n);
				return false;
			}
			freed[n] = true;
		}
	return true;
}

bool program_parse(const struct stage *stage, const char *text, struct program *program, char *why,
		   size_t size)
{
	unsigned cpu = 0, number = stage->helds;

	memset(program, 0, sizeof *program);
	program->cpus = (unsigned)stage->options->cpus;
	memset(program->allocates, NOBODY, sizeof program->allocates);
	for (const char *at = text; *at;) {
		struct program_op op = { *at == 'f', number };
		char *end = NULL;

		if (isspace((unsigned char)*at)) {
			at++;
			continue;
		}
		if (*at == '|' && cpu + 1 < program->cpus) {
			cpu++;
			at++;
			continue;
		}
		if (op.frees)
			op.number = (unsigned)strtoul(at + 1, &end, 10);
		if ((*at != 'a' && !op.frees) ||
		    (op.frees && (end == at + 1 || op.number >= OBJECTS_MAX)) ||
		    program->count[cpu] == OPERATIONS_MAX) {
			snprintf(
				why, size,
				"'program': '%.20s' is not understood: a allocates, f0 frees "
				"object 0, | begins the next of %u CPUs; %d operations each at most",
				at, program->cpus, OPERATIONS_MAX);
			return false;
		}
		if (!op.frees)
			program->allocates[number++] = (unsigned char)cpu;
		program->op[cpu][program->count[cpu]++] = op;
		at = op.frees ? end : at + 1;
	}
	return fits(stage, program, why, size);
}
