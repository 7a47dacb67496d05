/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comma-separated lists, as many options take them.
 */
#ifndef WT_LIST_H
#define WT_LIST_H

#include <stddef.h>

struct buf;

/* What to do with one item, which is @len bytes at @item and not terminated. */
typedef int list_item_fn(const char *item, size_t len, void *arg, struct buf *why);

/** list_parse - hand each item of @list to @fn, in order
 *
 * Return: 0; -EINVAL for an empty list or item, with the reason in @why; or what @fn returned.
 */
int list_parse(const char *list, list_item_fn *fn, void *arg, struct buf *why);

#endif
