/*
 * The queued spinlock of 4.2 and later (facts: pagealloc.md 0.3.2): each way to the lock, access by
 * access; who waits where; the order; nesting; exclusion. The word is named by the bytes touched:
 * val 4, locked_pending 2, locked, pending 1, tail the upper 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim.h"
#include "sim/verbs/arena.h"
#include "sim/verbs/lock.h"
#include "tests/engine_fixture.h"

enum { CPUS = 5 };

struct guarded {
	_Alignas(LINE) struct spinlock lock;
	_Alignas(LINE) uint64_t count, inside;
};

struct run {
	struct sim *sim;
	struct guarded *g;
	uint64_t arrive[CPUS], hold[CPUS];      /* cycles */
	char text[CPUS][1000];                  /* what each CPU touched of the lock and the queue */
	unsigned order[100], taken;
	unsigned handled;
};

static const char *part_of_word(const struct access *a, const struct spinlock *lock)
{
	if (a->address == (const void *)&lock->tail)
		return "tail";
	if (a->address == (const void *)&lock->pending)
		return "pending";
	return a->size == 4 ? "val" : a->size == 2 ? "locked_pending" : "locked";
}

/* "A val, R val, W q2[0].next, "; a read that repeats the one before it is not told again. */
static void note(void *to, const struct access *a)
{
	struct run *run = to;
	char *text = run->text[a->cpu], name[100], step[120], how = 'R';
	size_t at = strlen(text), length;

	if (a->locked)
		how = 'A';
	else if (a->write)
		how = a->read ? 'M' : 'W';
	sim_describe(run->sim, a->address, name, sizeof name);
	if (a->line == sim_offset(run->sim, &run->g->lock) / LINE * LINE)
		snprintf(step, sizeof step, "%c %s, ", how, part_of_word(a, &run->g->lock));
	else if (!strncmp(name, "qnodes[", 7))
		snprintf(step, sizeof step, "%c q%s, ", how, name + 7);
	else
		return;
	length = strlen(step);
	if (how == 'R' && at >= length && !strcmp(text + at - length, step))
		return;
	snprintf(text + at, sizeof run->text[0] - at, "%s", step);
}

static struct run run_new(unsigned cpus)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, cpus);
	struct run run = { .sim = engine_sim(&options) };

	run.g = arena_new(run.sim, struct guarded, 1, 0, LINE, NULL, "guarded");
	spin_lock_init(&run.g->lock, LOCK_QUEUED);
	return run;
}

static void run_to_end(struct run *run)
{
	assert_int_equal(sim_run(run->sim), OUTCOME_DONE);
	assert_false(spin_lock_is_held(&run->g->lock, LOCK_QUEUED));
	sim_free(run->sim);
}

static void takes_it_once(struct cpu *cpu, void *argument)
{
	struct run *run = argument;
	unsigned id = cpu_id(cpu);

	compute_cycles(cpu, run->arrive[id]);
	spin_lock(cpu, &run->g->lock, LOCK_QUEUED);
	run->order[run->taken++] = id;
	compute_cycles(cpu, run->hold[id]);
	spin_unlock(cpu, &run->g->lock, LOCK_QUEUED);
}

/* CPU 0 holds it while the others come, one after another. */
static void come_in_order(struct run *run, unsigned cpus)
{
	sim_observe(run->sim, note, run);
	for (unsigned id = 0; id < cpus; id++) {
		run->arrive[id] = 1 + 2000 * id;
		run->hold[id] = id ? 500 : 20000;
		thread_start(run->sim, id, takes_it_once, run);
	}
	run_to_end(run);
	assert_int_equal(run->taken, cpus);
	for (unsigned id = 0; id < cpus; id++)
		assert_int_equal(run->order[id], id);
}

/* A cmpxchg 0 -> 1; unlock: a plain store of a byte. */
static void nobody_waits(void **state)
{
	struct run run = run_new(1);

	(void)state;
	come_in_order(&run, 1);
	assert_string_equal(run.text[0], "A val, W locked, ");
}

