/*
 * The importer and its trace files: lines of all kernels parse, each repair of a recording is
 * done and counted, and no damage to a trace file gets past the reader.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "workloads/import.h"
#include "workloads/kmem_text.h"

/* ---- lines: the samples of all tools and kernels ------------------------------------------------ */

struct row {
	const char *name, *line;
	enum kmem_line what;
	unsigned cpu;
	uint64_t time_ns, id;
	uint32_t size;
	const char *cache;
};

/* Values read off each line. Pages: size is the order. */
static const struct row rows[] = {
	{ "ftrace 3.x kmalloc",
	  "            sshd-2117  [003] ....  5123.410233: kmalloc: call_site=ffffffff815a1c3e ptr=ffff8803f1c26a00 bytes_req=512 bytes_alloc=512 gfp_flags=GFP_KERNEL|GFP_REPEAT",
	  KMEM_ALLOC, 3, 5123410233000, 0xffff8803f1c26a00, 512, NULL },
	{ "ftrace 3.x kmem_cache_alloc_node",
	  "            sshd-2117  [003] ....  5123.410236: kmem_cache_alloc_node: call_site=ffffffff815a1bf1 ptr=ffff8803f0a3be00 bytes_req=232 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1",
	  KMEM_ALLOC, 3, 5123410236000, 0xffff8803f0a3be00, 256, NULL },
	{ "ftrace 3.x kfree in the idle task",
	  "          <idle>-0     [001] ..s.  5123.410301: kfree: call_site=ffffffff815a0d11 ptr=ffff8803f1c26a00",
	  KMEM_FREE, 1, 5123410301000, 0xffff8803f1c26a00, 0, NULL },
	{ "ftrace 3.x kmem_cache_free",
	  "          <idle>-0     [001] ..s.  5123.410302: kmem_cache_free: call_site=ffffffff815a0d77 ptr=ffff8803f0a3be00",
	  KMEM_FREE, 1, 5123410302000, 0xffff8803f0a3be00, 0, NULL },
	{ "ftrace 3.x mm_page_alloc, decimal pfn",
	  "             cc1-9021  [005] ....  5123.411870: mm_page_alloc: page=ffffea0005d3a1c0 pfn=1527431 order=0 migratetype=2 gfp_flags=GFP_HIGHUSER_MOVABLE|GFP_ZERO",
	  KMEM_ALLOC, 5, 5123411870000, 1527431, 0, NULL },
	{ "ftrace 3.x mm_page_free_batched",
	  "             cc1-9021  [005] ....  5123.498112: mm_page_free_batched: page=ffffea0005d3a1c0 pfn=1527431 order=0 cold=0",
	  KMEM_FREE, 5, 5123498112000, 1527431, 0, NULL },
	{ "ftrace 3.x mm_page_free",
	  "             cc1-9021  [005] ....  5123.498140: mm_page_free: page=ffffea0005d3a200 pfn=1527432 order=3",
	  KMEM_FREE, 5, 5123498140000, 1527432, 3, NULL },
	{ "ftrace 3.x mm_page_pcpu_drain is no traffic",
	  "             cc1-9021  [005] d...  5123.498151: mm_page_pcpu_drain: page=ffffea0005d3a240 pfn=1527433 order=0 migratetype=2",
	  KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "ftrace 5.x hashed pointer, symbol",
	  "            sshd-2117    [003] ....  5123.410233: kmem_cache_alloc: call_site=getname_flags+0x4f/0x1f0 ptr=000000009e1b7c42 bytes_req=4096 bytes_alloc=4096 gfp_flags=GFP_KERNEL",
	  KMEM_ALLOC, 3, 5123410233000, 0x9e1b7c42, 4096, NULL },
	{ "ftrace 5.x call site with a module",
	  "            sshd-2117    [003] ....  5123.410260: kfree: call_site=ext4_free_ctx+0x1b/0x40 [ext4] ptr=000000005f00aa18",
	  KMEM_FREE, 3, 5123410260000, 0x5f00aa18, 0, NULL },
	{ "ftrace 6.x kmalloc, five flags",
	  "            sshd-2117    [003] .....  5123.410233: kmalloc: call_site=sock_alloc_send_pskb+0x81/0x230 ptr=000000003d2290be bytes_req=448 bytes_alloc=512 gfp_flags=GFP_KERNEL_ACCOUNT node=-1 accounted=true",
	  KMEM_ALLOC, 3, 5123410233000, 0x3d2290be, 512, NULL },
	{ "ftrace 6.x kmem_cache_alloc with a name",
	  "            sshd-2117    [003] .....  5123.410236: kmem_cache_alloc: call_site=__alloc_skb+0x8d/0x1a0 ptr=00000000b54f07d6 name=skbuff_head_cache bytes_req=232 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=false",
	  KMEM_ALLOC, 3, 5123410236000, 0xb54f07d6, 256, "skbuff_head_cache" },
	{ "ftrace 6.x process name with a colon and a hyphen",
	  "     kworker/1:2-440     [001] ..s1.  5123.410302: kmem_cache_free: call_site=kfree_skbmem+0x4a/0x60 ptr=00000000b54f07d6 name=skbuff_head_cache",
	  KMEM_FREE, 1, 5123410302000, 0xb54f07d6, 0, "skbuff_head_cache" },
	{ "ftrace 6.x mm_page_alloc, hexadecimal pfn",
	  "             cc1-9021  [005] d..1.  5123.411870: mm_page_alloc: page=00000000c4e20f11 pfn=0x174e87 order=1 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO",
	  KMEM_ALLOC, 5, 5123411870000, 0x174e87, 1, NULL },
	{ "trace-cmd, no flags, padded event",
	  "            sshd-2117  [003]  5123.410233: kmalloc:              call_site=sock_alloc_send_pskb+0x81 ptr=0xffff8881f1c26a00 bytes_req=448 bytes_alloc=512 gfp_flags=GFP_KERNEL_ACCOUNT node=-1 accounted=true",
	  KMEM_ALLOC, 3, 5123410233000, 0xffff8881f1c26a00, 512, NULL },
	{ "trace-cmd header", "cpus=8", KMEM_NOTHING, 0, 0, 0, 0, NULL },
	{ "trace-cmd lost events", "CPU:5 [LOST 812 EVENTS]", KMEM_LOST, 0, 0, 0, 0, NULL },
	{ "perf 3.x",
	  "            sshd  2117 [003]  5123.410233: kmem:kmalloc: call_site=ffffffff815a1c3e ptr=0xffff8803f1c26a00 bytes_req=512 bytes_alloc=512 gfp_flags=GFP_KERNEL|GFP_REPEAT",
	  KMEM_ALLOC, 3, 5123410233000, 0xffff8803f1c26a00, 512, NULL },
	{ "perf 5.x, padded event, decimal pfn",
	  "             cc1  9021 [005]  5123.411870:             kmem:mm_page_alloc: page=0x174e87 pfn=1527431 order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO",
	  KMEM_ALLOC, 5, 5123411870000, 1527431, 0, NULL },
	{ "perf 6.x, pid/tid",
	  "            sshd  2117/2117  [003]  5123.410236:     kmem:kmem_cache_alloc: call_site=__alloc_skb+0x8d ptr=0xffff8881f0a3be00 name=skbuff_head_cache bytes_req=232 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=false",
	  KMEM_ALLOC, 3, 5123410236000, 0xffff8881f0a3be00, 256, "skbuff_head_cache" },
	{ "perf with a period",
	  "sshd  2117 [003]  5123.410236:          1 kmem:kfree: call_site=f ptr=0x10", KMEM_FREE, 3, 5123410236000, 0x10, 0, NULL },
	{ "2.6.39 page frees", "cc1-9021 [005] 5123.5: mm_page_free_direct: page=ffffea0005d3a200 pfn=7 order=2",
	  KMEM_FREE, 5, 5123500000000, 7, 2, NULL },
	{ "2.6.39 batched page frees", "cc1-9021 [005] 5123.5: mm_pagevec_free: page=ffffea0005d3a200 pfn=7 order=0 cold=0",
	  KMEM_FREE, 5, 5123500000000, 7, 0, NULL },
	{ "times with nanoseconds", "a-1 [000] 1.000000007: kfree: call_site=f ptr=1f", KMEM_FREE, 0, 1000000007, 0x1f, 0, NULL },
	{ "any order of fields", "a-1 [000] 1.5: kmalloc: bytes_alloc=32 ptr=0x20 bytes_req=17", KMEM_ALLOC, 0, 1500000000, 0x20, 32, NULL },
	{ "process name that looks like a place",
	  "x [007] 9.9: y-12 [001] 1.5: kfree: call_site=f ptr=0x20", KMEM_FREE, 1, 1500000000, 0x20, 0, NULL },
	{ "cache name with a space", "a-1 [000] 1.5: kmem_cache_free: call_site=f ptr=0x20 name=my cache x=1",
	  KMEM_FREE, 0, 1500000000, 0x20, 0, "my cache" },
	{ "free of nothing", "a-1 [000] 1.5: kfree: call_site=f ptr=(null)", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "free of nothing, perf", "a 1 [000] 1.5: kmem:kfree: call_site=f ptr=(nil)", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "failed page allocation", "a 1 [000] 1.5: kmem:mm_page_alloc: page=(nil) pfn=0xffffffffffffffff order=0 migratetype=0",
	  KMEM_FAILED, 0, 0, 0, 0, NULL },
	{ "failed page allocation, frame 0", "a-1 [000] .... 1.5: mm_page_alloc: page=          (null) pfn=0 order=0", KMEM_FAILED, 0, 0, 0, 0, NULL },
	{ "failed page allocation, signed", "a-1 [000] .... 1.5: mm_page_alloc: pfn=-1 order=9", KMEM_FAILED, 0, 0, 0, 0, NULL },
	{ "frame 0 is never freed", "a-1 [000] .... 1.5: mm_page_free: pfn=0x0 order=0", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "no page struct, but a frame", "a-1 [000] .... 1.5: mm_page_alloc: page=0000000000000000 pfn=4711 order=0",
	  KMEM_ALLOC, 0, 1500000000, 4711, 0, NULL },
	{ "failed allocation", "a-1 [000] 1.5: kmalloc: call_site=f ptr=(null) bytes_req=64 bytes_alloc=64", KMEM_FAILED, 0, 0, 0, 0, NULL },
	{ "allocation of no bytes", "a 1 [000] 1.5: kmem:kmalloc: ptr=0x10 bytes_req=0 bytes_alloc=0", KMEM_FAILED, 0, 0, 0, 0, NULL },
	{ "free of nothing, padded", "a-1 [000] 1.5: kfree: call_site=f ptr=          (null)", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "free of nothing, zeros", "a-1 [000] 1.5: kfree: call_site=f ptr=0000000000000000", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "hidden pointer, bare", "a-1 [000] 1.5: kfree: call_site=f ptr=____ptrval____", KMEM_HIDDEN, 0, 0, 0, 0, NULL },
	{ "hidden pointer", "a-1 [000] 1.5: kfree: call_site=f ptr=(____ptrval____)", KMEM_HIDDEN, 0, 0, 0, 0, NULL },
	{ "no pointer", "a-1 [000] 1.5: kfree: call_site=f", KMEM_BROKEN, 0, 0, 0, 0, NULL },
	{ "pointer of 17 digits", "a-1 [000] 1.5: kfree: ptr=11111111111111111", KMEM_BROKEN, 0, 0, 0, 0, NULL },
	{ "no size", "a-1 [000] 1.5: kmalloc: ptr=0x20 bytes_req=17", KMEM_BROKEN, 0, 0, 0, 0, NULL },
	{ "size beyond the largest block", "a-1 [000] 1.5: kmalloc: ptr=0x20 bytes_alloc=4194305", KMEM_BROKEN, 0, 0, 0, 0, NULL },
	{ "order beyond the largest block", "a-1 [000] 1.5: mm_page_alloc: pfn=7 order=21", KMEM_BROKEN, 0, 0, 0, 0, NULL },
	{ "order of other page sizes", "a-1 [000] 1.5: mm_page_alloc: pfn=7 order=13", KMEM_ALLOC, 0, 1500000000, 7, 13, NULL },
	{ "raw fields, hexadecimal", "a-1 [002] 1.5: kmalloc: ptr=0xff20 (65312) bytes_req=0x14 (20) bytes_alloc=0x20 (32)",
	  KMEM_ALLOC, 2, 1500000000, 0xff20, 32, NULL },
	{ "raw fields of a page", "a-1 [002] 1.5: mm_page_free: pfn=0x30233 (197171) order=0x3 (3)", KMEM_FREE, 2, 1500000000, 197171, 3, NULL },
	{ "raw fields of a batch have no order", "a-1 [002] 1.5: mm_page_free_batched: pfn=0x30233 (197171)",
	  KMEM_FREE, 2, 1500000000, 197171, 0, NULL },
	{ "name behind a raw pointer", "a-1 [002] 1.5: kmem_cache_free: ptr=0xff20 (65312) name=paths",
	  KMEM_FREE, 2, 1500000000, 0xff20, 0, "paths" },
	{ "x86-tsc clock", "a-1 [002] ..... 512341023345: kfree: ptr=20", KMEM_FREE, 2, 512341023345, 0x20, 0, NULL },
	{ "counter clock, no flags", "a-1 [002] 77: kfree: ptr=20", KMEM_FREE, 2, 77, 0x20, 0, NULL },
	{ "latency format", "    prod-100     12d..1.  120us : kfree: ptr=20", KMEM_FREE, 12, 120000, 0x20, 0, NULL },
	{ "latency format, a long delay", "    prod-100     0..... 1120us!: kfree: ptr=20", KMEM_FREE, 0, 1120000, 0x20, 0, NULL },
	{ "latency format, some delay", "  my prog-100     3dNh1.  20us+: kfree: ptr=20", KMEM_FREE, 3, 20000, 0x20, 0, NULL },
	{ "latency format on a console", "[    6.700001]   swap-1     1.N..   340000us : kfree: ptr=20", KMEM_FREE, 1, 340000000, 0x20, 0, NULL },
	{ "latency format of trace-cmd", "     app-77     1d..1   100.000020: kfree: ptr=20", KMEM_FREE, 1, 100000020000, 0x20, 0, NULL },
	{ "time of day is in the way", "a 1 [002] 2024-05-03 12:00:01.5 50.5: kmem:kfree: ptr=0x20", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "no event", "a 1 [002] 50.5: call_site=f ptr=0x20", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "process name with an event in it", "kfree: ptr=0x1 [3] 9.5: kfree: ptr=0x2 -12 [001] 1.5: kfree: ptr=0x20",
	  KMEM_FREE, 1, 1500000000, 0x20, 0, NULL },
	{ "process name of other letters", "\xc3\xa9t\xc3\xa9 [5] : x-12 [001] 1.5: kfree: ptr=20", KMEM_FREE, 1, 1500000000, 0x20, 0, NULL },
	{ "cache name that looks like a place", "a-1 [001] 1.5: kmem_cache_free: ptr=20 name=x [3] 1.2: b",
	  KMEM_FREE, 1, 1500000000, 0x20, 0, "x [3] 1.2: b" },
	{ "LTTng", "[09:10:11.000000257] (+0.000000120) host1 kmem_kmalloc: { cpu_id = 3 }, { call_site = 0xFFFF, ptr = 0xFF20, bytes_req = 20, bytes_alloc = 32, gfp_flags = ( \"GFP_KERNEL\" : container = 3264 ) }",
	  KMEM_ALLOC, 3, 33011000000257, 0xff20, 32, NULL },        /* (9 * 60 + 10) * 60 + 11 s */
	{ "LTTng, seconds, context", "[1714730000.5] (+0.000003743) kmem_cache_free: { cpu_id = 1 }, { procname = \"a b\", pid = 7 }, { call_site = 0x1, ptr = 0xFF40, name = \"my paths\" }",
	  KMEM_FREE, 1, 1714730000500000000, 0xff40, 0, "my paths" },
	{ "LTTng, date, page", "[2024-05-03 00:01:00.25] host kmem_mm_page_alloc: { cpu_id = 2 }, { page = 0x0, pfn = 197171, order = 2, gfp_flags = 3264, migratetype = 1 }",
	  KMEM_ALLOC, 2, 60250000000, 197171, 2, NULL },
	{ "LTTng, cycles", "[00000000000123456] host kmem_kfree: { cpu_id = 1 }, { ptr = 0x20 }", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "LTTng, no object", "[09:10:11.5] host kmem_kfree: { cpu_id = 1 }, { call_site = 0x1, ptr = 0x0 }", KMEM_NULL, 0, 0, 0, 0, NULL },
	{ "LTTng, another event", "[09:10:11.5] host sched_switch: { cpu_id = 1 }, { prev_tid = 0 }", KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "perf trace", "     0.012 demo/4711 kmem:kfree(call_site: 0xff, ptr: 0xff20)", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "page events of today that are no traffic", "a-1 [000] ..... 1.5: mm_page_alloc_zone_locked: page=0 pfn=0x7 order=0 migratetype=1 percpu_refill=1",
	  KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "resident size", "a 1 [000] 1.5: kmem:rss_stat: mm_id=7 curr=1 type=MM_ANONPAGES size=4096B", KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "allocation for a group", "a 1 [000] 1.5: kmem:kmem_cache_alloc: call_site=f ptr=0x20 name=inode bytes_req=600 bytes_alloc=640 gfp_flags=GFP_KERNEL node=-1 accounted=true",
	  KMEM_ALLOC, 0, 1500000000, 0x20, 640, "inode" },
	{ "kmalloc_node", "a 1 [000] 1.5: kmem:kmalloc_node: call_site=f ptr=0x20 bytes_req=600 bytes_alloc=1024 node=0",
	  KMEM_ALLOC, 0, 1500000000, 0x20, 1024, NULL },
	{ "one's own", "x [0] 1.0: kmem:kmalloc: ptr=0x10000 bytes_alloc=64", KMEM_ALLOC, 0, 1000000000, 0x10000, 64, NULL },
	{ "stack of ftrace", "=> do_free (ffffffff81160000)", KMEM_FRAME, 0, 0, 0, 0, NULL },
	{ "begin of a stack", "   snd-611   [001]   300.500511: <stack trace>", KMEM_FRAME, 0, 0, 0, 0, NULL },
	{ "function tracer", "   snd-611   [001] d....  300.500511: kfree_skb <-rcv", KMEM_FRAME, 0, 0, 0, 0, NULL },
	{ "address of a frame alone", "\tffffffff815a1c3e", KMEM_NOTHING, 0, 0, 0, 0, NULL },
	{ "event of another group", "a 1 [000] 1.5: sched:sched_switch: prev_comm=x", KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "kfree of another group", "a 1 [000] 1.5: mine:kfree: ptr=0x20", KMEM_OTHER, 0, 0, 0, 0, NULL },
	{ "no CPU", "a 1 1.5: kmem:kfree: call_site=f ptr=0x20", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "no time", "a 1 [000] kmem:kfree: call_site=f ptr=0x20", KMEM_LACKING, 0, 0, 0, 0, NULL },
	{ "header", "# tracer: nop", KMEM_NOTHING, 0, 0, 0, 0, NULL },
	{ "blank", "  \t ", KMEM_NOTHING, 0, 0, 0, 0, NULL },
	{ "stack frame", "\tffffffff815a1c3e kfree+0x1f ([kernel.kallsyms])", KMEM_NOTHING, 0, 0, 0, 0, NULL },
	{ "prose", "hello world", KMEM_NO_EVENT, 0, 0, 0, 0, NULL },
};

