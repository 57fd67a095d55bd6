/* The scanner: characters to words, numbers and signs. */
#include "litmus/scanner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static char character(const struct scanner *scanner, size_t ahead)
{
	const struct document *source = scanner->place.source;

	return scanner->at + ahead < source->length ? source->text[scanner->at + ahead] : '\0';
}

void scan_character(struct scanner *scanner)
{
	unsigned char c = (unsigned char)character(scanner, 0);

	if (scanner->at >= scanner->place.source->length)
		return;
	scanner->at++;
	if (c == '\n') {
		scanner->place.line++;
		scanner->place.column = 1;
	} else if (((unsigned char)character(scanner, 0) & 0xc0) != 0x80) {
		scanner->place.column++;        /* the next byte begins a character */
	}
}

static void skip_comment(struct scanner *scanner)
{
	struct place begin = scanner->place;

	scan_character(scanner);
	scan_character(scanner);
	while (scanner->at < begin.source->length) {
		if (character(scanner, 0) == '*' && character(scanner, 1) == ')') {
			scan_character(scanner);
			scan_character(scanner);
			return;
		}
		scan_character(scanner);
	}
	mistake(scanner->diagnostics, begin, "this comment has no end '*)'");
}

char scan_blanks(struct scanner *scanner)
{
	for (;;) {
		char c = character(scanner, 0);

		if (c && isspace((unsigned char)c))
			scan_character(scanner);
		else if (c == '(' && character(scanner, 1) == '*')
			skip_comment(scanner);
		else
			return c;
	}
}

void scan_line(struct scanner *scanner, char *text, size_t size)
{
	size_t length = 0;

	while (scanner->at < scanner->place.source->length && character(scanner, 0) != '\n') {
		if (length + 1 < size)
			text[length++] = character(scanner, 0);
		scan_character(scanner);
	}
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
}

static bool in_word(char c)
{
	return c && (isalnum((unsigned char)c) || c == '_' || c == '.');
}

/* Letters and digits, as far as they go; what does not fit is cut. */
static void take_word(struct scanner *scanner, struct token *token)
{
	size_t length = 0;

	while (in_word(character(scanner, 0))) {
		if (length + 1 < sizeof token->text)
			token->text[length++] = character(scanner, 0);
		scan_character(scanner);
	}
	token->text[length] = '\0';
}

static void take_number(struct scanner *scanner, struct token *token)
{
	bool negative = character(scanner, 0) == '-';
	int64_t number = 0;

	token->kind = TOKEN_NUMBER;
	if (negative)
		scan_character(scanner);
	take_word(scanner, token);
	for (const char *digit = token->text; *digit; digit++) {
		if (!isdigit((unsigned char)*digit)) {
			mistake(scanner->diagnostics, token->place,
				"'%s' is no decimal number", token->text);
			return;
		}
		number = number * 10 + (*digit - '0');
		if (number > (int64_t)INT32_MAX + negative) {
			mistake(scanner->diagnostics, token->place,
				"'%s' does not fit: values have 32 bits, %d to %d", token->text,
				INT32_MIN, INT32_MAX);
			return;
		}
	}
	token->number = (int32_t)(negative ? -number : number);
}

static void take_sign(struct scanner *scanner, struct token *token)
{
	char c = character(scanner, 0), next = character(scanner, 1);
	bool two = (c == '/' && next == '\\') || (c == '\\' && next == '/');

	token->kind = TOKEN_SIGN;
	token->text[0] = c;
	token->text[1] = two ? next : '\0';
	token->text[2] = '\0';
	scan_character(scanner);
	if (two)
		scan_character(scanner);
}

void scan_next(struct scanner *scanner)
{
	struct token *token = &scanner->token;
	char c = scan_blanks(scanner);

	*token = (struct token){ .place = scanner->place };
	if (scanner->at >= scanner->place.source->length)
		token->kind = TOKEN_END;
	else if (isdigit((unsigned char)c) ||
		 (c == '-' && isdigit((unsigned char)character(scanner, 1))))
		take_number(scanner, token);
	else if (in_word(c)) {
		token->kind = TOKEN_WORD;
		take_word(scanner, token);
	} else {
		take_sign(scanner, token);
	}
}

bool token_is(const struct token *token, const char *text)
{
	return (token->kind == TOKEN_WORD || token->kind == TOKEN_SIGN) &&
	       !strcmp(token->text, text);
}

const char *token_name(const struct token *token, char *buf, size_t size)
{
	unsigned char first = (unsigned char)*token->text;

	if (token->kind == TOKEN_END)
		snprintf(buf, size, "the end of the file");
	else if (token->kind == TOKEN_SIGN && (first < ' ' || first > '~'))
		snprintf(buf, size, "the byte 0x%02x", first);
	else
		snprintf(buf, size, "'%s'", token->text);
	return buf;
}

bool scan_expect(struct scanner *scanner, const char *sign, const char *after)
{
	char name[LITMUS_NAME + 2];

	if (token_is(&scanner->token, sign)) {
		scan_next(scanner);
		return true;
	}
	mistake(scanner->diagnostics, scanner->token.place, "'%s' is missing after %s, before %s",
		sign, after, token_name(&scanner->token, name, sizeof name));
	return false;
}
