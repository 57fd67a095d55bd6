/*
 * Measuring: each microbenchmark is the experiment of configs/micro, run natively a few times; the
 * median of elapsed_cycles / operations counts. What is then left is what n CPUs cannot show.
 */
#include "experiment/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/data.h"
#include "experiment/experiment.h"
#include "experiment/host_topology.h"
#include "experiment/machine_file.h"
#include "experiment/schema.h"
#include "experiment/statistics.h"
#include "sim/verbs/xalloc.h"

enum { UNITS_PER_CYCLE = 64, SETS = 4, PATH_BYTES = 4096 };
static const double OTHER_KIND = 1.5;

struct measuring {
	struct calibration *calibration;
	const struct calibration_options *options;
	FILE *progress;
	struct diagnostics *diagnostics;
	char *why;
	size_t size;
};

/* ---- one microbenchmark --------------------------------------------------------------------- */

/* A test of a file of configs/micro, on these CPUs of the host. */
struct probe {
	const char *file, *test;
	const unsigned *host;
	struct experiment *experiment;
	double *cycles;                 /* [samples], an operation */
};

static bool probe_open(struct measuring *m, struct probe *p)
{
	char path[PATH_BYTES], name[80], set[SETS][80];
	char *sets[SETS] = { set[0], set[1], set[2], set[3] };

	p->cycles = xalloc(m->options->samples * sizeof *p->cycles);
	snprintf(name, sizeof name, "configs/micro/%s.yaml", p->file);
	snprintf(set[0], sizeof set[0], "workload.test=%s", p->test);
	snprintf(set[1], sizeof set[1], "workload.memory_of=0");
	snprintf(set[2], sizeof set[2], "jitter_cycles=0");
	snprintf(set[3], sizeof set[3], "repeat=1");
	if (data_file(name, path, sizeof path))
		p->experiment = experiment_load(path, sets, SETS, m->diagnostics);
	else
		snprintf(m->why, m->size, "there is no file %s", name);
	return p->experiment;
}

static void probe_close(struct probe *p)
{
	if (p->experiment)
		experiment_free(p->experiment);
	free(p->cycles);
}

static bool probe_sample(struct measuring *m, struct probe *p, unsigned round)
{
	const struct combination *combination = p->experiment->combination[0];
	struct native_options options = {
		.cpus = (unsigned)combination->settings.cpus,
		.host = p->host,
		.max_cycles = 100000000000,
		.bytes = combination_bytes(combination, 1),
		.seed = round + 1,
	};
	struct native_report report;
	const struct result *result;
	bool done;

	combination_plan(combination, &options.plan);
	if (!backend_native.native->run(&options, &report, m->why, m->size))
		return false;
	result = report.result;
	done = result->outcome == OUTCOME_DONE && result->operations;
	if (done)
		p->cycles[round] = (double)result->elapsed_units / UNITS_PER_CYCLE /
				   (double)result->operations;
	else
		snprintf(m->why, m->size, "%s", result->message);
	m->calibration->runs++;
	m->calibration->disturbed += report.disturbed;
	result_free(report.result);
	return done;
}

/* Of all rounds, and of those alone that `kept` says yes to. */
static double median_of(const struct measuring *m, const double *cycles, const bool *kept)
{
	double *chosen = xalloc(m->options->samples * sizeof *chosen), median;
	size_t count = 0;

	for (unsigned i = 0; i < m->options->samples; i++)
		if (!kept || kept[i])
			chosen[count++] = cycles[i];
	median = statistics_percentile(chosen, count, 0.5);
	free(chosen);
	return median;
}

/*
 * A hypervisor moves its CPUs between cores that are near and far. Rounds whose first test is far
 * from the median of the first test are of another kind, and count for no test.
 */
static void keep_one_kind(struct measuring *m, const struct probe *first, bool *kept)
{
	double median = median_of(m, first->cycles, NULL);

	for (unsigned i = 0; i < m->options->samples; i++) {
		kept[i] = first->cycles[i] < OTHER_KIND * median &&
			  first->cycles[i] * OTHER_KIND > median;
		m->calibration->moved += !kept[i];
	}
}

