/*
 * Structs as lines of text: one table of columns writes them and reads them back, each value
 * checked. Used for the tables of a point file.
 */
#ifndef EXPERIMENT_RECORD_H
#define EXPERIMENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum column_kind {
	COLUMN_U64,             /* uint64_t */
	COLUMN_UNSIGNED,        /* unsigned */
	COLUMN_WORD,            /* an enum, by the names in `words` */
	COLUMN_TEXT,            /* char member[size] */
	COLUMN_STRING,          /* const char *; read back into the pool */
};

struct record_column {
	const char *name;
	enum column_kind kind;
	size_t offset, size;
	const char *const *words;
	size_t word_count;
};

#define COLUMN(type, member, kind_, ...) \
	{ \
		.name = #member, .kind = COLUMN_##kind_, .offset = offsetof(type, member), \
		.size = sizeof(((type *)0)->member), __VA_ARGS__ \
	}

/* Strings read back, owned together. */
struct string_pool {
	char **text;
	size_t count;
};

/* Lines of a file in memory, read in turn. */
struct lines {
	const char *at, *end;
	size_t number;          /* of the line read last */
};

/* A text without tabs and line ends: \t, \n, \\ for them. */
void record_escape(FILE *out, const char *text);
/* The part of a line up to the next tab, unescaped; NULL: the line is used up. Caller frees. */
char *record_part(const char **line, const char *end);
bool lines_next(struct lines *lines, const char **line, const char **end);

/* "table NAME COUNT", the names of the columns, and a line per struct; `columns` end without a
 * name. */
void record_write(FILE *out, const char *name, const struct record_column *columns,
		  const void *rows, size_t count, size_t row_size);
/* Reads such a table into zeroed rows; false and the reason in `why`. The caller frees *rows. */
bool record_read(struct lines *lines, const char *name, const struct record_column *columns,
		 void **rows, size_t *count, size_t row_size, struct string_pool *pool, char *why,
		 size_t size);

#endif
