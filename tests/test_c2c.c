/*
 * perf c2c's text, read: the line's members, groups and rates, summed by hand from the samples;
 * what is no such text; and that whatever comes of it is an experiment without a mistake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/c2c.h"
#include "experiment/experiment.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

static const char head[] =
	"      Shared Cache Line Distribution Pareto\n#\n"
	"      0     1304     1108     2000      600        0  0xffff9c1a40d7a4c0\n";

struct converted {
	bool good;
	char *yaml, why[C2C_WHY_BYTES];
	struct c2c_summary summary;
};

static struct converted convert(const char *text, size_t length, unsigned line)
{
	struct converted converted = { .yaml = NULL };
	size_t size;
	FILE *out = text_open(&converted.yaml, &size);

	converted.good = c2c_convert(text, length, line, "x", out, &converted.summary,
				     converted.why, sizeof converted.why);
	text_close(out);
	return converted;
}

static void must_be_an_experiment(const char *yaml)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("x.yaml", yaml, strlen(yaml), NULL, 0, diagnostics);

	if (!experiment) {
		diagnostics_print(diagnostics, stderr, false);
		fail_msg("not an experiment:\n%s", yaml);
	}
	experiment_free(experiment);
	diagnostics_free(diagnostics);
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in\n%s", part, text);
}

/*
 * get_file: 50 % of 2000 and 50 % of 600 stores, 1300, of 1300 records: no loads. fput: 1300 stores
 * of 1348 records, 48 loads, but 2 % of 1304 and of 1108 hitm are 26 and 22: 48 too. vfs_read: 4400
 * records, no store. Per CPU: 1300 / 16 = 81, 4400 / 15 = 293 (the most), 2756 / 15 = 183:
 * 81/293 = 0.276450, 183/293 = 0.624573.
 */
static void the_hottest_line(void **state)
{
	char *text = read_text("tests/structs/file.c2c.txt");
	struct converted converted = convert(text, strlen(text), 0);

	(void)state;
	if (!converted.good)
		fail_msg("%s", converted.why);
	assert_int_equal(converted.summary.rows, 4);
	assert_int_equal(converted.summary.members, 3);
	assert_int_equal(converted.summary.groups, 2);
	assert_int_equal(converted.summary.cpus, 16 + 15);
	assert_int_equal(converted.summary.records, 1300 + 1348 + 4400 + 2756);
	expect(converted.yaml, "    at_0x00: {offset: 0, size: 8}\n");
	expect(converted.yaml, "    at_0x10: {offset: 16, size: 8}\n");
	expect(converted.yaml, "    unknown_0x18: {offset: 24, size: 40}\n");
	expect(converted.yaml,
	       "- store at_0x10 0.276450    # get_file file.h:1084: 0 loads, 1300 stores");
	expect(converted.yaml,
	       "- add at_0x10 0.276450    # fput file_table.c:512: 48 loads, 1300 stores");
	expect(converted.yaml,
	       "- load at_0x00    # vfs_read read_write.c:468: 4400 loads, 0 stores");
	expect(converted.yaml, "- load at_0x08 0.624573    #");
	expect(converted.yaml, "cpus: 31\n");
	must_be_an_experiment(converted.yaml);
	free(converted.yaml);
	free(text);
}

