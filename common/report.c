// SPDX-License-Identifier: GPL-2.0-only
#include "report_internal.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "choice.h"
#include "list.h"
#include "meta.h"
#include "ops.h"
#include "ranking.h"

static const struct choice sorts[] = {
	[REPORT_BYTES] = { "bytes", "bytes written", true },
	[REPORT_CALLS] = { "calls", "how many operations" },
	[REPORT_ERRORS] = { "errors", "how many have failed" },
	[REPORT_LATENCY] = { "latency", "time they took, all together" },
};

#define N_SORTS (sizeof(sorts) / sizeof(sorts[0]))

bool report_sort_choice(size_t i, struct choice *choice)
{
	return choice_at(sorts, N_SORTS, i, choice);
}

int report_parse_sort(const char *name, enum report_sort *sort, struct buf *why)
{
	for (size_t i = 0; i < N_SORTS; i++)
		if (!strcmp(name, sorts[i].name)) {
			*sort = i;
			return 0;
		}
	buf_printf(why, "unknown sort key '%s'; known are", name);
	for (size_t i = 0; i < N_SORTS; i++)
		buf_printf(why, " %s", sorts[i].name);
	return -EINVAL;
}

static const struct {
	const char *name;
	uint32_t bit;
	const char *help;
} keys[] = {
	{ "pid", WT_BY_PID, "process" }, { "comm", WT_BY_COMM, "command name" },
	{ "uid", WT_BY_UID, "user" },	 { "cgroup", WT_BY_CGROUP, "cgroup v2" },
	{ "op", WT_BY_OP, "operation" }, { "file", WT_BY_FILE, "file" },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

const char *report_by_name(unsigned int bit)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (keys[i].bit == bit)
			return keys[i].name;
	return NULL;
}

bool report_by_choice(size_t i, struct choice *choice)
{
	if (i >= N_KEYS)
		return false;
	*choice = (struct choice){ .name = keys[i].name, .help = keys[i].help };
	return true;
}

static int parse_key(const char *item, size_t len, void *arg, struct buf *why)
{
	uint32_t *by = arg;

	for (size_t i = 0; i < N_KEYS; i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, item, len)) {
			*by |= keys[i].bit;
			return 0;
		}
	buf_printf(why, "unknown key '%.*s'; known are", (int)len, item);
	for (size_t i = 0; i < N_KEYS; i++)
		buf_printf(why, " %s", keys[i].name);
	return -EINVAL;
}

int report_parse_by(const char *list, uint32_t *by, struct buf *why)
{
	*by = 0;
	return list_parse(list, parse_key, by, why);
}

const char *report_op_name(unsigned int op)
{
	return op < WT_OP_COUNT ? ops[op].name : "unknown";
}

void report_add(struct wt_sums *sum, const struct wt_sums *more)
{
	sum->calls += more->calls;
	sum->bytes += more->bytes;
	sum->errors += more->errors;
	sum->latency_ns += more->latency_ns;
	if (sum->latency_max_ns < more->latency_max_ns)
		sum->latency_max_ns = more->latency_max_ns;
}

/* Merges, sorts and limits the rows. */
static int prepare_rows(struct report *r, struct ranking *ranking)
{
	const struct tally *t = r->tally;
	int err = ranking_make(ranking, t->rows, t->n_rows, r->by, r->options->sort, NULL);

	r->rows = ranking->rows;
	r->n_shown = r->options->limit && r->options->limit < ranking->n ? r->options->limit
									 : ranking->n;
	r->n_hidden = ranking->n - r->n_shown;
	for (size_t i = r->n_shown; i < ranking->n; i++)
		report_add(&r->hidden, &ranking->rows[i].sums);
	return err;
}

int report_print(struct buf *out, const struct wt_meta *meta, const struct tally *tally,
		 const struct report_options *options)
{
	struct report r = {
		.meta = meta,
		.tally = tally,
		.options = options,
		.by = meta->by,
		.latency = meta->latency,
		.latency_max = meta->latency && tally->has_max,
	};
	struct ranking ranking;
	int err = prepare_rows(&r, &ranking);

	/* Both from one look at the clocks. */
	r.until_ns = meta_wall_ns(meta, tally->at_ns);
	r.since_ns = r.until_ns - (tally->at_ns - meta->start_ns);
	if (!err)
		err = options->json ? report_json(out, &r) : report_text(out, &r);
	ranking_free(&ranking);
	return err ? err : out->err;
}

int report_list(struct buf *out, const struct report_entry *entries, size_t n,
		const struct report_options *options)
{
	int err = options->json ? report_json_list(out, entries, n, options)
				: report_text_list(out, entries, n, options);

	return err ? err : out->err;
}
