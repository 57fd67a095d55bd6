/*
 * What is counted, by hand: bounces, hitm, upgrades, invalidations, miss classes, causes,
 * operations and the window. docs/model.md has the definitions; each row is one of their cases.
 *
 * The machine is that of test_timing.c, with an L1 of one way: A and Q need the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "sim/verbs/lock.h"
#include "tests/engine_fixture.h"

#define C(cycles) ((uint64_t)(cycles) * UNIT)

enum { CPUS = 16, LINES = 32, WORDS = 8 };

struct line_of_words {
	uint64_t word[WORDS];
};

/* ---- steps in turn -------------------------------------------------------------------------- */

/*
 * "0r A0  1w A3": CPU 0 loads word 0 of line A, then CPU 1 stores to word 3. r load, w store,
 * x LOCK add, c LOCK cmpxchg that fails, l cmpxchg without LOCK that fails; f as x, k as c, and the
 * home does it; u load, v store of byte 2 of the word, o load of byte 5. CPUs are hexadecimal.
 */
struct row {
	const char *name, *steps;
	uint64_t bounces, hitm_loads, hitm_stores, hitm_remote, upgrades, invalidations;
	uint64_t cold, capacity, true_sharing, false_sharing;
};

struct play {
	const char *steps;
	struct line_of_words *line;
};

static void perform(struct cpu *cpu, uint64_t *p, char what)
{
	switch (what) {
	case 'r':
		load(cpu, p);
		break;
	case 'w':
		store(cpu, p, 1);
		break;
	case 'u':
		load(cpu, (uint8_t *)p + 2);
		break;
	case 'v':
		store(cpu, (uint8_t *)p + 2, 1);
		break;
	case 'o':
		load(cpu, (uint8_t *)p + 5);
		break;
	case 'x':
	case 'f':
		fetch_add(cpu, p, 1);
		break;
	case 'c':
	case 'k':
		assert_false(cas(cpu, p, 77, 78));
		break;
	default:
		assert_false(cas_local(cpu, p, 77, 78));
	}
}

static void in_turn(struct cpu *cpu, void *argument)
{
	const struct play *play = argument;
	unsigned at = 0;

	for (const char *s = play->steps; *s; s += strspn(s, " ")) {
		unsigned self = (unsigned)(*s <= '9' ? *s - '0' : *s - 'a' + 10);

		at += 1000;
		if (self == cpu_id(cpu)) {
			compute_cycles(cpu, at - cpu->clock / UNIT);
			perform(cpu, &play->line[s[3] - 'A'].word[s[4] - '0'], s[1]);
		}
		s += 5;
	}
}

static struct result *finish(struct sim *sim)
{
	struct result *r;

	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[sim->outcome], sim->message);
	r = sim_result(sim);
	for (unsigned i = 0; i < r->cpus; i++) {
		uint64_t sum = 0;

		for (int c = 0; c < CAUSES; c++)
			sum += r->cpu[i].cause_units[c];
		assert_int_equal(sum, r->elapsed_units);
	}
	return r;
}

static void tell(const char *row, const char *what, uint64_t got, uint64_t wanted)
{
	if (got != wanted)
		fail_msg("%s: %llu %s, expected %llu", row, (unsigned long long)got, what,
			 (unsigned long long)wanted);
}

static uint64_t far_steps(const char *steps)
{
	uint64_t n = 0;

	for (; *steps; steps++)
		n += *steps == 'f' || *steps == 'k';
	return n;
}

/* Each miss whose copy was taken has a taker and a class; by row, by member and by CPU alike. */
static void check_takers(const char *row, const struct result *r)
{
	uint64_t lost = r->total.misses_true_sharing + r->total.misses_false_sharing, misses = 0,
		 false_sharing = 0, upgrades = 0, pairs = 0, transfers = 0;

	for (size_t i = 0; i < r->takers; i++) {
		misses += r->taker[i].misses;
		false_sharing += r->taker[i].false_sharing;
		upgrades += r->taker[i].upgrades;
		tell(row, "classes of a taker", r->taker[i].true_sharing + r->taker[i].false_sharing,
		     r->taker[i].misses);
	}
	for (size_t i = 0; i < r->pairs; i++)
		pairs += r->pair[i].misses + r->pair[i].upgrades;
	for (size_t i = 0; i < r->transfers; i++)
		transfers += r->transfer[i].count;
	tell(row, "misses with a taker", misses, lost);
	tell(row, "of them false sharing", false_sharing, r->total.misses_false_sharing);
	tell(row, "by member", pairs, misses + upgrades);
	tell(row, "by CPU", transfers, misses + upgrades);
}

static void check(const struct row *row, const struct result *r)
{
	const struct counts *c = &r->total;

	check_takers(row->name, r);
	tell(row->name, "bounces", c->bounces[0] + c->bounces[1] + c->bounces[2], row->bounces);
	tell(row->name, "hitm loads", c->hitm_loads, row->hitm_loads);
	tell(row->name, "hitm stores", c->hitm_stores, row->hitm_stores);
	tell(row->name, "hitm of the other socket", c->hitm_remote, row->hitm_remote);
	tell(row->name, "upgrades", c->upgrades, row->upgrades);
	tell(row->name, "invalidations", c->invalidations, row->invalidations);
	tell(row->name, "cold misses", c->misses_cold, row->cold);
	tell(row->name, "capacity misses", c->misses_capacity, row->capacity);
	tell(row->name, "true sharing misses", c->misses_true_sharing, row->true_sharing);
	tell(row->name, "false sharing misses", c->misses_false_sharing, row->false_sharing);
	tell(row->name, "misses", c->misses,
	     row->cold + row->capacity + row->true_sharing + row->false_sharing);
	tell(row->name, "read and write misses", c->read_misses + c->write_misses, c->misses);
	tell(row->name, "far operations", c->far_atomics, far_steps(row->steps));
}

static void play_rows(const struct machine *machine, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned cores = machine_cores(machine);
		struct sim_options options = engine_options(machine, cores < CPUS ? cores : CPUS);
		struct sim *sim = engine_sim(&options);
		struct play play = { rows[i].steps, arena_new(sim, struct line_of_words, LINES, 0,
							      4096, NULL, "lines") };
		struct result *r;

		for (unsigned cpu = 0; cpu < options.cpus; cpu++)
			thread_start(sim, cpu, in_turn, &play);
		r = finish(sim);
		check(&rows[i], r);
		result_free(r);
		sim_free(sim);
	}
}

#define PLAY(machine, rows) play_rows(machine, rows, sizeof rows / sizeof *rows)

static struct machine one_way_machine(void)
{
	struct machine m = engine_machine();

	m.l1d = (struct cache_level){ 1, 1, 1, 1 };
	return m;
}

/* The numbers of a row: bounces; hitm of loads, of stores, from the other socket; upgrades,
 * invalidations; misses cold, of capacity, of true sharing, of false sharing. */

static void bounces(void **state)
{
	static const struct row rows[] = {
		{ "the first writer ever is none", "0w A0",
		  0,  0, 0, 0,  0, 0,  1, 0, 0, 0 },
		{ "nor is one that goes on writing", "0w A0 0w A0 0w A1",
		  0,  0, 0, 0,  0, 0,  1, 0, 0, 0 },
		{ "two writers in turn", "0w A0 1w A0",
		  1,  0, 1, 0,  0, 1,  2, 0, 0, 0 },
		{ "ping-pong: one each time", "0w A0 1w A0 0w A0 1w A0",
		  3,  0, 3, 0,  0, 3,  2, 0, 2, 0 },
		{ "once per ownership", "0w A0 1w A0 1w A1 1x A2",
		  1,  0, 1, 0,  0, 1,  2, 0, 0, 0 },
		{ "a reader in between changes nothing", "0w A0 1r A0 0w A0",
		  0,  1, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "a reader that then writes", "0w A0 1r A0 1w A0",
		  1,  1, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "readers never bounce", "0w A0 1r A0 2r A0 3r A0",
		  0,  1, 0, 0,  0, 0,  4, 0, 0, 0 },
		{ "through memory: still one", "0w A0 0r Q0 1w A0",
		  1,  0, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "a failing LOCK cmpxchg is a write", "0w A0 1c A0",
		  1,  0, 1, 0,  0, 1,  2, 0, 0, 0 },
		{ "so is one without LOCK", "0w A0 1l A0",
		  1,  0, 1, 0,  0, 1,  2, 0, 0, 0 },
		{ "another word of the line", "0w A0 1w A7",
		  1,  0, 1, 0,  0, 1,  2, 0, 0, 0 },
		{ "another line", "0w A0 1w B0",
		  0,  0, 0, 0,  0, 0,  2, 0, 0, 0 },
	};
	const struct machine machine = one_way_machine();

	(void)state;
	PLAY(&machine, rows);
}

