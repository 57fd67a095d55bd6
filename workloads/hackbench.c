/*
 * hackbench: groups of senders and receivers pass messages through AF_UNIX stream sockets.
 *
 *	group   sender 0 .. n-1   each writes `loops` messages to each of n sockets, by turns
 *	        socket 0 .. n-1   receive queue of at most `limit` messages
 *	        receiver 0 .. n-1 each reads its own socket
 *	CPU     a run queue of tasks; the first runs until it blocks or its slice is over
 *
 * Follows: rt-tests' hackbench, and the path of a message in Linux 2.6.39 (workloads.md B). A
 * message is an sk_buff head (256 bytes) and data (100 bytes, with skb_shared_info 448: kmalloc-512),
 * allocated where its sender runs and freed where its receiver runs. Besides, a sender adds to its
 * socket's count of memory, takes the lock of the receive queue, links the message behind the last
 * one, and wakes a receiver that waits: its wait queue and the run queue of a CPU are written.
 *
 * Which CPU frees is decided by the scheduler alone, of which this is modelled: a task runs until it
 * blocks or its slice ends; a sender writes to its sockets by turns until all are full; a receiver
 * reads until its queue is empty; who is woken runs on the waking CPU with probability `p_same`, else
 * on any. Run queues are host memory, under a lock that is simulated. An idle CPU waits for a
 * change of its run queue.
 *
 * Three numbers decide what an allocator sees, and are told with each run: the share of objects that
 * are freed on the CPU that allocated them, how many allocations a CPU makes in a row before it
 * frees, and how many objects a queue holds.
 *
 * Left out: the cost of a switch, load balancing between run queues, accept and setup of sockets.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/skb.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

struct hackbench {
	uint64_t groups, fds, loops, message_bytes, limit, slice_cycles, work_cycles;
	double p_same;
	int gfp;
	struct distribution work;
};

enum { MILLION = 1000000, OBJECTS_PER_MESSAGE = 2 };

/* clang-format off */
static const struct setting hackbench_settings[] = {
	SETTING(struct hackbench, groups,        COUNT, .min = 1, .max = 1000, .fallback = "10",
		.help = "groups of senders and receivers"),
	SETTING(struct hackbench, fds,           COUNT, .min = 1, .max = 100, .fallback = "20",
		.help = "senders of a group, and receivers, and sockets"),
	SETTING(struct hackbench, loops,         COUNT, .min = 1, .max = 1e6, .fallback = "5",
		.help = "messages of each sender to each receiver; in the original 100"),
	SETTING(struct hackbench, message_bytes, BYTES, .min = 1, .max = 4096, .fallback = "100",
		.unit = "bytes", .help = "of a message"),
	SETTING(struct hackbench, limit,         COUNT, .min = 1, .max = 1e6, .fallback = "340",
		.help = "messages that wait in a socket at most: 340 until 3.1, 277 since 3.2"),
	SETTING(struct hackbench, slice_cycles,  COUNT, .min = 1, .max = 1e12, .fallback = "2400000",
		.unit = "cycles", .help = "that a task runs at a time; the default is 1 ms at 2.4 GHz"),
	SETTING(struct hackbench, p_same,        REAL,  .min = 0, .max = 1, .fallback = "0.25",
		.help = "share of the wake-ups after which a task runs on the CPU that woke it, else anywhere"),
	SETTING(struct hackbench, gfp,           WORD,  .words = gfp_words, .fallback = "kernel",
		.help = "kernel: an allocation may sleep; atomic: interrupts stay as they are"),
	SETTING(struct hackbench, work_cycles,   COUNT, .min = 0, .max = 1e9, .fallback = "500",
		.unit = "cycles", .help = "system call and copying of a message on each side, in the mean"),
	SETTING_WORK(struct hackbench, "exponential"),
	{ 0 },
};
/* clang-format on */

/* ---- simulated memory ----------------------------------------------------------------------- */

struct socket {
	_Alignas(LINE) struct spinlock lock;    /* of the receive queue */
	uint64_t count;                 /* messages in it */
	struct skb *head, *tail;
	_Alignas(LINE) uint64_t wait_queue;     /* written by who wakes the receiver */
	uint64_t sleepers;              /* senders that wait for room; under the lock */
	_Alignas(LINE) uint64_t wmem;   /* bytes that the sending side has on the way */
};

