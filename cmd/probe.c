// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace probe: says whether writes can be traced here, how, what is not covered, and what to
 * do about each "no".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "cmd.h"
#include "common/buf.h"
#include "common/kernel.h"
#include "common/ops.h"
#include "common/progress.h"
#include "common/session.h"
#include "common/trial.h"
#include "probe.h"

static struct check *add(struct probe *p, const char *name, bool ok, const char *fix)
{
	struct check *check = &p->checks[p->n_checks++];

	check->name = name;
	check->ok = ok;
	check->fix = ok ? NULL : fix;
	return check;
}

static void check_btf(struct probe *p)
{
	struct check *c =
		add(p, "btf", kernel_has_btf(), "use a kernel built with CONFIG_DEBUG_INFO_BTF=y");

	buf_puts(&c->detail, c->ok ? KERNEL_BTF_PATH : KERNEL_BTF_PATH " cannot be read");
}

static void check_lockdown(struct probe *p)
{
	struct buf mode = {};
	struct check *c;
	bool allows;

	trial_lockdown(&mode);
	allows = strcmp(buf_cstr(&mode), "confidentiality") != 0;
	c = add(p, "lockdown", allows,
		"boot with lockdown=integrity or none (Secure Boot may ask for more)");
	if (mode.len)
		buf_put(&c->detail, mode.data, mode.len);
	else
		buf_puts(&c->detail, "not known (no securityfs, or a kernel without lockdown)");
	buf_free(&mode);
}

static void check_capability(struct probe *p, const char *name, int cap, bool needed)
{
	bool have = kernel_has_cap(cap), admin = kernel_has_cap(CAP_SYS_ADMIN);
	struct check *c = add(p, name, have || (admin && needed) || !needed,
			      "run as root, or give the capability (setcap(8), sudo)");

	if (have)
		buf_puts(&c->detail, "held");
	else
		buf_puts(&c->detail, admin    ? "not held, but CAP_SYS_ADMIN includes it"
				     : needed ? "not held"
					      : "not held; needed to mount bpffs and tracefs, and "
						"by some kernels (6.1) to load programs");
}

static void check_bpffs(struct probe *p, const char *dir)
{
	struct check *c = add(p, "bpffs", kernel_is_bpffs(dir),
			      "to pin, mount it: mount -t bpf bpf /sys/fs/bpf");

	buf_printf(&c->detail, c->ok ? "%s" : "not mounted at %s", dir);
}

static void check_tracefs(struct probe *p)
{
	const char *dir = kernel_find_tracefs();
	struct check *c = add(p, "tracefs", dir != NULL,
			      "mounted when needed; or: mount -t tracefs tracefs "
			      "/sys/kernel/tracing");

	buf_puts(&c->detail, dir ? dir : "not mounted");
}

static void check_memlock(struct probe *p)
{
	int raised = kernel_raise_memlock();
	struct buf caps = {};
	bool known = !kernel_missing_caps(&caps);
	struct check *c = add(p, "memlock", known && raised >= 0,
			      known ? "ulimit -l unlimited, or CAP_SYS_RESOURCE" : "see cap_bpf");

	buf_free(&caps);
	if (!known) {
		buf_puts(&c->detail, "not known without CAP_BPF");
		return;
	}
	buf_puts(&c->detail, raised < 0 ? "RLIMIT_MEMLOCK is too low and cannot be raised"
			     : raised	? "counted by this kernel, raised"
					: "not counted by this kernel");
}

static void check_preemption(struct probe *p)
{
	struct buf model = {};
	bool preempts = kernel_preempts(&model);
	struct check *c = add(p, "preemption", true, NULL);

	buf_put(&c->detail, model.data, model.len);
	buf_puts(&c->detail, preempts ? ": programs are attached in several copies, and what the "
					"kernel still skips is reported"
				      : ": the kernel skips no program");
	buf_free(&model);
}

static void try_backends(struct probe *p)
{
	p->best = BACKEND_COUNT;
	for (int i = 0; i < BACKEND_COUNT; i++) {
		struct check *c = &p->backends[i];

		c->name = backend_name(i);
		progress_say(p->progress, "trying backend %s", c->name);
		c->ok = !trial_backend(i, &c->detail);
		if (!c->ok)
			continue;
		if (p->best == BACKEND_COUNT)
			p->best = i;
		backend_hook(i, WT_OP_WRITE, &c->detail);
		buf_puts(&c->detail, ": loaded, attached, seen to fire");
	}
}

static const char *backend_fix(const struct probe *p, int i)
{
	if (p->backends[i].ok)
		return NULL;
	if (p->best != BACKEND_COUNT)
		return "not needed, another backend works";
	return "see the checks that say no; --debug shows what the verifier said";
}

