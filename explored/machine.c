/* The machine of the explored backend: steps, memory that can be taken back, ends; see machine.h. */
#include "explored/machine.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "models/own/own.h"
#include "sim/verbs/cache_share.h"
#include "sim/verbs/random.h"
#include "sim/verbs/rmw.h"
#include "sim/verbs/xalloc.h"

enum { STACK_BYTES = 128 << 10 };

const char *const finding_names[] = {
	[FOUND_NOTHING] = "nothing",
	[FOUND_BUG] = "a broken assumption of the model",
	[FOUND_TWICE] = "an object handed out twice",
	[FOUND_OUTSIDE] = "an object handed out that lies in no live slab",
	[FOUND_INVARIANT] = "a broken invariant",
	[FOUND_LOST] = "objects lost",
	[FOUND_GUARD] = "a guarded member touched without its lock",
	[FOUND_DEADLOCK] = "a deadlock",
	[FOUND_LIVELOCK] = "no progress",
	[FOUND_MEMORY] = "no memory left",
	[FOUND_ASTRAY] = "a schedule that went another way than before",
};

/* ---- ends ----------------------------------------------------------------------------------- */

static _Noreturn void leave(struct sim *sim)
{
	struct cpu *cpu = sim->current;

	sim->current = NULL;
	if (cpu)
		fiber_switch(cpu->fiber, sim->main); /* which never comes back */
	longjmp(sim->escape, 1);
}

_Noreturn void machine_stop(struct sim *sim)
{
	sim->stopped = true;
	leave(sim);
}

static void note_found(struct sim *sim, const struct cpu *cpu, enum finding_kind kind,
		       const struct site *site)
{
	sim->found = kind;
	sim->found_at = site;
	sim->found_by = cpu ? cpu->head.id : NOBODY;
}

_Noreturn void machine_found(struct sim *sim, struct cpu *cpu, enum finding_kind kind,
			     const struct site *site, const char *format, ...)
{
	va_list arguments;

	note_found(sim, cpu, kind, site);
	va_start(arguments, format);
	vsnprintf(sim->message, sizeof sim->message, format, arguments);
	va_end(arguments);
	leave(sim);
}

_Noreturn void sim_bug(const struct cpu *cpu, const char *file, int line, const char *format, ...)
{
	struct sim *sim = cpu->sim;
	char text[200];
	va_list arguments;

	note_found(sim, cpu, FOUND_BUG, cpu->next.site);
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	snprintf(sim->message, sizeof sim->message, "%s:%d: %s", file, line, text);
	leave(sim);
}

_Noreturn void sim_out_of_memory(struct sim *sim)
{
	machine_found(sim, sim->current, FOUND_MEMORY, NULL, "the machine has no memory left");
}

/* ---- pointers that lead nowhere -------------------------------------------------------------- */

/*
 * Who checks reads simulated memory without verbs, and where a planted fault, or a real one, has two
 * CPUs write over each other, a pointer there may be anything. Followed, it ends the run.
 */
static struct sim *followed;
static struct sigaction of_guard; /* of who watches over a loaded allocator */

static void leads_nowhere(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	char where[32] = "";

	if (guard_own() && of_guard.sa_flags & SA_SIGINFO) {
		of_guard.sa_sigaction(number, info, context);
		return;
	}
	if (!followed) {
		signal(number, SIG_DFL);
		return;
	}
	if (at < PAGE_BYTES)                    /* others differ from run to run */
		snprintf(where, sizeof where, ", to %#lx,", (unsigned long)at);
	machine_found(followed, followed->current, FOUND_BUG, NULL,
		      "a pointer in simulated memory leads nowhere%s and is followed outside of the "
		      "verbs", where);
}

static void follow_pointers(struct sim *sim)
{
	struct sigaction action = { .sa_sigaction = leads_nowhere,
				    .sa_flags = SA_SIGINFO | SA_NODEFER }, now;

	followed = sim;
	if (sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == leads_nowhere)
		return;
	of_guard = now;
	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
}

/* ---- memory that can be taken back ---------------------------------------------------------- */

static enum instead planted(const struct sim *sim, const struct verb_at *verb, enum rmw how)
{
	return sim->plant ? plant_at(sim, verb, how) : NOTHING_ELSE;
}

static uint64_t hash_of_word(uint64_t at, uint64_t value)
{
	return random_mix(at * RANDOM_STEP ^ random_mix(value));
}

static uint64_t hash_of_words(const struct sim *sim, const char *p, unsigned size)
{
	uint64_t from = arena_offset(&sim->head.arena, p) & ~7ull, hash = 0, value;
	uint64_t end = arena_offset(&sim->head.arena, p) + size;

	for (; from < end; from += 8) {
		memcpy(&value, sim->head.arena.base + from, 8);
		hash ^= hash_of_word(from, value);
	}
	return hash;
}