static void hitm_upgrades_invalidations(void **state)
{
	static const struct row rows[] = {
		{ "load, modified, same socket", "0w A0 1r A0",
		  0,  1, 0, 0,  0, 0,  2, 0, 0, 0 },
		{ "load, modified, other socket", "0w A0 8r A0",
		  0,  1, 0, 1,  0, 0,  2, 0, 0, 0 },
		{ "store, modified, other socket", "0w A0 8w A0",
		  1,  0, 1, 1,  0, 1,  2, 0, 0, 0 },
		{ "LOCK counts as a store", "0w A0 8x A0",
		  1,  0, 1, 1,  0, 1,  2, 0, 0, 0 },
		{ "exclusive is not modified", "0r A0 1r A0",
		  0,  0, 0, 0,  0, 0,  2, 0, 0, 0 },
		{ "the second reader finds it shared", "0w A0 1r A0 2r A0",
		  0,  1, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "an upgrade, one copy killed", "0r A0 1r A0 0w A0",
		  0,  0, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "an upgrade, three copies killed", "0r A0 1r A0 2r A0 8r A0 0w A0",
		  0,  0, 0, 0,  1, 3,  4, 0, 0, 0 },
		{ "a write miss kills too", "0r A0 1r A0 2w A0",
		  0,  0, 0, 0,  0, 2,  3, 0, 0, 0 },
		{ "E becomes M: no upgrade", "0r A0 0w A0",
		  0,  0, 0, 0,  0, 0,  1, 0, 0, 0 },
		{ "a copy dropped before is not killed", "0r A0 1r A0 1r Q0 0w A0",
		  0,  0, 0, 0,  1, 0,  3, 0, 0, 0 },
	};
	const struct machine machine = one_way_machine();

	(void)state;
	PLAY(&machine, rows);
}

