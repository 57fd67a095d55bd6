/* The columns of a litmus test: rows of instructions, and the labels among them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "litmus/reader.h"

/* ---- labels ------------------------------------------------------------------------------ */

/* Behind `name` stands a colon. A number may label several places: jumps go to the next one. */
static void take_label(struct reader *reader, const struct token *name, unsigned thread)
{
	struct labels *labels = &reader->labels;

	for (unsigned i = 0; i < labels->count && name->kind == TOKEN_WORD; i++) {
		const struct label *other = &labels->label[i];

		if (other->thread != thread || strcmp(other->name.text, name->text) != 0)
			continue;
		mistake(reader->scanner.diagnostics, name->place, "a second label '%.40s'",
			name->text);
		mistake_note(reader->scanner.diagnostics, other->name.place, "the first one");
		return;
	}
	labels->label = list_grow(labels->label, labels->count, sizeof *labels->label);
	labels->label[labels->count++] =
		(struct label){ *name, thread, reader->test->thread[thread].count };
}

static void jump_to(struct reader *reader, const struct label *jump, const struct label *label)
{
	reader->test->thread[jump->thread].instruction[jump->number].jump = label->number;
	reader->test->loops |= label->number <= jump->number;
}

/* 1b: the last `1:` before the jump, or at it; 1f: the first one behind it. NULL: none. */
static const struct label *find_near(const struct reader *reader, const struct label *jump)
{
	size_t digits = strlen(jump->name.text) - 1;
	bool back = jump->name.text[digits] == 'b';
	const struct label *found = NULL;

	for (unsigned i = 0; i < reader->labels.count; i++) {
		const struct label *label = &reader->labels.label[i];

		if (label->thread != jump->thread || label->name.kind != TOKEN_NUMBER ||
		    strlen(label->name.text) != digits ||
		    strncmp(label->name.text, jump->name.text, digits) != 0)
			continue;
		if (back && label->number <= jump->number)
			found = label;
		else if (!back && label->number > jump->number)
			return label;
	}
	return found;
}

static void find_near_target(struct reader *reader, const struct label *jump)
{
	const struct label *label = find_near(reader, jump);
	int digits = (int)strlen(jump->name.text) - 1;

	if (label)
		jump_to(reader, jump, label);
	else
		mistake(reader->scanner.diagnostics, jump->name.place,
			"thread %u has no label '%.*s:' %s this jump", jump->thread, digits,
			jump->name.text, jump->name.text[digits] == 'b' ? "before" : "behind");
}

static void find_target(struct reader *reader, const struct label *jump)
{
	struct nearest nearest = nearest_to(jump->name.text);
	char name[NAME_SHOWN];

	for (unsigned i = 0; i < reader->labels.count; i++) {
		const struct label *label = &reader->labels.label[i];

		if (label->thread != jump->thread)
			continue;
		nearest_try(&nearest, label->name.text);
		if (strcmp(label->name.text, jump->name.text) != 0)
			continue;
		jump_to(reader, jump, label);
		return;
	}
	mistake(reader->scanner.diagnostics, jump->name.place, "thread %u has no label %s%s%.40s%s",
		jump->thread, token_name(&jump->name, name, sizeof name),
		nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
		nearest.best ? "'?" : "");
}

/* ---- columns ----------------------------------------------------------------------------- */

static bool at_bar(const struct reader *reader)
{
	return token_is(&reader->scanner.token, "|") || token_is(&reader->scanner.token, ";");
}

/* Up to the end of the cell, over what was not understood. */
static void skip_cell(struct reader *reader)
{
	while (!at_bar(reader) && !reader_at_question(reader))
		scan_next(&reader->scanner);
}

/* The end of a cell; false: not there, which is told unless its content was not understood. */
static bool end_cell(struct reader *reader, bool understood)
{
	struct scanner *scanner = &reader->scanner;
	char name[NAME_SHOWN];

	if (!at_bar(reader) && understood)
		mistake(scanner->diagnostics, scanner->token.place,
			"'|' or ';' ends an instruction, not %s",
			token_name(&scanner->token, name, sizeof name));
	skip_cell(reader);
	return at_bar(reader);
}

/* P0, p0; behind a colon what other programs make of the thread: `P0:T0`, or nothing. */
static bool take_column(struct scanner *scanner, const char *name)
{
	if (scanner->token.kind != TOKEN_WORD || strcasecmp(scanner->token.text, name) != 0)
		return false;
	scan_next(scanner);
	if (scan_take(scanner, ":") && scanner->token.kind == TOKEN_WORD)
		scan_next(scanner);
	return true;
}

static void read_heading(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	size_t before = diagnostics_count(scanner->diagnostics);
	unsigned columns = 0;
	char right[16];

	for (bool more = true; more; columns++) {
		snprintf(right, sizeof right, "P%u", columns);
		reader_need_thread(reader, columns);
		if (take_column(scanner, right)) {
			end_cell(reader, true);
		} else {
			mistake(scanner->diagnostics, scanner->token.place,
				"the columns are headed P0 | P1 | ...; here '%s' is due", right);
			skip_cell(reader);
		}
		more = token_is(&scanner->token, "|");
		if (at_bar(reader))
			scan_next(scanner);
	}
	reader->test->threads = columns;
	if (diagnostics_count(scanner->diagnostics) == before)
		check_start_threads(reader);
}

/* Labels and an instruction, or either. */
static void read_cell(struct reader *reader, unsigned thread)
{
	struct scanner ahead;

	while (!at_bar(reader)) {
		struct token name = reader->scanner.token;

		ahead = reader->scanner;
		if ((name.kind != TOKEN_WORD && (name.kind != TOKEN_NUMBER || name.number < 0)) ||
		    scan_blanks(&ahead) != ':') {
			read_instruction(reader, thread);
			return;
		}
		scan_next(&reader->scanner);
		scan_next(&reader->scanner);
		take_label(reader, &name, thread);
	}
}

static void read_row(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct litmus *test = reader->test;
	unsigned column = 0;
	bool more = true;

	for (; more; column++) {
		size_t before = diagnostics_count(scanner->diagnostics);

		if (column == test->threads)
			mistake(scanner->diagnostics, scanner->token.place,
				"the row has more columns than the heading (%u)", test->threads);
		if (column < test->threads)
			read_cell(reader, column);
		more = end_cell(reader, diagnostics_count(scanner->diagnostics) == before) &&
		       token_is(&scanner->token, "|");
		if (!more && column + 1 < test->threads)
			mistake(scanner->diagnostics, scanner->token.place,
				"the row has %u columns, the heading %u", column + 1,
				test->threads);
		if (at_bar(reader))
			scan_next(scanner);
	}
}

void read_program(struct reader *reader)
{
	if (reader_at_question(reader)) {
		mistake(reader->scanner.diagnostics, reader->scanner.token.place,
			"the program is missing: P0 | P1 ; and a row for each instruction");
		return;
	}
	read_heading(reader);
	while (!reader_at_question(reader))
		read_row(reader);
	for (unsigned i = 0; i < reader->jumps.count; i++)
		if (reader->jumps.label[i].name.kind == TOKEN_NEAR)
			find_near_target(reader, &reader->jumps.label[i]);
		else
			find_target(reader, &reader->jumps.label[i]);
}
