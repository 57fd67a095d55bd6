/*
 * Strategies: see strategy.h.
 *
 * The exhaustive one replays from the start: a schedule is the default order and a few deviations
 * from it, at given steps. After a run each step that came by default is looked at for others that
 * could have had the turn; each of them is a deviation of a schedule still to be run. A state that
 * was seen before with as many preemptions is not gone through again.
 */
#include "explored/strategy.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

/* ---- a list of choices ---------------------------------------------------------------------- */

void choices_add(struct choices *c, unsigned entity)
{
	if (c->turns && c->turn[c->turns - 1].entity == entity) {
		c->turn[c->turns - 1].count++;
		return;
	}
	if (c->turns == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->turn = xrealloc(c->turn, c->room * sizeof *c->turn);
	}
	c->turn[c->turns++] = (struct turn){ (uint8_t)entity, 1 };
}

void choices_of_run(struct choices *choices, const struct sim *sim)
{
	choices->turns = 0;
	for (unsigned i = 0; i < sim->steps; i++)
		choices_add(choices, sim->step[i].entity);
}

/* "0*12 i1 b0*2": CPU 0 twelve steps, an interrupt of CPU 1, two stores leave CPU 0's buffer. */
char *choices_print(const struct choices *choices)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		xalloc_failed(size);
	for (size_t i = 0; i < choices->turns; i++) {
		const struct turn *t = &choices->turn[i];
		const char *kind = t->entity >= BUFFER_OF ? "b" : t->entity >= IRQ_OF ? "i" : "";

		fprintf(out, "%s%s%u", i ? " " : "", kind, t->entity % CPUS_MAX);
		if (t->count > 1)
			fprintf(out, "*%u", t->count);
	}
	fclose(out);
	return text;
}

bool choices_parse(struct choices *choices, const char *text)
{
	choices->turns = 0;
	for (const char *at = text + strspn(text, " \n"); *at; at += strspn(at, " \n")) {
		unsigned base = *at == 'b' ? BUFFER_OF : *at == 'i' ? IRQ_OF : 0, long_count = 1;
		char *end;
		unsigned long cpu;

		at += base != 0;
		cpu = strtoul(at, &end, 10);
		if (end == at || cpu >= CPUS_MAX)
			return false;
		at = end;
		if (*at == '*') {
			long_count = (unsigned)strtoul(at + 1, &end, 10);
			if (end == at + 1 || !long_count || long_count > STEPS_MAX)
				return false;
			at = end;
		}
		if (*at && !strchr(" \n", *at))
			return false;
		for (unsigned i = 0; i < long_count; i++)
			choices_add(choices, base + (unsigned)cpu);
	}
	return choices->turns > 0;
}

unsigned choices_switches(const struct choices *choices)
{
	unsigned switches = 0, cpu = NOBODY;

	for (size_t i = 0; i < choices->turns; i++) {
		unsigned entity = choices->turn[i].entity;

		if (entity >= BUFFER_OF)
			continue;
		switches += cpu != NOBODY && (entity % CPUS_MAX != cpu || entity >= IRQ_OF);
		cpu = entity % CPUS_MAX;
	}
	return switches;
}

unsigned pick_choices(struct sim *sim, unsigned enabled)
{
	struct choices *c = sim->picker;

	while (c->at < c->turns) {
		const struct turn *t = &c->turn[c->at];

		if (c->done < t->count && enabled >> t->entity & 1) {
			c->done++;
			return t->entity;
		}
		c->at++;
		c->done = 0;
	}
	return pick_default(sim, enabled);
}

/* ---- covered ---------------------------------------------------------------------------------- */

static size_t words_of(const struct sim *sim)
{
	return sim->head.arena.bytes / 8;
}

void covered_init(struct covered *c, const struct sim *sim)
{
	c->last = xmap(words_of(sim) * sizeof *c->last);
}

void covered_free(struct covered *c, const struct sim *sim)
{
	xunmap(c->last, words_of(sim) * sizeof *c->last);
	keys_clear(&c->pairs);
}

static uint64_t pair_key(const struct step_done *first, const struct step_done *second)
{
	return random_mix((uintptr_t)first->site * RANDOM_STEP ^ (uintptr_t)second->site);
}

/* Neighbours in the order of one word, of two CPUs, one of them a write. */
void covered_add(struct covered *c, const struct sim *sim)
{
	c->runs++;
	for (unsigned i = 0; i < sim->steps; i++) {
		const struct step_done *s = &sim->step[i], *before;
		struct last_access *last;

		if (!s->word)
			continue;
		last = &c->last[s->word];
		before = last->run == c->runs ? &sim->step[last->step] : NULL;
		*last = (struct last_access){ c->runs, i };
		if (!before || before->entity % CPUS_MAX == s->entity % CPUS_MAX ||
		    !(before->writes || s->writes) || !before->site || !s->site)
			continue;
		if (keys_add(&c->pairs, pair_key(before, s)) && before->site != s->site)
			c->both_orders += keys_have(&c->pairs, pair_key(s, before));
	}
}

