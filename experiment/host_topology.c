/* What /sys, /proc and the C library say of the host; everything in them is text to be doubted. */
#include "experiment/host_topology.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char cpu_folder[] = "/sys/devices/system/cpu/cpu";

/* The first line of a file about a CPU; false: there is none. */
static bool read_line(unsigned cpu, const char *name, char *text, size_t size)
{
	char path[160];
	FILE *file;
	bool good;

	snprintf(path, sizeof path, "%s%u/%s", cpu_folder, cpu, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	good = fgets(text, (int)size, file) != NULL;
	fclose(file);
	return good;
}

static uint64_t read_number(unsigned cpu, const char *name, uint64_t fallback)
{
	char text[64];

	if (!read_line(cpu, name, text, sizeof text) || !isdigit((unsigned char)*text))
		return fallback;
	return strtoull(text, NULL, 10);
}

static void read_cache(unsigned cpu, unsigned index, struct host_core *core)
{
	char name[64], type[32] = "", size[32] = "";
	uint64_t level, kib;

	snprintf(name, sizeof name, "cache/index%u/level", index);
	level = read_number(cpu, name, 0);
	snprintf(name, sizeof name, "cache/index%u/type", index);
	if (level < 1 || level > HOST_LEVELS || !read_line(cpu, name, type, sizeof type) ||
	    !strncmp(type, "Instruction", 11))
		return;
	snprintf(name, sizeof name, "cache/index%u/size", index);
	read_line(cpu, name, size, sizeof size);
	kib = strtoull(size, NULL, 10);
	if (strchr(size, 'M'))
		kib *= 1024;

	struct host_cache *cache = &core->level[level - 1];

	cache->kib = kib;
	snprintf(name, sizeof name, "cache/index%u/ways_of_associativity", index);
	cache->ways = read_number(cpu, name, 0);
	snprintf(name, sizeof name, "cache/index%u/shared_cpu_list", index);
	cache->first = (unsigned)read_number(cpu, name, cpu);
}

/* Where /sys has nothing of caches, what the C library has asked the processor; who shares the last
 * level it does not know: the package. */
static void ask_caches(struct host_core *core, unsigned first_of_package)
{
	static const struct {
		int size, ways;
	} asked[HOST_LEVELS] = {
		{ _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL1_DCACHE_ASSOC },
		{ _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL2_CACHE_ASSOC },
		{ _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL3_CACHE_ASSOC },
	};

	for (unsigned i = 0; i < HOST_LEVELS; i++) {
		long size = sysconf(asked[i].size), ways = sysconf(asked[i].ways);

		core->level[i] = (struct host_cache){
			.kib = size > 0 ? (uint64_t)size / 1024 : 0,
			.ways = ways > 0 ? (uint64_t)ways : 0,
			.first = i + 1 < HOST_LEVELS ? core->cpu : first_of_package,
		};
	}
}

unsigned host_cores(const unsigned *allowed, unsigned count, struct host_core *core)
{
	enum { CACHES = 8 };
	unsigned cores = 0;
	unsigned seen[HOST_CPUS_MAX];

	for (unsigned i = 0; i < count && cores < HOST_CPUS_MAX; i++) {
		unsigned cpu = allowed[i], at = 0;
		unsigned sibling =
			(unsigned)read_number(cpu, "topology/thread_siblings_list", cpu);

		while (at < cores && seen[at] != sibling)
			at++;
		if (at < cores)
			continue;
		seen[cores] = sibling;
		core[cores] = (struct host_core){
			.cpu = cpu,
			.package =
				(unsigned)read_number(cpu, "topology/physical_package_id", 0),
		};
		for (unsigned index = 0; index < CACHES; index++)
			read_cache(cpu, index, &core[cores]);
		if (!core[cores].level[0].kib) {
			unsigned first = 0;

			while (core[first].package != core[cores].package)
				first++;
			ask_caches(&core[cores], core[first].cpu);
		}
		cores++;
	}
	return cores;
}

/* The value of "key : value", printable ASCII alone. */
static bool take(const char *line, const char *key, char *text, unsigned size)
{
	const char *value = strchr(line, ':');
	unsigned at = 0;

	if (strncmp(line, key, strlen(key)) != 0 || !value)
		return false;
	for (value += strspn(value, ": \t"); *value && *value != '\n' && at + 1 < size; value++)
		if (isascii((unsigned char)*value) && isprint((unsigned char)*value) &&
		    !strchr("\"'\\#:{}[]&*", *value))
			text[at++] = *value;
	text[at] = '\0';
	return true;
}

void host_processor(char *model, unsigned model_size, char *maker, unsigned maker_size)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool have_model = false, have_maker = false;

	*model = *maker = '\0';
	while (file && !(have_model && have_maker) && fgets(line, sizeof line, file)) {
		have_model = have_model || take(line, "model name", model, model_size);
		have_maker = have_maker || take(line, "vendor_id", maker, maker_size);
	}
	if (file)
		fclose(file);
}
