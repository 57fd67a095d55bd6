/* Groups of CPUs and their lists of accesses: see struct_plan.h. */
#include "workloads/struct_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/lock.h"
#include "sim/verbs/xalloc.h"

const char *const access_words[ACCESS_KINDS + 1] = {
	"load", "store", "add",    "add-local", "cas",   "exchange", "read-mostly",
	"sum",  "lock",  "unlock", "compute",   "fence", NULL,
};

bool access_writes(enum access_kind kind)
{
	return kind != ACCESS_LOAD && kind != ACCESS_SUM && kind != ACCESS_COMPUTE &&
	       kind != ACCESS_FENCE;
}

enum { ACCESSES_MAX = 1000, ALL_ACCESSES_MAX = 20000, GROUPS_MAX = 1000, CYCLES_MAX = 1000000000 };
/* More mistakes are not looked for: nobody reads them. */
enum { MISTAKES_MAX = 200 };

struct planning {
	struct telling telling;
	const struct struct_settings *set;
	const struct tree *tree;        /* of the threads */
	struct struct_plan *plan;
	unsigned cpus;
	unsigned accesses;              /* of all groups */
	bool *skipped;                  /* of each group: what CPUs it has is not known */
};

/* ---- accesses -------------------------------------------------------------------------------- */

/* "0.05": a share above 0 and up to 1, of 2^32. */
static bool read_rate(const char *text, uint64_t *rate)
{
	uint64_t digits = 0, scale = 1;

	if (!strcmp(text, "1")) {
		*rate = RATE_ALWAYS;
		return true;
	}
	if (strncmp(text, "0.", 2) || !text[2] || strlen(text) > 11)
		return false;
	for (text += 2; *text >= '0' && *text <= '9'; text++) {
		digits = 10 * digits + (uint64_t)(*text - '0');
		scale *= 10;
	}
	*rate = (digits << RATE_BITS) / scale;
	return !*text && *rate;
}

/* The words of an access: at most three. */
struct words {
	char text[3][OUTLINE_NAME_BYTES];
	unsigned count;
	bool more;                      /* or a word that is too long */
};

static struct words split(const char *text)
{
	struct words words = { .count = 0 };

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t length = strcspn(text, " ");

		if (words.count == 3 || length >= OUTLINE_NAME_BYTES) {
			words.more = true;
			return words;
		}
		memcpy(words.text[words.count++], text, length);
		text += length;
	}
	return words;
}

static bool read_kind(struct planning *planning, const struct tree_node *node,
		      const struct words *words, struct listed *access)
{
	struct workload_place where = struct_place(node);
	unsigned kind = 0;

	while (kind < ACCESS_KINDS && strcmp(access_words[kind], words->text[0]))
		kind++;
	access->kind = (enum access_kind)kind;
	if (kind < ACCESS_KINDS)
		return true;
	where.wrong = words->text[0];
	where.words = access_words;
	struct_tell(
		&planning->telling, where,
		"'%.60s' is no access: load, store, add, add-local, cas, exchange, read-mostly, sum, lock, unlock of a member; compute CYCLES; fence",
		words->text[0]);
	return false;
}

/* "compute CYCLES", "fence". */
static bool read_bare(struct planning *planning, const struct tree_node *node,
		      const struct words *words, struct listed *access)
{
	if (access->kind == ACCESS_FENCE && words->count == 1)
		return true;
	if (access->kind == ACCESS_COMPUTE && words->count == 2 &&
	    struct_number(words->text[1], CYCLES_MAX, &access->cycles))
		return true;
	struct_tell(&planning->telling, struct_place(node),
		    access->kind == ACCESS_FENCE
			    ? "'fence' stands alone, got '%.60s'"
			    : "'compute' wants its cycles, like compute 100, got '%.60s'",
		    node->word);
	return false;
}

/* Of what is larger than a word any word will do that lies straight in each struct of an array. */
static void fit_word(const struct planning *planning, struct outline_spot *spot)
{
	const struct struct_settings *set = planning->set;
	bool array = set->instances > 1 && !set->per_cpu;

	while (spot->room > spot->size &&
	       (set->start % spot->size || (array && planning->plan->outline->size % spot->size)))
		spot->size /= 2;
}

