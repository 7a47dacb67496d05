// SPDX-License-Identifier: GPL-2.0-only
#include "bpffs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "bpffs_internal.h"
#include "buf.h"
#include "kernel.h"

#define HOME "writetrace"

bool bpffs_is_reserved(const char *name)
{
	return !strncmp(name, BPFFS_STAGE, strlen(BPFFS_STAGE)) ||
	       !strncmp(name, BPFFS_TRASH, strlen(BPFFS_TRASH));
}

bool bpffs_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-");

	return len && len <= WT_NAME_MAX && !name[len] && !bpffs_is_reserved(name);
}

int bpffs_reserve(const char *kind, char name[BPFFS_RESERVED_LEN])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(name, BPFFS_RESERVED_LEN, "%s%016" PRIx64, kind, random);
	return 0;
}

/* What is wrong with the directory @fd, said in @why. */
static int check_dir(int parent, int fd, struct buf *why)
{
	struct stat up, st;
	int err;

	if (fstat(parent, &up) || fstat(fd, &st)) {
		err = -errno;
		buf_printf(why, ": %s", strerror(-err));
		return err;
	}
	if (st.st_uid)
		buf_printf(why, " belongs to uid %u, not to root; remove it first", st.st_uid);
	else if (st.st_mode & 022)
		buf_printf(why, " can be changed by others than root (mode %04o); remove it first",
			   st.st_mode & 07777);
	else if (st.st_dev != up.st_dev)
		buf_puts(why, " is another file system; unmount it first");
	else
		return 0;
	return -EINVAL;
}

/* Why it cannot be opened, said in @why. */
static int check_no_dir(int parent, const char *name, int err, struct buf *why)
{
	struct stat st;

	if ((err != -ENOTDIR && err != -ELOOP) || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW)) {
		buf_printf(why, ": %s", strerror(-err));
		return err;
	}
	buf_puts(why, S_ISLNK(st.st_mode) ? " is a symbolic link; remove it first"
					  : " is no directory; remove it first");
	return -EINVAL;
}

