/* What the parts of the reader share. */
#ifndef LITMUS_READER_H
#define LITMUS_READER_H

#include "litmus/scanner.h"

struct reader {
	struct scanner scanner;
	struct litmus *test;
};

/* Number of a variable; a new name makes a new variable. -1: no room for more, which is told. */
int reader_variable(struct reader *reader, const struct token *name);
/* Is the next token where the part behind the program begins? */
bool reader_at_question(const struct reader *reader);

void read_program(struct reader *reader);       /* program.c */
void read_question(struct reader *reader);      /* question.c */

#endif
