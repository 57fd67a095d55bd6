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

enum { WIDEST = 16, INSTANCES_MAX = 1 << 16 };

/* A line on its way: its fields one after the other. */
struct fields {
	const char *at, *end;
};

static bool next_field(struct fields *fields, const char **field, size_t *length)
{
	while (fields->at < fields->end && (*fields->at == ' ' || *fields->at == '\t'))
		fields->at++;
	*field = fields->at;
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

static const char *read_line(struct sequence *sequence, const char *line, const char *end)
{
	struct fields fields = { line, end };
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
		return "more than there should be in a line";
	return problem;
}

struct sequence *sequence_parse(const char *text, size_t length, char *why, size_t size)
{
	struct sequence *sequence = xalloc(sizeof *sequence);
	const char *end = text + length, *problem = "";
	unsigned number = 0;

	for (const char *line = text; line < end && !*problem; number++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop ? stop : end;
		problem = read_line(sequence, line,
				    stop > line && stop[-1] == '\r' ? stop - 1 : stop);
		line = stop < end ? stop + 1 : end;
	}
	if (*problem)
		snprintf(why, size, "line %u: %s", number, problem);
	else if (sequence->all <= sequence->warmup)
		snprintf(why, size, "no access is left behind a warm-up of %" PRIu64,
			 sequence->warmup);
	else
		return sequence;
	sequence_free(sequence);
	return NULL;
}

struct sequence *sequence_read(const char *path, char *why, size_t size)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t length = 0, room = 0, got = 1;
	struct sequence *sequence = NULL;

	if (!file) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	while (got && length <= SEQUENCE_BYTES_MAX) {
		if (room - length < 65536)
			text = xrealloc(text, room = 2 * room + 131072);
		got = fread(text + length, 1, room - length, file);
		length += got;
	}
	if (ferror(file))
		snprintf(why, size, "%s", strerror(errno));
	else if (length > SEQUENCE_BYTES_MAX)
		snprintf(why, size, "more than %d MiB", SEQUENCE_BYTES_MAX >> 20);
	else
		sequence = sequence_parse(text, length, why, size);
	fclose(file);
	free(text);
	return sequence;
}

void sequence_free(struct sequence *sequence)
{
	if (!sequence)
		return;
	for (unsigned i = 0; i < sequence->cpus; i++)
		free(sequence->step[i]);
	free(sequence);
}
