// SPDX-License-Identifier: GPL-2.0-only
#include "hist.h"

#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "json.h"

#define LAST (WT_HIST_BUCKETS - 1)

unsigned int hist_bucket(uint64_t value)
{
	unsigned int i = value > 1 ? 64 - __builtin_clzll(value - 1) : 0;

	return i < LAST ? i : LAST;
}

uint64_t hist_upper(unsigned int i)
{
	return i < LAST ? 1ull << i : UINT64_MAX;
}

bool hist_span(const uint64_t counts[], unsigned int *first, unsigned int *last)
{
	bool any = false;

	*first = *last = 0;
	for (unsigned int i = 0; i < WT_HIST_BUCKETS; i++) {
		if (!counts[i])
			continue;
		if (!any)
			*first = i;
		*last = i;
		any = true;
	}
	return any;
}

uint64_t hist_percentile(const uint64_t counts[], unsigned int percent)
{
	uint64_t total = 0, rank, seen = 0;

	for (unsigned int i = 0; i < WT_HIST_BUCKETS; i++)
		total += counts[i];
	if (!total)
		return 0;
	rank = total / 100 * percent + (total % 100 * percent + 99) / 100;
	if (!rank)
		rank = 1;
	for (unsigned int i = 0; i < LAST; i++) {
		seen += counts[i];
		if (seen >= rank)
			return hist_upper(i);
	}
	return hist_upper(LAST);
}

/* How long a bar is, in eighths of a column. */
static unsigned int bar_eighths(uint64_t count, uint64_t most, unsigned int width)
{
	double share = most ? (double)count / (double)most : 0;
	unsigned int n = share * width * 8 + 0.5;

	if (n > width * 8)
		n = width * 8;
	return !n && count && width ? 1 : n;
}

/* Columns that a bar takes. */
static unsigned int bar_columns(unsigned int eighths, bool utf8)
{
	unsigned int full = utf8 ? (eighths + 7) / 8 : (eighths + 4) / 8;

	return !full && eighths ? 1 : full;
}

void hist_bar(struct buf *out, uint64_t count, uint64_t most, unsigned int width, bool utf8)
{
	/* U+2588 is a full block, U+2589 to U+258F have 7 to 1 eighths */
	static const char block[] = "\xE2\x96\x88";
	unsigned int eighths = bar_eighths(count, most, width);

	if (!utf8) {
		for (unsigned int n = bar_columns(eighths, false); n; n--)
			buf_putc(out, '#');
		return;
	}
	for (; eighths >= 8; eighths -= 8)
		buf_put(out, block, 3);
	if (eighths) {
		buf_put(out, block, 2);
		buf_putc(out, (char)(0x90 - eighths));
	}
}

static void put_spaces(struct buf *out, size_t n)
{
	while (n--)
		buf_putc(out, ' ');
}

/* (512ns, 1.02us]: what is above 512 ns, up to and with 1,024 ns */
static void put_range(struct buf *out, unsigned int i, void (*put)(struct buf *, uint64_t))
{
	buf_putc(out, i ? '(' : '[');
	put(out, i ? hist_upper(i - 1) : 0);
	buf_puts(out, ", ");
	if (i < LAST) {
		put(out, hist_upper(i));
		buf_putc(out, ']');
	} else {
		buf_puts(out, "...)");
	}
}

/* Widths of the columns; the text that is appended to find out is taken back. */
struct layout {
	size_t range;
	size_t count;
	uint64_t most;
};

static size_t taken_back(struct buf *out, size_t start)
{
	size_t len = out->len - start;

	out->len = start;
	return len;
}

static struct layout measure(struct buf *out, const uint64_t counts[], unsigned int first,
			     unsigned int last, void (*put)(struct buf *, uint64_t))
{
	struct layout l = { 0 };
	size_t start = out->len, len;

	for (unsigned int i = first; i <= last && !out->err; i++) {
		put_range(out, i, put);
		len = taken_back(out, start);
		if (len > l.range)
			l.range = len;
		if (counts[i] > l.most)
			l.most = counts[i];
	}
	buf_u64(out, l.most);
	l.count = taken_back(out, start);
	return l;
}

/*
 *	(256ns, 512ns]	     4 |##              |
 *	(512ns, 1.02us]	    31 |################|
 */
void hist_text(struct buf *out, const uint64_t counts[],
	       void (*put)(struct buf *out, uint64_t value), unsigned int bar_width, bool utf8)
{
	unsigned int first, last;
	struct layout l;
	size_t start, len;

	if (!hist_span(counts, &first, &last))
		return;
	l = measure(out, counts, first, last, put);
	for (unsigned int i = first; i <= last && !out->err; i++) {
		start = out->len;
		put_range(out, i, put);
		put_spaces(out, l.range - (out->len - start));
		start = out->len;
		buf_u64(out, counts[i]);
		len = taken_back(out, start);
		put_spaces(out, 2 + l.count - len);
		buf_u64(out, counts[i]);
		buf_puts(out, " |");
		hist_bar(out, counts[i], l.most, bar_width, utf8);
		put_spaces(out, bar_width - bar_columns(bar_eighths(counts[i], l.most, bar_width),
							utf8));
		buf_puts(out, "|\n");
	}
}

#define SHADES 4

uint64_t hist_most(const uint64_t counts[], unsigned int n)
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < n; i++)
		if (counts[i] > most)
			most = counts[i];
	return most;
}

void hist_strip(struct buf *out, const uint64_t counts[], unsigned int n, uint64_t most, bool utf8)
{
	/* U+2591 to U+2593 are light, medium and dark shade, U+2588 is a full block */
	static const char *const blocks[] = { " ", "\xE2\x96\x91", "\xE2\x96\x92", "\xE2\x96\x93",
					      "\xE2\x96\x88" };
	static const char ascii[] = " .:*#";

	for (unsigned int i = 0; i < n; i++) {
		unsigned int shade = counts[i] ? bar_eighths(counts[i], most, SHADES) / 8 : 0;

		if (counts[i] && !shade)
			shade = 1;
		if (utf8)
			buf_puts(out, blocks[shade]);
		else
			buf_putc(out, ascii[shade]);
	}
}

void hist_json(struct json *json, const char *key, const uint64_t counts[], const char *bound)
{
	unsigned int first, last;
	bool any = hist_span(counts, &first, &last);

	json_begin_array(json, key);
	for (unsigned int i = first; any && i <= last; i++) {
		json_begin_object(json, NULL);
		if (i < LAST)
			json_u64(json, bound, hist_upper(i));
		else
			json_null(json, bound);
		json_u64(json, "count", counts[i]);
		json_end_object(json);
	}
	json_end_array(json);
}
