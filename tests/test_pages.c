/*
 * The page of a figure: no two texts touch and none leaves it, whatever the names, however many bars
 * and curves there are, light or dark. Texts are measured in the SVG with the font's own widths.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/file.h"
#include "figures/look.h"
#include "figures/plots.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"
#include "tests/font_fixture.h"
#include "tests/points_fixture.h"
#include "tests/svg_fixture.h"

enum { UNITS = 64, TEXTS_MAX = 2000 };

static bool can_measure(void)
{
	struct font *font = font_open(false);

	if (font)
		font_close(font);
	return font && system("gnuplot --version >/dev/null 2>&1") == 0;
}

/* ---- widths ---------------------------------------------------------------------------------------- */

/* Of each character of ASCII to a thousandth, of others not less than the font says, but for a few. */
static void widths_are_those_of_the_font(void **state)
{
	(void)state;

	for (int bold = 0; bold < 2; bold++) {
		struct font *font = font_open(bold);

		if (!font)
			skip();
		for (char character = ' '; character <= '~'; character++) {
			const char text[] = { character, '\0' };

			if (fabs(width_of(text, 1000, bold) - 1000 * font_advance(font, (unsigned char)character)) > 0.501)
				fail_msg("'%c': %g, the font has %g", character, width_of(text, 1000, bold),
					 1000 * font_advance(font, (unsigned char)character));
		}
		for (const char *const *text = (const char *const[]){ "é", "’", "”", "∖", "…", "µ", "×", "Ж", "％", NULL }; *text; text++)
			assert_true(width_of(*text, 1000, bold) >= font_width(font, *text, 999));
		font_close(font);
	}
}

static void lines_break_at_blanks_and_hold_what_fits(void **state)
{
	(void)state;
	size_t count;
	/* "aaa" is 3 * 613 / 1000 of 100: 184; a blank 32; "aaa aaa" 399 */
	char **line = width_lines("aaa aaa aaa", 100, false, 400, 9, &count);

	assert_int_equal(count, 2);
	assert_string_equal(line[0], "aaa aaa");
	assert_string_equal(line[1], "aaa");
	free(line[0]);
	free(line[1]);
	free(line);

	/* no blank: four letters are 245, five 306.5; the ellipsis is 110 of the last line's 300 */
	line = width_lines("aaaaaaaaaaaa", 100, false, 300, 2, &count);
	assert_int_equal(count, 2);
	assert_string_equal(line[0], "aaaa");
	assert_string_equal(line[1], "aaa…");
	free(line[0]);
	free(line[1]);
	free(line);
}

static void lines_of_a_title_are_balanced(void **state)
{
	(void)state;
	size_t count;
	char **line = width_balanced("aa aa aa aa aa aa", 100, false, 800, 3, &count);

	/* all are 12 * 61.3 + 5 * 31.8 = 895; four are 586, five 741, three 431 */
	assert_int_equal(count, 2);
	assert_string_equal(line[0], "aa aa aa");
	assert_string_equal(line[1], "aa aa aa");
	width_free(line, count);
}

static void names_that_are_cut_stay_different(void **state)
{
	(void)state;
	char *const names[] = { "kmem_cache_cpu_of_node_0.freelist", "kmem_cache_cpu_of_node_1.freelist", "short", "short",
				"kmem_cache_cpu_of_node_2.freelist" };
	char **cut = width_names(names, 5, 12, 120);

	for (size_t i = 0; i < 5; i++) {
		assert_true(width_of(cut[i], 12, false) <= 120);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(!strcmp(cut[i], cut[j]), !strcmp(names[i], names[j]));
	}
	assert_string_equal(cut[2], "short");
	for (size_t i = 0; i < 5; i++)
		free(cut[i]);
	free(cut);
}

/* Head and tail are alike; what is between them tells. A letter is some 7 pixels wide. */
static void names_that_are_cut_show_where_they_differ(void **state)
{
	(void)state;
	char *const names[] = { "pcp-spin drain_chunk=63 batch=31 high_min=252 auto_tune=true",
				"pcp-spin drain_chunk=63 batch=63 high_min=252 auto_tune=true", "pcp" };
	char **cut = width_names(names, 3, 12, 200);

	assert_ptr_equal(strstr(cut[0], "pc"), cut[0]);
	assert_ptr_equal(strstr(cut[1], "pc"), cut[1]);
	assert_non_null(strstr(cut[0], "batch=31"));
	assert_non_null(strstr(cut[1], "batch=63"));
	assert_null(strstr(cut[1], "(2)"));
	assert_string_equal(cut[2], "pcp");
	for (size_t i = 0; i < 3; i++) {
		assert_true(width_of(cut[i], 12, false) <= 200);
		free(cut[i]);
	}
	free(cut);
}

