/* Small machines and programs for the engine's tests; see engine_fixture.h. */
#include "tests/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define REALS(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

struct machine engine_machine(void)
{
	return (struct machine){
		.id = "engine-test", .freq_ghz = 1, .sockets = 2, .dies_per_socket = 1, .cores_per_die = 8, .numa_nodes = 1,
		.protocol = PROTOCOL_MESI, .home = HOME_DIRECTORY,
		.distances = { 2, { DISTANCE_SOCKET, DISTANCE_HOP } },
		.l1d = { 32, 8, 1, 1 }, .dram_ns = REALS(100),
		.load_ns = { .M = REALS(60, 160), .E = REALS(50, 140), .S = REALS(40, 120) },
		.rmw_ns = { .M = REALS(70, 170), .E = REALS(60, 150), .S = REALS(50, 130) },
		.inv_ns_per_extra_sharer = 2,
		.own_cyc = { .add = REALS(1, 1), .cmpxchg_local = REALS(2, 2), .lock_add = REALS(10, 10),
			     .lock_xadd = REALS(10, 10), .lock_cmpxchg = REALS(10, 10), .xchg = REALS(10, 10) },
		.mfence_cyc = 10, .irq_pair_cyc = { 20 }, .cli_sti_pair_cyc = 4, .pause_cyc = 4,
		.irq_entry_exit_ns = 200, .ipi_roundtrip_ns = 1000,
		.handoff = { .home = ORDER_CHASING, .split = REALS(0.25, 0.25, 0.5) },
	};
}

struct machine engine_machine_shared(void)
{
	struct machine m = engine_machine();

	m.home = HOME_BUS;
	m.cores_per_die = 2;
	m.dies_per_socket = 2;
	m.distances = (struct wordlist){ 3, { DISTANCE_DIE, DISTANCE_SOCKET, DISTANCE_HOP } };
	m.l2 = (struct cache_level){ 64, 8, 10, 2 };
	m.load_ns = (struct by_state){ .M = REALS(30, 90, 100), .E = REALS(20, 90, 100), .S = REALS(10, 95, 105) };
	m.rmw_ns = (struct by_state){ .M = REALS(40, 95, 105), .E = REALS(30, 95, 105), .S = REALS(25, 85, 95) };
	m.link.bus_slot_ns = 6;
	m.link.bytes_per_ns = 12;
	return m;
}

struct sim_options engine_options(const struct machine *machine, unsigned cpus)
{
	return (struct sim_options){ .machine = machine, .cpus = cpus, .placement = PLACEMENT_COMPACT, .seed = 1,
				     .arena_bytes = 8 << 20, .model = "test" };
}

struct sim *engine_sim(const struct sim_options *options)
{
	char why[200];
	struct sim *sim = sim_new(options, why, sizeof why);

	if (!sim) {
		fprintf(stderr, "sim_new: %s\n", why);
		abort();
	}
	return sim;
}

static void print_counts(FILE *f, const struct counts *c)
{
	const uint64_t *v = (const uint64_t *)c;

	for (size_t i = 0; i < sizeof *c / sizeof *v; i++)
		fprintf(f, " %llu", (unsigned long long)v[i]);
	fputc('\n', f);
}

#define U(x) ((unsigned long long)(x))

