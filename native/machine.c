/* Threads, the window, stamps: see machine.h. */
#include "native/machine.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim/verbs/cache_share.h"
#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

enum {
	TELL_MOST = 64,                 /* operations that are told at once */
	FUSE_MEAN = 256,                /* verbs between two random pauses, watched */
	YIELD_AFTER = 16,               /* looks round, until others get the processor */
	STACK_BYTES = 1 << 20,
	GRACE_SECONDS = 2,              /* that threads have to notice the end */
};

/* Where a verb that ends the run goes: out of its thread, or out of the set-up. */
static _Thread_local jmp_buf *escape;

/* ---- ends ----------------------------------------------------------------------------------- */

static _Noreturn void leave(void)
{
	if (!escape)
		abort();
	longjmp(*escape, 1);
}

/* The first one says why. */
static void note_end(struct sim *sim, enum outcome outcome, bool refused, const char *text)
{
	pthread_mutex_lock(&sim->lock);
	if (sim->outcome == OUTCOME_DONE && !sim->refused) {
		sim->outcome = outcome;
		sim->refused = refused;
		snprintf(sim->message, sizeof sim->message, "%s", text);
		__atomic_store_n(&sim->phase, PHASE_STOPPED, __ATOMIC_RELEASE);
	}
	pthread_cond_broadcast(&sim->changed);
	pthread_mutex_unlock(&sim->lock);
}

_Noreturn void sim_bug(const struct cpu *cpu, const char *file, int line, const char *format, ...)
{
	char text[160], whole[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	snprintf(whole, sizeof whole, "BUG at %s:%d: %s (native, CPU %u, seed %llu)", file, line,
		 text, cpu->head.id, (unsigned long long)cpu->sim->head.seed);
	note_end(cpu->sim, OUTCOME_BUG, false, whole);
	leave();
}

_Noreturn void sim_out_of_memory(struct sim *sim)
{
	note_end(sim, OUTCOME_OUT_OF_MEMORY, false, "the machine is out of memory");
	leave();
}

static _Noreturn void refuse(struct sim *sim, const char *text)
{
	note_end(sim, OUTCOME_DONE, true, text);
	leave();
}

_Noreturn void native_leave(struct cpu *cpu)
{
	(void)cpu;
	leave();
}

_Noreturn void native_outside(struct cpu *cpu, const struct site *site)
{
	sim_bug(cpu, site ? site->file : "?", site ? (int)site->line : 0,
		"access to %s outside the arena or not aligned", site ? site->text : "?");
}

/* ---- what there is not ---------------------------------------------------------------------- */

void ipi_send(struct cpu *cpu, unsigned target, interrupt_handler *handler, void *argument)
{
	(void)target, (void)handler, (void)argument;
	refuse(cpu->sim, "it interrupts other CPUs, which a program cannot do on this host: the "
			 "native backend runs what needs no inter-processor interrupt");
}

void timer_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period,
	       interrupt_handler *handler, void *argument)
{
	(void)target, (void)first, (void)period, (void)handler, (void)argument;
	refuse(sim, "interrupts of a timer: the native backend has none");
}

bool takes_interrupts(const struct sim *sim, unsigned id)
{
	return sim->cpu[id].started;
}

bool in_interrupt(const struct cpu *cpu)
{
	return cpu->in_handler;
}

/* ---- from time to time ---------------------------------------------------------------------- */

static uint64_t ticks_of(const struct sim *sim, uint64_t cycles)
{
	return (uint64_t)((double)cycles * sim->ticks_per_cycle);
}

static void set_next_due(struct cpu *cpu)
{
	cpu->next_due = UINT64_MAX;
	for (unsigned i = 0; i < cpu->backgrounds; i++)
		if (cpu->background[i].due < cpu->next_due)
			cpu->next_due = cpu->background[i].due;
}

