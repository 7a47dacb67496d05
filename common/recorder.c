// SPDX-License-Identifier: GPL-2.0-only
#include "recorder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/bpf.h>

#include "bpf/writetrace.h"
#include "clock.h"
#include "files.h"
#include "objects.h"
#include "units.h"

/* A program that was interrupted while it wrote a record is given this long to end it. */
#define PATIENCE_NS 20000000
#define PAUSE_NS    500000

/* From the end of an operation to its record: longer than a program takes. */
#define RECORD_NS 1000000

/* Slots of the table of files for each slot of map paths, so that few share one. */
#define FILES_SPREAD   4
#define FILES_PER_SLOT 16

struct lane {
	uint64_t next_event; /* positions not looked at yet */
	uint64_t next_path;
	uint64_t lost; /* events missing since the last that was copied */
};

/* An event that was copied. */
struct copied {
	struct wt_event event;
	uint64_t position;
	uint64_t lost_before; /* events of its lane that are missing ahead of it */
};

struct recorder {
	const struct wt_meta *meta;
	const struct wt_recorder_heads *heads;
	const struct wt_recorded_event *events;
	const struct wt_recorded_path *paths;
	struct files *files;
	struct lane *lanes;
	bool began;	  /* something was read before */
	uint64_t last_ns; /* of the last event that was handed out */
	struct copied *copied;
	size_t n_copied;
	size_t room;
};

static int map_ring(const struct objects *objects, const char *name, const void **ring, size_t size,
		    uint64_t entries)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = objects_get(objects, name), err = 0;
	void *at;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		err = -errno;
	else if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != size ||
		 info.max_entries != entries)
		err = -EINVAL;
	if (!err) {
		at = mmap(NULL, size * entries, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			err = -errno;
		else
			*ring = at;
	}
	close(fd);
	return err;
}

static uint64_t event_entries(const struct wt_meta *m)
{
	return (uint64_t)m->lanes * m->event_slots;
}

static uint64_t path_entries(const struct wt_meta *m)
{
	return (uint64_t)m->lanes * m->path_slots;
}

int recorder_open(struct recorder **recorder, const struct objects *objects,
		  const struct wt_meta *m)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->meta = m;
	err = map_ring(objects, "heads", (const void **)&r->heads, sizeof(*r->heads), m->lanes);
	if (!err)
		err = map_ring(objects, "events", (const void **)&r->events, sizeof(*r->events),
			       event_entries(m));
	if (!err)
		err = map_ring(objects, "paths", (const void **)&r->paths, sizeof(*r->paths),
			       path_entries(m));
	r->lanes = calloc(m->lanes, sizeof(*r->lanes));
	r->files = files_new((size_t)FILES_SPREAD * m->path_slots, FILES_PER_SLOT);
	if (!err && (!r->lanes || !r->files))
		err = -ENOMEM;
	if (err)
		recorder_close(r);
	else
		*recorder = r;
	return err;
}

void recorder_close(struct recorder *r)
{
	if (!r)
		return;
	if (r->heads)
		munmap((void *)r->heads, sizeof(*r->heads) * r->meta->lanes);
	if (r->events)
		munmap((void *)r->events, sizeof(*r->events) * event_entries(r->meta));
	if (r->paths)
		munmap((void *)r->paths, sizeof(*r->paths) * path_entries(r->meta));
	files_free(r->files);
	free(r->lanes);
	free(r->copied);
	free(r);
}

enum slot { SLOT_WHOLE, SLOT_NOT_YET, SLOT_GONE };

static enum slot slot_state(const __u64 *seq, uint64_t position)
{
	uint64_t now = __atomic_load_n(seq, __ATOMIC_ACQUIRE), whole = 2 * position + 2;

	return now == whole ? SLOT_WHOLE : now < whole ? SLOT_NOT_YET : SLOT_GONE;
}

/* Copies @len bytes of the record at @from, which begins with its number. */
static enum slot slot_copy(void *to, const void *from, size_t len, uint64_t position)
{
	enum slot state = slot_state(from, position);

	if (state != SLOT_WHOLE)
		return state;
	memcpy(to, from, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return slot_state(from, position);
}

static const struct wt_recorded_path *path_slot(const struct recorder *r, unsigned int lane,
						uint64_t position)
{
	return &r->paths[(uint64_t)lane * r->meta->path_slots +
			 (position & (r->meta->path_slots - 1))];
}

/* The record that begins at @position, with all of its path. */
static enum slot path_take(struct recorder *r, unsigned int lane, uint64_t position)
{
	char record[sizeof(struct wt_file) + WT_PATH_MAX + WT_RECORDED_PATH_PART];
	struct wt_recorded_path p;
	size_t len = sizeof(struct wt_file) + WT_RECORDED_PATH_HEAD;
	enum slot state = slot_copy(&p, path_slot(r, lane, position), sizeof(p), position);
	__u32 parts = p.parts;

