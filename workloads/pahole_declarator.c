/* See pahole_declarator.h. */
#include "workloads/pahole_declarator.h"

#include <stdlib.h>
#include <string.h>

/* Array suffixes in front of token `end`: their product, 0: one has no length. `end` is where they
 * begin. */
static uint64_t dimensions(const struct declaration *declaration, unsigned *end)
{
	const struct token *token = declaration->token;
	uint64_t elements = 1;

	while (*end > 1 && token_is_sign(&token[*end - 1], ']')) {
		bool sized = token[*end - 2].kind == TOKEN_NUMBER;
		unsigned open = *end - 2 - sized;
		uint64_t length = 0;

		if (*end < 2u + sized || !token_is_sign(&token[open], '['))
			break;
		if (sized)
			length = pahole_number(token[*end - 2].start, token[*end - 2].length);
		elements = length && elements <= OUTLINE_BYTES_MAX / length ? elements * length : 0;
		*end = open;
	}
	return elements;
}

/* The bits of a bit-field, taken off; UINT64_MAX: it is none. */
static uint64_t take_bits(struct declaration *declaration)
{
	unsigned count = declaration->count;

	if (count < 2 || !token_is_sign(&declaration->token[count - 2], ':') ||
	    declaration->token[count - 1].kind != TOKEN_NUMBER)
		return UINT64_MAX;
	declaration->count -= 2;
	return pahole_number(declaration->token[count - 1].start,
			     declaration->token[count - 1].length);
}

static const char *const qualifiers[] = { "const", "volatile", "restrict", "_Atomic", NULL };
static const char *const builtin[] = { "void",  "char",     "short",    "int",      "long",
				       "float", "double",   "signed",   "unsigned", "bool",
				       "_Bool", "_Complex", "__int128", NULL };
static const char *const tagged[] = { "struct", "union", "enum", NULL };

/* What stands in front of a member's name: one type, its qualifiers and stars. */
struct specifiers {
	unsigned types;
	const struct token *second;     /* the word that makes two types of it */
	const struct token *wrong;      /* what has no place there */
};

static void add_type(struct specifiers *found, const struct token *token)
{
	if (found->types++ && !found->second)
		found->second = token;
}

/* Words like __u32 and __rcu are types or say more of one. */
static bool is_reserved(const struct token *token)
{
	return token->length > 2 && token->start[0] == '_' && token->start[1] == '_';
}

static struct specifiers specifiers_of(const struct declaration *declaration, unsigned end)
{
	struct specifiers found = { 0, NULL, NULL };
	bool reserved = false, words = false;   /* words: of one type, like "long unsigned int" */

	for (unsigned i = 0; i < end; i++) {
		const struct token *token = &declaration->token[i];
		bool tag = token_is_one_of(token, tagged) ||
			   (token_is_word(token, "class") && i + 1 < end);

		if (token_is_sign(token, '*') || token_is_sign(token, '&') ||
		    token_is_one_of(token, qualifiers))
			continue;
		if (tag && i + 1 == end)        /* and the name would be its tag */
			return (struct specifiers){ 0, NULL, NULL };
		if (token->kind != TOKEN_WORD || (tag && token[1].kind != TOKEN_WORD)) {
			found.wrong = token;
			return found;
		}
		if (is_reserved(token) && !token_is_one_of(token, builtin)) {
			reserved = true;
			continue;
		}
		if (!words || !token_is_one_of(token, builtin))
			add_type(&found, token);
		words = token_is_one_of(token, builtin);
		i += tag;
	}
	if (!found.types && reserved)
		found.types = 1;
	return found;
}

/* The name in a pointer to a function, or to an array: behind "(*"; the declaration's count: it is
 * none. */
static unsigned pointer_name(const struct declaration *declaration)
{
	for (unsigned i = 0; i + 2 < declaration->count; i++) {
		unsigned at = i + 2;

		if (!token_is_sign(&declaration->token[i], '(') ||
		    !token_is_sign(&declaration->token[i + 1], '*'))
			continue;
		while (at < declaration->count &&
		       (token_is_one_of(&declaration->token[at], qualifiers) ||
			token_is_sign(&declaration->token[at], '*')))
			at++;
		if (at < declaration->count && declaration->token[at].kind == TOKEN_WORD)
			return at;
	}
	return declaration->count;
}

/* NULL: each parenthesis and bracket has its other one. */
static const struct token *unbalanced(const struct declaration *declaration)
{
	const struct token *open[OUTLINE_DEPTH_MAX];
	unsigned depth = 0;

	for (unsigned i = 0; i < declaration->count; i++) {
		const struct token *token = &declaration->token[i];

		if (token_is_sign(token, '(') || token_is_sign(token, '[')) {
			if (depth == OUTLINE_DEPTH_MAX)
				return token;
			open[depth++] = token;
		}
		if (token_is_sign(token, ')') || token_is_sign(token, ']')) {
			if (!depth || *open[depth - 1]->start != (*token->start == ')' ? '(' : '['))
				return token;
			depth--;
		}
	}
	return depth ? open[depth - 1] : NULL;
}

/* Of a name that was joined, its first part. */
static int plain_length(const struct token *token)
{
	int length = 0;

	while ((size_t)length < token->length && length < 40 &&
	       (!length || pahole_in_word(token->start[length])))
		length++;
	return length;
}

