/*
 * Mistakes of the user, collected and told in one go.
 */
#include "experiment/diagnostic.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/terminal.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

struct message {
	struct place place;
	char *text;
	bool note;
	struct place owner;     /* place of its mistake: notes are sorted with it */
	size_t mistake, number; /* in order of arrival */
};

struct diagnostics {
	struct document *sources;
	unsigned source_count;
	struct message *message;
	size_t count, mistakes, remarks, untold;
	bool dropped;           /* the last mistake was told before: so were its notes */
};

struct diagnostics *diagnostics_new(void)
{
	return xalloc(sizeof(struct diagnostics));
}

void diagnostics_free(struct diagnostics *diagnostics)
{
	while (diagnostics->sources) {
		struct document *source = diagnostics->sources;

		diagnostics->sources = source->next;
		free((char *)source->name);
		free((char *)source->text);
		free(source);
	}
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->message[i].text);
	free(diagnostics->message);
	free(diagnostics);
}

const struct document *diagnostics_source(struct diagnostics *diagnostics, const char *name,
					  const char *text, size_t length, bool option)
{
	struct document *source = xalloc(sizeof *source);
	char *copy = xalloc(length + 1);

	memcpy(copy, text, length);
	source->name = xstrdup(name);
	source->text = copy;
	source->length = length;
	source->option = option;
	source->number = diagnostics->source_count++;
	source->next = diagnostics->sources;
	diagnostics->sources = source;
	return source;
}

static bool same_place(struct place a, struct place b)
{
	return a.source == b.source && a.line == b.line && a.column == b.column;
}

static bool known(const struct diagnostics *diagnostics, struct place place, const char *text,
		  bool note)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct message *message = &diagnostics->message[i];

		if (message->note == note && same_place(message->place, place) &&
		    !strcmp(message->text, text))
			return true;
	}
	return false;
}

static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		xalloc_failed(strlen(format));
	return text;
}

static struct message *append(struct diagnostics *diagnostics, struct place place, char *text)
{
	size_t size = (diagnostics->count + 1) * sizeof *diagnostics->message;

	diagnostics->message = xrealloc(diagnostics->message, size);

	struct message *message = &diagnostics->message[diagnostics->count++];

	*message = (struct message){ .place = place, .text = text, .owner = place };
	message->number = diagnostics->count;
	return message;
}

void mistake(struct diagnostics *diagnostics, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);

	char *text = format_text(format, arguments);

	va_end(arguments);

	bool full = diagnostics->mistakes >= DIAGNOSTICS_MAX;

	diagnostics->dropped = full || known(diagnostics, place, text, false);
	diagnostics->untold += full;
	if (diagnostics->dropped)
		free(text);
	else
		append(diagnostics, place, text)->mistake = ++diagnostics->mistakes;
}

void mistake_note(struct diagnostics *diagnostics, struct place place, const char *format, ...)
{
	va_list arguments;

	if (diagnostics->dropped || diagnostics->count == 0)
		return;
	va_start(arguments, format);

	struct place owner = diagnostics->message[diagnostics->count - 1].owner;
	struct message *note = append(diagnostics, place, format_text(format, arguments));

	va_end(arguments);
	note->note = true;
	note->mistake = diagnostics->mistakes;
	note->owner = owner;
}

void diagnostics_remark(struct diagnostics *diagnostics, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);

	char *text = format_text(format, arguments);

	va_end(arguments);
	if (diagnostics->remarks >= DIAGNOSTICS_MAX || known(diagnostics, place, text, true)) {
		free(text);
		return;
	}

	struct message *message = append(diagnostics, place, text);

	message->note = true;
	message->mistake = diagnostics->mistakes;
	diagnostics->remarks++;
}

size_t diagnostics_count(const struct diagnostics *diagnostics)
{
	return diagnostics->mistakes;
}

/* Sources keep their order: those of `more` come after all others. */
static void join_sources(struct diagnostics *diagnostics, struct diagnostics *more)
{
	struct document **last = &more->sources;

	for (; *last; last = &(*last)->next)
		(*last)->number += diagnostics->source_count;
	*last = diagnostics->sources;
	diagnostics->sources = more->sources;
	diagnostics->source_count += more->source_count;
	more->sources = NULL;
}

void diagnostics_join(struct diagnostics *diagnostics, struct diagnostics *more)
{
	size_t before = diagnostics->mistakes, number = diagnostics->count;
	bool dropped = false;

	join_sources(diagnostics, more);
	for (size_t i = 0; i < more->count; i++) {
		struct message message = more->message[i];

		if (!message.note)
			dropped = known(diagnostics, message.place, message.text, false);
		if (dropped) {
			free(message.text);
			continue;
		}
		message.mistake += before;
		message.number += number;
		*append(diagnostics, message.place, message.text) = message;
		diagnostics->mistakes += !message.note;
	}
	diagnostics->remarks += more->remarks;
	diagnostics->untold += more->untold;
	more->count = 0;
	diagnostics_free(more);
}

void diagnostics_excuse(struct diagnostics *diagnostics, struct diagnostics *more,
			const char *words)
{
	join_sources(diagnostics, more);
	for (size_t i = 0; i < more->count; i++) {
		const struct message *message = &more->message[i];

		if (!message->note)
			diagnostics_remark(diagnostics, message->place, "%s%s", words, message->text);
	}
	diagnostics_free(more);
}

