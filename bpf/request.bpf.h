/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Operations that are handed to the kernel and end later, in whatever task: io_uring's and AIO's.
 *
 * Who asked, for what, and when is put down at submission, where the filters that go by the task
 * are asked, too; the completion finds it by a key.
 */
#ifndef WT_REQUEST_BPF_H
#define WT_REQUEST_BPF_H

#include "emit.bpf.h"
#include "filter.bpf.h"

/* include/linux/sched.h: a thread that the kernel made for a process. It shares the process's
 * number, but not its name. */
#define PF_IO_WORKER 0x00000010

/* The task in whose name the current one works. */
static __always_inline void who_asks(struct wt_who *who)
{
	struct task_struct *leader;

	who_current(who);
	if (!(kread(task_struct, who->task, flags) & PF_IO_WORKER))
		return;
	leader = kread(task_struct, who->task, group_leader);
	who->task = leader;
	who->tid = who->pid;
}

static __always_inline void request_fill(struct wt_request *r, const struct wt_who *who, __u32 op)
{
	struct task_struct *leader = kread(task_struct, who->task, group_leader);

	r->start_ns = bpf_ktime_get_boot_ns();
	r->pid = who->pid;
	r->tid = who->tid;
	r->op = op;
	r->asked.process_start_ns = kread(task_struct, leader, start_boottime);
	r->asked.cgroup = bpf_get_current_cgroup_id();
	r->asked.uid = bpf_get_current_uid_gid();
	bpf_probe_read_kernel(r->asked.comm, sizeof(r->asked.comm),
			      (void *)who->task + bpf_core_field_offset(struct task_struct, comm));
}

/* Copies of a program run one right after the other, but for what preempts them. */
#define SAME_REQUEST_NS 1000000000ULL

/* A request that another copy of the program has put down already is left alone. (Copies run in the
 * order of their numbers: the same one, or one before it, has come for another request.) One that
 * is left from before was never completed: it was cancelled, or asked for no completion. */
static __always_inline void request_put(__u64 key, const struct wt_request *r)
{
	struct wt_request *old = bpf_map_lookup_elem(&requests, &key);

	if (old && cfg.copies > 1 && old->copy < r->copy && old->tag == r->tag && !old->done &&
	    r->start_ns - old->start_ns < SAME_REQUEST_NS)
		return;
	if ((old && !old->done && !old->silent) || r->silent)
		count_lost(WT_LOST_UNSEEN);
	if (bpf_map_update_elem(&requests, &key, r, BPF_ANY))
		count_lost(WT_LOST_INFLIGHT);
}

/* False if another copy of the program, or a program of another CPU, has taken it already. It is to
 * be dropped when done with. */
static __always_inline bool request_take(struct wt_request *r)
{
	return !*(volatile __u64 *)&r->done &&
	       replace_word(&r->done, WT_REQUEST_OPEN, WT_REQUEST_TAKEN);
}

/* The same of one that was counted as lost. */
static __always_inline bool request_find(struct wt_request *r)
{
	return *(volatile __u64 *)&r->done == WT_REQUEST_LOST &&
	       replace_word(&r->done, WT_REQUEST_LOST, WT_REQUEST_TAKEN);
}

static __always_inline void request_drop(__u64 key)
{
	bpf_map_delete_elem(&requests, &key);
}

/* What was asked for, as if it were a call. */
static __always_inline void request_done(struct wt_done *d, const struct wt_request *r, __s64 ret)
{
	d->request = r;
	d->file_is_known = false;
	d->now_ns = bpf_ktime_get_boot_ns();
	d->latency_ns = d->now_ns - r->start_ns;
	d->has_latency = cfg.latency;
	d->ret = ret;
	d->who.task = NULL;
	d->who.pid = r->pid;
	d->who.tid = r->tid;
	__builtin_memset(&d->call, 0, sizeof(d->call));
	d->call.op = r->op;
	d->call.fd = r->fd;
	d->call.no_fd = !r->has_fd;
	d->call.compat = r->compat;
	d->call.size = r->size;
	d->call.has_size = r->has_size;
	d->call.form = WT_FORM_LENGTH;
	d->call.pos = r->offset;
	d->call.has_pos = r->has_pos;
	d->call.moves = r->op <= WT_OP_URING_WRITE_FIXED;
}

#endif
