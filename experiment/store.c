/*
 * Points and indices as text files.
 *
 *	bounce-point 3
 *	a line per fact of struct point: its name, a tab, its value
 *	tables of struct result, see experiment/record.h
 *	end SHA-256 of everything before
 *
 * A file that was cut, or changed in any byte, does not fit its last line.
 */
#include "experiment/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/record.h"
#include "experiment/sha256.h"
#include "sim/verbs/xalloc.h"

enum {
	PATH_BYTES = 4096,
	FILE_BYTES_MAX = 1 << 28,
	CPUS_MAX = 1024,
	STRUCT_BYTES_MAX = 1 << 24,
};

static const char point_head[] = "bounce-point 3", index_head[] = "bounce-index 1";

/* ---- the tables of a result -------------------------------------------------------------- */

/* clang-format off */
static const char *const class_names[LINE_CLASSES] = { "allocator", "workload", "payload" };

#define WORDS(names, count) .words = names, .word_count = (count)
#define OP(type)        COLUMN(type, op, WORD, WORDS(op_names, OPS))
#define CLASS(type)     COLUMN(type, class, WORD, WORDS(class_names, LINE_CLASSES))
#define U64(type, m)    COLUMN(type, m, U64, .words = NULL)
#define PLAIN(type, m)  COLUMN(type, m, UNSIGNED, .words = NULL)
#define TEXT(type, m)   COLUMN(type, m, TEXT, .words = NULL)
#define STRING(type, m) COLUMN(type, m, STRING, .words = NULL)

static const struct record_column run_columns[] = {
	COLUMN(struct result, outcome, WORD, WORDS(outcome_names, OUTCOME_BUG + 1)),
	TEXT(struct result, message), PLAIN(struct result, cpus), U64(struct result, operations),
	U64(struct result, elapsed_units), U64(struct result, footprint_bytes_peak),
	U64(struct result, live_bytes_peak), U64(struct result, accesses),
	{ 0 },
};

#define COUNT(m) U64(struct counts, m)
static const struct record_column count_columns[] = {
	COUNT(loads), COUNT(stores), COUNT(rmws), COUNT(bounces[CLASS_ALLOCATOR]),
	COUNT(bounces[CLASS_WORKLOAD]),
	COUNT(bounces[CLASS_PAYLOAD]), COUNT(hitm_loads), COUNT(hitm_stores), COUNT(hitm_remote),
	COUNT(upgrades),
	COUNT(invalidations), COUNT(misses_cold), COUNT(misses_capacity),
	COUNT(misses_true_sharing),
	COUNT(misses_false_sharing), COUNT(misses), COUNT(read_misses), COUNT(write_misses),
	COUNT(downgrades), COUNT(far_atomics),
	COUNT(irq_off_units), COUNT(irq_off_units_max), COUNT(ipis), COUNT(lock_spins),
	COUNT(prefetches), COUNT(prefetches_used),
	COUNT(cause_units[CAUSE_INTERRUPTS]), COUNT(cause_units[CAUSE_LOCK_SPIN]),
	COUNT(cause_units[CAUSE_BUSY]),
	COUNT(cause_units[CAUSE_TRANSFER_SAME]), COUNT(cause_units[CAUSE_TRANSFER_CROSS]),
	COUNT(cause_units[CAUSE_UPGRADE]), COUNT(cause_units[CAUSE_SHARED_LEVEL]),
	COUNT(cause_units[CAUSE_MEMORY]),
	COUNT(cause_units[CAUSE_STORE_BUFFER]), COUNT(cause_units[CAUSE_LOCKED]),
	COUNT(cause_units[CAUSE_PRIVATE_HIT]), COUNT(cause_units[CAUSE_COMPUTE]),
	COUNT(cause_units[CAUSE_IDLE]),
	{ 0 },
};
_Static_assert(sizeof count_columns / sizeof *count_columns ==
		       sizeof(struct counts) / sizeof(uint64_t) + 1,
	       "a member of struct counts has no column");

static const struct record_column op_columns[] = {
	U64(struct op_stats, count), U64(struct op_stats, total_units),
	U64(struct op_stats, max_units),
	U64(struct op_stats, p50_units), U64(struct op_stats, p99_units),
	U64(struct op_stats, lines_read),
	U64(struct op_stats, lines_written),
	{ 0 },
};

static const struct record_column line_columns[] = {
	U64(struct line_stats, offset), TEXT(struct line_stats, label),
	TEXT(struct line_stats, members),
	CLASS(struct line_stats), U64(struct line_stats, bounces[CLASS_ALLOCATOR]),
	U64(struct line_stats, bounces[CLASS_WORKLOAD]),
	U64(struct line_stats, bounces[CLASS_PAYLOAD]), U64(struct line_stats, hitm),
	U64(struct line_stats, upgrades), U64(struct line_stats, invalidations),
	U64(struct line_stats, misses),
	U64(struct line_stats, false_sharing), U64(struct line_stats, true_sharing),
	U64(struct line_stats, loads),
	U64(struct line_stats, stores), PLAIN(struct line_stats, readers),
	PLAIN(struct line_stats, writers),
	STRING(struct line_stats, reader_ids), STRING(struct line_stats, writer_ids),
	{ 0 },
};

