/*
 * Figures as files: drawn from their data and script alone, whole or not at all, and whatever text
 * is in the points, nothing but text.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/file.h"
#include "figures/plots.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"
#include "tests/points_fixture.h"
#include "tests/svg_fixture.h"

enum { UNITS = 64, FIGURES = 13 };

static char *all_figures[FIGURES] = {
	"bounces", "members", "structs", "sources", "cycles", "causes", "shares", "misses", "memory", "scaling", "throughput", "locks", "heat",
};

/* Line 64 goes from CPU 0 to 1 and back, line 128 to CPU 1. */
static const struct holder changes[] = {
	{ 100 * UNITS, 64, 0 }, { 200 * UNITS, 64, 1 }, { 250 * UNITS, 128, 1 }, { 300 * UNITS, 64, 0 },
};

static bool have_gnuplot(void)
{
	return system("gnuplot --version >/dev/null 2>&1") == 0;
}

/* Texts of everything that comes out of a file. */
struct texts {
	const char *series, *group, *key, *name, *version, *machine, *label;
};

/* The allocator's bounces are all of one member, from one place in the source; a lock of that name is held
 * for 100 cycles and waited for 50. */
static void add_traffic(struct result *result, const char *label)
{
	struct member_stats *member = xalloc(sizeof *member);
	struct site_stats *site = xalloc(sizeof *site);

	*member = (struct member_stats){ .class = CLASS_ALLOCATOR, .bounces = result->total.bounces[CLASS_ALLOCATOR] };
	snprintf(member->layout, sizeof member->layout, "page");
	snprintf(member->member, sizeof member->member, "%s", label);
	*site = (struct site_stats){ .site = { label, 7, label, "" }, .bounces = member->bounces };
	result->member = member;
	result->site = site;
	result->members = result->sites = 1;
	result->lock = xalloc(sizeof *result->lock);
	result->lock[0] = (struct lock_stats){ .taken = 10, .contended = 5, .wait_units = 500 * UNITS, .hold_units = 1000 * UNITS };
	snprintf(result->lock[0].label, sizeof result->lock[0].label, "%s", label);
	result->locks = 1;
}

static struct point *add(struct made *made, const struct texts *texts, const char *series, uint64_t seed, uint64_t bounces, uint64_t cycles)
{
	struct point *point = made_add(made, series, texts->group, seed, bounces, cycles);
	struct line_stats *line = xalloc(sizeof *line);

	free(point->key[1].key);
	point->key[1].key = xstrdup(texts->key);
	free(point->machine);
	point->machine = xstrdup(texts->machine);
	*line = (struct line_stats){ .offset = 64, .class = CLASS_ALLOCATOR, .bounces = { 1 } };
	snprintf(line->label, sizeof line->label, "%s", texts->label);
	point->result->line = line;
	point->result->lines = 1;
	point->result->total.misses_false_sharing = bounces;
	point->result->total.misses_cold = 500;
	point->result->footprint_bytes_peak = 1500;
	point->result->live_bytes_peak = 1000;
	point->metadata_bytes = 100 * seed;
	add_traffic(point->result, texts->label);
	made_holders(point, changes, sizeof changes / sizeof *changes);
	return point;
}

/* Two allocators on 2 CPUs, one of them on 16 too. */
static void make(struct made *made, const struct texts *texts, char **swept)
{
	made_init(made);
	swept[0] = "objects";
	swept[1] = (char *)texts->key;
	made->points.swept = swept;
	made->points.name = (char *)texts->name;
	made->points.version = (char *)texts->version;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		add(made, texts, texts->series, seed, 2000 + seed, 100);
		add(made, texts, "slub-cpu", seed, 20 * seed, 10);
		made_cpus(add(made, texts, texts->series, seed, 2000 + seed, 1000), 16);
	}
}

static const struct texts usual = { "slub-page", "64 \"x\", y_z", "workload.object_size", "by-hand", "1.0", "textbook", "page[5]" };

static bool draw(const char *folder, const struct texts *texts, char **names, size_t count, char *why, size_t size)
{
	struct made made;
	char *swept[2];

	make(&made, texts, swept);

	bool ok = plots_draw_points(folder, &made.points, names, count, NULL, NULL, NULL, why, size);

	made_free(&made);
	return ok;
}

