// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"

static void output_classify(struct output *output)
{
	struct stat st = {};

	output->terminal = isatty(output->fd);
	fstat(output->fd, &st);
	output->socket = S_ISSOCK(st.st_mode);
	output->pipe = output->socket || S_ISFIFO(st.st_mode);
}

int output_stdout(struct output *output, struct buf *why)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), fd;
	char path[32];

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
		buf_printf(why, "standard output: %s", strerror(EBADF));
		return -EBADF;
	}
	output->fd = STDOUT_FILENO;
	output->own = false;
	output_classify(output);
	if (!output->terminal && !output->pipe)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", STDOUT_FILENO);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) /* a socket, or a terminal of another user, where write() may block */
		return 0;
	output->fd = fd;
	output->own = true;
	return 0;
}

#define OUTPUT_FLAGS (O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)

/* Return: a descriptor, or -1 with errno. */
static int open_anew(const char *path)
{
	return open(path, OUTPUT_FLAGS | O_CREAT | O_EXCL, 0600);
}

/* A file beside @path, which is to take its place. */
static int open_beside(struct output *output, const char *path)
{
	const char *slash = strrchr(path, '/');
	int fd;

	if (asprintf(&output->temporary, "%.*s.writetrace.XXXXXX",
		     slash ? (int)(slash + 1 - path) : 0, path) < 0) {
		output->temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(output->temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		free(output->temporary);
		output->temporary = NULL;
	}
	return fd;
}

static int open_existing(struct output *output, const char *path, bool force)
{
	struct stat st;

	if (lstat(path, &st))
		return -1;
	if (force && S_ISREG(st.st_mode))
		return open_beside(output, path);
	/* devices and pipes hold nothing that could be lost */
	if (force || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)))
		return open(path, OUTPUT_FLAGS);
	errno = S_ISLNK(st.st_mode) ? ELOOP : S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
	return -1;
}

int output_file(struct output *output, const char *path, bool force, struct buf *why)
{
	int err;

	output->path = path;
	output->fd = open_anew(path);
	output->made = output->fd >= 0;
	if (output->fd < 0 && errno == EEXIST)
		output->fd = open_existing(output, path, force);
	if (output->fd < 0) {
		err = -errno;
		buf_printf(why, "%s: %s%s", path,
			   err == -ELOOP ? "is a symbolic link" : strerror(-err),
			   err == -EEXIST ? "; --force replaces it" : "");
		return err;
	}
	output->own = true;
	output_classify(output);
	if (output->terminal || output->pipe)
		fcntl(output->fd, F_SETFL, O_NONBLOCK); /* nobody shares it */
	return 0;
}

/* Return: 0 or -errno. */
static int take_name(struct output *output)
{
	int err = 0;

	if (!output->temporary)
		return 0;
	if (rename(output->temporary, output->path)) {
		err = -errno;
		unlink(output->temporary);
	}
	free(output->temporary);
	output->temporary = NULL;
	return err;
}

void output_discard(struct output *output)
{
	struct stat st;

	if (output->temporary)
		unlink(output->temporary);
	else if (output->made && !fstat(output->fd, &st) && !st.st_size)
		unlink(output->path);
	free(output->temporary);
	output->temporary = NULL;
}

/* As write(). */
static ssize_t output_put(const struct output *output, const void *data, size_t len)
{
	return output->socket ? send(output->fd, data, len, MSG_DONTWAIT)
			      : write(output->fd, data, len);
}

int output_write(struct output *output, struct buf *buf)
{
	size_t done = 0;
	int err = buf->err;

	while (!err && done < buf->len) {
		ssize_t n = output_put(output, buf->data + done, buf->len - done);

		if (n > 0)
			err = take_name(output);
		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			err = -errno;
	}
	memmove(buf->data, buf->data + done, buf->len - done);
	buf->len -= done;
	/* nothing has been written: the old file stays */
	if (err && err != -EAGAIN && output->temporary)
		output_discard(output);
	return err;
}

int output_close(struct output *output)
{
	int err = take_name(output);

	if (output->own && output->fd >= 0 && close(output->fd) && !err)
		err = -errno;
	output->fd = -1;
	return err;
}
