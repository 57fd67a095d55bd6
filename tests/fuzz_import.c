/*
 * What the fuzzer feeds: bytes as recorded text (which may be zstd) and as the payload of a trace
 * file, whose checksum a fuzzer could not forge. A trace that comes of either must be sound enough
 * to come back from its own file the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_come_back(struct trace *trace)
{
	char why[256];
	size_t bytes, again_bytes;
	void *file = trace_encode(trace, &bytes);
	struct trace *again = trace_decode(file, bytes, why, sizeof why);

	if (!again)
		abort();
	void *again_file = trace_encode(again, &again_bytes);

	if (bytes != again_bytes || memcmp(file, again_file, bytes) != 0)
		abort();
	free(file);
	free(again_file);
	trace_free(again);
	trace_free(trace);
}

static struct trace *as_text(const uint8_t *data, size_t size, const struct import_options *options)
{
	struct importer *importer = import_new(options);
	struct trace *trace = NULL;
	char why[256];

	if (import_feed(importer, data, size, why, sizeof why))
		trace = import_finish(importer, why, sizeof why);
	import_free(importer);
	return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_options whole = { 0 }, part = { .origin = "part", .skip = 1, .events = 3 };
	struct trace *traces[4];
	char why[256];

	traces[0] = as_text(data, size, &whole);
	traces[1] = as_text(data, size, &part);
	traces[2] = trace_decode_payload(data, size, why, sizeof why);
	traces[3] = trace_decode(data, size, why, sizeof why);
	for (int i = 0; i < 4; i++)
		if (traces[i])
			must_come_back(traces[i]);
	return 0;
}
