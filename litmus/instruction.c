/*
 * Instructions of x86 that matter to the order of memory, and what compares and jumps between
 * them. Some become two or three of ours: what adds memory to a register is a load and an
 * addition. LFENCE, SFENCE, NOP and PAUSE become none: on memory that is written back, without
 * non-temporal stores, x86-TSO gives them no meaning.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "litmus/compute.h"
#include "litmus/reader.h"
#include "sim/verbs/xalloc.h"

enum { EAX = 0 };

/* Mnemonics of one family take the same operands. */
enum family {
	FAMILY_MOVE, FAMILY_MOVE_IF, FAMILY_ADDRESS, FAMILY_EXCHANGE, FAMILY_EXCHANGE_ADD,
	FAMILY_COMPARE_EXCHANGE, FAMILY_BINARY, FAMILY_FLAGS, FAMILY_UNARY, FAMILY_FENCE,
	FAMILY_NOTHING, FAMILY_JUMP,
	FAMILIES
};

struct mnemonic {
	const char *name;
	enum family family;
	enum operation operation;
	enum when when;
};

/* clang-format off */
static const struct mnemonic mnemonics[] = {
	{ "MOV",     FAMILY_MOVE, 0, 0 },               { "MOVABS",  FAMILY_MOVE, 0, 0 },
	{ "LEA",     FAMILY_ADDRESS, 0, 0 },
	{ "MFENCE",  FAMILY_FENCE, 0, 0 },
	{ "XCHG",    FAMILY_EXCHANGE, 0, 0 },
	{ "XADD",    FAMILY_EXCHANGE_ADD, OPERATION_ADD, 0 },
	{ "CMPXCHG", FAMILY_COMPARE_EXCHANGE, 0, 0 },
	{ "INC",     FAMILY_UNARY, OPERATION_INC, 0 },  { "DEC",     FAMILY_UNARY, OPERATION_DEC, 0 },
	{ "NEG",     FAMILY_UNARY, OPERATION_NEG, 0 },  { "NOT",     FAMILY_UNARY, OPERATION_NOT, 0 },
	{ "ADD",     FAMILY_BINARY, OPERATION_ADD, 0 }, { "SUB",     FAMILY_BINARY, OPERATION_SUB, 0 },
	{ "AND",     FAMILY_BINARY, OPERATION_AND, 0 }, { "OR",      FAMILY_BINARY, OPERATION_OR, 0 },
	{ "XOR",     FAMILY_BINARY, OPERATION_XOR, 0 },
	{ "CMP",     FAMILY_FLAGS, OPERATION_CMP, 0 },  { "TEST",    FAMILY_FLAGS, OPERATION_TEST, 0 },
	{ "LFENCE",  FAMILY_NOTHING, 0, 0 },            { "SFENCE",  FAMILY_NOTHING, 0, 0 },
	{ "NOP",     FAMILY_NOTHING, 0, 0 },            { "PAUSE",   FAMILY_NOTHING, 0, 0 },
	{ "JMP",     FAMILY_JUMP, 0, WHEN_ALWAYS },
};

/* What stands behind J and CMOV. */
static const struct condition_name {
	const char *name;
	enum when when;
} condition_names[] = {
	{ "E",   WHEN_EQUAL },       { "Z",   WHEN_EQUAL },       { "NE",  WHEN_NOT_EQUAL },   { "NZ",  WHEN_NOT_EQUAL },
	{ "L",   WHEN_LESS },        { "NGE", WHEN_LESS },        { "GE",  WHEN_NOT_LESS },    { "NL",  WHEN_NOT_LESS },
	{ "LE",  WHEN_LESS_EQUAL },  { "NG",  WHEN_LESS_EQUAL },  { "G",   WHEN_GREATER },     { "NLE", WHEN_GREATER },
	{ "B",   WHEN_BELOW },       { "C",   WHEN_BELOW },       { "NAE", WHEN_BELOW },       { "AE",  WHEN_NOT_BELOW },
	{ "NB",  WHEN_NOT_BELOW },   { "NC",  WHEN_NOT_BELOW },   { "BE",  WHEN_BELOW_EQUAL }, { "NA",  WHEN_BELOW_EQUAL },
	{ "A",   WHEN_ABOVE },       { "NBE", WHEN_ABOVE },       { "S",   WHEN_SIGN },        { "NS",  WHEN_NO_SIGN },
};