static const struct field socket_fields[] = {
	FIELD(struct socket, lock),
	FIELD(struct socket, count),
	FIELD(struct socket, head),
	FIELD(struct socket, tail),
	FIELD(struct socket, wait_queue),
	FIELD(struct socket, sleepers),
	FIELD(struct socket, wmem),
	{ 0 },
};
static const struct layout socket_layout = {
	"socket", sizeof(struct socket), CLASS_WORKLOAD, socket_fields
};

struct run_queue {
	_Alignas(LINE) struct spinlock lock;
	uint64_t changes;               /* tasks that ever came; an idle CPU looks at it */
};

static const struct field run_queue_fields[] = {
	FIELD(struct run_queue, lock),
	FIELD(struct run_queue, changes),
	{ 0 },
};
static const struct layout run_queue_layout = {
	"run_queue", sizeof(struct run_queue), CLASS_WORKLOAD, run_queue_fields
};

static const struct layout finished_layout = { "finished", sizeof(uint64_t), CLASS_WORKLOAD, NULL };

/* ---- host memory ---------------------------------------------------------------------------- */

struct task {
	struct task *next;              /* in a run queue, or of those who wait for room */
	bool sends;
	unsigned group, number;
	uint64_t left;                  /* messages to read, or to write to all sockets together */
	uint32_t *to_write;             /* of a sender: messages left, by socket */
	unsigned turn;                  /* of a sender: the socket that is next */
};

struct tasks {                          /* first in, first out */
	struct task *first, **end;
};

/* What belongs to a socket and is touched under its lock. */
struct socket_host {
	struct socket *socket;
	struct task *receiver;          /* waits for a message; NULL: it does not */
	struct tasks senders;           /* wait for room */
};

struct thread {
	struct state *all;
	struct draws work, place;
	struct tasks ready;             /* under the run queue's lock */
	struct run_queue *run_queue;    /* simulated */
	uint64_t seen;                  /* of run_queue->changes */
	/* for the three numbers; this CPU's alone */
	uint64_t frees, own_frees, allocations, runs, queued, samples;
	bool allocated_last;
};

struct state {
	struct traffic *traffic;
	struct hackbench set;
	struct skb_source source;
	struct work *work;
	unsigned cpus, tasks;
	struct socket_host *socket;     /* by group and number */
	struct task *task;
	struct thread *thread;          /* by CPU */
	uint64_t *finished;             /* simulated: tasks that are done */
};

static struct socket_host *socket_of(const struct state *all, unsigned group, unsigned number)
{
	return &all->socket[group * all->set.fds + number];
}

static void tasks_add(struct tasks *tasks, struct task *task)
{
	if (!tasks->first)
		tasks->end = &tasks->first;
	task->next = NULL;
	*tasks->end = task;
	tasks->end = &task->next;
}

static struct task *tasks_take(struct tasks *tasks)
{
	struct task *task = tasks->first;

	if (task)
		tasks->first = task->next;
	return task;
}

/* ---- the scheduler -------------------------------------------------------------------------- */

/* The task becomes the last in the run queue of CPU `id`. */
static void enqueue(struct cpu *cpu, struct state *all, unsigned id, struct task *task)
{
	struct thread *thread = &all->thread[id];

	spin_lock(cpu, &thread->run_queue->lock, LOCK_TICKET);
	tasks_add(&thread->ready, task);
	fetch_add_local(cpu, &thread->run_queue->changes, 1);
	spin_unlock(cpu, &thread->run_queue->lock, LOCK_TICKET);
}

/* try_to_wake_up: on this CPU, or on any. */
static void wake(struct cpu *cpu, struct thread *thread, struct task *task)
{
	struct state *all = thread->all;
	bool same = draws_below(&thread->place, MILLION) < (uint64_t)(all->set.p_same * MILLION);
	unsigned id = same ? cpu_id(cpu) : (unsigned)draws_below(&thread->place, all->cpus);

	enqueue(cpu, all, id, task);
}

/* The next task of this CPU; NULL: there is none. */
static struct task *pick(struct cpu *cpu, struct thread *thread)
{
	struct task *task;

	spin_lock(cpu, &thread->run_queue->lock, LOCK_TICKET);
	task = tasks_take(&thread->ready);
	thread->seen = load(cpu, &thread->run_queue->changes);
	spin_unlock(cpu, &thread->run_queue->lock, LOCK_TICKET);
	return task;
}

/* ---- a message ------------------------------------------------------------------------------ */

static void count_allocation(struct thread *thread)
{
	thread->runs += !thread->allocated_last;
	thread->allocated_last = true;
	thread->allocations += OBJECTS_PER_MESSAGE;
}

