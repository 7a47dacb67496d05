// SPDX-License-Identifier: GPL-2.0-only
#include "meta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "backend.h"
#include "bpf/writetrace.h"
#include "buf.h"
#include "clock.h"
#include "text.h"
#include "units.h"

#define CPUS_MAX   8192
#define SLOTS_MAX  (1U << 26)
#define OPS_MASK   ((1ULL << WT_OP_COUNT) - 1)
#define CALLS_MASK ((1ULL << WT_CALL_COUNT) - 1)
#define BY_MASK	   (WT_BY_PID | WT_BY_COMM | WT_BY_UID | WT_BY_CGROUP | WT_BY_OP | WT_BY_FILE)

#define LETTERS	   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	   "0123456789"

/* Whether @text is nothing but these characters, some, and ends within its @size bytes. */
static bool made_of(const char *text, size_t size, const char *characters)
{
	return memchr(text, '\0', size) && text[strspn(text, characters)] == '\0';
}

/* Where another layout has its version nobody knows; it is believed if it looks like one. */
static int other_layout(const struct wt_meta *m, size_t len, struct buf *why)
{
	buf_puts(why, "was pinned by ");
	if (len >= offsetof(struct wt_meta, version) + sizeof(m->version) && *m->version &&
	    made_of(m->version, sizeof(m->version), LETTERS DIGITS ".+~-"))
		buf_printf(why, "writetrace %s", m->version);
	else
		buf_puts(why, "another version of writetrace");
	buf_printf(why, " in layout %u, this one (" WT_VERSION ") reads layout %u", m->layout,
		   WT_LAYOUT);
	return -EPROTO;
}

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool slots_ok(const struct wt_meta *m, uint32_t slots)
{
	return (!slots && !m->lanes) || (is_power_of_two(slots) && slots <= SLOTS_MAX);
}

static bool filters_ok(const struct wt_meta *m)
{
	return m->filters_len <= sizeof(m->filters) &&
	       (!m->filters_len || !m->filters[m->filters_len - 1]);
}

int meta_check(const struct wt_meta *m, size_t len, struct buf *why)
{
	if (len < offsetof(struct wt_meta, size) || m->magic != WT_MAGIC) {
		buf_puts(why, "is not a session of writetrace");
		return -EBADMSG;
	}
	if (m->layout != WT_LAYOUT)
		return other_layout(m, len, why);
	if (len != sizeof(*m)) {
		buf_printf(why, "is damaged: its description has %zu bytes, not %zu", len,
			   sizeof(*m));
		return -EBADMSG;
	}

	const struct {
		const char *name;
		bool ok;
	} checks[] = {
		{ "size", m->size == sizeof(*m) },
		{ "ops_size", m->ops_size == WT_OP_COUNT },
		{ "total_size", m->total_size == sizeof(struct wt_total) },
		{ "row_size", m->row_size == sizeof(struct wt_row) },
		{ "ops", m->ops && !(m->ops & ~OPS_MASK) },
		{ "compat_ops", !(m->compat_ops & ~CALLS_MASK) },
		{ "by", m->by && !(m->by & ~BY_MASK) },
		{ "rows", m->rows > 0 && m->rows <= WT_ROWS_MAX },
		{ "events", m->events <= WT_EVENTS_MAX },
		{ "cpus", m->cpus >= 1 && m->cpus <= CPUS_MAX },
		{ "lanes", m->lanes <= m->cpus },
		{ "event_slots", slots_ok(m, m->event_slots) },
		{ "path_slots", slots_ok(m, m->path_slots) },
		{ "backend", m->backend < BACKEND_COUNT },
		{ "copies", m->copies >= 1 && m->copies <= WT_COPIES },
		{ "version", memchr(m->version, '\0', sizeof(m->version)) != NULL },
		{ "name", made_of(m->name, WT_NAME_MAX + 1, LETTERS DIGITS "_-") },
		{ "filters", filters_ok(m) },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (checks[i].ok)
			continue;
		buf_printf(why, "is damaged: '%s' of its description makes no sense",
			   checks[i].name);
		return -EBADMSG;
	}
	return 0;
}

/* Of three looks the one that took the shortest. */
static int64_t wall_offset_now(void)
{
	uint64_t shortest = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_boot_ns(), wall = clock_wall_ns();
		uint64_t took = clock_boot_ns() - before;

		if (took >= shortest)
			continue;
		shortest = took;
		offset = wall - before - took / 2;
	}
	return offset;
}

void meta_stamp(struct wt_meta *m)
{
	m->start_ns = clock_boot_ns();
	m->wall_ns = m->start_ns + wall_offset_now();
}

#define CLOCK_WAS_SET_NS 10000000

int64_t meta_wall_offset_ns(const struct wt_meta *m)
{
	int64_t now = wall_offset_now(), start;

	if (!m || !m->wall_ns)
		return now;
	start = m->wall_ns - m->start_ns;
	return llabs(now - start) < CLOCK_WAS_SET_NS ? start : now;
}

uint64_t meta_wall_ns(const struct wt_meta *m, uint64_t boot_ns)
{
	return boot_ns + meta_wall_offset_ns(m);
}