static void note_old(struct sim *sim, char *p, unsigned size)
{
	struct undo *u;

	if (sim->undos == sim->undo_room) {
		sim->undo_room = sim->undo_room ? 2 * sim->undo_room : 1024;
		sim->undo = xrealloc(sim->undo, sim->undo_room * sizeof *sim->undo);
	}
	u = &sim->undo[sim->undos++];
	u->p = p;
	u->size = size;
	copy_bytes(u->old, p, size);
}

void host_change(struct cpu *cpu, void *p, size_t size)
{
	note_old(cpu->sim, p, (unsigned)size);
}

static void write_memory(struct cpu *cpu, char *p, const void *value, unsigned size)
{
	struct sim *sim = cpu->sim;

	note_old(sim, p, size);
	sim->memory_hash ^= hash_of_words(sim, p, size);
	copy_bytes(p, value, size);
	sim->memory_hash ^= hash_of_words(sim, p, size);
}

static void take_back_memory(struct sim *sim)
{
	while (sim->undos) {
		const struct undo *u = &sim->undo[--sim->undos];

		copy_bytes(u->p, u->old, u->size);
	}
	sim->memory_hash = 0;
}

static void drain(struct cpu *cpu)
{
	struct waiting_store oldest = cpu->buffer[0];

	cpu->buffered--;
	memmove(cpu->buffer, cpu->buffer + 1, cpu->buffered * sizeof cpu->buffer[0]);
	write_memory(cpu, oldest.p, oldest.value, oldest.size);
}

/* The newest waiting store that overlaps; whole: it covers all of it. */
static const struct waiting_store *newest_over(const struct cpu *cpu, const char *p, unsigned size,
					       bool *whole)
{
	for (unsigned i = cpu->buffered; i--;) {
		const struct waiting_store *s = &cpu->buffer[i];

		if (p < s->p + s->size && s->p < p + size) {
			*whole = p >= s->p && p + size <= s->p + s->size;
			return s;
		}
	}
	return NULL;
}

/* What the CPU sees there. */
static void read_memory(const struct cpu *cpu, const char *p, void *value, unsigned size)
{
	bool whole = false;
	const struct waiting_store *s = newest_over(cpu, p, size, &whole);

	copy_bytes(value, s && whole ? (const void *)(s->value + (p - s->p)) : p, size);
}

static void put_in_buffer(struct cpu *cpu, const struct verb_at *verb, const void *value)
{
	struct waiting_store *s = &cpu->buffer[cpu->buffered++];

	s->p = verb->p;
	s->size = verb->size;
	s->site = verb->site;
	copy_bytes(s->value, value, verb->size);
}

static void store_value(struct cpu *cpu, const struct verb_at *verb, const void *value)
{
	bool overtaken = planted(cpu->sim, verb, RMW_ADD) == OVERTAKEN &&
			 cpu->buffered < BUFFER_MAX;

	if ((cpu->sim->depth || overtaken) && !verb->locked && !cpu->sim->sequential)
		put_in_buffer(cpu, verb, value);
	else
		write_memory(cpu, verb->p, value, verb->size);
}

/* ---- who may go on -------------------------------------------------------------------------- */

static bool buffer_lets(const struct sim *sim, const struct cpu *cpu)
{
	const struct verb_at *v = &cpu->next;
	bool whole = true;

	if (!cpu->buffered || v->kind == VERB_START || v->kind == VERB_IRQS_OFF)
		return true;
	if (v->locked || v->kind == VERB_FENCE)
		return false;
	if (v->writes && cpu->buffered == sim->depth)
		return false;
	return v->kind == VERB_STORE || !newest_over(cpu, v->p, v->size, &whole) || whole;
}

static bool cpu_enabled(const struct sim *sim, const struct cpu *cpu)
{
	unsigned char now[16];

	if (!cpu->started || cpu->done || !buffer_lets(sim, cpu))
		return false;
	if (cpu->next.kind != VERB_SPIN)
		return true;
	read_memory(cpu, cpu->next.p, now, cpu->next.size);
	return memcmp(now, cpu->seen, cpu->next.size) != 0;
}

static bool irq_enabled(const struct cpu *cpu)
{
	return cpu->sources && cpu->started && !cpu->done && cpu->irq_on && !cpu->in_handler &&
	       !cpu->buffered;
}

static unsigned entities_enabled(const struct sim *sim)
{
	unsigned enabled = 0;

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct cpu *cpu = &sim->cpu[i];

		if (cpu_enabled(sim, cpu))
			enabled |= 1u << i;
		if (irq_enabled(cpu))
			enabled |= 1u << (IRQ_OF + i);
		if (cpu->buffered)
			enabled |= 1u << (BUFFER_OF + i);
	}
	return enabled;
}

