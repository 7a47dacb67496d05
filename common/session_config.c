// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's settings, maps and choice of programs.
 */
#include "session_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include <bpf/bpf.h>

#include "buf.h"
#include "filter.h"
#include "kernel.h"
#include "meta.h"
#include "ops.h"

#define FILE_SLOTS 65536
#define WHOLE	   UINT32_MAX /* a map whose size is not ours to choose */
/* Slots of the flight recorder: of a lane, of all lanes where each CPU has one, and of each then.
 */
#define RECORDER_SLOTS_MAX (1 << 24)
#define RECORDER_SLOTS_ALL (1 << 17)
#define RECORDER_LANE_MIN  256
#define RECORDER_PATHS_MIN 256 /* room for the longest path, several times */

#define MESSAGE_OPS	   (1ULL << WT_OP_SENDMSG | 1ULL << WT_OP_SENDMMSG | 1ULL << WT_OP_URING_SENDMSG)

#define FOLLOW_MAX	   16384 /* processes listed at one time */
#define WAKE_SHARES	   16	 /* a sleeping reader is woken when this share of the ring is new */

/* Without a process to begin with there is nobody to follow: everybody is traced. */
bool session_lists_tasks(const struct session_options *o)
{
	return o->filter->pids.n || o->filter->tids.n || o->has_command;
}

/*
 * The flight recorder keeps `events` of the newest events. A file is recorded again once it is in
 * the older half of the paths; so these have room for twice as many as there may be events in
 * between.
 */
static void describe_recorder(struct wt_meta *m, uint32_t events, bool fetches)
{
	uint32_t most = RECORDER_SLOTS_MAX;

	if (!events)
		return;
	m->lanes = fetches ? 1 : m->cpus;
	if (!fetches)
		while (most > RECORDER_LANE_MIN && most * (uint64_t)m->lanes > RECORDER_SLOTS_ALL)
			most /= 2;
	for (m->event_slots = 1; m->event_slots < events && m->event_slots < most;)
		m->event_slots *= 2;
	m->events = events < m->event_slots ? events : m->event_slots;
	m->path_slots = 2 * m->event_slots;
	if (m->path_slots < RECORDER_PATHS_MIN)
		m->path_slots = RECORDER_PATHS_MIN;
}

void session_describe(struct session *s, const struct session_options *o)
{
	struct wt_meta *m = &s->meta;
	int cpus = libbpf_num_possible_cpus();

	*m = (struct wt_meta){
		.magic = WT_MAGIC,
		.layout = WT_LAYOUT,
		.size = sizeof(*m),
		.ops = o->filter->ops,
		.by = o->tally ? o->by : 0,
		.rows = o->tally ? o->rows : 0,
		.cpus = cpus > 0 ? cpus : 1,
		.ops_size = WT_OP_COUNT,
		.total_size = sizeof(struct wt_total),
		.row_size = sizeof(struct wt_row),
		.copies = s->copies,
		.latency = s->latency,
	};
	snprintf(m->version, sizeof(m->version), "%s", WT_VERSION);
	snprintf(m->name, sizeof(m->name), "%s", o->name ? o->name : "");
	describe_recorder(m, o->events, s->fetches);
	meta_set_filters(m, o->filter);
}

static void configure_op(struct session *s, unsigned int op)
{
	s->skel->data_shapes->shapes[op] = ops_shape(op);
	if (ops[op].source == OP_URING)
		s->skel->rodata->uring_ops[ops[op].opcode] = op + 1;
	if (ops[op].source == OP_URING && ops[op].opcode_also)
		s->skel->rodata->uring_ops[ops[op].opcode_also] = op + 1;
}

static void configure_call(struct session *s, unsigned int call)
{
	struct wt_syscall *syscalls = (struct wt_syscall *)s->skel->rodata->syscalls;

	if (ops[call].nr != OPS_NO_SYSCALL)
		syscalls[ops[call].nr].native = call + 1;
	if (ops[call].nr_compat != OPS_NO_SYSCALL)
		syscalls[ops[call].nr_compat].compat = call + 1;
	if (ops[call].nr_compat_old != OPS_NO_SYSCALL)
		syscalls[ops[call].nr_compat_old].compat = call + 1;
}

static void configure_ops(struct session *s)
{
	uint64_t calls = ops_calls(s->meta.ops);

	for_each_op (i)
		if (s->meta.ops & 1ULL << i)
			configure_op(s, i);
	for_each_call(i) if (calls & 1ULL << i) configure_call(s, i);
}

