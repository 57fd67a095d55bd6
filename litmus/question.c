/*
 * The question of a litmus test: which registers and variables make an outcome, and which
 * outcomes it asks for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "litmus/compute.h"
#include "litmus/reader.h"
#include "sim/verbs/xalloc.h"

/* ---- registers and variables ------------------------------------------------------------- */

/* Its number among those that make an outcome. */
static int observe(struct reader *reader, struct observed observed)
{
	struct litmus *test = reader->test;

	for (unsigned i = 0; i < test->observeds; i++) {
		const struct observed *o = &test->observed[i];

		if (o->thread == observed.thread && o->index == observed.index &&
		    o->size == observed.size)
			return (int)i;
	}
	test->observed = list_grow(test->observed, test->observeds, sizeof *test->observed);
	test->observed[test->observeds] = observed;
	return (int)test->observeds++;
}

/* In place of one that there is none of, which is told: what is behind it is read. */
static int observe_none(struct reader *reader)
{
	return observe(reader, (struct observed){ -1, 0, 8, "?" });
}

/* A name of 8 bytes means what the thread uses of the register: 4 if no more. */
static int read_register(struct reader *reader, const struct token *before, unsigned thread)
{
	struct scanner *scanner = &reader->scanner;
	struct litmus *test = reader->test;
	struct token name;
	unsigned size;
	int number;

	scan_take(scanner, "%");
	name = scanner->token;
	number = name.kind == TOKEN_WORD ? register_find(test, name.text, &size) : -1;
	if (thread >= test->threads) {
		mistake(scanner->diagnostics, before->place,
			"there is no thread %u: the test has %u", thread, test->threads);
		if (number < 0)
			return -1;
		scan_next(scanner);
		return observe_none(reader);
	}
	if (number < 0) {
		mistake(scanner->diagnostics, name.place,
			"behind '%u:' stands a register, like EAX", thread);
		return -1;
	}
	if (size == 8 && test->thread[thread].bytes[number] <= 4)
		size = 4;
	scan_next(scanner);
	return observe(reader, (struct observed){ (int)thread, number, size, name.text });
}

/* Does the word stand in a program that was not understood? It may be a variable there. */
static bool may_be_variable(const struct reader *reader, const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const struct document *source = reader->scanner.place.source;
	const char *text = source->text, *at = text, *end = text + reader->question;
	size_t length = strlen(name);

	while (reader->unsure && (at = memmem(at, (size_t)(end - at), name, length))) {
		if ((at == text || !strchr(letters, at[-1])) &&
		    (at + length == end || !strchr(letters, at[length])))
			return true;
		at += length;
	}
	return false;
}

static int variable_find(struct reader *reader, const struct token *name)
{
	struct nearest nearest = nearest_to(name->text);
	struct litmus *test = reader->test;
	char shown[NAME_SHOWN];
	unsigned size;

	for (unsigned i = 0; i < test->variables; i++) {
		if (!strcmp(test->variable[i].name, name->text))
			return (int)i;
		nearest_try(&nearest, test->variable[i].name);
	}
	if (may_be_variable(reader, name->text))
		return -1;
	if (register_find(test, name->text, &size) >= 0)
		mistake(reader->scanner.diagnostics, name->place,
			"a register belongs to a thread: '0:%s'", name->text);
	else
		mistake(reader->scanner.diagnostics, name->place,
			"no instruction and no initial value has a variable %s%s%.40s%s",
			token_name(name, shown, sizeof shown),
			nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
			nearest.best ? "'?" : "");
	return -1;
}

static int read_variable(struct reader *reader, const struct token *name)
{
	int number = variable_find(reader, name);
	const struct litmus_variable *variable;

	if (number < 0)
		return observe_none(reader);
	variable = &reader->test->variable[number];
	return observe(reader, (struct observed){ -1, number, variable->declared, variable->name });
}

/* 0:EAX, P0:EAX, x or [x]. */
static int read_location(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	bool brackets = scan_take(scanner, "[");
	struct token token = scanner->token;
	int observed;
	unsigned thread;
	char name[NAME_SHOWN];

	if (token.kind == TOKEN_WORD || (token.kind == TOKEN_NUMBER && !brackets))
		scan_next(scanner);
	if (!brackets && reader_thread(reader, &token, &thread))
		return read_register(reader, &token, thread);
	if (token.kind == TOKEN_NUMBER && !brackets) {
		scan_expect(scanner, ":", "the thread's number");
		return -1;
	}
	if (token.kind != TOKEN_WORD) {
		mistake(scanner->diagnostics, token.place,
			"a register (0:EAX) or variable (x) is due, not %s",
			token_name(&token, name, sizeof name));
		return -1;
	}
	observed = read_variable(reader, &token);
	if (!brackets && observed >= 0 && token_is(&scanner->token, "[")) {
		mistake(scanner->diagnostics, token.place,
			"arrays are not read: %s has to be variables of their own, which lie apart",
			token_name(&token, name, sizeof name));
		return -1;
	}
	return brackets && !scan_expect(scanner, "]", "a variable") ? -1 : observed;
}