static void each_line_parses(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct kmem_event event;
		enum kmem_line what = kmem_parse(row->line, strlen(row->line), &event);

		if (what != row->what)
			fail_msg("%s: line is kind %d, expected %d", row->name, what, row->what);
		if (what != KMEM_ALLOC && what != KMEM_FREE)
			continue;
		if (event.cpu != row->cpu || event.time_ns != row->time_ns || event.id != row->id)
			fail_msg("%s: CPU %u, %llu ns, id %llx", row->name, event.cpu,
				 (unsigned long long)event.time_ns, (unsigned long long)event.id);
		if ((what == KMEM_ALLOC || event.level == TRACE_PAGES) && event.size != row->size)
			fail_msg("%s: size %u, expected %u", row->name, event.size, row->size);
		if (!row->cache != !event.name)
			fail_msg("%s: cache named: %d", row->name, event.name != NULL);
		if (row->cache && (event.name_bytes != strlen(row->cache) ||
				   memcmp(event.name, row->cache, event.name_bytes) != 0))
			fail_msg("%s: cache '%.*s', expected '%s'", row->name,
				 (int)event.name_bytes, event.name, row->cache);
	}
}

/* By recorder: how many (0: it does not say), and on which CPU. */
static const struct loss_row {
	const char *line;
	enum kmem_line what;
	uint64_t lost;
	unsigned cpu;
} losses[] = {
	{ "CPU:5 [LOST 812 EVENTS]", KMEM_LOST, 812, 5 },
	{ "CPU:3 [LOST EVENTS]", KMEM_LOST, 0, 3 },
	{ "CPU:7 [3120 EVENTS DROPPED]", KMEM_LOST, 3120, 7 },
	{ "CPU:12 [EVENTS DROPPED]", KMEM_LOST, 0, 12 },
	{ "CPU 3: 44 events lost", KMEM_LOST, 44, 3 },
	{ "perf  4711 [002]    12.500000: PERF_RECORD_LOST lost 42", KMEM_LOST, 42, 2 },
	{ "perf  4711 [002]    12.500000: PERF_RECORD_LOST_SAMPLES lost 9", KMEM_LOST, 9, 2 },
	{ "perf  4711 [002]    12.500000: PERF_RECORD_LOST: id:31: lost:17", KMEM_LOST, 17, 2 },
	{ "0 0 0x1234 [0x20]: PERF_RECORD_LOST: id:31: lost:17", KMEM_LOST, 17, KMEM_NO_CPU },
	{ "Processed 83752 events and lost 3 chunks!", KMEM_LOST, 0, KMEM_NO_CPU },
	{ "Processed 1000 samples and lost 21.20%!", KMEM_LOST, 0, KMEM_NO_CPU },
	{ "[warning] Tracer discarded 45 events at end of stream between [10:11:12.5] and [10:11:13.5] in trace UUID 1a2b, at path: \"/tmp/t/kernel\", within stream id 0, at relative path: \"channel0_2\".",
	  KMEM_LOST, 45, 2 },
	{ "WARNING: Tracer discarded 7 events between [1] and [2] in trace \"t\" within stream \"s\" (stream class ID: 0, stream ID: 6).",
	  KMEM_LOST, 7, 6 },
	{ "WARNING: Tracer may have discarded events between [1] and [2]", KMEM_LOST, 0, KMEM_NO_CPU },
	{ "# entries-in-buffer/entries-written: 41210/99731   #P:8", KMEM_OVERWRITTEN, 58521, KMEM_NO_CPU },
	{ "# entries-in-buffer/entries-written: 41210/41210   #P:8", KMEM_NOTHING, 0, 0 },
	{ "##### CPU 2 buffer started ####", KMEM_NOTHING, 0, 0 },
	{ "CPU 4 is empty", KMEM_NOTHING, 0, 0 },
	{ "CPU 3: 0 events lost", KMEM_NOTHING, 0, 0 },
	{ "perf  4711 [002]    12.500000: PERF_RECORD_LOST: id:31: lost:0", KMEM_NOTHING, 0, 0 },
};