/* `due` counts from the start of the thread while that has not come. */
void background_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period,
		    interrupt_handler *handler, void *argument)
{
	struct cpu *cpu = &sim->cpu[target];

	if (cpu->backgrounds == BACKGROUNDS)
		BUG(cpu, "more than %d things to do from time to time", BACKGROUNDS);
	cpu->background[cpu->backgrounds++] = (struct background){
		handler, argument, ticks_of(sim, first), ticks_of(sim, period)
	};
}

void background_again(struct cpu *cpu, uint64_t cycles, interrupt_handler *handler, void *argument)
{
	if (cpu->backgrounds == BACKGROUNDS)
		BUG(cpu, "more than %d things to do from time to time", BACKGROUNDS);
	cpu->background[cpu->backgrounds++] = (struct background){
		handler, argument, native_ticks() + ticks_of(cpu->sim, cycles), 0
	};
	set_next_due(cpu);
}

/* Between two operations; what it does is none of them. */
static void do_due(struct cpu *cpu, uint64_t now)
{
	bool stamped = cpu->view.stamped;

	cpu->view.stamped = false;
	cpu->view.depth++;
	cpu->in_handler = true;
	for (unsigned i = 0; i < cpu->backgrounds;) {
		struct background due = cpu->background[i];

		if (due.due > now) {
			i++;
			continue;
		}
		if (due.period) {
			cpu->background[i].due = now + due.period;
			i++;
		} else {
			cpu->background[i] = cpu->background[--cpu->backgrounds];
		}
		due.handler(cpu, due.argument);
	}
	cpu->in_handler = false;
	cpu->view.depth--;
	cpu->view.stamped = stamped;
	set_next_due(cpu);
}

/* ---- the window ----------------------------------------------------------------------------- */

/* Operations until the next telling: the nearer an edge, the fewer; exact where one CPU is left. */
static uint64_t quota_of(const struct sim *sim, uint64_t told)
{
	const struct stand_plan *plan = &sim->options.plan;
	uint64_t edge = told < plan->warmup ? plan->warmup : plan->warmup + plan->operations;
	uint64_t share = edge > told ? (edge - told) / sim->threads : TELL_MOST;

	return share < 1 ? 1 : share > TELL_MOST ? TELL_MOST : share;
}

static void open_window(struct sim *sim, uint64_t told)
{
	sim->told_before = told;
	sim->opened_at = native_ticks_begin();
	__atomic_store_n(&sim->opened, 1, __ATOMIC_RELEASE);
}

