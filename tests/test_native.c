/*
 * The native backend from outside: every allocator on real threads, watched; what results say and
 * do not say; 'bounce run --backend native', 'bounce compare', 'bounce calibrate'. How fast the host
 * is decides nothing here.
 */
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

#include "experiment/data.h"
#include "experiment/experiment.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/native_point.h"
#include "native/native.h"
#include "tests/cli_fixture.h"

static unsigned host_count(void)
{
	unsigned host[NATIVE_CPUS_MAX];

	return backend_native.native->cpus(host, NATIVE_CPUS_MAX);
}

static struct experiment *parse_text(const char *text)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("test.yaml", text, strlen(text), NULL, 0, diagnostics);

	diagnostics_print(diagnostics, stderr, false);
	diagnostics_free(diagnostics);
	assert_non_null(experiment);
	return experiment;
}

/* ---- the same models ------------------------------------------------------------------------- */

static void both_backends_have_the_same_models(void **state)
{
	const struct backend *native = &backend_native;

	(void)state;
	for (size_t i = 0; object_allocators[i] || native->objects[i]; i++) {
		assert_string_equal(object_allocators[i]->name, native->objects[i]->name);
		assert_true(object_allocators[i] != native->objects[i]);
	}
	for (size_t i = 0; page_allocators[i] || native->pages[i]; i++)
		assert_string_equal(page_allocators[i]->name, native->pages[i]->name);
	for (size_t i = 0; workloads[i] || native->workloads[i]; i++)
		assert_string_equal(workloads[i]->name, native->workloads[i]->name);
	assert_int_equal(strlen(native->version), 12);
}

/* Ends well, or cannot be run because it interrupts other CPUs: nothing else. */
static void expect_sound(const char *text)
{
	struct experiment *experiment = parse_text(text);
	char why[512];

	for (size_t i = 0; i < experiment->points; i++) {
		struct point *point =
			native_point_watched(&experiment->point[i], why, sizeof why);

		if (!point) {
			assert_non_null(strstr(why, "inter-processor interrupt"));
			continue;
		}
		if (point->result->outcome != OUTCOME_DONE)
			print_error("%s\n%s\n", text, point->result->message);
		assert_int_equal(point->result->outcome, OUTCOME_DONE);
		assert_int_equal(point->objects_lost, 0);
		point_free(point);
	}
	experiment_free(experiment);
}

static void every_object_allocator_is_sound_on_two_threads(void **state)
{
	char text[700];

	(void)state;
	for (size_t i = 0; object_allocators[i] && host_count() > 1; i++) {
		snprintf(text, sizeof text,
			 "name: t\nmachine: textbook\ncpus: 2\nmemory_mib: 256\nobjects: %s\n"
			 "workload: {kind: producer-consumer, object_size: 512, in_flight: 32, "
			 "batch: 16}\noperations: 20000\n",
			 object_allocators[i]->name);
		expect_sound(text);
		snprintf(text, sizeof text,
			 "name: t\nmachine: textbook\ncpus: 2\nmemory_mib: 256\nobjects: %s\n"
			 "workload: {kind: slab-test, test: n-alloc-n-free, count: 3000}\n",
			 object_allocators[i]->name);
		expect_sound(text);
	}
}

static void every_page_allocator_is_sound_on_two_threads(void **state)
{
	char text[700];

	(void)state;
	for (size_t i = 0; page_allocators[i] && host_count() > 1; i++) {
		snprintf(text, sizeof text,
			 "name: t\nmachine: textbook\ncpus: 2\nmemory_mib: 256\npages: %s\n"
			 "workload: {kind: slab-test, level: pages, "
			 "test: [n-alloc-n-free, n-pairs], order: [0, 2], count: 2000}\n",
			 page_allocators[i]->name);
		expect_sound(text);
	}
}

