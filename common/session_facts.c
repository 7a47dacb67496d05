// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's BTF tells a session, taken down before libbpf reads it once more: it is large.
 */
#include "session_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

int session_gather(struct session_facts *facts, enum backend backend)
{
	const bool fentry = backend == BACKEND_FENTRY || backend == BACKEND_AUTO;
	struct btf *btf = kernel_btf_load();

	facts->kernel.types_fd = -1;
	if (!btf)
		return -errno;
	kernel_gather(btf, &facts->kernel, true);
	if (backend == BACKEND_TRACEPOINT)
		facts->counts_tracepoint_misses = kernel_counts_tracepoint_misses(btf);
	if (fentry && !facts->kernel.safe_fexit) {
		buf_puts(&facts->fentry_why, "this kernel may crash when a traced call sleeps (it "
					     "has no struct bpf_tramp_image)");
		facts->fentry_err = -EOPNOTSUPP;
	} else if (fentry) {
		facts->fentry_err = kernel_try_fentry(btf, &facts->fentry_why);
	}
	if (fentry && !facts->fentry_err)
		kernel_find_hooks(btf, facts->hooks);
	btf__free(btf);
	return 0;
}

void session_use_hooks(struct session *s, const struct session_facts *facts)
{
	memcpy(s->hooks, facts->hooks, sizeof(s->hooks));
	s->meta.compat_ops = 0;
	s->typed_regs = true;
	for (unsigned int hook = 0; hook < WT_HOOKS; hook++) {
		if (s->hooks[hook].id && !s->hooks[hook].typed)
			s->typed_regs = false;
		if (s->hooks[hook].id && hook >= WT_CALL_COUNT)
			s->meta.compat_ops |= 1ULL << (hook - WT_CALL_COUNT);
	}
	s->typed_regs = s->typed_regs || s->meta.backend != BACKEND_FENTRY;
}

void session_facts_free(struct session_facts *facts)
{
	if (facts->kernel.types_fd >= 0)
		close(facts->kernel.types_fd);
	buf_free(&facts->fentry_why);
}
