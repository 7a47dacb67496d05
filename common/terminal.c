// SPDX-License-Identifier: GPL-2.0-only
#include "terminal.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "filter.h"
#include "proc.h"
#include "units.h"

/* "/dev/pts/3" → 3, or -1 */
static int pty_index(int fd)
{
	char name[64];
	int index;

	if (ttyname_r(fd, name, sizeof(name)) || sscanf(name, "/dev/pts/%d", &index) != 1)
		return -1;
	return index;
}

/* Is /proc/PID/fd/N the master of pseudo-terminal `index`? */
static bool is_master(pid_t pid, const char *n, int index)
{
	char path[300], target[64], line[128];
	bool found = false;
	ssize_t len;
	int number;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, n);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	if (!strstr(target, "ptmx"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, n);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "tty-index: %d", &number) == 1 && number == index;
	fclose(f);
	return found;
}

static bool holds_master(pid_t pid, int index)
{
	bool found = false;
	struct dirent *d;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (d = readdir(dir)))
		found = is_master(pid, d->d_name, index);
	closedir(dir);
	return found;
}

static pid_t parent_of(pid_t pid)
{
	unsigned long long parent;

	return proc_status(pid, "PPid", 10, &parent) ? 0 : parent;
}

size_t terminal_watchers(int fd, struct filter_task *tasks, size_t max)
{
	int index = pty_index(fd);
	size_t n = 0;

	if (index < 0)
		index = pty_index(STDERR_FILENO);
	if (index < 0)
		index = pty_index(STDIN_FILENO);
	if (index < 0)
		return 0;
	for (pid_t pid = getppid(); pid && n < max; pid = parent_of(pid)) {
		if (!holds_master(pid, index) || proc_task_start(pid, 0, &tasks[n].start_ns))
			continue;
		tasks[n++].nr = pid;
	}
	return n;
}

void terminal_size(int fd, unsigned int *width, unsigned int *height)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {};
	uint64_t said;

	if (ioctl(fd, TIOCGWINSZ, &size))
		size = (struct winsize){};
	*width = size.ws_col ? size.ws_col : 80;
	*height = size.ws_row ? size.ws_row : 24;
	if (columns && !units_parse_u64(columns, 10000, &said) && said)
		*width = said;
}
