/* What is explored, in which order, until something is found; see explored.h. */
#include <stdlib.h>
#include <string.h>

#include "explored/finding.h"
#include "explored/plants.h"
#include "explored/strategy.h"
#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

enum { TRIALS = 100 };

struct exploring {
	const struct explore_options *options;
	struct explore_report *report;
	struct stage *stage[START_STATES]; /* of each start state that is asked for */
	struct program given[START_STATES]; /* options->program, as it fits there */
	unsigned stages;
	struct covered covered;
	uint64_t left; /* schedules */
	struct plant by_place; /* options->fault */
};

static void add_paths(struct coverage *coverage, const struct sim *sim)
{
	for (unsigned i = 0; i < sim->path_count; i++) {
		unsigned k = 0;

		while (k < coverage->paths && strcmp(coverage->path[k], sim->paths[i]))
			k++;
		if (k == coverage->paths && k < sizeof coverage->path / sizeof *coverage->path)
			coverage->path[coverage->paths++] = sim->paths[i];
	}
}

static void add_states(struct coverage *coverage, const struct states *states)
{
	for (unsigned i = 0; i < states->count; i++) {
		const struct state_words *w = &states->seen[i];
		char text[sizeof coverage->state[0]];
		unsigned k = 0;

		snprintf(text, sizeof text, "%s%s%s%s%s", w->what, w->state ? " " : "",
			 w->state ? w->state : "", w->where ? " " : "", w->where ? w->where : "");
		while (k < coverage->states && strcmp(coverage->state[k], text))
			k++;
		if (k == coverage->states && k < sizeof coverage->state / sizeof text)
			memcpy(coverage->state[coverage->states++], text, sizeof text);
	}
}

/* After each schedule; false: something is found, or enough was run. */
static bool note_schedule(void *to, struct stage *stage, const struct program *program)
{
	struct exploring *e = to;
	struct explore_report *report = e->report;
	const struct sim *sim = stage->sim;

	report->schedules++;
	if (sim->steps > report->longest)
		report->longest = sim->steps;
	covered_add(&e->covered, sim);
	if (sim->found) {
		report->finding = finding_new(stage, program);
		report->finding->at = report->schedules;
		return false;
	}
	report->stopped = e->options->stop && *e->options->stop;
	return --e->left > 0 && !report->stopped;
}

/* Programs of one start state, with so many preemptions at most; false: enough. */
static bool programs_from(struct exploring *e, unsigned start, unsigned preemptions)
{
	bool given = e->options->program[0];
	uint64_t all = given ? 1 : program_numbers(e->options);
	struct program program = e->given[start];
	bool good = true;

	for (uint64_t k = 0; k < all && good; k++) {
		if (!given)
			program_of_number(e->stage[start], k, &program);
		e->report->programs += preemptions == 0;
		good = strategy_exhaustive(e->stage[start], &program, preemptions, note_schedule,
					   e);
	}
	return good;
}

/* Few preemptions first, everywhere: what needs one is found before what needs two is tried. */
static void exhaustive(struct exploring *e)
{
	bool good = true;

	for (unsigned p = 0; p <= e->options->preemptions && good; p++)
		for (unsigned start = 0; start < e->stages && good; start++)
			good = programs_from(e, start, p);
	e->report->complete = good;
}

static void one_at_random(struct exploring *e, struct stage *stage, const struct program *program,
			  uint64_t seed)
{
	switch ((enum strategy)e->options->strategy) {
	case STRATEGY_PCT:
		strategy_pct(stage, program, (unsigned)e->options->depth, e->report->k, seed);
		e->report->beyond += stage->sim->steps > e->report->k;
		break;
	case STRATEGY_RUNS:
		strategy_runs(stage, program, seed);
		break;
	default:
		strategy_uniform(stage, program, seed);
	}
}

/* The program of schedule number i, and the stage it is for. */
static struct stage *draw(struct exploring *e, uint64_t i, uint64_t seed, struct program *program)
{
	unsigned start = (unsigned)(i % e->stages);

	if (e->options->program[0])
		*program = e->given[start];
	else
		program_draw(e->stage[start], seed, program);
	return e->stage[start];
}

static void trials(struct exploring *e)
{
	const struct explore_options *o = e->options;
	struct explore_report *r = e->report;
	struct program program;

	for (unsigned i = 0; i < TRIALS; i++) {
		struct stage *stage = draw(e, i, random_mix(o->seed + i), &program);

		strategy_runs(stage, &program, i);
		if (!stage->sim->found && stage->sim->steps > r->k)
			r->k = stage->sim->steps;
	}
	r->entities = (unsigned)o->cpus * (1 + (o->interrupts > 0) + (o->store_buffer > 0));
	r->bound = 1.0 / r->entities;
	for (unsigned i = 1; i < o->depth && r->k; i++)
		r->bound /= (double)r->k;
}

