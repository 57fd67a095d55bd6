/* Labs: what their section says; see lab.h. */
#include "experiment/lab.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/loading.h"
#include "sim/verbs/xalloc.h"

/* clang-format off */
const struct setting lab_settings[] = {
	SETTING(struct lab_keys, ask, NAME, .fixed = true,
		.help = "the question, whose answer is one number"),
	SETTING(struct lab_keys, answer, NAME, .fixed = true,
		.help = "{metric: NAME, value: NUMBER, why: TEXT}: the number that every seed gives, and how it comes about; the metric 'found' is 1 where 'bounce explore' finds a fault"),
	SETTING(struct lab_keys, event, NAME, .fallback = "", .fixed = true,
		.help = "what the metric counts, as 'bounce step --until' names it"),
	SETTING(struct lab_keys, line, NAME, .fallback = "", .fixed = true,
		.help = "the struct, or member (zone.lock), that the question is about"),
	SETTING(struct lab_keys, hints, NAME, .fallback = "", .fixed = true,
		.help = "a list of hints, the next one for who asks"),
	SETTING(struct lab_keys, own, NAME, .fallback = "", .fixed = true,
		.help = "of a lab about an allocator of one's own: the source to begin with"),
	SETTING(struct lab_keys, try, NAME, .fallback = "", .fixed = true,
		.help = "what to change then"),
	{ 0 },
};
/* clang-format on */

struct text_key {
	const char *key;
	char **to;
};

static void read_text(struct loading *loading, const struct yaml *key, const struct yaml *value,
		      char **to)
{
	if (value->refused)
		return;
	if (value->kind != YAML_VALUE || !*value->text) {
		mistake(loading->diagnostics, value->place, "'%s' wants a text", key->text);
		return;
	}
	free(*to);
	*to = xstrdup(value->text);
}

/* What is best lies in `nearest`, which is no value to return. */
static void try_all(struct nearest *nearest, const char *const *known)
{
	for (size_t i = 0; known[i]; i++)
		nearest_try(nearest, known[i]);
}

/* The first `required` ones of `known` are missing if they are not there and no other key is told
 * as meant for them. */
static void must_have(struct loading *loading, const struct yaml *key, const struct yaml *section,
		      const char *name, const char *const *known, size_t required)
{
	for (size_t i = 0; i < required; i++) {
		bool there = yaml_find(section, known[i]);

		for (size_t k = 0; k < section->count && !there; k++) {
			struct nearest nearest = nearest_to(section->key[k]->text);

			try_all(&nearest, known);
			there = nearest.best && !strcmp(nearest.best, known[i]);
		}
		if (!there)
			mistake(loading->diagnostics, key->place, "missing key '%s.%s'", name,
				known[i]);
	}
}

static void unknown_key(struct loading *loading, const struct yaml *key, const char *section,
			const char *const *known)
{
	struct nearest nearest = nearest_to(key->text);

	try_all(&nearest, known);
	if (nearest.best)
		mistake(loading->diagnostics, key->place,
			"unknown key '%.60s' in '%s'; did you mean '%s'?", key->text, section,
			nearest.best);
	else
		mistake(loading->diagnostics, key->place, "unknown key '%.60s' in '%s'", key->text,
			section);
}

static void read_number(struct loading *loading, const struct yaml *value, double *to)
{
	char *end = NULL;

	if (value->kind == YAML_VALUE && !value->quoted && *value->text >= '0' &&
	    *value->text <= '9' && !value->text[strspn(value->text, "0123456789.")])
		*to = strtod(value->text, &end);
	if (!end || *end)
		mistake(loading->diagnostics, value->place, "'value' wants a number");
}

static void read_metric(struct loading *loading, const struct yaml *value, struct lab *lab)
{
	char unknown[SETTING_NAME_BYTES], why[240];

	lab->explored = !strcmp(lab->metric, LAB_FOUND);
	if (lab->explored || quotient_parse(lab->metric, &lab->what, unknown, sizeof unknown))
		return;
	mistake(loading->diagnostics, value->place, "%s", metric_unknown(unknown, why, sizeof why));
}

