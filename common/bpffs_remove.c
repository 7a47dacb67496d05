// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing sessions and the remains of those who were killed while they made or removed one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf.h>

#include "bpf/writetrace.h"
#include "bpffs_internal.h"
#include "buf.h"
#include "objects.h"

#define DEPTH_MAX   3 /* of directories below a session, should another version have such */
#define WAIT_MAX_MS 10000
#define POLL_MAX_MS 20

struct leaving_id {
	__u32 id;
	bool link; /* else a program */
};

/* Links and programs that were unpinned, until the kernel has let go of them. */
struct leaving {
	struct leaving_id *ids;
	size_t n;
	bool wanted; /* else none are remembered */
};

/* What cannot be remembered is not waited for. */
static void leaving_add_id(struct leaving *leaving, __u32 id, bool link)
{
	struct leaving_id *ids = realloc(leaving->ids, (leaving->n + 1) * sizeof(*ids));

	if (!ids)
		return;
	leaving->ids = ids;
	ids[leaving->n].id = id;
	ids[leaving->n++].link = link;
}

/* A link's program stays for longer than the link itself. */
static void leaving_add(struct leaving *leaving, int fd, enum bpffs_type type)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	__u32 link_len = sizeof(link), prog_len = sizeof(prog);

	if (!leaving->wanted)
		return;
	if (type == BPFFS_LINK && !bpf_obj_get_info_by_fd(fd, &link, &link_len)) {
		leaving_add_id(leaving, link.id, true);
		leaving_add_id(leaving, link.prog_id, false);
	} else if (type == BPFFS_PROGRAM && !bpf_obj_get_info_by_fd(fd, &prog, &prog_len)) {
		leaving_add_id(leaving, prog.id, false);
	}
}

/* Gone, or beyond what we may know. */
static bool is_gone(const struct leaving_id *which)
{
	int fd = which->link ? bpf_link_get_fd_by_id(which->id) : bpf_prog_get_fd_by_id(which->id);

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT || fd == -EPERM;
}

static uint64_t now_ms(void)
{
	struct timespec ts = {};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Detaching from a tracepoint takes the kernel 70 ms, and it does so behind our back. */
static void leaving_wait(struct leaving *leaving)
{
	uint64_t end_ms = now_ms() + WAIT_MAX_MS;
	int pause_ms = 1;

	while (leaving->n && now_ms() < end_ms) {
		size_t left = 0;

		for (size_t i = 0; i < leaving->n; i++)
			if (!is_gone(&leaving->ids[i]))
				leaving->ids[left++] = leaving->ids[i];
		leaving->n = left;
		if (!left)
			break;
		poll(NULL, 0, pause_ms);
		pause_ms = 2 * pause_ms < POLL_MAX_MS ? 2 * pause_ms : POLL_MAX_MS;
	}
	free(leaving->ids);
	leaving->ids = NULL;
	leaving->n = 0;
}

/* In this order things are removed: what counts goes first. */
enum turn {
	TURN_LINK,
	TURN_DIR,
	TURN_PROGRAM,
	TURN_REST,
	TURN_COUNT,
};

static enum turn choose_turn(int dir, const char *name, struct leaving *leaving)
{
	enum bpffs_type type;
	int fd = bpffs_get_at(dir, name);

	if (fd < 0) {
		fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			close(fd);
			return TURN_DIR;
		}
		return strncmp(name, "link", 4) ? TURN_REST : TURN_LINK;
	}
	type = bpffs_type(fd);
	leaving_add(leaving, fd, type);
	close(fd);
	if (type == BPFFS_LINK || !strncmp(name, "link", 4))
		return TURN_LINK;
	return type == BPFFS_PROGRAM ? TURN_PROGRAM : TURN_REST;
}

static int empty_dir(int dir, int depth, struct leaving *leaving);

static int remove_dir(int parent, const char *name, int depth, struct leaving *leaving)
{
	int dir, err;

	if (depth > DEPTH_MAX)
		return -ENOTEMPTY;
	dir = bpffs_open_dir(parent, name, NULL, NULL);
	if (dir < 0)
		return dir;
	err = empty_dir(dir, depth, leaving);
	close(dir);
	if (!err && unlinkat(parent, name, AT_REMOVEDIR))
		err = -errno;
	return err;
}

/* Goes on after errors; the first one is returned. */
static int empty_dir(int dir, int depth, struct leaving *leaving)
{
	struct dirent **list = NULL;
	enum turn *turns;
	int n, err = 0, one;

	n = bpffs_list(dir, &list);
	if (n < 0)
		return n;
	turns = calloc(n + 1, sizeof(*turns));
	if (!turns)
		err = -ENOMEM;
	for (int i = 0; turns && i < n; i++)
		turns[i] = choose_turn(dir, list[i]->d_name, leaving);
	for (enum turn turn = 0; turns && turn < TURN_COUNT; turn++) {
		for (int i = 0; i < n; i++) {
			if (turns[i] != turn)
				continue;
			if (turn == TURN_DIR)
				one = remove_dir(dir, list[i]->d_name, depth + 1, leaving);
			else
				one = unlinkat(dir, list[i]->d_name, 0) ? -errno : 0;
			if (one && one != -ENOENT && !err)
				err = one;
		}
	}
	free(turns);
	bpffs_free_list(list, n);
	return err;
}

/*
 * From here on @name is nobody's: its programs count nothing, and it is called otherwise. If that
 * fails, a session is as it was.
 */
