/*
 * Instructions of x86 that matter to the order of memory, and what compares and jumps between
 * them. Some become two or three of ours: what adds memory to a register is a load and an
 * addition. LFENCE, SFENCE, NOP and PAUSE become none: on memory that is written back, without
 * non-temporal stores, x86-TSO gives them no meaning. Nor do CLFLUSH and its like, PREFETCHT0 and
 * its: where a line lies changes no value that is read.
 *
 * Non-temporal stores are refused: x86-TSO is not about them, as they pass other stores. Read as
 * stores they would make outcomes forbidden that a machine shows.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "litmus/compute.h"
#include "litmus/reader.h"
#include "sim/verbs/xalloc.h"

enum { EAX = 0, STACK = 15 };           /* RSP */

/* Mnemonics of one family take the same operands. */
enum family {
	FAMILY_MOVE, FAMILY_MOVE_IF, FAMILY_ADDRESS, FAMILY_EXCHANGE, FAMILY_EXCHANGE_ADD,
	FAMILY_COMPARE_EXCHANGE, FAMILY_BINARY, FAMILY_FLAGS, FAMILY_UNARY, FAMILY_FENCE,
	FAMILY_NOTHING, FAMILY_LINE, FAMILY_JUMP, FAMILY_EXTEND, FAMILY_SET_IF,
	FAMILIES
};

struct mnemonic {
	enum family family;
	enum operation operation;
	enum when when;
	unsigned from;                  /* EXTEND: bytes of the source; 0: its operand says it */
	bool with_sign;
	bool att;                       /* the name itself is one of AT&T's */
};

/* clang-format off */
static const struct known {
	const char *name;
	enum family family;
	enum operation operation;
	enum when when;
} mnemonics[] = {
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
	{ "CLFLUSH", FAMILY_LINE, 0, 0 },               { "CLFLUSHOPT", FAMILY_LINE, 0, 0 },
	{ "CLWB",    FAMILY_LINE, 0, 0 },               { "PREFETCHW", FAMILY_LINE, 0, 0 },
	{ "PREFETCHT0", FAMILY_LINE, 0, 0 },            { "PREFETCHT1", FAMILY_LINE, 0, 0 },
	{ "PREFETCHT2", FAMILY_LINE, 0, 0 },            { "PREFETCHNTA", FAMILY_LINE, 0, 0 },
	{ "JMP",     FAMILY_JUMP, 0, WHEN_ALWAYS },
};

/* What fills a wide register from a narrow operand. AT&T's names say both sizes: movzbl. */
static const struct {
	const char *name;
	unsigned from;
	bool with_sign, att;
} extensions[] = {
	{ "MOVZX", 0, false, false },  { "MOVSX", 0, true, false },  { "MOVSXD", 4, true, false },
	{ "MOVZB", 1, false, true },   { "MOVZW", 2, false, true },
	{ "MOVSB", 1, true, true },    { "MOVSW", 2, true, true },   { "MOVSL", 4, true, true },
};

/* What stands behind J, CMOV and SET. */
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
	[FAMILY_LINE] =             { { "[x]" }, false },
	[FAMILY_JUMP] =             { { "label" }, false },
	[FAMILY_EXTEND] =           { { "register,register", "register,BYTE PTR [x]" }, false },
	[FAMILY_SET_IF] =           { { "register", "[x]" }, false },
};
/* clang-format on */
enum { MNEMONICS = sizeof mnemonics / sizeof *mnemonics,
       CONDITIONS = sizeof condition_names / sizeof *condition_names,
       EXTENSIONS = sizeof extensions / sizeof *extensions };

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

/* The first `length` characters of `name` are that mnemonic, in any case of letters. */
static bool is_name(const char *name, size_t length, const char *mnemonic)
{
	return strlen(mnemonic) == length && !strncasecmp(name, mnemonic, length);
}

