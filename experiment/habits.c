/*
 * Tables of habits, and the reading of numbers as other programs write them.
 */
#include "experiment/habits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the words of a list "a b c", in any capitals, '-' for '_'. */
static bool listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; *list; list += strcspn(list, " "), list += strspn(list, " ")) {
		size_t i = 0;

		if (strcspn(list, " ") != length)
			continue;
		for (; i < length; i++) {
			char c = word[i] == '-' ? '_' : word[i];

			if (list[i] != c && list[i] != (c | 0x20))
				break;
		}
		if (i == length)
			return true;
	}
	return false;
}

/* ---- numbers ----------------------------------------------------------------------------- */

enum family { THINGS, BYTES, TIME, CYCLES, SHARE, FREQUENCY };

/* Names of units in any capitals, and what one is in the family's first. */
static const struct unit {
	const char *names;
	enum family family;
	double of_first;
} units[] = {
	{ "b byte bytes", BYTES, 1 },
	{ "k kb kib kibibyte kilobyte", BYTES, 1024 },
	{ "m mb mib mebibyte megabyte", BYTES, 1 << 20 },
	{ "g gb gib gibibyte gigabyte", BYTES, 1 << 30 },
	{ "ns nsec nanoseconds", TIME, 1 },
	{ "us usec microseconds", TIME, 1e3 },
	{ "ms msec milliseconds", TIME, 1e6 },
	{ "s sec seconds", TIME, 1e9 },
	{ "cycles cycle cyc clk clocks ticks", CYCLES, 1 },
	{ "% percent pct", SHARE, 1 },
	{ "mhz", FREQUENCY, 1 },
	{ "ghz", FREQUENCY, 1000 },
	{ "", THINGS, 0 },
};

/* Of things that have no unit: 10k is 10 thousand. */
static const struct unit multiples[] = {
	{ "k thousand", THINGS, 1e3 },
	{ "m mio million", THINGS, 1e6 },
	{ "g bn billion", THINGS, 1e9 },
	{ "", THINGS, 0 },
};

static const struct unit *unit_find(const struct unit *table, const char *name)
{
	while (table->of_first > 0 && !listed(table->names, name))
		table++;
	return table->of_first > 0 ? table : NULL;
}

/* What the setting counts in; NULL: things. */
static const struct unit *unit_of(const struct setting *setting)
{
	return setting->unit ? unit_find(units, setting->unit) : NULL;
}

static bool fits(const struct setting *setting, double number)
{
	bool whole = setting->kind == SETTING_COUNT || setting->kind == SETTING_BYTES;
	bool any = setting->min == 0 && setting->max == 0;

	if (whole && (number != floor(number) || fabs(number) > 1e15))
		return false;
	return any || (number >= setting->min && number <= setting->max);
}

static const char *write_number(const struct setting *setting, double number, char *buf)
{
	if (!fits(setting, number))
		return "";
	snprintf(buf, CURE_BYTES, "; write %.15g", number);
	return buf;
}

/* 256MiB where MiB are counted; 100 ns where cycles are. */
static const char *cure_unit(const struct setting *setting, double number, const char *name,
			     char *buf)
{
	const struct unit *from = unit_find(setting->unit ? units : multiples, name);
	const struct unit *to = unit_of(setting);
	char end[CURE_BYTES];

	if (!setting->unit)
		return from ? write_number(setting, number * from->of_first, buf) : "";
	if (from && to && from->family == to->family && to->family == SHARE)
		return write_number(setting, number, buf);
	if (from && to && from->family == to->family) {
		snprintf(buf, CURE_BYTES, "; it counts %s%s", setting->unit,
			 write_number(setting, number * from->of_first / to->of_first, end));
		return buf;
	}
	if (from && to && from->family == TIME && to->family == CYCLES)
		snprintf(buf, CURE_BYTES,
			 "; it counts cycles: %.15g ns are %.15g times 'freq_ghz' of the machine",
			 number * from->of_first, number * from->of_first);
	else if (from && to && from->family == CYCLES && to->family == TIME)
		snprintf(buf, CURE_BYTES,
			 "; it counts ns: %.15g cycles are that divided by 'freq_ghz' of the machine",
			 number);
	else
		snprintf(buf, CURE_BYTES, "; it counts %s", setting->unit);
	return buf;
}

static const char one_value[] = "; this key takes one value";