static void losses_of_all_recorders_are_seen(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
		const struct loss_row *row = &losses[i];
		struct kmem_event event;
		enum kmem_line what = kmem_parse(row->line, strlen(row->line), &event);

		if (what != row->what)
			fail_msg("%s: kind %d, expected %d", row->line, what, row->what);
		if (what != KMEM_NOTHING && (event.lost != row->lost || event.cpu != row->cpu ||
					     event.gap != (row->lost == 0)))
			fail_msg("%s: %llu lost on %u", row->line, (unsigned long long)event.lost,
				 event.cpu);
	}
}

/* ---- repairs ------------------------------------------------------------------------------------ */

static struct trace *import_with(const struct import_options *options, const char *text,
				 size_t piece)
{
	struct importer *importer = import_new(options);
	size_t length = strlen(text);
	char why[256] = "";

	for (size_t at = 0; at < length; at += piece)
		assert_true(import_feed(importer, text + at,
					piece < length - at ? piece : length - at, why,
					sizeof why));
	struct trace *trace = import_finish(importer, why, sizeof why);

	if (!trace)
		fail_msg("no trace: %s", why);
	import_free(importer);
	return trace;
}

static struct trace *import_text(const char *text)
{
	struct import_options options = { .origin = "test" };

	return import_with(&options, text, strlen(text));
}

