// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the directory of a session. Numbers read there are checked, whoever wrote them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf.h>

#include "bpf/writetrace.h"
#include "bpffs_internal.h"
#include "buf.h"
#include "objects.h"

#define VALUE_MAX (1 << 20) /* no version's meta or shared is larger */

/* "anon_inode:bpf-map"; of links also "bpf_link" (kernel/bpf/syscall.c) */
enum bpffs_type bpffs_type(int fd)
{
	char path[32], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return BPFFS_NOTHING;
	target[n] = '\0';
	if (strstr(target, "bpf-link") || strstr(target, "bpf_link"))
		return BPFFS_LINK;
	if (strstr(target, "bpf-prog"))
		return BPFFS_PROGRAM;
	return strstr(target, "bpf-map") ? BPFFS_MAP : BPFFS_NOTHING;
}

/* By way of the directory's descriptor, so that nobody can put another one in its place; and
 * after a look, because the kernel would follow links. */
int bpffs_get_at(int dir, const char *name)
{
	char path[32 + NAME_MAX];
	struct stat st;

	if (strchr(name, '/'))
		return -EINVAL;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode) || st.st_uid)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	return bpf_obj_get(path);
}

/* An array with elements of at least @size bytes; what it is, in @info. */
static int open_array(int dir, const char *name, size_t size, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);
	int fd = bpffs_get_at(dir, name), err;

	if (fd < 0)
		return fd;
	memset(info, 0, sizeof(*info));
	if (bpffs_type(fd) != BPFFS_MAP)
		err = -EBADMSG;
	else
		err = bpf_obj_get_info_by_fd(fd, info, &len);
	if (!err && (info->type != BPF_MAP_TYPE_ARRAY || info->key_size != sizeof(__u32) ||
		     info->value_size < size || info->value_size > VALUE_MAX))
		err = -EBADMSG;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int bpffs_read(int dir, const char *name, void *value, size_t size)
{
	struct bpf_map_info info;
	__u32 first = 0;
	void *all;
	int fd, err;

	fd = open_array(dir, name, size, &info);
	if (fd < 0)
		return fd;
	all = malloc(info.value_size);
	err = all ? bpf_map_lookup_elem(fd, &first, all) : -ENOMEM;
	if (!err)
		memcpy(value, all, size);
	free(all);
	close(fd);
	return err;
}

/* Nothing such is there, as opposed to what could not be read now. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ELOOP || err == -EINVAL || err == -EBADMSG;
}

/* Up to and with that field. */
#define HEAD_SIZE(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

int bpffs_state(int dir)
{
	struct wt_shared shared;
	struct wt_meta meta;
	int err;

	err = bpffs_read(dir, OBJECTS_META, &meta, HEAD_SIZE(struct wt_meta, layout));
	if (err)
		return is_absent(err) ? BPFFS_FOREIGN : err;
	if (meta.magic != WT_MAGIC)
		return BPFFS_FOREIGN;
	if (meta.layout != WT_LAYOUT)
		return BPFFS_OTHER;
	err = bpffs_read(dir, OBJECTS_SHARED, &shared, HEAD_SIZE(struct wt_shared, enabled));
	if (!err && !shared.enabled)
		return BPFFS_UNUSED;
	return !err || is_absent(err) ? BPFFS_SESSION : err;
}

int bpffs_state_of(const struct bpffs *fs, const char *name)
{
	int dir = bpffs_open_dir(fs->fd, name, fs->path, NULL), state;

	if (dir < 0)
		return dir == -EINVAL ? BPFFS_FOREIGN : dir;
	state = bpffs_state(dir);
	close(dir);
	return state;
}

int bpffs_enable(int dir, bool on)
{
	struct bpf_map_info info;
	struct wt_shared *shared;
	int fd, was;

	fd = open_array(dir, OBJECTS_SHARED, HEAD_SIZE(struct wt_shared, enabled), &info);
	if (fd < 0)
		return fd;
	shared = mmap(NULL, info.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	was = shared == MAP_FAILED ? -errno : 0;
	close(fd);
	if (was)
		return was;
	was = !!__atomic_exchange_n(&shared->enabled, on, __ATOMIC_SEQ_CST);
	munmap(shared, info.value_size);
	return was;
}

int bpffs_each(struct bpffs *fs, int (*fn)(void *arg, const char *name), void *arg)
{
	struct dirent **list = NULL;
	int n, err = 0;

	n = bpffs_list(fs->fd, &list);
	if (n < 0)
		return n;
	for (int i = 0; !err && i < n; i++) {
		const char *name = list[i]->d_name;
		int state = bpffs_name_ok(name) ? bpffs_state_of(fs, name) : BPFFS_FOREIGN;

		if (state == BPFFS_SESSION || state == BPFFS_OTHER)
			err = fn(arg, name);
		else if (state < 0)
			err = state;
	}
	bpffs_free_list(list, n);
	return err;
}

int bpffs_open_session(struct bpffs *fs, const char *name, struct bpffs_dir **dir, struct buf *why)
{
	int fd, state, err = 0;

	*dir = NULL;
	if (!bpffs_name_ok(name)) {
		buf_printf(why, "'%s' cannot be the name of a session", name);
		return -EINVAL;
	}
	fd = bpffs_open_dir(fs->fd, name, fs->path, why);
	state = fd < 0 ? fd : bpffs_state(fd);
	if (state == -ENOENT || state == BPFFS_UNUSED) {
		buf_printf(why, "there is no session %s", name);
		err = -ENOENT;
	} else if (state == BPFFS_FOREIGN) {
		buf_printf(why, "%s/%s is not a session of writetrace", fs->path, name);
		err = -EINVAL;
	} else if (state < 0) {
		if (fd >= 0)
			buf_printf(why, "%s/%s: %s", fs->path, name, strerror(-state));
		err = state;
	}
	if (!err)
		*dir = malloc(sizeof(**dir));
	if (*dir) {
		(*dir)->fd = fd;
		return 0;
	}
	if (!err) {
		buf_puts(why, strerror(ENOMEM));
		err = -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

void bpffs_close_session(struct bpffs_dir *dir)
{
	if (!dir)
		return;
	close(dir->fd);
	free(dir);
}

int bpffs_get(const struct bpffs_dir *dir, const char *name)
{
	return bpffs_get_at(dir->fd, name);
}

int bpffs_session_lock(const struct bpffs_dir *dir)
{
	while (flock(dir->fd, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	return 0;
}

void bpffs_session_unlock(const struct bpffs_dir *dir)
{
	flock(dir->fd, LOCK_UN);
}
