// SPDX-License-Identifier: GPL-2.0-only
#include "top_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <ncurses.h>

#define GUARD_FD 3 /* its only descriptor but the standard ones */

struct top_guard {
	pid_t pid;
	int fd;
};

/* A shell may have set modes of its own in the meantime: then those are left alone. */
static void give_back(const struct termios *ours)
{
	struct termios now;
	bool known = !tcgetattr(STDIN_FILENO, &now);

	endwin();
	if (known && (now.c_iflag != ours->c_iflag || now.c_lflag != ours->c_lflag))
		tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

/* Nothing of ours may stay open: a session lasts for as long as anybody has it. */
static void guard_main(int fd)
{
	struct termios ours;
	sigset_t all;
	bool on = true;
	char byte;
	ssize_t n;

	/* it is to outlive what ends us; and it may be in the background by then */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (dup2(fd, GUARD_FD) < 0 || syscall(SYS_close_range, GUARD_FD + 1, ~0U, 0) ||
	    tcgetattr(STDIN_FILENO, &ours))
		_exit(1);
	do {
		n = read(GUARD_FD, &byte, 1);
		if (n == 1)
			on = byte;
	} while (n == 1 || (n < 0 && errno == EINTR));
	if (on)
		give_back(&ours);
	_exit(0);
}

int top_guard_start(struct top_guard **out)
{
	struct top_guard *guard = calloc(1, sizeof(*guard));
	int fds[2], err = 0;

	if (!guard)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		err = -errno;
		free(guard);
		return err;
	}
	guard->pid = fork();
	if (!guard->pid) {
		close(fds[1]);
		guard_main(fds[0]);
	}
	err = guard->pid < 0 ? -errno : 0;
	close(fds[0]);
	guard->fd = fds[1];
	if (err) {
		close(guard->fd);
		free(guard);
	} else {
		*out = guard;
	}
	return err;
}

void top_guard_set(struct top_guard *guard, bool on)
{
	char byte = on;

	/* if it is gone there is nobody to tell, and no reason to go, too */
	if (send(guard->fd, &byte, 1, MSG_NOSIGNAL) < 0)
		return;
}

void top_guard_end(struct top_guard *guard)
{
	if (!guard)
		return;
	top_guard_set(guard, false);
	close(guard->fd);
	waitpid(guard->pid, NULL, 0);
	free(guard);
}
