/*
 * Pairs of a workload, put on cores and measured.
 */
#include "experiment/partners.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/schema.h"
#include "sim/verbs/xalloc.h"

struct pairs {
	unsigned (*pair)[2];
	size_t count;
};

static void add_pair(void *to, unsigned cpu, unsigned other)
{
	struct pairs *pairs = to;

	pairs->pair = xrealloc(pairs->pair, (pairs->count + 1) * sizeof *pairs->pair);
	pairs->pair[pairs->count][0] = cpu;
	pairs->pair[pairs->count++][1] = other;
}

/* Those of CPUs that there are: settings that ask for more are refused elsewhere. */
static struct pairs pairs_of(const struct combination *combination)
{
	const struct workload *workload = combination->workload;
	unsigned cpus = (unsigned)combination->settings.cpus;
	struct pairs pairs = { NULL, 0 };
	size_t kept = 0;

	if (workload->partners)
		workload->partners(combination->workload_settings, cpus, add_pair, &pairs);
	for (size_t i = 0; i < pairs.count; i++) {
		if (pairs.pair[i][0] >= cpus || pairs.pair[i][1] >= cpus)
			continue;
		memmove(pairs.pair[kept++], pairs.pair[i], sizeof *pairs.pair);
	}
	pairs.count = kept;
	return pairs;
}

/* ---- placing ----------------------------------------------------------------------------- */

enum { NOWHERE = MACHINE_CORES_MAX };

struct placing {
	const struct machine *machine;
	struct pairs pairs;
	unsigned distance, cpus, cores;
	unsigned *core;                 /* by CPU; NOWHERE: not yet */
	bool taken[MACHINE_CORES_MAX];
};

static unsigned partner_in(const unsigned pair[2], unsigned cpu)
{
	return pair[0] == cpu ? pair[1] : pair[1] == cpu ? pair[0] : NOWHERE;
}

static unsigned degree(const struct placing *placing, unsigned cpu)
{
	unsigned count = 0;

	for (size_t i = 0; i < placing->pairs.count; i++)
		count += partner_in(placing->pairs.pair[i], cpu) != NOWHERE;
	return count;
}

static bool is_free_at(const struct placing *placing, unsigned core, unsigned from)
{
	return core != from && !placing->taken[core] &&
	       machine_distance(placing->machine, from, core) == placing->distance;
}

static unsigned count_free_at(const struct placing *placing, unsigned from)
{
	unsigned count = 0;

	for (unsigned core = 0; core < placing->cores; core++)
		count += is_free_at(placing, core, from);
	return count;
}

static void put(struct placing *placing, unsigned cpu, unsigned core)
{
	placing->core[cpu] = core;
	placing->taken[core] = true;
}

/* A CPU and all its partners: on the first core that has room for them at that distance. */
static bool put_with_partners(struct placing *placing, unsigned cpu, unsigned partners)
{
	unsigned core = 0;

	while (core < placing->cores &&
	       (placing->taken[core] || count_free_at(placing, core) < partners))
		core++;
	if (core == placing->cores)
		return false;
	put(placing, cpu, core);
	for (size_t i = 0; i < placing->pairs.count; i++) {
		unsigned other = partner_in(placing->pairs.pair[i], cpu), at = 0;

		if (other == NOWHERE || placing->core[other] != NOWHERE)
			continue;
		while (!is_free_at(placing, at, core))
			at++;
		put(placing, other, at);
	}
	return true;
}

/*
 * CPUs with most partners first: a consumer of several producers needs room around it. Pairs make
 * stars (one side of a workload has one partner each), so nobody has to fit between two.
 */
static bool put_pairs(struct placing *placing)
{
	for (unsigned most = placing->cpus; most > 0; most--) {
		for (unsigned cpu = 0; cpu < placing->cpus; cpu++) {
			if (placing->core[cpu] == NOWHERE && degree(placing, cpu) == most &&
			    !put_with_partners(placing, cpu, most))
				return false;
		}
	}
	return true;
}

/* Who has no partner, anywhere: there are as many cores as CPUs. */
static void put_others(struct placing *placing)
{
	unsigned core = 0;

	for (unsigned cpu = 0; cpu < placing->cpus; cpu++) {
		if (placing->core[cpu] != NOWHERE)
			continue;
		while (placing->taken[core])
			core++;
		put(placing, cpu, core);
	}
}

static bool all_apart(const struct placing *placing)
{
	for (size_t i = 0; i < placing->pairs.count; i++) {
		const unsigned *pair = placing->pairs.pair[i];

		if (machine_distance(placing->machine, placing->core[pair[0]],
				     placing->core[pair[1]]) != placing->distance)
			return false;
	}
	return true;
}

