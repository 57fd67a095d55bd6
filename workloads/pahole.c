/* A reader of pahole's text: see pahole.h. Scanner, declarations, structs. */
#include "workloads/pahole.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

/* ---- scanner --------------------------------------------------------------------------------- */

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

__attribute__((format(printf, 3, 4))) static void complain_at(struct reader *reader,
							      const struct token *token,
							      const char *format, ...)
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
			complain_at(reader, token, "a comment that nothing ends");
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
	complain_at(reader, token, "a string that nothing ends in its line");
	reader->cut = true;
	reader->at = reader->end;
}

/* Looks at the next token. What no token begins with is told once and ends the text. */
static void next(struct reader *reader)
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
	} else if (is_letter(*reader->at) || is_digit(*reader->at)) {
		token->kind = is_digit(*reader->at) ? TOKEN_NUMBER : TOKEN_WORD;
		while (reader->at < reader->end &&
		       (is_letter(*reader->at) || is_digit(*reader->at)))
			reader->at++;
	} else if (*reader->at == '"') {
		scan_string(reader, token);
	} else if (strchr("{}()[];:,*=-+.<>&|~?!/'#@%", *reader->at) && *reader->at) {
		token->kind = TOKEN_SIGN;
		reader->at++;
	} else {
		complain_at(reader, token,
			    (unsigned char)*reader->at < ' ' || *reader->at == 127
				    ? "a control character (byte 0x%02x): this is no text of pahole"
				    : "byte 0x%02x begins nothing in C",
			    (unsigned char)*reader->at);
		reader->cut = true;
		reader->at = reader->end;
	}
	token->length = (size_t)(reader->at - token->start);
}

static bool is_sign(const struct token *token, char sign)
{
	return token->kind == TOKEN_SIGN && *token->start == sign;
}

static bool is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->length == strlen(word) &&
	       !memcmp(token->start, word, token->length);
}

/* A number, decimal or with 0x; UINT64_MAX: none, or beyond all sizes. */
static uint64_t number_of(const char *text, size_t length)
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

/* As one line without comments, whatever it was: runs of blanks stay as they are printed. */
static char *copy(const char *start, const char *end)
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

/* ---- declarations ---------------------------------------------------------------------------- */

enum { DECLARATION_TOKENS_MAX = 256 };

/*
 * A declaration up to its semicolon, without comments and attributes; of a struct or union, what
 * stands behind its body; of an enum, a brace for the body.
 */
struct declaration {
	struct token token[DECLARATION_TOKENS_MAX];
	unsigned count;
	bool cut;                       /* it has more */
	uint64_t align;                 /* the largest that attributes ask for */
};

static void take(struct declaration *declaration, const struct token *token)
{
	if (declaration->count < DECLARATION_TOKENS_MAX)
		declaration->token[declaration->count++] = *token;
	else
		declaration->cut = true;
}

/* Behind an opening sign, up to behind the closing one; false: the text ends. */
static bool skip_nested(struct reader *reader, char open, char close)
{
	unsigned depth = 1;

	while (depth) {
		if (reader->token.kind == TOKEN_END)
			return false;
		if (is_sign(&reader->token, open))
			depth++;
		if (is_sign(&reader->token, close))
			depth--;
		next(reader);
	}
	return true;
}

static bool is_attribute(const struct token *token)
{
	return is_word(token, "__attribute__") || is_word(token, "alignas") ||
	       is_word(token, "_Alignas");
}

/* "__attribute__((__aligned__(8)))", "_Alignas(8)": the alignment it asks for, 0: none. It is
 * passed up to its last parenthesis; false: it has no such form. */
static bool pass_attribute(struct reader *reader, uint64_t *align)
{
	bool aligned = !is_word(&reader->token, "__attribute__");
	unsigned depth = 0;

	*align = 0;
	do {
		next(reader);
		if (reader->token.kind == TOKEN_END || is_sign(&reader->token, ';') ||
		    is_sign(&reader->token, '{') || is_sign(&reader->token, '}'))
			return false;
		depth += is_sign(&reader->token, '(');
		depth -= is_sign(&reader->token, ')');
		if (!depth)
			return is_sign(&reader->token, ')');
		if (is_word(&reader->token, "__aligned__") || is_word(&reader->token, "aligned"))
			aligned = true;
		if (aligned && reader->token.kind == TOKEN_NUMBER) {
			*align = number_of(reader->token.start, reader->token.length);
			aligned = false;
		}
	} while (depth);
	return true;
}

