// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flight recorder of somebody else's, as `dump --events` reads it. Its maps are files in memory
 * here. Input: a byte of sizes, then the maps heads, events and paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/bpf.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/files.h"
#include "common/objects.h"
#include "common/print.h"
#include "common/recorder.h"
#include "fuzz.h"

#define SLOTS 16

enum { HEADS, EVENTS, PATHS, MAPS };

static const char *const names[MAPS] = { "heads", "events", "paths" };
static const size_t sizes[MAPS] = { sizeof(struct wt_recorder_heads),
				    sizeof(struct wt_recorded_event),
				    sizeof(struct wt_recorded_path) };

static int maps[MAPS] = { -1, -1, -1 };
static struct wt_meta meta;
static uint8_t wrong; /* bit per map whose sizes are not those that meta says */

static uint32_t entries(int map)
{
	return map == HEADS ? meta.lanes : SLOTS * meta.lanes;
}

/* libbpf's, which would ask the kernel. */
int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	char at;

	(void)len;
	if (pread(fd, &at, 1, 0) != 1)
		return -EINVAL;
	for (int i = 0; i < MAPS; i++) {
		off_t end = lseek(fd, 0, SEEK_END);

		if (end != (off_t)(sizes[i] * entries(i)))
			continue;
		((struct bpf_map_info *)info)->type = BPF_MAP_TYPE_ARRAY;
		((struct bpf_map_info *)info)->value_size = sizes[i] + (wrong >> i & 1);
		((struct bpf_map_info *)info)->max_entries = entries(i);
	}
	return 0;
}

/* Nobody is writing, so waiting is of no use. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	return 0;
}

static int get(void *arg, const char *name)
{
	(void)arg;
	for (int i = 0; i < MAPS; i++)
		if (!strcmp(name, names[i]))
			return fcntl(maps[i], F_DUPFD_CLOEXEC, 0);
	return -ENOENT;
}

struct shown {
	struct print print;
	struct buf out;
};

static int event(void *arg, const struct wt_event *e, const struct file *file)
{
	struct shown *s = arg;

	print_event(&s->print, &s->out, e, file);
	s->out.len = 0;
	return 0;
}

static int lost(void *arg, uint64_t count, uint64_t time_ns)
{
	struct shown *s = arg;

	print_gap(&s->print, &s->out, time_ns, count, "overwritten");
	s->out.len = 0;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	const struct objects objects = { .get = get };
	struct print_options options = { .latency = true };
	struct shown shown = {};
	const struct recorder_calls calls = { event, lost, &shown };
	struct recorder *r = NULL;
	struct buf why = {};
	uint8_t flags;

	fuzz_take(&in, &flags, 1);
	options.json = flags & 1;
	meta.lanes = 1 + (flags >> 1 & 1);
	wrong = flags >> 5;
	meta.events = meta.event_slots = meta.path_slots = SLOTS;
	for (int i = 0; i < MAPS; i++) {
		size_t size = sizes[i] * entries(i);
		char *contents = calloc(1, size);

		maps[i] = memfd_create(names[i], MFD_CLOEXEC);
		fuzz_take(&in, contents, size);
		if (!contents || maps[i] < 0 || write(maps[i], contents, size) != (ssize_t)size)
			abort();
		free(contents);
	}
	if (print_setup(&shown.print, &options, NULL, &why))
		abort();
	if (!recorder_open(&r, &objects, &meta)) {
		recorder_read(r, 1 + (flags >> 2 & 7), &calls);
		recorder_read(r, UINT32_MAX, &calls);
	}
	recorder_close(r);
	for (int i = 0; i < MAPS; i++)
		close(maps[i]);
	buf_free(&shown.out);
	buf_free(&why);
	return 0;
}

/* As a program would have written them: whole, being written, overwritten. */
static void seed(uint8_t flags, uint64_t first)
{
	struct wt_recorder_heads heads[2] = {
		{ .events = first + SLOTS, .paths = SLOTS },
		{ .events = first + 3, .paths = 3 },
	};
	struct wt_recorded_event events[2 * SLOTS] = {};
	struct wt_recorded_path paths[2 * SLOTS] = {};
	unsigned int lanes = 1 + (flags >> 1 & 1);
	struct buf out = {};

	for (unsigned int i = 0; i < SLOTS * lanes; i++) {
		events[i].seq = 2 * (first + i % SLOTS) + (i % 5 ? 2 : 1);
		events[i].event = (struct wt_event){ .type = WT_RECORD_WRITE,
						     .flags = WT_EVENT_FILE | WT_EVENT_FD,
						     .file = i % 3,
						     .time_ns = i,
						     .comm = "writer" };
		paths[i].seq = 2 * (i % SLOTS) + 2;
		paths[i].parts = i % 4 ? 1 : 2;
		paths[i].part = i % 4 == 1;
		paths[i].file = (struct wt_file){ .type = WT_RECORD_FILE,
						  .kind = WT_KIND_FILE,
						  .id = i % 3,
						  .path_len = i % 4 ? 5 : 100 };
		memset(paths[i].path, 'a' + i, sizeof(paths[i].path));
	}
	buf_putc(&out, flags);
	buf_put(&out, (const char *)heads, sizeof(*heads) * lanes);
	buf_put(&out, (const char *)events, sizeof(*events) * SLOTS * lanes);
	buf_put(&out, (const char *)paths, sizeof(*paths) * SLOTS * lanes);
	fuzz_seed(out.data, out.len);
	buf_free(&out);
}

void fuzz_seeds(void)
{
	for (uint8_t flags = 0; flags < 32; flags++) {
		seed(flags, 0);
		seed(flags, 1000003);
	}
	seed(0xff, 0);
}
