// SPDX-License-Identifier: GPL-2.0-only
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "session.h"

/*
 * How long to sleep. After a round that found records the next will, too: look again soon, and do
 * not have each event wake us. After one that found none, have the next event wake us; but sleep
 * short once more, for an event that was being put in while we asked.
 */
#define SLEEP_BUSY_MS  10
#define SLEEP_ARMED_MS 100
#define SLEEP_IDLE_MS  1000
#define TARGET_LOOK_MS 100

/* Records between two looks at signals and the clock while the ring never runs dry. */
#define RECORDS_PER_LOOK 8192

struct stream {
	struct session *session;
	struct stream_calls calls;
	struct ring_buffer *ring;
	int epoll;
	int signals;
	int timer;
	int output;
	int *targets; /* pidfds; -1 where the process is gone */
	size_t n_targets;
	size_t targets_left;
	uint32_t *tids;
	size_t n_tids;
	pid_t child;
	int child_status;
	unsigned int interrupts;
	unsigned int records; /* since the last look */
	int callback_err;
	enum stream_end end;
};

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGCHLD);
}

int stream_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? -errno : 0;
}

void stream_unblock_signals(void)
{
	sigset_t set;

	signal_set(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void stream_finish(struct stream *s, enum stream_end end)
{
	if (s->end == STREAM_GOES_ON)
		s->end = end;
}

static void stream_reap(struct stream *s)
{
	int status;

	if (!s->child || waitpid(s->child, &status, WNOHANG) != s->child)
		return;
	s->child = 0;
	s->child_status = status;
	stream_finish(s, STREAM_CHILD_EXITED);
}

static void stream_read_signals(struct stream *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			stream_reap(s);
		} else {
			s->interrupts++;
			stream_finish(s, STREAM_INTERRUPTED);
		}
	}
}

static int stream_record(void *arg, void *data, size_t len)
{
	struct stream *s = arg;
	int err = s->calls.record(s->calls.arg, data, len);

	if (err) {
		s->callback_err = err;
		return -ECANCELED;
	}
	/* libbpf hands out records until there are none, which may be never */
	return ++s->records < RECORDS_PER_LOOK ? 0 : -EAGAIN;
}

/* What one pass over the ring found. */
enum { RING_EMPTY, RING_HAD_RECORDS, RING_HAS_MORE };

/* Return: one of these; -ECANCELED if a callback ended it, with callback_err; another -errno. */
static int stream_consume(struct stream *s)
{
	int n;

	if (!s->ring)
		return RING_EMPTY;
	s->records = 0;
	n = ring_buffer__consume(s->ring);
	if (n == -EAGAIN)
		return RING_HAS_MORE;
	return n > 0 ? RING_HAD_RECORDS : n;
}

static void stream_close_target(struct stream *s, size_t i)
{
	close(s->targets[i]);
	s->targets[i] = -1;
	if (!--s->targets_left && !s->n_tids)
		stream_finish(s, STREAM_TARGETS_GONE);
}

static bool tids_gone(const struct stream *s)
{
	char path[32];

	for (size_t i = 0; i < s->n_tids; i++) {
		/* /proc/N exists for threads, though it is not listed */
		snprintf(path, sizeof(path), "/proc/%u", s->tids[i]);
		if (!access(path, F_OK))
			return false;
	}
	return true;
}

/* What epoll_event.data holds. */
enum { TAG_RING, TAG_SIGNALS, TAG_TIMER, TAG_OUTPUT, TAG_TARGETS };

static void stream_handle(struct stream *s, uint64_t tag)
{
	switch (tag) {
	case TAG_RING:
		break;
	case TAG_SIGNALS:
		stream_read_signals(s);
		break;
	case TAG_TIMER:
		stream_finish(s, STREAM_TIME_UP);
		break;
	case TAG_OUTPUT:
		stream_finish(s, STREAM_OUTPUT_CLOSED);
		break;
	default:
		stream_close_target(s, tag - TAG_TARGETS);
	}
}