#define SITE_OF(type) \
	STRING(type, site.file), PLAIN(type, site.line), STRING(type, site.function), \
	STRING(type, site.text), OP(type), STRING(type, path)

#define CALLER_OF(type) \
	STRING(type, caller.file), PLAIN(type, caller.line), STRING(type, caller.function), \
	STRING(type, caller.text)

static const struct record_column site_columns[] = {
	U64(struct site_stats, line), PLAIN(struct site_stats, offset),
	PLAIN(struct site_stats, size),
	TEXT(struct site_stats, member), SITE_OF(struct site_stats), CALLER_OF(struct site_stats),
	U64(struct site_stats, loads),
	U64(struct site_stats, stores), U64(struct site_stats, rmws),
	U64(struct site_stats, bounces),
	U64(struct site_stats, hitm), U64(struct site_stats, upgrades),
	U64(struct site_stats, wait_units),
	PLAIN(struct site_stats, cpus), STRING(struct site_stats, cpu_ids),
	{ 0 },
};

static const struct record_column taker_columns[] = {
	PLAIN(struct taker_stats, row), PLAIN(struct taker_stats, offset),
	PLAIN(struct taker_stats, size), TEXT(struct taker_stats, member),
	STRING(struct taker_stats, site.file), PLAIN(struct taker_stats, site.line),
	STRING(struct taker_stats, site.function), STRING(struct taker_stats, site.text),
	CALLER_OF(struct taker_stats),
	U64(struct taker_stats, misses), U64(struct taker_stats, true_sharing),
	U64(struct taker_stats, false_sharing), U64(struct taker_stats, upgrades),
	STRING(struct taker_stats, cpu_ids),
	{ 0 },
};

static const struct record_column pair_columns[] = {
	TEXT(struct pair_stats, layout), TEXT(struct pair_stats, member),
	PLAIN(struct pair_stats, offset), PLAIN(struct pair_stats, size),
	TEXT(struct pair_stats, taker_layout), TEXT(struct pair_stats, taker_member),
	PLAIN(struct pair_stats, taker_offset), PLAIN(struct pair_stats, taker_size),
	PLAIN(struct pair_stats, apart),
	U64(struct pair_stats, misses), U64(struct pair_stats, true_sharing),
	U64(struct pair_stats, false_sharing), U64(struct pair_stats, upgrades),
	STRING(struct pair_stats, cpu_ids), STRING(struct pair_stats, taker_ids),
	{ 0 },
};

static const struct record_column transfer_columns[] = {
	PLAIN(struct transfer_stats, cpu), PLAIN(struct transfer_stats, taker),
	U64(struct transfer_stats, count),
	{ 0 },
};

static const struct record_column seat_columns[] = {
	PLAIN(struct seat_stats, core), PLAIN(struct seat_stats, socket),
	{ 0 },
};

static const struct record_column shape_columns[] = {
	TEXT(struct shape_stats, layout), TEXT(struct shape_stats, member),
	CLASS(struct shape_stats),
	PLAIN(struct shape_stats, offset), PLAIN(struct shape_stats, size),
	PLAIN(struct shape_stats, struct_size),
	{ 0 },
};

static const struct record_column member_columns[] = {
	TEXT(struct member_stats, layout), TEXT(struct member_stats, member),
	CLASS(struct member_stats),
	PLAIN(struct member_stats, offset), PLAIN(struct member_stats, size),
	U64(struct member_stats, loads), U64(struct member_stats, stores),
	U64(struct member_stats, rmws), U64(struct member_stats, bounces),
	U64(struct member_stats, hitm), U64(struct member_stats, upgrades),
	U64(struct member_stats, wait_units),
	PLAIN(struct member_stats, readers), PLAIN(struct member_stats, writers),
	STRING(struct member_stats, reader_ids), STRING(struct member_stats, writer_ids),
	{ 0 },
};

static const struct record_column field_columns[] = {
	TEXT(struct field_stats, layout), TEXT(struct field_stats, member),
	CLASS(struct field_stats),
	PLAIN(struct field_stats, offset), PLAIN(struct field_stats, size),
	SITE_OF(struct field_stats), CALLER_OF(struct field_stats),
	U64(struct field_stats, loads), U64(struct field_stats, stores),
	U64(struct field_stats, rmws),
	{ 0 },
};

static const struct record_column path_columns[] = {
	OP(struct path_stats), STRING(struct path_stats, path), U64(struct path_stats, count),
	U64(struct path_stats, total_units),
	{ 0 },
};

static const struct record_column lock_columns[] = {
	TEXT(struct lock_stats, label), STRING(struct lock_stats, kind),
	U64(struct lock_stats, taken),
	U64(struct lock_stats, contended), U64(struct lock_stats, turns),
	U64(struct lock_stats, wait_units),
	U64(struct lock_stats, hold_units), U64(struct lock_stats, wait_units_max),
	U64(struct lock_stats, hold_units_max), U64(struct lock_stats, handovers),
	{ 0 },
};

static const struct record_column order_columns[] = {
	U64(struct order_stats, blocks),
	{ 0 },
};

static const struct record_column holder_columns[] = {
	U64(struct holder, start_units), U64(struct holder, line), PLAIN(struct holder, cpu),
	{ 0 },
};

