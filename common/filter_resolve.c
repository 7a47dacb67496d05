// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what the options say to the processes and paths that are meant.
 */
#include "filter.h"

#include <errno.h>
#include <limits.h>
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

/* Adds a path to @out, which begins with one: "." and ".." are taken at their word. */
static void add_components(struct buf *out, const char *path)
{
	size_t len;

	for (; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len || (len == 1 && *path == '.'))
			continue;
		if (len == 2 && !strncmp(path, "..", 2)) {
			while (out->len && out->data[--out->len] != '/')
				;
			continue;
		}
		if (!out->len || out->data[out->len - 1] != '/')
			buf_putc(out, '/');
		buf_put(out, path, len);
	}
	if (!out->len)
		buf_putc(out, '/');
}

/* As many as the kernel follows (path_resolution(7)). */
#define LINKS_MAX 40

/* Who opens a link to what does not exist yet creates that. Return: where @path leads to, to be
 * given to free(); or NULL without memory. */
static char *end_of_links(const char *path)
{
	char target[PATH_MAX], *here = strdup(path), *next;
	const char *slash;
	ssize_t n;

	for (int i = 0; here && i < LINKS_MAX && access(here, F_OK); i++) {
		n = readlink(here, target, sizeof(target));
		if (n <= 0 || n == sizeof(target))
			break;
		slash = *target == '/' ? NULL : strrchr(here, '/');
		if (asprintf(&next, "%.*s%.*s", slash ? (int)(slash + 1 - here) : 0, here, (int)n,
			     target) < 0)
			next = NULL;
		free(here);
		here = next;
	}
	return here;
}

/*
 * A path without wildcards as the kernel will show it: links are followed as far as it exists.
 * Return: 0 or -errno.
 */
static int locate(struct buf *out, const char *path)
{
	char *whole = end_of_links(*path ? path : "."), *existing, *real = NULL, *slash;

	existing = whole ? strdup(whole) : NULL;
	if (!existing) {
		free(whole);
		return -ENOMEM;
	}
	path = whole;
	/* what exists becomes shorter by a name at a time, down to "/" or to "." */
	while (!(real = realpath(existing, NULL))) {
		slash = strrchr(existing, '/');
		if (!slash || !existing[1])
			break;
		slash[slash == existing] = '\0';
	}
	if (real)
		path += strlen(existing);
	else
		real = realpath(*path == '/' ? "/" : ".", NULL);
	if (real)
		buf_puts(out, real);
	add_components(out, path);
	free(real);
	free(existing);
	free(whole);
	return out->err;
}

static int resolve_literal(struct wt_glob *g, const char *path)
{
	struct buf located = {};
	int err = locate(&located, path);

	if (!err)
		err = glob_compile_literal(g, buf_cstr(&located), true);
	buf_free(&located);
	return err;
}

/* What has no name in any directory: pipe:[123] and the like. The brackets of these are meant as
 * they are. */
static bool is_nameless(const char *path, bool *literal)
{
	static const char *const kinds[] = { "pipe:", "socket:", "anon_inode:" };
	size_t len;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		len = strlen(kinds[i]);
		if (strncmp(path, kinds[i], len))
			continue;
		path += len;
		len = strspn(path + (*path == '['), "0123456789");
		*literal = *path == '[' && len && !strcmp(path + 1 + len, "]");
		return true;
	}
	return false;
}

/* A pattern that begins with a name is meant from here, and so is what comes before its first
 * wildcard. */
static int resolve_pattern(struct wt_glob *g, const char *pattern)
{
	const char *rest = strpbrk(pattern, "*?[\\");
	struct buf located = {}, escaped = {};
	bool literal = false;
	char *prefix;
	int err;

	if (is_nameless(pattern, &literal))
		return literal ? glob_compile_literal(g, pattern, false) : glob_compile(g, pattern);
	while (rest > pattern && rest[-1] != '/')
		rest--;
	prefix = strndup(pattern, rest - pattern);
	err = prefix ? 0 : -ENOMEM;
	/* one that begins with a wildcard may be anywhere */
	if (!err && (*prefix || !strchr("*?[", *pattern)))
		err = locate(&located, prefix);
	for (size_t i = 0; i < located.len; i++) {
		if (strchr("*?[\\", located.data[i]))
			buf_putc(&escaped, '\\');
		buf_putc(&escaped, located.data[i]);
	}
	if (escaped.len && escaped.data[escaped.len - 1] != '/')
		buf_putc(&escaped, '/');
	buf_puts(&escaped, rest);
	if (!err)
		err = escaped.err ? escaped.err : glob_compile(g, buf_cstr(&escaped));
	buf_free(&located);
	buf_free(&escaped);
	free(prefix);
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
		buf_printf(why, "a pattern of --comm or --path: %s",
			   err == -E2BIG ? "too long" : strerror(-err));
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
