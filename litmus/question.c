/*
 * The question of a litmus test: which registers and variables make an outcome, and which
 * outcomes it asks for.
 */
#include <inttypes.h>
#include <string.h>

#include "litmus/reader.h"

enum { NESTING = 32 };

/* ---- reading ----------------------------------------------------------------------------- */

/* Its number among those that make an outcome; -1: no room for more, which is told. */
static int observe(struct reader *reader, int thread, int index, struct place place)
{
	struct litmus *test = reader->test;

	for (unsigned i = 0; i < test->observeds; i++)
		if (test->observed[i].thread == thread && test->observed[i].index == index)
			return (int)i;
	if (test->observeds == LITMUS_OBSERVED) {
		mistake(reader->scanner.diagnostics, place,
			"a question looks at %d registers and variables at most", LITMUS_OBSERVED);
		return -1;
	}
	test->observed[test->observeds] = (struct observed){ thread, index };
	return (int)test->observeds++;
}

static int read_register(struct reader *reader, const struct token *thread)
{
	struct scanner *scanner = &reader->scanner;
	struct token name = scanner->token;
	int number = name.kind == TOKEN_WORD ? litmus_register_find(name.text) : -1;

	if (thread->number < 0 || (unsigned)thread->number >= reader->test->threads) {
		mistake(scanner->diagnostics, thread->place,
			"there is no thread %d: the test has %u", thread->number,
			reader->test->threads);
		return -1;
	}
	if (number < 0) {
		mistake(scanner->diagnostics, name.place,
			"behind '%d:' stands a register, like EAX", thread->number);
		return -1;
	}
	scan_next(scanner);
	return observe(reader, thread->number, number, name.place);
}