static void count_free(struct thread *thread, bool own)
{
	thread->allocated_last = false;
	thread->frees += OBJECTS_PER_MESSAGE;
	thread->own_frees += own ? OBJECTS_PER_MESSAGE : 0;
}

static struct skb *message_new(struct cpu *cpu, struct thread *thread, struct socket *socket)
{
	struct state *all = thread->all;
	struct skb *skb;

	work_do(cpu, all->work, &thread->work, all->set.work_cycles);
	skb = skb_head_new(cpu, &all->source);
	skb_data_new(cpu, &all->source, skb, (uint32_t)all->set.message_bytes);
	count_allocation(thread);
	fetch_add(cpu, &socket->wmem, all->set.message_bytes);
	return skb;
}

/* Behind the last message; a receiver that waits is woken. */
static void send(struct cpu *cpu, struct thread *thread, struct socket_host *host)
{
	struct socket *socket = host->socket;
	struct skb *skb = message_new(cpu, thread, socket), *tail;
	struct task *receiver;
	uint64_t count;

	spin_lock(cpu, &socket->lock, LOCK_TICKET);
	tail = load(cpu, &socket->tail);
	store(cpu, &skb->next, NULL);
	store(cpu, &skb->prev, tail);
	if (tail)
		store(cpu, &tail->next, skb);
	else
		store(cpu, &socket->head, skb);
	store(cpu, &socket->tail, skb);
	count = fetch_add_local(cpu, &socket->count, 1) + 1;
	receiver = host->receiver;
	host->receiver = NULL;
	spin_unlock(cpu, &socket->lock, LOCK_TICKET);
	thread->queued += count;
	thread->samples++;
	if (receiver) {
		fetch_add_local(cpu, &socket->wait_queue, 1);
		wake(cpu, thread, receiver);
	}
}

/* The first message; NULL: there is none, and the task waits for one. */
static struct skb *receive(struct cpu *cpu, struct socket_host *host, struct task *task)
{
	struct socket *socket = host->socket;
	struct skb *skb;

	spin_lock(cpu, &socket->lock, LOCK_TICKET);
	skb = load(cpu, &socket->head);
	if (skb) {
		struct skb *next = load(cpu, &skb->next);

		store(cpu, &socket->head, next);
		if (next)
			store(cpu, &next->prev, NULL);
		else
			store(cpu, &socket->tail, NULL);
		fetch_add_local(cpu, &socket->count, -1);
	} else {
		host->receiver = task;
	}
	spin_unlock(cpu, &socket->lock, LOCK_TICKET);
	return skb;
}

/* Somebody who waits for room in this socket, once it is half empty. */
static void wake_sender(struct cpu *cpu, struct thread *thread, struct socket_host *host)
{
	struct socket *socket = host->socket;
	uint64_t sleepers = load(cpu, &socket->sleepers), count;
	struct task *sender = NULL;

	if (!sleepers)
		return;
	spin_lock(cpu, &socket->lock, LOCK_TICKET);
	count = load(cpu, &socket->count);
	if (count <= thread->all->set.limit / 2)
		sender = tasks_take(&host->senders);
	if (sender)
		fetch_add_local(cpu, &socket->sleepers, -1);
	spin_unlock(cpu, &socket->lock, LOCK_TICKET);
	if (sender)
		wake(cpu, thread, sender);
}

static void message_free(struct cpu *cpu, struct thread *thread, struct socket *socket,
			 struct skb *skb)
{
	struct state *all = thread->all;
	uint64_t owner;

	work_do(cpu, all->work, &thread->work, all->set.work_cycles);
	skb_read(cpu, &all->source, skb);
	owner = load(cpu, &skb->cpu);
	fetch_add(cpu, &socket->wmem, -all->set.message_bytes);
	skb_free(cpu, &all->source, skb);
	count_free(thread, owner == cpu_id(cpu));
}

/* ---- tasks ---------------------------------------------------------------------------------- */

enum end { DONE, BLOCKED, SLICE_OVER };

/* The next socket by turns that this sender has something for and that has room; NULL: none. */
static struct socket_host *next_socket(struct cpu *cpu, const struct state *all, struct task *task)
{
	for (unsigned i = 0; i < all->set.fds; i++) {
		unsigned at = (task->turn + i) % (unsigned)all->set.fds;
		struct socket_host *host = socket_of(all, task->group, at);
		uint64_t count;

		if (!task->to_write[at])
			continue;
		count = load(cpu, &host->socket->count);
		if (count < all->set.limit) {
			task->turn = at;
			return host;
		}
	}
	return NULL;
}

