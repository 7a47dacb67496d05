// SPDX-License-Identifier: GPL-2.0-only
/*
 * What we are allowed to do.
 */
#include "kernel.h"

#include <sys/stat.h>
#include <linux/capability.h>

#include "buf.h"
#include "proc.h"

/* include/linux/proc_ns.h: PROC_USER_INIT_INO */
#define INITIAL_USER_NAMESPACE 0xeffffffdU

bool kernel_in_user_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/user", &st) && st.st_ino != INITIAL_USER_NAMESPACE;
}

bool kernel_has_cap(int cap)
{
	unsigned long long effective;

	return !kernel_in_user_namespace() && !proc_status(0, "CapEff", 16, &effective) &&
	       (effective >> cap & 1);
}

int kernel_missing_caps(struct buf *names)
{
	int missing = 0;

	/* CAP_SYS_ADMIN includes the other two (include/linux/capability.h: bpf_capable()) */
	if (kernel_has_cap(CAP_SYS_ADMIN))
		return 0;
	if (!kernel_has_cap(CAP_BPF)) {
		buf_puts(names, "CAP_BPF");
		missing++;
	}
	if (!kernel_has_cap(CAP_PERFMON)) {
		buf_puts(names, missing ? " and CAP_PERFMON" : "CAP_PERFMON");
		missing++;
	}
	return missing;
}
