/* The outline that settings of the workload `struct` describe: a layout or members, and edits. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/verbs/xalloc.h"
#include "workloads/pahole.h"
#include "workloads/shipped.h"
#include "workloads/struct_plan.h"

/* ---- telling --------------------------------------------------------------------------------- */

void struct_tell(struct telling *telling, struct workload_place where, const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	telling->told++;
	telling->tell(telling->to, &where, text);
}

struct workload_place struct_place(const struct tree_node *node)
{
	return (struct workload_place){ .tree = &node->place };
}

struct workload_place struct_key_place(const struct tree_node *node)
{
	return (struct workload_place){ .tree = &node->key_place };
}

bool struct_number(const char *text, uint64_t max, uint64_t *number)
{
	*number = 0;
	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = 10 * *number + (uint64_t)(*text - '0');
		if (*number > max)
			return false;
	}
	return true;
}

const struct tree_node *struct_child(const struct tree *tree, const struct tree_node *map,
				     const char *key)
{
	for (unsigned i = 0; i < map->count; i++) {
		if (!strcmp(tree->node[map->child + i].key, key))
			return &tree->node[map->child + i];
	}
	return NULL;
}

bool struct_keys(struct telling *telling, const struct tree *tree, const struct tree_node *map,
		 const char *const *keys)
{
	size_t before = telling->told;

	for (unsigned i = 0; i < map->count; i++) {
		const struct tree_node *node = &tree->node[map->child + i];
		struct workload_place where = struct_key_place(node);
		const char *const *key = keys;

		while (*key && strcmp(*key, node->key))
			key++;
		where.wrong = node->key;
		where.words = keys;
		if (!*key)
			struct_tell(telling, where, "unknown key '%.60s'", node->key);
	}
	return telling->told == before;
}

/* ---- a file ---------------------------------------------------------------------------------- */

bool struct_input(const struct struct_settings *set, char *path, size_t path_size, char *why,
		  size_t size)
{
	*path = '\0';
	if (!*set->layout)
		return true;
	snprintf(path, path_size, "%s", set->layout);
	if (access(path, R_OK) == 0 ||
	    (!strchr(set->layout, '/') &&
	     shipped_file("configs/layouts", set->layout, path, path_size)))
		return true;
	snprintf(why, size, "layout '%s' cannot be read, and none of that name comes with bounce%s",
		 set->layout,
		 *set->layout == '/' ? "" : "; a relative path begins in the current folder");
	return false;
}