	if (state != SLOT_WHOLE || p.part)
		return state;
	memcpy(record, &p.file, len);
	for (__u32 i = 1; i < parts && len + sizeof(p.bytes) <= sizeof(record); i++) {
		state = slot_copy(&p, path_slot(r, lane, position + i), sizeof(p), position + i);
		if (state != SLOT_WHOLE)
			return state;
		memcpy(record + len, p.bytes, sizeof(p.bytes));
		len += sizeof(p.bytes);
	}
	/* one that makes no sense is refused there */
	return files_add(r->files, (const struct wt_file *)record, len, true) == -ENOMEM
		       ? SLOT_NOT_YET
		       : SLOT_WHOLE;
}

/* Paths that have come; those that are not whole yet are looked at again next time. */
static void take_paths(struct recorder *r, unsigned int lane)
{
	uint64_t head = __atomic_load_n(&r->heads[lane].paths, __ATOMIC_ACQUIRE);
	uint64_t from = r->lanes[lane].next_path, next = head;

	if (head - from > r->meta->path_slots)
		from = head - r->meta->path_slots;
	for (uint64_t position = from; position < head; position++)
		if (path_take(r, lane, position) == SLOT_NOT_YET && position < next)
			next = position;
	r->lanes[lane].next_path = next;
}

static int make_room(struct recorder *r)
{
	size_t room = r->room ? 2 * r->room : 1024;
	struct copied *copied;

	if (r->n_copied < r->room)
		return 0;
	copied = reallocarray(r->copied, room, sizeof(*copied));
	if (!copied)
		return -ENOMEM;
	r->copied = copied;
	r->room = room;
	return 0;
}

/* Return: whether the record is whole after all. */
static bool wait_for_slot(const __u64 *seq, uint64_t position, int *patience_ns)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	while (slot_state(seq, position) == SLOT_NOT_YET && *patience_ns > 0) {
		nanosleep(&pause, NULL);
		*patience_ns -= PAUSE_NS;
	}
	return slot_state(seq, position) == SLOT_WHOLE;
}

/* Events that have come on a lane, but for those that ended after @until_ns. */
static int take_events(struct recorder *r, unsigned int lane, uint64_t until_ns, int *patience_ns)
{
	const uint32_t slots = r->meta->event_slots;
	uint64_t head = __atomic_load_n(&r->heads[lane].events, __ATOMIC_ACQUIRE);
	uint64_t position = r->lanes[lane].next_event, lost = 0;

	if (head - position > slots) {
		lost = head - slots - position;
		position = head - slots;
	}
	for (; position < head; position++) {
		const struct wt_recorded_event *from =
			&r->events[(uint64_t)lane * slots + (position & (slots - 1))];
		struct wt_recorded_event e;
		enum slot state;
		int err = make_room(r);

		if (err)
			return err;
		state = slot_copy(&e, from, sizeof(e), position);
		if (state == SLOT_NOT_YET && wait_for_slot(&from->seq, position, patience_ns))
			state = slot_copy(&e, from, sizeof(e), position);
		if (state != SLOT_WHOLE) {
			lost++;
			continue;
		}
		if (e.event.time_ns > until_ns)
			break;
		e.event.data_len = 0;
		r->copied[r->n_copied++] = (struct copied){ .event = e.event,
							    .position = position,
							    .lost_before = lost };
		lost = 0;
	}
	r->lanes[lane].next_event = position;
	r->lanes[lane].lost = lost;
	return 0;
}

/* Lanes are merged by time; on one lane the position decides. */
static int compare_times(const void *a, const void *b)
{
	const struct copied *x = a, *y = b;

	if (x->event.time_ns != y->event.time_ns)
		return x->event.time_ns < y->event.time_ns ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

static int hand_out(struct recorder *r, size_t first, const struct recorder_calls *calls)
{
	int err = 0;

	for (size_t i = first; i < r->n_copied && !err; i++) {
		const struct copied *c = &r->copied[i];
		const struct file *file = NULL;

		/* what was there before the oldest that was asked for is not missing */
		if (c->lost_before && (r->began || i > first))
			err = calls->lost(calls->arg, c->lost_before, c->event.time_ns);
		if (c->event.flags & WT_EVENT_FILE)
			file = files_find(r->files, c->event.file);
		if (!err)
			err = calls->event(calls->arg, &c->event, file);
		r->last_ns = c->event.time_ns;
	}
	return err;
}

/* Events that were gone before they could be copied, and nothing after them was there. */
static int hand_out_lost(struct recorder *r, const struct recorder_calls *calls)
{
	uint64_t lost = 0;

	for (unsigned int lane = 0; lane < r->meta->lanes; lane++)
		lost += r->lanes[lane].lost;
	if (!lost || !(r->began || r->n_copied))
		return 0;
	if (!r->last_ns)
		r->last_ns = clock_boot_ns();
	return calls->lost(calls->arg, lost, r->last_ns);
}

/*
 * Lanes are looked at one after the other while events come on all of them. So that none is missing
 * between those shown, all are read as of one moment, and what ended before it is given time to
 * come. Return: that moment.
 */
static uint64_t one_moment(const struct recorder *r)
{
	const struct timespec pause = { .tv_nsec = RECORD_NS };
	uint64_t now = clock_boot_ns();

	if (r->meta->lanes == 1)
		return UINT64_MAX;
	nanosleep(&pause, NULL);
	return now;
}

int recorder_read(struct recorder *r, uint32_t most, const struct recorder_calls *calls)
{
	const uint64_t until_ns = one_moment(r);
	int patience_ns = PATIENCE_NS, err = 0;
	size_t first = 0;

	r->n_copied = 0;
	/* a path may be overwritten while its event is copied, and come again after it */
	for (unsigned int lane = 0; lane < r->meta->lanes; lane++)
		take_paths(r, lane);
	for (unsigned int lane = 0; lane < r->meta->lanes && !err; lane++)
		err = take_events(r, lane, until_ns, &patience_ns);
	for (unsigned int lane = 0; lane < r->meta->lanes; lane++)
		take_paths(r, lane);
	if (err)
		return err;
	if (r->meta->lanes > 1 && r->n_copied)
		qsort(r->copied, r->n_copied, sizeof(*r->copied), compare_times);
	if (!r->began && r->n_copied > most)
		first = r->n_copied - most;
	err = hand_out(r, first, calls);
	if (!err)
		err = hand_out_lost(r, calls);
	r->began = true;
	return err;
}
