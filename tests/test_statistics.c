/*
 * Intervals, percentiles and the numbers of tables, against values worked out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/table.h"
#include "experiment/statistics.h"

static void expect_near(const char *what, double value, double expected)
{
	if (!(fabs(value - expected) <= 5e-5))
		fail_msg("%s is %.6f, expected %.6f", what, value, expected);
}

static void expect_interval(struct interval interval, size_t count, double mean, double low, double high)
{
	assert_int_equal(interval.count, count);
	expect_near("mean", interval.mean, mean);
	expect_near("low", interval.low, low);
	expect_near("high", interval.high, high);
}

/* The printed tables of Student's t, two-sided 95 %; with one degree it is tan(0.475 pi), with
 * two sqrt(2) * 0.95 / sqrt(1 - 0.95^2) = 4.30265. */
static void student_points_are_those_of_printed_tables(void **state)
{
	(void)state;
	static const struct { double degrees, t, off; } rows[] = {
		{ 1, 12.7062, 5e-5 }, { 2, 4.3027, 5e-5 }, { 3, 3.1824, 5e-5 }, { 4, 2.7764, 5e-5 }, { 9, 2.2622, 5e-5 },
		{ 19, 2.0930, 5e-5 }, { 29, 2.0452, 5e-5 }, { 30, 2.0423, 5e-5 }, { 40, 2.0211, 1e-3 }, { 60, 2.0003, 1e-3 },
		{ 120, 1.9799, 1e-3 }, { 1e9, 1.9600, 5e-5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fabs(statistics_t95(rows[i].degrees) - rows[i].t) > rows[i].off)
			fail_msg("t with %g degrees is %.5f, expected %.5f", rows[i].degrees, statistics_t95(rows[i].degrees), rows[i].t);
	/* between 4 and 5: linear in 1/degrees: 2.5706 + (1/4.5 - 1/5) / (1/4 - 1/5) * (2.7764 - 2.5706)
	 * = 2.5706 + 0.44444 * 0.2058 = 2.66207 (true: 2.6585) */
	expect_near("t with 4.5 degrees", statistics_t95(4.5), 2.66207);
}

static void interval_of_five_values(void **state)
{
	(void)state;
	/* mean 3; squares 4 + 1 + 0 + 1 + 4 = 10, / 4 = 2.5; sqrt(2.5 / 5) = 0.707107;
	 * t(4) = 2.7764: half = 1.963212 */
	expect_interval(statistics_interval((double[]){ 5, 1, 4, 2, 3 }, 5), 5, 3, 1.036788, 4.963212);
}

static void one_value_has_no_interval(void **state)
{
	(void)state;
	struct interval one = statistics_interval((double[]){ 7 }, 1);

	expect_interval(one, 1, 7, 7, 7);
	assert_false(interval_known(&one));
	assert_true(isnan(statistics_interval(NULL, 0).mean));
}

/* t(1) = 12.7: mean 541.5, deviation of either 12.5; 12.5 * sqrt(2) / sqrt(2) * 12.7 = 158.8 */
static void two_values_have_a_range(void **state)
{
	(void)state;
	struct interval two = statistics_interval((double[]){ 554, 529 }, 2);

	expect_interval(two, 2, 541.5, 529, 554);
	assert_true(two.rough);
	assert_true(interval_known(&two));
	assert_false(interval_told(&two));
}

/* Mean 4, deviations -3 -3 6: variance 54 / 2 = 27, sqrt(27 / 3) = 3, times 4.3027 is 12.9 > 4. */
static void an_interval_below_nothing_is_a_range(void **state)
{
	(void)state;
	struct interval wide = statistics_interval((double[]){ 1, 1, 10 }, 3);
	struct interval negative = statistics_interval((double[]){ -1, 1, 10 }, 3);

	expect_interval(wide, 3, 4, 1, 10);
	assert_true(wide.rough);
	/* values that may be below 0 have one */
	assert_false(negative.rough);
	assert_true(negative.low < -1);
}

/* A change by more than -100 % cannot be told, nor one of two seeds; both still decide. */
static void a_rough_change_decides_but_is_not_told(void **state)
{
	(void)state;
	struct interval two = statistics_change((double[]){ 10, 12 }, 2, (double[]){ 20, 22 }, 2);
	struct interval wide =
		statistics_change((double[]){ 1, 1, 10 }, 3, (double[]){ 2, 2, 2 }, 3);

	assert_true(interval_known(&two) && !interval_told(&two));
	/* means 4 and 2; error sqrt(9 + 0) = 3 with 2 degrees: 4.3027 * 3 = 12.9; / 4: -0.5 -+ 3.2 */
	expect_interval(wide, 3, -0.5, -0.5 - 3.227025, -0.5 + 3.227025);
	assert_true(wide.rough);
}

static void equal_values_have_an_interval_of_zero_width(void **state)
{
	(void)state;
	struct interval same = statistics_interval((double[]){ 2, 2, 2 }, 3);

	expect_interval(same, 3, 2, 2, 2);
	assert_true(interval_known(&same));
}

static void change_of_two_groups(void **state)
{
	(void)state;
	/* means 12 and 22, both variances 4; error sqrt(4/3 + 4/3) = 1.632993; degrees
	 * (8/3)^2 / (2 * (4/3)^2 / 2) = 4, t = 2.7764: half = 4.533842; all divided by 12:
	 * 0.833333 -+ 0.377820 */
	expect_interval(statistics_change((double[]){ 10, 12, 14 }, 3, (double[]){ 20, 22, 24 }, 3), 3,
		0.833333, 0.455513, 1.211153);
}

static void change_with_unequal_spread(void **state)
{
	(void)state;
	/* a: mean 10, variance 2, /2 = 1; b: mean 15, variance 9, /3 = 3; error sqrt(4) = 2;
	 * degrees 16 / (1/1 + 9/2) = 2.90909; t: 3.1824 + (1/2.90909 - 1/3) / (1/2 - 1/3) * (4.3027 - 3.1824)
	 * = 3.1824 + 0.0625 * 1.1203 = 3.252419: half = 6.504838; / 10 */
	expect_interval(statistics_change((double[]){ 9, 11 }, 2, (double[]){ 12, 15, 18 }, 3), 2,
		0.5, 0.5 - 0.650484, 0.5 + 0.650484);
}

static void change_from_nothing(void **state)
{
	(void)state;
	double zero[2] = { 0, 0 }, one[2] = { 1, 1 };

	expect_interval(statistics_change(zero, 2, zero, 2), 2, 0, 0, 0);
	assert_true(isnan(statistics_change(zero, 2, one, 2).mean));
	/* one value on a side: the change is known, its interval is not */
	expect_interval(statistics_change(one, 1, (double[]){ 3 }, 1), 1, 2, 2, 2);
}

static void percentiles_are_values_of_the_group(void **state)
{
	(void)state;
	double ten[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };

	/* ceil(0.5 * 10) = 5th; ceil(0.95 * 10) = 10th; ceil(0.11 * 10) = 2nd; never below the first */
	expect_near("p50", statistics_percentile(ten, 10, 0.50), 5);
	expect_near("p95", statistics_percentile(ten, 10, 0.95), 10);
	expect_near("p11", statistics_percentile(ten, 10, 0.11), 2);
	expect_near("p0", statistics_percentile(ten, 10, 0), 1);
	expect_near("p100", statistics_percentile(ten, 10, 1), 10);
	expect_near("p50 of equal values", statistics_percentile((double[]){ 3, 3, 3 }, 3, 0.5), 3);
	assert_true(isnan(statistics_percentile(NULL, 0, 0.5)));
}

static void numbers_for_people_have_three_or_four_digits(void **state)
{
	(void)state;
	static const struct { double value; const char *text; } rows[] = {
		{ 0, "0" }, { 1, "1.00" }, { 1.9, "1.90" }, { 9.994, "9.99" }, { 9.996, "10.0" }, { 95.24, "95.2" },
		{ 99.96, "100" }, { 104.4, "104" }, { 999.6, "1000" }, { 28000, "28 000" }, { 1234567.2, "1 234 567" },
		{ 0.1234, "0.123" }, { 0.0123, "0.012" }, { 0.00001, "<0.0005" }, { -2.5, "-2.50" }, { -28000, "-28 000" },
		{ NAN, "-" },
	};
	char buf[40];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(number_real(buf, sizeof buf, rows[i].value), rows[i].text);
	assert_string_equal(number_count(buf, sizeof buf, 9999), "9999");
	assert_string_equal(number_count(buf, sizeof buf, 10000), "10 000");
	assert_string_equal(number_count(buf, sizeof buf, UINT64_MAX), "18 446 744 073 709 551 615");
}

static const struct column columns[] = {
	{ "name", "name", true }, { "count", "count", false }, { "mean", "mean", false },
	{ "of all", "share", false }, { NULL, "exact", false }, { "note", NULL, true }, { NULL, NULL, false },
};

static struct table *small_table(void)
{
	struct table *table = table_new(columns);

	table_text(table, "page[5], first");
	table_count(table, 28000);
	table_real(table, 1.5);
	table_share(table, 93, 100);
	table_count(table, 1);
	table_text(table, "a \"note\"");
	table_text(table, "own");
	table_count(table, 412);
	table_real(table, 104);
	table_share(table, 1, 1000);
	table_real(table, NAN);
	table_blank(table);
	return table;
}

static char *printed(const struct table *table, enum table_format format, unsigned indent)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	table_print(table, out, format, "line", indent, (struct paper){ 0 });
	fclose(out);
	return text;
}

