/*
 * burst: processes are born with many objects and give them all back when they exit.
 *
 *	CPU 0   fork: [o o o o o]  fork: [o o o o o]  ...  exit of the oldest, all at once
 *	        some exits happen on the next CPU: [. x] mailbox
 *
 * What fork and exit do with vm_area_structs, page tables and the like. Each CPU keeps `processes`
 * of them, of `objects` objects each; the oldest exits before a new one is born, on its own CPU or,
 * by `moved`, on the next, if that has nothing in its mailbox yet. The objects go in the order of
 * allocation or in reverse. A process's pointers are host memory: no access.
 *
 * Expect: the largest burst of an allocator decides; up to what caches hold nothing is shared.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

enum order { ORDER_REVERSE, ORDER_SAME };
static const char *const orders[] = { [ORDER_REVERSE] = "reverse", [ORDER_SAME] = "same", NULL };

struct burst {
	SUPPLY_MEMBERS;
	uint64_t objects, processes;
	double moved;
	int order;
};

enum { MILLION = 1000000 };

/* clang-format off */
static const struct setting burst_settings[] = {
	SUPPLY_SETTINGS(struct burst, "192"),
	SETTING(struct burst, objects,   COUNT, .min = 1, .max = 1e6, .fallback = "60",
		.help = "objects of a process"),
	SETTING(struct burst, processes, COUNT, .min = 1, .max = 1e5, .fallback = "4",
		.help = "processes that a CPU keeps alive"),
	SETTING(struct burst, moved,     REAL,  .min = 0, .max = 1, .fallback = "0.1",
		.help = "share of the processes that exit on the next CPU"),
	SETTING(struct burst, order,     WORD,  .words = orders, .fallback = "reverse",
		.help = "in which an exit frees: the newest first, or as allocated"),
	{ 0 },
};
/* clang-format on */

struct process {
	struct { void *object; uint32_t size; } *held;  /* [objects] */
};

struct mailbox {
	_Alignas(LINE) uint64_t process;        /* 1: the CPU before has sent one; 0: empty */
};

static const struct field mailbox_fields[] = {
	FIELD(struct mailbox, process),
	{ 0 },
};
static const struct layout mailbox_layout = {
	"mailbox", sizeof(struct mailbox), CLASS_WORKLOAD, mailbox_fields
};

struct thread {
	struct state *all;
	struct supplied supplied;
	struct draws move;
	struct process *process;        /* [processes], a ring */
	struct process sent;            /* the next CPU's while its mailbox is not empty */
	uint64_t born, gone;
};

struct state {
	struct burst set;
	struct supply supply;
	unsigned cpus;
	struct mailbox *mailbox;        /* by CPU; simulated */
	struct barrier *barrier;
	struct thread *thread;
};

static struct process *process_number(struct thread *thread, uint64_t number)
{
	return &thread->process[number % thread->all->set.processes];
}

static void fork_one(struct cpu *cpu, struct thread *thread)
{
	const struct state *all = thread->all;
	struct process *process = process_number(thread, thread->born++);

	for (uint64_t i = 0; i < all->set.objects; i++)
		process->held[i].object = supply_get(cpu, &all->supply, &thread->supplied,
						     &process->held[i].size);
}

static void exit_one(struct cpu *cpu, const struct state *all, const struct process *process)
{
	uint64_t count = all->set.objects;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = all->set.order == ORDER_REVERSE ? count - 1 - i : i;

		supply_put(cpu, &all->supply, process->held[at].object, process->held[at].size);
	}
}

/* What the CPU before has sent: the mailbox is emptied once it is done. */
static void open_mailbox(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	unsigned me = cpu_id(cpu);
	const struct thread *from = &all->thread[(me + all->cpus - 1) % all->cpus];
	uint64_t full = load(cpu, &all->mailbox[me].process);

	if (full) {
		exit_one(cpu, all, &from->sent);
		store(cpu, &all->mailbox[me].process, 0);
	}
}

static void exit_oldest(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	struct mailbox *next = &all->mailbox[(cpu_id(cpu) + 1) % all->cpus];
	bool moves = draws_below(&thread->move, MILLION) < (uint64_t)(all->set.moved * MILLION);
	struct process *oldest = process_number(thread, thread->gone++), process = *oldest;

	if (moves && all->cpus > 1) {
		uint64_t full = load(cpu, &next->process);

		if (!full) {
			*oldest = thread->sent;
			thread->sent = process;
			store(cpu, &next->process, 1);
			return;
		}
	}
	exit_one(cpu, all, &process);
}

static void burst_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;

	while (!run_over(cpu)) {
		if (thread->born - thread->gone == all->set.processes)
			exit_oldest(cpu, thread);
		fork_one(cpu, thread);
		open_mailbox(cpu, thread);
	}
	while (thread->gone < thread->born)
		exit_one(cpu, all, process_number(thread, thread->gone++));
	barrier_wait(cpu, all->barrier, all->cpus, 1);
	open_mailbox(cpu, thread);
}

static void thread_setup(struct state *all, struct traffic *traffic, unsigned id)
{
	struct thread *thread = &all->thread[id];
	size_t bytes = all->set.objects * sizeof *thread->sent.held;

	thread->all = all;
	thread->supplied = supplied_new(traffic->sim, id);
	thread->move = draws_new(traffic->sim, id, 0);
	thread->sent.held = xalloc(bytes);
	thread->process = xalloc(all->set.processes * sizeof *thread->process);
	for (uint64_t i = 0; i < all->set.processes; i++)
		thread->process[i].held = xalloc(bytes);
	thread_start(traffic->sim, id, burst_thread, thread);
}

static bool burst_create(struct traffic *traffic, const void *settings, void **state, char *why,
			 size_t size)
{
	const struct burst *set = settings;
	struct state *all = xalloc(sizeof *all);

	(void)why, (void)size;
	*state = all;
	all->set = *set;
	all->cpus = sim_cpus(traffic->sim);
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->barrier = barrier_new(traffic->sim);
	all->mailbox = arena_new(traffic->sim, struct mailbox, all->cpus, 0, LINE, &mailbox_layout,
				 "mailbox");
	all->thread = xalloc(all->cpus * sizeof *all->thread);
	for (unsigned id = 0; id < all->cpus; id++)
		thread_setup(all, traffic, id);
	return true;
}

static bool burst_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned id = 0; id < all->cpus; id++) {
		for (uint64_t i = 0; i < all->set.processes; i++)
			free(all->thread[id].process[i].held);
		free(all->thread[id].process);
		free(all->thread[id].sent.held);
	}
	supply_free(&all->supply);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload burst;
const struct workload burst = {
	.name          = "burst",
	.summary       = "processes are born with many objects and give all back when they exit",
	.settings      = burst_settings,
	.settings_size = sizeof(struct burst),
	.needs_objects = true,
	.create        = burst_create,
	.finish        = burst_finish,
};
