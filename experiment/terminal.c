/*
 * stdout and stderr through a stream that cleans.
 */
#include "experiment/terminal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment/file.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum { CHARACTER_BYTES = 4 };

/* A standard stream behind its guard. They are global, and so is this. */
struct guard {
	FILE *stream, *behind;  /* what the program prints to; where it goes */
	bool ours;              /* what comes now is a command of the program itself */
	char begun[CHARACTER_BYTES];    /* first bytes of a character whose rest is still to come */
	size_t count;
	int error;              /* of the first write that failed; 0: none */
};

static struct guard guards[2];

static struct guard *guard_of(FILE *stream)
{
	for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
		if (guards[i].stream && guards[i].stream == stream)
			return &guards[i];
	return NULL;
}

/* Whether the next byte has to be seen: a character is incomplete, or a line end of two. */
static bool waits(const struct guard *guard)
{
	return text_cut(guard->begun, guard->count) ||
	       (guard->count == 1 && guard->begun[0] == '\r');
}

/* Prints what has begun, cleaned, as far as it is known to be a character or none. */
static void settle(struct guard *guard, FILE *clean)
{
	while (guard->count && !waits(guard)) {
		uint32_t character;
		size_t bytes = text_character(guard->begun, guard->count, &character);
		bool passes = bytes && (text_printable(character) || character == '\n' ||
					character == '\t');
		bool line_end = guard->count > 1 && !memcmp(guard->begun, "\r\n", 2);

		if (passes)
			fwrite(guard->begun, 1, bytes, clean);
		else if (!line_end)
			putc('?', clean);
		guard->count -= bytes ? bytes : 1;
		memmove(guard->begun, guard->begun + (bytes ? bytes : 1), guard->count);
	}
}

static bool write_all(struct guard *guard, const char *text, size_t length)
{
	while (length) {
		ssize_t done = write(fileno(guard->behind), text, length);

		if (done < 0 && errno != EINTR) {
			guard->error = guard->error ? guard->error : errno;
			return false;
		}
		if (done > 0) {
			text += done;
			length -= (size_t)done;
		}
	}
	return true;
}

/* All of it or, as fopencookie wants errors told, nothing. */
static ssize_t guard_write(void *cookie, const char *text, size_t length)
{
	struct guard *guard = cookie;
	char *cleaned;
	size_t cleaned_length;

	if (guard->ours)
		return write_all(guard, text, length) ? (ssize_t)length : 0;

	FILE *clean = text_open(&cleaned, &cleaned_length);

	for (size_t i = 0; i < length; i++) {
		guard->begun[guard->count++] = text[i];
		settle(guard, clean);
	}
	text_close(clean);

	bool done = write_all(guard, cleaned, cleaned_length);

	free(cleaned);
	return done ? (ssize_t)length : 0;
}

static FILE *guarded(struct guard *guard, FILE *behind, int buffering)
{
	FILE *stream = fopencookie(guard, "w", (cookie_io_functions_t){ .write = guard_write });

	if (!stream)
		xalloc_failed(sizeof *stream);
	setvbuf(stream, NULL, buffering, 0);
	*guard = (struct guard){ .stream = stream, .behind = behind };
	return stream;
}

void terminal_guard(void)
{
	stdout = guarded(&guards[0], stdout, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	stderr = guarded(&guards[1], stderr, _IONBF);
}

void terminal_paint(FILE *out, enum paint paint)
{
	static const char *const commands[] = {
		[PAINT_PLAIN] = "\033[0m", [PAINT_BOLD] = "\033[1m",	[PAINT_RED] = "\033[31m",
		[PAINT_CYAN] = "\033[36m", [PAINT_ERASE] = "\r\033[K",
	};
	struct guard *guard = guard_of(out);

	if (guard) {
		fflush(out);
		guard->ours = true;
	}
	fputs(commands[paint], out);
	if (guard) {
		fflush(out);
		guard->ours = false;
	}
}

int terminal_error(FILE *stream)
{
	const struct guard *guard = guard_of(stream);

	fflush(stream);
	return guard ? guard->error : 0;
}

bool terminal_reached(FILE *stream)
{
	return isatty(fileno(terminal_bytes(stream)));
}

FILE *terminal_bytes(FILE *stream)
{
	struct guard *guard = guard_of(stream);

	if (!guard)
		return stream;
	fflush(stream);
	return guard->behind;
}