uint64_t machine_key(const struct sim *sim)
{
	uint64_t key = sim->memory_hash;

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct cpu *cpu = &sim->cpu[i];
		uint64_t left = cpu->sources ? cpu->source[0].left : 0;

		key = random_mix((key + RANDOM_STEP) ^ cpu->history);
		key ^= (uint64_t)cpu->buffered << 8 | left << 16 | (uint64_t)cpu->held_back << 1;
	}
	return random_mix(key ^ (uint64_t)sim->running << 40);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void switch_to(struct sim *sim, struct cpu *cpu, struct cpu *to)
{
	sim->current = to;
	fiber_switch(cpu ? cpu->fiber : sim->main, to ? to->fiber : sim->main);
	sim->current = cpu;
}

static unsigned buffers_held(const struct sim *sim)
{
	unsigned held = 0;

	for (unsigned i = 0; i < sim->head.cpus; i++)
		held |= (unsigned)sim->cpu[i].held_back << i;
	return held;
}

/* The step is due; its values come when it has taken effect. */
static void record(struct sim *sim, unsigned entity, unsigned enabled)
{
	struct step_done *s = &sim->step[sim->steps++];
	const struct cpu *cpu = &sim->cpu[entity % CPUS_MAX];

	sim->all_steps++;
	*s = (struct step_done){ .entity = (uint8_t)entity,
				 .before = (uint8_t)sim->running,
				 .enabled = (uint16_t)enabled,
				 .handler = cpu->in_handler != 0,
				 .held = (uint8_t)buffers_held(sim),
				 .labels = sim->head.arena.label_serial };
	if (entity >= BUFFER_OF) {
		s->writes = true;
		s->word = word_of(sim, cpu->buffer[0].p);
		s->size = (uint8_t)cpu->buffer[0].size;
		s->site = cpu->buffer[0].site;
		s->kind = VERB_STORE;
		s->within = (uintptr_t)cpu->buffer[0].p & 7;
		memcpy(&s->value[1], cpu->buffer[0].value, s->size < 8 ? s->size : 8);
	} else if (entity < IRQ_OF) {
		s->site = cpu->next.site;
		s->kind = (uint8_t)cpu->next.kind;
		if (cpu->next.p) {
			s->within = (uintptr_t)cpu->next.p & 7;
			s->word = word_of(sim, cpu->next.p);
			s->size = (uint8_t)cpu->next.size;
			s->writes = cpu->next.writes;
		}
	}
}

static void tell_deadlock(struct sim *sim)
{
	char text[160] = "";
	size_t at = 0;

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct cpu *cpu = &sim->cpu[i];
		char name[80];

		if (!cpu->started || cpu->done || at + 100 > sizeof text)
			continue;
		machine_describe(sim, cpu->next.p, UINT32_MAX, name, sizeof name);
		at += (size_t)snprintf(text + at, sizeof text - at, "%sCPU %u for %.60s",
				       at ? ", " : "", i, name);
	}
	machine_found(sim, NULL, FOUND_DEADLOCK, NULL, "nobody can go on: %s", text);
}

/* Who runs next, NULL: all have finished. Buffers drain on the way. */
static struct cpu *choose(struct sim *sim)
{
	for (;;) {
		unsigned enabled = entities_enabled(sim), entity;
		struct cpu *cpu;

		if (!enabled) {
			for (unsigned i = 0; i < sim->head.cpus; i++)
				if (sim->cpu[i].started && !sim->cpu[i].done)
					tell_deadlock(sim);
			return NULL;
		}
		if (sim->steps == STEPS_MAX)
			machine_found(sim, NULL, FOUND_LIVELOCK, NULL,
				      "%d steps, and no end in sight", STEPS_MAX);
		entity = sim->pick(sim, enabled);
		record(sim, entity, enabled);
		cpu = &sim->cpu[entity % CPUS_MAX];
		if (entity >= BUFFER_OF) {
			drain(cpu);
			continue;
		}
		sim->running = cpu->head.id;
		cpu->take_irq = entity >= IRQ_OF;
		return cpu;
	}
}

static void interrupt(struct cpu *cpu)
{
	struct interrupt_source *s = &cpu->source[0];
	interrupt_handler *handler = s->handler;
	void *argument = s->argument;
	struct verb_at next = cpu->next;
	const char *path_before = cpu->path;
	unsigned operations = cpu->operations, charged = on_behalf(cpu, NULL);
	unsigned char seen[16];

	memcpy(seen, cpu->seen, sizeof seen);
	if (--s->left == 0) {
		cpu->sources--;
		memmove(cpu->source, cpu->source + 1, cpu->sources * sizeof cpu->source[0]);
	}
	cpu->take_irq = false;
	cpu->irq_on = false;
	cpu->in_handler++;
	cpu->operations = 0;
	cpu->history = random_mix(cpu->history + 1);
	handler(cpu, argument);
	cpu->history = random_mix(cpu->history + 2);
	cpu->operations = operations;
	cpu->in_handler--;
	cpu->irq_on = true;
	cpu->path = path_before;
	on_behalf_end(cpu, charged);
	memcpy(cpu->seen, seen, sizeof seen);
	cpu->next = next;
}

