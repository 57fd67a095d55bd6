/*
 * Litmus tests: a few instructions per thread, and the question which outcomes are possible.
 *
 *	X86 SB                          architecture, name
 *	"store buffering"               a comment
 *	Verdict=Allowed                 what the author says of the question below
 *	{ x=0; y=0; }                   initial values; what is not named is 0
 *	 P0         | P1         ;
 *	 MOV [x],$1 | MOV [y],$1 ;
 *	 MOV EAX,[y]| MOV EAX,[x];
 *	exists (0:EAX=0 /\ 1:EAX=0)
 *
 * The format is that of herd7 and litmus7, X86 (Intel syntax) and X86_64 (AT&T as a rule). A text
 * becomes a test in steps, each a file:
 *
 *	scanner.c       characters to words, numbers, signs
 *	reader.c        header, info lines, the order of the parts
 *	values.c        initial values and their types
 *	program.c       columns, rows, labels
 *	operand.c       registers, numbers and memory, in both syntaxes
 *	instruction.c   mnemonics: what an instruction is made of
 *	question.c      locations, filter, condition; and what they say of an outcome
 *
 * compute.c says what instructions do to registers. oracle.c lists every outcome that x86-TSO (or
 * sequential consistency) allows, batch.c has the simulated machine run a test many times,
 * campaign.c spreads that over placements.
 */
#ifndef LITMUS_LITMUS_H
#define LITMUS_LITMUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiment/diagnostic.h"

/* Registers of a thread: the 16 of x86-64, one that no test can name, and the flags. */
enum { LITMUS_GENERAL = 16, LITMUS_HIDDEN = LITMUS_GENERAL, LITMUS_FLAGS, LITMUS_REGISTERS };

enum instruction_kind {
	INSTRUCTION_SET,                /* target = operand */
	INSTRUCTION_EXTEND,             /* target = the lowest `from` bytes of source, with zeros or
					   (`with_sign`) with their sign in front */
	INSTRUCTION_COMPUTE,            /* target = target operation operand; flags */
	INSTRUCTION_ADDRESS,            /* target = the address */
	INSTRUCTION_JUMP,               /* to instruction `jump`, if the flags say so */
	INSTRUCTION_LOAD,               /* target = [address]: here memory begins */
	INSTRUCTION_STORE,              /* [address] = operand */
	INSTRUCTION_FENCE,
	INSTRUCTION_EXCHANGE,           /* [address] = operand, target = what was there; locked */
	INSTRUCTION_UPDATE,             /* [address] = [address] operation operand; flags; target =
					   what was there */
	INSTRUCTION_COMPARE,            /* CMPXCHG: [address] == target (EAX) ? [address] = operand
					   : target = [address]; flags; locked */
};

enum operation {
	OPERATION_ADD, OPERATION_SUB, OPERATION_AND, OPERATION_OR, OPERATION_XOR,
	OPERATION_INC, OPERATION_DEC, OPERATION_NEG, OPERATION_NOT,
	OPERATION_CMP, OPERATION_TEST   /* as SUB and AND, for the flags alone */
};

/* When a jump is taken or a register moved; each is followed by its opposite. */
enum when {
	WHEN_ALWAYS, WHEN_NEVER,
	WHEN_EQUAL, WHEN_NOT_EQUAL,
	WHEN_LESS, WHEN_NOT_LESS, WHEN_LESS_EQUAL, WHEN_GREATER,        /* signed */
	WHEN_BELOW, WHEN_NOT_BELOW, WHEN_BELOW_EQUAL, WHEN_ABOVE,       /* unsigned */
	WHEN_SIGN, WHEN_NO_SIGN
};

/* variable + base + index * scale + offset; of `bytes` (4, 8) bytes. */
struct address {
	int variable, base, index;      /* -1: none */
	unsigned scale, bytes;
	int64_t offset;
};

struct instruction {
	enum instruction_kind kind;
	enum operation operation;       /* COMPUTE, UPDATE */
	enum when when;                 /* JUMP, SET */
	bool locked;
	unsigned size;                  /* bytes of the operands: 1, 2, 4, 8 */
	unsigned from;                  /* EXTEND: bytes of the source */
	bool with_sign;
	int target, source;             /* registers; -1: none, `value` is the operand */
	int64_t value;
	struct address address;
	unsigned jump;                  /* number of an instruction, or how many there are: the end */
	struct place place;
};

struct litmus_thread {
	struct instruction *instruction;
	unsigned count;
	int64_t start[LITMUS_REGISTERS];
	unsigned bytes[LITMUS_REGISTERS];       /* of a register, as declared or used; 0: unused */
};

struct litmus_variable {
	const char *name;
	int64_t start;
	unsigned size;                  /* bytes of every access to it */
	unsigned declared;              /* bytes of its type, at least `size`; 0: none was given */
	struct place place;             /* of its first mention, or of the access that set `size` */
	struct place start_place;       /* of its initial value */
};

/* A register of a thread, or (thread -1) a variable at the end. */
struct observed {
	int thread;
	int index;
	unsigned size;                  /* bytes: values are signed numbers of that size */
	const char *name;               /* as the test writes it */
};

enum condition_kind {
	CONDITION_TRUE, CONDITION_FALSE,
	CONDITION_EQUAL,                /* `observed` has the value */
	CONDITION_SAME,                 /* `observed` and observed `right` have the same */
	CONDITION_AND, CONDITION_OR, CONDITION_NOT
};

struct condition {
	enum condition_kind kind;
	unsigned left, right;           /* parts, by their number: smaller than the whole's */
	unsigned observed;
	int64_t value;
};

enum quantifier {
	QUANTIFIER_EXISTS, QUANTIFIER_NOT_EXISTS, QUANTIFIER_FORALL,
	QUANTIFIER_NONE                 /* locations alone: what can they be? */
};
enum verdict { VERDICT_NONE, VERDICT_ALLOWED, VERDICT_FORBIDDEN };

struct litmus {
	char *words;                    /* every word of the file, each with its '\0' */
	const char *name;
	bool wide;                      /* X86_64: 8-byte registers; else RAX is EAX */
	unsigned threads;
	struct litmus_thread *thread;
	unsigned variables;
	struct litmus_variable *variable;
	unsigned observeds;
	struct observed *observed;
	unsigned conditions;
	struct condition *condition;
	int question, filter;           /* whole conditions; filter -1: none */
	enum quantifier quantifier;
	enum verdict verdict;           /* of the question, by hand */
	struct place verdict_place;
	bool loops;                     /* a jump goes back */
};

/*
 * An outcome: one value per observed register and variable, `observeds` of them. Addresses of
 * variables are values like others: far from all numbers that tests use.
 */

/* NULL: mistakes were told. Places in the test live as long as the diagnostics. */
struct litmus *litmus_read(const char *path, struct diagnostics *diagnostics);
struct litmus *litmus_parse(const struct document *document, struct diagnostics *diagnostics);
void litmus_free(struct litmus *test);

/*
 * Is this outcome one that the question is about? exists, ~exists: one that fulfils the
 * condition; forall: one that breaks it; what the filter leaves out never is. A verdict says
 * whether there is such an outcome.
 */
bool litmus_asked(const struct litmus *test, const int64_t *outcome);
/* "0:EAX=0 1:EAX=1 x=2"; the caller frees it. */
char *litmus_outcome(const struct litmus *test, const int64_t *outcome);

/* The value as a signed number of that many bytes. */
int64_t litmus_extend(int64_t value, unsigned size);
/* What is observed of a register or variable that holds `value` at the end. */
int64_t litmus_observe(const struct litmus *test, const struct observed *observed, int64_t value);

#endif
