/* Instructions of litmus tests over the verbs; see execute.h. */
#include "litmus/execute.h"

#include "litmus/compute.h"

int64_t execute_load(struct cpu *cpu, const void *word, unsigned size)
{
	int64_t value = 0;

	verb_load(cpu, word, &value, size, SITE("variable"));
	return litmus_extend(value, size);
}

void execute_store(struct cpu *cpu, void *word, unsigned size, int64_t value)
{
	verb_store(cpu, word, &value, size, SITE("variable"));
}

static int64_t rmw(struct cpu *cpu, void *word, unsigned size, enum rmw how, int64_t operand,
		   bool locked)
{
	int64_t old = 0;

	verb_rmw(cpu, word, size, how, NULL, &operand, &old, locked, SITE("variable"));
	return litmus_extend(old, size);
}

/* The machine adds in one instruction: by how much? false: another operation. */
static bool is_addition(enum operation operation, int64_t *operand)
{
	switch (operation) {
	case OPERATION_ADD:
		return true;
	case OPERATION_SUB:
		*operand = -*operand;
		return true;
	case OPERATION_INC:
		*operand = 1;
		return true;
	case OPERATION_DEC:
		*operand = -1;
		return true;
	default:
		return false;
	}
}

bool execute_may_be_one(const struct instruction *in)
{
	int64_t unused = 0;

	return in->kind == INSTRUCTION_UPDATE && !in->locked && is_addition(in->operation, &unused);
}

/* Compares with what the last load gave until nobody came between: in one step at last. */
static int64_t update_locked(struct cpu *cpu, void *word, const struct instruction *in,
			     int64_t operand)
{
	for (;;) {
		int64_t old = execute_load(cpu, word, in->size), flags = 0, was;
		int64_t new = compute_operation(in->operation, in->size, old, operand, &flags);

		if (verb_rmw(cpu, word, in->size, RMW_CAS, &old, &new, &was, true,
			     SITE("variable")))
			return old;
	}
}

/* As the load and the store that it is. */
static int64_t update_plain(struct cpu *cpu, void *word, const struct instruction *in,
			    int64_t operand)
{
	int64_t old = execute_load(cpu, word, in->size), flags = 0;

	execute_store(cpu, word, in->size,
		      compute_operation(in->operation, in->size, old, operand, &flags));
	return old;
}

static void update(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg,
		   bool as_one)
{
	int64_t operand = compute_operand(in, reg), by = operand, old;

	if (is_addition(in->operation, &by) && (in->locked || as_one))
		old = rmw(cpu, word, in->size, RMW_ADD, by, in->locked);
	else if (in->locked)
		old = update_locked(cpu, word, in, operand);
	else
		old = update_plain(cpu, word, in, operand);
	compute_operation(in->operation, in->size, old, operand, &reg[LITMUS_FLAGS]);
	if (in->target >= 0)
		compute_write(&reg[in->target], in->size, old);
}

/* EAX gets what was there if it is another value; without LOCK that is written again. */
static void compare(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg)
{
	int64_t *accumulator = &reg[in->target], expected = *accumulator, old = 0;
	int64_t operand = compute_operand(in, reg);
	bool same;

	if (in->locked) {
		same = verb_rmw(cpu, word, in->size, RMW_CAS, &expected, &operand, &old, true,
				SITE("variable"));
		old = same ? expected : litmus_extend(old, in->size);
	} else {
		old = execute_load(cpu, word, in->size);
		same = old == litmus_extend(expected, in->size);
		execute_store(cpu, word, in->size, same ? operand : old);
	}
	compute_operation(OPERATION_CMP, in->size, expected, old, &reg[LITMUS_FLAGS]);
	if (!same)
		compute_write(accumulator, in->size, old);
}

static void access_memory(struct cpu *cpu, void *word, const struct instruction *in, int64_t *reg,
			  bool as_one)
{
	switch (in->kind) {
	case INSTRUCTION_LOAD:
		compute_write(&reg[in->target], in->size, execute_load(cpu, word, in->size));
		break;
	case INSTRUCTION_STORE:
		execute_store(cpu, word, in->size, compute_operand(in, reg));
		break;
	case INSTRUCTION_EXCHANGE:
		compute_write(&reg[in->target], in->size,
			      rmw(cpu, word, in->size, RMW_EXCHANGE, compute_operand(in, reg),
				  true));
		break;
	case INSTRUCTION_UPDATE:
		update(cpu, word, in, reg, as_one);
		break;
	default:
		compare(cpu, word, in, reg);
	}
}

unsigned execute(struct cpu *cpu, const struct litmus *test, char *const *word,
		 const struct instruction *in, unsigned number, int64_t *reg, bool as_one)
{
	unsigned next = number + 1;

	if (in->kind == INSTRUCTION_FENCE) {
		fence(cpu);
	} else if (in->kind >= INSTRUCTION_LOAD) {
		int variable = address_find(test, in, reg);

		if (variable < 0 || test->variable[variable].size != in->size)
			BUG(cpu, "an address of no variable, which the oracle had not found");
		access_memory(cpu, word[variable], in, reg, as_one);
	} else {
		next = compute_step(in, number, reg);
	}
	if (next <= number)
		compute(cpu, STEP_LOOP);        /* time goes on, whatever the loop does */
	return next;
}
