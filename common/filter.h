/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be traced: the filters as given on the command line, and what they come to here.
 *
 * The filter_add_*() take one option value each and only look at its form. filter_resolve() then
 * looks at the machine: paths, processes.
 */
#ifndef WT_FILTER_H
#define WT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct choice;
struct wt_glob;

struct filter_task {
	uint32_t nr;
	uint64_t start_ns; /* CLOCK_BOOTTIME, to 10 ms */
};

struct filter_tasks {
	struct filter_task *items;
	size_t n;
};

struct filter_numbers {
	uint32_t *items;
	size_t n;
};

struct filter_texts {
	char **items;
	size_t n;
};

struct filter {
	struct filter_tasks pids;
	struct filter_tasks tids;
	struct filter_numbers uids;
	struct filter_numbers fds;
	struct filter_texts comms;
	struct filter_texts paths;
	struct filter_texts cgroups;
	struct wt_glob *globs; /* comms, then paths; compiled by filter_resolve() */
	uint32_t kinds;	       /* bit per enum wt_kind; 0: all */
	uint64_t ops;	       /* bit per enum wt_op; 0: the default */
	uint64_t min_size;
	uint64_t min_latency_ns;
	bool follow;
	bool failed;
};

/* Each takes a struct filter as @target, so that a table of options can name it.
 * Return: 0; -EINVAL or -ENOMEM with the reason in @why. */
int filter_add_pids(void *target, const char *arg, struct buf *why);
int filter_add_tids(void *target, const char *arg, struct buf *why);
int filter_add_uids(void *target, const char *arg, struct buf *why);
int filter_add_fds(void *target, const char *arg, struct buf *why);
int filter_add_comm(void *target, const char *arg, struct buf *why);
int filter_add_path(void *target, const char *arg, struct buf *why);
int filter_add_cgroup(void *target, const char *arg, struct buf *why);
int filter_add_kinds(void *target, const char *arg, struct buf *why);
int filter_add_ops(void *target, const char *arg, struct buf *why);

/** filter_resolve - find the processes and paths named, compile the patterns
 *
 * Return: 0; -ESRCH for a process that does not exist, -EINVAL for a pattern that cannot be
 * compiled, -ENOMEM; with the reason in @why.
 */
int filter_resolve(struct filter *filter, struct buf *why);

/** filter_path_wanted - the verdict on a path that the kernel left to us */
bool filter_path_wanted(const struct filter *filter, const char *path, size_t len);

/** filter_kind_name - name of an enum wt_kind, or NULL for WT_KIND_NONE */
const char *filter_kind_name(unsigned int kind);

/** filter_kind_choice - what filter_add_kinds() knows: a choice_fn */
bool filter_kind_choice(size_t i, struct choice *choice);

void filter_free(struct filter *filter);

#endif
