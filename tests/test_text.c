/*
 * Text out of files in the languages it enters. Nothing that a terminal would take for a command
 * comes out of any of them, whatever a file holds and whichever verb prints it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "experiment/file.h"
#include "experiment/terminal.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"
#include "tests/points_fixture.h"

/* ---- one function per language --------------------------------------------------------------------- */

static void expect(void (*print)(FILE *out, const char *text), const char *text, const char *expected)
{
	char *made;
	size_t length;
	FILE *out = text_open(&made, &length);

	print(out, text);
	text_close(out);
	assert_string_equal(made, expected);
	free(made);
}

/* The ends of each length of UTF-8, and what lies just beyond: overlong, surrogates, too large. */
static void only_utf_8_is_a_character(void **state)
{
	(void)state;
	static const struct { const char *text; size_t bytes; uint32_t character; } rows[] = {
		{ "a", 1, 'a' },	       { "\x7f", 1, 0x7f },	      { "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },      { "\xe0\xa0\x80", 3, 0x800 },  { "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 }, { "\xef\xbf\xbf", 3, 0xffff }, { "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\x80", 0, 0 },	       { "\xc0\x80", 0, 0 },	      { "\xc1\xbf", 0, 0 },
		{ "\xe0\x9f\xbf", 0, 0 },      { "\xed\xa0\x80", 0, 0 },      { "\xed\xbf\xbf", 0, 0 },
		{ "\xf0\x8f\xbf\xbf", 0, 0 },  { "\xf4\x90\x80\x80", 0, 0 },  { "\xf8\x88\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },	       { "\xc2", 0, 0 },	      { "\xe6\x97", 0, 0 },
		{ "\xc2" "a", 0, 0 },
	};
	uint32_t character;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(text_character(rows[i].text, strlen(rows[i].text), &character), rows[i].bytes);
		if (rows[i].bytes)
			assert_int_equal(character, rows[i].character);
	}
	assert_true(text_cut("\xe6\x97", 2));
	assert_true(text_cut("\xf0", 1));
	assert_false(text_cut("\xe6" "a", 2));
	assert_false(text_cut("\x80", 1));
	assert_false(text_cut("\xe6\x97\xa5", 3));
}

static void controls_and_marks_of_direction_are_not_printed(void **state)
{
	(void)state;
	static const uint32_t hidden[] = { 0, 7, 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f, 0xad, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a,
					   0x202e, 0x2066, 0x2069, 0xfdd0, 0xfeff, 0xfffe, 0xffff, 0x1ffff, 0xe0001, 0xe007f, 0x10ffff };
	static const uint32_t shown[] = { ' ', '~', 0xa0, 0xac, 0xae, 0x2010, 0x202f, 0x205f, 0x65e5, 0xd7ff, 0xe000, 0xfffd, 0x1f600 };

	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		assert_false(text_printable(hidden[i]));
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		assert_true(text_printable(shown[i]));
}

static void a_line_for_a_terminal_is_one_line_without_commands(void **state)
{
	(void)state;
	expect(text_line, "a\033]0;owned\007b\r\n\tc", "a?]0;owned?b?  c");
	expect(text_line, "\xc2\x9b" "1m \x9b" "1m \xe2\x80\xae \x7f", "?1m ?1m ? ?");
	expect(text_line, "gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5 \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5 \xf0\x9f\x98\x80");
	/* of a character that was cut each byte is one that does not belong */
	expect(text_line, "a\xe6\x97", "a??");
}