static void expect_printed(enum table_format format, const char *expected)
{
	struct table *table = small_table();
	char *text = printed(table, format, format == TABLE_PEOPLE ? 2 : 0);

	assert_string_equal(text, expected);
	free(text);
	table_free(table);
}

/* Points below each other, headings above the last digit, nothing at the end of a line. */
static void a_table_for_people_is_aligned(void **state)
{
	(void)state;
	expect_printed(TABLE_PEOPLE,
		"  name             count    mean  of all  note\n"
		"  page[5], first  28 000    1.50    93 %  a \"note\"\n"
		"  own                412  104       <1 %\n");
}

static void a_table_for_programs_has_whole_numbers_and_quotes(void **state)
{
	(void)state;
	expect_printed(TABLE_CSV,
		"name,count,mean,share,exact\n"
		"\"page[5], first\",28000,1.5,0.93000000000000005,1\n"
		"own,412,104,0.001,\n");
	expect_printed(TABLE_JSONL,
		"{\"type\":\"line\",\"name\":\"page[5], first\",\"count\":28000,\"mean\":1.5,\"share\":0.93000000000000005,\"exact\":1}\n"
		"{\"type\":\"line\",\"name\":\"own\",\"count\":412,\"mean\":104,\"share\":0.001,\"exact\":null}\n");
}

