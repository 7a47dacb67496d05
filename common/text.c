// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes made safe to show, UTF-8 told from what is not, base64.
 */
#include "text.h"

#include "buf.h"

/* "\n" as \x0A */
static void text_escape(struct buf *out, const char *src, size_t len)
{
	char *to = buf_reserve(out, 4 * len);

	if (!to)
		return;
	for (size_t i = 0; i < len; i++) {
		*to++ = '\\';
		*to++ = 'x';
		*to++ = text_hex_digit((unsigned char)src[i] >> 4);
		*to++ = text_hex_digit(src[i]);
	}
	out->len += 4 * len;
}

void text_safe(struct buf *out, const char *src, size_t len)
{
	uint32_t codepoint;
	size_t n;
	int seq;

	for (; len; src += n, len -= n) {
		n = text_plain(src, len, false);
		if (n) {
			buf_put(out, src, n);
			continue;
		}
		seq = text_utf8_scan(src, len, &codepoint);
		n = seq > 0 ? seq : -seq;
		if (seq < 0 || text_is_harmful(codepoint))
			text_escape(out, src, n);
		else
			buf_put(out, src, n);
	}
}

bool text_is_harmful(uint32_t codepoint)
{
	if (codepoint < 0x7f)
		return codepoint < 0x20;
	if (codepoint <= 0x9f)
		return true;
	return codepoint == 0x061c || codepoint == 0x200e || codepoint == 0x200f ||
	       (codepoint >= 0x2028 && codepoint <= 0x202e) ||
	       (codepoint >= 0x2066 && codepoint <= 0x2069);
}

int text_utf8_scan(const char *s, size_t len, uint32_t *codepoint)
{
	unsigned char lead = s[0], low = 0x80, high = 0xbf, c;
	uint32_t value;
	size_t want;

	if (lead < 0x80) {
		*codepoint = lead;
		return 1;
	}
	if (lead < 0xc2 || lead > 0xf4)
		return -1;
	want = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	value = lead & (0x7f >> want);

	/* Only the second byte has narrower bounds: no overlong forms, surrogates, > U+10FFFF. */
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;

	for (size_t i = 1; i < want; i++, low = 0x80, high = 0xbf) {
		if (i == len)
			return -(int)i;
		c = s[i];
		if (c < low || c > high)
			return -(int)i;
		value = value << 6 | (c & 0x3f);
	}
	*codepoint = value;
	return want;
}

size_t text_utf8_next(const char *s, size_t len)
{
	uint32_t codepoint;
	int seq = len ? text_utf8_scan(s, len, &codepoint) : 0;

	return seq > 0 ? seq : 0;
}

bool text_is_utf8(const char *s, size_t len)
{
	size_t n;

	for (; len; s += n, len -= n) {
		n = text_plain(s, len, false);
		if (!n)
			n = text_utf8_next(s, len);
		if (!n)
			return false;
	}
	return true;
}

void text_base64(struct buf *out, const void *p, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = p;
	size_t size = (len / 3 + !!(len % 3)) * 4;
	char *to = buf_reserve(out, size);
	uint32_t v;

	if (!to)
		return;
	for (; len >= 3; in += 3, len -= 3) {
		v = in[0] << 16 | in[1] << 8 | in[2];
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = digits[v >> 6 & 63];
		*to++ = digits[v & 63];
	}
	if (len) {
		v = in[0] << 16 | (len == 2 ? in[1] << 8 : 0);
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = len == 2 ? digits[v >> 6 & 63] : '=';
		*to++ = '=';
	}
	out->len += size;
}
