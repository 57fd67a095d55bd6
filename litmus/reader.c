/* Litmus tests from files: header, info lines, and the order of the parts. */
#include "litmus/reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "experiment/file.h"
#include "sim/verbs/xalloc.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static const char *const verdict_words[] = {
	[VERDICT_ALLOWED] = "Allowed", [VERDICT_FORBIDDEN] = "Forbidden",
};

/* ---- what all parts need ----------------------------------------------------------------- */

/* Room doubles: it is used up when the count is a power of two. */
void *list_grow(void *list, unsigned count, size_t size)
{
	char *grown = list;

	if ((count & (count - 1)) == 0)
		grown = xrealloc(list, (count ? 2 * (size_t)count : 1) * size);
	memset(grown + count * size, 0, size);
	return grown;
}

int reader_variable(struct reader *reader, const struct token *name)
{
	struct litmus *test = reader->test;

	for (unsigned i = 0; i < test->variables; i++)
		if (!strcmp(test->variable[i].name, name->text))
			return (int)i;
	test->variable = list_grow(test->variable, test->variables, sizeof *test->variable);
	test->variable[test->variables] =
		(struct litmus_variable){ .name = name->text, .place = name->place };
	return (int)test->variables++;
}

void reader_need_thread(struct reader *reader, unsigned thread)
{
	struct litmus *test = reader->test;

	for (; test->threads <= thread; test->threads++)
		test->thread = list_grow(test->thread, test->threads, sizeof *test->thread);
}

bool reader_thread(struct reader *reader, const struct token *token, unsigned *thread)
{
	const char *digits = token->text;
	char *end;
	unsigned long number;

	if (token->kind == TOKEN_WORD && (*digits | 32) == 'p')
		digits++;
	else if (token->kind != TOKEN_NUMBER)
		return false;
	number = strtoul(digits, &end, 10);
	if (end == digits || *end || number > INT32_MAX || (token->kind == TOKEN_NUMBER &&
	    token->number < 0) || !token_is(&reader->scanner.token, ":"))
		return false;
	scan_next(&reader->scanner);
	*thread = (unsigned)number;
	return true;
}

bool reader_fits(struct reader *reader, struct place place, int64_t value, unsigned size)
{
	if (size == 8 || value == litmus_extend(value, size) ||
	    (value >= 0 && value >> 8 * size == 0))
		return true;
	mistake(reader->scanner.diagnostics, place, "%lld does not fit into %u byte%s",
		(long long)value, size, size == 1 ? "" : "s");
	return false;
}

bool reader_at_question(const struct reader *reader)
{
	static const char *const words[] = { "exists", "forall", "locations", "~", "filter",
					     "final", "Observed", "observed" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(&reader->scanner.token, words[i]))
			return true;
	return reader->scanner.token.kind == TOKEN_END;
}

/* ---- header and info lines --------------------------------------------------------------- */

static void take_name(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct place place = scanner->place;
	char *name = scan_line(scanner);

	reader->test->name = name;
	if (!*name)
		mistake(scanner->diagnostics, place,
			"a test has a name: 'X86 NAME' is its first line");
	for (; *name; name++)           /* it is printed in tables */
		if (iscntrl((unsigned char)*name))
			*name = '?';
}

/* Tests of the same suites that are for other machines, or for none. */
static const struct other {
	const char *name, *what;
} others[] = {
	{ "AArch64", "an AArch64 test" },  { "ARM", "an ARM test" },
	{ "PPC", "a Power test" },         { "PPCGen", "a Power test" },
	{ "MIPS", "a MIPS test" },         { "RISCV", "a RISC-V test" },
	{ "RISC", "a RISC-V test" },       { "C", "a test in C (of the kernel's memory model, or C11)" },
	{ "LISA", "a test in LISA" },      { "Bell", "a test in LISA" },
	{ "BPF", "a test for BPF" },       { "JAVA", "a test in Java" },
	{ "ASL", "a test in ASL" },        { "CPP11", "a test in C++" },
	{ "OpenCL", "an OpenCL test" },    { "PTX", "a test for PTX" },
	{ "SPARC", "a SPARC test" },       { "Alpha", "an Alpha test" },
	{ "LoongArch", "a LoongArch test" },
};

static void tell_other(struct reader *reader)
{
	const struct token *token = &reader->scanner.token;
	char name[NAME_SHOWN];

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (token->kind != TOKEN_WORD || strcasecmp(token->text, others[i].name))
			continue;
		mistake(reader->scanner.diagnostics, token->place,
			"this is %s; those for x86 are read: X86 and X86_64", others[i].what);
		return;
	}
	mistake(reader->scanner.diagnostics, token->place,
		"a test for x86 begins with 'X86 NAME' or 'X86_64 NAME', this file with %s",
		token_name(token, name, sizeof name));
}

