/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a session says of itself: filled when it begins, checked when somebody reads it.
 */
#ifndef WT_META_H
#define WT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct filter;
struct json;
struct wt_meta;

/** meta_set_filters - put down what @filter asks for, in the words of the command line
 *
 * The operations are always put down, those of the default, too. What does not fit is left out, and
 * filters_cut says so.
 */
void meta_set_filters(struct wt_meta *meta, const struct filter *filter);

/** meta_check - whether @len bytes at @meta are a description that this version understands
 *
 * All numbers in it are in range then, and all text ends.
 * Return: 0; -EBADMSG if it is none of ours; -EPROTO for another layout; with the reason in @why.
 */
int meta_check(const struct wt_meta *meta, size_t len, struct buf *why);

/** meta_names_tasks - the filters say by their numbers which processes or threads are meant */
bool meta_names_tasks(const struct wt_meta *meta);

/** meta_filters_text - append the filters as options for a shell: "--pid 812 --path '/my files'"
 *
 * Safe to show. Operations that are the default are not mentioned; "..." stands for what is cut.
 */
void meta_filters_text(struct buf *out, const struct wt_meta *meta);

/** meta_filters_json - the member "filters": {"pid":[812],"ops":["write"],"failed":true}
 *
 * Where a value is not valid UTF-8, a second list, "path_b64", has the exact bytes of all values.
 * "cut":true says that there were more.
 */
void meta_filters_json(struct json *json, const struct wt_meta *meta);

/** meta_stamp - take down the session's start: now */
void meta_stamp(struct wt_meta *meta);

/** meta_wall_offset_ns - CLOCK_REALTIME less CLOCK_BOOTTIME
 *
 * Two looks at the clocks never come to the same result; so it is that of the session's start, and
 * times are the same in each dump, unless the clock has been set since (by more than 10 ms). @meta
 * may be NULL.
 */
int64_t meta_wall_offset_ns(const struct wt_meta *meta);

/** meta_wall_ns - wall-clock time (CLOCK_REALTIME) of a CLOCK_BOOTTIME stamp */
uint64_t meta_wall_ns(const struct wt_meta *meta, uint64_t boot_ns);

#endif