static bool read_spot(struct planning *planning, const struct tree_node *node,
		      const struct words *words, struct listed *access)
{
	const struct outline *outline = planning->plan->outline;
	char why[300];

	if (!outline)
		return true;    /* its mistakes are told; these are of the other words */
	if (!outline_find(outline, words->text[1], &access->spot, why, sizeof why)) {
		struct_tell_member(&planning->telling, outline, node, words->text[1], why);
		return false;
	}
	fit_word(planning, &access->spot);
	if (access->kind == ACCESS_LOCK || access->kind == ACCESS_UNLOCK)
		access->spot.size = sizeof(struct spinlock);
	if (access->spot.bits && access->kind != ACCESS_LOAD && access->kind != ACCESS_STORE &&
	    access->kind != ACCESS_READ_MOSTLY && access->kind != ACCESS_SUM) {
		struct_tell(
			&planning->telling, struct_place(node),
			"'%.60s' is a bit-field: it is loaded or stored, no instruction changes it at once",
			words->text[1]);
		return false;
	}
	if ((access->kind == ACCESS_LOCK || access->kind == ACCESS_UNLOCK) &&
	    (access->spot.room < sizeof(struct spinlock) ||
	     access->spot.offset % sizeof(struct spinlock))) {
		struct_tell(&planning->telling, struct_place(node),
			    "a lock has 4 bytes at a multiple of 4; '%.60s' has %u at %llu",
			    words->text[1], (unsigned)access->spot.room,
			    (unsigned long long)access->spot.offset);
		return false;
	}
	return true;
}

/* "KIND MEMBER", "KIND MEMBER RATE". */
static bool read_access(struct planning *planning, const struct tree_node *node,
			struct listed *access)
{
	struct words words = split(node->word);
	bool wants_rate;

	access->rate = RATE_ALWAYS;
	if (node->kind != TREE_WORD || !words.count || words.more) {
		struct_tell(
			&planning->telling, struct_place(node),
			"an access is written KIND MEMBER or KIND MEMBER RATE, like 'load f_mode' or 'add f_count 0.1'");
		return false;
	}
	if (!read_kind(planning, node, &words, access))
		return false;
	if (access->kind == ACCESS_COMPUTE || access->kind == ACCESS_FENCE)
		return read_bare(planning, node, &words, access);
	if (words.count < 2) {
		struct_tell(&planning->telling, struct_place(node),
			    "'%s' of which member? %s MEMBER", words.text[0], words.text[0]);
		return false;
	}
	if (!read_spot(planning, node, &words, access))
		return false;
	wants_rate = access->kind == ACCESS_READ_MOSTLY;
	if (words.count == 3 && (access->kind == ACCESS_LOCK || access->kind == ACCESS_UNLOCK)) {
		struct_tell(
			&planning->telling, struct_place(node),
			"a lock is taken each turn: no rate; a group of its own can take it more seldom");
		return false;
	}
	if ((wants_rate && words.count < 3) ||
	    (words.count == 3 && !read_rate(words.text[2], &access->rate))) {
		struct_tell(
			&planning->telling, struct_place(node),
			"'%.60s' wants a rate above 0, up to 1 and with at most nine digits behind the dot: %s MEMBER 0.05",
			node->word, words.text[0]);
		return false;
	}
	return true;
}

