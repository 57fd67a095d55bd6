/*
 * Parsing one line of recorded kmem events:
 *
 *	comm  2117 [003]  5123.410233: kmem:kfree: call_site=f+0x1 [mod] ptr=0xffff8803f1c26a00
 *	comm-2117  [003] d..1.  5123.410233: kfree: call_site=ffffffff815a0d11 ptr=ffff8803f1c26a00
 *
 * Names of processes hold anything, so the last `[CPU] flags time:` of the line counts; values of
 * call_site hold spaces, so a field is found as ` key=`.
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

/* A decimal number, at most 18 digits. */
static bool decimal(struct text *text, uint64_t *number)
{
	const char *start = text->at;

	*number = 0;
	while (text->at < text->end && is_digit(*text->at) && text->at - start < 18)
		*number = *number * 10 + (uint64_t)(*text->at++ - '0');
	return text->at > start;
}

/* `seconds.fraction:`, in ns; digits beyond nine are dropped. */
static bool timestamp(struct text *text, uint64_t *ns)
{
	uint64_t seconds, fraction = 0;
	unsigned digits = 0;

	if (!decimal(text, &seconds) || seconds > UINT32_MAX || !skip(text, '.'))
		return false;
	for (; text->at < text->end && is_digit(*text->at); text->at++, digits++)
		if (digits < 9)
			fraction = fraction * 10 + (uint64_t)(*text->at - '0');
	if (digits == 0 || !skip(text, ':'))
		return false;
	for (; digits < 9; digits++)
		fraction *= 10;
	*ns = seconds * 1000000000u + fraction;
	return true;
}

/* `[CPU] flags time:` at text, flags optional; text is left behind it. */
static bool place_at(struct text *text, unsigned *cpu, uint64_t *ns)
{
	uint64_t number;

	if (!skip(text, '[') || !decimal(text, &number) || number > UINT16_MAX || !skip(text, ']'))
		return false;
	if (text->at == text->end || !is_space(*text->at))
		return false;
	skip_spaces(text);
	struct text try = *text;

	if (!timestamp(&try, ns)) {
		while (text->at < text->end && !is_space(*text->at))
			text->at++;
		skip_spaces(text);
		try = *text;
		if (!timestamp(&try, ns))
			return false;
	}
	*text = try;
	*cpu = (unsigned)number;
	return true;
}

/* The last place in the line. */
static bool find_place(struct text *line, unsigned *cpu, uint64_t *ns)
{
	for (const char *at = line->end; at-- > line->at;) {
		struct text try = { at, line->end };

		if (*at == '[' && place_at(&try, cpu, ns)) {
			*line = try;
			return true;
		}
	}
	return false;
}

static bool word(struct text *text, const char **start, size_t *bytes)
{
	*start = text->at;
	while (text->at < text->end && is_word(*text->at))
		text->at++;
	*bytes = (size_t)(text->at - *start);
	return *bytes > 0;
}

/* `group:name:` or `name:`, perhaps after a period; the group must be kmem for our events. */
static bool event_name(struct text *text, struct kmem_event *event, bool *foreign)
{
	const char *group;
	size_t bytes;
	uint64_t period;

	skip_spaces(text);
	struct text try = *text;

	if (decimal(&try, &period) && try.at < try.end && is_space(*try.at)) {
		skip_spaces(&try);
		*text = try;
	}
	if (!word(text, &event->event, &event->event_bytes) || !skip(text, ':'))
		return false;
	*foreign = false;
	if (text->at == text->end || is_space(*text->at))
		return true;
	group = event->event;
	bytes = event->event_bytes;
	*foreign = bytes != 4 || memcmp(group, "kmem", 4) != 0;
	return word(text, &event->event, &event->event_bytes) && skip(text, ':');
}

/* ---- fields -------------------------------------------------------------------------------- */

