/*
 * Text out of files, written where it means something else: into a terminal, a command for a shell,
 * CSV, JSON, gnuplot.
 *
 * One function per language, and text goes there through no other. None of them lets a control or
 * format character of Unicode through (U+0000 to U+001F, U+007F to U+009F, marks that turn the
 * direction of writing), nor a byte that is no UTF-8: a terminal would take them for commands.
 * What does not belong becomes a '?' per character.
 */
#ifndef EXPERIMENT_TEXT_H
#define EXPERIMENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The character that `length` bytes (at least one) begin with, and how many bytes it takes, 1 to 4.
 * 0: these are no UTF-8. More bytes might make it a character if `text_cut` says so.
 */
size_t text_character(const char *text, size_t length, uint32_t *character);
bool text_cut(const char *text, size_t length);
/* Can it be printed: neither a control nor a format character, no line or paragraph separator? */
bool text_printable(uint32_t character);

/* For a terminal, as one line: tabs and line ends become blanks. */
void text_line(FILE *out, const char *text);
/* The same of so many bytes; tabs stay, for a quotation above its caret. */
void text_quote(FILE *out, const char *text, size_t length);
/* The same in memory; more than `characters` are cut and end with an ellipsis. In buf. */
const char *text_short(const char *text, size_t characters, char *buf, size_t size);
/* The same of any length; the caller frees. */
char *text_clean(const char *text);

/*
 * A word of a command that a reader may paste into a shell: as it is if no shell sees anything in it,
 * else in quotes, 'it'\''s', and what cannot be printed as $'\012', which bash and zsh know. A command
 * stands at the end of its line and never between quotes itself: the words would leave them.
 */
void text_shell(FILE *out, const char *text);
/* The same in memory; the caller frees. */
char *text_shell_word(const char *text);

/*
 * A field of CSV (RFC 4180), quoted where it has to be. A text that a spreadsheet would take for a
 * formula (= + - @ in front, and no number) gets the apostrophe that says text to it.
 */
void text_csv(FILE *out, const char *text);
/* A string of JSON with its quotes; what cannot be printed as \u, what is no UTF-8 as U+FFFD. */
void text_json(FILE *out, const char *text);

/*
 * A string literal of gnuplot, one line. gnuplot copies it into the script of the SVG's hovers
 * without escaping quotes and backslashes, so it gets letters that look like these; what gnuplot
 * would interpret between its own quotes is written in octal. (Single quotes would not do: before
 * version 6 there is no text in them that begins with one.)
 */
void text_gnuplot(FILE *out, const char *text);
/* The same for a name that may label a tic, where '%' begins a format; at most 60 characters. */
void text_gnuplot_name(FILE *out, const char *text);
/* The same as a field of a CSV file for gnuplot: always quoted, as it knows no doubled quotes. */
void text_gnuplot_field(FILE *out, const char *text);

#endif
