// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to the file given, once with each system call; built for 32 bit, where numbers and the
 * passing of positions differ. ops.bats knows what it does.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#define FAR (5ll << 30)

int main(int argc, char **argv)
{
	struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return 1;
	return write(fd, "a", 1) != 1 || pwrite(fd, "bc", 2, FAR) != 2 || writev(fd, iov, 2) != 8 ||
	       pwritev(fd, iov, 2, FAR + 1) != 8 || pwritev2(fd, iov, 1, FAR + 2, 0) != 3 ||
	       write(-1, "d", 1) != -1;
}