/* finish() of micro adds up what the words must hold. */
static void operations_of_two_threads_on_one_word_add_up(void **state)
{
	(void)state;
	if (host_count() > 1)
		expect_sound("name: t\nmachine: textbook\ncpus: 2\nworkload: {kind: micro, "
			     "test: cont, section: true, op: [lock_add, lock_xadd, xchg, cas_loop, "
			     "ttas, ticket, spin_dec, spin_ticket, poll, store, add]}\n"
			     "operations: 20000\nwarmup: 100\n");
	expect_sound("name: t\nmachine: textbook\ncpus: 1\nworkload: {kind: micro, test: own, "
		     "rotating: [false, true], op: [store, add, cmpxchg_local, cmpxchg16b_local, "
		     "lock_add, lock_xadd, lock_cmpxchg, xchg, lock_cmpxchg16b]}\n"
		     "operations: 2000\nwarmup: 16\n");
}

/* finish() of locks and queues says what was lost; a BUG in between ends the run. */
static void locks_and_queues_of_two_threads_are_sound(void **state)
{
	(void)state;
	if (host_count() < 2)
		return;
	expect_sound("name: t\nmachine: textbook\ncpus: 2\nworkload: {kind: locks, lines: 3, "
		     "reader_percent: [0, 50], batch: 3, lock: [tas, ttas, ticket, ticket_lines, dec, "
		     "queued, mcs, rwsem, seqlock, percpu_counter, rcu]}\noperations: 20000\n");
	expect_sound("name: t\nmachine: textbook\ncpus: 2\nworkload: {kind: queues, depth: 8, "
		     "indices: [shared, separate, cached], batch: [1, 4]}\noperations: 20000\n");
	expect_sound("name: t\nmachine: textbook\ncpus: 2\nworkload: {kind: queues, queue: mpmc, "
		     "indices: [shared, separate], depth: [1, 8]}\noperations: 20000\n");
}

/* ---- what is measured, and what is not --------------------------------------------------------- */

static double value(const struct point *point, const char *metric)
{
	return metric_value(metric_find(metric), point);
}

static void a_timed_point_has_times_and_nothing_that_nobody_saw(void **state)
{
	struct experiment *experiment =
		parse_text("name: t\nmachine: textbook\ncpus: 1\nobjects: slub-cpu\npages: buddy\n"
		     "workload: {kind: slab-test, test: alloc-then-free, count: 500}\n");
	char why[512], buf[64], *folder = folder_new();
	struct point *point = native_point(&experiment->point[0], why, sizeof why), *again;

	(void)state;
	assert_non_null(point);
	assert_int_equal(point->result->outcome, OUTCOME_DONE);
	assert_int_equal(point->result->operations, 1000);
	assert_true(value(point, "elapsed_cycles") > 1000);
	assert_in_range(value(point, "allocs"), 400, 500);      /* less what the host disturbed */
	assert_true(value(point, "alloc_cycles_mean") > 0);
	assert_true(value(point, "alloc_cycles_p50") <= value(point, "alloc_cycles_p99"));
	assert_string_equal(metric_text(metric_find("bounces"), point, buf, sizeof buf), "");
	assert_string_equal(metric_text(metric_find("cycles_idle"), point, buf, sizeof buf), "");
	assert_string_equal(metric_text(metric_find("live_bytes_peak"), point, buf, sizeof buf),
			    "");
	assert_string_equal(metric_text(metric_find("outcome"), point, buf, sizeof buf), "done");

	/* and is that when it is read back */
	assert_true(results_make(folder, why, sizeof why));
	assert_true(point_write(folder, point, why, sizeof why));
	again = point_read(folder, point->name, why, sizeof why);
	assert_non_null(again);
	assert_int_equal(again->native, 1);
	assert_int_equal(again->result->elapsed_units, point->result->elapsed_units);
	point_free(again);
	point_free(point);
	folder_free(folder);
	experiment_free(experiment);
}

static void what_cannot_be_run_here_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "name: t\nmachine: uv-1024\ncpus: 65\nworkload: {kind: counter}\noperations: 10\n",
		  "65 CPUs; this host has" },
		{ "name: t\nmachine: textbook\ncpus: 1\nobjects: slub-page\npages: buddy\n"
		  "workload: {kind: slab-test, count: 10}\ninterrupts: {every: 1000}\n",
		  "'interrupts': a program gets none" },
	};
	char why[512];

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct experiment *experiment = parse_text(rows[i].text);

		assert_null(native_point(&experiment->point[0], why, sizeof why));
		assert_non_null(strstr(why, rows[i].why));
		experiment_free(experiment);
	}
}

