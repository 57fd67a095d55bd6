/*
 * What a loaded allocator does without a verb: see own.h. The memory it knows cannot be touched,
 * nor can its C variables be changed while a run is on, so the host says where it tried to; and
 * where it is when nothing else happens for seconds of the processor.
 *
 * Who is inside is this thread's, for a signal has no other way to learn it: one of the few
 * variables outside a machine.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "models/own/own.h"
#include "sim/verbs/xalloc.h"

enum { STACK_SEEN = 64, HANDLER_STACK = 256 << 10, PLACE_BYTES = 300, TICK_SECONDS = 2 };

static _Thread_local struct {
	struct own *own; /* whose code runs; NULL: nobody's */
	struct cpu *cpu;
	jmp_buf *escape;
	uint64_t turns, seen; /* so often it came in; at the last tick */
	bool forked; /* it did */
} inside;

/* ---- the place in the source ---------------------------------------------------------------- */

/* Segments of the shared object that the allocator is in. */
struct segments {
	const void *within; /* an address in it */
	uintptr_t base; /* what its addresses are relative to; 0: not found */
	uintptr_t text, text_end, data, data_end;
};

static int find_segments(struct dl_phdr_info *info, size_t size, void *to)
{
	struct segments *s = to, found = { .within = s->within, .base = info->dlpi_addr };
	bool here = false;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;

		if (part->p_type != PT_LOAD)
			continue;
		here = here || ((uintptr_t)s->within >= start && (uintptr_t)s->within < end);
		if (part->p_flags & PF_X) {
			found.text = start;
			found.text_end = end;
		} else if (part->p_flags & PF_W) {
			found.data = start;
			found.data_end = end;
		}
	}
	if (here)
		*s = found;
	return here;
}

static struct segments segments_of(const struct allocator *plug)
{
	struct segments s = { .within = plug };

	dl_iterate_phdr(find_segments, &s);
	return s;
}

/* "FILE:LINE" as the compiler noted it, by addr2line; false: nobody knows. */
static bool ask_for_line(const char *file, uintptr_t offset, char *text, size_t size)
{
	struct own *own = inside.own;
	char address[32];
	int ends[2], status = 0;
	ssize_t length;
	pid_t child;

	snprintf(address, sizeof address, "%#lx", (unsigned long)offset);
	if (pipe(ends))
		return false;
	inside.own = NULL;              /* the program asks, not the allocator */
	child = fork();
	inside.own = own;
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execlp("addr2line", "addr2line", "-e", file, address, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	length = read(ends[0], text, size - 1);
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || status || length <= 0)
		return false;
	text[length] = '\0';
	text[strcspn(text, "\n ")] = '\0';
	return strchr(text, ':') && text[0] != '?' && !strstr(text, ":?") && !strstr(text, ":0");
}

/* The file as the allocator's verbs name it, if they do; else without its folders. */
static const char *shorten(const struct own *own, const char *path)
{
	const char *slash = strrchr(path, '/');

	for (unsigned i = 0; i < sim_cpus(own->sim); i++) {
		const struct site *last = own->visitor[i].last;
		size_t at = last ? strlen(last->file) : 0;

		if (last && strlen(path) >= at && !strcmp(path + strlen(path) - at, last->file))
			return path + strlen(path) - at;
	}
	return slash ? slash + 1 : path;
}

struct place_of_code {
	char text[PLACE_BYTES];
	const char *file; /* in text; NULL: only behind a verb's place is known */
	int line;
};

static void find_place(const struct own *own, const struct segments *s, uintptr_t code,
		       struct place_of_code *place)
{
	const struct site *last = inside.cpu ? own->visitor[cpu_id(inside.cpu)].last : NULL;
	char *colon;

	place->file = last ? last->file : own->file;
	place->line = last ? (int)last->line : 0;
	if (!code || !ask_for_line(own->file, code - s->base, place->text, sizeof place->text))
		return;
	colon = strrchr(place->text, ':');
	*colon = '\0';
	place->line = atoi(colon + 1);
	place->file = shorten(own, place->text);
}

/* The instruction of the allocator: where the fault was, or, in a function of the C library, where
 * that was called from. 0: elsewhere. */
static uintptr_t code_of(const struct segments *s, const ucontext_t *context)
{
#if defined(__x86_64__)
	uintptr_t code = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	const uintptr_t *stack = (const uintptr_t *)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	uintptr_t code = context->uc_mcontext.pc;
	const uintptr_t *stack = (const uintptr_t *)context->uc_mcontext.sp;
#else
	uintptr_t code = 0;
	const uintptr_t *stack = NULL;
#endif
	if (code >= s->text && code < s->text_end)
		return code;
	for (unsigned i = 0; stack && i < STACK_SEEN; i++)
		if (stack[i] > s->text && stack[i] < s->text_end)
			return stack[i] - 1;
	return 0;
}