static void a_word_for_a_shell_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	expect(text_shell, "results/a-b_c.d,e=f:g+1%@", "results/a-b_c.d,e=f:g+1%@");
	expect(text_shell, "", "''");
	expect(text_shell, "a b", "'a b'");
	expect(text_shell, "$(x)", "'$(x)'");
	expect(text_shell, "~", "'~'");
	expect(text_shell, "=ls", "'=ls'");
	expect(text_shell, "a!*?[]{}<>|&;()#\"`\\", "'a!*?[]{}<>|&;()#\"`\\'");
	expect(text_shell, "it's", "'it'\\''s'");
	expect(text_shell, "'", "\\'");
	expect(text_shell, "gr\xc3\xbc n", "'gr\xc3\xbc n'");
	/* what is not printed: line end, escape, U+202E, a byte that is no UTF-8 */
	expect(text_shell, "a\nb", "'a'$'\\012''b'");
	expect(text_shell, "\033", "$'\\033'");
	expect(text_shell, "\xe2\x80\xae" "7", "$'\\342\\200\\256''7'");
	expect(text_shell, "\x9b", "$'\\233'");
	/* a path, and no option */
	expect(text_shell, "-x/y", "./-x/y");
	expect(text_shell, "-x /y", "./'-x /y'");
	expect(text_shell, "-1", "-1");
}

/* sh itself, told to print the word: all printable characters of ASCII, alone and between others. */
static void a_shell_reads_a_word_back(void **state)
{
	char text[4], command[64], read[64];

	(void)state;
	for (char letter = ' '; letter <= '~'; letter++)
		for (unsigned at = 0; at < 3; at++) {
			memcpy(text, "xyz", sizeof text);
			text[at] = letter;

			char *word = text_shell_word(text);

			snprintf(command, sizeof command, "printf %%s %s", word);

			FILE *shell = popen(command, "r");

			read[fread(read, 1, sizeof read - 1, shell)] = '\0';
			assert_int_equal(pclose(shell), 0);
			assert_string_equal(read, text);
			free(word);
		}
}

static void a_text_is_cut_between_characters(void **state)
{
	(void)state;
	char buf[16];

	assert_string_equal(text_short("abcdef", 6, buf, sizeof buf), "abcdef");
	assert_string_equal(text_short("abcdefg", 6, buf, sizeof buf), "abcde…");
	assert_string_equal(text_short("日本日本", 3, buf, sizeof buf), "日本…");
	/* 16 bytes are 12 of text, 3 of the ellipsis and the end: 4 characters of 3 bytes */
	assert_string_equal(text_short("日本日本日本", 60, buf, sizeof buf), "日本日本…");
	assert_string_equal(text_short("abcdefghijklmno", 60, buf, sizeof buf), "abcdefghijklmno");
	assert_string_equal(text_short("abcdefghijklmnop", 60, buf, sizeof buf), "abcdefghijkl…");
	assert_string_equal(text_short("\033", 6, buf, sizeof buf), "?");
	assert_string_equal(text_short("", 6, buf, sizeof buf), "");
}

/* RFC 4180: quotes where there is a comma, a quote or a line end, and quotes in them doubled. */
static void a_field_of_csv_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	expect(text_csv, "plain", "plain");
	expect(text_csv, "", "");
	expect(text_csv, "a,b", "\"a,b\"");
	expect(text_csv, "a\"b", "\"a\"\"b\"");
	expect(text_csv, "\"", "\"\"\"\"");
	expect(text_csv, "a\nb", "\"a\nb\"");
	expect(text_csv, "a\rb", "\"a?b\"");
	expect(text_csv, "\033[1m\x80", "?[1m?");
}

