// SPDX-License-Identifier: GPL-2.0-only
#include "session_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>

#include <bpf/btf.h>

#include "buf.h"
#include "filter.h"
#include "heap.h"
#include "kernel.h"
#include "log.h"
#include "loss.h"
#include "meta.h"
#include "ops.h"
#include "progress.h"

const struct wt_meta *session_meta(const struct session *session)
{
	return &session->meta;
}

int session_ring_fd(const struct session *session)
{
	return session->skel->rodata->cfg.stream ? bpf_map__fd(session->skel->maps.ring) : -1;
}

void session_holes(const struct session *s, struct buf *out)
{
	if (s->wanted_ops & ~s->meta.ops)
		buf_puts(out, "io_uring (this kernel does not tell of it in a way that we know)");
	if (s->meta.backend == BACKEND_TRACEPOINT)
		buf_printf(out, "%s32-bit programs (--backend raw sees them)",
			   out->len ? "; " : "");
}

uint64_t session_file_slots(const struct session *session)
{
	return session->skel->rodata->cfg.file_mask + 1ULL;
}

void session_want_wakeup(struct session *session, bool want)
{
	__atomic_store_n(&session->skel->bss->shared.wake, want, __ATOMIC_SEQ_CST);
}

struct bpf_program *session_program(const struct session *s, const char *name, int copy)
{
	char full[64];

	snprintf(full, sizeof(full), "%s_%d", name, copy);
	return bpf_object__find_program_by_name(s->skel->obj, full);
}

struct bpf_program *session_hook(const struct session *s, bool exit, unsigned int op, bool compat,
				 int copy)
{
	char name[64];

	backend_program(s->meta.backend, exit, op, compat, copy, name, sizeof(name));
	return bpf_object__find_program_by_name(s->skel->obj, name);
}

bool session_storage_refuses(const struct session *session)
{
	return session->kernel.storage_refuses;
}

bool session_has_uring(const struct session *s)
{
	return s->meta.ops & ops_from(OP_URING);
}

/* Opened by hand as the skeleton's own open would, but for the object in it. */
int session_skeleton(struct writetrace_bpf **skel, enum session_object object, int types_fd)
{
	/* the verifier's statistics; of a program that it refuses, libbpf gets the whole log */
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_level = log_is_debug() ? 4 : 0);
	struct writetrace_bpf *s = calloc(1, sizeof(*s));
	char types[32];
	int err;

	snprintf(types, sizeof(types), "/proc/self/fd/%d", types_fd);
	if (types_fd >= 0)
		opts.btf_custom_path = types;
	if (!s)
		return -ENOMEM;
	err = writetrace_bpf__create_skeleton(s);
	if (!err)
		s->skeleton->data = (void *)session_object(object, &s->skeleton->data_sz);
	if (!err)
		err = bpf_object__open_skeleton(s->skeleton, &opts);
	if (err)
		writetrace_bpf__destroy(s);
	else
		*skel = s;
	return err;
}

static int session_load(struct session *s, const struct session_options *o, bool direct)
{
	enum session_object object = direct	  ? SESSION_OBJECT_DIRECT
				     : s->fetches ? SESSION_OBJECT_PLAIN
						  : SESSION_OBJECT_NO_FETCH;
	int err = session_skeleton(&s->skel, object, s->kernel.types_fd);

	if (err)
		return err;
	err = session_configure(s, o);
	if (!err)
		err = writetrace_bpf__load(s->skel);
	/* libbpf takes whatever error for a kernel that cannot map it */
	if (!err && !s->skel->bss)
		err = -ENOMEM;
	if (err) {
		writetrace_bpf__destroy(s->skel);
		s->skel = NULL;
	}
	return err;
}

static void session_detach(struct session *s)
{
	while (s->n_links) {
		struct session_link *link = &s->links[--s->n_links];

		if (link->link)
			bpf_link__destroy(link->link);
		else
			close(link->fd);
	}
}

