/*
 * Points on disk: what is written comes back, and no damaged byte goes unseen; metrics of a point
 * made by hand.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/folder.h"
#include "experiment/metrics.h"
#include "experiment/sha256.h"
#include "experiment/store.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

static const char name[] = "0123456789abcdef";

/* Texts that a format of lines and tabs could stumble over. */
static const char odd[] = "tab\there, line\nthere, back\\slash \\t, \xc3\xa4";

static void fill_tables(struct result *result)
{
	static const struct line_stats line = {
		.offset = 4096,
		.label = "page[1]",
		.members = "flags lru",
		.class = CLASS_WORKLOAD,
		.bounces = { 1, 2, 0 },
		.hitm = 2,
		.readers = 2,
		.writers = 1,
	};
	static const struct site_stats site = {
		.line = 4096,
		.offset = 8,
		.size = 4,
		.member = "count",
		.site = { odd, 12, "alloc", "&p->count" },
		.op = OP_FREE,
		.path = "slow",
		.bounces = 3,
		.cpus = 2,
	};
	static const struct field_stats field = {
		.layout = "page",
		.member = "flags",
		.class = CLASS_PAYLOAD,
		.size = 8,
		.site = { "f.c", 1, "g", "x" },
		.op = OP_ALLOC,
		.path = "",
		.loads = UINT64_MAX,
	};
	static const struct path_stats path = { OP_ALLOC, "refill", 7, 640 };
	static const struct lock_stats lock = { .label = "zone", .kind = "ticket", .taken = 9 };
	static const struct holder holder[2] = { { 64, 4096, 0 }, { 128, 4096, 1 } };
	static const struct taker_stats taker = {
		.offset = 16, .size = 8, .member = "lock", .site = { odd, 7, "take", "&p->lock" },
		.misses = 2, .true_sharing = 1, .false_sharing = 1, .cpu_ids = "0-1",
	};
	static const struct pair_stats pair = {
		.layout = "page", .member = "count", .taker_layout = "page", .taker_member = "lock",
		.apart = 56, .misses = 2, .cpu_ids = "1", .taker_ids = "0-1",
	};
	static const struct transfer_stats transfer = { 1, 0, 2 };
	static const struct shape_stats shape = { "page", "count", CLASS_PAYLOAD, 8, 4, 56 };

#define COPY(member, count_, from) \
	(result->member = xalloc(sizeof(from)), memcpy(result->member, &(from), sizeof(from)), \
	 result->count_ = sizeof(from) / sizeof *result->member)
	COPY(line, lines, line);
	COPY(site, sites, site);
	COPY(field, fields, field);
	COPY(path, paths, path);
	COPY(lock, locks, lock);
	COPY(holder, holders, holder);
	COPY(taker, takers, taker);
	COPY(pair, pairs, pair);
	COPY(transfer, transfers, transfer);
	COPY(shape, shapes, shape);
#undef COPY
}

static struct point *make_point(void)
{
	struct point *point = point_new();
	struct result *result = xalloc(sizeof *result);

	memcpy(point->name, name, sizeof name);
	free(point->objects);
	point->objects = xstrdup("slub-page");
	point->cpus = 2;
	point->seed = 5;
	point->metadata_bytes = 512;
	point->objects_lost = 3;
	point->mixed = 1;
	point_add_key(point, "objects", "slub-page", true);
	point_add_key(point, "workload.trace", odd, false);
	point_add_remark(point, odd);
	point->result = result;
	result->outcome = OUTCOME_MAX_CYCLES;
	snprintf(result->message, sizeof result->message, "%s", odd);
	result->cpus = 2;
	result->operations = 1000;
	result->elapsed_units = 64 * 10 + 16;   /* 10.25 cycles */
	result->cpu = xalloc(2 * sizeof *result->cpu);
	result->cpu[1].loads = 11;
	result->total.bounces[CLASS_ALLOCATOR] = 100;
	result->total.bounces[CLASS_WORKLOAD] = 20;
	result->total.bounces[CLASS_PAYLOAD] = 3;
	result->total.cause_units[CAUSE_IDLE] = 32;
	/* three allocations of 64 cycles in all: 21.3 each */
	result->op[OP_ALLOC] = (struct op_stats){
		.count = 3, .total_units = 64 * 64, .max_units = 64 * 40, .lines_read = 6
	};
	fill_tables(result);
	return point;
}