static void miss_classes(void **state)
{
	static const struct row rows[] = {
		{ "room was needed", "0r A0 0r Q0 0r A0",
		  0,  0, 0, 0,  0, 0,  2, 1, 0, 0 },
		{ "room was needed, then another wrote", "0r A0 0r Q0 1w A0 0r A0",
		  0,  1, 0, 0,  0, 0,  3, 1, 0, 0 },
		{ "reads what another wrote", "0r A0 1w A0 0r A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		{ "another word; open at the end", "0r A0 1w A1 0r A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 0, 1 },
		{ "another word; the copy is lost", "0r A0 1w A1 0r A0 1w A1",
		  0,  1, 0, 0,  1, 2,  2, 0, 0, 1 },
		{ "another word; room was needed", "0r A0 1w A1 0r A0 0r Q0",
		  0,  1, 0, 0,  0, 1,  3, 0, 0, 1 },
		{ "reads what another wrote, later", "0r A0 1w A1 0r A0 0r A1",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		{ "writes what another wrote", "0w A0 1w A0 0w A0",
		  2,  0, 2, 0,  0, 2,  2, 0, 1, 0 },
		{ "two words of one line, two writers", "0w A0 1w A1 0w A0 1w A1",
		  3,  0, 3, 0,  0, 3,  2, 0, 0, 2 },
		{ "a failing cmpxchg writes its bytes", "0r A0 1c A0 0r A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		/* Dubois: A1 was written before the false sharing miss, which does not count as
		 * having seen it */
		{ "since the last cold or true miss", "0r A0 1w A1 0r A0 1w A2 0r A0 0r A1",
		  0,  2, 0, 0,  1, 2,  2, 0, 1, 1 },
		/* ... and what a true sharing miss brought is seen: A0 is old news the second
		 * time */
		{ "not before it", "0r A0 1w A0 0r A0 1w A1 0r A0",
		  0,  2, 0, 0,  1, 2,  2, 0, 1, 1 },
		{ "what the CPU wrote itself last", "0w A0 1w A0 0w A0 1w A1 0r A0",
		  3,  1, 3, 0,  0, 3,  2, 0, 1, 2 },
		/* 0 wrote A0 last, but 1 before it, and 0's miss in between was one of capacity */
		{ "what others wrote before", "0r A0 0r Q0 1w A0 0w A0 1w A1 0r A0",
		  2,  1, 2, 0,  0, 2,  3, 1, 1, 1 },
		{ "an upgrade is not a miss", "0r A0 1r A0 0w A0",
		  0,  0, 0, 0,  1, 1,  2, 0, 0, 0 },
		/* histories go by whole words until a part of one is written */
		{ "a byte of the word, and that is read", "0r A0 1v A0 0u A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		{ "a byte of the word, another is read", "0r A0 1v A0 0o A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 0, 1 },
		{ "the byte, then the word at once", "0r A0 1v A0 1w A0 0o A0",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		/* 0's cold miss has seen the whole word; news is the byte alone */
		{ "the word before, then the byte", "1w A0 0r A0 1v A0 0o A0",
		  0,  2, 0, 0,  1, 1,  2, 0, 0, 1 },
		{ "the byte, then the word for itself", "0r A0 1v A0 0u A0 1w A0 0o A0",
		  0,  2, 0, 0,  1, 2,  2, 0, 2, 0 },
	};
	const struct machine machine = one_way_machine();

	(void)state;
	PLAY(&machine, rows);
}

static void owned_lines(void **state)
{
	static const struct row rows[] = {
		{ "an owned line is modified, to every reader", "0w A0 1r A0 2r A0",
		  0,  2, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "... and to a writer", "0w A0 1r A0 2w A0",
		  1,  1, 1, 0,  0, 2,  3, 0, 0, 0 },
		{ "the owner upgrades", "0w A0 1r A0 0w A0",
		  0,  1, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "a sharer upgrades: it had the line, modified or not", "0w A0 1r A0 1w A0",
		  1,  1, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "written back, it is only shared", "0w A0 1r A0 0r Q0 2r A0",
		  0,  1, 0, 0,  0, 0,  4, 0, 0, 0 },
	};
	struct machine machine = one_way_machine();

	(void)state;
	machine.protocol = PROTOCOL_MOESI;
	machine.dirty_read = DIRTY_SHARE_OWNED;
	PLAY(&machine, rows);
}

static void migrating_lines(void **state)
{
	static const struct row rows[] = {
		{ "read, then written: no upgrade; a read invalidates nothing", "0w A0 1r A0 1w A0",
		  1,  1, 0, 0,  0, 0,  2, 0, 0, 0 },
		{ "what came modified and was only read is modified still", "0w A0 1r A0 2r A0",
		  0,  2, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "taken by a reader, read again: nobody wrote", "0w A0 1r A0 0r A0",
		  0,  2, 0, 0,  0, 0,  2, 0, 0, 1 },
		{ "taken by a reader who writes", "0w A0 1r A0 1w A0 0r A0",
		  1,  2, 0, 0,  0, 0,  2, 0, 1, 0 },
	};
	struct machine machine = one_way_machine();

	(void)state;
	machine.protocol = PROTOCOL_MOESI;
	machine.dirty_read = DIRTY_MIGRATE;
	PLAY(&machine, rows);
}

static void forwarded_lines(void **state)
{
	static const struct row rows[] = {
		{ "F is not modified", "0r A0 1r A0 8r A0",
		  0,  0, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "F upgrades", "0r A0 1r A0 1w A0",
		  0,  0, 0, 0,  1, 1,  2, 0, 0, 0 },
		{ "a writer kills F and the others", "0r A0 1r A0 2r A0 8w A0",
		  0,  0, 0, 0,  0, 3,  4, 0, 0, 0 },
	};
	struct machine machine = one_way_machine();

	(void)state;
	machine.protocol = PROTOCOL_MESIF;
	PLAY(&machine, rows);
}

static void make_far(struct machine *machine)
{
	machine->far_atomic.service_ns = 5;
	machine->far_atomic.latency_ns = 60;
	machine->far_atomic.ops = FAR_ALL;
}

/* No line comes: no miss. Every operation is a write, and a bounce if another CPU wrote last. */
static void far_atomics(void **state)
{
	static const struct row rows[] = {
		{ "each after another's is a bounce", "0f A0 1f A0 0f A0",
		  2,  0, 0, 0,  0, 0,  0, 0, 0, 0 },
		{ "after the own it is none", "0f A0 0f A0",
		  0,  0, 0, 0,  0, 0,  0, 0, 0, 0 },
		{ "after a store; the owner lets go of a modified line", "0w A0 1f A0",
		  1,  0, 1, 0,  0, 1,  1, 0, 0, 0 },
		{ "a compare-and-exchange that fails, the owner far away", "8w A0 0k A0",
		  1,  0, 1, 1,  0, 1,  1, 0, 0, 0 },
		{ "the own copy goes too, and is no other's", "0r A0 1r A0 0f A0",
		  0,  0, 0, 0,  0, 1,  2, 0, 0, 0 },
		{ "... as if it had made room", "0r A0 1r A0 0f A0 0r A0",
		  0,  0, 0, 0,  0, 1,  2, 1, 0, 0 },
		{ "a reader loses its copy and reads what was written", "0r A0 1f A0 0r A0",
		  0,  0, 0, 0,  0, 1,  1, 0, 1, 0 },
		{ "... or another word", "0r A0 1f A1 0r A0",
		  0,  0, 0, 0,  0, 1,  1, 0, 0, 1 },
		{ "a line that it can write: near", "0w A0 0x A0",
		  0,  0, 0, 0,  0, 0,  1, 0, 0, 0 },
	};
	struct machine machine = one_way_machine();

	(void)state;
	make_far(&machine);
	PLAY(&machine, rows);
}

/* ---- who took the line ---------------------------------------------------------------------- */

/* "A0<A1@1 1t 2f 3u": accesses to word 0 of line A that lost it to accesses to its word 1 by CPU 1:
 * one true sharing miss, two false, three upgrades. In the order of places in perform(). */
static char *takers_text(const struct result *r, uint64_t first_line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < r->takers; i++) {
		const struct taker_stats *t = &r->taker[i];
		const struct site_stats *s = &r->site[t->row];
		char line = (char)('A' + (s->line - first_line) / LINE);

		fprintf(out, "%s%c%u<%c%u@%s", i ? "; " : "", line, s->offset / 8, line,
			t->offset / 8, t->cpu_ids);
		if (t->true_sharing)
			fprintf(out, " %llut", (unsigned long long)t->true_sharing);
		if (t->false_sharing)
			fprintf(out, " %lluf", (unsigned long long)t->false_sharing);
		if (t->upgrades)
			fprintf(out, " %lluu", (unsigned long long)t->upgrades);
	}
	fclose(out);
	return text;
}

struct taker_row {
	const char *name, *steps, *expected;
};

static void play_takers(const struct machine *machine, const struct taker_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned cores = machine_cores(machine);
		struct sim_options options = engine_options(machine, cores < CPUS ? cores : CPUS);
		struct sim *sim = engine_sim(&options);
		struct play play = { rows[i].steps, arena_new(sim, struct line_of_words, LINES, 0,
							      4096, NULL, "lines") };
		struct result *r;
		char *text;

		for (unsigned cpu = 0; cpu < options.cpus; cpu++)
			thread_start(sim, cpu, in_turn, &play);
		r = finish(sim);
		text = takers_text(r, sim_offset(sim, play.line));
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s: '%s', expected '%s'", rows[i].name, text, rows[i].expected);
		check_takers(rows[i].name, r);
		free(text);
		result_free(r);
		sim_free(sim);
	}
}

#define TAKERS(machine, rows) play_takers(machine, rows, sizeof rows / sizeof *rows)

static void takers(void **state)
{
	static const struct taker_row rows[] = {
		{ "nobody takes what was never here", "0w A0 1r A0", "" },
		{ "true sharing", "0r A0 1w A0 0r A0", "A0<A0@1 1t" },
		{ "false sharing", "0r A0 1w A1 0r A0", "A0<A1@1 1f" },
		{ "true, as it turns out later", "0r A0 1w A1 0r A0 0r A1", "A0<A1@1 1t" },
		{ "both ways", "0w A0 1w A1 0w A0 1w A1", "A0<A1@1 1f; A1<A0@0 1f" },
		{ "room was needed: nobody", "0w A0 0r Q0 0w A0", "" },
		{ "... also where another has written since", "0r A0 0r Q0 1w A0 0r A0", "" },
		{ "an upgrade after another's write", "0w A0 1r A0 1w A0", "A0<A0@0 1u" },
		{ "an upgrade after the own", "0w A0 1r A0 0w A0", "" },
		{ "an upgrade where nobody has written", "0r A0 1r A0 0w A0", "" },
		/* 1's store killed 0's copy; 2 was the last writer, and took the line from 1 */
		{ "who killed the copy, not who wrote last", "0r A0 1w A1 2w A2 0r A0",
		  "A0<A1@1 1f" },
		/* each loses it to the next one: 0 to 1, 1 to 2, 2 to 0; one place in the source */
		{ "three in turn", "0w A0 1w A0 2w A0 0w A0 1w A0 2w A0", "A0<A0@0-2 3t" },
		{ "one after the other", "0r A0 1w A1 0r A0 2w A2 0r A0",
		  "A0<A1@1 1f; A0<A2@2 1f" },
		{ "by an upgrade", "0r A0 1r A0 0w A0 1r A0", "A0<A0@0 1t" },
		{ "by a compare-and-exchange that fails", "0r A0 1c A0 0r A0", "A0<A0@1 1t" },
		{ "two losers, one taker", "0r A0 1r A1 2w A2 0r A0 1r A1",
		  "A0<A2@2 1f; A1<A2@2 1f" },
	};
	const struct machine machine = one_way_machine();

	(void)state;
	TAKERS(&machine, rows);
}

/* The access is in the buffer when it takes the line, or when it has lost it. */
static void takers_that_buffer_their_stores(void **state)
{
	static const struct taker_row rows[] = {
		{ "a buffered store takes it", "0r A0 1w A1 0r A0", "A0<A1@1 1f" },
		{ "from a buffered store", "0w A0 1w A0 0w A0", "A0<A0@1 1t" },
		{ "a buffered upgrade", "0w A0 1r A0 1w A0", "A0<A0@0 1u" },
	};
	struct machine machine = one_way_machine();

	(void)state;
	machine.store_buffer = 8;
	TAKERS(&machine, rows);
}

/* Where a read takes the line away, it is that one. */
static void takers_that_read(void **state)
{
	static const struct taker_row rows[] = {
		{ "a reader", "0w A0 1r A1 0r A0", "A0<A1@1 1f" },
		{ "a writer, by what it read before", "0w A0 1r A1 1w A0 0r A0", "A0<A1@1 1t" },
	};
	struct machine machine = one_way_machine();

	(void)state;
	machine.protocol = PROTOCOL_MOESI;
	machine.dirty_read = DIRTY_MIGRATE;
	TAKERS(&machine, rows);
}

static void takers_at_the_home(void **state)
{
	static const struct taker_row rows[] = {
		/* no copy ever: each comes after the other's write */
		{ "far operations in turn", "0f A0 1f A0 0f A0", "A0<A0@0-1 2u" },
		{ "a far operation after the own", "0f A0 0f A0", "" },
		{ "a far operation kills a copy", "0r A0 1f A1 0r A0", "A0<A1@1 1f" },
	};
	struct machine machine = one_way_machine();

	(void)state;
	make_far(&machine);
	TAKERS(&machine, rows);
}

static void takers_through_shared_levels(void **state)
{
	static const struct taker_row rows[] = {
		{ "the sibling", "0r A0 1w A1 0r A0", "A0<A1@1 1f" },
		{ "the other die", "0r A0 2w A1 0r A0", "A0<A1@2 1f" },
		{ "the other socket, two losers of a die", "0r A0 1r A1 4w A2 0r A0 1r A1",
		  "A0<A2@4 1f; A1<A2@4 1f" },
	};
	struct machine machine = engine_machine_shared();

	(void)state;
	machine.l1d = (struct cache_level){ 1, 1, 1, 1 };
	TAKERS(&machine, rows);
}

/* engine_machine_shared: 0, 1 | 2, 3 share an L2 and are a socket, 4, 5 | 6, 7 the other. */
static void through_shared_levels(void **state)
{
	static const struct row rows[] = {
		{ "the sibling has it modified", "0w A0 1r A0",
		  0,  1, 0, 0,  0, 0,  2, 0, 0, 0 },
		{ "the other die has it modified", "0w A0 2r A0",
		  0,  1, 0, 0,  0, 0,  2, 0, 0, 0 },
		{ "the other socket has it modified", "0w A0 4r A0",
		  0,  1, 0, 1,  0, 0,  2, 0, 0, 0 },
		{ "the L2 has it modified: no cache else", "0w A0 0r Q0 1r A0",
		  0,  0, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "the L2 of another die has it modified", "0w A0 0r Q0 2r A0",
		  0,  1, 0, 0,  0, 0,  3, 0, 0, 0 },
		{ "an upgrade through the L2", "0r A0 1r A0 4r A0 0w A0",
		  0,  0, 0, 0,  1, 2,  3, 0, 0, 0 },
		{ "a write miss through the L2", "0r A0 2r A0 3r A0 4w A0",
		  0,  0, 0, 0,  0, 3,  4, 0, 0, 0 },
		{ "L2 hits are misses of the CPU", "0r A0 0r Q0 0r A0",
		  0,  0, 0, 0,  0, 0,  2, 1, 0, 0 },
	};
	struct machine machine = engine_machine_shared();

	(void)state;
	machine.l1d = (struct cache_level){ 1, 1, 1, 1 };
	PLAY(&machine, rows);
}

/* Set-up writes have no writer. */
static void set_up_has_no_writer(void **state)
{
	const struct machine machine = one_way_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct sim *sim = engine_sim(&options);
	struct play play = { "1w A0",
			     arena_new(sim, struct line_of_words, LINES, 0, 4096, NULL, "lines") };
	struct result *r;

	(void)state;
	play.line[0].word[0] = 5;
	thread_start(sim, 1, in_turn, &play);
	r = finish(sim);
	assert_int_equal(r->total.bounces[CLASS_ALLOCATOR], 0);
	result_free(r);
	sim_free(sim);
}

/* Whose line it is: by its label. */
static void bounces_by_class(void **state)
{
	static const struct layout layouts[] = {
		{ "mine", 64, CLASS_ALLOCATOR, NULL },
		{ "queue", 64, CLASS_WORKLOAD, NULL },
		{ "data", 64, CLASS_PAYLOAD, NULL },
	};
	const struct machine machine = one_way_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct sim *sim = engine_sim(&options);
	struct play play = { "0w A0 0w B0 0w C0 1w A0 1w B0 1w C0 0w B0 0w C0 1w C0",
			     arena_new(sim, struct line_of_words, LINES, 0, 4096, NULL, "lines") };
	struct result *r;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		relabel_setup(sim, &play.line[i], 64, &layouts[i], 64, layouts[i].name);
	for (unsigned i = 0; i < 2; i++)
		thread_start(sim, i, in_turn, &play);
	r = finish(sim);
	assert_int_equal(r->total.bounces[CLASS_ALLOCATOR], 1);
	assert_int_equal(r->total.bounces[CLASS_WORKLOAD], 2);
	assert_int_equal(r->total.bounces[CLASS_PAYLOAD], 3);
	assert_int_equal(r->lines, 3);
	assert_string_equal(r->line[0].label,
			    "data[2]"); /* most bounces first; third of the array */
	assert_int_equal(r->line[0].bounces[CLASS_PAYLOAD], 3);
	assert_int_equal(r->line[0].writers, 2);
	assert_int_equal(r->line[0].readers, 0);
	result_free(r);
	sim_free(sim);
}

/* ---- causes --------------------------------------------------------------------------------- */

struct two {
	uint64_t *word;
	struct spinlock *lock;
	struct result *r;
};

static void wait_until(struct cpu *cpu, uint64_t at)
{
	compute_cycles(cpu, at - cpu->clock / UNIT);
}

static struct result *run_threads(const struct machine *machine, thread_function *const *thread,
				  unsigned cpus, struct two *two)
{
	struct sim_options options = engine_options(machine, cpus);
	struct sim *sim = engine_sim(&options);
	struct result *r;

	two->word = arena_alloc(sim, LINE, 64, 0, 4096, NULL, "word");
	two->lock = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "lock");
	spin_lock_init(two->lock, LOCK_DEC);
	for (unsigned i = 0; i < cpus; i++)
		thread_start(sim, i, thread[i], two);
	r = finish(sim);
	sim_free(sim);
	return r;
}

