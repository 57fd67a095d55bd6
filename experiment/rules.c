/*
 * Rules between the keys of an experiment, once per combination: told at the value that breaks
 * them. What only the simulated machine can say comes when a point is set up.
 */
#include <inttypes.h>
#include <string.h>

#include "experiment/habits.h"
#include "experiment/loading.h"
#include "experiment/partners.h"
#include "experiment/weak.h"

void rule_name(struct loading *loading, const struct combination *into)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *name = into->settings.name;
	const struct yaml *given = walk_find(loading, "name");

	/* missing, or told already */
	if (!given || given->kind != YAML_VALUE || given->refused || strcmp(given->text, name))
		return;
	if (!*name || name[strspn(name, allowed)] || *name == '.' || *name == '-')
		mistake(loading->diagnostics, walk_place(loading, "name"),
			"'name' becomes a folder: letters, digits, '.', '_' and '-', beginning with a letter or digit%s",
			habit_variable(name));
}

/* Of numbers of CPUs and cores either may be what was changed. */
#define KEYS_OF_CORES "machine, machine.cores_per_die, machine.dies_per_socket, machine.sockets"

/* Are all of these as they were meant? A list that ends with NULL. */
static bool sound(const struct loading *loading, const char *const *keys)
{
	for (; *keys; keys++)
		if (!schema_is_sound(&loading->schema, *keys))
			return false;
	return true;
}

#define SOUND(loading, ...) sound(loading, (const char *const[]){ __VA_ARGS__, NULL })

static void rule_cpus(struct loading *loading, struct combination *into)
{
	struct machine *machine = &into->machine;
	unsigned cores = machine_cores(machine);
	uint64_t cpus = into->settings.cpus, per_socket = cores / machine->sockets;

	if (cpus <= cores)
		return;
	if (into->settings.scale != SCALE_SOCKETS) {
		mistake(loading->diagnostics, walk_place_among(loading, "", "cpus, " KEYS_OF_CORES),
			"'cpus' is %" PRIu64
			", machine '%s' has %u cores; fewer CPUs, or 'scale: sockets' for more sockets",
			cpus, machine->id, cores);
		return;
	}
	/* memory nodes that belong to sockets come with them */
	uint64_t nodes_per_socket =
		machine->numa_nodes % machine->sockets ? 0 : machine->numa_nodes / machine->sockets;

	into->scaled = true;
	machine->sockets = (cpus + per_socket - 1) / per_socket;
	if (nodes_per_socket && machine->numa_nodes > 1)
		machine->numa_nodes = nodes_per_socket * machine->sockets;
	if (machine->sockets * per_socket > MACHINE_CORES_MAX)
		mistake(loading->diagnostics, walk_place_among(loading, "", "cpus, " KEYS_OF_CORES),
			"'cpus' is %" PRIu64 ": machine '%s' has %" PRIu64
			" cores per socket, and whole sockets for that many are more than %d cores",
			cpus, machine->id, per_socket, MACHINE_CORES_MAX);
}

/* Of apart-1 and so on: the machine has that distance, and cores enough there. */
static void rule_apart(struct loading *loading, const struct combination *into)
{
	const struct machine *machine = &into->machine;
	int distance = into->settings.placement <= PLACEMENT_APART_4
			       ? into->settings.placement - PLACEMENT_APART_1
			       : -1;
	uint64_t count = machine->distances.count, cpus = into->settings.cpus, there;

	if (distance < 0)
		return;
	if ((uint64_t)distance >= count) {
		mistake(loading->diagnostics,
			walk_place_among(loading, "", "placement, machine, machine.distances"),
			"'placement' is apart-%d; machine '%s' has %" PRIu64 " in 'distances'",
			distance + 1, machine->id, count);
		return;
	}
	there = machine_cores_apart(machine, (unsigned)distance);
	if (cpus > there + 1)
		mistake(loading->diagnostics,
			walk_place_among(loading, "", "placement, cpus, machine.distances, " KEYS_OF_CORES),
			"'placement: apart-%d' puts CPU 0 on core 0 and the other %" PRIu64
			" that far from it; machine '%s' has %" PRIu64 " such cores",
			distance + 1, cpus - 1, machine->id, there);
}