/* "0+0 1-0 ...": CPU, + or -, object. */
static void expect_events(const struct trace *trace, const char *expected)
{
	char text[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < trace->events && used + 32 < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%u%c%u", i ? " " : "",
					 trace->event[i].cpu, trace->event[i].free ? '-' : '+',
					 trace->event[i].object);
	assert_string_equal(text, expected);
}

#define A(cpu, time, ptr, size) "a 1 [00" #cpu "] " #time ": kmem:kmalloc: call_site=f ptr=0x" #ptr " bytes_req=" #size " bytes_alloc=" #size "\n"
#define F(cpu, time, ptr) "a 1 [00" #cpu "] " #time ": kmem:kfree: call_site=f ptr=0x" #ptr "\n"
#define CA(cpu, time, ptr, cache, size) "a 1 [00" #cpu "] " #time ": kmem:kmem_cache_alloc: call_site=f ptr=0x" #ptr " name=" #cache " bytes_req=" #size " bytes_alloc=" #size "\n"
#define CF(cpu, time, ptr, cache) "a 1 [00" #cpu "] " #time ": kmem:kmem_cache_free: call_site=f ptr=0x" #ptr " name=" #cache "\n"
#define PA(cpu, time, pfn, order) "a 1 [00" #cpu "] " #time ": kmem:mm_page_alloc: page=0x" #pfn " pfn=0x" #pfn " order=" #order " migratetype=0\n"
#define PF(cpu, time, pfn, order) "a 1 [00" #cpu "] " #time ": kmem:mm_page_free: page=0x" #pfn " pfn=0x" #pfn " order=" #order "\n"
#define PB(cpu, time, pfn) "a 1 [00" #cpu "] " #time ": kmem:mm_page_free_batched: page=0x" #pfn " pfn=0x" #pfn " order=0\n"

static void pairs_match_by_address(void **unused)
{
	struct trace *trace =
		import_text(A(0, 1.5, ffff888100000040, 64) F(1, 1.75, ffff888100000040));

	(void)unused;
	expect_events(trace, "0+0 1-0");
	assert_int_equal(trace->cpus, 2);
	assert_int_equal(trace->existed, 0);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_ALLOCATIONS], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_MATCHED], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_REMOTE], 1);
	assert_int_equal(trace->event[0].time_ns, 0);
	assert_int_equal(trace->event[1].time_ns, 250000000);   /* 1.75 s - 1.5 s */
	assert_string_equal(trace->cache[trace->object[0].cache].name, "kmalloc-64");
	assert_true(trace->object[0].freed);
	assert_int_equal(trace->object[0].free_cpu, 1);
	trace_free(trace);
}

/* An object of kmem_cache_alloc may be freed by kfree, and the other way round. */
static void pairing_ignores_which_free(void **unused)
{
	struct trace *trace = import_text(CA(0, 1.0, 40, dentry, 192) F(0, 1.1, 40)
						  A(0, 1.2, 80, 64) CF(0, 1.3, 80, kmalloc - 64));

	(void)unused;
	expect_events(trace, "0+0 0-0 0+1 0-1");
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_MATCHED], 2);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_RENAMED], 0);
	trace_free(trace);
}

/* Object 0 existed: it is freed by recorded CPU 3, which is the second CPU of the trace. */
static void a_free_without_allocation_existed_on_the_freeing_cpu(void **unused)
{
	struct trace *trace = import_text(CA(1, 1.0, 40, dentry, 192) CF(3, 1.1, 2000, dentry));

	(void)unused;
	expect_events(trace, "0+1 1-0");
	assert_int_equal(trace->existed, 1);
	assert_int_equal(trace->object[0].cpu, 1);
	assert_int_equal(trace->cpu_number[0], 1);
	assert_int_equal(trace->cpu_number[1], 3);
	assert_string_equal(trace->cache[trace->object[0].cache].name, "dentry");
	assert_int_equal(trace->cache[trace->object[0].cache].size, 192);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_EXISTED], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_GUESSED], 0);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_LEFT], 1);
	trace_free(trace);
}

/* kfree tells no size: that of a later object at the address, of a neighbour on its page, a guess. */
static void sizes_of_what_existed(void **unused)
{
	struct trace *trace = import_text(
		F(0, 1.0, ffff888100000040) F(0, 1.1, ffff888100001080) F(0, 1.2, ffff888100002040)
			CF(0, 1.3, ffff888100003000, filp) A(0, 1.4, ffff888100000040, 512)
				A(0, 1.5, ffff888100001fc0, 64));

	(void)unused;
	assert_int_equal(trace->existed, 4);
	assert_int_equal(trace->cache[trace->object[0].cache].size, 512);
	assert_int_equal(trace->cache[trace->object[1].cache].size, 64);
	assert_int_equal(trace->cache[trace->object[2].cache].size, IMPORT_GUESS_BYTES);
	assert_int_equal(trace->cache[trace->object[3].cache].size, IMPORT_GUESS_BYTES);
	assert_string_equal(trace->cache[trace->object[3].cache].name, "filp");
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_EXISTED], 4);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_GUESSED], 2);
	trace_free(trace);
}

/* Hashed pointers: 0x40 and 0x80 share no page, so nothing is known of the second. */
static void hashed_pointers_have_no_neighbours(void **unused)
{
	struct trace *trace = import_text(A(0, 1.0, 40, 64) F(0, 1.1, 80));

	(void)unused;
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_GUESSED], 1);
	trace_free(trace);
}

/* Address 40 is handed out again: its free, on CPU 1, comes just before, at the same time. */
static void an_address_still_alive_is_freed_just_before(void **unused)
{
	struct trace *trace = import_text(A(0, 1.0, 40, 64) A(1, 1.5, 40, 64) F(1, 1.6, 40));

	(void)unused;
	expect_events(trace, "0+0 1-0 1+1 1-1");
	assert_int_equal(trace->event[1].time_ns, trace->event[2].time_ns);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_REPLACED], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_MATCHED], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_REMOTE], 0);      /* who freed it is not known */
	trace_free(trace);
}

static void what_is_never_freed_is_left(void **unused)
{
	struct trace *trace = import_text(A(0, 1.0, 40, 64) A(0, 1.1, 80, 64) F(0, 1.2, 40));

	(void)unused;
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_LEFT], 1);
	assert_false(trace->object[1].freed);
	trace_free(trace);
}

/* 6.x reports a batched page alone first, then in the batch; 3.x the other way round. */
static void batched_page_frees_count_once(void **unused)
{
	struct trace *trace = import_text(PA(0, 1.0, 7, 0) PA(0, 1.1, 8, 0) PF(0, 1.2, 7, 0) PB(
		0, 1.3, 7) PB(0, 1.4, 8) PF(0, 1.5, 8, 0) PF(0, 1.6, 8, 0));

	(void)unused;
	/* The last free of page 8 is a third report: it existed. */
	expect_events(trace, "0+1 0+2 0-1 0-2 0-0");
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_TWINS], 2);
	assert_int_equal(trace->note[TRACE_PAGES][NOTE_EXISTED], 1);
	assert_int_equal(trace->note[TRACE_PAGES][NOTE_MATCHED], 2);
	trace_free(trace);
}

/* Pages 8 and 9 are one block, freed as one of four: the allocation says how many it is. */
static void the_allocation_says_the_order(void **unused)
{
	struct trace *trace = import_text(PA(0, 1.0, 8, 1) PF(0, 1.1, 8, 2) CA(0, 1.3, 40, a, 64)
						  CF(0, 1.4, 40, b));

	(void)unused;
	expect_events(trace, "0+0 0-0 0+1 0-1");
	assert_int_equal(trace->cache[trace->object[0].cache].size, 1);
	assert_int_equal(trace->note[TRACE_PAGES][NOTE_RENAMED], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_RENAMED], 1);
	trace_free(trace);
}

