/* Random programs for the engine's tests; see program_fixture.h. */
#include "tests/program_fixture.h"

#include "sim/verbs/lock.h"
#include "sim/verbs/xalloc.h"

enum { SHARED_WORDS = 64, PRIVATE_WORDS = 512 };

struct shared {
	uint64_t word[SHARED_WORDS];            /* eight words a line: true and false sharing */
	_Alignas(LINE) struct spinlock dec;
	_Alignas(LINE) struct spinlock ticket;
	_Alignas(LINE) uint64_t bits;
	_Alignas(LINE) uint64_t guarded[3];
	_Alignas(LINE) uint64_t turn;
	_Alignas(LINE) struct pair pair;
	_Alignas(LINE) uint64_t interrupts;
};

struct private {
	uint64_t word[PRIVATE_WORDS];
};

static const struct field shared_fields[] = {
	FIELD(struct shared, word), FIELD(struct shared, dec), FIELD(struct shared, ticket), FIELD(struct shared, bits),
	FIELD(struct shared, guarded), FIELD(struct shared, turn), FIELD(struct shared, pair), FIELD(struct shared, interrupts),
	{ 0 },
};
static const struct layout shared_layout = { "shared", sizeof(struct shared), CLASS_ALLOCATOR, shared_fields };
static const struct layout private_layout = { "private", sizeof(struct private), CLASS_PAYLOAD, NULL };

struct program {
	struct shared *shared;
	struct private *private;
	unsigned turns;
	bool interrupts, walks;
};

static void handler(struct cpu *cpu, void *argument)
{
	struct program *p = argument;
	uint64_t word = random_below(cpu, SHARED_WORDS);

	fetch_add(cpu, &p->shared->interrupts, 1);
	fetch_add(cpu, &p->shared->word[word], 1);
}

static void under_lock(struct cpu *cpu, struct program *p, unsigned which)
{
	bool flags = irq_save(cpu);
	uint64_t value;

	if (which == 0)
		spin_lock(cpu, &p->shared->dec, LOCK_DEC);
	else if (which == 1)
		spin_lock(cpu, &p->shared->ticket, LOCK_TICKET);
	else
		bit_spin_lock(cpu, &p->shared->bits, 3, BIT_LOCK_2624);
	value = load(cpu, &p->shared->guarded[which]);
	compute_cycles(cpu, random_below(cpu, 40));
	store(cpu, &p->shared->guarded[which], value + 1);
	if (which == 0)
		spin_unlock(cpu, &p->shared->dec, LOCK_DEC);
	else if (which == 1)
		spin_unlock(cpu, &p->shared->ticket, LOCK_TICKET);
	else
		bit_spin_unlock(cpu, &p->shared->bits, 3, BIT_LOCK_2624);
	irq_restore(cpu, flags);
}

static void private_work(struct cpu *cpu, struct private *mine)
{
	for (unsigned i = 0; i < 12; i++) {
		uint64_t word = random_below(cpu, PRIVATE_WORDS);
		uint64_t value = load(cpu, &mine->word[word]);

		if (i & 1)
			store(cpu, &mine->word[word], value + 1);
	}
}

/* What a store buffer must get right: own stores, whole and in part, and what waits for them. */
static void own_stores(struct cpu *cpu, uint64_t *word, uint64_t what)
{
	uint32_t *half = (uint32_t *)word;

	store(cpu, word, what);
	if (what == 16) {
		for (unsigned i = 0; i < 4; i++) {      /* a chain, with gaps */
			fetch_add_local(cpu, word, 1);
			compute_cycles(cpu, random_below(cpu, 8) & 3);
		}
	} else if (what == 17) {
		load(cpu, word);
	} else if (what == 18) {
		store(cpu, half, 7);
		load(cpu, word);                /* waits: a part is still in the buffer */
	} else {
		load(cpu, half);
		fence(cpu);
	}
}

/* Up through lines, announced or not. */
static void walk(struct cpu *cpu, uint64_t *word, unsigned lines, bool announced)
{
	for (unsigned i = 0; announced && i < lines; i++)
		load_ahead(cpu, word + 8 * i);
	for (unsigned i = 0; i < lines; i++)
		load(cpu, word + 8 * i);
}

static void one_turn(struct cpu *cpu, struct program *p)
{
	struct private *mine = &p->private[cpu_id(cpu)];
	uint64_t what = random_below(cpu, 20), word = random_below(cpu, SHARED_WORDS), value;
	struct pair pair;

	if (what < 6) {
		private_work(cpu, mine);
	} else if (what == 6 && p->walks) {
		walk(cpu, word & 1 ? p->shared->word : mine->word + word / 2 * 8, 8, word & 2);
	} else if (what < 8) {
		value = load(cpu, &p->shared->word[word]);
		compute_cycles(cpu, value % 7);
	} else if (what < 10) {
		store(cpu, &p->shared->word[word], what);
	} else if (what == 10) {
		fetch_add(cpu, &p->shared->word[word], 1);
		fetch_add(cpu, &p->shared->word[word], 1);
	} else if (what == 11) {
		pair = load(cpu, &p->shared->pair);
		struct pair next = { pair.low + 1, pair.high };

		cas(cpu, &p->shared->pair, pair, next);
	} else if (what == 12) {
		prefetch(cpu, &p->shared->word[word]);
	} else if (what == 13) {
		prefetch_write(cpu, &p->shared->word[word]);
		compute_cycles(cpu, random_below(cpu, 200));
	} else if (what < 16) {
		under_lock(cpu, p, (unsigned)random_below(cpu, 3));
	} else {
		own_stores(cpu, &p->shared->word[word], what);
	}
}

/* Turns taken round robin every 16 turns: waits idle, parked, for a word that another writes. */
static void wait_for_turn(struct cpu *cpu, struct program *p)
{
	enum waiting before = waiting(cpu, WAITING_IDLE);
	uint64_t self = cpu_id(cpu), cpus = sim_cpus(cpu_sim(cpu));

	spin_while(cpu, &p->shared->turn, value % cpus != self, STEP_PAUSE);
	waiting(cpu, before);
	fetch_add(cpu, &p->shared->turn, 1);
}

static void thread(struct cpu *cpu, void *argument)
{
	struct program *p = argument;

	for (unsigned i = 0; i < p->turns; i++) {
		op_begin(cpu, i & 1 ? OP_FREE : OP_ALLOC);
		path(cpu, i % 3 ? "often" : "rare");
		one_turn(cpu, p);
		op_end(cpu, i & 1 ? -64 : 64, 0);
		if (i % 16 == 15)
			wait_for_turn(cpu, p);
	}
}

struct program *program_start(struct sim *sim, unsigned turns, bool interrupts, bool walks)
{
	struct program *p = xalloc(sizeof *p);
	unsigned cpus = sim_cpus(sim);

	*p = (struct program){ .turns = turns, .interrupts = interrupts, .walks = walks };
	p->shared = arena_new(sim, struct shared, 1, 0, LINE, &shared_layout, "shared");
	p->private = arena_new(sim, struct private, cpus, 0, LINE, &private_layout, "private");
	spin_lock_init(&p->shared->dec, LOCK_DEC);
	spin_lock_init(&p->shared->ticket, LOCK_TICKET);
	for (unsigned i = 0; i < cpus; i++) {
		thread_start(sim, i, thread, p);
		if (interrupts)
			timer_add(sim, i, 500 + 77 * i, 1500, handler, p);
	}
	return p;
}
