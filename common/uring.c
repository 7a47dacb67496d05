// SPDX-License-Identifier: GPL-2.0-only
/*
 * Done by hand, as io_uring(7) has it: a library for one request would be one more to need.
 */
#include "uring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/io_uring.h>

struct ring {
	int fd;
	char *queue; /* of submissions */
	size_t size;
	struct io_uring_sqe *entries;
};

static int ring_map(struct ring *r, const struct io_uring_params *p)
{
	r->size = p->sq_off.array + p->sq_entries * sizeof(__u32);
	r->queue =
		mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->entries = mmap(NULL, p->sq_entries * sizeof(*r->entries), PROT_READ | PROT_WRITE,
			  MAP_SHARED, r->fd, IORING_OFF_SQES);
	return r->queue == MAP_FAILED || r->entries == MAP_FAILED ? -errno : 0;
}

static int ring_submit(struct ring *r, const struct io_uring_params *p, int opcode, int fd)
{
	__u32 *tail = (__u32 *)(r->queue + p->sq_off.tail);
	__u32 *array = (__u32 *)(r->queue + p->sq_off.array);

	memset(r->entries, 0, sizeof(*r->entries));
	r->entries->opcode = opcode;
	r->entries->fd = fd;
	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return 0;
}

int uring_nothing(int opcode)
{
	struct io_uring_params p = {};
	struct ring r = { .queue = MAP_FAILED, .entries = MAP_FAILED };
	/* some kernels (5.10) refuse what cannot be before they tell of it */
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	r.fd = syscall(SYS_io_uring_setup, 1, &p);
	if (r.fd < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	err = ring_map(&r, &p);
	if (!err)
		err = ring_submit(&r, &p, opcode, fd);
	if (r.entries != MAP_FAILED)
		munmap(r.entries, p.sq_entries * sizeof(*r.entries));
	if (r.queue != MAP_FAILED)
		munmap(r.queue, r.size);
	close(r.fd);
	close(fd);
	return err;
}
