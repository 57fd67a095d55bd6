/* Files and texts of others; see foreign.h. */
#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include "workloads/foreign.h"

#define RECORD "record with 'perf record -a -e kmem:kmalloc,kmem:kfree,...' and give the text of " \
	       "'perf script' ('bounce import --help' shows both)"
#define USER_SPACE "; only kernel events can be imported: " RECORD \
		   ", or write one line per event as docs/traces.md shows"

static const struct magic {
	size_t at, bytes;
	const char *magic, *what;
} magics[] = {
	{ 0, 2, "\x1f\x8b", "it is compressed with gzip; unpack it: gzip -dc FILE | bounce import - -o my.trace" },
	{ 0, 6, "\xfd" "7zXZ", "it is compressed with xz; unpack it: xz -dc FILE | bounce import - -o my.trace" },
	{ 0, 3, "BZh", "it is compressed with bzip2; unpack it: bzip2 -dc FILE | bounce import - -o my.trace" },
	{ 0, 4, "\x04\x22\x4d\x18", "it is compressed with lz4; unpack it: lz4 -dc FILE | bounce import - -o my.trace" },
	{ 0, 4, "LZIP", "it is compressed with lzip; unpack it: lzip -dc FILE | bounce import - -o my.trace" },
	{ 0, 4, "PK\3\4", "it is a zip archive; unpack it: unzip -p FILE | bounce import - -o my.trace" },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it: 7z x -so FILE | bounce import - -o my.trace" },
	{ 0, 4, "\xff\xfe\0\0", "its text is in UTF-32; convert it: iconv -f UTF-32 -t UTF-8 FILE | bounce import - -o my.trace" },
	{ 0, 2, "\xff\xfe", "its text is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | bounce import - -o my.trace" },
	{ 0, 2, "\xfe\xff", "its text is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | bounce import - -o my.trace" },
	{ 0, 7, "PERFILE", "it is perf.data, not its text; print it: perf script -i FILE -F comm,pid,tid,cpu,time,event,trace | bounce import - -o my.trace" },
	{ 0, 8, "2ELIFREP", "it is perf.data, not its text; print it: perf script -i FILE -F comm,pid,tid,cpu,time,event,trace | bounce import - -o my.trace" },
	{ 0, 10, "\x17\x08\x44" "tracing", "it is trace.dat of trace-cmd, not its text; print it: trace-cmd report -i FILE | bounce import - -o my.trace" },
	{ 0, 4, "\xc1\x1f\xfc\xc1", "it is a binary stream of LTTng; print it: babeltrace2 FOLDER | bounce import - -o my.trace" },
	{ 0, 4, "\xc1\xfc\x1f\xc1", "it is a binary stream of LTTng; print it: babeltrace2 FOLDER | bounce import - -o my.trace" },
	{ 0, 8, "bouncetr", "it is a trace of bounce already: replay it with 'workload: {kind: replay, trace: FILE}'" },
	{ 0, 4, "\x7f" "ELF", "it is a program or a core dump, not a recording: " RECORD },
};

const char *foreign_container(const unsigned char *head, size_t bytes)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (bytes >= magics[i].at + magics[i].bytes &&
		    memcmp(head + magics[i].at, magics[i].magic, magics[i].bytes) == 0)
			return magics[i].what;
	/* UTF-16 without a mark at its begin: every second byte of plain text is zero. */
	bool high = bytes >= 4, low = bytes >= 4;

	for (size_t i = 0; i < bytes; i++) {
		high = high && (head[i] == 0) == (i % 2 == 0);
		low = low && (head[i] == 0) == (i % 2 == 1);
	}
	return high ? "its text is in UTF-16; convert it: iconv -f UTF-16BE -t UTF-8 FILE | bounce import - -o my.trace" :
	       low  ? "its text is in UTF-16; convert it: iconv -f UTF-16LE -t UTF-8 FILE | bounce import - -o my.trace" :
		      NULL;
}