static void take_attribute(struct reader *reader, struct declaration *declaration)
{
	struct token first = reader->token;
	uint64_t align;

	if (!pass_attribute(reader, &align)) {
		complain_at(reader, &first,
			    "'%.*s' without what it says in parentheses, like "
			    "__attribute__((__aligned__(8)))",
			    (int)first.length, first.start);
		return;
	}
	next(reader);
	if (align > declaration->align)
		declaration->align = align;
}

/* Array suffixes in front of token `end`: their product, 0: one has no length. `end` is where they
 * begin. */
static uint64_t dimensions(const struct declaration *declaration, unsigned *end)
{
	const struct token *token = declaration->token;
	uint64_t elements = 1;

	while (*end > 1 && is_sign(&token[*end - 1], ']')) {
		bool sized = token[*end - 2].kind == TOKEN_NUMBER;
		unsigned open = *end - 2 - sized;
		uint64_t length = 0;

		if (*end < 2u + sized || !is_sign(&token[open], '['))
			break;
		if (sized)
			length = number_of(token[*end - 2].start, token[*end - 2].length);
		elements = length && elements <= OUTLINE_BYTES_MAX / length ? elements * length : 0;
		*end = open;
	}
	return elements;
}

/* The bits of a bit-field, taken off; UINT64_MAX: it is none. */
static uint64_t take_bits(struct declaration *declaration)
{
	unsigned count = declaration->count;

	if (count < 2 || !is_sign(&declaration->token[count - 2], ':') ||
	    declaration->token[count - 1].kind != TOKEN_NUMBER)
		return UINT64_MAX;
	declaration->count -= 2;
	return number_of(declaration->token[count - 1].start, declaration->token[count - 1].length);
}

static const char *const qualifiers[] = { "const", "volatile", "restrict", "_Atomic", NULL };
static const char *const builtin[] = { "void",	   "char",  "short", "int",	 "long",
				       "float",	   "double", "signed", "unsigned", "bool",
				       "_Bool",	   "_Complex", "__int128", NULL };
static const char *const tagged[] = { "struct", "union", "enum", NULL };

static bool is_one_of(const struct token *token, const char *const *words)
{
	for (; *words; words++) {
		if (is_word(token, *words))
			return true;
	}
	return false;
}

/* Behind the name at `at`: "::NAME" or "<...>", as C++ and Rust have them; how many tokens. */
static unsigned part_of_name(const struct declaration *declaration, unsigned at)
{
	const struct token *token = &declaration->token[at];
	unsigned left = declaration->count - at, depth = 0;

	if (left > 2 && is_sign(token, ':') && is_sign(token + 1, ':') &&
	    token[2].kind == TOKEN_WORD)
		return 3;
	for (unsigned i = 0; i < left && is_sign(token, '<'); i++) {
		depth += is_sign(&token[i], '<');
		depth -= is_sign(&token[i], '>');
		if (!depth)
			return i + 1;
	}
	return 0;
}

/* Such a name becomes one word. */
static void join_names(struct declaration *declaration)
{
	unsigned kept = 0;

	for (unsigned i = 0, part; i < declaration->count; i++) {
		struct token *name = &declaration->token[kept++];

		*name = declaration->token[i];
		if (name->kind != TOKEN_WORD)
			continue;
		while ((part = part_of_name(declaration, i + 1))) {
			i += part;
			name->length = (size_t)(declaration->token[i].start +
						declaration->token[i].length - name->start);
		}
	}
	declaration->count = kept;
}

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
		bool tag = is_one_of(token, tagged) || (is_word(token, "class") && i + 1 < end);

		if (is_sign(token, '*') || is_sign(token, '&') || is_one_of(token, qualifiers))
			continue;
		if (tag && i + 1 == end)        /* and the name would be its tag */
			return (struct specifiers){ 0, NULL, NULL };
		if (token->kind != TOKEN_WORD || (tag && token[1].kind != TOKEN_WORD)) {
			found.wrong = token;
			return found;
		}
		if (is_reserved(token) && !is_one_of(token, builtin)) {
			reserved = true;
			continue;
		}
		if (!words || !is_one_of(token, builtin))
			add_type(&found, token);
		words = is_one_of(token, builtin);
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

		if (!is_sign(&declaration->token[i], '(') ||
		    !is_sign(&declaration->token[i + 1], '*'))
			continue;
		while (at < declaration->count && (is_one_of(&declaration->token[at], qualifiers) ||
						   is_sign(&declaration->token[at], '*')))
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

		if (is_sign(token, '(') || is_sign(token, '[')) {
			if (depth == OUTLINE_DEPTH_MAX)
				return token;
			open[depth++] = token;
		}
		if (is_sign(token, ')') || is_sign(token, ']')) {
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
	       (!length || is_letter(token->start[length]) || is_digit(token->start[length])))
		length++;
	return length;
}

