/* JSON lines as one document. */
#include "cli/document.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"

void document_begin(struct json_document *document, enum table_format *format)
{
	*document = (struct json_document){ 0 };
	if (*format != TABLE_JSON)
		return;
	*format = TABLE_JSONL;
	document->to = stdout;
	stdout = text_open(&document->text, &document->length); /* glibc's is a variable */
}

void document_end(struct json_document *document)
{
	const char *separator = "[\n";

	if (!document->to)
		return;
	text_close(stdout);
	stdout = document->to;
	for (char *rest = document->text, *line; (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		fputs(separator, stdout);
		fputs(line, stdout);
		separator = ",\n";
	}
	if (*separator != '[')          /* where nothing was said, nothing is */
		fputs("\n]\n", stdout);
	free(document->text);
}
