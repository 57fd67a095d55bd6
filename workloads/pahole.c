/* A reader of pahole's text: see pahole.h. */
#include "workloads/pahole.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"
#include "workloads/pahole_declarator.h"
#include "workloads/pahole_place.h"

static bool read_body(struct reader *reader, struct outline_member **member, size_t *members,
		      unsigned depth);

/* "{ members } name" of a nested struct or union, or the list of an enum. */
static bool read_nested(struct reader *reader, struct declaration *declaration,
			struct outline_member *member, unsigned depth, const char *start)
{
	struct token open = reader->token;

	pahole_next(reader);
	if (declaration_has_word(declaration, "enum"))
		return declaration_pass_enum(reader, declaration);
	if (!declaration_has_word(declaration, "struct") &&
	    !declaration_has_word(declaration, "union")) {
		pahole_complain(reader, &open,
				declaration_has_word(declaration, "class")
					? "a class of C++: only structs of C are understood"
					: "a body of neither a struct, a union nor an enum");
		return false;
	}
	if (depth == OUTLINE_DEPTH_MAX) {
		pahole_complain(reader, &open, "structs in structs, more than %d deep",
				OUTLINE_DEPTH_MAX);
		return false;
	}
	member->kind = declaration_has_word(declaration, "union") ? MEMBER_UNION : MEMBER_STRUCT;
	free(member->head);
	member->head = pahole_copy(start, open.start + 1);
	declaration->count = 0;
	return read_body(reader, &member->child, &member->children, depth + 1);
}

/* Up to its semicolon, with the body if it has one; false: told. */
static bool read_words(struct reader *reader, struct declaration *declaration,
		       struct outline_member *member, unsigned depth)
{
	const char *start = reader->token.start;

	declaration_read(reader, declaration);
	if (token_is_sign(&reader->token, '{')) {
		const char *tail;

		if (!read_nested(reader, declaration, member, depth, start))
			return false;
		tail = reader->token.start;
		declaration_read(reader, declaration);
		if (member->kind != MEMBER_PLAIN)
			member->tail = pahole_copy(tail, reader->token.start);
	}
	if (member->kind == MEMBER_PLAIN)
		member->head = pahole_copy(start, reader->token.start);
	else if (declaration_has_sign(declaration, '*'))
		outline_forget(member); /* its body is that of what it points to */
	return true;
}

/* A declaration that was read as a whole and could be a member's; false: told. */
static bool check_words(struct reader *reader, const struct token *first,
			struct declaration *declaration)
{
	if (!token_is_sign(&reader->token, ';')) {
		pahole_complain(reader, first, "a declaration that no semicolon ends");
		return false;
	}
	if (declaration->cut) {
		pahole_complain(reader, first, "a declaration of more than %d words and signs",
				DECLARATION_TOKENS_MAX);
		return false;
	}
	declaration_join_names(declaration);
	return declaration_check_signs(reader, declaration);
}

/* One member; false: the text cannot be read on from here. `member` is filled. */
static bool read_member(struct reader *reader, struct outline_member *member, bool *padding,
			unsigned depth)
{
	struct declaration *declaration = xalloc(sizeof *declaration);
	struct token first = reader->token;
	bool nested, good;

	member->line = first.line;
	member->column = first.column;
	good = read_words(reader, declaration, member, depth) &&
	       check_words(reader, &first, declaration);
	nested = member->kind != MEMBER_PLAIN;
	if (good && declaration_has_word(declaration, "static")) {
		pahole_complain(reader, &first,
				"a static member is none of the struct: leave the line out");
		pahole_next(reader);
	} else if (good) {
		member->align = member->declared = declaration->align;
		*padding = !nested && declarator_is_padding(declaration);
		pahole_next(reader);
		if (!*padding && declarator_read(reader, declaration, &first, member, nested))
			pahole_read_place(reader, &first, member);
	}
	free(declaration);
	return good;
}