bool partners_place(struct combination *combination, char *why, size_t size)
{
	const struct machine *machine = &combination->machine;
	unsigned cpus = (unsigned)combination->settings.cpus;
	struct placing placing = {
		.machine = machine,
		.pairs = pairs_of(combination),
		.distance = (unsigned)(combination->settings.placement - PLACEMENT_PAIRS_APART_1),
		.cpus = cpus,
		.cores = machine_cores(machine),
	};
	const char *word = "";
	bool good = false;

	combination->core = placing.core = xalloc(cpus * sizeof *placing.core);
	combination->cores = cpus;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		placing.core[cpu] = NOWHERE;
	if (placing.distance < machine->distances.count)
		word = schema_find(machine_settings, "distances")
			       ->words[machine->distances.value[placing.distance]];
	if (!placing.pairs.count)
		snprintf(why, size,
			 "no two CPUs of workload '%s' work with each other here; 'apart-%u' places by CPU 0",
			 combination->workload->name, placing.distance + 1);
	else if (!*word)
		snprintf(why, size, "machine '%s' has %u in 'distances'", machine->id,
			 machine->distances.count);
	else if (!put_pairs(&placing) || !all_apart(&placing))
		snprintf(why, size,
			 "machine '%s' has no room for %u CPUs whose partners are all %s", machine->id,
			 cpus, word);
	else
		good = true;
	if (good)
		put_others(&placing);
	free(placing.pairs.pair);
	return good;
}

/* ---- telling ----------------------------------------------------------------------------- */

static unsigned distance_between(const struct combination *combination, struct sim_options *options,
				 const unsigned pair[2])
{
	return machine_distance(&combination->machine, sim_core(options, pair[0]),
				sim_core(options, pair[1]));
}

const char *partners_distance(const struct combination *combination, char *buf, size_t size)
{
	const struct machine *machine = &combination->machine;
	const char *const *words = schema_find(machine_settings, "distances")->words;
	struct pairs pairs = pairs_of(combination);
	struct sim_options *options = xalloc(sizeof *options);
	size_t count[SETTING_LIST_MAX] = { 0 }, used = 0;

	combination_place(combination, options);
	for (size_t i = 0; i < pairs.count; i++)
		count[distance_between(combination, options, pairs.pair[i])]++;
	*buf = '\0';
	for (unsigned i = 0; i < machine->distances.count && used < size; i++) {
		const char *word = words[machine->distances.value[i]];

		if (count[i] == pairs.count && count[i])
			used += (size_t)snprintf(buf + used, size - used, "%s", word);
		else if (count[i])
			used += (size_t)snprintf(buf + used, size - used, "%s%zu %s",
						 used ? ", " : "", count[i], word);
	}
	free(options);
	free(pairs.pair);
	return buf;
}

static const char *value_of(const struct point *point)
{
	const char *value = point_value(point, PARTNERS_KEY);

	return value ? value : "";
}

/* Is the point the first of its text, or, with cpus, of its text on so many CPUs? */
static bool is_first(const struct points *points, size_t at, bool cpus)
{
	for (size_t i = 0; i < at; i++) {
		if (!strcmp(value_of(points->point[i]), value_of(points->point[at])) &&
		    (!cpus || points->point[i]->cpus == points->point[at]->cpus))
			return false;
	}
	return true;
}

static size_t add_cpus(const struct points *points, size_t from, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, " on %" PRIu64, points->point[from]->cpus);

	for (size_t i = from + 1; i < points->count && used < size; i++) {
		if (!strcmp(value_of(points->point[i]), value_of(points->point[from])) &&
		    is_first(points, i, true))
			used += (size_t)snprintf(buf + used, size - used, ", %" PRIu64,
						 points->point[i]->cpus);
	}
	if (used < size)
		used += (size_t)snprintf(buf + used, size - used, " CPUs");
	return used;
}

const char *partners_of_points(const struct points *points, bool *differ, char *buf, size_t size)
{
	size_t used = 0;

	*differ = false;
	*buf = '\0';
	for (size_t i = 1; i < points->count; i++)
		*differ |= strcmp(value_of(points->point[i]), value_of(points->point[0])) != 0;
	for (size_t i = 0; i < points->count && used < size; i++) {
		const char *value = value_of(points->point[i]);

		if (!*value || !is_first(points, i, false))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "; " : "", value);
		if (*differ && used < size)
			used += add_cpus(points, i, buf + used, size - used);
	}
	return buf;
}
