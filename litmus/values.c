/* Initial values: x=0; [x]=0; int x=0; uint64_t 0:rax; 0:rcx=x; int *p=&x; */
#include <string.h>

#include "litmus/compute.h"
#include "litmus/reader.h"

/* Bytes of a type by its words: qualifiers have none of their own. */
static const struct type {
	const char *name;
	unsigned size;
} types[] = {
	{ "int", 4 },       { "char", 1 },      { "short", 2 },     { "long", 8 },
	{ "int8_t", 1 },    { "int16_t", 2 },   { "int32_t", 4 },   { "int64_t", 8 },
	{ "uint8_t", 1 },   { "uint16_t", 2 },  { "uint32_t", 4 },  { "uint64_t", 8 },
	{ "intptr_t", 8 },  { "uintptr_t", 8 }, { "size_t", 8 },    { "intmax_t", 8 },
	{ "unsigned", 4 },  { "signed", 4 },    { "void", 0 },      { "const", 0 },
	{ "volatile", 0 },  { "atomic_int", 4 }, { "_Atomic", 0 },  { "atomic_t", 4 },
};

/* What gets a value: a register, or a variable. */
struct start {
	unsigned declared;              /* bytes; 0: no type was given */
	struct place place;             /* of its name */
	int variable;                   /* -1: none */
	unsigned started;               /* of a register: its number among those of the reader */
	bool known;                     /* else: it was not understood, which is told */
};

/* ---- types ------------------------------------------------------------------------------- */

static const struct type *type_find(const struct token *token)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (token_is(token, types[i].name))
			return &types[i];
	return NULL;
}

/* `unsigned long`: the last word with a size, but a long or short int keeps its own. */
static unsigned type_join(const struct reader *reader, unsigned before, const struct type *type)
{
	if (!type->size)
		return before;
	if (!strcmp(type->name, "int") && before)
		return before;
	return type->size == 8 && !reader->test->wide ? 4 : type->size;
}

/* Bytes of the type that stands here; 0: none does. */
static unsigned read_type(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	const struct type *type;
	unsigned size = 0;

	while ((type = type_find(&scanner->token))) {
		size = type_join(reader, size, type);
		scan_next(scanner);
	}
	while (scan_take(scanner, "*"))
		size = reader->test->wide ? 8 : 4;
	return size;
}

/* ---- what gets a value ------------------------------------------------------------------- */

static unsigned started_find(struct reader *reader, unsigned thread, int number, struct place place)
{
	unsigned at = 0;

	while (at < reader->starteds && (reader->started[at].thread != thread ||
					 reader->started[at].number != number))
		at++;
	if (at == reader->starteds) {
		reader->started =
			list_grow(reader->started, reader->starteds++, sizeof *reader->started);
		reader->started[at] =
			(struct started){ .thread = thread, .number = number, .place = place };
	}
	return at;
}

static void start_of_register(struct reader *reader, unsigned thread, struct start *start)
{
	struct scanner *scanner = &reader->scanner;
	unsigned size;
	int number;

	scan_take(scanner, "%");
	number = scanner->token.kind == TOKEN_WORD
			 ? register_find(reader->test, scanner->token.text, &size)
			 : -1;
	if (number < 0) {
		mistake(scanner->diagnostics, scanner->token.place,
			"behind '%u:' stands a register, like EAX", thread);
		return;
	}
	reader_need_thread(reader, thread);
	reader->test->thread[thread].bytes[number] = start->declared;
	start->started = started_find(reader, thread, number, start->place);
	start->known = true;
	scan_next(scanner);
}

static void start_of_variable(struct reader *reader, const struct token *name, struct start *start)
{
	unsigned size;
	char shown[NAME_SHOWN];

	if (register_find(reader->test, name->text, &size) >= 0) {
		mistake(reader->scanner.diagnostics, name->place,
			"a register belongs to a thread: '0:%s'", name->text);
	} else if (token_is(&reader->scanner.token, "[")) {
		mistake(reader->scanner.diagnostics, name->place,
			"arrays are not read: %s has to be variables of their own, which lie apart",
			token_name(name, shown, sizeof shown));
	} else {
		start->variable = reader_variable(reader, name);
		if (start->declared)
			reader->test->variable[start->variable].declared = start->declared;
		start->known = true;
	}
}

/* Threads that the test cannot have: numbers far beyond its columns are slips of the pen. */
static bool thread_can_be(struct reader *reader, unsigned thread, struct place place)
{
	enum { MOST = 1024 };           /* cores of the largest machine */

	if (thread < MOST)
		return true;
	mistake(reader->scanner.diagnostics, place, "threads are numbered from 0 to %d", MOST - 1);
	return false;
}

