// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/progress: what a terminal gets to see, and when.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/log.h"
#include "common/progress.h"

static int master, saved;

/* From now on a terminal is our stderr. */
static int enter(void **state)
{
	int slave;

	(void)state;
	setenv("COLUMNS", "40", 1);
	log_setup(LOG_LEVEL_NORMAL, false);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	saved = dup(STDERR_FILENO);
	if (slave < 0 || saved < 0 || dup2(slave, STDERR_FILENO) < 0)
		return -1;
	return close(slave);
}

static int leave(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	return close(master);
}

/* The terminal has got exactly this, within @patience_ms of it. */
static void sees(const char *want, int patience_ms)
{
	struct pollfd fd = { .fd = master, .events = POLLIN };
	char got[1024] = "";
	size_t n = 0;

	while (n < strlen(want) && poll(&fd, 1, patience_ms) == 1)
		n += read(master, got + n, sizeof(got) - 1 - n);
	/* and nothing behind it */
	if (poll(&fd, 1, 0) == 1)
		n += read(master, got + n, sizeof(got) - 1 - n);
	got[n] = '\0';
	assert_string_equal(got, want);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void after_a_second(void **state)
{
	uint64_t begin = now_ms();
	struct progress *p = progress_start("step %d", 1);

	(void)state;
	assert_non_null(p);
	progress_say(p, "step %d", 2);
	sees("", 0);
	sees("\r\rwritetrace: step 2...", 10000);
	assert_in_range(now_ms() - begin, 1000, 10000);
	progress_say(p, "%s", "3");
	sees("\r                     \rwritetrace: 3...", 1000);
	progress_clear(p);
	sees("\r                \r", 1000);
	progress_say(p, "a session's name that is as long as the names of sessions may be");
	sees("\r\rwritetrace: a session's name that is as", 1000);
	progress_end(p);
	sees("\r                                       \r", 1000);
}

/* What was taken away before the second was over does not come by itself. */
static void cleared(void **state)
{
	struct progress *p = progress_start("step");

	(void)state;
	progress_clear(p);
	sees("", 0);
	poll(NULL, 0, 1200);
	progress_end(p);
	sees("", 0);
}

/* Nor does the end wait for the second. One try may be the machine's, which others use, too. */
static void not_before(void **state)
{
	uint64_t begin, took = UINT64_MAX;
	struct progress *p;

	(void)state;
	for (int i = 0; i < 5 && took >= 900; i++) {
		tcflush(master, TCIOFLUSH);
		begin = now_ms();
		p = progress_start("step");
		assert_non_null(p);
		progress_end(p);
		took = now_ms() - begin;
	}
	assert_in_range(took, 0, 899);
	sees("", 0);
}

static void not_wanted(void **state)
{
	int terminal = dup(STDERR_FILENO), pipes[2];

	(void)state;
	log_setup(LOG_LEVEL_QUIET, false);
	assert_null(progress_start("step"));
	log_setup(LOG_LEVEL_DEBUG, false);
	assert_null(progress_start("step"));
	log_setup(LOG_LEVEL_NORMAL, false);
	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	assert_null(progress_start("step"));
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(pipes[0]);
	close(pipes[1]);
	progress_say(NULL, "step");
	progress_clear(NULL);
	progress_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(after_a_second, enter, leave),
		cmocka_unit_test_setup_teardown(cleared, enter, leave),
		cmocka_unit_test_setup_teardown(not_before, enter, leave),
		cmocka_unit_test_setup_teardown(not_wanted, enter, leave),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
