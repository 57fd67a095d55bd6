/*
 * The verbs: the only way in which models and workloads touch simulated memory.
 *
 * An allocator is written once over these and runs on every backend. The backend is fixed at
 * compile time: models and workloads are compiled once for each (sim/verbs/backend.h).
 *
 * Rules for callers:
 *  - a verb call stands on one line of source, one simulated access per statement;
 *  - `cpu` is the first argument, the pointer second; the pointer lies in the arena (else BUG);
 *  - sizes are 1, 2, 4, 8 bytes, or the aligned 16-byte struct pair.
 */
#ifndef SIM_VERBS_VERBS_H
#define SIM_VERBS_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/verbs/layout.h"

struct sim;
struct cpu;

enum { LINE = 64 };                     /* bytes of a cache line */

/* Where in the source an access stands; `text` is its operand as written. */
struct site {
	const char *file;
	unsigned line;
	const char *function;
	const char *text;
};

#define SITE(text_) \
	__extension__ ({ static const struct site site_ = { __FILE__, __LINE__, __func__, text_ }; &site_; })

/* Two words that one instruction compares and exchanges. */
struct pair {
	_Alignas(16) uint64_t low;
	uint64_t high;
};

/* What one step of the instruction stream costs besides memory; machine files price them. */
enum step {
	STEP_PAUSE,             /* the pause instruction in a spin loop */
	STEP_IRQ_SAVE,          /* pushf, pop, cli */
	STEP_IRQ_RESTORE,       /* push, popf */
	STEP_CLI,
	STEP_STI,
	STEP_RDTSC,
	STEP_CALL,              /* a function call and return */
	STEP_LOOP,              /* one turn of a loop: compare and branch */
	STEP_ALLOC,             /* instructions of an allocation path that touch only registers */
	STEP_FREE,              /* the same for a free */
	STEP_PAGE_ALLOC,        /* zonelist, cpuset and flag work of the page allocator */
	STEP_PAGE_FREE,
	STEPS
};

/* How a read-modify-write changes its word; see verb_rmw. */
enum rmw {
	RMW_EXCHANGE,           /* word = operand */
	RMW_ADD,                /* word += operand */
	RMW_CAS,                /* word == expected ? operand : word */
	RMW_BIT_SET,            /* word |= 1 << operand; result: the old bit */
	RMW_BIT_CLEAR,          /* word &= ~(1 << operand); result: the old bit */
};

/* Operations. OP_WORK: a turn of a workload that has no allocator. OP_DRAIN: all CPUs' pages go back
 * to where all can have them; not among the operations that warm up and end a run. OP_FAULT: a page
 * fault of a process; OP_UNMAP: the end of a mapping, with all of its pages. */
enum op {
	OP_NONE, OP_ALLOC, OP_FREE, OP_PAGE_ALLOC, OP_PAGE_FREE, OP_WORK, OP_DRAIN, OP_FAULT, OP_UNMAP,
	OPS
};

/* What a CPU waits for. */
enum waiting { NOT_WAITING, WAITING_LOCK, WAITING_IDLE };

/*
 * What a verb does: the backend that this file is compiled for. It may have some of the functions
 * below inline. In an allocator that is loaded while the program runs each goes through a table that
 * the loader hands in (models/allocator.h): those that such an allocator has are marked VERB.
 */
#ifdef BOUNCE_PLUGIN
#define VERB static inline __attribute__((unused))
#else
#define VERB
#endif
#ifdef BOUNCE_BACKEND
#include BOUNCE_BACKEND
#else
#include "sim/verbs/calls.h"
#endif

/* ---- memory ---------------------------------------------------------------------------- */

