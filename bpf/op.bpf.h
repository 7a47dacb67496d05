/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An operation from its beginning to its end: whose it is, which file it went to, who is told.
 */
#ifndef WT_OP_BPF_H
#define WT_OP_BPF_H

#include "call.bpf.h"
#include "emit.bpf.h"
#include "file.bpf.h"
#include "span.bpf.h"
#include "tally.bpf.h"

/*
 * Has another copy handled this operation? Asked before anything else: the less a copy does that
 * has nothing to do, the less it is preempted.
 */
static __always_inline bool op_is_handled(const struct wt_who *who, __u32 copy)
{
	struct wt_span *span;

	if (cfg.copies == 1)
		return false;
	span = span_get(false);
	return span && span_is_handled(who->task, span, copy);
}

static __always_inline void count_handled(__u32 hook, __u32 copy)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	barrier_var(hook);
	if (c && hook < WT_HOOKS && copy < WT_COPIES)
		add(&c->handled[hook][copy], 1);
}

/* Takes the start of the operation out of its span, if @start of slot_take() is none. False if
 * another copy has to handle it. */
static __always_inline bool op_take_span(struct wt_done *d, __u64 start, __u32 hook, __u32 copy)
{
	struct wt_span *span;

	d->latency_ns = 0;
	d->has_latency = false;
	if (!cfg.latency && cfg.copies == 1)
		return true;
	if (start) {
		d->latency_ns = (d->now_ns - start) & (~0ULL >> WT_SLOT_TID_BITS);
		d->has_latency = true;
		return true;
	}
	span = span_get(cfg.copies > 1);
	if (!span)
		return copy == 0;
	if (cfg.copies > 1) {
		span_claim(d->who.task, span, copy);
		count_handled(hook, copy);
	}
	if (cfg.latency && span->start_ns) {
		d->latency_ns = d->now_ns - span->start_ns;
		d->has_latency = true;
		span->start_ns = 0;
	}
	return true;
}

/*
 * The position before the operation: the argument, or the file's position less what was added. A
 * file open for appending ignores the argument (pwrite(2), BUGS) and leaves its position alone.
 */
static __always_inline __s64 op_position(const struct wt_done *d, struct file *file)
{
	__s64 added = d->ret > 0 ? d->ret : 0;
	struct inode *inode;

	if (!d->call.has_pos)
		return kread(file, file, f_pos) - added;
	if (added && (d->call.append || (kread(file, file, f_flags) & O_APPEND))) {
		inode = kread(file, file, f_inode);
		return kread(inode, inode, i_size) - added;
	}
	return d->call.pos;
}

/* A call that writes only where the file is the end of a pipe for writing (vmsplice). */
static __always_inline bool op_reads(const struct wt_done *d, struct file *file)
{
	struct inode *inode;

	if (!d->call.pipe_end || !file || (kread(file, file, f_mode) & FMODE_WRITE))
		return false;
	inode = kread(file, file, f_inode);
	return (kread(inode, inode, i_mode) & S_IFMT) == S_IFIFO;
}

/* False if the file is not wanted or could not be made known. */
static __always_inline bool op_find_file(struct wt_done *d, struct file *file)
{
	enum file_verdict verdict;

	d->open_file = file;
	d->has_file = file;
	d->has_pos = false;
	d->file = 0;
	d->offset = 0;
	if (!file)
		return !cfg.path_globs && (!cfg.kinds || (cfg.kinds & (1 << WT_KIND_NONE)));
	if (d->call.at) {
		d->has_pos = call_read_position(&d->call, &d->offset);
		d->offset -= d->ret > 0 ? d->ret : 0;
	} else if (d->call.moves) {
		d->has_pos = true;
		d->offset = op_position(d, file);
	}
	verdict =
		file_wanted(file, &d->file, call_sends(&d->call) ? d->call.to : 0, d->call.to_len);
	if (verdict != FILE_NOT_SENT)
		return verdict == FILE_WANTED;
	/* nothing is missing from a tally that wants all files */
	if (!cfg.stream && !cfg.kinds && !cfg.path_globs)
		return true;
	count_lost(cfg.stream ? WT_LOST_RING : WT_LOST_INFLIGHT);
	return false;
}

/* Hands a finished, wanted operation on to where the session wants it. @messages: it may be a call
 * that has sent several; where it cannot, the functions for that need no room on the stack. */
static __always_inline void op_done(const struct wt_done *d, bool messages)
{
	struct wt_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (!c)
		return;
	if (cfg.stream)
		emit(d, c, messages);
	if (cfg.tally)
		tally(d);
	if (cfg.record)
		record(d, c);
	if (cfg.trace_pipe)
		bpf_printk("write fd %d: %lld bytes asked, result %lld", d->call.fd, d->call.size,
			   d->ret);
}

