/* What the parts of the reader share. */
#ifndef LITMUS_READER_H
#define LITMUS_READER_H

#include "litmus/scanner.h"

/* A place in the code of a thread with a name, or a jump to one. */
struct label {
	struct token name;
	unsigned thread, number;        /* of the instruction */
};
struct labels {
	struct label *label;
	unsigned count;
};

/* A register that the initial values name. */
struct started {
	unsigned thread;
	int number;
	bool given;                     /* has a value, not only a type */
	struct place place;             /* of the first value, else of the first mention */
};

struct reader {
	struct scanner scanner;
	struct litmus *test;
	bool addresses;                 /* the test has addresses of variables among its values */
	struct labels labels, jumps;
	bool unsure;                    /* not all of the program was understood */
	size_t question;                /* where the text of the question begins */
	struct started *started;
	unsigned starteds;
};

/* `list` with room for one more element of that size behind its `count`; zeroed. */
void *list_grow(void *list, unsigned count, size_t size);

/* ---- names, numbers: reader.c ------------------------------------------------------------ */

/* Number of a variable; a new name makes a new variable. */
int reader_variable(struct reader *reader, const struct token *name);
/* Over `0:` or `P0:`, which begins with `token`, the one before the next; false: not there. */
bool reader_thread(struct reader *reader, const struct token *token, unsigned *thread);
/* Does it fit into that many bytes, signed or not? Else that is told. */
bool reader_fits(struct reader *reader, struct place place, int64_t value, unsigned size);
/* Is the next token where the part behind the program begins? */
bool reader_at_question(const struct reader *reader);
/* Thread number `thread` is there, with all before it. */
void reader_need_thread(struct reader *reader, unsigned thread);
/* A line Key=value: Verdict is ours, other keys are for other programs. `equals` is the text from
 * the '=' on, which stands at `place`. */
void reader_info(struct reader *reader, const char *key, size_t length, const char *equals,
		 struct place place);

/* ---- operands: operand.c ----------------------------------------------------------------- */

enum operand_kind { OPERAND_NONE, OPERAND_MEMORY, OPERAND_REGISTER, OPERAND_NUMBER };
enum syntax { SYNTAX_EITHER, SYNTAX_INTEL, SYNTAX_ATT };

struct operand {
	enum operand_kind kind;
	enum syntax syntax;             /* in which it is written */
	bool bare;                      /* a name alone: AT&T's way to write memory, or a label */
	struct token token;             /* its first one */
	int number;                     /* of a register */
	unsigned size;                  /* bytes; 0: it does not say */
	int64_t value;
	struct address address;
};

/* Its number, -1: none; and the bytes that name means. */
int register_find(const struct litmus *test, const char *name, unsigned *size);
bool operand_read(struct reader *reader, struct operand *operand);
/* Makes a bare name a variable in memory. */
void operand_settle(struct reader *reader, struct operand *operand);
/* A name that is neither: told. */
void operand_unknown(struct reader *reader, const struct operand *operand);

/* ---- parts ------------------------------------------------------------------------------- */

bool read_start_values(struct reader *reader);  /* values.c; false: what follows is not found */
void check_start_threads(struct reader *reader);        /* values.c: are they threads of the test? */
void read_program(struct reader *reader);       /* program.c */
void read_instruction(struct reader *reader, unsigned thread);  /* instruction.c */
void settle_sizes(struct reader *reader);       /* sizes.c */
void read_question(struct reader *reader);      /* question.c */

#endif
