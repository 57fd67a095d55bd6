/* For check_memory.sh: the FAIL_AT-th allocation of a process finds no memory. */
#include <errno.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long count, fails = -1;

static int is_last(void)
{
	if (fails < 0) {
		const char *number = getenv("FAIL_AT");

		fails = number ? atol(number) : 0;
	}
	if (++count != fails)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return is_last() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return is_last() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return is_last() ? NULL : __libc_realloc(old, size);
}