/* The same, if its file d->open_file is wanted, and it took long enough: where that is not known,
 * it is left out, and said to be. */
static __always_inline int op_finish_any(struct wt_done *d, bool messages)
{
	if (!d || !(d->file_is_known || op_find_file(d, d->open_file)))
		return 0;
	if (cfg.min_latency_ns && !d->has_latency)
		count_lost(WT_LOST_SKIPPED);
	else
		op_done(d, messages);
	return 0;
}

wt_small_function int op_finish(struct wt_done *d)
{
	return op_finish_any(d, true);
}

/* A struct wt_done in scratch memory, or NULL, for operations of other tasks. */
static __always_inline struct wt_done *done_take(int *place)
{
	struct wt_scratch *s = NULL;

	_Static_assert(sizeof(struct wt_done) <= sizeof(s->done), "struct wt_done");
	*place = scratch_take();
	if (*place != NO_SCRATCH)
		s = scratch_get(*place);
	if (!s)
		count_lost(WT_LOST_INFLIGHT);
	return s ? (struct wt_done *)s->done : NULL;
}

/* op_finish() of such. Where that is no function of its own this is one: what can be known of @d
 * there only multiplies what the verifier walks (600,000 instructions for a tally on Linux 6.1). */
#ifdef WT_DIRECT
#define done_finish(d, place) ((void)(place), op_finish(d))
#else
wt_function int op_finish_scratch(__u32 place)
{
	struct wt_scratch *s = scratch_get(place);

	return s ? op_finish_any((struct wt_done *)s->done, false) : 0;
}
#define done_finish(d, place) op_finish_scratch(place)
#endif

/*
 * Was the call refused by a seccomp filter that kills or traps? The kernel puts the registers back
 * (syscall_rollback() in kernel/seccomp.c), so there is something that looks like a result; SIGSYS
 * is yet to be delivered. Functions of the calls (fentry) are not called at all.
 */
wt_function int op_is_undone(__u64 task, __s64 ret, __u64 undone)
{
	return ret >= 0 && ret == (__s64)undone &&
	       (kread(task_struct, (struct task_struct *)task, pending.signal.sig[0]) &
		1UL << (SIGSYS - 1));
}

/*
 * An operation begins. Only sessions that measure latency come here.
 *
 * This one and op_exit() are in the object once, not once for each program: there are many.
 */
static __noinline int op_enter(struct pt_regs *regs, struct task_struct *task, __u32 op,
			       bool compat)
{
	struct wt_who who;

	if (!cfg.latency || !session_enabled(op, AT_ENTRY) || op >= WT_OP_COUNT)
		return 0;
	if (call_too_small(call_shape(op), regs, compat))
		return 0;
	who_calls(&who, task);
	if (who_wanted(&who) && fd_wanted(call_fd(call_shape(op), regs, compat)))
		span_start(&who);
	else
		span_forget(&who);
	return 0;
}

/* @compat_copy: bit 0: of a 32-bit program; the rest: which copy of the program runs */
static __noinline int op_exit(struct pt_regs *regs, struct task_struct *task, __s64 ret, __u32 op,
			      __u32 compat_copy)
{
	__u32 copy = compat_copy >> 1;
	bool compat = compat_copy & 1;
	struct file *file;
	struct wt_done d;
	__u64 start;

	if (!session_enabled(op, copy) || call_too_small(call_shape(op), regs, compat))
		return 0;
	d.who.task = task;
	if (op_is_handled(&d.who, copy))
		return 0;
	who_calls(&d.who, task);
	/* who has a start was wanted when the call began */
	start = slot_take(&d.who);
	if (!start && !who_wanted(&d.who))
		return 0;
	d.request = NULL;
	d.file_is_known = false;
	d.now_ns = bpf_ktime_get_boot_ns();
	d.ret = ret;
	if (!op_take_span(&d, start, WT_HOOK(op, compat), copy))
		return 0;
	/* what has begun was not refused */
	if ((ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK) ||
	    (!d.has_latency && op_is_undone((__u64)d.who.task, ret, regs_undone(regs)))) {
		count_lost(WT_LOST_UNPAIRED);
		return 0;
	}
	call_unpack(&d.call, regs, op, compat);
	call_find_address(&d.call, regs, compat);
	if (!fd_wanted(d.call.fd) || !result_wanted(ret, d.latency_ns, d.has_latency))
		return 0;
	call_measure(&d.call, &d.ret);
	if (d.call.size < cfg.min_size)
		return 0;
	file = d.call.no_fd ? NULL : file_of_call(d.who.task, d.call.fd);
	if (!op_reads(&d, file)) {
		d.open_file = file;
		op_finish(&d);
	}
	return 0;
}

#endif
