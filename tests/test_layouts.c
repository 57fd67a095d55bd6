/*
 * Every table of members covers its struct: a member that is missing would make reports silent
 * about its bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/model.h"

/* Longest padding before `offset`: a word's alignment, or a line's. */
static size_t padding_before(size_t offset)
{
	return offset % LINE == 0 ? LINE - 1 : 7;
}

/* First byte that no field covers and that is no padding; layout->size: none. */
static size_t first_hole(const struct layout *layout)
{
	size_t covered = 0;

	while (covered < layout->size) {
		size_t reach = covered, next = layout->size;

		for (const struct field *f = layout->fields; f->name; f++) {
			if (f->offset <= covered && f->offset + f->size > reach)
				reach = f->offset + f->size;
			if (f->offset > covered && f->offset < next)
				next = f->offset;
		}
		if (reach == covered) {
			if (next - covered > padding_before(next))
				return covered;
			reach = next;
		}
		covered = reach;
	}
	return layout->size;
}

static void expect_covered(const struct layout *layout)
{
	size_t hole;

	assert_non_null(layout->name);
	if (!layout->fields)
		return;
	for (const struct field *f = layout->fields; f->name; f++)
		if (f->size == 0 || f->offset + f->size > layout->size)
			fail_msg("%s.%s lies outside the struct", layout->name, f->name);
	hole = first_hole(layout);
	if (hole < layout->size)
		fail_msg("%s: no member at byte %zu", layout->name, hole);
}

static unsigned expect_all_covered(const struct layout *const *layouts)
{
	unsigned count = 0;

	assert_non_null(layouts);
	for (; *layouts; layouts++, count++)
		expect_covered(*layouts);
	return count;
}

static void expect_variants_covered(const struct object_allocator *model)
{
	assert_true(expect_all_covered(model->layouts) > 0);
	for (size_t i = 0; model->variants && model->variants[i]; i++)
		assert_true(expect_all_covered(model->variants[i]->layouts) > 0);
}

static void every_member_of_every_struct_has_a_name(void **state)
{
	(void)state;
	expect_covered(page_view_packed_56.layout);
	expect_covered(page_view_aligned_64.layout);
	expect_covered(page_view_6_12.layout);
	for (size_t i = 0; page_allocators[i]; i++)
		assert_true(expect_all_covered(page_allocators[i]->layouts) > 0);
	for (size_t i = 0; object_allocators[i]; i++)
		expect_variants_covered(object_allocators[i]);
}

/* Of an object of three words, the middle one without a name. */
static void a_missing_member_is_found(void **state)
{
	static const struct field fields[] = { { .name = "first", .size = 8 }, { .name = "third", .offset = 16, .size = 8 }, { 0 } };
	static const struct field no_last[] = { { .name = "first", .size = 8 }, { .name = "second", .offset = 8, .size = 8 }, { 0 } };
	struct layout layout = { "three", 24, CLASS_ALLOCATOR, fields };

	(void)state;
	assert_int_equal(first_hole(&layout), 8);
	layout.fields = no_last;
	assert_int_equal(first_hole(&layout), 16);
	layout.size = 16;
	assert_int_equal(first_hole(&layout), 16);
}

static void views_are_as_large_as_their_era_has_it(void **state)
{
	(void)state;
	assert_int_equal(page_view_packed_56.size, 56);
	assert_int_equal(page_view_packed_56.layout->size, 56);
	assert_int_equal(page_view_aligned_64.size, 64);
	assert_int_equal(page_view_aligned_64.layout->size, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_of_every_struct_has_a_name),
		cmocka_unit_test(a_missing_member_is_found),
		cmocka_unit_test(views_are_as_large_as_their_era_has_it),
	};

	return cmocka_run_group_tests_name("layouts", tests, NULL, NULL);
}