/* J, SET and CMOV with a condition. */
static bool find_conditional(const char *name, size_t length, struct mnemonic *found)
{
	static const struct {
		const char *name;
		enum family family;
	} prefixes[] = {
		{ "J", FAMILY_JUMP }, { "SET", FAMILY_SET_IF }, { "CMOV", FAMILY_MOVE_IF },
	};

	for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
		size_t prefix = strlen(prefixes[p].name);

		if (length <= prefix || !is_name(name, prefix, prefixes[p].name))
			continue;
		for (size_t i = 0; i < CONDITIONS; i++) {
			if (!is_name(name + prefix, length - prefix, condition_names[i].name))
				continue;
			*found = (struct mnemonic){ .family = prefixes[p].family,
						    .when = condition_names[i].when };
			return true;
		}
	}
	return false;
}

static bool find_extension(const char *name, size_t length, struct mnemonic *found)
{
	for (size_t i = 0; i < EXTENSIONS; i++) {
		if (!is_name(name, length, extensions[i].name))
			continue;
		*found = (struct mnemonic){ .family = FAMILY_EXTEND,
					    .from = extensions[i].from,
					    .with_sign = extensions[i].with_sign,
					    .att = extensions[i].att };
		return true;
	}
	return false;
}

static bool find_exactly(const char *name, size_t length, struct mnemonic *found)
{
	for (size_t i = 0; i < MNEMONICS; i++)
		if (is_name(name, length, mnemonics[i].name)) {
			*found = (struct mnemonic){ .family = mnemonics[i].family,
						    .operation = mnemonics[i].operation,
						    .when = mnemonics[i].when };
			return true;
		}
	return find_extension(name, length, found) || find_conditional(name, length, found);
}

static bool takes_suffix(enum family family)
{
	return family != FAMILY_JUMP && family != FAMILY_FENCE && family != FAMILY_NOTHING &&
	       family != FAMILY_LINE && family != FAMILY_SET_IF;
}

