/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only kernel fields we read; CO-RE finds their real offsets at load (trimmed by hand, no
 * vmlinux.h needed).
 */
#ifndef WT_KERNEL_H
#define WT_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* arch/ARCH/include/asm/ptrace.h: a system call's arguments, still there when it returns. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di, bx, cx, bp, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#else
#error "pt_regs of this architecture is missing"
#endif

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_rdev;
	__u32 i_generation;
	long long i_size;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	unsigned int f_flags;
	unsigned int f_mode;
	long long f_pos;
	void *private_data; /* of a socket: struct socket */
};

struct in6_addr_ {
	__u64 half[2];
};

struct sock_common {
	__u32 skc_daddr;
	__u16 skc_dport;
	__u16 skc_family;
	struct in6_addr_ skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	int len; /* of the name, its family included */
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct atomic_t_ {
	int counter;
};

struct signal_struct {
	struct {
		int counter;
	} live;
	struct pid *pids[4]; /* enum pid_type: PIDTYPE_PGID is 2 */
};

struct task_io_accounting {
	__u64 syscw;
};

struct thread_info {
	__u32 status;
	unsigned long flags;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct cred {
	struct {
		unsigned int val;
	} uid;
};

struct sigpending {
	struct {
		unsigned long sig[1];
	} signal;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sigpending pending; /* for this thread */
	struct task_io_accounting ioac;
	unsigned int flags;
	const struct cred *cred;
	struct css_set *cgroups;
	char comm[16];
};

struct kiocb {
	long long ki_pos;
};

/* Of an io_uring request: what the kernel calls its command data, at its beginning. */
struct io_rw {
	struct kiocb kiocb;
	__u64 addr;
	__u32 len;
};

struct io_sr_msg {
	void *umsg; /* struct user_msghdr, or that of a 32-bit program */
	__u32 len;
};

struct io_ring_ctx {
	unsigned int compat : 1;
	unsigned int int_flags; /* Linux 7: the same is a bit of these */
};

struct io_cqe {
	__u64 user_data;
	int res;
	int fd;
};

struct io_kiocb {
	struct file *file;
	struct io_ring_ctx *ctx;
	__u8 opcode;
	unsigned int flags;
	__u64 user_data; /* before Linux 5.19 */
	struct io_cqe cqe;
};

struct io_uring_cqe {
	int res;
};

#pragma clang attribute pop

#define PIDTYPE_PGID 2

/* include/uapi/linux/stat.h */
#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFREG	 0100000
#define S_IFBLK	 0060000
#define S_IFDIR	 0040000
#define S_IFCHR	 0020000
#define S_IFIFO	 0010000

/* include/uapi/linux/magic.h */
#define PIPEFS_MAGIC	    0x50495045
#define SOCKFS_MAGIC	    0x534F434B
#define ANON_INODE_FS_MAGIC 0x09041934

/* include/linux/kdev_t.h */
#define KDEV_MAJOR(dev) ((dev) >> 20)

/* include/linux/socket.h */
#define AF_UNIX	    1
#define AF_INET	    2
#define AF_INET6    10

#define FMODE_WRITE 2 /* include/linux/fs.h */

#define O_APPEND    02000 /* include/uapi/asm-generic/fcntl.h */

#define SIGSYS	    31 /* include/uapi/asm-generic/signal.h */

/* include/linux/errno.h: never seen by user space; the call is made again, or fails with EINTR. */
#define ERESTARTSYS	      512
#define ERESTART_RESTARTBLOCK 516

#endif
