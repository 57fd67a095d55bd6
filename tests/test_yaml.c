/* The YAML reader: trees, places, limits, dotted keys; and SHA-256 that names points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "experiment/sha256.h"
#include "experiment/yaml.h"
#include "sim/verbs/xalloc.h"

struct parsed {
	struct diagnostics *diagnostics;
	struct yaml_pool pool;
	struct yaml *root;
};

static struct parsed parse_bytes(const char *text, size_t length)
{
	struct parsed parsed = { .diagnostics = diagnostics_new() };
	const struct document *source =
		diagnostics_source(parsed.diagnostics, "f.yaml", text, length, false);

	parsed.root = yaml_parse(&parsed.pool, parsed.diagnostics, source, "empty");
	return parsed;
}

static struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void parsed_free(struct parsed *parsed)
{
	yaml_pool_free(&parsed->pool);
	diagnostics_free(parsed->diagnostics);
}

/* The tree as one line: a mapping as {key: value}, a list as [value]. */
static void print(FILE *out, const struct yaml *node)
{
	if (node->kind == YAML_VALUE) {
		fprintf(out, "%s", node->text);
		return;
	}
	fputc(node->kind == YAML_LIST ? '[' : '{', out);
	for (size_t i = 0; i < node->count; i++) {
		fputs(i ? ", " : "", out);
		if (node->kind == YAML_MAPPING)
			fprintf(out, "%s: ", node->key[i]->text);
		print(out, node->child[i]);
	}
	fputc(node->kind == YAML_LIST ? ']' : '}', out);
}

static char *text_of(const struct yaml *node)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	print(out, node);
	fclose(out);
	return text;
}

static void expect_tree(const struct yaml *node, const char *expected)
{
	assert_non_null(node);

	char *text = text_of(node);

	assert_string_equal(text, expected);
	free(text);
}

static void a_tree_keeps_order_and_kinds(void **state)
{
	(void)state;

	struct parsed parsed = parse("b: [1, {x: 'two'}, []]\na:\n  - p\n  - q: r\n");

	assert_int_equal(diagnostics_count(parsed.diagnostics), 0);
	expect_tree(parsed.root, "{b: [1, {x: two}, []], a: [p, {q: r}]}");
	assert_false(yaml_find(parsed.root, "b")->child[0]->quoted);
	assert_true(yaml_find(yaml_find(parsed.root, "b")->child[1], "x")->quoted);
	parsed_free(&parsed);
}

static void places_count_from_one_and_in_characters(void **state)
{
	(void)state;

	/* line 2: four characters before the value, of which two take two bytes each */
	struct parsed parsed = parse("a: 1\n\xc3\xa4\xc3\xb6: x\n");
	const struct yaml *value = parsed.root->child[1];

	assert_int_equal(value->place.line, 2);
	assert_int_equal(value->place.column, 5);
	parsed_free(&parsed);
}

static void byte_order_mark_and_carriage_returns_are_fine(void **state)
{
	(void)state;

	struct parsed parsed = parse("\xef\xbb\xbf" "a: 1\r\nb: 2\r\n");

	expect_tree(parsed.root, "{a: 1, b: 2}");
	assert_int_equal(parsed.root->key[0]->place.column, 1);
	assert_int_equal(parsed.root->key[1]->place.line, 2);
	parsed_free(&parsed);
}

static void deep_nesting_is_refused_at_once(void **state)
{
	enum { DEPTH = 200000 };
	char *text = xalloc(DEPTH + 1);
	clock_t start = clock();

	(void)state;
	memset(text, '[', DEPTH);

	struct parsed parsed = parse(text);

	assert_null(parsed.root);
	assert_int_equal(diagnostics_count(parsed.diagnostics), 1);
	/* libyaml's own tree builder takes over 20 s for this */
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
	parsed_free(&parsed);
	free(text);
}

static void sixteen_levels_pass_and_seventeen_do_not(void **state)
{
	char text[64];

	(void)state;
	for (int depth = 16; depth <= 17; depth++) {
		/* the innermost level is the value itself: depth - 1 lists around it */
		memset(text, '[', (size_t)depth - 1);
		text[depth - 1] = 'x';
		memset(text + depth, ']', (size_t)depth - 1);
		text[2 * depth - 1] = '\0';

		struct parsed parsed = parse(text);

		assert_int_equal(parsed.root != NULL, depth == 16);
		parsed_free(&parsed);
	}
}