static char *point_path(const char *folder)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/points/%s.point", folder, name) > 0);
	return path;
}

static char *write_one(const char *folder)
{
	struct point *point = make_point();
	char why[512];

	assert_true(results_make(folder, why, sizeof why));
	assert_true(point_write(folder, point, why, sizeof why));
	point_free(point);
	return point_path(folder);
}

static void what_is_written_comes_back(void **state)
{
	char *folder = folder_new(), *path = write_one(folder), *before = read_text(path), why[512];
	struct point *point = point_read(folder, name, why, sizeof why);

	(void)state;
	assert_non_null(point);
	assert_string_equal(point->objects, "slub-page");
	assert_int_equal(point->seed, 5);
	assert_int_equal(point->metadata_bytes, 512);
	assert_int_equal(point->objects_lost, 3);
	assert_int_equal(point->mixed, 1);
	assert_string_equal(point_value(point, "workload.trace"), odd);
	assert_string_equal(point->remark[0], odd);
	assert_int_equal(point->result->outcome, OUTCOME_MAX_CYCLES);
	assert_string_equal(point->result->message, odd);
	assert_int_equal(point->result->cpu[1].loads, 11);
	assert_int_equal(point->result->line[0].class, CLASS_WORKLOAD);
	assert_string_equal(point->result->site[0].site.file, odd);
	assert_int_equal(point->result->site[0].op, OP_FREE);
	assert_true(point->result->field[0].loads == UINT64_MAX);
	assert_string_equal(point->result->lock[0].kind, "ticket");
	assert_int_equal(point->result->holders, 2);
	assert_int_equal(point->result->holder[1].cpu, 1);
	assert_string_equal(point->result->taker[0].site.file, odd);
	assert_string_equal(point->result->taker[0].cpu_ids, "0-1");
	assert_int_equal(point->result->pair[0].apart, 56);
	assert_int_equal(point->result->transfer[0].count, 2);
	assert_int_equal(point->result->shape[0].struct_size, 56);
	/* and everything else: written again, it is the same to the byte */
	assert_true(point_write(folder, point, why, sizeof why));

	char *after = read_text(path);

	assert_string_equal(after, before);
	free(before);
	free(after);
	point_free(point);
	free(path);
	folder_free(folder);
}

