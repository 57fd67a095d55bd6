/*
 * Weak numbers by key: which are there, and changed by a factor. See weak.h.
 */
#include "experiment/weak.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiment/schema.h"

/* "load_ns.M" is below "load_ns". */
static bool covers(const char *key, const char *path)
{
	size_t length = strlen(key);

	return !strncmp(key, path, length) && (!path[length] || path[length] == '.');
}

bool weak_reaches(const struct machine *machine, const struct weak_change *change, const char *path)
{
	for (unsigned i = 0; i < machine->weak.count; i++) {
		const char *key = machine->weak.key[i];

		if ((!change->key || !strcmp(change->key, key)) && covers(key, path))
			return true;
	}
	return false;
}

/* ---- all numbers of a machine ------------------------------------------------------------ */

/* One number, or list of them; `optional`: its section may be missing as a whole. */
typedef void visit_number(void *to, const struct setting *setting, const char *path, void *member,
			  bool optional);

static void visit_numbers(const struct setting *table, char *target, const char *path,
			  bool optional, visit_number *visit, void *to)
{
	char full[SETTING_PATH_BYTES];

	for (; table->key; table++) {
		char *member = target + table->offset;

		schema_join(full, path, table->key);
		if (table->kind == SETTING_SECTION)
			visit_numbers(table->section, member, full,
				      optional || (table->fallback && *table->fallback == '-'),
				      visit, to);
		else if (schema_is_number(table))
			visit(to, table, full, member, optional);
	}
}

/* ---- the list ---------------------------------------------------------------------------- */

struct counting {
	const char *key;
	unsigned known;
};

/* A section that is missing is all zeros. */
static void count_known(void *to, const struct setting *setting, const char *path, void *member,
			bool optional)
{
	struct counting *counting = to;
	char text[SETTING_TEXT_BYTES];

	if (!covers(counting->key, path))
		return;
	schema_text(setting, (const char *)member - setting->offset, text, sizeof text);
	counting->known += *text && !(optional && !strcmp(text, "0"));
}

bool weak_check(const struct machine *machine,
		void (*complain)(void *to, const char *key, const char *text), void *to)
{
	struct machine copy = *machine;         /* visits may write */
	bool good = true;

	for (unsigned i = 0; i < copy.weak.count; i++) {
		struct counting counting = { copy.weak.key[i], 0 };
		char text[160];

		visit_numbers(machine_settings, (char *)&copy, "", false, count_known, &counting);
		if (counting.known)
			continue;
		snprintf(text, sizeof text,
			 "'weak' names %s, and this machine gives no such number", counting.key);
		complain(to, "weak", text);
		good = false;
	}
	return good;
}

/* ---- changing ---------------------------------------------------------------------------- */

struct changing {
	const struct machine *machine;
	const struct weak_change *change;
	char *why;                      /* the first reason; "" so far */
	size_t size;
};

static double changed(struct changing *changing, const struct setting *setting, const char *path,
		      double value)
{
	double by = value * changing->change->factor;
	bool ranged = setting->min != 0 || setting->max != 0;

	if (ranged && (by < setting->min || by > setting->max) && !*changing->why)
		snprintf(changing->why, changing->size, "%s would be %g; allowed %g..%g", path, by,
			 setting->min, setting->max);
	return by;
}

static void change_number(void *to, const struct setting *setting, const char *path, void *member,
			  bool optional)
{
	struct changing *changing = to;
	struct reals *list = member;
	uint64_t *whole = member;
	double *real = member;

	(void)optional;
	if (!weak_reaches(changing->machine, changing->change, path))
		return;
	switch (setting->kind) {
	case SETTING_COUNT:
	case SETTING_BYTES:
		/* 0 says that there is no such thing, or no limit; 1 cannot be halved */
		if (*whole)
			*whole = (uint64_t)fmax(
				1, round(changed(changing, setting, path, (double)*whole)));
		break;
	case SETTING_REAL:
		if (!isnan(*real))
			*real = changed(changing, setting, path, *real);
		break;
	case SETTING_REALS:
		for (unsigned i = 0; i < list->count; i++)
			list->value[i] = changed(changing, setting, path, list->value[i]);
		break;
	default:
		break;
	}
}

/* ---- work -------------------------------------------------------------------------------- */

static struct distribution *distribution_of(const struct setting *setting, const void *values)
{
	struct distribution *distribution = (void *)((char *)(uintptr_t)values + setting->offset);
	bool varies = setting->kind == SETTING_DISTRIBUTION &&
		      distribution->shape != SHAPE_CONSTANT && distribution->spread;

	return varies ? distribution : NULL;
}

/* Of a mean of 0 nothing varies. */
static bool has_work(const struct setting *settings, const void *values)
{
	for (; settings->key; settings++) {
		const uint64_t *count = (const void *)((const char *)values + settings->offset);

		if (settings->kind == SETTING_COUNT && settings->unit &&
		    !strcmp(settings->unit, "cycles") && *count)
			return true;
	}
	return false;
}

bool weak_work(const struct setting *settings, const void *values)
{
	for (const struct setting *setting = settings; setting && setting->key; setting++) {
		if (distribution_of(setting, values))
			return has_work(settings, values);
	}
	return false;
}

bool weak_apply_work(const struct setting *settings, void *values,
		     const struct weak_change *change, char *why, size_t size)
{
	if (change->key && strcmp(change->key, WEAK_WORK) != 0)
		return true;
	for (; settings && settings->key; settings++) {
		struct distribution *distribution = distribution_of(settings, values);

		if (!distribution)
			continue;
		double max = spread_max(settings, distribution->shape);
		double spread = round((double)distribution->spread * change->factor);

		if (spread > max * SPREAD_ONE) {
			snprintf(why, size, "the spread of %s work would be %g; allowed 0..%g",
				 settings->words[distribution->shape], spread / SPREAD_ONE, max);
			return false;
		}
		distribution->spread = (uint64_t)spread;
	}
	return true;
}

static void tell_first(void *to, const char *key, const char *text)
{
	struct changing *changing = to;

	(void)key;
	if (!*changing->why)
		snprintf(changing->why, changing->size, "%s", text);
}

bool weak_apply(struct machine *machine, const struct weak_change *change, char *why, size_t size)
{
	struct changing changing = { machine, change, why, size };

	*why = '\0';
	visit_numbers(machine_settings, (char *)machine, "", false, change_number, &changing);
	return !*why && machine_check(machine, tell_first, &changing);
}
