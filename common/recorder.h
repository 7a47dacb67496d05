/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a session's flight recorder while it goes on.
 *
 * Records are copied out of memory that programs write to at the same time: a copy counts only if
 * its number was the same before and after. Layout: struct wt_recorder_heads in bpf/writetrace.h.
 */
#ifndef WT_RECORDER_H
#define WT_RECORDER_H

#include <stdint.h>

struct file;
struct objects;
struct recorder;
struct wt_event;
struct wt_meta;

/** recorder_open - map the flight recorder of the session that @meta describes
 *
 * @meta must stay, be checked if it is not our own, and say that there is a recorder.
 * Return: 0; -EINVAL if a map is not what it should be; another -errno.
 */
int recorder_open(struct recorder **recorder, const struct objects *objects,
		  const struct wt_meta *meta);
void recorder_close(struct recorder *recorder);

struct recorder_calls {
	/* One event, oldest first; @file is NULL if it is not known. Return 0 to go on. */
	int (*event)(void *arg, const struct wt_event *event, const struct file *file);
	/* @count events before @time_ns are gone: overwritten, or never written whole. With nothing
	 * after them yet, @time_ns is that of the last before them, or now. */
	int (*lost)(void *arg, uint64_t count, uint64_t time_ns);
	void *arg;
};

/** recorder_read - hand out the events since the last call; of the first, the newest @most
 *
 * @most: at most as many as the recorder keeps. An event that is being written is waited for, up to
 * 20 ms in all.
 * Return: 0, -errno, or what a callback returned first.
 */
int recorder_read(struct recorder *recorder, uint32_t most, const struct recorder_calls *calls);

#endif