/* Each lock that is taken is given back, in the order of a stack or any other, but in this list. */
static void check_locks(struct planning *planning, const struct tree_node *list,
			const struct group *group)
{
	for (unsigned i = 0; i < group->accesses; i++) {
		const struct listed *access = &group->access[i];
		const struct tree_node *node = &planning->tree->node[list->child + i];
		unsigned held = 0;

		if (access->kind != ACCESS_LOCK && access->kind != ACCESS_UNLOCK)
			continue;
		for (unsigned j = 0; j < i; j++) {
			if (group->access[j].spot.offset != access->spot.offset)
				continue;
			held += group->access[j].kind == ACCESS_LOCK;
			held -= group->access[j].kind == ACCESS_UNLOCK;
		}
		if (access->kind == ACCESS_LOCK && held)
			struct_tell(&planning->telling, struct_place(node),
				    "'%.60s' is held already: its CPU would wait for itself",
				    access->spot.name);
		if (access->kind == ACCESS_UNLOCK && !held)
			struct_tell(&planning->telling, struct_place(node),
				    "'%.60s' is not held here: lock %s first", access->spot.name,
				    access->spot.name);
		for (unsigned j = i + 1; access->kind == ACCESS_LOCK && j <= group->accesses; j++) {
			if (j == group->accesses)
				struct_tell(
					&planning->telling, struct_place(node),
					"'%.60s' is never given back: unlock %s ends the section",
					access->spot.name, access->spot.name);
			else if (group->access[j].kind == ACCESS_UNLOCK &&
				 group->access[j].spot.offset == access->spot.offset)
				break;
		}
	}
}

static const struct tree_node *access_node(const struct planning *planning, unsigned group,
					   unsigned access)
{
	const struct tree *tree = planning->tree;
	const struct tree_node *map = &tree->node[tree->node[0].child + group];

	return &tree->node[struct_child(tree, map, "loop")->child + access];
}

/* A word that is a lock somewhere is written by its lock alone. */
static void check_lock_words(struct planning *planning)
{
	const struct struct_plan *plan = planning->plan;
	bool *is_lock = xalloc(plan->outline->size / sizeof(struct spinlock) + 1);

	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct listed *access = &plan->group[i].access[j];

			if (access->kind == ACCESS_LOCK)
				is_lock[access->spot.offset / sizeof(struct spinlock)] = true;
		}
	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct listed *access = &plan->group[i].access[j];
			uint64_t word = access->spot.offset / sizeof(struct spinlock);
			uint64_t end = access->spot.offset + access->spot.size;
			bool hit = false;

			if (!access_writes(access->kind) || access->kind == ACCESS_LOCK ||
			    access->kind == ACCESS_UNLOCK)
				continue;
			for (; word * sizeof(struct spinlock) < end; word++)
				hit |= is_lock[word];
			if (hit)
				struct_tell(
					&planning->telling,
					struct_place(access_node(planning, i, j)),
					"'%.60s' is taken as a lock elsewhere: '%.60s' would overwrite it; only lock, unlock and loads go to a lock",
					access->spot.name, access->site.function);
		}
	free(is_lock);
}

/* ---- places in memory ------------------------------------------------------------------------ */

/* What the struct was declared to be aligned to, or a member of it; 1: nothing. */
static uint64_t declared_alignment(const struct outline *outline)
{
	uint64_t most = outline->align ? outline->align : 1;

	for (size_t i = 0; i < outline->members; i++) {
		const struct outline_member *member = &outline->member[i];

		most = member->align > most ? member->align : most;
		/* of what nested members ask for; words alone are guesses */
		if (member->natural > OUTLINE_WORD_BYTES && member->natural > most)
			most = member->natural;
	}
	return most;
}

/* The struct lies where its alignment lets it, and all of an array do. */
static void check_alignment(struct planning *planning)
{
	const struct struct_settings *set = planning->set;
	const struct outline *outline = planning->plan->outline;
	uint64_t align = declared_alignment(outline);

	if (set->start % align)
		struct_tell(
			&planning->telling, (struct workload_place){ .key = "start" },
			"struct '%.60s' is aligned to %llu bytes and cannot start at %llu: a multiple of it, or 0",
			outline->name, (unsigned long long)align, (unsigned long long)set->start);
	if (set->instances > 1 && !set->per_cpu && outline->size % align)
		struct_tell(
			&planning->telling, (struct workload_place){ .key = "instances" },
			"struct '%.60s' has %llu bytes, no multiple of its alignment, %llu: no array of it can be",
			outline->name, (unsigned long long)outline->size,
			(unsigned long long)align);
}