/* All sockets are full: waits for the next one; false: that has room after all. */
static bool wait_for_room(struct cpu *cpu, const struct state *all, struct task *task)
{
	struct socket_host *host;
	uint64_t count;

	while (!task->to_write[task->turn])
		task->turn = (task->turn + 1) % (unsigned)all->set.fds;
	host = socket_of(all, task->group, task->turn);
	spin_lock(cpu, &host->socket->lock, LOCK_TICKET);
	count = load(cpu, &host->socket->count);
	if (count >= all->set.limit) {
		tasks_add(&host->senders, task);
		fetch_add_local(cpu, &host->socket->sleepers, 1);
	}
	spin_unlock(cpu, &host->socket->lock, LOCK_TICKET);
	return count >= all->set.limit;
}

static enum end run_sender(struct cpu *cpu, struct thread *thread, struct task *task,
			   uint64_t until)
{
	struct state *all = thread->all;

	while (task->left) {
		struct socket_host *host = next_socket(cpu, all, task);

		if (!host) {
			if (wait_for_room(cpu, all, task))
				return BLOCKED;
			continue;
		}
		task->to_write[task->turn]--;
		task->left--;
		task->turn = (task->turn + 1) % (unsigned)all->set.fds;
		send(cpu, thread, host);
		if (cpu_clock(cpu) >= until)
			return SLICE_OVER;
	}
	return DONE;
}

static enum end run_receiver(struct cpu *cpu, struct thread *thread, struct task *task,
			     uint64_t until)
{
	struct state *all = thread->all;
	struct socket_host *host = socket_of(all, task->group, task->number);

	while (task->left) {
		struct skb *skb = receive(cpu, host, task);

		if (!skb)
			return BLOCKED;
		task->left--;
		message_free(cpu, thread, host->socket, skb);
		wake_sender(cpu, thread, host);
		if (cpu_clock(cpu) >= until)
			return SLICE_OVER;
	}
	return DONE;
}

/* The last task to be done tells all CPUs. */
static void task_done(struct cpu *cpu, struct state *all)
{
	if (fetch_add(cpu, all->finished, 1) + 1 < all->tasks)
		return;
	for (unsigned id = 0; id < all->cpus; id++)
		fetch_add(cpu, &all->thread[id].run_queue->changes, 1);
}

/* Waits for a task, or for the end of all. */
static void idle(struct cpu *cpu, struct thread *thread)
{
	enum waiting before = waiting(cpu, WAITING_IDLE);

	spin_while(cpu, &thread->run_queue->changes, value == thread->seen, STEP_PAUSE);
	waiting(cpu, before);
}

/* The length of a slice in the clock's own units, by a piece of work of known length. */
static uint64_t measure_slice(struct cpu *cpu, uint64_t slice_cycles)
{
	enum { PIECE = 1024 };
	uint64_t before = cpu_clock(cpu);

	compute_cycles(cpu, PIECE);
	return (cpu_clock(cpu) - before) / PIECE * slice_cycles;
}

static void cpu_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;
	uint64_t slice = measure_slice(cpu, all->set.slice_cycles);

	for (;;) {
		struct task *task = pick(cpu, thread);
		uint64_t finished, until;
		enum end end;

		if (!task) {
			finished = load(cpu, all->finished);
			if (finished == all->tasks)
				return;
			idle(cpu, thread);
			continue;
		}
		until = cpu_clock(cpu) + slice;
		end = task->sends ? run_sender(cpu, thread, task, until)
				  : run_receiver(cpu, thread, task, until);
		if (end == SLICE_OVER)
			enqueue(cpu, all, cpu_id(cpu), task);
		else if (end == DONE)
			task_done(cpu, all);
	}
}

/* ---- set-up --------------------------------------------------------------------------------- */

static void socket_setup(struct socket *socket, struct socket_host *host)
{
	spin_lock_init(&socket->lock, LOCK_TICKET);
	host->socket = socket;
}

/* Sender, or receiver, `number` of a group. */
static void task_setup(struct state *all, unsigned group, unsigned number, bool sends)
{
	const struct hackbench *set = &all->set;
	unsigned fds = (unsigned)set->fds, id = (2 * group + !sends) * fds + number;
	struct task *task = &all->task[id];

	*task = (struct task){ .sends = sends, .group = group, .number = number,
			       .left = set->loops * fds, .turn = number };
	if (sends) {
		task->to_write = xalloc(fds * sizeof *task->to_write);
		for (unsigned i = 0; i < fds; i++)
			task->to_write[i] = (uint32_t)set->loops;
	}
	if (sends)
		tasks_add(&all->thread[id % all->cpus].ready, task);
	else                            /* it was started first, and waits */
		socket_of(all, group, number)->receiver = task;
}

