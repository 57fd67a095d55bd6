/*
 * Tables: one set of rows, printed aligned for people, or as CSV or JSON lines for programs.
 *
 * People get grouped digits and three to four of them; programs get whole integers and .17g.
 * Columns are declared first, then cells are added row by row from left to right.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "experiment/statistics.h"

/* TABLE_JSON: JSON lines as one document, see cli/document.h. */
enum table_format { TABLE_PEOPLE, TABLE_CSV, TABLE_JSONL, TABLE_JSON };

struct column {
	const char *title;      /* heading for people; NULL: not shown to them */
	const char *key;        /* name for programs; NULL: not told to them */
	bool text;              /* text: flushed left; numbers: flushed right */
	unsigned spare;         /* where a table is too wide the highest goes first; 0: stays */
};

/* What people's tables are printed on. */
struct paper {
	bool colour;
	unsigned width;         /* characters of a line; 0: any */
};

struct table;

/* The columns end with one that has neither title nor key; they must outlive the table. */
struct table *table_new(const struct column *columns);
void table_free(struct table *table);

/* One cell each, in the order of the columns; after the last column a new row begins. */
void table_text(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_count(struct table *table, uint64_t value);
void table_real(struct table *table, double value);             /* NAN: nothing known */
void table_share(struct table *table, double part, double all); /* "93 %" and 0.93 */
void table_blank(struct table *table);
/* What people and what programs read, where the two differ; number: unquoted in JSON. */
void table_both(struct table *table, bool number, const char *people, const char *program);

size_t table_rows(const struct table *table);
/*
 * For people: heading, rows, two blanks between columns, `indent` before each line, headings bold
 * in colour. Columns that are spare go, and then texts are cut, until it fits the paper; which ones
 * is told below it. CSV: a row of keys first. JSON lines: an object per row, "type" in front.
 */
void table_print(const struct table *table, FILE *out, enum table_format format, const char *type,
		 unsigned indent, struct paper paper);

/* false: no such format. */
bool table_format_parse(const char *word, enum table_format *format);
/* Colour on this stream? `when` is always, never or NULL: a terminal, and neither NO_COLOR nor
 * TERM=dumb speaks against it. */
bool table_colour(FILE *stream, const char *when);
/* With that colour; on a terminal as wide as a page, whatever the terminal is, unless `wide`. */
struct paper table_paper(FILE *stream, const char *colour, bool wide);

/* For people: 0.012, 1.90, 95.2, 104, 28 000; the text is in buf. */
const char *number_real(char *buf, size_t size, double value);
const char *number_count(char *buf, size_t size, uint64_t value);
/* "760 (4) or 925 (6)": the means of two states and how many runs are in each; NULL where people
 * would see one number twice, or there is one state. */
const char *number_states(char *buf, size_t size, const struct states *states);
/* A change as a fraction, in per cent: +0.5, -12; the sign of the unit is the caller's. */
const char *number_percent(char *buf, size_t size, double change);
/* For programs: .17g, which reads back the same. */
const char *number_exact(char *buf, size_t size, double value);

#endif