static char *read_in(const char *folder, const char *name, const char *ending, size_t *length)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
	return file_read(path, 1 << 24, length);
}

static void expect_same_file(const char *one, const char *other, const char *name, const char *ending)
{
	size_t lengths[2];
	char *texts[2] = { read_in(one, name, ending, &lengths[0]), read_in(other, name, ending, &lengths[1]) };

	assert_non_null(texts[0]);
	assert_non_null(texts[1]);
	assert_true(lengths[0] > 0);
	assert_int_equal(lengths[0], lengths[1]);
	assert_memory_equal(texts[0], texts[1], lengths[0]);
	free(texts[0]);
	free(texts[1]);
}

static void add_waits(struct made *made, const char *series, uint64_t wait)
{
	struct result *result = made_add(made, series, "64", 1, 100, 20)->result;

	result->lock = xalloc(sizeof *result->lock);
	result->lock[0] = (struct lock_stats){ .taken = 1, .contended = 1, .wait_units = wait * UNITS, .hold_units = 100 * UNITS };
	snprintf(result->lock[0].label, sizeof result->lock[0].label, "zone.lock");
	result->locks = 1;
}

/* Both begin and end alike, and are too long for a title. */
static void titles_tell_settings_apart(void **state)
{
	(void)state;
	struct made made;
	struct drawing drawing = { .points = &made.points };
	char *data, *head;
	size_t lengths[2];

	made_init(&made);
	add_waits(&made, "pcp-spin drain_chunk=63 batch=31 high_min=252 auto_tune=true", 500);
	add_waits(&made, "pcp-spin drain_chunk=63 batch=63 high_min=252 auto_tune=true", 50);
	drawing.data = open_memstream(&data, &lengths[0]);
	drawing.head = open_memstream(&head, &lengths[1]);
	assert_true(figure_find("locks")->write(&drawing, figure_find("locks")));
	fclose(drawing.data);
	fclose(drawing.head);
	assert_non_null(strstr(drawing.title, "zone.lock, held for 100 cycles, is waited for 500 with pc"));
	assert_non_null(strstr(drawing.title, "batch=31"));
	assert_non_null(strstr(drawing.title, "batch=63"));
	free(data);
	free(head);
	made_free(&made);
}

static void every_figure_is_drawn_with_the_same_bytes(void **state)
{
	(void)state;
	char *one = folder_new(), *other = folder_new(), why[512] = "";

	if (!have_gnuplot())
		skip();
	if (!draw(one, &usual, all_figures, FIGURES, why, sizeof why) ||
	    !draw(other, &usual, all_figures, FIGURES, why, sizeof why))
		fail_msg("%s", why);
	for (size_t f = 0; f < FIGURES; f++) {
		expect_same_file(one, other, all_figures[f], "svg");
		expect_same_file(one, other, all_figures[f], "png");
	}
	folder_free(one);
	folder_free(other);
}

/* The figure is remade from its data and script alone, in another folder. */
static void a_figure_is_remade_from_its_data_and_script(void **state)
{
	(void)state;
	char *one = folder_new(), *other = folder_new(), why[512] = "", command[512];

	if (!have_gnuplot())
		skip();
	assert_true(draw(one, &usual, all_figures, 1, why, sizeof why));
	snprintf(command, sizeof command, "cd %s && cp %s/bounces.csv %s/bounces.gp . && LC_ALL=C.UTF-8 gnuplot -d bounces.gp", other, one, one);
	assert_int_equal(system(command), 0);
	expect_same_file(one, other, "bounces", "svg");
	expect_same_file(one, other, "bounces", "png");
	folder_free(one);
	folder_free(other);
}

/* ---- hovers and texts ------------------------------------------------------------------------------ */

static size_t check_svg(const char *folder, const char *name, char *first, size_t size)
{
	size_t length, hovers;
	char *text = read_in(folder, name, "svg", &length), why[256];

	assert_non_null(text);
	if (!svg_check(text, &hovers, first, size, why, sizeof why))
		fail_msg("%s.svg: %s", name, why);
	free(text);
	return hovers;
}

#define KEYS "objects=slub-page, workload.object_size=64 ”x”, y_z"