static void close_window(struct sim *sim, uint64_t told)
{
	uint32_t runs = PHASE_RUNS;

	sim->closed_at = native_ticks_end();
	sim->told_after = told;
	__atomic_compare_exchange_n(&sim->phase, &runs, PHASE_OVER, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
}

static void tell(struct cpu *cpu, uint64_t count)
{
	struct sim *sim = cpu->sim;
	const struct stand_plan *plan = &sim->options.plan;
	uint64_t all = plan->warmup + plan->operations;
	uint64_t before = __atomic_fetch_add(&sim->told, count, __ATOMIC_SEQ_CST);
	uint64_t now = before + count;

	if (before < plan->warmup && now >= plan->warmup)
		open_window(sim, now);
	if (before < all && now >= all)
		close_window(sim, now);
	cpu->quota = cpu->view.left = quota_of(sim, now);
	cpu->view.more = 0;
}

void native_tell(struct cpu *cpu)
{
	tell(cpu, cpu->quota + cpu->view.more);
	if (cpu->backgrounds) {
		uint64_t now = native_ticks();

		if (now >= cpu->next_due)
			do_due(cpu, now);
	}
}

/* ---- waiting, watching ---------------------------------------------------------------------- */

static void leave_if_stopped(struct cpu *cpu)
{
	if (__atomic_load_n(&cpu->sim->phase, __ATOMIC_RELAXED) == PHASE_STOPPED)
		leave();
}

void native_look_round(struct cpu *cpu)
{
	cpu->view.turns = 0;
	leave_if_stopped(cpu);
	if (++cpu->yields % YIELD_AFTER == 0)
		sched_yield();
}

/* A pause of any length up to some hundred accesses: races get wide. */
void native_watch(struct cpu *cpu)
{
	cpu->verbs += cpu->fuse + 1;
	cpu->view.fuse = (uint32_t)(cpu->fuse = random_below(cpu, 2 * FUSE_MEAN));
	leave_if_stopped(cpu);
	if (random_below(cpu, 8) == 0)
		native_work(random_below(cpu, 2000));
}

/* ---- stamps --------------------------------------------------------------------------------- */

void native_stamp_begin(struct cpu *cpu, enum op op)
{
	struct frame *f = &cpu->frame[cpu->frames++];

	if (cpu->frames > FRAMES)
		BUG(cpu, "operations nest too deep");
	f->op = op;
	f->pieces = 1;
	f->skip = 0;
	f->start = native_ticks_begin();
}

void native_stamp_pieces(struct cpu *cpu, unsigned pieces)
{
	cpu->frame[cpu->frames - 1].pieces = pieces;
}

static void count_op(struct cpu *cpu, const struct frame *f, uint64_t ticks)
{
	struct timed_op *op = &cpu->op[f->op];
	uint64_t each = ticks / f->pieces;

	if ((double)ticks > NATIVE_PAUSE_CYCLES * cpu->sim->ticks_per_cycle) {
		cpu->taken_out++;
		return;
	}
	op->count += f->pieces;
	op->total += ticks;
	if (each > op->most)
		op->most = each;
	histogram_add(&op->histogram, each, f->pieces);
}

void native_stamp_end(struct cpu *cpu)
{
	uint64_t end = native_ticks_end(), ticks;
	struct frame *f = &cpu->frame[--cpu->frames];

	ticks = end - f->start;
	ticks -= ticks < cpu->bracket + f->skip ? ticks : cpu->bracket + f->skip;
	if (__atomic_load_n(&cpu->sim->opened, __ATOMIC_RELAXED) &&
	    __atomic_load_n(&cpu->sim->phase, __ATOMIC_RELAXED) == PHASE_RUNS)
		count_op(cpu, f, ticks);
	if (cpu->frames)
		cpu->frame[cpu->frames - 1].skip += f->skip + cpu->inner;
}

uint64_t cpu_clock(const struct cpu *cpu)
{
	(void)cpu;
	return native_ticks();
}

void op_began(struct cpu *cpu, uint64_t clock)
{
	if (cpu->frames)
		cpu->frame[cpu->frames - 1].start = clock;
}

/* What an empty operation takes, and what it adds to the one around it. */
static void measure_brackets(struct cpu *cpu)
{
	enum { TRIES = 2000 };
	uint64_t alone = UINT64_MAX, around = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t start = native_ticks_begin(), took = native_ticks_end() - start;

		alone = took < alone ? took : alone;
		start = native_ticks_begin();
		native_stamp_begin(cpu, OP_NONE);
		native_stamp_end(cpu);
		took = native_ticks_end() - start;
		around = took < around ? took : around;
	}
	cpu->bracket = alone;
	cpu->inner = around > alone ? around - alone : 0;
}

/* ---- CPUs and threads ----------------------------------------------------------------------- */

struct sim *cpu_sim(const struct cpu *cpu)
{
	return cpu->sim;
}

void leave_uncached(struct cpu *cpu, const void *p, size_t bytes)
{
	(void)cpu;
	for (size_t at = 0; at < bytes; at += LINE)
		native_flush_line((const char *)p + at);
	native_fence();
}

void thread_start(struct sim *sim, unsigned id, thread_function *function, void *argument)
{
	struct cpu *cpu = &sim->cpu[id];

	if (cpu->started)
		BUG(cpu, "two threads on one CPU");
	cpu->function = function;
	cpu->argument = argument;
	cpu->started = true;
	sim->threads++;
}

/* Asleep until all threads are there. */
static void gather(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	sim->ready++;
	pthread_cond_broadcast(&sim->changed);
	while (sim->ready < sim->threads && sim->phase != PHASE_STOPPED)
		pthread_cond_wait(&sim->changed, &sim->lock);
	pthread_mutex_unlock(&sim->lock);
}

