// SPDX-License-Identifier: GPL-2.0-only
/*
 * The description of a pinned session, and what is shown of it. Input: the description.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/filter.h"
#include "common/json.h"
#include "common/meta.h"
#include "common/ops.h"
#include "common/report.h"
#include "common/tally.h"
#include "fuzz.h"

static void show(const struct wt_meta *m)
{
	static const uint64_t lost[WT_LOST_COUNT] = { 1, 2 };
	static const bool known[WT_LOST_COUNT] = { true };
	struct report_entry entry = { .name = m->name, .meta = m, .lost = lost, .known = known };
	struct tally tally = { .at_ns = m->start_ns + 1000 };
	struct buf out = {};

	meta_filters_text(&out, m);
	for (int json = 0; json < 2; json++) {
		const struct report_options options = { .json = json, .width = 80 };

		report_print(&out, m, &tally, &options);
		report_list(&out, &entry, 1, &options);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wt_meta *m = malloc(len ? len : 1);
	struct buf why = {};

	if (!m)
		abort();
	memcpy(m, data, len);
	if (!meta_check(m, len, &why))
		show(m);
	free(m);
	buf_free(&why);
	return 0;
}

void fuzz_seeds(void)
{
	struct filter_task task = { .nr = 812 };
	uint32_t uids[] = { 0, 1000 };
	char *paths[] = { "/var/*", "/it's \xff here\n" };
	struct filter filter = { .pids = { &task, 1 },
				 .uids = { uids, 2 },
				 .paths = { paths, 2 },
				 .min_size = 4096,
				 .failed = true };
	struct wt_meta m = {
		.magic = WT_MAGIC,
		.layout = WT_LAYOUT,
		.size = sizeof(m),
		.start_ns = 1000,
		.ops = ops_default(),
		.by = WT_BY_PID | WT_BY_FILE,
		.rows = 10240,
		.events = 16384,
		.event_slots = 16384,
		.path_slots = 4096,
		.lanes = 1,
		.cpus = 4,
		.ops_size = WT_OP_COUNT,
		.total_size = sizeof(struct wt_total),
		.row_size = sizeof(struct wt_row),
		.copies = 1,
		.latency = 1,
		.version = "0.1.0",
		.name = "web-1_A",
	};

	fuzz_seed(&m, sizeof(m));
	for (int i = 0; i < 4; i++) {
		filter.ops = i & 1 ? ops_default() : ops_all();
		filter.kinds = i;
		meta_set_filters(&m, &filter);
		fuzz_seed(&m, sizeof(m));
	}
	m.layout++;
	fuzz_seed(&m, sizeof(m));
	fuzz_seed(&m, sizeof(m) / 2);
}
