/* Experiments by name. */
#include "experiment/shipped.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment/data.h"
#include "experiment/diagnostic.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

enum { PATH_BYTES = 4096, HEAD_BYTES = 1 << 16 };

/* Folders below configs/, and what their names begin with. */
static const char *const folders[] = { "", "pages/", "micro/", NULL };

static const char suffix[] = ".yaml";

/* ---- what a file says of itself ---------------------------------------------------------------- */

/* The value of the line "title: ...", without a comment behind it. */
static char *title_of(const char *text)
{
	const char *line = strncmp(text, "title:", 6) ? strstr(text, "\ntitle:") : text;
	size_t length;

	if (!line)
		return xstrdup("");
	line = strchr(line, ':') + 1;
	line += strspn(line, " ");
	length = strcspn(line, "\n");
	return strndup(line, length);
}

/* "about 1 min" of "# 360 runs: about 1 min on two cores." */
static char *takes_of(const char *text)
{
	static const char *const begins[] = { "about ", "some ", NULL };
	const char *end = strstr(text, " on two cores"), *start = NULL;

	for (const char *const *begin = begins; end && *begin && !start; begin++)
		for (const char *at = text; (at = strstr(at, *begin)) && at < end; at++)
			start = at;
	if (!start || memchr(start, '\n', (size_t)(end - start)))
		return xstrdup("");
	return strndup(start, (size_t)(end - start));
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool is_experiment(const char *name)
{
	size_t length = strlen(name);

	return *name != '.' && length >= sizeof suffix && !strcmp(name + length - 5, suffix);
}

static void add_folder(struct shipped **all, size_t *count, const char *below)
{
	char folder[PATH_BYTES], path[2 * PATH_BYTES], configs[64];
	DIR *directory;

	snprintf(configs, sizeof configs, "configs/%s", below);
	directory = data_file(configs, folder, sizeof folder) ? opendir(folder) : NULL;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		struct shipped *one;
		char *text;
		size_t length;

		if (!is_experiment(entry->d_name))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		text = file_read(path, HEAD_BYTES, &length);
		if (!text)
			continue;
		*all = xrealloc(*all, (*count + 1) * sizeof **all);
		one = &(*all)[(*count)++];
		one->title = title_of(text);
		one->takes = takes_of(text);
		if (asprintf(&one->name, "%s%.*s", below,
			     (int)(strlen(entry->d_name) - strlen(suffix)), entry->d_name) < 0 ||
		    !one->title || !one->takes)
			xalloc_failed(PATH_BYTES);
		free(text);
	}
	if (directory)
		closedir(directory);
}

static int by_name(const void *one, const void *other)
{
	const struct shipped *a = one, *b = other;
	bool below = strchr(a->name, '/'), other_below = strchr(b->name, '/');

	return below != other_below ? below - other_below : strcmp(a->name, b->name);
}

struct shipped *shipped_experiments(size_t *count)
{
	struct shipped *all = NULL;

	*count = 0;
	for (const char *const *folder = folders; *folder; folder++)
		add_folder(&all, count, *folder);
	if (*count)
		qsort(all, *count, sizeof *all, by_name);
	return all;
}

void shipped_free(struct shipped *shipped, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(shipped[i].name);
		free(shipped[i].title);
		free(shipped[i].takes);
	}
	free(shipped);
}

/* ---- by name ----------------------------------------------------------------------------------- */

/* As labs and documentation name it, which stand in the source tree: "labs/03-ping-pong.yaml". */
static bool is_of_tree(const char *given)
{
	return is_experiment(given) &&
	       (!strncmp(given, "configs/", 8) || !strncmp(given, "labs/", 5));
}

const char *shipped_path(const char *given, char *buf, size_t size)
{
	char name[PATH_BYTES];

	if (access(given, F_OK) != 0 && is_of_tree(given) && data_file(given, buf, size))
		return buf;
	if (access(given, F_OK) == 0 || is_experiment(given) || *given == '/' || *given == '.')
		return given;
	for (const char *const *folder = folders; *folder; folder++) {
		int length = snprintf(name, sizeof name, "configs/%s%s%s", *folder, given, suffix);

		if (length > 0 && (size_t)length < sizeof name && data_file(name, buf, size))
			return buf;
	}
	return given;
}

const char *shipped_nearest(const char *given, char *buf, size_t size)
{
	struct nearest nearest = nearest_to(given);
	size_t count;
	struct shipped *all = shipped_experiments(&count);

	for (size_t i = 0; i < count; i++)
		nearest_try(&nearest, all[i].name);
	if (nearest.best)
		snprintf(buf, size, "%s", nearest.best);
	shipped_free(all, count);
	return nearest.best ? buf : NULL;
}
