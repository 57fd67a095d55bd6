/* Outlines of structs: see outline.h. */
#include "workloads/outline.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/verbs.h"
#include "sim/verbs/xalloc.h"

/* ---- made and freed -------------------------------------------------------------------------- */

struct outline *outline_new(const char *name)
{
	struct outline *outline = xalloc(sizeof *outline);

	outline->name = xstrdup(name);
	return outline;
}

static void free_members(struct outline_member *member, size_t members)
{
	for (size_t i = 0; i < members; i++) {
		free_members(member[i].child, member[i].children);
		free(member[i].name);
		free(member[i].head);
		free(member[i].tail);
	}
	free(member);
}

void outline_forget(struct outline_member *member)
{
	free_members(member->child, member->children);
	member->child = NULL;
	member->children = 0;
}

void outline_free(struct outline *outline)
{
	if (!outline)
		return;
	free_members(outline->member, outline->members);
	free(outline->name);
	free(outline);
}

struct outline_member *outline_add(struct outline_member **members, size_t *count)
{
	struct outline_member *member;

	*members = xrealloc(*members, (*count + 1) * sizeof **members);
	member = &(*members)[(*count)++];
	memset(member, 0, sizeof *member);
	member->elements = 1;
	member->name = xstrdup("");
	return member;
}

/* ---- sizes and offsets ----------------------------------------------------------------------- */

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return to ? (value + to - 1) / to * to : value;
}

/* The largest power of two, up to a word, that divides it; a word for 0. */
static uint64_t divisor(uint64_t value)
{
	uint64_t found = OUTLINE_WORD_BYTES;

	while (value % found)
		found /= 2;
	return found;
}

static uint64_t alignment(const struct outline_member *member)
{
	return member->align > member->natural ? member->align : member->natural;
}

/* The largest alignment that it, or a member of it, is declared with. */
static uint64_t asked(const struct outline_member *member)
{
	uint64_t align = member->align;

	for (size_t i = 0; i < member->children; i++) {
		uint64_t inner = asked(&member->child[i]);

		align = align > inner ? align : inner;
	}
	return align;
}

static uint64_t end_of(const struct outline_member *member)
{
	return member->offset + member->size;
}

/* What one element of it holds, in bytes: none of an array without a length. */
static uint64_t element_size(const struct outline_member *member)
{
	return member->elements ? member->size / member->elements : 0;
}

/* What its type wants is not printed: no more than divides where it lies and what it repeats. */
static uint64_t natural_of(const struct outline_member *member)
{
	uint64_t each = element_size(member), natural = 1;

	for (size_t i = 0; i < member->children; i++) {
		if (natural < alignment(&member->child[i]))
			natural = alignment(&member->child[i]);
	}
	if (!member->children && each)
		natural = divisor(each);
	while (member->offset % natural)
		natural /= 2;
	return natural;
}

/* The smallest power of two that `end` is rounded up to; 1: none makes `size` of it. */
static uint64_t padded_to(uint64_t end, uint64_t size)
{
	for (uint64_t align = 1; align <= size && align <= OUTLINE_BYTES_MAX; align *= 2) {
		if (round_up(end, align) == size)
			return align;
	}
	return 1;
}

/* A list of members in what has `size` bytes, which a compiler laid out: a multiple of what each of
 * them wants; and a hole in front of one tells what that is at least. size 0: they were not. */
static void find_naturals(struct outline_member *member, size_t members, bool is_union, uint64_t size)
{
	uint64_t end = 0;

	for (size_t i = 0; i < members; i++) {
		struct outline_member *one = &member[i];
		uint64_t natural;

		find_naturals(one->child, one->children, one->kind == MEMBER_UNION,
			      size ? element_size(one) : 0);
		natural = natural_of(one);
		while (size % natural)
			natural /= 2;
		one->natural = natural;
		for (; i && !is_union && size && !one->bits && natural <= OUTLINE_BYTES_MAX; natural *= 2) {
			if (one->offset % natural || size % natural)
				break;
			if (natural >= one->align && round_up(end, natural) == one->offset) {
				one->natural = natural;
				break;
			}
		}
		end = end < end_of(one) ? end_of(one) : end;
	}
}

static const char *called(const struct outline_member *member)
{
	return *member->name ? member->name : member->kind == MEMBER_UNION ? "union" : "struct";
}