/* Tables whose rows struct result points to. */
struct result_table {
	const char *name;
	const struct record_column *columns;
	size_t rows, count, row_size;           /* offsets of pointer and count in struct result */
};

#define TABLE(name, columns, rows, count, type) \
	{ name, columns, offsetof(struct result, rows), offsetof(struct result, count), \
	  sizeof(type) }

static const struct result_table result_tables[] = {
	TABLE("lines", line_columns, line, lines, struct line_stats),
	TABLE("sites", site_columns, site, sites, struct site_stats),
	TABLE("takers", taker_columns, taker, takers, struct taker_stats),
	TABLE("members", member_columns, member, members, struct member_stats),
	TABLE("pairs", pair_columns, pair, pairs, struct pair_stats),
	TABLE("transfers", transfer_columns, transfer, transfers, struct transfer_stats),
	TABLE("seats", seat_columns, seat, seats, struct seat_stats),
	TABLE("shapes", shape_columns, shape, shapes, struct shape_stats),
	TABLE("fields", field_columns, field, fields, struct field_stats),
	TABLE("paths", path_columns, path, paths, struct path_stats),
	TABLE("locks", lock_columns, lock, locks, struct lock_stats),
	TABLE("orders", order_columns, order, orders, struct order_stats),
	TABLE("holders", holder_columns, holder, holders, struct holder),
};
/* clang-format on */

enum { TABLES = sizeof result_tables / sizeof *result_tables };

/* ---- points in memory -------------------------------------------------------------------- */

static char *empty(void)
{
	return xstrdup("");
}

struct point *point_new(void)
{
	struct point *point = xalloc(sizeof *point);

	point->objects = empty();
	point->pages = empty();
	point->workload = empty();
	point->machine = empty();
	point->host = empty();
	return point;
}

const char *point_where(const struct point *point, char *buf, size_t size)
{
	if (point->native)
		snprintf(buf, size, "the host%s%s", *point->host ? " " : "", point->host);
	else
		snprintf(buf, size, "%s", point->machine);
	return buf;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void point_free(struct point *point)
{
	if (!point)
		return;
	for (size_t i = 0; i < point->keys; i++) {
		free(point->key[i].key);
		free(point->key[i].value);
	}
	free(point->key);
	free(point->objects);
	free(point->pages);
	free(point->workload);
	free(point->machine);
	free(point->host);
	free_list(point->remark, point->remarks);
	result_free(point->result);
	free_list(point->text, point->texts);
	free(point);
}

void point_add_key(struct point *point, const char *key, const char *value, bool swept)
{
	point->key = xrealloc(point->key, (point->keys + 1) * sizeof *point->key);
	point->key[point->keys++] = (struct point_key){ xstrdup(key), xstrdup(value), swept };
}

void point_add_remark(struct point *point, const char *text)
{
	point->remark = xrealloc(point->remark, (point->remarks + 1) * sizeof *point->remark);
	point->remark[point->remarks++] = xstrdup(text);
}

const char *point_value(const struct point *point, const char *key)
{
	for (size_t i = 0; i < point->keys; i++) {
		if (!strcmp(point->key[i].key, key))
			return point->key[i].value;
	}
	return NULL;
}

bool points_first_value(const struct points *points, size_t at, const char *key)
{
	const char *value = point_value(points->point[at], key);

	for (size_t i = 0; i < at; i++) {
		const char *earlier = point_value(points->point[i], key);

		if (earlier ? value && !strcmp(earlier, value) : !value)
			return false;
	}
	return true;
}

const char *point_label(const struct points *points, const struct point *point, char *buf,
			size_t size)
{
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < points->swepts && at < size; i++) {
		const char *value = point_value(point, points->swept[i]);

		if (value)
			at += (size_t)snprintf(buf + at, size - at, "%s%s=%s", at ? " " : "",
					       points->swept[i], value);
	}
	return buf;
}

static bool same_keys(const struct point *a, const struct point *b)
{
	for (size_t i = 0; i < a->keys; i++) {
		const char *other = point_value(b, a->key[i].key);

		if (strcmp(a->key[i].key, "seed") && (!other || strcmp(other, a->key[i].value)))
			return false;
	}
	return true;
}

bool point_same_but_seed(const struct point *a, const struct point *b)
{
	return same_keys(a, b) && same_keys(b, a);
}

/* ---- writing ----------------------------------------------------------------------------- */

static void fact(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s\t", name);
	record_escape(out, value);
	fputc('\n', out);
}

static void fact_number(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "%s\t%" PRIu64 "\n", name, value);
}

static void write_result(FILE *out, const struct result *result)
{
	record_write(out, "run", run_columns, result, 1, sizeof *result);
	record_write(out, "total", count_columns, &result->total, 1, sizeof result->total);
	record_write(out, "cpus", count_columns, result->cpu, result->cpus, sizeof *result->cpu);
	record_write(out, "ops", op_columns, result->op, OPS, sizeof *result->op);
	for (size_t i = 0; i < TABLES; i++) {
		const struct result_table *table = &result_tables[i];
		const void *rows = *(void *const *)((const char *)result + table->rows);
		size_t count = *(const size_t *)((const char *)result + table->count);

		record_write(out, table->name, table->columns, rows, count, table->row_size);
	}
}