/* ---- the default order ------------------------------------------------------------------------ */

unsigned pick_default(struct sim *sim, unsigned enabled)
{
	unsigned cpus = sim->head.cpus, from = sim->running == NOBODY ? cpus - 1 : sim->running;

	for (unsigned i = 0; i < cpus; i++)
		if (enabled >> (BUFFER_OF + i) & 1 && !sim->cpu[i].held_back)
			return BUFFER_OF + i;
	if (sim->running != NOBODY) {
		if (enabled >> from & 1)
			return from;
		if (enabled >> (BUFFER_OF + from) & 1)
			return BUFFER_OF + from; /* it may wait for its own buffer */
	}
	for (unsigned i = 1; i <= cpus; i++)
		if (enabled >> (from + i) % cpus & 1)
			return (from + i) % cpus;
	for (unsigned i = 0; i < ENTITIES; i++)
		if (enabled >> (ENTITIES - 1 - i) & 1)
			return ENTITIES - 1 - i;
	return 0;
}

/* ---- exhaustive ------------------------------------------------------------------------------- */

enum { DEVIATIONS_MAX = 48, HOLD = ENTITIES }; /* HOLD + c: the buffer of CPU c drains later */

struct deviation {
	uint16_t step;
	uint8_t what;
};

struct node { /* a schedule still to be run */
	struct deviation deviation[DEVIATIONS_MAX];
	unsigned count, cost;
	uint64_t key; /* of the state in which the last deviation is done */
};

/* What touched a word in any run so far: bit per CPU, and of its interrupts. */
struct touched {
	uint8_t cpus, cpus_writing, handlers, handlers_writing;
};

struct search {
	struct stage *stage;
	struct sim *sim;
	const struct program *program;
	bool all; /* every entity, whatever it costs */
	unsigned preemptions;
	struct node *stack;
	size_t nodes, room;
	struct node now;
	unsigned at; /* deviations of `now` that are done */
	uint64_t *key; /* [STEPS_MAX] of the state before each step of this run, from the last deviation on */
	struct keys seen;
	struct touched *touched; /* by word of the arena */
	bool more; /* a word is shared that was not */
};

static void push(struct search *s, const struct node *node)
{
	if (s->nodes == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->stack = xrealloc(s->stack, s->room * sizeof *s->stack);
	}
	s->stack[s->nodes++] = *node;
}

/* The last deviation is done in the state that it was pushed for, or something outlives a schedule. */
static void check_way(struct search *s, unsigned enabled)
{
	unsigned what = s->now.deviation[s->at].what;
	bool can = what >= HOLD || enabled >> what & 1;

	if (can && (s->at + 1 < s->now.count || machine_key(s->sim) == s->now.key))
		return;
	machine_found(s->sim, NULL, FOUND_ASTRAY, NULL,
		      "step %u is not what it was after the same choices before: something is kept "
		      "from schedule to schedule, where no verb writes it",
		      s->sim->steps);
}

static unsigned pick_search(struct sim *sim, unsigned enabled)
{
	struct search *s = sim->picker;

	while (s->at < s->now.count && s->now.deviation[s->at].step == sim->steps) {
		unsigned what = s->now.deviation[s->at].what;

		check_way(s, enabled);
		s->at++;
		if (what < HOLD)
			return what;
		sim->cpu[what - HOLD].held_back = true;
	}
	if (s->at == s->now.count) {
		s->key[sim->steps] = machine_key(sim);
		if (sim->steps && !keys_add(&s->seen, s->key[sim->steps] ^ random_mix(s->now.cost)))
			machine_stop(sim);
	}
	if (s->all)
		return (unsigned)__builtin_ctz(enabled);
	return pick_default(sim, enabled);
}

static void touch_word(struct search *s, uint32_t word, const struct step_done *step)
{
	struct touched *t = &s->touched[word], before = *t;
	uint8_t bit = (uint8_t)(1u << step->entity % CPUS_MAX);

	if (step->handler) {
		t->handlers |= bit;
		t->handlers_writing |= step->writes ? bit : 0;
	} else {
		t->cpus |= bit;
		t->cpus_writing |= step->writes ? bit : 0;
	}
	if (memcmp(t, &before, sizeof before))
		s->more = true;
}

static void touch_words(struct search *s)
{
	for (unsigned i = 0; i < s->sim->steps; i++) {
		const struct step_done *step = &s->sim->step[i];

		if (step->word) {
			touch_word(s, step->word, step);
			if (step->size == 16)
				touch_word(s, step->word + 1, step);
		}
	}
}