static void tell_no_place(struct reader *reader, const struct token *token)
{
	if (is_sign(token, ':'))
		complain_at(reader, token,
			    "':' stands in front of the width of a bit-field, a number: "
			    "unsigned int NAME:3");
	else
		complain_at(reader, token, "'%.*s' has no place in the declaration of a member",
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
		complain_at(reader, second,
			    "'%.*s' is one word too many in front of '%.*s': pahole prints a type and a name",
			    plain_length(second), second->start, plain_length(name), name->start);
	else if (found.types < types)
		complain_at(reader, &declaration->token[0],
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
		wrong = is_sign(&token[i], ':') ? &token[i] : NULL;
	if (!wrong && !is_sign(&token[declaration->count - 1], ')') &&
	    !is_sign(&token[declaration->count - 1], ']'))
		wrong = &token[declaration->count - 1];
	if (wrong) {
		tell_no_place(reader, wrong);
		return NULL;
	}
	while (!is_sign(&token[open], '('))
		open++;
	/* the length of an array of them stands behind the name, inside */
	while (!is_sign(&token[end], ')') && !is_sign(&token[end], '('))
		end++;
	*elements = dimensions(declaration, &end);
	return read_type(reader, declaration, open, &token[name], false) ? &token[name] : NULL;
}

static bool is_keyword(const struct token *token)
{
	return is_one_of(token, builtin) || is_one_of(token, tagged) || is_one_of(token, qualifiers);
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
		complain_at(reader, &declaration->token[0],
			    "a declaration without the name of a member");
		return NULL;
	}
	return read_type(reader, declaration, declaration->count - 1, name, nested) ? name : NULL;
}

static void set_name(struct reader *reader, const struct token *name, struct outline_member *member)
{
	if ((size_t)plain_length(name) < name->length && name->length <= 40) {
		complain_at(reader, name, "'%.*s' with what stands behind it is no name in C",
			    plain_length(name), name->start);
	} else if (name->length >= OUTLINE_NAME_BYTES) {
		complain_at(reader, name, "the name of a member has at most %d letters",
			    OUTLINE_NAME_BYTES - 1);
	} else {
		free(member->name);
		member->name = copy(name->start, name->start + name->length);
	}
}

/* What the tokens of a declaration say about its member, whose attributes are known. false: they do
 * not name one, which is told. */
static bool read_declarator(struct reader *reader, struct declaration *declaration,
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
		complain_at(reader, &first, "a declaration without the name of a member");
		return false;
	}
	name = plain || nested ? read_name(reader, declaration, nested)
			       : read_pointer(reader, declaration, pointer, &member->elements);
	if (!name)
		return false;
	set_name(reader, name, member);
	if (bits == UINT64_MAX)
		return true;
	plain = plain && member->elements == 1;
	for (unsigned i = 0; i < declaration->count; i++)
		plain = plain && !is_sign(&declaration->token[i], '*');
	if (!bits || bits > 64)
		complain_at(reader, name, "a bit-field has 1 to 64 bits");
	else if (!plain)
		complain_at(reader, name, "a bit-field is one integer");
	else
		member->bits = (unsigned)bits;
	return true;
}

/* ---- offset and size ------------------------------------------------------------------------- */

struct numbers {
	uint64_t value[3];
	unsigned count;
	bool bits;                      /* a colon behind the first */
	bool negative;
};

/* The numbers of a comment that holds nothing else; count 0: it is another comment. */
static struct numbers comment_numbers(const struct token *token)
{
	struct numbers numbers = { .count = 0 };
	const char *at = token->start + 2, *end = token->start + token->length - 2;

	for (;;) {
		while (at < end && strchr(" \t", *at))
			at++;
		if (at >= end)
			return numbers;
		if (*at == ':' && numbers.count == 1 && !numbers.bits) {
			numbers.bits = true;
			at++;
			continue;
		}
		bool negative = *at == '-';
		const char *start = at += negative;

		while (at < end && (is_letter(*at) || is_digit(*at)))
			at++;
		if (numbers.count == 3 || number_of(start, (size_t)(at - start)) == UINT64_MAX)
			return (struct numbers){ .count = 0 };
		numbers.negative |= negative;
		numbers.value[numbers.count++] = number_of(start, (size_t)(at - start));
	}
}

