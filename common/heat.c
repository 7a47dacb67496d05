// SPDX-License-Identifier: GPL-2.0-only
#include "heat.h"

#include <string.h>

#include "buf.h"
#include "hist.h"
#include "meta.h"
#include "report_text.h"
#include "table.h"
#include "tally.h"
#include "units.h"

#define WIDEST	  4 /* columns that a bucket gets, where there is room */
#define CELLS_MAX (WIDEST * WT_HIST_BUCKETS)

#define NS_PER_MS 1000000

/* How buckets become columns, the same for all slices. */
struct scale {
	unsigned int first, last; /* buckets */
	unsigned int shared;	  /* buckets in a column */
	unsigned int columns;	  /* of a bucket, or of those that share */
};

void heat_add(struct heat *h, const struct tally *tally)
{
	struct heat_slice *s;

	if (h->n == HEAT_SLICES)
		memmove(h->slices, h->slices + 1, --h->n * sizeof(*h->slices));
	s = &h->slices[h->n++];
	s->end_ns = tally->at_ns;
	tally_latencies(s->hist, tally);
}

static bool find_scale(struct scale *scale, const struct heat *h, unsigned int room)
{
	uint64_t all[WT_HIST_BUCKETS] = { 0 };
	unsigned int span;

	for (unsigned int n = 0; n < h->n; n++)
		for (unsigned int i = 0; i < WT_HIST_BUCKETS; i++)
			all[i] += h->slices[n].hist[i];
	if (!hist_span(all, &scale->first, &scale->last))
		return false;
	span = scale->last - scale->first + 1;
	scale->shared = (span + room - 1) / room;
	scale->columns = room / span ? room / span : 1;
	if (scale->columns > WIDEST)
		scale->columns = WIDEST;
	return true;
}

/* Return: how many of @cells there are. */
static unsigned int fill_cells(uint64_t cells[CELLS_MAX], const struct scale *scale,
			       const uint64_t hist[])
{
	unsigned int n = 0;

	for (unsigned int i = scale->first; i <= scale->last; i += scale->shared) {
		uint64_t sum = 0;

		for (unsigned int k = i; k < i + scale->shared && k <= scale->last; k++)
			sum += hist[k];
		for (unsigned int k = 0; k < scale->columns; k++)
			cells[n++] = sum;
	}
	return n;
}

static uint64_t most_of_all(const struct heat *h, const struct scale *scale)
{
	uint64_t cells[CELLS_MAX], most = 0, one;

	for (unsigned int i = 0; i < h->n; i++) {
		one = hist_most(cells, fill_cells(cells, scale, h->slices[i].hist));
		if (one > most)
			most = one;
	}
	return most;
}

static void put_time(struct buf *out, uint64_t wall_ns, bool fractions)
{
	report_put_clock(out, wall_ns);
	if (fractions)
		buf_printf(out, ".%03u", (unsigned int)(wall_ns % UNITS_NS_PER_S / NS_PER_MS));
}

static void put_title(struct buf *out, const struct scale *scale, unsigned int width)
{
	struct buf line = { 0 };

	buf_puts(&line, "latency by time, from ");
	units_time(&line, scale->first ? hist_upper(scale->first - 1) : 0);
	if (scale->last < WT_HIST_BUCKETS - 1) {
		buf_puts(&line, " to ");
		units_time(&line, hist_upper(scale->last));
	}
	report_put_wrapped(out, &line, width);
	buf_free(&line);
}

void heat_text(struct buf *out, const struct heat *h, const struct wt_meta *meta,
	       unsigned int width, bool utf8)
{
	unsigned int others = strlen(h->fractions ? "07:04:12.000 ||" : "07:04:12 ||");
	uint64_t cells[CELLS_MAX], most;
	struct buf line = { 0 };
	struct scale scale;

	if (!find_scale(&scale, h, width > others ? width - others : 1))
		return;
	most = most_of_all(h, &scale);
	put_title(out, &scale, width);
	for (unsigned int i = 0; i < h->n; i++) {
		unsigned int n = fill_cells(cells, &scale, h->slices[i].hist);

		buf_reset(&line);
		put_time(&line, meta_wall_ns(meta, h->slices[i].end_ns), h->fractions);
		buf_puts(&line, " |");
		hist_strip(&line, cells, n, most, utf8);
		buf_putc(&line, '|');
		buf_put(out, line.data, table_fit(line.data, line.len, width));
		buf_putc(out, '\n');
	}
	if (line.err)
		out->err = line.err;
	buf_free(&line);
}
