// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's memory, reckoned for machines that we do not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "common/filter.h"
#include "common/ops.h"
#include "common/session.h"

#define MIB (1024 * 1024)

static int64_t memory(uint32_t rows, uint32_t events, unsigned int cpus, bool preempts)
{
	struct filter filter = { .ops = ops_all() };
	struct session_options options = {
		.filter = &filter,
		.backend = BACKEND_AUTO,
		.name = "default",
		.tally = true,
		.by = WT_BY_PID | WT_BY_FILE,
		.rows = rows,
		.events = events,
	};

	return session_memory(&options, cpus, preempts, false);
}

/* What `pin` makes without options, with every operation there is. */
static void default_session_fits(void **state)
{
	(void)state;
	assert_in_range(memory(10240, 16384, 64, true), 4 * MIB, 32 * MIB);
	assert_in_range(memory(10240, 16384, 64, false), 4 * MIB, 32 * MIB);
}

static void grows_with_rows_and_events(void **state)
{
	int64_t one = memory(10240, 16384, 4, false);

	(void)state;
	/* row, file and path of each: 200 bytes or so */
	assert_in_range(memory(20480, 16384, 4, false) - one, 10240 * 400, 10240 * 800);
	/* a slot of 128 bytes, and two for paths */
	assert_int_equal(memory(10240, 32768, 4, false) - one, 16384 * 3 * 128);
	assert_true(memory(10240, 0, 4, false) < one - 16384 * 3 * 128);
}

static void grows_little_with_cpus(void **state)
{
	(void)state;
	/* 100 KiB or so for each, rows and events nothing */
	assert_true(memory(10240, 16384, 64, false) - memory(10240, 16384, 4, false) <
		    60 * 160 * 1024);
	assert_int_equal(memory(20480, 0, 64, false) - memory(10240, 0, 64, false),
			 memory(20480, 0, 4, false) - memory(10240, 0, 4, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_session_fits),
		cmocka_unit_test(grows_with_rows_and_events),
		cmocka_unit_test(grows_little_with_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
