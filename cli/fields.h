/* The view of structs: members, holes, line boundaries, traffic, false sharing (after pahole). */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "cli/views.h"

extern const struct column field_columns[];
void fields_fill(struct table *table, const struct result *result, const char *point);
extern const struct column member_columns[];
void members_fill(struct table *table, const struct result *result, const char *point);
void members_people(FILE *out, const struct result *result, const struct view_options *options);
void fields_people(FILE *out, const struct result *result, const struct view_options *options);

#endif