/* Then awake: the last one lets all go, and a window that waits for no warm-up opens. */
static void line_up(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;

	if (__atomic_add_fetch(&sim->lined_up, 1, __ATOMIC_SEQ_CST) == sim->threads) {
		if (!sim->options.plan.warmup)
			open_window(sim, 0);
		__atomic_store_n(&sim->go, 1, __ATOMIC_RELEASE);
	}
	for (unsigned turns = 1; !__atomic_load_n(&sim->go, __ATOMIC_ACQUIRE); turns++) {
		native_pause();
		if (turns % NATIVE_PATIENCE == 0)
			sched_yield();
		if (__atomic_load_n(&sim->phase, __ATOMIC_RELAXED) == PHASE_STOPPED)
			return;
	}
}

/* After the jitter that the seed gives each. */
static void begin(struct cpu *cpu)
{
	uint64_t jitter = random_below(cpu, cpu->sim->options.jitter_cycles + 1);

	for (unsigned i = 0; i < cpu->backgrounds; i++)
		cpu->background[i].due += native_ticks();
	set_next_due(cpu);
	native_work(jitter);
}

static void run_thread(struct cpu *cpu)
{
	jmp_buf here;

	escape = &here;
	if (cpu->sim->phase != PHASE_STOPPED && !setjmp(here)) {
		cpu->function(cpu, cpu->argument);
		if (cpu->view.depth)
			BUG(cpu, "thread ended inside an operation");
		if (cpu->quota > cpu->view.left)
			tell(cpu, cpu->quota - cpu->view.left + cpu->view.more);
	}
	escape = NULL;
}

static uint64_t switches_so_far(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}

static void *thread_main(void *argument)
{
	struct cpu *cpu = argument;
	struct sim *sim = cpu->sim;
	uint64_t switches;

	if (!host_pin(sim->host[cpu->head.id]))
		note_end(sim, OUTCOME_DONE, true, "the host does not let a thread have one CPU");
	if (cpu->view.stamped)
		measure_brackets(cpu);
	gather(sim);
	switches = switches_so_far();
	line_up(cpu);
	begin(cpu);
	run_thread(cpu);
	switches = switches_so_far() - switches;
	if (cpu->view.watched)
		cpu->verbs += cpu->fuse - cpu->view.fuse;
	pthread_mutex_lock(&sim->lock);
	sim->finished++;
	sim->switches += switches;
	pthread_cond_broadcast(&sim->changed);
	pthread_mutex_unlock(&sim->lock);
	return NULL;
}

bool machine_protect(struct sim *sim, void (*function)(void *argument), void *argument)
{
	jmp_buf here, *before = escape;
	volatile bool done = false;

	escape = &here;
	if (!setjmp(here)) {
		function(argument);
		done = true;
	}
	escape = before;
	return done && sim->outcome == OUTCOME_DONE && !sim->refused;
}

static struct timespec in_seconds(double seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += (time_t)seconds;
	at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* False: that many have not got there by then, or, unless `to_the_end`, the run was stopped. */
static bool await_threads(struct sim *sim, const unsigned *counter, unsigned wanted,
			  double seconds, bool to_the_end)
{
	struct timespec until = in_seconds(seconds);
	int status = 0;

	pthread_mutex_lock(&sim->lock);
	while (*counter < wanted && status != ETIMEDOUT &&
	       (to_the_end || sim->phase != PHASE_STOPPED))
		status = pthread_cond_timedwait(&sim->changed, &sim->lock, &until);

	bool there = *counter >= wanted;

	pthread_mutex_unlock(&sim->lock);
	return there;
}

/* How many could be had. */
static unsigned start_threads(struct sim *sim)
{
	pthread_attr_t attributes;
	unsigned running = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct cpu *cpu = &sim->cpu[i];

		if (!cpu->started)
			continue;
		cpu->running =
			pthread_create(&cpu->thread, &attributes, thread_main, cpu) == 0;
		running += cpu->running;
	}
	pthread_attr_destroy(&attributes);
	if (running < sim->threads)
		note_end(sim, OUTCOME_DONE, true, "the host gives no more threads");
	return running;
}