/*
 * (2001 + 2002 + 2003) / 3 bounces of 1000 operations are 2.002; an allocation and a free of 100
 * cycles each are 200. Bars: slub-page of 2 and 16 CPUs are one bar, as cpus is not swept: 2 series * 1 group. Causes: a
 * hover for each bar too, and misses. Memory: 1500 bytes of pages and 100, 200 and 300 of metadata for
 * 1000 in use are 1.7. Scaling and throughput: 3 points, at 2 and 16 CPUs and at 2: 1000 operations in
 * 10000 cycles are 100 per thousand. Heat: of 4 changes line 64 has 3
 * and line 128 has one, 4 spells, under each of two allocators. Locks: a dot for each of the 2 series.
 */
static void every_hover_works(void **state)
{
	(void)state;
	static const size_t expected[FIGURES] = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 2, 8 };
	static const char *const starts[FIGURES] = {
		KEYS "\\n2.002 [", KEYS "\\n2.002 [", KEYS "\\n2.002 [", KEYS "\\n2.002 [", KEYS "\\n", KEYS "\\n", KEYS "\\ntransfer, same socket ",
		KEYS "\\n2.502 [", KEYS "\\n1.7 [",
		KEYS ", cpus=2\\n200 [", KEYS ", cpus=2\\n100 [",
		"slub-page (64",
		"page[5]: CPU 0\\nfrom cycle 100 to 200",
	};
	char *folder = folder_new(), why[512] = "", first[512] = "";

	if (!have_gnuplot())
		skip();
	assert_true(draw(folder, &usual, all_figures, FIGURES, why, sizeof why));
	for (size_t f = 0; f < FIGURES; f++) {
		assert_int_equal(check_svg(folder, all_figures[f], first, sizeof first), expected[f]);
		if (strncmp(first, starts[f], strlen(starts[f])) != 0)
			fail_msg("%s: the first hover is: %s", all_figures[f], first);
	}
	folder_free(folder);
}

/* Each cell quoted or free of quotes, as many in each row as the first has. */
static void check_csv(const char *folder, const char *name)
{
	size_t length, columns = 0, count = 0;
	char *text = read_in(folder, name, "csv", &length);

	assert_non_null(text);
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		if (*line == '#')
			continue;
		count = 1;
		for (const char *at = line; at < end; at++) {
			if (*at == '"')
				at = strchr(at + 1, '"');
			if (!at || at > end)
				fail_msg("%s.csv: %.*s", name, (int)(end - line), line);
			count += *at == ',';
		}
		if (columns && count != columns)
			fail_msg("%s.csv: %zu columns: %.*s", name, count, (int)(end - line), line);
		columns = count;
	}
	free(text);
}

enum { TOGETHER = 4 };  /* as many as the figure of holders shows */

/* Draws the texts as names of allocators, and each in turn as all else that comes out of a file. */
static bool draw_together(const char *folder, const char *const *text, size_t count, size_t turn, char *why, size_t size)
{
	const char *once = text[turn % count];
	struct texts texts = { NULL, text[(turn + 1) % count], once, once, once, once, NULL };
	struct made made;
	char *swept[] = { "objects", (char *)once };

	made_init(&made);
	made.points.swept = swept;
	made.points.name = made.points.version = (char *)once;
	for (size_t i = 0; i < count; i++) {
		texts.label = text[i];
		add(&made, &texts, text[i], 1, 100 * i, 100);
		made_cpus(add(&made, &texts, text[i], 1, 2000, 1000), 16);
	}

	bool ok = plots_draw_points(folder, &made.points, all_figures, FIGURES, NULL, NULL, NULL, why, size);

	made_free(&made);
	return ok;
}

static void expect_harmless(const char *const *text, size_t count, size_t turn)
{
	char *folder = folder_new(), why[512] = "", first[8192], pwned[512];
	struct stat stat;

	if (!draw_together(folder, text, count, turn, why, sizeof why))
		fail_msg("'%.60s' ...: %s", *text, why);
	for (size_t f = 0; f < FIGURES; f++) {
		if (!check_svg(folder, all_figures[f], first, sizeof first))
			fail_msg("'%.60s' ...: %s has no hover", *text, all_figures[f]);
		check_csv(folder, all_figures[f]);
	}
	snprintf(pwned, sizeof pwned, "%s/pwned", folder);
	assert_int_not_equal(lstat(pwned, &stat), 0);
	assert_int_not_equal(lstat("pwned", &stat), 0);
	folder_free(folder);
}

