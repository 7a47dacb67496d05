/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of `ways` and `async` share: noting down what is none of enum wl_op.
 */
#ifndef WORKLOAD_WAYS_H
#define WORKLOAD_WAYS_H

#include <limits.h>
#include <stddef.h>

struct wl_ops;
struct wl_event;

/* Exit status where the kernel does not have what is to be done */
#define WAY_NOT_HERE 77
#define WAY_ANY	     LONG_MIN /* any outcome is as good */

/* Describes an operation @name on @fd, about to be done: ops->ev, for the caller to complete. A
 * file that has positions has no offset yet. */
struct wl_event *way_begin(struct wl_ops *ops, const char *name, int fd, size_t size);
/* Notes it down with its result (-1: see errno); dies unless that is @want (bytes or -errno).
 * Returns bytes or -errno. */
long way_end(struct wl_ops *ops, long ret, long want);
/* More of the data that is about to be written */
void way_add_data(struct wl_event *ev, const void *bytes, size_t len);

/* workload_send.c */
void way_sends(struct wl_ops *ops);

#endif