static void assert_causes(const char *name, const struct counts *c, const uint64_t wanted[CAUSES])
{
	for (int i = 0; i < CAUSES; i++)
		if (c->cause_units[i] != wanted[i])
			fail_msg("%s: %s is %llu + %llu/64 cycles, expected %llu + %llu/64", name,
				 cause_names[i], (unsigned long long)c->cause_units[i] / 64,
				 (unsigned long long)c->cause_units[i] % 64,
				 (unsigned long long)wanted[i] / 64,
				 (unsigned long long)wanted[i] % 64);
}

/* Each kind of time once; the machine's numbers are in test_timing.c. */
static void one_of_each(struct cpu *cpu, void *argument)
{
	struct two *two = argument;
	bool flags;

	load(cpu, two->word);                           /* 99 memory, 1 hit */
	load(cpu, two->word);                           /* 1 hit */
	fetch_add(cpu, two->word, 1);                   /* E: 10 LOCK */
	fetch_add_local(cpu, two->word, 1);             /* 1 hit: without LOCK */
	fence(cpu);                                     /* 10 store buffer */
	compute_cycles(cpu, 7);                         /* 7 compute */
	flags = irq_save(cpu);                          /* 10 compute */
	irq_restore(cpu, flags);                        /* 10 compute */
	waiting(cpu, WAITING_IDLE);
	compute_cycles(cpu, 5);                         /* 5 idle */
	load(cpu, two->word);                           /* a hit: idle too */
	load(cpu, two->word + 8);                       /* 99 memory all the same, 1 idle */
	waiting(cpu, NOT_WAITING);
}

static void only_the_other(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 1000);
	store(cpu, two->word, 1);                       /* M at CPU 0: 60 transfer, 1 hit */
	wait_until(cpu, 2000);
	store(cpu, two->word + 16, 1);
}

static void causes(void **state)
{
	static thread_function *const threads[] = { one_of_each, only_the_other };
	const struct machine machine = engine_machine();
	uint64_t first[CAUSES] = {
		[CAUSE_MEMORY] = C(99 + 99),      [CAUSE_PRIVATE_HIT] = C(1 + 1 + 1),
		[CAUSE_LOCKED] = C(10),           [CAUSE_STORE_BUFFER] = C(10),
		[CAUSE_COMPUTE] = C(7 + 10 + 10),
	};
	uint64_t second[CAUSES] = {
		[CAUSE_COMPUTE] = C(1000 + 2000 - 1061),
		[CAUSE_TRANSFER_SAME] = C(60),
		[CAUSE_MEMORY] = C(99),
		[CAUSE_PRIVATE_HIT] = C(1 + 1),
	};
	struct two two;
	struct result *r = run_threads(&machine, threads, 2, &two);

	(void)state;
	assert_int_equal(r->elapsed_units, C(2100));
	/* CPU 0 is done after 100 + 1 + 10 + 1 + 10 + 7 + 20 + 5 + 1 + 100 = 255; then it is idle
	 * too */
	first[CAUSE_IDLE] = C(5 + 1 + 1) + C(2100 - 255);
	assert_causes("CPU 0", &r->cpu[0], first);
	assert_causes("CPU 1", &r->cpu[1], second);
	result_free(r);
}

static void adds_far(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 1000 + cpu_id(cpu));
	fetch_add(cpu, two->word, 1);
}

/* test_timing.c: 60, and the second waits 4 for the first one's service. */
static void causes_of_far_atomics(void **state)
{
	static thread_function *const threads[] = { adds_far, adds_far };
	uint64_t second[CAUSES] = {
		[CAUSE_COMPUTE] = C(1001), [CAUSE_BUSY] = C(4), [CAUSE_LOCKED] = C(60),
	};
	struct machine machine = engine_machine();
	struct two two;
	struct result *r;

	(void)state;
	make_far(&machine);
	r = run_threads(&machine, threads, 2, &two);
	assert_causes("CPU 1", &r->cpu[1], second);
	assert_int_equal(r->total.far_atomics, 2);
	assert_int_equal(r->total.rmws, 2);
	result_free(r);
}