static void no_text_is_more_than_text(void **state)
{
	(void)state;
	/* a command to a shell, gnuplot, its enhanced text, formats; to JavaScript, XML; to a terminal */
	static const char *const texts[] = {
		"`touch pwned`", "\"; system('touch pwned'); \"", "'; system(\"touch pwned\"); '", "it's", "''''", "'", "\"", "a\"b,\"c\"",
		"\\", "\\\\\" . system('touch pwned') . \"", "\\140touch pwned\\140", "`7 #33 $140", "$(touch pwned) ${HOME} @GPVAL_PWD @{x}",
		"%d %s %% 100% %g", "{/Bold x}_2^3 &{z} ~a{.8b}", "# no comment", "$EOD << EOD", "line\nend\r\nsystem('touch pwned')\n", "tab\there",
		"!touch pwned", "<script>alert(1)</script>", "</title></svg><svg onload=\"alert(1)\">", "]]>", "&amp;&#39;&lt;", "');alert(1);('",
		"image:http://127.0.0.1/x.png", "image(9,9):x\\n", "\033]0;owned\007\033[31m", "\x9b" "31m\x80\xff\xc3", "\xc2\x9b" "31m",
		"\xe2\x80\xae" "drawkcab\xe2\x81\xa6\xef\xbb\xbf", "\xed\xa0\x80\xef\xbf\xbf", "gr\xc3\xbc\xc3\x9f" "e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80", "", " ",
	};

	if (!have_gnuplot())
		skip();
	for (size_t i = 0, count = sizeof texts / sizeof *texts; i < count; i += TOGETHER)
		expect_harmless(texts + i, count - i < TOGETHER ? count - i : TOGETHER, i / TOGETHER);
}

/* Longer than any buffer, of characters of three bytes: what is cut is cut between characters. */
static void a_text_of_any_length_is_drawn(void **state)
{
	(void)state;
	char *longest = xalloc(9001);

	if (!have_gnuplot())
		skip();
	for (size_t i = 0; i < 3000; i++)
		memcpy(longest + 3 * i, i % 10 ? "\xe6\x97\xa5" : "a % ", 3);
	expect_harmless((const char *const[]){ longest }, 1, 0);
	free(longest);
}

/* ---- whole or not at all --------------------------------------------------------------------------- */

static void missing_gnuplot_is_told_with_its_package(void **state)
{
	(void)state;
	char *folder = folder_new(), why[512] = "", *path = xstrdup(getenv("PATH"));
	size_t length;

	setenv("PATH", "/nonexistent", 1);

	bool ok = draw(folder, &usual, all_figures, FIGURES, why, sizeof why);

	setenv("PATH", path, 1);
	assert_false(ok);
	assert_non_null(strstr(why, "install the package gnuplot-nox"));

	/* the data and scripts are there all the same, of every figure */
	char *text = read_in(folder, "heat", "gp", &length);

	assert_non_null(strstr(text, "change hands"));
	free(text);
	text = read_in(folder, "bounces", "csv", &length);
	assert_non_null(strstr(text, "0,0,\"64 ”x”, y_z\",\"slub-page\",6,2.002,0,0,2.002,"));
	free(text);
	folder_free(folder);
	free(path);
}

/* A gnuplot that goes wrong: a script in a folder of its own in front of PATH. */
static char *put_gnuplot(const char *script)
{
	char *folder = folder_new(), path[4096];

	snprintf(path, sizeof path, "%s/gnuplot", folder);
	write_text(path, script);
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
	setenv("PATH", path, 1);
	return folder;
}