/* 1..8, 64-1024, 1:8, 1 to 8: a list from the first to the last in doubles, if it is short. */
static const char *cure_range(uint64_t from, uint64_t to, char *buf)
{
	size_t used = (size_t)snprintf(buf, CURE_BYTES, "; a list sweeps, like [");
	uint64_t at = from;
	unsigned count = 0;

	for (; from > 0 && at < to && count < 10; at *= 2, count++)
		used += (size_t)snprintf(buf + used, CURE_BYTES - used, "%" PRIu64 ", ", at);
	if (count == 0 || at < to)
		used = (size_t)snprintf(buf, CURE_BYTES, "; a list sweeps, like [%" PRIu64 ", ",
					from);
	snprintf(buf + used, CURE_BYTES - used, "%" PRIu64 "]", to);
	return buf;
}

/* Is the rest of a text, behind a first number, the second half of a range? */
static bool is_range(const char *text, uint64_t *to)
{
	static const char *const signs[] = { "...", "..", ":", "-", "~", " to ", " - ", " .. " };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		size_t length = strlen(signs[i]);
		char *end;

		if (strncmp(text, signs[i], length) != 0 || text[length] < '0' ||
		    text[length] > '9')
			continue;
		*to = strtoull(text + length, &end, 10);
		return !*end || *end == ':' || !strncmp(end, "..", 2);  /* with a step */
	}
	return false;
}

/* 1,2,4 and 1 2 4: both as [1, 2, 4]. */
static const char *cure_list(const char *text, char *buf)
{
	size_t used = (size_t)snprintf(buf, CURE_BYTES, "; a list stands in brackets: [");
	const char *comma = "";

	while (*(text += strspn(text, ", ")) && used < CURE_BYTES - 8) {
		size_t length = strcspn(text, ", ");

		used += (size_t)snprintf(buf + used, CURE_BYTES - used, "%s%.*s", comma,
					 (int)(length < 20 ? length : 20), text);
		used = used < CURE_BYTES - 8 ? used : CURE_BYTES - 8;
		text += length;
		comma = ", ";
	}
	snprintf(buf + used, CURE_BYTES - used, "]");
	return buf;
}

/* 1,000,000 is a number with thousands; 1,2,4 is a list without its brackets. */
static const char *cure_commas(const struct setting *setting, const char *text, char *buf)
{
	char plain[64];
	size_t length = 0, group = 0;
	bool thousands = true;

	for (const char *c = text; *c && length + 1 < sizeof plain; c++) {
		if (*c != ',') {
			plain[length++] = *c;
			group++;
			continue;
		}
		thousands = thousands && (c - text <= 3 || group == 3);
		group = 0;
	}
	plain[length] = '\0';
	if (thousands && group == 3 && !strchr(text, ' '))
		return write_number(setting, strtod(plain, NULL), buf);
	if (setting->fixed)
		return one_value;
	return cure_list(text, buf);
}

/* 4*1024, 2^10, 2**10, 1<<20 */
static const char *cure_sum(const struct setting *setting, const char *text, char *buf)
{
	double a, b;
	char sign[4] = "", extra;
	double value = NAN;

	if (sscanf(text, "%lf%3[*^<]%lf%c", &a, sign, &b, &extra) != 3)
		return "";
	if (!strcmp(sign, "*"))
		value = a * b;
	else if (!strcmp(sign, "^") || !strcmp(sign, "**"))
		value = pow(a, b);
	else if (!strcmp(sign, "<<"))
		value = ldexp(a, (int)b);
	return write_number(setting, value, buf);
}

/* Left empty, or null: what the key has without a value. */
static const char *cure_nothing(const struct setting *setting, char *buf)
{
	if (!setting->fallback)
		return "; this key needs one, for it has no default";
	if (!*setting->fallback || !strcmp(setting->fallback, "-"))
		return "; write it, or leave the key out";
	snprintf(buf, CURE_BYTES, "; leave the key out for its default, %s", setting->fallback);
	return buf;
}

static bool is_nothing(const struct yaml *value)
{
	return value->kind == YAML_VALUE && !value->quoted &&
	       (!*value->text || listed("~ null none nil undefined n/a", value->text));
}

/* A number in front and something behind it. */
static const char *cure_number_and(const struct setting *setting, const char *text, char *buf)
{
	size_t digits = strspn(text, "0123456789_");
	const char *cure = "";
	char *end;
	uint64_t to;

	if (strspn(text, "0123456789, ") == strlen(text) && strpbrk(text, ", "))
		return cure_commas(setting, text, buf);
	if (is_range(text + digits, &to))
		return setting->fixed ? one_value
				      : cure_range(strtoull(text, NULL, 10), to, buf);
	cure = cure_sum(setting, text, buf);
	if (*cure)
		return cure;

	/* hexadecimal and exponents are strtod's too, 04 as well */
	double number = strtod(text, &end);

	if (strchr(text, '_') || end == text)
		return "";
	if (!*end)
		return write_number(setting, number, buf);
	end += strspn(end, " ");
	return cure_unit(setting, number, end, buf);
}

