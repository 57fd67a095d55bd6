/*
 * Operands, in both syntaxes; each says by its form which it is in:
 *
 *			Intel                           AT&T
 *	register        EAX                             %eax
 *	number          5, $5                           $5
 *	memory          [x], [ECX], [x+EAX*4-8]         (x), x, x(%rip), (%rcx), -8(%rcx,%rax,4)
 *			DWORD PTR [x]
 *	an address      $x                              $x
 */
#include <string.h>
#include <strings.h>

#include "litmus/compute.h"
#include "litmus/reader.h"

/* ---- registers --------------------------------------------------------------------------- */

enum { SIZES = 4 };                     /* 1, 2, 4, 8 bytes */

static const char *const registers[LITMUS_GENERAL][SIZES] = {
	{ "AL", "AX", "EAX", "RAX" },       { "BL", "BX", "EBX", "RBX" },
	{ "CL", "CX", "ECX", "RCX" },       { "DL", "DX", "EDX", "RDX" },
	{ "SIL", "SI", "ESI", "RSI" },      { "DIL", "DI", "EDI", "RDI" },
	{ "R8B", "R8W", "R8D", "R8" },      { "R9B", "R9W", "R9D", "R9" },
	{ "R10B", "R10W", "R10D", "R10" },  { "R11B", "R11W", "R11D", "R11" },
	{ "R12B", "R12W", "R12D", "R12" },  { "R13B", "R13W", "R13D", "R13" },
	{ "R14B", "R14W", "R14D", "R14" },  { "R15B", "R15W", "R15D", "R15" },
	{ "BPL", "BP", "EBP", "RBP" },      { "SPL", "SP", "ESP", "RSP" },
};

int register_find(const struct litmus *test, const char *name, unsigned *size)
{
	for (int i = 0; i < LITMUS_GENERAL; i++)
		for (int s = 0; s < SIZES; s++)
			if (!strcasecmp(name, registers[i][s])) {
				*size = s == SIZES - 1 && !test->wide ? 4 : 1u << s;
				return i;
			}
	return -1;
}

static bool at_register(const struct reader *reader, int *number, unsigned *size)
{
	const struct token *token = &reader->scanner.token;

	*number = token->kind == TOKEN_WORD ? register_find(reader->test, token->text, size) : -1;
	return *number >= 0;
}

static void nearest_register(struct nearest *nearest)
{
	for (int i = 0; i < LITMUS_GENERAL; i++)
		for (int s = SIZES - 1; s >= 0; s--)
			nearest_try(nearest, registers[i][s]);
}

void operand_unknown(struct reader *reader, const struct operand *operand)
{
	struct nearest nearest = nearest_to(operand->token.text);
	char name[NAME_SHOWN];

	nearest_register(&nearest);
	mistake(reader->scanner.diagnostics, operand->token.place,
		"%s is no register; a variable stands in brackets: [%.40s]",
		token_name(&operand->token, name, sizeof name), operand->token.text);
	if (nearest.best)
		mistake_note(reader->scanner.diagnostics, operand->token.place,
			     "or did you mean '%s'?", nearest.best);
}

/* Behind '%'. */
static bool read_percent(struct reader *reader, int *number, unsigned *size)
{
	struct scanner *scanner = &reader->scanner;
	struct nearest nearest;
	char name[NAME_SHOWN];

	if (at_register(reader, number, size)) {
		scan_next(scanner);
		return true;
	}
	nearest = nearest_to(scanner->token.text);
	nearest_register(&nearest);
	mistake(scanner->diagnostics, scanner->token.place,
		"behind '%%' stands a register, like %%rax, not %s%s%s%s",
		token_name(&scanner->token, name, sizeof name),
		nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
		nearest.best ? "'?" : "");
	return false;
}

/* ---- memory ------------------------------------------------------------------------------ */

static struct operand memory(struct reader *reader, enum syntax syntax, struct token token)
{
	return (struct operand){
		.kind = OPERAND_MEMORY,
		.syntax = syntax,
		.token = token,
		.address = { -1, -1, -1, 1, reader->test->wide ? 8 : 4, 0 },
	};
}

/* Adds `register * scale` to an address; false: there is no room for it, which is told. */
static bool add_register(struct reader *reader, struct address *address, int number,
			 unsigned size, int64_t scale, struct place place)
{
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
		mistake(reader->scanner.diagnostics, place, "a scale is 1, 2, 4 or 8");
	} else if (size < 4) {
		mistake(reader->scanner.diagnostics, place,
			"addresses have registers of 4 or 8 bytes");
	} else if (address->base < 0 && scale == 1) {
		address->base = number;
		address->bytes = size;
		return true;
	} else if (address->index < 0) {
		address->index = number;
		address->scale = (unsigned)scale;
		address->bytes = size;
		return true;
	} else {
		mistake(reader->scanner.diagnostics, place, "an address has two registers at most");
	}
	return false;
}

