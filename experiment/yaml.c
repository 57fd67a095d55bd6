/*
 * libyaml's events into a tree with places. libyaml's own tree builder has no limit of depth and
 * takes quadratic time in it, so the events are taken one by one.
 */
#include "experiment/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sim/verbs/xalloc.h"

/* ---- nodes ------------------------------------------------------------------------------- */

struct yaml *yaml_node(struct yaml_pool *pool, enum yaml_kind kind, struct place place)
{
	struct yaml *node = xalloc(sizeof *node);

	node->kind = kind;
	node->place = place;
	node->next = pool->first;
	pool->first = node;
	return node;
}

struct yaml *yaml_value(struct yaml_pool *pool, const char *text, struct place place)
{
	struct yaml *node = yaml_node(pool, YAML_VALUE, place);

	node->text = xstrdup(text);
	return node;
}

void yaml_pool_free(struct yaml_pool *pool)
{
	while (pool->first) {
		struct yaml *node = pool->first;

		pool->first = node->next;
		free(node->text);
		free(node->key);
		free(node->child);
		free(node);
	}
}

void yaml_append(struct yaml *node, struct yaml *key, struct yaml *child)
{
	/* room doubles whenever the count reaches a power of two */
	if ((node->count & (node->count - 1)) == 0) {
		size_t room = node->count ? 2 * node->count : 1;

		node->child = xrealloc(node->child, room * sizeof *node->child);
		if (node->kind == YAML_MAPPING)
			node->key = xrealloc(node->key, room * sizeof *node->key);
	}
	if (node->kind == YAML_MAPPING)
		node->key[node->count] = key;
	node->child[node->count++] = child;
}

static size_t find_index(const struct yaml *mapping, const char *key)
{
	size_t i = 0;

	while (i < mapping->count && strcmp(mapping->key[i]->text, key))
		i++;
	return i;
}

struct yaml *yaml_find(const struct yaml *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;

	size_t i = find_index(mapping, key);

	return i < mapping->count ? mapping->child[i] : NULL;
}

struct yaml *yaml_copy(struct yaml_pool *pool, const struct yaml *node)
{
	struct yaml *copy = yaml_node(pool, node->kind, node->place);

	copy->text = node->text ? xstrdup(node->text) : NULL;
	copy->quoted = node->quoted;
	copy->refused = node->refused;
	copy->partial = node->partial;
	for (size_t i = 0; i < node->count; i++)
		yaml_append(copy, node->key ? node->key[i] : NULL, yaml_copy(pool, node->child[i]));
	return copy;
}

/* ---- dotted keys --------------------------------------------------------------------------- */

/* The key up to its first dot, and the rest behind it; NULL rest: no dot inside. */
static struct yaml *split_key(struct yaml_pool *pool, const struct yaml *key, struct yaml **rest)
{
	const char *dot = strchr(key->text, '.');
	unsigned dots = 0;

	*rest = NULL;
	for (const char *c = key->text; *c; c++)
		dots += *c == '.';
	if (!dot || dot == key->text || !dot[1] || dots > YAML_DEPTH_MAX)
		return NULL;

	struct yaml *head = yaml_value(pool, key->text, key->place);
	struct place behind = key->place;

	head->text[dot - key->text] = '\0';
	behind.column += (unsigned)(dot - key->text) + 1;
	*rest = yaml_value(pool, dot + 1, behind);
	return head;
}

static void nest(struct yaml_pool *pool, struct yaml *mapping, struct yaml *key, struct yaml *child)
{
	struct yaml *rest, *head = split_key(pool, key, &rest);

	if (!head) {
		/* a second mapping of that key after dotted ones joins them */
		struct yaml *there = yaml_find(mapping, key->text);
		bool dotted = there && there->kind == YAML_MAPPING && there->dotted;

		if (!dotted || child->kind != YAML_MAPPING) {
			if (dotted)
				there->partial = true;  /* what it lacks may stand here */
			yaml_append(mapping, key, child);
			return;
		}
		for (size_t i = 0; i < child->count; i++)
			yaml_append(there, child->key[i], child->child[i]);
		there->dotted = false;
		return;
	}

	struct yaml *below = yaml_find(mapping, head->text);

	if (!below || below->kind != YAML_MAPPING) {
		below = yaml_node(pool, YAML_MAPPING, key->place);
		below->dotted = true;
		yaml_append(mapping, head, below);
	}
	nest(pool, below, rest, child);
}

