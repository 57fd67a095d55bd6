/*
 * The outline of a struct: its members, where they lie, and what becomes of it when members move.
 *
 * Members of the outermost level are moved in units: bit-fields that share their bytes stay
 * together, and so does a nested struct or union. A changed outline is laid out as a compiler does
 * it: in order, each unit at the next multiple of its alignment.
 */
#ifndef WORKLOADS_OUTLINE_H
#define WORKLOADS_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OUTLINE_BYTES_MAX = 1 << 20, OUTLINE_DEPTH_MAX = 16, OUTLINE_MEMBERS_MAX = 4096,
	OUTLINE_NAME_BYTES = 64, OUTLINE_WORD_BYTES = 8,
};

enum member_kind { MEMBER_PLAIN, MEMBER_STRUCT, MEMBER_UNION };

struct outline_member {
	enum member_kind kind;
	char *name;                     /* "": a struct or union without one */
	char *head, *tail;              /* as declared: "int a[4]"; "struct {", "b[2]" */
	uint64_t offset, size;          /* bytes from the start of the outermost struct */
	uint64_t elements;              /* of an array, else 1; 0: one without a size */
	unsigned bit, bits;             /* bits 0: no bit-field */
	uint64_t align;                 /* asked for; 0: what its type wants */
	uint64_t declared;              /* the part of it that `head` or `tail` say */
	uint64_t natural;               /* what its type seems to want */
	bool joined;                    /* in the unit of the member in front */
	struct outline_member *child;
	size_t children;
	unsigned line, column;          /* in its file */
};

struct outline {
	char *name;
	struct outline_member *member;
	size_t members;
	uint64_t size, align;           /* align 0: what its members want */
	uint64_t natural;               /* what the padding at its end tells of that */
	bool packed;                    /* declared so; where members lie says it already */
};

/* Where a problem is: a member, or, NULL, the whole. */
typedef void outline_tell(void *to, const struct outline_member *member, const char *text);

struct outline *outline_new(const char *name);
void outline_free(struct outline *outline);           /* NULL: nothing */
/* Its own members. */
void outline_forget(struct outline_member *member);
/* A member at the end of a list of them, which may move. */
struct outline_member *outline_add(struct outline_member **members, size_t *count);
/* Units and what types seem to want, and whether the members can lie so: tells why not. */
bool outline_check(struct outline *outline, outline_tell *tell, void *to);

/* A place in a struct that can be accessed at once: a word, or the first of something larger. */
struct outline_spot {
	uint64_t offset;
	unsigned size;                  /* 1, 2, 4, 8: the most that is aligned there */
	uint64_t room;                  /* bytes of what was named, from there on */
	bool bits;                      /* part of a word: written by reading it first */
	char name[OUTLINE_NAME_BYTES];    /* as labels have it */
};

/* "name", "outer.inner", "name[2]", "name+8". false and the reason, with a cure, in `why`. */
bool outline_find(const struct outline *outline, const char *text, struct outline_spot *spot,
		  char *why, size_t size);
/* The names that may stand there: the nearest to `word` is for the caller to find. */
typedef void outline_name(void *to, const char *name);
void outline_names(const struct outline *outline, outline_name *name, void *to);

/* ---- changing it ---------------------------------------------------------------------------- */

/* The outermost member with that name, or that holds it; SIZE_MAX: none. */
size_t outline_outer(const struct outline *outline, const char *name);
/* The unit of member `at` to the place of unit `before` (members: the end); its new place. */
size_t outline_move(struct outline *outline, size_t at, size_t before);
/* The unit of a member starts a line of `line` bytes, at the end, which it has to itself. */
void outline_own_line(struct outline *outline, size_t at, uint64_t line);
/* The unit of a member starts at a multiple of `bytes`, a power of two. */
void outline_align(struct outline *outline, size_t at, uint64_t bytes);
void outline_pad(struct outline *outline, size_t behind, uint64_t bytes);
/* New offsets and size. false: it gets larger than OUTLINE_BYTES_MAX, has no bytes, or its members
 * cannot lie at multiples of their alignments all. */
bool outline_lay_out(struct outline *outline);
/* The first member of the next unit. */
size_t outline_next_unit(const struct outline *outline, size_t at);

#endif