static void write_point(FILE *out, const struct point *point)
{
	fprintf(out, "%s\n", point_head);
	fact(out, "name", point->name);
	fact(out, "objects", point->objects);
	fact(out, "pages", point->pages);
	fact(out, "workload", point->workload);
	fact(out, "machine", point->machine);
	fact_number(out, "cpus", point->cpus);
	fact_number(out, "seed", point->seed);
	fact_number(out, "metadata_bytes", point->metadata_bytes);
	fact_number(out, "objects_lost", point->objects_lost);
	fact_number(out, "mixed", point->mixed);
	if (point->native) {
		fact_number(out, "native", point->native);
		fact(out, "host", point->host);
	}
	for (size_t i = 0; i < point->keys; i++) {
		fprintf(out, "key\t%s\t", point->key[i].key);
		record_escape(out, point->key[i].value);
		fputc('\n', out);
	}
	for (size_t i = 0; i < point->remarks; i++)
		fact(out, "remark", point->remark[i]);
	write_result(out, point->result);
}

/* Adds the last line to a text from open_memstream, and writes the file. */
static bool write_sealed(const char *directory, const char *name, char *text, size_t length,
			 char *why, size_t size)
{
	char hex[SHA256_HEX_BYTES];
	char *sealed = NULL;

	sha256_text(text, length, hex);
	if (asprintf(&sealed, "%send %s\n", text, hex) < 0)
		xalloc_failed(length);

	bool done = file_write(directory, name, sealed, strlen(sealed), why, size);

	free(sealed);
	free(text);
	return done;
}

bool point_write(const char *directory, const struct point *point, char *why, size_t size)
{
	char folder[PATH_BYTES], name[POINT_NAME_BYTES + 8], *text = NULL;
	size_t length = 0;
	FILE *out = text_open(&text, &length);

	write_point(out, point);
	text_close(out);
	snprintf(folder, sizeof folder, "%s/points", directory);
	snprintf(name, sizeof name, "%s.point", point->name);
	return write_sealed(folder, name, text, length, why, size);
}

static bool make_folder(const char *path, char *why, size_t size)
{
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return true;
	snprintf(why, size, "%s: %s", path, strerror(errno));
	return false;
}

bool results_are_own(const char *path, char *why, size_t size)
{
	struct stat what;

	if (lstat(path, &what) != 0 || S_ISDIR(what.st_mode))
		return true;
	snprintf(why, size, "%s: %s", path,
		 S_ISLNK(what.st_mode) ? "a link; results are not written through links"
				       : strerror(ENOTDIR));
	return false;
}

bool results_make(const char *directory, char *why, size_t size)
{
	char path[PATH_BYTES];
	int length = snprintf(path, sizeof path, "%s/points", directory);

	if (length < 0 || (size_t)length >= sizeof path) {
		snprintf(why, size, "%s: %s", directory, strerror(ENAMETOOLONG));
		return false;
	}
	/* every folder on the way */
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!make_folder(path, why, size))
			return false;
		*slash = '/';
	}
	return results_are_own(directory, why, size) && make_folder(path, why, size) &&
	       results_are_own(path, why, size);
}

void point_sweep(const char *directory, const char *name)
{
	char folder[PATH_BYTES], file[POINT_NAME_BYTES + 8];

	snprintf(folder, sizeof folder, "%s/points", directory);
	snprintf(file, sizeof file, "%s.point", name ? name : "");
	file_sweep(folder, name ? file : NULL);
}

bool point_exists(const char *directory, const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/points/%s.point", directory, name);
	return access(path, F_OK) == 0;
}

bool index_write(const char *directory, const struct points *points, char *why, size_t size)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = text_open(&text, &length);

	fprintf(out, "%s\n", index_head);
	fact(out, "name", points->name);
	fact(out, "title", points->title);
	fact(out, "sha256", points->hash);
	fact(out, "version", points->version);
	fact(out, "models", points->models);
	for (size_t i = 0; i < points->plots; i++)
		fact(out, "plot", points->plot[i]);
	for (size_t i = 0; i < points->sets; i++)
		fact(out, "set", points->set[i]);
	for (size_t i = 0; i < points->swepts; i++)
		fact(out, "swept", points->swept[i]);
	for (size_t i = 0; i < points->combinations; i++)
		fact(out, "combination", points->combination[i]);
	for (size_t i = 0; i < points->expected; i++)
		fact(out, "point", points->listed[i]);
	text_close(out);
	return write_sealed(directory, "index", text, length, why, size);
}

/* ---- reading ----------------------------------------------------------------------------- */

struct reading {
	struct lines lines;
	char why[256];
};

/* Why a first line is not `head`: "bounce-point 1" is that of another version's points. */
static void tell_head(struct reading *reading, const char *line, const char *end, const char *head)
{
	size_t kind = (size_t)(strchr(head, ' ') + 1 - head);

	if ((size_t)(end - line) > kind && !memcmp(line, head, kind))
		snprintf(reading->why, sizeof reading->why,
			 "another version of bounce wrote it; run the experiment again");
	else
		snprintf(reading->why, sizeof reading->why, "it is not a '%s' file", head);
}

