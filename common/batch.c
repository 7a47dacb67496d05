// SPDX-License-Identifier: GPL-2.0-only
#include "batch.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

void batch_free(struct batch *b)
{
	free(b->keys);
	free(b->values);
}

/* There is room for as many as the map may ever hold, so that no bucket is too large for what is
 * left of it. */
int batch_read(struct batch *b, int map, __u32 most, size_t value_size)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 at = 0, n;
	int err = 0;

	*b = (struct batch){ .value_size = value_size };
	b->keys = calloc(most, sizeof(*b->keys));
	b->values = calloc(most, value_size);
	if (!b->keys || !b->values)
		return -ENOMEM;
	while (b->n < most && !err) {
		n = most - b->n;
		if (bpf_map_lookup_batch(map, b->n ? &at : NULL, &at, b->keys + b->n,
					 b->values + b->n * value_size, &n, &opts))
			err = -errno;
		if (!err || err == -ENOENT)
			b->n += n;
		if (!err && !n)
			break;
	}
	return err == -ENOENT ? 0 : err; /* no more */
}