int bpffs_open_dir(int parent, const char *name, const char *path, struct buf *why)
{
	struct buf reason = {};
	int fd, err;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	err = fd < 0 ? check_no_dir(parent, name, -errno, &reason) : check_dir(parent, fd, &reason);
	if (err && why)
		buf_printf(why, "%s/%s%s", path, name, buf_cstr(&reason));
	buf_free(&reason);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

int bpffs_make_dir(int parent, const char *name, const char *path, struct buf *why)
{
	int fd, err;

	if (mkdirat(parent, name, 0700)) {
		err = -errno;
		if (err != -EEXIST)
			buf_printf(why, "%s/%s cannot be made: %s", path, name, strerror(-err));
		return err;
	}
	fd = bpffs_open_dir(parent, name, path, why);
	if (fd >= 0 && !fchmod(fd, 0700)) /* whatever the umask is */
		return fd;
	err = fd < 0 ? fd : -errno;
	if (fd == -ENOENT || fd >= 0)
		buf_printf(why, "%s/%s: %s", path, name, strerror(-err));
	if (fd >= 0)
		close(fd);
	unlinkat(parent, name, AT_REMOVEDIR);
	return err;
}

static int no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int bpffs_list(int dir, struct dirent ***list)
{
	int n = scandirat(dir, ".", list, no_dots, by_name);

	return n < 0 ? -errno : n;
}

void bpffs_free_list(struct dirent **list, int n)
{
	for (int i = 0; i < n; i++)
		free(list[i]);
	if (n >= 0)
		free(list);
}

static bool is_bpffs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* A directory with something in it, or mounted on it, is in use by others. */
static bool is_free(int fd)
{
	struct stat st, up;
	struct dirent **list = NULL;
	int n;

	if (fstat(fd, &st) || fstatat(fd, "..", &up, 0) || st.st_dev != up.st_dev)
		return false;
	n = bpffs_list(fd, &list);
	bpffs_free_list(list, n);
	return !n;
}

/*
 * Mounts a BPF file system at the usual place, which is open as @fd.
 *
 * Two that do so at the same time would hide the sessions of one of them, so they lock the
 * directory below. But that lock is anybody's, so it is not waited for long.
 */
static int mount_bpffs(int fd, struct buf *why)
{
	int err;

	if (!is_free(fd)) {
		buf_puts(why, KERNEL_BPFFS_DIR " is in use, and not as a BPF file system");
		return -EOPNOTSUPP;
	}
	for (int tries = 0; tries < 100 && flock(fd, LOCK_EX | LOCK_NB); tries++)
		poll(NULL, 0, 10);
	if (kernel_is_bpffs(KERNEL_BPFFS_DIR) ||
	    !mount("bpf", KERNEL_BPFFS_DIR, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return 0;
	err = -errno;
	buf_printf(why, "a BPF file system cannot be mounted (%s); try: mount -t bpf bpf %s",
		   strerror(-err), KERNEL_BPFFS_DIR);
	return err == -EPERM || err == -EACCES || err == -ENODEV ? -EOPNOTSUPP : err;
}

/* The BPF file system itself, by a descriptor. */
static int open_mount(const char *dir, bool create, struct buf *why)
{
	bool usual = !strcmp(dir, KERNEL_BPFFS_DIR);
	int fd, err;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		buf_printf(why, "%s: %s%s", dir, strerror(-err),
			   err == -EACCES && geteuid() ? "; run as root" : "");
		if (err == -EACCES)
			return -EOPNOTSUPP;
		if (err != -ENOENT)
			return err;
		return !usual ? -ENODEV : create ? -EOPNOTSUPP : -ENOENT;
	}
	if (is_bpffs(fd))
		return fd;
	if (!usual) {
		buf_printf(why, "%s is not a BPF file system", dir);
		err = -ENODEV;
	} else if (!create) {
		buf_printf(why, "no BPF file system is mounted at %s", dir);
		err = -ENOENT;
	} else {
		err = mount_bpffs(fd, why);
	}
	close(fd);
	return err ? err : open_mount(dir, false, why);
}

/* DIR/writetrace, by a descriptor. */
static int open_home(int parent, const char *dir, bool create, struct buf *why)
{
	int fd = bpffs_open_dir(parent, HOME, dir, why);

	if (fd == -ENOENT && create && geteuid()) {
		buf_printf(why, "%s/" HOME " can be made by root only", dir);
		return -EOPNOTSUPP;
	}
	if (fd == -ENOENT && create) {
		fd = bpffs_make_dir(parent, HOME, dir, why);
		if (fd == -EEXIST) /* by somebody else, just now */
			fd = bpffs_open_dir(parent, HOME, dir, why);
	}
	if (fd == -ENOENT)
		buf_printf(why, "%s/" HOME " does not exist", dir);
	return fd == -EACCES || fd == -EPERM ? -EOPNOTSUPP : fd;
}

int bpffs_open(struct bpffs **fs, const char *dir, bool create, struct buf *why)
{
	int parent, fd;

	*fs = NULL;
	if (access("/proc/self/fd", F_OK)) { /* what is pinned is reached through it */
		buf_puts(why, "/proc is not mounted");
		return -EOPNOTSUPP;
	}
	parent = open_mount(dir, create, why);
	if (parent < 0)
		return parent;
	fd = open_home(parent, dir, create, why);
	close(parent);
	if (fd < 0)
		return fd;
	*fs = malloc(sizeof(**fs));
	if (*fs && asprintf(&(*fs)->path, "%s/" HOME, dir) >= 0) {
		(*fs)->fd = fd;
		return 0;
	}
	free(*fs);
	*fs = NULL;
	close(fd);
	buf_puts(why, strerror(ENOMEM));
	return -ENOMEM;
}

void bpffs_close(struct bpffs *fs)
{
	if (!fs)
		return;
	close(fs->fd);
	free(fs->path);
	free(fs);
}

int bpffs_lock(struct bpffs *fs, bool exclusive)
{
	while (flock(fs->fd, exclusive ? LOCK_EX : LOCK_SH))
		if (errno != EINTR)
			return -errno;
	return 0;
}

int bpffs_try_lock(struct bpffs *fs)
{
	return flock(fs->fd, LOCK_EX | LOCK_NB) ? -errno : 0;
}

/* Said to the kernel rather than left to close(): a child process may have the descriptor, too. */
void bpffs_unlock(struct bpffs *fs)
{
	flock(fs->fd, LOCK_UN);
}

bool bpffs_has_any(const char *dir)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool has;

	if (fd < 0)
		return false;
	has = !fstatat(fd, HOME, &st, AT_SYMLINK_NOFOLLOW);
	close(fd);
	return has;
}