static void more_than_a_mebibyte_is_refused(void **state)
{
	char *text = xalloc(YAML_BYTES_MAX + 2);

	(void)state;
	memset(text, '#', YAML_BYTES_MAX + 1);

	struct parsed parsed = parse_bytes(text, YAML_BYTES_MAX + 1);

	assert_null(parsed.root);
	assert_int_equal(diagnostics_count(parsed.diagnostics), 1);
	parsed_free(&parsed);
	free(text);
}

static void zero_bytes_are_refused(void **state)
{
	static const char text[] = "a: \"x\\0y\"\nb: 1\n";

	(void)state;

	struct parsed parsed = parse(text);

	assert_int_equal(diagnostics_count(parsed.diagnostics), 1);
	assert_true(yaml_find(parsed.root, "a")->refused);
	parsed_free(&parsed);
}

static void a_character_that_is_cut_is_told_where_it_begins(void **state)
{
	/* after "a: " a lead byte of three that "b" does not continue */
	struct parsed parsed = parse("x: 1\na: \xe4" "b\n");
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	diagnostics_print(parsed.diagnostics, out, false);
	fclose(out);
	assert_ptr_equal(strstr(text, "f.yaml:2:4: error: "), text);
	free(text);
	parsed_free(&parsed);
}

static void expect_nested(const char *text, const char *expected)
{
	struct parsed parsed = parse(text);

	expect_tree(yaml_nested(&parsed.pool, parsed.root), expected);
	parsed_free(&parsed);
}

static void dotted_keys_become_nested(void **state)
{
	(void)state;
	expect_nested("a.b: 1\nc: 2\na.d.e: 3\n", "{a: {b: 1, d: {e: 3}}, c: 2}");
	expect_nested("a: {b: 1}\na.c: 2\n", "{a: {b: 1, c: 2}}");
	expect_nested("a.c: 2\na: {b: 1}\n", "{a: {c: 2, b: 1}}");
	/* twice the same stays twice, so that it can be told */
	expect_nested("a: {b: 1}\na.b: 2\n", "{a: {b: 1, b: 2}}");
	expect_nested("a: {b: 1}\na: {c: 2}\n", "{a: {b: 1}, a: {c: 2}}");
	/* dots that part nothing are letters */
	expect_nested(".a: 1\nb.: 2\n", "{.a: 1, b.: 2}");
}

static void expect_put(const char *text, const char *key, const char *expected)
{
	struct parsed parsed = parse(text);
	struct place nowhere = { NULL, 0, 0 };

	yaml_put(&parsed.pool, parsed.root, yaml_value(&parsed.pool, key, nowhere),
		 yaml_value(&parsed.pool, "new", nowhere));
	expect_tree(parsed.root, expected);
	parsed_free(&parsed);
}

static void values_are_put_over_others(void **state)
{
	(void)state;
	expect_put("a: 1\nb: 2\n", "a", "{a: new, b: 2}");
	expect_put("a: 1\n", "c", "{a: 1, c: new}");
	expect_put("a: {b: 1, c: 2}\n", "a.b", "{a: {b: new, c: 2}}");
	expect_put("x: 1\n", "a.b.c", "{x: 1, a: {b: {c: new}}}");
	/* the short forms of sections grow */
	expect_put("machine: textbook\n", "machine.l1d.kib",
		   "{machine: {base: textbook, l1d: {kib: new}}}");
	expect_put("workload: counter\n", "workload.op", "{workload: {kind: counter, op: new}}");
}

static void nearest_words_count_swaps_as_one(void **state)
{
	/* clang-format off */
	static const struct {
		const char *word, *candidates[3], *best;
	} rows[] = {
		{ "cpu",     { "cpus", "seed" },             "cpus" },
		{ "opearte", { "operate", "repeat" },        "operate" },       /* one swap */
		{ "objcets", { "objects", "pages" },         "objects" },
		{ "sede",    { "seed", "title" },            "seed" },          /* one swap */
		{ "zzz",     { "cpus", "seed" },             NULL },
		{ "abcdef",  { "abczzz", "abcdzz" },         "abcdzz" },        /* 2 <= 6 / 3 */
		{ "abcdef",  { "abczzz", "seed" },           NULL },            /* 3 > 6 / 3 */
		{ "slub-sheaves", { "slub-page", "slub-cpu" }, NULL },          /* 5 > 9 / 3 */
		{ "Core2_2S", { "core2-2s", "textbook" },    "core2-2s" },      /* 0 */
		{ "op",      { "ops", "on" },                "ops" },           /* the first of equals */
		{ "i",       { "a", "" },                    NULL },            /* no letter stayed */
		{ "haswell", { "haswell-2s", "textbook" },   "haswell-2s" },    /* its first part */
		{ "has",     { "haswell-2s", "seed" },       NULL },            /* only whole parts */
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct nearest nearest = nearest_to(rows[i].word);

		for (size_t j = 0; rows[i].candidates[j]; j++)
			nearest_try(&nearest, rows[i].candidates[j]);
		if (rows[i].best)
			assert_string_equal(nearest.best, rows[i].best);
		else
			assert_null(nearest.best);
	}
}

