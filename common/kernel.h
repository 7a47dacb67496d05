/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks the running kernel what it supports.
 *
 * Answers come from trying, or from what the kernel says of itself; never from its version.
 */
#ifndef WT_KERNEL_FACTS_H
#define WT_KERNEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "bpf/writetrace.h"

struct btf;
struct buf;

#define KERNEL_BTF_PATH "/sys/kernel/btf/vmlinux"

/** kernel_has_btf - the kernel describes its own types (CONFIG_DEBUG_INFO_BTF) */
bool kernel_has_btf(void);

/** kernel_preempts - whether tasks can be preempted inside a BPF program
 *
 * True where the kernel does not say: that costs time, the opposite error costs events.
 * Source: the preemption model in debugfs, the command line, the configuration, uname -v.
 */
bool kernel_preempts(struct buf *detail);

/** kernel_lockdown - the lockdown mode: "none", "integrity", "confidentiality"; "" if not known */
void kernel_lockdown(struct buf *mode);

/** kernel_strerror - what an error of bpf() means, negative or not
 *
 * As strerror(), and an error that is no program's but the kernel's own.
 */
const char *kernel_strerror(int err);

/** kernel_pidns_ino - inode number of our pid namespace, 0 for the initial one or an unknown one */
uint64_t kernel_pidns_ino(void);

/** kernel_tty_majors - set a bit in @bits (64 bytes) for each major number below 512 that
 * belongs to terminals. Source: /proc/tty/drivers. */
void kernel_tty_majors(uint8_t *bits);

/** kernel_find_tracefs - where tracefs is mounted
 *
 * Return: its path, or NULL.
 */
const char *kernel_find_tracefs(void);

/** kernel_mount_tracefs - mount tracefs at its usual place unless it is mounted
 *
 * Return: 0 or -errno, with the reason and what would help in @why.
 */
int kernel_mount_tracefs(struct buf *why);

#define KERNEL_BPFFS_DIR "/sys/fs/bpf"

/** kernel_is_bpffs - a BPF file system is mounted there */
bool kernel_is_bpffs(const char *dir);

/** kernel_wait_for_programs - returns once every BPF program that runs now has ended
 *
 * Return: 0 or -errno.
 */
int kernel_wait_for_programs(void);

/** kernel_raise_memlock - lift RLIMIT_MEMLOCK where the kernel counts BPF memory by it
 * (before 5.11)
 *
 * Return: 1 if it had to be raised, 0 if not, or -errno.
 */
int kernel_raise_memlock(void);

/* What the kernel's functions for system calls begin with */
#if defined(__x86_64__)
#define KERNEL_SYSCALL "__x64_sys_"
#elif defined(__aarch64__)
#define KERNEL_SYSCALL "__arm64_sys_"
#endif

/** kernel_try_fentry - attach an empty program to the function of a system call
 *
 * Return: 0 or -errno, with the reason in @why.
 */
int kernel_try_fentry(const struct btf *btf, struct buf *why);

/* How this kernel tells of io_uring's requests. */
struct kernel_uring {
	int layout;	      /* enum wt_uring */
	bool overflows;	      /* of what overflows is told apart */
	uint32_t compat_flag; /* what marks 32-bit programs' rings, where it is a flag (7.x) */
	const char *submit; /* name of the programs for the submission, without the copy's number */
};

/* What the kernel's BTF tells that sessions of all backends need. */
struct kernel_facts {
	bool direct;	      /* bpf_rdonly_cast exists */
	bool safe_fexit;      /* a function with fexit may sleep */
	bool storage_refuses; /* task storage, if a program has preempted another at it */
	struct kernel_uring uring;
	uint32_t types[WT_TYPE_COUNT]; /* their numbers; 0: there is none */
	int types_fd; /* a BTF of those types that our programs know; negative: there is none */
};

/** kernel_btf_load - the kernel's BTF, mapped where the kernel lets it be (Linux 6.16), else read
 *
 * Return: the caller's to free; NULL with errno.
 */
struct btf *kernel_btf_load(void);

/** kernel_gather - look through the kernel's BTF, once
 *
 * @types: make @facts->types_fd, too, which is the caller's to close.
 */
void kernel_gather(const struct btf *btf, struct kernel_facts *facts, bool types);

/* A type that is looked for. */
struct kernel_name {
	const char *name;
	int kind;    /* BTF_KIND_* */
	uint32_t id; /* its number in the BTF; 0: not found */
};

/** kernel_find_names - the numbers of all those types; they must be sorted by name */
void kernel_find_names(const struct btf *btf, struct kernel_name *names, size_t n);

/** kernel_copy_types - make a BTF of those types
 *
 * What they consist of is in it, but of other structs and unions with a name only their size;
 * pointers point to nothing.
 * Return: a descriptor of the BTF in memory, or -errno.
 */
int kernel_copy_types(const struct btf *btf, const struct kernel_name *names, size_t n);

/** kernel_has_uring - there are such tracepoints, of a kind that we know */
bool kernel_has_uring(void);

#define KERNEL_FUNCTION_MAX 64

/* A function of the kernel behind a system call. */
struct kernel_function {
	uint32_t id;	    /* in the kernel's BTF; 0: there is none */
	uint32_t prototype; /* the same of its type */
	bool typed; /* takes a struct pt_regs that BTF describes; on 5.10 some only name it */
};

/** kernel_hook_name - the function of hook number @hook (WT_HOOK); empty if it has none */
void kernel_hook_name(unsigned int hook, char name[KERNEL_FUNCTION_MAX]);

/** kernel_find_hooks - the functions of all hooks
 *
 * @hooks: WT_HOOKS of them.
 */
void kernel_find_hooks(const struct btf *btf, struct kernel_function *hooks);

/** kernel_has_compat_functions - 32-bit programs' calls can be hooked by function, all of them */
bool kernel_has_compat_functions(void);

/** kernel_has_task_storage - programs may keep data with a task (5.12 and later) */
bool kernel_has_task_storage(void);

/** kernel_has_fetching_atomics - programs may use atomic operations that tell the old value (5.12)
 */
bool kernel_has_fetching_atomics(void);

/** kernel_counts_tracepoint_misses - skipped runs of tracepoint programs are counted (6.7) */
bool kernel_counts_tracepoint_misses(const struct btf *btf);

/** kernel_in_user_namespace - we are in another user namespace than the initial one */
bool kernel_in_user_namespace(void);

/** kernel_has_cap - we hold capability number @cap, effectively
 *
 * Those of another user namespace do not count: BPF programs see the whole machine.
 */
bool kernel_has_cap(int cap);

/** kernel_missing_caps - append the names of those we lack of what tracing needs
 *
 * Return: how many are missing.
 */
int kernel_missing_caps(struct buf *names);

#endif