static void crosses_sockets(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	if (cpu_id(cpu) == 0) {
		store(cpu, two->word, 1);
		wait_until(cpu, 3000);
	} else if (cpu_id(cpu) == 4) {
		wait_until(cpu, 1000);
		load(cpu, two->word); /* M at the other socket: 99 transfer, 1 hit */
		wait_until(cpu, 2000);
		fetch_add(cpu, two->word, 1);           /* upgrade: 85 legs, 10 LOCK */
	} else if (cpu_id(cpu) == 1) {
		wait_until(cpu, 1500);
		load(cpu, two->word);                   /* the L2 has it: 9 shared level, 1 hit */
	}
}

static void causes_of_levels_and_upgrades(void **state)
{
	static thread_function *const threads[] = {
		crosses_sockets, crosses_sockets, crosses_sockets, crosses_sockets, crosses_sockets,
	};
	const struct machine machine = engine_machine_shared();
	uint64_t fifth[CAUSES] = {
		[CAUSE_TRANSFER_CROSS] = C(99),
		[CAUSE_UPGRADE] = C(85),
		[CAUSE_LOCKED] = C(10),
		[CAUSE_PRIVATE_HIT] = C(1),
		[CAUSE_COMPUTE] = C(1000 + 2000 - 1100),
		[CAUSE_IDLE] = C(3000 - 2095),
	};
	uint64_t second[CAUSES] = {
		[CAUSE_COMPUTE] = C(1500),
		[CAUSE_SHARED_LEVEL] = C(9),
		[CAUSE_PRIVATE_HIT] = C(1),
		[CAUSE_IDLE] = C(3000 - 1510),
	};
	struct two two;
	struct result *r = run_threads(&machine, threads, 5, &two);

	(void)state;
	assert_causes("CPU 4", &r->cpu[4], fifth);
	assert_causes("CPU 1", &r->cpu[1], second);
	result_free(r);
}

static void shares_then_adds(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, cpu_id(cpu) == 1 ? 5000 : 1000 * (5 - cpu_id(cpu)) - 500);
	if (cpu_id(cpu) == 1)
		fetch_add(cpu, two->word, 1);
	else if (cpu_id(cpu) != 3)
		load(cpu, two->word);
}

/* CPUs 4 and 2, of two sockets, have read the line, then 0; at 5000 CPU 1 adds: its L2 has
 * the line, the two others have to let go: 95 (rmw_ns.S of the other socket), of it 10 for LOCK,
 * and 2 for the second of them. */
static void permission_that_the_level_lacks(void **state)
{
	static thread_function *const threads[] = {
		shares_then_adds, shares_then_adds, shares_then_adds,
		shares_then_adds, shares_then_adds,
	};
	const struct machine machine = engine_machine_shared();
	struct two two;
	struct result *r = run_threads(&machine, threads, 5, &two);

	(void)state;
	assert_int_equal(r->cpu[1].cause_units[CAUSE_UPGRADE], C(85 + 2));
	assert_int_equal(r->cpu[1].cause_units[CAUSE_LOCKED], C(10));
	/* CPU 1 had no copy: a miss, not an upgrade */
	assert_int_equal(r->cpu[1].upgrades, 0);
	assert_int_equal(r->cpu[1].write_misses, 1);
	assert_int_equal(r->cpu[1].invalidations, 3);
	result_free(r);
}

static void adds_at(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	if (cpu_id(cpu) == 0)
		store(cpu, two->word, 1);
	wait_until(cpu, 999 + cpu_id(cpu));
	if (cpu_id(cpu) != 0)
		fetch_add(cpu, two->word, 1);
}

/* "two LOCK operations, chasing" of test_timing.c: CPU 2's probe is at CPU 1 at 1011 + 853/64 and
 * waits there until 1070; legs are 60, its own 10. */
static void waiting_for_a_busy_line(void **state)
{
	static thread_function *const threads[] = { adds_at, adds_at, adds_at };
	const struct machine machine = engine_machine();
	uint64_t third[CAUSES] = {
		[CAUSE_COMPUTE] = C(1001),
		[CAUSE_BUSY] = C(1070 - 1011) - 853,
		[CAUSE_TRANSFER_SAME] = C(60),
		[CAUSE_LOCKED] = C(10),
	};
	struct two two;
	struct result *r = run_threads(&machine, threads, 3, &two);

	(void)state;
	assert_causes("CPU 2", &r->cpu[2], third);
	result_free(r);
}

static void holds(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 100);
	spin_lock(cpu, two->lock, LOCK_DEC);
	wait_until(cpu, 1000);
	spin_unlock(cpu, two->lock, LOCK_DEC);
	wait_until(cpu, 1300);
}

static void wants(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 500);
	spin_lock(cpu, two->lock, LOCK_DEC);
}

/* "lock_hand_over" of test_timing.c: tries at 500, has it at 1147. The try is a LOCK operation on
 * a line of CPU 0's, the rest is lock spin, whatever happens meanwhile. */
static void lock_spin(void **state)
{
	static thread_function *const threads[] = { holds, wants };
	const struct machine machine = engine_machine();
	uint64_t second[CAUSES] = {
		[CAUSE_COMPUTE] = C(500), [CAUSE_TRANSFER_SAME] = C(60), [CAUSE_LOCKED] = C(10),
		[CAUSE_LOCK_SPIN] = C(1147 - 570), [CAUSE_IDLE] = C(1300 - 1147),
	};
	struct two two;
	struct result *r = run_threads(&machine, threads, 2, &two);

	(void)state;
	assert_causes("CPU 1", &r->cpu[1], second);
	assert_int_equal(r->lock[0].wait_units, C(1147 - 570));
	/* held from 209 to the end of the store at 1061, then from 1147 on: never released */
	assert_int_equal(r->lock[0].hold_units, C(1061 - 209));
	result_free(r);
}

enum { HOLD_CPUS = 4, HOLD_TURNS = 300 };

struct holding {
	uint64_t *word;
	uint64_t held[HOLD_CPUS];
};

static void holds_again_and_again(struct cpu *cpu, void *argument)
{
	struct holding *h = argument;

	for (unsigned i = 0; i < HOLD_TURNS; i++) {
		bit_spin_lock(cpu, h->word, 3, BIT_LOCK_2624);
		h->held[cpu_id(cpu)] -= cpu_clock(cpu);
		compute_cycles(cpu, random_below(cpu, 8));
		bit_spin_unlock(cpu, h->word, 3, BIT_LOCK_2624);
		h->held[cpu_id(cpu)] += cpu_clock(cpu);
	}
}

/*
 * Far operations whose replies take from 27 to 83: the next holder often knows that it has the lock
 * before the last one knows that it has let go. What a lock was held is the sum of what each CPU saw.
 */
static void each_holder_has_its_own_time(void **state)
{
	struct machine machine = engine_machine();

	(void)state;
	make_far(&machine);
	machine.service_jitter_percent = 50;
	for (int shortcuts = 0; shortcuts < 2; shortcuts++) {
		struct sim_options options = engine_options(&machine, HOLD_CPUS);
		struct holding h = { 0 };
		uint64_t sum = 0;
		struct sim *sim;
		struct result *r;

		options.no_run_ahead = options.no_parking = !shortcuts;
		sim = engine_sim(&options);
		h.word = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "word");
		for (unsigned i = 0; i < HOLD_CPUS; i++)
			thread_start(sim, i, holds_again_and_again, &h);
		r = finish(sim);
		for (unsigned i = 0; i < HOLD_CPUS; i++)
			sum += h.held[i];
		assert_int_equal(r->lock[0].taken, HOLD_CPUS * HOLD_TURNS);
		assert_int_equal(r->lock[0].hold_units, sum);
		result_free(r);
		sim_free(sim);
	}
}

static void lets_go_of_anothers(struct cpu *cpu, void *argument)
{
	bit_spin_unlock(cpu, argument, 3, BIT_LOCK_2624);
}

static void a_lock_is_released_by_its_holder(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 1);
	struct sim *sim = engine_sim(&options);

	(void)state;
	thread_start(sim, 0, lets_go_of_anothers, arena_alloc(sim, LINE, 1, 0, 4096, NULL, "word"));
	assert_int_equal(sim_run(sim), OUTCOME_BUG);
	assert_non_null(strstr(sim->message, "does not hold"));
	sim_free(sim);
}

/* ---- operations and the window -------------------------------------------------------------- */

struct work {
	uint64_t *word;
	unsigned cycles[128], count;            /* CPU 0: operations back to back */
	int live[8], footprint[8];
};

