/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All entries of a hash map at a time, however it changes meanwhile.
 */
#ifndef WT_BATCH_H
#define WT_BATCH_H

#include <stddef.h>
#include <linux/types.h>

struct batch {
	__u64 *keys;
	char *values;
	size_t value_size;
	__u32 n;
};

/** batch_read - all entries of a hash map with keys of 8 bytes, which never has more than @most
 *
 * None is there twice. batch_free() afterwards, whatever it returns.
 * Return: 0 or -errno.
 */
int batch_read(struct batch *batch, int map, __u32 most, size_t value_size);
void batch_free(struct batch *batch);

#endif