static void what_is_none_is_refused(void **state)
{
	/* clang-format off */
	static const struct { const char *rows, *why; unsigned line; bool bare; } rows[] = {
		{ "hello\n", "no 'Shared Cache Line Distribution Pareto' with lines in it: this wants the text of 'perf c2c report --stdio'", 0, true },
		{ "", "no line 1 among the 1 of the report", 1 },
		{ "", "line 0 has no accesses", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0x8\n", "4:1: 4 shares, and 5 counts in the line above them", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 8\n", "4:30: an offset like 0x18 is missing behind the shares", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x40 0 1 0xff 1 2 3 4 5\n", "4:30: offset 64 of a line of 64 bytes", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 2\n", "4:1: the address of the code is missing", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 [k] f\n", "4:45: records and CPUs of this access are missing", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4 0 [k] f\n", "4:51: an access of 0 CPUs; 1 to 4096 are understood", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 99999999999999999999 5 [k] f\n", "4:49: no report counts that far", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4 99999999999999999999 [k] f\n", "4:51: no report counts that far", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 40 2000 [k] f\n", "line 0 is of 2000 CPUs in all; no machine here has more than 1024", 0 },
		{ " 60,00% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4 5 [k] f\n", "4:2: a share of the counts above, like 12.34%, is due here, not '60,00%'", 0 },
		{ " 1.0% 200.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4 5 [k] f\n", "4:7: a share of the counts above, like 12.34%, is due here, not '200.0%'", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4.4K 5 [k] f\n", "4:49: a whole number without unit or comma is due here, not '4.4K'", 0 },
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1,200 2 3 4 5 [k] f\n", "4:43: a whole number without unit or comma is due here, not '1,200'", 0 },
		/* the head of the next line: its rows are not those of the one before */
		{ " 1.0% 2.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 4 5 [k] f\n 1 1,108 9 9 9 9 0xff00\n", "5:4: a whole number without unit or comma is due here, not '1,108'", 0 },
		{ " 1 1 2 3 4 5 0xFF00\n", "4:14: a whole number without unit or comma is due here, not '0xFF00'", 0 },
		{ " 1 1 2 3 0xff00\n", "4:2: a line's number, four or five counts and its address are due here, or shares of them", 0 },
		{ " 0.0% 0.0% 0.00% 0.00% 0.00% 0x8 0 1 0xff 1 2 3 0 2 [k] f\n", "line 0 has accesses without a sample", 0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[1000];

		snprintf(text, sizeof text, "%s%s", rows[i].bare ? "" : head, rows[i].rows);

		struct converted converted = convert(text, strlen(text), rows[i].line);

		assert_false(converted.good);
		if (strncmp(converted.why, rows[i].why, strlen(rows[i].why)))
			fail_msg("row %zu: told %s, expected %s", i, converted.why, rows[i].why);
		assert_string_equal(converted.yaml, "");
		free(converted.yaml);
	}
}

/* Names of the report end in comments: none of them becomes a line, a key or a command. */
static void names_stay_in_comments(void **state)
{
	char text[1000];
	int length = snprintf(
		text, sizeof text,
		"%s 1.0%% 2.0%% 0.00%% 50.00%% 0.00%% 0x8 0 1 0xff 1 2 3 400 2 [k] f\x1b[31m\"'`$@%%{}:x: [o] a:b\x07\xff\n",
		head);
	struct converted converted = convert(text, (size_t)length, 0);

	(void)state;
	assert_true(converted.good);
	assert_null(strchr(converted.yaml, '\x1b'));
	assert_null(strchr(converted.yaml, '\x07'));
	assert_null(strchr(converted.yaml, '\xff'));
	must_be_an_experiment(converted.yaml);
	free(converted.yaml);
}

/* The command writes the file once, and over it only with --force. */
static void the_command(void **state)
{
	char *folder = folder_new(), file[4200];
	struct output output;

	(void)state;
	snprintf(file, sizeof file, "%s/x.yaml", folder);
	output = run_cli((const char *const[]){ "import", "--c2c", "tests/structs/file.c2c.txt",
						"-o", file, NULL });
	assert_int_equal(output.status, 0);
	expect(output.out,
	       "line 0 of 1: 4 accesses in 9804 records, at 3 offsets, by 31 CPUs in 2 groups\n");
	output_free(&output);
	output = run_cli((const char *const[]){ "import", "--c2c", "tests/structs/file.c2c.txt",
						"-o", file, NULL });
	assert_int_equal(output.status, 2);
	expect(output.err, "is there; --replace writes over it");
	output_free(&output);
	static const char *const others[] = { "--events=3", "--skip=0", "--level=both" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		output = run_cli((const char *const[]){ "import", "--c2c", "tests/structs/file.c2c.txt", "-o", "-", others[i], NULL });
		assert_int_equal(output.status, 2);
		assert_non_null(strstr(output.err, "is of recorded events, which --c2c has none of"));
		output_free(&output);
	}
	output = run_cli((const char *const[]){ "import", "--c2c", "README.md", "-o", "-", NULL });
	assert_int_equal(output.status, 2);
	expect(output.err, "bounce: README.md: no 'Shared Cache Line Distribution Pareto'");
	output_free(&output);
	folder_free(folder);
}

/* Two lines of one report are two experiments, each in a file of its name. */
static void each_line_has_a_file(void **state)
{
	static const char pareto[] = "      0     1304";
	char *folder = folder_new(), path[4200], tree[4096], *text = read_text("tests/structs/file.c2c.txt");
	FILE *two;

	(void)state;
	assert_non_null(getcwd(tree, sizeof tree));
	snprintf(path, sizeof path, "%s/two.c2c.txt", folder);
	two = fopen(path, "w");
	assert_non_null(two);
	fprintf(two, "%s      1%s", text, strstr(text, pareto) + 7);
	assert_int_equal(fclose(two), 0);
	for (int line = 0; line < 2; line++) {
		assert_int_equal(chdir(folder), 0);
		struct output output = run_cli((const char *const[]){ "import", "--c2c", "two.c2c.txt", "--line",
								      line ? "1" : "0", NULL });
		assert_int_equal(chdir(tree), 0);
		assert_int_equal(output.status, 0);
		output_free(&output);
		snprintf(path, sizeof path, "%s/%s", folder, line ? "two-line-1.yaml" : "two.yaml");
		char *yaml = read_text(path);

		snprintf(path, sizeof path, "\nname: two-line-%d\n", line);
		expect(yaml, path);
		must_be_an_experiment(yaml);
		free(yaml);
	}
	free(text);
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hottest_line),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(names_stay_in_comments),
		cmocka_unit_test(the_command),
		cmocka_unit_test(each_line_has_a_file),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
