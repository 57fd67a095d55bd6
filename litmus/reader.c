/* Litmus tests from files: header, info lines, initial values, and the order of the parts. */
#include "litmus/reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

enum { FILE_BYTES_MAX = 1 << 16, LINE_BYTES = 256 };

static const char *const verdict_words[] = {
	[VERDICT_ALLOWED] = "Allowed", [VERDICT_FORBIDDEN] = "Forbidden",
};

/* ---- header and info lines --------------------------------------------------------------- */

static void take_name(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct place place;

	while (scanner->at < scanner->place.source->length &&
	       (scanner->place.source->text[scanner->at] == ' ' ||
		scanner->place.source->text[scanner->at] == '\t'))
		scan_character(scanner);
	place = scanner->place;
	scan_line(scanner, reader->test->name, sizeof reader->test->name);
	if (!*reader->test->name)
		mistake(scanner->diagnostics, place,
			"a test has a name: 'X86 NAME' is its first line");
}

/* false: nothing that follows would be understood. */
static bool read_header(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	char name[LITMUS_NAME + 2];

	scan_next(scanner);
	if (token_is(&scanner->token, "X86") || token_is(&scanner->token, "X86_64")) {
		take_name(reader);
		return true;
	}
	mistake(scanner->diagnostics, scanner->token.place,
		"a test for x86 begins with 'X86 NAME', this file with %s",
		token_name(&scanner->token, name, sizeof name));
	return false;
}

static void skip_quotes(struct scanner *scanner)
{
	struct place begin = scanner->place;
	const struct document *source = begin.source;

	do
		scan_character(scanner);
	while (scanner->at < source->length && source->text[scanner->at] != '"');
	if (scanner->at == source->length)
		mistake(scanner->diagnostics, begin, "this comment has no second '\"'");
	scan_character(scanner);
}