/* All tests in turn, round after round; the median of each, in cycles. */
static bool measure_probes(struct measuring *m, struct probe *probe, unsigned count,
			   double *medians)
{
	bool *kept = xalloc(m->options->samples * sizeof *kept), good = true;

	for (unsigned i = 0; i < count; i++)
		good = probe_open(m, &probe[i]) && good;
	for (unsigned round = 0; round < m->options->samples; round++)
		for (unsigned i = 0; i < count && good; i++)
			good = probe_sample(m, &probe[i], round);
	if (good)
		keep_one_kind(m, &probe[0], kept);
	for (unsigned i = 0; i < count; i++) {
		if (good)
			medians[i] = median_of(m, probe[i].cycles, kept);
		if (good && m->progress)
			fprintf(m->progress, "  %-14s %8.1f cycles %8.1f ns\n", probe[i].test,
				medians[i], medians[i] / m->calibration->own.ghz);
		probe_close(&probe[i]);
	}
	free(kept);
	return good;
}

/* ---- cores and caches ----------------------------------------------------------------------- */

static bool same_group(const struct host_core *a, const struct host_core *b)
{
	return a->package == b->package && a->level[2].first == b->level[2].first &&
	       a->level[2].ways && b->level[2].ways;
}

static unsigned count_like_first(const struct host_core *core, unsigned cores, bool group)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cores; i++)
		count += group ? same_group(&core[i], &core[0])
			       : core[i].package == core[0].package;
	return count;
}

static double rounded(double value)
{
	return round(value * 10) / 10;
}

static void set_level(struct cache_level *to, const struct host_cache *from, unsigned shared)
{
	uint64_t sets = from->ways ? from->kib * 1024 / LINE / from->ways : 0;

	*to = (struct cache_level){ .kib = from->kib, .ways = from->ways, .shared = shared };
	if (!sets || sets & (sets - 1))         /* not told, or a number that is not modelled */
		to->ways = 0;
}

