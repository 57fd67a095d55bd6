/*
 * CPUs: whose turn it is, interrupts, compute, operations. Accesses are in access.c.
 *
 * A verb starts at the CPU's clock. Strictly before the horizon it needs no event; else the CPU
 * waits for its turn in the order of events (take_turn).
 */
#include "sim/cpu.h"
#include "sim/access.h"
#include "sim/ahead.h"
#include "sim/effect.h"
#include "sim/fiber.h"
#include "sim/message.h"

#include <stdlib.h>
#include <string.h>

/* ---- time ----------------------------------------------------------------------------------- */

/*
 * The earliest time at which anything pending could reach this CPU's copies: what is at this CPU
 * at once, what is at a home a probe leg later, what is at another CPU a request or an answer to
 * a home and a probe leg later, an access of another CPU as its request (or its IPI) allows. Nor
 * beyond the window's edge: each operation takes at least a cycle, so before `edge` no CPU can see
 * the operation that opens or closes the window.
 */
void cpu_set_horizon(struct sim *sim, struct cpu *cpu)
{
	const struct timing *t = &sim->t;
	uint64_t h = NEVER, cap;

	cpu_end_run_ahead(cpu);
	if (sim->options.no_run_ahead || sim->observer || interrupt_due(cpu) ||
	    cpu->node->pending || cpu->buffer.count)
		return;
	h = least(h, sim->homes.item->time + t->least_probe);
	h = least(h, sim->messages.item->time + t->from_message);
	h = least(h, sim->turns.item->time + t->from_turn);
	for (const struct event *e = cpu->pending; e; e = e->next)
		h = least(h, e->time);
	if (sim->edge != NEVER) {       /* else none is left, or there never was one */
		cap = sim->edge > sim->pushed ? (sim->edge - sim->pushed) / sim->head.cpus : 0;
		cap = cap > 1 ? sim->now + least(cap - 1, 1ull << 48) * UNIT : 0;
		h = least(h, cap);
	}
	cpu->horizon = least(h, sim->options.max_cycles * UNIT);
}

static enum cause cause_now(const struct cpu *cpu, enum cause cause)
{
	if (cpu->in_irq)
		return CAUSE_INTERRUPTS;
	if (cpu->waiting == WAITING_LOCK)
		return CAUSE_LOCK_SPIN;
	if (cpu->waiting == WAITING_IDLE && cause >= CAUSE_LOCKED)
		return CAUSE_IDLE;
	return cause;
}

void cpu_charge(struct cpu *cpu, uint64_t start, uint64_t end, enum cause cause)
{
	const struct sim *sim = cpu->sim;

	cause = cause_now(cpu, cause);
	if (start != cpu->charged_until)
		BUG(cpu, "cycles from %llu to %llu belong to no cause, or to two",
		    (unsigned long long)cpu->charged_until, (unsigned long long)start);
	cpu->last_cause = cause;
	cpu->charged_until = end;
	if (sim->phase == PHASE_WARMUP)
		return;
	if (start < sim->opened)
		start = sim->opened;
	if (sim->phase == PHASE_WINDOW) {
		if (end > start)
			cpu->counts.cause_units[cause] += end - start;
	} else {
		if (end > sim->closed)
			end = sim->closed;
		if (end > start)
			cpu->cause_final[cause] += end - start;
	}
}

void cpu_pass(struct cpu *cpu, uint64_t units, enum cause cause)
{
	cpu_charge(cpu, cpu->clock, cpu->clock + units, cause);
	cpu->clock += units;
}

/* Until it is this CPU's turn at its clock. */
static void take_turn(struct sim *sim, struct cpu *cpu)
{
	if (cpu->clock <= sim->quiet_until && sim->turns.item->time > cpu->clock &&
	    sim->homes.item->time > cpu->clock && sim->messages.item->time > cpu->clock) {
		sim->now = cpu->clock;
		return;
	}
	turn_push(sim, cpu, RANK_CPU, cpu->clock);
	event_loop(sim, cpu);
}

/* ---- interrupts ----------------------------------------------------------------------------- */