/* No word that is accessed lies askew: the first mistake of each kind is told. */
static void check_words(struct planning *planning)
{
	const struct struct_settings *set = planning->set;
	const struct struct_plan *plan = planning->plan;
	bool start_told = false, array_told = false;

	for (unsigned i = 0; i < plan->groups; i++)
		for (unsigned j = 0; j < plan->group[i].accesses; j++) {
			const struct outline_spot *spot = &plan->group[i].access[j].spot;

			if (!spot->size)
				continue;       /* compute, fence */
			if (set->start % spot->size && !start_told) {
				struct_tell(
					&planning->telling,
					(struct workload_place){ .key = "start" },
					"'%.60s' has words of %u bytes, which lie at multiples of them: start at one too, not at %llu",
					spot->name, spot->size, (unsigned long long)set->start);
				start_told = true;
			}
			if (set->instances > 1 && !set->per_cpu && !array_told &&
			    plan->outline->size % spot->size) {
				struct_tell(
					&planning->telling,
					(struct workload_place){ .key = "instances" },
					"struct '%.60s' has %llu bytes: in an array '%.60s', with words of %u, is not at a multiple of them; per_cpu, or a member more",
					plan->outline->name,
					(unsigned long long)plan->outline->size, spot->name,
					spot->size);
				array_told = true;
			}
		}
}

static void check_places(struct planning *planning)
{
	size_t before = planning->telling.told;

	check_alignment(planning);
	if (planning->telling.told == before)
		check_words(planning);
}

static void read_loop(struct planning *planning, const struct tree_node *list, struct group *group)
{
	size_t before = planning->telling.told;

	if (list->kind != TREE_LIST || !list->count || list->count > ACCESSES_MAX) {
		struct_tell(
			&planning->telling, struct_place(list),
			"'loop' wants a list of 1 to %d accesses, like [load f_mode, add f_count]",
			ACCESSES_MAX);
		return;
	}
	planning->accesses += list->count;
	if (planning->accesses > ALL_ACCESSES_MAX) {
		struct_tell(&planning->telling, struct_place(list),
			    "more than %d accesses in all groups", ALL_ACCESSES_MAX);
		return;
	}
	group->access = xalloc(list->count * sizeof *group->access);
	for (unsigned i = 0; i < list->count && planning->telling.told < MISTAKES_MAX; i++) {
		const struct tree_node *node = &planning->tree->node[list->child + i];
		struct listed *access = &group->access[group->accesses++];

		if (read_access(planning, node, access))
			access->site = (struct site){ group->name, i + 1, node->word,
						      access_words[access->kind] };
	}
	if (planning->telling.told == before && planning->plan->outline)
		check_locks(planning, list, group);
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

static void give(struct planning *planning, const struct tree_node *node, unsigned cpu,
		 unsigned group)
{
	struct struct_plan *plan = planning->plan;

	if (cpu >= planning->cpus)
		struct_tell(&planning->telling, struct_place(node),
			    "there is no CPU %u: 'cpus' is %u", cpu, planning->cpus);
	else if (plan->group_of[cpu] != GROUPS_MAX)
		struct_tell(&planning->telling, struct_place(node),
			    "CPU %u is one of '%.60s' already", cpu,
			    plan->group[plan->group_of[cpu]].name);
	else
		plan->group_of[cpu] = group;
}

/* Behind a CPU's number; NULL: there is none, or one with zeros in front. */
static const char *read_cpu(const char *at, unsigned long *cpu)
{
	char *end;

	if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
		return NULL;
	*cpu = strtoul(at, &end, 10);
	return *cpu > 100000 ? NULL : end;
}

/* "0-3,8": false: it is nothing of the kind. */
static bool give_numbers(struct planning *planning, const struct tree_node *node, unsigned group)
{
	const char *at = node->word;

	do {
		const char *end;
		unsigned long first, last;

		if (!(end = read_cpu(at, &first)))
			return false;
		last = first;
		if (*end == '-' && (!(end = read_cpu(end + 1, &last)) || last < first))
			return false;
		if ((*end && *end != ',') || (*end == ',' && !end[1]))
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++) {
			give(planning, node, (unsigned)cpu, group);
			if (cpu >= planning->cpus)
				break;  /* told once */
		}
		at = *end ? end + 1 : end;
	} while (*at);
	return true;
}

