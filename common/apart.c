// SPDX-License-Identifier: GPL-2.0-only
#include "apart.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"

/* What the process tells us, in memory that we share. */
struct outcome {
	int err;
	size_t len;
	char text[4096];
};

static void apart_child(struct outcome *outcome, apart_fn *fn, const void *arg)
{
	struct buf text = {};

	if (!unshare(CLONE_NEWNS))
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	outcome->err = fn(arg, &text);
	outcome->len = text.len < sizeof(outcome->text) ? text.len : sizeof(outcome->text);
	if (outcome->len)
		memcpy(outcome->text, text.data, outcome->len);
	_exit(0);
}

int apart_run(apart_fn *fn, const void *arg, struct buf *text)
{
	struct outcome *outcome;
	int err;
	pid_t pid;

	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (outcome == MAP_FAILED)
		return -errno;
	outcome->err = -ECHILD; /* unless it says otherwise */
	pid = fork();
	if (!pid)
		apart_child(outcome, fn, arg);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		outcome->err = -errno;
	err = outcome->err;
	buf_put(text, outcome->text, outcome->len);
	munmap(outcome, sizeof(*outcome));
	return err;
}
