/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows and columns of text for people, laid out by libsmartcols.
 *
 *	struct table *t = table_new(color);
 *
 *	table_column(t, "PID", TABLE_NUMBER);
 *	table_column(t, "FILE", TABLE_PATH);
 *	table_row(t);
 *	buf_u64(table_cell(t), 812);
 *	buf_puts(table_cell(t), "/var/log/messages");
 *	err = table_print(t, out, width);
 *	table_free(t);
 *
 * What is put into cells is UTF-8 that is safe to show. Nothing but table_print() returns an error.
 */
#ifndef WT_TABLE_H
#define WT_TABLE_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct table;

enum table_kind {
	TABLE_NUMBER, /* flush right */
	TABLE_TEXT,   /* flush left */
	TABLE_PATH,   /* the last column: shortened in the middle if the table is too wide */
	TABLE_REST,   /* the last column: cut at its end instead */
};

struct table *table_new(bool color);
void table_free(struct table *table);

/** table_column - one more column; all come before the first row */
void table_column(struct table *table, const char *header, enum table_kind kind);

/** table_row - begin a row */
void table_row(struct table *table);

/** table_cell - begin the row's next cell
 *
 * Return: the buffer for its text, good until the next call for this table.
 */
struct buf *table_cell(struct table *table);

/** table_alert - show the cell just begun in red */
void table_alert(struct table *table);

/** table_warn - show the cell just begun in yellow */
void table_warn(struct table *table);

/** table_print - append all of it, at most @width columns wide (0: as wide as it is)
 *
 * Return: 0 or -errno.
 */
int table_print(struct table *table, struct buf *out, unsigned int width);

/* Text is UTF-8 whatever the user's locale is, as in the lines of trace; but libsmartcols and
 * wcwidth(3) ask the locale how wide it is. So tables are made and printed between these two. Where
 * there is no UTF-8 locale at all, cells show all that is not ASCII as \xHH. */
struct table_locale {
	locale_t utf8;
	locale_t before;
};

void table_locale_enter(struct table_locale *locale);
void table_locale_leave(struct table_locale *locale);

/** table_width - columns that a terminal needs for @len bytes of UTF-8 without escape sequences */
size_t table_width(const char *s, size_t len);

/** table_fit - how many of the @len bytes at @s fit into @width columns */
size_t table_fit(const char *s, size_t len, size_t width);

/** table_shorten - append @s, without its middle if it is wider than @width columns
 *
 * What follows the last slash stays as long as it can: "/var/lib/...base/5/16384".
 */
void table_shorten(struct buf *out, const char *s, size_t len, size_t width);

#endif