static void colour_is_asked_for_or_a_terminal(void **state)
{
	(void)state;
	FILE *file = tmpfile();

	assert_false(table_colour(file, NULL));
	assert_true(table_colour(file, "always"));
	assert_false(table_colour(file, "never"));
	fclose(file);
}

/*
 * 757 and 925 are the means of 752, 755, 760, 761 and 920, 924, 925, 931; the gap of 159 stands
 * against 2 * 11 and 5 % of 840.5. The rows beside each limit: 0 2 | 10 12 14 16 18 20 has a gap of
 * 8 against 2 * 10; of 0 4 | 12 ... 16 the gap is 8 = 2 * 4, of 0 4 | 13 ... 16 it is 9; 5 % of
 * the median 100 is 5.
 */
static void two_states_are_two_groups_with_nothing_between(void **state)
{
	static const struct {
		const char *name;
		double value[10];
		size_t count, in_low, in_high;
		double low, high;
	} rows[] = {
		{ "the example of docs/model.md, in any order",
		  { 925, 752, 920, 761, 755, 931, 760, 924 }, 8, 4, 4, 757, 925 },
		{ "seven seeds are too few", { 752, 755, 760, 761, 920, 924, 925 }, 7, 0, 0, 0, 0 },
		{ "a stray seed is no state", { 752, 755, 757, 758, 759, 760, 761, 931 }, 8, 0, 0, 0, 0 },
		{ "two are", { 750, 752, 754, 756, 758, 760, 930, 940 }, 8, 6, 2, 755, 935 },
		{ "spread out", { 0, 2, 10, 12, 14, 16, 18, 20 }, 8, 0, 0, 0, 0 },
		{ "twice the range is not over it", { 0, 4, 12, 13, 14, 14, 15, 16 }, 8, 0, 0, 0, 0 },
		{ "more than twice is", { 0, 4, 13, 14, 14, 15, 16, 16, 13, 13 }, 10, 2, 8, 2, 14.25 },
		{ "close together", { 99, 99, 99, 99, 104, 104, 104, 104 }, 8, 0, 0, 0, 0 },
		{ "just over 5 % of the median", { 97, 97, 97, 97, 103, 103, 103, 103 }, 8, 4, 4, 97, 103 },
		{ "all equal", { 5, 5, 5, 5, 5, 5, 5, 5 }, 8, 0, 0, 0, 0 },
		{ "none but zero", { 0 }, 8, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct states states = statistics_states(rows[i].value, rows[i].count);

		if (states.in_low != rows[i].in_low || states.in_high != rows[i].in_high ||
		    states.low != rows[i].low || states.high != rows[i].high)
			fail_msg("%s: %g (%zu), %g (%zu)", rows[i].name, states.low, states.in_low,
				 states.high, states.in_high);
	}
}

static void a_change_has_the_states_of_either_side(void **state)
{
	static const double one[] = { 10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 10.7 };
	static const double two[] = { 5, 5, 6, 6, 30, 30, 31, 31 };
	struct interval of_one = statistics_interval(one, 8), of_two = statistics_interval(two, 8),
			away = statistics_change(one, 8, two, 8),
			back = statistics_change(two, 8, one, 8);
	char text[64];

	(void)state;
	assert_false(interval_two_states(&of_one));
	assert_true(interval_two_states(&of_two));
	assert_true(interval_two_states(&away));
	assert_true(interval_two_states(&back));
	assert_string_equal(number_states(text, sizeof text, &of_two.states),
			    "5.50 (4) or 30.5 (4)");
	/* one number twice is none to tell apart */
	assert_null(number_states(text, sizeof text, &(struct states){ 4, 4, 0.0021, 0.0023 }));
	assert_null(number_states(text, sizeof text, &of_one.states));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(student_points_are_those_of_printed_tables),
		cmocka_unit_test(interval_of_five_values),
		cmocka_unit_test(one_value_has_no_interval),
		cmocka_unit_test(two_values_have_a_range),
		cmocka_unit_test(an_interval_below_nothing_is_a_range),
		cmocka_unit_test(a_rough_change_decides_but_is_not_told),
		cmocka_unit_test(equal_values_have_an_interval_of_zero_width),
		cmocka_unit_test(change_of_two_groups),
		cmocka_unit_test(change_with_unequal_spread),
		cmocka_unit_test(change_from_nothing),
		cmocka_unit_test(two_states_are_two_groups_with_nothing_between),
		cmocka_unit_test(a_change_has_the_states_of_either_side),
		cmocka_unit_test(percentiles_are_values_of_the_group),
		cmocka_unit_test(numbers_for_people_have_three_or_four_digits),
		cmocka_unit_test(a_table_for_people_is_aligned),
		cmocka_unit_test(a_table_for_programs_has_whole_numbers_and_quotes),
		cmocka_unit_test(colour_is_asked_for_or_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
