/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a file descriptor to a file's identity, and to its path the first time it is seen.
 */
#ifndef WT_FILE_BPF_H
#define WT_FILE_BPF_H

#include "filter.bpf.h"
#include "path.bpf.h"
#include "recorder.bpf.h"
#include "socket.bpf.h"

#define SEEN_WANTED 1ULL /* bit 0 of a value of map seen */

/* Where in the calling task's table of files fd is, or NULL. */
static __always_inline struct file **file_entry(struct task_struct *task, __u32 fd)
{
	struct files_struct *files = kread(task_struct, task, files);
	struct fdtable *fdt = kread(files_struct, files, fdt);

	if (!fdt || fd >= kread(fdtable, fdt, max_fds))
		return NULL;
	return kread(fdtable, fdt, fd) + fd;
}

/* The file behind fd of the calling task, or NULL. */
static __always_inline struct file *file_by_fd(struct task_struct *task, __u32 fd)
{
	struct file **entry = file_entry(task, fd), *file = NULL;

	if (entry)
		bpf_probe_read_kernel(&file, sizeof(file), entry);
	return file;
}

/* The same as a pointer that is known to be one, where there is such a thing. */
static __always_inline struct file *file_of_call(struct task_struct *task, __u32 fd)
{
#ifdef WT_DIRECT
	__u64 entry = (__u64)file_entry(task, fd);

	/* the entry as if it were a table's member of that type */
	if (!entry)
		return NULL;
	entry -= bpf_core_field_offset(struct fdtable, fd);
	return (struct file *)kread(fdtable, entry, fd);
#else
	return file_by_fd(task, fd);
#endif
}

static __always_inline bool dentry_unhashed(struct dentry *dentry)
{
	return !kread(dentry, dentry, d_hash.pprev);
}

static __always_inline bool dentry_is_root(struct dentry *dentry)
{
	return kread(dentry, dentry, d_parent) == dentry;
}

/*
 * Identity of an open file under its name: inode number, generation and superblock, and where the
 * name hangs. A number that is used again, a hard link, a rename and a deletion each make another
 * identity, so that each is described anew.
 */
static __always_inline __u64 file_identity(struct file *file)
{
	struct inode *inode = kread(file, file, f_inode);
	struct dentry *dentry = kread(file, file, f_path.dentry);
	__u64 hash;

	/* a sum of products, which the processor works out at the same time; factors are odd */
	hash = kread_number(kread(inode, inode, i_sb)) * 0x9e3779b97f4a7c15ULL;
	hash += kread(inode, inode, i_ino) * 0xd6e8feb86659fd93ULL;
	hash += kread(inode, inode, i_generation) * 0xa0761d6478bd642fULL;
	hash += kread_number(kread(file, file, f_path.mnt)) * 0xe7037ed1a0b428dbULL;
	hash += kread_number(dentry) * 0x8ebc6af09c88c6e3ULL;
	hash += kread_number(kread(dentry, dentry, d_parent)) * 0x589965cc75374cc3ULL;
	hash += kread(dentry, dentry, d_name.hash_len) * 0x1d8e4e27c47d124fULL;
	hash = mix(hash, dentry_unhashed(dentry));
	if ((kread(inode, inode, i_mode) & S_IFMT) == S_IFSOCK)
		hash = mix(hash, socket_identity(file));
	hash &= ~SEEN_WANTED;
	return hash ? hash : 2; /* 0 is an empty slot */
}

static __always_inline bool major_is_tty(__u32 major)
{
	return major < 8 * sizeof(cfg.tty_major) &&
	       (cfg.tty_major[(major >> 3) & (sizeof(cfg.tty_major) - 1)] & (1 << (major & 7)));
}

/* `root`: the dentry is its own parent, so no name leads to what is no directory (memfd and the
 * like). */
static __always_inline enum wt_kind file_kind(__u32 mode, __u64 magic, __u32 rdev, bool root)
{
	if (magic == ANON_INODE_FS_MAGIC)
		return WT_KIND_ANON;
	switch (mode & S_IFMT) {
	case S_IFREG:
		return root ? WT_KIND_ANON : WT_KIND_FILE;
	case S_IFDIR:
		return WT_KIND_FILE;
	case S_IFIFO:
		return WT_KIND_PIPE;
	case S_IFSOCK:
		return WT_KIND_SOCKET;
	case S_IFBLK:
		return WT_KIND_BLOCK;
	case S_IFCHR:
		return major_is_tty(KDEV_MAJOR(rdev)) ? WT_KIND_TTY : WT_KIND_CHAR;
	}
	return WT_KIND_ANON;
}