/* Behind the semicolon: the comment with offset and size. */
static void read_place(struct reader *reader, const struct token *start,
		       struct outline_member *member)
{
	struct numbers numbers = { .count = 0 };

	if (reader->token.kind == TOKEN_COMMENT)
		numbers = comment_numbers(&reader->token);
	if (numbers.negative) {
		complain_at(reader, &reader->token, "an offset or size below 0");
	} else if (numbers.count != 2u + numbers.bits) {
		complain_at(
			reader, start,
			"no /* OFFSET SIZE */ behind '%.40s': take the text that pahole prints, not the source",
			*member->name ? member->name : "}");
		return;
	} else if (numbers.bits != (member->bits > 0)) {
		complain_at(reader, &reader->token,
			    numbers.bits ? "'%.40s' is no bit-field, and its comment is that of one"
					 : "bit-field '%.40s' wants /* OFFSET: BIT SIZE */",
			    member->name);
	} else if (numbers.value[0] > OUTLINE_BYTES_MAX ||
		   numbers.value[1 + numbers.bits] > OUTLINE_BYTES_MAX) {
		complain_at(reader, &reader->token, "offsets and sizes end at %d bytes",
			    OUTLINE_BYTES_MAX);
	} else {
		member->offset = numbers.value[0];
		member->size = numbers.value[1 + numbers.bits];
		if (numbers.bits && numbers.value[1] < 1024)
			member->bit = (unsigned)numbers.value[1];
	}
	next(reader);
}

/* ---- members --------------------------------------------------------------------------------- */

static bool read_body(struct reader *reader, struct outline_member **member, size_t *members,
		      unsigned depth);

static void skip_to_semicolon(struct reader *reader, struct declaration *declaration)
{
	while (reader->token.kind != TOKEN_END && !is_sign(&reader->token, ';') &&
	       !is_sign(&reader->token, '}') && !is_sign(&reader->token, '{')) {
		if (is_attribute(&reader->token)) {
			take_attribute(reader, declaration);
			continue;
		}
		if (reader->token.kind != TOKEN_COMMENT)
			take(declaration, &reader->token);
		next(reader);
	}
}

static bool has_word(const struct declaration *declaration, const char *word)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		if (is_word(&declaration->token[i], word))
			return true;
	}
	return false;
}

/* The list of an enum is passed; with it, that is a type like any other. */
static bool pass_enum(struct reader *reader, struct declaration *declaration)
{
	static const char type[] = "int";
	struct token *token = declaration->token;

	while (!is_word(token, "enum"))
		token++;
	token->start = type;
	token->length = strlen(type);
	declaration->count = (unsigned)(token - declaration->token) + 1;
	return skip_nested(reader, '{', '}');
}

/* "{ members } name" of a nested struct or union, or the list of an enum. */
static bool read_nested(struct reader *reader, struct declaration *declaration,
			struct outline_member *member, unsigned depth, const char *start)
{
	struct token open = reader->token;

	next(reader);
	if (has_word(declaration, "enum"))
		return pass_enum(reader, declaration);
	if (!has_word(declaration, "struct") && !has_word(declaration, "union")) {
		complain_at(reader, &open,
			    has_word(declaration, "class")
				    ? "a class of C++: only structs of C are understood"
				    : "a body of neither a struct, a union nor an enum");
		return false;
	}
	if (depth == OUTLINE_DEPTH_MAX) {
		complain_at(reader, &open, "structs in structs, more than %d deep",
			    OUTLINE_DEPTH_MAX);
		return false;
	}
	member->kind = has_word(declaration, "union") ? MEMBER_UNION : MEMBER_STRUCT;
	free(member->head);
	member->head = copy(start, open.start + 1);
	declaration->count = 0;
	return read_body(reader, &member->child, &member->children, depth + 1);
}

/* Bits without a name, "unsigned int :0" or "u16 :16": no member, and nothing says where they lie. */
static bool is_padding(const struct declaration *declaration)
{
	unsigned count = declaration->count;
	const struct token *last;
	struct specifiers found;

	if (count < 3 || !is_sign(&declaration->token[count - 2], ':') ||
	    declaration->token[count - 1].kind != TOKEN_NUMBER)
		return false;
	last = &declaration->token[count - 3];
	found = specifiers_of(declaration, count - 3);
	return last->kind == TOKEN_WORD && !found.wrong && (!found.types || is_keyword(last));
}

