// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records out of the ring, as lines. Input: a byte of options, then records, each behind its length
 * (16 bits).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/buf.h"
#include "common/files.h"
#include "common/filter.h"
#include "common/lines.h"
#include "fuzz.h"

enum { JSON = 1, PRETTY = 2, DATA = 4, ALL_COLUMNS = 8, COLOR = 16 };

#define ALL                                                                                  \
	"time,pid,tid,comm,uid,cgroup,op,fd,kind,file,peer,dev,ino,offset,size,ret,latency," \
	"compat,data"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	struct filter filter = {};
	struct buf why = {};
	uint8_t flags;
	struct lines lines = { .filter = &filter };
	struct print_options options;

	fuzz_take(&in, &flags, 1);
	options = (struct print_options){ .json = flags & JSON,
					  .pretty = flags & PRETTY,
					  .data = flags & DATA,
					  .color = flags & COLOR,
					  .latency = true };
	if (print_setup(&lines.print, &options, flags & ALL_COLUMNS ? ALL : NULL, &why) ||
	    lines_open(&lines, 16))
		abort();
	lines.output =
		(struct output){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .own = true };
	while (in.len) {
		uint16_t size;
		void *record;

		fuzz_take(&in, &size, sizeof(size));
		if (size > in.len)
			size = in.len;
		/* one of its own, so that a read behind its end is found */
		record = malloc(size ? size : 1);
		fuzz_take(&in, record, size);
		lines_record(&lines, record, size);
		free(record);
	}
	lines_flush(&lines);
	output_close(&lines.output);
	lines_close(&lines);
	buf_free(&why);
	return 0;
}

static void put(struct buf *seed, const void *record, uint16_t len, const void *tail,
		uint16_t tail_len)
{
	uint16_t size = len + tail_len;

	buf_put(seed, (const char *)&size, sizeof(size));
	buf_put(seed, record, len);
	buf_put(seed, tail, tail_len);
}

void fuzz_seeds(void)
{
	static const char path[] = "/var/lib/\xff\x1b[31m\xe2\x80\xae/data";
	struct wt_peer peer = { .family = 10, .port = 80, .addr = { 0x20, 1, 0xd, 0xb8 } };
	struct wt_event event = { .type = WT_RECORD_WRITE,
				  .flags = WT_EVENT_LATENCY | WT_EVENT_SIZE | WT_EVENT_POS |
					   WT_EVENT_FILE | WT_EVENT_FD,
				  .data_len = 5,
				  .file = 7,
				  .size = 4096,
				  .ret = 4096,
				  .latency_ns = 1234,
				  .pid = 1,
				  .tid = 2,
				  .comm = "a\nb" };
	struct wt_file file = { .type = WT_RECORD_FILE, .id = 7, .ino = 12, .mode = 0100600 };

	for (unsigned int flags = 0; flags < 32; flags++) {
		struct buf seed = {};

		buf_putc(&seed, flags);
		file.kind = 1 + flags % (WT_KIND_COUNT - 1);
		file.path_state = flags % 4;
		file.path_len = sizeof(path) - 1;
		file.peer_len = 0;
		put(&seed, &file, sizeof(file), path, sizeof(path) - 1);
		put(&seed, &event, sizeof(event), "hello", 5);
		file.kind = WT_KIND_SOCKET;
		file.path_len = 0;
		file.peer_len = WT_PEER_HEAD + 16;
		put(&seed, &file, sizeof(file), &peer, WT_PEER_HEAD + 16);
		event.op = flags % WT_OP_COUNT;
		event.lost = flags;
		event.ret = -(int)flags;
		put(&seed, &event, sizeof(event), "\xff\0\n\"\\", 5);
		fuzz_seed(seed.data, seed.len);
		buf_free(&seed);
	}
}
