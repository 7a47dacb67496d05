// SPDX-License-Identifier: GPL-2.0-only
#include "stream_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "proc.h"
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

/* One that is ignored can be read all the same. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

void stream_signals(sigset_t *set, const sigset_t *others)
{
	sigemptyset(set);
	if (others)
		*set = *others;
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGCHLD);
	/* the terminal is gone; nohup(1) is for going on then */
	if (!is_ignored(SIGHUP))
		sigaddset(set, SIGHUP);
}

int stream_block_signals(const sigset_t *others, sigset_t *before)
{
	sigset_t set;

	stream_signals(&set, others);
	return sigprocmask(SIG_BLOCK, &set, before) ? -errno : 0;
}

int stream_pending_end(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigismember(&pending, signals[i]))
			return signals[i];
	return 0;
}

void stream_finish(struct stream *s, enum stream_end end)
{
	if (s->end == STREAM_GOES_ON)
		s->end = end;
}

/* What a callback has returned. */
static void stream_take(struct stream *s, int err)
{
	if (err == STREAM_STOP)
		stream_finish(s, STREAM_ENOUGH);
	else if (err && !s->callback_err)
		s->callback_err = err;
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
		switch (info.ssi_signo) {
		case SIGCHLD:
			stream_reap(s);
			break;
		case SIGINT:
		case SIGTERM:
		case SIGHUP:
			/* a wait status is the signal's number, too, of who dies of one */
			if (!s->interrupts++ && s->child)
				s->child_status = info.ssi_signo;
			/* a terminal's goes to COMMAND as well, whose last writes are yet to come
			 */
			if (info.ssi_signo == SIGINT && s->interrupts == 1 && s->child &&
			    !stream_wait_for_child(s))
				break;
			stream_finish(s, STREAM_INTERRUPTED);
			break;
		default:
			stream_take(s, s->calls.signal(s->calls.arg, info.ssi_signo));
		}
	}
}

int stream_record(void *arg, void *data, size_t len)
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
	uint64_t start_ns;

	for (size_t i = 0; i < s->n_tids; i++) {
		const struct stream_thread *t = &s->tids[i];

		if (!proc_task_start(t->tid, t->tid, &start_ns) && start_ns == t->start_ns)
			return false;
	}
	return true;
}

/* However many there were since the last look: one will do. */
static void stream_tick(struct stream *s)
{
	uint64_t n;

	if (read(s->ticks, &n, sizeof(n)) == sizeof(n))
		stream_take(s, s->calls.tick(s->calls.arg));
}

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
	case TAG_GRACE:
		stream_finish(s, STREAM_INTERRUPTED);
		break;
	case TAG_TICK:
		stream_tick(s);
		break;
	case TAG_INPUT:
		stream_take(s, s->calls.input(s->calls.arg));
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
	return s->callback_err;
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

int stream_child_status(struct stream *s)
{
	stream_reap(s);
	return s->child_status;
}