static void threads_setup(struct state *all)
{
	struct sim *sim = all->traffic->sim;

	all->thread = xalloc(all->cpus * sizeof *all->thread);
	for (unsigned id = 0; id < all->cpus; id++) {
		struct thread *thread = &all->thread[id];

		thread->all = all;
		thread->work = draws_new(sim, id, 0);
		thread->place = draws_new(sim, id, 1);
		thread->run_queue = arena_new(sim, struct run_queue, 1, node_of_cpu(sim, id), LINE,
					      &run_queue_layout, "run_queue");
		spin_lock_init(&thread->run_queue->lock, LOCK_TICKET);
		thread_start(sim, id, cpu_thread, thread);
	}
}

static bool hackbench_operations(const void *settings, unsigned cpus, uint64_t *warmup,
				 uint64_t *operations, char *why, size_t size)
{
	const struct hackbench *set = settings;
	uint64_t messages = set->groups * set->fds * set->fds * set->loops;
	uint64_t all = 2 * OBJECTS_PER_MESSAGE * messages;

	(void)cpus, (void)why, (void)size;
	*warmup = all / 10;
	*operations = all - *warmup;
	return true;
}

static bool hackbench_create(struct traffic *traffic, const void *settings, void **state,
			     char *why, size_t size)
{
	const struct hackbench *set = settings;
	unsigned sockets = (unsigned)(set->groups * set->fds);
	struct state *all = xalloc(sizeof *all);
	struct socket *socket;

	(void)why, (void)size;
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = sim_cpus(traffic->sim);
	all->tasks = 2 * sockets;
	all->source = skb_source_new(traffic, 0);
	traffic->gfp = set->gfp == GFP_WORD_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	all->work = work_new(&set->work);
	all->socket = xalloc(sockets * sizeof *all->socket);
	all->task = xalloc(all->tasks * sizeof *all->task);
	all->finished = arena_new(traffic->sim, uint64_t, 1, 0, LINE, &finished_layout, "finished");
	socket = arena_new(traffic->sim, struct socket, sockets, 0, LINE, &socket_layout, "socket");
	for (unsigned i = 0; i < sockets; i++)
		socket_setup(&socket[i], &all->socket[i]);
	threads_setup(all);
	for (unsigned group = 0; group < set->groups; group++)
		for (unsigned i = 0; i < 2 * set->fds; i++)
			task_setup(all, group, i % (unsigned)set->fds, i < set->fds);
	return true;
}

static bool hackbench_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->tasks; i++)
		free(all->task[i].to_write);
	work_free(all->work);
	free(all->socket);
	free(all->task);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

/* Tenths of a quotient, rounded. */
static unsigned long long tenths(uint64_t sum, uint64_t count)
{
	return count ? (10 * sum + count / 2) / count : 0;
}

static void hackbench_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	uint64_t frees = 0, own = 0, allocations = 0, runs = 0, queued = 0, samples = 0;
	unsigned long long share, run, depth;
	char text[200];

	for (unsigned id = 0; id < all->cpus; id++) {
		const struct thread *thread = &all->thread[id];

		frees += thread->frees;
		own += thread->own_frees;
		allocations += thread->allocations;
		runs += thread->runs;
		queued += thread->queued;
		samples += thread->samples;
	}
	share = tenths(100 * own, frees);
	run = tenths(allocations, runs);
	depth = tenths(OBJECTS_PER_MESSAGE * queued, samples);
	snprintf(text, sizeof text,
		 "%llu.%llu %% of the objects are freed where they were allocated; %llu.%llu "
		 "allocations in a row; %llu.%llu objects in a queue",
		 share / 10, share % 10, run / 10, run % 10, depth / 10, depth % 10);
	line(to, text);
}

extern const struct workload hackbench;
const struct workload hackbench = {
	.name          = "hackbench",
	.summary       = "senders and receivers pass messages through sockets, as tasks of a scheduler",
	.settings      = hackbench_settings,
	.settings_size = sizeof(struct hackbench),
	.needs_objects = true,
	.operations    = hackbench_operations,
	.create        = hackbench_create,
	.finish        = hackbench_finish,
	.remarks       = hackbench_remarks,
};