/* ---- the command ------------------------------------------------------------------------------- */

static void write_small(const char *folder, char *path, size_t size, unsigned cpus)
{
	char text[400];

	snprintf(path, size, "%s/small.yaml", folder);
	snprintf(text, sizeof text,
		 "name: small\nmachine: textbook\ncpus: %u\nobjects: [slub-page, slub-cpu]\n"
		 "pages: buddy\nworkload: {kind: slab-test, test: alloc-then-free, count: 100}\n"
		 "repeat: 2\n",
		 cpus);
	write_text(path, text);
}

/* Of that folder of native points: times, and where they are from. */
static void nothing_unseen_is_told(const char *native)
{
	char host[200], where[300], path[1100];
	struct output run;

	snprintf(where, sizeof where, "the host %s", native_host(host, sizeof host));
	run = run_cli((const char *[]){ "plot", native, "bounces", "members", "causes", "memory", "locks",
					"heat", "cycles", NULL });
	assert_int_equal(run.status, 0);
	for (const char *const *name = (const char *[]){ "bounces", "members", "causes", "memory", "locks",
							 "heat", NULL };
	     *name; name++) {
		snprintf(path, sizeof path, "no figure `%s` of small: on the processors of %s only times are seen",
			 *name, where);
		assert_non_null(strstr(run.err, path));
	}
	assert_null(strstr(run.err, "`cycles` of small"));
	output_free(&run);
	snprintf(path, sizeof path, "%s/cycles.gp", native);

	char *script = read_text(path);

	assert_non_null(strstr(script, where));
	assert_null(strstr(script, "textbook"));
	free(script);

	run = run_cli((const char *[]){ "report", native, NULL });
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, where));
	assert_non_null(strstr(run.out, "cycles, mean"));
	assert_null(strstr(run.out, "textbook"));
	assert_null(strstr(run.out, "bounces"));
	assert_null(strstr(run.out, "traffic"));
	assert_null(strstr(run.out, "partners"));
	output_free(&run);
	for (const char *const *view = (const char *[]){ "lines", "cpus", "orders", NULL }; *view; view++) {
		run = run_cli((const char *[]){ "report", native, *view, NULL });
		assert_int_equal(run.status, 2);
		assert_non_null(strstr(run.err, "only times are seen"));
		assert_string_equal(run.out, "");
		output_free(&run);
	}
	run = run_cli((const char *[]){ "report", native, "--format", "csv", NULL });
	assert_int_equal(run.status, 2);
	assert_string_equal(run.out, "");
	output_free(&run);
	run = run_cli((const char *[]){ "suggest", native, "--struct", "page", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "only times are seen"));
	output_free(&run);
}

static void run_puts_the_host_beside_the_simulation(void **state)
{
	char *folder = folder_new(), path[600], results[500], native[1000], host[200];

	(void)state;
	write_small(folder, path, sizeof path, 1);
	snprintf(results, sizeof results, "%s/r", folder);

	struct output run = run_cli((const char *[]){ "run", path, "--backend", "native", "--output",
						      results, NULL });

	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, native_folder(host, sizeof host)));
	assert_non_null(strstr(run.out, "simulated on textbook"));
	assert_non_null(strstr(run.out, "elapsed_cycles/operations"));
	assert_non_null(strstr(run.out, "alloc_cycles_mean"));
	assert_null(strstr(run.out, "bounces"));
	output_free(&run);

	/* the points lie apart, with the names of the simulated ones */
	snprintf(native, sizeof native, "%s/small/%s/results.csv", results, host);
	char *csv = read_text(native);

	assert_non_null(strstr(csv, "slub-cpu"));
	free(csv);
	snprintf(native, sizeof native, "%s/small/%s", results, host);
	snprintf(path, sizeof path, "%.500s/small", results);
	run = run_cli((const char *[]){ "compare", path, native, NULL });
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "(simulated)"));
	assert_non_null(strstr(run.out, "(native)"));
	output_free(&run);
	nothing_unseen_is_told(native);
	folder_free(folder);
}