/* Fills s->file and the path that belongs to it, in s->build from s->path_start on. */
static __always_inline void file_describe(struct wt_scratch *s, __u32 place, struct file *file,
					  __u64 id)
{
	struct inode *inode = kread(file, file, f_inode);
	struct dentry *dentry = kread(file, file, f_path.dentry);
	struct super_block *sb = kread(inode, inode, i_sb);
	__u64 magic = kread(super_block, sb, s_magic);
	int state;

	s->file.type = WT_RECORD_FILE;
	s->file.undecided = 0;
	s->file.peer_len = 0;
	s->file.id = id;
	s->file.ino = kread(inode, inode, i_ino);
	s->file.dev = kread(super_block, sb, s_dev);
	s->file.mode = kread(inode, inode, i_mode);
	s->file.kind =
		file_kind(s->file.mode, magic, kread(inode, inode, i_rdev), dentry_is_root(dentry));
	s->path_start = WT_PATH_MAX;
	if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || s->file.kind == WT_KIND_ANON) {
		path_pseudo(s, place, dentry, magic, s->file.ino);
		if (magic == SOCKFS_MAGIC)
			s->file.peer_len = socket_describe(place, (__u64)file);
		s->file.path_state = WT_PATH_PLAIN;
		return;
	}
	s->dentry = (__u64)dentry;
	s->mnt = (__u64)kread(file, file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
	state = path_walk(place);
	if (state == WT_PATH_PLAIN && !dentry_is_root(dentry) && dentry_unhashed(dentry))
		state = WT_PATH_DELETED;
	s->file.path_state = state;
}

enum file_verdict { FILE_UNWANTED, FILE_WANTED, FILE_NOT_SENT };

static __always_inline enum file_verdict file_filter(struct wt_scratch *s, __u32 place,
						     __u32 path_len)
{
	int verdict;

	if (cfg.kinds && !(cfg.kinds & (1 << s->file.kind)))
		return FILE_UNWANTED;
	if (!cfg.path_globs)
		return FILE_WANTED;
	verdict = glob_match_any(place, cfg.comm_globs, cfg.comm_globs + cfg.path_globs,
				 s->path_start, path_len);
	if (verdict == GLOB_UNDECIDED && !cfg.stream)
		return FILE_NOT_SENT; /* nobody decides later */
	s->file.undecided = verdict == GLOB_UNDECIDED;
	return verdict != GLOB_NO ? FILE_WANTED : FILE_UNWANTED;
}

/* Brings s->file, the path and the peer into one piece. Return: bytes behind s->file, or -1. */
static __always_inline int file_gather(struct wt_scratch *s)
{
	__u32 start = s->path_start, len;

	if (start > WT_PATH_MAX)
		return -1;
	len = WT_PATH_MAX - start;
	s->file.path_len = len;
	len += s->file.peer_len;
	barrier_var(len);
	if (len > WT_FILE_TAIL_MAX || bpf_probe_read_kernel(s->path, len, s->build + start))
		return -1;
	return len;
}

/* Describes a file and, if it is wanted, sends its record. */
wt_function int file_introduce(__u32 place, __u64 file, __u64 id)
{
	struct wt_scratch *s = scratch_get(place);
	int verdict, len;

	if (!s)
		return FILE_NOT_SENT;
	file_describe(s, place, (struct file *)file, id);
	verdict = file_filter(s, place, WT_PATH_MAX - s->path_start);
	if (verdict != FILE_WANTED)
		return verdict;
	len = file_gather(s);
	if (len < 0 || len > WT_FILE_TAIL_MAX)
		return FILE_NOT_SENT;
	if (cfg.stream &&
	    bpf_ringbuf_output(&ring, &s->file, sizeof(s->file) + len, BPF_RB_NO_WAKEUP))
		return FILE_NOT_SENT;
	return FILE_WANTED;
}

/*
 * Is this file wanted? Sets its identity; the first time, its record goes ahead of the events. A
 * socket is another with each address, at a user address, that is sent to.
 */
static __always_inline enum file_verdict file_wanted(struct file *file, __u64 *id, __u64 to,
						     __u32 to_len)
{
	volatile __u64 *known;
	struct wt_scratch *s;
	int verdict, place;
	__u64 word;
	__u32 key;

	*id = file_identity(file);
	if (cfg.addresses && to) {
		word = socket_identity_to((__u64)file, *id, to, to_len) & ~SEEN_WANTED;
		if (word == *id || !word)
			to = 0; /* it makes no difference */
		else
			*id = word;
	}
	if (!cfg.stream && !cfg.record && !cfg.kinds && !cfg.path_globs)
		return FILE_WANTED;
	key = (*id >> 1) & cfg.file_mask;
	known = bpf_map_lookup_elem(&seen, &key);
	if (!known)
		return FILE_NOT_SENT;
	word = *known;
	if ((word & ~SEEN_WANTED) == *id) {
		if (!(word & SEEN_WANTED))
			return FILE_UNWANTED;
		if (!cfg.record || path_is_recorded(key, *id))
			return FILE_WANTED;
	}
	place = scratch_take();
	if (place == NO_SCRATCH)
		return FILE_NOT_SENT;
	s = scratch_get(place);
	if (cfg.addresses && s) {
		s->to = to;
		s->to_len = to_len;
	}
	verdict = file_introduce(place, (__u64)file, *id);
	if (cfg.record && verdict == FILE_WANTED)
		record_path(place, key);
	scratch_put(place);
	if (verdict != FILE_NOT_SENT)
		*known = *id | (verdict == FILE_WANTED ? SEEN_WANTED : 0);
	return verdict;
}

#endif
