/* From the steps of a schedule to a file of events; see found.h. */
#include "steps/found.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment/version.h"
#include "sim/protocol.h"
#include "sim/verbs/backend.h"
#include "sim/verbs/xalloc.h"
#include "steps/writer.h"

/* A line, as ideal caches have it. */
struct ideal {
	uint64_t line;
	int last_writer;                /* -1: none */
	uint8_t state[EXPLORE_CPUS_MAX];
};

struct found {
	struct writer *writer;
	unsigned cpus;
	struct ideal *line;
	size_t lines;
	uint64_t names, time;
	uint32_t coming[EXPLORE_CPUS_MAX];      /* flags of a CPU's next event */
};

/* ---- MESI, to the letter --------------------------------------------------------------------- */

static struct ideal *line_of(struct found *f, uint64_t line)
{
	for (size_t i = f->lines; i-- > 0;)
		if (f->line[i].line == line)
			return &f->line[i];
	f->line = xrealloc(f->line, (f->lines + 1) * sizeof *f->line);
	f->line[f->lines] = (struct ideal){ .line = line, .last_writer = -1 };
	return &f->line[f->lines++];
}

static bool others_have(const struct found *f, const struct ideal *line, unsigned cpu)
{
	for (unsigned i = 0; i < f->cpus; i++)
		if (i != cpu && line->state[i] != STATE_I)
			return true;
	return false;
}

