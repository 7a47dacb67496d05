// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does one write-like call and describes it: who, on what, where, how much, with what outcome.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

static const char DELETED[] = " (deleted)";

void wl_die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "workload: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

long wl_must(long ret, const char *what)
{
	if (ret == -1)
		wl_die("%s: %s", what, strerror(errno));
	return ret;
}

uint64_t wl_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

const char *wl_op_name(enum wl_op op)
{
	static const char *const names[WL_OPS] = {
		[WL_WRITE] = "write",	    [WL_PWRITE64] = "pwrite64",
		[WL_WRITEV] = "writev",	    [WL_PWRITEV] = "pwritev",
		[WL_PWRITEV2] = "pwritev2", [WL_PWRITEV2_CUR] = "pwritev2",
	};

	return names[op];
}

bool wl_op_parse(const char *name, enum wl_op *op)
{
	for (*op = 0; *op < WL_OPS; (*op)++)
		if (!strcmp(name, wl_op_name(*op)))
			return true;
	return false;
}

static bool has_position(enum wl_op op)
{
	return op == WL_PWRITE64 || op == WL_PWRITEV || op == WL_PWRITEV2;
}

/* syscall(2) throughout: glibc may replace pwritev2 by pwritev or writev. The position's high half
 * is an argument of its own that 64-bit kernels ignore. */
long wl_call(enum wl_op op, int fd, const struct iovec *iov, int count, off_t pos)
{
	long ret = -1;

	switch (op) {
	case WL_WRITE:
		ret = syscall(SYS_write, fd, iov->iov_base, iov->iov_len);
		break;
	case WL_PWRITE64:
		ret = syscall(SYS_pwrite64, fd, iov->iov_base, iov->iov_len, pos);
		break;
	case WL_WRITEV:
		ret = syscall(SYS_writev, fd, iov, count);
		break;
	case WL_PWRITEV:
		ret = syscall(SYS_pwritev, fd, iov, count, pos, 0l);
		break;
	case WL_PWRITEV2:
		ret = syscall(SYS_pwritev2, fd, iov, count, pos, 0l, 0);
		break;
	case WL_PWRITEV2_CUR:
		ret = syscall(SYS_pwritev2, fd, iov, count, -1l, -1l, 0);
		break;
	case WL_OPS:
		wl_die("no such operation");
	}
	return ret == -1 ? -errno : ret;
}

static const char *kind_of(int fd, const struct stat *st, const char *path)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return strncmp(path, "/memfd:", 7) ? "file" : "anon";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFBLK:
		return "block";
	case S_IFCHR:
		return isatty(fd) ? "tty" : "char";
	default:
		return "anon";
	}
}

/* Cuts " (deleted)" off unless that is how the file is really called. */
static bool cut_deleted(char *path, const struct stat *st)
{
	size_t len = strlen(path), cut = sizeof(DELETED) - 1;
	struct stat named;

	if (len < cut || strcmp(path + len - cut, DELETED))
		return false;
	if (!lstat(path, &named) && named.st_dev == st->st_dev && named.st_ino == st->st_ino)
		return false;
	path[len - cut] = '\0';
	return true;
}

static void describe_task(struct wl_event *ev)
{
	ev->pid = getpid();
	ev->tid = gettid();
	ev->uid = getuid();
	memset(ev->comm, 0, sizeof(ev->comm));
	wl_must(prctl(PR_GET_NAME, ev->comm), "PR_GET_NAME");
}

void wl_event_peer(struct wl_event *ev, const struct sockaddr *sa)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	char text[INET6_ADDRSTRLEN];

	if (sa->sa_family == AF_UNIX && !*un->sun_path && un->sun_path[1]) {
		/* an abstract name begins with NUL; those used here have none inside */
		snprintf(ev->peer, sizeof(ev->peer), "@%s", un->sun_path + 1);
	} else if (sa->sa_family == AF_UNIX) {
		snprintf(ev->peer, sizeof(ev->peer), "%s", un->sun_path);
	} else if (sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(ev->peer, sizeof(ev->peer), "%s:%d", text, ntohs(in->sin_port));
	} else {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(ev->peer, sizeof(ev->peer), "[%s]:%d", text, ntohs(in6->sin6_port));
	}
}

/* What its own end says of the other: no peer, no address. */
static void describe_peer(struct wl_event *ev, int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in6 in6;
	} addr = {};
	socklen_t len = sizeof(addr);
	int family, connected;

	connected = !getpeername(fd, &addr.sa, &len);
	len = sizeof(family);
	wl_must(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len), "SO_DOMAIN");
	strcpy(ev->family, family == AF_UNIX ? "unix" : family == AF_INET ? "inet" : "inet6");
	if (connected)
		wl_event_peer(ev, &addr.sa);
}

