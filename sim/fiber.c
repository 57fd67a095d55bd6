/* Fibers; see fiber.h. */
#include "sim/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sim/verbs/xalloc.h"

#if !defined(FIBER_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define FIBER_UCONTEXT
#endif

#ifdef FIBER_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

struct fiber {
	void *sp;                       /* saved stack pointer while not running */
	void *stack;
	size_t stack_bytes;
	void (*entry)(void *);
	void *argument;
	void *fake_stack;               /* AddressSanitizer's */
	struct fiber *from;             /* who switched here last */
#ifdef FIBER_UCONTEXT
	ucontext_t context;
#endif
};

/* First thing on the new stack after a switch. */
static void arrived(struct fiber *self)
{
#ifdef FIBER_ASAN
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
	if (self->from && !self->from->stack) {         /* learn the main thread's stack */
		self->from->stack = (void *)(uintptr_t)bottom;
		self->from->stack_bytes = size;
	}
#else
	(void)self;
#endif
}

__attribute__((noreturn, used)) static void fiber_start(struct fiber *self)
{
	arrived(self);
	self->entry(self->argument);
	abort();
}

#ifdef FIBER_UCONTEXT

static void start_halves(unsigned high, unsigned low)
{
	fiber_start((struct fiber *)(((uintptr_t)high << 32) | low));
}

static void prepare(struct fiber *f)
{
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = f->stack_bytes;
	makecontext(&f->context, (void (*)(void))start_halves, 2, (unsigned)((uintptr_t)f >> 32),
		    (unsigned)(uintptr_t)f);
}

static void jump(struct fiber *from, struct fiber *to)
{
	swapcontext(&from->context, &to->context);
}

#elif defined(__x86_64__)

/* fiber_jump(void **save, void *sp): push callee-saved registers, swap stacks, pop. */
void fiber_jump(void **save, void *sp);
void fiber_entry(void);
__asm__(".text\n.globl fiber_jump\n.type fiber_jump,@function\nfiber_jump:\n"
	"	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	"
	"pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	"
	"popq %rbp\n"
	"	ret\n.size fiber_jump,.-fiber_jump\n"
	".globl fiber_entry\n.type fiber_entry,@function\nfiber_entry:\n"
	"	movq %rbx, %rdi\n	xorl %ebp, %ebp\n	call *%r12\n	ud2\n"
	".size fiber_entry,.-fiber_entry\n");

static void prepare(struct fiber *f)
{
	uintptr_t top = ((uintptr_t)f->stack + f->stack_bytes) & ~(uintptr_t)15;
	uintptr_t *sp = (uintptr_t *)top - 9;

	sp[0] = sp[1] = sp[2] = 0;                      /* r15 r14 r13 */
	sp[3] = (uintptr_t)fiber_start;                 /* r12 */
	sp[4] = (uintptr_t)f;                           /* rbx */
	sp[5] = 0;                                      /* rbp */
	sp[6] = (uintptr_t)fiber_entry;                 /* return address; rsp is then 16-aligned */
	f->sp = sp;
}

static void jump(struct fiber *from, struct fiber *to)
{
	fiber_jump(&from->sp, to->sp);
}

#else /* aarch64 */

void fiber_jump(void **save, void *sp);
void fiber_entry(void);
__asm__(".text\n.globl fiber_jump\n.type fiber_jump,%function\nfiber_jump:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp]\n	stp x21, x22, [sp, #16]\n	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n	stp x27, x28, [sp, #64]\n	stp x29, x30, [sp, "
	"#80]\n"
	"	stp d8, d9, [sp, #96]\n	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n	str x9, [x0]\n	mov sp, x1\n"
	"	ldp x19, x20, [sp]\n	ldp x21, x22, [sp, #16]\n	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n	ldp x27, x28, [sp, #64]\n	ldp x29, x30, [sp, "
	"#80]\n"
	"	ldp d8, d9, [sp, #96]\n	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n	ret\n.size fiber_jump,.-fiber_jump\n"
	".globl fiber_entry\n.type fiber_entry,%function\nfiber_entry:\n"
	"	mov x0, x19\n	mov x29, xzr\n	blr x20\n	brk #0\n.size "
	"fiber_entry,.-fiber_entry\n");

static void prepare(struct fiber *f)
{
	uintptr_t top = ((uintptr_t)f->stack + f->stack_bytes) & ~(uintptr_t)15;
	uintptr_t *sp = (uintptr_t *)top - 20;

	for (int i = 0; i < 20; i++)
		sp[i] = 0;
	sp[0] = (uintptr_t)f;                           /* x19 */
	sp[1] = (uintptr_t)fiber_start;                 /* x20 */
	sp[11] = (uintptr_t)fiber_entry;                /* x30 */
	f->sp = sp;
}

static void jump(struct fiber *from, struct fiber *to)
{
	fiber_jump(&from->sp, to->sp);
}

#endif

struct fiber *fiber_new(size_t stack_bytes, void (*entry)(void *), void *argument)
{
	struct fiber *f = xalloc(sizeof *f);

	f->entry = entry;
	f->argument = argument;
	f->stack_bytes = stack_bytes;
	f->stack = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->stack == MAP_FAILED)
		xalloc_failed(stack_bytes);
	prepare(f);
	return f;
}

void fiber_reset(struct fiber *f)
{
#ifdef FIBER_ASAN
	ASAN_UNPOISON_MEMORY_REGION(f->stack, f->stack_bytes);
	f->fake_stack = NULL;
#endif
	prepare(f);
}

struct fiber *fiber_main(void)
{
	return xalloc(sizeof(struct fiber));
}

void fiber_free(struct fiber *f)
{
	if (f && f->entry) {
#ifdef FIBER_ASAN
		ASAN_UNPOISON_MEMORY_REGION(f->stack, f->stack_bytes);
#endif
		munmap(f->stack, f->stack_bytes);
	}
	free(f);
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
	to->from = from;
#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
#endif
	jump(from, to);
	arrived(from);
}

void fiber_prefetch(const struct fiber *f)
{
	enum { HOST_LINE = 64, TOP = 6 }; /* registers, and the frames of an access */

	for (int i = 0; i < TOP; i++)
		__builtin_prefetch((const char *)f->sp + HOST_LINE * i, 1);
}