/* Until pick() says that this CPU's next verb takes effect. */
static void await_turn(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;

	for (;;) {
		struct cpu *to = sim->priming ? NULL : choose(sim);

		if (to != cpu)
			switch_to(sim, cpu, to);
		if (!cpu->take_irq)
			break;
		interrupt(cpu);
	}
}

/* A CPU that is alone waits for nobody. */
static void go_alone(struct cpu *cpu)
{
	if (cpu->next.kind == VERB_SPIN && !memcmp(cpu->seen, cpu->next.p, cpu->next.size))
		machine_found(cpu->sim, cpu, FOUND_DEADLOCK, cpu->next.site,
			      "CPU %u waits, and no other CPU is inside", cpu->head.id);
}

static void must_be_inside(struct cpu *cpu)
{
	const struct arena *arena = &cpu->sim->head.arena;
	const struct verb_at *v = &cpu->next;
	uint64_t offset = arena_offset(arena, v->p);

	if (offset < ARENA_PAGE || offset >= arena->bytes || offset & (v->size - 1))
		machine_found(cpu->sim, cpu, FOUND_BUG, v->site,
			      "access to %s outside the arena or not aligned, at %s:%u",
			      v->site->text, v->site->file, v->site->line);
}

static void must_hold_guard(struct cpu *cpu);

/* The CPU stands before a verb; on return it takes effect. */
static void step(struct cpu *cpu, const struct verb_at *verb)
{
	struct sim *sim = cpu->sim;

	cpu->next = *verb;
	if (verb->size)         /* not NULL either */
		must_be_inside(cpu);
	if (sim->sequential) {
		go_alone(cpu);
		sim->all_steps++;
	} else {
		await_turn(cpu);
	}
	if (verb->p && sim->guards)
		must_hold_guard(cpu);
}

/* What decides how the CPU goes on: all that it has seen. */
static void note_history(struct cpu *cpu, const struct verb_at *verb, uint64_t value,
			 const void *before)
{
	cpu->history = random_mix(cpu->history ^ random_mix(value + (uintptr_t)verb->site));
	if (verb->size > 8 && before) {
		memcpy(&value, (const char *)before + 8, 8);
		cpu->history = random_mix(cpu->history ^ value);
	}
}

static void remember(struct cpu *cpu, const struct verb_at *verb, const void *before,
		     const void *after)
{
	struct sim *sim = cpu->sim;
	unsigned size = verb->size < 8 ? verb->size : 8;
	uint64_t value = 0;

	if (before)
		copy_bytes(&value, before, size);
	if (sim->keyed)
		note_history(cpu, verb, value, before);
	if (sim->sequential)
		return;

	struct step_done *s = &sim->step[sim->steps - 1];

	if (before)
		s->value[0] = value;
	if (after)
		copy_bytes(&s->value[1], after, size);
	s->buffered = verb->writes && !verb->locked &&
		      (sim->depth || planted(sim, verb, RMW_ADD) == OVERTAKEN);
}

/* ---- guards --------------------------------------------------------------------------------- */

enum word_kind { WORD_UNKNOWN, WORD_FREE, WORD_GUARDED };

