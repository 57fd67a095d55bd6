/* The simulator's own memory; see verbs/xalloc.h. */
#include "sim/verbs/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Noreturn void xalloc_failed(size_t size)
{
	fprintf(stderr, "bounce: out of memory (%zu bytes wanted)\n", size);
	exit(1);
}

void *xalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		xalloc_failed(size);
	return p;
}

void *xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		xalloc_failed(size);
	return p;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xalloc(size), text, size);
}

void *xmap(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		xalloc_failed(size);
	return p;
}

void *xmap_tables(size_t size)
{
	enum { LARGE = 8 << 20 }; /* of many CPUs: what the host's TLB has no room for */
	void *p = xmap(size);

#ifdef MADV_HUGEPAGE
	if (size >= LARGE)
		madvise(p, size, MADV_HUGEPAGE);
#endif
	return p;
}

void xunmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}
