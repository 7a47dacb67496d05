/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flight recorder's rings: positions, slots and the paths of its files.
 */
#ifndef WT_RECORDER_BPF_H
#define WT_RECORDER_BPF_H

#include "maps.bpf.h"
#include "read.bpf.h"

static __always_inline __u32 recorder_lane(void)
{
	return cfg.lanes ? bpf_get_smp_processor_id() : 0;
}

static __always_inline __u32 recorder_slot(__u32 lane, __u64 position, __u32 mask)
{
	return lane * (mask + 1) + (position & mask);
}

/*
 * Takes a slot for writing. A task may have been held up for so long that the ring has come round:
 * the one who finds the slot in use, or used by a later record, leaves it alone. So does the record
 * in it stay whole, and the position that is missing tells readers.
 */
static __always_inline bool slot_begin(__u64 *seq, __u64 position)
{
	__u64 old = *(volatile __u64 *)seq, mine = 2 * position + 1;

	if ((old & 1) || old > mine)
		return false;
	return replace_word(seq, old, mine);
}

static __always_inline void slot_end(__u64 *seq, __u64 position)
{
	store_last(seq, 2 * position + 2);
}

/* What map seen_at holds: in which lane, at which position. */
#define PLACE_LANE_SHIFT 48

static __always_inline __u64 recorded_at(__u32 lane, __u64 position)
{
	return (__u64)lane << PLACE_LANE_SHIFT | position;
}

/* Is the file's last record in the younger half of its ring? Then it outlives the events that are
 * younger than it by less than half a ring. */
static __always_inline bool path_is_recorded(__u32 seen_key, __u64 id)
{
	struct wt_recorder_heads *h;
	struct wt_recorded_path *r;
	__u64 *at, position;
	__u32 lane, key;

	at = bpf_map_lookup_elem(&seen_at, &seen_key);
	if (!at)
		return false;
	position = *(volatile __u64 *)at;
	lane = position >> PLACE_LANE_SHIFT;
	position &= (1ULL << PLACE_LANE_SHIFT) - 1;
	h = bpf_map_lookup_elem(&heads, &lane);
	key = recorder_slot(lane, position, cfg.path_mask);
	r = bpf_map_lookup_elem(&paths, &key);
	/* seen_at may be another file's: that of the same slot of map seen */
	return h && r && r->seq == 2 * position + 2 && !r->part && r->file.id == id &&
	       *(volatile __u64 *)&h->paths - position <= cfg.path_mask / 2;
}

/* Longest path in slots, less the first */
#define PATH_PARTS_MAX \
	((WT_PATH_MAX - WT_RECORDED_PATH_HEAD + WT_RECORDED_PATH_PART - 1) / WT_RECORDED_PATH_PART)

/* One further slot of the path in scratch place `place`. */
wt_function int record_path_part(__u32 place, __u32 lane, __u64 position, __u32 part)
{
	__u32 key = recorder_slot(lane, position, cfg.path_mask), from;
	struct wt_scratch *s = scratch_get(place);
	struct wt_recorded_path *r;

	if (!cfg.record)
		return 0;
	r = bpf_map_lookup_elem(&paths, &key);
	if (!r || !s || part < 1 || part > PATH_PARTS_MAX || !slot_begin(&r->seq, position))
		return 0;
	from = WT_RECORDED_PATH_HEAD + (part - 1) * WT_RECORDED_PATH_PART;
	barrier_var(from);
	r->part = part;
	r->parts = 0;
	if (from <= WT_PATH_MAX)
		bpf_probe_read_kernel(r->bytes, sizeof(r->bytes), s->path + from);
	slot_end(&r->seq, position);
	return 0;
}

/* Records the file and its path in scratch place `place`, and notes down where. */
wt_function int record_path(__u32 place, __u32 seen_key)
{
	struct wt_scratch *s = scratch_get(place);
	__u32 lane = recorder_lane(), parts = 1, key, len, i;
	struct wt_recorder_heads *h;
	struct wt_recorded_path *r;
	__u64 position, *at;

	if (!cfg.record)
		return 0;
	h = bpf_map_lookup_elem(&heads, &lane);
	if (!s || !h)
		return 0;
	len = s->file.path_len + s->file.peer_len;
	if (len > WT_RECORDED_PATH_HEAD)
		parts += (len - WT_RECORDED_PATH_HEAD + WT_RECORDED_PATH_PART - 1) /
			 WT_RECORDED_PATH_PART;
	position = take_numbers(&h->paths, parts);
	key = recorder_slot(lane, position, cfg.path_mask);
	r = bpf_map_lookup_elem(&paths, &key);
	if (!r || !slot_begin(&r->seq, position))
		return 0;
	r->part = 0;
	r->parts = parts;
	r->file = s->file;
	bpf_probe_read_kernel(r->path, sizeof(r->path), s->path);
	slot_end(&r->seq, position);
	for (i = 1; i <= PATH_PARTS_MAX && i < parts; i++)
		record_path_part(place, lane, position + i, i);
	at = bpf_map_lookup_elem(&seen_at, &seen_key);
	if (at)
		*(volatile __u64 *)at = recorded_at(lane, position);
	return 0;
}

#endif
