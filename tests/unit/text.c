// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/text: each byte, each code point, each kind of broken UTF-8, base64.
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
#include "common/text.h"

#define LAST_CODEPOINT 0x10ffff

static void check_safe(const char *src, size_t len, const char *want)
{
	struct buf b = { 0 };

	text_safe(&b, src, len);
	assert_int_equal(b.err, 0);
	assert_string_equal(buf_cstr(&b), want);
	assert_int_equal(b.len, strlen(want));
	buf_free(&b);
}

#define CHECK_SAFE(src, want) check_safe(src, sizeof(src) - 1, want)

/* An encoder of its own, so that the decoder is not tested against itself. */
static size_t encode(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = 0xc0 | c >> 6;
		to[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		to[0] = 0xe0 | c >> 12;
		to[1] = 0x80 | (c >> 6 & 0x3f);
		to[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	to[0] = 0xf0 | c >> 18;
	to[1] = 0x80 | (c >> 12 & 0x3f);
	to[2] = 0x80 | (c >> 6 & 0x3f);
	to[3] = 0x80 | (c & 0x3f);
	return 4;
}

/* The contract's list once more, spelled out one by one. */
static bool is_listed(uint32_t c)
{
	static const uint32_t listed[] = { 0x61c,  0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d,
					   0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x2028, 0x2029 };

	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return true;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		if (listed[i] == c)
			return true;
	}
	return false;
}

/* Every byte value, at every place around the eight-byte fast path. */
static void safe_bytes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 20; at++) {
			char src[20], want[32];
			bool plain = c >= 0x20 && c < 0x7f;

			memset(src, 'a', sizeof(src));
			src[at] = c;
			memset(want, 'a', sizeof(want));
			if (plain)
				want[at] = c;
			else
				snprintf(want + at, 5, "\\x%02X", c);
			want[at + (plain ? 1 : 4)] = 'a';
			want[sizeof(src) + (plain ? 0 : 3)] = '\0';
			check_safe(src, sizeof(src), want);
			assert_int_equal(text_plain(src, sizeof(src), false),
					 plain ? sizeof(src) : at);
			assert_int_equal(text_plain(src, sizeof(src), true),
					 plain && c != '"' && c != '\\' ? sizeof(src) : at);
		}
	}
}

/* Any eight bytes: the word-wise test agrees with looking at each. */
static void plain_words(void **state)
{
	static const unsigned char edges[] = {
		0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d,
		0x7e, 0x7f, 0x80, 0x81, 0x9f, 0xa0, 0xdf, 0xe0, 0xff
	};

	(void)state;
	srandom(1);
	for (int i = 0; i < 1000000; i++) {
		unsigned char s[8];
		bool special[2] = { false, false };
		uint64_t word;

		for (size_t k = 0; k < sizeof(s); k++) {
			s[k] = random() % 8 ? 'a' : edges[random() % sizeof(edges)];
			special[0] |= s[k] < 0x20 || s[k] > 0x7e;
			special[1] |= s[k] == '"' || s[k] == '\\';
		}
		memcpy(&word, s, sizeof(word));
		assert_int_equal(!!text_word_special(word, false), special[0]);
		assert_int_equal(!!text_word_special(word, true), special[0] || special[1]);
	}
}

/* Every code point passes or is escaped byte by byte; surrogates are no UTF-8 at all. */
static void safe_codepoints(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= LAST_CODEPOINT; c++) {
		char utf8[4], want[17] = "", *to = want;
		size_t n = encode(c, utf8);
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		uint32_t got = 0;

		assert_int_equal(text_utf8_next(utf8, n), surrogate ? 0 : n);
		assert_int_equal(text_is_utf8(utf8, n), !surrogate);
		if (!surrogate) {
			assert_int_equal(text_utf8_scan(utf8, n, &got), n);
			assert_int_equal(got, c);
			assert_int_equal(text_is_harmful(c), is_listed(c));
		}
		if (surrogate || is_listed(c)) {
			for (size_t i = 0; i < n; i++)
				to += sprintf(to, "\\x%02X", (unsigned char)utf8[i]);
		} else {
			memcpy(want, utf8, n);
		}
		check_safe(utf8, n, want);
	}
}

