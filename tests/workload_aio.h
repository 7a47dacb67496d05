/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `aio` and `blocks` share: control blocks, and what is to be noted of each.
 */
#ifndef WORKLOAD_AIO_H
#define WORKLOAD_AIO_H

#include <stdbool.h>
#include <linux/aio_abi.h>

#include "workload.h"

#define AIO_AT_ONCE 128

struct aio {
	struct wl_ops *ops;
	aio_context_t context;
	int n; /* being prepared */
	struct iocb blocks[AIO_AT_ONCE], *list[AIO_AT_ONCE];
	struct wl_event events[AIO_AT_ONCE]; /* what is to be noted of each */
	long want[AIO_AT_ONCE];
};

/* Begins a run; exits if the kernel has no AIO. False for wrong usage. */
bool aio_begin(struct aio *a, struct wl_ops *ops, int argc, char **argv);
void aio_end(struct aio *a);

/* The next control block, a write; @want: its outcome, bytes or -errno */
void aio_add_write(struct aio *a, int fd, size_t size, off_t pos, long want);
/* The next one, an fsync: IOCB_CMD_FSYNC or IOCB_CMD_FDSYNC */
void aio_add_sync(struct aio *a, int fd, int opcode, long want);
/* Hands over all that is prepared, which the kernel must take. */
void aio_submit(struct aio *a);
/* Notes down an operation that has ended. */
void aio_note(struct aio *a, const struct io_event *event);
/* Fetches @n results at once and notes them down: by io_getevents or, if @p, io_pgetevents. */
void aio_fetch(struct aio *a, long n, bool p);

#endif