static const struct field *field_named(const struct layout *layout, const char *name)
{
	for (const struct field *f = layout->fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* The member at p if it has a guard, and where the guard lies. */
static const struct field *guarded(const struct sim *sim, const char *p, const char **guard)
{
	const struct arena *arena = &sim->head.arena;
	uint64_t offset = arena_offset(arena, p), at;
	const struct label *l = label_find(arena, offset, UINT32_MAX);
	const struct field *f, *lock;

	if (!l)
		return NULL;
	at = (offset - l->start) % l->stride;
	f = layout_field(l->layout, at);
	lock = f && f->guard ? field_named(l->layout, f->guard) : NULL;
	if (!lock)
		return NULL;
	*guard = p - at + lock->offset;
	return f;
}

static void must_hold_guard(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;
	const struct verb_at *v = &cpu->next;
	unsigned char *kind = &sim->kind[word_of(sim, v->p)];
	const struct field *field;
	const char *guard;

	if (*kind == WORD_FREE)
		return;
	field = guarded(sim, v->p, &guard);
	*kind = field ? WORD_GUARDED : WORD_FREE;
	if (!field || (field->peek && !v->writes))
		return;
	for (unsigned i = 0; i < cpu->locks; i++)
		if (cpu->lock[i].lock == guard && !(cpu->lock[i].left_out && sim->plant->forgotten))
			return;
	machine_found(sim, cpu, FOUND_GUARD, v->site, "%s %s without %s, at %s:%u", field->name,
		      v->writes ? "written" : "read", field->guard, v->site->file, v->site->line);
}

/* ---- verbs ---------------------------------------------------------------------------------- */

static const struct site *caller_of(const struct cpu *cpu)
{
	return cpu->callers ? cpu->caller[cpu->callers - 1] : NULL;
}

static struct held_lock *held(struct cpu *cpu, const void *lock)
{
	for (unsigned i = cpu->locks; i--;)
		if (cpu->lock[i].lock == lock)
			return &cpu->lock[i];
	return NULL;
}

/* Planted: is this verb a part of taking the lock that is not taken there? */
static bool takes_nothing(const struct cpu *cpu, const void *p)
{
	const struct plant *plant = cpu->sim->plant;
	const struct site *caller = caller_of(cpu);

	return plant && plant->instead == NOT_TAKEN && caller && plant_is_at(plant, caller) &&
	       p != cpu->preempt_count;
}

/* Or of giving it back? */
static bool gives_nothing(struct cpu *cpu, const void *p)
{
	const struct held_lock *lock;

	if (!cpu->sim->plant || cpu->sim->plant->instead != NOT_TAKEN || !caller_of(cpu))
		return false;
	lock = held(cpu, p);
	return lock && lock->left_out;
}

/* What a free lock looks like to whoever takes it: 1 where it counts down, else 0. */
static void see_free(const struct site *site, void *value, unsigned size)
{
	memset(value, 0, size);
	*(char *)value = !strcmp(site->function, "lock_dec") || !strcmp(site->function, "trylock_dec");
}

static void note_place(struct sim *sim, const struct site *site, bool lock, bool pair)
{
	for (unsigned i = 0; i < sim->places; i++)
		if (sim->place[i].site == site)
			return;
	if (sim->places < PLACES_MAX)
		sim->place[sim->places++] = (struct noted_place){ site, lock, pair };
}

/* What the CPU saw at that word before, if it was there. */
static void see_last(const struct cpu *cpu, const struct verb_at *verb, void *value)
{
	const struct sim *sim = cpu->sim;
	uint32_t word = word_of(sim, verb->p);

	for (unsigned i = sim->steps - !sim->sequential; i-- > 0;) {
		const struct step_done *s = &sim->step[i];

		if (s->entity == cpu->head.id && s->word == word && !s->writes &&
		    s->size == verb->size && s->within == ((uintptr_t)verb->p & 7)) {
			memcpy(value, s->value, verb->size < 8 ? verb->size : 8);
			return;
		}
	}
}

void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	struct verb_at verb = {
		VERB_LOAD, false, false, (unsigned)size, (char *)(uintptr_t)p, site
	};

	enum instead instead;

	if (takes_nothing(cpu, p)) {
		see_free(site, value, verb.size);
		return;
	}
	step(cpu, &verb);
	instead = planted(cpu->sim, &verb, RMW_ADD);
	read_memory(cpu, p, value, verb.size);
	if (instead == GIVE_CONSTANT)
		memcpy(value, &cpu->sim->plant->constant, size < 8 ? size : 8);
	else if (instead == GIVE_LAST)
		see_last(cpu, &verb, value);
	remember(cpu, &verb, value, NULL);
}

/* A turn of a loop that goes on while the word has that value: when it has another. */
void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	struct verb_at verb = {
		VERB_SPIN, false, false, (unsigned)size, (char *)(uintptr_t)p, site
	};

	copy_bytes(cpu->seen, value, verb.size);
	step(cpu, &verb);
	read_memory(cpu, p, value, verb.size);
	remember(cpu, &verb, value, NULL);
}

void verb_retry(struct cpu *cpu, const void *p, const void *was, size_t size,
		const struct site *site)
{
	unsigned char value[16];

	memcpy(value, was, size);
	verb_poll(cpu, p, value, size, site);
}

void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step turn,
	       const struct site *site)
{
	(void)turn;
	verb_poll(cpu, p, value, size, site);
}

void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site)
{
	struct verb_at verb = { VERB_STORE, true, false, (unsigned)size, p, site };

	if (takes_nothing(cpu, p) || gives_nothing(cpu, p))
		return;
	step(cpu, &verb);
	if (planted(cpu->sim, &verb, RMW_ADD) != LEAVE_OUT)
		store_value(cpu, &verb, value);
	remember(cpu, &verb, NULL, value);
}

bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected,
	      const void *operand, void *old, bool locked, const struct site *site)
{
	struct verb_at verb = { VERB_RMW, true, locked, (unsigned)size, p, site };
	unsigned char word[16];
	struct modify m = { word, old, expected, operand, size, how, false };
	enum instead instead;
	uint64_t full[2];

	if (takes_nothing(cpu, p) || gives_nothing(cpu, p)) {
		see_free(site, word, verb.size);
		modify(&m);
		return m.result;
	}
	if (how == RMW_CAS && cpu->sim->noting && !caller_of(cpu))
		note_place(cpu->sim, site, false, size > 8);
	step(cpu, &verb);
	instead = planted(cpu->sim, &verb, how);
	read_memory(cpu, p, word, verb.size);
	if (instead == LOW_WORD_ONLY && how == RMW_CAS) {
		/* the high word is as expected, whatever it is */
		memcpy(full, expected, sizeof full);
		memcpy(&full[1], word + 8, 8);
		m.expected = full;
	}
	if (instead == COMPARE_NOTHING)
		m.expected = memcpy(full, word, size);
	modify(&m);
	if (instead == LEAVE_OUT)
		copy_bytes(word, old, verb.size);
	else
		store_value(cpu, &verb, word);
	remember(cpu, &verb, old, word);
	return m.result;
}

void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	(void)cpu;
	(void)p;
	(void)write;
	(void)site;
}

void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site)
{
	(void)cpu;
	(void)p;
	(void)site;
}

void fence(struct cpu *cpu)
{
	static const struct site site = { "", 0, "fence", "fence" };
	struct verb_at verb = { VERB_FENCE, false, false, 0, NULL, &site };

	if (!cpu->sim->depth)
		return;
	step(cpu, &verb);
	cpu->history = random_mix(cpu->history + 3);
}

/* ---- time, interrupts, preemption ----------------------------------------------------------- */

void compute(struct cpu *cpu, enum step turn)
{
	(void)cpu;
	(void)turn;
}

void compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	(void)cpu;
	(void)cycles;
}

/* Between the verb before and the one behind, with interrupts still on: a step of its own where one
 * may arrive. */
static void irqs_go_off(struct cpu *cpu)
{
	static const struct site site = { "", 0, "irqs_go_off", "interrupts go off" };
	struct verb_at verb = { VERB_IRQS_OFF, false, false, 0, NULL, &site };

	if (cpu->irq_on && cpu->sources && !cpu->in_handler && !cpu->sim->sequential) {
		step(cpu, &verb);
		cpu->history = random_mix(cpu->history + 5);
	}
	cpu->irq_on = false;
}

bool irq_save(struct cpu *cpu)
{
	bool was_on = cpu->irq_on;

	irqs_go_off(cpu);
	return was_on;
}

void irq_restore(struct cpu *cpu, bool flags)
{
	if (flags)
		cpu->irq_on = true;
}

void irq_disable(struct cpu *cpu)
{
	irqs_go_off(cpu);
}

void irq_enable(struct cpu *cpu)
{
	if (!cpu->in_handler)
		cpu->irq_on = true;
}

bool in_interrupt(const struct cpu *cpu)
{
	return cpu->in_handler;
}

bool irqs_off(const struct cpu *cpu)
{
	return !cpu->irq_on;
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

void machine_interrupt(struct sim *sim, unsigned id, interrupt_handler *handler, void *argument,
		       unsigned left)
{
	struct cpu *cpu = &sim->cpu[id];

	if (!left)
		return;
	if (cpu->sources == SOURCES_MAX)
		BUG(cpu, "more than %d interrupts wait for CPU %u", SOURCES_MAX, id);
	cpu->source[cpu->sources++] = (struct interrupt_source){ handler, argument, left };
}

void ipi_send(struct cpu *cpu, unsigned target, interrupt_handler *handler, void *argument)
{
	fence(cpu);
	machine_interrupt(cpu->sim, target, handler, argument, 1);
}

bool takes_interrupts(const struct sim *sim, unsigned id)
{
	return sim->cpu[id].started && !sim->cpu[id].done;
}

void timer_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period,
	       interrupt_handler *handler, void *argument)
{
	(void)first;
	machine_interrupt(sim, target, handler, argument, period ? 2 : 1);
}

/* ---- annotations ---------------------------------------------------------------------------- */

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

void op_begin(struct cpu *cpu, enum op op)
{
	(void)op;
	cpu->operations++;
}

void op_pieces(struct cpu *cpu, unsigned pieces)
{
	(void)cpu;
	(void)pieces;
}

void op_end(struct cpu *cpu, int64_t live_bytes, int64_t footprint_bytes)
{
	(void)live_bytes;
	(void)footprint_bytes;
	if (--cpu->operations == 0)
		cpu->ended++;
}

