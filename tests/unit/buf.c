// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/buf: contents, numbers, growth, and what happens when memory runs out.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"

/* Let AddressSanitizer's realloc fail as realloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Too much for any address space, but an amount that realloc() can be asked for. */
#define TOO_MUCH ((size_t)PTRDIFF_MAX / 2)

static void empty(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_put(&b, NULL, 0);
	buf_puts(&b, "");
	buf_printf(&b, "%s", "");
	assert_non_null(buf_reserve(&b, 0));
	assert_int_equal(b.len, 0);
	assert_int_equal(b.err, 0);
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
	buf_free(&b);
}

static void appends(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_put(&b, "ab\0c", 4);
	buf_puts(&b, "de");
	buf_putc(&b, 'f');
	buf_printf(&b, "%d-%s", 12, "g");
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.data, "ab\0cdef12-g", 11);
	assert_int_equal(buf_cstr(&b)[11], '\0');
	assert_int_equal(b.len, 11);
	buf_reset(&b);
	buf_puts(&b, "x");
	assert_string_equal(buf_cstr(&b), "x");
	buf_free(&b);
}

/* Every byte survives every growth, one at a time and in all lengths. */
static void growth(void **state)
{
	struct buf b = { 0 };
	char chunk[700];
	size_t len = 0, cap = 0;
	int n_growths = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		buf_putc(&b, i % 251);
		n_growths += b.cap != cap;
		cap = b.cap;
	}
	assert_in_range(n_growths, 1, 20);
	assert_int_equal(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal((unsigned char)b.data[i], i % 251);
	buf_free(&b);

	for (size_t n = 0; n < sizeof(chunk); n++) {
		memset(chunk, n, n);
		buf_put(&b, chunk, n);
	}
	for (size_t n = 0; n < sizeof(chunk); len += n, n++) {
		for (size_t i = 0; i < n; i++)
			assert_int_equal((unsigned char)b.data[len + i], n % 256);
	}
	assert_int_equal(b.len, len);
	assert_int_equal(b.err, 0);
	buf_free(&b);
}

/* The promised extra byte: after exactly n bytes a NUL fits without another allocation. */
static void reserve(void **state)
{
	(void)state;
	for (size_t n = 0; n < 1200; n++) {
		struct buf b = { 0 };
		char *to = buf_reserve(&b, n);

		assert_non_null(to);
		memset(to, 'r', n + 1);
		b.len += n;
		assert_true(b.len < b.cap);
		assert_ptr_equal(buf_cstr(&b), to);
		assert_int_equal(strlen(to), n);
		buf_free(&b);
	}
}

static void printf_lengths(void **state)
{
	char want[1000];

	(void)state;
	for (int n = 0; n < (int)sizeof(want); n++) {
		struct buf b = { 0 };

		memset(want, 'p', n);
		want[n] = '\0';
		buf_puts(&b, "x");
		buf_printf(&b, "%*s", n, want);
		assert_int_equal(b.len, n + 1);
		assert_string_equal(buf_cstr(&b) + 1, want);
		buf_free(&b);
	}
}

static void check_number(uint64_t v)
{
	struct buf b = { 0 };
	char want[64];

	buf_u64(&b, v);
	buf_putc(&b, ' ');
	buf_s64(&b, v);
	snprintf(want, sizeof(want), "%" PRIu64 " %" PRId64, v, (int64_t)v);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

static void numbers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (uint64_t v = 0; v < 11000; v++) {
		check_number(v);
		check_number(-v);
	}
	for (int i = 0; i < 20; i++, power *= 10) {
		check_number(power - 1);
		check_number(power);
		check_number(power + 1);
		check_number(-power);
	}
	for (int i = 0; i < 64; i++) {
		check_number(1ull << i);
		check_number((1ull << i) - 1);
	}
	check_number(UINT64_MAX);
	check_number(INT64_MAX);
	check_number(INT64_MIN);
}

/* After a failure nothing more is added, small or large, until the buffer is reset. */
static void check_failed(struct buf *b, const char *kept)
{
	assert_int_equal(b->err, -ENOMEM);
	assert_null(buf_reserve(b, 0));
	buf_putc(b, 'x');
	buf_puts(b, "more");
	buf_u64(b, 1);
	buf_s64(b, -1);
	buf_printf(b, "%d", 1);
	assert_null(buf_reserve(b, TOO_MUCH));
	assert_int_equal(b->err, -ENOMEM);
	assert_int_equal(b->len, strlen(kept));
	assert_string_equal(buf_cstr(b), kept);

	buf_reset(b);
	assert_int_equal(b->err, 0);
	for (int i = 0; i < 1000; i++)
		buf_puts(b, "again");
	assert_int_equal(b->err, 0);
	assert_int_equal(b->len, 5000);
	buf_free(b);
	assert_int_equal(b->err, 0);
}

static void no_memory(void **state)
{
	static const size_t sizes[] = { TOO_MUCH, PTRDIFF_MAX - 1, PTRDIFF_MAX, SIZE_MAX - 1,
					SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b = { 0 };

		assert_null(buf_reserve(&b, sizes[i]));
		check_failed(&b, "");
		buf_puts(&b, "kept");
		assert_null(buf_reserve(&b, sizes[i]));
		check_failed(&b, "kept");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),	  cmocka_unit_test(appends),
		cmocka_unit_test(growth),	  cmocka_unit_test(reserve),
		cmocka_unit_test(printf_lengths), cmocka_unit_test(numbers),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
