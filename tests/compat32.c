// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a 32-bit program does, where numbers and the passing of positions and vectors differ: writes
 * to FILE with each system call; or copies, sends and syncs (`ways`), uses AIO (`aio`) or io_uring
 * (`uring`), or makes the calls of old C libraries (`old`). tasks.bats and ways.bats know what must
 * be seen of it.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/net.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FAR (5ll << 30)

static int failed;

static void must(long got, long want)
{
	if (got != want)
		failed++;
}

static int writes(int fd)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };

	return write(fd, "a", 1) != 1 || pwrite(fd, "bc", 2, FAR) != 2 || writev(fd, iov, 2) != 8 ||
	       pwritev(fd, iov, 2, FAR + 1) != 8 || pwritev2(fd, iov, 1, FAR + 2, 0) != 3 ||
	       write(-1, "d", 1) != -1;
}

static void copies(int fd)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };
	long long from = 0, to = FAR + 7;
	int in = memfd_create("source", MFD_CLOEXEC), a[2], b[2];

	must(ftruncate(in, 1000), 0);
	must(pipe2(a, O_CLOEXEC) | pipe2(b, O_CLOEXEC), 0);
	must(lseek(fd, FAR, SEEK_SET) == FAR, 1);
	must(syscall(SYS_sendfile64, fd, in, &from, 100), 100);
	must(syscall(SYS_vmsplice, a[1], iov, 2, 0), 8);
	must(syscall(SYS_tee, a[0], b[1], 6, 0), 6);
	must(syscall(SYS_splice, a[0], NULL, fd, &to, 5, 0), 5);
	must(syscall(SYS_splice, a[0], NULL, fd, NULL, 9, 0), 3);
	from = 10;
	to = FAR + 1000;
	must(syscall(SYS_copy_file_range, fd, &from, fd, &to, 20, 0), 20);
}

static void sends(void)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr msgs[3] = { { .msg_hdr = msg }, { .msg_hdr = msg }, { .msg_hdr = msg } };
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	msgs[1].msg_hdr.msg_iovlen = 1;
	must(syscall(SYS_sendto, fds[0], "seven b", 7, 0, NULL, 0), 7);
	must(syscall(SYS_sendmsg, fds[0], &msg, 0), 8);
	must(syscall(SYS_sendmmsg, fds[0], msgs, 3, 0), 3);
}

static void syncs(int fd)
{
	int memory = memfd_create("synced", MFD_CLOEXEC);
	void *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(syscall(SYS_fsync, fd), 0);
	must(syscall(SYS_fdatasync, fd), 0);
	/* position 5 GiB + 3, length 6 GiB + 9, low halves first */
	must(syscall(SYS_sync_file_range, fd, 0x40000003, 1, 0x80000009, 1, 2), 0);
	must(syscall(SYS_syncfs, memory), 0);
	must(syscall(SYS_msync, map, 8192, MS_SYNC), 0);
	must(syscall(SYS_fsync, -1), -1);
}

static void aio(int fd)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };
	struct iocb write = { .aio_lio_opcode = IOCB_CMD_PWRITE,
			      .aio_fildes = fd,
			      .aio_buf = (uintptr_t) "seven b",
			      .aio_nbytes = 7,
			      .aio_offset = FAR + 5 };
	struct iocb writev = { .aio_lio_opcode = IOCB_CMD_PWRITEV,
			       .aio_fildes = fd,
			       .aio_buf = (uintptr_t)iov,
			       .aio_nbytes = 2,
			       .aio_offset = 3 };
	struct iocb *list[2] = { &write, &writev };
	struct io_event events[2];
	unsigned long context = 0;

	must(syscall(SYS_io_setup, 8, &context), 0);
	must(syscall(SYS_io_submit, context, 2, list), 2);
	must(syscall(SYS_io_getevents, context, 2, 2, events, NULL), 2);
	must(syscall(SYS_io_submit, context, 1, list), 1);
	must(syscall(SYS_io_pgetevents, context, 1, 1, events, NULL, NULL), 1);
	must(syscall(SYS_io_submit, context, 1, list + 1), 1);
	must(syscall(SYS_io_pgetevents_time64, context, 1, 1, events, NULL, NULL), 1);
}

/* One request by io_uring, waited for; its result, or -1000 where there is no io_uring */
static int uring(int opcode, int fd, void *addr, unsigned int len, long long pos)
{
	struct io_uring_params p = {};
	int ring = syscall(SYS_io_uring_setup, 1, &p), res;
	struct io_uring_sqe *sqe;
	char *sq, *cq;

	if (ring < 0)
		return -1000;
	sq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	*sqe = (struct io_uring_sqe){ .opcode = opcode,
				      .fd = fd,
				      .addr = (uintptr_t)addr,
				      .len = len,
				      .off = pos,
				      .user_data = 1 };
	*(unsigned int *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
	res = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
	close(ring);
	return res;
}

static void urings(int fd)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };

	must(uring(IORING_OP_WRITE, fd, "seven b", 7, FAR + 9), 7);
	must(uring(IORING_OP_WRITEV, fd, iov, 2, 11), 8);
}

/* sendfile with 32-bit positions, and socketcall */
static void old(int fd)
{
	int in = memfd_create("source", MFD_CLOEXEC), fds[2];
	long args[6] = { 0, (long)"seven b", 7, 0, 0, 0 };

	must(ftruncate(in, 1000), 0);
	must(syscall(SYS_sendfile, fd, in, NULL, 50), 50);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	args[0] = fds[0];
	must(syscall(SYS_socketcall, SYS_SENDTO, args), 7);
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	const char *what = argc > 2 ? argv[2] : "writes";

	if (fd < 0)
		return 1;
	if (!strcmp(what, "writes"))
		return writes(fd);
	if (!strcmp(what, "ways")) {
		copies(fd);
		sends();
		syncs(fd);
	} else if (!strcmp(what, "aio")) {
		aio(fd);
	} else if (!strcmp(what, "uring")) {
		urings(fd);
	} else if (!strcmp(what, "old")) {
		old(fd);
	} else {
		return 2;
	}
	return failed;
}