bool diagnostics_narrow(struct diagnostics *diagnostics, place_choice *choose, const void *argument)
{
	size_t chosen = 0, kept = 0;

	for (size_t i = 0; i < diagnostics->count; i++)
		chosen += !diagnostics->message[i].note &&
			  choose(argument, diagnostics->message[i].place);
	if (!chosen)
		return false;
	for (size_t i = 0; i < diagnostics->count; i++) {
		if (choose(argument, diagnostics->message[i].owner))
			diagnostics->message[kept++] = diagnostics->message[i];
		else
			free(diagnostics->message[i].text);
	}
	diagnostics->count = kept;
	diagnostics->mistakes = chosen;
	return true;
}

/* ---- printing ---------------------------------------------------------------------------- */

static int compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
	const struct message *a = left, *b = right;
	int order = 0;

	if (a->owner.source && b->owner.source)
		order = compare_numbers(a->owner.source->number, b->owner.source->number);
	if (!order)
		order = compare_numbers(a->owner.line, b->owner.line);
	if (!order)
		order = compare_numbers(a->owner.column, b->owner.column);
	if (!order)
		order = compare_numbers(a->mistake, b->mistake);
	return order ? order : compare_numbers(a->number, b->number);
}

/* The line of that number, without its end; NULL if there is none. */
static const char *find_line(const struct document *source, unsigned number, size_t *length)
{
	const char *at = source->text, *end = at + source->length;

	for (unsigned line = 1; line < number; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}

	const char *stop = memchr(at, '\n', (size_t)(end - at));

	*length = (size_t)((stop ? stop : end) - at);
	if (*length && at[*length - 1] == '\r')
		--*length;
	return at;
}

static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* Tabs are repeated, so that the caret stands right whatever their width. */
static void print_caret(FILE *out, const char *line, size_t length, unsigned column)
{
	unsigned at = 1;

	fputs("    ", out);
	for (size_t i = 0; i < length && at < column; i++) {
		bool next = i + 1 >= length || starts_character(line[i + 1]);

		if (next) {
			fputc(line[i] == '\t' ? '\t' : ' ', out);
			at++;
		}
	}
	fputs("^\n", out);
}

/* "file:line:column: error: text" without its text. */
static void print_head(FILE *out, const struct message *message, bool colour)
{
	const struct document *source = message->place.source;

	if (source) {
		if (colour)
			terminal_paint(out, PAINT_BOLD);
		text_line(out, source->name);
		if (!source->option && message->place.line)
			fprintf(out, ":%u:%u", message->place.line, message->place.column);
		fputc(':', out);
		if (colour)
			terminal_paint(out, PAINT_PLAIN);
		fputc(' ', out);
	}
	if (colour)
		terminal_paint(out, message->note ? PAINT_CYAN : PAINT_RED);
	fputs(message->note ? "note:" : "error:", out);
	if (colour)
		terminal_paint(out, PAINT_PLAIN);
}

static void print_message(FILE *out, const struct message *message, bool colour)
{
	const struct document *source = message->place.source;

	print_head(out, message, colour);
	fputc(' ', out);
	text_line(out, message->text);
	fputc('\n', out);
	if (!source || source->option || !message->place.line)
		return;

	size_t length = 0;
	const char *line = find_line(source, message->place.line, &length);

	/* longer than any line of an experiment: quoting it would help nobody */
	if (line && length > 0 && length <= 200) {
		fputs("    ", out);
		text_quote(out, line, length);
		fputc('\n', out);
		print_caret(out, line, length, message->place.column);
	}
}

void diagnostics_print(struct diagnostics *diagnostics, FILE *out, bool colour)
{
	if (diagnostics->count)
		qsort(diagnostics->message, diagnostics->count, sizeof *diagnostics->message,
		      by_place);
	for (size_t i = 0; i < diagnostics->count; i++)
		print_message(out, &diagnostics->message[i], colour);
	if (diagnostics->untold)
		fprintf(out, "error: and %zu more\n", diagnostics->untold);
}

/* ---- the nearest word ---------------------------------------------------------------------- */

enum { WORD_MAX = NEAREST_BYTES - 1 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* As letters are compared: no capitals, one kind of hyphen. */
static char folded(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

/* Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
static unsigned word_distance(const char *a, size_t rows, const char *b, size_t columns)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	for (unsigned i = 0; i <= rows; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= columns; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		for (size_t j = 1; j <= columns; j++) {
			bool same = folded(a[i - 1]) == folded(b[j - 1]);

			d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least(d[i][j], d[i - 1][j - 1] + !same);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
			    folded(a[i - 2]) == folded(b[j - 1]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[rows][columns];
}

/* "haswell" of "haswell-2s", "slub" of "slub-cpu": its first part. */
static bool begins_with(const char *candidate, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (folded(candidate[i]) != folded(word[i]))
			return false;
	}
	return length > 2 && folded(candidate[length]) == '-' && !strchr(candidate, '.');
}

struct nearest nearest_to(const char *word)
{
	return (struct nearest){ .word = word, .distance = UINT_MAX };
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t rows = strlen(nearest->word), columns = strlen(candidate);
	size_t shorter = rows < columns ? rows : columns;

	/* who wrote the word itself meant another one */
	if (!shorter || rows > WORD_MAX || columns > WORD_MAX || !strcmp(nearest->word, candidate))
		return;

	unsigned limit = shorter < 6 ? 1 : (unsigned)shorter / 3;
	unsigned distance = word_distance(nearest->word, rows, candidate, columns);

	if (rows < columns && begins_with(candidate, nearest->word, rows))
		distance = 0;
	/* a word none of whose letters stayed is no misspelling */
	if (distance > limit || distance >= nearest->distance || distance >= shorter)
		return;
	nearest->distance = distance;
	memcpy(nearest->text, candidate, columns + 1);
	nearest->best = nearest->text;
}