static bool several(unsigned bits)
{
	return bits & (bits - 1);
}

/* Two CPUs touch it, and one of them writes. */
static bool shared(const struct search *s, const struct step_done *step)
{
	for (uint32_t w = step->word; w && w <= step->word + (step->size == 16); w++) {
		const struct touched *t = &s->touched[w];

		if (several(t->cpus | t->handlers) && (t->cpus_writing || t->handlers_writing))
			return true;
	}
	return false;
}

static bool handled(const struct search *s, const struct step_done *step, unsigned cpu)
{
	for (uint32_t w = step->word; w && w <= step->word + (step->size == 16); w++) {
		const struct touched *t = &s->touched[w];

		if (t->handlers >> cpu & 1 && (t->cpus_writing | t->handlers_writing) >> cpu & 1)
			return true;
	}
	return false;
}

static void push_other(struct search *s, unsigned step, unsigned what, unsigned cost)
{
	struct node node = s->now;

	if (node.count == DEVIATIONS_MAX || node.cost + cost > s->preemptions)
		return;
	node.deviation[node.count++] = (struct deviation){ (uint16_t)step, (uint8_t)what };
	node.cost += cost;
	node.key = s->key[step];
	push(s, &node);
}

/* Others that could have had this step. */
static void expand_bounded(struct search *s, unsigned i)
{
	const struct step_done *step = &s->sim->step[i];
	unsigned cpu = step->entity % CPUS_MAX, cpus = s->sim->head.cpus;
	bool goes_on = step->entity == step->before, is_shared = shared(s, step);
	bool last = step->kind == VERB_IRQS_OFF;        /* moment for an interrupt */

	if (step->entity >= BUFFER_OF) {
		if (is_shared && !(step->held >> cpu & 1))
			push_other(s, i, HOLD + cpu, 1);
		return;
	}
	for (unsigned c = 0; c < cpus; c++) {
		bool enabled = step->enabled >> c & 1, irq = step->enabled >> (IRQ_OF + c) & 1;

		if (c != cpu && enabled && (is_shared || !goes_on))
			push_other(s, i, c, goes_on);
		if (irq && (c == cpu ? last || handled(s, step, c) : is_shared))
			push_other(s, i, IRQ_OF + c, 1);
		if (step->held >> c & 1 && step->enabled >> (BUFFER_OF + c) & 1 && c != cpu &&
		    is_shared)
			push_other(s, i, BUFFER_OF + c, 0);
	}
}

static void expand_all(struct search *s, unsigned i)
{
	const struct step_done *step = &s->sim->step[i];

	for (unsigned e = 0; e < ENTITIES; e++)
		if (e != step->entity && step->enabled >> e & 1)
			push_other(s, i, e, 0);
}

static void expand(struct search *s)
{
	unsigned from = s->now.count ? s->now.deviation[s->now.count - 1].step : 0;

	for (unsigned i = from; i < s->sim->steps; i++) {
		/* the deviation itself; behind a HOLD its step came by default */
		if (s->now.count && i == from && s->now.deviation[s->now.count - 1].what < HOLD)
			continue;
		if (s->all)
			expand_all(s, i);
		else
			expand_bounded(s, i);
	}
}

/* The interrupt of each CPU once at its first verbs: which words its handler touches. */
static void try_handlers(struct search *s)
{
	for (unsigned c = 0; c < s->program->cpus; c++)
		for (unsigned after = 0; after < 2; after++) {
			struct choices choices = { 0 };

			for (unsigned i = 0; i < after * 30; i++)
				choices_add(&choices, c);
			choices_add(&choices, IRQ_OF + c);
			s->sim->pick = pick_choices;
			s->sim->picker = &choices;
			stage_run(s->stage, s->program);
			touch_words(s);
			free(choices.turn);
		}
}

/* From the stack, until it is empty. */
static bool pass(struct search *s, schedule_sink *sink, void *to)
{
	struct sim *sim = s->sim;

	keys_clear(&s->seen);
	s->nodes = 0;
	push(s, &(struct node){ .count = 0 });
	while (s->nodes) {
		s->now = s->stack[--s->nodes];
		s->at = 0;
		sim->pick = pick_search;
		sim->picker = s;
		stage_run(s->stage, s->program);
		if (!sink(to, s->stage, s->program))
			return false;
		touch_words(s);
		if (!sim->found)
			expand(s);
	}
	return true;
}

