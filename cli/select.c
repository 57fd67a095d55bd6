/*
 * Results folders by path or name, points by settings.
 */
#include "cli/select.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/diagnostic.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

const char *select_folder(const char *given, char *path, size_t size)
{
	snprintf(path, size, "%s", given);
	if (access(path, F_OK) != 0 && !strchr(given, '/')) {
		snprintf(path, size, "results/%s", given);
		if (access(path, F_OK) != 0)
			snprintf(path, size, "%s", given);
	}
	/* no slash at the end: paths below it are told to the user */
	for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	return path;
}

/* Something of a results folder is there: what is said to be wrong is damage, and no name. */
static bool is_results(const char *folder)
{
	static const char *const parts[] = { "index", "points", "experiment.yaml" };
	char path[4200];
	struct stat is;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
		if (lstat(path, &is) == 0)
			return true;
	}
	return false;
}

const char *select_cure(const char *given, char *buf, size_t size)
{
	struct nearest nearest = nearest_to(given);
	char folder[4096];
	struct stat is;

	*buf = '\0';
	if (stat(given, &is) == 0 && S_ISREG(is.st_mode)) {
		snprintf(buf, size, "; it is a file: 'bounce run' makes results of an experiment");
		return buf;
	}
	if (is_results(select_folder(given, folder, sizeof folder))) {
		snprintf(buf, size, "; 'bounce run' of its experiment makes it again");
		return buf;
	}

	DIR *results = opendir("results");

	for (struct dirent *entry; results && (entry = readdir(results));) {
		if (*entry->d_name != '.')
			nearest_try(&nearest, entry->d_name);
	}
	if (results)
		closedir(results);
	if (nearest.best)
		snprintf(buf, size, "; did you mean '%s'?", nearest.best);
	return buf;
}

const char *select_key(const struct point *point, const char *word)
{
	const char *path = NULL;

	if (point_value(point, word))
		return word;
	for (size_t i = 0; i < point->keys; i++) {
		const char *dot = strrchr(point->key[i].key, '.');

		if (!dot || strcmp(dot + 1, word))
			continue;
		if (path)
			return word;
		path = point->key[i].key;
	}
	return path ? path : word;
}

const char *select_value(const struct point *point, const char *key, char *buf, size_t size)
{
	const char *value = point_value(point, key);

	if (!strcmp(key, "seed")) {
		snprintf(buf, size, "%" PRIu64, point->seed);
		return buf;
	}
	if (value)
		return value;
	if (!strcmp(key, "objects"))
		return point->objects;
	if (!strcmp(key, "pages"))
		return point->pages;
	if (!strcmp(key, "workload"))
		return point->workload;
	return strcmp(key, "machine") ? point_value(point, select_key(point, key))
				      : point->machine;
}

/* ---- --point --------------------------------------------------------------------------------- */

static bool is_quote(char letter)
{
	return letter == '"' || letter == '\'';
}

/* Behind a quoted text, or NULL: it does not end. In YAML's double quotes a backslash takes the next
 * letter; its single quotes are doubled, which is two texts side by side. */
static char *behind_quotes(char *at)
{
	char quote = *at++;

	while (*at && *at != quote)
		at += *at == '\\' && quote == '"' && at[1] ? 2 : 1;
	return *at ? at + 1 : NULL;
}

/* The comma behind a value, or the end of the text. */
static char *end_of_value(char *at)
{
	unsigned depth = 0;
	char *behind, quote = *at;

	while (is_quote(quote) && *at == quote && (behind = behind_quotes(at)))
		at = behind;
	for (; *at && (depth || *at != ','); at++) {
		if (strchr("{[", *at))
			depth++;
		else if (strchr("}]", *at) && depth)
			depth--;
		else if (depth && is_quote(*at) && (behind = behind_quotes(at)))
			at = behind - 1;
	}
	return at;
}