/* Value at p. */
#define load(cpu, p) \
	__extension__ ({ __typeof__(*(p)) loaded_; verb_load((cpu), (p), &loaded_, sizeof loaded_, SITE(#p)); loaded_; })

#define store(cpu, p, value) \
	__extension__ ({ __typeof__(*(p)) stored_ = (value); verb_store((cpu), (p), &stored_, sizeof stored_, SITE(#p)); })

/* Read-modify-writes with LOCK, and _local without: atomic against this CPU's interrupts only. */
#define exchange(cpu, p, value)         verb_exchange_(cpu, p, value, true)
#define exchange_local(cpu, p, value)   verb_exchange_(cpu, p, value, false)
#define fetch_add(cpu, p, value)        verb_add_(cpu, p, value, true)
#define fetch_add_local(cpu, p, value)  verb_add_(cpu, p, value, false)
/* true if *p was `old` and now is `new`; a failure takes the line exclusive too */
#define cas(cpu, p, old, new)           verb_cas_(cpu, p, old, new, true)
#define cas_local(cpu, p, old, new)     verb_cas_(cpu, p, old, new, false)
/* the same against *seen, a variable, which gets what *p was */
#define cas_seen(cpu, p, seen, new) \
	__extension__ ({ __typeof__(*(p)) expected_ = *(seen), operand_ = (new); \
	   verb_rmw((cpu), (p), sizeof expected_, RMW_CAS, &expected_, &operand_, (seen), true, SITE(#p)); })
/* the old value of the bit (bool); `bit` counts from 0 */
#define bit_set(cpu, p, bit)            verb_bit_(cpu, p, bit, RMW_BIT_SET, true)
#define bit_set_local(cpu, p, bit)      verb_bit_(cpu, p, bit, RMW_BIT_SET, false)
#define bit_clear(cpu, p, bit)          verb_bit_(cpu, p, bit, RMW_BIT_CLEAR, true)
#define bit_clear_local(cpu, p, bit)    verb_bit_(cpu, p, bit, RMW_BIT_CLEAR, false)

#define verb_exchange_(cpu, p, value, locked) \
	__extension__ ({ __typeof__(*(p)) operand_ = (value), old_; \
	   verb_rmw((cpu), (p), sizeof old_, RMW_EXCHANGE, NULL, &operand_, &old_, (locked), SITE(#p)); old_; })
#define verb_add_(cpu, p, value, locked) \
	__extension__ ({ __typeof__(*(p)) operand_ = (__typeof__(*(p)))(value), old_; \
	   verb_rmw((cpu), (p), sizeof old_, RMW_ADD, NULL, &operand_, &old_, (locked), SITE(#p)); old_; })
#define verb_cas_(cpu, p, old, new, locked) \
	__extension__ ({ __typeof__(*(p)) expected_ = (old), operand_ = (new), old_; \
	   verb_rmw((cpu), (p), sizeof old_, RMW_CAS, &expected_, &operand_, &old_, (locked), SITE(#p)); })
#define verb_bit_(cpu, p, bit, how, locked) \
	__extension__ ({ __typeof__(*(p)) operand_ = (__typeof__(*(p)))(bit), old_; \
	   verb_rmw((cpu), (p), sizeof old_, (how), NULL, &operand_, &old_, (locked), SITE(#p)); })

/*
 * Read *p into a variable named `value` until `condition`, an expression in `value`, is false;
 * one turn of the loop costs `step` and the load. The result is the last value.
 * A CPU that spins on a cached word is parked until the line is lost.
 */
#define spin_while(cpu, p, condition, step) \
	__extension__ ({ __typeof__(*(p)) value; const struct site *spin_site_ = SITE(#p); \
	   verb_load((cpu), (p), &value, sizeof value, spin_site_); \
	   while (condition) \
		verb_spin((cpu), (p), &value, sizeof value, (step), spin_site_); \
	   value; })

/* One turn of a waiting loop that is spelled out: a load, in a loop that goes on while the value is
 * what it was (`was`) before. If all CPUs do that, it is a deadlock. */
#define load_again(cpu, p, was) \
	__extension__ ({ __typeof__(*(p)) value_ = (was); \
	   verb_poll((cpu), (p), &value_, sizeof value_, SITE(#p)); \
	   value_; })

/* In a loop that waits by a read-modify-write, between two tries: the word was `was`. No access; who
 * chooses schedules leaves out those in which the CPU tries in vain. */
#define retry_after(cpu, p, was) \
	__extension__ ({ __typeof__(*(p)) was_ = (was); \
	   verb_retry((cpu), (p), &was_, sizeof was_, SITE(#p)); })

VERB void fence(struct cpu *cpu);                            /* mfence */
/* A load of p will come whose address depends on no earlier load of its loop: say so before the
 * loads, in their order. The timed backend asks ahead, as far as the machine's load_window. */
#define load_ahead(cpu, p)      verb_load_ahead((cpu), (p), SITE(#p))
#define prefetch(cpu, p)        verb_prefetch((cpu), (p), false, SITE(#p))
#define prefetch_write(cpu, p)  verb_prefetch((cpu), (p), true, SITE(#p))

/* ---- time, interrupts, preemption ------------------------------------------------------- */

VERB void compute(struct cpu *cpu, enum step step);          /* the machine's price of `step` */
VERB void compute_cycles(struct cpu *cpu, uint64_t cycles);  /* work of a workload */

/* The old interrupt flag, for irq_restore: true if interrupts were on. */
bool irq_save(struct cpu *cpu);
VERB void irq_restore(struct cpu *cpu, bool flags);
void irq_disable(struct cpu *cpu);
VERB void irq_enable(struct cpu *cpu);

/* A counter in per-CPU memory, touched as such; nothing unless the experiment says `preempt`. */
VERB void preempt_disable(struct cpu *cpu);
VERB void preempt_enable(struct cpu *cpu);

/* Is the CPU's thread under way? To others an interrupt is lost. */
bool takes_interrupts(const struct sim *sim, unsigned id);

typedef void interrupt_handler(struct cpu *cpu, void *argument);
/* Handler runs on `target` one interrupt latency later, interrupts off; does not wait. */
void ipi_send(struct cpu *cpu, unsigned target, interrupt_handler *handler, void *argument);
/* Set-up: handler runs on CPU `target` at `first` cycles and every `period` cycles (0: once). */
void timer_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period, interrupt_handler *handler, void *argument);
/* The same for what no thread ever waits for: where all wait, such timers alone are a deadlock. */
void background_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period, interrupt_handler *handler, void *argument);
/* Once more on this CPU, `cycles` from now, 1 at least. */
void background_again(struct cpu *cpu, uint64_t cycles, interrupt_handler *handler, void *argument);
/* Is a handler at work? Are interrupts off? No access. */
VERB bool in_interrupt(const struct cpu *cpu);
VERB bool irqs_off(const struct cpu *cpu);

/* The process that runs on this CPU, a number of the workload's; 0: none, the kernel's own work.
 * No access. */
unsigned current_process(const struct cpu *cpu);
void process_switch(struct cpu *cpu, unsigned process);

/* ---- who and how many ------------------------------------------------------------------- */

VERB unsigned cpu_id(const struct cpu *cpu);
struct sim *cpu_sim(const struct cpu *cpu);
VERB unsigned cpu_node(const struct cpu *cpu);               /* NUMA node this CPU belongs to */
unsigned node_of_cpu(const struct sim *sim, unsigned id);  /* the same, also before time zero */
unsigned sim_cpus(const struct sim *sim);
unsigned sim_nodes(const struct sim *sim);              /* NUMA nodes; 1: not NUMA */
bool sim_preempt(const struct sim *sim);                /* CONFIG_PREEMPT */
uint64_t sim_seed(const struct sim *sim);
/* The CPU's own random stream. */
VERB uint64_t random_next(struct cpu *cpu);
VERB uint64_t random_below(struct cpu *cpu, uint64_t limit); /* uniform in 0..limit-1 */

/* ---- the arena --------------------------------------------------------------------------- */

/*
 * Set-up: `count` zeroed objects of `type` on NUMA node `node`, aligned to `align` bytes (at
 * least that of the type), labelled with `layout`; `label` names the array in reports.
 * Ends the run with the outcome "out of memory" when the arena is full.
 */
#define arena_new(sim, type, count, node, align, layout, label) \
	((type *)arena_alloc((sim), sizeof(type), (count), (node), (align), (layout), (label)))
void *arena_alloc(struct sim *sim, size_t size, size_t count, unsigned node, size_t align, const struct layout *layout, const char *label);

/* Set-up: zeroed memory that no simulated CPU touches (a model's constants and pointers), as long as
 * the machine lives. No place in simulated memory depends on how much of it there is. */
void *unseen_new(struct sim *sim, size_t bytes);

/* Set-up: one zeroed object per CPU, in areas of their own; the pointer is that of CPU 0. */
#define percpu_new(sim, type, align, layout, label) \
	((type *)percpu_alloc((sim), sizeof(type), (align), (layout), (label)))
void *percpu_alloc(struct sim *sim, size_t size, size_t align, const struct layout *layout, const char *label);
/* Address arithmetic without an access: the copy of this CPU, of CPU `id`. */
#define this_cpu(cpu, p)        ((__typeof__(p))percpu_address(cpu_sim(cpu), (p), cpu_id(cpu)))
#define per_cpu(sim, p, id)     ((__typeof__(p))percpu_address((sim), (p), (id)))
void *percpu_address(const struct sim *sim, const void *p, unsigned id);

/*
 * From this CPU's time on the `bytes` at p are instances of `layout`, `stride` bytes apart
 * (0: layout->size), called `label` in reports; strings must outlive the run. No access.
 */
void relabel(struct cpu *cpu, const void *p, size_t bytes, const struct layout *layout, size_t stride, const char *label);
/* The same before time zero. */
void relabel_setup(struct sim *sim, const void *p, size_t bytes, const struct layout *layout, size_t stride, const char *label);

/* Set-up: there is no allocator, so the CPUs' places in queues of locks are the workload's lines.
 * Without it they count as the allocator's, whose locks are waited for there. */
void lock_queues_of_workload(struct sim *sim);

/* Plain C has written the `bytes` at p as set-up does, but from a thread: no cache has them. So it is
 * by itself where caches are simulated. */
void leave_uncached(struct cpu *cpu, const void *p, size_t bytes);

/* Plain C is about to change these bytes, 16 at most, outside the arena, which the run that is under
 * way depends on: a backend that takes runs back takes this back too. */
void host_change(struct cpu *cpu, void *p, size_t size);

/* ---- operations, paths ------------------------------------------------------------------- */

/* Brackets of one operation; they nest (a page allocation inside an object allocation). */
void op_begin(struct cpu *cpu, enum op op);
/* live_bytes: what the users now hold more (+) or less (-); footprint_bytes: what the object
 * allocator holds of the page allocator's memory more or less. */
void op_end(struct cpu *cpu, int64_t live_bytes, int64_t footprint_bytes);
/* The operation under way does `pieces` at once, 1 at least: it counts as that many, each of an
 * equal part of its time. Between its op_begin and its op_end. */
void op_pieces(struct cpu *cpu, unsigned pieces);
/* Says which path the current operation took: a string literal, e.g. "refill". */
VERB void path(struct cpu *cpu, const char *name);
/* What follows is done for that place in the source, which reports name beside it, until
 * on_behalf_end gets what this call gave. */
unsigned on_behalf(struct cpu *cpu, const struct site *caller);
void on_behalf_end(struct cpu *cpu, unsigned before);
/* The CPU's clock, in units that mean something between CPUs only; reading it costs nothing. */
uint64_t cpu_clock(const struct cpu *cpu);
/* The operation under way is one since `clock`, which was after its op_begin: what was before
 * belongs to it but takes none of its time. */
void op_began(struct cpu *cpu, uint64_t clock);

/* ---- waiting and locks (annotations without an access) ------------------------------------ */

/* Until the next call, cycles are lock spin or idle. Returns what was in force before. */
enum waiting waiting(struct cpu *cpu, enum waiting what);
/* Lock statistics: `turns` failed tries before it was taken (0: uncontended). */
void lock_taken(struct cpu *cpu, const void *lock, const char *kind, unsigned turns);
void lock_released(struct cpu *cpu, const void *lock);
/* Does this CPU hold it, maybe in what a handler has interrupted? No access. */
bool lock_is_mine(const struct cpu *cpu, const void *lock);

/* ---- threads ------------------------------------------------------------------------------ */

typedef void thread_function(struct cpu *cpu, void *argument);
/* Set-up: run the function on CPU `id` from time zero (plus the seed's jitter). */
void thread_start(struct sim *sim, unsigned id, thread_function *function, void *argument);
/* True once warm-up and measured operations are complete: a workload's loops end then. */
bool run_over(struct cpu *cpu);

/* ---- failures ------------------------------------------------------------------------------ */

/* A broken invariant: prints time, CPU, model, seed and ends the run. */
#define BUG(cpu, ...) sim_bug((cpu), __FILE__, __LINE__, __VA_ARGS__)
_Noreturn void sim_bug(const struct cpu *cpu, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The simulated machine has no memory left: an outcome that is reported, not a crash. */
_Noreturn void sim_out_of_memory(struct sim *sim);

#endif