static void random_ones(struct exploring *e)
{
	struct explore_report *r = e->report;
	struct program program;
	struct stage *stage;

	if (e->options->strategy == STRATEGY_PCT)
		trials(e);
	do {
		uint64_t seed = random_mix(e->options->seed * RANDOM_STEP + r->schedules);

		stage = draw(e, r->schedules, seed, &program);
		r->programs += !e->options->program[0] || r->schedules < e->stages;
		one_at_random(e, stage, &program, seed);
	} while (note_schedule(e, stage, &program));
}

static bool fault_fits(const struct explore_options *o, char *why, size_t size)
{
	struct plant plant;

	if (!o->fault[0] || (!o->plant && plant_of_place(o->fault, &plant)))
		return true;
	if (o->plant)
		snprintf(why, size, "'fault': there is a planted fault already, '%s'", o->plant);
	else
		snprintf(why, size,
			 "'fault' is '%s', which is none; no-lock@zone.c:12 is one: what, in which file, "
			 "without its folders, and line", o->fault);
	return false;
}

/* NULL: none. */
static const struct plant *planted_by(const struct explore_options *o, struct plant *by_place)
{
	if (o->fault[0] && plant_of_place(o->fault, by_place))
		return by_place;
	return o->plant ? plant_find(o->plant) : NULL;
}

static bool plant_fits(const struct explore_options *o, char *why, size_t size)
{
	const struct plant *plant = o->plant ? plant_find(o->plant) : NULL;

	if (!o->plant ||
	    (plant && o->workload && plant_is_for(plant, o->workload)) ||
	    (plant && !o->workload &&
	     (plant_is_for(plant, o->objects) || plant_is_for(plant, o->pages))))
		return true;
	snprintf(why, size, plant ? "'plant': '%s' is for %s" : "'plant': no fault is called '%s'%s",
		 o->plant, plant ? plant->models : "");
	return false;
}

/* Programs, start states and interrupts are of allocators. */
static bool workload_fits(const struct explore_options *o, char *why, size_t size)
{
	if (!o->workload || (!o->program[0] && !o->interrupts &&
			     (o->start == START_ALL || o->start == START_FRESH)))
		return true;
	snprintf(why, size,
		 "'%s' is explored as it is: 'explore.program', 'start' and 'interrupts' are of "
		 "allocators",
		 o->workload);
	return false;
}

/* False: the options do not fit. A start state that goes wrong is a finding. */
static bool set_stages(struct exploring *e, char *why, size_t size)
{
	const struct explore_options *o = e->options;
	bool all = o->start == START_ALL && !o->workload;
	unsigned first = o->start == START_ALL ? 0 : (unsigned)o->start;
	unsigned last = all ? START_STATES : first + 1;

	for (unsigned start = first; start < last && !e->report->finding; start++) {
		struct stage *stage = stage_new(o, start, false, why, size);

		if (!stage)
			return false;
		e->stage[e->stages++] = stage;
		if (stage->sim->found)
			e->report->finding = finding_new(stage, NULL);
		else if (o->program[0] &&
			 !program_parse(stage, o->program, &e->given[e->stages - 1], why, size))
			return false;
		stage->sim->plant = planted_by(o, &e->by_place);
		stage->sim->noting = o->places;
	}
	return true;
}

/* In which start state it does not fit, told once. */
static bool program_fits(const struct explore_options *o, char *why, size_t size)
{
	unsigned first = o->start == START_ALL ? 0 : (unsigned)o->start;
	unsigned last = o->start == START_ALL ? START_STATES : first + 1;
	struct program program;
	bool good = true;

	for (unsigned start = first; start < last && o->program[0] && good; start++) {
		struct stage *stage = stage_new(o, start, false, why, size);

		if (!stage)
			return false;
		good = stage->sim->found || program_parse(stage, o->program, &program, why, size);
		stage_free(stage);
	}
	return good;
}

static bool check(const struct explore_options *o, explore_tell *tell, void *to)
{
	char why[400];
	bool fault = fault_fits(o, why, sizeof why), plant, program;

	if (!fault)
		tell(to, "explore.fault", why);
	plant = plant_fits(o, why, sizeof why);
	if (!plant)
		tell(to, "plant", why);
	program = workload_fits(o, why, sizeof why) &&
		  (o->workload || program_fits(o, why, sizeof why));
	if (!program)
		tell(to, "explore.program", why);
	return fault && plant && program;
}