/* Checks first and last line; what lies between is left in `lines`. */
static bool open_sealed(struct reading *reading, const char *text, size_t length, const char *head)
{
	enum { SEAL = 4 + 64 + 1 };     /* "end ", the hash, the line end */
	char hex[SHA256_HEX_BYTES];
	const char *line, *end;

	if (length < SEAL || memcmp(text + length - SEAL, "end ", 4) || text[length - 1] != '\n') {
		snprintf(reading->why, sizeof reading->why, "it was cut");
		return false;
	}
	if (memchr(text, '\0', length)) {
		snprintf(reading->why, sizeof reading->why, "it is damaged: it holds a zero byte");
		return false;
	}
	sha256_text(text, length - SEAL, hex);
	if (memcmp(text + length - 1 - 64, hex, 64)) {
		snprintf(reading->why, sizeof reading->why,
			 "it is damaged: its checksum is another one");
		return false;
	}
	reading->lines = (struct lines){ .at = text, .end = text + length - SEAL };
	if (!lines_next(&reading->lines, &line, &end) || (size_t)(end - line) != strlen(head) ||
	    memcmp(line, head, strlen(head))) {
		tell_head(reading, line, end, head);
		return false;
	}
	return true;
}

/* The name of the next fact and what is behind its tab; NULL: a table begins, or the end. */
static char *next_fact(struct lines *lines, const char **rest, const char **end)
{
	struct lines before = *lines;
	const char *line;

	if (!lines_next(lines, &line, end))
		return NULL;

	char *name = record_part(&line, *end);

	if (line) {
		*rest = line;
		return name;
	}
	free(name);
	*lines = before;
	return NULL;
}

static bool number_fact(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* That many digits of a hash, no more. */
static bool is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && !text[digits];
}

static void replace(char **text, char *by)
{
	free(*text);
	*text = by;
}

/* Takes `value`. false: no fact of a point. */
static bool read_point_fact(struct point *point, const char *name, char *value, const char *rest,
			    const char *end)
{
	bool good = true;

	if (!strcmp(name, "objects")) {
		replace(&point->objects, value);
		return true;
	}
	if (!strcmp(name, "pages")) {
		replace(&point->pages, value);
		return true;
	}
	if (!strcmp(name, "workload")) {
		replace(&point->workload, value);
		return true;
	}
	if (!strcmp(name, "machine")) {
		replace(&point->machine, value);
		return true;
	}
	if (!strcmp(name, "host")) {
		replace(&point->host, value);
		return true;
	}
	if (!strcmp(name, "name"))
		good = snprintf(point->name, sizeof point->name, "%s", value) ==
			       POINT_NAME_BYTES - 1 &&
		       is_hex(value, POINT_NAME_BYTES - 1);
	else if (!strcmp(name, "cpus"))
		good = number_fact(value, &point->cpus);
	else if (!strcmp(name, "seed"))
		good = number_fact(value, &point->seed);
	else if (!strcmp(name, "metadata_bytes"))
		good = number_fact(value, &point->metadata_bytes);
	else if (!strcmp(name, "objects_lost"))
		good = number_fact(value, &point->objects_lost);
	else if (!strcmp(name, "mixed"))
		good = number_fact(value, &point->mixed);
	else if (!strcmp(name, "native"))
		good = number_fact(value, &point->native);
	else if (!strcmp(name, "remark"))
		point_add_remark(point, value);
	else if (!strcmp(name, "key") && rest) {
		char *text = record_part(&rest, end);

		point_add_key(point, value, text, false);
		free(text);
	} else {
		good = false;
	}
	free(value);
	return good;
}

static bool read_point_facts(struct reading *reading, struct point *point)
{
	const char *rest, *end;

	for (char *name; (name = next_fact(&reading->lines, &rest, &end));) {
		char *value = record_part(&rest, end);
		bool good = read_point_fact(point, name, value, rest, end);

		if (!good)
			snprintf(reading->why, sizeof reading->why, "line %zu: no fact of a point",
				 reading->lines.number);
		free(name);
		if (!good)
			return false;
	}
	return true;
}

static bool read_table(struct reading *reading, struct string_pool *pool, const char *name,
		       const struct record_column *columns, void **rows, size_t *count,
		       size_t row_size)
{
	return record_read(&reading->lines, name, columns, rows, count, row_size, pool,
			   reading->why, sizeof reading->why);
}

/* A table with that many rows, copied to where they belong. */
static bool read_fixed(struct reading *reading, struct string_pool *pool, const char *name,
		       const struct record_column *columns, void *to, size_t wanted,
		       size_t row_size)
{
	void *rows;
	size_t count;

	if (!read_table(reading, pool, name, columns, &rows, &count, row_size))
		return false;
	if (count == wanted && count)
		memcpy(to, rows, count * row_size);
	else
		snprintf(reading->why, sizeof reading->why, "the table '%s' has %zu rows, not %zu",
			 name, count, wanted);
	free(rows);
	return count == wanted;
}

