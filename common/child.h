/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * COMMAND: started stopped, so that it can be traced from its first instruction on.
 */
#ifndef WT_CHILD_H
#define WT_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child;

struct child_options {
	sigset_t mask;	  /* its signal mask */
	bool ignore_chld; /* it ignores SIGCHLD */
	bool ignore_xfsz; /* it ignores SIGXFSZ, as we do */
	bool no_terminal; /* standard input, output and error are /dev/null where they are a
			     terminal */
};

/** child_start - make a process that waits before it becomes COMMAND
 *
 * Return: 0 or -errno.
 */
int child_start(struct child **child, char *const *argv, const struct child_options *options);

pid_t child_pid(const struct child *child);

/** child_go - let it become COMMAND */
void child_go(struct child *child);

/** child_exit_status - as a shell tells it, of what waitpid() gave: 128+N if signal N killed it */
int child_exit_status(int status);

/** child_exec_errno - why it could not become COMMAND, or 0; known once it has exited */
int child_exec_errno(const struct child *child);

/** child_close - forget it; a child that still waits exits without having become COMMAND */
void child_close(struct child *child);

#endif