/* ---- the end -------------------------------------------------------------------------------- */

_Noreturn void guard_break(const struct site *site, const char *format, ...)
{
	struct own *own = inside.own;
	jmp_buf *escape = inside.escape;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(own->broken, sizeof own->broken, format, arguments);
	va_end(arguments);
	own->broken_at = site;
	guard_leave();
	longjmp(*escape, 1);
}

static void what_happened(const struct own *own, const struct segments *s, int signal_number,
			  const void *address, char *what, size_t size)
{
	uint64_t offset = (uint64_t)((const char *)address - own->alias);
	char name[120];

	if (signal_number == SIGVTALRM)
		snprintf(what, size, "a loop without a verb, and no end in sight");
	else if (signal_number == SIGFPE)
		snprintf(what, size, "a division by zero");
	else if (own->alias && offset >= ARENA_PAGE && offset < own->bytes)
		snprintf(what, size, "%s touched without a verb; simulated memory is reached by %s",
			 own_describe(own, own_real(own, address), name, sizeof name),
			 inside.cpu ? "load(), store() and the like" : "peek() and poke() here");
	else if ((uintptr_t)address >= s->data && (uintptr_t)address < s->data_end)
		snprintf(
			what, size,
			"a C variable changed in a run; what is kept belongs into simulated memory");
	else
		snprintf(what, size, "%s touched", own_nowhere(address, name, sizeof name));
}

static void caught(int number, siginfo_t *info, void *context)
{
	struct own *own = inside.own;
	struct segments s;
	struct place_of_code place;
	char what[200];
	uintptr_t code;

	if (number == SIGVTALRM && (!own || inside.seen != inside.turns)) {
		inside.seen = inside.turns;
		return;
	}
	if (!own) { /* not the allocator's: as if nobody had asked */
		signal(number, SIG_DFL);
		return;
	}
	s = segments_of(own->plug);
	code = code_of(&s, context);
	find_place(own, &s, code, &place);
	what_happened(own, &s, number, info->si_addr, what, sizeof what);
	if (inside.cpu) {
		struct cpu *cpu = inside.cpu;

		guard_leave();
		sim_bug(cpu, place.file, place.line, "%s", what);
	}
	guard_break(NULL, "%s:%d: %s", place.file, place.line, what);
}

/* A copy of the program would go on with the run, and write its results too. */
static void in_copy(void)
{
	if (inside.own)
		_exit(EXIT_FAILURE);
}

static void in_program(void)
{
	inside.forked = inside.forked || inside.own;
}

bool guard_forked(void)
{
	bool forked = inside.forked;

	inside.forked = false;
	return forked;
}

static void listen(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGVTALRM };
	static char *stack; /* the host's, for this program's life */
	struct sigaction action = { .sa_sigaction = caught,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART };

	if (!stack && pthread_atfork(NULL, in_program, in_copy) != 0)
		xalloc_failed(sizeof inside);
	if (!stack) {
		stack_t own = { .ss_sp = stack = xalloc(HANDLER_STACK), .ss_size = HANDLER_STACK };

		sigaltstack(&own, NULL);
	}
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
}

/* ---- in and out ----------------------------------------------------------------------------- */

void guard_enter(struct own *own, struct cpu *cpu, jmp_buf *escape)
{
	inside.own = own;
	inside.cpu = cpu;
	inside.escape = escape;
	inside.turns++;
}

void guard_leave(void)
{
	inside.own = NULL;
}

struct own *guard_own(void)
{
	return inside.own;
}

/* Its own end writes to them: when the program ends they have to let it. */
static const struct allocator *shut[OWN_MAX];

static void set_variables(const struct allocator *plug, bool writable);

static void open_all(void)
{
	for (unsigned i = 0; i < OWN_MAX && shut[i]; i++)
		set_variables(shut[i], true);
}

static void will_open(const struct allocator *plug)
{
	unsigned i = 0;

	while (i < OWN_MAX - 1 && shut[i] && shut[i] != plug)
		i++;
	if (!shut[0])
		atexit(open_all);
	shut[i] = plug;
}

static void set_variables(const struct allocator *plug, bool writable)
{
	struct segments s = segments_of(plug);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = s.data / page * page, end = (s.data_end + page - 1) / page * page;

	/* what the loader made read-only stays so, as the allocator was bound when it was loaded */
	if (start < end)
		mprotect((void *)start, end - start, PROT_READ | (writable ? PROT_WRITE : 0));
}

void guard_variables(const struct own *own, bool writable)
{
	static const struct itimerval ticks = { { TICK_SECONDS, 0 }, { TICK_SECONDS, 0 } };

	if (writable) {
		listen();
	} else { /* a run begins: ticks are of the process's own time */
		will_open(own->plug);
		setitimer(ITIMER_VIRTUAL, &ticks, NULL);
	}
	set_variables(own->plug, writable);
}
