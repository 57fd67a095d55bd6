/* Recorded accesses: see struct_sequence.h. */
#include "workloads/struct_sequence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"
#include "workloads/outline.h"

const char *const sequence_words[SEQUENCE_KINDS] = { "load", "store", "rmw", "rmw-local" };

enum { WIDEST = 16, INSTANCES_MAX = 1 << 16, WRONG_LINES_MAX = 20 };

/* A line on its way: its fields one after the other. */
struct fields {
	const char *at, *end;
	const char *field;              /* the last one that was asked for */
};

typedef void sequence_wrong(void *to, unsigned line, unsigned column, const char *problem);

static bool next_field(struct fields *fields, const char **field, size_t *length)
{
	while (fields->at < fields->end && (*fields->at == ' ' || *fields->at == '\t'))
		fields->at++;
	*field = fields->field = fields->at;
	while (fields->at < fields->end && *fields->at != ' ' && *fields->at != '\t')
		fields->at++;
	*length = (size_t)(fields->at - *field);
	return *length;
}

/* A whole number up to `max`. */
static bool next_number(struct fields *fields, uint64_t max, uint64_t *number)
{
	const char *field;
	size_t length;

	*number = 0;
	if (!next_field(fields, &field, &length))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (field[i] < '0' || field[i] > '9' || *number > max / 10)
			return false;
		*number = 10 * *number + (uint64_t)(field[i] - '0');
	}
	return *number <= max;
}

static bool next_kind(struct fields *fields, uint8_t *kind)
{
	const char *field;
	size_t length;

	if (!next_field(fields, &field, &length))
		return false;
	for (*kind = 0; *kind < SEQUENCE_KINDS; ++*kind) {
		if (strlen(sequence_words[*kind]) == length &&
		    !memcmp(sequence_words[*kind], field, length))
			return true;
	}
	return false;
}

static void add_step(struct sequence *sequence, unsigned cpu, const struct sequence_step *step)
{
	size_t steps = sequence->steps[cpu];

	/* room doubles whenever it is used up, at powers of two */
	if (!(steps & (steps - 1)))
		sequence->step[cpu] = xrealloc(sequence->step[cpu],
					       (steps ? 2 * steps : 1) * sizeof **sequence->step);
	sequence->step[cpu][sequence->steps[cpu]++] = *step;
	sequence->all++;
	if (sequence->cpus <= cpu)
		sequence->cpus = cpu + 1;
	if (sequence->instances <= step->instance)
		sequence->instances = step->instance + (uint64_t)1;
	if (sequence->bytes < step->offset + (uint64_t)step->size)
		sequence->bytes = step->offset + (uint64_t)step->size;
}

/* "" or why not. */
static const char *read_step(struct sequence *sequence, struct fields *fields)
{
	uint64_t cpu, offset, size, instance;
	struct sequence_step step = { 0 };

	if (!next_number(fields, SEQUENCE_CPUS_MAX - 1, &cpu))
		return "a CPU, 0 to 1023, comes first";
	if (!next_number(fields, (uint64_t)1 << 50, &step.at))
		return "behind the CPU stand the cycles from the start of the run";
	if (!next_kind(fields, &step.kind))
		return "behind the time stands load, store, rmw or rmw-local";
	if (!next_number(fields, OUTLINE_BYTES_MAX, &offset) ||
	    !next_number(fields, WIDEST, &size) || !size || size & (size - 1) || offset % size)
		return "behind the kind stand the byte in the struct and how many bytes: 1, 2, 4, 8 or 16, at a multiple of it";
	if (!next_number(fields, INSTANCES_MAX - 1, &instance))
		return "at the end stands which struct of the array, 0 to 65535";
	if (sequence->steps[cpu] && step.at < sequence->step[cpu][sequence->steps[cpu] - 1].at)
		return "its CPU did something later before";
	step.offset = (uint32_t)offset;
	step.size = (uint8_t)size;
	step.instance = (uint32_t)instance;
	add_step(sequence, (unsigned)cpu, &step);
	return "";
}

