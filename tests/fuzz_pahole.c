/*
 * What the fuzzer feeds: bytes as pahole's text, and behind a NUL byte the name of a member. What
 * is read must print and read back the same, and stay so when members move.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/outline_text.h"
#include "workloads/pahole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *to, unsigned line, unsigned column, const char *text)
{
	(void)to;
	/* every mistake has a place and says something */
	if (!line || !column || !*text)
		abort();
}

static char *printed(const struct outline *outline, size_t *length)
{
	char *text;
	FILE *out = text_open(&text, length);

	outline_print(out, outline);
	text_close(out);
	return text;
}

/* Its text reads as the same struct. */
static void must_come_back(const struct outline *outline)
{
	size_t length, again_length;
	char *text = printed(outline, &length), *again_text;
	struct outline *again = pahole_read(text, length, "", ignore, NULL);

	if (!again)
		abort();
	again_text = printed(again, &again_length);
	if (length != again_length || memcmp(text, again_text, length))
		abort();
	free(text);
	free(again_text);
	outline_free(again);
}

static void look(void *to, const char *name)
{
	struct outline_spot spot;
	char why[300] = "";

	if (!outline_find(to, name, &spot, why, sizeof why) && !*why)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = memchr(data, 0, size);
	size_t length = nul ? (size_t)(nul - text) : size;
	struct outline *outline = pahole_read(text, length, "", ignore, NULL);
	char name[200] = "";

	outline_free(pahole_read(text, length, "file", ignore, NULL));
	if (!outline)
		return 0;
	must_come_back(outline);
	outline_names(outline, look, outline);
	if (nul && size - length - 1 < sizeof name) {
		memcpy(name, nul + 1, size - length - 1);
		look(outline, name);
		if (outline_outer(outline, name) != SIZE_MAX && size % 2)
			outline_align(outline, outline_outer(outline, name), 64);
		else if (outline_outer(outline, name) != SIZE_MAX)
			outline_own_line(outline, outline_outer(outline, name), 64);
	} else {
		outline_pad(outline, outline->members - 1, 8);
	}
	if (outline_lay_out(outline) && outline->members < 200)
		must_come_back(outline);
	outline_free(outline);
	return 0;
}