static void write_bytes(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void a_file_cut_anywhere_is_noticed(void **state)
{
	char *folder = folder_new(), *path = write_one(folder), *text = read_text(path), why[512];
	size_t length = strlen(text);

	(void)state;
	for (size_t cut = 0; cut < length; cut += cut < length - 100 ? 97 : 1) {
		write_bytes(path, text, cut);
		assert_null(point_read(folder, name, why, sizeof why));
		/* the message names the file */
		assert_non_null(strstr(why, path));
	}
	free(text);
	free(path);
	folder_free(folder);
}

static void a_changed_byte_is_noticed(void **state)
{
	char *folder = folder_new(), *path = write_one(folder), *text = read_text(path), why[512];
	size_t length = strlen(text);

	(void)state;
	for (size_t at = 0; at < length; at += at < length - 100 ? 61 : 1) {
		text[at] ^= 1;
		write_bytes(path, text, length);
		assert_null(point_read(folder, name, why, sizeof why));
		text[at] ^= 1;
	}
	write_bytes(path, text, length);

	struct point *point = point_read(folder, name, why, sizeof why);

	assert_non_null(point);
	point_free(point);
	free(text);
	free(path);
	folder_free(folder);
}

static void a_point_under_another_name_is_noticed(void **state)
{
	char *folder = folder_new(), *path = write_one(folder), *other = NULL, why[512];

	(void)state;
	assert_true(asprintf(&other, "%s/points/fedcba9876543210.point", folder) > 0);
	assert_int_equal(rename(path, other), 0);
	assert_null(point_read(folder, "fedcba9876543210", why, sizeof why));
	assert_non_null(strstr(why, "it tells of the point 0123456789abcdef"));
	free(other);
	free(path);
	folder_free(folder);
}

/* ---- damage behind a good checksum ------------------------------------------------------- */

static void holder_goes_back(struct point *p)
{
	p->result->holder[1].start_units = 63;
}

static void holder_stays(struct point *p)
{
	p->result->holder[1].start_units = 64;
}

static void holder_after_the_end(struct point *p)
{
	p->result->holder[1].start_units = 657;
}

static void holder_at_the_end(struct point *p)
{
	p->result->holder[1].start_units = 656;
}

static void holder_of_no_cpu(struct point *p)
{
	p->result->holder[0].cpu = 2;
}

static void holder_between_lines(struct point *p)
{
	p->result->holder[0].line = 4097;
}

static void line_read_by_more(struct point *p)
{
	p->result->line[0].readers = 3;
}

static void line_written_by_more(struct point *p)
{
	p->result->line[0].writers = 3;
}

static void line_with_more_bounces(struct point *p)
{
	p->result->line[0].bounces[CLASS_WORKLOAD] = 21;        /* 20 and one */
}

static void line_with_all_bounces(struct point *p)
{
	memcpy(p->result->line[0].bounces, p->result->total.bounces,
	       sizeof p->result->total.bounces);
}

static void site_with_more_bounces(struct point *p)
{
	p->result->site[0].bounces = 124;       /* 100 + 20 + 3 and one */
}

static void site_with_all_bounces(struct point *p)
{
	p->result->site[0].bounces = 123;
}

static void add_member(struct point *p, uint64_t bounces)
{
	p->result->member = xalloc(sizeof *p->result->member);
	p->result->members = 1;
	p->result->member[0] = (struct member_stats){
		.layout = "object", .class = CLASS_PAYLOAD, .size = 8, .bounces = bounces
	};
}

static void member_with_more_bounces(struct point *p)
{
	add_member(p, 4);                       /* the payload has 3 */
}

static void member_with_all_bounces(struct point *p)
{
	add_member(p, 3);
}

static void line_between_lines(struct point *p)
{
	p->result->line[0].offset = 4100;
}

static void bounces_without_end(struct point *p)
{
	p->result->total.bounces[CLASS_PAYLOAD] = UINT64_MAX;
}

static void site_behind_its_line(struct point *p)
{
	p->result->site[0].offset = 64;
}

static void site_across_its_line(struct point *p)
{
	p->result->site[0].size = 57;           /* from 8 on: 65 */
}

static void site_up_to_the_end_of_its_line(struct point *p)
{
	p->result->site[0].size = 56;
}

static void site_of_more_cpus(struct point *p)
{
	p->result->site[0].cpus = 3;
}

static void field_of_no_struct(struct point *p)
{
	p->result->field[0].offset = UINT32_MAX - 3;
}

static void lock_contended_more(struct point *p)
{
	p->result->lock[0].contended = 10;
}

static void half_above_most(struct point *p)
{
	p->result->op[OP_ALLOC].p50_units = 65;
	p->result->op[OP_ALLOC].p99_units = 64;
}

static void longest_above_all(struct point *p)
{
	p->result->op[OP_ALLOC].max_units = 64 * 64 + 1;
}

static void no_such_time(struct point *p)
{
	p->result->elapsed_units = (uint64_t)INT64_MAX + 1;
}

static void other_cpus(struct point *p)
{
	p->cpus = 3;
}

static void a_key_twice(struct point *p)
{
	point_add_key(p, "objects", "slub-cpu", true);
}

static void taker_of_no_site(struct point *p)
{
	p->result->taker[0].row = 1;
}

static void taker_across_its_line(struct point *p)
{
	p->result->taker[0].offset = 57;
}

static void cpus_in_words(struct point *p)
{
	p->result->taker[0].cpu_ids = "all";
}

static void pair_of_no_struct(struct point *p)
{
	p->result->pair[0].taker_offset = (1 << 24) + 1;
}

static void transfer_of_no_cpu(struct point *p)
{
	p->result->transfer[0].taker = 2;
}

static void shape_of_no_struct(struct point *p)
{
	p->result->shape[0].struct_size = (1 << 24) + 1;
}

/* Whoever can write a file can write its checksum: values are checked for order and range. */
static void values_that_cannot_be_are_damage(void **state)
{
	/* clang-format off */
	static const struct {
		void (*damage)(struct point *p);
		const char *told;       /* NULL: it can be */
	} rows[] = {
		{ holder_goes_back,       "row 2 of the table 'holders': not in order of time" },
		{ holder_stays,           NULL },
		{ holder_after_the_end,   "row 2 of the table 'holders': after the end of the run" },
		{ holder_at_the_end,      NULL },
		{ holder_of_no_cpu,       "row 1 of the table 'holders': no such CPU" },
		{ holder_between_lines,   "row 1 of the table 'holders': it is no line" },
		{ line_read_by_more,      "row 1 of the table 'lines': more CPUs than there are" },
		{ line_written_by_more,   "row 1 of the table 'lines': more CPUs than there are" },
		{ line_with_more_bounces, "row 1 of the table 'lines': more bounces than in all" },
		{ line_with_all_bounces,  NULL },
		{ member_with_more_bounces, "row 1 of the table 'members': more bounces than in all" },
		{ member_with_all_bounces, NULL },
		{ site_with_more_bounces, "row 1 of the table 'sites': more bounces than in all" },
		{ site_with_all_bounces,  NULL },
		{ line_between_lines,     "row 1 of the table 'lines': it is no line" },
		{ bounces_without_end,    "row 1 of the table 'total': more bounces than can be counted" },
		{ site_behind_its_line,   "row 1 of the table 'sites': beyond its line" },
		{ site_across_its_line,   "row 1 of the table 'sites': beyond its line" },
		{ site_up_to_the_end_of_its_line, NULL },
		{ site_of_more_cpus,      "row 1 of the table 'sites': more CPUs than there are" },
		{ field_of_no_struct,     "row 1 of the table 'fields': beyond any struct" },
		{ lock_contended_more,    "row 1 of the table 'locks': contended more often than taken" },
		{ taker_of_no_site,       "row 1 of the table 'takers': of no site" },
		{ taker_across_its_line,  "row 1 of the table 'takers': beyond its line" },
		{ cpus_in_words,          "row 1 of the table 'takers': no list of CPUs" },
		{ pair_of_no_struct,      "row 1 of the table 'pairs': beyond any struct" },
		{ transfer_of_no_cpu,     "row 1 of the table 'transfers': no such CPU" },
		{ shape_of_no_struct,     "row 1 of the table 'shapes': beyond any struct" },
		{ half_above_most,        "of the table 'ops': half take longer than 99 of 100" },
		{ longest_above_all,      "of the table 'ops': the longest is longer than all" },
		{ no_such_time,           "row 1 of the table 'run': a time beyond all times" },
		{ other_cpus,             "row 1 of the table 'run': other CPUs than the point has" },
		{ a_key_twice,            "it is damaged: a key comes twice" },
	};
	/* clang-format on */
	char *folder = folder_new(), *path = write_one(folder), why[512];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct point *point = make_point();

		rows[i].damage(point);
		assert_true(point_write(folder, point, why, sizeof why));
		point_free(point);
		*why = '\0';
		point = point_read(folder, name, why, sizeof why);
		if (!point != !!rows[i].told || (rows[i].told && !strstr(why, rows[i].told)))
			fail_msg("row %zu told '%s', not '%s'", i, why,
				 rows[i].told ? rows[i].told : "");
		point_free(point);
	}
	free(path);
	folder_free(folder);
}