/* A spreadsheet runs what begins like a formula; a number is none, nor is a lone sign. */
static void a_field_of_csv_is_no_formula(void **state)
{
	(void)state;
	expect(text_csv, "=1+1", "'=1+1");
	expect(text_csv, "@SUM(A1)", "'@SUM(A1)");
	expect(text_csv, "+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
	expect(text_csv, "-2+3,\"x\"", "\"'-2+3,\"\"x\"\"\"");
	expect(text_csv, "\t=1", "'\t=1");
	expect(text_csv, "-5", "-5");
	expect(text_csv, "+0.25e3", "+0.25e3");
	expect(text_csv, "-", "-");
	expect(text_csv, "a=b", "a=b");
}

static void a_string_of_json_is_utf_8(void **state)
{
	(void)state;
	expect(text_json, "a\"b\\c/", "\"a\\\"b\\\\c/\"");
	expect(text_json, "\n\t\r\033\x7f", "\"\\u000a\\u0009\\u000d\\u001b\\u007f\"");
	expect(text_json, "\xc2\x9b\xe2\x80\xae", "\"\\u009b\\u202e\"");
	expect(text_json, "\x80\xff", "\"\\ufffd\\ufffd\"");
	expect(text_json, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
	/* U+E0001: 0xe0001 - 0x10000 = 0xd0001, of which 0x340 are the upper ten bits and 1 the lower */
	expect(text_json, "\xf3\xa0\x80\x81", "\"\\udb40\\udc01\"");
}

/* Octal: ` 140, $ 44, @ 100, { 173, } 175, # 43. Of a digit behind one, 3 is 63. */
static void a_string_of_gnuplot_is_read_as_it_is(void **state)
{
	(void)state;
	expect(text_gnuplot, "slub-cpu, 64", "\"slub-cpu, 64\"");
	expect(text_gnuplot, "`x` $1 @v {} #", "\"\\140x\\140 \\044\\061 \\100v \\173\\175 \\043\"");
	expect(text_gnuplot, "#33a3", "\"\\043\\063\\063a3\"");
	expect(text_gnuplot, "it's \"x\" \\n", "\"it’s ”x” ∖n\"");
	expect(text_gnuplot, "]]> -> a\nb", "\"]]› -> a b\"");
	expect(text_gnuplot, "50 %", "\"50 %\"");
	expect(text_gnuplot_name, "50 %", "\"50 ％\"");
	expect(text_gnuplot_field, "a,\"b\"", "\"a,”b”\"");
}

/* ---- what the verbs print --------------------------------------------------------------------------- */

static const char evil[] = "\033]0;owned\007\033[31m\xc2\x9b" "2J\x9b" "2J\xe2\x80\xae\r\x7f";

/* Tabs and line ends aside, nothing but printable characters. */
static void expect_clean(const char *what, const char *text)
{
	const char *end = text + strlen(text);
	uint32_t character;

	for (const char *at = text; at < end;) {
		size_t bytes = text_character(at, (size_t)(end - at), &character);

		if (!bytes || (!text_printable(character) && character != '\n' && character != '\t'))
			fail_msg("%s: byte %zu of: %s", what, (size_t)(at - text), text);
		at += bytes;
	}
}

static void expect_clean_run(const char *const *arguments, int status)
{
	struct output output = run_cli(arguments);

	if (output.status != status)
		fail_msg("%s: status %d, not %d: %s", arguments[0], output.status, status, output.err);
	/* a test that looked at nothing would pass */
	assert_true(strlen(output.out) + strlen(output.err) > 20);
	expect_clean(arguments[0], output.out);
	expect_clean(arguments[0], output.err);
	output_free(&output);
}

/* The tables and strings of a result, all of them with commands in them. */
static void poison(struct result *result)
{
	struct site_stats site = { .line = 64, .size = 8, .site = { evil, 1, evil, evil }, .op = OP_ALLOC, .path = evil,
				   .loads = 1, .stores = 1, .bounces = 1, .hitm = 1, .wait_units = 64, .cpus = 1 };
	struct line_stats line = { .offset = 64, .class = CLASS_ALLOCATOR, .bounces = { 1 }, .loads = 1, .stores = 1, .misses = 1, .readers = 1,
				   .writers = 1, .false_sharing = 1 };

	snprintf(site.member, sizeof site.member, "%s", evil);
	snprintf(line.label, sizeof line.label, "%s", evil);
	snprintf(line.members, sizeof line.members, "%s", evil);
	result->cpu = xalloc(result->cpus * sizeof *result->cpu);
	result->site = xalloc(sizeof site);
	memcpy(result->site, &site, sizeof site);
	result->sites = 1;
	result->line = xalloc(sizeof line);
	memcpy(result->line, &line, sizeof line);
	result->lines = 1;
	snprintf(result->message, sizeof result->message, "%s", evil);
}

static void write_poisoned(const char *folder)
{
	static char *names[] = { "00000000000000aa", "00000000000000bb" };
	char *swept[] = { "objects", (char *)evil }, *plots[] = { "bounces" }, *sets[] = { (char *)evil };
	struct made made;
	char why[512] = "";

	made_init(&made);
	made.points.swept = swept;
	made.points.name = made.points.title = made.points.version = made.points.models = (char *)evil;
	made.points.plot = plots;
	made.points.plots = 1;
	made.points.set = sets;
	made.points.sets = 1;
	assert_true(results_make(folder, why, sizeof why));
	for (int i = 0; i < 2; i++) {
		struct point *point = made_add(&made, i ? "slub-cpu" : evil, "64", 1, 100 + (uint64_t)i, 10);

		made_key(point, evil, evil);
		free(point->machine);
		point->machine = xstrdup(evil);
		strcpy(point->name, names[i]);
		poison(point->result);
		point_add_remark(point, evil);
		if (!point_write(folder, point, why, sizeof why))
			fail_msg("%s", why);
		free(point->remark[0]);
		free(point->remark);
		free(point->result->site);
		point->result->site = NULL;
	}
	memset(made.points.hash, 'a', HASH_TEXT_BYTES - 1);
	made.points.listed = names;
	if (!index_write(folder, &made.points, why, sizeof why))
		fail_msg("%s", why);
	made_free(&made);
}

static void a_crafted_result_sends_no_command_to_a_terminal(void **state)
{
	(void)state;
	static const char *const views[] = { "lines", "fields", "sites", "cpus", "locks", "paths" };
	static const char *const formats[] = { "table", "csv", "jsonl" };
	char *folder = folder_new();

	write_poisoned(folder);
	for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
		for (size_t v = 0; v < sizeof views / sizeof *views; v++)
			expect_clean_run((const char *[]){ "report", folder, views[v], "--format", formats[f], NULL }, EXIT_DONE);
		expect_clean_run((const char *[]){ "compare", folder, "--by", "objects", "--format", formats[f], NULL }, EXIT_DONE);
	}
	/* names that lead nowhere are printed as well */
	expect_clean_run((const char *[]){ "report", folder, "--point", evil, NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "report", evil, NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "plot", folder, evil, NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "compare", folder, "--by", evil, NULL }, EXIT_MISTAKE);
	folder_free(folder);
}

/* Keys and values out of a YAML file, in the message and in the quoted line; the name of the file. */
static void a_message_about_a_file_sends_no_command_to_a_terminal(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"name: x\n\"\\e]0;owned\\a\\x9b\\u202e\": 1\n",
		"name: \"\\e[2J\\n\\r\"\nmachine: \"\\e[1m\"\nobjects: [\"\\u009b31m\"]\n",
		"name: x\nmachine: core2-2s\nplots: [\"\\u2066\\L\"]\n",
		"name: \342\200\256x\nmachin: core2-2s # \302\2332J\n",
		"name: \033]0;owned\007\n",
		"name: \2332J\n",
	};
	char *folder = folder_new(), path[512];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		snprintf(path, sizeof path, "%s/\033[31m%zu.yaml", folder, i);
		write_text(path, texts[i]);
		expect_clean_run((const char *[]){ "check", path, NULL }, EXIT_MISTAKE);
		expect_clean_run((const char *[]){ "run", path, NULL }, EXIT_MISTAKE);
	}
	folder_free(folder);
}