/* The words that vary stay whole as far as there is room, as in a row where all have one allocator. */
static void labels_lose_the_words_that_all_begin_with(void **state)
{
	(void)state;
	static const char *const rest[] = { " packed packed",	    " packed split",	      " nr-partial-apart packed",
					    " nr-partial-apart split", " counters-apart packed", " counters-apart split" };
	char *names[6];

	for (size_t i = 0; i < 6; i++)
		assert_true(asprintf(&names[i], "sheaves-all%s", rest[i]) > 0);

	/* with room for the longest with two letters of "sheaves-all", and for all of it */
	double some = width_of("sh… nr-partial-apart packed", 12, false) + 1,
	       whole = width_of("sheaves-all nr-partial-apart packed", 12, false) + 1;
	char **cut = width_labels(names, 6, 12, some), **all = width_labels(names, 6, 12, whole);

	for (size_t i = 0; i < 6; i++) {
		char text[80];

		snprintf(text, sizeof text, "sh…%s", rest[i]);
		assert_string_equal(cut[i], text);
		assert_string_equal(all[i], names[i]);
		free(cut[i]);
		free(all[i]);
	}
	free(cut);
	free(all);

	/* without room for the rest: still different */
	cut = width_labels(names, 6, 12, 100);
	for (size_t i = 0; i < 6; i++) {
		assert_true(width_of(cut[i], 12, false) <= 100);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(cut[i], cut[j]);
	}
	for (size_t i = 0; i < 6; i++) {
		free(cut[i]);
		free(names[i]);
	}
	free(cut);
}

/* ---- colours --------------------------------------------------------------------------------------- */

/* WCAG's example: black on white is 21, #777777 on white 4.48. */
static void contrast_is_that_of_wcag(void **state)
{
	(void)state;

	assert_true(fabs(look_contrast(0x000000, 0xffffff) - 21) < 0.001);
	assert_true(fabs(look_contrast(0xffffff, 0x777777) - 4.48) < 0.005);
	assert_true(look_contrast(0x123456, 0x123456) == 1);
}

