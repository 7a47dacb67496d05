// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <zlib.h>

#include "apart.h"
#include "bpf/writetrace.h"
#include "buf.h"
#include "ops.h"

/* include/linux/proc_ns.h: inode number of the initial pid namespace */
#define PIDNS_INIT_INO	    0xEFFFFFFCU

#define TRACEFS_DIR	    "/sys/kernel/tracing"
#define TRACEFS_DEBUGFS_DIR "/sys/kernel/debug/tracing"

/* include/linux/errno.h */
#define ENOTSUPP 524

const char *kernel_strerror(int err)
{
	return abs(err) == ENOTSUPP ? "not supported by this kernel" : strerror(abs(err));
}

bool kernel_has_btf(void)
{
	__u16 magic = 0;
	int fd = open(KERNEL_BTF_PATH, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	/* a container may have masked it with an empty file */
	if (read(fd, &magic, sizeof(magic)) != sizeof(magic))
		magic = 0;
	close(fd);
	return magic == BTF_MAGIC;
}

/* Reads a small file whole; false if it cannot be read. */
static bool read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	fclose(f);
	return n > 0;
}

/* "none voluntary (full) lazy" → "full" */
static bool chosen_word(const char *text, char *word, size_t size, char open, char close)
{
	const char *start = strchr(text, open), *end;

	if (!start)
		return false;
	end = strchr(++start, close);
	if (!end || (size_t)(end - start) >= size)
		return false;
	memcpy(word, start, end - start);
	word[end - start] = '\0';
	return true;
}

static bool preempt_from_cmdline(char *model, size_t size)
{
	char text[4096], *save = NULL;

	if (!read_file("/proc/cmdline", text, sizeof(text)))
		return false;
	for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (!strncmp(word, "preempt=", 8)) {
			snprintf(model, size, "%s", word + 8);
			return true;
		}
	return false;
}

/* zlib reads plain files as they are, too. */
static bool preempt_from_config(const char *path, char *model, size_t size)
{
	gzFile config = gzopen(path, "re");
	bool found = false;
	char line[256];

	if (!config)
		return false;
	while (!found && gzgets(config, line, sizeof(line))) {
		static const struct {
			const char *line, *model;
		} models[] = {
			{ "CONFIG_PREEMPT_NONE=y\n", "none" },
			{ "CONFIG_PREEMPT_VOLUNTARY=y\n", "voluntary" },
			{ "CONFIG_PREEMPT=y\n", "full" },
			{ "CONFIG_PREEMPT_LAZY=y\n", "lazy" },
			{ "CONFIG_PREEMPT_RT=y\n", "rt" },
		};

		for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
			if (!strcmp(line, models[i].line)) {
				snprintf(model, size, "%s", models[i].model);
				found = true;
			}
	}
	gzclose(config);
	return found;
}

#define DEBUGFS_DIR "/sys/kernel/debug"

static int preempt_from_debugfs(const void *mount_it, struct buf *model)
{
	char text[256], word[32];

	if (mount_it && mount("debugfs", DEBUGFS_DIR, "debugfs", 0, NULL))
		return -errno;
	if (!read_file(DEBUGFS_DIR "/sched/preempt", text, sizeof(text)) ||
	    !chosen_word(text, word, sizeof(word), '(', ')'))
		return -ENOENT;
	buf_puts(model, word);
	return 0;
}

/* Without PREEMPT_DYNAMIC the model was chosen when the kernel was built. */
static bool preempt_is_fixed(const char *version, struct buf *model)
{
	if (strstr(version, "PREEMPT_DYNAMIC"))
		return false;
	buf_puts(model, strstr(version, "PREEMPT") ? "full" : "none");
	return true;
}

static bool preempt_model(struct buf *model)
{
	char path[512], text[32];
	struct utsname uts;

	if (uname(&uts))
		return false;
	if (preempt_is_fixed(uts.version, model) || !preempt_from_debugfs(NULL, model) ||
	    !apart_run(preempt_from_debugfs, "", model))
		return true;
	/* lockdown hides it: what it was at boot */
	snprintf(path, sizeof(path), "/boot/config-%s", uts.release);
	if (!preempt_from_cmdline(text, sizeof(text)) &&
	    !preempt_from_config("/proc/config.gz", text, sizeof(text)) &&
	    !preempt_from_config(path, text, sizeof(text)))
		return false;
	buf_puts(model, text);
	return true;
}

bool kernel_preempts(struct buf *detail)
{
	struct buf model = {};
	bool known = preempt_model(&model), preempts = true;

	if (known)
		preempts =
			strcmp(buf_cstr(&model), "none") && strcmp(buf_cstr(&model), "voluntary");
	if (detail)
		buf_puts(detail, known ? buf_cstr(&model) : "not known");
	buf_free(&model);
	return preempts;
}

