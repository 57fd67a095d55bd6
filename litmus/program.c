/* The columns of a litmus test: instructions of x86 that matter to the order of memory. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "litmus/reader.h"

/* ---- registers --------------------------------------------------------------------------- */

static const char *const registers[LITMUS_REGISTERS] = {
	"EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "R8",
	"R9",  "R10", "R11", "R12", "R13", "R14", "R15",
};
enum { EAX = 0, LETTERED = 6 };         /* EAX to EDI, also called RAX to RDI */

const char *litmus_register(int number)
{
	return registers[number];
}

int litmus_register_find(const char *name)
{
	for (int i = 0; i < LITMUS_REGISTERS; i++) {
		if (!strcasecmp(name, registers[i]))
			return i;
		if (i < LETTERED && strchr("Rr", *name) && !strcasecmp(name + 1, registers[i] + 1))
			return i;
	}
	return -1;
}

/* ---- instructions ------------------------------------------------------------------------ */

enum operand_kind { NONE, MEMORY, REGISTER, NUMBER };

struct operand {
	enum operand_kind kind;
	int number;                     /* of the variable or register */
	int32_t value;
};

enum lock { LOCK_NEVER, LOCK_MAY, LOCK_MUST, LOCK_IMPLIED };

/* clang-format off */
static const struct form {
	const char *name, *usage;
	enum operand_kind operand[2];
	enum lock lock;
	enum instruction_kind kind;
	bool returns;                   /* the register gets what was there */
	int32_t value;                  /* the operand if none is written */
} forms[] = {
	{ "MOV",     "MOV register,[x]",     { REGISTER, MEMORY },   LOCK_NEVER,   INSTRUCTION_LOAD,     true,  0 },
	{ "MOV",     "MOV [x],register",     { MEMORY, REGISTER },   LOCK_NEVER,   INSTRUCTION_STORE,    false, 0 },
	{ "MOV",     "MOV [x],$1",           { MEMORY, NUMBER },     LOCK_NEVER,   INSTRUCTION_STORE,    false, 0 },
	{ "MOV",     "MOV register,register",{ REGISTER, REGISTER }, LOCK_NEVER,   INSTRUCTION_SET,      false, 0 },
	{ "MOV",     "MOV register,$1",      { REGISTER, NUMBER },   LOCK_NEVER,   INSTRUCTION_SET,      false, 0 },
	{ "MFENCE",  "MFENCE",               { NONE, NONE },         LOCK_NEVER,   INSTRUCTION_FENCE,    false, 0 },
	{ "XCHG",    "XCHG [x],register",    { MEMORY, REGISTER },   LOCK_IMPLIED, INSTRUCTION_EXCHANGE, true,  0 },
	{ "XCHG",    "XCHG register,[x]",    { REGISTER, MEMORY },   LOCK_IMPLIED, INSTRUCTION_EXCHANGE, true,  0 },
	{ "XADD",    "LOCK XADD [x],register",    { MEMORY, REGISTER }, LOCK_MUST, INSTRUCTION_ADD,      true,  0 },
	{ "CMPXCHG", "LOCK CMPXCHG [x],register", { MEMORY, REGISTER }, LOCK_MUST, INSTRUCTION_COMPARE,  false, 0 },
	{ "INC",     "INC [x]",              { MEMORY, NONE },       LOCK_MAY,     INSTRUCTION_ADD,      false, 1 },
	{ "DEC",     "DEC [x]",              { MEMORY, NONE },       LOCK_MAY,     INSTRUCTION_ADD,      false, -1 },
	{ "ADD",     "ADD [x],$1",           { MEMORY, NUMBER },     LOCK_MAY,     INSTRUCTION_ADD,      false, 0 },
	{ "ADD",     "ADD [x],register",     { MEMORY, REGISTER },   LOCK_MAY,     INSTRUCTION_ADD,      false, 0 },
};
/* clang-format on */
enum { FORMS = sizeof forms / sizeof *forms };

