/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON tokens (RFC 8259) into a buffer: compact, or indented by two spaces with pretty.
 *
 *	struct json j = { .out = &out };
 *
 *	json_begin_object(&j, NULL);
 *	json_u64(&j, "pid", 812);		{"pid":812,"ops":["write"]}
 *	json_begin_array(&j, "ops");
 *	json_str(&j, NULL, "write");
 *	json_end_array(&j);
 *	json_end_object(&j);
 *
 * The key is NULL inside an array and at top level. Keys are literals of ours: plain ASCII that
 * needs no escapes. The caller ends a document with its own newline; the same struct json then
 * serves the next one. Errors are the buffer's, see buf.h.
 *
 * The output is always valid UTF-8 and, on a terminal, harmless: what text_is_harmful() names is
 * written as an escape, which is the same string to a parser.
 */
#ifndef WT_JSON_H
#define WT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"

#define JSON_MAX_DEPTH 63

struct json {
	struct buf *out;
	bool pretty;
	unsigned int depth; /* open objects and arrays, at most JSON_MAX_DEPTH */
	uint64_t filled;    /* bit d: what is open at depth d has a member */
};

/* What stands before a value: comma, line break, and the name with suffix ("" or "_b64"). */
void json_name(struct json *j, const char *key, size_t key_len, const char *suffix);

/* The same, inline for where it is called a million times a second: a literal key of a compact
 * document becomes a few stores.
 */
static inline void json_key(struct json *j, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	uint64_t bit = 1ull << j->depth;
	char *to;

	if (!__builtin_constant_p(len) || !key || j->pretty || !(j->filled & bit)) {
		json_name(j, key, len, "");
		return;
	}
	to = buf_reserve(j->out, len + 4);
	if (!to)
		return;
	to[0] = ',';
	to[1] = '"';
	memcpy(to + 2, key, len);
	to[len + 2] = '"';
	to[len + 3] = ':';
	j->out->len += len + 4;
}

void json_open(struct json *j, char bracket);
void json_close(struct json *j, char bracket);

/** json_begin_object - open an object; members follow until json_end_object() */
static inline void json_begin_object(struct json *j, const char *key)
{
	json_key(j, key);
	json_open(j, '{');
}

static inline void json_end_object(struct json *j)
{
	json_close(j, '}');
}

/** json_begin_array - open an array; members, all with key NULL, follow until json_end_array() */
static inline void json_begin_array(struct json *j, const char *key)
{
	json_key(j, key);
	json_open(j, '[');
}

static inline void json_end_array(struct json *j)
{
	json_close(j, ']');
}

/** json_u64 - a whole number; beyond 2^53 a parser that only knows doubles will round it */
static inline void json_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	buf_u64(j->out, v);
}

/** json_s64 - a whole number that may be negative */
static inline void json_s64(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	buf_s64(j->out, v);
}

/** json_seconds - @ns nanoseconds as a number of seconds, exact and without needless zeros */
void json_seconds(struct json *j, const char *key, uint64_t ns);

/** json_bool - true or false */
static inline void json_bool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	buf_puts(j->out, v ? "true" : "false");
}

/** json_null - null: it exists and is not known */
static inline void json_null(struct json *j, const char *key)
{
	json_key(j, key);
	buf_put(j->out, "null", 4);
}

/* The string alone, after its name. Return: whether it is valid UTF-8. */
bool json_string(struct json *j, const void *p, size_t len);
/* The companion: the exact bytes, in base64, under key with "_b64" added. */
void json_exact(struct json *j, const char *key, const void *p, size_t len);

/** json_bytes - a string of @len bytes, which may be anything, NUL too
 *
 * If they are not valid UTF-8, each maximal ill-formed subpart is given as U+FFFD, and a second
 * member, @key with "_b64" added, holds the exact bytes in base64. Without a @key there is no
 * second member.
 */
static inline void json_bytes(struct json *j, const char *key, const void *p, size_t len)
{
	json_key(j, key);
	if (!json_string(j, p, len) && key)
		json_exact(j, key, p, len);
}

/** json_str - json_bytes() of a C string; null if @s is NULL */
static inline void json_str(struct json *j, const char *key, const char *s)
{
	if (s)
		json_bytes(j, key, s, strlen(s));
	else
		json_null(j, key);
}

#endif