static void describe_fd(struct wl_event *ev, int fd)
{
	char link[32];
	struct stat st;
	ssize_t len;

	ev->fd = fd;
	ev->deleted = ev->has_offset = false;
	ev->kind[0] = ev->path[0] = ev->family[0] = ev->peer[0] = '\0';
	ev->open = !fstat(fd, &st);
	if (!ev->open)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = wl_must(readlink(link, ev->path, sizeof(ev->path) - 1), link);
	ev->path[len] = '\0';
	strcpy(ev->kind, kind_of(fd, &st, ev->path));
	if (S_ISREG(st.st_mode) && strcmp(ev->kind, "anon"))
		ev->deleted = cut_deleted(ev->path, &st);
	ev->dev_major = major(st.st_dev);
	ev->dev_minor = minor(st.st_dev);
	ev->ino = st.st_ino;
	ev->has_offset = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	if (S_ISSOCK(st.st_mode))
		describe_peer(ev, fd);
}

void wl_event_describe(struct wl_event *ev, int fd)
{
	describe_task(ev);
	describe_fd(ev, fd);
	ev->op_name[0] = '\0';
	ev->no_fd = ev->no_size = ev->no_data = false;
	ev->data_len = 0;
}

/* Where the data landed; for calls that wrote nothing, where it was to go. O_APPEND overrules the
 * position, even one given with the call (see BUGS in pwrite(2)). */
static long long landed_at(const struct wl_event *ev, off_t pos, off_t before)
{
	if (!has_position(ev->op)) {
		if (ev->ret <= 0)
			return before;
		return wl_must(lseek(ev->fd, 0, SEEK_CUR), "lseek") - ev->ret;
	}
	if (ev->ret > 0 && wl_must(fcntl(ev->fd, F_GETFL), "F_GETFL") & O_APPEND) {
		struct stat st;

		wl_must(fstat(ev->fd, &st), "fstat");
		return st.st_size - ev->ret;
	}
	return pos;
}

static void keep_data(struct wl_event *ev, const struct iovec *iov, int count)
{
	size_t left = ev->ret < 0 ? 0 : ev->ret > WL_DATA_MAX ? WL_DATA_MAX : ev->ret;

	ev->data_len = 0;
	for (int i = 0; i < count && left; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

		if (!n)
			continue;
		memcpy(ev->data + ev->data_len, iov[i].iov_base, n);
		ev->data_len += n;
		left -= n;
	}
}

long wl_event_run(struct wl_event *ev, enum wl_op op, int fd, const struct iovec *iov, int count,
		  off_t pos)
{
	off_t before = 0;

	wl_event_describe(ev, fd);
	ev->op = op;
	ev->size = 0;
	for (int i = 0; i < count; i++)
		ev->size += iov[i].iov_len;
	if (ev->has_offset)
		before = wl_must(lseek(fd, 0, SEEK_CUR), "lseek");
	ev->ret = wl_call(op, fd, iov, count, pos);
	if (ev->has_offset)
		ev->offset = landed_at(ev, pos, before);
	keep_data(ev, iov, count);
	return ev->ret;
}

void wl_event_run_full(struct wl_event *ev, enum wl_op op, int fd, const void *buf, size_t size,
		       off_t pos)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };
	long ret = wl_event_run(ev, op, fd, &iov, 1, pos);

	if (ret != (long)size)
		wl_die("%s of %zu bytes to %s: %ld", wl_op_name(op), size, ev->path, ret);
}

unsigned long wl_number(const char *text, const char *what)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		wl_die("%s: not a number: %s", what, text);
	return number;
}

char *wl_path(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		wl_die("out of memory");
	return path;
}

int wl_open(const char *dir, const char *name, int flags)
{
	char *path = wl_path(dir, name);
	int fd = wl_must(open(path, flags | O_CREAT | O_CLOEXEC, 0644), path);

	free(path);
	return fd;
}

void wl_drain(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	static const int at_once = 0;
	char buf[65536];

	while (wl_must(poll(&poller, 1, at_once), "poll") > 0 && poller.revents & POLLIN)
		wl_must(read(fd, buf, sizeof(buf)), "read");
}

void *wl_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		wl_die("mmap: %s", strerror(errno));
	return mem;
}

void wl_wait(pid_t pid)
{
	int status;

	wl_must(waitpid(pid, &status, 0), "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		wl_die("child %d failed: status %#x", pid, status);
}

void wl_die_with_parent(void)
{
	wl_must(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
}

pid_t wl_fork(void)
{
	pid_t parent = getpid(), pid = wl_must(fork(), "fork");

	if (pid)
		return pid;
	wl_die_with_parent();
	if (getppid() != parent)
		_exit(1);
	return 0;
}