static const struct tool {
	const char *pattern, *what;             /* extended regular expression */
} tools[] = {
	{ "kmem:[a-z_]+\\(", "it is the text of perf trace, which does not say on which CPU: " RECORD },
	{ "^ *[0-9.]+ \\( *[0-9.]+ ms\\): ", "it is the text of perf trace, which does not say on which CPU: " RECORD },
	{ "(event\\.fields|payload)(: | = )\\{", "it is the text of babeltrace with the names of all fields: leave out --names, or take babeltrace2 FOLDER" },
	{ "^Attach(ing|ed) [0-9]+ probe", "it is the output of bpftrace: " RECORD ", or let bpftrace print the line that docs/traces.md shows" },
	{ "^@[a-z_A-Z0-9]*(\\[.*\\])?: [0-9]+$", "it is a map of bpftrace, which holds sums and no events: " RECORD },
	{ " (probe|sdt)_[A-Za-z0-9_]+:[A-Za-z0-9_]+: ", "its events are probes in programs" USER_SPACE },
	{ "^v [0-9a-f]+ [0-9a-f]+$", "it is a recording of heaptrack" USER_SPACE },
	{ "^= Start$", "it is the output of glibc's mtrace" USER_SPACE },
	{ "^@ .*\\[0x[0-9a-f]+\\] [-+<>] 0x[0-9a-f]+", "it is the output of glibc's mtrace" USER_SPACE },
	{ "^(==|--)[0-9]+(==|--) ", "it is the output of valgrind" USER_SPACE },
	{ "(alloc|memalign)\\([^)]*\\) *= 0x[0-9a-f]+", "it is the output of ltrace or a tracer like it" USER_SPACE },
	{ "free\\(0x[0-9a-f]+\\) *= <void>", "it is the output of ltrace" USER_SPACE },
	{ "(brk|mmap|munmap|mprotect|execve)\\([^)]*\\) *= ", "it is the output of strace, which shows system calls and no allocations" USER_SPACE },
	{ "^[ar] [0-9]+ [0-9]+$", "it is a .rep trace of calls of malloc" USER_SPACE },
	{ "^heap profile:", "it is a heap profile of gperftools, which holds sums and no events" USER_SPACE },
	{ "^heap_v2/[0-9]+", "it is a heap profile of jemalloc, which holds sums and no events" USER_SPACE },
	{ "^[0-9]+ [0-9]+ [0-9]+ [afpq] [^ ]+( |$)", "its lines are of the columns TIME_NS CPU TID OP ID SIZE CACHE, which are not read: docs/traces.md has the command that turns them into events" },
	{ "^ *Trace Event Information$", "it is the report of perf c2c, which holds sums and no events; 'bounce import --c2c FILE' makes an experiment of its hottest line" },
	{ "Callsite .*Total_alloc/Per", "it is the report of perf kmem stat, which holds sums and no events: give the text of 'perf script' on the same perf.data" },
	{ "^ *[0-9.]+% +[^ ]+ +[^ ]+ +\\[[.k]\\] ", "it is the text of perf report, which holds sums and no events: give that of 'perf script' on the same perf.data" },
	{ "^slabinfo - version", "it is /proc/slabinfo, which holds sums and no events: " RECORD },
	{ "^Page allocated via order", "it is the text of page_owner, which holds no events: " RECORD },
	{ "^ *([0-9.]+ +\\| +)?[0-9]+\\) .*\\| ", "it is the text of the function_graph tracer, which prints no line of its own for an event: take the nop tracer ('echo nop > current_tracer')" },
	{ "^([{]\"|[[][{])", "it is JSON; expected is plain text: that of perf script, ftrace or trace-cmd report" },
	{ "^<[!?a-zA-Z]", "it is HTML or XML; expected is plain text: that of perf script, ftrace or trace-cmd report" },
};

const char *foreign_tool(char lines[][FOREIGN_LINE_BYTES], size_t count)
{
	const char *what = NULL;

	for (size_t i = 0; i < sizeof tools / sizeof *tools && !what; i++) {
		regex_t pattern;

		if (regcomp(&pattern, tools[i].pattern, REG_EXTENDED | REG_NOSUB) != 0)
			return NULL;            /* out of memory; the general message does */
		for (size_t line = 0; line < count && !what; line++)
			if (regexec(&pattern, lines[line], 0, NULL, 0) == 0)
				what = tools[i].what;
		regfree(&pattern);
	}
	return what;
}