static int set_aside(struct bpffs *fs, const char *name, char trash[BPFFS_RESERVED_LEN])
{
	int dir, state, was = 0, err;

	dir = bpffs_open_dir(fs->fd, name, fs->path, NULL);
	if (dir < 0)
		return dir;
	state = bpffs_state(dir);
	if (state == BPFFS_SESSION || state == BPFFS_UNUSED)
		was = bpffs_enable(dir, false);
	err = bpffs_reserve(BPFFS_TRASH, trash);
	if (!err && renameat2(fs->fd, name, fs->fd, trash, RENAME_NOREPLACE))
		err = -errno;
	if (err && was > 0 && !bpffs_is_reserved(name))
		bpffs_enable(dir, true);
	close(dir);
	return err;
}

static int discard(struct bpffs *fs, const char *name, struct leaving *leaving)
{
	char trash[BPFFS_RESERVED_LEN];
	int err = set_aside(fs, name, trash);

	if (!err)
		name = trash;
	else if (!bpffs_is_reserved(name))
		return err;
	/* else as it is called; and once more if memory or descriptors were short for a moment */
	err = remove_dir(fs->fd, name, 0, leaving);
	return err ? remove_dir(fs->fd, name, 0, leaving) : 0;
}

int bpffs_discard(struct bpffs *fs, const char *name, bool wait, struct buf *why)
{
	struct leaving leaving = { .wanted = wait };
	int err = discard(fs, name, &leaving);

	leaving_wait(&leaving);
	if (err && why)
		buf_printf(why, "%s/%s cannot be removed: %s", fs->path, name, strerror(-err));
	return err;
}

int bpffs_remove(struct bpffs *fs, const char *name, struct buf *why)
{
	int state;

	if (!bpffs_name_ok(name)) {
		buf_printf(why, "'%s' cannot be the name of a session", name);
		return -EINVAL;
	}
	state = bpffs_state_of(fs, name);
	if (state == -ENOENT)
		buf_printf(why, "there is no session %s", name);
	else if (state < 0)
		buf_printf(why, "%s/%s: %s", fs->path, name, strerror(-state));
	else if (state == BPFFS_FOREIGN)
		buf_printf(why, "%s/%s is not a session of writetrace", fs->path, name);
	else
		return bpffs_discard(fs, name, true, why);
	return state < 0 ? state : -EINVAL;
}

/* A file or a link by such a name is none of ours. */
static bool is_remain(const struct bpffs *fs, const char *name)
{
	int dir;

	if (bpffs_name_ok(name))
		return bpffs_state_of(fs, name) == BPFFS_UNUSED;
	if (!bpffs_is_reserved(name))
		return false;
	dir = bpffs_open_dir(fs->fd, name, fs->path, NULL);
	if (dir < 0)
		return false;
	close(dir);
	return true;
}

typedef void remain_fn(struct bpffs *fs, const char *name, struct leaving *leaving);

/* Returns how many there are; without @fn it only counts them. */
static int for_each_remain(struct bpffs *fs, remain_fn *fn, struct leaving *leaving)
{
	struct dirent **list = NULL;
	int n = bpffs_list(fs->fd, &list), found = 0;

	for (int i = 0; i < n; i++) {
		if (!is_remain(fs, list[i]->d_name))
			continue;
		found++;
		if (fn)
			fn(fs, list[i]->d_name, leaving);
	}
	bpffs_free_list(list, n);
	return found;
}

static void free_name(struct bpffs *fs, const char *name, struct leaving *leaving)
{
	char trash[BPFFS_RESERVED_LEN];

	(void)leaving;
	if (!bpffs_is_reserved(name))
		set_aside(fs, name, trash);
}

/*
 * A stage that counts was published once, and then exchanged for one that should replace it. If
 * that one never came to count, the name is free by now, and the old session gets it back.
 */
static void restore(struct bpffs *fs, const char *name, struct leaving *leaving)
{
	struct wt_shared shared;
	struct wt_meta meta;
	int dir;

	(void)leaving;
	if (strncmp(name, BPFFS_STAGE, strlen(BPFFS_STAGE)))
		return;
	dir = bpffs_open_dir(fs->fd, name, fs->path, NULL);
	if (dir < 0)
		return;
	/* one that was never whole may have meta already */
	if (bpffs_state(dir) == BPFFS_SESSION &&
	    !bpffs_read(dir, OBJECTS_SHARED, &shared, sizeof(shared)) && shared.enabled &&
	    !bpffs_read(dir, OBJECTS_META, &meta, sizeof(meta))) {
		meta.name[sizeof(meta.name) - 1] = '\0';
		if (bpffs_name_ok(meta.name))
			renameat2(fs->fd, name, fs->fd, meta.name, RENAME_NOREPLACE);
	}
	close(dir);
}

static void discard_remain(struct bpffs *fs, const char *name, struct leaving *leaving)
{
	discard(fs, name, leaving);
}

void bpffs_sweep(struct bpffs *fs)
{
	struct leaving leaving = { .wanted = true };

	if (!for_each_remain(fs, free_name, &leaving))
		return;
	for_each_remain(fs, restore, &leaving);
	for_each_remain(fs, discard_remain, &leaving);
	leaving_wait(&leaving);
}

void bpffs_sweep_if_needed(struct bpffs *fs)
{
	if (!for_each_remain(fs, NULL, NULL) || bpffs_try_lock(fs))
		return;
	bpffs_sweep(fs);
	bpffs_unlock(fs);
}
