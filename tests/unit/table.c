// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/table: columns stay straight and lines within the terminal, whatever is in them.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/table.h"
#include "common/text.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct table_locale locale;

static int enter(void **state)
{
	(void)state;
	table_locale_enter(&locale);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	table_locale_leave(&locale);
	return 0;
}

static void width(void **state)
{
	static const struct {
		const char *s;
		size_t want;
	} cases[] = {
		{ "", 0 },	  { "abc", 3 },	  { "\u00E4\u00F6", 2 }, { "\u6F22\u5B57", 4 },
		{ "e\u0301", 1 }, { "\\x1B", 4 }, { "\uE000", 1 },	 { "\xFF\xFE", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(table_width(cases[i].s, strlen(cases[i].s)), cases[i].want);
	assert_int_equal(table_fit("abc", 3, 2), 2);
	assert_int_equal(table_fit("abc", 3, 3), 3);
	assert_int_equal(table_fit("\u6F22\u5B57", 6, 3), 3);
	assert_int_equal(table_fit("\u6F22", 3, 1), 0);
	assert_int_equal(table_fit("e\u0301x", 4, 1), 3);
}

static void shorten(void **state)
{
	static const struct {
		const char *s;
		size_t width;
		const char *want;
	} cases[] = {
		{ "/var/lib/x", 10, "/var/lib/x" },
		{ "/var/lib/x", 9, "/v...ib/x" },
		{ "/var/lib/postgresql/base/16384", 20, "/var/...l/base/16384" },
		{ "/a/b/c/a-long-name.txt", 19, ".../a-long-name.txt" },
		{ "/a/b/c/a-long-name.txt", 18, "...a-long-name.txt" },
		{ "/a/b/c/a-long-name.txt", 10, "...ame.txt" },
		{ "/a/b/c/a-long-name.txt", 4, "...t" },
		{ "/a/b/c/a-long-name.txt", 3, "..." },
		{ "/a/b/c/a-long-name.txt", 1, "." },
		{ "/a/b/c/a-long-name.txt", 0, "" },
		{ "socket:[1234567]", 11, "sock...567]" },
		{ "/tmp/\u6F22\u5B57/\u6F22\u5B57.log", 14, "/.../\u6F22\u5B57.log" },
		{ "\u6F22\u5B57", 3, "..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = { 0 };

		table_shorten(&b, cases[i].s, strlen(cases[i].s), cases[i].width);
		if (strcmp(buf_cstr(&b), cases[i].want))
			fail_msg("%s in %zu: %s, not %s", cases[i].s, cases[i].width, buf_cstr(&b),
				 cases[i].want);
		assert_in_range(table_width(b.data, b.len), 0, cases[i].width);
		buf_free(&b);
	}
}

static const char *const rows[][3] = {
	{ "abc", "5", "/x" },
	{ "\\x1B\\x1B", "12345", "/var/log/\\xFF/messages" },
	{ "\u6F22\u5B57", "77", "" },
	{ "\u00E4\u00F6", "", "/a" },
};

static void fill(struct table *t, enum table_kind last)
{
	table_column(t, "COMM", TABLE_TEXT);
	table_column(t, "N", TABLE_NUMBER);
	table_column(t, "FILE", last);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		table_row(t);
		for (size_t k = 0; k < 3; k++)
			buf_puts(table_cell(t), rows[i][k]);
	}
}

static void check(enum table_kind last, unsigned int columns, const char *want)
{
	struct table *t = table_new(false);
	struct buf b = { 0 };

	assert_non_null(t);
	fill(t, last);
	assert_int_equal(table_print(t, &b, columns), 0);
	assert_string_equal(buf_cstr(&b), want);
	table_free(t);
	buf_free(&b);
}

#define AS_IT_IS                                     \
	"COMM         N FILE\n"                      \
	"abc          5 /x\n"                        \
	"\\x1B\\x1B 12345 /var/log/\\xFF/messages\n" \
	"\u6F22\u5B57        77\n"                   \
	"\u00E4\u00F6             /a\n"

static void prints(void **state)
{
	(void)state;
	check(TABLE_PATH, 0, AS_IT_IS);
	check(TABLE_PATH, 37, AS_IT_IS);
	check(TABLE_REST, 37, AS_IT_IS);
	check(TABLE_PATH, 33,
	      "COMM         N FILE\n"
	      "abc          5 /x\n"
	      "\\x1B\\x1B 12345 /va...xFF/messages\n"
	      "\u6F22\u5B57        77\n"
	      "\u00E4\u00F6             /a\n");
	check(TABLE_REST, 33,
	      "COMM         N FILE\n"
	      "abc          5 /x\n"
	      "\\x1B\\x1B 12345 /var/log/\\xFF/m...\n"
	      "\u6F22\u5B57        77\n"
	      "\u00E4\u00F6             /a\n");
	check(TABLE_REST, 3, "COM\nabc\n\\x1\n\u6F22\n\u00E4\u00F6 \n");
}

static void alert(void **state)
{
	struct table *t = table_new(true);
	struct buf b = { 0 };

	(void)state;
	assert_non_null(t);
	table_column(t, "A", TABLE_NUMBER);
	table_column(t, "B", TABLE_TEXT);
	for (int i = 8; i < 12; i++) {
		table_row(t);
		buf_u64(table_cell(t), i);
		if (i == 10)
			table_alert(t);
		else if (i > 10)
			table_warn(t);
		buf_puts(table_cell(t), "x");
	}
	assert_int_equal(table_print(t, &b, 1), 0);
	assert_string_equal(buf_cstr(&b), " \n \n \n\033[31m1\033[0m\n\033[33m1\033[0m\n");
	table_free(t);
	buf_free(&b);
}

/* Where there is no UTF-8 locale: nothing is lost, and libsmartcols comes back. */
static void ascii(void **state)
{
	(void)state;
	table_locale_leave(&locale);
	assert_non_null(setlocale(LC_ALL, "C"));
	check(TABLE_REST, 0,
	      "COMM                         N FILE\n"
	      "abc                          5 /x\n"
	      "\\x1B\\x1B                 12345 /var/log/\\xFF/messages\n"
	      "\\xE6\\xBC\\xA2\\xE5\\xAD\\x97    77\n"
	      "\\xC3\\xA4\\xC3\\xB6               /a\n");
	table_locale_enter(&locale);
}

static void put_utf8(struct buf *out, uint32_t c)
{
	const char bytes[] = { 0xF0 | c >> 18, 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63),
			       0x80 | (c & 63) };
	const char three = 0xE0 | c >> 12, two = 0xC0 | c >> 6;

	if (c >= 0x10000) {
		text_safe(out, bytes, 4);
	} else if (c >= 0x800) {
		text_safe(out, (char[]){ three, bytes[2], bytes[3] }, 3);
	} else {
		text_safe(out, (char[]){ two, bytes[3] }, 2);
	}
}

/* Lines of @text, none wider than @most; escape sequences are \033[31m and \033[0m. */
static size_t count_lines(const char *text, size_t most)
{
	size_t n = 0, len, escapes;

	for (; *text; text += len + 1, n++) {
		len = strcspn(text, "\n");
		escapes = 0;
		for (size_t i = 0; i < len; i++)
			if (text[i] == '\033')
				escapes += strcspn(text + i, "m") + 1;
		/* each byte of an escape sequence counts as one column */
		assert_in_range(table_width(text, len), 0, most + escapes);
	}
	return n;
}

/* Whatever text_safe() lets pass, in any column: libsmartcols comes back with all of it. */
static void any_character(void **state)
{
	static const uint32_t odd[] = { 0xAD,	0x300,	0x378,	0x5D0,	0x200B,	 0x200D,  0xE000,
					0xFE0F, 0xFEFF, 0xFFFD, 0xFFFF, 0x1F600, 0x10FFFF };

	(void)state;
	alarm(60);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct table *t = table_new(true);
		struct buf b = { 0 };

		assert_non_null(t);
		table_column(t, "A", TABLE_TEXT);
		table_column(t, "B", TABLE_PATH);
		for (size_t n = 0; n < 40; n++) {
			table_row(t);
			for (size_t k = 0; k < 2; k++) {
				struct buf *cell = table_cell(t);

				for (size_t m = 0; m < n; m++)
					put_utf8(cell, odd[i]);
				buf_putc(cell, 'x');
				if (n % 2)
					table_alert(t);
			}
		}
		assert_int_equal(table_print(t, &b, 30), 0);
		assert_int_equal(count_lines(buf_cstr(&b), 30), 41);
		table_free(t);
		buf_free(&b);
	}
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width), cmocka_unit_test(shorten), cmocka_unit_test(prints),
		cmocka_unit_test(alert), cmocka_unit_test(ascii),   cmocka_unit_test(any_character),
	};

	return cmocka_run_group_tests_name("table", tests, enter, leave);
}
