// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/clock: the offset of a time namespace, as time_namespaces(7) has it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/clock.h"

#define UNTOUCHED 77

static void lines_of_offsets(void **state)
{
	static const struct {
		const char *line;
		int err;
		int64_t offset_ns;
	} cases[] = {
		{ "boottime           0         0\n", 0, 0 },
		{ "boottime      604800         0\n", 0, 604800000000000 },
		{ "boottime          -3 500000000\n", 0, -2500000000 },
		{ "monotonic    -172800         0\n", -EINVAL, 0 },
		{ "boottime2          1         0\n", -EINVAL, 0 },
		{ "boottime           1\n", -EINVAL, 0 },
		{ "boottime           x         0\n", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t offset = UNTOUCHED;

		assert_int_equal(clock_boot_offset_parse(cases[i].line, &offset), cases[i].err);
		assert_int_equal(offset, cases[i].err ? UNTOUCHED : cases[i].offset_ns);
	}
}

/* Here the clocks are those of the C library. */
static void clocks(void **state)
{
	uint64_t boot = clock_boot_ns(), wall = clock_wall_ns();

	(void)state;
	assert_true(boot > 0 && clock_boot_ns() - boot < 60000000000);
	/* a day in 2001, and one in 2286 */
	assert_true(wall > 1000000000000000000 && wall < 10000000000000000000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_offsets),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
