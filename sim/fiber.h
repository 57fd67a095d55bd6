/*
 * Fibers: each simulated CPU runs as a coroutine with a stack of its own.
 *
 * The switch is hand-written for x86-64 and aarch64 (a few ns); elsewhere, and with
 * -DFIBER_UCONTEXT, ucontext does it. Switches are announced to AddressSanitizer.
 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

#include <stddef.h>

struct fiber;

/* A fiber that will run entry(argument) when first switched to; entry must not return. */
struct fiber *fiber_new(size_t stack_bytes, void (*entry)(void *), void *argument);
/* The thread that calls, as a fiber to come back to. */
struct fiber *fiber_main(void);
void fiber_free(struct fiber *fiber);
/* Where it was is forgotten: it starts anew when next switched to. Not the one that runs. */
void fiber_reset(struct fiber *fiber);
void fiber_switch(struct fiber *from, struct fiber *to);
/* It will be switched to soon: fetches the top of its stack. */
void fiber_prefetch(const struct fiber *fiber);

#endif