/* The first CPUs that nobody has. */
static void give_count(struct planning *planning, const struct tree_node *node, uint64_t count,
		       unsigned group)
{
	uint64_t wanted = count;

	for (unsigned cpu = 0; cpu < planning->cpus && count; cpu++) {
		if (planning->plan->group_of[cpu] != GROUPS_MAX)
			continue;
		planning->plan->group_of[cpu] = group;
		count--;
	}
	if (count)
		struct_tell(
			&planning->telling, struct_place(node),
			"'%.60s' wants %llu CPUs, and %llu are left of the %u that 'cpus' gives",
			planning->plan->group[group].name, (unsigned long long)wanted,
			(unsigned long long)(wanted - count), planning->cpus);
}

static bool takes_rest(const struct tree_node *node)
{
	return !node || (node->kind == TREE_WORD &&
			 (!strcmp(node->word, "rest") || !strcmp(node->word, "all")));
}

static void give_rest(struct planning *planning, const struct tree_node *map,
		      const struct tree_node *node, unsigned group)
{
	struct struct_plan *plan = planning->plan;
	bool all = node && !strcmp(node->word, "all");
	unsigned given = 0;

	for (unsigned cpu = 0; cpu < planning->cpus; cpu++) {
		if (all || plan->group_of[cpu] == GROUPS_MAX) {
			give(planning, node ? node : map, cpu, group);
			given++;
		}
	}
	if (!given)
		struct_tell(&planning->telling, struct_place(node ? node : map),
			    "no CPU is left for '%.60s'; 'cpus' is %u", map->key, planning->cpus);
}

/* Named CPUs first, then numbers of them, then the rest. */
static void give_cpus(struct planning *planning, const struct tree_node *root)
{
	const struct tree *tree = planning->tree;
	size_t before = planning->telling.told;
	bool wrong = false; /* then nobody knows what is left */

	for (int pass = 0; pass < 3; pass++) {
		wrong = planning->telling.told > before;
		for (unsigned i = 0; i < root->count; i++) {
			const struct tree_node *map = &tree->node[root->child + i];
			const struct tree_node *node = struct_child(tree, map, "cpus");
			uint64_t count;
			bool rest = takes_rest(node);
			bool number = !planning->skipped[i] && !rest && node->kind == TREE_WORD &&
				      struct_number(node->word, UINT32_MAX, &count);

			if (planning->skipped[i])
				continue;
			if (pass == 0 && !rest && !number &&
			    (node->kind != TREE_WORD || !give_numbers(planning, node, i)))
				struct_tell(
					&planning->telling, struct_place(node),
					"'cpus' is how many, which ones like 0-3,8, rest or all, not '%.60s'",
					node->word);
			if (pass == 1 && number)
				give_count(planning, node, count, i);
			if (pass == 2 && rest && !wrong)
				give_rest(planning, map, node, i);
		}
	}
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* A word that stands unquoted in keys and reports. */
static bool is_group_name(const char *text)
{
	if (!*text || *text == '-' || strlen(text) >= OUTLINE_NAME_BYTES)
		return false;
	for (; *text; text++) {
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') &&
		    !(*text >= '0' && *text <= '9') && *text != '_' && *text != '-')
			return false;
	}
	return true;
}

/* false: what CPUs it has is not known. */
static bool read_group(struct planning *planning, const struct tree_node *map, struct group *group)
{
	static const char *const keys[] = { "cpus", "loop", "work_cycles", NULL };
	const struct tree *tree = planning->tree;
	const struct tree_node *node;
	size_t before;

	group->name = map->key;
	group->work_cycles = planning->set->work_cycles;
	if (map->kind != TREE_MAP) {
		struct_tell(
			&planning->telling, struct_place(map),
			"'%.60s' wants what its CPUs do: {cpus: 1, loop: [load f_mode, add f_count]}",
			map->key);
		return false;
	}
	if (!is_group_name(map->key))
		struct_tell(&planning->telling, struct_key_place(map),
			    "'%.60s' is no name of a group: letters, digits, '_' and '-', at most %d",
			    map->key, OUTLINE_NAME_BYTES - 1);
	before = planning->telling.told;
	struct_keys(&planning->telling, tree, map, keys);

	bool known = planning->telling.told == before || struct_child(tree, map, "cpus");

	if ((node = struct_child(tree, map, "work_cycles")) &&
	    (node->kind != TREE_WORD ||
	     !struct_number(node->word, CYCLES_MAX, &group->work_cycles)))
		struct_tell(&planning->telling, struct_place(node),
			    "'work_cycles' wants a whole number, 0 to %d", CYCLES_MAX);
	node = struct_child(tree, map, "loop");
	if (node)
		read_loop(planning, node, group);
	else
		struct_tell(&planning->telling, struct_key_place(map),
			    "missing key 'loop': what the CPUs of '%.60s' do again and again",
			    map->key);
	return known;
}

