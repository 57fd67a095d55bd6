/* The scanner: characters to words, numbers and signs. */
#include "litmus/scanner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

size_t scanner_room(size_t length)
{
	return 2 * length + 2;          /* a word of one character takes two bytes */
}

static char character(const struct scanner *scanner, size_t ahead)
{
	const struct document *source = scanner->place.source;

	return scanner->at + ahead < source->length ? source->text[scanner->at + ahead] : '\0';
}

static bool at_pair(const struct scanner *scanner, const char *pair)
{
	return character(scanner, 0) == pair[0] && character(scanner, 1) == pair[1];
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
	size_t depth = 0;

	while (scanner->at < begin.source->length) {
		if (at_pair(scanner, "(*")) {
			depth++;
			scan_character(scanner);
		} else if (at_pair(scanner, "*)")) {
			depth--;
			scan_character(scanner);
		}
		scan_character(scanner);
		if (!depth)
			return;
	}
	mistake(scanner->diagnostics, begin, "this comment has no end '*)'");
}

static void skip_line(struct scanner *scanner)
{
	while (scanner->at < scanner->place.source->length && character(scanner, 0) != '\n')
		scan_character(scanner);
}

char scan_blanks(struct scanner *scanner)
{
	for (;;) {
		char c = character(scanner, 0);

		if (c && isspace((unsigned char)c))
			scan_character(scanner);
		else if (at_pair(scanner, "(*"))
			skip_comment(scanner);
		else if (c == '#' || at_pair(scanner, "//"))
			skip_line(scanner);
		else
			return c;
	}
}

static char *take_room(struct scanner *scanner, const char *text, size_t length)
{
	char *word = scanner->room;

	memcpy(word, text, length);
	word[length] = '\0';
	scanner->room += length + 1;
	return word;
}

char *scan_line(struct scanner *scanner)
{
	const char *text;
	size_t begin, end;

	while (character(scanner, 0) == ' ' || character(scanner, 0) == '\t')
		scan_character(scanner);
	begin = scanner->at;
	skip_line(scanner);
	text = scanner->place.source->text;
	for (end = scanner->at; end > begin && isspace((unsigned char)text[end - 1]); end--)
		continue;
	return take_room(scanner, text + begin, end - begin);
}

static bool in_word(char c)
{
	return c && (isalnum((unsigned char)c) || c == '_' || c == '.');
}

/* Letters and digits, as far as they go. */
static void take_word(struct scanner *scanner, struct token *token)
{
	size_t begin = scanner->at;

	while (in_word(character(scanner, 0)))
		scan_character(scanner);
	token->text = take_room(scanner, scanner->place.source->text + begin, scanner->at - begin);
}

static int digit_of(char c, unsigned base)
{
	int digit = isdigit((unsigned char)c)	 ? c - '0'
		    : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
						 : -1;

	return digit < (int)base ? digit : -1;
}

/* Decimal, or hexadecimal behind 0x. false: it is no number, or too large, which is told. */
static bool value_of(struct scanner *scanner, struct token *token, bool negative)
{
	const char *at = token->text;
	uint64_t number = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
	unsigned base = at[0] == '0' && (at[1] | 32) == 'x' ? 16 : 10;
	char name[NAME_SHOWN];

	at += base == 16 ? 2 : 0;
	do {
		int digit = digit_of(*at, base);

		if (digit < 0) {
			mistake(scanner->diagnostics, token->place,
				"%s is no decimal or hexadecimal number",
				token_name(token, name, sizeof name));
			return false;
		}
		if (number > (limit - (unsigned)digit) / base) {
			mistake(scanner->diagnostics, token->place,
				"%s does not fit into 64 bits",
				token_name(token, name, sizeof name));
			return false;
		}
		number = number * base + (unsigned)digit;
	} while (*++at);
	token->number = (int64_t)(negative ? -number : number);
	return true;
}

/* 1b, 12f: where a jump goes. No 0x1b, and nothing else that could be a number. */
static bool is_near(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	return digits && (word[digits] == 'b' || word[digits] == 'f') && !word[digits + 1];
}

static void take_number(struct scanner *scanner, struct token *token)
{
	bool negative = character(scanner, 0) == '-';

	token->kind = TOKEN_NUMBER;
	if (negative)
		scan_character(scanner);
	take_word(scanner, token);
	if (!negative && is_near(token->text))
		token->kind = TOKEN_NEAR;
	else
		value_of(scanner, token, negative);
}

static void take_sign(struct scanner *scanner, struct token *token)
{
	static const char *const pairs[] = { "/\\", "\\/", "<>", "!=", "=>", "==", "<<", ">>" };
	size_t begin = scanner->at, length = 1;

	token->kind = TOKEN_SIGN;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (at_pair(scanner, pairs[i]))
			length = 2;
	for (size_t i = 0; i < length; i++)
		scan_character(scanner);
	token->text = take_room(scanner, scanner->place.source->text + begin, length);
}

void scan_next(struct scanner *scanner)
{
	struct token *token = &scanner->token;
	char c = scan_blanks(scanner);

	*token = (struct token){ .place = scanner->place, .text = "" };
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
	int most = (int)size - 6;       /* quotes, dots, '\0' */

	if (token->kind == TOKEN_END)
		snprintf(buf, size, "the end of the file");
	else if (token->kind == TOKEN_SIGN && (first < ' ' || first > '~'))
		snprintf(buf, size, "the byte 0x%02x", first);
	else
		snprintf(buf, size, "'%.*s%s'", most, token->text,
			 strlen(token->text) > (size_t)most ? "..." : "");
	return buf;
}

bool scan_take(struct scanner *scanner, const char *sign)
{
	bool there = token_is(&scanner->token, sign);

	if (there)
		scan_next(scanner);
	return there;
}

bool scan_expect(struct scanner *scanner, const char *sign, const char *after)
{
	char name[NAME_SHOWN];

	if (scan_take(scanner, sign))
		return true;
	mistake(scanner->diagnostics, scanner->token.place, "'%s' is missing after %s, before %s",
		sign, after, token_name(&scanner->token, name, sizeof name));
	return false;
}
