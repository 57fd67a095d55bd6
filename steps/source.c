/* Finds and keeps the files; see source.h. */
#include "steps/source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/data.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

enum { SOURCE_BYTES_MAX = 4 << 20 };

struct source {
	struct source *next;
	char *file, *text;
	char **line;
	size_t lines;
};

struct sources {
	struct source *first;
	bool trusted;
};

const char *source_path(const char *file)
{
	return strncmp(file, "./", 2) ? file : file + 2;
}

/* A file of events says where its sources are, and anybody may have written it: only C below the
 * folders of ours, nothing else of this host. */
static bool may_be_ours(const char *file)
{
	size_t length = strlen(file);

	return *file != '/' && !strstr(file, "..") && length > 2 &&
	       (!strcmp(file + length - 2, ".c") || !strcmp(file + length - 2, ".h"));
}

/* Cuts the text into lines. */
static void take_lines(struct source *source)
{
	char *rest = source->text, *line;

	while ((line = strsep(&rest, "\n"))) {
		source->line = xrealloc(source->line, (source->lines + 1) * sizeof *source->line);
		source->line[source->lines++] = line;
	}
}

static struct source *source_of(struct sources *sources, const char *file)
{
	struct source *s = sources->first;
	char path[4096];
	size_t length;

	while (s && strcmp(s->file, file))
		s = s->next;
	if (s)
		return s;
	s = xalloc(sizeof *s);
	s->file = xstrdup(file);
	s->next = sources->first;
	sources->first = s;
	if (sources->trusted && *file == '/')
		s->text = file_read(file, SOURCE_BYTES_MAX, &length);
	else if ((sources->trusted || may_be_ours(file)) &&
		 data_file(source_path(file), path, sizeof path))
		s->text = file_read(path, SOURCE_BYTES_MAX, &length);
	if (s->text)
		take_lines(s);
	return s;
}

/* Does the line hold the operand, blanks apart? Of "spin_lock(&n->lock)" what is in the brackets. */
static bool holds(const char *line, const char *operand)
{
	const char *bracket = strncmp(operand, "spin_", 5) && strncmp(operand, "bit_spin_", 9)
				      ? NULL
				      : strchr(operand, '(');
	char a[1024], b[512];
	size_t m = 0, n = 0;

	for (; *line && m < sizeof a - 1; line++)
		if (!isspace((unsigned char)*line))
			a[m++] = *line;
	for (operand = bracket ? bracket + 1 : operand; *operand && n < sizeof b - 1; operand++)
		if (!isspace((unsigned char)*operand))
			b[n++] = *operand;
	n -= bracket && n && b[n - 1] == ')';
	a[m] = b[n] = '\0';
	return strstr(a, b);
}

const char *source_line(struct sources *sources, const struct site *site)
{
	const struct source *s = site->line ? source_of(sources, site->file) : NULL;
	char *line, *end;

	if (!s || site->line > s->lines)
		return NULL;
	line = s->line[site->line - 1];
	if (!holds(line, site->text))
		return NULL;
	line += strspn(line, " \t");
	for (end = line + strlen(line); end > line && isspace((unsigned char)end[-1]);)
		*--end = '\0';
	return line;
}

const char *const *source_around(struct sources *sources, const struct site *site, unsigned around,
				 unsigned *first, size_t *count)
{
	const struct source *s = site->line ? source_of(sources, site->file) : NULL;
	size_t last;

	*count = 0;
	if (!s || site->line > s->lines)
		return NULL;
	*first = site->line > around ? site->line - around : 1;
	last = site->line + around < s->lines ? site->line + around : s->lines;
	*count = last - *first + 1;
	return (const char *const *)s->line + *first - 1;
}

struct sources *sources_new(void)
{
	return xalloc(sizeof(struct sources));
}

void sources_trust(struct sources *sources)
{
	sources->trusted = true;
}

void sources_free(struct sources *sources)
{
	while (sources->first) {
		struct source *s = sources->first;

		sources->first = s->next;
		free(s->file);
		free(s->text);
		free(s->line);
		free(s);
	}
	free(sources);
}