/* ---- conditions -------------------------------------------------------------------------- */

static int add(struct reader *reader, struct condition condition)
{
	struct litmus *test = reader->test;

	test->condition = list_grow(test->condition, test->conditions, sizeof *test->condition);
	test->condition[test->conditions] = condition;
	return (int)test->conditions++;
}

static int add_not(struct reader *reader, int part)
{
	return add(reader,
		   (struct condition){ .kind = CONDITION_NOT, .left = (unsigned)part });
}

/* x = 1, x = &y; a name alone is an address, too, in tests that have some. */
static int read_compared_value(struct reader *reader, unsigned observed)
{
	struct scanner *scanner = &reader->scanner;
	struct token token;
	int64_t value;
	bool address = scan_take(scanner, "&");
	int variable;

	token = scanner->token;
	if (token.kind == TOKEN_NUMBER && !address) {
		value = token.number;
	} else if (token.kind == TOKEN_WORD && (address || reader->addresses)) {
		variable = variable_find(reader, &token);
		value = variable < 0 ? 0 : address_of((unsigned)variable);
	} else {
		mistake(scanner->diagnostics, token.place,
			"a register or variable is compared with a number, a register (0:EAX), what is in a variable ([x]) "
			"or its address (&x)");
		return -1;
	}
	reader_fits(reader, token.place, value, reader->test->observed[observed].size);
	scan_next(scanner);
	return add(reader, (struct condition){
				   .kind = CONDITION_EQUAL,
				   .observed = observed,
				   .value = litmus_extend(value,
							  reader->test->observed[observed].size),
			   });
}

/* Another register, or [x]? Numbers of threads are followed by ':', other numbers are not. */
static bool at_location(const struct reader *reader)
{
	const struct token *token = &reader->scanner.token;
	struct scanner ahead = reader->scanner;

	if (token_is(token, "["))
		return true;
	return (token->kind == TOKEN_NUMBER || token->kind == TOKEN_WORD) &&
	       scan_blanks(&ahead) == ':';
}

static int read_comparison(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	int observed = read_location(reader), other, part;
	bool differs;

	if (observed < 0)
		return -1;
	differs = token_is(&scanner->token, "<>") || token_is(&scanner->token, "!=");
	if (differs || token_is(&scanner->token, "=="))
		scan_next(scanner);
	else if (!scan_expect(scanner, "=", "a register or variable"))
		return -1;
	if (at_location(reader)) {
		other = read_location(reader);
		part = other < 0 ? -1
				 : add(reader, (struct condition){ .kind = CONDITION_SAME,
								   .observed = (unsigned)observed,
								   .right = (unsigned)other });
	} else {
		part = read_compared_value(reader, (unsigned)observed);
	}
	return part >= 0 && differs ? add_not(reader, part) : part;
}

static int read_atom(struct reader *reader)
{
	if (scan_take(&reader->scanner, "true"))
		return add(reader, (struct condition){ .kind = CONDITION_TRUE });
	if (scan_take(&reader->scanner, "false"))
		return add(reader, (struct condition){ .kind = CONDITION_FALSE });
	return read_comparison(reader);
}

/*
 * Operator precedence with stacks of its own, so that no nesting is too deep: what stands on the
 * stack of operators waits for its right part. From loose to tight: =>, \/, /\, not; => groups to
 * the right.
 */
enum operator { OPEN, IMPLIES, OR, AND, NOT };

struct pending {
	enum operator *operator;
	unsigned operators;
	int *part;
	unsigned parts;
};

static void push_operator(struct pending *pending, enum operator operator)
{
	pending->operator =
		list_grow(pending->operator, pending->operators, sizeof *pending->operator);
	pending->operator[pending->operators++] = operator;
}

static void push_part(struct pending *pending, int part)
{
	pending->part = list_grow(pending->part, pending->parts, sizeof *pending->part);
	pending->part[pending->parts++] = part;
}

/* The topmost operator gets its parts. */
static void reduce(struct reader *reader, struct pending *pending)
{
	enum operator operator = pending->operator[--pending->operators];
	int *last = &pending->part[pending->parts - 1];

	if (operator == NOT) {
		*last = add_not(reader, *last);
		return;
	}
	if (operator == IMPLIES)
		last[-1] = add_not(reader, last[-1]);
	last[-1] = add(reader, (struct condition){ .kind = operator == AND ? CONDITION_AND
								       : CONDITION_OR,
						   .left = (unsigned)last[-1],
						   .right = (unsigned)last[0] });
	pending->parts--;
}

