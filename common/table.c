// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <errno.h>
#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <libsmartcols.h>

#include "buf.h"
#include "text.h"

#define COLUMNS_MAX 16
#define LAST_MIN    12 /* of a last column for which nothing is left: lines are cut */
#define GAP	    "..."

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	struct buf cell;
	enum table_kind kinds[COLUMNS_MAX];
	size_t n_columns;
	size_t n_cells;	   /* begun in this row */
	const char *color; /* of the cell that was begun, or NULL */
	bool utf8;	   /* is what the locale has */
	int err;
};

void table_locale_enter(struct table_locale *locale)
{
	locale->before = (locale_t)0;
	locale->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (locale->utf8)
		locale->before = uselocale(locale->utf8);
}

void table_locale_leave(struct table_locale *locale)
{
	if (!locale->utf8)
		return;
	uselocale(locale->before);
	freelocale(locale->utf8);
}

/* Bytes and columns of the first character. */
static size_t character(const char *s, size_t len, size_t *width)
{
	uint32_t codepoint;
	int seq = text_utf8_scan(s, len, &codepoint), columns = -1;

	if (seq > 0)
		columns = wcwidth(codepoint);
	*width = columns < 0 ? 1 : columns;
	return seq > 0 ? seq : 1;
}

size_t table_width(const char *s, size_t len)
{
	size_t width = 0, columns, n;

	for (; len; s += n, len -= n) {
		n = character(s, len, &columns);
		width += columns;
	}
	return width;
}

size_t table_fit(const char *s, size_t len, size_t width)
{
	size_t at = 0, columns, n;

	for (; at < len; at += n, width -= columns) {
		n = character(s + at, len - at, &columns);
		if (columns > width)
			break;
	}
	return at;
}

/* How many bytes have to be left out at the front so that the rest fits into width columns. */
static size_t skip(const char *s, size_t len, size_t width)
{
	size_t total = table_width(s, len), at = 0, columns;

	while (total > width && at < len) {
		at += character(s + at, len - at, &columns);
		total -= columns;
	}
	return at;
}

void table_shorten(struct buf *out, const char *s, size_t len, size_t width)
{
	const char *slash = memrchr(s, '/', len);
	size_t room, head, name;

	if (table_width(s, len) <= width) {
		buf_put(out, s, len);
		return;
	}
	if (width <= strlen(GAP)) {
		buf_put(out, GAP, width);
		return;
	}
	room = width - strlen(GAP);
	name = slash ? table_width(slash, s + len - slash) : 0;
	/* half of what the name leaves goes to each side of the gap */
	head = table_fit(s, len, name < room ? (room - name) / 2 : 0);
	room -= table_width(s, head);
	buf_put(out, s, head);
	buf_puts(out, GAP);
	s += head;
	len -= head;
	head = skip(s, len, room);
	buf_put(out, s + head, len - head);
}

struct table *table_new(bool color)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->scols = scols_new_table();
	if (!t->scols) {
		free(t);
		return NULL;
	}
	/* Text is made safe already, and the library has another idea of what that means. It must
	 * not fit the table into a terminal either: it knows nothing of paths, and version 2.38
	 * never comes back if a cell without encoding is wider than its column. */
	scols_table_enable_noencoding(t->scols, 1);
	scols_table_set_termforce(t->scols, SCOLS_TERMFORCE_NEVER);
	scols_table_enable_colors(t->scols, color);
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	scols_unref_table(t->scols);
	buf_free(&t->cell);
	free(t);
}

static void fail(struct table *t, int err)
{
	if (!t->err)
		t->err = err;
}

void table_column(struct table *t, const char *header, enum table_kind kind)
{
	int flags = kind == TABLE_NUMBER ? SCOLS_FL_RIGHT : 0;

	if (t->n_columns == COLUMNS_MAX)
		fail(t, -E2BIG);
	else if (!scols_table_new_column(t->scols, header, 0, flags))
		fail(t, -ENOMEM);
	else
		t->kinds[t->n_columns++] = kind;
}

/* For the library, which never comes back from what is not text in the locale's encoding. */
static void make_ascii(struct buf *text)
{
	struct buf ascii = { 0 };

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] & 0x80)
			buf_printf(&ascii, "\\x%02X", (unsigned char)text->data[i]);
		else
			buf_putc(&ascii, text->data[i]);
	}
	buf_free(text);
	*text = ascii;
}