static void a_litmus_test_and_a_trace_send_no_command_to_a_terminal(void **state)
{
	(void)state;
	char *folder = folder_new(), path[512];

	snprintf(path, sizeof path, "%s/e.litmus", folder);
	write_text(path, "X86 \033]0;owned\007SB\n{ x=0; y=0; }\n P0 | P1 ;\n MOV [x],$1 | MOV [y],$1 ;\n"
			 " MOV EAX,[y] | MOV EAX,[x] ;\nexists (0:EAX=0 /\\ 1:EAX=0)\n");
	expect_clean_run((const char *[]){ "litmus", path, "--runs", "100", NULL }, EXIT_DONE);
	write_text(path, "X86 \033]0;owned\007SB\n{ \033[1m }\n P0 ;\n \x9b" "2J ;\nexists (0:EAX=\xe2\x80\xae)\n");
	expect_clean_run((const char *[]){ "litmus", path, NULL }, EXIT_MISTAKE);
	snprintf(path, sizeof path, "%s/\033[1m.txt", folder);
	write_text(path, "\033]0;owned\007 1234 [000] 1.0: kmem:\x9b: call_site=\xe2\x80\xae\n");
	expect_clean_run((const char *[]){ "import", path, NULL }, EXIT_MISTAKE);
	folder_free(folder);
}