struct yaml *yaml_nested(struct yaml_pool *pool, const struct yaml *node)
{
	struct yaml *copy = yaml_node(pool, node->kind, node->place);

	copy->text = node->text ? xstrdup(node->text) : NULL;
	copy->quoted = node->quoted;
	copy->refused = node->refused;
	copy->partial = node->partial;
	for (size_t i = 0; i < node->count; i++) {
		struct yaml *child = yaml_nested(pool, node->child[i]);

		if (node->kind == YAML_MAPPING)
			nest(pool, copy, node->key[i], child);
		else
			yaml_append(copy, NULL, child);
	}
	return copy;
}

const char *yaml_name_key(const char *section)
{
	return strcmp(section, "workload") ? "base" : "kind";
}

/* A value where a section is expected names what the section is of. */
static struct yaml *as_section(struct yaml_pool *pool, const struct yaml *key, struct yaml *value)
{
	struct yaml *section = yaml_node(pool, YAML_MAPPING, value->place);

	yaml_append(section, yaml_value(pool, yaml_name_key(key->text), value->place), value);
	return section;
}

void yaml_put(struct yaml_pool *pool, struct yaml *mapping, struct yaml *key, struct yaml *child)
{
	struct yaml *rest, *head = split_key(pool, key, &rest);
	size_t i = find_index(mapping, head ? head->text : key->text);

	if (!head) {
		if (i == mapping->count) {
			yaml_append(mapping, key, child);
		} else {
			mapping->key[i] = key;
			mapping->child[i] = child;
		}
		return;
	}
	if (i == mapping->count)
		yaml_append(mapping, head, yaml_node(pool, YAML_MAPPING, key->place));
	if (mapping->child[i]->kind == YAML_VALUE)
		mapping->child[i] = as_section(pool, head, mapping->child[i]);
	if (mapping->child[i]->kind == YAML_MAPPING)
		yaml_put(pool, mapping->child[i], rest, child);
	else
		mapping->child[i] = child; /* a list of sections: the schema tells what is wrong */
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct yaml_pool *pool;
	struct diagnostics *diagnostics;
	const struct document *source;
	const char *text;               /* behind a byte order mark */
	size_t length;
	bool merges;                    /* the next node is the value of a merge key */
};

