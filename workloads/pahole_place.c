/* See pahole_place.h. */
#include "workloads/pahole_place.h"

#include <string.h>

struct numbers {
	uint64_t value[3];
	unsigned count;
	bool bits;                      /* a colon behind the first */
	bool negative;
};

/* The numbers of a comment that holds nothing else; count 0: it is another comment. */
static struct numbers comment_numbers(const struct token *token)
{
	struct numbers numbers = { .count = 0 };
	const char *at = token->start + 2, *end = token->start + token->length - 2;

	for (;;) {
		while (at < end && strchr(" \t", *at))
			at++;
		if (at >= end)
			return numbers;
		if (*at == ':' && numbers.count == 1 && !numbers.bits) {
			numbers.bits = true;
			at++;
			continue;
		}
		bool negative = *at == '-';
		const char *start = at += negative;

		while (at < end && pahole_in_word(*at))
			at++;
		if (numbers.count == 3 || pahole_number(start, (size_t)(at - start)) == UINT64_MAX)
			return (struct numbers){ .count = 0 };
		numbers.negative |= negative;
		numbers.value[numbers.count++] = pahole_number(start, (size_t)(at - start));
	}
}

void pahole_read_place(struct reader *reader, const struct token *start,
		       struct outline_member *member)
{
	struct numbers numbers = { .count = 0 };

	if (reader->token.kind == TOKEN_COMMENT)
		numbers = comment_numbers(&reader->token);
	if (numbers.negative) {
		pahole_complain(reader, &reader->token, "an offset or size below 0");
	} else if (numbers.count != 2u + numbers.bits) {
		pahole_complain(
			reader, start,
			"no /* OFFSET SIZE */ behind '%.40s': take the text that pahole prints, not the source",
			*member->name ? member->name : "}");
		return;
	} else if (numbers.bits != (member->bits > 0)) {
		pahole_complain(reader, &reader->token,
				numbers.bits
					? "'%.40s' is no bit-field, and its comment is that of one"
					: "bit-field '%.40s' wants /* OFFSET: BIT SIZE */",
				member->name);
	} else if (numbers.value[0] > OUTLINE_BYTES_MAX ||
		   numbers.value[1 + numbers.bits] > OUTLINE_BYTES_MAX) {
		pahole_complain(reader, &reader->token, "offsets and sizes end at %d bytes",
				OUTLINE_BYTES_MAX);
	} else {
		member->offset = numbers.value[0];
		member->size = numbers.value[1 + numbers.bits];
		if (numbers.bits && numbers.value[1] < 1024)
			member->bit = (unsigned)numbers.value[1];
	}
	pahole_next(reader);
}

uint64_t pahole_whole_size(const struct token *token)
{
	const char *at = token->start + 2, *end = token->start + token->length - 2;

	while (at < end && *at == ' ')
		at++;
	if (end - at < 6 || memcmp(at, "size: ", 6))
		return UINT64_MAX;
	at += 6;

	const char *start = at;

	while (at < end && pahole_in_word(*at))
		at++;
	return pahole_number(start, (size_t)(at - start));
}
