/*
 * Parsing one line of recorded kmem events:
 *
 *	comm  2117 [003]  5123.410233: kmem:kfree: call_site=f+0x1 [mod] ptr=0xffff8803f1c26a00
 *	comm-2117  [003] d..1.  5123.410233: kfree: call_site=ffffffff815a0d11 ptr=ffff8803f1c26a00
 *	comm-2117  3d..1.   120us : kfree: call_site=f ptr=00000000f1c26a00
 *	[09:10:11.000000257] (+0.000000120) host kmem_kfree: { cpu_id = 3 }, { ptr = 0xFFFF88 }
 *
 * Names of processes hold anything, so the last `[CPU] flags time:` of the line that an event
 * follows counts; values of call_site hold spaces, so a field is found as ` key=`.
 */
#include <string.h>

#include "workloads/kmem_text.h"

struct text {
	const char *at, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_spaces(struct text *text)
{
	while (text->at < text->end && is_space(*text->at))
		text->at++;
}

static bool skip(struct text *text, char c)
{
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

static bool skip_text(struct text *text, const char *wanted)
{
	size_t bytes = strlen(wanted);

	if ((size_t)(text->end - text->at) < bytes || memcmp(text->at, wanted, bytes) != 0)
		return false;
	text->at += bytes;
	return true;
}

static void skip_token(struct text *text)
{
	while (text->at < text->end && !is_space(*text->at))
		text->at++;
}

static const char *find_text(const struct text *line, const char *text)
{
	return memmem(line->at, (size_t)(line->end - line->at), text, strlen(text));
}

static const char *find_last(const struct text *line, char c)
{
	return memrchr(line->at, c, (size_t)(line->end - line->at));
}

static bool equals(struct text value, const char *text)
{
	size_t bytes = strlen(text);

	return (size_t)(value.end - value.at) == bytes && memcmp(value.at, text, bytes) == 0;
}

static bool word(struct text *text, struct text *found)
{
	found->at = text->at;
	while (text->at < text->end && is_word(*text->at))
		text->at++;
	found->end = text->at;
	return found->end > found->at;
}

/* A decimal number, at most 18 digits. */
static bool decimal(struct text *text, uint64_t *number)
{
	const char *start = text->at;

	*number = 0;
	while (text->at < text->end && is_digit(*text->at) && text->at - start < 18)
		*number = *number * 10 + (uint64_t)(*text->at++ - '0');
	return text->at > start;
}

/* ---- when and where ------------------------------------------------------------------------- */

struct place {
	unsigned cpu;
	uint64_t ns;
	bool ticks, day_time;
};

/* Digits of a fraction of a second, in ns; those beyond nine are dropped. */
static bool fraction(struct text *text, uint64_t *ns)
{
	unsigned digits = 0;

	*ns = 0;
	for (; text->at < text->end && is_digit(*text->at); text->at++, digits++)
		if (digits < 9)
			*ns = *ns * 10 + (uint64_t)(*text->at - '0');
	for (unsigned i = digits; i < 9; i++)
		*ns *= 10;
	return digits > 0;
}

static bool seconds(struct text *text, uint64_t *ns)
{
	uint64_t whole;

	if (!decimal(text, &whole) || whole > UINT32_MAX || !skip(text, '.') || !fraction(text, ns))
		return false;
	*ns += whole * 1000000000u;
	return true;
}

/* `5123.410233:`, `512341023345:` of a counter, or `120us :`, `120us+:` of the latency format. */
static bool timestamp(struct text *text, struct place *place)
{
	struct text try = *text;

	if (seconds(&try, &place->ns)) {
		place->ticks = false;
	} else {
		try = *text;
		if (!decimal(&try, &place->ns))
			return false;
		place->ticks = !skip_text(&try, "us");
		if (!place->ticks) {
			if (place->ns > UINT64_MAX / 2000)
				return false;
			place->ns *= 1000;
			if (try.at < try.end && strchr(" +!#*@$", *try.at))
				try.at++;
		}
	}
	*text = try;
	return skip(text, ':') && (text->at == text->end || is_space(*text->at));
}

/* A time, with or without a word of flags before it. */
static bool flags_and_time(struct text *text, struct place *place)
{
	skip_spaces(text);
	struct text try = *text;

	if (!timestamp(&try, place)) {
		skip_token(text);
		skip_spaces(text);
		try = *text;
		if (!timestamp(&try, place))
			return false;
	}
	*text = try;
	return true;
}

/* `[CPU] flags time:` at text, flags optional; text is left behind it. */
static bool place_at(struct text *text, struct place *place)
{
	uint64_t number;

	if (!skip(text, '[') || !decimal(text, &number) || number > UINT16_MAX || !skip(text, ']'))
		return false;
	if (text->at == text->end || !is_space(*text->at))
		return false;
	place->cpu = (unsigned)number;
	return flags_and_time(text, place);
}

/* `-PID  CPUflags  time:` of the latency format at text; text is left behind it. */
static bool latency_place_at(struct text *text, struct place *place)
{
	uint64_t pid, number;

	if (!skip(text, '-') || !decimal(text, &pid) || text->at == text->end ||
	    !is_space(*text->at))
		return false;
	skip_spaces(text);
	if (!decimal(text, &number) || number > UINT16_MAX)
		return false;
	const char *flags = text->at;

	skip_token(text);
	if (text->at - flags < 4 || text->at - flags > 6)
		return false;
	place->cpu = (unsigned)number;
	skip_spaces(text);
	return timestamp(text, place);
}

/* `group:name:` or `name:`, perhaps after a period; the group must be kmem for our events. */
static bool event_name(struct text *text, struct kmem_event *event, bool *foreign)
{
	struct text first, second;
	uint64_t period;

	skip_spaces(text);
	struct text try = *text;

	if (decimal(&try, &period) && try.at < try.end && is_space(*try.at)) {
		skip_spaces(&try);
		*text = try;
	}
	if (!word(text, &first) || !skip(text, ':'))
		return false;
	*foreign = false;
	if (text->at < text->end && !is_space(*text->at)) {
		if (!word(text, &second) || !skip(text, ':'))
			return false;
		*foreign = !equals(first, "kmem");
		first = second;
	}
	event->event = first.at;
	event->event_bytes = (size_t)(first.end - first.at);
	return true;
}

/* What is known of a line before its fields are looked at. */
struct head {
	struct place place;
	bool placed, has_event, foreign;
	const char *end;                /* behind the event's name, or behind the place */
};

/* From the right, one layout: the last place that an event follows, else the last of all. */
static void scan(const struct text *line, char begin,
		 bool (*parse)(struct text *text, struct place *place), struct head *head,
		 struct kmem_event *event)
{
	for (const char *at = line->end; at-- > line->at && !head->has_event;) {
		struct text try = { at, line->end };
		struct place place = { 0 };

		if (*at != begin || !parse(&try, &place))
			continue;
		struct text rest = try;

		head->has_event = event_name(&rest, event, &head->foreign);
		if (head->has_event || !head->placed) {
			head->end = head->has_event ? rest.at : try.at;
			head->place = place;
			head->placed = true;
		}
	}
}

/* ---- fields -------------------------------------------------------------------------------- */

/*
 * The value of ` key=value` or ` key = value,`, up to the next space. Kernels pad some:
 * `ptr=          (null)`.
 */
static bool field(const struct text *fields, const char *key, struct text *value)
{
	size_t bytes = strlen(key);

	for (const char *at = fields->at; (size_t)(fields->end - at) > bytes + 1; at++) {
		if (!is_space(*at) || memcmp(at + 1, key, bytes) != 0)
			continue;
		struct text rest = { at + 1 + bytes, fields->end };
		bool spaced = skip(&rest, ' ');

		if (!skip(&rest, '='))
			continue;
		struct text padded = rest;

		skip_spaces(&padded);
		if (spaced || (padded.at < padded.end && *padded.at == '('))
			rest = padded;
		value->at = rest.at;
		skip_token(&rest);
		value->end = rest.at;
		while (value->end > value->at && value->end[-1] == ',')
			value->end--;
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool has_0x(struct text value)
{
	return value.end - value.at > 2 && value.at[0] == '0' &&
	       (value.at[1] == 'x' || value.at[1] == 'X');
}

/* Hexadecimal with or without 0x, and nothing else. */
static bool hexadecimal(struct text value, uint64_t *number)
{
	if (has_0x(value))
		value.at += 2;
	*number = 0;
	for (const char *at = value.at; at < value.end; at++) {
		int digit = hex_digit(*at);

		if (digit < 0 || *number >> 60)
			return false;
		*number = *number << 4 | (uint64_t)digit;
	}
	return value.at < value.end;
}

/* Decimal, or hexadecimal with 0x as the raw printers have it. */
static bool whole_number(struct text value, uint64_t *number)
{
	if (has_0x(value))
		return hexadecimal(value, number);
	return decimal(&value, number) && value.at == value.end;
}

static bool bounded_field(const struct text *fields, const char *key, uint64_t max,
			  uint32_t *number)
{
	struct text value;
	uint64_t wide;

	if (!field(fields, key, &value) || !whole_number(value, &wide) || wide > max)
		return false;
	*number = (uint32_t)wide;
	return true;
}

/* A name ends where the next ` key=` begins: caches may have spaces in their names. */
static void name_field(const struct text *fields, struct kmem_event *event)
{
	struct text value;

	if (!field(fields, "name", &value) || value.at == value.end)
		return;
	const char *quoted = *value.at == '"' ? value.at + 1 : NULL, *close = NULL;

	if (quoted)
		close = memchr(quoted, '"', (size_t)(fields->end - quoted));
	if (close) {
		event->name = quoted;
		event->name_bytes = (size_t)(close - quoted);
		return;
	}
	while (value.end < fields->end) {
		struct text rest = { value.end, fields->end }, key;

		skip_spaces(&rest);
		if (rest.at == rest.end || (word(&rest, &key) && skip(&rest, '=')))
			break;
		skip_token(&rest);
		value.end = rest.at;
	}
	event->name = value.at;
	event->name_bytes = (size_t)(value.end - value.at);
}

static enum kmem_line broken(struct kmem_event *event, const char *lacks)
{
	event->lacks = lacks;
	return KMEM_BROKEN;
}

static enum kmem_line object_event(const struct text *fields, struct kmem_event *event, bool frees)
{
	struct text value;

	event->level = TRACE_SLAB;
	if (!field(fields, "ptr", &value))
		return broken(event, "'ptr=', the address (perf script -F +trace prints it)");
	if (equals(value, "(null)") || equals(value, "(nil)"))
		return frees ? KMEM_NULL : KMEM_FAILED;
	if (find_text(&value, "ptrval")) {
		event->lacks = "its address, which the kernel hid (boot with no_hash_pointers, or "
			       "record with perf or trace-cmd, which print it)";
		return KMEM_HIDDEN;
	}
	if (!hexadecimal(value, &event->id))
		return broken(event, "an address behind 'ptr='");
	if (event->id == 0)
		return frees ? KMEM_NULL : KMEM_FAILED;
	if (event->kind == TRACE_KMEM_CACHE)
		name_field(fields, event);
	if (frees)
		return KMEM_FREE;
	if (!bounded_field(fields, "bytes_alloc", TRACE_SIZE_MAX, &event->size))
		return broken(event, "'bytes_alloc=' with a size of up to 4194304 bytes");
	return event->size ? KMEM_ALLOC : KMEM_FAILED;  /* kmalloc(0) gives no object */
}

/* Frame 0 is never handed out: kernels print it, or -1, where no page was left. */
static bool no_frame(uint64_t frame)
{
	return frame == 0 || frame == UINT32_MAX || frame == UINT64_MAX;
}

static enum kmem_line page_event(const struct text *fields, struct kmem_event *event, bool frees)
{
	struct text value;

	event->level = TRACE_PAGES;
	if (!field(fields, "pfn", &value))
		return broken(event,
			      "'pfn=', the number of the page (perf script -F +trace prints it)");
	if (equals(value, "-1") || equals(value, "18446744073709551615"))
		return frees ? KMEM_NULL : KMEM_FAILED;
	if (!whole_number(value, &event->id) ||
	    (!no_frame(event->id) && event->id >> 52 != 0))
		return broken(event, "a frame number behind 'pfn='");
	if (no_frame(event->id))
		return frees ? KMEM_NULL : KMEM_FAILED;
	if (event->report == KMEM_BATCHED && !field(fields, "order", &value))
		event->size = 0;        /* raw printers know no field of this name */
	else if (!bounded_field(fields, "order", KMEM_ORDER_MAX, &event->size))
		return broken(event, "'order=' with a number up to 20");
	return frees ? KMEM_FREE : KMEM_ALLOC;
}

static const struct event_kind {
	const char *name;
	bool pages, frees;
	enum kmem_report report;
	enum trace_kind kind;
} event_kinds[] = {
	{ "kmalloc",                false, false, KMEM_ALONE,   TRACE_KMALLOC },
	{ "kmalloc_node",           false, false, KMEM_ALONE,   TRACE_KMALLOC },
	{ "kfree",                  false, true,  KMEM_ALONE,   TRACE_KMALLOC },
	{ "kmem_cache_alloc",       false, false, KMEM_ALONE,   TRACE_KMEM_CACHE },
	{ "kmem_cache_alloc_node",  false, false, KMEM_ALONE,   TRACE_KMEM_CACHE },
	{ "kmem_cache_free",        false, true,  KMEM_ALONE,   TRACE_KMEM_CACHE },
	{ "mm_page_alloc",          true,  false, KMEM_ALONE,   TRACE_PAGE_BLOCK },
	{ "mm_page_free",           true,  true,  KMEM_ALONE,   TRACE_PAGE_BLOCK },
	{ "mm_page_free_direct",    true,  true,  KMEM_DIRECT,  TRACE_PAGE_BLOCK }, /* until 3.2 */
	{ "mm_page_free_batched",   true,  true,  KMEM_BATCHED, TRACE_PAGE_BLOCK },
	{ "mm_pagevec_free",        true,  true,  KMEM_BATCHED, TRACE_PAGE_BLOCK }, /* until 3.2 */
};
enum { EVENT_KINDS = sizeof event_kinds / sizeof *event_kinds };

static const struct event_kind *kind_of(struct text name)
{
	for (size_t i = 0; i < EVENT_KINDS; i++)
		if (equals(name, event_kinds[i].name))
			return &event_kinds[i];
	return NULL;
}

static enum kmem_line known_event(const struct text *fields, struct kmem_event *event)
{
	const struct event_kind *kind =
		kind_of((struct text){ event->event, event->event + event->event_bytes });

	if (!kind)
		return KMEM_OTHER;
	event->kind = kind->kind;
	event->report = kind->report;
	return kind->pages ? page_event(fields, event, kind->frees) :
			     object_event(fields, event, kind->frees);
}

/* ---- the text of babeltrace ----------------------------------------------------------------- */

/* `hours:minutes:seconds.fraction` or `seconds.fraction`, perhaps after a date, in ns. */
static bool clock_time(struct text clock, struct place *place)
{
	const char *date = find_last(&clock, ' ');
	uint64_t hours = 0, minutes = 0;

	if (date)
		clock.at = date + 1;
	struct text try = clock;

	place->day_time = decimal(&try, &hours) && skip(&try, ':') && decimal(&try, &minutes) &&
			  skip(&try, ':') && hours < 24 && minutes < 60;
	if (!place->day_time)
		try = clock;
	if (!seconds(&try, &place->ns) || try.at != try.end)
		return false;
	if (place->day_time)
		place->ns += (hours * 60 + minutes) * 60 * 1000000000u;
	return true;
}

/* LTTng calls kmalloc kmem_kmalloc, but kmem_cache_alloc by its name. */
static void lttng_name(struct text name, struct kmem_event *event)
{
	struct text shorter = name;

	if (!kind_of(name) && (skip_text(&shorter, "kmem_") || skip_text(&shorter, "kmem:")))
		name = shorter;
	event->event = name.at;
	event->event_bytes = (size_t)(name.end - name.at);
}

/* `[time] (+delta) host event: { cpu_id = 1 }, ..., { fields }`. */
static bool babeltrace(const struct text *line, struct kmem_event *event, enum kmem_line *what)
{
	struct text head = *line, cpu;
	struct place place = { 0 };
	uint64_t number;

	if (!skip(&head, '['))
		return false;
	const char *close = memchr(head.at, ']', (size_t)(head.end - head.at));
	const char *brace = find_text(&head, ": { "), *last = find_last(&head, '{');

	if (!close || !brace || brace < close || !field(&head, "cpu_id", &cpu) ||
	    !whole_number(cpu, &number) || number > UINT16_MAX)
		return false;
	struct text name = { brace, brace }, fields = { last + 1, line->end };

	while (name.at > close && !is_space(name.at[-1]))
		name.at--;
	lttng_name(name, event);
	event->cpu = (unsigned)number;
	if (!clock_time((struct text){ head.at, close }, &place)) {
		*what = kind_of((struct text){ event->event, brace }) ? KMEM_LACKING : KMEM_OTHER;
		if (*what == KMEM_LACKING)
			event->lacks = "a time in seconds (babeltrace2 --clock-seconds prints it)";
		return true;
	}
	event->time_ns = place.ns;
	event->day_time = place.day_time;
	*what = known_event(&fields, event);
	return true;
}

/* ---- lines without an event ----------------------------------------------------------------- */

/* The number in front of or behind a word; false: none there. */
static bool number_behind(const char *at, const char *end, uint64_t *number)
{
	struct text rest = { at, end };

	while (rest.at < rest.end && (is_space(*rest.at) || *rest.at == ':' || *rest.at == '='))
		rest.at++;
	return decimal(&rest, number);
}

/* `CPU:5 [LOST 812 EVENTS]`, `CPU:2 [EVENTS DROPPED]`, `CPU 3: 812 events lost`. */
static bool lost_on_cpu(const struct text *line, struct kmem_event *event)
{
	const char *cpu = find_text(line, "CPU");
	uint64_t number;

	if (!cpu || !number_behind(cpu + 3, line->end, &number) || number > UINT16_MAX)
		return false;
	struct text rest = { cpu + 3, line->end };

	if (!find_text(&rest, "LOST") && !find_text(&rest, "DROPPED") &&
	    !find_text(&rest, "events lost"))
		return false;
	event->cpu = (unsigned)number;
	while (rest.at < rest.end && !is_digit(*rest.at))
		rest.at++;
	decimal(&rest, &number);
	while (rest.at < rest.end && !is_digit(*rest.at))
		rest.at++;
	event->gap = !decimal(&rest, &event->lost);
	return true;
}

/* `Lost 12 events`, also with `WARNING: ` in front. */
static bool lost_by_bpftrace(const struct text *line, struct kmem_event *event)
{
	static const char begin[] = "Lost ";
	const char *at = find_text(line, begin);
	struct text rest = { at ? at + strlen(begin) : line->end, line->end };

	if (!decimal(&rest, &event->lost) || !skip_text(&rest, " events") || rest.at < rest.end)
		return false;
	event->gap = false;
	return true;
}

/* The CPU of `..., stream ID: 2` or `..., at relative path: "channel0_2"`. */
static unsigned lttng_cpu(const struct text *line)
{
	const char *stream = find_text(line, "stream ID: "), *quote = find_last(line, '"');
	uint64_t number;

	if (stream && number_behind(stream + strlen("stream ID: "), line->end, &number))
		return number <= UINT16_MAX ? (unsigned)number : KMEM_NO_CPU;
	const char *digits = quote;

	while (digits && digits > line->at && is_digit(digits[-1]))
		digits--;
	if (!digits || digits == line->at || digits[-1] != '_' ||
	    !number_behind(digits, quote, &number) || number > UINT16_MAX)
		return KMEM_NO_CPU;
	return (unsigned)number;
}

/* What each recorder says of its losses; `event->cpu` is that of the line's place, if any. */
static bool lost_events(const struct text *line, struct kmem_event *event)
{
	const char *at = find_text(line, "PERF_RECORD_LOST");

	event->lost = 0;
	event->gap = true;
	if (at) {
		struct text rest = { at, line->end };

		if ((at = find_text(&rest, " lost")))
			event->gap = !number_behind(at + strlen(" lost"), line->end, &event->lost);
		return true;
	}
	if ((at = find_text(line, "racer discarded "))) {
		event->gap = !number_behind(at + strlen("racer discarded "), line->end, &event->lost);
		event->cpu = lttng_cpu(line);
		return true;
	}
	/* What perf record says of chunks and shares: how many events is not known. */
	if (find_text(line, "racer may have discarded") ||
	    (find_text(line, "Processed ") && find_text(line, " lost ")))
		return true;
	return lost_on_cpu(line, event) || lost_by_bpftrace(line, event);
}

/* `# entries-in-buffer/entries-written: 41210/99731   #P:8`: the first ones are gone. */
static enum kmem_line header(const struct text *line, struct kmem_event *event)
{
	static const char begin[] = "entries-in-buffer/entries-written:";
	const char *at = find_text(line, begin);
	uint64_t kept, written;

	if (!at)
		return KMEM_NOTHING;
	struct text rest = { at + strlen(begin), line->end };

	skip_spaces(&rest);
	if (!decimal(&rest, &kept) || !skip(&rest, '/') || !decimal(&rest, &written) ||
	    written <= kept)
		return KMEM_NOTHING;
	event->lost = written - kept;
	return KMEM_OVERWRITTEN;
}

/* `<spaces>ADDRESS symbol+0xOFFSET (object)`, as perf prints call chains. */
static bool stack_frame(struct text line)
{
	const char *start = line.at;
	uint64_t address;

	skip_spaces(&line);
	struct text number = line;

	skip_token(&number);
	number.end = number.at;
	number.at = line.at;
	return line.at > start && (number.end < line.end || number.end - number.at >= 4) &&
	       hexadecimal(number, &address);
}

/* Other lines of call chains (`slub.c:3345`, `f (inlined)`), and those of the function tracer. */
static bool other_frame(struct text line, bool placed)
{
	const char *start = line.at;

	if (placed)
		return find_text(&line, "stack trace>") || find_text(&line, " <-");
	skip_spaces(&line);
	if (skip_text(&line, "=> "))
		return true;
	if (line.at == start || line.at == line.end)
		return equals(line, "--");      /* of grep -A */
	struct text token = line;

	skip_token(&token);
	return token.at == line.end || find_text(&line, "+0x") || line.end[-1] == ')';
}

/* What trace-cmd report and bpftrace print besides events. */
static bool is_remark(const struct text *line)
{
	return find_text(line, "cpus=") == line->at || find_text(line, "version =") == line->at ||
	       (find_text(line, "CPU ") == line->at && find_text(line, " is empty")) ||
	       (find_text(line, "Attach") == line->at && find_text(line, " probe"));
}

/* Does the line speak of traffic, readable or not? */
static bool speaks_of_traffic(const struct text *line)
{
	static const char *const fields[] = {
		" ptr=", " pfn=", " bytes_alloc=", "kmem:", " ptr = ",
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (find_text(line, fields[i]))
			return true;
	for (size_t i = 0; i < EVENT_KINDS; i++) {
		const char *at = find_text(line, event_kinds[i].name);

		if (!at || (at > line->at && is_word(at[-1])))
			continue;
		struct text rest = { at + strlen(event_kinds[i].name), line->end };

		if (skip(&rest, ':'))
			return true;
	}
	return false;
}

/* What follows `[003] ` anywhere. */
static const char *find_cpu(const struct text *line, uint64_t *number)
{
	for (const char *at = line->at; at < line->end; at++) {
		struct text try = { at, line->end };

		if (skip(&try, '[') && decimal(&try, number) && skip(&try, ']') && skip(&try, ' '))
			return try.at;
	}
	return NULL;
}

static bool has_time(const struct text *line)
{
	for (const char *at = line->at; at < line->end; at++) {
		struct text try = { at, line->end };
		uint64_t ns;

		if (is_digit(*at) && (at == line->at || is_space(at[-1])) && seconds(&try, &ns) &&
		    skip(&try, ':'))
			return true;
	}
	return false;
}

/* `2024-05-03 ` at the place of the time: perf script -F tod. */
static bool is_date(const char *at, const char *end)
{
	struct text date = { at, end };
	uint64_t year, month, day;

	skip_spaces(&date);
	return decimal(&date, &year) && skip(&date, '-') && decimal(&date, &month) &&
	       skip(&date, '-') && decimal(&date, &day);
}

static const char *what_lacks(const struct text *line, bool placed)
{
	uint64_t number;
	const char *cpu = find_cpu(line, &number);

	if (placed)
		return "the name of its event behind the time (perf script -F +event prints it)";
	if (cpu && number > UINT16_MAX)
		return "the number of a CPU, up to 65535, in brackets";
	if (cpu && is_date(cpu, line->end))
		return "the time right behind the CPU, where a date stands (perf script -F +time, "
		       "and without tod)";
	if (cpu)
		return "the time in seconds behind the CPU (perf script -F +time prints it)";
	if (has_time(line))
		return "the CPU in brackets before the time (perf record -a records it, "
		       "perf script -F +cpu prints it)";
	return "CPU and time (perf script -F comm,pid,tid,cpu,time,event,trace prints them)";
}

static enum kmem_line without_event(const struct text *line, struct kmem_event *event, bool placed)
{
	if (lost_events(line, event))
		return event->gap || event->lost ? KMEM_LOST : KMEM_NOTHING;
	if (speaks_of_traffic(line)) {
		event->lacks = what_lacks(line, placed);
		return KMEM_LACKING;
	}
	if (stack_frame(*line) || is_remark(line))
		return KMEM_NOTHING;
	return other_frame(*line, placed) ? KMEM_FRAME : KMEM_NO_EVENT;
}

enum kmem_line kmem_parse(const char *line, size_t bytes, struct kmem_event *event)
{
	struct text text = { line, line + bytes }, whole;
	struct head head = { .place.cpu = KMEM_NO_CPU };
	enum kmem_line what;

	*event = (struct kmem_event){ .cpu = KMEM_NO_CPU };
	while (text.end > text.at && (is_space(text.end[-1]) || text.end[-1] == '\r'))
		text.end--;
	whole = text;
	skip_spaces(&text);
	if (text.at == text.end)
		return KMEM_NOTHING;
	if (*text.at == '#')
		return header(&text, event);
	if (babeltrace(&text, event, &what))
		return what;
	scan(&text, '[', place_at, &head, event);
	if (!head.has_event)
		scan(&text, '-', latency_place_at, &head, event);
	event->cpu = head.place.cpu;
	event->time_ns = head.place.ns;
	event->ticks = head.place.ticks;
	if (!head.has_event)
		return without_event(&whole, event, head.placed);
	text.at = head.end;
	what = head.foreign ? KMEM_OTHER : known_event(&text, event);
	if (what == KMEM_OTHER && event->event_bytes >= 16 &&
	    memcmp(event->event, "PERF_RECORD_LOST", 16) == 0)
		return without_event(&whole, event, true);
	return what;
}
