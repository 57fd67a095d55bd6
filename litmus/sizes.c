/*
 * How many bytes each variable and register has. Instructions say it of themselves, or leave it to
 * the variable; a variable is accessed in one size, which may be less than that of its type.
 */
#include "litmus/reader.h"

static bool has_memory(const struct instruction *in)
{
	return in->kind >= INSTRUCTION_LOAD && in->kind != INSTRUCTION_FENCE;
}

/* Its variable is known without registers. */
static bool is_direct(const struct instruction *in)
{
	const struct address *a = &in->address;

	return has_memory(in) && a->base < 0 && a->index < 0 && !a->offset;
}

static void take_size(struct reader *reader, const struct instruction *in,
		      struct litmus_variable *variable)
{
	if (!variable->size) {
		variable->size = in->size;
		variable->place = in->place;
	} else if (variable->size != in->size) {
		mistake(reader->scanner.diagnostics, in->place,
			"'%.40s' is accessed with %u bytes here and with %u elsewhere: mixed sizes are not simulated",
			variable->name, in->size, variable->size);
		mistake_note(reader->scanner.diagnostics, variable->place, "with %u byte%s",
			     variable->size, variable->size == 1 ? "" : "s");
	}
}

/* What is said of a variable by name; and the one size of accesses through registers, 0: none. */
static unsigned gather_sizes(struct reader *reader)
{
	struct litmus *test = reader->test;
	unsigned through = 0;
	bool one = true;

	for (unsigned t = 0; t < test->threads; t++)
		for (unsigned i = 0; i < test->thread[t].count; i++) {
			const struct instruction *in = &test->thread[t].instruction[i];

			if (!has_memory(in) || !in->size)
				continue;
			if (is_direct(in)) {
				if (in->address.variable >= 0)
					take_size(reader, in,
						  &test->variable[in->address.variable]);
				continue;
			}
			one &= !through || through == in->size;
			through = in->size;
		}
	return one ? through : 0;
}

static void settle_variable(struct reader *reader, struct litmus_variable *v, unsigned through)
{
	if (!v->size)
		v->size = v->declared ? v->declared : through ? through : 4;
	/* a type that is too narrow is one by habit: `int` of a variable that movq writes */
	if (v->declared < v->size)
		v->declared = v->size;
	reader_fits(reader, v->start_place, v->start, v->declared);
}

/* Registers that no type was given for are as wide as what is done to them. */
static void use_register(struct litmus_thread *thread, const bool *declared, int number,
			 unsigned size)
{
	if (number >= 0 && !declared[number] && thread->bytes[number] < size)
		thread->bytes[number] = size;
}

static void settle_thread(struct reader *reader, struct litmus_thread *thread, unsigned through)
{
	bool declared[LITMUS_REGISTERS];

	for (int i = 0; i < LITMUS_REGISTERS; i++)
		declared[i] = thread->bytes[i];
	for (unsigned i = 0; i < thread->count; i++) {
		struct instruction *in = &thread->instruction[i];

		if (!in->size)
			in->size = is_direct(in) && in->address.variable >= 0
					   ? reader->test->variable[in->address.variable].size
				   : through ? through
					     : 4;
		use_register(thread, declared, in->target, in->size);
		use_register(thread, declared, in->source,
			     in->kind == INSTRUCTION_EXTEND ? in->from : in->size);
		if (in->source < 0)
			reader_fits(reader, in->place, in->value, in->size);
	}
}

void settle_sizes(struct reader *reader)
{
	struct litmus *test = reader->test;
	unsigned through = gather_sizes(reader);

	for (unsigned i = 0; i < test->variables; i++)
		settle_variable(reader, &test->variable[i], through);
	for (unsigned i = 0; i < test->threads; i++)
		settle_thread(reader, &test->thread[i], through);
}