/* (3) A set-pending, spin R locked, W "locked=1,pending=0". */
#define AS_PENDING "A val, A val, R val, R locked, W locked_pending, W locked, "

static void the_first_waiter_spins_on_the_word(void **state)
{
	struct run run = run_new(2);

	(void)state;
	come_in_order(&run, 2);
	assert_string_equal(run.text[0], "A val, W locked, ");
	assert_string_equal(run.text[1], AS_PENDING);
}

/* (2), (4): init node, one more trylock (a read: it is held), A xchg of the tail; ... */
#define ENQUEUE(id) \
	"A val, M q" id "].node[0].count, W q" id "].node[0].locked, W q" id "].node[0].next, " \
	"R val, A tail, "
#define LEAVE(id) "M q" id "].node[0].count, "

/* ... nobody before it: head at once, R val until nobody holds it or is pending; the only one
 * queued: A cmpxchg to "locked, no tail". */
static void the_second_waiter_queues(void **state)
{
	struct run run = run_new(3);

	(void)state;
	come_in_order(&run, 3);
	assert_string_equal(run.text[1], AS_PENDING);
	assert_string_equal(run.text[2], ENQUEUE("2") "R val, A val, " LEAVE("2") "W locked, ");
}

/*
 * ... CPU 3 has CPU 2 before it: W its next, spin on the own locked. CPU 2, not the last, only
 * stores locked = 1, finds next at once and W next->locked. CPU 4 behind CPU 3 in the same way.
 */
static void those_behind_spin_in_their_own_place(void **state)
{
	struct run run = run_new(5);

	(void)state;
	come_in_order(&run, 5);
	assert_string_equal(run.text[0], "A val, W locked, ");
	assert_string_equal(run.text[1], AS_PENDING);
	assert_string_equal(run.text[2],
			    ENQUEUE("2") "R val, W locked, R q2].node[0].next, "
			    "W q3].node[0].locked, " LEAVE("2") "W locked, ");
	assert_string_equal(run.text[3],
			    ENQUEUE("3") "W q2].node[0].next, R q3].node[0].locked, "
			    "R val, W locked, R q3].node[0].next, "
			    "W q4].node[0].locked, " LEAVE("3") "W locked, ");
	assert_string_equal(run.text[4],
			    ENQUEUE("4") "W q3].node[0].next, R q4].node[0].locked, "
			    "R val, A val, " LEAVE("4") "W locked, ");
}

/* ---- states that are seen for a moment: the word is set by hand ----------------------------------- */

struct odd {
	struct run run;
	uint32_t first, then;           /* the word at first, and 5000 cycles later */
};

static void sets_the_word(struct cpu *cpu, void *argument)
{
	struct odd *odd = argument;

	compute_cycles(cpu, 5000);
	store(cpu, &odd->run.g->lock.val, odd->then);
}

static void comes_early(struct cpu *cpu, void *argument)
{
	struct odd *odd = argument;

	spin_lock(cpu, &odd->run.g->lock, LOCK_QUEUED);
	spin_unlock(cpu, &odd->run.g->lock, LOCK_QUEUED);
}

/* (1) exactly "pending only": wait for the hand-over, here until the word is free; then, as from
 * any value without pending or tail, set pending: it is free, so `locked` is read once. */
static void a_hand_over_is_waited_for(void **state)
{
	struct odd odd = { .run = run_new(2) };

	(void)state;
	odd.run.g->lock.val = QUEUED_PENDING;
	sim_observe(odd.run.sim, note, &odd.run);
	thread_start(odd.run.sim, 0, sets_the_word, &odd);
	thread_start(odd.run.sim, 1, comes_early, &odd);
	run_to_end(&odd.run);
	assert_string_equal(odd.run.text[1],
			    "A val, R val, A val, R val, R locked, W locked_pending, W locked, ");
}

/* "(3) ... if it then turns out somebody else is queued -> clear pending and queue": CPU 1 reads
 * "locked" in its cmpxchg; before its bts the word gets a tail. */
static void gets_a_tail(void *to, const struct access *a)
{
	struct odd *odd = to;

	note(&odd->run, a);
	if (a->cpu == 1 && !strcmp(odd->run.text[1], "A val, "))
		odd->run.g->lock.val = odd->then;
}

