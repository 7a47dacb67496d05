// SPDX-License-Identifier: GPL-2.0-only
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	pid_t pid;
	int gate;	 /* closing it wakes the child; its reader sees end of file */
	int reader;	 /* kept open: the child may be gone, and SIGPIPE is for our output */
	int *exec_errno; /* shared with the child: a pipe would be a write of its own */
	bool waiting;
};

enum { GATE_SHUT = -1 };

/* Return: 0 or -errno. */
static int child_leave_terminal(void)
{
	int null = -1;

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (!isatty(fd))
			continue;
		if (null < 0)
			null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0 || dup2(null, fd) < 0)
			return -errno;
	}
	return 0;
}

static void child_main(struct child *child, int gate, int go, char *const *argv,
		       const struct child_options *options)
{
	char byte;
	ssize_t n;

	close(go);
	do {
		n = read(gate, &byte, 1);
	} while (n < 0 && errno == EINTR);
	/* one byte means go; end of file means that our parent is gone or has given up */
	if (n != 1)
		_exit(125);
	close(gate);
	if (options->no_terminal && child_leave_terminal())
		_exit(125);
	if (options->ignore_chld)
		signal(SIGCHLD, SIG_IGN);
	if (!options->ignore_xfsz)
		signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, &options->mask, NULL);
	execvp(argv[0], argv);
	*child->exec_errno = errno;
	_exit(errno == ENOENT ? 127 : 126);
}

int child_start(struct child **out, char *const *argv, const struct child_options *options)
{
	struct child *child = calloc(1, sizeof(*child));
	int gate[2], err;

	if (!child)
		return -ENOMEM;
	child->exec_errno =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->exec_errno == MAP_FAILED) {
		err = -errno;
		free(child);
		return err;
	}
	if (pipe2(gate, O_CLOEXEC)) {
		err = -errno;
		munmap(child->exec_errno, sizeof(int));
		free(child);
		return err;
	}
	child->pid = fork();
	if (!child->pid)
		child_main(child, gate[0], gate[1], argv, options);
	err = child->pid < 0 ? -errno : 0;
	child->reader = gate[0];
	child->gate = gate[1];
	child->waiting = !err;
	if (err)
		child_close(child);
	else
		*out = child;
	return err;
}

static void shut(struct child *child)
{
	if (child->gate != GATE_SHUT) {
		close(child->gate);
		close(child->reader);
	}
	child->gate = GATE_SHUT;
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_go(struct child *child)
{
	/* if the child is gone, waitpid() will tell */
	if (write(child->gate, "", 1) == 1)
		child->waiting = false;
	shut(child);
}

int child_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_exec_errno(const struct child *child)
{
	return *child->exec_errno;
}

void child_close(struct child *child)
{
	if (!child)
		return;
	shut(child);
	if (child->waiting)
		waitpid(child->pid, NULL, 0);
	munmap(child->exec_errno, sizeof(int));
	free(child);
}