static int read_variable(struct reader *reader, const struct token *name)
{
	struct nearest nearest = nearest_to(name->text);
	struct litmus *test = reader->test;

	for (unsigned i = 0; i < test->variables; i++) {
		if (!strcmp(test->variable[i].name, name->text))
			return observe(reader, -1, (int)i, name->place);
		nearest_try(&nearest, test->variable[i].name);
	}
	if (litmus_register_find(name->text) >= 0)
		mistake(reader->scanner.diagnostics, name->place,
			"a register belongs to a thread: '0:%s'", name->text);
	else
		mistake(reader->scanner.diagnostics, name->place,
			"no instruction and no initial value has a variable '%s'%s%s%s",
			name->text, nearest.best ? "; did you mean '" : "",
			nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
	return -1;
}

/* 0:EAX, x or [x]. */
static int read_location(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	bool brackets = token_is(&scanner->token, "[");
	struct token token;
	int observed;
	char name[LITMUS_NAME + 2];

	if (brackets)
		scan_next(scanner);
	token = scanner->token;
	if (token.kind == TOKEN_NUMBER && !brackets) {
		scan_next(scanner);
		return scan_expect(scanner, ":", "the thread's number")
			       ? read_register(reader, &token)
			       : -1;
	}
	if (token.kind != TOKEN_WORD) {
		mistake(scanner->diagnostics, token.place,
			"a register (0:EAX) or variable (x) is due, not %s",
			token_name(&token, name, sizeof name));
		return -1;
	}
	scan_next(scanner);
	observed = read_variable(reader, &token);
	return brackets && !scan_expect(scanner, "]", "a variable") ? -1 : observed;
}

static int add(struct reader *reader, struct condition condition)
{
	struct litmus *test = reader->test;

	if (test->conditions == LITMUS_CONDITIONS) {
		mistake(reader->scanner.diagnostics, reader->scanner.token.place,
			"a condition has %d parts at most", LITMUS_CONDITIONS);
		return -1;
	}
	test->condition[test->conditions] = condition;
	return (int)test->conditions++;
}

static int read_equal(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	int observed = read_location(reader);
	int32_t value;

	if (observed < 0 || !scan_expect(scanner, "=", "a register or variable"))
		return -1;
	if (scanner->token.kind != TOKEN_NUMBER) {
		mistake(scanner->diagnostics, scanner->token.place,
			"a register or variable is compared with a number");
		return -1;
	}
	value = scanner->token.number;
	scan_next(scanner);
	return add(reader, (struct condition){ .kind = CONDITION_EQUAL,
					       .observed = (unsigned)observed,
					       .value = value });
}

static int read_or(struct reader *reader, unsigned depth);

static int read_part(struct reader *reader, unsigned depth)
{
	struct scanner *scanner = &reader->scanner;
	int part;

	if (depth == NESTING) {
		mistake(scanner->diagnostics, scanner->token.place,
			"conditions nest %d deep at most", NESTING);
		return -1;
	}
	if (token_is(&scanner->token, "true")) {
		scan_next(scanner);
		return add(reader, (struct condition){ .kind = CONDITION_TRUE });
	}
	if (token_is(&scanner->token, "~") || token_is(&scanner->token, "not")) {
		scan_next(scanner);
		part = read_part(reader, depth + 1);
		return part < 0 ? -1
				: add(reader, (struct condition){ .kind = CONDITION_NOT,
								  .left = part });
	}
	if (!token_is(&scanner->token, "("))
		return read_equal(reader);
	scan_next(scanner);
	part = read_or(reader, depth + 1);
	return part < 0 || !scan_expect(scanner, ")", "a condition") ? -1 : part;
}

static int read_and(struct reader *reader, unsigned depth)
{
	int left = read_part(reader, depth);

	while (left >= 0 && token_is(&reader->scanner.token, "/\\")) {
		int right;

		scan_next(&reader->scanner);
		right = read_part(reader, depth);
		left = right < 0 ? -1
				 : add(reader, (struct condition){ .kind = CONDITION_AND,
								   .left = left,
								   .right = right });
	}
	return left;
}

static int read_or(struct reader *reader, unsigned depth)
{
	int left = read_and(reader, depth);

	while (left >= 0 && token_is(&reader->scanner.token, "\\/")) {
		int right;

		scan_next(&reader->scanner);
		right = read_and(reader, depth);
		left = right < 0 ? -1
				 : add(reader, (struct condition){ .kind = CONDITION_OR,
								   .left = left,
								   .right = right });
	}
	return left;
}

/* locations [0:EAX; x;]: seen besides what the condition names. */
static void read_locations(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;

	scan_next(scanner);
	if (!scan_expect(scanner, "[", "'locations'"))
		return;
	while (!token_is(&scanner->token, "]")) {
		if (read_location(reader) < 0)
			return;
		if (!token_is(&scanner->token, "]") &&
		    !scan_expect(scanner, ";", "a register or variable"))
			return;
	}
	scan_next(scanner);
}

static bool read_quantifier(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	bool not = token_is(&scanner->token, "~");
	char name[LITMUS_NAME + 2];

	if (not)
		scan_next(scanner);
	if (token_is(&scanner->token, "exists"))
		reader->test->quantifier = not ? QUANTIFIER_NOT_EXISTS : QUANTIFIER_EXISTS;
	else if (token_is(&scanner->token, "forall") && !not)
		reader->test->quantifier = QUANTIFIER_FORALL;
	else {
		mistake(scanner->diagnostics, scanner->token.place,
			"the question is missing: exists, ~exists or forall with a condition, not %s",
			token_name(&scanner->token, name, sizeof name));
		return false;
	}
	scan_next(scanner);
	return true;
}

void read_question(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	char name[LITMUS_NAME + 2];
	size_t before = diagnostics_count(scanner->diagnostics);

	if (token_is(&scanner->token, "locations"))
		read_locations(reader);
	if (diagnostics_count(scanner->diagnostics) != before || !read_quantifier(reader))
		return;
	reader->test->question = read_or(reader, 0);
	if (reader->test->question >= 0 && scanner->token.kind != TOKEN_END)
		mistake(scanner->diagnostics, scanner->token.place,
			"the file ends with its condition; what is %s?",
			token_name(&scanner->token, name, sizeof name));
}

/* ---- answering --------------------------------------------------------------------------- */

static bool holds(const struct litmus *test, int number, const struct outcome_values *values)
{
	const struct condition *condition = &test->condition[number];

	switch (condition->kind) {
	case CONDITION_TRUE:
		return true;
	case CONDITION_EQUAL:
		return values->value[condition->observed] == condition->value;
	case CONDITION_AND:
		return holds(test, condition->left, values) &&
		       holds(test, condition->right, values);
	case CONDITION_OR:
		return holds(test, condition->left, values) ||
		       holds(test, condition->right, values);
	case CONDITION_NOT:
		return !holds(test, condition->left, values);
	}
	return false;
}

bool litmus_asked(const struct litmus *test, const struct outcome_values *values)
{
	return holds(test, test->question, values) == (test->quantifier != QUANTIFIER_FORALL);
}

const char *litmus_outcome(const struct litmus *test, const struct outcome_values *values,
			   char *buf, size_t size)
{
	size_t length = 0;

	*buf = '\0';
	for (unsigned i = 0; i < test->observeds && length < size; i++) {
		const struct observed *o = &test->observed[i];

		if (o->thread < 0)
			length += (size_t)snprintf(buf + length, size - length, "%s%s=%" PRId32,
						   i ? " " : "", test->variable[o->index].name,
						   values->value[i]);
		else
			length += (size_t)snprintf(buf + length, size - length, "%s%d:%s=%" PRId32,
						   i ? " " : "", o->thread,
						   litmus_register(o->index), values->value[i]);
	}
	return buf;
}