static struct result *run_work(struct sim_options options, struct work *work,
			       thread_function *const *thread)
{
	const struct machine machine = engine_machine();
	struct sim *sim;
	struct result *r;

	options.machine = &machine;
	sim = engine_sim(&options);
	work->word = arena_alloc(sim, LINE, 64, 0, 4096, NULL, "word");
	for (unsigned i = 0; i < options.cpus; i++)
		thread_start(sim, i, thread[i], work);
	r = finish(sim);
	sim_free(sim);
	return r;
}

static void back_to_back(struct cpu *cpu, void *argument)
{
	struct work *work = argument;

	for (unsigned i = 0; i < work->count; i++) {
		op_begin(cpu, OP_ALLOC);
		compute_cycles(cpu, work->cycles[i]);
		op_end(cpu, work->live[i % 8], work->footprint[i % 8]);
	}
}

/* One operation from 150 to 250, one from 450 to 600; a load that misses from 180 to 280. */
static void across_the_edges(struct cpu *cpu, void *argument)
{
	struct work *work = argument;

	wait_until(cpu, 150);
	op_begin(cpu, OP_FREE);
	wait_until(cpu, 180);
	load(cpu, work->word);
	wait_until(cpu, 300);
	op_end(cpu, 0, 0);
	wait_until(cpu, 450);
	op_begin(cpu, OP_FREE);
	wait_until(cpu, 600);
	op_end(cpu, 0, 0);
}

/*
 * CPU 0's operations end at 100, 200, ... After two the window opens, at 200; after three more it
 * closes, at 500. CPU 1's operations are each in flight at an edge: outside. Its miss, 180 to 280,
 * is 80 cycles inside.
 */
static void window_edges(void **state)
{
	static thread_function *const threads[] = { back_to_back, across_the_edges };
	struct sim_options options = engine_options(NULL, 2);
	struct work work = { .count = 8 };
	struct result *r;

	(void)state;
	options.warmup = 2;
	options.operations = 3;
	for (unsigned i = 0; i < work.count; i++)
		work.cycles[i] = 100;
	r = run_work(options, &work, threads);
	assert_int_equal(r->operations, 3);
	assert_int_equal(r->elapsed_units, C(300));
	assert_int_equal(r->op[OP_ALLOC].count, 3);
	assert_int_equal(r->op[OP_ALLOC].total_units, C(300));
	assert_int_equal(r->op[OP_FREE].count, 0);
	assert_int_equal(r->cpu[0].cause_units[CAUSE_COMPUTE], C(300));
	assert_int_equal(r->cpu[1].cause_units[CAUSE_MEMORY], C(279 - 200));
	assert_int_equal(r->cpu[1].cause_units[CAUSE_PRIVATE_HIT], C(1));
	assert_int_equal(r->cpu[1].cause_units[CAUSE_COMPUTE], C(500 - 280));
	/* the miss ended inside, so it is counted */
	assert_int_equal(r->total.misses_cold, 1);
	result_free(r);
}

static void writes_in_turn(struct cpu *cpu, void *argument)
{
	struct work *work = argument;

	for (unsigned i = 0; i < 4; i++) {
		wait_until(cpu, 1000 * (2 * i + cpu_id(cpu) + 1));
		op_begin(cpu, OP_WORK);
		store(cpu, work->word, 1);
		op_end(cpu, 0, 0);
	}
}

/* Writers 0 1 0 1 0 1 0 1; the first three are warm-up, the next four count: history is kept, so
 * the fourth, CPU 1's, is a bounce, and no miss in the window is cold. */
static void warm_up_keeps_history(void **state)
{
	static thread_function *const threads[] = { writes_in_turn, writes_in_turn };
	struct sim_options options = engine_options(NULL, 2);
	struct work work = { 0 };
	struct result *r;

	(void)state;
	options.warmup = 3;
	options.operations = 4;
	r = run_work(options, &work, threads);
	assert_int_equal(r->total.bounces[CLASS_ALLOCATOR], 4);
	assert_int_equal(r->total.hitm_stores, 4);
	assert_int_equal(r->total.misses_cold, 0);
	assert_int_equal(r->total.misses_true_sharing, 4);
	/* from the end of the third, 3061, to that of the seventh, 7061 */
	assert_int_equal(r->elapsed_units, C(4000));
	assert_int_equal(r->op[OP_WORK].total_units, C(4 * 61));
	result_free(r);
}

/*
 * A and B are a pair of 128 bytes, Q and R another; what comes unasked is nobody's miss. Its hitm and
 * its sharing count, at the prefetcher's site.
 */
static void lines_that_came_unasked(void **state)
{
	static const struct row rows[] = {
		/* CPU 0's B came with A, was killed unused: cold when it is read */
		{ "killed before it was used", "1w B0 0r A0 1w B0 0r B0 1r A0",
		  0,  2, 0, 0,  1, 1,  3, 0, 0, 0 },
		{ "used, then killed", "0r A0 0r B0 1w B0 0r B0",
		  0,  1, 0, 0,  0, 1,  2, 0, 1, 0 },
		/* B0 was seen when B came with A again: only B1 is new after that */
		{ "what it brought is seen", "0r A0 0r B0 1w B0 0r Q0 0r A0 0r B0 1w B1 0r B0",
		  0,  2, 0, 0,  1, 2,  3, 1, 0, 1 },
	};
	struct machine machine = one_way_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct play play = { .steps = rows[0].steps };
	unsigned found = 0;
	struct result *r;
	struct sim *sim;

	(void)state;
	machine.prefetchers.pair = true;
	PLAY(&machine, rows);
	sim = engine_sim(&options);
	play.line = arena_new(sim, struct line_of_words, LINES, 0, 4096, NULL, "lines");
	for (unsigned cpu = 0; cpu < 2; cpu++)
		thread_start(sim, cpu, in_turn, &play);
	r = finish(sim);
	/* A with CPU 1's B, B with CPU 0's A; CPU 1 comes to A in the end */
	assert_int_equal(r->total.prefetches, 2);
	assert_int_equal(r->total.prefetches_used, 1);
	for (size_t i = 0; i < r->sites; i++)
		if (!strcmp(r->site[i].site.file, "(prefetcher)")) {
			assert_int_equal(r->site[i].op, OP_NONE);
			found += (unsigned)r->site[i].hitm;
		}
	assert_int_equal(found, 1);
	result_free(r);
	sim_free(sim);
}

/* Latencies 1, 2, ..., 100 in a shuffled order: half are at most 50, 99 of 100 at most 99. */
static void latencies(void **state)
{
	static thread_function *const threads[] = { back_to_back };
	struct sim_options options = engine_options(NULL, 1);
	struct work work = { .count = 100 };
	const struct op_stats *s;
	struct result *r;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		work.cycles[i] = i * 37 % 100 + 1;
	r = run_work(options, &work, threads);
	s = &r->op[OP_ALLOC];
	assert_int_equal(s->count, 100);
	assert_int_equal(s->total_units, C(100 * 101 / 2));
	assert_int_equal(s->max_units, C(100));
	/* relative error below 1/64, never above */
	assert_in_range(s->p50_units, C(50) - C(50) / 64, C(50));
	assert_in_range(s->p99_units, C(99) - C(99) / 64, C(99));
	result_free(r);
}

/* Live 100, 150, 50, 70, ...: the peak is 150. With the first two in the warm-up the window starts
 * at 150; with the first three, at 50. */