/* ---- blocks: each text, what becomes of it, and the notes ------------------------------------ */

static const struct block_row {
	const char *name, *text, *events;
	unsigned matched, parts, replaced, left, existed;
} blocks[] = {
	{ "freed in parts, by two CPUs: the last one frees it",
	  PA(0, 1.0, 8, 2) PF(0, 1.1, a, 0) PF(1, 1.2, 8, 1) PF(1, 1.3, b, 0), "0+0 1-0", 1, 2, 0, 0, 0 },
	{ "its first page goes first", PA(0, 1.0, 8, 2) PF(0, 1.1, 8, 0) PF(0, 1.2, 9, 0) PF(0, 1.3, a, 1),
	  "0+0 0-0", 1, 2, 0, 0, 0 },
	{ "freed but for a part: left", PA(0, 1.0, 8, 2) PF(0, 1.1, 8, 1), "0+0", 0, 1, 0, 1, 0 },
	{ "a part is allocated as a block and freed",
	  PA(0, 1.0, 8, 2) PF(0, 1.1, a, 1) PA(1, 1.2, a, 1) PF(1, 1.3, a, 1) PF(0, 1.4, 8, 1),
	  "0+0 1+1 1-1 0-0", 2, 1, 0, 0, 0 },
	{ "a part is allocated though no free was recorded: the block was freed before",
	  PA(0, 1.0, 8, 2) PA(1, 1.1, a, 0) PF(1, 1.2, a, 0), "0+0 1-0 1+1 1-1", 1, 0, 1, 0, 0 },
	{ "of a block begun to be freed the part changes hands, and no more",
	  PA(0, 1.0, 8, 1) PF(0, 1.1, 8, 0) PA(1, 1.2, 9, 0) PF(1, 1.3, 9, 0), "0+0 1-0 1+1 1-1", 1, 1, 1, 0, 0 },
	{ "a block is allocated over single pages",
	  PA(0, 1.0, 8, 0) PA(0, 1.1, b, 0) PA(0, 1.2, 8, 2) PF(0, 1.3, 8, 2),
	  "0+0 0+1 0-0 0-1 0+2 0-2", 1, 0, 2, 0, 0 },
	{ "neighbours have nothing to do with each other",
	  PA(0, 1.0, 8, 2) PA(0, 1.1, c, 2) PF(0, 1.2, c, 2) PF(0, 1.3, 8, 2), "0+0 0+1 0-1 0-0", 2, 0, 0, 0, 0 },
	{ "parts freed in a batch are reported twice", PA(0, 1.0, 8, 1) PB(0, 1.1, 8) PF(0, 1.2, 8, 0)
	  PB(0, 1.3, 9) PF(0, 1.4, 9, 0), "0+0 0-0", 1, 1, 0, 0, 0 },
	{ "a large folio freed in a batch", PA(0, 1.0, 8, 2) PF(0, 1.1, 8, 2) PB(0, 1.2, 8), "0+0 0-0", 1, 0, 0, 0, 0 },
	{ "a part of what nobody allocated existed alone", PF(0, 1.0, 9, 0) PA(0, 1.1, 8, 1) PF(0, 1.2, 8, 1),
	  "0-0 0+1 0-1", 1, 0, 0, 0, 1 },
	{ "blocks across any border", PA(0, 1.0, 1f, 10) PF(0, 1.1, 40e, 0) PA(1, 1.2, 1f, 0) PF(1, 1.3, 1f, 0),
	  "0+0 1+1 1-1", 1, 1, 0, 1, 0 },
};

static void blocks_pair_by_what_contains_them(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		const struct block_row *row = &blocks[i];
		struct trace *trace = import_text(row->text);
		const uint64_t *pages = trace->note[TRACE_PAGES];

		print_message("%s\n", row->name);
		expect_events(trace, row->events);
		assert_int_equal(pages[NOTE_MATCHED], row->matched);
		assert_int_equal(trace->note[TRACE_SLAB][NOTE_PARTS], row->parts);
		assert_int_equal(pages[NOTE_REPLACED], row->replaced);
		assert_int_equal(pages[NOTE_LEFT], row->left);
		assert_int_equal(pages[NOTE_EXISTED], row->existed);
		assert_int_equal(pages[NOTE_RENAMED], 0);
		trace_free(trace);
	}
}

/* Time of CPU 0 steps back: order kept, no time passes. CPU 1 may be behind CPU 0. */
static void time_never_steps_back_on_a_cpu(void **unused)
{
	struct trace *trace =
		import_text(A(0, 2.0, 40, 64) A(1, 1.5, 80, 64) F(0, 1.75, 40) F(1, 1.6, 80));

	(void)unused;
	expect_events(trace, "0+0 1+1 0-0 1-1");
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_LATE], 1);
	assert_int_equal(trace->event[0].time_ns, 500000000);   /* since 1.5 s, the earliest */
	assert_int_equal(trace->event[1].time_ns, 0);
	assert_int_equal(trace->event[2].time_ns, 500000000);
	assert_int_equal(trace->event[3].time_ns, 100000000);
	trace_free(trace);
}

static void what_is_left_out_is_counted(void **unused)
{
	struct trace *trace = import_text("# header\n" A(
		0, 1.0, 40, 64) A(0, 1.01, 80, 64) A(0, 1.02, c0, 64) F(0, 1.03, c0) F(0, 1.04, 80)
		F(0, 1.05, 40) "CPU:0 [LOST 7 EVENTS]\n\nrubbish\n"
				"a 1 [000] 1.1: kmem:rss_stat: x=1\n"
				"a 1 [000] 1.1: kmem:rss_stat: x=2\n"
				"a 1 [000] 1.1: kmem:kfree: call_site=f\n"
				"a 1 [000] 1.1: kmem:kfree: call_site=f ptr=(nil)\n"
				"a 1 [000] 1.1: kmem:kfree: call_site=f ptr=(____ptrval____)\n");
	const uint64_t *note = trace->note[TRACE_SLAB];

	(void)unused;
	assert_int_equal(note[NOTE_LINES], 15);
	assert_int_equal(note[NOTE_EVENTS], 9);         /* three kmalloc and six kfree */
	assert_int_equal(note[NOTE_OTHER_EVENTS], 2);
	assert_int_equal(note[NOTE_NO_EVENTS], 1);
	assert_int_equal(note[NOTE_BROKEN], 1);
	assert_int_equal(note[NOTE_NULL], 1);
	assert_int_equal(note[NOTE_HIDDEN], 1);
	assert_int_equal(note[NOTE_LOST], 7);
	trace_free(trace);
}

/*
 * Events 1 and 2 of: 0+a 1+b 1-a 0-b 0-c. Object a lives where the part begins and is freed in it:
 * made before the start by CPU 0, which allocated it. b is left.
 */
static void a_part_keeps_what_lives_where_it_begins(void **unused)
{
	struct import_options options = { .skip = 1, .events = 2 };
	const char *text =
		A(0, 1.0, 40, 64) A(1, 1.1, 80, 64) F(1, 1.2, 40) F(0, 1.3, 80) F(0, 1.4, c0);
	struct trace *trace = import_with(&options, text, strlen(text));

	(void)unused;
	expect_events(trace, "1+1 1-0");
	assert_int_equal(trace->existed, 1);
	assert_int_equal(trace->object[0].cpu, 0);
	assert_int_equal(trace->object[0].free_cpu, 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_CUT], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_EXISTED], 0);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_LEFT], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_TRIMMED], 3);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_REMOTE], 1);
	trace_free(trace);
}

static void one_level_can_be_kept(void **unused)
{
	struct import_options options = { .only_pages = true };
	const char *text = A(0, 1.0, 40, 64) PA(0, 1.1, 7, 0) F(0, 1.2, 40);
	struct trace *trace = import_with(&options, text, strlen(text));

	(void)unused;
	expect_events(trace, "0+0");
	assert_int_equal(trace->note[TRACE_PAGES][NOTE_ALLOCATIONS], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_TRIMMED], 2);
	trace_free(trace);
}

/* ---- inputs that give no trace ---------------------------------------------------------------- */