static bool read_memory(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;

	scan_next(scanner);
	if (scanner->token.kind != TOKEN_WORD || litmus_register_find(scanner->token.text) >= 0) {
		mistake(scanner->diagnostics, scanner->token.place,
			"in brackets stands the name of a variable; addresses in registers are not read");
		return false;
	}
	operand->kind = MEMORY;
	operand->number = reader_variable(reader, &scanner->token);
	scan_next(scanner);
	return scan_expect(scanner, "]", "a variable") && operand->number >= 0;
}

static bool read_register(struct reader *reader, struct operand *operand)
{
	struct token token = reader->scanner.token;
	struct nearest nearest = nearest_to(token.text);

	operand->kind = REGISTER;
	operand->number = litmus_register_find(token.text);
	scan_next(&reader->scanner);
	if (operand->number >= 0)
		return true;
	for (int i = 0; i < LITMUS_REGISTERS; i++)
		nearest_try(&nearest, registers[i]);
	mistake(reader->scanner.diagnostics, token.place,
		"'%s' is no register; a variable stands in brackets: [%s]", token.text, token.text);
	if (nearest.best)
		mistake_note(reader->scanner.diagnostics, token.place, "or did you mean '%s'?",
			     nearest.best);
	return false;
}

static bool read_operand(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	char name[LITMUS_NAME + 2];

	if (token_is(&scanner->token, "["))
		return read_memory(reader, operand);
	if (scanner->token.kind == TOKEN_WORD)
		return read_register(reader, operand);
	if (token_is(&scanner->token, "$"))
		scan_next(scanner);
	if (scanner->token.kind != TOKEN_NUMBER) {
		mistake(scanner->diagnostics, scanner->token.place,
			"an operand is a register, $1 or [x], not %s",
			token_name(&scanner->token, name, sizeof name));
		return false;
	}
	operand->kind = NUMBER;
	operand->value = scanner->token.number;
	scan_next(scanner);
	return true;
}

static bool read_operands(struct reader *reader, struct operand operand[2])
{
	struct scanner *scanner = &reader->scanner;

	if (token_is(&scanner->token, "|") || token_is(&scanner->token, ";"))
		return true;
	if (!read_operand(reader, &operand[0]))
		return false;
	if (!token_is(&scanner->token, ","))
		return true;
	scan_next(scanner);
	return read_operand(reader, &operand[1]);
}

static void tell_unknown(struct reader *reader, const struct token *token)
{
	struct nearest nearest = nearest_to(token->text);

	for (int i = 0; i < FORMS; i++)
		nearest_try(&nearest, forms[i].name);
	mistake(reader->scanner.diagnostics, token->place, "no instruction '%s' here%s%s%s",
		token->text, nearest.best ? "; did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
	mistake_note(reader->scanner.diagnostics, token->place,
		     "MOV MFENCE XCHG LOCK XADD, LOCK CMPXCHG, INC DEC ADD with and without LOCK");
}

static void tell_forms(struct reader *reader, const struct token *token)
{
	char text[256] = "";
	size_t length = 0;

	for (int i = 0; i < FORMS; i++)
		if (!strcasecmp(forms[i].name, token->text))
			length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
						   length ? ", " : "", forms[i].usage);
	mistake(reader->scanner.diagnostics, token->place, "wrong operands; there is %s", text);
}

/* The form of that name and these operands; NULL: told. */
static const struct form *find_form(struct reader *reader, const struct token *token,
				    const struct operand operand[2])
{
	bool known = false;

	for (int i = 0; i < FORMS; i++) {
		if (strcasecmp(forms[i].name, token->text))
			continue;
		known = true;
		if (forms[i].operand[0] == operand[0].kind &&
		    forms[i].operand[1] == operand[1].kind)
			return &forms[i];
	}
	if (known)
		tell_forms(reader, token);
	else
		tell_unknown(reader, token);
	return NULL;
}

static bool lock_fits(struct reader *reader, const struct form *form, const struct token *token,
		      bool locked)
{
	if (locked && form->lock == LOCK_NEVER)
		mistake(reader->scanner.diagnostics, token->place,
			"LOCK is for instructions that read and write memory, not for %s",
			form->name);
	else if (!locked && form->lock == LOCK_MUST)
		mistake(reader->scanner.diagnostics, token->place,
			"%s is read with LOCK only: %s", form->name, form->usage);
	else
		return true;
	return false;
}

