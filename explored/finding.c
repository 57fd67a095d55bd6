/*
 * Findings: see finding.h.
 *
 * A schedule is shrunk turn by turn: one turn is left out, or goes on as long as it can; what is
 * still found with fewer switches, or with the same and fewer turns, is kept.
 */
#include "explored/finding.h"

#include <stdlib.h>
#include <string.h>

#include "explored/strategy.h"
#include "sim/verbs/xalloc.h"

enum { ROUNDS_MAX = 20, TURNS_SHRUNK = 400 };

/* ---- shrinking ------------------------------------------------------------------------------ */

static bool same_finding(const struct sim *sim, enum finding_kind kind)
{
	return sim->found == kind;
}

static void follow(struct stage *stage, const struct program *program, struct choices *choices)
{
	choices->at = 0;
	choices->done = 0;
	stage->sim->pick = pick_choices;
	stage->sim->picker = choices;
	stage_run(stage, program);
}

/* `choices` without turn i, or (`longer`) with turn i as long as it can be. */
static void copy_but(struct choices *copy, const struct choices *choices, size_t i, bool longer)
{
	copy->turns = 0;
	for (size_t k = 0; k < choices->turns; k++)
		for (uint32_t n = 0; n < choices->turn[k].count; n++)
			if (k != i || longer)
				choices_add(copy, choices->turn[k].entity);
	if (longer)
		for (size_t k = 0, at = 0; k < copy->turns; k++)
			if (at++ == i && copy->turn[k].entity < IRQ_OF)
				copy->turn[k].count = STEPS_MAX;
}

static bool smaller(const struct choices *a, const struct choices *b)
{
	unsigned x = choices_switches(a), y = choices_switches(b);

	return x < y || (x == y && a->turns < b->turns);
}

static bool try_without(struct stage *stage, const struct program *program, struct choices *best,
			size_t i, bool longer, enum finding_kind kind)
{
	struct choices attempt = { 0 }, done = { 0 };
	bool better = false;

	copy_but(&attempt, best, i, longer);
	follow(stage, program, &attempt);
	if (same_finding(stage->sim, kind)) {
		choices_of_run(&done, stage->sim);
		better = smaller(&done, best);
	}
	free(attempt.turn);
	if (better) {
		free(best->turn);
		*best = done;
	} else {
		free(done.turn);
	}
	return better;
}

static void shrink(struct stage *stage, const struct program *program, struct choices *best,
		   enum finding_kind kind)
{
	bool better = true;

	for (unsigned round = 0; better && round < ROUNDS_MAX; round++) {
		better = false;
		for (size_t i = 0; i < best->turns && i < TURNS_SHRUNK; i++)
			while (i < best->turns &&
			       (try_without(stage, program, best, i, true, kind) ||
				try_without(stage, program, best, i, false, kind)))
				better = true;
	}
}

/* ---- the story ------------------------------------------------------------------------------ */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Pointers into the arena by what lies there: host addresses differ from run to run. */
static void print_value(FILE *out, const struct sim *sim, const struct step_done *s, uint64_t value)
{
	const struct arena *arena = &sim->head.arena;
	uint64_t offset = arena_pointer(arena, value);
	char name[128];

	if (s->size >= 8 && offset < arena->bytes) {
		machine_describe(sim, arena->base + offset, s->labels, name, sizeof name);
		fprintf(out, "&%s", name);
	} else if (value > 0xffff) {
		fprintf(out, "0x%llx", (unsigned long long)value);
	} else {
		fprintf(out, "%llu", (unsigned long long)value);
	}
}

static void print_access(FILE *out, const struct sim *sim, const struct step_done *s)
{
	static const char *const verb[] = { "load ", "store", "rmw  " };
	char name[128];

	machine_describe(sim, sim->head.arena.base + (uint64_t)s->word * 8 + s->within, s->labels,
			 name, sizeof name);
	fprintf(out, "%s %s", verb[s->writes ? 1 + (s->kind == VERB_RMW) : 0], name);
	if (s->kind != VERB_STORE) {
		fputs(" is ", out);
		print_value(out, sim, s, s->value[0]);
	}
	if (s->writes) {
		fputs(s->kind == VERB_STORE ? " = " : ", then ", out);
		print_value(out, sim, s, s->value[1]);
	}
	if (s->buffered)
		fputs(" (in the buffer)", out);
}

static void print_step(FILE *out, const struct sim *sim, unsigned i)
{
	const struct step_done *s = &sim->step[i];
	unsigned cpu = s->entity % CPUS_MAX;

	fprintf(out, "%5u  %*sCPU %u%s  ", i + 1, (int)(2 * cpu), "", cpu, s->handler ? "!" : " ");
	if (s->entity >= BUFFER_OF) {
		fputs("a store leaves the buffer: ", out);
		print_access(out, sim, s);
	} else if (s->entity >= IRQ_OF) {
		fputs("an interrupt arrives", out);
	} else if (s->word) {
		print_access(out, sim, s);
	} else {
		fputs(s->kind == VERB_IRQS_OFF ? s->site->text : "fence", out);
	}
	if (s->site && s->site->line)
		fprintf(out, "   %s:%u %s", file_name(s->site->file), s->site->line,
			s->site->function);
	fputc('\n', out);
}

