/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AIO's control blocks that are accepted, and their results. What a block asks for is put down when
 * io_submit begins (aio_block.bpf.h). Where that is not seen (cfg.aio_blocks), the event names its
 * control block, which says the rest, if it is still as it was.
 */
#ifndef WT_AIO_RESULT_BPF_H
#define WT_AIO_RESULT_BPF_H

#include "aio_block.bpf.h"

static __always_inline void aio_drop(__u64 key, const struct wt_request *r)
{
	aio_outstanding(r->tag, -1);
	bpf_map_delete_elem(&blocks, &key);
}

/* The row's file must be known before it is closed. */
static __always_inline void aio_introduce(struct file *file, __u64 id)
{
	int place;

	if (!cfg.tally || !(cfg.by & WT_BY_FILE) || bpf_map_lookup_elem(&row_files, &id))
		return;
	place = scratch_take();
	if (place == NO_SCRATCH)
		return;
	row_file(place, (__u64)file, id);
	scratch_put(place);
}

/* The kernel has accepted so many control blocks, of which the first one's address is at a user
 * address, or none: then there is no operation. */
wt_function int aio_accept(__u64 at, __s64 accepted, bool compat)
{
	enum file_verdict verdict;
	struct wt_request *r;
	struct file *file;
	__u64 key, id = 0;

	if (!cfg.aio_blocks)
		return 0;
	key = aio_key(aio_pointer(at, compat));
	r = bpf_map_lookup_elem(&blocks, &key);
	if (!r || r->done || r->file_id)
		return 0;
	if (accepted <= 0) {
		aio_drop(key, r);
		return 0;
	}
	file = file_by_fd(current_task(), r->fd);
	if (!file)
		return 0;
	verdict = file_wanted(file, &id, 0, 0);
	if (verdict == FILE_UNWANTED) {
		aio_drop(key, r);
	} else if (verdict == FILE_WANTED) {
		aio_introduce(file, id);
		r->file = (__u64)file;
		r->file_id = id;
	}
	return 0;
}

/* A function of its own, so that what it has on the stack is not there for all that follows. */
wt_function __u64 aio_file_identity(__u64 file)
{
	return cfg.aio_blocks ? file_identity((struct file *)file) : 0;
}

/* Hands an operation on that has ended. Its file may be closed by now, and its descriptor be
 * another's. */
static __always_inline void aio_done(struct wt_done *d, const struct wt_request *r, int place)
{
	d->open_file = (struct file *)r->file;
	if (!r->file_id) {
		d->open_file = file_by_fd(current_task(), r->fd);
	} else if (aio_file_identity(r->file) != r->file_id) {
		d->open_file = NULL;
		d->has_file = true;
		d->file = r->file_id;
		d->has_pos = r->has_pos && !r->append;
		d->offset = r->offset;
		d->file_is_known = true;
	}
	done_finish(d, place);
}

#define AIO_FETCHED (~0ULL) /* no position: io_getevents has handed the result over */

static __always_inline bool aio_read_event(__u64 event, __u64 *iocb, __s64 *ret)
{
	return !bpf_probe_read_user(iocb, sizeof(*iocb), (void *)(event + IO_EVENT_OBJ)) &&
	       !bpf_probe_read_user(ret, sizeof(*ret), (void *)(event + IO_EVENT_RES));
}

/* Has it been asked for by the io_submit that ends now? Then the data is still there. */
static __always_inline bool aio_is_new(const struct wt_request *r)
{
	struct wt_aio_context *c;

	if (!cfg.data_max)
		return false;
	c = bpf_map_lookup_elem(&contexts, &r->tag);
	return c && r->start_ns >= c->submit_ns;
}

/* Hands the operation on that has ended with @ret. */
static __always_inline void aio_end(struct wt_request *r, __s64 ret, bool fetched)
{
	struct wt_done *d;
	int place;

	d = done_take(&place);
	if (!d)
		return;
	request_done(d, r, ret);
	if (fetched || aio_is_new(r)) {
		d->call.form = r->form;
		d->call.buf = r->buf;
		d->call.count = r->count;
	}
	d->call.append = r->append;
	d->call.moves = r->has_pos;
	if (result_wanted(ret, d->latency_ns, d->has_latency))
		aio_done(d, r, place);
	scratch_put(place);
}

/* A result, in an event at a user address: at a position of the ring, or fetched. Return: 1 if it
 * cannot be read, as the page is not mapped; the process cannot have taken it from there yet. */
wt_step int aio_result(__u64 event, __u64 position)
{
	struct wt_request *r;
	__u64 key, iocb = 0;
	__s64 ret = 0;

	if (!cfg.aio_blocks)
		return 0;
	if (!aio_read_event(event, &iocb, &ret))
		return 1;
	key = aio_key(iocb);
	r = bpf_map_lookup_elem(&blocks, &key);
	if (r && position < r->from) {
		key |= AIO_EARLIER;
		r = bpf_map_lookup_elem(&blocks, &key);
		if (r && (position < r->from || position >= r->until))
			return 0;
	}
	if (r && request_take(r)) {
		aio_end(r, ret, position == AIO_FETCHED);
		aio_drop(key, r);
	}
	return 0;
}

/* Describes an operation by its control block as it is now. False if it is not wanted. */
static __always_inline bool aio_describe(struct wt_done *d, __u64 event, bool compat)
{
	__u64 iocb = 0;
	__u32 op, fd;

	__builtin_memset(&d->call, 0, sizeof(d->call));
	if (!aio_read_event(event, &iocb, &d->ret) || !aio_begin(iocb, &op, &fd))
		return false;
	d->call.op = op;
	d->call.fd = fd;
	/* buf, count, pos: as they lie in the control block */
	bpf_probe_read_user(&d->call.buf, 3 * sizeof(__u64), (void *)(iocb + IOCB_BUF));
	d->call.compat = compat;
	d->call.append = aio_appends(iocb);
	d->call.form = aio_form(d->call.op);
	d->call.moves = d->call.has_pos = d->call.op != WT_OP_AIO_FSYNC;
	d->call.size = aio_size(d->call.op, d->call.buf, d->call.count, compat);
	d->call.has_size = d->call.moves && d->call.size != SIZE_UNKNOWN;
	return result_wanted(d->ret, 0, false) && d->call.size >= cfg.min_size;
}

/* A result that was fetched, of an operation whose beginning was not seen. */
wt_step int aio_unknown(__u64 event, bool compat)
{
	struct wt_done *d;
	int place;

	if (!cfg.aio_ops || cfg.aio_blocks)
		return 0;
	d = done_take(&place);
	if (!d)
		return 0;
	if (aio_describe(d, event, compat)) {
		who_current(&d->who);
		d->request = NULL;
		d->file_is_known = false;
		d->now_ns = bpf_ktime_get_boot_ns();
		d->latency_ns = 0;
		d->has_latency = false;
		d->open_file = file_by_fd(d->who.task, d->call.fd);
		done_finish(d, place);
	}
	scratch_put(place);
	return 0;
}

#endif