/* Members up to the closing brace, which is passed. */
static bool read_body(struct reader *reader, struct outline_member **member, size_t *members,
		      unsigned depth)
{
	while (!token_is_sign(&reader->token, '}')) {
		bool padding = false;

		if (reader->token.kind == TOKEN_END) {
			pahole_complain(reader, &reader->token, "the text ends inside a struct");
			return false;
		}
		if (reader->token.kind == TOKEN_COMMENT) {
			if (depth == 1 && pahole_whole_size(&reader->token) != UINT64_MAX)
				reader->size = pahole_whole_size(&reader->token);
			pahole_next(reader);
			continue;
		}
		if (token_is_sign(&reader->token, ';')) {
			pahole_next(reader);
			continue;
		}
		if (++reader->members > OUTLINE_MEMBERS_MAX) {
			pahole_complain(reader, &reader->token, "more than %d members",
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
	pahole_next(reader);
	return true;
}

/* ---- structs --------------------------------------------------------------------------------- */

static bool read_struct(struct reader *reader, struct outline *outline)
{
	struct token open = reader->token;
	struct declaration *tail = xalloc(sizeof *tail);
	bool good;

	pahole_next(reader);
	good = read_body(reader, &outline->member, &outline->members, 1);
	outline->size = reader->size;
	if (good)
		declaration_read(reader, tail);
	if (good && !token_is_sign(&reader->token, ';')) {
		pahole_complain(reader, &open, "a struct that no semicolon ends");
		good = false;
	}
	outline->align = tail->align;
	outline->packed = tail->packed;
	free(tail);
	return good;
}

static bool is_wanted(const struct token *name, const char *wanted)
{
	return !*wanted || token_is_word(name, wanted);
}

/* What stands between structs: other types and their ends. false: the text ends in it. */
static bool skip_type(struct reader *reader)
{
	while (reader->token.kind != TOKEN_END && !token_is_sign(&reader->token, ';')) {
		bool open = token_is_sign(&reader->token, '{');

		pahole_next(reader);
		if (open && !pahole_skip_nested(reader, '{', '}'))
			return false;
	}
	pahole_next(reader);
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

	pahole_next(reader);
	name = reader->token;
	if (name.kind != TOKEN_WORD)
		return skip_type(reader);
	pahole_next(reader);
	if (!token_is_sign(&reader->token, '{'))
		return skip_type(reader);
	found->structs++;
	if (!is_wanted(&name, wanted) || found->wanted++) {
		found->second = name;
		pahole_next(reader);
		return pahole_skip_nested(reader, '{', '}') && skip_type(reader);
	}
	if (name.length >= OUTLINE_NAME_BYTES) {
		pahole_complain(reader, &name, "the name of a struct has at most %d letters",
				OUTLINE_NAME_BYTES - 1);
		return false;
	}
	char *text = pahole_copy(name.start, name.start + name.length);

	found->outline = outline_new(text);
	free(text);
	if (!read_struct(reader, found->outline))
		return false;
	pahole_next(reader);
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
	pahole_complain(checking->reader, &token, "%s", text);
}

static void tell_missing(struct reader *reader, const char *wanted, const struct found *found)
{
	struct token top = { .line = 1, .column = 1 };

	if (*wanted && found->structs)
		pahole_complain(reader, &top, "no struct '%.60s' among the %u of this text", wanted,
				found->structs);
	else
		pahole_complain(reader, &top,
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

	pahole_next(&reader);
	while (going && !reader.told && reader.token.kind != TOKEN_END) {
		if (token_is_word(&reader.token, "struct") || token_is_word(&reader.token, "union"))
			going = take_struct(&reader, name, &found);
		else if (reader.token.kind == TOKEN_COMMENT)
			pahole_next(&reader);
		else if (token_is_word(&reader.token, "typedef") ||
			 token_is_word(&reader.token, "enum") ||
			 token_is_word(&reader.token, "extern"))
			going = skip_type(&reader);
		else {
			pahole_complain(
				&reader, &reader.token,
				token_is_word(&reader.token, "class")
					? "a class of C++: only structs of C are understood"
					: "a struct begins with 'struct NAME {'; lines of something else are left out");
			going = false;
		}
	}
	if (!reader.told && !going)
		pahole_complain(&reader, &reader.token, "the text ends inside a struct");
	if (!reader.told && !found.outline)
		tell_missing(&reader, name, &found);
	if (!reader.told && !*name && found.structs > 1)
		pahole_complain(&reader, &found.second,
				"%u structs in this text: say which one with 'struct_name: NAME'",
				found.structs);
	if (!reader.told && outline_check(found.outline, tell_member, &checking))
		return found.outline;
	outline_free(found.outline);
	return NULL;
}
