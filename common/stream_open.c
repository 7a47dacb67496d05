// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a stream waits for.
 */
#include "stream_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "session.h"

#define GRACE_NS 1000000000

static int stream_watch(struct stream *s, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event event = { .events = events, .data.u64 = tag };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int stream_watch_signals(struct stream *s)
{
	sigset_t set;

	stream_signals(&set, &s->others);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? -errno : stream_watch(s, s->signals, EPOLLIN, TAG_SIGNALS);
}

/* After @ns, and with @again every @ns. */
static int stream_watch_time(struct stream *s, int *timer, uint64_t ns, bool again, uint64_t tag)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 },
	};

	if (!ns)
		return 0;
	if (again)
		when.it_interval = when.it_value;
	*timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*timer < 0 || timerfd_settime(*timer, 0, &when, NULL))
		return -errno;
	return stream_watch(s, *timer, EPOLLIN, tag);
}

int stream_wait_for_child(struct stream *s)
{
	return stream_watch_time(s, &s->grace, GRACE_NS, false, TAG_GRACE);
}

/* A pipe without readers reports an error whatever is asked for; a file cannot be watched. */
static int stream_watch_output(struct stream *s)
{
	int err = stream_watch(s, s->output, 0, TAG_OUTPUT);

	return err == -EPERM ? 0 : err;
}

static int stream_watch_targets(struct stream *s, const uint32_t *pids, size_t n)
{
	int err = 0;

	if (!n)
		return 0;
	s->targets = calloc(n, sizeof(*s->targets));
	if (!s->targets)
		return -ENOMEM;
	for (; s->n_targets < n && !err; s->n_targets++) {
		int fd = syscall(SYS_pidfd_open, pids[s->n_targets], 0);

		s->targets[s->n_targets] = fd;
		if (fd < 0 && errno != ESRCH)
			return -errno;
		if (fd < 0)
			continue;
		s->targets_left++;
		err = stream_watch(s, fd, EPOLLIN, TAG_TARGETS + s->n_targets);
	}
	if (!s->targets_left && !s->n_tids)
		stream_finish(s, STREAM_TARGETS_GONE);
	return err;
}

static int stream_copy_tids(struct stream *s, const struct stream_thread *tids, size_t n)
{
	if (!n)
		return 0;
	s->tids = calloc(n, sizeof(*tids));
	if (!s->tids)
		return -ENOMEM;
	memcpy(s->tids, tids, n * sizeof(*tids));
	s->n_tids = n;
	return 0;
}

static int stream_open_ring(struct stream *s, int fd)
{
	s->ring = ring_buffer__new(fd, stream_record, s, NULL);
	return s->ring ? stream_watch(s, fd, EPOLLIN | EPOLLET, TAG_RING) : -errno;
}

int stream_open(struct stream **stream, const struct stream_options *o)
{
	struct stream *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->session = o->session;
	s->calls = o->calls;
	s->child = o->child;
	s->output = o->output;
	s->signals = s->timer = s->ticks = s->grace = -1;
	s->input = o->input;
	sigemptyset(&s->others);
	if (o->others)
		s->others = *o->others;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		err = -errno;
	if (!err && session_ring_fd(o->session) >= 0)
		err = stream_open_ring(s, session_ring_fd(o->session));
	if (!err)
		err = stream_watch_signals(s);
	if (!err)
		err = stream_watch_time(s, &s->timer, o->duration_ns, false, TAG_TIMER);
	if (!err)
		err = stream_watch_time(s, &s->ticks, o->tick_ns, true, TAG_TICK);
	if (!err && o->calls.input)
		err = stream_watch(s, s->input, EPOLLIN, TAG_INPUT);
	if (!err)
		err = stream_watch_output(s);
	if (!err && !o->child)
		err = stream_copy_tids(s, o->tids, o->n_tids);
	if (!err && !o->child)
		err = stream_watch_targets(s, o->pids, o->n_pids);
	if (err)
		stream_close(s);
	else
		*stream = s;
	return err;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i] >= 0)
			close(s->targets[i]);
	free(s->targets);
	free(s->tids);
	if (s->timer >= 0)
		close(s->timer);
	if (s->ticks >= 0)
		close(s->ticks);
	if (s->grace >= 0)
		close(s->grace);
	if (s->signals >= 0)
		close(s->signals);
	if (s->ring)
		ring_buffer__free(s->ring);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s);
}
