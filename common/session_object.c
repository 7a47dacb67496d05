// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs as they are compiled for other kernels than most, see bpf/read.bpf.h and
 * bpf/maps.bpf.h.
 */
#include <stddef.h>

#include <bpf/libbpf.h>

#include "session_internal.h"
#include "writetrace_direct.skel.h"
#include "writetrace_no_fetch.skel.h"

const void *session_object(enum session_object object, size_t *size)
{
	switch (object) {
	case SESSION_OBJECT_DIRECT:
		return writetrace_direct_bpf__elf_bytes(size);
	case SESSION_OBJECT_NO_FETCH:
		return writetrace_no_fetch_bpf__elf_bytes(size);
	default:
		return writetrace_bpf__elf_bytes(size);
	}
}