static void expect_refused(const void *bytes, size_t count, const struct import_options *options,
			   const char *part)
{
	struct importer *importer = import_new(options);
	char why[IMPORT_WHY_BYTES] = "";
	struct trace *trace = NULL;

	if (import_feed(importer, bytes, count, why, sizeof why))
		trace = import_finish(importer, why, sizeof why);
	if (trace || !strstr(why, part))
		fail_msg("said '%s', expected '%s'", trace ? "a trace" : why, part);
	import_free(importer);
}

static void refusals_say_why(void **unused)
{
	static const char zstd_rubbish[] = "\x28\xb5\x2f\xfd rubbish that is no frame";
	struct import_options all = { 0 }, late = { .skip = 1 };
	const char *no_cpu = "a 1 1.5: kmem:kfree: call_site=f ptr=0x20\n";
	char packed[512];
	const char *one = A(0, 1.0, 40, 64);
	size_t bytes = ZSTD_compress(packed, sizeof packed, one, strlen(one), 1);

	(void)unused;
	expect_refused("", 0, &all, "no kmem events");
	expect_refused("\0\1\2\3garbage\n\377\n", 14, &all, "no kmem events");
	expect_refused(no_cpu, strlen(no_cpu), &all,
		       "perf script -F comm,pid,tid,cpu,time,event,trace");
	expect_refused(one, strlen(one), &late, "no events are left");
	expect_refused(zstd_rubbish, sizeof zstd_rubbish - 1, &all, "cannot be unpacked");
	for (size_t cut = 4; cut < bytes; cut++)
		expect_refused(packed, cut, &all, "it is cut off");
}

/* ---- the sample --------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("%s: not here; tests run from the root of the source tree", path);
	char *text = calloc(1, 1 << 20);

	*bytes = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	return text;
}

/*
 * 240 lines: by `grep -c` 54 kmalloc + 54 kmem_cache_alloc = 108 allocations, 62 kfree + 60
 * kmem_cache_free = 122 frees, 9 mm_page_alloc, 1 mm_page_free. A dictionary of live addresses,
 * apart from this program, finds 47 of the frees in it, all allocated on the other CPU; so 122 - 47
 * = 75 are of what existed and 108 - 47 = 61 objects are left. The page freed was not allocated.
 */
static void the_sample_counts_as_by_hand(void **unused)
{
	size_t bytes;
	char *text = read_file("tests/import/socket.kmem.txt", &bytes);
	struct trace *trace = import_text(text);
	const uint64_t *slab = trace->note[TRACE_SLAB], *pages = trace->note[TRACE_PAGES];

	(void)unused;
	assert_int_equal(slab[NOTE_LINES], 240);
	assert_int_equal(slab[NOTE_EVENTS], 240);
	assert_int_equal(slab[NOTE_NULL], 0);
	assert_int_equal(slab[NOTE_ALLOCATIONS], 108);
	assert_int_equal(slab[NOTE_MATCHED], 47);
	assert_int_equal(slab[NOTE_REMOTE], 47);
	assert_int_equal(slab[NOTE_EXISTED], 75);
	assert_int_equal(slab[NOTE_REPLACED], 0);
	assert_int_equal(slab[NOTE_LEFT], 61);
	assert_int_equal(pages[NOTE_ALLOCATIONS], 9);
	assert_int_equal(pages[NOTE_LEFT], 9);
	assert_int_equal(pages[NOTE_EXISTED], 1);
	/* Every event of the input is accounted for. */
	assert_int_equal(slab[NOTE_EVENTS], slab[NOTE_ALLOCATIONS] + slab[NOTE_MATCHED] + slab[NOTE_EXISTED] +
		pages[NOTE_ALLOCATIONS] + pages[NOTE_MATCHED] + pages[NOTE_EXISTED] + slab[NOTE_NULL] +
		slab[NOTE_TWINS] + slab[NOTE_BROKEN] + slab[NOTE_HIDDEN] + slab[NOTE_TRIMMED]);
	trace_free(trace);
	free(text);
}

static bool same_trace(const struct trace *a, const struct trace *b)
{
	size_t a_bytes, b_bytes;
	void *a_file = trace_encode(a, &a_bytes), *b_file = trace_encode(b, &b_bytes);
	bool same = a_bytes == b_bytes && memcmp(a_file, b_file, a_bytes) == 0;

	free(a_file);
	free(b_file);
	return same;
}

static void pieces_and_packing_change_nothing(void **unused)
{
	size_t bytes, room;
	char *text = read_file("tests/import/socket.kmem.txt", &bytes);
	struct import_options options = { .origin = "test" };
	struct trace *whole = import_text(text), *pieces = import_with(&options, text, 1);
	struct importer *importer = import_new(&options);
	char *packed = malloc(room = ZSTD_compressBound(bytes)), why[256];

	(void)unused;
	assert_true(same_trace(whole, pieces));
	room = ZSTD_compress(packed, room, text, bytes, 3);
	for (size_t at = 0; at < room; at += 1000)
		assert_true(import_feed(importer, packed + at, room - at < 1000 ? room - at : 1000,
					why, sizeof why));
	struct trace *unpacked = import_finish(importer, why, sizeof why);

	assert_non_null(unpacked);
	assert_true(same_trace(whole, unpacked));
	trace_free(whole);
	trace_free(pieces);
	trace_free(unpacked);
	import_free(importer);
	free(packed);
	free(text);
}

/* ---- trace files ---------------------------------------------------------------------------------- */

static struct trace *small_trace(void)
{
	return import_text(
		CF(1, 0.5, ffff888100009000, dentry) CA(0, 1.0, ffff888100000000, dentry, 192)
			A(1, 1.1, ffff888100001000, 64) F(0, 1.2, ffff888100001000)
				CF(1, 1.3, ffff888100000000, dentry) PA(0, 1.4, 7, 2)
					PF(0, 1.5, 7, 2) A(0, 1.6, ffff888100002000, 1024));
}

static void a_trace_survives_its_file(void **unused)
{
	struct trace *trace = small_trace();
	size_t bytes;
	void *file = trace_encode(trace, &bytes);
	char why[256];
	struct trace *again = trace_decode(file, bytes, why, sizeof why);

	(void)unused;
	assert_non_null(again);
	assert_int_equal(again->events, trace->events);
	assert_int_equal(again->objects, trace->objects);
	assert_int_equal(again->existed, trace->existed);
	assert_memory_equal(again->note, trace->note, sizeof trace->note);
	assert_string_equal(again->origin, "test");
	for (size_t i = 0; i < trace->events; i++) {
		assert_int_equal(again->event[i].time_ns, trace->event[i].time_ns);
		assert_int_equal(again->event[i].object, trace->event[i].object);
		assert_int_equal(again->event[i].cpu, trace->event[i].cpu);
		assert_int_equal(again->event[i].free, trace->event[i].free);
	}
	for (uint32_t i = 0; i < trace->objects; i++) {
		assert_int_equal(again->object[i].cache, trace->object[i].cache);
		assert_int_equal(again->object[i].cpu, trace->object[i].cpu);
		assert_int_equal(again->object[i].freed, trace->object[i].freed);
		assert_int_equal(again->object[i].free_cpu, trace->object[i].free_cpu);
	}
	assert_true(same_trace(trace, again));
	trace_free(trace);
	trace_free(again);
	free(file);
}

/* A copy of exactly `bytes`, so that a sanitizer sees a read beyond. */
static struct trace *decode_copy(const unsigned char *file, size_t bytes, char *why, size_t size)
{
	unsigned char *copy = malloc(bytes ? bytes : 1);

	memcpy(copy, file, bytes);
	struct trace *trace = trace_decode(copy, bytes, why, size);

	free(copy);
	return trace;
}

static void a_trace_cut_anywhere_is_refused(void **unused)
{
	struct trace *trace = small_trace();
	size_t bytes;
	unsigned char *file = trace_encode(trace, &bytes);

	(void)unused;
	for (size_t cut = 0; cut < bytes; cut++) {
		char why[256] = "";

		assert_null(decode_copy(file, cut, why, sizeof why));
		if (!strstr(why, cut == 0 ? "not a bounce trace" : "cut off"))
			fail_msg("cut at %zu of %zu: '%s'", cut, bytes, why);
	}
	trace_free(trace);
	free(file);
}