static bool read_result(struct reading *reading, struct result *result, struct string_pool *pool)
{
	if (!read_fixed(reading, pool, "run", run_columns, result, 1, sizeof *result))
		return false;
	if (result->cpus < 1 || result->cpus > CPUS_MAX) {
		snprintf(reading->why, sizeof reading->why, "it tells of %u CPUs", result->cpus);
		return false;
	}
	result->cpu = xalloc(result->cpus * sizeof *result->cpu);
	if (!read_fixed(reading, pool, "total", count_columns, &result->total, 1,
			sizeof result->total) ||
	    !read_fixed(reading, pool, "cpus", count_columns, result->cpu, result->cpus,
			sizeof *result->cpu) ||
	    !read_fixed(reading, pool, "ops", op_columns, result->op, OPS, sizeof *result->op))
		return false;
	for (size_t i = 0; i < TABLES; i++) {
		const struct result_table *table = &result_tables[i];
		void **rows = (void **)((char *)result + table->rows);
		size_t *count = (size_t *)((char *)result + table->count);

		if (!read_table(reading, pool, table->name, table->columns, rows, count,
				table->row_size))
			return false;
	}
	return true;
}

/* ---- what a point may say ---------------------------------------------------------------- */

/* The checksum is no seal of ours: anybody can make one. What code relies on is checked. */
struct checking {
	const struct point *point;
	const struct result *result;
	struct reading *reading;
};

static bool damaged(const struct checking *checking, const char *table, size_t row, const char *what)
{
	snprintf(checking->reading->why, sizeof checking->reading->why,
		 "it is damaged: row %zu of the table '%s': %s", row + 1, table, what);
	return false;
}

static bool check_run(const struct checking *checking)
{
	const struct result *result = checking->result;

	if (result->cpus != checking->point->cpus)
		return damaged(checking, "run", 0, "other CPUs than the point has");
	if (result->elapsed_units > INT64_MAX)
		return damaged(checking, "run", 0, "a time beyond all times");
	for (size_t i = 0; i < OPS; i++) {
		const struct op_stats *op = &result->op[i];

		if (op->p50_units > op->p99_units)
			return damaged(checking, "ops", i, "half take longer than 99 of 100");
		if (op->max_units > op->total_units)
			return damaged(checking, "ops", i, "the longest is longer than all");
	}
	return true;
}

/* "0-3,7" */
static bool are_ids(const char *ids)
{
	return !ids[strspn(ids, "0123456789,-")];
}

/* Of what is left of a count that others share; false: more than that. */
static bool take(uint64_t *left, uint64_t count)
{
	if (count > *left)
		return false;
	*left -= count;
	return true;
}

static bool check_lines(const struct checking *checking)
{
	const struct result *result = checking->result;
	uint64_t left[LINE_CLASSES], all = 0;

	memcpy(left, result->total.bounces, sizeof left);
	for (size_t i = 0; i < LINE_CLASSES; i++)
		if (__builtin_add_overflow(all, left[i], &all))
			return damaged(checking, "total", 0, "more bounces than can be counted");
	if (result->lines > RESULT_LINES_MAX)
		return damaged(checking, "lines", RESULT_LINES_MAX, "more lines than are kept");
	for (size_t i = 0; i < result->lines; i++) {
		const struct line_stats *line = &result->line[i];

		if (line->offset % LINE)
			return damaged(checking, "lines", i, "it is no line");
		if (line->readers > result->cpus || line->writers > result->cpus)
			return damaged(checking, "lines", i, "more CPUs than there are");
		if (!are_ids(line->reader_ids) || !are_ids(line->writer_ids))
			return damaged(checking, "lines", i, "no list of CPUs");
		for (size_t class = 0; class < LINE_CLASSES; class ++)
			if (!take(&left[class], line->bounces[class]))
				return damaged(checking, "lines", i, "more bounces than in all");
		if (i && bounces_of_line(line) > bounces_of_line(line - 1))
			return damaged(checking, "lines", i, "not in order");
	}
	return true;
}

static bool check_members(const struct checking *checking)
{
	const struct result *result = checking->result;
	uint64_t left[LINE_CLASSES];

	memcpy(left, result->total.bounces, sizeof left);
	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];

		if (member->offset > STRUCT_BYTES_MAX || member->size > STRUCT_BYTES_MAX)
			return damaged(checking, "members", i, "beyond any struct");
		if (member->readers > result->cpus || member->writers > result->cpus)
			return damaged(checking, "members", i, "more CPUs than there are");
		if (!are_ids(member->reader_ids) || !are_ids(member->writer_ids))
			return damaged(checking, "members", i, "no list of CPUs");
		if (!take(&left[member->class], member->bounces))
			return damaged(checking, "members", i, "more bounces than in all");
	}
	return true;
}

static bool check_places(const struct checking *checking)
{
	const struct result *result = checking->result;
	uint64_t left = 0;

	for (size_t i = 0; i < LINE_CLASSES; i++)
		left += result->total.bounces[i];
	for (size_t i = 0; i < result->sites; i++) {
		const struct site_stats *site = &result->site[i];

		if (site->line % LINE || site->offset >= LINE || site->size > LINE - site->offset)
			return damaged(checking, "sites", i, "beyond its line");
		if (site->cpus > result->cpus)
			return damaged(checking, "sites", i, "more CPUs than there are");
		if (!are_ids(site->cpu_ids))
			return damaged(checking, "sites", i, "no list of CPUs");
		if (!take(&left, site->bounces))
			return damaged(checking, "sites", i, "more bounces than in all");
	}
	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];

		if (field->offset > STRUCT_BYTES_MAX || field->size > STRUCT_BYTES_MAX)
			return damaged(checking, "fields", i, "beyond any struct");
	}
	for (size_t i = 0; i < result->locks; i++) {
		const struct lock_stats *lock = &result->lock[i];

		if (lock->contended > lock->taken)
			return damaged(checking, "locks", i, "contended more often than taken");
	}
	return true;
}

