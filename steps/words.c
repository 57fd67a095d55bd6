/* What events are called; see words.h. */
#include "steps/words.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/timing.h"

const char *const event_verbs[EVENT_VERBS] = {
	[EVENT_LOAD] = "load",
	[EVENT_STORE] = "store",
	[EVENT_EXCHANGE] = "exchange",
	[EVENT_ADD] = "add",
	[EVENT_CAS] = "cas",
	[EVENT_BIT_SET] = "set bit",
	[EVENT_BIT_CLEAR] = "clear bit",
	[EVENT_UPDATE] = "update",
	[EVENT_PREFETCH] = "prefetch",
	[EVENT_PREFETCH_WRITE] = "prefetch to write",
	[EVENT_FENCE] = "fence",
};

const char *event_name(const char *instance, const char *member, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", instance, *member ? "." : "", member);
	return buf;
}

const char *event_what(const struct event *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s", e->flags & EVENT_IS_LOCKED ? "LOCK " : "",
		 event_verbs[e->verb],
		 e->flags & EVENT_IS_HALF	? ", its read"
		 : e->flags & EVENT_IS_BUFFERED ? " leaves the buffer"
		 : e->flags & EVENT_INTO_BUFFER ? " into the buffer"
						: "",
		 e->flags & EVENT_FAILED ? ", fails" : "");
	return buf;
}

static const char *value_text(const struct event_value *v, unsigned size, char *buf, size_t room)
{
	char name[160];
	size_t used;

	if (v->instance)
		used = (size_t)snprintf(buf, room, *v->instance == '(' ? "%s" : "&%s",
					event_name(v->instance, v->member, name, sizeof name));
	else
		used = (size_t)snprintf(buf, room, v->word[0] > 0xffff ? "0x%" PRIx64 : "%" PRIu64,
					v->word[0]);
	if (size == sizeof(struct pair) && used < room)
		snprintf(buf + used, room - used, v->word[1] > 0xffff ? ", 0x%" PRIx64 : ", %" PRIu64,
			 v->word[1]);
	return buf;
}

const char *event_values(const struct event *e, char *buf, size_t size)
{
	unsigned size_known = e->flags & EVENT_NO_CLOCK && e->size > 8 ? 8 : e->size;
	char old[200], now[200];

	value_text(&e->old, size_known, old, sizeof old);
	value_text(&e->now, size_known, now, sizeof now);
	if (e->verb == EVENT_PREFETCH || e->verb == EVENT_PREFETCH_WRITE || e->verb == EVENT_FENCE)
		*buf = '\0';
	else if (!(e->flags & EVENT_IS_WRITE))
		snprintf(buf, size, "is %s", now);
	else if (e->flags & EVENT_FAILED)
		snprintf(buf, size, "is %s, so nothing changes", old);
	else
		snprintf(buf, size, "%s -> %s", old, now);
	return buf;
}

const char *words_cycles(char *buf, size_t size, uint64_t units)
{
	if (units % UNIT)
		snprintf(buf, size, "%.2f", (double)units / UNIT);
	else
		snprintf(buf, size, "%" PRIu64, units / UNIT);
	return buf;
}

const char *event_why(struct events *events, const struct event *e, char *buf, size_t size)
{
	static const char *const words[CAUSES] = {
		[CAUSE_TRANSFER_SAME] = "from a cache of the same socket",
		[CAUSE_TRANSFER_CROSS] = "from a cache of another socket",
		[CAUSE_UPGRADE] = "other copies have to go first",
		[CAUSE_SHARED_LEVEL] = "from a shared cache",
		[CAUSE_MEMORY] = "from memory",
		[CAUSE_LOCKED] = "a locked operation on a line that is here",
		[CAUSE_PRIVATE_HIT] = "a hit",
	};
	const char *word = words[e->cause] ? words[e->cause] : cause_names[e->cause];
	size_t used;
	char busy[32];

	if (e->flags & EVENT_NO_CLOCK && !(e->flags & EVENT_MISSED)) {
		*buf = '\0';
		return buf;
	}
	if (e->flags & EVENT_IS_FORWARDED)
		word = "from the own store buffer";
	else if (e->cause == CAUSE_LOCKED && e->flags & EVENT_MISSED)
		word = "done where the line is at home";
	else if (e->verb == EVENT_PREFETCH || e->verb == EVENT_PREFETCH_WRITE)
		word = "only asked for";
	if (e->flags & EVENT_NO_CLOCK)
		word = e->flags & EVENT_KILLED ? words[CAUSE_UPGRADE] : words[CAUSE_MEMORY];
	if (e->flags & EVENT_TRANSFER)
		used = (size_t)snprintf(buf, size, "from %s, which had it in %c%s",
					events_cache(events, (unsigned)e->supplier), e->found,
					e->flags & EVENT_NO_CLOCK	   ? ""
					: e->cause == CAUSE_TRANSFER_CROSS ? ", another socket"
									   : ", same socket");
	else
		used = (size_t)snprintf(buf, size, "%s", word);
	if (e->busy_units && used < size)
		snprintf(buf + used, size - used, "; %s of these in a queue for it",
			 words_cycles(busy, sizeof busy, e->busy_units));
	return buf;
}

const char *note_text(const struct note *n, char *buf, size_t size)
{
	char name[160], since[32];

	event_name(n->instance, n->member, name, sizeof name);
	words_cycles(since, sizeof since, n->time_units - n->since_units);
	switch (n->kind) {
	case MOMENT_OP_BEGIN:
		snprintf(buf, size, "CPU %u: begins %s", n->cpu, n->operation);
		break;
	case MOMENT_OP_END:
		snprintf(buf, size, "CPU %u: ends %s", n->cpu, n->operation);
		break;
	case MOMENT_IRQ_ENTER:
		snprintf(buf, size, "CPU %u: an interrupt begins", n->cpu);
		break;
	case MOMENT_IRQ_EXIT:
		snprintf(buf, size, "CPU %u: the interrupt ends", n->cpu);
		break;
	case MOMENT_IPI:
		snprintf(buf, size, "CPU %u: sends an interrupt to CPU %u", n->cpu, n->other);
		break;
	case MOMENT_LOCK_WAIT:
		snprintf(buf, size, "CPU %u: begins to wait for a lock", n->cpu);
		break;
	case MOMENT_LOCK_TAKEN:
		if (n->since_units)
			snprintf(buf, size, "CPU %u: has the lock %s after %s cycles", n->cpu, name,
				 since);
		else
			snprintf(buf, size, "CPU %u: has the lock %s", n->cpu, name);
		break;
	case MOMENT_LOCK_RELEASED:
		snprintf(buf, size, "CPU %u: gives the lock %s back after %s cycles", n->cpu, name,
			 since);
		break;
	case MOMENT_EVICTION:
		snprintf(buf, size, "CPU %u: its copy of %s makes room for another line", n->cpu,
			 name);
		break;
	case MOMENT_ARRIVAL:
		snprintf(buf, size, "CPU %u: the line of %s is here, before it is used", n->cpu,
			 name);
		break;
	case MOMENTS:
		*buf = '\0';
	}
	return buf;
}