static bool add_variable(struct reader *reader, struct address *address)
{
	struct token *token = &reader->scanner.token;

	if (address->variable >= 0) {
		mistake(reader->scanner.diagnostics, token->place, "an address has one variable");
		return false;
	}
	address->variable = reader_variable(reader, token);
	scan_next(&reader->scanner);
	return true;
}

static bool at_rip(const struct scanner *scanner)
{
	return scanner->token.kind == TOKEN_WORD && !strcasecmp(scanner->token.text, "rip");
}

/* One of the sum in brackets: x, EAX, EAX*4, 4, RIP. */
static bool read_term(struct reader *reader, struct address *address)
{
	struct scanner *scanner = &reader->scanner;
	struct token token = scanner->token;
	int64_t scale = 1;
	int number;
	unsigned size;

	if (token.kind == TOKEN_NUMBER) {
		address->offset += token.number;
		scan_next(scanner);
		return true;
	}
	if (at_rip(scanner)) {
		scan_next(scanner);
		return true;
	}
	if (!at_register(reader, &number, &size)) {
		if (token.kind == TOKEN_WORD)
			return add_variable(reader, address);
		mistake(scanner->diagnostics, token.place,
			"in brackets stands the name of a variable, or an address in registers: [EAX], [x+EAX*4]");
		return false;
	}
	scan_next(scanner);
	if (scan_take(scanner, "*")) {
		scale = scanner->token.kind == TOKEN_NUMBER ? scanner->token.number : 0;
		if (scale)
			scan_next(scanner);
	}
	return add_register(reader, address, number, size, scale, token.place);
}

static bool read_brackets(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	unsigned size = operand->size;

	*operand = memory(reader, SYNTAX_INTEL, scanner->token);
	operand->size = size;
	do {
		scan_next(scanner);     /* over the bracket or the sign between */
		do
			if (!read_term(reader, &operand->address))
				return false;
		while (scanner->token.kind == TOKEN_NUMBER && scanner->token.number < 0);
	} while (token_is(&scanner->token, "+"));
	return scan_expect(scanner, "]", "a variable");
}

/* DWORD PTR [x] */
static const struct pointer {
	const char *name;
	unsigned size;
} pointers[] = { { "BYTE", 1 }, { "WORD", 2 }, { "DWORD", 4 }, { "QWORD", 8 } };

static unsigned pointer_size(const struct token *token)
{
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
		if (token->kind == TOKEN_WORD && !strcasecmp(token->text, pointers[i].name))
			return pointers[i].size;
	return 0;
}

static bool read_pointer(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;

	operand->size = pointer_size(&scanner->token);
	scan_next(scanner);
	if (scanner->token.kind == TOKEN_WORD && !strcasecmp(scanner->token.text, "PTR"))
		scan_next(scanner);
	if (token_is(&scanner->token, "["))
		return read_brackets(reader, operand);
	mistake(scanner->diagnostics, scanner->token.place,
		"behind DWORD PTR stands memory in brackets: [x]");
	return false;
}

/* %reg, behind '(' or ','; a comma may follow. */
static bool read_base(struct reader *reader, struct address *address)
{
	struct scanner *scanner = &reader->scanner;
	struct place place = scanner->token.place;
	int number;
	unsigned size;

	if (scanner->token.kind == TOKEN_WORD)
		return add_variable(reader, address);
	if (token_is(&scanner->token, ","))
		return true;            /* (,%rax,4) */
	if (!scan_expect(scanner, "%", "'(' of an address"))
		return false;
	if (at_rip(scanner)) {
		scan_next(scanner);
		return true;
	}
	return read_percent(reader, &number, &size) &&
	       add_register(reader, address, number, size, 1, place);
}

static bool read_index(struct reader *reader, struct address *address)
{
	struct scanner *scanner = &reader->scanner;
	struct place place = scanner->token.place;
	int64_t scale = 1;
	int number;
	unsigned size;

	if (!scan_expect(scanner, "%", "',' of an address") ||
	    !read_percent(reader, &number, &size))
		return false;
	if (scan_take(scanner, ",")) {
		scale = scanner->token.kind == TOKEN_NUMBER ? scanner->token.number : 0;
		if (scale)
			scan_next(scanner);
	}
	return add_register(reader, address, number, size, scale, place);
}