static void expect_file(const char *folder, const char *ending, const char *expected)
{
	size_t length;
	char *text = read_in(folder, "bounces", ending, &length);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void put_old(const char *folder)
{
	char path[512];

	snprintf(path, sizeof path, "%s/bounces.svg", folder);
	write_text(path, "old svg");
	snprintf(path, sizeof path, "%s/bounces.png", folder);
	write_text(path, "old png");
}

/* Its arguments are -d -e "svg = '/dev/fd/4'; png = ..." SCRIPT. */
#define SEPARATELY "eval \"$(printf '%s' \"$3\" | sed 's/ = /=/g')\"\n"
#define WHOLE_SVG  "printf '<?xml version=\"1.0\"?><svg></svg>\\n' >$svg\n"

static void a_figure_that_was_cut_is_not_kept(void **state)
{
	(void)state;
	static const struct { const char *script, *told; } rows[] = {
		{ "#!/bin/sh\nexit 0\n", "bounces.svg: gnuplot did not draw it to its end" },
		{ "#!/bin/sh\n" SEPARATELY "printf '<?xml version=\"1.0\"?><svg><g>' >$svg\n", "bounces.svg: gnuplot did not draw it to its end" },
		{ "#!/bin/sh\n" SEPARATELY WHOLE_SVG "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\0IDAT' >$png\n", "bounces.png: gnuplot did not draw it to its end" },
		/* a chunk that says it is longer than the file */
		{ "#!/bin/sh\n" SEPARATELY WHOLE_SVG "printf '\\211PNG\\r\\n\\032\\n\\377\\377\\0\\0IDATcrc4\\0\\0\\0\\0IENDcrc4' >$png\n", "bounces.png: gnuplot did" },
		{ "#!/bin/sh\n" SEPARATELY WHOLE_SVG "kill -9 $$\n", "gnuplot was ended by signal 9" },
		{ "#!/bin/sh\necho 'cannot do this' >&2; exit 3\n", "cannot do this" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *folder = folder_new(), *path = xstrdup(getenv("PATH")), *own = put_gnuplot(rows[i].script), why[1024] = "";

		put_old(folder);
		assert_false(draw(folder, &usual, all_figures, 1, why, sizeof why));
		if (!strstr(why, rows[i].told))
			fail_msg("row %zu: %s", i, why);
		expect_file(folder, "svg", "old svg");
		expect_file(folder, "png", "old png");
		setenv("PATH", path, 1);
		free(path);
		folder_free(own);
		folder_free(folder);
	}
}

/* It closes nothing and says nothing. The second figure is not tried; its data are there. */
static void a_gnuplot_that_hangs_is_ended(void **state)
{
	(void)state;
	char *folder = folder_new(), *path = xstrdup(getenv("PATH")), why[1024] = "", *text;
	char *own = put_gnuplot("#!/bin/sh\necho drawn >>tried\nexec sleep 600\n");
	size_t length;

	setenv("BOUNCE_GNUPLOT_SECONDS", "1", 1);
	put_old(folder);
	assert_false(draw(folder, &usual, all_figures, FIGURES, why, sizeof why));
	unsetenv("BOUNCE_GNUPLOT_SECONDS");
	if (!strstr(why, "gnuplot hung on ") || !strstr(why, "/bounces.gp: it was ended after 1 s"))
		fail_msg("%s", why);
	expect_file(folder, "svg", "old svg");
	text = read_in(folder, "heat", "gp", &length);
	assert_non_null(text);
	free(text);

	char tried[512];

	snprintf(tried, sizeof tried, "%s/tried", folder);
	text = read_text(tried);
	assert_string_equal(text, "drawn\n");
	free(text);
	setenv("PATH", path, 1);
	free(path);
	folder_free(own);
	folder_free(folder);
}

/* report and compare say the same of the same mistake, in one line whatever the name is */
static void a_folder_without_results_is_the_users_mistake(void **state)
{
	(void)state;
	static const char *const verbs[] = { "report", "compare", "plot" };
	char *folder = folder_new(), where[512];

	snprintf(where, sizeof where, "%s/none\nbounce: x", folder);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		for (int there = 0; there < 2; there++) {
			struct output output = run_cli((const char *const[]){ verbs[i], there ? folder : where, NULL });

			assert_int_equal(output.status, 2);
			assert_string_equal(output.out, "");
			assert_non_null(strstr(output.err, there ? " holds no results" : "/none bounce: x holds no results"));
			assert_int_equal(strcspn(output.err, "\n"), strlen(output.err) - 1);
			output_free(&output);
		}
	folder_free(folder);
}

/* The rest of the same fake: what is whole is kept, so the rows above fail for what they say. */
static void a_whole_figure_of_the_same_kind_is_kept(void **state)
{
	(void)state;
	char *folder = folder_new(), *path = xstrdup(getenv("PATH")), why[1024] = "";
	char *own = put_gnuplot("#!/bin/sh\n" SEPARATELY WHOLE_SVG
				"printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\0IDATcrc4\\0\\0\\0\\0IENDcrc4' >$png\n");

	put_old(folder);
	if (!draw(folder, &usual, all_figures, 1, why, sizeof why))
		fail_msg("%s", why);
	expect_file(folder, "svg", "<?xml version=\"1.0\"?><svg></svg>\n");
	setenv("PATH", path, 1);
	free(path);
	folder_free(own);
	folder_free(folder);
}

/* Data and script are smaller than 16 KiB, the SVG is larger: its writing fails, or gnuplot's own. */
static void a_file_that_may_not_grow_leaves_the_old_figure(void **state)
{
	(void)state;
	char *folder = folder_new();
	int status;

	if (!have_gnuplot())
		skip();
	put_old(folder);
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		char why[1024] = "";

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 16384, 16384 });

		bool ok = draw(folder, &usual, all_figures, 1, why, sizeof why);

		_exit(ok ? 1 : strstr(why, "bounces.svg") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	expect_file(folder, "svg", "old svg");
	expect_file(folder, "png", "old png");
	folder_free(folder);
}

/* Links in the folder of a result lead elsewhere: they are replaced, what they name stays. */
static void no_figure_goes_through_a_link(void **state)
{
	(void)state;
	static const char *const endings[] = { "csv", "gp", "svg", "png" };
	char *folder = folder_new(), *other = folder_new(), why[512] = "", target[512], path[512];
	struct stat stat;

	if (!have_gnuplot())
		skip();
	snprintf(target, sizeof target, "%s/precious", other);
	write_text(target, "precious");
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s/bounces.%s", folder, endings[i]);
		assert_int_equal(symlink(target, path), 0);
	}
	assert_true(draw(folder, &usual, all_figures, 1, why, sizeof why));

	char *text = read_text(target);

	assert_string_equal(text, "precious");
	free(text);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s/bounces.%s", folder, endings[i]);
		assert_int_equal(lstat(path, &stat), 0);
		assert_true(S_ISREG(stat.st_mode));
	}
	folder_free(folder);
	folder_free(other);
}