/* The whole of a file, with its length; NULL: it cannot be read, or has more than 16 MiB (EFBIG). */
static char *read_all(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0, got = 1;

	*length = 0;
	if (!file)
		return NULL;
	while (got && *length <= PAHOLE_BYTES_MAX) {
		if (room - *length < 4096)
			text = xrealloc(text, room = 2 * room + 8192);
		got = fread(text + *length, 1, room - *length, file);
		*length += got;
	}
	if (*length > PAHOLE_BYTES_MAX)
		errno = EFBIG;
	if (ferror(file) || *length > PAHOLE_BYTES_MAX) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

struct reading {
	struct telling *telling;
	const char *path, *text;
	size_t length;
};

static void tell_text(void *to, unsigned line, unsigned column, const char *text)
{
	struct reading *reading = to;
	struct workload_place where = {
		.file = reading->path,
		.text = reading->text,
		.length = reading->length,
		.line = line,
		.column = column,
	};

	struct_tell(reading->telling, where, "%s", text);
}

static struct outline *read_layout(const struct struct_settings *set, struct telling *telling)
{
	const struct workload_place at = { .key = "layout" };
	char path[4096], why[512];
	struct reading reading = { .telling = telling, .path = path };
	struct outline *outline = NULL;
	char *text;

	if (!struct_input(set, path, sizeof path, why, sizeof why)) {
		struct_tell(telling, at, "%s", why);
		return NULL;
	}
	text = read_all(path, &reading.length);
	reading.text = text;
	if (text)
		outline = pahole_read(text, reading.length, set->struct_name, tell_text, &reading);
	else
		struct_tell(telling, at, "layout '%s' cannot be read: %s", set->layout,
			    errno == EFBIG ? "it has more than 16 MiB" : strerror(errno));
	free(text);
	return outline;
}

/* ---- members --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned size;
} types[] = {
	{ "char", 1 },       { "bool", 1 },       { "u8", 1 },         { "short", 2 },
	{ "u16", 2 },        { "int", 4 },        { "unsigned", 4 },   { "u32", 4 },
	{ "atomic_t", 4 },   { "spinlock_t", 4 }, { "refcount_t", 4 }, { "long", 8 },
	{ "u64", 8 },        { "pointer", 8 },    { "size_t", 8 },     { "atomic_long_t", 8 },
	{ "atomic64_t", 8 },
};

enum { TYPES = sizeof types / sizeof *types };

static unsigned type_size(const char *name)
{
	for (size_t i = 0; i < TYPES; i++) {
		if (!strcmp(types[i].name, name))
			return types[i].size;
	}
	return 0;
}

/* What one member is made of. */
struct described {
	const char *type;
	uint64_t offset, size, count, align;
	bool placed;
};

static bool read_count(struct telling *telling, const struct tree_node *node, uint64_t max,
		       uint64_t *number)
{
	if (node->kind == TREE_WORD && struct_number(node->word, max, number))
		return true;
	struct_tell(telling, struct_place(node), "'%.60s' wants a whole number, 0 to %llu",
		    node->key, (unsigned long long)max);
	return false;
}

static bool read_type(struct telling *telling, const struct tree_node *node,
		      struct described *member)
{
	const char *words[TYPES + 1] = { NULL };
	struct workload_place where = struct_place(node);

	for (size_t i = 0; i < TYPES; i++)
		words[i] = types[i].name;
	member->type = node->word;
	member->size = type_size(node->word);
	if (member->size)
		return true;
	if (strspn(node->word, "+-.0123456789")) {
		struct_tell(telling, where, "'%.60s' is no size: whole bytes, 1 to %d", node->word,
			    OUTLINE_BYTES_MAX);
		return false;
	}
	where.wrong = node->word;
	where.words = words;
	struct_tell(
		telling, where,
		"'%.60s' is no type that is known here (char, short, int, long, pointer, u8 to u64, spinlock_t, ...); give its size in bytes",
		node->word);
	return false;
}

static bool read_member_map(struct telling *telling, const struct tree *tree,
			    const struct tree_node *map, struct described *member)
{
	static const char *const keys[] = { "offset", "size", "type", "count", "align", NULL };
	const struct tree_node *node;
	size_t before = telling->told;

	struct_keys(telling, tree, map, keys);
	if ((node = struct_child(tree, map, "type")))
		read_type(telling, node, member);
	if ((node = struct_child(tree, map, "size"))) {
		if (member->type)
			struct_tell(telling, struct_place(node),
				    "'%.60s' has a type and a size; one says it", map->key);
		else
			read_count(telling, node, OUTLINE_BYTES_MAX, &member->size);
	}
	if ((node = struct_child(tree, map, "offset"))) {
		member->placed = true;
		read_count(telling, node, OUTLINE_BYTES_MAX, &member->offset);
	}
	if ((node = struct_child(tree, map, "count")))
		read_count(telling, node, OUTLINE_BYTES_MAX, &member->count);
	if ((node = struct_child(tree, map, "align")))
		read_count(telling, node, OUTLINE_BYTES_MAX, &member->align);
	return telling->told == before;
}

/* "int", "8", or a map of what it is. */
static bool read_described(struct telling *telling, const struct tree *tree,
			   const struct tree_node *node, struct described *member)
{
	*member = (struct described){ .count = 1 };
	if (node->kind == TREE_MAP && !read_member_map(telling, tree, node, member))
		return false;
	if (node->kind == TREE_WORD &&
	    !struct_number(node->word, OUTLINE_BYTES_MAX, &member->size) &&
	    !read_type(telling, node, member))
		return false;
	if (node->kind == TREE_LIST || !member->size || !member->count ||
	    member->size * member->count > OUTLINE_BYTES_MAX) {
		struct_tell(
			telling, struct_place(node),
			"member '%.60s' wants its size in bytes, a type, or both with more: {offset: 8, size: 4}, {type: int, count: 4}",
			node->key);
		return false;
	}
	return true;
}

static const char *type_of_size(uint64_t size)
{
	return size == 1   ? "char"
	       : size == 2 ? "short"
	       : size == 4 ? "int"
	       : size == 8 ? "long"
			   : NULL;
}

static char *declare(const char *name, const struct described *member)
{
	size_t size = OUTLINE_NAME_BYTES + 128;
	const char *type = member->type ? member->type : type_of_size(member->size);
	bool pointer = type && !strcmp(type, "pointer");
	uint64_t count = type ? member->count : member->size * member->count;
	char *text = xalloc(size), array[40] = "", aligned[64] = "";

	if (count > 1)
		snprintf(array, sizeof array, "[%llu]", (unsigned long long)count);
	if (member->align)
		snprintf(aligned, sizeof aligned, " __attribute__((__aligned__(%llu)))",
			 (unsigned long long)member->align);
	snprintf(text, size, "%-22s %s%s%s%s",
		 pointer ? "void"
		 : type  ? type
			 : "char",
		 pointer ? "*" : "", name, array, aligned);
	return text;
}

/* A name of C, which is also a word of a list of accesses. */
static bool is_name(const char *text)
{
	if (!*text || (*text >= '0' && *text <= '9') || strlen(text) >= OUTLINE_NAME_BYTES)
		return false;
	for (; *text; text++) {
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') &&
		    !(*text >= '0' && *text <= '9') && *text != '_')
			return false;
	}
	return true;
}