/* Tail 4: place 0 of CPU 0. The owner leaves and a free word lets CPU 1 in, as head behind CPU 0,
 * which hands over. */
static void hands_over(struct cpu *cpu, void *argument)
{
	struct odd *odd = argument;
	struct mcs {
		struct mcs *next;
		int32_t locked;
	} *first = percpu_lock_queue(odd->run.sim, 0), *behind;

	compute_cycles(cpu, 5000);
	store(cpu, &odd->run.g->lock.locked, 0);
	behind = load(cpu, &first->next);
	store(cpu, &behind->locked, 1);
}

static void pending_is_taken_back_where_others_queue(void **state)
{
	struct odd odd = { .run = run_new(2), .then = 4u << QUEUED_TAIL_SHIFT | QUEUED_LOCKED };

	(void)state;
	odd.run.g->lock.val = QUEUED_LOCKED;
	sim_observe(odd.run.sim, gets_a_tail, &odd);
	thread_start(odd.run.sim, 0, hands_over, &odd);
	thread_start(odd.run.sim, 1, comes_early, &odd);
	run_to_end(&odd.run);
	assert_string_equal(odd.run.text[1],
			    "A val, A val, R val, W pending, M q1].node[0].count, "
			    "W q1].node[0].locked, W q1].node[0].next, R val, A tail, "
			    "W q0].node[0].next, R q1].node[0].locked, R val, A val, "
			    LEAVE("1") "W locked, ");
}

/* ---- trylock, is_contended ------------------------------------------------------------------------ */

static void tries(struct cpu *cpu, void *argument)
{
	struct run *run = argument;
	struct spinlock *lock = &run->g->lock;
	bool first = spin_trylock(cpu, lock, LOCK_QUEUED);
	bool again = spin_trylock(cpu, lock, LOCK_QUEUED);
	bool alone = spin_is_contended(cpu, lock, LOCK_QUEUED);

	assert_true(first && !again && !alone);
	lock->pending = 1;
	assert_true(spin_is_contended(cpu, lock, LOCK_QUEUED));
	lock->pending = 0;
	lock->tail = 4;
	assert_true(spin_is_contended(cpu, lock, LOCK_QUEUED));
	lock->tail = 0;
	spin_unlock(cpu, lock, LOCK_QUEUED);
}

/* R, A cmpxchg; nonzero: R and no more; is_contended: R each. */
static void a_failed_trylock_is_a_read(void **state)
{
	struct run run = run_new(1);

	(void)state;
	sim_observe(run.sim, note, &run);
	thread_start(run.sim, 0, tries, &run);
	run_to_end(&run);
	assert_string_equal(run.text[0], "R val, A val, R val, W locked, ");
}

static void ticket_contended(struct cpu *cpu, void *argument)
{
	struct spinlock *lock = argument;

	spin_lock(cpu, lock, LOCK_TICKET);
	assert_false(spin_is_contended(cpu, lock, LOCK_TICKET));
	lock->next++;
	assert_true(spin_is_contended(cpu, lock, LOCK_TICKET));
	lock->next--;
	spin_unlock(cpu, lock, LOCK_TICKET);
	lock->owner = lock->next = UINT16_MAX;
	spin_lock(cpu, lock, LOCK_TICKET);
	assert_false(spin_is_contended(cpu, lock, LOCK_TICKET));
	assert_true(spin_lock_is_held(lock, LOCK_TICKET));
	spin_unlock(cpu, lock, LOCK_TICKET);
}

/* 0.3.1: true if tail - head > 1, the owner's own ticket being one; they run over. */
static void a_ticket_lock_tells_of_waiters(void **state)
{
	struct run run = run_new(1);

	(void)state;
	thread_start(run.sim, 0, ticket_contended, &run.g->lock);
	run_to_end(&run);
}

/* ---- nesting ------------------------------------------------------------------------------------- */

static void handler(struct cpu *cpu, void *argument)
{
	struct run *run = argument;

	spin_lock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
	run->handled++;
	spin_unlock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
}