/* Signs that a member's declaration may have: pointers, arrays, functions, bits, attributes. */
static const char declaration_signs[] = "*[](),:.<>&";

static bool check_signs(struct reader *reader, const struct declaration *declaration)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		const struct token *token = &declaration->token[i];

		if (token->kind != TOKEN_SIGN || strchr(declaration_signs, *token->start))
			continue;
		complain_at(reader, token, "'%c' has no place in the declaration of a member",
			    *token->start);
		return false;
	}
	return true;
}

static bool has_star(const struct declaration *declaration)
{
	for (unsigned i = 0; i < declaration->count; i++) {
		if (is_sign(&declaration->token[i], '*'))
			return true;
	}
	return false;
}

/* One member; false: the text cannot be read on from here. `member` is filled. */
static bool read_member(struct reader *reader, struct outline_member *member, bool *padding,
			unsigned depth)
{
	struct declaration *declaration = xalloc(sizeof *declaration);
	const char *start = reader->token.start;
	struct token first = reader->token;
	bool good = true;

	member->line = first.line;
	member->column = first.column;
	skip_to_semicolon(reader, declaration);
	if (is_sign(&reader->token, '{')) {
		good = read_nested(reader, declaration, member, depth, start);

		const char *tail = reader->token.start;

		if (good)
			skip_to_semicolon(reader, declaration);
		if (good && member->kind != MEMBER_PLAIN)
			member->tail = copy(tail, reader->token.start);
		/* behind its body lies what a pointer points to */
		if (good && member->kind != MEMBER_PLAIN && has_star(declaration))
			outline_forget(member);
	}
	if (good && !is_sign(&reader->token, ';')) {
		complain_at(reader, &first, "a declaration that no semicolon ends");
		good = false;
	}
	if (good && declaration->cut) {
		complain_at(reader, &first, "a declaration of more than %d words and signs",
			    DECLARATION_TOKENS_MAX);
		good = false;
	}
	if (good)
		join_names(declaration);
	good = good && check_signs(reader, declaration);
	if (good && has_word(declaration, "static"))
		complain_at(reader, &first,
			    "a static member is none of the struct: leave the line out");
	if (good) {
		if (member->kind == MEMBER_PLAIN)
			member->head = copy(start, reader->token.start);
		member->align = member->declared = declaration->align;
		*padding = member->kind == MEMBER_PLAIN && is_padding(declaration);
		next(reader);
		if (!*padding && read_declarator(reader, declaration, &first, member,
						 member->kind != MEMBER_PLAIN))
			read_place(reader, &first, member);
	}
	free(declaration);
	return good;
}

/* The size of the whole in "size: 232, cachelines: 4, ..."; UINT64_MAX: another comment. */
static uint64_t comment_size(const struct token *token)
{
	const char *at = token->start + 2, *end = token->start + token->length - 2;

	while (at < end && *at == ' ')
		at++;
	if (end - at < 6 || memcmp(at, "size: ", 6))
		return UINT64_MAX;
	at += 6;

	const char *start = at;

	while (at < end && (is_digit(*at) || is_letter(*at)))
		at++;
	return number_of(start, (size_t)(at - start));
}

/* Members up to the closing brace, which is passed. */
static bool read_body(struct reader *reader, struct outline_member **member, size_t *members,
		      unsigned depth)
{
	while (!is_sign(&reader->token, '}')) {
		bool padding = false;

		if (reader->token.kind == TOKEN_END) {
			complain_at(reader, &reader->token, "the text ends inside a struct");
			return false;
		}
		if (reader->token.kind == TOKEN_COMMENT) {
			if (depth == 1 && comment_size(&reader->token) != UINT64_MAX)
				reader->size = comment_size(&reader->token);
			next(reader);
			continue;
		}
		if (is_sign(&reader->token, ';')) {
			next(reader);
			continue;
		}
		if (++reader->members > OUTLINE_MEMBERS_MAX) {
			complain_at(reader, &reader->token, "more than %d members",
				    OUTLINE_MEMBERS_MAX);
			return false;
		}

		struct outline_member *one = outline_add(member, members);

		if (!read_member(reader, one, &padding, depth))
			return false;
		if (padding) {
			free(one->name);
			free(one->head);
			(*members)--;
			reader->members--;
		}
	}
	next(reader);
	return true;
}

/* ---- structs --------------------------------------------------------------------------------- */