static void configure(struct session *s, const struct session_options *o)
{
	const struct filter *f = o->filter;
	struct wt_config *cfg = (struct wt_config *)&s->skel->rodata->cfg;

	cfg->min_size = f->min_size;
	cfg->min_latency_ns = f->min_latency_ns;
	cfg->pidns_ino = kernel_pidns_ino();
	cfg->skip_pgrp = o->skip_pgrp;
	cfg->skip_tasks = o->n_skipped > 0;
	cfg->data_max = o->data_max;
	cfg->file_mask = FILE_SLOTS - 1;
	cfg->kinds = f->kinds;
	cfg->comm_globs = f->comms.n;
	cfg->path_globs = f->paths.n;
	cfg->cgroups = f->cgroups.n;
	cfg->by = s->meta.by;
	cfg->stream = o->stream;
	cfg->tally = o->tally;
	cfg->record = s->meta.lanes > 0;
	cfg->lanes = s->meta.lanes > 1;
	cfg->event_mask = s->meta.event_slots - 1;
	cfg->path_mask = s->meta.path_slots - 1;
	cfg->wake_every = o->ring_size / WAKE_SHARES / (sizeof(struct wt_event) + 8);
	cfg->latency = s->latency;
	cfg->copies = s->copies;
	memcpy((void *)s->skel->rodata->types, s->kernel.types, sizeof(s->kernel.types));
	cfg->typed_regs = s->typed_regs;
	cfg->uring = s->kernel.uring.layout;
	cfg->uring_compat = s->kernel.uring.compat_flag;
	cfg->messages = (s->meta.ops & MESSAGE_OPS) > 0;
	/* not in tables: a server's socket has as many peers as it has clients */
	cfg->addresses = o->stream && (s->meta.ops & (MESSAGE_OPS | 1ULL << WT_OP_SENDTO));
	cfg->aio_ops = s->meta.ops & ops_from(OP_AIO);
	cfg->aio_blocks = backend_sees_submit(&s->meta);
	cfg->task_storage = (s->latency || s->copies > 1) &&
			    !(s->copies > 1 && s->kernel.storage_refuses) &&
			    kernel_has_task_storage();
	cfg->by_pid = f->pids.n || o->has_command || (s->follow && f->tids.n);
	cfg->by_tid = f->tids.n > 0;
	cfg->slots = cfg->by_pid || cfg->by_tid;
	cfg->start_slots = s->latency && s->copies == 1;
	cfg->span_mask = (cfg->start_slots ? WT_SPAN_SLOTS_SPARE : WT_SPAN_SLOTS) - 1;
	cfg->by_uid = f->uids.n > 0;
	cfg->by_fd = f->fds.n > 0;
	cfg->follow = s->follow;
	cfg->failed_only = f->failed;
	cfg->trace_pipe = o->trace_pipe;
	cfg->include_self = o->include_self;
	kernel_tty_majors(cfg->tty_major);
	configure_ops(s);
}

static uint32_t at_least_one(uint32_t n)
{
	return n ? n : 1;
}

