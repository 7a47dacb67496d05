/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of bpffs share: directories nobody but root can have changed, and what is in them.
 */
#ifndef WT_BPFFS_INTERNAL_H
#define WT_BPFFS_INTERNAL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "bpffs.h"

struct bpffs {
	int fd;	    /* DIR/writetrace; holds the lock */
	char *path; /* of it, to show */
};

struct bpffs_dir {
	int fd;
};

/* Names we keep for ourselves: the kind, and 16 random digits. */
#define BPFFS_STAGE	   "stage_" /* being made, or replaced by what was made */
#define BPFFS_TRASH	   "trash_" /* being removed */
#define BPFFS_RESERVED_LEN (sizeof(BPFFS_STAGE) + 16)

/* What the directory of a session may turn out to be. */
enum bpffs_state {
	BPFFS_FOREIGN, /* none of ours */
	BPFFS_OTHER,   /* a session of another version */
	BPFFS_UNUSED,  /* a session that was never enabled, or no longer is */
	BPFFS_SESSION,
};

enum bpffs_type {
	BPFFS_NOTHING,
	BPFFS_LINK,
	BPFFS_PROGRAM,
	BPFFS_MAP,
};

/* bpffs.c */

/** bpffs_is_reserved - whether @name begins as those that we keep for ourselves */
bool bpffs_is_reserved(const char *name);

/** bpffs_reserve - a new name of that @kind */
int bpffs_reserve(const char *kind, char name[BPFFS_RESERVED_LEN]);

/** bpffs_open_dir - directory @name in @parent, if it is root's alone and of the same file system
 *
 * Return: a descriptor; -ENOENT; -EINVAL if it is anything else; another -errno. Except for
 * -ENOENT the reason is in @why, where the parent's path is @path. @why may be NULL.
 */
int bpffs_open_dir(int parent, const char *name, const char *path, struct buf *why);

/** bpffs_make_dir - the same for a directory that is made, with mode 0700
 *
 * Return: a descriptor; -EEXIST without a reason; another -errno with the reason in @why.
 */
int bpffs_make_dir(int parent, const char *name, const char *path, struct buf *why);

/** bpffs_list - what is in @dir, in order of names
 *
 * Return: how many are in @list, to be freed by bpffs_free_list(); or -errno.
 */
int bpffs_list(int dir, struct dirent ***list);
void bpffs_free_list(struct dirent **list, int n);

/** bpffs_try_lock - the exclusive lock if nobody holds any; else -EWOULDBLOCK */
int bpffs_try_lock(struct bpffs *fs);

/* bpffs_session.c */

/** bpffs_type - what the descriptor @fd refers to */
enum bpffs_type bpffs_type(int fd);

/** bpffs_get_at - a descriptor of what is pinned in @dir as @name
 *
 * Return: a descriptor; -ENOENT; -ELOOP for a symbolic link, which is never followed; -EINVAL for
 * anything else that no root pinned; another -errno.
 */
int bpffs_get_at(int dir, const char *name);

/** bpffs_read - the first @size bytes of the only element of the array @name in @dir
 *
 * Return: 0; -EBADMSG if it is another kind of object; another -errno.
 */
int bpffs_read(int dir, const char *name, void *value, size_t size);

/** bpffs_state - what the directory @dir is
 *
 * Return: an enum bpffs_state, or -errno if that could not be found out.
 */
int bpffs_state(int dir);

/** bpffs_state_of - the same of @name in DIR/writetrace; -ENOENT if there is nothing */
int bpffs_state_of(const struct bpffs *fs, const char *name);

/** bpffs_enable - let the programs of a session of our layout count, or stop them
 *
 * Return: whether they counted before, or -errno.
 */
int bpffs_enable(int dir, bool on);

/* bpffs_remove.c */

/** bpffs_discard - remove the directory @name, which is ours, and wait until all of it is gone
 *
 * Without @wait our process may still hold what is pinned there. @why may be NULL.
 */
int bpffs_discard(struct bpffs *fs, const char *name, bool wait, struct buf *why);

#endif
