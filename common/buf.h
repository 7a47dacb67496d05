/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte buffer that grows: everything we print is put together in one and written out at once.
 *
 * A zeroed struct buf is valid and empty. Nothing returns an error: the first failed allocation
 * sets err to -ENOMEM, and from then on every append does nothing, so what the buffer holds is
 * always a whole prefix. Check err once, before the contents are used. The bytes are not
 * NUL-terminated; buf_cstr() terminates them. Source bytes must not lie in the buffer itself.
 */
#ifndef WT_BUF_H
#define WT_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes that may be used; after an error as many as are in use */
	int err;    /* 0 or -ENOMEM */
};

/** buf_grow - make room for more than @n bytes beyond len; buf_reserve() calls it, nobody else
 *
 * Return: 0 or -ENOMEM, then in err too.
 */
int buf_grow(struct buf *buf, size_t n);

/** buf_reserve - room for @n bytes at the end
 *
 * The caller writes there and adds what it wrote to len. There is always one byte more than
 * asked for. The pointer is good until the next append.
 *
 * Return: where to write, or NULL with err set.
 */
static inline char *buf_reserve(struct buf *buf, size_t n)
{
	if (__builtin_expect(n >= buf->cap - buf->len, 0) && buf_grow(buf, n))
		return NULL;
	return buf->data + buf->len;
}

/** buf_put - append @n bytes at @p (which may be NULL if @n is 0) */
static inline void buf_put(struct buf *buf, const void *p, size_t n)
{
	char *to = buf_reserve(buf, n);

	if (!to || !n)
		return;
	memcpy(to, p, n);
	buf->len += n;
}

/** buf_puts - append the string @s without its NUL */
static inline void buf_puts(struct buf *buf, const char *s)
{
	buf_put(buf, s, strlen(s));
}

/** buf_putc - append one byte */
static inline void buf_putc(struct buf *buf, char c)
{
	char *to = buf_reserve(buf, 1);

	if (!to)
		return;
	*to = c;
	buf->len++;
}

/** buf_printf - append as printf(3) would print; for rare lines, it is slow and knows locales */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** buf_u64 - append @v in decimal */
void buf_u64(struct buf *buf, uint64_t v);

/** buf_s64 - append @v in decimal, with '-' if negative */
void buf_s64(struct buf *buf, int64_t v);

/** buf_cstr - the contents as a C string
 *
 * Return: the bytes with a NUL behind them (not counted in len), good until the next append;
 * "" if there are none or memory ran out before the first.
 */
const char *buf_cstr(struct buf *buf);

/** buf_reset - forget contents and err, keep the memory; look at err before */
static inline void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->err = 0;
}

/** buf_free - release the memory; what is left is valid, empty and without error */
void buf_free(struct buf *buf);

#endif
