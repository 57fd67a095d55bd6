/* The simulator's own memory: zeroed; running out ends the program with a message. */
#ifndef SIM_XALLOC_H
#define SIM_XALLOC_H

#include <stddef.h>

void *xalloc(size_t size);
void *xrealloc(void *old, size_t size);                 /* new bytes are not zeroed */
char *xstrdup(const char *text);
/* `size` zeroed bytes that cost memory only where touched; xunmap gives them back. */
void *xmap(size_t size);
/* The same for tables that are used densely: on huge pages, if they are large and the host has them. */
void *xmap_tables(size_t size);
void xunmap(void *p, size_t size);
_Noreturn void xalloc_failed(size_t size);

#endif
