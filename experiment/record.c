/* Tables of structs as text. */
#include "experiment/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

/* ---- writing ----------------------------------------------------------------------------- */

void record_escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\t')
			fputs("\\t", out);
		else if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\')
			fputs("\\\\", out);
		else
			fputc(*text, out);
	}
}

static void write_value(FILE *out, const struct record_column *column, const char *row)
{
	const void *member = row + column->offset;
	const char *text;

	switch (column->kind) {
	case COLUMN_U64:
		fprintf(out, "%" PRIu64, *(const uint64_t *)member);
		break;
	case COLUMN_UNSIGNED:
		fprintf(out, "%u", *(const unsigned *)member);
		break;
	case COLUMN_WORD:
		fputs(column->words[*(const unsigned *)member], out);
		break;
	case COLUMN_TEXT:
		record_escape(out, member);
		break;
	case COLUMN_STRING:
		text = *(const char *const *)member;
		record_escape(out, text ? text : "");
		break;
	}
}

void record_write(FILE *out, const char *name, const struct record_column *columns,
		  const void *rows, size_t count, size_t row_size)
{
	fprintf(out, "table %s %zu\n", name, count);
	for (const struct record_column *column = columns; column->name; column++)
		fprintf(out, "%s%s", column == columns ? "" : "\t", column->name);
	fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		for (const struct record_column *column = columns; column->name; column++) {
			if (column != columns)
				fputc('\t', out);
			write_value(out, column, (const char *)rows + i * row_size);
		}
		fputc('\n', out);
	}
}

/* ---- reading ----------------------------------------------------------------------------- */

bool lines_next(struct lines *lines, const char **line, const char **end)
{
	const char *stop = lines->at < lines->end
				   ? memchr(lines->at, '\n', (size_t)(lines->end - lines->at))
				   : NULL;

	if (!stop)
		return false;
	*line = lines->at;
	*end = stop;
	lines->at = stop + 1;
	lines->number++;
	return true;
}

char *record_part(const char **line, const char *end)
{
	if (!*line)
		return NULL;

	const char *at = *line, *tab = memchr(at, '\t', (size_t)(end - at));
	const char *stop = tab ? tab : end;
	char *text = xalloc((size_t)(stop - at) + 1), *to = text;

	for (; at < stop; at++) {
		if (*at != '\\' || at + 1 == stop) {
			*to++ = *at;
			continue;
		}
		at++;
		*to++ = *at == 't' ? '\t' : *at == 'n' ? '\n' : *at;
	}
	*line = tab ? tab + 1 : NULL;
	return text;
}

static bool read_u64(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno;
}

static bool read_word(const struct record_column *column, const char *text, unsigned *word)
{
	for (*word = 0; *word < column->word_count; ++*word) {
		if (!strcmp(column->words[*word], text))
			return true;
	}
	return false;
}

static const char *keep(struct string_pool *pool, char *text)
{
	/* room doubles whenever the count reaches a power of two */
	if ((pool->count & (pool->count - 1)) == 0)
		pool->text = xrealloc(pool->text,
				      (pool->count ? 2 * pool->count : 1) * sizeof *pool->text);
	pool->text[pool->count++] = text;
	return text;
}

/* Takes the text. */
static bool read_value(const struct record_column *column, char *text, char *row,
		       struct string_pool *pool)
{
	void *member = row + column->offset;
	uint64_t number;
	bool good = true;

	switch (column->kind) {
	case COLUMN_U64:
		good = read_u64(text, member);
		break;
	case COLUMN_UNSIGNED:
		good = read_u64(text, &number) && number <= UINT32_MAX;
		if (good)
			*(unsigned *)member = (unsigned)number;
		break;
	case COLUMN_WORD:
		good = read_word(column, text, member);
		break;
	case COLUMN_TEXT:
		good = strlen(text) < column->size;
		if (good)
			memcpy(member, text, strlen(text) + 1);
		break;
	case COLUMN_STRING:
		*(const char **)member = keep(pool, text);
		return true;
	}
	free(text);
	return good;
}

static bool read_row(const struct record_column *columns, const char *line, const char *end,
		     char *row, struct string_pool *pool)
{
	for (; columns->name; columns++) {
		char *text = record_part(&line, end);

		if (!text || !read_value(columns, text, row, pool))
			return false;
	}
	return line == NULL;
}

static bool same_columns(const struct record_column *columns, const char *line, const char *end)
{
	bool same = true;

	for (; columns->name && same; columns++) {
		char *text = record_part(&line, end);

		same = text && !strcmp(text, columns->name);
		free(text);
	}
	return same && line == NULL;
}

/* "table NAME COUNT" */
static bool read_head(struct lines *lines, const char *name, uint64_t *count)
{
	const char *line, *end;
	char head[128], number[32];

	snprintf(head, sizeof head, "table %s ", name);
	if (!lines_next(lines, &line, &end))
		return false;

	size_t length = (size_t)(end - line), before = strlen(head);

	if (length <= before || length - before >= sizeof number || memcmp(line, head, before))
		return false;
	memcpy(number, line + before, length - before);
	number[length - before] = '\0';
	/* every row has a line end of its own: more rows than bytes is nonsense */
	return read_u64(number, count) && *count <= (uint64_t)(lines->end - lines->at);
}

bool record_read(struct lines *lines, const char *name, const struct record_column *columns,
		 void **rows, size_t *count, size_t row_size, struct string_pool *pool, char *why,
		 size_t size)
{
	const char *line, *end;
	uint64_t wanted;

	*rows = NULL;
	*count = 0;
	if (!read_head(lines, name, &wanted) || !lines_next(lines, &line, &end) ||
	    !same_columns(columns, line, end)) {
		snprintf(why, size, "line %zu: not the table '%s' of this version", lines->number,
			 name);
		return false;
	}

	size_t room = 0;

	while (*count < wanted) {
		if (*count == room) {
			room = room ? 2 * room : 16;
			*rows = xrealloc(*rows, room * row_size);
		}

		char *row = (char *)*rows + *count * row_size;

		memset(row, 0, row_size);
		if (!lines_next(lines, &line, &end) || !read_row(columns, line, end, row, pool)) {
			snprintf(why, size, "line %zu: not a row of the table '%s'", lines->number,
				 name);
			free(*rows);
			*rows = NULL;
			return false;
		}
		++*count;
	}
	return true;
}