static void session_unload(struct session *s)
{
	session_detach(s);
	while (s->n_jumps)
		close(s->jumps[--s->n_jumps].prog);
	writetrace_bpf__destroy(s->skel);
	s->skel = NULL;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Keeps nothing but the links, so that nobody waits for us, and goes: the kernel closes them. */
static void detach_apart(const struct session *s)
{
	int fds[SESSION_LINKS_MAX] = {};
	unsigned int next = 0;

	for (unsigned int i = 0; i < s->n_links; i++)
		fds[i] = s->links[i].fd;
	qsort(fds, s->n_links, sizeof(*fds), compare_fds);
	setsid();
	if (chdir("/"))
		_exit(1);
	for (unsigned int i = 0; i < s->n_links; next = fds[i++] + 1)
		if ((unsigned int)fds[i] > next)
			syscall(SYS_close_range, next, fds[i] - 1, 0);
	syscall(SYS_close_range, next, ~0U, 0);
	_exit(0);
}

/*
 * A function or system call tracepoint of the kernel is let go of after a grace period: 70 to 150
 * ms each, one after the other. Nobody should have to wait for that, but for one case: if the first
 * process of a pid namespace exits meanwhile, kernels without commit 28319d6dc5e2 (6.1 has been
 * seen to) wait for ever, it for us and we for it.
 */
void session_stop(struct session *s)
{
	const struct timespec a_program_ms = { .tv_nsec = 1000000 };
	struct progress *progress = progress_start("detaching programs");

	__atomic_store_n(&s->skel->bss->shared.enabled, 0, __ATOMIC_SEQ_CST);
	/* Those that run already: what they have begun to put into the ring hides all that is
	 * behind it. */
	if (s->copies == 1 || kernel_wait_for_programs())
		nanosleep(&a_program_ms, NULL);
	if (s->meta.backend != BACKEND_RAW && !s->skel->rodata->cfg.pidns_ino && !fork())
		detach_apart(s);
	session_detach(s);
	progress_end(progress);
}

void session_close(struct session *session)
{
	if (!session)
		return;
	/* libbpf would turn off the perf event behind a link that is pinned */
	for (unsigned int i = 0; session->pinned && i < session->n_links; i++)
		if (session->links[i].link)
			bpf_link__disconnect(session->links[i].link);
	session_unload(session);
	free(session);
}

static bool is_refusal(int err)
{
	return err == -EPERM || err == -EACCES || err == -EINVAL || err == -EOPNOTSUPP ||
	       err == -ENOENT || err == -ESRCH;
}

static int session_try(struct session *s, const struct session_options *o,
		       const struct session_facts *facts, struct buf *why)
{
	int err = 0;

	if (s->meta.backend == BACKEND_FENTRY && facts->fentry_err) {
		buf_put(why, facts->fentry_why.data, facts->fentry_why.len);
		return facts->fentry_err;
	}
	if (s->meta.backend == BACKEND_TRACEPOINT)
		err = kernel_mount_tracefs(why);
	if (err)
		return err;
	session_use_hooks(s, facts);
	s->kernel = facts->kernel;
	if (s->kernel.uring.layout == WT_URING_NONE)
		s->meta.ops &= ~ops_from(OP_URING);
	s->meta.counts_misses =
		s->meta.backend != BACKEND_TRACEPOINT || facts->counts_tracepoint_misses;
	/* where the function exists, some program types may still not call it */
	err = facts->kernel.direct ? session_load(s, o, true) : -EOPNOTSUPP;
	if (err)
		err = session_load(s, o, false);
	if (err) {
		buf_printf(why, "load refused: %s", kernel_strerror(err));
		/* some kernels (6.1 has been seen to) want more than CAP_BPF and CAP_PERFMON */
		if (!kernel_has_cap(CAP_SYS_ADMIN))
			buf_puts(why, " (missing CAP_SYS_ADMIN; run as root)");
		return err;
	}
	err = session_fill(s, o, why);
	if (err)
		return err;
	return session_attach(s, why);
}

/* What is wrong for all backends is said in words of its own. */
static int session_precheck(const struct session_options *o, struct buf *why)
{
	struct buf caps = {}, lockdown = {};
	int err = 0, fd;

	if (!kernel_has_btf()) {
		buf_puts(why, "this kernel has no BTF (" KERNEL_BTF_PATH
			      "); it must be built with CONFIG_DEBUG_INFO_BTF=y");
		err = -EOPNOTSUPP;
	} else if (kernel_missing_caps(&caps)) {
		buf_printf(why, "missing %s; run as root%s", buf_cstr(&caps),
			   kernel_in_user_namespace() ? " (that of a user namespace is not enough)"
						      : "");
		err = -EOPNOTSUPP;
	} else {
		kernel_lockdown(&lockdown);
		if (!strcmp(buf_cstr(&lockdown), "confidentiality")) {
			buf_puts(why, "kernel lockdown is in mode confidentiality, which forbids "
				      "BPF programs to read kernel memory");
			err = -EOPNOTSUPP;
		}
	}
	buf_free(&caps);
	buf_free(&lockdown);
	for (size_t i = 0; !err && i < o->filter->cgroups.n; i++) {
		fd = session_open_cgroup(o->filter->cgroups.items[i], why);
		if (fd < 0)
			err = fd;
		else
			close(fd);
	}
	return err;
}

static int session_try_all(struct session *s, const struct session_options *o, struct buf *why)
{
	enum backend first = o->backend, last = o->backend;
	struct session_facts facts = {};
	bool refused = true;
	int err = session_gather(&facts, o->backend);

	if (err) {
		buf_printf(why, KERNEL_BTF_PATH ": %s", strerror(-err));
		return -EOPNOTSUPP;
	}
	if (o->backend == BACKEND_AUTO) {
		first = 0;
		last = BACKEND_COUNT - 1;
	}
	for (enum backend backend = first; backend <= last; backend++) {
		struct buf reason = {};

		s->meta.backend = backend;
		err = session_try(s, o, &facts, &reason);
		if (err) {
			buf_printf(why, "%s%s: %s", why->len ? "; " : "", backend_name(backend),
				   buf_cstr(&reason));
			refused = refused && is_refusal(err);
			session_unload(s);
		}
		buf_free(&reason);
		if (!err)
			break;
	}
	session_facts_free(&facts);
	return err && refused ? -EOPNOTSUPP : err;
}

int session_open(struct session **session, const struct session_options *options, struct buf *why)
{
	struct session *s;
	struct buf reasons = {};
	int err = session_precheck(options, why);

	if (err)
		return err;
	if (kernel_raise_memlock() < 0) {
		buf_puts(why, "RLIMIT_MEMLOCK is too low for this kernel and cannot be raised; "
			      "ulimit -l unlimited, or CAP_SYS_RESOURCE");
		return -EOPNOTSUPP;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		buf_puts(why, "out of memory");
		return -ENOMEM;
	}
	s->latency = !options->no_latency;
	s->follow = options->filter->follow && session_lists_tasks(options);
	s->copies = kernel_preempts(NULL) ? WT_COPIES : 1;
	s->fetches = kernel_has_fetching_atomics();
	s->wanted_ops = options->filter->ops;
	session_describe(s, options);
	heap_keep(true);
	err = session_try_all(s, options, &reasons);
	heap_keep(false);
	if (err) {
		buf_put(why, reasons.data, reasons.len);
		session_close(s);
	} else {
		if (!options->name)
			session_enable(s);
		*session = s;
	}
	buf_free(&reasons);
	return err;
}

void session_enable(struct session *session)
{
	struct wt_shared *shared = &session->skel->bss->shared;

	if (!session->meta.start_ns)
		meta_stamp(&session->meta);
	__atomic_store_n(&shared->enabled, 1, __ATOMIC_SEQ_CST);
}

void session_forget_us(struct session *session)
{
	__atomic_store_n(&session->skel->bss->shared.self_tgid, 0, __ATOMIC_SEQ_CST);
}

int session_list(struct session *session, uint32_t pid, uint64_t start_ns)
{
	struct filter_task task = { .nr = pid, .start_ns = start_ns };

	return session_fill_tasks(session->skel->maps.pids, &task, 1);
}

int session_lost(struct session *session, uint64_t *lost, bool *known)
{
	struct objects objects = session_objects(session);
	struct loss *loss = NULL;
	int err = loss_open(&loss, &objects, &session->meta);

	if (!err)
		err = loss_read(loss, lost, known);
	loss_close(loss);
	return err;
}
