// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations and reports: JSON lines stored through a shared mapping, so that noting a write down
 * is not one.
 *
 * {"type":"write","pid":812,"tid":812,"comm":"workload","uid":0,"op":"pwrite64","fd":3,
 *  "kind":"file","path":"/tmp/x/f","dev":"254:0","ino":17,"offset":8192,"size":16,"ret":-14,
 *  "error":"EFAULT"}
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

/* Sparse until used; the file is cut to its length in the end. */
#define MAP_SIZE (256ul * WL_MIB)

struct wl_expect {
	int fd;
	char *map, *end;
	size_t data_max;
	bool base64;
};

static void put(struct wl_expect *expect, const void *bytes, size_t len)
{
	if (expect->end + len > expect->map + MAP_SIZE)
		wl_die("more than %lu bytes of expectations", MAP_SIZE);
	memcpy(expect->end, bytes, len);
	expect->end += len;
}

__attribute__((format(printf, 2, 3))) static void putf(struct wl_expect *expect, const char *fmt,
						       ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		wl_die("a text is too long");
	put(expect, text, len);
}

static void put_base64(struct wl_expect *expect, const unsigned char *in, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (; len; in += 3, len -= len < 3 ? len : 3) {
		unsigned int bits =
			in[0] << 16 | (len > 1 ? in[1] << 8 : 0) | (len > 2 ? in[2] : 0);
		char out[4] = { digits[bits >> 18], digits[bits >> 12 & 63],
				len > 1 ? digits[bits >> 6 & 63] : '=',
				len > 2 ? digits[bits & 63] : '=' };

		put(expect, out, sizeof(out));
	}
}

/* ,"name":"text" or ,"name_b64":"dGV4dA==" */
static void put_string(struct wl_expect *expect, const char *name, const char *text, size_t len)
{
	putf(expect, ",\"%s%s\":\"", name, expect->base64 ? "_b64" : "");
	if (expect->base64) {
		put_base64(expect, (const unsigned char *)text, len);
		len = 0;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c < 0x20 || c == 0x7f)
			putf(expect, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			putf(expect, "\\%c", c);
		else
			put(expect, &c, 1);
	}
	put(expect, "\"", 1);
}

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} errors[] = {
		{ EAGAIN, "EAGAIN" },
		{ EBADF, "EBADF" },
		{ EFAULT, "EFAULT" },
		{ EFBIG, "EFBIG" },
		{ EINTR, "EINTR" },
		{ EINVAL, "EINVAL" },
		{ EIO, "EIO" },
		{ ENOSPC, "ENOSPC" },
		{ EOPNOTSUPP, "EOPNOTSUPP" },
		{ EPIPE, "EPIPE" },
		{ ESPIPE, "ESPIPE" },
		{ EPERM, "EPERM" },
		{ ENOMEM, "ENOMEM" },
		{ ENOTCONN, "ENOTCONN" },
		{ ENOTSOCK, "ENOTSOCK" },
		{ EMSGSIZE, "EMSGSIZE" },
		{ EDESTADDRREQ, "EDESTADDRREQ" },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].name;
	wl_die("unexpected outcome of a write: %s", strerror(error));
}

struct wl_expect *wl_expect_open(const char *path, size_t data_max, bool base64)
{
	struct wl_expect *expect = calloc(1, sizeof(*expect));

	if (!expect)
		wl_die("out of memory");
	if (data_max > WL_DATA_MAX)
		wl_die("--data: at most %d", WL_DATA_MAX);
	expect->data_max = data_max;
	expect->base64 = base64;
	expect->fd = wl_must(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
	wl_must(ftruncate(expect->fd, MAP_SIZE), path);
	expect->map = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, expect->fd, 0);
	if (expect->map == MAP_FAILED)
		wl_die("%s: mmap: %s", path, strerror(errno));
	expect->end = expect->map;
	return expect;
}

void wl_expect_add(struct wl_expect *expect, const struct wl_event *ev)
{
	size_t data_len = ev->data_len < expect->data_max ? ev->data_len : expect->data_max;

	putf(expect, "{\"type\":\"write\",\"pid\":%d,\"tid\":%d", ev->pid, ev->tid);
	put_string(expect, "comm", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
	putf(expect, ",\"uid\":%u,\"op\":\"%s\"", ev->uid,
	     *ev->op_name ? ev->op_name : wl_op_name(ev->op));
	if (!ev->no_fd)
		putf(expect, ",\"fd\":%d", ev->fd);
	if (ev->open) {
		putf(expect, ",\"kind\":\"%s\"", ev->kind);
		put_string(expect, "path", ev->path, strlen(ev->path));
		putf(expect, ",\"dev\":\"%u:%u\",\"ino\":%llu", ev->dev_major, ev->dev_minor,
		     ev->ino);
	}
	if (*ev->family)
		put_string(expect, "family", ev->family, strlen(ev->family));
	if (*ev->peer)
		put_string(expect, "peer", ev->peer, strlen(ev->peer));
	if (ev->has_offset)
		putf(expect, ",\"offset\":%lld", ev->offset);
	if (!ev->no_size)
		putf(expect, ",\"size\":%zu", ev->size);
	putf(expect, ",\"ret\":%ld", ev->ret);
	if (ev->ret < 0)
		putf(expect, ",\"error\":\"%s\"", error_name(-ev->ret));
	if (!ev->open || ev->deleted)
		putf(expect, ",\"path_state\":\"%s\"", ev->open ? "deleted" : "unknown");
	if (expect->data_max && ev->ret >= 0 && !ev->no_data)
		put_string(expect, "data", ev->data, data_len);
	put(expect, "}\n", 2);
}

void wl_expect_text(struct wl_expect *expect, const char *text, size_t len)
{
	put(expect, text, len);
}

void wl_expect_close(struct wl_expect *expect)
{
	size_t len = expect->end - expect->map;

	wl_must(munmap(expect->map, MAP_SIZE), "munmap");
	wl_must(ftruncate(expect->fd, len), "ftruncate");
	wl_must(close(expect->fd), "close");
	free(expect);
}

/* The kernel's own count of bytes written by this process and its reaped children */
static long long read_wchar(void)
{
	int fd = wl_must(open("/proc/self/io", O_RDONLY | O_CLOEXEC), "/proc/self/io");
	char text[512], *at;
	ssize_t len = wl_must(read(fd, text, sizeof(text) - 1), "/proc/self/io");

	wl_must(close(fd), "close");
	text[len] = '\0';
	at = strstr(text, "wchar: ");
	if (!at)
		wl_die("/proc/self/io: no wchar");
	return strtoll(at + strlen("wchar: "), NULL, 10);
}

void wl_meter_start(struct wl_meter *meter)
{
	meter->wchar = getenv("WORKLOAD_REPORT") ? read_wchar() : 0;
	meter->start_ns = wl_now_ns();
}

void wl_meter_report(const struct wl_meter *meter, unsigned long calls, unsigned long bytes)
{
	double seconds = (wl_now_ns() - meter->start_ns) / 1e9;
	const char *path = getenv("WORKLOAD_REPORT");
	struct wl_expect *report;

	if (!path)
		return;
	report = wl_expect_open(path, 0, false);
	putf(report, "{\"calls\":%lu,\"bytes\":%lu,\"seconds\":%.6f,\"wchar\":%lld}\n", calls,
	     bytes, seconds, read_wchar() - meter->wchar);
	wl_expect_close(report);
}