static void read_start(struct reader *reader, struct start *start)
{
	struct scanner *scanner = &reader->scanner;
	bool brackets;
	unsigned thread;
	struct token token;
	char name[NAME_SHOWN];

	start->declared = read_type(reader);
	brackets = scan_take(scanner, "[");
	token = scanner->token;
	start->place = token.place;
	if (token.kind != TOKEN_WORD && token.kind != TOKEN_NUMBER) {
		mistake(scanner->diagnostics, token.place,
			"an initial value is given as 'x=0;' or '0:EAX=0;', not %s",
			token_name(&token, name, sizeof name));
		return;
	}
	scan_next(scanner);
	if (!brackets && reader_thread(reader, &token, &thread)) {
		if (thread_can_be(reader, thread, token.place))
			start_of_register(reader, thread, start);
	} else if (token.kind == TOKEN_NUMBER) {
		scan_expect(scanner, ":", "the thread's number");
	} else {
		start_of_variable(reader, &token, start);
	}
	if (brackets && start->known)
		start->known = scan_expect(scanner, "]", "a variable");
}

/* ---- values ------------------------------------------------------------------------------ */

/* A number, or the address of a variable: x or &x. */
static bool read_value(struct reader *reader, int64_t *value)
{
	struct scanner *scanner = &reader->scanner;
	struct place place;
	bool address;

	scan_take(scanner, "$");
	place = scanner->token.place;
	address = scan_take(scanner, "&");
	if (scanner->token.kind == TOKEN_NUMBER && !address) {
		*value = scanner->token.number;
	} else if (scanner->token.kind == TOKEN_WORD) {
		*value = address_of((unsigned)reader_variable(reader, &scanner->token));
		reader->addresses = true;
	} else {
		mistake(scanner->diagnostics, place,
			"initial values are numbers, or addresses of variables: x or &x");
		return false;
	}
	scan_next(scanner);
	return true;
}

static void give_variable(struct reader *reader, const struct start *start, int64_t value,
			  struct place place)
{
	struct litmus_variable *variable = &reader->test->variable[start->variable];

	if (variable->start_place.source) {
		mistake(reader->scanner.diagnostics, start->place,
			"'%.40s' has an initial value already", variable->name);
		mistake_note(reader->scanner.diagnostics, variable->start_place, "the first one");
		return;
	}
	variable->start = value;
	variable->start_place = place;
}

static void give_register(struct reader *reader, const struct start *start, int64_t value,
			  struct place place)
{
	struct started *started = &reader->started[start->started];

	if (started->given) {
		mistake(reader->scanner.diagnostics, start->place,
			"this register of thread %u has an initial value already", started->thread);
		mistake_note(reader->scanner.diagnostics, started->place, "the first one");
		return;
	}
	started->given = true;
	started->place = start->place;
	if (reader_fits(reader, place, value, reader->test->wide ? 8 : 4))
		reader->test->thread[started->thread].start[started->number] = value;
}

void check_start_threads(struct reader *reader)
{
	for (unsigned i = 0; i < reader->starteds; i++) {
		const struct started *started = &reader->started[i];

		if (started->thread >= reader->test->threads)
			mistake(reader->scanner.diagnostics, started->place,
				"there is no thread %u: the test has %u", started->thread,
				reader->test->threads);
	}
}

/* true: up to the end of this value everything was understood. */
static bool read_one(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct start start = { .variable = -1 };
	struct place place;
	int64_t value;

	read_start(reader, &start);
	if (!start.known)
		return false;
	if (token_is(&scanner->token, ";") || token_is(&scanner->token, "}"))
		return true;            /* declared, and 0 */
	if (!scan_expect(scanner, "=", "what gets an initial value"))
		return false;
	place = scanner->token.place;
	if (!read_value(reader, &value))
		return false;
	if (start.variable >= 0)
		give_variable(reader, &start, value, place);
	else
		give_register(reader, &start, value, place);
	return token_is(&scanner->token, "}") || token_is(&scanner->token, ";") ||
	       scan_expect(scanner, ";", "an initial value");
}

/* Over what was not understood, up to `;` or `}`; in an array's braces stand others. */
static void skip_value(struct scanner *scanner)
{
	unsigned depth = 0;

	while (scanner->token.kind != TOKEN_END &&
	       (depth || (!token_is(&scanner->token, ";") && !token_is(&scanner->token, "}")))) {
		if (token_is(&scanner->token, "{"))
			depth++;
		else if (token_is(&scanner->token, "}"))
			depth--;
		scan_next(scanner);
	}
}

bool read_start_values(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;

	if (!scan_expect(scanner, "{", "header and comments"))
		return false;
	while (scanner->token.kind != TOKEN_END && !token_is(&scanner->token, "}")) {
		if (scan_take(scanner, ";"))
			continue;
		if (!read_one(reader))
			skip_value(scanner);
	}
	return scan_expect(scanner, "}", "the initial values");
}