/* Any single changed byte is noticed, unless the frame unpacks to the same payload all the same. */
static void a_changed_byte_is_noticed(void **unused)
{
	struct trace *trace = small_trace();
	size_t bytes;
	unsigned char *file = trace_encode(trace, &bytes);

	(void)unused;
	for (size_t at = 0; at < bytes; at++) {
		for (int flip = 1; flip < 256; flip <<= 1) {
			char why[256] = "";

			file[at] ^= (unsigned char)flip;
			struct trace *damaged = decode_copy(file, bytes, why, sizeof why);

			file[at] ^= (unsigned char)flip;
			if (damaged && !same_trace(damaged, trace))
				fail_msg("byte %zu changed by %d: not noticed", at, flip);
			if (!damaged && !why[0])
				fail_msg("byte %zu changed by %d: refused without a reason", at,
					 flip);
			trace_free(damaged);
		}
	}
	trace_free(trace);
	free(file);
}

static void expect_damage(const char *file, size_t bytes, const char *part)
{
	char why[256] = "";

	assert_null(trace_decode(file, bytes, why, sizeof why));
	if (!strstr(why, part))
		fail_msg("said '%s', expected '%s'", why, part);
}

static void damage_is_named(void **unused)
{
	struct trace *trace = small_trace();
	size_t bytes;
	char *file = trace_encode(trace, &bytes), *longer = calloc(1, bytes + 1);

	(void)unused;
	memcpy(longer, file, bytes);
	expect_damage(longer, bytes + 1, "something follows its end");
	expect_damage("name: remote-free", 17, "not a bounce trace");
	file[24] ^= 1;
	expect_damage(file, bytes, "checksum differs");
	file[24] ^= 1;
	file[16] ^= 1;
	expect_damage(file, bytes, "length differs");
	file[8] = 9;
	expect_damage(file, bytes, "version 9; this program reads version 1");
	trace_free(trace);
	free(longer);
	free(file);
}

/* Damage that the checksum covers up: every event of what is let through makes sense. */
static void expect_sound(const struct trace *trace)
{
	char *state = calloc(trace->objects + 1, 1);    /* 0 not yet, 1 alive, 2 freed */
	uint32_t next = trace->existed;

	memset(state, 1, trace->existed);
	assert_in_range(trace->cpus, 1, TRACE_CPUS_MAX);
	for (size_t i = 0; i < trace->events; i++) {
		const struct trace_event *event = &trace->event[i];

		assert_true(event->cpu < trace->cpus && event->object < trace->objects);
		assert_int_equal(state[event->object], event->free ? 1 : 0);
		if (!event->free)
			assert_int_equal(event->object, next++);
		state[event->object] = event->free ? 2 : 1;
	}
	for (uint32_t i = 0; i < trace->objects; i++) {
		assert_true(trace->object[i].cache < trace->caches &&
			    trace->object[i].cpu < trace->cpus);
		assert_int_equal(trace->object[i].freed, state[i] == 2);
	}
	free(state);
}

/*
 * A payload by hand: origin "", 1 CPU (number 0), 1 cache (kmalloc, 64 bytes, name "k"), 20 notes
 * for each of two levels, no early objects, 2 events: CPU 0 allocates, CPU 0 frees; times 0, 5 ns
 * (10: the sign is the lowest bit); cache 0; object back 0.
 */
static size_t hand_made(unsigned char *p)
{
	static const unsigned char head[] = { 0, 1, 0, 1, 1, 64, 1, 'k', NOTES };
	static const unsigned char tail[] = { 0, 2, 0, 1, 0, 10, 0, 0 };

	memcpy(p, head, sizeof head);
	memset(p + sizeof head, 0, 2 * NOTES);
	memcpy(p + sizeof head + 2 * NOTES, tail, sizeof tail);
	return sizeof head + 2 * NOTES + sizeof tail;
}

static void the_payload_is_as_documented(void **unused)
{
	unsigned char payload[128];
	size_t bytes = hand_made(payload);
	char why[256];
	struct trace *trace = trace_decode_payload(payload, bytes, why, sizeof why);

	(void)unused;
	assert_non_null(trace);
	expect_events(trace, "0+0 0-0");
	assert_int_equal(trace->event[1].time_ns, 5);
	assert_int_equal(trace->cache[0].kind, TRACE_KMALLOC);
	trace_free(trace);
	for (size_t cut = 0; cut < bytes; cut++)
		assert_null(trace_decode_payload(payload, cut, why, sizeof why));
}

static void no_payload_makes_an_unsound_trace(void **unused)
{
	unsigned char payload[128];
	size_t bytes = hand_made(payload), let_through = 0;

	(void)unused;
	for (size_t at = 0; at < bytes; at++) {
		for (int value = 0; value < 256; value++) {
			unsigned char before = payload[at];
			char why[256] = "";

			payload[at] = (unsigned char)value;
			struct trace *trace = trace_decode_payload(payload, bytes, why, sizeof why);

			payload[at] = before;
			if (trace) {
				let_through++;
				expect_sound(trace);
				trace_free(trace);
			} else if (!strstr(why, "makes no sense")) {
				fail_msg("byte %zu = %d: '%s'", at, value, why);
			}
		}
	}
	assert_true(let_through > 0);           /* other sizes, other names are fine */
}

/*
 * Those that come with bounce: sound, as long as their README says, small together; and what they
 * are good for holds: every head of a message is freed on the other CPU (socket), one free in
 * twenty is (hackbench: 2,062 of 49,161 frees whose allocation is known, which is 4.2 %).
 */
static void the_shipped_traces_are_what_they_say(void **unused)
{
	static const struct {
		const char *path, *cache;
		size_t events;
		double least, most;             /* share of frees on the other CPU */
	} shipped[] = {
		{ "workloads/traces/socket-2cpu.trace", "skbuff_head_cache", 60000, 1, 1 },
		{ "workloads/traces/hackbench-2cpu.trace", NULL, 100000, 0.041, 0.043 },
	};
	size_t together = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
		char why[512] = "";
		size_t bytes, frees = 0, remote = 0;
		char *file = read_file(shipped[i].path, &bytes);
		struct trace *trace = trace_read(shipped[i].path, why, sizeof why);

		assert_string_equal(why, "");
		expect_sound(trace);
		together += bytes;
		free(file);
		assert_int_equal(trace->events, shipped[i].events);
		assert_int_equal(trace->cpus, 2);
		for (uint32_t o = 0; o < trace->objects; o++) {
			const struct trace_object *object = &trace->object[o];
			const char *name = trace->cache[object->cache].name;

			if (!object->freed || trace_level_of(trace, o) != TRACE_SLAB)
				continue;
			if (shipped[i].cache && strcmp(name, shipped[i].cache) != 0)
				continue;
			frees++;
			remote += object->cpu != object->free_cpu;
		}
		if ((double)remote < shipped[i].least * (double)frees ||
		    (double)remote > shipped[i].most * (double)frees || frees == 0)
			fail_msg("%s: %zu of %zu frees on the other CPU", shipped[i].path, remote, frees);
		trace_free(trace);
	}
	assert_true(together < 2000000);
}

/* ---- the command -------------------------------------------------------------------------------- */

static char folder[] = "/tmp/bounce-import-XXXXXX";

static char *in_folder(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", folder, name);
	return path;
}

