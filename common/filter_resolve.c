// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what the options say to the processes and paths that are meant.
 */
#include "filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "glob.h"
#include "ops.h"
#include "proc.h"

/* /proc/N exists for threads, too; only a process's own number is a pid. */
static bool is_process(uint32_t nr)
{
	unsigned long long tgid;

	return !proc_status(nr, "Tgid", 10, &tgid) && tgid == nr;
}

static int resolve_tasks(struct filter *filter, struct buf *why)
{
	for (size_t i = 0; i < filter->pids.n; i++) {
		struct filter_task *task = &filter->pids.items[i];

		if (!is_process(task->nr) || proc_task_start(task->nr, 0, &task->start_ns)) {
			buf_printf(why, "--pid %u: no such process", task->nr);
			return -ESRCH;
		}
	}
	for (size_t i = 0; i < filter->tids.n; i++) {
		struct filter_task *task = &filter->tids.items[i];

		if (proc_task_start(task->nr, task->nr, &task->start_ns)) {
			buf_printf(why, "--tid %u: no such thread", task->nr);
			return -ESRCH;
		}
	}
	return 0;
}

static void join(struct buf *out, const char *dir, const char *name)
{
	if (strcmp(dir, "/"))
		buf_puts(out, dir);
	buf_putc(out, '/');
	buf_puts(out, name);
}

/* A path that does not exist yet: its directory may. */
static void locate_missing(struct buf *out, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir, *real, *cwd;

	if (!slash)
		dir = strdup(".");
	else
		dir = slash == path ? strdup("/") : strndup(path, slash - path);
	real = dir ? realpath(dir, NULL) : NULL;
	cwd = getcwd(NULL, 0);
	if (real)
		join(out, real, slash ? slash + 1 : path);
	else if (*path != '/' && cwd)
		join(out, cwd, path);
	else
		buf_puts(out, path);
	free(cwd);
	free(real);
	free(dir);
}

/* A path without wildcards as the kernel will show it: links followed as far as it exists. */
static int resolve_literal(struct wt_glob *g, const char *path)
{
	char *real = realpath(path, NULL);
	struct buf located = {};
	int err;

	if (real)
		buf_puts(&located, real);
	else
		locate_missing(&located, path);
	err = located.err ? located.err : glob_compile_literal(g, buf_cstr(&located), true);
	buf_free(&located);
	free(real);
	return err;
}

/* A pattern that begins with a name is meant from here. */
static int resolve_pattern(struct wt_glob *g, const char *pattern)
{
	char *cwd = strchr("/*?[", *pattern) ? NULL : getcwd(NULL, 0);
	struct buf located = {};
	int err;

	if (cwd)
		join(&located, cwd, pattern);
	else
		buf_puts(&located, pattern);
	err = located.err ? located.err : glob_compile(g, buf_cstr(&located));
	buf_free(&located);
	free(cwd);
	return err;
}

static int resolve_globs(struct filter *filter, struct buf *why)
{
	size_t n = filter->comms.n + filter->paths.n;
	struct wt_glob *g;
	int err = 0;

	if (!n)
		return 0;
	filter->globs = calloc(n, sizeof(*filter->globs));
	if (!filter->globs) {
		buf_puts(why, "out of memory");
		return -ENOMEM;
	}
	g = filter->globs;
	for (size_t i = 0; !err && i < filter->comms.n; i++) {
		const char *comm = filter->comms.items[i];

		err = glob_has_wildcard(comm) ? glob_compile(g, comm)
					      : glob_compile_literal(g, comm, false);
		g++;
	}
	for (size_t i = 0; !err && i < filter->paths.n; i++) {
		const char *path = filter->paths.items[i];

		err = glob_has_wildcard(path) ? resolve_pattern(g, path) : resolve_literal(g, path);
		g++;
	}
	if (err)
		buf_puts(why, "--path: too long");
	return err;
}

int filter_resolve(struct filter *filter, struct buf *why)
{
	int err = resolve_tasks(filter, why);

	if (!err)
		err = resolve_globs(filter, why);
	if (!filter->ops)
		filter->ops = ops_default();
	return err;
}
