/* The host: its CPUs, its clock, its memory; see machine.h. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "native/machine.h"
#include "sim/verbs/xalloc.h"

unsigned host_cpus(unsigned *host, unsigned most)
{
	cpu_set_t set;
	unsigned count = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 0;
	for (unsigned i = 0; i < CPU_SETSIZE && count < most; i++)
		if (CPU_ISSET(i, &set))
			host[count++] = i;
	return count;
}

bool host_pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof set, &set) == 0;
}

double host_cycles_per_tick(void)
{
	enum { TRIES = 60, ROUNDS = 2500 };
	double best = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t x = 0, start = native_ticks_begin(), ticks;

		for (unsigned k = 0; k < ROUNDS; k++)
			x = native_add_sixteen(x);
		ticks = native_ticks_end() - start;
		if (ticks && (double)x / (double)ticks > best)
			best = (double)x / (double)ticks;
	}
	return best > 0 ? best : 1;
}

/* Dependent additions, one a cycle. */
void native_work(uint64_t cycles)
{
	uint64_t x = 0;

	while (x + 16 <= cycles)
		x = native_add_sixteen(x);
	for (; x < cycles; x++)
		__asm__ volatile("" : "+r"(x));
}

char *host_memory(uint64_t bytes)
{
	const uint64_t large = 2 << 20;
	char *memory = xmap(bytes + large);
	uint64_t before = (large - (uintptr_t)memory % large) % large;

	/* what lies outside of the large pages goes back */
	if (before)
		munmap(memory, before);
	if (large - before)
		munmap(memory + before + bytes, large - before);
	madvise(memory + before, bytes, MADV_HUGEPAGE);
	return memory + before;
}

static void clear_page(char *page, size_t bytes)
{
	memset(page, 0, bytes);
	for (size_t at = 0; at < bytes; at += LINE)
		native_flush_line(page + at);
}

void host_clear(char *memory, uint64_t bytes)
{
	enum { PART = 1 << 12 };        /* pages that are asked for at once */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char there[PART];

	for (uint64_t at = 0; at < bytes; at += PART * page) {
		uint64_t length = bytes - at < PART * page ? bytes - at : PART * page;

		if (mincore(memory + at, length, there) != 0)
			memset(there, 1, sizeof there);
		for (uint64_t i = 0; i * page < length; i++)
			if (there[i] & 1)
				clear_page(memory + at + i * page, page);
	}
	native_fence();
}
