// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/types.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "filter.h"
#include "kernel.h"
#include "log.h"
#include "ops.h"
#include "writetrace.skel.h"

#define FILE_SLOTS  65536
#define FOLLOW_MAX  16384 /* processes listed at one time */
#define LINKS_MAX   (WT_COPIES * (2 * WT_OP_COUNT + 2))
#define WAKE_SHARES 16 /* a sleeping reader is woken when this share of the ring is new */

struct session {
	struct writetrace_bpf *skel;
	enum backend backend;
	uint64_t ops;
	bool latency;
	int copies; /* of exit programs: 1 or WT_COPIES */
	bool follow;
	struct bpf_link *links[LINKS_MAX];
	unsigned int n_links;
};

static const char *const backend_names[BACKEND_COUNT] = {
	[BACKEND_FENTRY] = "fentry",
	[BACKEND_RAW] = "raw",
	[BACKEND_TRACEPOINT] = "tracepoint",
};

const char *backend_name(enum backend backend)
{
	return backend_names[backend];
}

int backend_parse(const char *name, enum backend *backend)
{
	for (int i = 0; i < BACKEND_COUNT; i++)
		if (!strcmp(name, backend_names[i])) {
			*backend = i;
			return 0;
		}
	return -EINVAL;
}

void backend_hook(enum backend backend, unsigned int op, struct buf *out)
{
	switch (backend) {
	case BACKEND_FENTRY:
		buf_printf(out, "fentry, fexit of sys_%s", ops[op].name);
		break;
	case BACKEND_TRACEPOINT:
		buf_printf(out, "sys_enter_%s, sys_exit_%s", ops[op].name, ops[op].name);
		break;
	default:
		buf_puts(out, "sys_enter, sys_exit");
	}
}

enum backend session_backend(const struct session *session)
{
	return session->backend;
}

int session_ring_fd(const struct session *session)
{
	return bpf_map__fd(session->skel->maps.ring);
}

uint64_t session_file_slots(const struct session *session)
{
	return session->skel->rodata->cfg.file_mask + 1ULL;
}

void session_want_wakeup(struct session *session, bool want)
{
	__atomic_store_n(&session->skel->bss->shared.wake, want, __ATOMIC_SEQ_CST);
}

static struct bpf_program *session_program(const struct session *s, const char *what,
					   const char *op, int copy)
{
	char name[64];

	if (op)
		snprintf(name, sizeof(name), "%s_%s_%d", what, op, copy);
	else
		snprintf(name, sizeof(name), "%s_%d", what, copy);
	return bpf_object__find_program_by_name(s->skel->obj, name);
}

static int program_load(struct bpf_program *prog)
{
	return prog ? bpf_program__set_autoload(prog, true) : -ENOENT;
}

/* Programs of one copy that this session loads. */
static int session_choose_copy(struct session *s, int copy)
{
	static const char *const enter[] = {"fentry", "raw_enter", "tracepoint_enter"};
	static const char *const leave[] = {"fexit", "raw_exit", "tracepoint_exit"};
	int err = 0;

	for_each_op (i) {
		const char *op = s->backend == BACKEND_FENTRY ? ops[i].name : NULL;

		if (!(s->ops & 1ULL << i))
			continue;
		if (!err)
			err = program_load(session_program(s, leave[s->backend], op, copy));
		if (!err && s->latency && copy < WT_ENTER_COPIES)
			err = program_load(session_program(s, enter[s->backend], op, copy));
	}
	if (!err && s->follow)
		err = program_load(session_program(s, "process_fork", NULL, copy));
	if (!err && (s->skel->rodata->cfg.by_pid || s->skel->rodata->cfg.by_tid))
		err = program_load(session_program(s, "process_exit", NULL, copy));
	return err;
}

/* Without a process to begin with there is nobody to follow: everybody is traced. */
static bool lists_tasks(const struct session_options *o)
{
	return o->filter->pids.n || o->filter->tids.n || o->has_command;
}

static void configure_syscalls(struct session *s)
{
	for_each_op (i) {
		if (!(s->ops & 1ULL << i))
			continue;
		s->skel->rodata->syscalls[ops[i].nr].native = i + 1;
		if (ops[i].nr_compat != OPS_NO_SYSCALL)
			s->skel->rodata->syscalls[ops[i].nr_compat].compat = i + 1;
	}
}