/* Cores in the nested way that machines have, if they are: else one flat die. */
static void take_topology(struct calibration *c, const struct host_core *core, unsigned cores)
{
	struct machine *machine = &c->machine;
	unsigned group = count_like_first(core, cores, true);
	unsigned package = count_like_first(core, cores, false);
	bool nested = group && package % group == 0 && cores % package == 0;

	c->shared_llc = group > 1;
	machine->cores_per_die = nested ? group : cores;
	machine->dies_per_socket = nested ? package / group : 1;
	machine->sockets = nested ? cores / package : 1;
	machine->numa_nodes = 1;
	set_level(&machine->l1d, &core[0].level[0], 1);
	set_level(&machine->l2, &core[0].level[1], 1);
	set_level(&machine->llc, &core[0].level[2], nested ? group : cores);
	if (machine->llc.shared == 1)           /* a level of one core behind another is not modelled */
		machine->llc.ways = 0;
	machine->distances.count = 0;
	for (unsigned i = 1; i < cores; i++) {
		enum distance distance = !nested || machine_die(machine, i) == 0 ? DISTANCE_DIE
					 : machine_socket(machine, i) == 0 ? DISTANCE_SOCKET
									   : DISTANCE_HOP;
		unsigned at = machine->distances.count;

		if (at && machine->distances.value[at - 1] >= (int)distance)
			continue;
		machine->distances.value[at] = (int)distance;
		c->partner[at] = i;
		machine->distances.count++;
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void measure_hits(struct calibration *c)
{
	struct machine *machine = &c->machine;
	double (*chase)(unsigned host, uint64_t bytes) = backend_native.native->measure_chase;
	uint64_t l1 = machine->l1d.kib << 10, l2 = machine->l2.ways ? machine->l2.kib << 10 : l1;
	/* beyond l2, and no more: what else the host does has its share of a last level */
	uint64_t most = 8 << 20, llc = machine->llc.kib << 9, beyond = 4 * l2;

	machine->l1d.hit_cyc = rounded(chase(c->host[0], l1 / 2));
	if (machine->l2.ways)
		machine->l2.hit_cyc = rounded(fmax(chase(c->host[0], l1 + l2 / 4),
						   machine->l1d.hit_cyc));
	if (machine->llc.ways)
		machine->llc.hit_cyc =
			rounded(fmax(chase(c->host[0], least(least(llc, most), beyond)),
				     machine->l2.hit_cyc));
}

/* ---- lines of other cores ------------------------------------------------------------------- */

struct line_test {
	const char *test;
	size_t list;                    /* of struct machine */
	bool fenced;                    /* a fence is in it, which is taken off */
};

#define TO(test, member, fenced) { test, offsetof(struct machine, member), fenced }
static const struct line_test line_tests[] = {
	TO("ld_M", load_ns.M, false),   TO("ld_E", load_ns.E, false),
	TO("rmw_M", rmw_ns.M, false),   TO("rmw_E", rmw_ns.E, false),
	TO("rmw_S", rmw_ns.S, false),   TO("st_M", store_ns.M, true),
	TO("st_E", store_ns.E, true),   TO("st_S", store_ns.S, true),
};
enum { LINE_TESTS = sizeof line_tests / sizeof *line_tests };

static void add_ns(const struct calibration *c, struct reals *list, double cycles, bool fenced)
{
	double ns = (cycles - (fenced ? c->own.fence : 0)) / c->own.ghz;

	list->value[list->count++] = ns > 0 ? rounded(ns) : 0;
}

/* A line that two others share, said from what two cores show: a clean line of another core that
 * comes as fast as from a last level comes from there. */
static void guess_shared(struct calibration *c)
{
	struct reals *shared = &c->machine.load_ns.S;
	double hit = c->machine.llc.hit_cyc / c->own.ghz;
	double clean = c->machine.load_ns.E.value[shared->count];

	c->llc_apart = c->shared_llc && clean > 3 * hit;
	shared->value[shared->count++] = c->shared_llc && !c->llc_apart ? rounded(hit) : clean;
}

/* Does a read take a modified line over, so that its own writer has to fetch it? */
static void set_dirty_read(struct machine *machine, double again)
{
	double hit = machine->l2.ways ? machine->l2.hit_cyc : machine->l1d.hit_cyc;

	if (machine->protocol == PROTOCOL_MOESI)
		machine->dirty_read = again > 2 * hit ? DIRTY_MIGRATE : DIRTY_SHARE_OWNED;
	else
		machine->dirty_read = DIRTY_SHARE_WB;
}

/* A core that is neither CPU 0's nor `partner`; the number of cores: none. */
static unsigned third_core(const struct calibration *c, unsigned partner)
{
	unsigned third = 1;

	while (third < c->cpus && third == partner)
		third++;
	return third;
}

static bool measure_distance(struct measuring *m, unsigned d)
{
	enum { AGAIN = LINE_TESTS, MEMORY, SHARED, PROBES };
	struct calibration *c = m->calibration;
	unsigned partner = c->partner[d], third = third_core(c, partner);
	unsigned host[] = { c->host[0], c->host[partner], third < c->cpus ? c->host[third] : 0 };
	struct probe probe[PROBES] = {
		[AGAIN] = { "lines", "ld_after_read", host, NULL, NULL },
		[MEMORY] = { "memory", "ld_I", host, NULL, NULL },
		[SHARED] = { "lines-of-two", "ld_S", host, NULL, NULL },
	};
	double median[PROBES];

	for (unsigned i = 0; i < LINE_TESTS; i++)
		probe[i] = (struct probe){ "lines", line_tests[i].test, host, NULL, NULL };
	c->three = third < c->cpus;
	if (!measure_probes(m, probe, c->three ? PROBES : SHARED, median))
		return false;
	for (unsigned i = 0; i < LINE_TESTS; i++)
		add_ns(c, (struct reals *)((char *)&c->machine + line_tests[i].list), median[i],
		       line_tests[i].fenced);
	if (c->three)
		add_ns(c, &c->machine.load_ns.S, median[SHARED], false);
	else
		guess_shared(c);
	if (d == 0) {
		set_dirty_read(&c->machine, median[AGAIN]);
		add_ns(c, &c->machine.dram_ns, median[MEMORY], false);
	}
	return true;
}

static bool measure_lines(struct measuring *m)
{
	struct machine *machine = &m->calibration->machine;
	struct by_state none = { 0 };

	machine->load_ns = machine->store_ns = machine->rmw_ns = none;
	machine->dram_ns.count = 0;
	for (unsigned d = 0; d < machine->distances.count; d++)
		if (!measure_distance(m, d))
			return false;
	return true;
}

/* ---- where a number comes from --------------------------------------------------------------- */

static bool covers(const char *key, const char *path)
{
	size_t length = strlen(key);

	return !strncmp(key, path, length) && (!path[length] || path[length] == '.');
}

static enum origin calibration_origin(const struct calibration *c, const char *path)
{
	static const struct {
		const char *key;
		enum origin origin;
	} origins[] = {
		{ "freq_ghz", ORIGIN_MEASURED },     { "l1d.hit_cyc", ORIGIN_MEASURED },
		{ "l2.hit_cyc", ORIGIN_MEASURED },   { "llc.hit_cyc", ORIGIN_MEASURED },
		{ "dram_ns", ORIGIN_MEASURED },      { "load_ns", ORIGIN_MEASURED },
		{ "store_ns", ORIGIN_MEASURED },     { "rmw_ns", ORIGIN_MEASURED },
		{ "own_cyc", ORIGIN_MEASURED },      { "mfence_cyc", ORIGIN_MEASURED },
		{ "rdtsc_cyc", ORIGIN_MEASURED },    { "pause_cyc", ORIGIN_MEASURED },
		{ "dirty_read", ORIGIN_MEASURED },   { "sockets", ORIGIN_HOST },
		{ "dies_per_socket", ORIGIN_HOST },  { "cores_per_die", ORIGIN_HOST },
		{ "l1d", ORIGIN_HOST },              { "l2", ORIGIN_HOST },
		{ "llc", ORIGIN_HOST },              { "distances", ORIGIN_HOST },
		{ "sockets_per_blade", ORIGIN_HOST }, { "blades_per_router", ORIGIN_HOST },
		{ "numa_nodes", ORIGIN_DERIVED },    { "irq_pair_cyc", ORIGIN_NONE },
		{ "cli_sti_pair_cyc", ORIGIN_NONE }, { "preempt_pair_cyc", ORIGIN_NONE },
		{ "irq_entry_exit_ns", ORIGIN_NONE }, { "ipi_roundtrip_ns", ORIGIN_NONE },
		{ "step_cyc", ORIGIN_NONE },
	};

	if (covers("load_ns.S", path) && !c->three)
		return ORIGIN_DERIVED;
	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
		if (covers(origins[i].key, path))
			return origins[i].origin;
	return ORIGIN_LIKE;
}

/* ---- what it is like ------------------------------------------------------------------------ */

static const char *usual_like(const char *maker)
{
	if (!strcmp(maker, "AuthenticAMD"))
		return "milan-2s";
	if (!strcmp(maker, "GenuineIntel"))
		return "cascade-2s";
#ifdef __aarch64__
	return "graviton2";
#else
	return "textbook";
#endif
}

static void set_pair(struct reals *list, const double pair[2])
{
	list->count = 2;
	list->value[0] = rounded(pair[0]);
	list->value[1] = rounded(pair[1]);
}

static void take_own(struct calibration *c)
{
	struct machine *machine = &c->machine;
	struct own_cycles *to = &machine->own_cyc;
	const struct native_own *own = &c->own;

	machine->freq_ghz = round(own->ghz * 1000) / 1000;
	set_pair(&to->add, own->add);
	set_pair(&to->cmpxchg_local, own->cmpxchg);
	to->cmpxchg8b_local.count = 0;
	set_pair(&to->cmpxchg16b_local, own->cmpxchg16b);
	set_pair(&to->lock_add, own->lock_add);
	set_pair(&to->lock_xadd, own->lock_xadd);
	set_pair(&to->lock_cmpxchg, own->lock_cmpxchg);
	set_pair(&to->xchg, own->xchg);
	set_pair(&to->lock_cmpxchg16b, own->lock_cmpxchg16b);
	machine->mfence_cyc = rounded(own->fence);
	machine->pause_cyc = rounded(own->pause);
	machine->rdtsc_cyc = rounded(own->rdtsc);
}

/* What a program does not have here: instructions of its own are there by themselves. */
static void clear_rest(struct machine *machine)
{
	memset(&machine->irq_pair_cyc, 0, sizeof machine->irq_pair_cyc);
	memset(&machine->step_cyc, 0, sizeof machine->step_cyc);
	machine->cli_sti_pair_cyc = machine->preempt_pair_cyc = 0;
	machine->irq_entry_exit_ns = machine->ipi_roundtrip_ns = 0;
	machine->remote_dirty_homed_at_reader_ns = NAN;
	machine->sockets_per_blade = machine->blades_per_router = 1;
	machine->weak.count = 0;
}

static void note_weak(void *to, const struct setting *setting, const char *path, const char *text)
{
	struct calibration *c = to;
	struct keylist *weak = &c->machine.weak;
	enum origin origin = calibration_origin(c, path);
	bool number = setting->kind == SETTING_REAL || setting->kind == SETTING_COUNT ||
		      setting->kind == SETTING_REALS;
	double first = strtod(text + (*text == '['), NULL);

	if (number && (origin == ORIGIN_LIKE || origin == ORIGIN_DERIVED) && first != 0 &&
	    strcmp(path, "numa_nodes") && strcmp(path, "handoff.split") && weak->count < SETTING_KEYS_MAX)
		snprintf(weak->key[weak->count++], SETTING_KEY_BYTES, "%s", path);
}

static void tell_rule(void *to, const char *key, const char *text)
{
	const struct measuring *m = to;

	snprintf(m->why, m->size, "what was measured makes no machine: %s: %s", key, text);
}

bool calibrate(const struct calibration_options *options, struct calibration *c, FILE *progress,
	       struct diagnostics *diagnostics, char *why, size_t size)
{
	struct measuring m = { c, options, progress, diagnostics, why, size };
	struct host_core *core = xalloc(HOST_CPUS_MAX * sizeof *core);
	unsigned allowed[CALIBRATED_CPUS_MAX];
	unsigned count = backend_native.native->cpus(allowed, CALIBRATED_CPUS_MAX);
	char maker[32];
	bool good;

	memset(c, 0, sizeof *c);
	host_processor(c->processor, sizeof c->processor, maker, sizeof maker);
	snprintf(c->like, sizeof c->like, "%s", options->like ? options->like : usual_like(maker));
	good = machine_load(c->like, diagnostics, &c->machine);
	c->cpus = host_cores(allowed, count, core);
	if (good && c->cpus < 2) {
		snprintf(why, size, "this host has one core for bounce: nothing bounces there");
		good = false;
	}
	for (unsigned i = 0; i < c->cpus; i++)
		c->host[i] = core[i].cpu;
	if (good) {
		snprintf(c->machine.id, sizeof c->machine.id, "%s", options->id);
		snprintf(c->machine.title, sizeof c->machine.title, "%u cores of %.90s, calibrated",
			 c->cpus, *c->processor ? c->processor : "an unknown processor");
		clear_rest(&c->machine);
		take_topology(c, core, c->cpus);
	}
	free(core);
	if (good && !c->machine.l1d.ways) {
		snprintf(why, size, "this host does not say how large its first cache is");
		good = false;
	}
	good = good && backend_native.native->measure_own(c->host[0], &c->own, why, size);
	if (!good)
		return false;
	take_own(c);
	measure_hits(c);
	if (!measure_lines(&m))
		return false;
	schema_list(machine_settings, &c->machine, "", note_weak, c);
	return machine_check(&c->machine, tell_rule, &m);
}

/* ---- the file ------------------------------------------------------------------------------- */

struct printing {
	FILE *out;
	const struct calibration *calibration;
	char section[SETTING_NAME_BYTES];       /* that was begun */
};

/* Levels that are not there, far atomics of a machine that has none. */
static bool left_out(const struct machine *machine, const char *path)
{
	return (!machine->l2.ways && covers("l2", path)) ||
	       (!machine->llc.ways && covers("llc", path)) ||
	       (machine->far_atomic.service_ns == 0 && covers("far_atomic", path));
}

static const char *const origin_marks[] = {
	[ORIGIN_MEASURED] = "[X]",
	[ORIGIN_HOST] = "[H]",
	[ORIGIN_DERIVED] = "[D]",
	[ORIGIN_NONE] = "[0]",
	[ORIGIN_LIKE] = "[L]",
};

static void print_key(void *to, const struct setting *setting, const char *path, const char *text)
{
	struct printing *p = to;
	const char *dot = strchr(path, '.'), *key = dot ? dot + 1 : path;
	int length = dot ? (int)(dot - path) : 0;
	char quoted[SETTING_TEXT_BYTES];
	bool name = setting->kind == SETTING_NAME;

	if (!*text || left_out(&p->calibration->machine, path))
		return;
	if (length && (strncmp(p->section, path, (size_t)length) || p->section[length]))
		fprintf(p->out, "%.*s:\n", length, path);
	snprintf(p->section, sizeof p->section, "%.*s", length, path);
	if (name)
		schema_quote(text, quoted, sizeof quoted);
	fprintf(p->out, "%s%s: %s", length ? "  " : "", key, name ? quoted : text);
	if (!name && strcmp(path, "weak"))
		fprintf(p->out, "    # %s", origin_marks[calibration_origin(p->calibration, path)]);
	putc('\n', p->out);
}

void calibration_print(FILE *out, const struct calibration *c)
{
	struct printing printing = { .out = out, .calibration = c };

	fprintf(out,
		"# A host, measured by 'bounce calibrate' with the microbenchmarks of configs/micro\n"
		"# on pinned threads, through the same verbs as models use: medians. Host CPUs used,\n"
		"# one per core:");
	for (unsigned i = 0; i < c->cpus; i++)
		fprintf(out, " %u", c->host[i]);
	fprintf(out,
		".\n#\n# like: %s\n"
		"# What so many CPUs cannot show comes from there and is listed in `weak`.\n#\n"
		"# Where a number comes from:\n"
		"#   [X] measured here\n"
		"#   [H] what the host says of itself\n"
		"#   [D] derived: load_ns.S as a hit in a shared llc, else as E; one memory node\n"
		"#   [0] nothing: native programs get no interrupts, and their instructions are there\n"
		"#   [L] as %s\n",
		c->like, c->like);
	if (c->llc_apart)
		fprintf(out,
			"# The host says that these cores share their last level; clean lines of another\n"
			"# core come from farther than that, so they may not, and load_ns.S is as E.\n");
	if (c->moved)
		fprintf(out,
			"# Left out: %u rounds of all tests in which lines came from another distance than\n"
			"# in most, as when a hypervisor moves its CPUs.\n",
			c->moved);
	if (c->disturbed)
		fprintf(out, "# Of %u runs the host disturbed %u each time they were tried.\n",
			c->runs, c->disturbed);
	schema_list(machine_settings, &c->machine, "", print_key, &printing);
}