/* Candidates may be on a stack, or freed, when the best of them is told. */
static void the_nearest_word_outlives_its_candidates(void **state)
{
	struct nearest nearest = nearest_to("texbook");
	char *candidate = xstrdup("textbook");

	(void)state;
	nearest_try(&nearest, candidate);
	memset(candidate, 'x', strlen(candidate));
	free(candidate);
	assert_string_equal(nearest.best, "textbook");
}

/* Longer than any word that exists: no candidate, and nothing overflows. */
static void endless_words_are_near_to_nothing(void **state)
{
	char word[200];

	(void)state;
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';

	struct nearest nearest = nearest_to(word);

	nearest_try(&nearest, word);
	nearest_try(&nearest, "a");
	assert_null(nearest.best);
}

static void mistakes_are_sorted_and_told_once(void **state)
{
	struct diagnostics *diagnostics = diagnostics_new();
	const struct document *a = diagnostics_source(diagnostics, "a", "one\ntwo\n", 8, false);
	const struct document *b = diagnostics_source(diagnostics, "b", "x\n", 2, false);
	char *text = NULL;
	size_t length;

	(void)state;
	mistake(diagnostics, (struct place){ b, 1, 1 }, "last");
	mistake(diagnostics, (struct place){ a, 2, 3 }, "second");
	mistake_note(diagnostics, (struct place){ a, 1, 1 }, "its note");
	mistake(diagnostics, (struct place){ a, 1, 2 }, "first");
	mistake(diagnostics, (struct place){ a, 2, 3 }, "second");
	mistake_note(diagnostics, (struct place){ a, 1, 1 }, "its note again");
	assert_int_equal(diagnostics_count(diagnostics), 3);

	FILE *out = open_memstream(&text, &length);

	diagnostics_print(diagnostics, out, false);
	fclose(out);
	assert_string_equal(text, "a:1:2: error: first\n    one\n     ^\n"
				  "a:2:3: error: second\n    two\n      ^\n"
				  "a:1:1: note: its note\n    one\n    ^\n"
				  "b:1:1: error: last\n    x\n    ^\n");
	free(text);
	diagnostics_free(diagnostics);
}

/* The examples of FIPS 180-4, and lengths around the padding's edges against themselves in parts. */
static void sha256_gives_the_standard_values(void **state)
{
	char hex[SHA256_HEX_BYTES], parts[SHA256_HEX_BYTES], text[200];

	(void)state;
	sha256_text("abc", 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_text("", 0, hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	assert_string_equal(hex,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(text, 'x', sizeof text);
	for (size_t length = 50; length < 70; length++) {
		struct sha256 hash;

		sha256_text(text, length, hex);
		sha256_start(&hash);
		for (size_t i = 0; i < length; i++)
			sha256_add(&hash, text + i, 1);
		sha256_hex(&hash, parts);
		assert_string_equal(hex, parts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_keeps_order_and_kinds),
		cmocka_unit_test(places_count_from_one_and_in_characters),
		cmocka_unit_test(byte_order_mark_and_carriage_returns_are_fine),
		cmocka_unit_test(deep_nesting_is_refused_at_once),
		cmocka_unit_test(sixteen_levels_pass_and_seventeen_do_not),
		cmocka_unit_test(more_than_a_mebibyte_is_refused),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(a_character_that_is_cut_is_told_where_it_begins),
		cmocka_unit_test(dotted_keys_become_nested),
		cmocka_unit_test(values_are_put_over_others),
		cmocka_unit_test(nearest_words_count_swaps_as_one),
		cmocka_unit_test(the_nearest_word_outlives_its_candidates),
		cmocka_unit_test(endless_words_are_near_to_nothing),
		cmocka_unit_test(mistakes_are_sorted_and_told_once),
		cmocka_unit_test(sha256_gives_the_standard_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
