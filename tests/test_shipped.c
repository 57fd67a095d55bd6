/*
 * Shipped experiments by name: each file of configs/ is listed with what it says of itself, and its
 * name leads to it; a file of one's own comes first.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "experiment/shipped.h"
#include "tests/cli_fixture.h"

static const struct shipped *named(const struct shipped *all, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	fail_msg("'%s' is not listed", name);
	return NULL;
}

static void every_experiment_is_listed(void **state)
{
	static const char *const patterns[] = { "configs/*.yaml", "configs/pages/*.yaml",
						"configs/micro/*.yaml" };
	size_t count, files = 0;
	struct shipped *all = shipped_experiments(&count);

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		glob_t found;

		assert_int_equal(glob(patterns[p], 0, NULL, &found), 0);
		for (size_t i = 0; i < found.gl_pathc; i++, files++) {
			char name[200];

			snprintf(name, sizeof name, "%.*s", (int)strlen(found.gl_pathv[i]) - 8 - 5,
				 found.gl_pathv[i] + 8);        /* without "configs/", ".yaml" */
			assert_true(*named(all, count, name)->title);
		}
		globfree(&found);
	}
	assert_int_equal(files, count);
	/* as their files have it */
	assert_string_equal(named(all, count, "demo")->takes, "about 10 s");
	assert_string_equal(named(all, count, "demo")->title,
			    "Frees from another CPU, before and after the freelist left struct page");
	assert_string_equal(named(all, count, "pages/zone-lock")->takes, "some 15 min");
	assert_string_equal(named(all, count, "micro/own")->takes, "");
	shipped_free(all, count);
}

static void a_name_leads_to_its_file(void **state)
{
	static const struct {
		const char *given, *ends;
	} rows[] = {
		{ "demo", "configs/demo.yaml" },
		{ "pages/llfree", "configs/pages/llfree.yaml" },
		{ "llfree", "configs/pages/llfree.yaml" },
		{ "configs/demo.yaml", "configs/demo.yaml" },
		{ "demo.yaml", "demo.yaml" },                   /* a file's name is no experiment's */
		{ "./demo", "./demo" },
		{ "no-such", "no-such" },
		{ "../configs/demo", "../configs/demo" },
	};
	char buf[4096];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *path = shipped_path(rows[i].given, buf, sizeof buf);
		size_t length = strlen(path), of_end = strlen(rows[i].ends);

		if (length < of_end || strcmp(path + length - of_end, rows[i].ends) != 0)
			fail_msg("%s leads to %s, not %s", rows[i].given, path, rows[i].ends);
	}
	assert_string_equal(shipped_nearest("demmo", buf, sizeof buf), "demo");
	assert_null(shipped_nearest("quite-another", buf, sizeof buf));
}

/* What stands in the folder goes first: here a file of that name that is no experiment. */
static void an_own_file_comes_first(void **state)
{
	static const char *const told[] = { "labs/03-ping-pong.yaml", "configs/demo.yaml",
					    "configs/pages/llfree.yaml" };
	char *folder = folder_new(), here[4096], buf[4096], whole[4200];

	(void)state;
	assert_non_null(getcwd(here, sizeof here));
	assert_int_equal(setenv("BOUNCE_DATA", here, 1), 0);
	assert_int_equal(chdir(folder), 0);
	assert_string_not_equal(shipped_path("demo", buf, sizeof buf), "demo");
	write_text("demo", "nonsense\n");
	assert_string_equal(shipped_path("demo", buf, sizeof buf), "demo");
	/* what labs tell a student to type works without the source tree, too */
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		snprintf(whole, sizeof whole, "%s/%s", here, told[i]);
		assert_string_equal(shipped_path(told[i], buf, sizeof buf), whole);
	}
	assert_string_equal(shipped_path("labs/99-none.yaml", buf, sizeof buf), "labs/99-none.yaml");
	assert_string_equal(shipped_path("sim/sim.c", buf, sizeof buf), "sim/sim.c");
	assert_int_equal(mkdir("labs", 0777), 0);
	write_text(told[0], "nonsense\n");
	assert_string_equal(shipped_path(told[0], buf, sizeof buf), told[0]);
	assert_int_equal(chdir(here), 0);
	unsetenv("BOUNCE_DATA");
	folder_free(folder);
}

/* By name it is the same experiment as by file, to the hash. */
static void by_name_it_is_the_same(void **state)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *one = experiment_load("demo", NULL, 0, diagnostics),
			  *other = experiment_load("configs/demo.yaml", NULL, 0, diagnostics);

	(void)state;
	assert_non_null(one);
	assert_non_null(other);
	assert_string_equal(one->hash, other->hash);
	experiment_free(one);
	experiment_free(other);
	diagnostics_free(diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_experiment_is_listed),
		cmocka_unit_test(a_name_leads_to_its_file),
		cmocka_unit_test(an_own_file_comes_first),
		cmocka_unit_test(by_name_it_is_the_same),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