static bool read_struct(struct reader *reader, struct outline *outline)
{
	struct token open = reader->token;
	struct declaration *tail = xalloc(sizeof *tail);
	bool good;

	next(reader);
	good = read_body(reader, &outline->member, &outline->members, 1);
	outline->size = reader->size;
	if (good)
		skip_to_semicolon(reader, tail);
	if (good && !is_sign(&reader->token, ';')) {
		complain_at(reader, &open, "a struct that no semicolon ends");
		good = false;
	}
	outline->align = tail->align;
	free(tail);
	return good;
}

static bool is_wanted(const struct token *name, const char *wanted)
{
	return !*wanted || is_word(name, wanted);
}

/* What stands between structs: other types and their ends. false: the text ends in it. */
static bool skip_type(struct reader *reader)
{
	while (reader->token.kind != TOKEN_END && !is_sign(&reader->token, ';')) {
		bool open = is_sign(&reader->token, '{');

		next(reader);
		if (open && !skip_nested(reader, '{', '}'))
			return false;
	}
	next(reader);
	return true;
}

struct found {
	struct outline *outline;
	unsigned structs, wanted;
	struct token second;
};

/* "struct NAME {"; true: such a thing stands here, and was read or passed. */
static bool take_struct(struct reader *reader, const char *wanted, struct found *found)
{
	struct token name;

	next(reader);
	name = reader->token;
	if (name.kind != TOKEN_WORD)
		return skip_type(reader);
	next(reader);
	if (!is_sign(&reader->token, '{'))
		return skip_type(reader);
	found->structs++;
	if (!is_wanted(&name, wanted) || found->wanted++) {
		found->second = name;
		next(reader);
		return skip_nested(reader, '{', '}') && skip_type(reader);
	}
	if (name.length >= OUTLINE_NAME_BYTES) {
		complain_at(reader, &name, "the name of a struct has at most %d letters",
			    OUTLINE_NAME_BYTES - 1);
		return false;
	}
	char *text = copy(name.start, name.start + name.length);

	found->outline = outline_new(text);
	free(text);
	if (!read_struct(reader, found->outline))
		return false;
	next(reader);
	return true;
}

/* outline_check knows members, whose places are those of their declarations. */
struct checking {
	struct reader *reader;
	struct token whole;
};

static void tell_member(void *to, const struct outline_member *member, const char *text)
{
	struct checking *checking = to;
	struct token token = checking->whole;

	if (member) {
		token.line = member->line;
		token.column = member->column;
	}
	complain_at(checking->reader, &token, "%s", text);
}

static void tell_missing(struct reader *reader, const char *wanted, const struct found *found)
{
	struct token top = { .line = 1, .column = 1 };

	if (*wanted && found->structs)
		complain_at(reader, &top, "no struct '%.60s' among the %u of this text", wanted,
			    found->structs);
	else
		complain_at(reader, &top,
			    "no struct in this text: 'pahole -C NAME vmlinux' prints one");
}

struct outline *pahole_read(const char *text, size_t length, const char *name, pahole_tell *tell,
			    void *to)
{
	struct reader reader = { .at = text,
				 .end = text + length,
				 .line_start = text,
				 .line = 1,
				 .tell = tell,
				 .to = to };
	struct checking checking = { &reader, { .line = 1, .column = 1 } };
	struct found found = { NULL, 0, 0, { 0 } };
	bool going = true;

	next(&reader);
	while (going && !reader.told && reader.token.kind != TOKEN_END) {
		if (is_word(&reader.token, "struct") || is_word(&reader.token, "union"))
			going = take_struct(&reader, name, &found);
		else if (reader.token.kind == TOKEN_COMMENT)
			next(&reader);
		else if (is_word(&reader.token, "typedef") || is_word(&reader.token, "enum") ||
			 is_word(&reader.token, "extern"))
			going = skip_type(&reader);
		else {
			complain_at(
				&reader, &reader.token,
				is_word(&reader.token, "class")
					? "a class of C++: only structs of C are understood"
					: "a struct begins with 'struct NAME {'; lines of something else are left out");
			going = false;
		}
	}
	if (!reader.told && !going)
		complain_at(&reader, &reader.token, "the text ends inside a struct");
	if (!reader.told && !found.outline)
		tell_missing(&reader, name, &found);
	if (!reader.told && !*name && found.structs > 1)
		complain_at(&reader, &found.second,
			    "%u structs in this text: say which one with 'struct_name: NAME'",
			    found.structs);
	if (!reader.told && outline_check(found.outline, tell_member, &checking))
		return found.outline;
	outline_free(found.outline);
	return NULL;
}
