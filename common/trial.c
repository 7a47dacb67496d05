// SPDX-License-Identifier: GPL-2.0-only
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "apart.h"
#include "bpf/writetrace.h"
#include "buf.h"
#include "filter.h"
#include "kernel.h"
#include "proc.h"
#include "ops.h"

static int trial_run(apart_fn *fn, const void *arg, struct buf *why)
{
	size_t before = why->len;
	int err = apart_run(fn, arg, why);

	if (err && why->len == before)
		buf_puts(why, kernel_strerror(err));
	return err;
}

static int try_backend(const void *arg, struct buf *why)
{
	struct filter_task self = { .nr = getpid() };
	struct filter filter = { .pids = { &self, 1 }, .ops = ops_default() };
	struct session_options options = {
		.filter = &filter,
		.backend = *(const enum backend *)arg,
		.stream = true,
		.ring_size = 64 << 10,
	};
	struct session *session = NULL;
	int err;

	/* taking down a tracepoint takes the kernel 70 ms, and they are all alike */
	if (options.backend == BACKEND_TRACEPOINT)
		filter.ops = 1ULL << WT_OP_WRITE;
	err = proc_task_start(self.nr, 0, &self.start_ns);
	if (!err)
		err = session_open(&session, &options, why);
	session_close(session);
	return err;
}

int trial_backend(enum backend backend, struct buf *why)
{
	struct buf all = {};
	size_t prefix = strlen(backend_name(backend)) + strlen(": ");
	int err = trial_run(try_backend, &backend, &all);

	/* the session's words begin with the backend's name, which our caller says itself */
	if (all.len > prefix && !memcmp(all.data, backend_name(backend), prefix - 2))
		buf_put(why, all.data + prefix, all.len - prefix);
	else
		buf_put(why, all.data, all.len);
	buf_free(&all);
	return err;
}

/* Where securityfs is not mounted, a mount of our own shows the mode, too. */
static int try_lockdown(const void *arg, struct buf *mode)
{
	(void)arg;
	kernel_lockdown(mode);
	if (!mode->len && !mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL))
		kernel_lockdown(mode);
	return 0;
}

void trial_lockdown(struct buf *mode)
{
	apart_run(try_lockdown, NULL, mode);
}

static const struct {
	const char *name;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *target; /* in the kernel's BTF */
} types[TRIAL_TYPES] = {
#if defined(__aarch64__)
	[TRIAL_FENTRY] = { "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "__arm64_sys_write" },
#else
	[TRIAL_FENTRY] = { "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "__x64_sys_write" },
#endif
	[TRIAL_TP_BTF] = { "tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "sys_exit" },
	[TRIAL_TRACEPOINT] = { "tracepoint", BPF_PROG_TYPE_TRACEPOINT, 0, NULL },
};

const char *trial_type_name(enum trial_type type)
{
	return types[type].name;
}

static int load(enum trial_type type, int btf_id, const struct bpf_insn *insns, size_t n, char *log,
		size_t log_size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = types[type].attach,
		    .attach_btf_id = btf_id, .log_buf = log, .log_size = log_size,
		    .log_level = log ? 1 : 0);
	int fd = bpf_prog_load(types[type].type, "wt_trial", "GPL", insns, n, &opts);

	return fd < 0 ? -errno : fd;
}

static int target_id(enum trial_type type)
{
	return types[type].target
		       ? libbpf_find_vmlinux_btf_id(types[type].target, types[type].attach)
		       : 0;
}

static const struct bpf_insn empty_program[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

int trial_target(enum trial_type type)
{
	int id = target_id(type), fd;

	if (id < 0)
		return id;
	fd = load(type, id, empty_program, 2, NULL, 0);
	if (fd < 0)
		return fd;
	close(fd);
	return id;
}

static int pin_link(const char *path, struct buf *why)
{
	int id = target_id(TRIAL_TP_BTF), prog, link, err = 0;

	prog = id < 0 ? id : load(TRIAL_TP_BTF, id, empty_program, 2, NULL, 0);
	if (prog < 0) {
		buf_printf(why, "no program to pin can be loaded: %s", strerror(-prog));
		return prog;
	}
	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0) {
		err = -errno;
		buf_printf(why, "no program to pin can be attached: %s", kernel_strerror(err));
	} else if (bpf_obj_pin(link, path)) {
		err = -errno;
		buf_printf(why, "pinning at %s: %s%s", path, strerror(-err),
			   err == -EINVAL ? " (SELinux refuses all pins on some kernels)" : "");
	} else {
		unlink(path);
	}
	if (link >= 0)
		close(link);
	close(prog);
	return err;
}

static int try_pin(const void *arg, struct buf *why)
{
	const char *dir = arg;
	char path[512];
	int err;

	kernel_raise_memlock();
	if (!kernel_is_bpffs(dir)) {
		if (strcmp(dir, KERNEL_BPFFS_DIR)) {
			buf_printf(why, "%s is not a BPF file system", dir);
			return -ENODEV;
		}
		if (mount("bpf", dir, "bpf", 0, "mode=0700")) {
			err = -errno;
			buf_printf(why, "a BPF file system cannot be mounted at %s: %s", dir,
				   strerror(-err));
			return err;
		}
	}
	snprintf(path, sizeof(path), "%s/wt_trial_%d", dir, getpid());
	return pin_link(path, why);
}

int trial_pin(const char *dir, struct buf *why)
{
	return trial_run(try_pin, dir, why);
}

/* The names are those of the kernel headers that we are built with. */
#define HELPER_NAME(name) [BPF_FUNC_##name] = #name

static const char *const helpers[] = { __BPF_FUNC_MAPPER(HELPER_NAME) };

const char *trial_helper_name(unsigned int id)
{
	return id < sizeof(helpers) / sizeof(*helpers) ? helpers[id] : NULL;
}

/* The call has wrong arguments, so it is refused in any case; the question is, why. */
bool trial_helper(enum trial_type type, int target, unsigned int id)
{
	static const char *const unknown[] = { "invalid func ", "unknown func ",
					       "cannot use helper" };
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = id },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[4096] = "";
	int fd = load(type, target, insns, 3, log, sizeof(log));

	if (fd >= 0) {
		close(fd);
		return true;
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		if (strstr(log, unknown[i]))
			return false;
	return *log;
}
