// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs for kernels without atomic operations that tell the old value, see bpf/maps.bpf.h.
 */
#include <stddef.h>

#include <bpf/libbpf.h>

#include "session_internal.h"
#include "writetrace_no_fetch.skel.h"

const void *session_object_no_fetch(size_t *size)
{
	return writetrace_no_fetch_bpf__elf_bytes(size);
}
