/*
 * replay: a recorded trace of kmem events (bounce import), on the allocator under test.
 *
 *	recorded    CPU 0   a1 a2    f1       a4        CPU 1      f2 a3    f3 f4
 *	replayed    each CPU does its own events in their order; f2 and f4 wait for a2 and a4
 *
 * Work (`work_cycles`, varying by `work`) comes before each event, so that a replay without pauses
 * is not bound to one interleaving; recorded pauses are kept as they are.
 *
 * One level is replayed: objects (by their caches; kmalloc by its size) or pages. Recorded CPU i
 * is simulated CPU i. There are no pauses between events unless `gap_mhz` says how many cycles
 * a recorded microsecond stands for; a gap includes what the recorded operation itself took.
 *
 * Handing over: an object that another CPU frees goes through a word of its own, eight to a line,
 * in the order of allocation, apart for each pair of CPUs. It is written once and read once (and
 * polled, if the free comes early), so eight objects cost about one line on each side. Real
 * queues cost more; this one is there to keep order, and its lines count as the workload's.
 *
 * Staying together: without pauses a CPU that only allocates would run away from the one that
 * frees, and thousands of objects would live where the recording had ten. So a CPU begins an
 * event only when all others are done with every event that was recorded `ahead` or more before
 * it (0: never mind). Each CPU says how far it is in a line of its own, every `ahead` / 4 events
 * and before it waits.
 *
 * Before the window: what existed when the recording began is made, on the CPU that made it or,
 * where nobody knows, the one that frees it; then `warmup_events` events. After the window: what
 * the recording never frees is freed by the CPU that allocated it.
 *
 * Left out: who else ran on these CPUs, interrupts, and the work on the objects beyond the bytes
 * that `write_bytes` and `read_bytes` touch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/verbs/xalloc.h"
#include "workloads/shipped.h"
#include "workloads/trace.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

static const char *const levels[] = { "slab", "pages", NULL };

struct replay {
	char trace[SETTING_NAME_BYTES];
	int level;                      /* enum trace_level */
	uint64_t ahead, gap_mhz, work_cycles, write_bytes, read_bytes, warmup_events;
	struct distribution work;
};