static void peaks(void **state)
{
	static thread_function *const threads[] = { back_to_back };
	static const struct { unsigned warmup; uint64_t live, footprint; } rows[] = {
		{ 0, 150, 8192 }, { 2, 150, 8192 }, { 3, 70, 4096 }, { 4, 70, 4096 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sim_options options = engine_options(NULL, 1);
		struct work work = { .count = 5,
				     .live = { 100, 50, -100, 20, -70 },
				     .footprint = { 4096, 4096, -4096, 0, -4096 } };
		struct result *r;

		options.warmup = rows[i].warmup;
		for (unsigned k = 0; k < work.count; k++)
			work.cycles[k] = 10;
		r = run_work(options, &work, threads);
		assert_int_equal(r->live_bytes_peak, rows[i].live);
		assert_int_equal(r->footprint_bytes_peak, rows[i].footprint);
		assert_int_equal(r->operations, work.count - rows[i].warmup);
		result_free(r);
	}
}

static void touches_lines(struct cpu *cpu, void *argument)
{
	struct work *work = argument;

	op_begin(cpu, OP_ALLOC);
	load(cpu, work->word);                  /* line 0 read */
	load(cpu, work->word + 1);              /* the same line */
	store(cpu, work->word + 8, 1);          /* line 1 written */
	op_begin(cpu, OP_PAGE_ALLOC);
	fetch_add(cpu, work->word + 16, 1);     /* line 2 read and written */
	load(cpu, work->word + 8);              /* line 1 read */
	compute_cycles(cpu, 100);
	path(cpu, "inner");
	op_end(cpu, 0, 0);
	store(cpu, work->word, 1);              /* line 0 written */
	path(cpu, "outer");
	op_end(cpu, 64, 0);
	op_begin(cpu, OP_ALLOC);
	load(cpu, work->word);                  /* another operation: counted again */
	op_end(cpu, 64, 0);
}

static const struct path_stats *path_named(const struct result *r, const char *name)
{
	for (size_t i = 0; i < r->paths; i++)
		if (!strcmp(r->path[i].path, name))
			return &r->path[i];
	fail_msg("no path %s", name);
	return NULL;
}

/* Memory 100 three times (LOCK 109), the hit, compute 100; the page operation is inside. */
static void nested_operations(void **state)
{
	static thread_function *const threads[] = { touches_lines };
	struct sim_options options = engine_options(NULL, 1);
	struct work work = { 0 };
	struct result *r = run_work(options, &work, threads);

	(void)state;
	assert_int_equal(r->operations, 2);
	assert_int_equal(r->op[OP_ALLOC].count, 2);
	assert_int_equal(r->op[OP_ALLOC].max_units, C(100 + 1 + 100 + 109 + 1 + 100 + 1));
	assert_int_equal(r->op[OP_ALLOC].lines_read, 3 + 1);
	assert_int_equal(r->op[OP_ALLOC].lines_written, 3);
	assert_int_equal(r->op[OP_PAGE_ALLOC].count, 1);
	assert_int_equal(r->op[OP_PAGE_ALLOC].total_units, C(109 + 1 + 100));
	assert_int_equal(r->op[OP_PAGE_ALLOC].lines_read, 2);
	assert_int_equal(r->op[OP_PAGE_ALLOC].lines_written, 1);
	assert_int_equal(path_named(r, "inner")->total_units, C(210));
	assert_int_equal(path_named(r, "outer")->count, 1);
	result_free(r);
}

static void handles(struct cpu *cpu, void *argument)
{
	(void)argument;
	op_begin(cpu, OP_FREE);
	compute_cycles(cpu, 30);
	op_end(cpu, 0, 0);
}

/* Entry and exit 200 and the handler's 30 are not the interrupted operation's; its own operation
 * counts as one of its own. */
static void interrupts_are_not_in_the_operation(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 1);
	struct work work = { .count = 1, .cycles = { 1000 } };
	struct sim *sim = engine_sim(&options);
	struct result *r;

	(void)state;
	thread_start(sim, 0, back_to_back, &work);
	timer_add(sim, 0, 500, 0, handles, &work);
	r = finish(sim);
	assert_int_equal(r->op[OP_ALLOC].total_units, C(1000));
	assert_int_equal(r->op[OP_FREE].total_units, C(30));
	assert_int_equal(r->operations, 2);
	assert_int_equal(r->elapsed_units, C(1230));
	assert_int_equal(r->total.cause_units[CAUSE_INTERRUPTS], C(230));
	assert_int_equal(r->total.cause_units[CAUSE_COMPUTE], C(1000));
	result_free(r);
	sim_free(sim);
}

static void stores_in_handler(struct cpu *cpu, void *argument)
{
	const struct two *two = argument;

	store(cpu, two->word + 1, 1);
}

static void computes_long(struct cpu *cpu, void *argument)
{
	(void)argument;
	compute_cycles(cpu, 5000);
}

static void reads_twice(struct cpu *cpu, void *argument)
{
	const struct two *two = argument;

	load(cpu, two->word);
	wait_until(cpu, 3000);
	load(cpu, two->word);
}

/* CPU 1 computes; its timer's handler, at 1000, is who took the line. */
static void a_handler_takes_a_line(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct sim *sim = engine_sim(&options);
	struct two two = { .word = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "word") };
	struct result *r;

	(void)state;
	thread_start(sim, 0, reads_twice, &two);
	thread_start(sim, 1, computes_long, &two);
	timer_add(sim, 1, 1000, 0, stores_in_handler, &two);
	r = finish(sim);
	assert_int_equal(r->takers, 1);
	assert_string_equal(r->taker[0].site.function, "stores_in_handler");
	assert_string_equal(r->taker[0].site.text, "two->word + 1");
	assert_string_equal(r->taker[0].cpu_ids, "1");
	assert_string_equal(r->site[r->taker[0].row].site.function, "reads_twice");
	assert_int_equal(r->taker[0].false_sharing, 1);
	result_free(r);
	sim_free(sim);
}

static void locks_once(struct cpu *cpu, void *argument)
{
	const struct two *two = argument;

	wait_until(cpu, 1000 * (1 + cpu_id(cpu)));
	spin_lock(cpu, two->lock, LOCK_DEC);
	spin_unlock(cpu, two->lock, LOCK_DEC);
}

static void locks_again(struct cpu *cpu, void *argument)
{
	const struct two *two = argument;

	locks_once(cpu, argument);
	wait_until(cpu, 5000);
	spin_lock(cpu, two->lock, LOCK_DEC);
	spin_unlock(cpu, two->lock, LOCK_DEC);
}

/*
 * CPU 0 has the lock at 1000, CPU 1 at 2000, CPU 0 again at 5000: three takings, two hand-overs.
 * CPU 0's second taking misses, and the caller of the lock in locks_once took the line.
 */
static void a_lock_is_taken_by_its_caller(void **state)
{
	static thread_function *const threads[] = { locks_again, locks_once };
	const struct machine machine = engine_machine();
	struct two two;
	struct result *r = run_threads(&machine, threads, 2, &two);

	(void)state;
	assert_int_equal(r->locks, 1);
	assert_int_equal(r->lock[0].taken, 3);
	assert_int_equal(r->lock[0].handovers, 2);
	assert_int_equal(r->lock[0].contended, 0);
	assert_int_equal(r->takers, 1);
	assert_string_equal(r->taker[0].caller.function, "locks_once");
	assert_string_equal(r->taker[0].cpu_ids, "1");
	assert_string_equal(r->site[r->taker[0].row].caller.function, "locks_again");
	assert_int_equal(r->taker[0].true_sharing, 1);
	result_free(r);
}

/* ---- damage --------------------------------------------------------------------------------- */

static struct slot *copy_at(struct sim *sim, unsigned cpu, uint64_t line)
{
	return cache_find(&sim->cpu[cpu].node->level_cache[0], line);
}

static void old_value(struct sim *sim, uint64_t line)
{
	copy_at(sim, 0, line)->version--;
}

static void home_forgets_the_owner(struct sim *sim, uint64_t line)
{
	sim->root->entry[line]->owner = NULL;
}

static void home_forgets_a_sharer(struct sim *sim, uint64_t line)
{
	sim->root->entry[line]->sharers[0] &= ~1ull;
	sim->root->entry[line]->sharer_count--;
}

static void sharer_thinks_it_owns(struct sim *sim, uint64_t line)
{
	copy_at(sim, 0, line)->state = STATE_M;
}

static void memory_is_old(struct sim *sim, uint64_t line)
{
	sim->root->entry[line]->version--;
}

static void two_owners(struct sim *sim, uint64_t line)
{
	copy_at(sim, 0, line)->state = STATE_M;
	copy_at(sim, 1, line)->state = STATE_M;
}

/* What is done to the line of A between two steps, and what the steps after must run into. */
static const struct damage {
	const char *name, *before, *after;
	void (*break_it)(struct sim *sim, uint64_t line);
} damages[] = {
	{ "a copy has an old value",        "0w A0",       "0r A0",       old_value },
	{ "... and is given to another",    "0w A0",       "1r A0",       old_value },
	{ "the home forgets the owner",     "0w A0",       "1r A0",       home_forgets_the_owner },
	{ "the home forgets a sharer",      "0r A0 1r A0", "1w A0 0r A0", home_forgets_a_sharer },
	{ "a sharer thinks it owns",        "0r A0 1r A0", "0w A0 1r A0", sharer_thinks_it_owns },
	{ "... and the other writes",       "0r A0 1r A0", "0w A0 1w A0", sharer_thinks_it_owns },
	{ "memory is old",                  "0w A0 0r Q0", "1r A0",       memory_is_old },
	{ "two CPUs own a line",            "0r A0 1r A0", "0w A0 1r A0", two_owners },
};

