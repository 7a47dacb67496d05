// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/json: known documents, and strings of any bytes read back by a strict parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/text.h"

/*
 * A parser of its own for RFC 8259, strict: it fails the test at the first deviation. It counts the
 * strings that are values and keeps the last two of them, decoded to UTF-8.
 */
struct parser {
	const char *p;
	const char *end;
	struct buf value[2]; /* last but one, last */
	char key[64];	     /* of the last value */
	int n_values;
};

static void parser_want(struct parser *ps, const char *token)
{
	for (; *token; token++, ps->p++) {
		if (ps->p == ps->end || *ps->p != *token)
			fail_msg("expected '%c' before: %.40s", *token, ps->p);
	}
}

static bool parser_take(struct parser *ps, char c)
{
	if (ps->p == ps->end || *ps->p != c)
		return false;
	ps->p++;
	return true;
}

static void parser_space(struct parser *ps)
{
	while (ps->p < ps->end && strchr(" \t\n\r", *ps->p))
		ps->p++;
}

static uint32_t parser_hex4(struct parser *ps)
{
	char hex[5] = "";
	char *end;
	uint32_t v;

	assert_true(ps->end - ps->p >= 4);
	memcpy(hex, ps->p, 4);
	assert_int_equal(strspn(hex, "0123456789ABCDEF"), 4);
	v = strtoul(hex, &end, 16);
	ps->p += 4;
	return v;
}

static void parser_escape(struct parser *ps, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t c;

	assert_true(ps->p < ps->end);
	if (!parser_take(ps, 'u')) {
		found = strchr(from, *ps->p++);
		assert_non_null(found);
		buf_putc(out, to[found - from]);
		return;
	}
	c = parser_hex4(ps);
	assert_false(c >= 0xd800 && c <= 0xdfff);
	if (c < 0x80) {
		buf_putc(out, c);
	} else if (c < 0x800) {
		buf_putc(out, 0xc0 | c >> 6);
		buf_putc(out, 0x80 | (c & 0x3f));
	} else {
		buf_putc(out, 0xe0 | c >> 12);
		buf_putc(out, 0x80 | (c >> 6 & 0x3f));
		buf_putc(out, 0x80 | (c & 0x3f));
	}
}

static void parser_string(struct parser *ps, struct buf *out)
{
	buf_reset(out);
	parser_want(ps, "\"");
	while (!parser_take(ps, '"')) {
		assert_true(ps->p < ps->end);
		assert_true((unsigned char)*ps->p >= 0x20);
		if (parser_take(ps, '\\'))
			parser_escape(ps, out);
		else
			buf_putc(out, *ps->p++);
	}
}