static void read_answer(struct loading *loading, const struct yaml *key, const struct yaml *answer,
			struct lab *lab)
{
	static const char *const known[] = { "metric", "value", "why", NULL };
	const struct yaml *value = yaml_find(answer, "value"),
			  *metric = yaml_find(answer, "metric");

	if (answer->kind != YAML_MAPPING) {
		mistake(loading->diagnostics, answer->place,
			"'answer' wants {metric: NAME, value: NUMBER, why: TEXT}");
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		const struct yaml *part = answer->key[i];

		if (!strcmp(part->text, "metric"))
			read_text(loading, part, answer->child[i], &lab->metric);
		else if (!strcmp(part->text, "why"))
			read_text(loading, part, answer->child[i], &lab->why);
		else if (strcmp(part->text, "value"))
			unknown_key(loading, part, "answer", known);
	}
	must_have(loading, key, answer, "lab.answer", known, 3);
	if (value)
		read_number(loading, value, &lab->value);
	if (metric && lab->metric)
		read_metric(loading, metric, lab);
}

static void read_hints(struct loading *loading, const struct yaml *key, const struct yaml *value,
		       struct lab *lab)
{
	if (value->kind != YAML_LIST) {
		mistake(loading->diagnostics, value->place, "'hints' wants a list of texts");
		return;
	}
	lab->hint = xalloc((value->count + 1) * sizeof *lab->hint);
	for (size_t i = 0; i < value->count; i++) {
		read_text(loading, key, value->child[i], &lab->hint[lab->hints]);
		lab->hints += lab->hint[lab->hints] != NULL;
	}
}

/* As 'bounce step --until' has them, and what only labs count. */
static void check_event(struct loading *loading, const struct yaml *value, const char *event)
{
	static const char *const events[] = { "transfer",  "miss",   "bounce", "lock",
					      "interrupt", "locked", "kill",   NULL };
	struct nearest nearest = nearest_to(event);
	char all[100];
	size_t used = 0;

	for (size_t i = 0; events[i]; i++) {
		if (!strcmp(events[i], event))
			return;
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", events[i]);
	}
	try_all(&nearest, events);
	mistake(loading->diagnostics, value->place, "'event' is one of %s, not '%.60s'%s%s%s", all, event,
		nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
		nearest.best ? "'?" : "");
}

void lab_read(struct loading *loading, const struct yaml *key, const struct yaml *value)
{
	static const char *const known[] = { "ask",   "answer", "event", "line",
					     "hints", "own",    "try",   NULL };
	struct lab *lab = xalloc(sizeof *lab);
	const struct text_key texts[] = {
		{ "ask", &lab->ask }, { "event", &lab->event }, { "line", &lab->line },
		{ "own", &lab->own }, { "try", &lab->attempt },
	};

	loading->experiment->lab = lab;
	if (value->kind != YAML_MAPPING) {
		mistake(loading->diagnostics, value->place,
			"'lab' wants keys: ask, answer, and perhaps event, line, hints, try");
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct yaml *part = value->key[i], *child = value->child[i];
		size_t text = 0;

		while (text < sizeof texts / sizeof *texts && strcmp(texts[text].key, part->text))
			text++;
		if (text < sizeof texts / sizeof *texts)
			read_text(loading, part, child, texts[text].to);
		else if (!strcmp(part->text, "answer"))
			read_answer(loading, part, child, lab);
		else if (!strcmp(part->text, "hints"))
			read_hints(loading, part, child, lab);
		else
			unknown_key(loading, part, "lab", known);
	}
	if (lab->event)
		check_event(loading, yaml_find(value, "event"), lab->event);
	must_have(loading, key, value, "lab", known, 2);
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (size_t i = 0; i < lab->hints; i++)
		free(lab->hint[i]);
	free(lab->hint);
	free(lab->ask);
	free(lab->why);
	free(lab->attempt);
	free(lab->event);
	free(lab->line);
	free(lab->own);
	free(lab->metric);
	free(lab);
}