/* Hands the cell that was begun to the library. */
static void finish_cell(struct table *t)
{
	struct libscols_cell *cell;
	int err;

	if (t->err || !t->n_cells)
		return;
	if (!t->utf8)
		make_ascii(&t->cell);
	err = t->cell.err;
	if (!err)
		err = scols_line_set_data(t->line, t->n_cells - 1, buf_cstr(&t->cell));
	cell = scols_line_get_cell(t->line, t->n_cells - 1);
	if (!err && t->color && cell)
		err = scols_cell_set_color(cell, t->color);
	if (err)
		fail(t, err);
	t->color = NULL;
	buf_reset(&t->cell);
}

void table_row(struct table *t)
{
	finish_cell(t);
	t->n_cells = 0;
	if (t->err)
		return;
	t->line = scols_table_new_line(t->scols, NULL);
	if (!t->line)
		fail(t, -ENOMEM);
}

struct buf *table_cell(struct table *t)
{
	finish_cell(t);
	buf_reset(&t->cell);
	if (t->n_cells < t->n_columns)
		t->n_cells++;
	else
		fail(t, -E2BIG);
	return &t->cell;
}

void table_alert(struct table *t)
{
	t->color = "red";
}

/* What the library calls yellow is bold. */
void table_warn(struct table *t)
{
	t->color = "brown";
}

static const char *data_of(struct libscols_line *line, size_t column)
{
	const char *data = scols_cell_get_data(scols_line_get_cell(line, column));

	return data ? data : "";
}

static size_t column_width(struct table *t, size_t i, struct libscols_iter *iter)
{
	const char *text = scols_column_get_name(scols_table_get_column(t->scols, i));
	size_t most = table_width(text, strlen(text)), width;
	struct libscols_line *line;

	scols_reset_iter(iter, SCOLS_ITER_FORWARD);
	while (!scols_table_next_line(t->scols, iter, &line)) {
		text = data_of(line, i);
		width = table_width(text, strlen(text));
		if (width > most)
			most = width;
	}
	return most;
}

/* The last column as wide as the others leave room for. */
static int shorten_last(struct table *t, size_t room, struct libscols_iter *iter)
{
	size_t last = t->n_columns - 1, len, n;
	struct libscols_line *line;
	struct buf text = { 0 };
	int err = 0;

	scols_reset_iter(iter, SCOLS_ITER_FORWARD);
	while (!err && !scols_table_next_line(t->scols, iter, &line)) {
		const char *data = data_of(line, last);

		len = strlen(data);
		if (table_width(data, len) <= room)
			continue;
		buf_reset(&text);
		if (t->kinds[last] == TABLE_PATH) {
			table_shorten(&text, data, len, room);
		} else {
			n = table_fit(data, len, room - strlen(GAP));
			buf_put(&text, data, n);
			buf_puts(&text, GAP);
		}
		err = text.err;
		if (!err)
			err = scols_line_set_data(line, last, buf_cstr(&text));
	}
	buf_free(&text);
	return err;
}

static int fit_last(struct table *t, size_t width)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	enum table_kind kind = t->kinds[t->n_columns - 1];
	size_t others = 0, room = LAST_MIN;
	int err = 0;

	if (!iter)
		return -ENOMEM;
	if (kind == TABLE_PATH || kind == TABLE_REST) {
		for (size_t i = 0; i < t->n_columns - 1; i++)
			others += column_width(t, i, iter) + 1;
		if (others + strlen(GAP) < width)
			room = width - others;
		err = shorten_last(t, room, iter);
	}
	scols_free_iter(iter);
	return err;
}

/* One line without the spaces at its end, cut if it is too wide; escape sequences are not. */
static void put_line(struct buf *out, const char *s, size_t len, size_t width)
{
	size_t used = 0, columns, n;

	while (len && s[len - 1] == ' ')
		len--;
	for (; len; s += n, len -= n) {
		if (*s == '\033') {
			n = 1 + strcspn(s, "m");
			n = n < len ? n : len;
			buf_put(out, s, n);
			continue;
		}
		n = character(s, len, &columns);
		used += columns;
		if (!width || used <= width)
			buf_put(out, s, n);
	}
	buf_putc(out, '\n');
}

int table_print(struct table *t, struct buf *out, unsigned int width)
{
	char *text = NULL;
	size_t len;

	finish_cell(t);
	if (t->err)
		return t->err;
	if (width)
		t->err = fit_last(t, width);
	if (!t->err)
		t->err = scols_print_table_to_string(t->scols, &text);
	if (t->err)
		return t->err;
	for (const char *s = text; s && *s; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		put_line(out, s, len, width);
	}
	free(text);
	return out->err;
}
