// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"

static void output_classify(struct output *output)
{
	struct stat st;

	output->terminal = isatty(output->fd);
	output->pipe = !fstat(output->fd, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

void output_stdout(struct output *output)
{
	char path[32];
	int fd;

	output->fd = STDOUT_FILENO;
	output->own = false;
	output_classify(output);
	if (!output->terminal && !output->pipe)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", STDOUT_FILENO);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) /* a socket, or a terminal of another user: then write() may block */
		return;
	output->fd = fd;
	output->own = true;
}

int output_file(struct output *output, const char *path, bool force, struct buf *why)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, err;
	struct stat st;

	output->fd = open(path, flags | O_EXCL, 0600);
	if (output->fd < 0 && errno == EEXIST) {
		/* devices and pipes hold nothing that could be lost */
		bool special = !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
			       !lstat(path, &st) && !S_ISLNK(st.st_mode);

		errno = EEXIST;
		if (force || special)
			output->fd = open(path, flags | O_TRUNC, 0600);
	}
	if (output->fd < 0) {
		err = -errno;
		buf_printf(why, "%s: %s%s", path,
			   err == -ELOOP ? "is a symbolic link" : strerror(-err),
			   err == -EEXIST ? "; --force replaces it" : "");
		return err;
	}
	output->own = true;
	output_classify(output);
	return 0;
}

int output_write(const struct output *output, struct buf *buf)
{
	size_t done = 0;
	int err = buf->err;

	while (!err && done < buf->len) {
		ssize_t n = write(output->fd, buf->data + done, buf->len - done);

		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			err = -errno;
	}
	memmove(buf->data, buf->data + done, buf->len - done);
	buf->len -= done;
	return err;
}

int output_close(struct output *output)
{
	int err = 0;

	if (output->own && output->fd >= 0 && close(output->fd))
		err = -errno;
	output->fd = -1;
	return err;
}
