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
 * reader.c reads this format of herd7 and litmus7 for the instructions that matter to memory
 * order, oracle.c lists every outcome that x86-TSO (or sequential consistency) allows, batch.c
 * has the simulated machine run a test many times, campaign.c spreads that over placements.
 */
#ifndef LITMUS_LITMUS_H
#define LITMUS_LITMUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiment/diagnostic.h"

enum {
	LITMUS_THREADS = 4,
	LITMUS_INSTRUCTIONS = 12,       /* of one thread */
	LITMUS_VARIABLES = 8,
	LITMUS_REGISTERS = 14,
	LITMUS_OBSERVED = 16,           /* registers and variables that make an outcome */
	LITMUS_CONDITIONS = 64,         /* parts of the question */
	LITMUS_NAME = 64,               /* bytes of a name */
};

/* What an instruction does; `operand` is a register's or its own value. */
enum instruction_kind {
	INSTRUCTION_SET,                /* target = operand */
	INSTRUCTION_LOAD,               /* target = [variable] */
	INSTRUCTION_STORE,              /* [variable] = operand */
	INSTRUCTION_FENCE,
	INSTRUCTION_EXCHANGE,           /* [variable] = operand, target = what was there; locked */
	INSTRUCTION_ADD,                /* [variable] += operand, target = what was there */
	INSTRUCTION_COMPARE,            /* CMPXCHG: [variable] == EAX ? [variable] = operand
					   : EAX = [variable]; locked */
};

struct instruction {
	enum instruction_kind kind;
	bool locked;
	int target, source;             /* registers; -1: none, `value` is the operand */
	int variable;
	int32_t value;
};

struct litmus_thread {
	struct instruction instruction[LITMUS_INSTRUCTIONS];
	unsigned count;
	int32_t start[LITMUS_REGISTERS];
};

struct litmus_variable {
	char name[LITMUS_NAME];
	int32_t start;
};

/* A register of a thread, or (thread -1) a variable at the end. */
struct observed {
	int thread;
	int index;
};

enum condition_kind { CONDITION_TRUE, CONDITION_EQUAL, CONDITION_AND, CONDITION_OR, CONDITION_NOT };

struct condition {
	enum condition_kind kind;
	int left, right;                /* parts, by their number */
	unsigned observed;              /* EQUAL: which, and to what */
	int32_t value;
};

enum quantifier { QUANTIFIER_EXISTS, QUANTIFIER_NOT_EXISTS, QUANTIFIER_FORALL };
enum verdict { VERDICT_NONE, VERDICT_ALLOWED, VERDICT_FORBIDDEN };

struct litmus {
	char name[LITMUS_NAME];
	unsigned threads;
	struct litmus_thread thread[LITMUS_THREADS];
	unsigned variables;
	struct litmus_variable variable[LITMUS_VARIABLES];
	unsigned observeds;
	struct observed observed[LITMUS_OBSERVED];
	unsigned conditions;
	struct condition condition[LITMUS_CONDITIONS];
	int question;                   /* the whole condition */
	enum quantifier quantifier;
	enum verdict verdict;           /* of the question, by hand */
	struct place verdict_place;
};

/* One value per observed register and variable. */
struct outcome_values {
	int32_t value[LITMUS_OBSERVED];
};

/* NULL: mistakes were told. The caller frees the test. */
struct litmus *litmus_read(const char *path, struct diagnostics *diagnostics);
struct litmus *litmus_parse(const struct document *document, struct diagnostics *diagnostics);

/*
 * Is this outcome one that the question is about? exists, ~exists: one that fulfils the
 * condition; forall: one that breaks it. A verdict says whether there is such an outcome.
 */
bool litmus_asked(const struct litmus *test, const struct outcome_values *values);
/* "0:EAX=0 1:EAX=1 x=2"; the text is in buf. */
const char *litmus_outcome(const struct litmus *test, const struct outcome_values *values,
			   char *buf, size_t size);
const char *litmus_register(int number);        /* "EAX" */
/* Its number, -1: none. RAX is EAX: values have 32 bits. */
int litmus_register_find(const char *name);

#endif