static struct place place_of(const struct reader *reader, yaml_mark_t mark)
{
	return (struct place){ reader->source, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

/* libyaml gives no mark for bytes that are no text: count lines and characters up to there. */
static struct place place_of_byte(const struct reader *reader, size_t offset)
{
	struct place place = { reader->source, 1, 1 };

	for (size_t i = 0; i < offset && i < reader->length; i++) {
		if (reader->text[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)reader->text[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static void tell_reader_error(struct reader *reader)
{
	size_t offset = reader->parser.problem_offset;

	/* the character that is cut begins before the byte that does not belong to it */
	if (strstr(reader->parser.problem, "trailing")) {
		do
			offset -= offset > 0;
		while (offset > 0 && ((unsigned char)reader->text[offset] & 0xc0) != 0xc0);
	}

	struct place place = place_of_byte(reader, offset);

	if (strstr(reader->parser.problem, "control"))
		mistake(reader->diagnostics, place, "a control character; experiments are text");
	else
		mistake(reader->diagnostics, place, "this is not UTF-8 text (%s)",
			reader->parser.problem);
}

static char byte_at(const struct reader *reader, yaml_mark_t mark)
{
	size_t line = 0, i = 0, column = 0;

	for (; i < reader->length && line < mark.line; i++)
		line += reader->text[i] == '\n';
	for (; i < reader->length && column < mark.column; i++)
		column += ((unsigned char)reader->text[i] & 0xc0) != 0x80;
	return i < reader->length ? reader->text[i] : '\0';
}

static void tell_error(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;

	if (parser->error == YAML_READER_ERROR) {
		tell_reader_error(reader);
		return;
	}
	if (parser->error == YAML_MEMORY_ERROR)
		xalloc_failed(reader->length);

	struct place place = place_of(reader, parser->problem_mark);

	if (byte_at(reader, parser->problem_mark) == '\t') {
		mistake(reader->diagnostics, place,
			"a tab cannot start a word or indent a line; use blanks");
		return;
	}
	if (byte_at(reader, parser->problem_mark) == '[' && strstr(parser->problem, "',' or ']'")) {
		mistake(reader->diagnostics, place,
			"a '[' inside of a word: in a list in brackets such a word stands in quotes, \"name[2]\"");
		return;
	}
	mistake(reader->diagnostics, place, "%s", parser->problem);
	if (parser->context && !reader->source->option &&
	    parser->context_mark.line != parser->problem_mark.line)
		mistake_note(reader->diagnostics, place_of(reader, parser->context_mark),
			     "%s, which begins here", parser->context);
}

static bool next_event(struct reader *reader)
{
	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return true;
	tell_error(reader);
	return false;
}

static void refuse_tag(struct reader *reader, struct place place, const char *tag)
{
	static const char core[] = "tag:yaml.org,2002:";
	bool of_core = !strncmp(tag, core, strlen(core));

	if (strstr(tag, "include") || strstr(tag, "import"))
		mistake(reader->diagnostics, place,
			"'%s': files are not put together; write the keys, or give some with --set",
			tag);
	else if (!strcmp(tag, "!env") || !strcmp(tag, "!ENV") || !strcmp(tag, "!var"))
		mistake(reader->diagnostics, place,
			"'%s': variables are not filled in; write the value, or give it with --set",
			tag);
	else
		mistake(reader->diagnostics, place,
			"tags ('%s%s') are not part of experiments; write the value alone",
			of_core ? "!!" : "", of_core ? tag + strlen(core) : tag);
}

/* Anchors and tags: the value counts as told, so that nothing else is said about it. */
static bool refuse(struct reader *reader, struct place place, const yaml_char_t *anchor,
		   const yaml_char_t *tag)
{
	if (anchor)
		mistake(reader->diagnostics, place,
			"anchors ('&%s') are not part of experiments; write the value", anchor);
	if (tag)
		refuse_tag(reader, place, (const char *)tag);
	return anchor || tag;
}

static struct yaml *read_node(struct reader *reader, unsigned depth);

static struct yaml *read_value(struct reader *reader, struct place place)
{
	struct yaml *node = yaml_node(reader->pool, YAML_VALUE, place);
	const char *text = (const char *)reader->event.data.scalar.value;

	node->text = xstrdup(text);
	node->quoted = reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->refused = refuse(reader, place, reader->event.data.scalar.anchor,
			       reader->event.data.scalar.tag);
	if (strlen(text) != reader->event.data.scalar.length) {
		mistake(reader->diagnostics, place, "a zero byte inside a text");
		node->refused = true;
	}
	return node;
}

static struct yaml *read_list(struct reader *reader, struct place place, unsigned depth)
{
	struct yaml *node = yaml_node(reader->pool, YAML_LIST, place);

	node->refused = refuse(reader, place, reader->event.data.sequence_start.anchor,
			       reader->event.data.sequence_start.tag);
	while (next_event(reader)) {
		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return node;

		struct yaml *child = read_node(reader, depth + 1);

		if (!child)
			return NULL;
		yaml_append(node, NULL, child);
	}
	return NULL;
}

static bool is_merge(const struct yaml *key)
{
	return key->kind == YAML_VALUE && !key->quoted && !strcmp(key->text, "<<");
}

/* Appends the pair unless its key was refused. */
static void add_pair(struct reader *reader, struct yaml *node, struct yaml *key, struct yaml *child)
{
	if (key->kind != YAML_VALUE)
		mistake(reader->diagnostics, key->place,
			"a key is one word, not a list or mapping");
	else if (is_merge(key))
		node->partial = true;
	else if (!key->refused)
		yaml_append(node, key, child);
}

static struct yaml *read_mapping(struct reader *reader, struct place place, unsigned depth)
{
	struct yaml *node = yaml_node(reader->pool, YAML_MAPPING, place);

	node->refused = refuse(reader, place, reader->event.data.mapping_start.anchor,
			       reader->event.data.mapping_start.tag);
	while (next_event(reader)) {
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return node;
		if (node->count >= YAML_KEYS_MAX) {
			mistake(reader->diagnostics, place, "more than %d keys in one mapping",
				YAML_KEYS_MAX);
			return NULL;
		}

		struct yaml *key = read_node(reader, depth + 1);

		if (!key || !next_event(reader))
			return NULL;
		/* told here, so that the alias behind it need not be told too */
		reader->merges = is_merge(key);
		if (reader->merges)
			mistake(reader->diagnostics, key->place,
				"merge keys ('<<') are not part of experiments; write the keys");

		struct yaml *child = read_node(reader, depth + 1);

		if (!child)
			return NULL;
		add_pair(reader, node, key, child);
	}
	return NULL;
}

/* The node that the current event begins; NULL: reading cannot go on. */
static struct yaml *read_node(struct reader *reader, unsigned depth)
{
	struct place place = place_of(reader, reader->event.start_mark);

	if (depth > YAML_DEPTH_MAX) {
		mistake(reader->diagnostics, place, "more than %d levels of lists and mappings",
			YAML_DEPTH_MAX);
		return NULL;
	}
	switch (reader->event.type) {
	case YAML_SCALAR_EVENT:
		return read_value(reader, place);
	case YAML_SEQUENCE_START_EVENT:
		return read_list(reader, place, depth);
	case YAML_MAPPING_START_EVENT:
		return read_mapping(reader, place, depth);
	default:        /* an alias; nothing else can begin a node */
		if (!reader->merges)
			mistake(reader->diagnostics, place,
				"aliases ('*%s') are not part of experiments; write the value",
				reader->event.type == YAML_ALIAS_EVENT
					? (const char *)reader->event.data.alias.anchor
					: "");
		reader->merges = false;

		struct yaml *node = yaml_value(reader->pool, "", place);

		node->refused = true;
		return node;
	}
}

static bool is_empty(const struct yaml *root)
{
	return root->kind == YAML_VALUE && !root->quoted && !*root->text && !root->refused;
}

static struct yaml *read_document(struct reader *reader, const char *empty)
{
	struct place whole = { reader->source, 0, 0 };

	if (!next_event(reader) || !next_event(reader)) /* stream start, then the document */
		return NULL;
	if (reader->event.type == YAML_STREAM_END_EVENT) {
		mistake(reader->diagnostics, whole, "%s", empty);
		return NULL;
	}
	if (!next_event(reader))
		return NULL;

	struct yaml *root = read_node(reader, 1);

	if (!root || !next_event(reader) || !next_event(reader)) /* document end, stream end */
		return NULL;
	if (reader->event.type == YAML_DOCUMENT_START_EVENT) {
		mistake(reader->diagnostics, place_of(reader, reader->event.start_mark),
			"a second document begins here; one file holds one, and 'bounce run' takes several files");
		return NULL;
	}
	if (is_empty(root)) {
		mistake(reader->diagnostics, whole, "%s", empty);
		return NULL;
	}
	return root;
}

struct yaml *yaml_parse(struct yaml_pool *pool, struct diagnostics *diagnostics,
			const struct document *source, const char *empty)
{
	struct reader reader = { .pool = pool, .diagnostics = diagnostics, .source = source,
				 .text = source->text, .length = source->length };

	if (source->length > YAML_BYTES_MAX) {
		mistake(diagnostics, (struct place){ source, 0, 0 },
			"larger than 1 MiB, which no experiment is");
		return NULL;
	}
	if (source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3)) {
		reader.text += 3;
		reader.length -= 3;
	}
	if (!yaml_parser_initialize(&reader.parser))
		xalloc_failed(sizeof reader.parser);
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.text,
				     reader.length);

	struct yaml *root = read_document(&reader, empty);

	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	return root;
}