char *engine_text(const struct result *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "%s %s\nops %llu elapsed %llu live %llu footprint %llu accesses %llu\n", outcome_names[r->outcome], r->message,
		U(r->operations), U(r->elapsed_units), U(r->live_bytes_peak), U(r->footprint_bytes_peak), U(r->accesses));
	for (unsigned i = 0; i < r->cpus; i++)
		print_counts(f, &r->cpu[i]);
	for (int i = 0; i < OPS; i++)
		fprintf(f, "op %d: %llu %llu %llu %llu %llu %llu %llu\n", i, U(r->op[i].count), U(r->op[i].total_units),
			U(r->op[i].max_units), U(r->op[i].p50_units), U(r->op[i].p99_units), U(r->op[i].lines_read),
			U(r->op[i].lines_written));
	for (size_t i = 0; i < r->lines; i++) {
		const struct line_stats *l = &r->line[i];

		fprintf(f, "line %llu %s (%s) %d: %llu %llu %llu %llu %llu %llu %llu %llu %llu %u %u %s %s\n", U(l->offset), l->label,
			l->members, l->class, U(bounces_of_line(l)), U(l->hitm), U(l->upgrades), U(l->invalidations), U(l->misses),
			U(l->false_sharing), U(l->true_sharing), U(l->loads), U(l->stores), l->readers, l->writers,
			l->reader_ids, l->writer_ids);
	}
	for (size_t i = 0; i < r->sites; i++) {
		const struct site_stats *s = &r->site[i];

		fprintf(f, "site %s:%u %s %llu+%u/%u %s %d %s: %llu %llu %llu %llu %llu %llu %llu %u %s\n", s->site.file, s->site.line,
			s->site.text, U(s->line), s->offset, s->size, s->member, s->op, s->path, U(s->loads), U(s->stores),
			U(s->rmws), U(s->bounces), U(s->hitm), U(s->upgrades), U(s->wait_units), s->cpus, s->cpu_ids);
	}
	for (size_t i = 0; i < r->takers; i++) {
		const struct taker_stats *t = &r->taker[i];

		fprintf(f, "taker %u %u/%u %s %s:%u %s:%u: %llu %llu %llu %llu %s\n", t->row, t->offset, t->size, t->member,
			t->site.file, t->site.line, t->caller.file, t->caller.line, U(t->misses), U(t->true_sharing),
			U(t->false_sharing), U(t->upgrades), t->cpu_ids);
	}
	for (size_t i = 0; i < r->pairs; i++) {
		const struct pair_stats *p = &r->pair[i];

		fprintf(f, "pair %s.%s+%u/%u %s.%s+%u/%u %u: %llu %llu %llu %llu %s %s\n", p->layout, p->member, p->offset, p->size,
			p->taker_layout, p->taker_member, p->taker_offset, p->taker_size, p->apart, U(p->misses),
			U(p->true_sharing), U(p->false_sharing), U(p->upgrades), p->cpu_ids, p->taker_ids);
	}
	for (size_t i = 0; i < r->transfers; i++)
		fprintf(f, "transfer %u %u: %llu\n", r->transfer[i].cpu, r->transfer[i].taker, U(r->transfer[i].count));
	for (size_t i = 0; i < r->shapes; i++)
		fprintf(f, "shape %s.%s+%u/%u %u\n", r->shape[i].layout, r->shape[i].member, r->shape[i].offset, r->shape[i].size,
			r->shape[i].struct_size);
	for (size_t i = 0; i < r->fields; i++) {
		const struct field_stats *s = &r->field[i];

		fprintf(f, "field %s.%s+%u %s:%u: %llu %llu %llu\n", s->layout, s->member, s->offset, s->site.file, s->site.line,
			U(s->loads), U(s->stores), U(s->rmws));
	}
	for (size_t i = 0; i < r->paths; i++)
		fprintf(f, "path %d %s: %llu %llu\n", r->path[i].op, r->path[i].path, U(r->path[i].count), U(r->path[i].total_units));
	for (size_t i = 0; i < r->locks; i++)
		fprintf(f, "lock %s %s: %llu %llu %llu %llu %llu %llu\n", r->lock[i].label, r->lock[i].kind, U(r->lock[i].taken),
			U(r->lock[i].contended), U(r->lock[i].turns), U(r->lock[i].wait_units), U(r->lock[i].hold_units),
			U(r->lock[i].handovers));
	for (size_t i = 0; i < r->holders; i++)
		fprintf(f, "holder %llu %llu %u\n", U(r->holder[i].start_units), U(r->holder[i].line), r->holder[i].cpu);
	fclose(f);
	return text;
}