const char *habit_number(const struct setting *setting, const struct yaml *value,
			 char buf[CURE_BYTES])
{
	const char *text = value->kind == YAML_VALUE ? value->text : "";
	char *end;

	if (value->kind == YAML_MAPPING)
		return "";
	if (is_nothing(value))
		return cure_nothing(setting, buf);
	if (*habit_variable(text))
		return "; variables are not filled in: write the number, or give it with --set";
	if (!strncmp(text, "range", 5) || !strncmp(text, "linspace", 8) ||
	    !strncmp(text, "seq", 3) || !strncmp(text, "pow2", 4))
		return setting->fixed ? one_value : "; a list sweeps, like [1, 2, 4]";
	if (listed("auto max all nproc", text))
		return "; nothing is chosen for you, write the number";
	if (*text < '0' || *text > '9')
		return "";
	strtod(text, &end);
	if (value->quoted && !*end) {
		snprintf(buf, CURE_BYTES, "; write it without quotes: %.60s", text);
		return buf;
	}
	return cure_number_and(setting, text, buf);
}

const char *habit_switch(const struct yaml *value)
{
	if (value->kind != YAML_VALUE)
		return "";
	if (value->quoted && (!strcmp(value->text, "true") || !strcmp(value->text, "false")))
		return "; write it without quotes";
	if (listed("yes y on true t 1 enabled enable", value->text))
		return "; write true";
	if (listed("no n off false f 0 disabled disable", value->text))
		return "; write false";
	return "";
}

const char *habit_variable(const char *text)
{
	static const char *const marks[] = { "${", "$(", "{{", "{%", "<%", "%(", "${{" };

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (strstr(text, marks[i]))
			return "; variables are not filled in";
	}
	return *text == '$' ? "; variables are not filled in" : "";
}

/* ---- words ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *names, *words, *cure;       /* of these keys; "" cure ends the search */
} word_habits[] = {
	{ "objects pages cache",
	  "jemalloc mimalloc tcmalloc ptmalloc ptmalloc2 ptmalloc3 glibc malloc dlmalloc hoard snmalloc rpmalloc "
	  "scudo mesh supermalloc scalloc lockless tbbmalloc nedmalloc hardened_malloc ffmalloc smmalloc lockfree "
	  "streamflow llalloc tlsf wtmalloc winnt",
	  ": that is an allocator of user space, and those of the kernel are modelled" },
	{ "objects",
	  "buddy",
	  ": that is a page allocator, 'pages: buddy'" },
	{ "pages",
	  "slub slub_page slub_cpu slab slob",
	  ": that is an object allocator, for 'objects'" },
	{ "workload kind",
	  "threadtest mstress sh6bench sh8bench alloc_test alloc_test1 rptest rbstress glibc_simple glibc_thread cfrac "
	  "espresso barnes mleak malloc_large mt_malloc malloc_bench linux_scalability consume",
	  ": that is a benchmark of allocators of user space; 'producer-consumer' frees on other CPUs" },
	{ "workload kind", "larsonn", "; its traffic is workload 'larson'" },
	{ "workload kind", "xmalloc xmalloc_testn", "; its traffic is workload 'xmalloc-test'" },
	{ "workload kind", "cache_scratch1", "; its traffic is workload 'cache-scratch'" },
	{ "workload kind", "will_it_scale", "; its page faults are workload 'page-fault'" },
	{ "workload kind",
	  "netperf iperf iperf3 memcached redis nginx socket sockets tcp udp",
	  "; 'replay' plays recorded traffic: configs/socket-recorded.yaml is that of sockets" },
	{ "workload kind",
	  "fio sysbench stress_ng stress lmbench unixbench parsec splash splash2 "
	  "spec stream dbench tbench schbench ycsb tpcc",
	  ": that is another program; its traffic, recorded, is played by 'replay'" },
	{ "workload kind",
	  "ping_pong pingpong spinlock lock locks contention atomics cas false_sharing",
	  "; 'micro' has ping-pongs and locks, 'counter' has words that many write" },
	{ "placement",
	  "close pack packed fill dense sequential linear in_order socket same_socket same_die same_l2 same_node",
	  "; cores in order are 'compact', core 0 and its nearest 'apart-1'" },
	{ "placement",
	  "spread far distribute distributed balanced round_robin roundrobin interleave interleaved sparse sockets "
	  "cross_socket other_socket remote numa random",
	  "; round-robin over sockets is 'scatter', partners kept apart 'pairs-apart-1' to '-4'" },
	{ "protocol",
	  "mesi_two_level mesi_three_level moesi_hammer moesi_cmp_directory moesi_cmp_token garnet ruby chi ace",
	  ": that is another simulator's; the home is set with 'home'" },
	{ NULL, NULL, NULL },
};
/* clang-format on */

