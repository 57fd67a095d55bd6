/*
 * Mistakes of the user: collected, sorted by place, told all at once as
 *
 *	file:line:column: error: text
 *	    the line
 *	    ^
 *
 * and the nearest right word to a wrong one.
 */
#ifndef EXPERIMENT_DIAGNOSTIC_H
#define EXPERIMENT_DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A text that messages can point into. */
struct document {
	const char *name;               /* file name, or "--set key=value" */
	const char *text;               /* not terminated */
	size_t length;
	bool option;                    /* of the command line: no line, no column */
	unsigned number;                /* sources are told in this order */
	struct document *next;
};

struct place {
	const struct document *source;
	unsigned line, column; /* from 1, columns in characters; 0: the source as a whole */
};

struct diagnostics;

enum { DIAGNOSTICS_MAX = 200 }; /* mistakes of one file that are told; the rest is counted */

struct diagnostics *diagnostics_new(void);
void diagnostics_free(struct diagnostics *diagnostics);

/* Text and name are copied and live as long as the diagnostics. */
const struct document *diagnostics_source(struct diagnostics *diagnostics, const char *name,
					  const char *text, size_t length, bool option);

/* The same text at the same place is told once. */
void mistake(struct diagnostics *diagnostics, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* More about the mistake before; nothing if that one was told already. */
void mistake_note(struct diagnostics *diagnostics, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What stops nothing: told as a note, not counted; the same text at the same place once. */
void diagnostics_remark(struct diagnostics *diagnostics, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Moves all of `more` behind what is there, and frees it; what is there already comes once. */
void diagnostics_join(struct diagnostics *diagnostics, struct diagnostics *more);
/* The same, but mistakes become remarks, behind these words. */
void diagnostics_excuse(struct diagnostics *diagnostics, struct diagnostics *more,
			const char *words);

/* Keeps the mistakes whose place is chosen, with their notes. false: none is, and all stay. */
typedef bool place_choice(const void *argument, struct place place);
bool diagnostics_narrow(struct diagnostics *diagnostics, place_choice *choose, const void *argument);

size_t diagnostics_count(const struct diagnostics *diagnostics);
void diagnostics_print(struct diagnostics *diagnostics, FILE *out, bool colour);

/*
 * Searches the candidate nearest to a word. One step is a letter more, less or other, or two
 * neighbours swapped; capitals, and '-' for '_', are none. Near is a step in three letters at
 * most, or a candidate that begins with the whole word ("haswell" and "haswell-2s").
 */
enum { NEAREST_BYTES = 65 };

struct nearest {
	const char *word;
	const char *best;               /* in `text`, so no copies once a word was tried; NULL: none */
	char text[NEAREST_BYTES];       /* candidates may be gone by the time they are told */
	unsigned distance;
};

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