/* Format 1 knew no takers. Nothing is read from it as if it were this one. */
static void points_of_another_version_are_told(void **state)
{
	static const char old[] = "bounce-point 1\nname\t0123456789abcdef\n";
	char *folder = folder_new(), *path = write_one(folder), hex[SHA256_HEX_BYTES], text[256],
	     why[512] = "";

	(void)state;
	sha256_text(old, strlen(old), hex);
	snprintf(text, sizeof text, "%send %s\n", old, hex);
	write_text(path, text);
	assert_null(point_read(folder, name, why, sizeof why));
	assert_non_null(strstr(why, "another version of bounce wrote it; run the experiment again"));
	free(path);
	folder_free(folder);
}

/* Names lead out of the folder, or one point would count as two seeds. */
static void an_index_lists_points_once_and_by_their_hash(void **state)
{
	static const struct {
		char *listed[2], *hash;
		bool good;
	} rows[] = {
		{ { "0123456789abcdef", "0123456789abcdee" }, "a", true },
		{ { "0123456789abcdef", "0123456789abcdef" }, "a", false },
		{ { "0123456789abcdef", "../../../x" }, "a", false },
		{ { "0123456789abcdef", "0123456789abcde" }, "a", false },
		{ { "0123456789abcdef", "0123456789ABCDEE" }, "a", false },
		{ { "0123456789abcdef", "" }, "a", false },
		{ { "0123456789abcdef", "0123456789abcdee" }, "%", false },
	};
	char *folder = folder_new(), why[512];

	(void)state;
	assert_true(results_make(folder, why, sizeof why));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct points points = { .name = "n", .title = "", .version = "1", .models = "1",
					 .listed = (char **)rows[i].listed, .expected = 2 };

		memset(points.hash, *rows[i].hash, HASH_TEXT_BYTES - 1);
		assert_true(index_write(folder, &points, why, sizeof why));

		bool good = points_load(folder, &points, why, sizeof why);

		if (good != rows[i].good)
			fail_msg("row %zu: %s", i, good ? "taken" : why);
		if (good)
			points_free(&points);
	}
	folder_free(folder);
}