bool strategy_exhaustive(struct stage *stage, const struct program *program, unsigned preemptions,
			 schedule_sink *sink, void *to)
{
	struct search s = {
		.stage = stage, .sim = stage->sim, .program = program, .preemptions = preemptions
	};
	size_t bytes = words_of(s.sim) * sizeof *s.touched;
	bool good = true;

	stage->sim->keyed = true;
	s.touched = xmap(bytes);
	s.key = xmap(STEPS_MAX * sizeof *s.key);
	if (stage->options->interrupts)
		try_handlers(&s);
	do { /* until all shared words were known from the start */
		s.more = false;
		good = pass(&s, sink, to);
	} while (good && s.more);
	xunmap(s.touched, bytes);
	xunmap(s.key, STEPS_MAX * sizeof *s.key);
	free(s.stack);
	keys_clear(&s.seen);
	return good;
}

void strategy_all(struct sim *sim, void (*start)(void *argument), void *argument,
		  void (*end)(void *argument), uint64_t *schedules)
{
	struct search s = { .sim = sim, .all = true };

	sim->keyed = true;
	s.key = xmap(STEPS_MAX * sizeof *s.key);
	push(&s, &(struct node){ .count = 0 });
	*schedules = 0;
	while (s.nodes) {
		s.now = s.stack[--s.nodes];
		s.at = 0;
		machine_rewind(sim);
		start(argument);
		sim->pick = pick_search;
		sim->picker = &s;
		machine_run(sim);
		++*schedules;
		if (!sim->stopped)
			end(argument);
		expand(&s);
	}
	xunmap(s.key, STEPS_MAX * sizeof *s.key);
	free(s.stack);
	keys_clear(&s.seen);
}

/* ---- random ----------------------------------------------------------------------------------- */

struct pct {
	unsigned
		priority[ENTITIES]; /* larger goes first; below `depth` only after a change point */
	uint64_t change[8];
	unsigned changes, next;
};

static uint64_t draw(uint64_t *state, uint64_t limit)
{
	return random_share(random_mix(*state += RANDOM_STEP), limit);
}

/* Whose priority counts: a CPU in a handler has that of its interrupt. */
static unsigned ranked(const struct sim *sim, unsigned entity)
{
	return entity < CPUS_MAX && sim->cpu[entity].in_handler ? IRQ_OF + entity : entity;
}

static unsigned pick_pct(struct sim *sim, unsigned enabled)
{
	struct pct *p = sim->picker;
	unsigned best = NOBODY, highest = 0;

	for (unsigned left = enabled; left; left &= left - 1) {
		unsigned e = (unsigned)__builtin_ctz(left), priority = p->priority[ranked(sim, e)];

		if (best == NOBODY || priority > highest) {
			best = e;
			highest = priority;
		}
	}
	for (unsigned i = 0; i < p->changes; i++)
		if (p->change[i] == sim->steps + 1) {
			p->priority[ranked(sim, best)] = i;
			p->change[i] = 0;
			return pick_pct(sim, enabled);
		}
	return best;
}

void strategy_pct(struct stage *stage, const struct program *program, unsigned depth, uint64_t k,
		  uint64_t seed)
{
	struct pct p = { .changes = depth - 1 };
	uint64_t state = random_mix(seed);

	for (unsigned e = 0; e < ENTITIES; e++) {
		unsigned other = (unsigned)draw(&state, e + 1);

		p.priority[e] = p.priority[other];
		p.priority[other] = depth + e;
	}
	for (unsigned i = 0; i < p.changes; i++)
		p.change[i] = 1 + draw(&state, k ? k : 1);
	stage->sim->pick = pick_pct;
	stage->sim->picker = &p;
	stage_run(stage, program);
}

struct walk {
	uint64_t state;
	unsigned length; /* of a run of one CPU, on average; 1: each step anew */
};

static unsigned any_of(struct walk *w, unsigned enabled)
{
	uint64_t skip = draw(&w->state, (uint64_t)__builtin_popcount(enabled));

	while (skip--)
		enabled &= enabled - 1;
	return (unsigned)__builtin_ctz(enabled);
}

static unsigned pick_walk(struct sim *sim, unsigned enabled)
{
	struct walk *w = sim->picker;

	if (sim->running != NOBODY && enabled >> sim->running & 1 && draw(&w->state, w->length))
		return sim->running;
	return any_of(w, enabled);
}

static void walk(struct stage *stage, const struct program *program, uint64_t seed, unsigned length)
{
	struct walk w = { random_mix(seed), length };

	stage->sim->pick = pick_walk;
	stage->sim->picker = &w;
	stage_run(stage, program);
}

void strategy_runs(struct stage *stage, const struct program *program, uint64_t seed)
{
	walk(stage, program, seed, 8u << 2 * (random_mix(~seed) & 3));
}

void strategy_uniform(struct stage *stage, const struct program *program, uint64_t seed)
{
	walk(stage, program, seed, 1);
}