/* The value of ` key=`, up to the next space. */
static bool field(const struct text *fields, const char *key, struct text *value)
{
	size_t bytes = strlen(key);

	for (const char *at = fields->at; (size_t)(fields->end - at) > bytes + 1; at++) {
		if (!is_space(*at) || memcmp(at + 1, key, bytes) != 0 || at[bytes + 1] != '=')
			continue;
		value->at = value->end = at + bytes + 2;
		while (value->end < fields->end && !is_space(*value->end))
			value->end++;
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

/* Hexadecimal with or without 0x, and nothing else. */
static bool hexadecimal(struct text value, uint64_t *number)
{
	if (value.end - value.at > 2 && value.at[0] == '0' &&
	    (value.at[1] == 'x' || value.at[1] == 'X'))
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

static bool whole_decimal(struct text value, uint64_t *number)
{
	return decimal(&value, number) && value.at == value.end;
}

static bool equals(struct text value, const char *text)
{
	size_t bytes = strlen(text);

	return (size_t)(value.end - value.at) == bytes && memcmp(value.at, text, bytes) == 0;
}

static bool bounded_field(const struct text *fields, const char *key, uint64_t min, uint64_t max,
			  uint32_t *number)
{
	struct text value;
	uint64_t wide;

	if (!field(fields, key, &value) || !whole_decimal(value, &wide) || wide < min || wide > max)
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
	while (value.end < fields->end) {
		struct text rest = { value.end, fields->end };
		const char *start;
		size_t bytes;

		skip_spaces(&rest);
		if (rest.at == rest.end || (word(&rest, &start, &bytes) && skip(&rest, '=')))
			break;
		for (value.end = rest.at; value.end < fields->end && !is_space(*value.end);)
			value.end++;
	}
	event->name = value.at;
	event->name_bytes = (size_t)(value.end - value.at);
}

static enum kmem_line object_event(const struct text *fields, struct kmem_event *event, bool frees)
{
	struct text value;

	event->level = TRACE_SLAB;
	if (!field(fields, "ptr", &value))
		return KMEM_BROKEN;
	if (equals(value, "(null)") || equals(value, "(nil)"))
		return KMEM_NULL;
	if (equals(value, "(____ptrval____)"))
		return KMEM_HIDDEN;
	if (!hexadecimal(value, &event->id))
		return KMEM_BROKEN;
	if (event->id == 0)
		return KMEM_NULL;
	if (event->kind == TRACE_KMEM_CACHE)
		name_field(fields, event);
	if (frees)
		return KMEM_FREE;
	if (!bounded_field(fields, "bytes_alloc", 1, TRACE_SIZE_MAX, &event->size))
		return KMEM_BROKEN;
	return KMEM_ALLOC;
}

static enum kmem_line page_event(const struct text *fields, struct kmem_event *event, bool frees)
{
	struct text value;

	event->level = TRACE_PAGES;
	if (!field(fields, "pfn", &value))
		return KMEM_BROKEN;
	bool hex = value.end - value.at > 2 && value.at[1] == 'x';

	if (equals(value, "-1") || equals(value, "18446744073709551615"))
		return KMEM_NULL;
	if (!(hex ? hexadecimal(value, &event->id) : whole_decimal(value, &event->id)))
		return KMEM_BROKEN;
	if (event->id == UINT64_MAX)
		return KMEM_NULL;
	if (!bounded_field(fields, "order", 0, TRACE_ORDER_MAX, &event->size))
		return KMEM_BROKEN;
	return frees ? KMEM_FREE : KMEM_ALLOC;
}

static const struct event_kind {
	const char *name;
	bool pages, frees, batched;
	enum trace_kind kind;
} event_kinds[] = {
	{ "kmalloc",                false, false, false, TRACE_KMALLOC },
	{ "kmalloc_node",           false, false, false, TRACE_KMALLOC },
	{ "kfree",                  false, true,  false, TRACE_KMALLOC },
	{ "kmem_cache_alloc",       false, false, false, TRACE_KMEM_CACHE },
	{ "kmem_cache_alloc_node",  false, false, false, TRACE_KMEM_CACHE },
	{ "kmem_cache_free",        false, true,  false, TRACE_KMEM_CACHE },
	{ "mm_page_alloc",          true,  false, false, TRACE_PAGE_BLOCK },
	{ "mm_page_free",           true,  true,  false, TRACE_PAGE_BLOCK },
	{ "mm_page_free_direct",    true,  true,  false, TRACE_PAGE_BLOCK },    /* until 3.2 */
	{ "mm_page_free_batched",   true,  true,  true,  TRACE_PAGE_BLOCK },
	{ "mm_pagevec_free",        true,  true,  true,  TRACE_PAGE_BLOCK },    /* until 3.2 */
};

static enum kmem_line known_event(const struct text *fields, struct kmem_event *event)
{
	struct text name = { event->event, event->event + event->event_bytes };

	for (size_t i = 0; i < sizeof event_kinds / sizeof *event_kinds; i++) {
		const struct event_kind *kind = &event_kinds[i];

		if (!equals(name, kind->name))
			continue;
		event->kind = kind->kind;
		event->batched = kind->batched;
		event->kfree = kind->frees && kind->kind == TRACE_KMALLOC;
		return kind->pages ? page_event(fields, event, kind->frees) :
				     object_event(fields, event, kind->frees);
	}
	return KMEM_OTHER;
}

/* ---- lines without an event ------------------------------------------------------------------ */

static const char *find_text(const struct text *line, const char *text)
{
	return memmem(line->at, (size_t)(line->end - line->at), text, strlen(text));
}

static bool lost_events(const struct text *line, uint64_t *lost)
{
	const char *at = find_text(line, "[LOST ");

	if (!at)
		return false;
	struct text rest = { at + strlen("[LOST "), line->end };

	return decimal(&rest, lost) && find_text(&rest, " EVENTS]") == rest.at;
}

/* `<spaces>ADDRESS symbol+0xOFFSET (object)`, as perf prints call chains. */
static bool stack_frame(struct text line)
{
	const char *start = line.at;
	uint64_t address;

	skip_spaces(&line);
	struct text number = { line.at, line.at };

	while (number.end < line.end && !is_space(*number.end))
		number.end++;
	return line.at > start && number.end < line.end && hexadecimal(number, &address);
}

static enum kmem_line without_event(const struct text *line, struct kmem_event *event)
{
	if (lost_events(line, &event->lost))
		return KMEM_LOST;
	if (find_text(line, "kmem:"))
		return KMEM_NO_PLACE;
	if (stack_frame(*line) || find_text(line, "cpus=") == line->at)
		return KMEM_NOTHING;
	return KMEM_NO_EVENT;
}

enum kmem_line kmem_parse(const char *line, size_t bytes, struct kmem_event *event)
{
	struct text text = { line, line + bytes }, whole;
	bool foreign;

	*event = (struct kmem_event){ 0 };
	while (text.end > text.at && (is_space(text.end[-1]) || text.end[-1] == '\r'))
		text.end--;
	whole = text;
	skip_spaces(&text);
	if (text.at == text.end || *text.at == '#')
		return KMEM_NOTHING;
	if (!find_place(&text, &event->cpu, &event->time_ns))
		return without_event(&whole, event);
	if (!event_name(&text, event, &foreign))
		return KMEM_NO_EVENT;
	return foreign ? KMEM_OTHER : known_event(&text, event);
}
