// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filters in a session's description: from the command line, and back to it or to JSON.
 *
 * They are put down as NAME=VALUE, NAME being the long option; one that can be given several values
 * has an entry for each. Names that are not in the table below are ignored.
 */
#include "meta.h"

#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "filter.h"
#include "json.h"
#include "ops.h"
#include "text.h"
#include "units.h"

enum form {
	FORM_FLAG,
	FORM_SIZE,
	FORM_TIME,    /* in nanoseconds */
	FORM_NUMBERS, /* a list with commas */
	FORM_NAMES,   /* the same */
	FORM_TEXTS,   /* the option is given once for each */
};

/* In the order of the contract. */
static const struct row {
	const char *name; /* of the option */
	enum form form;
	const char *key;
	const char *key_b64; /* FORM_TEXTS */
} rows[] = {
	{ "pid", FORM_NUMBERS, "pid", NULL },
	{ "tid", FORM_NUMBERS, "tid", NULL },
	{ "follow", FORM_FLAG, "follow", NULL },
	{ "comm", FORM_TEXTS, "comm", "comm_b64" },
	{ "uid", FORM_NUMBERS, "uid", NULL },
	{ "cgroup", FORM_TEXTS, "cgroup", "cgroup_b64" },
	{ "path", FORM_TEXTS, "path", "path_b64" },
	{ "fd", FORM_NUMBERS, "fd", NULL },
	{ "kind", FORM_NAMES, "kind", NULL },
	{ "ops", FORM_NAMES, "ops", NULL },
	{ "min-size", FORM_SIZE, "min_size", NULL },
	{ "min-latency", FORM_TIME, "min_latency_ns", NULL },
	{ "failed", FORM_FLAG, "failed", NULL },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* What does not fit is left out, what is shorter may still fit. */
static void put_text(struct wt_meta *meta, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	char *to = meta->filters + meta->filters_len;

	if (name_len + value_len + 2 > sizeof(meta->filters) - meta->filters_len) {
		meta->filters_cut = 1;
		return;
	}
	memcpy(to, name, name_len);
	to[name_len] = '=';
	memcpy(to + name_len + 1, value, value_len + 1);
	meta->filters_len += name_len + value_len + 2;
}

static void put_texts(struct wt_meta *meta, const char *name, const struct filter_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		put_text(meta, name, texts->items[i]);
}

static void put_number(struct wt_meta *meta, const char *name, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	put_text(meta, name, text);
}

static void put_numbers(struct wt_meta *meta, const char *name,
			const struct filter_numbers *numbers)
{
	for (size_t i = 0; i < numbers->n; i++)
		put_number(meta, name, numbers->items[i]);
}

static void put_tasks(struct wt_meta *meta, const char *name, const struct filter_tasks *tasks)
{
	for (size_t i = 0; i < tasks->n; i++)
		put_number(meta, name, tasks->items[i].nr);
}

/* Those of a bounded length come first: they always fit. */
void meta_set_filters(struct wt_meta *meta, const struct filter *filter)
{
	uint64_t ops_wanted = filter->ops ? filter->ops : ops_default();

	memset(meta->filters, 0, sizeof(meta->filters));
	meta->filters_len = 0;
	meta->filters_cut = 0;
	for_each_op (i)
		if (ops_wanted & 1ULL << i)
			put_text(meta, "ops", ops[i].name);
	for (unsigned int kind = 0; kind < WT_KIND_COUNT; kind++)
		if (filter->kinds & 1U << kind && filter_kind_name(kind))
			put_text(meta, "kind", filter_kind_name(kind));
	if (filter->follow)
		put_text(meta, "follow", "true");
	if (filter->failed)
		put_text(meta, "failed", "true");
	if (filter->min_size)
		put_number(meta, "min-size", filter->min_size);
	if (filter->min_latency_ns)
		put_number(meta, "min-latency", filter->min_latency_ns);
	put_tasks(meta, "pid", &filter->pids);
	put_tasks(meta, "tid", &filter->tids);
	put_numbers(meta, "uid", &filter->uids);
	put_numbers(meta, "fd", &filter->fds);
	put_texts(meta, "comm", &filter->comms);
	put_texts(meta, "cgroup", &filter->cgroups);
	put_texts(meta, "path", &filter->paths);
}

/* The next value of @name from offset *at on, which is moved behind it; NULL if there is none. */
static const char *next_value(const struct wt_meta *meta, const char *name, size_t *at)
{
	size_t end = meta->filters_len, len, name_len = strlen(name);

	if (end > sizeof(meta->filters))
		end = sizeof(meta->filters);
	while (*at < end) {
		const char *entry = meta->filters + *at;

		len = strnlen(entry, end - *at);
		if (len == end - *at)
			return NULL; /* has no end */
		*at += len + 1;
		if (!strncmp(entry, name, name_len) && entry[name_len] == '=')
			return entry + name_len + 1;
	}
	return NULL;
}

/* Return: the operations, 0 if one is none that we know. */
static uint64_t ops_mask(const struct wt_meta *meta)
{
	uint64_t mask = 0;
	const char *value;

	for (size_t at = 0; (value = next_value(meta, "ops", &at));) {
		uint64_t found = 0;

		for_each_op (i)
			if (!strcmp(value, ops[i].name))
				found = 1ULL << i;
		if (!found)
			return 0;
		mask |= found;
	}
	return mask;
}

/* Whether text_safe() would leave it as it is. */
static bool is_harmless(const char *word, size_t len)
{
	uint32_t codepoint;
	int seq;

	for (; len; word += seq, len -= seq) {
		seq = text_utf8_scan(word, len, &codepoint);
		if (seq < 0 || text_is_harmful(codepoint))
			return false;
	}
	return true;
}

/* A word for a shell: as it is, 'quoted', or $'with \x1B in it'. */
static void put_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";
	size_t len = strlen(word), n;
	bool harmless = is_harmless(word, len);

	if (*word && !word[strspn(word, plain)]) {
		buf_put(out, word, len);
		return;
	}
	buf_puts(out, harmless ? "'" : "$'");
	for (; *word; word += n, len -= n) {
		n = text_utf8_next(word, len);
		if (!n)
			n = 1;
		if (harmless && *word == '\'')
			buf_puts(out, "'\\'"); /* ends the word, a quote, begins it anew */
		else if (!harmless && (*word == '\'' || *word == '\\'))
			buf_putc(out, '\\');
		text_safe(out, word, n);
	}
	buf_putc(out, '\'');
}

