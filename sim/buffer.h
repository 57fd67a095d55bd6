/* The store buffer of a CPU (buffer.c). */
#ifndef SIM_BUFFER_H
#define SIM_BUFFER_H

#include "sim/effect.h"
#include "sim/txn.h"

/* A store that the CPU is done with, but nobody else has seen (buffer.c). */
struct buffered {
	void *p;
	uint64_t line;
	unsigned size;
	_Alignas(16) unsigned char value[sizeof(struct pair)];
	const struct site *site;
	uint32_t context, op_serial, op_read;   /* op_read: of the operation it was forwarded to */
	bool missed;                    /* its line was not here when it was issued */
	bool counted;                   /* as the read-modify-write that it is half of */
};

enum { BUFFER_LINES = 64 };

struct store_buffer {
	unsigned count, first;          /* in it, and the oldest of them */
	struct buffered *entry;         /* [depth], a ring */
	uint16_t of_line[BUFFER_LINES]; /* entries by line number modulo that: mostly none */
	unsigned asked;                 /* the oldest ones, whose lines have been asked for */
	unsigned missing;               /* of those in the buffer, how many missed */
	bool drains;                    /* the oldest one's EVENT_DRAIN is under way */
	uint64_t drained;               /* EVENT_DRAINs so far, for their order */
	bool stalled;                   /* the CPU waits until only `wake` are left */
	unsigned wake;
	uint64_t stalled_since;
};

/* A plain store: true if it went into the buffer, false if it may take effect at once. */
bool buffer_store(struct cpu *cpu, void *p, const void *value, unsigned size,
		  const struct site *site);
/* A load: true if an own buffered store gave the value. Waits for one that gives a part of it. */
bool buffer_load(struct cpu *cpu, const struct want *w, void *value);
/* The store half of a read-modify-write without LOCK; true if that is how it must be done. */
bool buffer_splits(struct cpu *cpu, uint64_t line);
void buffer_push(struct cpu *cpu, void *p, const void *value, unsigned size,
		 const struct site *site, bool counted);
/* Operations begin to count again: no store in the buffer was any one's. */
void buffer_forget_marks(struct cpu *cpu);
/* Wait until no store is left (`left`: so many) that nobody else has seen. */
void buffer_wait(struct cpu *cpu, unsigned left);
/* The own turn with an empty buffer: before a LOCK operation or a fence. */
void buffer_sync(struct cpu *cpu);
/* A transaction of the CPU is complete: the oldest store may have waited for it; then the next. */
void buffer_filled(struct sim *sim, struct cpu *cpu, const struct txn *t);
void buffer_advance(struct sim *sim, struct cpu *cpu, uint64_t time);
void buffer_event(struct sim *sim, struct event *event);
/* May the CPU ask for one more line, by `request`? */
bool buffer_room_to_ask(const struct cpu *cpu, enum request request);

#endif