/* A run that is there under a second name would count as a second seed; another seed is one. */
static void a_run_counts_once(void **state)
{
	static const struct { uint64_t seed; bool good; } rows[] = {
		{ 4, false }, { 5, false }, { 6, true },
	};
	static const char other[] = "fedcba9876543210";
	char *folder = folder_new(), why[512];

	(void)state;
	free(write_one(folder));                /* with seed 5 */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *listed[] = { name, other };
		struct points points = { .name = "n", .title = "", .version = "1", .models = "1",
					 .listed = (char **)listed, .expected = 2 };
		struct point *point = make_point();

		memcpy(point->name, other, sizeof other);
		point->seed = rows[i].seed;
		assert_true(point_write(folder, point, why, sizeof why));
		point_free(point);
		memset(points.hash, 'a', HASH_TEXT_BYTES - 1);
		assert_true(index_write(folder, &points, why, sizeof why));
		assert_int_equal(points_load(folder, &points, why, sizeof why), rows[i].good);
		if (rows[i].good)
			points_free(&points);
		else
			assert_non_null(strstr(why, "it is the run before it once more"));
	}
	folder_free(folder);
}

/* As a full disk does, a limit stops a file in its middle. */
static void a_write_that_fails_loses_nothing(void **state)
{
	char *folder = folder_new(), *path = write_one(folder), *before = read_text(path),
	     why[512] = "";
	struct rlimit old, small = { 100, RLIM_INFINITY };
	struct point *point = make_point();

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

	bool written = point_write(folder, point, why, sizeof why);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_false(written);
	assert_non_null(strstr(why, "File too large"));

	/* what was there is there, and no half file beside it */
	char *after = read_text(path), *points = NULL;
	struct stat stat_before;

	assert_string_equal(after, before);
	assert_true(asprintf(&points, "%s/points", folder) > 0);
	assert_int_equal(stat(path, &stat_before), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(points), 0);
	free(points);
	free(before);
	free(after);
	free(path);
	point_free(point);
	folder_free(folder);
}

/* Several processes add to one number, each reading and writing it while it has entered. */
static void one_process_at_a_time_enters_a_folder(void **state)
{
	enum { PROCESSES = 4, TURNS = 50 };
	char *folder = folder_new(), *path = NULL, why[512];

	(void)state;
	assert_true(asprintf(&path, "%s/number", folder) > 0);
	write_text(path, "0");
	for (int process = 0; process < PROCESSES; process++) {
		if (fork() != 0)
			continue;

		struct folder lock;
		bool good = folder_open(&lock, folder, true, why, sizeof why);

		for (int turn = 0; turn < TURNS && good; turn++) {
			folder_enter(&lock);

			char *text = read_text(path), more[32];

			snprintf(more, sizeof more, "%ld", strtol(text, NULL, 10) + 1);
			free(text);
			write_text(path, more);
			folder_leave(&lock);
		}
		_exit(!good);
	}
	for (int process = 0; process < PROCESSES; process++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}

	char *text = read_text(path);

	assert_string_equal(text, "200");       /* 4 * 50 */
	free(text);
	free(path);
	folder_free(folder);
}

