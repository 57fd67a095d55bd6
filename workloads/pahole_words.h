/*
 * The words, numbers, signs and comments of pahole's text, one after the other, each with its place;
 * and the mistakes told there. For the files of the reader alone.
 */
#ifndef WORKLOADS_PAHOLE_WORDS_H
#define WORKLOADS_PAHOLE_WORDS_H

#include "workloads/pahole.h"

enum token_kind {
	TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SIGN, TOKEN_STRING, TOKEN_COMMENT
};

struct token {
	enum token_kind kind;
	const char *start;
	size_t length;
	unsigned line, column;
};

struct reader {
	const char *at, *end, *line_start;
	unsigned line;
	struct token token;             /* the one that is looked at */
	pahole_tell *tell;
	void *to;
	unsigned told;
	bool cut;                       /* nothing behind this place can be read, which was told */
	size_t members;                 /* of all levels */
	uint64_t size;                  /* of the struct as a whole; 0: not told */
};

/* Looks at the next token. What no token begins with is told once and ends the text. */
void pahole_next(struct reader *reader);
__attribute__((format(printf, 3, 4))) void pahole_complain(struct reader *reader,
							   const struct token *token,
							   const char *format, ...);

bool token_is_sign(const struct token *token, char sign);
bool token_is_word(const struct token *token, const char *word);
bool token_is_one_of(const struct token *token, const char *const *words);     /* NULL ends them */

/* A letter, digit, '_' or '$'. */
bool pahole_in_word(char c);
/* A number, decimal or with 0x; UINT64_MAX: none, or beyond all sizes. */
uint64_t pahole_number(const char *text, size_t length);
/* As one line without comments, whatever it was: runs of blanks stay as they are printed. */
char *pahole_copy(const char *start, const char *end);

#endif