/* Does somebody else touch its word in this run, and somebody write it? */
static bool others_touch(const struct sim *sim, unsigned i)
{
	const struct step_done *s = &sim->step[i];
	bool others = false, written = false;

	for (unsigned k = 0; k < sim->steps && !(others && written); k++) {
		const struct step_done *other = &sim->step[k];

		if (other->word != s->word)
			continue;
		written = written || other->writes;
		others = others || other->entity % CPUS_MAX != s->entity % CPUS_MAX ||
			 other->handler != s->handler;
	}
	return others && written;
}

static void print_story(FILE *out, const struct sim *sim)
{
	unsigned skipped = 0, cpu = NOBODY;

	for (unsigned i = 0; i < sim->steps; i++) {
		const struct step_done *s = &sim->step[i];
		bool changes = s->entity < BUFFER_OF && s->entity % CPUS_MAX != cpu;
		bool told = i + 1 == sim->steps || s->entity >= IRQ_OF || others_touch(sim, i);

		if (skipped && (told || changes)) {
			fprintf(out, "       %*s       %u access%s that nobody else can see\n",
				(int)(2 * (cpu == NOBODY ? 0 : cpu)), "", skipped,
				skipped == 1 ? "" : "es");
			skipped = 0;
		}
		if (told)
			print_step(out, sim, i);
		else
			skipped++;
		if (s->entity < BUFFER_OF)
			cpu = s->entity % CPUS_MAX;
	}
	if (sim->found)
		fprintf(out, "       %s: %s\n", finding_names[sim->found], sim->message);
	else
		fputs("       and, by itself, nothing goes wrong: it depends on what was run before\n", out);
}

/* Once more, on a machine that knows what lies where. */
static char *tell(struct stage *stage, const struct program *program, struct choices *choices)
{
	char *text = NULL, why[200];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct stage *told = stage_new(stage->options, stage->start, true, why, sizeof why);

	if (!out)
		xalloc_failed(size);
	if (told && !told->sim->found) {
		told->sim->plant = stage->sim->plant;
		follow(told, program, choices);
		print_story(out, told->sim);
	}
	stage_free(told);
	fclose(out);
	return text;
}

/* ---- findings --------------------------------------------------------------------------------- */

static struct finding *make(struct stage *stage, const struct program *program, bool shrinks)
{
	struct finding *f = xalloc(sizeof *f);
	struct choices choices = { 0 };

	f->kind = stage->sim->found;
	f->start = (int)stage->start;
	memcpy(f->message, stage->sim->message, sizeof f->message);
	if (program) {
		if (!stage->workload)
			program_print(program, f->program, sizeof f->program);
		choices_of_run(&choices, stage->sim);
		if (shrinks)
			shrink(stage, program, &choices, f->kind);
		follow(stage, program, &choices);
		f->switches = choices_switches(&choices);
		f->story = tell(stage, program, &choices);
		if (stage->sim->found == f->kind)
			memcpy(f->message, stage->sim->message, sizeof f->message);
	}
	f->schedule = choices_print(&choices);
	free(choices.turn);
	return f;
}

struct finding *finding_new(struct stage *stage, const struct program *program)
{
	return make(stage, program, true);
}

struct finding *finding_of_run(struct stage *stage, const struct program *program)
{
	return make(stage, program, false);
}

void finding_free(struct finding *finding)
{
	if (!finding)
		return;
	free(finding->schedule);
	free(finding->story);
	free(finding);
}

/* ---- steps for others to show ----------------------------------------------------------------- */

struct told_name {
	char instance[80], member[48];
};

static void name_at(const struct sim *sim, uint64_t offset, uint32_t labels, struct told_name *name)
{
	label_describe(&sim->head.arena, offset, labels, name->instance, sizeof name->instance,
		       name->member, sizeof name->member);
}

/* As print_value has it. */
static struct explored_value told_value(const struct sim *sim, const struct step_done *s,
					uint64_t value, struct told_name *name)
{
	const struct arena *arena = &sim->head.arena;
	uint64_t offset = value - (uint64_t)(uintptr_t)arena->base;

	if (s->size < 8 || offset >= arena->bytes)
		return (struct explored_value){ .word = value };
	name_at(sim, offset, s->labels, name);
	return (struct explored_value){ offset, name->instance, name->member };
}

static enum explored_kind told_kind(const struct step_done *s)
{
	if (s->entity >= BUFFER_OF)
		return EXPLORED_DRAIN;
	if (s->entity >= IRQ_OF)
		return EXPLORED_INTERRUPT;
	if (!s->word)
		return EXPLORED_FENCE;
	if (s->kind == VERB_RMW)
		return EXPLORED_RMW;
	return s->writes ? EXPLORED_STORE : EXPLORED_LOAD;
}

void steps_tell(const struct sim *sim, void (*step)(void *to, const struct explored_step *step),
		void *to)
{
	for (unsigned i = 0; i < sim->steps; i++) {
		const struct step_done *s = &sim->step[i];
		struct told_name name = { "", "" }, old, now;
		struct explored_step told = {
			.kind = told_kind(s),
			.cpu = s->entity % CPUS_MAX,
			.size = s->size,
			.handler = s->handler,
			.buffered = s->buffered,
			.address = (uint64_t)s->word * 8 + s->within,
			.site = s->site,
		};

		if (told.kind == EXPLORED_FENCE && (s->kind == VERB_START || s->kind == VERB_IRQS_OFF))
			continue;
		if (s->word)
			name_at(sim, told.address, s->labels, &name);
		told.instance = name.instance;
		told.member = name.member;
		told.old = told_value(sim, s, s->value[0], &old);
		told.now = told_value(sim, s, s->writes ? s->value[1] : s->value[0], &now);
		step(to, &told);
	}
}