static void run_tells_what_is_asked_wrongly(void **state)
{
	char *folder = folder_new(), path[600];
	struct output run;

	(void)state;
	write_small(folder, path, sizeof path, 1);
	run = run_cli((const char *[]){ "run", path, "--backend", "real", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "--backend is native or simulated, got 'real'"));
	output_free(&run);
	run = run_cli((const char *[]){ "run", path, "--watched", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "--watched is for --backend native"));
	output_free(&run);
	run = run_cli((const char *[]){ "run", path, "--backend", "native", "--shard", "1/2", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "--shard is for simulated points"));
	output_free(&run);
	folder_free(folder);
}

/* ---- calibrate --------------------------------------------------------------------------------- */

static void calibrate_writes_a_machine(void **state)
{
	char *folder = folder_new(), path[600];
	struct output run;
	struct machine *machine = calloc(1, sizeof *machine);
	struct diagnostics *diagnostics = diagnostics_new();

	(void)state;
	assert_non_null(machine);
	snprintf(path, sizeof path, "%s/mine.yaml", folder);
	run = run_cli((const char *[]){ "calibrate", "-o", path, "--samples", "1", "--like",
					"rome-2s", "--quiet", NULL });
	if (host_count() < 2) {
		assert_int_equal(run.status, 1);
		assert_non_null(strstr(run.err, "one core"));
	} else {
		assert_int_equal(run.status, 0);
		assert_true(machine_load(path, diagnostics, machine));
		assert_string_equal(machine->id, "mine");
		assert_true(machine->freq_ghz > 0.1);
		assert_true(machine->load_ns.M.value[0] > 0);
		assert_true(machine->step_cyc.alloc == 0 && machine->ipi_roundtrip_ns == 0);
		assert_true(machine->weak.count > 0);
		assert_true(machine_cores(machine) >= 2);
	}
	output_free(&run);
	diagnostics_free(diagnostics);
	free(machine);
	folder_free(folder);
}

static void calibrate_writes_through_no_link_and_over_no_file(void **state)
{
	char *folder = folder_new(), file[600], link[600];
	struct output run;

	(void)state;
	snprintf(file, sizeof file, "%s/there.yaml", folder);
	snprintf(link, sizeof link, "%s/link.yaml", folder);
	write_text(file, "mine\n");
	assert_int_equal(symlink(file, link), 0);
	run = run_cli((const char *[]){ "calibrate", "-o", link, "--replace", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "is a link"));
	output_free(&run);
	run = run_cli((const char *[]){ "calibrate", "-o", file, NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "--replace writes over it"));
	output_free(&run);
	run = run_cli((const char *[]){ "calibrate", "-o", "machine.txt", NULL });
	assert_int_equal(run.status, 2);
	output_free(&run);
	run = run_cli((const char *[]){ "calibrate", "--like", "milan-2", "--samples", "1", NULL });
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "did you mean 'milan-2s'?"));
	output_free(&run);

	char *text = read_text(file);

	assert_string_equal(text, "mine\n");
	free(text);
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_backends_have_the_same_models),
		cmocka_unit_test(every_object_allocator_is_sound_on_two_threads),
		cmocka_unit_test(every_page_allocator_is_sound_on_two_threads),
		cmocka_unit_test(operations_of_two_threads_on_one_word_add_up),
		cmocka_unit_test(locks_and_queues_of_two_threads_are_sound),
		cmocka_unit_test(a_timed_point_has_times_and_nothing_that_nobody_saw),
		cmocka_unit_test(what_cannot_be_run_here_is_refused),
		cmocka_unit_test(run_puts_the_host_beside_the_simulation),
		cmocka_unit_test(run_tells_what_is_asked_wrongly),
		cmocka_unit_test(calibrate_writes_a_machine),
		cmocka_unit_test(calibrate_writes_through_no_link_and_over_no_file),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
