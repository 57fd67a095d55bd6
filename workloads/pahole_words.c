/* See pahole_words.h. */
#include "workloads/pahole_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

void pahole_complain(struct reader *reader, const struct token *token, const char *format, ...)
{
	char text[400];
	va_list arguments;

	if (reader->cut || reader->told++ >= PAHOLE_MISTAKES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	reader->tell(reader->to, token->line, token->column, text);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool pahole_in_word(char c)
{
	return is_letter(c) || is_digit(c);
}

static void skip_blanks(struct reader *reader)
{
	for (; reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at;
	     reader->at++) {
		if (*reader->at == '\n') {
			reader->line++;
			reader->line_start = reader->at + 1;
		}
	}
}

static void scan_comment(struct reader *reader, struct token *token)
{
	token->kind = TOKEN_COMMENT;
	for (reader->at += 2;; reader->at++) {
		if (reader->at + 1 >= reader->end) {
			pahole_complain(reader, token, "a comment that nothing ends");
			reader->cut = true;
			reader->at = reader->end;
			break;
		}
		if (reader->at[0] == '*' && reader->at[1] == '/') {
			reader->at += 2;
			break;
		}
		if (*reader->at == '\n') {
			reader->line++;
			reader->line_start = reader->at + 1;
		}
	}
}

/* A string, which ends in its line and has nothing that a terminal would not show. */
static void scan_string(struct reader *reader, struct token *token)
{
	token->kind = TOKEN_STRING;
	for (reader->at++; reader->at < reader->end && *reader->at != '"'; reader->at++) {
		if (*reader->at < ' ' || *reader->at > '~')
			break;
	}
	if (reader->at < reader->end && *reader->at == '"') {
		reader->at++;
		return;
	}
	pahole_complain(reader, token, "a string that nothing ends in its line");
	reader->cut = true;
	reader->at = reader->end;
}

void pahole_next(struct reader *reader)
{
	struct token *token = &reader->token;

	skip_blanks(reader);
	*token = (struct token){
		.start = reader->at,
		.line = reader->line,
		.column = (unsigned)(reader->at - reader->line_start) + 1,
	};
	if (reader->at == reader->end)
		return;
	if (reader->at + 1 < reader->end && reader->at[0] == '/' && reader->at[1] == '*') {
		scan_comment(reader, token);
	} else if (pahole_in_word(*reader->at)) {
		token->kind = is_digit(*reader->at) ? TOKEN_NUMBER : TOKEN_WORD;
		while (reader->at < reader->end && pahole_in_word(*reader->at))
			reader->at++;
	} else if (*reader->at == '"') {
		scan_string(reader, token);
	} else if (strchr("{}()[];:,*=-+.<>&|~?!/'#@%", *reader->at) && *reader->at) {
		token->kind = TOKEN_SIGN;
		reader->at++;
	} else {
		pahole_complain(
			reader, token,
			(unsigned char)*reader->at < ' ' || *reader->at == 127
				? "a control character (byte 0x%02x): this is no text of pahole"
				: "byte 0x%02x begins nothing in C",
			(unsigned char)*reader->at);
		reader->cut = true;
		reader->at = reader->end;
	}
	token->length = (size_t)(reader->at - token->start);
}

bool token_is_sign(const struct token *token, char sign)
{
	return token->kind == TOKEN_SIGN && *token->start == sign;
}

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->length == strlen(word) &&
	       !memcmp(token->start, word, token->length);
}

bool token_is_one_of(const struct token *token, const char *const *words)
{
	for (; *words; words++) {
		if (token_is_word(token, *words))
			return true;
	}
	return false;
}

uint64_t pahole_number(const char *text, size_t length)
{
	uint64_t value = 0;
	unsigned base = 10;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	}
	if (!length)
		return UINT64_MAX;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned digit = is_digit(text[i])                    ? c - '0'
				 : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
								      : 99;

		if (digit >= base || value > UINT32_MAX)
			return UINT64_MAX;
		value = value * base + digit;
	}
	return value;
}

char *pahole_copy(const char *start, const char *end)
{
	char *text = xalloc((size_t)(end - start) + 1);
	size_t length = 0;
	bool string = false;

	for (const char *c = start; c < end; c++) {
		if (!string && end - c > 3 && c[0] == '/' && c[1] == '*') {
			const char *closing = memmem(c + 2, (size_t)(end - c - 2), "*/", 2);

			/* words on both sides of it stay two */
			c = closing ? closing + 1 : end - 1;
			if (length && text[length - 1] != ' ')
				text[length++] = ' ';
			continue;
		}
		string ^= *c == '"';
		/* blanks at the start stood round a comment */
		if (length || !strchr(" \t\r\n", *c))
			text[length++] = strchr("\t\r\n", *c) ? ' ' : *c;
	}
	/* and those at the end */
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	return text;
}