static void parser_digits(struct parser *ps)
{
	assert_true(ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9');
	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
}

static void parser_number(struct parser *ps)
{
	parser_take(ps, '-');
	if (!parser_take(ps, '0'))
		parser_digits(ps);
	if (parser_take(ps, '.'))
		parser_digits(ps);
}

static void parser_value(struct parser *ps);

static void parser_members(struct parser *ps, bool object)
{
	struct buf key = { 0 };
	char close = object ? '}' : ']';

	parser_space(ps);
	if (parser_take(ps, close))
		return;
	do {
		parser_space(ps);
		if (object) {
			parser_string(ps, &key);
			assert_true(key.len < sizeof(ps->key));
			strcpy(ps->key, buf_cstr(&key));
			parser_space(ps);
			parser_want(ps, ":");
		}
		parser_value(ps);
		parser_space(ps);
	} while (parser_take(ps, ','));
	assert_true(parser_take(ps, close));
	buf_free(&key);
}

static void parser_value(struct parser *ps)
{
	struct buf older = ps->value[0];

	parser_space(ps);
	assert_true(ps->p < ps->end);
	switch (*ps->p) {
	case '{':
	case '[':
		parser_members(ps, *ps->p++ == '{');
		break;
	case '"':
		ps->value[0] = ps->value[1];
		ps->value[1] = older;
		parser_string(ps, &ps->value[1]);
		ps->n_values++;
		break;
	case 't':
		parser_want(ps, "true");
		break;
	case 'f':
		parser_want(ps, "false");
		break;
	case 'n':
		parser_want(ps, "null");
		break;
	default:
		parser_number(ps);
	}
}

/* One document, valid, harmless on a terminal (a newline is layout), with nothing behind it. */
static void parse(struct parser *ps, struct buf *doc)
{
	uint32_t codepoint;
	size_t n;

	*ps = (struct parser){ .p = buf_cstr(doc), .end = buf_cstr(doc) + doc->len };
	for (const char *p = ps->p; p < ps->end; p += n) {
		int seq = text_utf8_scan(p, ps->end - p, &codepoint);

		assert_true(seq > 0);
		assert_true(*p == '\n' || !text_is_harmful(codepoint));
		n = seq;
	}
	parser_value(ps);
	assert_ptr_equal(ps->p, ps->end);
}

static void parser_free(struct parser *ps)
{
	buf_free(&ps->value[0]);
	buf_free(&ps->value[1]);
}

/* All tokens, nested and empty ones too. */
static void put_sample(struct json *j)
{
	json_begin_object(j, NULL);
	json_str(j, "op", "write");
	json_u64(j, "size", UINT64_MAX);
	json_s64(j, "ret", INT64_MIN);
	json_bool(j, "yes", true);
	json_bool(j, "no", false);
	json_null(j, "inflight");
	json_str(j, "none", NULL);
	json_begin_object(j, "empty");
	json_end_object(j);
	json_begin_array(j, "nothing");
	json_end_array(j);
	json_begin_array(j, "ops");
	json_u64(j, NULL, 0);
	json_str(j, NULL, "");
	json_begin_object(j, NULL);
	json_seconds(j, "s", 1500000000);
	json_end_object(j);
	json_begin_array(j, NULL);
	json_null(j, NULL);
	json_end_array(j);
	json_end_array(j);
	json_s64(j, "last", 1);
	json_end_object(j);
}

static void compact(void **state)
{
	struct buf out = { 0 };
	struct json j = { .out = &out };
	struct parser ps;

	(void)state;
	put_sample(&j);
	assert_string_equal(buf_cstr(&out),
			    "{\"op\":\"write\",\"size\":18446744073709551615,"
			    "\"ret\":-9223372036854775808,\"yes\":true,\"no\":false,"
			    "\"inflight\":null,\"none\":null,\"empty\":{},\"nothing\":[],"
			    "\"ops\":[0,\"\",{\"s\":1.5},[null]],\"last\":1}");
	assert_int_equal(j.depth, 0);
	parse(&ps, &out);
	parser_free(&ps);
	buf_free(&out);
}

static void pretty(void **state)
{
	struct buf out = { 0 };
	struct json j = { .out = &out, .pretty = true };
	struct parser ps;

	(void)state;
	put_sample(&j);
	assert_string_equal(buf_cstr(&out), "{\n"
					    "  \"op\": \"write\",\n"
					    "  \"size\": 18446744073709551615,\n"
					    "  \"ret\": -9223372036854775808,\n"
					    "  \"yes\": true,\n"
					    "  \"no\": false,\n"
					    "  \"inflight\": null,\n"
					    "  \"none\": null,\n"
					    "  \"empty\": {},\n"
					    "  \"nothing\": [],\n"
					    "  \"ops\": [\n"
					    "    0,\n"
					    "    \"\",\n"
					    "    {\n"
					    "      \"s\": 1.5\n"
					    "    },\n"
					    "    [\n"
					    "      null\n"
					    "    ]\n"
					    "  ],\n"
					    "  \"last\": 1\n"
					    "}");
	parse(&ps, &out);
	parser_free(&ps);
	buf_free(&out);
}

/* One writer, one document after the other: a comma never carries over. */
static void documents(void **state)
{
	struct buf out = { 0 };
	struct json j = { .out = &out };

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_begin_object(&j, NULL);
		json_begin_array(&j, "a");
		json_u64(&j, NULL, i);
		json_end_array(&j);
		json_begin_array(&j, "b");
		json_u64(&j, NULL, i);
		json_end_array(&j);
		json_end_object(&j);
		buf_putc(&out, '\n');
	}
	json_u64(&j, NULL, 7);
	buf_putc(&out, '\n');
	json_str(&j, NULL, "s");
	assert_string_equal(buf_cstr(&out),
			    "{\"a\":[0],\"b\":[0]}\n{\"a\":[1],\"b\":[1]}\n7\n\"s\"");
	buf_free(&out);
}