/* Of a bit-field; its word may go on behind the end of a packed struct. */
static uint64_t end_of_bits(const struct outline_member *member)
{
	return member->offset + (member->bit + member->bits + 7) / 8;
}

/* ---- can they lie so? ------------------------------------------------------------------------ */

struct judge {
	outline_tell *tell;
	void *to;
	size_t told;
};

__attribute__((format(printf, 3, 4))) static void judge_tell(struct judge *judge,
							     const struct outline_member *member,
							     const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	judge->told++;
	judge->tell(judge->to, member, text);
}

/* A list of members in order, inside of what begins at `start` and ends at `end`. */
static void judge_members(struct judge *judge, struct outline_member *member, size_t members,
			  bool is_union, uint64_t start, uint64_t end)
{
	const struct outline_member *last = NULL;

	for (size_t i = 0; i < members; i++) {
		struct outline_member *one = &member[i];
		/* the members of one element; an array without a length has some too */
		uint64_t inner = one->elements ? one->offset + element_size(one) : OUTLINE_BYTES_MAX;
		uint64_t within = asked(one);

		if (one->align & (one->align - 1) || one->align > OUTLINE_BYTES_MAX)
			judge_tell(judge, one,
				   "'%.60s' is aligned to %" PRIu64 ": powers of two, up to %d",
				   called(one), one->align, OUTLINE_BYTES_MAX);
		else if (one->align && one->offset % one->align)
			judge_tell(judge, one,
				   "'%.60s' lies at %" PRIu64
				   ", which is no multiple of its alignment, %" PRIu64,
				   called(one), one->offset, one->align);
		else if (within && one->offset % within)
			judge_tell(judge, one,
				   "'%.60s' lies at %" PRIu64
				   ", which is no multiple of the alignment of a member of it, %" PRIu64,
				   called(one), one->offset, within);
		if (one->offset < start || (one->bits ? end_of_bits(one) : end_of(one)) > end)
			judge_tell(judge, one,
				   "'%.60s' takes bytes %" PRIu64 " to %" PRIu64
				   ", what holds it has %" PRIu64 " to %" PRIu64,
				   called(one), one->offset, end_of(one), start, end);
		/* a bit-field's word may begin before the bytes in front of it */
		else if (last && !is_union &&
			 one->offset + (one->bits ? OUTLINE_WORD_BYTES : 1) <= last->offset)
			judge_tell(judge, one,
				   "'%.60s' begins at %" PRIu64 ", and '%.60s' in front of it at %" PRIu64
				   "; members stand in the order of their bytes",
				   called(one), one->offset, called(last), last->offset);
		else if (last && !is_union && one->offset < end_of(last) && !one->bits &&
			 !last->bits)
			judge_tell(judge, one,
				   "'%.60s' begins at %" PRIu64 ", where '%.60s' has bytes %" PRIu64
				   " to %" PRIu64 "; members that overlap are a union",
				   called(one), one->offset, called(last), last->offset,
				   end_of(last));
		if (one->bits > 8 * one->size)
			judge_tell(judge, one, "'%.60s' has %u bits in %" PRIu64 " bytes",
				   called(one), one->bits, one->size);
		if (one->kind != MEMBER_PLAIN)
			judge_members(judge, one->child, one->children, one->kind == MEMBER_UNION,
				      one->offset, inner);
		if (!last || end_of(one) > end_of(last))
			last = one;
	}
}

/* All names that can be said without what holds them, in the order of the text. */
struct said {
	const struct outline_member **member;
	size_t count;
};

static void note_said(struct said *said, const struct outline_member *member, size_t members)
{
	for (size_t i = 0; i < members; i++) {
		if (!*member[i].name) {
			note_said(said, member[i].child, member[i].children);
			continue;
		}
		/* room doubles whenever it is used up, at powers of two */
		if (!(said->count & (said->count - 1)))
			said->member = xrealloc(said->member, (said->count ? 2 * said->count : 1) *
								      sizeof *said->member);
		said->member[said->count++] = &member[i];
	}
}