static int size_maps(struct session *s, const struct session_options *o)
{
	const struct filter *f = o->filter;
	const struct wt_config *cfg = (const struct wt_config *)&s->skel->rodata->cfg;
	const struct wt_meta *m = &s->meta;
	const bool spans = s->latency || s->copies > 1, by_file = m->by & WT_BY_FILE;
	const bool seen = o->stream || cfg->record || cfg->kinds || cfg->path_globs;
	/* 0 entries: programs have no use for it, and it is not created */
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{ s->skel->maps.ring, o->stream ? o->ring_size : 0 },
		{ s->skel->maps.scratch, s->copies > 1 ? WT_SCRATCH_PLACES : 1 },
		{ s->skel->maps.seen, seen ? cfg->file_mask + 1 : 0 },
		{ s->skel->maps.seen_at, cfg->record ? cfg->file_mask + 1 : 0 },
		{ s->skel->maps.pids, s->follow ? FOLLOW_MAX : at_least_one(f->pids.n + 1) },
		{ s->skel->maps.tids,
		  s->follow && f->tids.n ? FOLLOW_MAX : at_least_one(f->tids.n) },
		{ s->skel->maps.skipped, at_least_one(o->n_skipped) },
		{ s->skel->maps.uids, at_least_one(f->uids.n) },
		{ s->skel->maps.fds, at_least_one(f->fds.n) },
		{ s->skel->maps.globs, at_least_one(f->comms.n + f->paths.n) },
		{ s->skel->maps.cgroups, at_least_one(f->cgroups.n) },
		{ s->skel->maps.spans, cfg->task_storage ? WHOLE : 0 },
		{ s->skel->maps.span_slots, spans && !cfg->task_storage ? cfg->span_mask + 1 : 0 },
		{ s->skel->maps.task_slots, cfg->slots || cfg->start_slots ? WT_TASK_SLOTS : 0 },
		{ s->skel->maps.totals, o->tally ? WT_OP_COUNT : 0 },
		{ s->skel->maps.other, o->tally ? 1 : 0 },
		{ s->skel->maps.rows, m->rows },
		{ s->skel->maps.row_files, by_file ? m->rows : 0 },
		{ s->skel->maps.row_paths, by_file ? m->rows : 0 },
		{ s->skel->maps.requests, m->ops & ops_from(OP_URING) ? WT_REQUESTS : 0 },
		{ s->skel->maps.blocks, cfg->aio_blocks ? WT_BLOCKS : 0 },
		{ s->skel->maps.contexts, cfg->aio_blocks ? WT_AIO_CONTEXTS : 0 },
		{ s->skel->maps.heads, m->lanes },
		{ s->skel->maps.events, m->lanes * m->event_slots },
		{ s->skel->maps.paths, m->lanes * m->path_slots },
		{ s->skel->maps.meta, o->name ? 1 : 0 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int err = bpf_map__set_autocreate(sizes[i].map, sizes[i].entries > 0);

		if (!err && sizes[i].entries && sizes[i].entries != WHOLE)
			err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
		if (err)
			return err;
	}
	return 0;
}

static int program_load(struct bpf_program *prog)
{
	return prog ? bpf_program__set_autoload(prog, true) : -ENOENT;
}

static int choose_hook(struct session *s, unsigned int op, bool compat, int copy)
{
	int err;

	if (s->meta.backend == BACKEND_FENTRY || !backend_has_hook(&s->meta, op, compat))
		return 0;
	err = program_load(session_hook(s, true, op, compat, copy));
	if (!err && backend_sees_begin(&s->meta, op) && copy < WT_ENTER_COPIES)
		err = program_load(session_hook(s, false, op, compat, copy));
	return err;
}

/* Programs of one copy that this session loads. */
static int choose_copy(struct session *s, int copy)
{
	int err = 0;

	for_each_call(i)
	{
		if (!err)
			err = choose_hook(s, i, false, copy);
		if (!err)
			err = choose_hook(s, i, true, copy);
	}
	if (!err && session_has_uring(s) && copy < WT_ENTER_COPIES)
		err = program_load(session_program(s, s->kernel.uring.submit, copy));
	if (!err && session_has_uring(s))
		err = program_load(session_program(s, "uring_complete", copy));
	if (!err && session_has_uring(s) && s->kernel.uring.overflows && !copy)
		err = program_load(session_program(s, "uring_overflow", copy));
	if (!err && s->follow)
		err = program_load(session_program(s, "process_fork", copy));
	if (!err && (s->skel->rodata->cfg.by_pid || s->skel->rodata->cfg.by_tid))
		err = program_load(session_program(s, "process_exit", copy));
	return err;
}

int session_configure(struct session *s, const struct session_options *o)
{
	int err;

	configure(s, o);
	err = size_maps(s, o);
	if (!err)
		err = session_fentry_choose(s);
	for (int copy = 0; copy < s->copies && !err; copy++)
		err = choose_copy(s, copy);
	return err;
}

int session_fill_tasks(struct bpf_map *map, const struct filter_task *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wt_task_id id = { .from_ns = tasks[i].start_ns };

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

int session_open_cgroup(const char *path, struct buf *why)
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
	int fd = session_open_cgroup(path, why), err = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(bpf_map__fd(map), &i, &fd, BPF_ANY)) {
		err = -errno;
		buf_printf(why, "--cgroup %s: %s", path, strerror(-err));
	}
	close(fd);
	return err;
}

int session_fill(struct session *s, const struct session_options *o, struct buf *why)
{
	const struct filter *f = o->filter;
	int err;

	err = session_fill_tasks(s->skel->maps.pids, f->pids.items, f->pids.n);
	if (!err)
		err = session_fill_tasks(s->skel->maps.tids, f->tids.items, f->tids.n);
	if (!err)
		err = session_fill_tasks(s->skel->maps.skipped, o->skipped, o->n_skipped);
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
