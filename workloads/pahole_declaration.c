/* See pahole_declaration.h. */
#include "workloads/pahole_declaration.h"

#include <string.h>

static void take(struct declaration *declaration, const struct token *token)
{
	if (declaration->count < DECLARATION_TOKENS_MAX)
		declaration->token[declaration->count++] = *token;
	else
		declaration->cut = true;
}

bool pahole_skip_nested(struct reader *reader, char open, char close)
{
	unsigned depth = 1;

	while (depth) {
		if (reader->token.kind == TOKEN_END)
			return false;
		if (token_is_sign(&reader->token, open))
			depth++;
		if (token_is_sign(&reader->token, close))
			depth--;
		pahole_next(reader);
	}
	return true;
}

static bool is_attribute(const struct token *token)
{
	return token_is_word(token, "__attribute__") || token_is_word(token, "alignas") ||
	       token_is_word(token, "_Alignas");
}

/* "__attribute__((__aligned__(8)))", "_Alignas(8)": the alignment it asks for, 0: none. It is
 * passed up to its last parenthesis; false: it has no such form. */
static bool pass_attribute(struct reader *reader, uint64_t *align, bool *packed)
{
	bool aligned = !token_is_word(&reader->token, "__attribute__");
	unsigned depth = 0;

	*align = 0;
	*packed = false;
	do {
		pahole_next(reader);
		if (reader->token.kind == TOKEN_END || token_is_sign(&reader->token, ';') ||
		    token_is_sign(&reader->token, '{') || token_is_sign(&reader->token, '}'))
			return false;
		depth += token_is_sign(&reader->token, '(');
		depth -= token_is_sign(&reader->token, ')');
		if (!depth)
			return token_is_sign(&reader->token, ')');
		if (token_is_word(&reader->token, "__aligned__") ||
		    token_is_word(&reader->token, "aligned"))
			aligned = true;
		if (token_is_word(&reader->token, "__packed__") ||
		    token_is_word(&reader->token, "packed"))
			*packed = true;
		if (aligned && reader->token.kind == TOKEN_NUMBER) {
			*align = pahole_number(reader->token.start, reader->token.length);
			aligned = false;
		}
	} while (depth);
	return true;
}

static void take_attribute(struct reader *reader, struct declaration *declaration)
{
	struct token first = reader->token;
	uint64_t align;
	bool packed;

	if (!pass_attribute(reader, &align, &packed)) {
		pahole_complain(reader, &first,
				"'%.*s' without what it says in parentheses, like "
				"__attribute__((__aligned__(8)))",
				(int)first.length, first.start);
		return;
	}
	pahole_next(reader);
	declaration->packed |= packed;
	if (align > declaration->align)
		declaration->align = align;
}

void declaration_read(struct reader *reader, struct declaration *declaration)
{
	while (reader->token.kind != TOKEN_END && !token_is_sign(&reader->token, ';') &&
	       !token_is_sign(&reader->token, '}') && !token_is_sign(&reader->token, '{')) {
		if (is_attribute(&reader->token)) {
			take_attribute(reader, declaration);
			continue;
		}
		if (reader->token.kind != TOKEN_COMMENT)
			take(declaration, &reader->token);
		pahole_next(reader);
	}
}

bool declaration_has_word(const struct declaration *declaration, const char *word)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		if (token_is_word(&declaration->token[i], word))
			return true;
	}
	return false;
}

bool declaration_pass_enum(struct reader *reader, struct declaration *declaration)
{
	static const char type[] = "int";
	struct token *token = declaration->token;

	while (!token_is_word(token, "enum"))
		token++;
	token->start = type;
	token->length = strlen(type);
	declaration->count = (unsigned)(token - declaration->token) + 1;
	return pahole_skip_nested(reader, '{', '}');
}

/* Behind the name at `at`: "::NAME" or "<...>", as C++ and Rust have them; how many tokens. */
static unsigned part_of_name(const struct declaration *declaration, unsigned at)
{
	const struct token *token = &declaration->token[at];
	unsigned left = declaration->count - at, depth = 0;

	if (left > 2 && token_is_sign(token, ':') && token_is_sign(token + 1, ':') &&
	    token[2].kind == TOKEN_WORD)
		return 3;
	for (unsigned i = 0; i < left && token_is_sign(token, '<'); i++) {
		depth += token_is_sign(&token[i], '<');
		depth -= token_is_sign(&token[i], '>');
		if (!depth)
			return i + 1;
	}
	return 0;
}

void declaration_join_names(struct declaration *declaration)
{
	unsigned kept = 0;

	for (unsigned i = 0, part; i < declaration->count; i++) {
		struct token *name = &declaration->token[kept++];

		*name = declaration->token[i];
		/* "int" may stand for an enum, and not where the next word stands */
		if (name->kind != TOKEN_WORD || token_is_word(name, "int"))
			continue;
		while ((part = part_of_name(declaration, i + 1))) {
			i += part;
			name->length = (size_t)(declaration->token[i].start +
						declaration->token[i].length - name->start);
		}
	}
	declaration->count = kept;
}

/* Signs that a member's declaration may have: pointers, arrays, functions, bits, attributes. */
static const char declaration_signs[] = "*[](),:.<>&";

bool declaration_check_signs(struct reader *reader, const struct declaration *declaration)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		const struct token *token = &declaration->token[i];

		if (token->kind != TOKEN_SIGN || strchr(declaration_signs, *token->start))
			continue;
		pahole_complain(reader, token, "'%c' has no place in the declaration of a member",
				*token->start);
		return false;
	}
	return true;
}

bool declaration_has_sign(const struct declaration *declaration, char sign)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		if (token_is_sign(&declaration->token[i], sign))
			return true;
	}
	return false;
}