static void words_of_the_command_line_send_no_command_to_a_terminal(void **state)
{
	(void)state;
	expect_clean_run((const char *[]){ "explain", evil, NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "list", evil, NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "run", "--format", evil, "x.yaml", NULL }, EXIT_MISTAKE);
	expect_clean_run((const char *[]){ "run", "--set", evil, "configs/remote-free.yaml", NULL }, EXIT_MISTAKE);
}

/* The program's own colours are no text. */
static void colours_pass(void **state)
{
	(void)state;
	struct output output = run_cli((const char *[]){ "list", "models", "--color", "always", NULL });

	assert_int_equal(output.status, EXIT_DONE);
	assert_int_equal(strncmp(output.out, "\033[1mmodel", 9), 0);
	assert_non_null(strstr(output.out, "\033[0m\n"));
	output_free(&output);
}

/* Pieces of a character, of a line end and of none, written one by one to a guarded stderr. */
static void the_guard_sees_characters_that_come_in_pieces(void **state)
{
	(void)state;
	static const char text[] = "\xe6\x97\xa5\r\n\r\xe6" "a\xf0\x9f\x98\x80\xc2\x9b\xc2";
	char buf[64] = "";
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		terminal_guard();
		for (size_t i = 0; i + 1 < sizeof text; i++)
			putc(text[i], stderr);
		fputs("x", stderr);
		terminal_paint(stderr, PAINT_BOLD);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(read(ends[0], buf, sizeof buf - 1) > 0);
	assert_string_equal(buf, "\xe6\x97\xa5\n??a\xf0\x9f\x98\x80??x\033[1m");
	close(ends[0]);
	close(ends[1]);
}

static int go_home(void **state)
{
	(void)state;
	enter_source_tree();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_utf_8_is_a_character),
		cmocka_unit_test(controls_and_marks_of_direction_are_not_printed),
		cmocka_unit_test(a_line_for_a_terminal_is_one_line_without_commands),
		cmocka_unit_test(a_word_for_a_shell_is_quoted_where_it_must_be),
		cmocka_unit_test(a_shell_reads_a_word_back),
		cmocka_unit_test(a_text_is_cut_between_characters),
		cmocka_unit_test(a_field_of_csv_is_quoted_where_it_must_be),
		cmocka_unit_test(a_field_of_csv_is_no_formula),
		cmocka_unit_test(a_string_of_json_is_utf_8),
		cmocka_unit_test(a_string_of_gnuplot_is_read_as_it_is),
		cmocka_unit_test(a_crafted_result_sends_no_command_to_a_terminal),
		cmocka_unit_test(a_message_about_a_file_sends_no_command_to_a_terminal),
		cmocka_unit_test(a_litmus_test_and_a_trace_send_no_command_to_a_terminal),
		cmocka_unit_test(words_of_the_command_line_send_no_command_to_a_terminal),
		cmocka_unit_test(colours_pass),
		cmocka_unit_test(the_guard_sees_characters_that_come_in_pieces),
	};

	return cmocka_run_group_tests(tests, go_home, NULL);
}