static void reduce_down_to(struct reader *reader, struct pending *pending, enum operator least)
{
	while (pending->operators && pending->operator[pending->operators - 1] != OPEN &&
	       pending->operator[pending->operators - 1] >= least)
		reduce(reader, pending);
}

/* What opens a part, and the part itself. false: told. */
static bool read_part(struct reader *reader, struct pending *pending)
{
	struct scanner *scanner = &reader->scanner;
	int part;

	for (;;) {
		if (scan_take(scanner, "("))
			push_operator(pending, OPEN);
		else if (scan_take(scanner, "~") || scan_take(scanner, "not"))
			push_operator(pending, NOT);
		else
			break;
	}
	part = read_atom(reader);
	if (part >= 0)
		push_part(pending, part);
	return part >= 0;
}

/* Closing parentheses, as long as there are open ones. */
static void close_parts(struct reader *reader, struct pending *pending)
{
	while (token_is(&reader->scanner.token, ")")) {
		reduce_down_to(reader, pending, IMPLIES);
		if (!pending->operators)
			return;
		pending->operators--;
		scan_next(&reader->scanner);
	}
}

/* `&&` and `||`, of two signs each: elsewhere `||` is an empty cell between two bars. */
static bool take_twice(struct scanner *scanner, const char *sign)
{
	struct scanner ahead = *scanner;

	if (!sign || !scan_take(&ahead, sign) || !scan_take(&ahead, sign))
		return false;
	*scanner = ahead;
	return true;
}

/* An operator between two parts; false: the condition ends here. */
static bool read_operator(struct reader *reader, struct pending *pending)
{
	static const char *const signs[] = { [IMPLIES] = "=>", [OR] = "\\/", [AND] = "/\\" };
	static const char *const halves[] = { [OR] = "|", [AND] = "&" };        /* as in C */

	for (int i = IMPLIES; i <= AND; i++) {
		if (!scan_take(&reader->scanner, signs[i]) &&
		    !take_twice(&reader->scanner, halves[i]))
			continue;
		reduce_down_to(reader, pending, i == IMPLIES ? OR : (enum operator)i);
		push_operator(pending, (enum operator)i);
		return true;
	}
	return false;
}

/* The whole condition's number, -1: told. */
static int read_condition(struct reader *reader)
{
	struct pending pending = { 0 };
	int whole = -1;
	bool good;

	do {
		good = read_part(reader, &pending);
		if (good)
			close_parts(reader, &pending);
	} while (good && read_operator(reader, &pending));
	if (good) {
		reduce_down_to(reader, &pending, IMPLIES);
		if (!pending.operators || scan_expect(&reader->scanner, ")", "a condition"))
			whole = pending.part[0];
	}
	free(pending.operator);
	free(pending.part);
	return whole;
}

/* ---- the parts of the question ----------------------------------------------------------- */

/* locations [0:EAX; x;]: seen besides what the condition names. false: told. */
static bool read_locations(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;

	if (!scan_expect(scanner, "[", "'locations'"))
		return false;
	while (!scan_take(scanner, "]")) {
		if (scan_take(scanner, ";"))
			continue;
		if (read_location(reader) < 0)
			return false;
		if (!token_is(&scanner->token, "]") &&
		    !scan_expect(scanner, ";", "a register or variable"))
			return false;
	}
	return true;
}

/* filter (x=1): of two both have to hold. false: told. */
static bool read_filter(struct reader *reader)
{
	int filter = read_condition(reader), before = reader->test->filter;

	if (filter < 0)
		return false;
	if (before >= 0)
		filter = add(reader, (struct condition){ .kind = CONDITION_AND,
							 .left = (unsigned)before,
							 .right = (unsigned)filter });
	reader->test->filter = filter;
	return true;
}

static bool at_quantifier(const struct scanner *scanner)
{
	return token_is(&scanner->token, "~") || token_is(&scanner->token, "exists") ||
	       token_is(&scanner->token, "forall");
}

/* What programs before herd7 wrote in the question's place. false: that does not stand here. */
static bool tell_old_form(struct reader *reader)
{
	static const char *const words[] = { "final", "Observed", "observed" };
	const struct token *token = &reader->scanner.token;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!token_is(token, words[i]))
			continue;
		mistake(reader->scanner.diagnostics, token->place,
			"the old form '%s' is not read: ask with exists, ~exists or forall, and say 'Verdict=Allowed' "
			"or 'Verdict=Forbidden' above the '{' instead of what 'with' says", words[i]);
		return true;
	}
	return false;
}