static void rule_placement(struct loading *loading, const struct combination *into)
{
	struct place place =
		walk_place_among(loading, "", "placement, cpus, " KEYS_OF_CORES);
	unsigned cores = machine_cores(&into->machine);

	if (into->settings.placement != PLACEMENT_LISTED) {
		rule_apart(loading, into);
		return;
	}
	if (into->cores < into->settings.cpus)
		mistake(loading->diagnostics, place,
			"'placement' names %zu cores for %" PRIu64 " CPUs", into->cores,
			into->settings.cpus);
	for (size_t i = 0; i < into->cores; i++) {
		if (into->core[i] >= cores)
			mistake(loading->diagnostics, place,
				"'placement' names core %u; machine '%s' has cores 0..%u",
				into->core[i], into->machine.id, cores - 1);
		for (size_t j = 0; j < i; j++) {
			if (into->core[j] == into->core[i])
				mistake(loading->diagnostics, place,
					"'placement' names core %u twice", into->core[i]);
		}
	}
}

/* Of pairs-apart-1 and so on; the workload says who the pairs are, so its own rules come first. */
static void rule_pairs(struct loading *loading, struct combination *into)
{
	char why[300];

	if (into->settings.placement < PLACEMENT_PAIRS_APART_1 ||
	    into->settings.placement > PLACEMENT_PAIRS_APART_4 ||
	    into->settings.cpus > machine_cores(&into->machine))
		return;
	if (!partners_place(into, why, sizeof why))
		mistake(loading->diagnostics, walk_place(loading, "placement"),
			"'placement' is pairs-apart-%d; %s",
			into->settings.placement - PLACEMENT_PAIRS_APART_1 + 1, why);
}

/* `keys`: "dirty_read, protocol". */
static void tell_machine(void *to, const char *keys, const char *text)
{
	struct loading *loading = to;

	mistake(loading->diagnostics, walk_place_among(loading, "machine", keys), "machine '%s': %s",
		loading->into->machine.id, text);
}

static bool rule_machine(struct loading *loading, const struct combination *into)
{
	bool known = weak_check(&into->machine, tell_machine, loading);

	return machine_check(&into->machine, tell_machine, loading) && known;
}

static void rule_objects(struct loading *loading, const struct combination *into)
{
	const struct workload *workload = into->workload;
	bool optional =
		workload->does_without && workload->does_without(into->workload_settings);
	struct place place = walk_place(loading, "objects");

	if (workload->needs_objects && !optional && !into->objects) {
		if (walk_find(loading, "objects"))
			mistake(loading->diagnostics, place,
				"'objects' is none, and workload '%s' takes objects; name an allocator ('bounce list models' shows all)",
				workload->name);
		else
			mistake(loading->diagnostics, place,
				"missing key 'objects': workload '%s' takes objects from an allocator ('bounce list models' shows all)",
				workload->name);
	}
	if (!workload->needs_objects && into->objects)
		mistake(loading->diagnostics, place,
			"workload '%s' takes no objects; leave 'objects' out", workload->name);
}

static void rule_struct_page(struct loading *loading, const struct combination *into)
{
	const struct page_view *view =
		page_view_of(into->objects, into->pages, into->pages_fitted);

	if (into->settings.struct_page == STRUCT_PAGE_PACKED && view->size > 56)
		mistake(loading->diagnostics, walk_place(loading, "struct_page"),
			"struct page of '%s' has %u bytes; it cannot be packed into 56",
			into->objects ? into->objects->name : into->pages->name, view->size);
}

/* A file's text is kept once, however many mistakes are in it. */
static const struct document *document_of(struct loading *loading,
					  const struct workload_place *where)
{
	const struct document *document = loading->input;

	if (!document || strcmp(document->name, where->file))
		document = diagnostics_source(loading->diagnostics, where->file, where->text,
					      where->length, false);
	loading->input = document;
	return document;
}

static void tell_workload(void *to, const struct workload_place *where, const char *text)
{
	struct loading *loading = to;
	struct nearest nearest = nearest_to(where->wrong ? where->wrong : "");
	char path[SETTING_PATH_BYTES];
	struct place place;

	/* a file that cannot be read was told */
	if (loading->unread && where->key && !strcmp(where->key, loading->unread))
		return;
	schema_join(path, "workload", where->key ? where->key : "");
	if (where->tree)
		place = (struct place){ where->tree->source, where->tree->line, where->tree->column };
	else if (where->file)
		place = (struct place){ document_of(loading, where), where->line, where->column };
	else
		place = walk_place(loading, where->key ? path : "workload");
	for (size_t i = 0; where->words && where->words[i]; i++)
		nearest_try(&nearest, where->words[i]);
	if (nearest.best)
		mistake(loading->diagnostics, place, "%s; did you mean '%s'?", text, nearest.best);
	else
		mistake(loading->diagnostics, place, "%s", text);
}

