/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where lines go: standard output or a file of ours.
 */
#ifndef WT_OUTPUT_H
#define WT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct output {
	int fd;
	bool own;  /* opened by us */
	bool made; /* it was not there before */
	bool terminal;
	bool pipe; /* or a socket */
	bool socket;
	const char *path; /* of a file, or NULL */
	char *temporary;  /* its name until something is written, if it is to replace another */
};

/** output_stdout - write to standard output, without ever blocking in write() if it can be helped
 *
 * A pipe or terminal is opened anew as non-blocking, since the flag would otherwise change for
 * everybody who shares it. A socket cannot be, but is asked not to block.
 * Return: 0, or -EBADF with the reason in @why if it is closed or for reading only.
 */
int output_stdout(struct output *output, struct buf *why);

/** output_file - create @path (mode 0600, never through a symbolic link)
 *
 * Waits for who reads a named pipe; to write to it never blocks.
 * An existing file is an error unless @force, which replaces it by a new one with the first write:
 * who may read the old one, or has it open, does not get to see what is written. @path must stay.
 * Return: 0 or -errno with the reason in @why.
 */
int output_file(struct output *output, const char *path, bool force, struct buf *why);

/** output_write - write what is in @buf and take it out of it
 *
 * Return: 0; -EAGAIN if the output takes no more now; another -errno. What was written is gone from
 * @buf in any case.
 */
int output_write(struct output *output, struct buf *buf);

/** output_discard - leave no file that output_file() has made, if nothing has been written to it */
void output_discard(struct output *output);

/** output_close - an empty file takes its name, too
 *
 * Return: 0 or -errno, since a full disk may show only now.
 */
int output_close(struct output *output);

#endif