static uint64_t natural_of(const struct described *member)
{
	uint64_t natural = OUTLINE_WORD_BYTES;

	while (member->size % natural)
		natural /= 2;
	return member->align > natural ? member->align : natural;
}

static void add_member(struct telling *telling, const struct tree *tree,
		       const struct tree_node *node, struct outline *outline, uint64_t *end)
{
	struct described described;
	struct outline_member *member;
	uint64_t align;

	if (!is_name(node->key)) {
		struct_tell(telling, struct_key_place(node),
			    "'%.60s' is no name of a member: letters, digits and '_', at most %d",
			    node->key, OUTLINE_NAME_BYTES - 1);
		return;
	}
	if (!read_described(telling, tree, node, &described))
		return;
	align = natural_of(&described);
	member = outline_add(&outline->member, &outline->members);
	free(member->name);
	member->name = xstrdup(node->key);
	member->head = declare(node->key, &described);
	member->offset = described.placed ? described.offset : (*end + align - 1) / align * align;
	member->size = described.size * described.count;
	/* of an array of bytes that stands for something else, the words */
	member->elements = type_of_size(described.size) || described.type ? described.count : 1;
	member->align = member->declared = described.align;
	member->line = node->place.line;
	member->column = node->place.column;
	*end = member->offset + member->size;
}

struct judging {
	struct telling *telling;
	const struct tree *tree;
	const struct outline *outline;
};

/* Members of YAML stand in the order of the tree. */
static void tell_member(void *to, const struct outline_member *member, const char *text)
{
	struct judging *judging = to;
	const struct tree_node *node = &judging->tree->node[0];

	if (member)
		node = &judging->tree
				->node[node->child + (unsigned)(member - judging->outline->member)];
	struct_tell(judging->telling, struct_key_place(node), "%s", text);
}

static struct outline *read_members(const struct struct_settings *set, struct telling *telling)
{
	const struct tree *tree = set->members;
	const struct tree_node *root = &tree->node[0];
	struct outline *outline = outline_new(*set->struct_name ? set->struct_name : "struct");
	struct judging judging = { telling, tree, outline };
	uint64_t end = 0, align = 1;

	if (root->count > OUTLINE_MEMBERS_MAX)
		struct_tell(telling, struct_place(root), "more than %d members",
			    OUTLINE_MEMBERS_MAX);
	for (unsigned i = 0; i < root->count && root->count <= OUTLINE_MEMBERS_MAX; i++)
		add_member(telling, tree, &tree->node[root->child + i], outline, &end);
	if (!telling->told && outline_check(outline, tell_member, &judging)) {
		for (size_t i = 0; i < outline->members; i++) {
			const struct outline_member *member = &outline->member[i];
			uint64_t wants =
				member->align > member->natural ? member->align : member->natural;

			align = wants > align ? wants : align;
		}
		outline->size = (outline->size + align - 1) / align * align;
		return outline;
	}
	outline_free(outline);
	return NULL;
}

/* ---- edits ----------------------------------------------------------------------------------- */

struct editing {
	struct telling *telling;
	const struct tree *tree;
	struct outline *outline;
	uint64_t line;                  /* or a pair of them */
};