static int by_name(const void *one, const void *other)
{
	const struct outline_member *a = *(const struct outline_member *const *)one;
	const struct outline_member *b = *(const struct outline_member *const *)other;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

/* A name means one member, here and in each struct and union with a name. */
static void judge_names(struct judge *judge, const struct outline_member *member, size_t members)
{
	struct said said = { NULL, 0 };

	note_said(&said, member, members);
	if (said.count)
		qsort(said.member, said.count, sizeof *said.member, by_name);
	for (size_t i = 0; i < said.count; i++) {
		if (i && !strcmp(said.member[i]->name, said.member[i - 1]->name))
			judge_tell(
				judge, said.member[i],
				"a second member '%.60s' of the same struct; the first is in line %u",
				said.member[i]->name, said.member[i - 1]->line);
		judge_names(judge, said.member[i]->child, said.member[i]->children);
	}
	free(said.member);
}

/* The first member with bytes that member `at` has too, or that lie behind its start; itself: none. */
static size_t first_sharing(const struct outline *outline, size_t at)
{
	size_t i = 0;

	while (i < at && end_of(&outline->member[i]) <= outline->member[at].offset)
		i++;
	return i;
}

bool outline_check(struct outline *outline, outline_tell *tell, void *to)
{
	struct judge judge = { tell, to, 0 };
	uint64_t end = 0;

	find_naturals(outline->member, outline->members, false, outline->size);
	for (size_t i = 0; i < outline->members; i++) {
		struct outline_member *member = &outline->member[i];

		member->joined = false;
		/* a bit-field's word may hold several of those in front of it */
		for (size_t j = first_sharing(outline, i) + 1; j <= i; j++)
			outline->member[j].joined = true;
		if (end < end_of(member))
			end = end_of(member);
	}
	if (!outline->size)
		outline->size = end;
	outline->natural = padded_to(end, outline->size);
	if (!outline->members || !outline->size)
		judge_tell(&judge, NULL, "struct '%.60s' has no members", outline->name);
	else if (outline->size > OUTLINE_BYTES_MAX)
		judge_tell(&judge, NULL, "struct '%.60s' has %" PRIu64 " bytes; at most %d",
			   outline->name, outline->size, OUTLINE_BYTES_MAX);
	else if (outline->align & (outline->align - 1) || outline->align > OUTLINE_BYTES_MAX)
		judge_tell(&judge, NULL,
			   "struct '%.60s' is aligned to %" PRIu64 ": powers of two, up to %d",
			   outline->name, outline->align, OUTLINE_BYTES_MAX);
	else
		judge_members(&judge, outline->member, outline->members, false, 0, outline->size);
	judge_names(&judge, outline->member, outline->members);
	return !judge.told;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The member of that name, looked for in structs and unions without one too. */
static const struct outline_member *find_in(const struct outline_member *member, size_t members,
					    const char *name, size_t length)
{
	for (size_t i = 0; i < members; i++) {
		const struct outline_member *one = &member[i];

		if (strlen(one->name) == length && !memcmp(one->name, name, length) && length)
			return one;
		if (!*one->name) {
			one = find_in(one->child, one->children, name, length);
			if (one)
				return one;
		}
	}
	return NULL;
}

/* A whole number at *text, which is passed; UINT64_MAX: none, or beyond all structs. */
static uint64_t pass_number(const char **text)
{
	uint64_t value = 0;
	const char *at = *text;

	for (; *at >= '0' && *at <= '9' && value <= OUTLINE_BYTES_MAX; at++)
		value = 10 * value + (uint64_t)(*at - '0');
	if (at == *text || value > OUTLINE_BYTES_MAX)
		return UINT64_MAX;
	*text = at;
	return value;
}

static unsigned word_at(uint64_t offset, uint64_t room)
{
	unsigned size = OUTLINE_WORD_BYTES;

	while (size > room || offset % size)
		size /= 2;
	return size;
}

/* Names up to what is no part of one: "outer.inner" of "outer.inner[2]". */
static const struct outline_member *pass_names(const struct outline *outline, const char **text,
					       char *why, size_t size)
{
	static const char ends[] = ".[+";
	const struct outline_member *found = NULL, *member = outline->member;
	size_t members = outline->members;

	for (;;) {
		size_t length = strcspn(*text, ends);

		found = find_in(member, members, *text, length);
		if (!found) {
			snprintf(why, size, "struct '%.60s' has no member '%.*s'", outline->name,
				 (int)(length < 60 ? length : 60), *text);
			return NULL;
		}
		*text += length;
		if (**text != '.')
			return found;
		if (!found->children) {
			snprintf(why, size, "'%.60s' has no members of its own", called(found));
			return NULL;
		}
		member = found->child;
		members = found->children;
		++*text;
	}
}

/* "[2]" and "+8" behind a name. */
static bool pass_inside(const struct outline_member *member, const char **text,
			struct outline_spot *spot, char *why, size_t size)
{
	uint64_t each = member->elements ? member->size / member->elements : 0, number;

	if (**text == '[') {
		++*text;
		number = pass_number(text);
		if (number == UINT64_MAX || **text != ']' || number >= member->elements || !each) {
			snprintf(why, size,
				 "'%.60s' has %" PRIu64 " elements, counted from 0: [INDEX]",
				 called(member), member->elements);
			return false;
		}
		++*text;
		spot->offset += number * each;
		spot->room = each;
	}
	if (**text == '+') {
		++*text;
		number = pass_number(text);
		if (number == UINT64_MAX || number >= spot->room) {
			snprintf(why, size, "'%.60s' has bytes 0 to %" PRIu64 ": +BYTES",
				 called(member), spot->room - 1);
			return false;
		}
		spot->offset += number;
		spot->room -= number;
	}
	if (!**text)
		return true;
	snprintf(why, size, "'%.60s' ends a name; behind it stand [INDEX], +BYTES or nothing",
		 *text);
	return false;
}

bool outline_find(const struct outline *outline, const char *text, struct outline_spot *spot,
		  char *why, size_t size)
{
	const char *at = text;
	const struct outline_member *member = pass_names(outline, &at, why, size);

	if (!member)
		return false;
	*spot = (struct outline_spot){
		.offset = member->offset,
		.room = member->size,
		.bits = member->bits > 0,
	};
	if (member->offset + member->size > outline->size) {
		/* of a word that goes on behind a packed struct, what is in it */
		spot->room = member->offset < outline->size ? outline->size - member->offset : 0;
	}
	if (!spot->room) {
		snprintf(why, size, "'%.60s' has no bytes that could be accessed", called(member));
		return false;
	}
	if (strlen(text) >= sizeof spot->name) {
		snprintf(why, size, "the name of a member has at most %d letters",
			 OUTLINE_NAME_BYTES - 1);
		return false;
	}
	snprintf(spot->name, sizeof spot->name, "%s", text);
	if (!pass_inside(member, &at, spot, why, size))
		return false;
	spot->size = word_at(spot->offset, spot->room);
	return true;
}

static void name_members(const struct outline_member *member, size_t members, const char *above,
			 outline_name *name, void *to)
{
	char full[2 * OUTLINE_NAME_BYTES];

	for (size_t i = 0; i < members; i++) {
		const struct outline_member *one = &member[i];
		bool fits =
			*one->name && strlen(above) + strlen(one->name) + 2 < OUTLINE_NAME_BYTES;

		if (fits) {
			snprintf(full, sizeof full, "%s%s%s", above, *above ? "." : "", one->name);
			name(to, full);
		}
		name_members(one->child, one->children, fits ? full : above, name, to);
	}
}

void outline_names(const struct outline *outline, outline_name *name, void *to)
{
	name_members(outline->member, outline->members, "", name, to);
}

size_t outline_outer(const struct outline *outline, const char *name)
{
	size_t length = strcspn(name, ".[+");

	/* models have dots in the names of members */
	for (size_t i = 0; i < outline->members; i++) {
		if (!strcmp(outline->member[i].name, name))
			return i;
	}
	for (size_t i = 0; i < outline->members; i++) {
		if (find_in(&outline->member[i], 1, name, length))
			return i;
	}
	return SIZE_MAX;
}

/* ---- units ----------------------------------------------------------------------------------- */

static size_t first_of_unit(const struct outline *outline, size_t at)
{
	while (at && outline->member[at].joined)
		at--;
	return at;
}

size_t outline_next_unit(const struct outline *outline, size_t at)
{
	for (at++; at < outline->members && outline->member[at].joined; at++)
		continue;
	return at;
}

size_t outline_move(struct outline *outline, size_t at, size_t before)
{
	size_t from = first_of_unit(outline, at), end = outline_next_unit(outline, from),
	       count = end - from;
	size_t to = before < outline->members ? first_of_unit(outline, before) : outline->members;
	struct outline_member *unit;

	if (to >= from && to <= end)
		return from;
	unit = xalloc(count * sizeof *unit);
	memcpy(unit, &outline->member[from], count * sizeof *unit);
	if (to < from) {
		memmove(&outline->member[to + count], &outline->member[to],
			(from - to) * sizeof *unit);
	} else {
		memmove(&outline->member[from], &outline->member[end], (to - end) * sizeof *unit);
		to -= count;
	}
	memcpy(&outline->member[to], unit, count * sizeof *unit);
	free(unit);
	return to;
}

void outline_align(struct outline *outline, size_t at, uint64_t bytes)
{
	struct outline_member *lowest = &outline->member[first_of_unit(outline, at)];

	for (size_t i = first_of_unit(outline, at); i < outline_next_unit(outline, at); i++) {
		if (outline->member[i].offset < lowest->offset)
			lowest = &outline->member[i];
	}
	if (lowest->align < bytes)
		lowest->align = bytes;
	if (outline->align < bytes)
		outline->align = bytes;
}

/* Behind all units but an array without a length, which C wants last. */
static size_t end_of_units(const struct outline *outline)
{
	size_t members = outline->members;

	return members && !outline->member[members - 1].elements ? members - 1 : members;
}

void outline_own_line(struct outline *outline, size_t at, uint64_t line)
{
	at = outline_move(outline, at, end_of_units(outline));
	outline_align(outline, at, line);
}

void outline_pad(struct outline *outline, size_t behind, uint64_t bytes)
{
	size_t at = outline_next_unit(outline, behind);
	struct outline_member *pad = outline_add(&outline->member, &outline->members);
	char *chosen = xalloc(OUTLINE_NAME_BYTES);
	const char *name = outline->member[first_of_unit(outline, behind)].name;

	pad->head = xalloc(OUTLINE_NAME_BYTES + 64);
	/* a name that no other member has */
	snprintf(chosen, OUTLINE_NAME_BYTES, "%.*s__pad", OUTLINE_NAME_BYTES - 16, name);
	for (unsigned i = 2; outline_outer(outline, chosen) != SIZE_MAX; i++)
		snprintf(chosen, OUTLINE_NAME_BYTES, "%.*s__pad%u", OUTLINE_NAME_BYTES - 16, name,
			 i);
	free(pad->name);
	pad->name = chosen;
	snprintf(pad->head, OUTLINE_NAME_BYTES + 64, "char %s[%" PRIu64 "]", pad->name, bytes);
	pad->size = bytes;
	pad->elements = bytes;
	pad->natural = 1;
	pad->offset = UINT32_MAX;       /* behind all others, until it is laid out */
	outline_move(outline, outline->members - 1, at);
}

static void shift(struct outline_member *member, uint64_t from, uint64_t to)
{
	member->offset = member->offset - from + to;
	for (size_t i = 0; i < member->children; i++)
		shift(&member->child[i], from, to);
}

/* The unit [i, next) to the first place from `at` on where it can lie; behind it. */
static uint64_t lay_unit(struct outline *outline, size_t i, size_t next, uint64_t at)
{
	const struct outline_member *strictest = &outline->member[i];
	uint64_t start = UINT64_MAX, end = 0;

	for (size_t j = i; j < next; j++) {
		const struct outline_member *member = &outline->member[j];

		start = member->offset < start ? member->offset : start;
		end = end_of(member) > end ? end_of(member) : end;
		strictest = alignment(member) > alignment(strictest) ? member : strictest;
	}

	/* it need not be the one that the unit begins with */
	uint64_t within = strictest->offset - start;

	at = round_up(at + within, alignment(strictest)) - within;
	for (size_t j = i; j < next; j++)
		shift(&outline->member[j], start, at);
	return at + end - start;
}

bool outline_lay_out(struct outline *outline)
{
	uint64_t at = 0, most = outline->align > outline->natural ? outline->align : outline->natural;

	for (size_t i = 0, next; i < outline->members; i = next) {
		next = outline_next_unit(outline, i);
		at = lay_unit(outline, i, next, at);
		if (at > OUTLINE_BYTES_MAX)
			return false;
		for (size_t j = i; j < next; j++) {
			const struct outline_member *member = &outline->member[j];

			most = most > alignment(member) ? most : alignment(member);
			if (member->align && member->offset % member->align)
				return false;
		}
	}
	outline->size = round_up(at, most ? most : 1);
	return outline->size && outline->size <= OUTLINE_BYTES_MAX;
}