static void add_place(struct coverage *c, const char *how, const struct site *site)
{
	const char *slash = strrchr(site->file, '/');
	struct fault_place place = { .how = how, .site = site };

	snprintf(place.fault, sizeof place.fault, "%s@%s:%u", how, slash ? slash + 1 : site->file,
		 site->line);
	for (unsigned i = 0; i < c->places; i++)
		if (!strcmp(c->place[i].fault, place.fault))
			return;
	if (c->places < PLACES_MAX)
		c->place[c->places++] = place;
}

static void add_places(struct coverage *c, const struct sim *sim)
{
	for (unsigned i = 0; i < sim->places; i++) {
		const struct noted_place *p = &sim->place[i];

		add_place(c, p->lock ? "no-lock" : "no-compare", p->site);
		if (p->pair)
			add_place(c, "low-word", p->site);
	}
}

static void end(struct exploring *e)
{
	for (unsigned i = 0; i < e->stages; i++) {
		e->report->steps += e->stage[i]->sim->all_steps;
		add_paths(&e->report->coverage, e->stage[i]->sim);
		add_places(&e->report->coverage, e->stage[i]->sim);
		add_states(&e->report->coverage, &e->stage[i]->states);
		stage_free(e->stage[i]);
	}
}

static bool explore(const struct explore_options *o, struct explore_report *report, char *why,
		    size_t size)
{
	struct exploring e = { .options = o,
			       .report = report,
			       .left = o->schedules ? o->schedules : UINT64_MAX };
	bool good;

	memset(report, 0, sizeof *report);
	good = fault_fits(o, why, size) && plant_fits(o, why, size) &&
	       workload_fits(o, why, size) && set_stages(&e, why, size);
	if (good && !report->finding) {
		covered_init(&e.covered, e.stage[0]->sim);
		if (o->strategy == STRATEGY_EXHAUSTIVE)
			exhaustive(&e);
		else
			random_ones(&e);
		report->coverage.pairs = e.covered.pairs.used;
		report->coverage.both_orders = e.covered.both_orders;
		covered_free(&e.covered, e.stage[0]->sim);
	}
	end(&e);
	return good;
}

/* Who wants to see the steps. */
struct watcher {
	void (*step)(void *to, const struct explored_step *step);
	void *to;
};

static bool replay_for(const struct explore_options *o, const char *schedule,
		       const struct watcher *watcher, struct explore_report *report, char *why,
		       size_t size)
{
	struct choices choices = { 0 };
	struct stage *stage;
	struct program program;
	struct plant by_place;
	bool good = plant_fits(o, why, size);

	memset(report, 0, sizeof *report);
	if (good && !choices_parse(&choices, schedule)) {
		snprintf(why, size,
			 "the schedule is not one: 0*12 1 i0 b1*2 are entities and how often");
		good = false;
	}
	good = good && workload_fits(o, why, size);
	stage = good ? stage_new(o, (unsigned)o->start, watcher != NULL, why, size) : NULL;
	good = stage && program_parse(stage, o->program, &program, why, size);
	if (good) {
		stage->sim->plant = planted_by(o, &by_place);
		stage->sim->pick = pick_choices;
		stage->sim->picker = &choices;
		stage_run(stage, &program);
		report->programs = report->schedules = 1;
		report->longest = report->steps = stage->sim->steps;
		if (watcher)
			steps_tell(stage->sim, watcher->step, watcher->to);
		if (stage->sim->found)
			report->finding = finding_of_run(stage, &program);
	}
	stage_free(stage);
	free(choices.turn);
	return good;
}

static bool replay(const struct explore_options *o, const char *schedule,
		   struct explore_report *report, char *why, size_t size)
{
	return replay_for(o, schedule, NULL, report, why, size);
}

static bool watch(const struct explore_options *o, const char *schedule,
		  void (*step)(void *to, const struct explored_step *step), void *to,
		  struct explore_report *report, char *why, size_t size)
{
	struct watcher watcher = { step, to };

	return replay_for(o, schedule, &watcher, report, why, size);
}

const struct explorer explorer = {
	.plants = explore_plants,
	.plant_is_for = plant_is_for,
	.settings = explore_settings,
	.strategies = explore_strategy_words,
	.starts = explore_start_words,
	.findings = finding_names,
	.explore = explore,
	.replay = replay,
	.watch = watch,
	.finding_free = finding_free,
	.check = check,
	.litmus = explore_litmus,
};