static void holds_both(struct cpu *cpu, void *argument)
{
	struct run *run = argument;

	spin_lock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
	spin_lock(cpu, &run->g->lock, LOCK_QUEUED);
	compute_cycles(cpu, 20000);
	spin_unlock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
	compute_cycles(cpu, 20000);
	spin_unlock(cpu, &run->g->lock, LOCK_QUEUED);
}

static void waits_for_the_other(struct cpu *cpu, void *argument)
{
	struct run *run = argument;

	compute_cycles(cpu, 2000 + 100 * cpu_id(cpu));
	spin_lock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
	spin_unlock(cpu, (struct spinlock *)&run->g->count, LOCK_QUEUED);
}

/* CPU 3 waits in place 0 for one lock; its handler queues for another and gets place 1. */
static void a_handler_gets_a_place_of_its_own(void **state)
{
	struct run run = run_new(5);

	(void)state;
	sim_observe(run.sim, note, &run);
	for (unsigned id = 0; id < 5; id++)
		run.arrive[id] = 1000 * id;
	thread_start(run.sim, 0, holds_both, &run);
	thread_start(run.sim, 1, takes_it_once, &run);
	thread_start(run.sim, 2, takes_it_once, &run);
	thread_start(run.sim, 3, takes_it_once, &run);
	thread_start(run.sim, 4, waits_for_the_other, &run);
	timer_add(run.sim, 3, 6000, 0, handler, &run);
	run_to_end(&run);
	assert_int_equal(run.handled, 1);
	assert_non_null(strstr(run.text[3], "M q3].node[0].count, W q3].node[1].locked, "
					    "W q3].node[1].next, "));
}

/* ---- exclusion ----------------------------------------------------------------------------------- */

static void adds(struct cpu *cpu, void *argument)
{
	struct run *run = argument;
	struct guarded *g = run->g;

	for (unsigned i = 0; i < 40; i++) {
		spin_lock(cpu, &g->lock, LOCK_QUEUED);
		uint64_t count = load(cpu, &g->count), inside = load(cpu, &g->inside);

		if (inside)
			BUG(cpu, "two CPUs in the critical section");
		store(cpu, &g->inside, 1);
		compute_cycles(cpu, random_below(cpu, 200));
		store(cpu, &g->count, count + 1);
		store(cpu, &g->inside, 0);
		spin_unlock(cpu, &g->lock, LOCK_QUEUED);
		compute_cycles(cpu, random_below(cpu, 600));
	}
}

static void it_excludes(void **state)
{
	(void)state;
	for (unsigned cpus = 2; cpus <= CPUS; cpus++) {
		struct run run = run_new(cpus);
		struct result *result;

		for (unsigned id = 0; id < cpus; id++)
			thread_start(run.sim, id, adds, &run);
		assert_int_equal(sim_run(run.sim), OUTCOME_DONE);
		assert_int_equal(run.g->count, 40 * cpus);
		assert_int_equal(run.g->lock.val, 0);
		result = sim_result(run.sim);
		assert_int_equal(result->locks, 1);
		assert_string_equal(result->lock[0].kind, "queued");
		assert_int_equal(result->lock[0].taken, 40 * cpus);
		assert_in_range(result->lock[0].contended, 1, 40 * cpus - 1);
		result_free(result);
		sim_free(run.sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits),
		cmocka_unit_test(the_first_waiter_spins_on_the_word),
		cmocka_unit_test(the_second_waiter_queues),
		cmocka_unit_test(those_behind_spin_in_their_own_place),
		cmocka_unit_test(a_hand_over_is_waited_for),
		cmocka_unit_test(pending_is_taken_back_where_others_queue),
		cmocka_unit_test(a_failed_trylock_is_a_read),
		cmocka_unit_test(a_ticket_lock_tells_of_waiters),
		cmocka_unit_test(a_handler_gets_a_place_of_its_own),
		cmocka_unit_test(it_excludes),
	};

	return cmocka_run_group_tests_name("queued lock", tests, NULL, NULL);
}