/* With or without a suffix of AT&T: movl is MOV of 4 bytes. */
static bool find_mnemonic(struct statement *s)
{
	static const char suffixes[] = "bwlq";
	const char *name = s->name.text;
	size_t length = strlen(name);
	const char *suffix = length ? strchr(suffixes, name[length - 1] | 32) : NULL;

	if (find_exactly(name, length, &s->mnemonic)) {
		s->att = s->mnemonic.att;
		return true;
	}
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

	if (!strncasecmp(token->text, "MOVNT", strlen("MOVNT"))) {
		mistake(reader->scanner.diagnostics, token->place,
			"%s is not read: non-temporal accesses pass others that x86-TSO keeps in order, so it cannot say "
			"what is allowed", token_name(token, name, sizeof name));
		return;
	}
	for (size_t i = 0; i < MNEMONICS; i++)
		nearest_try(&nearest, mnemonics[i].name);
	mistake(reader->scanner.diagnostics, token->place, "no instruction %s here%s%s%s",
		token_name(token, name, sizeof name), nearest.best ? "; did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
	mistake_note(reader->scanner.diagnostics, token->place,
		     "MOV LEA MFENCE LFENCE SFENCE XCHG, CMP TEST Jcc JMP CMOVcc SETcc MOVZX MOVSX, and with and without "
		     "LOCK XADD CMPXCHG INC DEC NEG NOT ADD SUB AND OR XOR");
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

static struct instruction *emit_set(struct reader *reader, const struct statement *s, int target,
				    int source)
{
	struct instruction *made = emit(reader, s, INSTRUCTION_SET);

	made->target = target;
	made->source = source;
	return made;
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

static bool make_extension(struct reader *reader, const struct statement *s, unsigned operands)
{
	struct statement narrow = *s;
	struct instruction *made;
	int source = s->operand[1].number;

	if (operands == OPERANDS(REGISTER, MEMORY)) {
		narrow.size = s->mnemonic.from;
		source = LITMUS_HIDDEN;
		emit_load(reader, &narrow, source);
	} else if (operands != OPERANDS(REGISTER, REGISTER)) {
		return false;
	}
	made = emit(reader, s, INSTRUCTION_EXTEND);
	made->target = s->operand[0].number;
	made->source = source;
	made->from = s->mnemonic.from;
	made->with_sign = s->mnemonic.with_sign;
	return true;
}

/* A byte of 0 that the condition makes 1; into memory with one store. */
static bool make_set_if(struct reader *reader, const struct statement *s, unsigned operands)
{
	bool memory = operands == OPERANDS(MEMORY, NONE);
	int target = memory ? LITMUS_HIDDEN : s->operand[0].number;

	if (!memory && operands != OPERANDS(REGISTER, NONE))
		return false;
	emit_set(reader, s, target, -1)->when = WHEN_ALWAYS;
	emit_set(reader, s, target, -1)->value = 1;
	if (memory)
		emit(reader, s, INSTRUCTION_STORE)->source = LITMUS_HIDDEN;
	return true;
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

/*
 * `lock addl $0,-4(%rsp)`, which compilers and the kernel write for MFENCE: what lies on the stack
 * is the thread's own, and nothing reads it. RSP with an address in it is a register like others.
 */
static bool on_stack(const struct reader *reader, const struct statement *s)
{
	const struct address *a = &s->operand[0].address;
	const struct litmus_thread *thread = &reader->test->thread[s->thread];
	bool written = thread->start[STACK] != 0;

	for (unsigned i = 0; i < thread->count; i++)
		written |= thread->instruction[i].target == STACK;
	return a->base == STACK && a->index < 0 && a->variable < 0 && !written;
}

static bool make_binary(struct reader *reader, const struct statement *s, unsigned operands)
{
	const struct operand *to = &s->operand[0], *from = &s->operand[1];

	switch (operands) {
	case OPERANDS(MEMORY, REGISTER):
	case OPERANDS(MEMORY, NUMBER):
		if (s->locked && on_stack(reader, s)) {
			emit(reader, s, INSTRUCTION_FENCE);
			return true;
		}
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
	case FAMILY_EXTEND:
		return make_extension(reader, s, operands);
	case FAMILY_SET_IF:
		return make_set_if(reader, s, operands);
	case FAMILY_LINE:
		return operands == OPERANDS(MEMORY, NONE);
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
		if (!s->att || s->operand[i].token.kind == TOKEN_NEAR) {
			operand_unknown(reader, &s->operand[i]);
			return false;
		}
		operand_settle(reader, &s->operand[i]);
	}
	return true;
}

/* Mnemonic or source say how many bytes are extended, the register to how many. false: told. */
static bool find_sizes(struct reader *reader, struct statement *s)
{
	const struct operand *to = &s->operand[0], *from = &s->operand[1];
	unsigned said = s->mnemonic.from;

	if (!s->mnemonic.from)
		s->mnemonic.from = from->size;
	if (!s->size)
		s->size = to->size;
	if (to->kind != OPERAND_REGISTER || from->kind == OPERAND_NUMBER)
		return true;            /* make_extension tells the forms */
	if (!s->mnemonic.from)
		mistake(reader->scanner.diagnostics, s->name.place,
			"nothing says how many bytes %.20s extends: BYTE PTR [x], or movzbl, would",
			s->name.text);
	else if ((said && from->size && said != from->size) || s->size != to->size)
		mistake(reader->scanner.diagnostics, s->name.place,
			"operands of %u and %u bytes, but %.20s is for others", to->size, from->size,
			s->name.text);
	else if (s->mnemonic.from >= s->size)
		mistake(reader->scanner.diagnostics, s->name.place,
			"%u bytes cannot be extended to %u", s->mnemonic.from, s->size);
	else
		return true;
	return false;
}

/* Suffix, registers and PTR say how many bytes; false: they disagree, which is told. */
static bool find_size(struct reader *reader, struct statement *s)
{
	if (s->size == 8 && !reader->test->wide)
		s->size = 4;
	if (s->mnemonic.family == FAMILY_EXTEND)
		return find_sizes(reader, s);
	if (s->mnemonic.family == FAMILY_SET_IF)
		s->size = 1;
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
