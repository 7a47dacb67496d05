/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a session lost, and at most what the kernel kept from it.
 */
#ifndef WT_LOSS_H
#define WT_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct loss;
struct objects;
struct wt_meta;

/** loss_open - find the counters and programs of the session that @meta describes
 *
 * @meta must stay.
 * Return: 0 or -errno.
 */
int loss_open(struct loss **loss, const struct objects *objects, const struct wt_meta *meta);
void loss_close(struct loss *loss);

/** loss_read - what was lost so far, by enum wt_lost
 *
 * @lost has WT_LOST_COUNTERS places, @known WT_LOST_COUNT. Unpaired has the unseen in it. @known is
 * false for a cause that this kernel cannot count. Return: 0 or -errno.
 */
int loss_read(const struct loss *loss, uint64_t *lost, bool *known);

#endif