static void configure(struct session *s, const struct session_options *o, bool direct)
{
	const struct filter *f = o->filter;
	struct wt_config *cfg = (struct wt_config *)&s->skel->rodata->cfg;

	cfg->min_size = f->min_size;
	cfg->min_latency_ns = f->min_latency_ns;
	cfg->pidns_ino = kernel_pidns_ino();
	cfg->self_tgid = getpid();
	cfg->skip_pgrp = o->skip_pgrp;
	cfg->skip_tasks = o->n_skipped > 0;
	cfg->data_max = o->data_max;
	cfg->file_mask = FILE_SLOTS - 1;
	cfg->kinds = f->kinds;
	cfg->comm_globs = f->comms.n;
	cfg->path_globs = f->paths.n;
	cfg->cgroups = f->cgroups.n;
	cfg->wake_every = o->ring_size / WAKE_SHARES / (sizeof(struct wt_event) + 8);
	cfg->latency = s->latency;
	cfg->copies = s->copies;
	cfg->direct = direct;
	cfg->task_storage = (s->latency || s->copies > 1) && kernel_has_task_storage();
	cfg->by_pid = f->pids.n || o->has_command || (s->follow && f->tids.n);
	cfg->by_tid = f->tids.n > 0;
	cfg->by_uid = f->uids.n > 0;
	cfg->by_fd = f->fds.n > 0;
	cfg->follow = s->follow;
	cfg->failed_only = f->failed;
	cfg->trace_pipe = o->trace_pipe;
	cfg->include_self = o->include_self;
	kernel_tty_majors(cfg->tty_major);
	configure_syscalls(s);
}

/* Scratch places: see scratch_get() and SLOT_EXIT, SLOT_ENTER in the BPF code. */
static uint32_t scratch_slots(const struct session *s)
{
	uint32_t enter = s->skel->rodata->cfg.comm_globs ? WT_OP_COUNT * WT_ENTER_COPIES : 0;

	return s->copies > 1 ? WT_OP_COUNT * WT_COPIES + enter : 1;
}

static uint32_t at_least_one(uint32_t n)
{
	return n ? n : 1;
}

static int size_maps(struct session *s, const struct session_options *o)
{
	const struct filter *f = o->filter;
	const struct wt_config *cfg = (const struct wt_config *)&s->skel->rodata->cfg;
	const bool spans = s->latency || s->copies > 1;
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{s->skel->maps.ring, o->ring_size},
		{s->skel->maps.scratch, scratch_slots(s)},
		{s->skel->maps.seen, cfg->file_mask + 1},
		{s->skel->maps.pids, s->follow ? FOLLOW_MAX : at_least_one(f->pids.n + 1)},
		{s->skel->maps.tids, s->follow && f->tids.n ? FOLLOW_MAX : at_least_one(f->tids.n)},
		{s->skel->maps.skipped, at_least_one(o->n_skipped)},
		{s->skel->maps.uids, at_least_one(f->uids.n)},
		{s->skel->maps.fds, at_least_one(f->fds.n)},
		{s->skel->maps.globs, at_least_one(f->comms.n + f->paths.n)},
		{s->skel->maps.cgroups, at_least_one(f->cgroups.n)},
		{s->skel->maps.span_slots, spans && !cfg->task_storage ? WT_SPAN_SLOTS : 1},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (err)
			return err;
	}
	return bpf_map__set_autocreate(s->skel->maps.spans, cfg->task_storage);
}