/* 1000000 as 1ms; exact, as units_time() is not */
static void put_time(struct buf *out, const char *value)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", UNITS_NS_PER_S },
		      { "ms", UNITS_NS_PER_MS },
		      { "us", UNITS_NS_PER_US },
		      { "ns", 1 } };
	uint64_t ns;

	if (units_parse_u64(value, UINT64_MAX, &ns)) {
		put_word(out, value);
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ns % units[i].ns == 0) {
			buf_u64(out, ns / units[i].ns);
			buf_puts(out, units[i].name);
			return;
		}
}

/* All values of one option. Return: whether there are any. */
static bool put_option(struct buf *out, const struct wt_meta *meta, const struct row *row,
		       const char *before)
{
	const char *value;
	bool any = false;

	for (size_t at = 0; (value = next_value(meta, row->name, &at)); any = true) {
		if (any && (row->form == FORM_NUMBERS || row->form == FORM_NAMES)) {
			buf_putc(out, ',');
		} else if (!any || row->form == FORM_TEXTS) {
			buf_puts(out, any ? " " : before);
			buf_puts(out, "--");
			buf_puts(out, row->name);
			if (row->form == FORM_FLAG)
				return true;
			buf_putc(out, ' ');
		} else {
			break; /* takes one value only */
		}
		if (row->form == FORM_TIME)
			put_time(out, value);
		else
			put_word(out, value);
	}
	return any;
}

bool meta_names_tasks(const struct wt_meta *meta)
{
	size_t pid = 0, tid = 0;

	return next_value(meta, "pid", &pid) || next_value(meta, "tid", &tid);
}

void meta_filters_text(struct buf *out, const struct wt_meta *meta)
{
	uint64_t mask = ops_mask(meta);
	bool any = false;

	for (size_t i = 0; i < N_ROWS; i++) {
		if (strcmp(rows[i].name, "ops") || !mask) {
			any |= put_option(out, meta, &rows[i], any ? " " : "");
		} else if (mask != ops_default()) {
			buf_puts(out, any ? " --ops " : "--ops ");
			ops_put(out, mask);
			any = true;
		}
	}
	if (meta->filters_cut)
		buf_puts(out, any ? " ..." : "...");
}

static void json_number(struct json *json, const char *key, const char *value)
{
	uint64_t n;

	if (units_parse_u64(value, UINT64_MAX, &n))
		json_str(json, key, value);
	else
		json_u64(json, key, n);
}

static void json_values(struct json *json, const struct wt_meta *meta, const struct row *row)
{
	bool exact = true;
	const char *value;

	json_begin_array(json, row->key);
	for (size_t at = 0; (value = next_value(meta, row->name, &at));) {
		if (row->form == FORM_NUMBERS)
			json_number(json, NULL, value);
		else
			json_str(json, NULL, value);
		exact &= text_is_utf8(value, strlen(value));
	}
	json_end_array(json);
	if (exact || !row->key_b64)
		return;
	json_begin_array(json, row->key_b64);
	for (size_t at = 0; (value = next_value(meta, row->name, &at));) {
		json_key(json, NULL);
		buf_putc(json->out, '"');
		text_base64(json->out, value, strlen(value));
		buf_putc(json->out, '"');
	}
	json_end_array(json);
}

void meta_filters_json(struct json *json, const struct wt_meta *meta)
{
	const char *value;

	json_begin_object(json, "filters");
	for (size_t i = 0; i < N_ROWS; i++) {
		size_t at = 0;

		value = next_value(meta, rows[i].name, &at);
		if (!value)
			continue;
		if (rows[i].form == FORM_FLAG)
			json_bool(json, rows[i].key, true);
		else if (rows[i].form == FORM_SIZE || rows[i].form == FORM_TIME)
			json_number(json, rows[i].key, value);
		else
			json_values(json, meta, &rows[i]);
	}
	if (meta->filters_cut)
		json_bool(json, "cut", true);
	json_end_object(json);
}