static void take_verdict(struct reader *reader, struct place place, const char *word)
{
	struct diagnostics *diagnostics = reader->scanner.diagnostics;
	struct nearest nearest = nearest_to(word);

	if (reader->test->verdict != VERDICT_NONE) {
		mistake(diagnostics, place, "a second verdict");
		mistake_note(diagnostics, reader->test->verdict_place, "the first one");
		return;
	}
	reader->test->verdict_place = place;
	for (int i = VERDICT_ALLOWED; i <= VERDICT_FORBIDDEN; i++) {
		if (!strcmp(word, verdict_words[i]))
			reader->test->verdict = (enum verdict)i;
		nearest_try(&nearest, verdict_words[i]);
	}
	if (reader->test->verdict == VERDICT_NONE)
		mistake(diagnostics, place, "a verdict is Allowed or Forbidden, not '%s'%s%s%s",
			word, nearest.best ? "; did you mean '" : "",
			nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
}

/* Key=value; keys other than Verdict are for other programs. false: it is none, which is told. */
static bool read_info_line(struct reader *reader)
{
	struct place place = reader->scanner.place;
	char line[LINE_BYTES], *equals;

	scan_line(&reader->scanner, line, sizeof line);
	equals = strchr(line, '=');
	if (!equals || !isalpha((unsigned char)*line)) {
		mistake(reader->scanner.diagnostics, place,
			"before the '{' of the initial values stand comments in quotes and lines Key=value");
		return false;
	}
	*equals = '\0';
	if (!strcmp(line, "Verdict")) {
		place.column += (unsigned)(equals + 1 - line);
		take_verdict(reader, place, equals + 1);
	}
	return true;
}

/* Up to the '{'. Behind a line that was not understood others are not told: there may be many. */
static void read_info(struct reader *reader)
{
	char next, rest[LINE_BYTES];
	bool understood = true;

	while ((next = scan_blanks(&reader->scanner)) != '{' && next) {
		if (next == '"')
			skip_quotes(&reader->scanner);
		else if (understood)
			understood = read_info_line(reader);
		else
			scan_line(&reader->scanner, rest, sizeof rest);
	}
	scan_next(&reader->scanner);
}

/* ---- initial values ---------------------------------------------------------------------- */

int reader_variable(struct reader *reader, const struct token *name)
{
	struct litmus *test = reader->test;

	for (unsigned i = 0; i < test->variables; i++)
		if (!strcmp(test->variable[i].name, name->text))
			return (int)i;
	if (test->variables == LITMUS_VARIABLES) {
		mistake(reader->scanner.diagnostics, name->place,
			"'%s' is one variable too many: a test has %d at most", name->text,
			LITMUS_VARIABLES);
		return -1;
	}
	memcpy(test->variable[test->variables].name, name->text, LITMUS_NAME);
	return (int)test->variables++;
}

/* `0:` was there: a register. Where its value goes, NULL: told. */
static int32_t *start_of_register(struct reader *reader, int32_t thread, struct place place)
{
	struct scanner *scanner = &reader->scanner;
	int number;

	if (thread < 0 || thread >= LITMUS_THREADS) {
		mistake(scanner->diagnostics, place, "threads are numbered from 0 to %d",
			LITMUS_THREADS - 1);
		return NULL;
	}
	number = scanner->token.kind == TOKEN_WORD ? litmus_register_find(scanner->token.text) : -1;
	if (number < 0) {
		mistake(scanner->diagnostics, scanner->token.place,
			"behind '%d:' stands a register, like EAX", thread);
		return NULL;
	}
	scan_next(scanner);
	return &reader->test->thread[thread].start[number];
}

static int32_t *start_of_variable(struct reader *reader, const struct token *name)
{
	int variable;

	if (litmus_register_find(name->text) >= 0) {
		mistake(reader->scanner.diagnostics, name->place,
			"a register belongs to a thread: '0:%s'", name->text);
		return NULL;
	}
	variable = reader_variable(reader, name);
	return variable < 0 ? NULL : &reader->test->variable[variable].start;
}

static int32_t *read_start(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct token token = scanner->token;
	char name[LITMUS_NAME + 2];

	scan_next(scanner);
	if (token.kind == TOKEN_NUMBER)
		return scan_expect(scanner, ":", "the thread's number")
			       ? start_of_register(reader, token.number, token.place)
			       : NULL;
	if (token.kind == TOKEN_WORD)
		return start_of_variable(reader, &token);
	mistake(scanner->diagnostics, token.place,
		"an initial value is given as 'x=0;' or '0:EAX=0;', not %s",
		token_name(&token, name, sizeof name));
	return NULL;
}

static void read_value(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	int32_t *start = read_start(reader);

	if (!start || !scan_expect(scanner, "=", "what gets an initial value"))
		return;
	if (scanner->token.kind != TOKEN_NUMBER) {
		mistake(scanner->diagnostics, scanner->token.place,
			"initial values are numbers");
		return;
	}
	*start = scanner->token.number;
	scan_next(scanner);
	if (!token_is(&scanner->token, ";") && !token_is(&scanner->token, "}"))
		scan_expect(scanner, ";", "an initial value");
}

/* Over what was not understood, up to `;` or `}`. */
static void skip_value(struct scanner *scanner)
{
	while (scanner->token.kind != TOKEN_END && !token_is(&scanner->token, ";") &&
	       !token_is(&scanner->token, "}"))
		scan_next(scanner);
}

/* false: they, and what is behind them, cannot be found. */
static bool read_start_values(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;

	if (!scan_expect(scanner, "{", "header and comments"))
		return false;
	while (scanner->token.kind != TOKEN_END && !token_is(&scanner->token, "}")) {
		if (token_is(&scanner->token, ";")) {
			scan_next(scanner);
			continue;
		}
		read_value(reader);
		skip_value(scanner);
	}
	return scan_expect(scanner, "}", "the initial values");
}

/* ---- the whole --------------------------------------------------------------------------- */

bool reader_at_question(const struct reader *reader)
{
	static const char *const words[] = { "exists", "forall", "locations", "~", "filter" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(&reader->scanner.token, words[i]))
			return true;
	return reader->scanner.token.kind == TOKEN_END;
}

/* ~exists and forall say themselves that there is no outcome of the kind in question. */
static void check_verdict(struct reader *reader)
{
	struct litmus *test = reader->test;

	if (test->quantifier == QUANTIFIER_EXISTS)
		return;
	if (test->verdict == VERDICT_ALLOWED)
		mistake(reader->scanner.diagnostics, test->verdict_place,
			"'%s' says Forbidden, the verdict says Allowed",
			test->quantifier == QUANTIFIER_FORALL ? "forall" : "~exists");
	test->verdict = VERDICT_FORBIDDEN;
}

static void read_parts(struct reader *reader)
{
	if (!read_header(reader))
		return;
	read_info(reader);
	if (!read_start_values(reader))
		return;
	read_program(reader);
	if (!reader->test->variables)
		mistake(reader->scanner.diagnostics, reader->scanner.token.place,
			"a test has at least one variable, like [x]");
	read_question(reader);
	check_verdict(reader);
}

struct litmus *litmus_parse(const struct document *document, struct diagnostics *diagnostics)
{
	size_t before = diagnostics_count(diagnostics);
	struct reader reader = {
		.scanner = { .diagnostics = diagnostics, .place = { document, 1, 1 } },
		.test = xalloc(sizeof *reader.test),
	};

	read_parts(&reader);
	if (diagnostics_count(diagnostics) == before)
		return reader.test;
	free(reader.test);
	return NULL;
}

struct litmus *litmus_read(const char *path, struct diagnostics *diagnostics)
{
	size_t length;
	char *text = file_read(path, FILE_BYTES_MAX, &length);
	const struct document *document;

	if (!text) {
		int reason = errno;

		document = diagnostics_source(diagnostics, path, "", 0, false);
		mistake(diagnostics, (struct place){ document, 0, 0 }, "%s", file_problem(reason));
		return NULL;
	}
	document = diagnostics_source(diagnostics, path, text, length, false);
	free(text);
	return litmus_parse(document, diagnostics);
}