unsigned on_behalf(struct cpu *cpu, const struct site *caller)
{
	if (cpu->callers == CALLERS_MAX)
		BUG(cpu, "more than %d things done on behalf of others", CALLERS_MAX);
	cpu->caller[cpu->callers] = caller;
	return cpu->callers++;
}

void on_behalf_end(struct cpu *cpu, unsigned before)
{
	cpu->callers = before;
}

void path(struct cpu *cpu, const char *name)
{
	struct sim *sim = cpu->sim;
	unsigned i = 0;

	cpu->path = name;
	while (i < sim->path_count && strcmp(sim->paths[i], name))
		i++;
	if (i == sim->path_count && i < PATHS_MAX)
		sim->paths[sim->path_count++] = name;
}

uint64_t cpu_clock(const struct cpu *cpu)
{
	return cpu->sim->steps;
}

void op_began(struct cpu *cpu, uint64_t clock)
{
	(void)cpu;
	(void)clock;
}

enum waiting waiting(struct cpu *cpu, enum waiting what)
{
	enum waiting was = cpu->waiting;

	cpu->waiting = what;
	return was;
}

void lock_taken(struct cpu *cpu, const void *lock, const char *kind, unsigned turns)
{
	const struct site *caller = caller_of(cpu);

	(void)kind;
	(void)turns;
	if (plant_forgets(cpu->sim, lock))
		return;
	if (cpu->locks == HELD_MAX)
		BUG(cpu, "more than %d locks held", HELD_MAX);
	if (cpu->sim->noting && caller)
		note_place(cpu->sim, caller, true, false);
	cpu->lock[cpu->locks++] = (struct held_lock){ lock, takes_nothing(cpu, lock) };
}

void lock_released(struct cpu *cpu, const void *lock)
{
	struct held_lock *mine;

	if (plant_forgets(cpu->sim, lock))
		return;
	mine = held(cpu, lock);
	if (!mine)
		BUG(cpu, "a lock released that this CPU does not hold");
	cpu->locks--;
	memmove(mine, mine + 1, (size_t)(cpu->lock + cpu->locks - mine) * sizeof *mine);
}

bool lock_is_mine(const struct cpu *cpu, const void *lock)
{
	for (unsigned i = 0; i < cpu->locks; i++)
		if (cpu->lock[i].lock == lock)
			return true;
	return false;
}

bool run_over(struct cpu *cpu)
{
	return cpu->ended >= cpu->sim->wanted;
}

void relabel(struct cpu *cpu, const void *p, size_t bytes, const struct layout *layout,
	     size_t stride, const char *label)
{
	if (cpu->sim->labels)
		relabel_setup(cpu->sim, p, bytes, layout, stride, label);
}

const char *machine_describe(const struct sim *sim, const void *p, uint32_t serial, char *buf,
			     size_t size)
{
	char name[80], member[48];

	label_describe(&sim->head.arena, arena_offset(&sim->head.arena, p), serial, name,
		       sizeof name, member, sizeof member);
	snprintf(buf, size, "%s%s%s", name, member[0] ? "." : "", member);
	return buf;
}

/* ---- threads and runs ----------------------------------------------------------------------- */

static void thread_main(void *argument)
{
	struct cpu *cpu = argument;
	struct sim *sim = cpu->sim;

	cpu->function(cpu, cpu->argument);
	if (cpu->operations || !cpu->irq_on || cpu->locks)
		BUG(cpu, "ended inside an operation, with interrupts off or a lock held");
	cpu->done = true;
	switch_to(sim, cpu, sim->sequential || sim->priming ? NULL : choose(sim));
	abort();
}

static void start(struct sim *sim, unsigned id, thread_function *function, void *argument)
{
	struct cpu *cpu = &sim->cpu[id];

	cpu->function = function;
	cpu->argument = argument;
	cpu->started = true;
	cpu->done = false;
	if (cpu->fiber)
		fiber_reset(cpu->fiber);
	else
		cpu->fiber = fiber_new(STACK_BYTES, thread_main, cpu);
}

void thread_start(struct sim *sim, unsigned id, thread_function *function, void *argument)
{
	if (sim->cpu[id].started)
		BUG(&sim->cpu[id], "two threads on one CPU");
	start(sim, id, function, argument);
}

bool machine_protect(struct sim *sim, void (*function)(void *argument), void *argument)
{
	follow_pointers(sim);
	if (setjmp(sim->escape))
		return false;
	function(argument);
	return true;
}