static bool check_takers(const struct checking *checking)
{
	const struct result *result = checking->result;

	for (size_t i = 0; i < result->takers; i++) {
		const struct taker_stats *taker = &result->taker[i];

		if (taker->row >= result->sites || (i && taker->row < taker[-1].row))
			return damaged(checking, "takers", i, "of no site, or not in order");
		if (taker->offset >= LINE || taker->size > LINE - taker->offset)
			return damaged(checking, "takers", i, "beyond its line");
		if (!are_ids(taker->cpu_ids))
			return damaged(checking, "takers", i, "no list of CPUs");
	}
	for (size_t i = 0; i < result->pairs; i++) {
		const struct pair_stats *pair = &result->pair[i];

		if (pair->offset > STRUCT_BYTES_MAX || pair->size > STRUCT_BYTES_MAX ||
		    pair->taker_offset > STRUCT_BYTES_MAX || pair->taker_size > STRUCT_BYTES_MAX ||
		    pair->apart > STRUCT_BYTES_MAX)
			return damaged(checking, "pairs", i, "beyond any struct");
		if (!are_ids(pair->cpu_ids) || !are_ids(pair->taker_ids))
			return damaged(checking, "pairs", i, "no list of CPUs");
	}
	for (size_t i = 0; i < result->transfers; i++)
		if (result->transfer[i].cpu >= result->cpus ||
		    result->transfer[i].taker >= result->cpus)
			return damaged(checking, "transfers", i, "no such CPU");
	for (size_t i = 0; i < result->shapes; i++) {
		const struct shape_stats *shape = &result->shape[i];

		if (shape->struct_size > STRUCT_BYTES_MAX || shape->size > STRUCT_BYTES_MAX ||
		    shape->offset > STRUCT_BYTES_MAX)
			return damaged(checking, "shapes", i, "beyond any struct");
	}
	return true;
}

/* Bounces in order of time, in the window. */
static bool check_holders(const struct checking *checking)
{
	const struct result *result = checking->result;

	if (result->holders > HOLDERS_MAX)
		return damaged(checking, "holders", HOLDERS_MAX, "more than are kept");
	for (size_t i = 0; i < result->holders; i++) {
		const struct holder *holder = &result->holder[i];

		if (i && holder->start_units < holder[-1].start_units)
			return damaged(checking, "holders", i, "not in order of time");
		if (holder->start_units > result->elapsed_units)
			return damaged(checking, "holders", i, "after the end of the run");
		if (holder->cpu >= result->cpus)
			return damaged(checking, "holders", i, "no such CPU");
		if (holder->line % LINE)
			return damaged(checking, "holders", i, "it is no line");
	}
	return true;
}

static bool check_keys(const struct checking *checking)
{
	const struct point *point = checking->point;

	for (size_t i = 0; i < point->keys; i++) {
		if (point_value(point, point->key[i].key) == point->key[i].value)
			continue;
		snprintf(checking->reading->why, sizeof checking->reading->why,
			 "it is damaged: a key comes twice");
		return false;
	}
	return true;
}

static bool check_point(struct reading *reading, const struct point *point)
{
	struct checking checking = { point, point->result, reading };

	return check_keys(&checking) && check_run(&checking) && check_lines(&checking) &&
	       check_members(&checking) && check_places(&checking) && check_takers(&checking) &&
	       check_holders(&checking);
}

static struct point *parse_point(struct reading *reading, const char *text, size_t length)
{
	struct string_pool pool = { NULL, 0 };
	struct point *point = point_new();
	bool good =
		open_sealed(reading, text, length, point_head) && read_point_facts(reading, point);

	if (good) {
		point->result = xalloc(sizeof *point->result);
		good = read_result(reading, point->result, &pool) && check_point(reading, point);
	}
	point->text = pool.text;
	point->texts = pool.count;
	if (good)
		return point;
	point_free(point);
	return NULL;
}

struct point *point_read(const char *directory, const char *name, char *why, size_t size)
{
	char path[PATH_BYTES];
	struct reading reading = { .why = "" };
	struct point *point = NULL;
	size_t length;

	snprintf(path, sizeof path, "%s/points/%s.point", directory, name);

	char *text = file_read(path, FILE_BYTES_MAX, &length);

	if (text)
		point = parse_point(&reading, text, length);
	if (point && strcmp(point->name, name)) {
		snprintf(reading.why, sizeof reading.why, "it tells of the point %s", point->name);
		point_free(point);
		point = NULL;
	}
	if (!point)
		snprintf(why, size, "%s: %s", path, text ? reading.why : file_problem(errno));
	free(text);
	return point;
}

/* ---- the index --------------------------------------------------------------------------- */

static void append(char ***list, size_t *count, char *text)
{
	*list = xrealloc(*list, (*count + 1) * sizeof **list);
	(*list)[(*count)++] = text;
}