/* clang-format off */
static const struct setting replay_settings[] = {
	SETTING(struct replay, trace,         NAME,
		.help = "a trace made by 'bounce import': a path, or the name of one that comes with bounce"),
	SETTING(struct replay, level,         WORD,  .words = levels, .fallback = "slab",
		.help = "replay the objects of the trace, or its pages"),
	SETTING(struct replay, ahead,         COUNT, .min = 0, .max = 1e9, .fallback = "32",
		.help = "events that a CPU may be ahead of the others, as recorded; 0: any number"),
	SETTING(struct replay, gap_mhz,       COUNT, .min = 0, .max = 100000, .fallback = "0",
		.unit = "MHz", .help = "clock that turns recorded times into pauses; 0: no pauses"),
	SETTING(struct replay, work_cycles,   COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work before each event, in the mean, besides pauses"),
	SETTING_WORK(struct replay, "exponential"),
	SETTING(struct replay, write_bytes,   BYTES, .min = 0, .max = 1 << 22, .fallback = "64",
		.unit = "bytes", .help = "written to a new object, up to its size, one access per line"),
	SETTING(struct replay, read_bytes,    BYTES, .min = 0, .max = 1 << 22, .fallback = "64",
		.unit = "bytes", .help = "read from an object before it is freed, up to its size"),
	SETTING(struct replay, warmup_events, COUNT, .min = 0, .max = 1e12, .fallback = "0",
		.help = "events of the trace that come before the window"),
	{ 0 },
};
/* clang-format on */

struct handoff {
	void *object;                   /* NULL: not allocated yet */
};

static const struct field handoff_fields[] = {
	FIELD(struct handoff, object),
	{ 0 },
};
static const struct layout handoff_layout = {
	"handoff", sizeof(struct handoff), CLASS_WORKLOAD, handoff_fields,
};

struct progress {
	_Alignas(LINE) uint64_t next;   /* number of the event this CPU does next; its owner writes */
};

static const struct field progress_fields[] = {
	FIELD(struct progress, next),
	{ 0 },
};
static const struct layout progress_layout = {
	"progress", sizeof(struct progress), CLASS_WORKLOAD, progress_fields,
};

struct object {
	void *at;                       /* or its struct page; written and read by its CPU alone */
	struct handoff *handoff;        /* in the arena; NULL: freed where it is allocated, or never */
};

struct task {
	uint64_t number;                /* in the order of all CPUs */
	uint64_t gap_cycles;
	uint32_t object;
	bool free;
};

struct worker {                         /* host memory of one CPU */
	struct state *all;
	struct task *task;
	size_t tasks;
	uint64_t *seen;                 /* by CPU: how far it was when last looked at */
	uint64_t clear;                 /* events below this may begin without looking */
	uint64_t told;                  /* what our own progress says */
	size_t done;
	struct draws draws;
};

struct state {
	struct traffic *traffic;
	struct replay set;
	struct trace *trace;
	struct source *source;          /* by cache of the trace */
	struct object *object;          /* by object of the trace */
	struct worker *worker;          /* by CPU */
	struct progress *progress;      /* by CPU, in the arena */
	struct barrier *barrier;
	struct work *work;
	uint64_t events;                /* of the level */
};

/* ---- one object -------------------------------------------------------------------------- */

static const struct trace_cache *cache_of(const struct state *all, uint32_t object)
{
	return &all->trace->cache[all->trace->object[object].cache];
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void make(struct cpu *cpu, struct state *all, uint32_t number)
{
	const struct trace_cache *cache = cache_of(all, number);
	struct object *object = &all->object[number];

	if (cache->kind == TRACE_PAGE_BLOCK) {
		struct page *page = traffic_pages_alloc(cpu, all->traffic, cache->size, GFP_KERNEL);
		size_t bytes = (size_t)PAGE_BYTES << cache->size;

		object->at = page;
		touch_write(cpu, page_address(all->traffic->pages->memory, page),
			    least(bytes, all->set.write_bytes));
	} else {
		object->at = source_alloc(cpu, all->traffic,
					  &all->source[all->trace->object[number].cache]);
		touch_write(cpu, object->at, least(cache->size, all->set.write_bytes));
	}
	if (object->handoff)
		store(cpu, &object->handoff->object, object->at);
}

static void drop(struct cpu *cpu, struct state *all, uint32_t number, void *at)
{
	const struct trace_cache *cache = cache_of(all, number);

	if (cache->kind == TRACE_PAGE_BLOCK) {
		size_t bytes = (size_t)PAGE_BYTES << cache->size;

		touch_read(cpu, page_address(all->traffic->pages->memory, at),
			   least(bytes, all->set.read_bytes));
		traffic_pages_free(cpu, all->traffic, at, cache->size);
	} else {
		touch_read(cpu, at, least(cache->size, all->set.read_bytes));
		source_free(cpu, all->traffic, &all->source[all->trace->object[number].cache], at);
	}
}

/* ---- order between CPUs -------------------------------------------------------------------- */

static void tell_progress(struct cpu *cpu, struct worker *me, uint64_t next)
{
	if (me->all->set.ahead && me->told != next) {
		store(cpu, &me->all->progress[cpu_id(cpu)].next, next);
		me->told = next;
	}
}

/* Until all others are done with what was recorded `ahead` events before event `number`. */
static void stay_together(struct cpu *cpu, struct worker *me, uint64_t number)
{
	struct state *all = me->all;
	uint64_t ahead = all->set.ahead;

	if (ahead == 0)
		return;
	if (number - me->told >= (ahead + 3) / 4)
		tell_progress(cpu, me, number);
	if (number < me->clear)
		return;
	tell_progress(cpu, me, number);
	me->clear = UINT64_MAX;
	for (unsigned i = 0; i < all->trace->cpus; i++) {
		if (i == cpu_id(cpu))
			continue;
		if (me->seen[i] + ahead <= number)
			me->seen[i] = await_count(cpu, &all->progress[i].next, number - ahead + 1);
		if (me->seen[i] + ahead < me->clear)
			me->clear = me->seen[i] + ahead;
	}
}

/* The object of a free: known to its CPU, else in its word, for which we may have to wait. */
static void *find_object(struct cpu *cpu, struct worker *me, const struct task *task)
{
	struct object *object = &me->all->object[task->object];

	if (!object->handoff)
		return object->at;
	void *at = load(cpu, &object->handoff->object);

	if (!at) {
		tell_progress(cpu, me, task->number);
		at = await_full(cpu, &object->handoff->object);
	}
	return at;
}

/* ---- threads -------------------------------------------------------------------------------- */

static bool in_level(const struct state *all, uint32_t object)
{
	return (int)trace_level_of(all->trace, object) == all->set.level;
}

static void make_existing(struct cpu *cpu, struct state *all)
{
	for (uint32_t i = 0; i < all->trace->existed; i++)
		if (in_level(all, i) && all->trace->object[i].cpu == cpu_id(cpu))
			make(cpu, all, i);
}

static void drop_left(struct cpu *cpu, struct state *all)
{
	for (uint32_t i = 0; i < all->trace->objects; i++) {
		const struct trace_object *object = &all->trace->object[i];

		if (in_level(all, i) && !object->freed && object->cpu == cpu_id(cpu))
			drop(cpu, all, i, all->object[i].at);
	}
}

/* Own events up to event `end`. */
static void do_events(struct cpu *cpu, struct worker *me, uint64_t end)
{
	struct state *all = me->all;

	for (; me->done < me->tasks && me->task[me->done].number < end; me->done++) {
		const struct task *task = &me->task[me->done];

		stay_together(cpu, me, task->number);
		if (task->gap_cycles)
			compute_cycles(cpu, task->gap_cycles);
		work_do(cpu, all->work, &me->draws, all->set.work_cycles);
		if (task->free) {
			void *at = find_object(cpu, me, task);

			drop(cpu, all, task->object, at);
		} else {
			make(cpu, all, task->object);
		}
	}
	tell_progress(cpu, me, me->done < me->tasks ? me->task[me->done].number : all->events);
}

/* The barrier at the edge of the window keeps the operations on both sides apart. */
static void replay_thread(struct cpu *cpu, void *argument)
{
	struct worker *me = argument;
	struct state *all = me->all;

	make_existing(cpu, all);
	do_events(cpu, me, all->set.warmup_events);
	barrier_wait(cpu, all->barrier, all->trace->cpus, 1);
	do_events(cpu, me, all->events);
	barrier_wait(cpu, all->barrier, all->trace->cpus, 2);
	drop_left(cpu, all);
}

/* ---- set-up --------------------------------------------------------------------------------- */

static bool shipped_trace(const char *name, char *path, size_t size)
{
	char file[SETTING_NAME_BYTES + sizeof ".trace"];

	snprintf(file, sizeof file, "%s.trace", name);
	return shipped_file("workloads/traces", file, path, size);
}

static bool replay_input(const void *settings, char *path, size_t path_size, char *why, size_t size)
{
	const char *name = ((const struct replay *)settings)->trace;

	if (!strchr(name, '/') && shipped_trace(name, path, path_size))
		return true;
	snprintf(path, path_size, "%s", name);
	if (access(path, R_OK) == 0)
		return true;
	snprintf(why, size, "trace '%s' cannot be read, and none of that name comes with bounce%s",
		 name, *name == '/' ? "" : "; a relative path begins in the current folder");
	return false;
}

static struct trace *open_trace(const struct replay *set, unsigned cpus, char *why, size_t size)
{
	char path[4096];

	if (!replay_input(set, path, sizeof path, why, size))
		return NULL;
	struct trace *trace = trace_read(path, why, size);

	if (trace && trace->cpus > cpus) {
		snprintf(why, size, "%s: recorded on %u CPUs, which do not fit on %u", path,
			 trace->cpus, cpus);
		trace_free(trace);
		return NULL;
	}
	return trace;
}

/* Events of the level, and how many of its objects existed before. */
static uint64_t count_level(const struct trace *trace, int level, uint64_t *existed)
{
	uint64_t events = 0;

	*existed = 0;
	for (uint32_t i = 0; i < trace->existed; i++)
		*existed += (int)trace_level_of(trace, i) == level;
	for (size_t i = 0; i < trace->events; i++)
		events += (int)trace_level_of(trace, trace->event[i].object) == level;
	return events;
}

static bool replay_operations(const void *settings, unsigned cpus, uint64_t *warmup,
			      uint64_t *operations, char *why, size_t size)
{
	const struct replay *set = settings;
	struct trace *trace = open_trace(set, cpus, why, size);
	uint64_t existed;

	if (!trace)
		return false;
	uint64_t events = count_level(trace, set->level, &existed);

	trace_free(trace);
	if (events <= set->warmup_events) {
		snprintf(why, size,
			 "the trace has %" PRIu64
			 " events of level '%s'; 'warmup_events' leaves none of them",
			 events, levels[set->level]);
		return false;
	}
	*warmup = existed + set->warmup_events;
	*operations = events - set->warmup_events;
	return true;
}

static bool new_sources(struct state *all, char *why, size_t size)
{
	const struct objects *objects = all->traffic->objects;
	const struct trace *trace = all->trace;

	all->source = xalloc((trace->caches + 1) * sizeof *all->source);
	for (uint32_t i = 0; i < trace->caches && all->set.level == TRACE_SLAB; i++) {
		const struct trace_cache *cache = &trace->cache[i];

		all->source[i].size = cache->size;
		if (cache->kind != TRACE_KMEM_CACHE)
			continue;
		all->source[i].cache =
			objects->model->cache_create(objects->state, cache->name, cache->size, 0);
		if (!all->source[i].cache) {
			snprintf(why, size, "%s has no room for cache '%s' of %u bytes",
				 objects->model->name, cache->name, (unsigned)cache->size);
			return false;
		}
	}
	return true;
}

static bool changes_hands(const struct state *all, uint32_t object)
{
	const struct trace_object *o = &all->trace->object[object];

	return in_level(all, object) && o->freed && o->cpu != o->free_cpu;
}

/* A word per object that changes hands: those of a pair of CPUs together, in order of allocation. */
static void new_handoffs(struct state *all)
{
	const unsigned per_line = LINE / sizeof(struct handoff);
	const struct trace *trace = all->trace;
	size_t pairs = (size_t)trace->cpus * trace->cpus, words = 0;
	size_t *next = xalloc(pairs * sizeof *next);

	for (uint32_t i = 0; i < trace->objects; i++)
		if (changes_hands(all, i))
			next[(size_t)trace->object[i].cpu * trace->cpus +
			     trace->object[i].free_cpu]++;
	for (size_t i = 0; i < pairs; i++) {            /* from counts to where each pair starts */
		size_t count = next[i];

		next[i] = words;
		words += (count + per_line - 1) / per_line * per_line;
	}
	struct handoff *handoff = NULL;

	if (words)
		handoff = arena_new(all->traffic->sim, struct handoff, words, 0, LINE,
				    &handoff_layout, "handoff");
	for (uint32_t i = 0; i < trace->objects; i++)
		if (changes_hands(all, i))
			all->object[i].handoff =
				&handoff[next[(size_t)trace->object[i].cpu * trace->cpus +
					      trace->object[i].free_cpu]++];
	free(next);
}

static void new_tasks(struct state *all)
{
	const struct trace *trace = all->trace;
	uint64_t *before = xalloc(trace->cpus * sizeof *before);

	all->worker = xalloc(trace->cpus * sizeof *all->worker);
	for (unsigned i = 0; i < trace->cpus; i++) {
		all->worker[i].all = all;
		all->worker[i].draws = draws_new(all->traffic->sim, i, 0);
		all->worker[i].seen = xalloc(trace->cpus * sizeof(uint64_t));
	}
	for (size_t i = 0; i < trace->events; i++)
		all->worker[trace->event[i].cpu].tasks += in_level(all, trace->event[i].object);
	for (unsigned i = 0; i < trace->cpus; i++) {
		all->worker[i].task = xalloc((all->worker[i].tasks + 1) * sizeof(struct task));
		all->worker[i].tasks = 0;
	}
	for (size_t i = 0; i < trace->events; i++) {
		const struct trace_event *event = &trace->event[i];
		struct worker *worker = &all->worker[event->cpu];

		if (!in_level(all, event->object))
			continue;
		worker->task[worker->tasks++] = (struct task){
			.number = all->events++,
			.gap_cycles =
				(event->time_ns - before[event->cpu]) * all->set.gap_mhz / 1000,
			.object = event->object,
			.free = event->free,
		};
		before[event->cpu] = event->time_ns;
	}
	free(before);
}

static void free_state(struct state *all)
{
	for (unsigned i = 0; i < all->trace->cpus; i++) {
		free(all->worker[i].task);
		free(all->worker[i].seen);
	}
	free(all->worker);
	free(all->object);
	free(all->source);
	work_free(all->work);
	trace_free(all->trace);
	free(all);
}

static bool replay_create(struct traffic *traffic, const void *settings, void **state, char *why,
			  size_t size)
{
	struct trace *trace = open_trace(settings, sim_cpus(traffic->sim), why, size);

	if (!trace)
		return false;
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = *(const struct replay *)settings;
	all->trace = trace;
	all->object = xalloc(((size_t)trace->objects + 1) * sizeof *all->object);
	all->work = work_new(&all->set.work);
	new_tasks(all);
	if (!new_sources(all, why, size)) {
		free_state(all);
		return false;
	}
	new_handoffs(all);
	all->progress = arena_new(traffic->sim, struct progress, trace->cpus, 0, LINE,
				  &progress_layout, "progress");
	all->barrier = barrier_new(traffic->sim);
	for (unsigned i = 0; i < trace->cpus; i++)
		thread_start(traffic->sim, i, replay_thread, &all->worker[i]);
	return true;
}

static bool replay_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	bool good = traffic_all_back(traffic, why, size);

	for (unsigned i = 0; i < all->trace->cpus; i++) {
		const struct worker *worker = &all->worker[i];

		if (worker->done != worker->tasks) {
			snprintf(why, size, "CPU %u did %zu of its %zu events", i, worker->done,
				 worker->tasks);
			good = false;
		}
	}
	free_state(all);
	return good;
}

static void replay_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	const struct trace *trace = all->trace;
	char text[512];

	snprintf(text, sizeof text, "%s, %u CPUs, level %s: %s", all->set.trace, trace->cpus,
		 levels[all->set.level], trace->origin);
	line(to, text);
	trace_tell_input(trace, line, to);
	trace_tell(trace, (enum trace_level)all->set.level, line, to);
}

static bool replay_does_without(const void *settings)
{
	return ((const struct replay *)settings)->level == TRACE_PAGES;
}

extern const struct workload replay;
const struct workload replay = {
	.name          = "replay",
	.summary       = "a recorded trace of kmem events",
	.settings      = replay_settings,
	.settings_size = sizeof(struct replay),
	.needs_objects = true,
	.create        = replay_create,
	.finish        = replay_finish,
	.operations    = replay_operations,
	.does_without  = replay_does_without,
	.input         = replay_input,
	.input_key     = "trace",
	.remarks       = replay_remarks,
};