/* Two runs side by side; while one goes on nobody is alone; one that ends gives its part back. */
static void a_folder_knows_of_runs_under_way(void **state)
{
	char *folder = folder_new(), why[512];
	struct folder one, two;

	(void)state;
	assert_false(folder_open(&one, folder, false, why, sizeof why));
	assert_true(folder_open(&one, folder, true, why, sizeof why));
	assert_true(folder_open(&two, folder, true, why, sizeof why));
	assert_true(folder_alone(&one));
	assert_false(folder_alone(&two));
	folder_share(&one);
	assert_false(folder_alone(&two));
	folder_share(&two);
	assert_false(folder_alone(&one));
	folder_close(&one);
	assert_true(folder_alone(&two));
	folder_close(&two);
	folder_free(folder);
}

static void a_folder_without_results_says_so(void **state)
{
	char *folder = folder_new(), why[512];
	struct points points;

	(void)state;
	assert_false(points_load(folder, &points, why, sizeof why));
	assert_non_null(strstr(why, "holds no results"));
	folder_free(folder);
}

/* ---- metrics ----------------------------------------------------------------------------- */

static void expect_metric(const struct point *point, const char *metric, const char *expected)
{
	char buf[64];

	assert_non_null(metric_find(metric));
	assert_string_equal(metric_text(metric_find(metric), point, buf, sizeof buf), expected);
}

static void metrics_of_a_point(void **state)
{
	struct point *point = make_point();

	(void)state;
	expect_metric(point, "objects", "slub-page");
	expect_metric(point, "cpus", "2");
	expect_metric(point, "operations", "1000");
	expect_metric(point, "elapsed_cycles", "10.25");        /* 656 / 64 */
	expect_metric(point, "bounces", "123");                 /* 100 + 20 + 3 */
	expect_metric(point, "bounces_payload", "3");
	expect_metric(point, "cycles_idle", "0.5");             /* 32 / 64 */
	expect_metric(point, "alloc_cycles_mean",
		      "21.333333333333332"); /* 64 / 3, the nearest double */
	expect_metric(point, "alloc_cycles_max", "40");
	expect_metric(point, "alloc_lines_read", "2");          /* 6 / 3 */
	expect_metric(point, "free_cycles_mean", "");           /* there was no free */
	expect_metric(point, "outcome", "max_cycles");
	expect_metric(point, "metadata_bytes", "512");
	expect_metric(point, "objects_lost", "3");
	expect_metric(point, "mixed", "1");
	assert_true(isnan(metric_value(metric_find("free_cycles_mean"), point)));
	point_free(point);
}

/* The names that scripts may rely on, in the order of the columns. */
static void names_of_metrics_are_those_promised(void **state)
{
	static const char *const promised[] = {
		"objects",
		"pages",
		"workload",
		"machine",
		"cpus",
		"seed",
		"operations",
		"elapsed_cycles",
		"alloc_cycles_mean",
		"alloc_cycles_p50",
		"alloc_cycles_p99",
		"alloc_cycles_max",
		"free_cycles_mean",
		"free_cycles_p50",
		"free_cycles_p99",
		"free_cycles_max",
		"bounces",
		"bounces_allocator",
		"bounces_workload",
		"bounces_payload",
		"hitm_loads",
		"hitm_stores",
		"hitm_remote",
		"upgrades",
		"invalidations",
		"misses_cold",
		"misses_capacity",
		"misses_true_sharing",
		"misses_false_sharing",
		"irq_off_cycles",
		"irq_off_cycles_max",
		"ipis",
		"lock_spins",
		"footprint_bytes_peak",
		"live_bytes_peak",
	};
	size_t count = sizeof promised / sizeof *promised;

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_string_equal(metrics[i].name, promised[i]);
	for (size_t i = 0; i < CAUSES; i++) {
		char cause[64];

		snprintf(cause, sizeof cause, "cycles_%s", cause_names[i]);
		assert_string_equal(metrics[count + i].name, cause);
		assert_int_equal(metrics[count + i].offset,
				 offsetof(struct result, total.cause_units) + i * sizeof(uint64_t));
	}
}