/* Takes the quotes from a value that is all in them, in place. */
static void take_quotes(char *value)
{
	char quote = *value, *to = value;
	size_t length = strlen(value);

	if (!is_quote(quote) || length < 2 || value[length - 1] != quote)
		return;
	value[length - 1] = '\0';
	for (const char *from = value + 1; *from; from++) {
		if ((*from == '\\' && quote == '"' && from[1]) || (*from == '\'' && quote == '\'' && from[1] == '\''))
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

/* Would the value be read back, whatever stands behind it? */
static bool is_plain(const char *value)
{
	char *text;
	bool plain;

	if (asprintf(&text, "%s,'\"", value) < 0)
		xalloc_failed(strlen(value));
	plain = !is_quote(*value) && end_of_value(text) == text + strlen(value);
	free(text);
	return plain;
}

static void put_value(FILE *out, const char *value)
{
	if (is_plain(value)) {
		fputs(value, out);
		return;
	}
	putc('"', out);
	for (; *value; value++)
		fprintf(out, strchr("\"\\", *value) ? "\\%c" : "%c", *value);
	putc('"', out);
}

char *select_label(const struct points *points, const struct point *point)
{
	char seed[24], *text;
	size_t length;
	FILE *out = text_open(&text, &length);

	for (size_t i = 0; i < points->swepts; i++) {
		const char *value = select_value(point, points->swept[i], seed, sizeof seed);

		if (!value || !strcmp(points->swept[i], "seed"))
			continue;
		fprintf(out, "%s=", points->swept[i]);
		put_value(out, value);
		putc(',', out);
	}
	fprintf(out, "seed=%" PRIu64, point->seed);
	text_close(out);
	return text;
}

struct wish {
	char *key, *value;
};

/* "a=b,c={d, e}" taken apart in place; false: a part without "=". */
static bool parse_wishes(char *text, struct wish **wishes, size_t *count, char *why, size_t size)
{
	*wishes = NULL;
	*count = 0;
	for (bool more = true; more;) {
		char *part = text, *equals = part + strcspn(part, "=,"), *value = equals + 1, *end;

		if (*equals != '=') {
			*equals = '\0';
			snprintf(why, size, "--point wants KEY=VALUE, got '%s'", part);
			return false;
		}
		end = end_of_value(value);
		more = *end;
		text = end + more;
		*equals = *end = '\0';
		take_quotes(value);
		*wishes = xrealloc(*wishes, (*count + 1) * sizeof **wishes);
		(*wishes)[(*count)++] = (struct wish){ part, value };
	}
	return true;
}

static bool matches(const struct point *point, const struct wish *wish)
{
	char seed[24];
	const char *value = select_value(point, wish->key, seed, sizeof seed);

	return value && !strcmp(value, wish->value);
}

/* Why no point has what is wished: a wrong key, or the values that there are. */
static void explain(const struct points *points, const struct wish *wish, char *why, size_t size)
{
	struct nearest nearest = nearest_to(wish->key);
	char seed[24];
	bool key_known = false;
	size_t used;

	for (size_t i = 0; i < points->count; i++)
		key_known |= select_value(points->point[i], wish->key, seed, sizeof seed) != NULL;
	if (!key_known) {
		for (size_t i = 0; points->count && i < points->point[0]->keys; i++)
			nearest_try(&nearest, points->point[0]->key[i].key);
		nearest_try(&nearest, "seed");
		snprintf(why, size,
			 nearest.best ? "no point has a setting '%s'; did you mean '%s'?"
				      : "no point has a setting '%s'",
			 wish->key, nearest.best);
		return;
	}
	used = (size_t)snprintf(why, size, "no point has %s=%s; there are:", wish->key,
				wish->value);
	for (size_t i = 0; i < points->count && used < size; i++) {
		const char *value = select_value(points->point[i], wish->key, seed, sizeof seed);
		struct wish same = { wish->key, (char *)value };
		size_t before = 0;

		while (value && before < i && !matches(points->point[before], &same))
			before++;
		if (value && before == i)
			used += (size_t)snprintf(why + used, size - used, " %s", value);
	}
}

static bool keep(const struct points *points, const struct wish *wishes, size_t wish_count,
		 const struct point ***chosen, size_t *count)
{
	bool seed_named = false;

	for (size_t i = 0; i < wish_count; i++)
		seed_named |= !strcmp(wishes[i].key, "seed");
	*chosen = xalloc((points->count + 1) * sizeof **chosen);
	*count = 0;
	for (size_t i = 0; i < points->count; i++) {
		const struct point *point = points->point[i];
		size_t met = 0;

		while (met < wish_count && matches(point, &wishes[met]))
			met++;
		/* seeds are innermost: the others of a combination come behind its first */
		if (met == wish_count &&
		    (seed_named || !*count || !point_same_but_seed((*chosen)[*count - 1], point)))
			(*chosen)[(*count)++] = point;
	}
	return *count > 0;
}

bool select_points(const struct points *points, const char *choice, const struct point ***chosen,
		   size_t *count, char *why, size_t size)
{
	char *text = xstrdup(choice ? choice : "");
	struct wish *wishes = NULL;
	size_t wish_count = 0;
	bool ok = true;

	*chosen = NULL;
	*count = 0;
	if (choice)
		ok = parse_wishes(text, &wishes, &wish_count, why, size);
	for (size_t w = 0; ok && w < wish_count; w++) {
		size_t having = 0;

		for (size_t i = 0; i < points->count; i++)
			having += matches(points->point[i], &wishes[w]);
		ok = having > 0;
		if (!ok)
			explain(points, &wishes[w], why, size);
	}
	if (ok && !keep(points, wishes, wish_count, chosen, count)) {
		snprintf(why, size,
			 points->count ? "no point has all of %s"
				       : "no point has been computed yet%.0s",
			 choice ? choice : "");
		ok = false;
	}
	if (!ok) {
		free(*chosen);
		*chosen = NULL;
	}
	free(wishes);
	free(text);
	return ok;
}
