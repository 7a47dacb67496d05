// SPDX-License-Identifier: GPL-2.0-only
/*
 * `blocks`: AIO by programs that do not keep what they handed over: the descriptor is closed and
 * used again, or the control block is, before the result is fetched; by another thread; or out of
 * the ring in user memory, without a system call, even if that could not be read before.
 *
 * `leave`: by one that ends with seven operations under way, after three others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"
#include "workload_aio.h"
#include "workload_ways.h"

/* Where the results are (fs/aio.c: struct aio_ring) */
struct ring {
	unsigned int id, nr, head, tail, magic, compat, incompat, header_length;
	struct io_event events[];
};

/* The file is closed, another has its descriptor, and the control block says something else. */
static void closed(struct aio *a)
{
	int fd = wl_open(a->ops->dir, "closed", O_WRONLY | O_TRUNC);

	aio_add_write(a, fd, 300, 1000, 300);
	aio_add_write(a, fd, 400, 5000, 400);
	aio_submit(a);
	wl_must(close(fd), "close");
	if (wl_open(a->ops->dir, "opened", O_WRONLY | O_TRUNC) != fd)
		wl_die("the descriptor is not used again");
	for (int i = 0; i < 2; i++) {
		a->blocks[i].aio_nbytes = 17;
		a->blocks[i].aio_offset = 3;
		a->blocks[i].aio_lio_opcode = IOCB_CMD_PWRITEV;
	}
	aio_fetch(a, 2, false);
	wl_must(close(fd), "close");
}

/* Of three control blocks the second is refused: the first is an operation, no other is. */
static void partly(struct aio *a)
{
	int fd = wl_open(a->ops->dir, "partly", O_WRONLY | O_TRUNC);

	aio_add_write(a, fd, 10, 0, 10);
	aio_add_write(a, 999, 20, 0, 0);
	aio_add_write(a, fd, 30, 0, 0);
	if (syscall(SYS_io_submit, a->context, 3L, a->list) != 1)
		wl_die("io_submit takes the wrong number");
	aio_fetch(a, 1, false);
	/* the third is good now */
	a->list[0] = &a->blocks[2];
	a->want[2] = 30;
	a->n = 1;
	aio_submit(a);
	aio_fetch(a, 1, false);
	wl_must(close(fd), "close");
}

static void *fetch(void *a)
{
	prctl(PR_SET_NAME, "fetcher");
	aio_fetch(a, 5 + 3, true);
	return NULL;
}

/* Another thread, of another name, waits for the results: the operations are not its own. */
static void threads(struct aio *a)
{
	int fd = wl_open(a->ops->dir, "threads", O_WRONLY | O_TRUNC);
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fetch, a);
	wl_must(errno ? -1 : 0, "pthread_create");
	for (int i = 0; i < 5; i++)
		aio_add_write(a, fd, 100 + i, 1000 * i, 100 + i);
	/* these end later, in a worker of the kernel */
	for (int i = 0; i < 3; i++)
		aio_add_sync(a, fd, IOCB_CMD_FSYNC, 0);
	aio_submit(a);
	errno = pthread_join(thread, NULL);
	wl_must(errno ? -1 : 0, "pthread_join");
	wl_must(close(fd), "close");
}

/* Takes @n results out of the ring. */
static void reap(struct aio *a, int n)
{
	struct ring *ring = (struct ring *)a->context;

	for (int i = 0; i < n; i++) {
		while (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == ring->head)
			;
		aio_note(a, &ring->events[ring->head]);
		__atomic_store_n(&ring->head, (ring->head + 1) % ring->nr, __ATOMIC_RELEASE);
	}
}

/* More than the ring has slots, in the same control blocks over and over. An io_submit of nothing
 * ends it: that is when the last ones are seen. */
static void ring(struct aio *a)
{
	int fd = wl_open(a->ops->dir, "ring", O_WRONLY | O_TRUNC);

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 10; i++)
			aio_add_write(a, fd, 1 + round + i, 100 * i, 1 + round + i);
		aio_submit(a);
		reap(a, 10);
	}
	aio_submit(a);
	wl_must(close(fd), "close");
}

/* The ring's pages but the first one are as if nobody had touched them yet: what io_submit puts
 * there cannot be read before it is taken. */
static void hide(struct aio *a)
{
	struct ring *ring = (struct ring *)a->context;
	size_t page = sysconf(_SC_PAGESIZE),
	       size = sizeof(*ring) + ring->nr * sizeof(*ring->events);

	wl_must(madvise((char *)ring + page, (size + page - 1) / page * page - page, MADV_DONTNEED),
		"madvise");
}

/* Fills all of them. */
static void fill(struct aio *a, int fd, int size)
{
	for (int i = 0; i < AIO_AT_ONCE; i++)
		aio_add_write(a, fd, size + i, 100 * i, size + i);
	aio_submit(a);
}

/* All that was asked for is in the ring before it can be read, and as much again when it is looked
 * at: by the same control blocks and by others, in slots of which each is used several times. */
static void hidden(struct aio *a)
{
	static struct aio second;
	int fd = wl_open(a->ops->dir, "hidden", O_WRONLY | O_TRUNC);

	second.ops = a->ops;
	second.context = a->context;
	for (int round = 1; round <= 20; round += 4) {
		hide(a);
		fill(a, fd, round);
		reap(a, AIO_AT_ONCE);
		fill(&second, fd, round + 1);
		reap(&second, AIO_AT_ONCE);
		hide(a);
		fill(a, fd, round + 2);
		reap(a, AIO_AT_ONCE);
		fill(a, fd, round + 3);
		reap(a, AIO_AT_ONCE);
	}
	aio_submit(a);
	wl_must(close(fd), "close");
}

bool wl_cmd_blocks(int argc, char **argv)
{
	static struct wl_ops ops;
	static struct aio a;

	if (!aio_begin(&a, &ops, argc, argv))
		return false;
	closed(&a);
	partly(&a);
	ring(&a);
	hidden(&a);
	threads(&a); /* no io_submit of our own follows, which would look for results, too */
	aio_end(&a);
	return true;
}

bool wl_cmd_leave(int argc, char **argv)
{
	static struct wl_ops ops;
	static struct aio a;
	int fd;

	if (!aio_begin(&a, &ops, argc, argv))
		return false;
	fd = wl_open(ops.dir, "left", O_WRONLY | O_TRUNC);
	for (int i = 0; i < 3; i++)
		aio_add_write(&a, fd, 100 + i, 1000 * i, 100 + i);
	aio_submit(&a);
	reap(&a, 3);
	/* the kernel leaves these to a worker, as a rule of the same processor */
	for (int i = 0; i < 7; i++)
		aio_add_sync(&a, fd, IOCB_CMD_FSYNC, 0);
	aio_submit(&a);
	wl_ops_end(&ops);
	return true;
}