/* Takes `value`. */
static bool read_index_fact(struct points *points, const char *name, char *value)
{
	if (!strcmp(name, "name"))
		replace(&points->name, value);
	else if (!strcmp(name, "title"))
		replace(&points->title, value);
	else if (!strcmp(name, "version"))
		replace(&points->version, value);
	else if (!strcmp(name, "models"))
		replace(&points->models, value);
	else if (!strcmp(name, "plot"))
		append(&points->plot, &points->plots, value);
	else if (!strcmp(name, "set"))
		append(&points->set, &points->sets, value);
	else if (!strcmp(name, "swept"))
		append(&points->swept, &points->swepts, value);
	else if (!strcmp(name, "combination") && is_hex(value, POINT_NAME_BYTES - 1))
		append(&points->combination, &points->combinations, value);
	else if (!strcmp(name, "point") && is_hex(value, POINT_NAME_BYTES - 1))
		append(&points->listed, &points->expected, value);
	else if (!strcmp(name, "sha256") && is_hex(value, HASH_TEXT_BYTES - 1)) {
		memcpy(points->hash, value, HASH_TEXT_BYTES);
		free(value);
	} else {
		free(value);
		return false;
	}
	return true;
}

static int by_text(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* A point that is listed twice would count as two seeds. */
static bool lists_once(struct reading *reading, const struct points *points)
{
	size_t bytes = points->expected * sizeof *points->listed;
	char **sorted = xalloc(bytes);
	bool once = true;

	if (bytes)
		memcpy(sorted, points->listed, bytes);
	qsort(sorted, points->expected, sizeof *sorted, by_text);
	for (size_t i = 1; i < points->expected && once; i++)
		once = strcmp(sorted[i - 1], sorted[i]) != 0;
	free(sorted);
	if (!once)
		snprintf(reading->why, sizeof reading->why, "it is damaged: a point comes twice");
	return once;
}

static bool parse_index(struct reading *reading, struct points *points, const char *text,
			size_t length)
{
	const char *rest, *end;
	bool good = open_sealed(reading, text, length, index_head);

	for (char *name; good && (name = next_fact(&reading->lines, &rest, &end));) {
		good = read_index_fact(points, name, record_part(&rest, end));
		free(name);
		if (!good)
			snprintf(reading->why, sizeof reading->why, "line %zu: no fact of an index",
				 reading->lines.number);
	}
	return good && lists_once(reading, points);
}

/* What is swept is the experiment's to say: a point may belong to several. */
static void mark_swept(const struct points *points, struct point *point)
{
	for (size_t i = 0; i < point->keys; i++) {
		for (size_t j = 0; j < points->swepts; j++)
			point->key[i].swept |= !strcmp(point->key[i].key, points->swept[j]);
	}
}

/* Seeds of a combination are in their order; a run under two names would count as two of them. */
static bool comes_once(const struct points *points)
{
	const struct point *last = points->point[points->count - 1];
	const struct point *before = points->count > 1 ? points->point[points->count - 2] : NULL;

	return !before || before->seed < last->seed || !point_same_but_seed(before, last);
}

static bool read_points(const char *directory, struct points *points, char *why, size_t size)
{
	points->point = xalloc((points->expected + 1) * sizeof *points->point);
	for (size_t i = 0; i < points->expected; i++) {
		if (!point_exists(directory, points->listed[i]))
			continue;

		struct point *point = point_read(directory, points->listed[i], why, size);

		if (!point)
			return false;
		mark_swept(points, point);
		points->point[points->count++] = point;
		if (!comes_once(points)) {
			snprintf(why, size, "%s/points/%s.point: it is the run before it once more",
				 directory, point->name);
			return false;
		}
	}
	return true;
}

static bool load_folder(const char *directory, struct points *points, bool with_points, char *why,
			size_t size)
{
	char path[PATH_BYTES];
	struct reading reading = { .why = "" };
	size_t length;
	bool good = false;

	memset(points, 0, sizeof *points);
	points->name = empty();
	points->title = empty();
	points->version = empty();
	points->models = empty();
	snprintf(path, sizeof path, "%s/index", directory);

	char *text = file_read(path, FILE_BYTES_MAX, &length);

	if (!text)
		snprintf(why, size, "%s holds no results (%s: %s)", directory, path,
			 file_problem(errno));
	else if (!parse_index(&reading, points, text, length))
		snprintf(why, size, "%s: %s", path, reading.why);
	else
		good = !with_points || read_points(directory, points, why, size);
	free(text);
	if (!good)
		points_free(points);
	return good;
}

bool points_load(const char *directory, struct points *points, char *why, size_t size)
{
	return load_folder(directory, points, true, why, size);
}

bool points_index(const char *directory, struct points *points, char *why, size_t size)
{
	return load_folder(directory, points, false, why, size);
}

void points_free(struct points *points)
{
	for (size_t i = 0; i < points->count; i++)
		point_free(points->point[i]);
	free(points->point);
	free(points->name);
	free(points->title);
	free(points->version);
	free(points->models);
	free_list(points->plot, points->plots);
	free_list(points->set, points->sets);
	free_list(points->swept, points->swepts);
	free_list(points->combination, points->combinations);
	free_list(points->listed, points->expected);
	memset(points, 0, sizeof *points);
}