void machine_run(struct sim *sim)
{
	double seconds = (double)sim->options.max_cycles / 3e9 + 10;
	unsigned running;

	for (unsigned i = 0; i < sim->head.cpus; i++)
		sim->cpu[i].quota = sim->cpu[i].view.left = quota_of(sim, 0);
	running = start_threads(sim);
	if (!await_threads(sim, &sim->finished, running, seconds, false) &&
	    sim->phase != PHASE_STOPPED)
		note_end(sim, OUTCOME_MAX_CYCLES, false,
			 "no end after max_cycles: a livelock, or a CPU that waits in vain");
	if (sim->phase == PHASE_STOPPED)
		sim->abandoned =
			!await_threads(sim, &sim->finished, running, GRACE_SECONDS, true);
	for (unsigned i = 0; i < sim->head.cpus && !sim->abandoned; i++)
		if (sim->cpu[i].running)
			pthread_join(sim->cpu[i].thread, NULL);
	if (sim->phase == PHASE_RUNS && sim->opened)
		close_window(sim, sim->told);
}

/* ---- creation ------------------------------------------------------------------------------- */

static const struct field task_fields[] = { { "preempt_count", 0, 4, NULL, false }, { 0 } };
static const struct layout task_layout = { "thread_info", 4, CLASS_ALLOCATOR, task_fields };

static void cpu_init(struct sim *sim, struct cpu *cpu, unsigned id, bool stamped)
{
	const struct arena *arena = &sim->head.arena;

	cpu_head_init(&cpu->head, &sim->head, id);
	cpu->sim = sim;
	cpu->view.base = arena->base;
	cpu->view.room = arena->bytes - NATIVE_FIRST;
	cpu->view.watched = sim->options.watched;
	cpu->view.over = &sim->phase;
	cpu->view.stamped = stamped;
	if (stamped)
		cpu->op = xalloc(OPS * sizeof *cpu->op);
}

static void count_preemption(struct sim *sim)
{
	int32_t *count = percpu_alloc(sim, sizeof *count, LINE, &task_layout, "thread_info");

	for (unsigned i = 0; i < sim->head.cpus; i++)
		sim->cpu[i].view.preempt_count = per_cpu(sim, count, i);
}

struct sim *machine_new(const struct native_options *options, char *memory, bool stamped,
			double cycles_per_tick)
{
	struct sim *sim = aligned_alloc(128, sizeof *sim);

	if (!sim)
		xalloc_failed(sizeof *sim);
	*sim = (struct sim){ .options = *options, .ticks_per_cycle = 1 / cycles_per_tick };
	pthread_mutex_init(&sim->lock, NULL);
	pthread_cond_init(&sim->changed, NULL);
	sim->head.cpus = options->cpus;
	sim->head.nodes = 1;
	sim->head.preempt = options->preempt;
	sim->head.seed = options->seed;
	sim->head.node_of = xalloc(options->cpus * sizeof *sim->head.node_of);
	sim->cpu = xalloc(options->cpus * sizeof *sim->cpu);
	host_cpus(sim->host, NATIVE_CPUS_MAX);
	for (unsigned i = 0; i < options->cpus && options->host; i++)
		sim->host[i] = options->host[i];
	arena_setup_at(sim, options->bytes, memory);
	for (unsigned i = 0; i < options->cpus; i++)
		cpu_init(sim, &sim->cpu[i], i, stamped);
	if (options->preempt)
		count_preemption(sim);
	return sim;
}

/* Nobody has asked the host. */
uint64_t sim_cache_share(const struct sim *sim)
{
	(void)sim;
	return 0;
}

/* Not while a thread is left that looks at it. */
void machine_free(struct sim *sim)
{
	if (sim->abandoned)
		return;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		free(sim->cpu[i].op);
	arena_release(&sim->head.arena);
	free(sim->head.node_of);
	free(sim->cpu);
	pthread_cond_destroy(&sim->changed);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}