static void skip_byte_order_mark(struct scanner *scanner)
{
	const struct document *source = scanner->place.source;

	if (source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
		scanner->at = 3;
}

/* false: nothing that follows would be understood. */
static bool read_header(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;

	skip_byte_order_mark(scanner);
	scan_next(scanner);
	reader->test->wide = scanner->token.kind == TOKEN_WORD &&
			     !strcasecmp(scanner->token.text, "X86_64");
	if (reader->test->wide || (scanner->token.kind == TOKEN_WORD &&
				   !strcasecmp(scanner->token.text, "X86"))) {
		take_name(reader);
		return true;
	}
	tell_other(reader);
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
		mistake(diagnostics, place, "a verdict is Allowed or Forbidden, not '%.40s'%s%s%s",
			word, nearest.best ? "; did you mean '" : "",
			nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
}

void reader_info(struct reader *reader, const char *key, size_t length, const char *equals,
		 struct place place)
{
	const char *value = equals + 1;

	if (length != strlen("Verdict") || strncmp(key, "Verdict", length) != 0)
		return;
	while (*value == ' ' || *value == '\t')
		value++;
	place.column += (unsigned)(value - equals);
	take_verdict(reader, place, value);
}

/* Key=value. false: it is none, which is told. */
static bool read_info_line(struct reader *reader)
{
	struct place place = reader->scanner.place;
	const char *line = scan_line(&reader->scanner), *equals = strchr(line, '='), *end = equals;

	if (!equals || !isalpha((unsigned char)*line)) {
		mistake(reader->scanner.diagnostics, place,
			"before the '{' of the initial values stand comments in quotes and lines Key=value");
		return false;
	}
	while (isspace((unsigned char)end[-1]))
		end--;
	place.column += (unsigned)(equals - line);
	reader_info(reader, line, (size_t)(end - line), equals, place);
	return true;
}

/* Up to the '{'. Behind a line that was not understood others are not told: there may be many. */
static void read_info(struct reader *reader)
{
	char next;
	bool understood = true;

	while ((next = scan_blanks(&reader->scanner)) != '{' && next) {
		if (next == '"')
			skip_quotes(&reader->scanner);
		else if (understood)
			understood = read_info_line(reader);
		else
			scan_line(&reader->scanner);
	}
	scan_next(&reader->scanner);
}

/* ---- the whole --------------------------------------------------------------------------- */

/*
 * ~exists and forall say themselves that there is no outcome of the kind in question: a verdict
 * that stands at no place.
 */
static void check_verdict(struct reader *reader)
{
	struct litmus *test = reader->test;
	struct diagnostics *diagnostics = reader->scanner.diagnostics;

	if (test->quantifier == QUANTIFIER_EXISTS)
		return;
	if (test->quantifier == QUANTIFIER_NONE) {
		if (test->verdict != VERDICT_NONE)
			mistake(diagnostics, test->verdict_place,
				"a verdict needs a question: exists with a condition");
		return;
	}
	if (test->verdict == VERDICT_ALLOWED)
		mistake(diagnostics, test->verdict_place,
			"'%s' says Forbidden, the verdict says Allowed",
			test->quantifier == QUANTIFIER_FORALL ? "forall" : "~exists");
	test->verdict = VERDICT_FORBIDDEN;
}

static void read_parts(struct reader *reader)
{
	size_t before = diagnostics_count(reader->scanner.diagnostics);

	if (!read_header(reader))
		return;
	read_info(reader);
	if (!read_start_values(reader))
		return;
	while (scan_take(&reader->scanner, ";"))
		continue;
	read_program(reader);
	if (!reader->test->variables)
		mistake(reader->scanner.diagnostics, reader->scanner.token.place,
			"a test has at least one variable, like [x]");
	settle_sizes(reader);
	reader->unsure = diagnostics_count(reader->scanner.diagnostics) > before;
	reader->question = reader->scanner.at;
	read_question(reader);
	check_verdict(reader);
}

struct litmus *litmus_parse(const struct document *document, struct diagnostics *diagnostics)
{
	size_t before = diagnostics_count(diagnostics);
	struct litmus *test = xalloc(sizeof *test);
	struct reader reader = {
		.scanner = { .diagnostics = diagnostics, .place = { document, 1, 1 } },
		.test = test,
	};

	test->words = xalloc(scanner_room(document->length));
	test->question = test->filter = -1;
	reader.scanner.room = test->words;
	read_parts(&reader);
	free(reader.labels.label);
	free(reader.jumps.label);
	free(reader.started);
	if (diagnostics_count(diagnostics) == before)
		return test;
	litmus_free(test);
	return NULL;
}

void litmus_free(struct litmus *test)
{
	if (!test)
		return;
	for (unsigned i = 0; i < test->threads; i++)
		free(test->thread[i].instruction);
	free(test->thread);
	free(test->variable);
	free(test->observed);
	free(test->condition);
	free(test->words);
	free(test);
}

struct litmus *litmus_read(const char *path, struct diagnostics *diagnostics)
{
	size_t length;
	char *text = file_read(path, FILE_BYTES_MAX + 1, &length);
	const struct document *document;

	if (!text) {
		int reason = errno;

		document = diagnostics_source(diagnostics, path, "", 0, false);
		mistake(diagnostics, (struct place){ document, 0, 0 }, "%s", file_problem(reason));
		return NULL;
	}
	if (length > FILE_BYTES_MAX) {
		free(text);
		document = diagnostics_source(diagnostics, path, "", 0, false);
		mistake(diagnostics, (struct place){ document, 0, 0 },
			"this is no litmus test: it has more than %d KiB", FILE_BYTES_MAX >> 10);
		return NULL;
	}
	document = diagnostics_source(diagnostics, path, text, length, false);
	free(text);
	return litmus_parse(document, diagnostics);
}