struct names {
	const char **name;
	size_t count;
};

static void note_name(void *to, const char *name)
{
	struct names *names = to;

	names->name = xrealloc(names->name, (names->count + 2) * sizeof *names->name);
	names->name[names->count++] = xstrdup(name);
	names->name[names->count] = NULL;
}

void struct_tell_member(struct telling *telling, const struct outline *outline,
			const struct tree_node *node, const char *word, const char *why)
{
	struct workload_place where =
		word == node->key ? struct_key_place(node) : struct_place(node);
	struct names names = { NULL, 0 };

	outline_names(outline, note_name, &names);
	where.wrong = word;
	where.words = names.name;
	struct_tell(telling, where, "%s", why);
	for (size_t i = 0; i < names.count; i++)
		free((void *)(uintptr_t)names.name[i]);
	free(names.name);
}

/* A member of the outermost level; SIZE_MAX: told. */
static size_t edited(struct editing *editing, const struct tree_node *node, const char *name)
{
	size_t at = outline_outer(editing->outline, name);
	char why[200];

	if (at != SIZE_MAX)
		return at;
	snprintf(why, sizeof why, "struct '%.60s' has no member '%.60s'", editing->outline->name,
		 name);
	struct_tell_member(editing->telling, editing->outline, node, name, why);
	return SIZE_MAX;
}

static void edit_order(struct editing *editing, const struct tree_node *list)
{
	size_t before = 0;

	static const char wants[] = "'order' wants a list of members: those that come first";

	if (list->kind != TREE_LIST) {
		struct_tell(editing->telling, struct_place(list), wants);
		return;
	}
	for (unsigned i = 0; i < list->count; i++) {
		const struct tree_node *node = &editing->tree->node[list->child + i];
		size_t at = SIZE_MAX;

		if (node->kind == TREE_WORD)
			at = edited(editing, node, node->word);
		else
			struct_tell(editing->telling, struct_place(node), wants);
		if (at == SIZE_MAX)
			continue;
		if (at < before) {
			struct_tell(editing->telling, struct_place(node),
				    "'%.60s' was named before in 'order'", node->word);
			continue;
		}
		at = outline_move(editing->outline, at, before);
		before = outline_next_unit(editing->outline, at);
	}
}

static void move_one(struct editing *editing, const struct tree_node *node)
{
	size_t at = edited(editing, node, node->key), other;

	if (at == SIZE_MAX)
		return;
	if (node->kind != TREE_WORD) {
		struct_tell(
			editing->telling, struct_place(node),
			"'%.60s' moves to one place; edits to compare are a list, edit: [none, {move: {%.60s: own-line}}]",
			node->key, node->key);
	} else if (!strcmp(node->word, "own-line")) {
		outline_own_line(editing->outline, at, editing->line);
	} else if (!strcmp(node->word, "first")) {
		outline_move(editing->outline, at, 0);
	} else if (!strcmp(node->word, "last")) {
		outline_move(editing->outline, at, editing->outline->members);
	} else if (!strncmp(node->word, "after ", 6)) {
		other = edited(editing, node, node->word + 6);
		if (other == at)
			struct_tell(editing->telling, struct_place(node),
				    "'%.60s' cannot move behind itself", node->key);
		else if (other != SIZE_MAX)
			outline_move(editing->outline, at,
				     outline_next_unit(editing->outline, other));
	} else {
		struct_tell(
			editing->telling, struct_place(node),
			"'%.60s' moves to own-line, first, last or 'after MEMBER', not to '%.60s'",
			node->key, node->word);
	}
}

static void pad_one(struct editing *editing, const struct tree_node *node)
{
	size_t at = edited(editing, node, node->key);
	uint64_t bytes;

	if (at != SIZE_MAX && read_count(editing->telling, node, OUTLINE_BYTES_MAX, &bytes) &&
	    bytes)
		outline_pad(editing->outline, at, bytes);
}

static void align_one(struct editing *editing, const struct tree_node *node)
{
	size_t at = edited(editing, node, node->key);
	uint64_t bytes;

	if (at == SIZE_MAX || !read_count(editing->telling, node, OUTLINE_BYTES_MAX, &bytes))
		return;
	if (!bytes || bytes & (bytes - 1)) {
		struct_tell(editing->telling, struct_place(node),
			    "'%.60s' is aligned to a power of two, not to %llu", node->key,
			    (unsigned long long)bytes);
		return;
	}
	outline_align(editing->outline, at, bytes);
}