static int fill_tasks(struct bpf_map *map, const struct filter_task *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wt_task_id id = {.from_ns = tasks[i].start_ns};

		if (bpf_map_update_elem(bpf_map__fd(map), &tasks[i].nr, &id, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_numbers(struct bpf_map *map, const struct filter_numbers *numbers)
{
	__u8 one = 1;

	for (size_t i = 0; i < numbers->n; i++)
		if (bpf_map_update_elem(bpf_map__fd(map), &numbers->items[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

static int fill_globs(struct bpf_map *map, const struct filter *f)
{
	for (__u32 i = 0; i < f->comms.n + f->paths.n; i++)
		if (bpf_map_update_elem(bpf_map__fd(map), &i, &f->globs[i], BPF_ANY))
			return -errno;
	return 0;
}

static int cgroup_open(const char *path, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	struct statfs fs;

	if (fd < 0) {
		err = -errno;
		buf_printf(why, "--cgroup %s: %s", path, strerror(-err));
		return err;
	}
	if (fstatfs(fd, &fs) || (unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC) {
		buf_printf(why, "--cgroup %s: not a directory of the cgroup v2 hierarchy", path);
		close(fd);
		return -ENOTDIR;
	}
	return fd;
}

static int fill_cgroup(struct bpf_map *map, __u32 i, const char *path, struct buf *why)
{
	int fd = cgroup_open(path, why), err = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(bpf_map__fd(map), &i, &fd, BPF_ANY)) {
		err = -errno;
		buf_printf(why, "--cgroup %s: %s", path, strerror(-err));
	}
	close(fd);
	return err;
}

static int fill_maps(struct session *s, const struct session_options *o, struct buf *why)
{
	const struct filter *f = o->filter;
	int err;

	err = fill_tasks(s->skel->maps.pids, f->pids.items, f->pids.n);
	if (!err)
		err = fill_tasks(s->skel->maps.tids, f->tids.items, f->tids.n);
	if (!err)
		err = fill_tasks(s->skel->maps.skipped, o->skipped, o->n_skipped);
	if (!err)
		err = fill_numbers(s->skel->maps.uids, &f->uids);
	if (!err)
		err = fill_numbers(s->skel->maps.fds, &f->fds);
	if (!err)
		err = fill_globs(s->skel->maps.globs, f);
	if (err)
		buf_printf(why, "filters cannot be set: %s", strerror(-err));
	for (__u32 i = 0; !err && i < f->cgroups.n; i++)
		err = fill_cgroup(s->skel->maps.cgroups, i, f->cgroups.items[i], why);
	return err;
}

static int keep_link(struct session *s, struct bpf_link *link)
{
	if (!link)
		return -errno;
	s->links[s->n_links++] = link;
	return 0;
}

static int attach_op(struct session *s, const char *what, unsigned int op, int copy)
{
	char name[64];

	if (s->backend != BACKEND_TRACEPOINT)
		return keep_link(
			s, bpf_program__attach(session_program(
				   s, what, s->backend == BACKEND_FENTRY ? ops[op].name : NULL,
				   copy)));
	snprintf(name, sizeof(name), "sys_%s_%s",
		 strcmp(what, "tracepoint_exit") ? "enter" : "exit", ops[op].name);
	return keep_link(s, bpf_program__attach_tracepoint(session_program(s, what, NULL, copy),
							   "syscalls", name));
}

static int attach_ops(struct session *s, const char *const *what, int copy)
{
	int err = 0;

	for_each_op (i) {
		if (err || !(s->ops & 1ULL << i))
			continue;
		err = attach_op(s, what[s->backend], i, copy);
		if (s->backend == BACKEND_RAW)
			break; /* one hook sees them all */
	}
	return err;
}

static int attach_copy(struct session *s, int copy)
{
	static const char *const enter[] = {"fentry", "raw_enter", "tracepoint_enter"};
	static const char *const leave[] = {"fexit", "raw_exit", "tracepoint_exit"};
	static const char *const tasks[] = {"process_fork", "process_exit"};
	int err = 0;

	for (size_t i = 0; i < 2 && !err; i++) {
		struct bpf_program *prog = session_program(s, tasks[i], NULL, copy);

		if (bpf_program__autoload(prog))
			err = keep_link(s, bpf_program__attach(prog));
	}
	if (!err && s->latency && copy < WT_ENTER_COPIES)
		err = attach_ops(s, enter, copy);
	if (!err)
		err = attach_ops(s, leave, copy);
	return err;
}

static void selftest_operation(unsigned int op, int fd)
{
	struct iovec iov = {.iov_base = "", .iov_len = 0};
	bool vectors = op >= WT_OP_WRITEV;

	syscall(ops[op].nr, fd, vectors ? (void *)&iov : "", vectors ? 1 : 0, 0L, 0L, 0);
}

/* Hooks may load and attach and yet never fire (bcc issue 1667): see our own operations first. */
static int session_selftest(struct session *s, struct buf *why)
{
	struct wt_shared *shared = &s->skel->bss->shared;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0) {
		err = -errno;
		buf_printf(why, "/dev/null: %s", strerror(-err));
		return err;
	}
	__atomic_store_n(&shared->selftest, 1, __ATOMIC_SEQ_CST);
	for_each_op (i)
		if (s->ops & 1ULL << i)
			selftest_operation(i, fd);
	__atomic_store_n(&shared->selftest, 0, __ATOMIC_SEQ_CST);
	close(fd);
	for_each_op (i) {
		uint64_t bit = 1ULL << i;

		if (err || !(s->ops & bit))
			continue;
		if (!(shared->exited & bit) || (s->latency && !(shared->entered & bit))) {
			buf_printf(why, "the hooks of %s are attached but do not fire",
				   ops[i].name);
			err = -EOPNOTSUPP;
		}
	}
	return err;
}

static int session_attach(struct session *s, struct buf *why)
{
	int err = 0;

	for (int copy = 0; copy < s->copies && !err; copy++)
		err = attach_copy(s, copy);
	if (err) {
		buf_printf(why, "attach refused: %s", strerror(-err));
		return err;
	}
	return session_selftest(s, why);
}

static int session_load(struct session *s, const struct session_options *o, bool direct)
{
	/* the verifier's statistics; of a program that it refuses, libbpf gets the whole log */
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_level = log_is_debug() ? 4 : 0);
	int err;

	s->skel = writetrace_bpf__open_opts(&opts);
	if (!s->skel)
		return -errno;
	configure(s, o, direct);
	err = size_maps(s, o);
	for (int copy = 0; copy < s->copies && !err; copy++)
		err = session_choose_copy(s, copy);
	if (!err)
		err = writetrace_bpf__load(s->skel);
	if (err) {
		writetrace_bpf__destroy(s->skel);
		s->skel = NULL;
	}
	return err;
}

void session_detach(struct session *session)
{
	while (session->n_links)
		bpf_link__destroy(session->links[--session->n_links]);
}

void session_close(struct session *session)
{
	if (!session)
		return;
	session_detach(session);
	writetrace_bpf__destroy(session->skel);
	free(session);
}

static bool is_refusal(int err)
{
	return err == -EPERM || err == -EACCES || err == -EINVAL || err == -EOPNOTSUPP ||
	       err == -ENOENT || err == -ESRCH;
}

static int session_try(struct session *s, const struct session_options *o, struct buf *why)
{
	int err = 0;

	if (s->backend == BACKEND_FENTRY)
		err = kernel_try_fentry(why);
	else if (s->backend == BACKEND_TRACEPOINT)
		err = kernel_mount_tracefs(why);
	if (err)
		return err;
	err = session_load(s, o, true);
	if (err)
		err = session_load(s, o, false);
	if (err) {
		buf_printf(why, "load refused: %s", strerror(-err));
		return err;
	}
	err = fill_maps(s, o, why);
	if (err)
		return err;
	return session_attach(s, why);
}

static void session_undo(struct session *s)
{
	session_detach(s);
	writetrace_bpf__destroy(s->skel);
	s->skel = NULL;
}

/* What is wrong for all backends is said in words of its own. */
static int session_precheck(const struct session_options *o, struct buf *why)
{
	struct buf caps = {}, lockdown = {};
	int err = 0, fd;

	if (!kernel_has_btf()) {
		buf_puts(why, "this kernel has no BTF (" KERNEL_BTF_PATH
			      "); it must be built with CONFIG_DEBUG_INFO_BTF=y");
		err = -EOPNOTSUPP;
	} else if (kernel_missing_caps(&caps)) {
		buf_printf(why, "missing %s; run as root", buf_cstr(&caps));
		err = -EOPNOTSUPP;
	} else {
		kernel_lockdown(&lockdown);
		if (!strcmp(buf_cstr(&lockdown), "confidentiality")) {
			buf_puts(why, "kernel lockdown is in mode confidentiality, which forbids "
				      "BPF programs to read kernel memory");
			err = -EOPNOTSUPP;
		}
	}
	buf_free(&caps);
	buf_free(&lockdown);
	for (size_t i = 0; !err && i < o->filter->cgroups.n; i++) {
		fd = cgroup_open(o->filter->cgroups.items[i], why);
		if (fd < 0)
			err = fd;
		else
			close(fd);
	}
	return err;
}

static int session_try_all(struct session *s, const struct session_options *o, struct buf *why)
{
	enum backend first = o->backend, last = o->backend;
	bool refused = true;
	int err = 0;

	if (o->backend == BACKEND_AUTO) {
		first = 0;
		last = BACKEND_COUNT - 1;
	}
	for (s->backend = first; s->backend <= last; s->backend++) {
		struct buf reason = {};

		err = session_try(s, o, &reason);
		if (err) {
			buf_printf(why, "%s%s: %s", why->len ? "; " : "", backend_name(s->backend),
				   buf_cstr(&reason));
			refused = refused && is_refusal(err);
			session_undo(s);
		}
		buf_free(&reason);
		if (!err)
			return 0;
	}
	return refused ? -EOPNOTSUPP : err;
}

int session_open(struct session **session, const struct session_options *options, struct buf *why)
{
	struct session *s;
	struct buf reasons = {};
	int err = session_precheck(options, why);

	if (err)
		return err;
	kernel_raise_memlock();
	s = calloc(1, sizeof(*s));
	if (!s) {
		buf_puts(why, "out of memory");
		return -ENOMEM;
	}
	s->ops = options->filter->ops;
	s->latency = !options->no_latency;
	s->follow = options->filter->follow && lists_tasks(options);
	s->copies = kernel_preempts(NULL) ? WT_COPIES : 1;
	err = session_try_all(s, options, &reasons);
	if (err) {
		buf_put(why, reasons.data, reasons.len);
		session_close(s);
	} else {
		*session = s;
	}
	buf_free(&reasons);
	return err;
}

int session_list(struct session *session, uint32_t pid, uint64_t start_ns)
{
	struct filter_task task = {.nr = pid, .start_ns = start_ns};

	return fill_tasks(session->skel->maps.pids, &task, 1);
}

/* Runs of a program that the kernel left out; false where the kernel does not say (before 5.12). */
static bool program_misses(const struct bpf_program *prog, uint64_t *misses)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) ||
	    len < offsetof(struct bpf_prog_info, recursion_misses) + sizeof(__u64))
		return false;
	*misses = info.recursion_misses;
	return true;
}

/*
 * At most how many operations were lost because all copies of an exit program were skipped, given
 * how many each copy handled. That is no more than any copy's misses. And the copy that runs first
 * handles all but those that it missed: so of its misses, those that others handled are not lost.
 */
static bool exit_skipped(const struct session *s, const char *op,
			 const __u64 handled[WT_COPIES], uint64_t *bound)
{
	static const char *const leave[] = { "fexit", "raw_exit", "tracepoint_exit" };
	uint64_t misses[WT_COPIES] = {}, by_others = 0, not_by_others;
	int first = 0;

	*bound = UINT64_MAX;
	for (int copy = 0; copy < s->copies; copy++) {
		if (!program_misses(session_program(s, leave[s->backend], op, copy),
				    &misses[copy]))
			return false;
		if (misses[copy] < *bound)
			*bound = misses[copy];
		if (handled[copy] > handled[first])
			first = copy;
	}
	for (int copy = 0; copy < s->copies; copy++)
		if (copy != first)
			by_others += handled[copy];
	not_by_others = misses[first] > by_others ? misses[first] - by_others : 0;
	if (not_by_others < *bound)
		*bound = not_by_others;
	return true;
}

static bool session_skipped(const struct session *s, const struct wt_counters *sum,
			    uint64_t *skipped)
{
	__u64 all[WT_COPIES] = {};
	uint64_t bound;

	*skipped = 0;
	if (s->backend == BACKEND_TRACEPOINT && !kernel_counts_tracepoint_misses())
		return false;
	for_each_op(i) {
		for (int copy = 0; copy < s->copies; copy++)
			all[copy] += sum->handled[i][copy];
		if (s->backend != BACKEND_FENTRY || !(s->ops & 1ULL << i))
			continue;
		if (!exit_skipped(s, ops[i].name, sum->handled[i], &bound))
			return false;
		*skipped += bound;
	}
	return s->backend == BACKEND_FENTRY || exit_skipped(s, NULL, all, skipped);
}

static int sum_counters(const struct session *s, struct wt_counters *sum)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct wt_counters *counters;
	__u32 zero = 0;

	if (cpus < 0)
		return cpus;
	counters = calloc(cpus, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.counters), &zero, counters))
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++) {
		const __u64 *from = (const __u64 *)&counters[cpu];

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*from); i++)
			((__u64 *)sum)[i] += from[i];
	}
	free(counters);
	return err;
}

int session_lost(const struct session *session, uint64_t *lost, bool *known)
{
	struct wt_counters sum = {};
	int err = sum_counters(session, &sum);

	memset(known, !err, WT_LOST_COUNT * sizeof(*known));
	for (int i = 0; i < WT_LOST_COUNT; i++)
		lost[i] = sum.lost[i];
	if (!err)
		known[WT_LOST_SKIPPED] = session_skipped(session, &sum, &lost[WT_LOST_SKIPPED]);
	if (!known[WT_LOST_SKIPPED])
		lost[WT_LOST_SKIPPED] = 0;
	return err;
}
