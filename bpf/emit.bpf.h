/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts one finished operation into the ring, or counts that it could not.
 */
#ifndef WT_EMIT_BPF_H
#define WT_EMIT_BPF_H

#include "call.bpf.h"
#include "file.bpf.h"

/* A finished, wanted operation. */
struct wt_done {
	const struct wt_request *request; /* of another task than the current one; or NULL */
	struct wt_who who;
	struct wt_call call;
	__s64 ret;
	__u64 now_ns;
	__u64 latency_ns; /* 0 unless has_latency */
	__u64 file;	  /* identity, if has_file */
	struct file *open_file;
	__s64 offset;
	bool file_is_known; /* and wanted: there is no open_file any more */
	bool has_latency;
	bool has_file;
	bool has_pos;
};

/*
 * A wake-up for each event would cost three times the event. The reader drains every few
 * milliseconds while there is something, asks for a wake-up before it sleeps for longer, and is
 * woken when much has come since.
 */
static __always_inline __u64 wake_flags(const struct wt_counters *c)
{
	if (shared.wake) {
		shared.wake = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return c->sent % cfg.wake_every ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

/* Of the current task. */
static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	struct css_set *set;
	struct cgroup *cgroup;

	if (!LOADS_ARE_CHEAP)
		return bpf_get_current_cgroup_id();
	set = kread(task_struct, task, cgroups);
	cgroup = kread(css_set, set, dfl_cgrp);
	return kread(kernfs_node, kread(cgroup, cgroup, kn), id);
}

static __always_inline __u32 task_uid(struct task_struct *task)
{
	if (!LOADS_ARE_CHEAP)
		return bpf_get_current_uid_gid();
	return kread(cred, kread(task_struct, task, cred), uid.val);
}

static __always_inline void task_comm(struct task_struct *task, char (*comm)[WT_COMM_LEN])
{
#ifdef WT_DIRECT
	const __u64 *from = (const __u64 *)kread(task_struct, task, comm);

	((__u64 *)comm)[0] = from[0];
	((__u64 *)comm)[1] = from[1] & ~(0xffULL << 56); /* it may be changed meanwhile */
#else
	(void)task;
	bpf_get_current_comm(comm, WT_COMM_LEN);
#endif
}

/* Copied: to a function of its own the pointer is but a number. */
#define done_asked(to, d, field) \
	bpf_probe_read_kernel(to, sizeof(*(to)), &(d)->request->asked.field)

static __always_inline __u64 done_cgroup(const struct wt_done *d)
{
	__u64 cgroup = 0;

	if (!d->request)
		return task_cgroup(d->who.task);
	done_asked(&cgroup, d, cgroup);
	barrier_var(cgroup); /* see process_start() */
	return cgroup;
}

static __always_inline __u32 done_uid(const struct wt_done *d)
{
	__u32 uid = 0;

	if (!d->request)
		return task_uid(d->who.task);
	done_asked(&uid, d, uid);
	barrier_var(uid);
	return uid;
}

static __always_inline void done_comm(const struct wt_done *d, char (*comm)[WT_COMM_LEN])
{
	if (d->request)
		done_asked(comm, d, comm);
	else
		task_comm(d->who.task, comm);
}

static __always_inline void event_fill(struct wt_event *e, const struct wt_done *d,
				       const struct wt_counters *c)
{
	e->type = WT_RECORD_WRITE;
	e->op = d->call.op;
	e->flags = (d->call.compat ? WT_EVENT_COMPAT : 0) |
		   (d->has_latency ? WT_EVENT_LATENCY : 0) |
		   (d->call.has_size ? WT_EVENT_SIZE : 0) | (d->has_pos ? WT_EVENT_POS : 0) |
		   (d->has_file ? WT_EVENT_FILE : 0) | (d->call.no_fd ? 0 : WT_EVENT_FD) |
		   (d->call.form < WT_FORM_DATA ? WT_EVENT_NO_DATA : 0);
	e->pad = 0;
	e->cpu = bpf_get_smp_processor_id();
	e->data_len = 0;
	e->lost = c->lost[WT_LOST_RING];
	e->time_ns = d->now_ns;
	e->latency_ns = d->latency_ns;
	e->file = d->file;
	e->cgroup = done_cgroup(d);
	e->offset = d->offset;
	e->size = d->call.size;
	e->ret = d->ret;
	e->pid = d->who.pid;
	e->tid = d->who.tid;
	e->uid = done_uid(d);
	e->fd = d->call.fd;
	done_comm(d, &e->comm);
}

static __always_inline bool emit_plain(const struct wt_done *d, struct wt_counters *c)
{
	struct wt_event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return false;
	event_fill(e, d, c);
	bpf_ringbuf_submit(e, wake_flags(c));
	return true;
}

static __always_inline bool emit_data_from(__u32 place, const struct wt_done *d,
					   struct wt_counters *c, bool messages)
{
	struct wt_scratch *s = scratch_get(place);
	__u64 want = d->ret > 0 ? d->ret : 0;
	__u32 len;
	int got;

	if (!s)
		return false;
	event_fill(&s->event, d, c);
	if (want > cfg.data_max)
		want = cfg.data_max;
	got = want ? call_copy_data(s, place, &d->call, want, messages) : 0;
	if (got < 0) {
		s->event.flags |= WT_EVENT_DATA_FAULT;
		got = 0;
	}
	len = got;
	barrier_var(len);
	if (len > WT_DATA_MAX)
		return false;
	s->event.data_len = len;
	return !bpf_ringbuf_output(&ring, &s->event, sizeof(s->event) + len, wake_flags(c));
}

/* With the first bytes of what was written behind the event. */
static __always_inline bool emit_data(const struct wt_done *d, struct wt_counters *c, bool messages)
{
	int place = scratch_take();
	bool sent;

	if (place == NO_SCRATCH)
		return false;
	sent = emit_data_from(place, d, c, messages);
	scratch_put(place);
	return sent;
}

static __always_inline void emit(const struct wt_done *d, struct wt_counters *c, bool messages)
{
	if (cfg.data_max ? emit_data(d, c, messages) : emit_plain(d, c))
		c->sent++;
	else
		add(&c->lost[WT_LOST_RING], 1);
}

/* Into the flight recorder. What cannot be recorded is missing among the positions. */
static __always_inline void record(const struct wt_done *d, const struct wt_counters *c)
{
	__u32 lane = recorder_lane(), key;
	struct wt_recorder_heads *h = bpf_map_lookup_elem(&heads, &lane);
	struct wt_recorded_event *r;
	__u64 position;

	if (!h)
		return;
	position = take_numbers(&h->events, 1);
	key = recorder_slot(lane, position, cfg.event_mask);
	r = bpf_map_lookup_elem(&events, &key);
	if (!r || !slot_begin(&r->seq, position))
		return;
	event_fill(&r->event, d, c);
	slot_end(&r->seq, position);
}

#endif
