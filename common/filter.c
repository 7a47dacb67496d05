// SPDX-License-Identifier: GPL-2.0-only
#include "filter.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "choice.h"
#include "common/glob.h"
#include "list.h"
#include "ops.h"
#include "units.h"

static const struct choice kinds[WT_KIND_COUNT] = {
	[WT_KIND_FILE] = { "file", "regular file or directory" },
	[WT_KIND_PIPE] = { "pipe", "pipe, with a name or without" },
	[WT_KIND_SOCKET] = { "socket", "socket of any family" },
	[WT_KIND_TTY] = { "tty", "terminal" },
	[WT_KIND_CHAR] = { "char", "other character device" },
	[WT_KIND_BLOCK] = { "block", "block device" },
	[WT_KIND_ANON] = { "anon", "memfd, eventfd and the like" },
};

const char *filter_kind_name(unsigned int kind)
{
	return kind < WT_KIND_COUNT ? kinds[kind].name : NULL;
}

bool filter_kind_choice(size_t i, struct choice *choice)
{
	return choice_at(kinds + WT_KIND_FILE, WT_KIND_COUNT - WT_KIND_FILE, i, choice);
}

/* Appends one element to an array of @n elements; the new one is zeroed. */
static void *grow(void *items, size_t *n, size_t size)
{
	void **array = items;
	char *bigger = reallocarray(*array, *n + 1, size);

	if (!bigger)
		return NULL;
	*array = bigger;
	bigger += (*n)++ * size;
	return memset(bigger, 0, size);
}

static int out_of_memory(struct buf *why)
{
	buf_puts(why, "out of memory");
	return -ENOMEM;
}

static int parse_number(const char *item, size_t len, uint64_t max, uint64_t *n)
{
	char text[32];

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, item, len);
	text[len] = '\0';
	return units_parse_u64(text, max, n);
}

static int add_task(const char *item, size_t len, void *arg, struct buf *why)
{
	struct filter_tasks *tasks = arg;
	struct filter_task *task;
	uint64_t nr;

	if (parse_number(item, len, INT_MAX, &nr) || !nr) {
		buf_printf(why, "'%.*s' is not a process number", (int)len, item);
		return -EINVAL;
	}
	task = grow(&tasks->items, &tasks->n, sizeof(*task));
	if (!task)
		return out_of_memory(why);
	task->nr = nr;
	return 0;
}

int filter_add_pids(void *target, const char *arg, struct buf *why)
{
	return list_parse(arg, add_task, &((struct filter *)target)->pids, why);
}

int filter_add_tids(void *target, const char *arg, struct buf *why)
{
	return list_parse(arg, add_task, &((struct filter *)target)->tids, why);
}

static int add_number(struct filter_numbers *numbers, uint32_t n, struct buf *why)
{
	uint32_t *item = grow(&numbers->items, &numbers->n, sizeof(*item));

	if (!item)
		return out_of_memory(why);
	*item = n;
	return 0;
}

static int add_uid(const char *item, size_t len, void *arg, struct buf *why)
{
	struct passwd *user;
	char name[256];
	uint64_t uid;

	if (!parse_number(item, len, UINT32_MAX - 1, &uid))
		return add_number(arg, uid, why);
	snprintf(name, sizeof(name), "%.*s", (int)len, item);
	user = getpwnam(name);
	if (!user) {
		buf_printf(why, "no user '%s'", name);
		return -EINVAL;
	}
	return add_number(arg, user->pw_uid, why);
}

int filter_add_uids(void *target, const char *arg, struct buf *why)
{
	return list_parse(arg, add_uid, &((struct filter *)target)->uids, why);
}

static int add_fd(const char *item, size_t len, void *arg, struct buf *why)
{
	uint64_t fd;

	if (parse_number(item, len, INT_MAX, &fd)) {
		buf_printf(why, "'%.*s' is not a file descriptor", (int)len, item);
		return -EINVAL;
	}
	return add_number(arg, fd, why);
}

int filter_add_fds(void *target, const char *arg, struct buf *why)
{
	return list_parse(arg, add_fd, &((struct filter *)target)->fds, why);
}

static int add_text(struct filter_texts *texts, size_t max, const char *arg, struct buf *why)
{
	char **item;

	if (!*arg) {
		buf_puts(why, "empty value");
		return -EINVAL;
	}
	if (texts->n == max) {
		buf_printf(why, "given more than %zu times", max);
		return -EINVAL;
	}
	item = grow(&texts->items, &texts->n, sizeof(*item));
	if (item)
		*item = strdup(arg);
	return item && *item ? 0 : out_of_memory(why);
}

/* A pattern that will not compile is wrong usage, so it is looked at with the options. */
static int check_glob(const char *pattern, struct buf *why)
{
	struct wt_glob g;
	int err = glob_has_wildcard(pattern) ? glob_compile(&g, pattern)
					     : glob_compile_literal(&g, pattern, false);

	if (err == -E2BIG)
		buf_printf(why, "pattern is too long or has too many different [sets]");
	else if (err)
		buf_printf(why, "'%s' is not a pattern", pattern);
	return err;
}

int filter_add_comm(void *target, const char *arg, struct buf *why)
{
	struct filter *filter = target;
	int err = add_text(&filter->comms, WT_GLOBS_MAX, arg, why);

	return err ? err : check_glob(arg, why);
}

int filter_add_path(void *target, const char *arg, struct buf *why)
{
	struct filter *filter = target;
	int err = add_text(&filter->paths, WT_GLOBS_MAX, arg, why);

	return err ? err : check_glob(arg, why);
}

int filter_add_cgroup(void *target, const char *arg, struct buf *why)
{
	return add_text(&((struct filter *)target)->cgroups, WT_CGROUPS_MAX, arg, why);
}

static int add_kind(const char *item, size_t len, void *arg, struct buf *why)
{
	uint32_t *mask = arg;

	for (unsigned int i = WT_KIND_FILE; i < WT_KIND_COUNT; i++)
		if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, item, len)) {
			*mask |= 1U << i;
			return 0;
		}
	buf_printf(why, "unknown kind '%.*s'; known are", (int)len, item);
	for (unsigned int i = WT_KIND_FILE; i < WT_KIND_COUNT; i++)
		buf_printf(why, " %s", kinds[i].name);
	return -EINVAL;
}

int filter_add_kinds(void *target, const char *arg, struct buf *why)
{
	return list_parse(arg, add_kind, &((struct filter *)target)->kinds, why);
}

int filter_add_ops(void *target, const char *arg, struct buf *why)
{
	struct filter *filter = target;
	uint64_t more;
	int err = ops_parse(arg, &more, why);

	if (!err)
		filter->ops |= more;
	return err;
}

bool filter_path_wanted(const struct filter *filter, const char *path, size_t len)
{
	for (size_t i = 0; i < filter->paths.n; i++)
		if (glob_matches(&filter->globs[filter->comms.n + i], path, len))
			return true;
	return !filter->paths.n;
}

static void free_texts(struct filter_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->items[i]);
	free(texts->items);
}

void filter_free(struct filter *filter)
{
	free(filter->pids.items);
	free(filter->tids.items);
	free(filter->uids.items);
	free(filter->fds.items);
	free_texts(&filter->comms);
	free_texts(&filter->paths);
	free_texts(&filter->cgroups);
	free(filter->globs);
}