static void depth(void **state)
{
	struct buf out = { 0 };
	struct parser ps;

	(void)state;
	for (int pretty = 0; pretty < 2; pretty++) {
		struct json j = { .out = &out, .pretty = pretty };

		buf_reset(&out);
		for (int i = 0; i < JSON_MAX_DEPTH; i++) {
			json_begin_array(&j, NULL);
			json_u64(&j, NULL, i);
		}
		for (int i = 0; i < JSON_MAX_DEPTH; i++) {
			json_u64(&j, NULL, i);
			json_end_array(&j);
		}
		parse(&ps, &out);
		parser_free(&ps);
	}
	buf_free(&out);
}

static void check_value(struct buf *out, const char *want)
{
	assert_string_equal(buf_cstr(out), want);
	buf_reset(out);
}

static void seconds(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} cases[] = {
		{ 0, "0" },
		{ 1, "0.000000001" },
		{ 1000000000, "1" },
		{ 1500000000, "1.5" },
		{ 10020000000, "10.02" },
		{ 999999999, "0.999999999" },
		{ 100, "0.0000001" },
		{ UINT64_MAX, "18446744073.709551615" },
	};
	struct buf out = { 0 };
	struct json j = { .out = &out };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_seconds(&j, NULL, cases[i].ns);
		check_value(&out, cases[i].want);
	}
	buf_free(&out);
}

static void known_strings(void **state)
{
	static const struct {
		const char *src;
		size_t len;
		const char *want;
	} cases[] = {
#define CASE(src, want) { src, sizeof(src) - 1, want }
		CASE("", "{\"k\":\"\"}"),
		CASE("\"\\/\b\f\n\r\t", "{\"k\":\"\\\"\\\\/\\b\\f\\n\\r\\t\"}"),
		CASE("\0\x01\x1b\x7f", "{\"k\":\"\\u0000\\u0001\\u001B\\u007F\"}"),
		CASE("\xc2\x85\xe2\x80\xae\xe2\x80\xa8", "{\"k\":\"\\u0085\\u202E\\u2028\"}"),
		CASE("\xc3\xbc\xf0\x9f\x98\x80", "{\"k\":\"\xc3\xbc\xf0\x9f\x98\x80\"}"),
		CASE("\xef\xbf\xbd", "{\"k\":\"\xef\xbf\xbd\"}"),
		CASE("\xff", "{\"k\":\"\xef\xbf\xbd\",\"k_b64\":\"/w==\"}"),
		CASE("a\xe2\x82", "{\"k\":\"a\xef\xbf\xbd\",\"k_b64\":\"YeKC\"}"),
		/* Unicode 15, section 3.9, table 3-11 */
		CASE("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41",
		     "{\"k\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		     "A\",\"k_b64\":\"4YDi8JGS8b9B\"}"),
#undef CASE
	};
	struct buf out = { 0 };
	struct json j = { .out = &out };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_begin_object(&j, NULL);
		json_bytes(&j, "k", cases[i].src, cases[i].len);
		json_end_object(&j);
		check_value(&out, cases[i].want);
	}
	/* without a key there is nowhere to put the exact bytes */
	json_begin_array(&j, NULL);
	json_str(&j, NULL, "\xff");
	json_end_array(&j);
	check_value(&out, "[\"\xef\xbf\xbd\"]");
	j.pretty = true;
	json_begin_object(&j, NULL);
	json_str(&j, "k", "\xff");
	json_end_object(&j);
	check_value(&out, "{\n  \"k\": \"\xef\xbf\xbd\",\n  \"k_b64\": \"/w==\"\n}");
	buf_free(&out);
}

