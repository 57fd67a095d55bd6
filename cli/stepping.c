/*
 * From event to event. Frames depend on the number of the event alone, so back is the way forward
 * taken the other way.
 */
#include "cli/stepping.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "sim/timing.h"

bool stepping_place(const char *text, struct stepping_place *place)
{
	char *end;

	if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 18)
		return false;
	place->number = strtoull(text, &end, 10);
	place->is_time = !strcmp(end, "cyc");
	if (place->is_time && place->number > UINT64_MAX / UNIT)
		return false;
	return place->is_time || (!*end && place->number);
}

/* The event touches what `line` names. */
static bool is_named(const struct event *event, void *line)
{
	char name[200];

	return !strcmp(event->instance, line) ||
	       !strcmp(event_name(event->instance, event->member, name, sizeof name), line);
}

static uint64_t next(struct stepping *s, uint32_t flags, uint64_t from, bool forward)
{
	struct search search = { .flags = flags, .cpu = s->cpu };

	if (*s->line) {
		search.wanted = is_named;
		search.to = s->line;
	}
	return events_find(s->events, &search, from, forward);
}

static bool move(struct stepping *s, uint64_t to)
{
	if (to)
		s->at = to;
	return to;
}

bool stepping_go(struct stepping *s, const struct stepping_place *place)
{
	uint64_t n = place->number;

	if (place->is_time)
		n = events_at(s->events, place->number * UNIT);
	return n && move(s, next(s, 0, n - 1, true));
}

bool stepping_until(struct stepping *s, uint32_t flags)
{
	return move(s, next(s, flags, s->at ? s->at - 1 : 0, true));
}

bool stepping_last(struct stepping *s)
{
	return move(s, next(s, 0, events_count(s->events, true) + 1, false));
}

void stepping_print(struct stepping *s, uint64_t frames)
{
	for (uint64_t i = 0; i < frames; i++) {
		uint64_t n = i ? next(s, 0, s->at, true) : s->at;

		if (!n) {
			frame_print_end(stdout, s->events, s->colour);
			return;
		}
		s->at = n;
		frame_print(stdout, s->events, s->sources, n, s->colour);
	}
}

/* ---- commands -------------------------------------------------------------------------------- */

static const char commands[] =
	"Enter, n    the next event              b    the one before\n"
	"t  m  j     the next transfer, miss,    T  M  J  W  I    the last one before\n"
	"w  i        bounce, lock wait, interrupt\n"
	"g 1204      event 1204                  g 12000cyc    the first from cycle 12000 on\n"
	"c 1         events of CPU 1 alone       c    of all CPUs\n"
	"l           events of this struct alone; again: of all\n"
	"l NAME      of that struct or member: l page[513], l page[513].freelist\n"
	"e           the end of the run          q    quit\n"
	"\n"
	"States: M modified, D dirty, E exclusive, O owned, F forwarding, S shared, . none;\n"
	"'bounce explain mesi' has the table of the protocol. 'M -> .': this event took the copy.\n";

static void show(struct stepping *s)
{
	if (!frame_print(stdout, s->events, s->sources, s->at, s->colour))
		puts("nothing to show; ? tells what can be typed");
}

static void show_none(const struct stepping *s, bool forward)
{
	if (events_damage(s->events))
		puts(events_damage(s->events));
	puts(forward ? "none up to the end of the run; e shows the end" : "none before this one");
}

static bool search_key(char key, uint32_t *flags)
{
	static const struct {
		char key;
		uint32_t flags;
	} keys[] = { { 't', EVENT_TRANSFER },
		     { 'm', EVENT_MISSED },
		     { 'j', EVENT_BOUNCE },
		     { 'w', EVENT_LOCK_WAIT },
		     { 'i', EVENT_INTERRUPT } };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].key == key) {
			*flags = keys[i].flags;
			return true;
		}
	return false;
}

static void search(struct stepping *s, uint32_t flags, bool forward)
{
	if (move(s, next(s, flags, s->at, forward)))
		show(s);
	else
		show_none(s, forward);
}

static void go(struct stepping *s, const char *word)
{
	struct stepping_place place;

	if (!stepping_place(word, &place))
		puts("g wants the number of an event, or a cycle like 12000cyc");
	else if (stepping_go(s, &place))
		show(s);
	else
		show_none(s, true);
}

static void choose_cpu(struct stepping *s, const char *word)
{
	char *end;
	unsigned long cpu = strtoul(word, &end, 10);

	if (!*word) {
		s->cpu = -1;
		puts("events of all CPUs");
	} else if (*end || *word == '-' || cpu >= events_cpus(s->events)) {
		printf("CPUs are 0 to %u\n", events_cpus(s->events) - 1);
	} else {
		s->cpu = (int)cpu;
		printf("events of CPU %lu\n", cpu);
	}
}

static void choose_line(struct stepping *s, const char *word)
{
	struct event event;

	if (*word) {
		snprintf(s->line, sizeof s->line, "%s", word);
	} else if (*s->line) {
		s->line[0] = '\0';
	} else if (events_get(s->events, s->at, &event)) {
		snprintf(s->line, sizeof s->line, "%s", event.instance);
	}
	if (*s->line)
		printf("events of %s\n", s->line);
	else
		puts("events of all structs");
}

/* False: that was enough. */
static bool obey(struct stepping *s, char *line)
{
	char *word = line + strspn(line, " \t"), key = *word;
	uint32_t flags;

	word += key != '\0';
	word += strspn(word, " \t");
	if (key == 'q')
		return false;
	if (key == '\0' || key == 'n')
		search(s, 0, true);
	else if (key == 'b')
		search(s, 0, false);
	else if (search_key(key, &flags))
		search(s, flags, true);
	else if (key >= 'A' && key <= 'Z' && search_key((char)(key + 'a' - 'A'), &flags))
		search(s, flags, false);
	else if (key == 'g')
		go(s, word);
	else if (key == 'c')
		choose_cpu(s, word);
	else if (key == 'l')
		choose_line(s, word);
	else if (key == 'e')
		frame_print_end(stdout, s->events, s->colour);
	else
		fputs(commands, stdout);
	return true;
}

void stepping_talk(struct stepping *s)
{
	char *line = NULL;
	size_t room = 0;
	bool more = true;

	show(s);
	puts("[Enter] next   b back   t to next transfer   c CPU   l line   ? explain   q quit");
	while (more) {
		fputs("> ", stdout);
		fflush(stdout);
		if (getline(&line, &room, stdin) < 0)
			break;
		line[strcspn(line, "\r\n")] = '\0';
		more = obey(s, line);
	}
	free(line);
}