/* "" or why not, and in which column. */
static const char *read_line(struct sequence *sequence, const char *line, const char *end,
			     unsigned *column)
{
	struct fields fields = { line, end, line };
	const char *field, *problem;
	size_t length;

	if (!next_field(&fields, &field, &length) || *field == '#')
		return "";
	if (length == 6 && !memcmp(field, "warmup", 6)) {
		problem = next_number(&fields, (uint64_t)1 << 40, &sequence->warmup)
				  ? ""
				  : "behind 'warmup' stands a number of accesses";
	} else {
		fields.at = line;
		problem = read_step(sequence, &fields);
	}
	if (!*problem && next_field(&fields, &field, &length) && *field != '#')
		problem = "more than there should be in a line";
	*column = (unsigned)(fields.field - line) + 1;
	return problem;
}

/* Tells of `most` wrong lines; how many there were of these. */
static unsigned read_lines(struct sequence *sequence, const char *text, size_t length, unsigned most,
			   sequence_wrong *wrong, void *to)
{
	const char *end = text + length;
	unsigned number = 0, told = 0, column;

	for (const char *line = text; line < end && told < most;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line)), *problem;

		stop = stop ? stop : end;
		number++;
		problem = read_line(sequence, line,
				    stop > line && stop[-1] == '\r' ? stop - 1 : stop, &column);
		if (*problem) {
			wrong(to, number, column, problem);
			told++;
		}
		line = stop < end ? stop + 1 : end;
	}
	return told;
}

struct reason {
	char *why;
	size_t size;
};

static void keep_line(void *to, unsigned line, unsigned column, const char *problem)
{
	const struct reason *reason = to;

	(void)column;
	snprintf(reason->why, reason->size, "line %u: %s", line, problem);
}

struct sequence *sequence_parse(const char *text, size_t length, char *why, size_t size)
{
	struct sequence *sequence = xalloc(sizeof *sequence);
	struct reason reason = { why, size };

	bool good = !read_lines(sequence, text, length, 1, keep_line, &reason);

	if (good && sequence->all <= sequence->warmup) {
		snprintf(why, size, "no access is left behind a warm-up of %" PRIu64,
			 sequence->warmup);
		good = false;
	}
	if (good)
		return sequence;
	sequence_free(sequence);
	return NULL;
}

/* The caller frees it; NULL: why not. */
static char *read_text(const char *path, size_t *length, char *why, size_t size)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0, got = 1;
	bool good = false;

	*length = 0;
	if (!file) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	while (got && *length <= SEQUENCE_BYTES_MAX) {
		if (room - *length < 65536)
			text = xrealloc(text, room = 2 * room + 131072);
		got = fread(text + *length, 1, room - *length, file);
		*length += got;
	}
	if (ferror(file))
		snprintf(why, size, "%s", strerror(errno));
	else if (*length > SEQUENCE_BYTES_MAX)
		snprintf(why, size, "more than %d MiB", SEQUENCE_BYTES_MAX >> 20);
	else
		good = true;
	fclose(file);
	if (good)
		return text;
	free(text);
	return NULL;
}

struct sequence *sequence_read(const char *path, char *why, size_t size)
{
	size_t length;
	char *text = read_text(path, &length, why, size);
	struct sequence *sequence = text ? sequence_parse(text, length, why, size) : NULL;

	free(text);
	return sequence;
}

struct wrong_lines {
	struct workload_place where;
	workload_tell *tell;
	void *to;
};

static void tell_line(void *to, unsigned line, unsigned column, const char *problem)
{
	struct wrong_lines *lines = to;

	lines->where.line = line;
	lines->where.column = column;
	lines->tell(lines->to, &lines->where, problem);
}

bool sequence_check(const char *path, workload_tell *tell, void *to)
{
	struct wrong_lines lines = { { .file = path }, tell, to };
	struct sequence *sequence;
	char why[200];
	unsigned told;

	lines.where.text = read_text(path, &lines.where.length, why, sizeof why);
	if (!lines.where.text)
		return true;
	sequence = xalloc(sizeof *sequence);
	told = read_lines(sequence, lines.where.text, lines.where.length, WRONG_LINES_MAX, tell_line,
			  &lines);
	sequence_free(sequence);
	free((char *)(uintptr_t)lines.where.text);
	return !told;
}

void sequence_free(struct sequence *sequence)
{
	if (!sequence)
		return;
	for (unsigned i = 0; i < sequence->cpus; i++)
		free(sequence->step[i]);
	free(sequence);
}
