// SPDX-License-Identifier: GPL-2.0-only
#include "list.h"

#include <errno.h>
#include <string.h>

#include "buf.h"

int list_parse(const char *list, list_item_fn *fn, void *arg, struct buf *why)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		int err;

		if (!len) {
			buf_puts(why, "empty item in a list");
			return -EINVAL;
		}
		err = fn(list, len, arg, why);
		if (err)
			return err;
		if (!list[len])
			return 0;
		list += len + 1;
	}
}
