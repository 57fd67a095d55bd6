/* Words, numbers and signs of a litmus test with their places. Included by the reader only. */
#ifndef LITMUS_SCANNER_H
#define LITMUS_SCANNER_H

#include "litmus/litmus.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct place place;
	char text[LITMUS_NAME];         /* signs: one character, or "/\" and "\/" */
	int32_t number;
};

struct scanner {
	struct diagnostics *diagnostics;
	struct place place;             /* of the next character */
	size_t at;                      /* its offset */
	struct token token;             /* the next one, once scan_next was called */
};

/* Over blanks and (* comments *); the next character, 0 at the end. */
char scan_blanks(struct scanner *scanner);
/* The rest of the line, without its end; cut to fit. */
void scan_line(struct scanner *scanner, char *text, size_t size);
/* Over one character. */
void scan_character(struct scanner *scanner);
void scan_next(struct scanner *scanner);

bool token_is(const struct token *token, const char *text);     /* this word or sign */
/* "'EAX'" or "the end of the file", for messages; the text is in buf. */
const char *token_name(const struct token *token, char *buf, size_t size);
/* Over that sign; false: another one is there, which is told. `after` says what it follows. */
bool scan_expect(struct scanner *scanner, const char *sign, const char *after);

#endif