/* With "." or nothing in PATH, gnuplot would be looked for in the folder it draws in. */
static void no_gnuplot_comes_with_the_results(void **state)
{
	(void)state;
	char *folder = folder_new(), *path = xstrdup(getenv("PATH")), why[512] = "", fake[512];
	struct stat stat;

	snprintf(fake, sizeof fake, "%s/gnuplot", folder);
	write_text(fake, "#!/bin/sh\n>pwned\n");
	assert_int_equal(chmod(fake, 0755), 0);
	setenv("PATH", ".::nowhere:/nonexistent", 1);
	assert_false(draw(folder, &usual, all_figures, 1, why, sizeof why));
	setenv("PATH", path, 1);
	assert_non_null(strstr(why, "gnuplot is missing"));
	snprintf(fake, sizeof fake, "%s/pwned", folder);
	assert_int_not_equal(lstat(fake, &stat), 0);
	free(path);
	folder_free(folder);
}

/* What people keep in ~/.gnuplot or the environment changes no figure. */
static void the_environment_changes_no_figure(void **state)
{
	(void)state;
	static const char *const names[] = { "GNUTERM", "GNUPLOT_DRIVER_DIR", "GNUPLOT_DEFAULT_GDFONT", "GNUPLOT_LIB", "LC_ALL", "HOME" };
	char *one = folder_new(), *other = folder_new(), *home = folder_new(), why[512] = "", path[512];

	if (!have_gnuplot())
		skip();
	assert_true(draw(one, &usual, all_figures, 1, why, sizeof why));
	snprintf(path, sizeof path, "%s/.gnuplot", home);
	write_text(path, "set title 'mine'\n");

	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			setenv(names[i], home, 1);
		_exit(!draw(other, &usual, all_figures, 1, why, sizeof why));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	expect_same_file(one, other, "bounces", "svg");
	folder_free(one);
	folder_free(other);
	folder_free(home);
}

static void expect_plot(const char *const *arguments, int status, const char *told)
{
	struct output plot = run_cli(arguments);

	assert_int_equal(plot.status, status);
	if (told && !strstr(plot.err, told))
		fail_msg("%s", plot.err);
	output_free(&plot);
}