static void unbase64(struct buf *out, const struct buf *in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	assert_int_equal(in->len % 4, 0);
	for (size_t i = 0; i < in->len; i += 4) {
		uint32_t v = 0;
		int bytes = 3;

		for (size_t k = 0; k < 4; k++) {
			const char *digit = memchr(digits, in->data[i + k], sizeof(digits) - 1);

			if (!digit) {
				assert_int_equal(in->data[i + k], '=');
				assert_true(i + 4 == in->len && k >= 2);
				bytes--;
			}
			v = v << 6 | (digit ? digit - digits : 0);
		}
		for (int k = 0; k < bytes; k++)
			buf_putc(out, v >> (16 - 8 * k));
	}
}

/* Any bytes come back: from the string if it is valid UTF-8, else from its companion. */
static void check_bytes(const void *p, size_t len)
{
	struct buf out = { 0 }, exact = { 0 };
	struct json j = { .out = &out, .pretty = len & 1 };
	const struct buf *got = &exact;
	struct parser ps;

	json_begin_object(&j, NULL);
	json_bytes(&j, "name", p, len);
	json_end_object(&j);
	parse(&ps, &out);
	assert_int_equal(ps.n_values, text_is_utf8(p, len) ? 1 : 2);
	if (ps.n_values == 1) {
		assert_string_equal(ps.key, "name");
		got = &ps.value[1];
	} else {
		assert_string_equal(ps.key, "name_b64");
		unbase64(&exact, &ps.value[1]);
		assert_non_null(strstr(buf_cstr(&out), "\xef\xbf\xbd"));
	}
	assert_int_equal(got->len, len);
	if (len)
		assert_memory_equal(got->data, p, len);
	parser_free(&ps);
	buf_free(&exact);
	buf_free(&out);
}

static void each_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 20; at++) {
			char s[20];

			memset(s, 'a', sizeof(s));
			s[at] = c;
			check_bytes(s, sizeof(s));
			check_bytes(s + at, 1);
		}
	}
}

/* All that can start a character: every two bytes, and every character of the BMP. */
static void each_pair(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1 << 16; i++) {
		const unsigned char pair[2] = { i >> 8, i };
		const unsigned char bmp[3] = { 0xe0 | i >> 12, 0x80 | (i >> 6 & 0x3f),
					       0x80 | (i & 0x3f) };

		check_bytes(pair, sizeof(pair));
		check_bytes(bmp, sizeof(bmp));
	}
}

static void random_bytes(void **state)
{
	static const char *const pieces[] = { "a",
					      "plain text ",
					      "\"",
					      "\\",
					      "\n",
					      "\x7f",
					      "\xc3\xbc",
					      "\xe2\x80\xae",
					      "\xf0\x9f\x98\x80",
					      "\xe2",
					      "\x80",
					      "\xf0\x9f",
					      "\xed\xa0\x80",
					      "\xff" };

	(void)state;
	srandom(1);
	for (int i = 0; i < 50000; i++) {
		struct buf b = { 0 };

		for (int n = random() % 12; n > 0; n--) {
			if (random() % 4)
				buf_puts(&b,
					 pieces[random() % (sizeof(pieces) / sizeof(pieces[0]))]);
			else
				buf_putc(&b, random());
		}
		check_bytes(b.data, b.len);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact),	cmocka_unit_test(pretty),
		cmocka_unit_test(documents),	cmocka_unit_test(depth),
		cmocka_unit_test(seconds),	cmocka_unit_test(known_strings),
		cmocka_unit_test(each_byte),	cmocka_unit_test(each_pair),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
