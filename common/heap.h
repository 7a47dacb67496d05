/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our own memory while a session is loaded, and after that.
 */
#ifndef WT_HEAP_H
#define WT_HEAP_H

#include <stdbool.h>

/** heap_keep - memory that is given back is kept for what comes next; or is the kernel's again
 *
 * The kernel's types, 5 MB of them, are read into buffers that are copied and given back, by libbpf
 * once more. glibc takes such buffers from the kernel and gives them back to it, which clears each
 * anew: half of all page faults of a start. So it keeps them while we load; not longer, as events
 * need the room. Nor huge pages then: what is left lies scattered over the heap, and one word of it
 * would take 2 MB. Who was forked before is not concerned. (Failure leaves us larger, no more.)
 */
void heap_keep(bool keep);

#endif
