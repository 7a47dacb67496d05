/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does something in a process of its own with mounts of its own: both are gone when it exits, so
 * nothing is left behind.
 */
#ifndef WT_APART_H
#define WT_APART_H

struct buf;

/* Return: 0 or -errno; may append some text. */
typedef int apart_fn(const void *arg, struct buf *text);

/** apart_run - call @fn in such a process
 *
 * Without the privilege for mounts of its own it runs all the same; what it mounts is refused then.
 * Return: what @fn returned, its text appended to @text; or -errno.
 */
int apart_run(apart_fn *fn, const void *arg, struct buf *text);

#endif
