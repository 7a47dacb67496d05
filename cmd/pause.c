// SPDX-License-Identifier: GPL-2.0-only
#include "pause.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

#define NS_PER_S 1000000000ULL

static int signals = -1;

int pause_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	signals = fd;
	return fd < 0 ? -errno : fd;
}

bool pause_until_writable(void)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = STDOUT_FILENO, .events = POLLOUT } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[1].revents;
}

bool pause_for(int fd, uint64_t ns)
{
	/* a pipe without readers reports an error whatever is asked for */
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = STDOUT_FILENO, .events = 0 } };
	const struct timespec time = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	bool passed = ppoll(fds, 2, &time, NULL) == 0;

	if (!passed && (fds[1].revents & POLLERR))
		cmd_die_of_closed_output();
	return passed;
}