static void check_backends(struct probe *p)
{
	static const char *const names[] = { "backend_fentry", "backend_raw",
					     "backend_tracepoint" };

	try_backends(p);
	for (int i = 0; i < BACKEND_COUNT; i++) {
		struct check *c = add(p, names[i], p->backends[i].ok, backend_fix(p, i));

		buf_put(&c->detail, p->backends[i].detail.data, p->backends[i].detail.len);
	}
}

static void check_pin(struct probe *p, const char *dir)
{
	struct buf why = {};
	struct check *c;

	progress_say(p->progress, "trying to pin");
	p->pin = !trial_pin(dir, &why);
	c = add(p, "pin", p->pin, "tracing works without; pinned sessions do not");
	buf_puts(&c->detail, p->pin ? "a link was pinned" : buf_cstr(&why));
	buf_free(&why);
}

static void check_compat(struct probe *p)
{
	bool covered = p->best == BACKEND_RAW ||
		       (p->best == BACKEND_FENTRY && kernel_has_compat_functions());
	struct check *c = add(p, "32bit", covered,
			      p->backends[BACKEND_RAW].ok ? "trace with --backend raw"
							  : "trace 64-bit programs only");

	if (!covered)
		buf_puts(&c->detail, "calls of 32-bit programs are not seen by this backend");
	else
		/* the other numbers of 32-bit ARM are not in common/ops.c */
		buf_puts(&c->detail,
			 strcmp(p->uts.machine, "aarch64")
				 ? "calls of 32-bit programs are seen, but for socketcall"
				 : "of 32-bit programs write and writev are seen");
}

static void run_checks(struct probe *p)
{
	const char *bpffs = p->globals->bpffs ? p->globals->bpffs : KERNEL_BPFFS_DIR;

	uname(&p->uts);
	p->uring = kernel_has_uring();
	check_btf(p);
	check_lockdown(p);
	check_capability(p, "cap_bpf", CAP_BPF, true);
	check_capability(p, "cap_perfmon", CAP_PERFMON, true);
	check_capability(p, "cap_sys_admin", CAP_SYS_ADMIN, false);
	check_bpffs(p, bpffs);
	check_tracefs(p);
	check_memlock(p);
	check_preemption(p);
	check_backends(p);
	check_pin(p, bpffs);
	check_compat(p);
}

static const struct opt probe_opts[] = {
	{ "helpers", 400, NULL, OPT_FLAG, offsetof(struct probe, helpers),
	  "also the BPF helpers that each type of program may call", NULL },
	{},
};

static void probe_spec(struct opts_spec *spec, struct opt_group groups[3], struct probe *p)
{
	groups[0] = (struct opt_group){ "Options:", probe_opts, p };
	groups[1] = (struct opt_group){ "General:", globals_opts, p ? p->globals : NULL };
	groups[2] = (struct opt_group){};
	*spec = (struct opts_spec){
		.command = "probe",
		.about = "Says whether writes can be traced here, how, what is not covered, and "
			 "what to do about each \"no\". Exits with 0 if `writetrace trace' will "
			 "work, else with 3.",
		.groups = groups,
	};
}

static int probe_print(struct probe *p)
{
	struct buf out = {};
	int err;

	if (p->helpers)
		progress_say(p->progress, "looking for BPF helpers");
	if (p->globals->json)
		probe_print_json(p, &out);
	else
		probe_print_text(p, &out);
	progress_end(p->progress);
	err = out.err || fwrite(out.data, 1, out.len, stdout) != out.len;
	buf_free(&out);
	return err;
}

static int run(int argc, char **argv, struct globals *globals)
{
	struct probe p = { .globals = globals };
	struct opt_group groups[3];
	struct opts_spec spec;
	int status;

	probe_spec(&spec, groups, &p);
	if (!cmd_parse(&spec, argc, argv, globals, &status))
		return status;
	p.color = cmd_wants_color(globals, isatty(STDOUT_FILENO));
	p.progress = progress_start("looking at the kernel");
	run_checks(&p);
	status = p.best != BACKEND_COUNT ? CMD_DONE : CMD_NOT_ALLOWED;
	if (probe_print(&p))
		status = CMD_FAILED;
	for (size_t i = 0; i < p.n_checks; i++)
		buf_free(&p.checks[i].detail);
	for (int i = 0; i < BACKEND_COUNT; i++)
		buf_free(&p.backends[i].detail);
	return status;
}

static void help(void)
{
	struct opt_group groups[3];
	struct opts_spec spec;

	probe_spec(&spec, groups, NULL);
	opts_help(&spec);
}

const struct cmd cmd_probe = {
	.name = "probe",
	.summary = "say whether and how writes can be traced here",
	.run = run,
	.help = help,
};