static struct points one_point(struct point **point, char **swept)
{
	struct points points = { .name = "n",
				 .title = "a \"title\"",
				 .version = "1",
				 .models = "m",
				 .swept = swept,
				 .swepts = 1,
				 .expected = 2,
				 .count = 1,
				 .point = point };

	snprintf(points.hash, sizeof points.hash, "ab");
	return points;
}

static void csv_says_what_it_is(void **state)
{
	struct point *point = make_point();
	char *swept[] = { "workload.trace" }, *text = NULL;
	struct points points = one_point(&point, swept);
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	free(point->key[1].value);
	point->key[1].value = xstrdup("a,b");
	metrics_csv(out, &points);
	fclose(out);
	assert_ptr_equal(
		strstr(text,
		       "# bounce 1, models m\n# experiment n sha256 ab\n# incomplete: 1 of 2 points\n"
		       "point,workload.trace,objects,pages,"),
		text);
	/* a comma in a value goes in quotes */
	assert_non_null(strstr(text, "\n0123456789abcdef,\"a,b\",slub-page,,"));
	free(text);
	point_free(point);
}

static void json_lines_end_with_how_many_there_were(void **state)
{
	struct point *point = make_point();
	char *swept[] = { "workload.trace" }, *text = NULL;
	struct points points = one_point(&point, swept);
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	metrics_jsonl(out, &points);
	fclose(out);
	assert_non_null(strstr(text, "\"title\":\"a \\\"title\\\"\""));
	assert_non_null(strstr(
		text,
		"\"workload.trace\":\"tab\\u0009here, line\\u000athere, back\\\\slash \\\\t, \xc3\xa4\""));
	assert_non_null(strstr(text, "\"free_cycles_mean\":null"));
	assert_non_null(strstr(text, "\"elapsed_cycles\":10.25,"));
	assert_non_null(strstr(text, "\n{\"type\":\"end\",\"points\":1,\"complete\":false}\n"));
	free(text);
	point_free(point);
}

static void labels_and_seeds(void **state)
{
	struct point *a = make_point(), *b = make_point();
	char *swept[] = { "objects" }, buf[64];
	struct points points = one_point(&a, swept);

	(void)state;
	b->seed = 6;
	assert_true(point_same_but_seed(a, b));
	point_add_key(b, "slub-cpu.variant", "x", true);
	assert_false(point_same_but_seed(a, b));
	assert_false(point_same_but_seed(b, a));
	assert_string_equal(point_label(&points, a, buf, sizeof buf), "objects=slub-page");
	point_free(a);
	point_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_comes_back),
		cmocka_unit_test(a_file_cut_anywhere_is_noticed),
		cmocka_unit_test(a_changed_byte_is_noticed),
		cmocka_unit_test(a_point_under_another_name_is_noticed),
		cmocka_unit_test(values_that_cannot_be_are_damage),
		cmocka_unit_test(points_of_another_version_are_told),
		cmocka_unit_test(an_index_lists_points_once_and_by_their_hash),
		cmocka_unit_test(a_run_counts_once),
		cmocka_unit_test(a_write_that_fails_loses_nothing),
		cmocka_unit_test(one_process_at_a_time_enters_a_folder),
		cmocka_unit_test(a_folder_knows_of_runs_under_way),
		cmocka_unit_test(a_folder_without_results_says_so),
		cmocka_unit_test(metrics_of_a_point),
		cmocka_unit_test(names_of_metrics_are_those_promised),
		cmocka_unit_test(csv_says_what_it_is),
		cmocka_unit_test(json_lines_end_with_how_many_there_were),
		cmocka_unit_test(labels_and_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