static void safe_strings(void **state)
{
	(void)state;
	CHECK_SAFE("", "");
	CHECK_SAFE("/var/lib/pg/base/5/16384", "/var/lib/pg/base/5/16384");
	CHECK_SAFE("\x1b[31mred", "\\x1B[31mred");
	CHECK_SAFE("a\nb\tc\0d", "a\\x0Ab\\x09c\\x00d");
	CHECK_SAFE("back\\slash \\x1B", "back\\slash \\x1B");
	CHECK_SAFE("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	CHECK_SAFE("\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80");
	CHECK_SAFE("fdp\xe2\x80\xae.exe", "fdp\\xE2\\x80\\xAE.exe");
	CHECK_SAFE("\xc2\x9b"
		   "31m",
		   "\\xC2\\x9B31m");
	CHECK_SAFE("\xc3(", "\\xC3(");
	CHECK_SAFE("\xe2\x82", "\\xE2\\x82");
	CHECK_SAFE("\xe2\x82z\xac", "\\xE2\\x82z\\xAC");
	CHECK_SAFE("\xc0\xaf\xe0\x80\xaf", "\\xC0\\xAF\\xE0\\x80\\xAF");
	CHECK_SAFE("\xed\xa0\x80", "\\xED\\xA0\\x80");
	CHECK_SAFE("\xf4\x90\x80\x80\xff", "\\xF4\\x90\\x80\\x80\\xFF");
}

/* RFC 3629 section 4, its grammar written down once more. */
static size_t grammar(const unsigned char *s, size_t len)
{
#define IN(i, low, high) (len > (i) && s[i] >= (low) && s[i] <= (high))
#define TAIL(i)		 IN(i, 0x80, 0xbf)
	if (IN(0, 0x00, 0x7f))
		return 1;
	if (IN(0, 0xc2, 0xdf) && TAIL(1))
		return 2;
	if ((IN(0, 0xe0, 0xe0) && IN(1, 0xa0, 0xbf) && TAIL(2)) ||
	    (IN(0, 0xe1, 0xec) && TAIL(1) && TAIL(2)) ||
	    (IN(0, 0xed, 0xed) && IN(1, 0x80, 0x9f) && TAIL(2)) ||
	    (IN(0, 0xee, 0xef) && TAIL(1) && TAIL(2)))
		return 3;
	if ((IN(0, 0xf0, 0xf0) && IN(1, 0x90, 0xbf) && TAIL(2) && TAIL(3)) ||
	    (IN(0, 0xf1, 0xf3) && TAIL(1) && TAIL(2) && TAIL(3)) ||
	    (IN(0, 0xf4, 0xf4) && IN(1, 0x80, 0x8f) && TAIL(2) && TAIL(3)))
		return 4;
	return 0;
#undef TAIL
#undef IN
}

/* All first two bytes, with the last two of a few kinds. */
static void utf8_grammar(void **state)
{
	static const unsigned char kinds[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	const size_t n_kinds = sizeof(kinds);

	(void)state;
	assert_int_equal(text_utf8_next("", 0), 0);
	assert_true(text_is_utf8("", 0));
	for (uint32_t i = 0; i < 1 << 16; i++) {
		for (size_t k = 0; k < n_kinds * n_kinds; k++) {
			const unsigned char s[4] = { i >> 8, i, kinds[k / n_kinds],
						     kinds[k % n_kinds] };

			/* at the very end of an array: a sanitizer sees one byte too many */
			for (size_t len = 1; len <= 4; len++) {
				char copy[4];
				char *p = copy + 4 - len;

				memcpy(p, s, len);
				assert_int_equal(text_utf8_next(p, len), grammar(s, len));
			}
		}
	}
}

/* Unicode 15, section 3.9, tables 3-8 to 3-11: lengths of the maximal subparts. */
static void utf8_subparts(void **state)
{
	static const struct {
		const char *bytes;
		int scan[8];
	} cases[] = {
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82", { -1, -1, -1, -1, -1, -1, -1, -1 } },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf", { -1, -1, -1, -1, -1, -1, -1, -1 } },
		{ "\xf4\x91\x92\x93\xff\x41\x80\xbf", { -1, -1, -1, -1, -1, 1, -1, -1 } },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf", { -2, -1, -3, -2 } },
		{ "\xf4\x8f\xbf\xbf\xf0\x90\x80\x41", { 4, -3, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t codepoint;
		size_t at = 0;

		for (int k = 0; at < 8; k++) {
			int scan = text_utf8_scan(cases[i].bytes + at, 8 - at, &codepoint);

			assert_int_equal(scan, cases[i].scan[k]);
			at += abs(scan);
		}
		assert_int_equal(at, 8);
	}
}

static void check_base64(const void *p, size_t len, const char *want)
{
	struct buf b = { 0 };

	text_base64(&b, p, len);
	assert_string_equal(buf_cstr(&b), want);
	assert_int_equal(b.len, strlen(want));
	buf_free(&b);
}

/* RFC 4648 section 10, and all digits. */
static void base64(void **state)
{
	static const unsigned char all[] = { 0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92,
					     0x8b, 0x30, 0xd3, 0x8f, 0x41, 0x14, 0x93, 0x51,
					     0x55, 0x97, 0x61, 0x96, 0x9b, 0x71, 0xd7, 0x9f,
					     0x82, 0x18, 0xa3, 0x92, 0x59, 0xa7, 0xa2, 0x9a,
					     0xab, 0xb2, 0xdb, 0xaf, 0xc3, 0x1c, 0xb3, 0xd3,
					     0x5d, 0xb7, 0xe3, 0x9e, 0xbb, 0xf3, 0xdf, 0xbf };

	(void)state;
	check_base64("", 0, "");
	check_base64("f", 1, "Zg==");
	check_base64("fo", 2, "Zm8=");
	check_base64("foo", 3, "Zm9v");
	check_base64("foob", 4, "Zm9vYg==");
	check_base64("fooba", 5, "Zm9vYmE=");
	check_base64("foobar", 6, "Zm9vYmFy");
	check_base64("\xff\xff\xff\xff", 4, "/////w==");
	check_base64(all, sizeof(all),
		     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_bytes),	   cmocka_unit_test(plain_words),
		cmocka_unit_test(safe_codepoints), cmocka_unit_test(safe_strings),
		cmocka_unit_test(utf8_grammar),	   cmocka_unit_test(utf8_subparts),
		cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