/* Their operands, in Intel's order, for messages; and which may have LOCK. */
static const struct {
	const char *operands[5];
	bool lockable;                  /* if the first one is memory */
} families[FAMILIES] = {
	[FAMILY_MOVE] =             { { "register,[x]", "[x],register", "[x],$1", "register,register", "register,$1" }, false },
	[FAMILY_MOVE_IF] =          { { "register,register", "register,[x]" }, false },
	[FAMILY_ADDRESS] =          { { "register,[x]" }, false },
	[FAMILY_EXCHANGE] =         { { "[x],register", "register,[x]", "register,register" }, true },
	[FAMILY_EXCHANGE_ADD] =     { { "[x],register", "register,register" }, true },
	[FAMILY_COMPARE_EXCHANGE] = { { "[x],register" }, true },
	[FAMILY_BINARY] =           { { "[x],register", "[x],$1", "register,[x]", "register,register", "register,$1" }, true },
	[FAMILY_FLAGS] =            { { "[x],register", "[x],$1", "register,[x]", "register,register", "register,$1" }, false },
	[FAMILY_UNARY] =            { { "[x]", "register" }, true },
	[FAMILY_FENCE] =            { { "" }, false },
	[FAMILY_NOTHING] =          { { "" }, false },
	[FAMILY_JUMP] =             { { "label" }, false },
};
/* clang-format on */
enum { MNEMONICS = sizeof mnemonics / sizeof *mnemonics,
       CONDITIONS = sizeof condition_names / sizeof *condition_names };

/* One as it is written. */
struct statement {
	struct token name;
	bool locked;
	unsigned thread;
	struct mnemonic mnemonic;
	unsigned size;                  /* bytes of its operands; 0: nothing says */
	struct operand operand[2];      /* the first is changed: Intel's order */
	bool att;                       /* %, parentheses or a suffix: what is written in AT&T */
};

/* ---- mnemonics --------------------------------------------------------------------------- */

/* J and CMOV with a condition. */
static bool find_conditional(const char *name, size_t length, struct mnemonic *found)
{
	size_t prefix = !strncasecmp(name, "CMOV", 4) ? 4 : !strncasecmp(name, "J", 1) ? 1 : 0;

	for (size_t i = 0; prefix && i < CONDITIONS; i++) {
		const char *condition = condition_names[i].name;

		if (strlen(condition) != length - prefix ||
		    strncasecmp(name + prefix, condition, length - prefix) != 0)
			continue;
		*found = (struct mnemonic){ .family = prefix == 1 ? FAMILY_JUMP : FAMILY_MOVE_IF,
					    .when = condition_names[i].when };
		return true;
	}
	return false;
}

static bool find_exactly(const char *name, size_t length, struct mnemonic *found)
{
	for (size_t i = 0; i < MNEMONICS; i++)
		if (strlen(mnemonics[i].name) == length &&
		    !strncasecmp(mnemonics[i].name, name, length)) {
			*found = mnemonics[i];
			return true;
		}
	return find_conditional(name, length, found);
}

static bool takes_suffix(enum family family)
{
	return family != FAMILY_JUMP && family != FAMILY_FENCE && family != FAMILY_NOTHING;
}

