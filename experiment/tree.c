/* Trees for workloads: see tree.h. */
#include "experiment/tree.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/schema.h"
#include "sim/verbs/xalloc.h"

/* A tree on its way: one block of memory holds it, its nodes and their words. */
struct planting {
	const struct yaml *(*turn)(void *to, const struct yaml *node);
	void *to;
	unsigned nodes;
	size_t bytes;                   /* of words */
	struct tree_node *node;
	char *text;
};

static size_t bytes_of(const char *word)
{
	return word ? strlen(word) + 1 : 0;
}

static void measure(struct planting *planting, const struct yaml *key, const struct yaml *value)
{
	const struct yaml *node = planting->turn(planting->to, value);

	planting->nodes++;
	planting->bytes += (key ? bytes_of(key->text) : 0) + bytes_of(node->text);
	for (size_t i = 0; i < node->count; i++)
		measure(planting, node->kind == YAML_MAPPING ? node->key[i] : NULL, node->child[i]);
}

static const char *keep(struct planting *planting, const char *word)
{
	char *kept = planting->text;
	size_t length = strlen(word) + 1;

	memcpy(kept, word, length);
	planting->text += length;
	return kept;
}

static struct tree_place place_of(const struct yaml *node)
{
	return (struct tree_place){ node->place.source, node->place.line, node->place.column };
}

static void plant(struct planting *planting, unsigned at, const struct yaml *key,
		  const struct yaml *value)
{
	static const enum tree_kind kinds[] = {
		[YAML_VALUE] = TREE_WORD,
		[YAML_LIST] = TREE_LIST,
		[YAML_MAPPING] = TREE_MAP,
	};
	const struct yaml *from = planting->turn(planting->to, value);
	unsigned child = planting->nodes;

	planting->node[at] = (struct tree_node){
		.kind = kinds[from->kind],
		.key = key ? keep(planting, key->text) : "",
		.word = from->text ? keep(planting, from->text) : "",
		.child = child,
		.count = (unsigned)from->count,
		.place = place_of(from),
		.key_place = place_of(key ? key : from),
	};
	planting->nodes += (unsigned)from->count;
	for (size_t i = 0; i < from->count; i++)
		plant(planting, child + (unsigned)i,
		      from->kind == YAML_MAPPING ? from->key[i] : NULL, from->child[i]);
}

struct tree *tree_new(const struct yaml *value,
		      const struct yaml *(*turn)(void *to, const struct yaml *node), void *to)
{
	struct planting planting = { .turn = turn, .to = to };

	measure(&planting, NULL, value);

	struct tree *tree =
		xalloc(sizeof *tree + planting.nodes * sizeof *tree->node + planting.bytes);

	tree->nodes = planting.nodes;
	planting.node = (struct tree_node *)(tree + 1);
	planting.text = (char *)(planting.node + planting.nodes);
	tree->node = planting.node;
	planting.nodes = 1;
	plant(&planting, 0, NULL, value);
	return tree;
}

static void print_word(FILE *out, const char *word)
{
	size_t size = 2 * strlen(word) + 16;
	char *quoted = xalloc(size);

	schema_quote(word, quoted, size);
	fputs(quoted, out);
	free(quoted);
}

void tree_print(FILE *out, const struct tree *tree, const struct tree_node *node)
{
	bool map = node->kind == TREE_MAP;

	if (node->kind == TREE_WORD) {
		print_word(out, node->word);
		return;
	}
	fputc(map ? '{' : '[', out);
	for (unsigned i = 0; i < node->count; i++) {
		const struct tree_node *child = &tree->node[node->child + i];

		fputs(i ? ", " : "", out);
		if (map) {
			print_word(out, child->key);
			fputs(": ", out);
		}
		tree_print(out, tree, child);
	}
	fputc(map ? '}' : ']', out);
}
