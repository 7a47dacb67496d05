// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump --events: what the flight recorder holds, and with --follow what comes.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "common/buf.h"
#include "common/filter.h"
#include "common/meta.h"
#include "common/print.h"
#include "common/recorder.h"
#include "common/tally.h"
#include "common/terminal.h"
#include "dump.h"
#include "pause.h"

#define WATCHERS_MAX 16
#define LOOK_NS	     50000000 /* between two looks for new events */
#define FLUSH_BYTES  (128 << 10)

struct events {
	struct dump *dump;
	struct print print;
	struct buf out;
	struct buf *why;
	struct filter_task watchers[WATCHERS_MAX];
	size_t n_watchers;
	bool skip_group; /* our process group: what reads our output is in it */
};

/* We, and who shows our output: each line would cause the next. */
static bool is_viewer(const struct events *e, uint32_t pid)
{
	if (pid == (uint32_t)getpid())
		return true;
	for (size_t i = 0; i < e->n_watchers; i++)
		if (e->watchers[i].nr == pid)
			return true;
	return e->skip_group && getpgid(pid) == getpgrp();
}

static int put_event(void *arg, const struct wt_event *event, const struct file *file)
{
	struct events *e = arg;

	if (e->dump->follow && is_viewer(e, event->pid))
		return 0;
	print_event(&e->print, &e->out, event, file);
	return e->out.len < FLUSH_BYTES ? 0 : dump_put(&e->out, e->why);
}

static int put_lost(void *arg, uint64_t count, uint64_t time_ns)
{
	struct events *e = arg;

	print_gap(&e->print, &e->out, time_ns, count, "overwritten");
	return 0;
}

static void skip_viewers(struct events *e)
{
	struct stat st;

	if (meta_names_tasks(&e->dump->pinned.meta))
		return;
	if (!e->dump->terminal && !fstat(STDOUT_FILENO, &st))
		e->skip_group = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	if (e->dump->terminal || e->skip_group)
		e->n_watchers = terminal_watchers(STDOUT_FILENO, e->watchers, WATCHERS_MAX);
}

static int follow(struct events *e, struct recorder *r, const struct recorder_calls *calls)
{
	int fd = pause_open(), err = 0;
	bool enabled = true;

	if (fd < 0)
		return fd;
	while (enabled && !err && pause_for(fd, LOOK_NS)) {
		/* asked before the last look, so that nothing is left */
		enabled = tally_enabled(e->dump->pinned.source);
		print_sync_clock(&e->print);
		print_sync_terminal(&e->print, STDOUT_FILENO);
		err = recorder_read(r, UINT32_MAX, calls);
		if (!err)
			err = dump_put(&e->out, e->why);
	}
	close(fd);
	return err;
}

int dump_events(struct dump *d, struct buf *why)
{
	struct events e = { .dump = d, .why = why };
	const struct recorder_calls calls = { .event = put_event, .lost = put_lost, .arg = &e };
	const struct print_options options = {
		.json = d->globals->json,
		.pretty = d->globals->pretty,
		.color = cmd_wants_color(d->globals, d->terminal),
		.latency = d->pinned.meta.latency,
		.terminal = d->terminal,
		.meta = &d->pinned.meta,
	};
	struct objects objects = pinned_objects(&d->pinned);
	struct recorder *r = NULL;
	int err;

	if (!d->pinned.meta.lanes) {
		buf_printf(why, "session %s has no flight recorder (it was pinned with --events 0)",
			   d->pinned.meta.name);
		return -ENODATA;
	}
	skip_viewers(&e);
	err = print_setup(&e.print, &options, NULL, why);
	if (!err)
		err = recorder_open(&r, &objects, &d->pinned.meta);
	print_sync_terminal(&e.print, STDOUT_FILENO);
	dump_ready(d);
	if (!err && !options.json)
		print_header(&e.print, &e.out);
	if (!err)
		err = recorder_read(
			r, d->events < d->pinned.meta.events ? d->events : d->pinned.meta.events,
			&calls);
	if (!err)
		err = dump_put(&e.out, why);
	if (!err && d->follow)
		err = follow(&e, r, &calls);
	if (err && !why->len)
		buf_printf(why, "the flight recorder cannot be read: %s", strerror(-err));
	recorder_close(r);
	buf_free(&e.out);
	return err;
}