struct broken {
	struct play before, after;
	const struct damage *damage;
	unsigned steps;
};

/* CPU 2 breaks it while nothing happens. */
static void breaks(struct cpu *cpu, void *argument)
{
	struct broken *b = argument;
	struct sim *sim = cpu_sim(cpu);

	wait_until(cpu, 10000);
	run_over(cpu);
	b->damage->break_it(sim, sim_offset(sim, b->after.line) >> LINE_SHIFT);
}

static void runs_into_it(struct cpu *cpu, void *argument)
{
	struct broken *b = argument;

	in_turn(cpu, &b->before);
	wait_until(cpu, 20000);
	for (const char *s = b->after.steps; *s; s += strspn(s, " ")) {
		unsigned at = 21000 + (unsigned)(s - b->after.steps) * 1000;

		if ((unsigned)(*s - '0') == cpu_id(cpu)) {
			wait_until(cpu, at);
			perform(cpu, &b->after.line[s[3] - 'A'].word[s[4] - '0'], s[1]);
		}
		s += 5;
	}
}

static void damage_is_found(void **state)
{
	const struct machine machine = one_way_machine();

	(void)state;
	for (unsigned i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct sim_options options = engine_options(&machine, 3);
		struct sim *sim = engine_sim(&options);
		struct broken b = {
			{ damages[i].before, NULL }, { damages[i].after, NULL }, &damages[i], 0
		};

		b.before.line = b.after.line =
			arena_new(sim, struct line_of_words, LINES, 0, 4096, NULL, "lines");
		for (unsigned cpu = 0; cpu < 3; cpu++)
			thread_start(sim, cpu, cpu < 2 ? runs_into_it : breaks, &b);
		if (sim_run(sim) != OUTCOME_BUG)
			fail_msg("%s: not found", damages[i].name);
		if (!strstr(sim->message, "version") && !strstr(sim->message, "not what is asked"))
			fail_msg("%s: found as: %s", damages[i].name, sim->message);
		sim_free(sim);
	}
}

/* ---- buffered stores ------------------------------------------------------------------------ */

static struct result *runs_buffered(thread_function *first, thread_function *second,
				    struct line_of_words **line, uint32_t serials)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct result *r;
	struct sim *sim;

	machine.store_buffer = 4;
	sim = engine_sim(&options);
	*line = arena_new(sim, struct line_of_words, 2, 0, LINE, NULL, "old");
	for (unsigned i = 0; i < 2; i++)
		sim->cpu[i].serials = serials;
	thread_start(sim, 0, first, *line);
	if (second)
		thread_start(sim, 1, second, *line);
	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s", sim->message);
	r = sim_result(sim);
	sim_free(sim);
	return r;
}

static void prefetches_and_stores(struct cpu *cpu, void *argument)
{
	struct line_of_words *line = argument;

	prefetch_write(cpu, &line->word[0]);
	store(cpu, &line->word[0], 1);
	store(cpu, &line->word[1], 1);
}

/* The miss that a prefetch began is that of the store which waits for it: one in all. */
static void a_store_that_joins_a_prefetch_misses(void **state)
{
	struct line_of_words *line;
	struct result *r = runs_buffered(prefetches_and_stores, NULL, &line, 0);

	(void)state;
	assert_int_equal(r->total.misses, 1);
	assert_int_equal(r->total.write_misses, 1);
	assert_int_equal(r->total.misses_cold, 1);
	assert_int_equal(r->total.stores, 2);
	assert_int_equal(r->line[0].stores, 1);
	result_free(r);
}

static void forwards(struct cpu *cpu, void *argument)
{
	struct line_of_words *line = argument;

	load(cpu, &line->word[0]);
	wait_until(cpu, 2000);
	store(cpu, &line->word[0], 1);          /* others share the line: it waits in the buffer */
	load(cpu, &line->word[0]);
}

static void shares_and_relabels(struct cpu *cpu, void *argument)
{
	struct line_of_words *line = argument;

	wait_until(cpu, 500);
	load(cpu, &line->word[0]);
	wait_until(cpu, 1000);
	relabel(cpu, line, sizeof *line, NULL, 0, "new");
}

/* A copy keeps the label it came with, for the store and for the load that is given its value. */
static void a_forwarded_load_has_its_copys_label(void **state)
{
	struct line_of_words *line;
	struct result *r = runs_buffered(forwards, shares_and_relabels, &line, 0);
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < r->fields; i++)
		if (!strcmp(r->field[i].site.function, "forwards")) {
			assert_string_equal(r->field[i].layout, "old");
			seen += (unsigned)(r->field[i].loads + r->field[i].stores);
		}
	assert_int_equal(seen, 3);
	result_free(r);
}

static void operates(struct cpu *cpu, void *argument)
{
	struct line_of_words *line = argument;

	for (unsigned i = 0; i < 8; i++) {
		op_begin(cpu, OP_ALLOC);
		load(cpu, &line[0].word[0]);
		store(cpu, &line[1].word[i], 1);
		load(cpu, &line[1].word[i]);
		load(cpu, &line[0].word[1]);
		op_end(cpu, 0, 0);
	}
}

/* Two lines are read and one is written by each of eight operations, whatever their numbers. */
static void operations_without_end(void **state)
{
	static const uint32_t from[] = { 0, SERIALS - 4, SERIALS, UINT32_MAX - 4 };

	(void)state;
	for (unsigned i = 0; i < sizeof from / sizeof *from; i++) {
		struct line_of_words *line;
		struct result *r = runs_buffered(operates, operates, &line, from[i]);

		assert_int_equal(r->op[OP_ALLOC].count, 16);
		assert_int_equal(r->op[OP_ALLOC].lines_read, 32);
		assert_int_equal(r->op[OP_ALLOC].lines_written, 16);
		result_free(r);
	}
}

static void loses_time(struct cpu *cpu, void *argument)
{
	(void)argument;
	compute_cycles(cpu, 10);
	cpu->clock++;
	compute_cycles(cpu, 10);
}

/* A cycle that belongs to no cause. */
static void lost_time_is_found(void **state)
{
	const struct machine machine = one_way_machine();
	struct sim_options options = engine_options(&machine, 1);
	struct sim *sim = engine_sim(&options);

	(void)state;
	thread_start(sim, 0, loses_time, NULL);
	assert_int_equal(sim_run(sim), OUTCOME_BUG);
	assert_non_null(strstr(sim->message, "belong to no cause"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounces),
		cmocka_unit_test(hitm_upgrades_invalidations),
		cmocka_unit_test(miss_classes),
		cmocka_unit_test(lines_that_came_unasked),
		cmocka_unit_test(owned_lines),
		cmocka_unit_test(migrating_lines),
		cmocka_unit_test(forwarded_lines),
		cmocka_unit_test(far_atomics),
		cmocka_unit_test(causes_of_far_atomics),
		cmocka_unit_test(through_shared_levels),
		cmocka_unit_test(set_up_has_no_writer),
		cmocka_unit_test(bounces_by_class),
		cmocka_unit_test(causes),
		cmocka_unit_test(causes_of_levels_and_upgrades),
		cmocka_unit_test(permission_that_the_level_lacks),
		cmocka_unit_test(waiting_for_a_busy_line),
		cmocka_unit_test(lock_spin),
		cmocka_unit_test(each_holder_has_its_own_time),
		cmocka_unit_test(a_lock_is_released_by_its_holder),
		cmocka_unit_test(window_edges),
		cmocka_unit_test(warm_up_keeps_history),
		cmocka_unit_test(latencies),
		cmocka_unit_test(peaks),
		cmocka_unit_test(nested_operations),
		cmocka_unit_test(interrupts_are_not_in_the_operation),
		cmocka_unit_test(takers),
		cmocka_unit_test(takers_that_buffer_their_stores),
		cmocka_unit_test(takers_that_read),
		cmocka_unit_test(takers_at_the_home),
		cmocka_unit_test(takers_through_shared_levels),
		cmocka_unit_test(a_handler_takes_a_line),
		cmocka_unit_test(a_lock_is_taken_by_its_caller),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(a_store_that_joins_a_prefetch_misses),
		cmocka_unit_test(a_forwarded_load_has_its_copys_label),
		cmocka_unit_test(operations_without_end),
		cmocka_unit_test(lost_time_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