static void edit_each(struct editing *editing, const struct tree_node *map,
		      void (*one)(struct editing *editing, const struct tree_node *node))
{
	if (map->kind != TREE_MAP) {
		struct_tell(editing->telling, struct_place(map),
			    "'%s' wants members with what becomes of them, like {f_count: %s}",
			    map->key, one == move_one ? "own-line" : "64");
		return;
	}
	for (unsigned i = 0; i < map->count; i++)
		one(editing, &editing->tree->node[map->child + i]);
}

static void edit_pair(struct editing *editing, const struct tree_node *node)
{
	uint64_t bytes;

	if (!read_count(editing->telling, node, 4096, &bytes))
		return;
	if (bytes < LINE || bytes & (bytes - 1)) {
		struct_tell(
			editing->telling, struct_place(node),
			"'pair' is the bytes of what moves together, a line (64) or a pair (128), not %llu",
			(unsigned long long)bytes);
		return;
	}
	editing->line = bytes;
	if (editing->outline->align < bytes)
		editing->outline->align = bytes;
}

/* "own-line MEMBER MEMBER": the short form of the edit that is made most. */
static void edit_shortly(struct editing *editing, const struct tree_node *root)
{
	static const char form[] = "own-line ";
	const char *at = root->word + strlen(form);
	size_t moved = 0;

	if (strncmp(root->word, form, strlen(form)) ||
	    root->word[strspn(root->word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_ -")]) {
		struct_tell(editing->telling, struct_place(root),
			    "'%.60s' is no edit: none, 'own-line MEMBER MEMBER ...', or a mapping like {move: {f_count: own-line}}",
			    root->word);
		return;
	}
	for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
		char name[OUTLINE_NAME_BYTES];
		size_t length = strcspn(at, " "), member;

		snprintf(name, sizeof name, "%.*s", (int)length, at);
		member = edited(editing, root, name);
		if (member != SIZE_MAX)
			outline_own_line(editing->outline, member, editing->line);
		at += length;
		moved++;
	}
	if (!moved)
		struct_tell(editing->telling, struct_place(root),
			    "own-line of which member? own-line MEMBER");
}

/* Whatever their order in the file: pair, order, move, align, pad. */
static void edit(struct editing *editing)
{
	static const char *const keys[] = { "move", "pad", "align", "order", "pair", NULL };
	const struct tree *tree = editing->tree;
	const struct tree_node *root = &tree->node[0], *node;

	if (root->kind == TREE_WORD)
		edit_shortly(editing, root);
	else
		struct_keys(editing->telling, tree, root, keys);
	if ((node = struct_child(tree, root, "pair")))
		edit_pair(editing, node);
	if ((node = struct_child(tree, root, "order")))
		edit_order(editing, node);
	if ((node = struct_child(tree, root, "move")))
		edit_each(editing, node, move_one);
	if ((node = struct_child(tree, root, "align")))
		edit_each(editing, node, align_one);
	if ((node = struct_child(tree, root, "pad")))
		edit_each(editing, node, pad_one);
	if (!editing->telling->told && !outline_lay_out(editing->outline))
		struct_tell(editing->telling, struct_place(root),
			    "the struct gets larger than %d bytes, has none, or has bit-fields that share bytes with members of another alignment",
			    OUTLINE_BYTES_MAX);
}

struct outline *struct_outline(const struct struct_settings *set, bool with_edits,
			       workload_tell *tell, void *to)
{
	struct telling telling = { tell, to, 0 };
	const struct workload_place at = { .key = NULL };
	struct outline *outline = NULL;

	if (!*set->layout && !set->members)
		struct_tell(
			&telling, at,
			"missing key 'layout' or 'members': a file of pahole's text, or the members of the struct");
	else if (*set->layout && set->members)
		struct_tell(&telling, (struct workload_place){ .key = "members" },
			    "a struct has a 'layout' or 'members', not both");
	else
		outline = *set->layout ? read_layout(set, &telling) : read_members(set, &telling);
	if (outline && set->edit && with_edits) {
		struct editing editing = { &telling, set->edit, outline, LINE };

		edit(&editing);
	}
	if (!telling.told)
		return outline;
	outline_free(outline);
	return NULL;
}
