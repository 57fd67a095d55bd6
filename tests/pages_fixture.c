/* See pages_fixture.h. */
#include <stdio.h>
#include <string.h>

#include "tests/pages_fixture.h"

struct page *pages_take(struct cpu *cpu, struct fixture *f, unsigned order, unsigned gfp)
{
	struct page *page;

	op_begin(cpu, OP_PAGE_ALLOC);
	page = f->page_model->alloc(cpu, f->page_state, order, gfp);
	op_end(cpu, 0, 0);
	return page;
}

void pages_give(struct cpu *cpu, struct fixture *f, struct page *page, unsigned order)
{
	op_begin(cpu, OP_PAGE_FREE);
	f->page_model->free(cpu, f->page_state, page, order);
	op_end(cpu, 0, 0);
}

void pages_give_group(struct cpu *cpu, struct fixture *f, struct page *const *page, unsigned count)
{
	op_begin(cpu, OP_PAGE_FREE);
	f->page_model->free_batch(cpu, f->page_state, page, count);
	op_end(cpu, 0, 0);
}

void pages_wait_for_turn(struct cpu *cpu, struct fixture *f, unsigned turn)
{
	spin_while(cpu, f->turn, value < turn, STEP_PAUSE);
}

struct zone *pages_zone(const struct fixture *f, unsigned node)
{
	return &(*(struct zones **)f->page_state)->zone[node];
}

void pages_no_watermarks(const struct fixture *f)
{
	memset(pages_zone(f, 0)->watermark, 0, WATERMARKS * sizeof(uint64_t));
}

unsigned long long pages_pfn(const struct fixture *f, const struct list_head *lru)
{
	return page_to_pfn(f->memory, lru_page(f->memory, (struct list_head *)lru));
}

void pages_free_lists(const struct fixture *f, unsigned type, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		struct list_head *head = free_list(pages_zone(f, 0), order, type);
		const char *before = "[";

		if (head->next == head)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%so%u", at ? " " : "", order);
		for (struct list_head *l = head->next; l != head; l = l->next, before = ",")
			at += (size_t)snprintf(text + at, size - at, "%s%llu", before,
					       pages_pfn(f, l));
		at += (size_t)snprintf(text + at, size - at, "]");
	}
}

void pages_name_access(const struct fixture *f, const struct one_access *a, char *name,
		       size_t size)
{
	static const struct { const char *text, *name; } names[] = {
		{ "zone.", "Z." }, { "per_cpu_pageset[", "P." }, { "vm_event_state[", "" },
		{ "per_cpu_pages[", "C." }, { "per_cpu_zonestat[", "S." }, { "stack[", "L." },
	};
	uint64_t pfn = page_to_pfn(f->memory, (const struct page *)a->address);
	char text[100];

	sim_describe(f->sim, a->address, text, sizeof text);
	if (pfn < f->memory->pages) {
		snprintf(name, size, "%c PG%u.%s", a->how, (unsigned)pfn, strchr(text, '.') + 1);
		return;
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t length = strlen(names[i].text);

		if (strncmp(text, names[i].text, length))
			continue;
		if (names[i].text[length - 1] == '[')
			length = (size_t)(strchr(text, '.') + 1 - text);
		snprintf(name, size, "%c %s%s", a->how, names[i].name, text + length);
		return;
	}
	snprintf(name, size, "%c %s", a->how, text);
}

void pages_record(const struct fixture *f, char *text, size_t size)
{
	size_t at = 0;
	char name[120];

	text[0] = '\0';
	for (unsigned k = 0; k < f->accesses; k++) {
		pages_name_access(f, &f->access[k], name, sizeof name);
		at += (size_t)snprintf(text + at, size - at, "%s, ", name);
	}
}
