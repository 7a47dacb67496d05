/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of a session share: the skeleton, and who does what with it.
 */
#ifndef WT_SESSION_INTERNAL_H
#define WT_SESSION_INTERNAL_H

#include <linux/types.h>
#include <bpf/libbpf.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "kernel.h"
#include "session.h"
#include "writetrace.skel.h"

#define SESSION_LINKS_MAX (WT_COPIES * (2 * WT_HOOKS + 2))

/* A program that jumps to another (session_fentry.c). */
struct session_jump {
	int prog;
	char name[40];
};

struct session_link {
	struct bpf_link *link; /* NULL: libbpf does not know of it */
	int fd;
	const char *program; /* its name */
};

struct session {
	struct writetrace_bpf *skel;
	struct wt_meta meta; /* also of sessions that are not pinned */
	uint64_t wanted_ops; /* also those that this kernel does not show */
	bool fetches;	     /* programs may use atomic operations that tell the old value */
	bool typed_regs;     /* see struct wt_config */
	struct kernel_function hooks[WT_HOOKS]; /* of backend fentry */
	struct kernel_facts kernel;
	bool latency;
	bool follow;
	bool pinned; /* what is attached outlives us */
	int copies;  /* of exit programs: 1 or WT_COPIES */
	struct session_link links[SESSION_LINKS_MAX];
	unsigned int n_links;
	struct session_jump jumps[WT_COPIES * 2 * WT_HOOKS];
	unsigned int n_jumps;
};

/* How the programs are compiled. */
enum session_object {
	SESSION_OBJECT_PLAIN,
	SESSION_OBJECT_DIRECT,	 /* kernel memory is read by plain loads (6.12) */
	SESSION_OBJECT_NO_FETCH, /* without atomic operations that tell the old value (5.12) */
};

/** session_object - the programs as an ELF object */
const void *session_object(enum session_object object, size_t *size);

/** session_has_uring - operations of io_uring are traced */
bool session_has_uring(const struct session *s);

/** session_skeleton - open the skeleton over one of the objects
 *
 * @types_fd: where libbpf finds the kernel's types; negative: in the kernel's BTF.
 * Return: 0 or -errno.
 */
int session_skeleton(struct writetrace_bpf **skel, enum session_object object, int types_fd);

/* session_facts.c */

struct session_facts {
	struct kernel_facts kernel;
	struct kernel_function hooks[WT_HOOKS];
	bool counts_tracepoint_misses;
	int fentry_err;
	struct buf fentry_why;
};

/** session_gather - what is of use to that backend, or to all of them
 *
 * Return: 0 or -errno. Either way session_facts_free() frees what is in @facts.
 */
int session_gather(struct session_facts *facts, enum backend backend);
void session_facts_free(struct session_facts *facts);

/** session_use_hooks - what is true of the functions that fentry hooks */
void session_use_hooks(struct session *s, const struct session_facts *facts);

/** session_program - the program NAME_COPY, or NULL */
struct bpf_program *session_program(const struct session *s, const char *name, int copy);

/** session_hook - an entry or exit program of this session's backend, or NULL if it has none */
struct bpf_program *session_hook(const struct session *s, bool exit, unsigned int op, bool compat,
				 int copy);

/* session_config.c: settings and maps. Each returns 0 or -errno. */

/** session_lists_tasks - processes or threads are named, so that they can be followed */
bool session_lists_tasks(const struct session_options *o);

/** session_describe - what is known of the session before it is loaded, in meta */
void session_describe(struct session *s, const struct session_options *o);

/** session_configure - settings, sizes of maps, programs to load; before load */
int session_configure(struct session *s, const struct session_options *o);

/** session_fill - contents of maps; after load */
int session_fill(struct session *s, const struct session_options *o, struct buf *why);

/** session_fill_tasks - put tasks into one of the maps of tasks */
int session_fill_tasks(struct bpf_map *map, const struct filter_task *tasks, size_t n);

/** session_open_cgroup - Return: a descriptor, or -errno with the reason in @why */
int session_open_cgroup(const char *path, struct buf *why);

/* session_fentry.c; nothing happens with other backends. Each returns 0 or -errno. */

/** session_fentry_choose - programs to load; before load */
int session_fentry_choose(struct session *s);

/** session_fentry_fill - say which programs are jumped to; after load */
int session_fentry_fill(struct session *s);

/** session_fentry_is_copied - a program that is only loaded for its instructions */
bool session_fentry_is_copied(const char *program);

/** session_fentry_attach - attach copy number @copy of all entry or exit programs */
int session_fentry_attach(struct session *s, bool exit, int copy);

/* session_attach.c */

/** session_keep_fd - remember a link, or the error that there is instead; @program stays */
int session_keep_fd(struct session *s, int fd, const char *program);

/** session_attach - attach what was loaded and see it fire */
int session_attach(struct session *s, struct buf *why);

#endif