static void deliver(struct sim *sim, struct cpu *cpu)
{
	struct event *e = cpu->irq_first;
	uint64_t start = cpu->clock, serial = cpu->op_serial;
	uint64_t lines_read = cpu->lines_read, lines_written = cpu->lines_written;
	enum waiting was_waiting = cpu->waiting;
	unsigned frames = cpu->irq_frames;
	uint32_t context = cpu->context;

	observe_moment(cpu, &(struct moment){ .kind = MOMENT_IRQ_ENTER });
	cpu->irq_first = e->next;
	cpu->irq_on = false;
	cpu->waiting = NOT_WAITING;
	cpu->in_irq++;
	cpu_plain(cpu);
	cpu->stuck = false;
	cpu->op_serial = 0; /* it leaves the operation's marks alone */
	cpu->irq_frames = cpu->frames;
	cpu->context = context_get(sim, OP_NONE, "");
	if (cpu->buffer.count)
		buffer_wait(cpu, 0);
	pass(cpu, sim->t.irq_entry, CAUSE_INTERRUPTS);
	e->interrupt.handler(cpu, e->interrupt.argument);
	pass(cpu, sim->t.irq_exit, CAUSE_INTERRUPTS);
	observe_moment(cpu, &(struct moment){ .kind = MOMENT_IRQ_EXIT });
	cpu->in_irq--;
	cpu->irq_frames = frames;
	cpu->context = context;
	cpu->op_serial = serial;
	cpu->lines_read = lines_read; /* nor is what it touched the operation's */
	cpu->lines_written = lines_written;
	cpu->waiting = was_waiting;
	cpu_plain(cpu);
	cpu->irq_units += cpu->clock - start;
	cpu->irq_on = true;
	cpu_end_run_ahead(cpu);
	e->next = NULL;
	event_free(sim, e);
}

void cpu_turn(struct cpu *cpu)
{
	take_turn(cpu->sim, cpu);
}

/* Before an access: its turn, and interrupts first. */
void cpu_sync(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;

	if (cpu->turn_at == cpu->clock && cpu->clock <= sim->quiet_until && !interrupt_due(cpu))
		return;                 /* part of an access that has waited already */
	for (;;) {
		take_turn(sim, cpu);
		if (!interrupt_due(cpu))
			break;
		deliver(sim, cpu);
	}
	cpu->turn_at = cpu->clock;
	cpu_set_horizon(sim, cpu);
	/* this access; a buffer must be looked at first, and an observer sees it */
	if (cpu->horizon <= cpu->clock && !cpu->buffer.count && !sim->observer)
		cpu->horizon = cpu->clock + 1;
}

void cpu_interrupt(struct sim *sim, struct event *e)
{
	struct cpu *cpu = &sim->cpu[e->node->id];

	if (e->interrupt.period && sim->unfinished) {
		struct event *again = event_new(sim, EVENT_INTERRUPT, e->node);

		again->interrupt = e->interrupt;
		again->time = e->time + e->interrupt.period;
		again->rank = RANK_INTERRUPT;
		again->cpu = (uint16_t)e->node->id;
		again->count = e->count;
		event_queue(sim, again);
	}
	if (cpu->finished || !cpu->started) {
		event_free(sim, e);
		return;
	}
	e->next = NULL;
	if (cpu->irq_first)
		cpu->irq_last->next = e;
	else
		cpu->irq_first = e;
	cpu->irq_last = e;
	if (!cpu->irq_on)
		return;
	if (cpu->parked) {
		cpu_unpark(cpu, sim->now);
	} else if (cpu->computing) { /* cut, or not even begun */
		turn_remove(sim, cpu);
		if (cpu->compute_start > sim->now) {
			turn_push(sim, cpu, RANK_COMPUTE, cpu->compute_start);
		} else {
			cpu->clock = sim->now;
			sim->resume = cpu;
		}
		cpu->computing = false;
	}
}

bool takes_interrupts(const struct sim *sim, unsigned id)
{
	return sim->cpu[id].started && !sim->cpu[id].finished;
}

bool in_interrupt(const struct cpu *cpu)
{
	return cpu->in_irq;
}

bool irqs_off(const struct cpu *cpu)
{
	return !cpu->irq_on;
}

static void send_interrupt(struct sim *sim, unsigned from, unsigned target, uint64_t time,
			   uint64_t period, bool background, interrupt_handler *handler,
			   void *argument)
{
	struct event *e = event_new(sim, EVENT_INTERRUPT, sim->cpu[target].node);

	e->interrupt.handler = handler;
	e->interrupt.argument = argument;
	e->interrupt.period = period;
	e->interrupt.background = background;
	e->time = time;
	e->rank = RANK_INTERRUPT;
	e->cpu = (uint16_t)from;
	e->count = sim->cpu[from].interrupts_sent++ << 16 | target;
	event_queue(sim, e);
}

void ipi_send(struct cpu *cpu, unsigned target, interrupt_handler *handler, void *argument)
{
	buffer_sync(cpu); /* the other CPU sees what was stored before */
	cpu->counts.ipis++;
	observe_moment(cpu, &(struct moment){ .kind = MOMENT_IPI, .other = target });
	send_interrupt(cpu->sim, cpu->node->id, target, cpu->clock + cpu->sim->t.ipi, 0, false,
		       handler, argument);
	pass(cpu, 1, CAUSE_COMPUTE); /* what follows is later than what was sent */
	cpu_end_run_ahead(cpu);
}