static int stream_sleep(struct stream *s, int timeout_ms)
{
	struct epoll_event events[16];
	int n;

	if (s->n_tids && timeout_ms > TARGET_LOOK_MS)
		timeout_ms = TARGET_LOOK_MS;
	n = epoll_wait(s->epoll, events, sizeof(events) / sizeof(*events), timeout_ms);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++)
		stream_handle(s, events[i].data.u64);
	if (s->n_tids && !s->targets_left && tids_gone(s))
		stream_finish(s, STREAM_TARGETS_GONE);
	return 0;
}

static int stream_idle(struct stream *s)
{
	int err = s->calls.idle(s->calls.arg);

	if (err == STREAM_STOP) {
		stream_finish(s, STREAM_ENOUGH);
		return 0;
	}
	return err;
}

/* Return: how long to sleep next, or -errno. */
static int stream_round(struct stream *s, int slept_ms)
{
	int found = stream_consume(s), err;

	if (found == -ECANCELED) {
		if (s->callback_err != STREAM_STOP)
			return s->callback_err;
		stream_finish(s, STREAM_ENOUGH);
		return 0;
	}
	if (found < 0)
		return found;
	if (found == RING_HAS_MORE)
		return 0;
	err = stream_idle(s);
	if (err)
		return err;
	if (found == RING_HAD_RECORDS) {
		session_want_wakeup(s->session, false);
		return SLEEP_BUSY_MS;
	}
	session_want_wakeup(s->session, true);
	return slept_ms < SLEEP_ARMED_MS ? SLEEP_ARMED_MS : SLEEP_IDLE_MS;
}

int stream_run(struct stream *s)
{
	int timeout_ms = 0, err;

	while (s->end == STREAM_GOES_ON) {
		timeout_ms = stream_round(s, timeout_ms);
		if (timeout_ms < 0)
			return timeout_ms;
		if (s->end != STREAM_GOES_ON)
			break;
		err = stream_sleep(s, timeout_ms);
		if (err)
			return err;
	}
	return s->end;
}

int stream_drain(struct stream *s)
{
	int found;

	do {
		found = stream_consume(s);
	} while (found > 0);
	return found == -ECANCELED ? s->callback_err : found;
}

int stream_wait_writable(struct stream *s)
{
	struct pollfd fds[] = {
		{ .fd = s->output, .events = POLLOUT },
		{ .fd = s->signals, .events = POLLIN },
	};

	do {
		if (s->interrupts > 1)
			return -EINTR;
		if (poll(fds, 2, -1) < 0)
			return errno == EINTR ? 0 : -errno;
		if (fds[1].revents)
			stream_read_signals(s);
	} while (!fds[0].revents);
	return 0;
}

int stream_child_status(const struct stream *s)
{
	return s->child_status;
}

static int stream_watch(struct stream *s, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event event = { .events = events, .data.u64 = tag };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int stream_watch_signals(struct stream *s)
{
	sigset_t set;

	signal_set(&set);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? -errno : stream_watch(s, s->signals, EPOLLIN, TAG_SIGNALS);
}

static int stream_watch_time(struct stream *s, uint64_t ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 },
	};

	if (!ns)
		return 0;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || timerfd_settime(s->timer, 0, &when, NULL))
		return -errno;
	return stream_watch(s, s->timer, EPOLLIN, TAG_TIMER);
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

static int stream_copy_tids(struct stream *s, const uint32_t *tids, size_t n)
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
	s->signals = s->timer = -1;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		err = -errno;
	if (!err && session_ring_fd(o->session) >= 0)
		err = stream_open_ring(s, session_ring_fd(o->session));
	if (!err)
		err = stream_watch_signals(s);
	if (!err)
		err = stream_watch_time(s, o->duration_ns);
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
	if (s->signals >= 0)
		close(s->signals);
	if (s->ring)
		ring_buffer__free(s->ring);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s);
}