/* The hash of what a second file holds, put to that of the first. */
static bool add_input(struct combination *into, const char *path, char *why, size_t size)
{
	char both[2 * SHA256_HEX_BYTES], hex[SHA256_HEX_BYTES];

	if (!file_hash(path, hex, why, size))
		return false;
	snprintf(both, sizeof both, "%s%s", into->input, hex);
	sha256_text(both, strlen(both), into->input);
	return true;
}

/* The setting that names a file, if one does, else the workload. */
static struct place input_place(struct loading *loading, const char *key)
{
	char path[SETTING_PATH_BYTES];

	schema_join(path, "workload", key ? key : "");
	return walk_place(loading, key && walk_find(loading, path) ? path : "workload");
}

static void tell_no_operations(struct loading *loading)
{
	mistake(loading->diagnostics, loading->top,
		"missing key 'operations': how many are measured, all CPUs together");
}

/* How much there is to do, and what the input holds. */
static void rule_workload(struct loading *loading, struct combination *into)
{
	const struct workload *workload = into->workload;
	const char *key = workload->input_key;
	char why[512] = "", path[4096] = "";
	bool good = true, checked;

	into->warmup = into->settings.warmup;
	into->operations = into->settings.operations;
	if (workload->input)
		good = workload->input(into->workload_settings, path, sizeof path, why, sizeof why);
	if (good && *path)
		good = file_hash(path, into->input, why, sizeof why);
	*path = '\0';
	if (good && workload->second_key)
		key = workload->second_key;
	if (good && workload->second_input)
		good = workload->second_input(into->workload_settings, path, sizeof path, why,
					      sizeof why);
	if (good && *path)
		good = add_input(into, path, why, sizeof why);
	if (!good)
		mistake(loading->diagnostics, input_place(loading, key), "workload '%s': %s",
			workload->name, why);
	loading->unread = good ? NULL : key;
	checked = !workload->check_settings ||
		  workload->check_settings(into->workload_settings,
					   (unsigned)into->settings.cpus, tell_workload, loading);
	loading->unread = NULL;
	if (!good || !checked)
		return;
	if (workload->operations)
		good = workload->operations(into->workload_settings, (unsigned)into->settings.cpus,
					    &into->warmup, &into->operations, why, sizeof why);
	if (!good)
		mistake(loading->diagnostics, input_place(loading, key), "workload '%s': %s",
			workload->name, why);
	else if (workload->operations && !into->operations)
		tell_no_operations(loading);
}

/* The workload knows, or the file says. */
static void rule_operations(struct loading *loading, const struct combination *into)
{
	if (!into->settings.operations && !into->workload->operations)
		tell_no_operations(loading);
}

void rules_check(struct loading *loading, struct combination *combination)
{
	const struct workload *workload = combination->workload;
	const struct settings *settings = &combination->settings;

	if (SOUND(loading, "machine") && rule_machine(loading, combination)) {
		if (SOUND(loading, "cpus", "scale"))
			rule_cpus(loading, combination);
		if (SOUND(loading, "cpus", "scale", "placement"))
			rule_placement(loading, combination);
		if (SOUND(loading, "cpus", "scale", "placement", "workload"))
			rule_pairs(loading, combination);
	}
	if (SOUND(loading, "workload", "objects"))
		rule_objects(loading, combination);
	if (SOUND(loading, "objects", "pages", "struct_page"))
		rule_struct_page(loading, combination);
	if (SOUND(loading, "workload", "cpus", "warmup", "operations"))
		rule_workload(loading, combination);
	if (SOUND(loading, "workload", "operations"))
		rule_operations(loading, combination);
	if (loading->schema.unsounds)
		return;
	combination->seedless = settings->cpus == 1 && !settings->jitter_cycles &&
				!combination->machine.service_jitter_percent &&
				!settings->interrupts.every &&
				!(workload && weak_work(workload->settings, combination->workload_settings)) &&
				!(workload && workload->draws &&
				  workload->draws(combination->workload_settings));
}
