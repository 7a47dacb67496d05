// SPDX-License-Identifier: GPL-2.0-only
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "clock.h"
#include "files.h"
#include "filter.h"
#include "session.h"
#include "stream.h"

/* Output is written out when it has grown to this, or when the ring is empty. */
#define FLUSH_BYTES (128 << 10)
/* Two CPUs may describe two files of one slot at the same time, and more may follow. */
#define FILES_PER_SLOT 4

int lines_open(struct lines *l, uint64_t file_slots)
{
	l->start_ns = clock_boot_ns();
	l->header_due = !l->print.options.json;
	l->print.options.terminal = l->output.terminal;
	print_sync_terminal(&l->print, l->output.fd);
	l->files = files_new(file_slots, FILES_PER_SLOT);
	return l->files ? 0 : -ENOMEM;
}

int lines_flush(struct lines *l)
{
	int err;

	while (l->out.len && !l->closed) {
		err = output_write(&l->output, &l->out);
		if (err == -EAGAIN)
			err = stream_wait_writable(l->stream);
		if (err == -EPIPE)
			l->closed = true;
		else if (err)
			return err;
	}
	return l->out.err;
}

void lines_header(struct lines *l)
{
	if (l->header_due)
		print_header(&l->print, &l->out);
	l->header_due = false;
}

/* Losses of a CPU travel with its next event, so they are shown where they happened. */
static void show_lost(struct lines *l, const struct wt_event *event)
{
	uint64_t *seen = &l->lost_seen[event->cpu % LINES_CPUS_MAX];

	if (event->lost <= *seen)
		return;
	print_lost(&l->print, &l->out, event->time_ns, event->lost - *seen, WT_LOST_RING);
	l->lost_shown += event->lost - *seen;
	*seen = event->lost;
}

static int add_file(struct lines *l, const struct wt_file *record, size_t len)
{
	bool wanted = true;

	if (len >= sizeof(*record) && record->undecided &&
	    record->path_len <= len - sizeof(*record))
		wanted =
			filter_path_wanted(l->filter, (const char *)(record + 1), record->path_len);
	return files_add(l->files, record, len, wanted);
}

static int add_event(struct lines *l, const struct wt_event *event, size_t len)
{
	const struct file *file = NULL;

	if (len < sizeof(*event) || event->data_len > len - sizeof(*event))
		return -EINVAL;
	if (event->flags & WT_EVENT_FILE)
		file = files_find(l->files, event->file);
	lines_header(l);
	if (event->lost)
		show_lost(l, event);
	if (file && !file->wanted)
		return 0;
	print_event(&l->print, &l->out, event, file);
	l->events++;
	if (event->ret > 0)
		l->bytes += event->ret;
	if (l->out.len >= FLUSH_BYTES) {
		int err = lines_flush(l);

		if (err)
			return err;
	}
	return l->events == l->limit ? STREAM_STOP : 0;
}

int lines_record(void *arg, const void *record, size_t len)
{
	switch (len ? *(const __u8 *)record : 0) {
	case WT_RECORD_WRITE:
		return add_event(arg, record, len);
	case WT_RECORD_FILE:
		return add_file(arg, record, len);
	}
	return -EINVAL;
}

int lines_idle(void *arg)
{
	struct lines *l = arg;

	print_sync_clock(&l->print);
	print_sync_terminal(&l->print, l->output.fd);
	return lines_flush(l);
}

const sigset_t *lines_signals(void)
{
	static sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	return &set;
}

int lines_signal(void *arg, int number)
{
	struct lines *l = arg;

	(void)number;
	print_sync_terminal(&l->print, l->output.fd);
	return 0;
}

int lines_finish(struct lines *l, struct session *session, uint64_t *lost, bool *known,
		 struct print_sum *sum)
{
	int err = 0;

	*sum = (struct print_sum){ .lost = lost,
				   .known = known,
				   .elapsed_ns = clock_boot_ns() - l->start_ns };
	session_stop(session);
	if (!l->limit || l->events < l->limit)
		err = stream_drain(l->stream);
	if (err == STREAM_STOP)
		err = 0;
	l->lost_unknown = session_lost(session, lost, known);
	if (l->lost_unknown)
		memset(known, false, WT_LOST_COUNT * sizeof(*known));
	if (lost[WT_LOST_RING] > l->lost_shown)
		print_lost(&l->print, &l->out, clock_boot_ns(), lost[WT_LOST_RING] - l->lost_shown,
			   WT_LOST_RING);
	lines_header(l);
	sum->events = l->events;
	sum->bytes = l->bytes;
	if (l->print.options.json)
		print_end(&l->print, &l->out, sum);
	return err ? err : lines_flush(l);
}

void lines_close(struct lines *l)
{
	files_free(l->files);
	buf_free(&l->out);
}
