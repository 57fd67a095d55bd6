/*
 * What the CPUs of a run did to the structs of one kind, access by access, to be done again:
 *
 *	warmup 120
 *	0 1042 load 8 4 17
 *	1 1050 rmw 0 8 17
 *
 * A line for each access: CPU, cycles from the start of the run, load, store, rmw (with LOCK) or
 * rmw-local, byte in the struct, bytes, which struct of the array. Lines of one CPU are in their
 * order; `warmup` is how many accesses came before the window. '#' begins a comment.
 */
#ifndef WORKLOADS_STRUCT_SEQUENCE_H
#define WORKLOADS_STRUCT_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

enum { SEQUENCE_BYTES_MAX = 256 << 20, SEQUENCE_CPUS_MAX = 1024 };
enum sequence_kind {
	SEQUENCE_LOAD, SEQUENCE_STORE, SEQUENCE_RMW, SEQUENCE_RMW_LOCAL, SEQUENCE_KINDS
};
extern const char *const sequence_words[SEQUENCE_KINDS];

struct sequence_step {
	uint64_t at;                    /* cycles */
	uint32_t offset, instance;
	uint8_t kind, size;
};

struct sequence {
	struct sequence_step *step[SEQUENCE_CPUS_MAX];
	size_t steps[SEQUENCE_CPUS_MAX];
	uint64_t warmup, all;
	unsigned cpus;                  /* one more than the highest number */
	uint64_t instances, bytes;      /* likewise; bytes of a struct that are reached */
};

/* NULL: not such a file; why, with the line, in `why`. */
struct sequence *sequence_parse(const char *text, size_t length, char *why, size_t size);
struct sequence *sequence_read(const char *path, char *why, size_t size);
/* Tells the wrong lines of the file, 20 at most; true: there is none, or no such file. */
bool sequence_check(const char *path, workload_tell *tell, void *to);
void sequence_free(struct sequence *sequence);          /* NULL: nothing */

#endif