static void tell_no_place(struct reader *reader, const struct token *token)
{
	if (token_is_sign(token, ':'))
		pahole_complain(reader, token,
				"':' stands in front of the width of a bit-field, a number: "
				"unsigned int NAME:3");
	else
		pahole_complain(reader, token, "'%.*s' has no place in the declaration of a member",
				plain_length(token), token->start);
}

/* The tokens in front of a name, or of the first parenthesis; false: told. */
static bool read_type(struct reader *reader, const struct declaration *declaration, unsigned end,
		      const struct token *name, bool nested)
{
	struct specifiers found = specifiers_of(declaration, end);
	const struct token *second = found.second ? found.second : &declaration->token[0];
	unsigned types = nested ? 0 : 1;

	if (found.wrong)
		tell_no_place(reader, found.wrong);
	else if (found.types > types)
		pahole_complain(
			reader, second,
			"'%.*s' is one word too many in front of '%.*s': pahole prints a type and a name",
			plain_length(second), second->start, plain_length(name), name->start);
	else if (found.types < types)
		pahole_complain(reader, &declaration->token[0],
				"a declaration without the name of a member");
	else
		return true;
	return false;
}

/* The name of a pointer to a function or an array, and how many of them; NULL: told. */
static const struct token *read_pointer(struct reader *reader,
					const struct declaration *declaration, unsigned name,
					uint64_t *elements)
{
	const struct token *token = declaration->token, *wrong = unbalanced(declaration);
	unsigned end = name + 1, open = 0;

	for (unsigned i = 0; i < declaration->count && !wrong; i++)
		wrong = token_is_sign(&token[i], ':') ? &token[i] : NULL;
	if (!wrong && !token_is_sign(&token[declaration->count - 1], ')') &&
	    !token_is_sign(&token[declaration->count - 1], ']'))
		wrong = &token[declaration->count - 1];
	if (wrong) {
		tell_no_place(reader, wrong);
		return NULL;
	}
	while (!token_is_sign(&token[open], '('))
		open++;
	/* the length of an array of them stands behind the name, inside */
	while (!token_is_sign(&token[end], ')') && !token_is_sign(&token[end], '('))
		end++;
	*elements = dimensions(declaration, &end);
	return read_type(reader, declaration, open, &token[name], false) ? &token[name] : NULL;
}

static bool is_keyword(const struct token *token)
{
	return token_is_one_of(token, builtin) || token_is_one_of(token, tagged) ||
	       token_is_one_of(token, qualifiers);
}

/* The name of any other member; NULL: told. */
static const struct token *read_name(struct reader *reader, const struct declaration *declaration,
				     bool nested)
{
	const struct token *name = &declaration->token[declaration->count - 1];

	if (name->kind != TOKEN_WORD) {
		tell_no_place(reader, name);
		return NULL;
	}
	if (is_keyword(name)) {
		pahole_complain(reader, &declaration->token[0],
				"a declaration without the name of a member");
		return NULL;
	}
	return read_type(reader, declaration, declaration->count - 1, name, nested) ? name : NULL;
}

static void set_name(struct reader *reader, const struct token *name, struct outline_member *member)
{
	if ((size_t)plain_length(name) < name->length && name->length <= 40) {
		pahole_complain(reader, name, "'%.*s' with what stands behind it is no name in C",
				plain_length(name), name->start);
	} else if (name->length >= OUTLINE_NAME_BYTES) {
		pahole_complain(reader, name, "the name of a member has at most %d letters",
				OUTLINE_NAME_BYTES - 1);
	} else {
		free(member->name);
		member->name = pahole_copy(name->start, name->start + name->length);
	}
}

bool declarator_read(struct reader *reader, struct declaration *declaration,
		     const struct token *start, struct outline_member *member, bool nested)
{
	const struct token *name, first = declaration->count ? declaration->token[0] : *start;
	uint64_t bits = take_bits(declaration);
	unsigned pointer = nested ? declaration->count : pointer_name(declaration);
	bool plain = pointer == declaration->count && !nested;

	if (plain || nested)
		member->elements = dimensions(declaration, &declaration->count);
	if (!declaration->count && nested && member->elements == 1 && bits == UINT64_MAX)
		return true;            /* a struct or union without a name */
	if (!declaration->count) {
		pahole_complain(reader, &first, "a declaration without the name of a member");
		return false;
	}
	name = plain || nested ? read_name(reader, declaration, nested)
			       : read_pointer(reader, declaration, pointer, &member->elements);
	if (!name)
		return false;
	set_name(reader, name, member);
	if (bits == UINT64_MAX)
		return true;
	plain = plain && member->elements == 1 && !declaration_has_sign(declaration, '*');
	if (bits && bits <= 64 && plain) {
		member->bits = (unsigned)bits;
		return true;
	}
	pahole_complain(reader, name,
			!bits || bits > 64 ? "a bit-field has 1 to 64 bits"
					   : "a bit-field is one integer");
	return false;
}

bool declarator_is_padding(const struct declaration *declaration)
{
	unsigned count = declaration->count;
	const struct token *last;
	struct specifiers found;

	if (count < 3 || !token_is_sign(&declaration->token[count - 2], ':') ||
	    declaration->token[count - 1].kind != TOKEN_NUMBER)
		return false;
	last = &declaration->token[count - 3];
	found = specifiers_of(declaration, count - 3);
	return last->kind == TOKEN_WORD && !found.wrong && (!found.types || is_keyword(last));
}