/* With or without a suffix of AT&T: movl is MOV of 4 bytes. */
static bool find_mnemonic(struct statement *s)
{
	static const char suffixes[] = "bwlq";
	const char *name = s->name.text;
	size_t length = strlen(name);
	const char *suffix = length ? strchr(suffixes, name[length - 1] | 32) : NULL;

	if (find_exactly(name, length, &s->mnemonic))
		return true;
	if (!suffix || !*suffix || !find_exactly(name, length - 1, &s->mnemonic) ||
	    !takes_suffix(s->mnemonic.family))
		return false;
	s->size = 1u << (suffix - suffixes);
	s->att = true;
	return true;
}

static void tell_unknown(struct reader *reader, const struct token *token)
{
	struct nearest nearest = nearest_to(token->text);
	char name[NAME_SHOWN];

	for (size_t i = 0; i < MNEMONICS; i++)
		nearest_try(&nearest, mnemonics[i].name);
	mistake(reader->scanner.diagnostics, token->place, "no instruction %s here%s%s%s",
		token_name(token, name, sizeof name), nearest.best ? "; did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
	mistake_note(reader->scanner.diagnostics, token->place,
		     "MOV LEA MFENCE LFENCE SFENCE XCHG, CMP TEST Jcc JMP CMOVcc, and with and without LOCK "
		     "XADD CMPXCHG INC DEC NEG NOT ADD SUB AND OR XOR");
}

static void tell_forms(struct reader *reader, const struct statement *s)
{
	const char *const *operands = families[s->mnemonic.family].operands;
	char text[512] = "";
	size_t length = 0;

	for (int i = 0; i < 5 && operands[i]; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%.20s%s%s",
					   i ? ", " : "", s->name.text, *operands[i] ? " " : "",
					   operands[i]);
	mistake(reader->scanner.diagnostics, s->name.place, "wrong operands; there is %s%s", text,
		s->att ? " (in AT&T the other way round)" : "");
}

/* ---- what an instruction becomes --------------------------------------------------------- */

static struct instruction *emit(struct reader *reader, const struct statement *s,
				enum instruction_kind kind)
{
	struct litmus_thread *thread = &reader->test->thread[s->thread];
	struct instruction *made;

	thread->instruction =
		list_grow(thread->instruction, thread->count, sizeof *thread->instruction);
	made = &thread->instruction[thread->count++];
	made->kind = kind;
	made->operation = s->mnemonic.operation;
	made->when = s->mnemonic.when;
	made->locked = s->locked;
	made->size = s->size;
	made->target = made->source = -1;
	made->address = (struct address){ -1, -1, -1, 1, 4, 0 };
	made->place = s->name.place;
	for (int i = 0; i < 2; i++)
		if (s->operand[i].kind == OPERAND_MEMORY)
			made->address = s->operand[i].address;
	return made;
}

static void take_operand(struct instruction *made, const struct operand *operand)
{
	if (operand->kind == OPERAND_REGISTER)
		made->source = operand->number;
	else
		made->value = operand->value;
}

static void emit_load(struct reader *reader, const struct statement *s, int target)
{
	emit(reader, s, INSTRUCTION_LOAD)->target = target;
}

static void emit_set(struct reader *reader, const struct statement *s, int target, int source)
{
	struct instruction *made = emit(reader, s, INSTRUCTION_SET);

	made->target = target;
	made->source = source;
}

/* target = target operation operand */
static void emit_compute(struct reader *reader, const struct statement *s, int target,
			 const struct operand *operand)
{
	struct instruction *made = emit(reader, s, INSTRUCTION_COMPUTE);

	made->target = target;
	if (operand->kind == OPERAND_MEMORY)
		made->source = LITMUS_HIDDEN;   /* where it was loaded to */
	else
		take_operand(made, operand);
}

static void emit_exchange(struct reader *reader, const struct statement *s, int reg)
{
	struct instruction *made = emit(reader, s, INSTRUCTION_EXCHANGE);

	made->locked = true;            /* with or without LOCK */
	made->target = made->source = reg;
}

/* The operands as one number, in Intel's order. */
enum { PAIR = 8 };
#define OPERANDS(a, b) (OPERAND_##a * PAIR + OPERAND_##b)

static bool make_move(struct reader *reader, const struct statement *s, unsigned operands)
{
	const struct operand *to = &s->operand[0], *from = &s->operand[1];
	struct instruction *made;

	switch (operands) {
	case OPERANDS(REGISTER, MEMORY):
		emit_load(reader, s, to->number);
		return true;
	case OPERANDS(MEMORY, REGISTER):
	case OPERANDS(MEMORY, NUMBER):
		take_operand(emit(reader, s, INSTRUCTION_STORE), from);
		return true;
	case OPERANDS(REGISTER, REGISTER):
	case OPERANDS(REGISTER, NUMBER):
		made = emit(reader, s, INSTRUCTION_SET);
		made->target = to->number;
		take_operand(made, from);
		return true;
	default:
		return false;
	}
}

/* The load takes place whether or not the register is changed. */
static bool make_move_if(struct reader *reader, const struct statement *s, unsigned operands)
{
	const struct operand *to = &s->operand[0], *from = &s->operand[1];

	if (operands == OPERANDS(REGISTER, MEMORY)) {
		emit_load(reader, s, LITMUS_HIDDEN);
		emit_set(reader, s, to->number, LITMUS_HIDDEN);
		return true;
	}
	if (operands == OPERANDS(REGISTER, REGISTER))
		emit_set(reader, s, to->number, from->number);
	return operands == OPERANDS(REGISTER, REGISTER);
}

static bool make_address(struct reader *reader, const struct statement *s, unsigned operands)
{
	if (operands != OPERANDS(REGISTER, MEMORY))
		return false;
	reader->addresses |= s->operand[1].address.variable >= 0;
	emit(reader, s, INSTRUCTION_ADDRESS)->target = s->operand[0].number;
	return true;
}

static bool make_exchange(struct reader *reader, const struct statement *s, unsigned operands)
{
	int first = s->operand[0].number, second = s->operand[1].number;

	switch (operands) {
	case OPERANDS(MEMORY, REGISTER):
		emit_exchange(reader, s, second);
		return true;
	case OPERANDS(REGISTER, MEMORY):
		emit_exchange(reader, s, first);
		return true;
	case OPERANDS(REGISTER, REGISTER):
		emit_set(reader, s, LITMUS_HIDDEN, first);
		emit_set(reader, s, first, second);
		emit_set(reader, s, second, LITMUS_HIDDEN);
		return true;
	default:
		return false;
	}
}

static bool make_exchange_add(struct reader *reader, const struct statement *s, unsigned operands)
{
	int first = s->operand[0].number, second = s->operand[1].number;

	if (operands == OPERANDS(MEMORY, REGISTER)) {
		struct instruction *made = emit(reader, s, INSTRUCTION_UPDATE);

		made->target = made->source = second;
		return true;
	}
	if (operands != OPERANDS(REGISTER, REGISTER))
		return false;
	emit_set(reader, s, LITMUS_HIDDEN, first);
	emit_compute(reader, s, LITMUS_HIDDEN, &s->operand[1]);
	emit_set(reader, s, second, first);
	emit_set(reader, s, first, LITMUS_HIDDEN);
	return true;
}

static bool make_compare_exchange(struct reader *reader, const struct statement *s,
				  unsigned operands)
{
	struct instruction *made;

	if (operands != OPERANDS(MEMORY, REGISTER))
		return false;
	made = emit(reader, s, INSTRUCTION_COMPARE);
	made->target = EAX;
	made->source = s->operand[1].number;
	return true;
}

static bool make_binary(struct reader *reader, const struct statement *s, unsigned operands)
{
	const struct operand *to = &s->operand[0], *from = &s->operand[1];

	switch (operands) {
	case OPERANDS(MEMORY, REGISTER):
	case OPERANDS(MEMORY, NUMBER):
		take_operand(emit(reader, s, INSTRUCTION_UPDATE), from);
		return true;
	case OPERANDS(REGISTER, MEMORY):
		emit_load(reader, s, LITMUS_HIDDEN);
		emit_compute(reader, s, to->number, from);
		return true;
	case OPERANDS(REGISTER, REGISTER):
	case OPERANDS(REGISTER, NUMBER):
		emit_compute(reader, s, to->number, from);
		return true;
	default:
		return false;
	}
}

/* CMP and TEST write nothing: memory on either side is only loaded. */
static bool make_flags(struct reader *reader, const struct statement *s, unsigned operands)
{
	if (operands != OPERANDS(MEMORY, REGISTER) && operands != OPERANDS(MEMORY, NUMBER))
		return make_binary(reader, s, operands);
	emit_load(reader, s, LITMUS_HIDDEN);
	emit_compute(reader, s, LITMUS_HIDDEN, &s->operand[1]);
	return true;
}

static bool make_unary(struct reader *reader, const struct statement *s, unsigned operands)
{
	if (operands == OPERANDS(MEMORY, NONE))
		emit(reader, s, INSTRUCTION_UPDATE);
	else if (operands == OPERANDS(REGISTER, NONE))
		emit(reader, s, INSTRUCTION_COMPUTE)->target = s->operand[0].number;
	else
		return false;
	return true;
}

static bool make_jump(struct reader *reader, const struct statement *s, unsigned operands)
{
	struct labels *jumps = &reader->jumps;

	if (operands != OPERANDS(MEMORY, NONE) || !s->operand[0].bare)
		return false;
	jumps->label = list_grow(jumps->label, jumps->count, sizeof *jumps->label);
	jumps->label[jumps->count++] = (struct label){
		s->operand[0].token, s->thread, reader->test->thread[s->thread].count,
	};
	emit(reader, s, INSTRUCTION_JUMP);
	return true;
}

static bool make(struct reader *reader, const struct statement *s)
{
	unsigned operands = s->operand[0].kind * PAIR + s->operand[1].kind;

	switch (s->mnemonic.family) {
	case FAMILY_MOVE:
		return make_move(reader, s, operands);
	case FAMILY_MOVE_IF:
		return make_move_if(reader, s, operands);
	case FAMILY_ADDRESS:
		return make_address(reader, s, operands);
	case FAMILY_EXCHANGE:
		return make_exchange(reader, s, operands);
	case FAMILY_EXCHANGE_ADD:
		return make_exchange_add(reader, s, operands);
	case FAMILY_COMPARE_EXCHANGE:
		return make_compare_exchange(reader, s, operands);
	case FAMILY_BINARY:
		return make_binary(reader, s, operands);
	case FAMILY_FLAGS:
		return make_flags(reader, s, operands);
	case FAMILY_UNARY:
		return make_unary(reader, s, operands);
	case FAMILY_JUMP:
		return make_jump(reader, s, operands);
	case FAMILY_FENCE:
		if (!operands)
			emit(reader, s, INSTRUCTION_FENCE);
		return !operands;
	default:
		return !operands;
	}
}

/* ---- reading ----------------------------------------------------------------------------- */

/* false: `many` is how many there are */
static bool read_operands(struct reader *reader, struct operand operand[2], unsigned *many)
{
	struct scanner *scanner = &reader->scanner;

	*many = 0;
	if (token_is(&scanner->token, "|") || token_is(&scanner->token, ";"))
		return true;
	do {
		if (!operand_read(reader, &operand[*many]))
			return false;
		++*many;
	} while (*many < 2 && scan_take(scanner, ","));
	return true;
}

/*
 * Which syntax, and with it the order: the operands' own form says it, else that a number cannot be
 * changed, else the suffix, else the architecture. false: they disagree, which is told.
 */
static bool put_in_order(struct reader *reader, struct statement *s, unsigned many)
{
	struct operand *o = s->operand, first = o[0];
	bool intel = false, brackets = o[0].syntax == SYNTAX_INTEL || o[1].syntax == SYNTAX_INTEL;

	for (unsigned i = 0; i < many; i++)
		s->att |= o[i].syntax == SYNTAX_ATT;
	if (brackets && (o[0].syntax == SYNTAX_ATT || o[1].syntax == SYNTAX_ATT)) {
		mistake(reader->scanner.diagnostics, s->name.place,
			"Intel and AT&T syntax in one instruction: EAX, [x] and %%eax, (x) do not mix");
		return false;
	}
	s->att |= many == 2 && o[0].kind == OPERAND_NUMBER;
	intel = brackets && !(many == 2 && o[0].kind == OPERAND_NUMBER);
	if (!s->att && !brackets && reader->test->wide)
		s->att = true;
	if (many < 2 || intel || !s->att)
		return true;
	o[0] = o[1];
	o[1] = first;
	return true;
}

/* Names alone are variables in AT&T, labels of jumps, and slips elsewhere. */
static bool settle_names(struct reader *reader, struct statement *s, unsigned many)
{
	for (unsigned i = 0; i < many; i++) {
		if (!s->operand[i].bare || s->mnemonic.family == FAMILY_JUMP)
			continue;
		if (!s->att) {
			operand_unknown(reader, &s->operand[i]);
			return false;
		}
		operand_settle(reader, &s->operand[i]);
	}
	return true;
}

/* Suffix, registers and PTR say how many bytes; false: they disagree, which is told. */
static bool find_size(struct reader *reader, struct statement *s)
{
	if (s->size == 8 && !reader->test->wide)
		s->size = 4;
	for (int i = 0; i < 2; i++) {
		unsigned size = s->operand[i].size;

		if (s->mnemonic.family == FAMILY_ADDRESS && i == 1)
			continue;       /* of what lies there nothing is used */
		if (size == 8 && !reader->test->wide)
			size = 4;
		if (size && s->size && size != s->size) {
			mistake(reader->scanner.diagnostics, s->name.place,
				"operands of %u and %u bytes in one instruction", s->size, size);
			return false;
		}
		if (size)
			s->size = size;
	}
	return true;
}

static bool lock_fits(struct reader *reader, const struct statement *s)
{
	if (!s->locked || (families[s->mnemonic.family].lockable &&
			   (s->operand[0].kind == OPERAND_MEMORY ||
			    (s->mnemonic.family == FAMILY_EXCHANGE &&
			     s->operand[1].kind == OPERAND_MEMORY))))
		return true;
	mistake(reader->scanner.diagnostics, s->name.place,
		"LOCK is for instructions that read and write memory, not for %.20s%s",
		s->name.text,
		families[s->mnemonic.family].lockable ? " with these operands" : "");
	return false;
}

/* LOCK, or as assemblers have it too, `lock;` in front of an instruction of the same line. */
static bool take_lock(struct scanner *scanner)
{
	unsigned line = scanner->token.place.line;
	struct scanner behind;

	if (scanner->token.kind != TOKEN_WORD || strcasecmp(scanner->token.text, "LOCK") != 0)
		return false;
	scan_next(scanner);
	behind = *scanner;
	if (scan_take(&behind, ";") && behind.token.kind == TOKEN_WORD &&
	    behind.token.place.line == line)
		*scanner = behind;
	return true;
}

void read_instruction(struct reader *reader, unsigned thread)
{
	struct scanner *scanner = &reader->scanner;
	struct statement s = { .thread = thread, .locked = take_lock(scanner) };
	unsigned many;

	s.name = scanner->token;
	if (s.name.kind != TOKEN_WORD) {
		mistake(scanner->diagnostics, s.name.place, "an instruction is missing here");
		return;
	}
	scan_next(scanner);
	if (!find_mnemonic(&s)) {
		tell_unknown(reader, &s.name);
		return;
	}
	if (read_operands(reader, s.operand, &many) && put_in_order(reader, &s, many) &&
	    settle_names(reader, &s, many) && find_size(reader, &s) && lock_fits(reader, &s) &&
	    !make(reader, &s))
		tell_forms(reader, &s);
}
