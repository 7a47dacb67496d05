// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report as one JSON document.
 */
#include "report_internal.h"

#include <string.h>
#include <time.h>

#include "backend.h"
#include "buf.h"
#include "fields.h"
#include "filter.h"
#include "hist.h"
#include "json.h"
#include "meta.h"
#include "print.h"
#include "units.h"

/* "since":"2026-11-23T07:01:02.123456789Z" */
static void json_time(struct json *json, const char *key, uint64_t wall_ns)
{
	time_t second = wall_ns / UNITS_NS_PER_S;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));
	json_key(json, key);
	buf_printf(json->out, "\"%s.%09uZ\"", text, (unsigned int)(wall_ns % UNITS_NS_PER_S));
}

static void json_by(struct json *json, uint32_t by)
{
	json_begin_array(json, "by");
	for (uint32_t bit = 1; bit && bit <= by; bit <<= 1)
		if (by & bit && report_by_name(bit))
			json_str(json, NULL, report_by_name(bit));
	json_end_array(json);
}

/* "calls":3,"bytes":8192,"errors":0,"latency_ns":4321 */
static void json_sums(struct json *json, const struct wt_sums *sums, bool latency, bool latency_max)
{
	json_u64(json, "calls", sums->calls);
	json_u64(json, "bytes", sums->bytes);
	json_u64(json, "errors", sums->errors);
	if (latency)
		json_u64(json, "latency_ns", sums->latency_ns);
	if (latency_max)
		json_u64(json, "latency_max_ns", sums->latency_max_ns);
}

static void json_session(struct json *json, const struct report *r)
{
	const struct wt_meta *m = r->meta;

	json_begin_object(json, "session");
	if (*m->name)
		json_bytes(json, "name", m->name, strnlen(m->name, sizeof(m->name)));
	json_bytes(json, "version", m->version, strnlen(m->version, sizeof(m->version)));
	json_time(json, "since", r->since_ns);
	json_time(json, "until", r->until_ns);
	json_str(json, "backend", backend_name(m->backend));
	meta_filters_json(json, m);
	json_by(json, m->by);
	json_end_object(json);
}

static void json_ops(struct json *json, const struct report *r)
{
	json_begin_array(json, "ops");
	for (unsigned int i = 0; i < WT_OP_COUNT; i++) {
		const struct tally_op *op = &r->tally->ops[i];

		if (!op->sums.calls)
			continue;
		json_begin_object(json, NULL);
		json_str(json, "op", report_op_name(i));
		json_sums(json, &op->sums, r->latency, r->latency_max);
		if (r->latency)
			hist_json(json, "latency_hist", op->latency_hist, "le_ns");
		hist_json(json, "size_hist", op->size_hist, "le");
		json_end_object(json);
	}
	json_end_array(json);
}

static void json_file(struct json *json, const struct tally_file *file)
{
	const char *kind = file ? filter_kind_name(file->kind) : NULL;

	if (!file) {
		fields_json_path(json, WT_PATH_UNKNOWN, NULL, 0);
		return;
	}
	if (kind)
		json_str(json, "kind", kind);
	fields_json_path(json, file->path_state, file->path, file->path_len);
	json_key(json, "dev");
	buf_printf(json->out, "\"%u:%u\"", file->major, file->minor);
	json_u64(json, "ino", file->ino);
}

/* {"pid":812,"comm":"postgres","kind":"file","path":"/…","dev":"254:0","ino":9,"calls":…} */
static void json_row(struct json *json, const struct report *r, const struct ranking_row *row)
{
	const struct tally_row *key = row->key;
	uint32_t by = r->meta->by;

	json_begin_object(json, NULL);
	if (by & WT_BY_PID)
		json_u64(json, "pid", key->pid);
	if (by & (WT_BY_PID | WT_BY_COMM))
		json_bytes(json, "comm", key->comm, strnlen(key->comm, sizeof(key->comm)));
	if (by & WT_BY_UID)
		json_u64(json, "uid", key->uid);
	if (by & WT_BY_CGROUP)
		json_u64(json, "cgroup", key->cgroup);
	if (by & WT_BY_OP)
		json_str(json, "op", report_op_name(key->op));
	if (by & WT_BY_FILE)
		json_file(json, key->file);
	json_sums(json, &row->sums, r->latency, r->latency_max);
	json_end_object(json);
}

static void json_rows(struct json *json, const struct report *r)
{
	json_begin_array(json, "rows");
	for (size_t i = 0; i < r->n_shown; i++)
		json_row(json, r, &r->rows[i]);
	if (r->tally->other.calls) {
		json_begin_object(json, NULL);
		json_bool(json, "other", true);
		json_sums(json, &r->tally->other, r->latency, r->latency_max);
		json_end_object(json);
	}
	if (r->n_hidden) {
		json_begin_object(json, NULL);
		json_u64(json, "more", r->n_hidden);
		json_sums(json, &r->hidden, r->latency, r->latency_max);
		json_end_object(json);
	}
	json_end_array(json);
}

static void json_lost(struct json *json, const uint64_t *lost, const bool *known)
{
	json_begin_object(json, "lost");
	for (unsigned int i = 0; i < WT_LOST_COUNT; i++) {
		const char *name = print_lost_name(i);

		if (known[i])
			json_u64(json, name, lost[i]);
		else
			json_null(json, name);
	}
	json_end_object(json);
}

/* {"session":{…},"totals":{…},"ops":[…],"rows":[…],"lost":{…}} */
int report_json(struct buf *out, const struct report *r)
{
	struct json json = { .out = out, .pretty = r->options->pretty };

	json_begin_object(&json, NULL);
	json_session(&json, r);
	json_begin_object(&json, "totals");
	json_sums(&json, &r->tally->totals, r->latency, false);
	json_end_object(&json);
	json_ops(&json, r);
	json_rows(&json, r);
	json_lost(&json, r->tally->lost, r->tally->known);
	json_end_object(&json);
	buf_putc(out, '\n');
	return out->err;
}

static void json_entry(struct json *json, const struct report_entry *e)
{
	const struct wt_meta *m = e->meta;

	json_begin_object(json, NULL);
	json_str(json, "name", e->name);
	if (m) {
		json_bytes(json, "version", m->version, strnlen(m->version, sizeof(m->version)));
		json_time(json, "since", meta_wall_ns(m, m->start_ns));
		json_str(json, "backend", backend_name(m->backend));
		json_by(json, m->by);
		meta_filters_json(json, m);
		json_u64(json, "rows", m->rows);
		json_u64(json, "events", m->events);
		json_u64(json, "calls", e->calls);
		json_lost(json, e->lost, e->known);
	}
	if (e->note)
		json_str(json, "note", e->note);
	json_end_object(json);
}

/* {"sessions":[{"name":"web","version":"0.1.0","since":"…",…},{"name":"old","note":"…"}]} */
int report_json_list(struct buf *out, const struct report_entry *entries, size_t n,
		     const struct report_options *options)
{
	struct json json = { .out = out, .pretty = options->pretty };

	json_begin_object(&json, NULL);
	json_begin_array(&json, "sessions");
	for (size_t i = 0; i < n; i++)
		json_entry(&json, &entries[i]);
	json_end_array(&json);
	json_end_object(&json);
	buf_putc(out, '\n');
	return out->err;
}