static void every_allocator_can_be_seen_on_either_paper(void **state)
{
	(void)state;
	static const char *const names[] = { "slub-page", "slub-cpu 2.6.24", "slub-cmpxchg", "slub-lockless", "slub-tagged", "slab",
					     "sheaves", "sheaves-all", "bonwick", "buddy", "pcp", "magazine", "pcp-spin", "llfree",
					     "toy", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n" };

	for (int dark = 0; dark < 2; dark++) {
		const struct look look = { .dark = dark };
		colour paper = look_tone(&look, TONE_PAPER);

		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			assert_true(look_contrast(look_series(&look, names[i], 0), paper) >= 3);
		for (size_t i = 0; i < 16; i++)
			assert_true(look_contrast(look_other(&look, i), paper) >= 3);
		assert_true(look_contrast(look_tone(&look, TONE_INK), paper) >= 7);
		assert_true(look_contrast(look_tone(&look, TONE_SECOND), paper) >= 4.5);
		assert_true(look_contrast(look_tone(&look, TONE_PALE), paper) >= 4.5);
	}
}

/* By the first word alone, whatever is beside it; a second series of the same word is another shade. */
static void a_name_has_one_colour(void **state)
{
	(void)state;
	const struct look look = { 0 };

	assert_int_equal(look_series(&look, "toy keep=0", 0), look_series(&look, "toy", 0));
	assert_int_equal(look_series(&look, "slub-cpu", 0), 0x0072b2);
	assert_int_not_equal(look_series(&look, "toy keep=64", 1), look_series(&look, "toy", 0));
	assert_int_not_equal(look_series(&look, "slub-tagged v1", 1), look_series(&look, "slub-tagged", 0));
}

/* ---- pages ------------------------------------------------------------------------------------------ */

struct page_of {
	size_t series, groups;
	const char *names;              /* of series: printf's format of a number */
	const char *values;             /* of the swept key, likewise */
	uint64_t cpus;                  /* most; 1, 2, 4 ... are swept, each number if negative */
	bool each;
	double spread;                  /* each series has that many times the bounces of the one before */
};

/* Line 64 goes from CPU to CPU. */
static void add_holders(struct point *point)
{
	struct holder holders[40];
	size_t count = point->cpus < 2 ? 0 : 40;

	for (size_t i = 0; i < count; i++)
		holders[i] = (struct holder){ (100 + 20 * i) * UNITS, i % 3 * 64, (unsigned)(i % point->cpus) };
	if (count)
		made_holders(point, holders, count);
}

static void add_members(struct result *result, size_t count)
{
	uint64_t all = result->total.bounces[CLASS_ALLOCATOR];

	result->member = xalloc(count * sizeof *result->member);
	result->site = xalloc(count * sizeof *result->site);
	result->members = result->sites = count;
	for (size_t i = 0; i < count; i++) {
		struct member_stats *member = &result->member[i];

		*member = (struct member_stats){ .class = CLASS_ALLOCATOR, .bounces = all / count };
		snprintf(member->layout, sizeof member->layout, "a_struct_with_a_long_name_%zu", i / 2);
		snprintf(member->member, sizeof member->member, "and_its_member_%zu", i);
		result->site[i] = (struct site_stats){ .site = { "models/objects/2007_slub_page.c", (unsigned)(100 + i), "a_function", "" },
						       .bounces = all / count };
	}
}

/* Held and waited for more and more; the last one by nobody. */
static void add_locks(struct result *result, uint64_t bounces)
{
	enum { LOCKS = 6 };

	result->lock = xalloc(LOCKS * sizeof *result->lock);
	result->locks = LOCKS;
	for (uint64_t i = 0; i < LOCKS; i++) {
		result->lock[i] = (struct lock_stats){ .taken = 10, .contended = 5, .hold_units = (bounces + 100 * i) * UNITS,
						       .wait_units = i + 1 < LOCKS ? (3 * bounces + i) * UNITS : 0 };
		snprintf(result->lock[i].label, sizeof result->lock[i].label, "a_struct_with_a_long_name.lock_%llu", (unsigned long long)i);
	}
}

static void add_points(struct made *made, const struct page_of *of, uint64_t cpus)
{
	char series[200], value[200], number[24];

	for (size_t g = 0; g < of->groups; g++)
		for (size_t s = 0; s < of->series; s++) {
			snprintf(series, sizeof series, of->names, s);
			snprintf(value, sizeof value, of->values, g);

			double bounces = 500 * pow(of->spread, (double)s) + (double)g;
			struct point *point = made_add(made, series, value, 1, (uint64_t)bounces, 100 + (uint64_t)(bounces / 4));

			made_cpus(point, cpus);
			snprintf(number, sizeof number, "%llu", (unsigned long long)cpus);
			made_key(point, "cpus", number);
			point->result->total.bounces[CLASS_WORKLOAD] = 300;
			point->result->total.bounces[CLASS_PAYLOAD] = 700;
			point->result->total.misses_false_sharing = (uint64_t)bounces;
			point->result->total.misses_true_sharing = 300;
			point->result->total.misses_cold = point->result->total.misses_capacity = 100;
			point->result->footprint_bytes_peak = 1500 + (uint64_t)bounces;
			point->result->live_bytes_peak = 1000;
			point->metadata_bytes = 300;
			add_holders(point);
			add_members(point->result, 10);
			add_locks(point->result, (uint64_t)bounces);
		}
}

struct box {
	double left, right, top, bottom;
	const char *text;
};

/* Letters without their marks above and below: 0.73 of the size above the line, 0.21 below it. */
static struct box box_of(const struct svg_text *text, struct font *const fonts[2])
{
	double width = font_width(fonts[text->bold], text->text, text->size), above = 0.73 * text->size, below = 0.21 * text->size;
	double before = text->anchor == 's' ? 0 : text->anchor == 'm' ? width / 2 : width;

	if (text->turned == 270 || text->turned == -90) /* upwards: what is before the anchor is below it */
		return (struct box){ text->x - above, text->x + below, text->y - width + before, text->y + before, text->text };
	assert_true(text->turned == 0);
	return (struct box){ text->x - before, text->x - before + width, text->y - above, text->y + below, text->text };
}

static bool overlap(const struct box *a, const struct box *b)
{
	return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

static size_t check_texts(const char *name, const char *picture, double width, double height)
{
	static struct svg_text text[TEXTS_MAX];
	static struct box box[TEXTS_MAX];
	struct font *fonts[2] = { font_open(false), font_open(true) };
	size_t count = svg_texts(picture, text, TEXTS_MAX);

	assert_true(count > 3 && count < TEXTS_MAX);
	for (size_t i = 0; i < count; i++) {
		box[i] = box_of(&text[i], fonts);
		if (box[i].left < 0 || box[i].right > width || box[i].top < 0 || box[i].bottom > height)
			fail_msg("%s: leaves the page: '%s' %g..%g %g..%g", name, box[i].text, box[i].left, box[i].right,
				 box[i].top, box[i].bottom);
		for (size_t j = 0; j < i; j++)
			if (overlap(&box[i], &box[j]))
				fail_msg("%s: '%s' touches '%s'", name, box[i].text, box[j].text);
	}
	font_close(fonts[0]);
	font_close(fonts[1]);
	return count;
}

static void check_page(const struct page_of *of, const struct look *look)
{
	static char *const names[] = { "bounces", "members", "structs", "sources", "cycles", "causes", "shares", "misses", "memory", "scaling", "throughput", "locks", "heat" };
	static char *swept[] = { "objects", "cpus", "workload.object_size" };
	enum { NAMES = sizeof names / sizeof *names };
	char *folder = folder_new(), path[600], why[600] = "";
	struct made *made = xalloc(sizeof *made);

	made_init(made);
	made->points.swept = swept;
	made->points.swepts = 3;
	for (uint64_t cpus = 1; cpus <= of->cpus; cpus = of->each ? cpus + 1 : 2 * cpus)
		add_points(made, of, cpus);
	if (!plots_draw_points(folder, &made->points, names, NAMES, look, NULL, NULL, why, sizeof why))
		fail_msg("%s", why);
	for (size_t i = 0; i < NAMES; i++) {
		size_t length;
		char *picture;

		snprintf(path, sizeof path, "%s/%s.svg", folder, names[i]);
		picture = file_read(path, 1 << 26, &length);
		if (!picture && of->cpus > 1)
			fail_msg("%s has not been drawn", names[i]);
		if (picture)
			check_texts(names[i], picture, look->slide ? 1280 : 1200, 720);
		free(picture);
	}
	made_free(made);
	free(made);
	folder_free(folder);
}

static const struct look looks[] = { { 0 }, { .dark = true, .slide = true } };

static void one_series_on_one_cpu(void **state)
{
	(void)state;

	if (!can_measure())
		skip();
	check_page(&(struct page_of){ .series = 1, .groups = 1, .names = "slub-page", .values = "64", .cpus = 1, .spread = 1 }, &looks[0]);
}

static void three_series_on_1_to_64_cpus(void **state)
{
	(void)state;

	if (!can_measure())
		skip();
	for (size_t i = 0; i < 2; i++)
		check_page(&(struct page_of){ .series = 3, .groups = 2, .names = "slub-cpu v%zu", .values = "%zu", .cpus = 64, .spread = 2 },
			   &looks[i]);
}

/* Values over four decades: logarithmic axes. */
static void eight_series_with_long_names(void **state)
{
	(void)state;

	if (!can_measure())
		skip();
	for (size_t i = 0; i < 2; i++)
		check_page(&(struct page_of){ .series = 8, .groups = 3, .names = "an-allocator-of-a-long-name-%zu and a variant of it",
					      .values = "a value of many words, the %zu-th", .cpus = 2, .spread = 4 },
			   &looks[i]);
}

static void each_number_of_cpus_up_to_60(void **state)
{
	(void)state;

	if (!can_measure())
		skip();
	check_page(&(struct page_of){ .series = 1, .groups = 1, .names = "toy", .values = "%zu", .cpus = 60, .each = true, .spread = 1 },
		   &looks[0]);
}

/* A title of one's own is the figure's, in as many lines as it needs. */
static void a_title_of_ones_own_is_drawn(void **state)
{
	(void)state;
	const struct look look = { .title = "What I say myself about this, and it is rather a long sentence, so long that it does not fit into "
					    "one line of a page" };

	if (!can_measure())
		skip();
	check_page(&(struct page_of){ .series = 2, .groups = 1, .names = "s%zu", .values = "%zu", .cpus = 2, .spread = 2 }, &look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_those_of_the_font),
		cmocka_unit_test(lines_break_at_blanks_and_hold_what_fits),
		cmocka_unit_test(lines_of_a_title_are_balanced),
		cmocka_unit_test(names_that_are_cut_stay_different),
		cmocka_unit_test(names_that_are_cut_show_where_they_differ),
		cmocka_unit_test(labels_lose_the_words_that_all_begin_with),
		cmocka_unit_test(contrast_is_that_of_wcag),
		cmocka_unit_test(every_allocator_can_be_seen_on_either_paper),
		cmocka_unit_test(a_name_has_one_colour),
		cmocka_unit_test(one_series_on_one_cpu),
		cmocka_unit_test(three_series_on_1_to_64_cpus),
		cmocka_unit_test(eight_series_with_long_names),
		cmocka_unit_test(each_number_of_cpus_up_to_60),
		cmocka_unit_test(a_title_of_ones_own_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
