// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON tokens (RFC 8259) into a buffer: punctuation, indentation and strings.
 */
#include "json.h"

#include <assert.h>

#include "text.h"

/* A line break and the indentation that belongs to depth. Return: where to go on. */
static char *json_newline(char *to, unsigned int depth)
{
	*to++ = '\n';
	memset(to, ' ', 2 * depth);
	return to + 2 * depth;
}

void json_name(struct json *j, const char *key, size_t key_len, const char *suffix)
{
	size_t suffix_len = strlen(suffix);
	uint64_t bit = 1ull << j->depth;
	char *to = buf_reserve(j->out, key_len + suffix_len + 2 * j->depth + sizeof(",\n\"\": "));

	if (!to)
		return;
	if (j->depth) {
		if (j->filled & bit)
			*to++ = ',';
		j->filled |= bit;
		if (j->pretty)
			to = json_newline(to, j->depth);
	}
	if (key) {
		*to++ = '"';
		memcpy(to, key, key_len);
		to += key_len;
		memcpy(to, suffix, suffix_len);
		to += suffix_len;
		*to++ = '"';
		*to++ = ':';
		if (j->pretty)
			*to++ = ' ';
	}
	j->out->len = to - j->out->data;
}

void json_open(struct json *j, char bracket)
{
	assert(j->depth < JSON_MAX_DEPTH);
	buf_putc(j->out, bracket);
	j->depth++;
	j->filled &= ~(1ull << j->depth);
}

void json_close(struct json *j, char bracket)
{
	bool filled = j->filled & 1ull << j->depth;
	char *to = buf_reserve(j->out, 2 * j->depth + sizeof("\n]"));

	assert(j->depth > 0);
	j->depth--;
	if (!to)
		return;
	if (j->pretty && filled)
		to = json_newline(to, j->depth);
	*to++ = bracket;
	j->out->len = to - j->out->data;
}

/* 1500000000 as 1.5, 2000000000 as 2 */
void json_seconds(struct json *j, const char *key, uint64_t ns)
{
	uint32_t fraction = ns % 1000000000;
	char digits[9];
	size_t n = sizeof(digits);

	json_key(j, key);
	buf_u64(j->out, ns / 1000000000);
	if (!fraction)
		return;
	for (size_t i = n; i-- > 0; fraction /= 10)
		digits[i] = '0' + fraction % 10;
	while (digits[n - 1] == '0')
		n--;
	buf_putc(j->out, '.');
	buf_put(j->out, digits, n);
}

/* One well-formed sequence of len bytes at s, which is not plain: escaped if it has to be. */
static void json_char(struct buf *out, const char *s, size_t len, uint32_t codepoint)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = codepoint && codepoint < 0x80 ? strchr(from, codepoint) : NULL;

	if (found) {
		buf_putc(out, '\\');
		buf_putc(out, to[found - from]);
	} else if (text_is_harmful(codepoint)) {
		buf_put(out, "\\u", 2);
		for (int shift = 12; shift >= 0; shift -= 4)
			buf_putc(out, text_hex_digit(codepoint >> shift));
	} else {
		buf_put(out, s, len);
	}
}

/* The inside of a string that is not plain throughout. Return: whether it is valid UTF-8. */
static bool json_chars(struct buf *out, const char *s, size_t len)
{
	bool valid = true;
	uint32_t codepoint;
	size_t n;
	int seq;

	for (; len; s += n, len -= n) {
		n = text_plain(s, len, true);
		if (n) {
			buf_put(out, s, n);
			continue;
		}
		seq = text_utf8_scan(s, len, &codepoint);
		n = seq > 0 ? seq : -seq;
		if (seq > 0) {
			json_char(out, s, n, codepoint);
		} else {
			buf_put(out, "\xEF\xBF\xBD", 3);
			valid = false;
		}
	}
	return valid;
}

bool json_string(struct json *j, const void *p, size_t len)
{
	struct buf *out = j->out;
	bool valid;
	char *to;

	if (text_plain(p, len, true) == len) {
		to = buf_reserve(out, len + 2);
		if (!to)
			return true;
		to[0] = '"';
		if (len)
			memcpy(to + 1, p, len);
		to[len + 1] = '"';
		out->len += len + 2;
		return true;
	}
	buf_putc(out, '"');
	valid = json_chars(out, p, len);
	buf_putc(out, '"');
	return valid;
}

void json_exact(struct json *j, const char *key, const void *p, size_t len)
{
	json_name(j, key, strlen(key), "_b64");
	buf_putc(j->out, '"');
	text_base64(j->out, p, len);
	buf_putc(j->out, '"');
}