static struct instruction instruction_of(const struct form *form, bool locked,
					 const struct operand operand[2])
{
	struct instruction made = { .kind = form->kind,
				    .locked = locked || form->lock == LOCK_IMPLIED,
				    .target = -1,
				    .source = -1,
				    .value = form->value };

	for (int i = 0; i < 2; i++) {
		if (operand[i].kind == MEMORY)
			made.variable = operand[i].number;
		else if (operand[i].kind == NUMBER)
			made.value = operand[i].value;
		else if (operand[i].kind == REGISTER && form->kind == INSTRUCTION_SET && i == 0)
			made.target = operand[i].number;
		else if (operand[i].kind == REGISTER)
			made.source = operand[i].number;
	}
	if (form->returns)
		made.target = made.source;
	if (form->kind == INSTRUCTION_LOAD)
		made.source = -1;
	if (form->kind == INSTRUCTION_COMPARE)
		made.target = EAX;
	return made;
}

static void read_instruction(struct reader *reader, struct litmus_thread *thread)
{
	struct scanner *scanner = &reader->scanner;
	struct token token = scanner->token;
	struct operand operand[2] = { { .kind = NONE }, { .kind = NONE } };
	bool locked = !strcasecmp(token.text, "LOCK");
	const struct form *form;

	if (locked) {
		scan_next(scanner);
		token = scanner->token;
	}
	if (token.kind != TOKEN_WORD) {
		mistake(scanner->diagnostics, token.place, "an instruction is missing here");
		return;
	}
	scan_next(scanner);
	if (!read_operands(reader, operand))
		return;
	form = find_form(reader, &token, operand);
	if (!form || !lock_fits(reader, form, &token, locked))
		return;
	if (thread->count == LITMUS_INSTRUCTIONS) {
		mistake(scanner->diagnostics, token.place, "a thread has %d instructions at most",
			LITMUS_INSTRUCTIONS);
		return;
	}
	thread->instruction[thread->count++] = instruction_of(form, locked, operand);
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
	char name[LITMUS_NAME + 2];

	if (!at_bar(reader) && understood)
		mistake(scanner->diagnostics, scanner->token.place,
			"'|' or ';' ends an instruction, not %s",
			token_name(&scanner->token, name, sizeof name));
	skip_cell(reader);
	return at_bar(reader);
}

static void read_heading(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct litmus *test = reader->test;
	char right[8];

	for (bool more = true; more;) {
		snprintf(right, sizeof right, "P%u", test->threads);
		if (test->threads == LITMUS_THREADS) {
			mistake(scanner->diagnostics, scanner->token.place,
				"a test has %d threads at most", LITMUS_THREADS);
			while (!token_is(&scanner->token, ";") && !reader_at_question(reader))
				scan_next(scanner);
		} else if (!token_is(&scanner->token, right)) {
			mistake(scanner->diagnostics, scanner->token.place,
				"the columns are headed P0 | P1 | ...; here '%s' is due", right);
			skip_cell(reader);
			test->threads++;
		} else {
			scan_next(scanner);
			test->threads++;
			end_cell(reader, true);
		}
		more = token_is(&scanner->token, "|");
		if (at_bar(reader))
			scan_next(scanner);
	}
}

static void read_row(struct reader *reader)
{
	struct scanner *scanner = &reader->scanner;
	struct litmus *test = reader->test;
	struct litmus_thread nowhere;
	unsigned column = 0;
	bool more = true;

	for (; more; column++) {
		size_t before = diagnostics_count(scanner->diagnostics);
		bool beyond = column >= test->threads;

		nowhere.count = 0;
		if (beyond)
			mistake(scanner->diagnostics, scanner->token.place,
				"the row has more columns than the heading (%u)", test->threads);
		if (!at_bar(reader))
			read_instruction(reader, beyond ? &nowhere : &test->thread[column]);
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
}
