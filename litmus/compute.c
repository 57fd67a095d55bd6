/* Registers, flags and addresses. */
#include "litmus/compute.h"

enum { ZERO = 1, SIGN = 2, CARRY = 4, OVERFLOW = 8 };

/*
 * Where variables lie, for a test's eyes: addresses are numbers that no test counts up to, and
 * fit the registers of both sizes. The simulated machine has addresses of its own.
 */
enum { FIRST_ADDRESS = 0x5a3c9000, STRIDE = 256 };

int64_t litmus_extend(int64_t value, unsigned size)
{
	switch (size) {
	case 1:
		return (int8_t)value;
	case 2:
		return (int16_t)value;
	case 4:
		return (int32_t)value;
	default:
		return value;
	}
}

/* ---- operations -------------------------------------------------------------------------- */

static uint64_t unsigned_of(int64_t value, unsigned size)
{
	return size == 8 ? (uint64_t)value : (uint64_t)value & ((1ull << 8 * size) - 1);
}

static int64_t add(unsigned size, int64_t a, int64_t b, int64_t *flags)
{
	int64_t sum = litmus_extend(a + b, size);

	*flags = unsigned_of(sum, size) < unsigned_of(a, size) ? CARRY : 0;
	if (((a ^ sum) & (b ^ sum)) < 0)
		*flags |= OVERFLOW;
	return sum;
}

static int64_t subtract(unsigned size, int64_t a, int64_t b, int64_t *flags)
{
	int64_t difference = litmus_extend(a - b, size);

	*flags = unsigned_of(a, size) < unsigned_of(b, size) ? CARRY : 0;
	if (((a ^ b) & (a ^ difference)) < 0)
		*flags |= OVERFLOW;
	return difference;
}

static int64_t result_of(enum operation operation, unsigned size, int64_t a, int64_t b,
			 int64_t *flags)
{
	int64_t carry = *flags & CARRY, result;

	*flags = 0;
	switch (operation) {
	case OPERATION_ADD:
		return add(size, a, b, flags);
	case OPERATION_SUB:
	case OPERATION_CMP:
		return subtract(size, a, b, flags);
	case OPERATION_AND:
	case OPERATION_TEST:
		return a & b;
	case OPERATION_OR:
		return a | b;
	case OPERATION_XOR:
		return a ^ b;
	case OPERATION_INC:             /* these two leave the carry as it is */
		result = add(size, a, 1, flags);
		*flags = (*flags & ~CARRY) | carry;
		return result;
	case OPERATION_DEC:
		result = subtract(size, a, 1, flags);
		*flags = (*flags & ~CARRY) | carry;
		return result;
	case OPERATION_NEG:
		return subtract(size, 0, a, flags);
	case OPERATION_NOT:
		return ~a;
	}
	return 0;
}

int64_t compute_operation(enum operation operation, unsigned size, int64_t left, int64_t right,
			  int64_t *flags)
{
	int64_t before = *flags;
	int64_t result = result_of(operation, size, litmus_extend(left, size),
				   litmus_extend(right, size), flags);

	if (operation == OPERATION_NOT)
		*flags = before;
	else
		*flags |= (result == 0 ? ZERO : 0) | (result < 0 ? SIGN : 0);
	return result;
}

static bool holds(enum when when, int64_t flags)
{
	bool less = !(flags & SIGN) != !(flags & OVERFLOW), zero = flags & ZERO;

	switch (when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_EQUAL:
		return zero;
	case WHEN_LESS:
		return less;
	case WHEN_LESS_EQUAL:
		return less || zero;
	case WHEN_BELOW:
		return flags & CARRY;
	case WHEN_BELOW_EQUAL:
		return flags & CARRY || zero;
	case WHEN_SIGN:
		return flags & SIGN;
	default:                        /* the opposite of the one before it */
		return !holds(when - 1, flags);
	}
}

/* ---- registers --------------------------------------------------------------------------- */

void compute_write(int64_t *reg, unsigned size, int64_t value)
{
	if (size >= 4)
		*reg = (int64_t)unsigned_of(value, size);
	else
		*reg = (int64_t)(((uint64_t)*reg & ~unsigned_of(-1, size)) |
				 unsigned_of(value, size));
}

int64_t compute_operand(const struct instruction *in, const int64_t *reg)
{
	return in->source < 0 ? in->value : reg[in->source];
}

/* A move that does not take place still clears the upper half, as any of 4 bytes does. */
static void set(const struct instruction *in, int64_t *reg)
{
	bool moved = holds(in->when, reg[LITMUS_FLAGS]);

	compute_write(&reg[in->target], in->size,
		      moved ? compute_operand(in, reg) : reg[in->target]);
}

static void extend(const struct instruction *in, int64_t *reg)
{
	int64_t value = reg[in->source];

	compute_write(&reg[in->target], in->size,
		      in->with_sign ? litmus_extend(value, in->from)
				    : (int64_t)unsigned_of(value, in->from));
}

unsigned compute_step(const struct instruction *in, unsigned number, int64_t *reg)
{
	int64_t result;

	switch (in->kind) {
	case INSTRUCTION_SET:
		set(in, reg);
		break;
	case INSTRUCTION_EXTEND:
		extend(in, reg);
		break;
	case INSTRUCTION_COMPUTE:
		result = compute_operation(in->operation, in->size, reg[in->target],
					   compute_operand(in, reg), &reg[LITMUS_FLAGS]);
		if (in->operation != OPERATION_CMP && in->operation != OPERATION_TEST)
			compute_write(&reg[in->target], in->size, result);
		break;
	case INSTRUCTION_ADDRESS:
		compute_write(&reg[in->target], in->size, address_value(&in->address, reg));
		break;
	default:
		if (holds(in->when, reg[LITMUS_FLAGS]))
			return in->jump;
	}
	return number + 1;
}

/* ---- addresses --------------------------------------------------------------------------- */

int64_t address_of(unsigned variable)
{
	return FIRST_ADDRESS + (int64_t)STRIDE * variable;
}

int address_variable(const struct litmus *test, int64_t address)
{
	int64_t variable = (address - FIRST_ADDRESS) / STRIDE;

	if (address < FIRST_ADDRESS || variable >= test->variables ||
	    address != address_of((unsigned)variable))
		return -1;
	return (int)variable;
}

int64_t address_value(const struct address *address, const int64_t *reg)
{
	int64_t value = address->offset;

	if (address->variable >= 0)
		value += address_of((unsigned)address->variable);
	if (address->base >= 0)
		value += reg[address->base];
	if (address->index >= 0)
		value += reg[address->index] * address->scale;
	return (int64_t)unsigned_of(value, address->bytes);
}

int address_find(const struct litmus *test, const struct instruction *in, const int64_t *reg)
{
	const struct address *a = &in->address;

	if (a->base < 0 && a->index < 0 && !a->offset)
		return a->variable;
	return address_variable(test, address_value(a, reg));
}

int64_t litmus_observe(const struct litmus *test, const struct observed *observed, int64_t value)
{
	if (observed->thread < 0) {
		const struct litmus_variable *v = &test->variable[observed->index];

		/* what lies behind the bytes that are ever written stays as it began */
		if (v->size < observed->size)
			value = (int64_t)((uint64_t)v->start & ~unsigned_of(-1, v->size)) |
				(int64_t)unsigned_of(value, v->size);
	}
	return litmus_extend(value, observed->size);
}