bool machine_alone(struct sim *sim, unsigned id, thread_function *function, void *argument)
{
	follow_pointers(sim);
	start(sim, id, function, argument);
	sim->sequential = true;
	switch_to(sim, NULL, &sim->cpu[id]);
	sim->sequential = false;
	sim->cpu[id].started = false;
	return sim->found == FOUND_NOTHING;
}

/* Each CPU up to its first verb; then by choice. */
static void run(void *argument)
{
	struct sim *sim = argument;
	struct cpu *first;

	sim->priming = true;
	for (unsigned i = 0; i < sim->head.cpus && !sim->found; i++)
		if (sim->cpu[i].started)
			switch_to(sim, NULL, &sim->cpu[i]);
	sim->priming = false;
	if (sim->found)
		return;
	first = choose(sim);
	if (first)
		switch_to(sim, NULL, first);
}

bool machine_run(struct sim *sim)
{
	machine_protect(sim, run, sim);
	sim->current = NULL;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		sim->cpu[i].started = false;
	return sim->found == FOUND_NOTHING;
}

static void cpu_clear(struct sim *sim, unsigned id)
{
	struct cpu *cpu = &sim->cpu[id], fresh = {
		.sim = sim, .fiber = cpu->fiber, .irq_on = true, .preempt_count = cpu->preempt_count
	};

	*cpu = fresh;
	cpu_head_init(&cpu->head, &sim->head, id);
}

static void clear(struct sim *sim)
{
	for (unsigned i = 0; i < sim->head.cpus; i++)
		cpu_clear(sim, i);
	sim->running = NOBODY;
	sim->sequential = sim->priming = sim->stopped = false;
	sim->steps = 0;
	sim->found = FOUND_NOTHING;
	sim->message[0] = '\0';
	sim->found_at = NULL;
	sim->found_by = NOBODY;
}

/* What models keep for themselves (unseen_new) lies at the end of the arena, and no verb writes it. */
static char *unseen_start(const struct sim *sim)
{
	return sim->head.arena.base + sim->head.arena.bytes - sim->unseen_bytes;
}

void machine_mark(struct sim *sim)
{
	sim->undos = 0;
	sim->memory_hash = 0;
	sim->unseen_bytes = sim->head.arena.unseen_bytes;
	if (sim->unseen_bytes) {
		sim->unseen = xrealloc(sim->unseen, sim->unseen_bytes);
		memcpy(sim->unseen, unseen_start(sim), sim->unseen_bytes);
	}
	clear(sim);
}

void machine_rewind(struct sim *sim)
{
	struct arena *arena = &sim->head.arena;
	uint64_t since = arena->unseen_bytes - sim->unseen_bytes;

	take_back_memory(sim);
	if (sim->unseen_bytes)
		memcpy(unseen_start(sim), sim->unseen, sim->unseen_bytes);
	memset(unseen_start(sim) - since, 0, since);
	arena->unseen_bytes = sim->unseen_bytes;
	clear(sim);
}

static const struct field task_fields[] = { { "preempt_count", 0, 4, NULL, false }, { 0 } };
static const struct layout task_layout = { "thread_info", 4, CLASS_ALLOCATOR, task_fields };

struct sim *machine_new(const struct explore_options *options, uint64_t bytes)
{
	struct sim *sim = xalloc(sizeof *sim);

	sim->head.cpus = (unsigned)options->cpus;
	sim->head.nodes = options->nodes ? (unsigned)options->nodes : 1;
	sim->head.preempt = options->preempt;
	sim->head.seed = options->seed;
	sim->head.node_of = xalloc(options->cpus * sizeof *sim->head.node_of);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		sim->head.node_of[i] = i % sim->head.nodes;
	sim->depth = (unsigned)options->store_buffer;
	sim->main = fiber_main();
	sim->step = xmap(STEPS_MAX * sizeof *sim->step);
	arena_setup(sim, bytes);
	sim->kind = xmap(sim->head.arena.bytes / 8);
	clear(sim);
	if (options->preempt) {
		int32_t *count =
			percpu_alloc(sim, sizeof *count, LINE, &task_layout, "thread_info");

		for (unsigned i = 0; i < options->cpus; i++)
			sim->cpu[i].preempt_count = per_cpu(sim, count, i);
	}
	return sim;
}

/* No caches are described. */
uint64_t sim_cache_share(const struct sim *sim)
{
	(void)sim;
	return 0;
}

void machine_free(struct sim *sim)
{
	if (!sim)
		return;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		fiber_free(sim->cpu[i].fiber);
	fiber_free(sim->main);
	xunmap(sim->step, STEPS_MAX * sizeof *sim->step);
	xunmap(sim->kind, sim->head.arena.bytes / 8);
	arena_release(&sim->head.arena);
	free(sim->head.node_of);
	free(sim->undo);
	free(sim->unseen);
	if (followed == sim)
		followed = NULL;
	free(sim);
}