/* Exit status of `import ARGUMENTS...`; what it says on stderr is in `said`. */
static int command(const char *out, char *said, size_t size, const char *input, const char *option,
		   const char *value)
{
	char err[256];
	char *argv[] = { "import", (char *)(uintptr_t)input, (char *)(uintptr_t)option,
			 (char *)(uintptr_t)value, NULL };
	int status, argc = 1 + (input != NULL) + (option != NULL) + (value != NULL);

	in_folder(err, sizeof err, "stderr");
	fflush(NULL);
	pid_t child = fork();

	if (child == 0) {
		if (!freopen(err, "w", stderr) || !freopen(out, "w", stdout))
			_exit(99);
		exit(cli_import(argc, argv));
	}
	waitpid(child, &status, 0);
	size_t bytes;
	char *text = read_file(err, &bytes);

	snprintf(said, size, "%s", text);
	free(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_command_tells_mistakes(void **unused)
{
	char said[512], garbage[256], out[256], trace[256];
	const char *sample = "tests/import/socket.kmem.txt";

	(void)unused;
	in_folder(out, sizeof out, "stdout");
	FILE *file = fopen(in_folder(garbage, sizeof garbage, "garbage"), "w");

	fputs("no events here\n", file);
	fclose(file);
	in_folder(trace, sizeof trace, "a.trace");
	assert_int_equal(command(out, said, sizeof said, "nowhere.txt", "-o", trace), EXIT_MISTAKE);
	assert_string_equal(said, "bounce: nowhere.txt: No such file or directory\n");
	assert_int_equal(command(out, said, sizeof said, "no\nbounce: where", "-o", trace), EXIT_MISTAKE);
	assert_string_equal(said, "bounce: no bounce: where: No such file or directory\n");
	assert_int_equal(command(out, said, sizeof said, sample, "-o", "/no\nbounce: where/a.trace"), EXIT_FAILED);
	assert_null(strstr(said, "\nbounce: where"));
	assert_non_null(strstr(said, "/no bounce: where/a.trace cannot be written: "));
	assert_int_equal(command(out, said, sizeof said, garbage, "-o", trace), EXIT_MISTAKE);
	assert_non_null(strstr(
		said, "garbage: it holds no kmem events; expected is the text of perf script"));
	assert_int_not_equal(access(trace, F_OK), 0);
	assert_int_equal(command(out, said, sizeof said, NULL, NULL, NULL), EXIT_MISTAKE);
	assert_non_null(strstr(said, "which recording?"));
	assert_int_equal(command(out, said, sizeof said, sample, "--skip", "3x"), EXIT_MISTAKE);
	assert_non_null(strstr(said, "--skip wants a whole number"));
	assert_int_equal(command(out, said, sizeof said, sample, "-o", "/nowhere/a.trace"),
			 EXIT_FAILED);
	assert_non_null(
		strstr(said, "/nowhere/a.trace cannot be written: /nowhere/a.trace: No such file"));
	if (access("/dev/full", W_OK) == 0) {
		assert_int_equal(command("/dev/full", said, sizeof said, sample, "-o", "-"),
				 EXIT_FAILED);
		assert_non_null(strstr(said, "stdout: cannot be written: No space left on device"));
	}
}

/* Status 1 where events were read but too many lines not; what could wait for ever is refused. */
static void the_command_refuses_what_is_no_recording(void **unused)
{
	char said[1024], out[256], fifo[256], why[512] = "";

	(void)unused;
	in_folder(out, sizeof out, "stdout");
	in_folder(fifo, sizeof fifo, "garbage");
	remove(fifo);
	assert_int_equal(command(out, said, sizeof said, "tests/import/cases/too-broken.txt", "-o", "-"),
			 EXIT_FAILED);
	assert_non_null(strstr(said, "2 of 5 lines cannot be read"));
	assert_int_equal(command(out, said, sizeof said, "tests/import/cases/no-time.txt", "-o", "-"),
			 EXIT_MISTAKE);
	assert_int_equal(command(out, said, sizeof said, "tests/import", "-o", "-"), EXIT_MISTAKE);
	assert_non_null(strstr(said, "tests/import: Is a directory; the text of an LTTng trace: babeltrace2"));
	assert_int_equal(command(out, said, sizeof said, "/dev/zero", "-o", "-"), EXIT_MISTAKE);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(command(out, said, sizeof said, fifo, "-o", "-"), EXIT_MISTAKE);
	assert_null(trace_read(fifo, why, sizeof why));
	assert_non_null(strstr(why, "garbage: not a file"));
	assert_int_equal(command(out, said, sizeof said, "tests/import/cases/losses.txt", "-o", "-"),
			 EXIT_DONE);
	assert_non_null(strstr(said, "50  events that the recorder lost\n"));
	assert_non_null(strstr(said, "- lost on CPU 1: 44\n"));
	assert_non_null(strstr(said, "- gaps of unknown size on CPU 0: 1\n"));
	assert_int_equal(command(out, said, sizeof said, "tests/import/cases/own.txt", "-o", ""),
			 EXIT_MISTAKE);
	assert_non_null(strstr(said, "wants the name of a file"));
}

static void the_command_writes_a_trace_once(void **unused)
{
	char said[512], out[256], path[256], why[512];
	const char *sample = "tests/import/socket.kmem.txt";
	size_t bytes;

	(void)unused;
	in_folder(out, sizeof out, "stdout");
	in_folder(path, sizeof path, "b.trace");
	assert_int_equal(command(out, said, sizeof said, sample, "-o", path), EXIT_DONE);
	assert_string_equal(said, "");
	char *text = read_file(out, &bytes);

	assert_non_null(strstr(text, "240  events of the allocators"));
	free(text);
	struct trace *trace = trace_read(path, why, sizeof why);

	assert_non_null(trace);
	assert_string_equal(trace->origin, "socket.kmem.txt");
	trace_free(trace);
	assert_int_equal(command(out, said, sizeof said, sample, "-o", path), EXIT_MISTAKE);
	assert_non_null(strstr(said, "b.trace is there; --replace writes over it"));
	/* As root, a rename would put the trace in the place of the device. */
	assert_int_equal(command(out, said, sizeof said, sample, "--replace", "-o/dev/null"),
			 EXIT_MISTAKE);
	assert_non_null(strstr(said, "/dev/null is no file"));
	assert_int_equal(command(out, said, sizeof said, path, "-o", path), EXIT_MISTAKE);
	assert_non_null(strstr(said, "b.trace is the input itself"));
	/* Options of the other kind of input, and a number that would keep nothing. */
	assert_int_equal(command(out, said, sizeof said, sample, "--line=3", "-o-"), EXIT_MISTAKE);
	assert_non_null(strstr(said, "--line is of the report that --c2c reads"));
	assert_int_equal(command(out, said, sizeof said, sample, "--events=0", "-o-"), EXIT_MISTAKE);
	assert_non_null(strstr(said, "--events 0: a trace has one event at least"));
	/* The same through stdout. */
	char *file = read_file(path, &bytes);
	size_t streamed;

	assert_int_equal(command(out, said, sizeof said, sample, "-o", "-"), EXIT_DONE);
	text = read_file(out, &streamed);
	assert_int_equal(streamed, bytes);
	assert_memory_equal(text, file, bytes);
	free(text);
	free(file);
}

static int make_folder(void **unused)
{
	(void)unused;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused)
{
	static const char *const names[] = { "stderr", "stdout", "garbage", "a.trace", "b.trace" };
	char path[256];

	(void)unused;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		remove(in_folder(path, sizeof path, names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_parses),
		cmocka_unit_test(losses_of_all_recorders_are_seen),
		cmocka_unit_test(pairs_match_by_address),
		cmocka_unit_test(pairing_ignores_which_free),
		cmocka_unit_test(a_free_without_allocation_existed_on_the_freeing_cpu),
		cmocka_unit_test(sizes_of_what_existed),
		cmocka_unit_test(hashed_pointers_have_no_neighbours),
		cmocka_unit_test(an_address_still_alive_is_freed_just_before),
		cmocka_unit_test(what_is_never_freed_is_left),
		cmocka_unit_test(batched_page_frees_count_once),
		cmocka_unit_test(the_allocation_says_the_order),
		cmocka_unit_test(blocks_pair_by_what_contains_them),
		cmocka_unit_test(time_never_steps_back_on_a_cpu),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(a_part_keeps_what_lives_where_it_begins),
		cmocka_unit_test(one_level_can_be_kept),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(the_sample_counts_as_by_hand),
		cmocka_unit_test(pieces_and_packing_change_nothing),
		cmocka_unit_test(a_trace_survives_its_file),
		cmocka_unit_test(a_trace_cut_anywhere_is_refused),
		cmocka_unit_test(a_changed_byte_is_noticed),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(the_payload_is_as_documented),
		cmocka_unit_test(no_payload_makes_an_unsound_trace),
		cmocka_unit_test(the_shipped_traces_are_what_they_say),
		cmocka_unit_test(the_command_tells_mistakes),
		cmocka_unit_test(the_command_refuses_what_is_no_recording),
		cmocka_unit_test(the_command_writes_a_trace_once),
	};

	return cmocka_run_group_tests_name("import", tests, make_folder, remove_folder);
}
