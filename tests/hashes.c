/*
 * Hashes of whole results: random programs on random machines, one line each, to be compared with
 * those of another build (make same BASE=commit). A change that is to keep every byte keeps them.
 *
 *	hashes FIRST LAST       the cases of those numbers
 *	hashes CASE             the result of that case as text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/random.h"
#include "tests/engine_fixture.h"
#include "tests/program_fixture.h"

/* One of `count`, by the case's own stream. */
static uint64_t draw(uint64_t *state, uint64_t count)
{
	*state += RANDOM_STEP;
	return random_share(random_mix(*state), count);
}

static double one_of(uint64_t *state, double a, double b, double c)
{
	double any[] = { a, b, c };

	return any[draw(state, 3)];
}

static void draw_caches(uint64_t *r, struct machine *m)
{
	if (draw(r, 3))
		return;
	m->l1d.kib = 1;
	m->l1d.ways = 2;
	if (m->l2.ways)
		m->l2 = (struct cache_level){ 2, 4, 10, m->l2.shared };
	else if (draw(r, 2))
		m->l2 = (struct cache_level){ draw(r, 2) ? 2 : 6, draw(r, 2) ? 4 : 3, 10, 1 };
}

static void draw_home(uint64_t *r, struct machine *m)
{
	static const int protocols[] = { PROTOCOL_MESI, PROTOCOL_MESIF, PROTOCOL_MOESI };

	m->protocol = protocols[draw(r, 3)];
	if (m->protocol == PROTOCOL_MOESI)
		m->dirty_read = draw(r, 2) ? DIRTY_MIGRATE : DIRTY_SHARE_OWNED;
	m->handoff.home = draw(r, 4) ? ORDER_CHASING : ORDER_BLOCKING;
	m->handoff.local_bias = one_of(r, 0, 0, 3);
	m->handoff.late_request = draw(r, 2) ? LATE_PAID : m->handoff.late_request;
	m->handoff.hold_ns = one_of(r, 0, 35, 120);
	m->reread_ns = one_of(r, 0, 0, 3);
	m->slice.occupancy_ns = one_of(r, 0, 0, 2);
	m->slice.slices = 1 + draw(r, 4);
	if (m->home == HOME_DIRECTORY)
		m->link.bytes_per_ns = one_of(r, 0, 0, 8);
	if (!draw(r, 4)) {
		m->far_atomic.service_ns = 5;
		m->far_atomic.latency_ns = 60;
	}
	if (draw(r, 2)) {
		m->numa_nodes = 2;
		m->remote_dirty_homed_at_reader_ns = 175;
		m->load_ns.O = (struct reals){ 2, { 55, 130 } };
		m->rmw_ns.O = (struct reals){ 2, { 45, 155 } };
	}
	m->inv_ns_per_extra_sharer = one_of(r, 0, 2, 1);
	m->service_jitter_percent = (uint64_t)one_of(r, 0, 25, 100);
}

static void draw_buffer(uint64_t *r, struct machine *m)
{
	if (draw(r, 2)) {
		m->store_buffer = draw(r, 2) ? 3 : 40;
		m->hidden_store_misses = draw(r, 3);
		m->miss_buffers = 2 + draw(r, 8);
		m->rfo_parallel.from_S = draw(r, 2) ? 3 : 0;
	}
	if (!draw(r, 4)) {
		m->prefetchers.pair = draw(r, 2);
		m->prefetchers.next_line = draw(r, 2);
		m->load_window = draw(r, 2) ? 3 : 0;
	}
}

static struct machine draw_machine(uint64_t *r)
{
	struct machine m = draw(r, 4) ? engine_machine() : engine_machine_shared();

	draw_caches(r, &m);
	draw_home(r, &m);
	draw_buffer(r, &m);
	return m;
}

static char *result_text(uint64_t number)
{
	uint64_t r = number;
	struct machine m = draw_machine(&r);
	struct sim_options o = engine_options(&m, 1 + (unsigned)draw(&r, draw(&r, 2) ? 4 : machine_cores(&m)));
	bool interrupts = draw(&r, 2), walks = m.prefetchers.pair || m.load_window;
	struct program *program;
	struct result *result;
	struct sim *sim;
	char *text;

	if (!draw(&r, 20) && m.home == HOME_DIRECTORY) {
		m.cores_per_die = 40;
		o.cpus = 65 + (unsigned)draw(&r, 16);
	}
	o.placement = draw(&r, 3) ? PLACEMENT_COMPACT : PLACEMENT_SCATTER;
	o.seed = number;
	o.max_cycles = 1000000;                 /* some timers leave no time for anything else */
	o.preempt = draw(&r, 2);
	o.start_jitter_cycles = draw(&r, 3) * 50;
	o.warmup = draw(&r, 4) * 17 * o.cpus;
	o.operations = draw(&r, 8) ? 101 * o.cpus : 0;
	sim = engine_sim(&o);
	program = program_start(sim, 160, interrupts, walks);
	sim_run(sim);
	result = sim_result(sim);
	text = engine_text(result);
	result_free(result);
	sim_free(sim);
	free(program);
	return text;
}

/* Lines of the engine's own source stand in results too (preempt_disable): they may move. */
static void mask_lines(char *text)
{
	static const char at[] = "sim/cpu.c:";

	while ((text = strstr(text, at)))
		for (text += sizeof at - 1; *text >= '0' && *text <= '9'; text++)
			*text = '#';
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 1469598103934665603u;           /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : first;

	for (uint64_t number = first; number <= last; number++) {
		char *text = result_text(number);

		mask_lines(text);
		if (argc == 2)
			fputs(text, stdout);
		else
			printf("%llu %016llx %.4s\n", (unsigned long long)number,
			       (unsigned long long)hash_of(text), text);
		free(text);
	}
	return 0;
}