static void read_groups(struct planning *planning)
{
	struct struct_plan *plan = planning->plan;
	const struct tree_node *root = &planning->tree->node[0];

	if (!root->count || root->count > GROUPS_MAX) {
		struct_tell(
			&planning->telling, struct_place(root),
			"'threads' wants 1 to %d groups of CPUs: {writer: {cpus: 1, loop: [...]}, ...}",
			GROUPS_MAX);
		return;
	}
	plan->group = xalloc(root->count * sizeof *plan->group);
	plan->groups = root->count;
	planning->skipped = xalloc(root->count * sizeof *planning->skipped);
	for (unsigned i = 0; i < root->count; i++)
		planning->skipped[i] = !read_group(
			planning, &planning->tree->node[root->child + i], &plan->group[i]);
	give_cpus(planning, root);
	free(planning->skipped);
	if (!planning->telling.told && plan->outline)
		check_lock_words(planning);
	for (unsigned cpu = 0; cpu < planning->cpus; cpu++) {
		if (plan->group_of[cpu] == GROUPS_MAX)
			plan->group_of[cpu] = plan->groups;
		else
			plan->group[plan->group_of[cpu]].cpus++;
	}
}

void struct_plan_free(struct struct_plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < plan->groups; i++)
		free(plan->group[i].access);
	free(plan->group);
	free(plan->group_of);
	outline_free(plan->outline);
	free(plan);
}

static void ignore(void *to, const struct workload_place *where, const char *text)
{
	(void)to, (void)where, (void)text;
}

struct struct_plan *struct_plan_new(const struct struct_settings *set, unsigned cpus,
				    workload_tell *tell, void *to)
{
	struct planning planning = {
		{ tell, to, 0 }, set, set->threads, xalloc(sizeof(struct struct_plan)), cpus
	};
	const struct workload_place top = { .key = NULL };

	planning.plan->group_of = xalloc(cpus * sizeof *planning.plan->group_of);
	for (unsigned i = 0; i < cpus; i++)
		planning.plan->group_of[i] = GROUPS_MAX;
	planning.plan->outline = struct_outline(set, true, tell, to);
	if (!planning.plan->outline && set->edit) {
		/* mistakes of the threads are told beside those of the edit */
		planning.plan->outline = struct_outline(set, false, ignore, NULL);
		planning.telling.told += planning.plan->outline != NULL;
	}
	if (*set->sequence && set->threads)
		struct_tell(&planning.telling, (struct workload_place){ .key = "sequence" },
			    "what CPUs do comes from 'sequence' or 'threads', not from both");
	else if (*set->sequence && set->edit)
		struct_tell(&planning.telling, (struct workload_place){ .key = "edit" },
			    "a 'sequence' says which bytes of the struct as it is: leave 'edit' out");
	else if (*set->sequence)
		for (unsigned i = 0; i < cpus; i++)
			planning.plan->group_of[i] = 0; /* there is no group */
	else if (!set->threads)
		struct_tell(&planning.telling, top,
			    "missing key 'threads': which CPUs do what to the members");
	else
		read_groups(&planning);
	if (planning.plan->outline && !planning.telling.told)
		check_places(&planning);
	if (planning.plan->outline && !planning.telling.told)
		return planning.plan;
	struct_plan_free(planning.plan);
	return NULL;
}