/* (x) or (base, index, scale), in front of which offset and variable are read. */
static bool read_parentheses(struct reader *reader, struct address *address)
{
	struct scanner *scanner = &reader->scanner;

	scan_next(scanner);
	if (!read_base(reader, address))
		return false;
	if (scan_take(scanner, ",") && !read_index(reader, address))
		return false;
	return scan_expect(scanner, ")", "an address");
}

/* ---- operands ---------------------------------------------------------------------------- */

static bool read_plain_number(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	struct token token = scanner->token;

	scan_next(scanner);
	if (token_is(&scanner->token, "(")) {           /* 4(%rax) */
		*operand = memory(reader, SYNTAX_ATT, token);
		operand->address.offset = token.number;
		return read_parentheses(reader, &operand->address);
	}
	operand->kind = OPERAND_NUMBER;
	operand->value = token.number;
	return true;
}

static bool read_dollar(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	char name[NAME_SHOWN];

	scan_next(scanner);
	operand->kind = OPERAND_NUMBER;
	if (scanner->token.kind == TOKEN_NUMBER) {
		operand->value = scanner->token.number;
	} else if (scanner->token.kind == TOKEN_WORD) {
		operand->value = address_of((unsigned)reader_variable(reader, &scanner->token));
		reader->addresses = true;
	} else {
		mistake(scanner->diagnostics, scanner->token.place,
			"behind '$' stands a number, or a variable whose address it is, not %s",
			token_name(&scanner->token, name, sizeof name));
		return false;
	}
	scan_next(scanner);
	return true;
}

/* x, x+4, x(%rip), x+4(%rip); a name alone may yet be a label, or a slip. */
static bool read_name(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	struct token token = scanner->token;

	scan_next(scanner);
	*operand = memory(reader, SYNTAX_EITHER, token);
	operand->bare = true;
	if (scan_take(scanner, "+") || (scanner->token.kind == TOKEN_NUMBER &&
					scanner->token.number < 0)) {
		if (scanner->token.kind != TOKEN_NUMBER) {
			mistake(scanner->diagnostics, scanner->token.place,
				"behind '%.40s+' stands a number", token.text);
			return false;
		}
		operand->address.offset = scanner->token.number;
		operand->syntax = SYNTAX_ATT;
		scan_next(scanner);
	}
	if (!token_is(&scanner->token, "("))
		return true;
	operand->syntax = SYNTAX_ATT;
	operand_settle(reader, operand);
	return read_parentheses(reader, &operand->address);
}

void operand_settle(struct reader *reader, struct operand *operand)
{
	operand->address.variable = reader_variable(reader, &operand->token);
	operand->bare = false;
}

static bool read_word(struct reader *reader, struct operand *operand)
{
	if (pointer_size(&reader->scanner.token))
		return read_pointer(reader, operand);
	if (!at_register(reader, &operand->number, &operand->size))
		return read_name(reader, operand);
	operand->kind = OPERAND_REGISTER;
	operand->syntax = SYNTAX_INTEL;
	scan_next(&reader->scanner);
	return true;
}

bool operand_read(struct reader *reader, struct operand *operand)
{
	struct scanner *scanner = &reader->scanner;
	char name[NAME_SHOWN];

	*operand = (struct operand){ .token = scanner->token };
	if (token_is(&scanner->token, "["))
		return read_brackets(reader, operand);
	if (token_is(&scanner->token, "(")) {
		*operand = memory(reader, SYNTAX_ATT, scanner->token);
		return read_parentheses(reader, &operand->address);
	}
	if (scan_take(scanner, "%")) {
		operand->kind = OPERAND_REGISTER;
		operand->syntax = SYNTAX_ATT;
		return read_percent(reader, &operand->number, &operand->size);
	}
	if (scanner->token.kind == TOKEN_WORD)
		return read_word(reader, operand);
	if (scanner->token.kind == TOKEN_NEAR) {
		*operand = memory(reader, SYNTAX_EITHER, scanner->token);
		operand->bare = true;
		scan_next(scanner);
		return true;
	}
	if (scanner->token.kind == TOKEN_NUMBER)
		return read_plain_number(reader, operand);
	if (token_is(&scanner->token, "$"))
		return read_dollar(reader, operand);
	mistake(scanner->diagnostics, scanner->token.place,
		"an operand is a register, $1 or memory, [x] or (x), not %s",
		token_name(&scanner->token, name, sizeof name));
	return false;
}
