// SPDX-License-Identifier: GPL-2.0-only
/*
 * A byte buffer that grows: the slow paths, and numbers.
 */
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_MIN 256

static int buf_fail(struct buf *buf)
{
	/* No room left on paper: the inline fast paths fail without looking at err. */
	buf->cap = buf->len;
	buf->err = -ENOMEM;
	return buf->err;
}

int buf_grow(struct buf *buf, size_t n)
{
	size_t cap;
	char *data;

	if (buf->err)
		return buf->err;
	if (n >= PTRDIFF_MAX - buf->len)
		return buf_fail(buf);

	cap = buf->len + n + 1;
	if (cap < 2 * buf->cap)
		cap = 2 * buf->cap;
	if (cap < BUF_MIN)
		cap = BUF_MIN;
	data = realloc(buf->data, cap);
	if (!data)
		return buf_fail(buf);
	buf->data = data;
	buf->cap = cap;
	return 0;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room;
	va_list args;
	int n;

	if (!buf_reserve(buf, 0))
		return;
	room = buf->cap - buf->len;
	va_start(args, format);
	n = vsnprintf(buf->data + buf->len, room, format, args);
	va_end(args);
	if (n < 0) {
		buf_fail(buf);
		return;
	}

	if ((size_t)n >= room) {
		if (!buf_reserve(buf, n))
			return;
		va_start(args, format);
		n = vsnprintf(buf->data + buf->len, (size_t)n + 1, format, args);
		va_end(args);
	}
	buf->len += n;
}

void buf_u64(struct buf *buf, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[20]; /* 18446744073709551615 */
	char *p = digits + sizeof(digits);

	for (; v >= 100; v /= 100) {
		p -= 2;
		memcpy(p, pairs + 2 * (v % 100), 2);
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, pairs + 2 * v, 2);
	} else {
		*--p = '0' + v;
	}
	buf_put(buf, p, digits + sizeof(digits) - p);
}

void buf_s64(struct buf *buf, int64_t v)
{
	if (v < 0) {
		buf_putc(buf, '-');
		buf_u64(buf, -(uint64_t)v);
	} else {
		buf_u64(buf, v);
	}
}

const char *buf_cstr(struct buf *buf)
{
	char *end = buf_reserve(buf, 0);

	/* After an error cap is len, but what is allocated has one byte more, or nothing at all. */
	if (!end && !buf->data)
		return "";
	buf->data[buf->len] = '\0';
	return buf->data;
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}