void kernel_lockdown(struct buf *mode)
{
	char text[256], word[64];

	if (read_file("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	    chosen_word(text, word, sizeof(word), '[', ']'))
		buf_puts(mode, word);
}

uint64_t kernel_pidns_ino(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == PIDNS_INIT_INO)
		return 0;
	return st.st_ino;
}

void kernel_tty_majors(uint8_t *bits)
{
	/* Those of drivers that may be loaded later: Documentation/admin-guide/devices.txt */
	static const unsigned int known[] = { 3,   4,	5,   136, 137, 138, 139,
					      140, 141, 142, 143, 166, 188, 204 };
	FILE *f = fopen("/proc/tty/drivers", "re");
	unsigned int major;
	char line[256];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		bits[known[i] / 8] |= 1 << known[i] % 8;
	if (!f)
		return;
	/* "pty_slave            /dev/pts      136 0-1048575 pty:slave" */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %u", &major) == 1 && major < 512)
			bits[major / 8] |= 1 << major % 8;
	fclose(f);
}

static bool is_tracefs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == TRACEFS_MAGIC;
}

bool kernel_is_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

const char *kernel_find_tracefs(void)
{
	if (is_tracefs(TRACEFS_DIR))
		return TRACEFS_DIR;
	if (is_tracefs(TRACEFS_DEBUGFS_DIR))
		return TRACEFS_DEBUGFS_DIR;
	return NULL;
}

int kernel_mount_tracefs(struct buf *why)
{
	int err;

	if (kernel_find_tracefs())
		return 0;
	if (!mount("tracefs", TRACEFS_DIR, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return 0;
	err = -errno;
	buf_printf(why,
		   "tracefs cannot be mounted (%s); try: mount -t tracefs tracefs " TRACEFS_DIR,
		   strerror(-err));
	return err;
}

/* As bpftool does: with no locked memory allowed, can a program be loaded? Past libbpf, which would
 * raise the limit by itself for the trial, and then never again. */
int kernel_raise_memlock(void)
{
	struct rlimit limit, none = {}, infinite = { RLIM_INFINITY, RLIM_INFINITY };
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {};
	int fd;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	none.rlim_max = limit.rlim_max;
	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return -errno;
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return setrlimit(RLIMIT_MEMLOCK, &infinite) ? -errno : 1;
}

#define FENTRY_TRIAL KERNEL_SYSCALL "write"

int kernel_try_fentry(const struct btf *btf, struct buf *why)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog = -1, link = -1, id, err = 0;

	id = btf__find_by_name_kind(btf, FENTRY_TRIAL, BTF_KIND_FUNC);
	if (id < 0) {
		buf_printf(why, "%s is not in the kernel's BTF", FENTRY_TRIAL);
		return id;
	}
	opts.attach_btf_id = id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "wt_trial", "GPL", insns, 2, &opts);
	if (prog < 0) {
		err = -errno;
		buf_printf(why, "load refused: %s", strerror(-err));
		if (err == -EPERM)
			buf_puts(why, " (kernel lockdown does that)");
		return err;
	}
	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0) {
		err = -errno;
		buf_printf(why, "attach refused: %s", strerror(-err));
		if (err == -EPERM)
			buf_puts(why, " (kernel lockdown does that)");
	} else {
		close(link);
	}
	close(prog);
	return err;
}

bool kernel_has_task_storage(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_task_storage_get, NULL) ==
		       1 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_get_current_task_btf,
				       NULL) == 1;
}

bool kernel_has_fetching_atomics(void)
{
	/* *(u64 *)(r10 - 8) = 0; r0 = atomic_fetch_add((u64 *)(r10 - 8), r0 = 0); exit */
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0,
		  .off = -8,
		  .imm = BPF_ADD | BPF_FETCH },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "wt_trial", "GPL", insns, 4, NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * Linux waits so for whoever changes a map of maps (1ae80cf31938, "bpf: wait for running BPF
 * programs when updating map-in-map"); so we make one and change it.
 */
int kernel_wait_for_programs(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int inner, outer = -1, err = 0;
	__u32 zero = 0;

	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "wt_settle_in", 4, 4, 1, NULL);
	if (inner < 0)
		return -errno;
	opts.inner_map_fd = inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "wt_settle", 4, 4, 1, &opts);
	if (outer < 0 || bpf_map_update_elem(outer, &zero, &inner, BPF_ANY))
		err = -errno;
	if (outer >= 0)
		close(outer);
	close(inner);
	return err;
}
