// SPDX-License-Identifier: GPL-2.0-only
#include "proc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "units.h"

static int shown_start(uint32_t pid, uint32_t tid, uint64_t *start_ns);

/*
 * In a time namespace /proc shows starts with its offset since Linux 5.11, and without it before:
 * which of both, our own tells. It was not long ago, and is not yet to come.
 */
static int64_t start_offset_ns(void)
{
	const uint64_t tick_ns = UNITS_NS_PER_S / sysconf(_SC_CLK_TCK);
	const int64_t offset = clock_boot_offset_ns();
	static bool known, shown;
	uint64_t own, now;

	if (!known && offset && !shown_start(getpid(), 0, &own)) {
		now = clock_boot_ns() + tick_ns;
		/* of the two that may be meant the later one, unless it is in the future */
		shown = offset > 0 ? own > now : own - offset <= now;
		known = true;
	}
	return shown ? offset : 0;
}

/* Field 22 of /proc/PID/stat, in ticks (proc_pid_stat(5)). The second field is the command name in
 * parentheses and may hold anything, so count from the last ')'. */
static int shown_start(uint32_t pid, uint32_t tid, uint64_t *start_ns)
{
	unsigned long long ticks;
	char path[64], text[1024];
	const char *rest;
	size_t n;
	FILE *f;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, tid);
	else
		snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return -ESRCH;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			    " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %llu",
			    &ticks) != 1)
		return -ESRCH;
	*start_ns = ticks * (UNITS_NS_PER_S / sysconf(_SC_CLK_TCK));
	return 0;
}

int proc_task_start(uint32_t pid, uint32_t tid, uint64_t *start_ns)
{
	int err = shown_start(pid, tid, start_ns);

	if (!err)
		*start_ns -= start_offset_ns();
	return err;
}

int proc_status(uint32_t pid, const char *field, int base, unsigned long long *value)
{
	const size_t len = strlen(field);
	char path[64] = "/proc/self/status", line[256];
	int err = -ESRCH;
	FILE *f;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%u/status", pid);
	f = fopen(path, "re");
	if (!f)
		return err;
	while (err && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, len) || line[len] != ':')
			continue;
		*value = strtoull(line + len + 1, NULL, base);
		err = 0;
	}
	fclose(f);
	return err;
}