/* A write takes all other copies, a read leaves them shared. What that was, as flags. */
static uint32_t touch(struct found *f, struct ideal *line, unsigned cpu, bool write, struct raw *raw)
{
	bool has = line->state[cpu] != STATE_I, others = others_have(f, line, cpu);
	uint32_t flags = 0;

	if (!has || (write && others))
		flags |= EVENT_MISSED;
	for (unsigned i = 0; i < f->cpus; i++) {
		if (i == cpu || line->state[i] == STATE_I)
			continue;
		if (!has && !(flags & EVENT_TRANSFER)) {
			flags |= EVENT_TRANSFER;
			raw->other = (uint16_t)(i + 1);
			raw->found = line->state[i];
		}
		if (write)
			flags |= EVENT_KILLED;
		line->state[i] = write ? STATE_I : STATE_S;
	}
	if (write)
		line->state[cpu] = STATE_M;
	else if (!has)
		line->state[cpu] = others ? STATE_S : STATE_E;
	if (write && line->last_writer >= 0 && line->last_writer != (int)cpu)
		flags |= EVENT_BOUNCE;
	if (write)
		line->last_writer = (int)cpu;
	return flags;
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct described {
	const char *instance, *member;
};

static void describe(void *to, char *instance, size_t size, char *member, size_t member_size)
{
	const struct described *d = to;

	snprintf(instance, size, "%s", d->instance);
	snprintf(member, member_size, "%s", d->member);
}

/* Every name is new to the writer, who knows it by its texts. */
static uint32_t name_of(struct found *f, const char *instance, const char *member)
{
	struct described d = { instance, member };
	uint64_t key[3] = { ++f->names };

	return instance ? writer_name(f->writer, key, describe, &d) : 0;
}

static void tell_interrupt(struct found *f, const struct explored_step *s)
{
	const uint8_t none[EXPLORE_CPUS_MAX] = { 0 };
	struct raw raw = { .kind = RAW_MOMENT + MOMENT_IRQ_ENTER,
			   .time = ++f->time,
			   .cpu = (uint16_t)s->cpu };

	f->coming[s->cpu] |= EVENT_INTERRUPT;
	writer_record(f->writer, &raw, none);
}

static uint8_t verb_of(const struct explored_step *s)
{
	switch (s->kind) {
	case EXPLORED_LOAD:
		return EVENT_LOAD;
	case EXPLORED_RMW:
		return EVENT_UPDATE;
	case EXPLORED_FENCE:
		return EVENT_FENCE;
	default:
		return EVENT_STORE;
	}
}

static void tell_step(void *to, const struct explored_step *s)
{
	struct found *f = to;
	bool read = s->kind == EXPLORED_LOAD || s->kind == EXPLORED_RMW;
	bool write = s->kind != EXPLORED_LOAD && s->kind != EXPLORED_FENCE;
	struct ideal *line = line_of(f, s->address & ~(uint64_t)(LINE - 1));
	uint8_t both[EXPLORE_CPUS_MAX];
	struct raw raw = {
		.kind = RAW_ACCESS,
		.time = ++f->time,
		.address = s->address,
		.cpu = (uint16_t)s->cpu,
		.size = (uint8_t)s->size,
		.verb = verb_of(s),
		.old = { s->old.word },
		.now = { s->now.word },
		.flags = EVENT_NO_CLOCK | (read ? EVENT_IS_READ : 0) |
			 (write ? EVENT_IS_WRITE : 0) |
			 (s->kind == EXPLORED_DRAIN ? EVENT_IS_BUFFERED : 0) |
			 (s->buffered ? EVENT_INTO_BUFFER : 0) |
			 (s->handler ? EVENT_IN_INTERRUPT : 0),
	};

	if (s->kind == EXPLORED_INTERRUPT) {
		tell_interrupt(f, s);
		return;
	}
	for (unsigned i = 0; i < f->cpus; i++)
		both[i] = (uint8_t)(line->state[i] << 4);
	/* a store in the buffer is nothing yet to its line; its read, if it has one, is */
	if (s->kind != EXPLORED_FENCE && (read || !s->buffered))
		raw.flags |= touch(f, line, s->cpu, write && !s->buffered, &raw);
	for (unsigned i = 0; i < f->cpus; i++)
		both[i] |= line->state[i];
	if (s->kind != EXPLORED_DRAIN) {
		raw.flags |= f->coming[s->cpu];
		f->coming[s->cpu] = 0;
	}
	raw.name = name_of(f, s->instance, s->member);
	raw.site = writer_site(f->writer, s->site);
	raw.old_to = name_of(f, s->old.instance, s->old.member);
	raw.now_to = name_of(f, s->now.instance, s->now.member);
	writer_record(f->writer, &raw, both);
}

/* ---- a schedule ------------------------------------------------------------------------------ */

static void note_run(struct found *f, const struct explore_options *o, const char *title)
{
	char text[32], key[32];

	writer_key(f->writer, "title", title);
	writer_key(f->writer, "name", title);
	writer_key(f->writer, "objects", o->objects ? o->objects : "");
	writer_key(f->writer, "pages", o->pages ? o->pages : "");
	writer_key(f->writer, "workload", o->program);
	writer_key(f->writer, "machine", "caches that are never full (MESI)");
	snprintf(text, sizeof text, "%llu", (unsigned long long)o->seed);
	writer_key(f->writer, "seed", text);
	writer_key(f->writer, "version", version_program());
	for (unsigned i = 0; i < f->cpus; i++) {
		snprintf(key, sizeof key, "cache %u", i);
		snprintf(text, sizeof text, "CPU %u", i);
		writer_key(f->writer, key, text);
	}
}

static void note_end(struct found *f, const struct explore_report *report)
{
	const struct finding *finding = report->finding;

	writer_key(f->writer, "outcome",
		   finding ? backend_explored.explorer->findings[finding->kind] : "nothing found");
	writer_key(f->writer, "message", finding ? finding->message : "");
}

struct events *events_of_schedule(const struct explore_options *o, const char *schedule,
				  const char *title, char *why, size_t size)
{
	struct found f = { .cpus = (unsigned)o->cpus };
	struct events *events = NULL;
	struct explore_report report;
	int fd = events_temporary(why, size), error;

	if (fd < 0)
		return NULL;
	f.writer = writer_new(fd, f.cpus, f.cpus, NULL, NULL);
	note_run(&f, o, title);
	if (backend_explored.explorer->watch(o, schedule, tell_step, &f, &report, why, size)) {
		note_end(&f, &report);
		backend_explored.explorer->finding_free(report.finding);
		error = writer_end(f.writer);
		if (error)
			snprintf(why, size, "the events cannot be kept: %s", strerror(error));
		else
			events = events_adopt(fd);
	}
	if (!events)
		close(fd);
	writer_free(f.writer);
	free(f.line);
	return events;
}