static bool read_quantifier(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	bool not = scan_take(scanner, "~");
	char name[NAME_SHOWN];

	if (token_is(&scanner->token, "exists"))
		reader->test->quantifier = not ? QUANTIFIER_NOT_EXISTS : QUANTIFIER_EXISTS;
	else if (token_is(&scanner->token, "forall") && !not)
		reader->test->quantifier = QUANTIFIER_FORALL;
	else if (!not && tell_old_form(reader))
		return false;
	else {
		mistake(scanner->diagnostics, scanner->token.place,
			"the question is missing: exists, ~exists or forall with a condition, not %s",
			token_name(&scanner->token, name, sizeof name));
		return false;
	}
	scan_next(scanner);
	return true;
}

/* What tools write behind a test: Hash=..., "Observation SB Sometimes 3 997", << show 0 >>. */
static bool skip_trailer(struct reader *reader)
{
	static const char *const words[] = { "Observation", "Witnesses", "Time", "States",
					     "Condition" };
	struct scanner *scanner = &reader->scanner;
	struct token word = scanner->token;
	struct place place;
	const char *rest;
	bool known = false;

	if (scan_take(scanner, ";"))
		return true;
	if (scan_take(scanner, "<<")) {
		while (scanner->token.kind != TOKEN_END && !scan_take(scanner, ">>"))
			scan_next(scanner);
		return true;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		known |= token_is(&word, words[i]);
	if (word.kind != TOKEN_WORD || (!known && scan_blanks(scanner) != '='))
		return false;
	place = scanner->place;
	rest = scan_line(scanner);
	if (*rest == '=')
		reader_info(reader, word.text, strlen(word.text), rest, place);
	scan_next(scanner);
	return true;
}

void read_question(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	char name[NAME_SHOWN];
	bool good = true;

	for (;;) {
		if (scan_take(scanner, "locations"))
			good = read_locations(reader);
		else if (scan_take(scanner, "filter"))
			good = read_filter(reader);
		else
			break;
		if (!good)
			return;
	}
	if (reader->test->observeds && !at_quantifier(scanner)) {
		reader->test->quantifier = QUANTIFIER_NONE;
	} else {
		if (!read_quantifier(reader))
			return;
		reader->test->question = read_condition(reader);
		if (reader->test->question < 0)
			return;
	}
	while (skip_trailer(reader))
		continue;
	if (token_is(&scanner->token, "with"))
		mistake(scanner->diagnostics, scanner->token.place,
			"the old form 'with' is not read: 'Verdict=Allowed' or 'Verdict=Forbidden' above the '{' says what "
			"x86-TSO does");
	else if (scanner->token.kind != TOKEN_END)
		mistake(scanner->diagnostics, scanner->token.place,
			"the file ends with its condition; what is %s?",
			token_name(&scanner->token, name, sizeof name));
}

/* ---- answering --------------------------------------------------------------------------- */

/* Parts have smaller numbers than what they are parts of: one pass, however deep they nest. */
static void answer(const struct litmus *test, const int64_t *outcome, bool *holds)
{
	for (unsigned i = 0; i < test->conditions; i++) {
		const struct condition *c = &test->condition[i];

		switch (c->kind) {
		case CONDITION_TRUE:
		case CONDITION_FALSE:
			holds[i] = c->kind == CONDITION_TRUE;
			break;
		case CONDITION_EQUAL:
			holds[i] = outcome[c->observed] == c->value;
			break;
		case CONDITION_SAME:
			holds[i] = outcome[c->observed] == outcome[c->right];
			break;
		case CONDITION_AND:
			holds[i] = holds[c->left] && holds[c->right];
			break;
		case CONDITION_OR:
			holds[i] = holds[c->left] || holds[c->right];
			break;
		case CONDITION_NOT:
			holds[i] = !holds[c->left];
			break;
		}
	}
}

bool litmus_asked(const struct litmus *test, const int64_t *outcome)
{
	bool *holds, asked;

	if (test->quantifier == QUANTIFIER_NONE)
		return false;
	holds = xalloc(test->conditions * sizeof *holds);
	answer(test, outcome, holds);
	asked = holds[test->question] == (test->quantifier != QUANTIFIER_FORALL);
	if (test->filter >= 0)
		asked = asked && holds[test->filter];
	free(holds);
	return asked;
}

char *litmus_outcome(const struct litmus *test, const int64_t *outcome)
{
	char *text = NULL;
	size_t length;
	FILE *out = text_open(&text, &length);

	for (unsigned i = 0; i < test->observeds; i++) {
		const struct observed *o = &test->observed[i];
		int variable = address_variable(test, outcome[i]);

		fputs(i ? " " : "", out);
		if (o->thread >= 0)
			fprintf(out, "%d:", o->thread);
		if (variable >= 0)
			fprintf(out, "%s=&%s", o->name, test->variable[variable].name);
		else
			fprintf(out, "%s=%" PRId64, o->name, outcome[i]);
	}
	text_close(out);
	return text;
}