void timer_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period,
	       interrupt_handler *handler, void *argument)
{
	send_interrupt(sim, target, target, first * UNIT, period * UNIT, false, handler, argument);
}

void background_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period,
		    interrupt_handler *handler, void *argument)
{
	send_interrupt(sim, target, target, first * UNIT, period * UNIT, true, handler, argument);
}

void background_again(struct cpu *cpu, uint64_t cycles, interrupt_handler *handler, void *argument)
{
	send_interrupt(cpu->sim, cpu->node->id, cpu->node->id, cpu->clock + cycles * UNIT, 0, true,
		       handler, argument);
	cpu_end_run_ahead(cpu);
}

/* ---- compute -------------------------------------------------------------------------------- */

/* `units` of work without memory; an interrupt may cut it. */
static void spend(struct cpu *cpu, uint64_t units, enum cause cause)
{
	struct sim *sim = cpu->sim;

	while (units) {
		uint64_t start, end = cpu->clock + units;

		if (end < cpu->horizon) {
			pass(cpu, units, cause);
			return;
		}
		if (interrupt_due(cpu)) {
			cpu_sync(cpu);
			continue;
		}
		start = cpu->compute_start = cpu->clock;
		cpu->computing = true;
		turn_push(sim, cpu, RANK_COMPUTE, end);
		event_loop(sim, cpu);
		cpu->computing = false;
		charge(cpu, start, cpu->clock, cause);
		units = end - cpu->clock;
		cpu_set_horizon(sim, cpu);
	}
}

void compute(struct cpu *cpu, enum step step)
{
	spend(cpu, cpu->sim->t.step[step], CAUSE_COMPUTE);
}

void compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	spend(cpu, cycles * UNIT, CAUSE_COMPUTE);
}

static void irq_goes_off(struct cpu *cpu)
{
	cpu->irq_on = false;
	cpu->irq_off_since = cpu->clock;
}

static void irq_goes_on(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;
	uint64_t from = cpu->irq_off_since > sim->opened ? cpu->irq_off_since : sim->opened;

	if (sim->phase == PHASE_WINDOW && cpu->clock > from && !cpu->in_irq) {
		cpu->counts.irq_off_units += cpu->clock - from;
		if (cpu->clock - from > cpu->counts.irq_off_units_max)
			cpu->counts.irq_off_units_max = cpu->clock - from;
	}
	cpu->irq_on = true;
	if (cpu->irq_first)
		cpu_end_run_ahead(cpu);
}

bool irq_save(struct cpu *cpu)
{
	bool was_on;

	compute(cpu, STEP_IRQ_SAVE);
	was_on = cpu->irq_on;
	if (was_on && !cpu->in_irq)
		irq_goes_off(cpu);
	return was_on && !cpu->in_irq;
}

void irq_restore(struct cpu *cpu, bool flags)
{
	compute(cpu, STEP_IRQ_RESTORE);
	if (flags)
		irq_goes_on(cpu);
}

void irq_disable(struct cpu *cpu)
{
	compute(cpu, STEP_CLI);
	if (cpu->irq_on)
		irq_goes_off(cpu);
}

void irq_enable(struct cpu *cpu)
{
	compute(cpu, STEP_STI);
	if (!cpu->irq_on && !cpu->in_irq)
		irq_goes_on(cpu);
}

void preempt_disable(struct cpu *cpu)
{
	if (cpu->preempt_count)
		fetch_add_local(cpu, cpu->preempt_count, 1);
}

void preempt_enable(struct cpu *cpu)
{
	if (cpu->preempt_count)
		fetch_add_local(cpu, cpu->preempt_count, -1);
}

void fence(struct cpu *cpu)
{
	if (cpu->buffer.count)
		buffer_sync(cpu);
	spend(cpu, cpu->sim->t.fence, CAUSE_STORE_BUFFER);
}

/* ---- CPUs as such --------------------------------------------------------------------------- */

void host_change(struct cpu *cpu, void *p, size_t size)
{
	(void)cpu;
	(void)p;
	(void)size;
}

void leave_uncached(struct cpu *cpu, const void *p, size_t bytes)
{
	(void)cpu;
	(void)p;
	(void)bytes;
}

struct sim *cpu_sim(const struct cpu *cpu)
{
	return cpu->sim;
}

void cpu_init(struct sim *sim, struct cpu *cpu, unsigned id)
{
	cpu_head_init(&cpu->head, &sim->head, id);
	cpu->sim = sim;
	cpu->look = sim->look + (size_t)id * LOOK_ENTRIES;
	cpu->fine = sim->fine + (size_t)id * LOOK_ENTRIES;
	if (sim->machine.store_buffer)
		cpu->buffer.entry = xalloc(sim->machine.store_buffer * sizeof(struct buffered));
	if (sim->machine.load_window)
		cpu->ahead = xalloc(sizeof *cpu->ahead);
	cpu->plain_from = cpu->turn_at = NEVER;
	cpu->irq_on = true;
	cpu->turn.type = EVENT_TURN;
	cpu->turn.cpu = (uint16_t)id;
	cpu->op_serial = 1;
}