static bool is_known(const char *const *known, const char *word)
{
	for (; *known; known++) {
		if (listed(*known, word))
			return true;
	}
	return false;
}

const char *habit_word(const char *name, const char *text, const char *const *known)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; word_habits[i].names; i++) {
		if (listed(word_habits[i].names, dot ? dot + 1 : name) &&
		    listed(word_habits[i].words, text) && !is_known(known, text))
			return word_habits[i].cure;
	}
	if (listed("~ null nil undefined", text))
		return is_known(known, "none") ? "; write none" : "; leave the key out";
	return habit_variable(text);
}

/* ---- keys -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *path, *keys, *cure;         /* path NULL: everywhere */
} key_habits[] = {
	{ "", "threads numjobs num_cpus num_cpu num_threads nthreads nr_cpus ncpus n_cpus cpu_count nproc cores "
	      "num_cores ncores processors nprocs workers numcores",
	  "; write 'cpus'" },
	{ "", "bs size obj_size objsize block_size alloc_size bytes",
	  "; the size of objects is 'workload.object_size'" },
	{ "", "duration runtime time timeout run_time seconds simtime sim_time max_time time_based",
	  "; how much is done is given, not how long: 'operations'" },
	{ "", "iterations ops num_ops n_ops nops loops count requests transactions events maxinsts max_insts",
	  "; write 'operations': allocations and frees that are measured" },
	{ "", "warm_up warmup_ops warmup_time ramp_time rampup skip fast_forward fastforward",
	  "; write 'warmup': operations before the measured ones" },
	{ "", "matrix sweep sweeps parameters params grid product variants axes strategy zip",
	  "; there is no section for that: a list on any key sweeps, several lists give their product" },
	{ "", "include includes import imports extends inherits defaults default templates template common anchors vars "
	      "variables env environment let define x_defaults",
	  "; files are not put together: write the keys, or give some with --set" },
	{ "", "seeds random_seed rng_seed randseed random rng",
	  "; write 'seed' for the first, and 'repeat' for how many" },
	{ "", "runs repetitions repeats rounds samples trials replications num_runs nruns reps",
	  "; write 'repeat': runs with seeds seed, seed + 1, ..." },
	{ "", "allocator allocators alloc malloc object_allocator slab slub model models",
	  "; allocators are 'objects' and 'pages'" },
	{ "", "page_allocator", "; write 'pages'" },
	{ "", "benchmark bench test tests kind traffic workloads jobs job application program binary command cmd args",
	  "; what runs is 'workload: {kind: NAME, ...}'" },
	{ "", "system board caches cache l1 l2 l3 l1d l1i llc cache_hierarchy memory_system memorysystem frontend dram "
	      "interconnect network noc ruby clock cpu_clock frequency hardware platform host processor cpu_type isa",
	  "; a machine is named, 'machine: core2-2s', and changed in part: {base: core2-2s, l1d.kib: 64}" },
	{ "", "coherence protocol coherence_protocol",
	  "; it belongs to the machine: {base: NAME, protocol: MESI}" },
	{ "", "topology numa affinity pinning pin binding bind cpuset taskset cpu_affinity cpus_allowed mapping sockets",
	  "; which cores the CPUs are put on is 'placement'" },
	{ "", "memory mem mem_size memory_size ram memsize mem_mb memory_mb",
	  "; write 'memory_mib'" },
	{ "", "output outdir output_dir out results results_dir logdir",
	  "; results go to results/NAME, or elsewhere with --output" },
	{ "", "description desc comment comments summary about",
	  "; write 'title'" },
	{ "", "version schema apiversion api_version", "; leave it out: experiments have no versions" },
	{ "", "figures plot graphs graph charts", "; write 'plots'" },
	{ "", "id", "; write 'name'" },
	{ "workload", "type name workload test_name", "; write 'kind'" },
	{ "workload", "size bs obj_size objsize alloc_size bytes", "; write 'object_size'" },
	{ "workload", "threads numjobs num_threads nthreads cpus", "; write 'cpus' at the top level" },
	{ "workload", "depth queue_depth iodepth outstanding qd window", "; write 'in_flight'" },
	{ NULL, NULL, NULL },
};
/* clang-format on */

const char *habit_key(const char *path, const char *key)
{
	for (size_t i = 0; key_habits[i].keys; i++) {
		if (!strcmp(key_habits[i].path, path) && listed(key_habits[i].keys, key))
			return key_habits[i].cure;
	}
	return "";
}
