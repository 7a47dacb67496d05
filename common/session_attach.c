// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching a session's programs, and seeing that they fire.
 */
#include "session_internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/perf_event.h>

#include "buf.h"
#include "ops.h"
#include "uring.h"

int session_keep_fd(struct session *s, int fd, const char *program)
{
	if (fd < 0)
		return -errno;
	s->links[s->n_links++] = (struct session_link){ .fd = fd, .program = program };
	return 0;
}

static int keep_link(struct session *s, struct bpf_link *link, const struct bpf_program *prog)
{
	if (!link)
		return -errno;
	s->links[s->n_links++] = (struct session_link){ .link = link,
							.fd = bpf_link__fd(link),
							.program = bpf_program__name(prog) };
	return 0;
}

/* Return: the number by which perf knows a tracepoint of system calls, or -errno. */
static int tracepoint_id(const char *name)
{
	const char *tracefs = kernel_find_tracefs();
	char path[128];
	int id, err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", tracefs ? tracefs : "", name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%d", &id) != 1)
		err = -EINVAL;
	fclose(f);
	return err ? err : id;
}

/*
 * As libbpf does, but that it takes for tracefs whatever is mounted at debugfs's tracing, and opens
 * the event on CPU 0, which may be offline. On which one it is does not matter: the program runs on
 * all of them.
 */
static struct bpf_link *attach_tracepoint(const struct bpf_program *prog, const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int id = tracepoint_id(name), event, err;
	struct bpf_link *link;

	if (id < 0) {
		errno = -id;
		return NULL;
	}
	attr.config = id;
	event = syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return NULL;
	link = bpf_program__attach_perf_event(prog, event);
	if (!link) {
		err = errno;
		close(event);
		errno = err;
	}
	return link;
}

static int attach_hook(struct session *s, bool exit, unsigned int op, bool compat, int copy)
{
	struct bpf_program *prog = session_hook(s, exit, op, compat, copy);
	char name[64];

	if (!backend_has_hook(&s->meta, op, compat) || (!exit && !backend_sees_begin(&s->meta, op)))
		return 0;
	if (s->meta.backend != BACKEND_TRACEPOINT)
		return keep_link(s, bpf_program__attach(prog), prog);
	snprintf(name, sizeof(name), "sys_%s_%s", exit ? "exit" : "enter", ops[op].syscall);
	return keep_link(s, attach_tracepoint(prog, name), prog);
}

static int attach_hooks(struct session *s, bool exit, int copy)
{
	int err = 0;

	if (s->meta.backend == BACKEND_FENTRY)
		return session_fentry_attach(s, exit, copy);
	for_each_call(i)
	{
		if (!err)
			err = attach_hook(s, exit, i, false, copy);
		if (!err)
			err = attach_hook(s, exit, i, true, copy);
	}
	return err;
}

static int attach_program(struct session *s, const char *name, int copy)
{
	struct bpf_program *prog = session_program(s, name, copy);

	return bpf_program__autoload(prog) ? keep_link(s, bpf_program__attach(prog), prog) : 0;
}

static int attach_copy(struct session *s, int copy)
{
	static const char *const tasks[] = { "process_fork", "process_exit" };
	/* Programs must run in the order of their copies (span.bpf.h). Those at a tracepoint run in
	 * the order in which they were attached, those at a function the other way round. */
	const int hook_copy = s->meta.backend == BACKEND_FENTRY ? s->copies - 1 - copy : copy;
	int err = 0;

	for (size_t i = 0; i < 2 && !err; i++)
		err = attach_program(s, tasks[i], copy);
	if (!err && session_has_uring(s) && copy < WT_ENTER_COPIES)
		err = attach_program(s, s->kernel.uring.submit, copy);
	if (!err && session_has_uring(s))
		err = attach_program(s, "uring_complete", copy);
	if (!err && session_has_uring(s) && !copy)
		err = attach_program(s, "uring_overflow", copy);
	if (!err && hook_copy < WT_ENTER_COPIES)
		err = attach_hooks(s, false, hook_copy);
	if (!err)
		err = attach_hooks(s, true, hook_copy);
	return err;
}

/* Nothing happens: there is no such descriptor, and nothing to do. */
static void selftest_operation(unsigned int op)
{
	syscall(ops[op].nr, -1L, 0L, 0L, 0L, 0L, 0L);
}

/* One of io_uring's operations stands for all; where io_uring is turned off there are none. Of some
 * a request without buffer or message is refused before any tracepoint: they say nothing. */
static void selftest_uring(const struct session *s, uint64_t *entered, uint64_t *exited)
{
	for_each_op (i) {
		if (ops[i].source != OP_URING || !(s->meta.ops & 1ULL << i) ||
		    i == WT_OP_URING_WRITE_FIXED || i == WT_OP_URING_SENDMSG)
			continue;
		if (!uring_nothing(ops[i].opcode)) {
			*entered |= 1ULL << i;
			*exited |= 1ULL << WT_OP_URING_WRITE;
		}
		return;
	}
}

/* Those that we can make ourselves. */
static uint64_t selftest_calls(const struct session *s)
{
	uint64_t calls = ops_calls(s->meta.ops);

	for_each_call(i) if (ops[i].nr == OPS_NO_SYSCALL) calls &= ~(1ULL << i);
	return calls;
}

/* Hooks may load and attach and yet never fire (bcc issue 1667): see our own operations first. */
static int session_selftest(struct session *s, struct buf *why)
{
	struct wt_shared *shared = &s->skel->bss->shared;
	uint64_t exited = selftest_calls(s);
	uint64_t entered = 0;

	for_each_call(i) if (backend_sees_begin(&s->meta, i)) entered |= exited & 1ULL << i;
	shared->self_tgid = getpid();
	__atomic_store_n(&shared->selftest, 1, __ATOMIC_SEQ_CST);
	for_each_call(i) if (exited & 1ULL << i) selftest_operation(i);
	selftest_uring(s, &entered, &exited);
	__atomic_store_n(&shared->selftest, 0, __ATOMIC_SEQ_CST);
	for_each_call(i)
	{
		if (exited & ~shared->exited & 1ULL << i ||
		    entered & ~shared->entered & 1ULL << i) {
			buf_printf(why, "the hooks of %s are attached but do not fire",
				   ops[i].name);
			return -EOPNOTSUPP;
		}
	}
	if (shared->disorder) {
		buf_puts(why, "copies of a program run in an order that is not known");
		return -EOPNOTSUPP;
	}
	return 0;
}

int session_attach(struct session *s, struct buf *why)
{
	int err = session_fentry_fill(s);

	for (int copy = 0; copy < s->copies && !err; copy++)
		err = attach_copy(s, copy);
	if (err) {
		buf_printf(why, "attach refused: %s", kernel_strerror(err));
		return err;
	}
	return session_selftest(s, why);
}