void cpu_free(struct cpu *cpu)
{
	free(cpu->buffer.entry);
	free(cpu->ahead);
	fiber_free(cpu->fiber);
}

/* ---- operations ----------------------------------------------------------------------------- */

/* Marks in slots are 32 bits wide. Between operations, long before the serials run out, all marks
 * go and the serials begin again. */
static void renew_serials(struct cpu *cpu)
{
	const struct cache *c = node_outermost(cpu->node);

	for (uint64_t i = 0; i < c->sets * c->ways; i++)
		c->slot[i].op_read = c->slot[i].op_written = 0;
	buffer_forget_marks(cpu);
	cpu->serials = 0;
}

void op_begin(struct cpu *cpu, enum op op)
{
	struct frame *f = &cpu->frame[cpu->frames];

	if (cpu->frames == FRAMES)
		BUG(cpu, "operations nest too deep");
	sync_access(cpu);
	if (cpu->serials >= SERIALS && !cpu->frames)
		renew_serials(cpu);
	if (cpu->frames == cpu->irq_frames)
		cpu->op_serial = ++cpu->serials + 1;
	if (cpu->ahead && !cpu->frames)
		ahead_forget(cpu);
	cpu->frames++;
	*f = (struct frame){
		op, 1, cpu->context, cpu->clock, cpu->irq_units, cpu->lines_read, cpu->lines_written
	};
	cpu->context = context_get(cpu->sim, op, "");
	if (cpu->sim->moments)
		observe_moment(cpu, &(struct moment){ .kind = MOMENT_OP_BEGIN, .op = op });
}

void path(struct cpu *cpu, const char *name)
{
	cpu->context =
		context_get(cpu->sim, cpu->frames ? cpu->frame[cpu->frames - 1].op : OP_NONE, name);
}

unsigned on_behalf(struct cpu *cpu, const struct site *caller)
{
	unsigned before = cpu->context;

	cpu->context = context_for(cpu->sim, before, caller);
	return before;
}

void on_behalf_end(struct cpu *cpu, unsigned before)
{
	cpu->context = before;
}

uint64_t cpu_clock(const struct cpu *cpu)
{
	return cpu->clock;
}

void op_began(struct cpu *cpu, uint64_t clock)
{
	struct frame *f = &cpu->frame[cpu->frames - 1];

	if (clock < f->start || clock > cpu->clock)
		BUG(cpu, "an operation began outside of its brackets");
	f->start = clock;
	f->irq_units = cpu->irq_units;
}

void op_pieces(struct cpu *cpu, unsigned pieces)
{
	cpu->frame[cpu->frames - 1].pieces = pieces;
}

void op_end(struct cpu *cpu, int64_t live_bytes, int64_t footprint_bytes)
{
	struct sim *sim = cpu->sim;
	struct frame *f = &cpu->frame[--cpu->frames];
	bool outermost = cpu->frames == cpu->irq_frames;
	struct entry e = {
		.cpu = cpu->node->id,
		.count = cpu->entries++,
		.op = f->op,
		.pieces = f->pieces,
		.context = cpu->context,
		.whole = outermost && f->op != OP_DRAIN,
		.start = f->start,
		.lines_read = cpu->lines_read - f->lines_read,
		.lines_written = cpu->lines_written - f->lines_written,
		.live = live_bytes,
		.footprint = footprint_bytes,
	};

	if (cpu->clock - f->start < f->pieces * UNIT) /* each piece takes a cycle at least */
		pass(cpu, f->pieces * UNIT, CAUSE_COMPUTE);
	if (sim->moments)
		observe_moment(cpu, &(struct moment){ .kind = MOMENT_OP_END, .op = f->op });
	e.time = cpu->clock;
	e.units = cpu->clock - f->start - (cpu->irq_units - f->irq_units);
	cpu->context = f->context;
	if (outermost)
		cpu->op_serial = cpu->in_irq ? 0 : 1;
	entry_push(sim, &e);
}

enum waiting waiting(struct cpu *cpu, enum waiting what)
{
	enum waiting was = cpu->waiting;

	if (what == WAITING_LOCK) {
		cpu->wait_since = cpu->clock;
		observe_moment(cpu, &(struct moment){ .kind = MOMENT_LOCK_WAIT });
	}
	cpu->waiting = what;
	cpu_plain(cpu);
	return was;
}

bool run_over(struct cpu *cpu)
{
	sync_access(cpu);
	return cpu->sim->phase == PHASE_OVER;
}