static void expect_in_script(const char *results, const char *name, const char *has, const char *has_not)
{
	size_t length;
	char *script = read_in(results, name, "gp", &length);

	assert_non_null(script);
	if (!strstr(script, has))
		fail_msg("%s.gp lacks: %s", name, has);
	if (has_not && strstr(script, has_not))
		fail_msg("%s.gp has: %s", name, has_not);
	free(script);
}

/* Dark, a slide, a title and a combination of one's own; what does not fit is the user's mistake. */
static void a_figure_looks_as_it_is_asked_to(void **state)
{
	(void)state;
	char *folder = folder_new(), file[512], results[512];

	if (!have_gnuplot())
		skip();
	snprintf(file, sizeof file, "%s/p.yaml", folder);
	snprintf(results, sizeof results, "%s/p", folder);
	write_text(file, "name: p\nmachine: core2-2s\nplacement: scatter\ncpus: 2\nobjects: [slub-page, slub-cpu]\n"
			 "workload: {kind: producer-consumer, in_flight: [1, 4]}\noperations: 200\nmemory_mib: 16\n");
	expect_plot((const char *const[]){ "run", file, "--quiet", "--output", folder, NULL }, 0, NULL);

	expect_plot((const char *const[]){ "plot", results, "bounces", NULL }, 0, NULL);
	expect_in_script(results, "bounces", "paper = 0xffffff", NULL);
	expect_in_script(results, "bounces", "width = 1200", NULL);
	expect_plot((const char *const[]){ "plot", results, "bounces", "--dark", "--size", "slide", "--title", "Mine", NULL }, 0, NULL);
	expect_in_script(results, "bounces", "paper = 0x14171c", "paper = 0xffffff");
	expect_in_script(results, "bounces", "width = 1280", NULL);
	expect_in_script(results, "bounces", "title = \"Mine\"", "less often");

	/* of its own accord the first setting in which lines change hands, all allocators; then the one that is asked for */
	expect_plot((const char *const[]){ "plot", results, "heat", NULL }, 0, NULL);
	expect_in_script(results, "heat", "in_flight=1;", "in_flight=4");
	expect_in_script(results, "heat", "\"slub-cpu\"", NULL);
	expect_plot((const char *const[]){ "plot", results, "heat", "--point", "in_flight=4,objects=slub-page", NULL }, 0, NULL);
	expect_in_script(results, "heat", "in_flight=4;", "\"slub-cpu\"");
	/* both settings side by side: they differ in it, so it is in their names */
	expect_plot((const char *const[]){ "plot", results, "heat", "--point", "objects=slub-page", NULL }, 0, NULL);
	expect_in_script(results, "heat", "\"slub-page, workload.in_flight=1\"", "in_flight=4;");

	expect_plot((const char *const[]){ "plot", results, "--size", "big", NULL }, 2, "--size is page or slide, not 'big'");
	expect_plot((const char *const[]){ "plot", results, "bounces", "cycles", "--title", "x", NULL }, 2, "--title is of one figure");
	expect_plot((const char *const[]){ "plot", results, "bounces", "--point", "cpus=2", NULL }, 2, "--point is for the figure");
	expect_plot((const char *const[]){ "plot", results, "heat", "--point", "objects=slub-pag", NULL }, 2, "slub-page");
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_tell_settings_apart),
		cmocka_unit_test(every_figure_is_drawn_with_the_same_bytes),
		cmocka_unit_test(a_figure_is_remade_from_its_data_and_script),
		cmocka_unit_test(every_hover_works),
		cmocka_unit_test(no_text_is_more_than_text),
		cmocka_unit_test(a_text_of_any_length_is_drawn),
		cmocka_unit_test(missing_gnuplot_is_told_with_its_package),
		cmocka_unit_test(a_figure_that_was_cut_is_not_kept),
		cmocka_unit_test(a_gnuplot_that_hangs_is_ended),
		cmocka_unit_test(a_folder_without_results_is_the_users_mistake),
		cmocka_unit_test(a_whole_figure_of_the_same_kind_is_kept),
		cmocka_unit_test(a_file_that_may_not_grow_leaves_the_old_figure),
		cmocka_unit_test(no_figure_goes_through_a_link),
		cmocka_unit_test(no_gnuplot_comes_with_the_results),
		cmocka_unit_test(the_environment_changes_no_figure),
		cmocka_unit_test(a_figure_looks_as_it_is_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
