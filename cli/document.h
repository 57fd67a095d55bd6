/*
 * --format json: what --format jsonl prints line by line, as one document, an array of the same
 * objects. It is printed when the verb is done, whole.
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "cli/table.h"

struct json_document {
	FILE *to;               /* NULL: another format, nothing is kept */
	char *text;
	size_t length;
};

/* Where the format is json it becomes jsonl, and what goes to stdout is kept until the end. */
void document_begin(struct json_document *document, enum table_format *format);
void document_end(struct json_document *document);

#endif
