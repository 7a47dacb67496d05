/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of a session share: the skeleton, and who does what with it.
 */
#ifndef WT_SESSION_INTERNAL_H
#define WT_SESSION_INTERNAL_H

#include <linux/types.h>
#include <bpf/libbpf.h>

#include "bpf/writetrace.h"
#include "session.h"
#include "writetrace.skel.h"

#define SESSION_LINKS_MAX (WT_COPIES * (2 * WT_HOOKS + 2))

struct session {
	struct writetrace_bpf *skel;
	enum backend backend;
	uint64_t ops;
	uint64_t compat_ops; /* those with a hook of their own for 32-bit programs */
	bool latency;
	bool follow;
	bool counts_misses; /* the kernel counts what it skips of this backend's programs */
	int copies;	    /* of exit programs: 1 or WT_COPIES */
	struct bpf_link *links[SESSION_LINKS_MAX];
	unsigned int n_links;
};

/** session_program - the program NAME_COPY, or NULL */
struct bpf_program *session_program(const struct session *s, const char *name, int copy);

/** session_hook - an entry or exit program of this session's backend, or NULL if it has none */
struct bpf_program *session_hook(const struct session *s, bool exit, unsigned int op, bool compat,
				 int copy);

/** session_has_hook - whether operation @op, of 32-bit programs if @compat, has a hook of its own
 *
 * A backend whose one hook sees them all has one for the first operation.
 */
bool session_has_hook(const struct session *s, unsigned int op, bool compat);

/* session_config.c: settings and maps. Each returns 0 or -errno. */

/** session_lists_tasks - processes or threads are named, so that they can be followed */
bool session_lists_tasks(const struct session_options *o);

/** session_configure - settings, sizes of maps, programs to load; before load */
int session_configure(struct session *s, const struct session_options *o, bool direct);

/** session_fill - contents of maps; after load */
int session_fill(struct session *s, const struct session_options *o, struct buf *why);

/** session_fill_tasks - put tasks into one of the maps of tasks */
int session_fill_tasks(struct bpf_map *map, const struct filter_task *tasks, size_t n);

/** session_open_cgroup - Return: a descriptor, or -errno with the reason in @why */
int session_open_cgroup(const char *path, struct buf *why);

/* session_attach.c */

/** session_attach - attach what was loaded and see it fire */
int session_attach(struct session *s, struct buf *why);

#endif
