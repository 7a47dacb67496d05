// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backend fentry: what is attached to the kernel's functions.
 *
 * A program is verified anew for each function that it is attached to. So there is one for all of
 * them, and what is attached does little more than to jump there (a tail call). These jumps are
 * copies of one that the skeleton has loaded, and which itself is not attached.
 */
#include "session_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "backend.h"
#include "buf.h"
#include "ops.h"

/* Prototypes that the functions have: their one parameter has a name or, where the kernel may be
 * built without the call, none. */
#define PROTOTYPES 2

static const char *const enter_programs[PROTOTYPES] = { "fentry_call", "fentry_call_2" };
static const char *const exit_programs[PROTOTYPES] = { "fexit_call", "fexit_call_2" };

/* What is copied */
static const char *const enter_jumps[PROTOTYPES] = { "fentry_jump", "fentry_jump_2" };
static const char *const exit_jumps[PROTOTYPES] = { "fexit_jump", "fexit_jump_2" };

static bool is_hooked(const struct session *s, unsigned int hook)
{
	return s->meta.backend == BACKEND_FENTRY &&
	       backend_has_hook(&s->meta, hook % WT_CALL_COUNT, hook >= WT_CALL_COUNT);
}

/* Which of the prototypes the function has, PROTOTYPES if it is one more. The first is that of the
 * function of write, whether it is hooked or not. */
static int which_prototype(const struct session *s, unsigned int hook)
{
	const struct kernel_function *hooks = s->hooks;

	if (hooks[hook].prototype == hooks[0].prototype)
		return 0;
	for (unsigned int other = 0; other < WT_HOOKS; other++) {
		if (hooks[other].id && hooks[other].prototype != hooks[0].prototype)
			return hooks[hook].prototype == hooks[other].prototype ? 1 : PROTOTYPES;
	}
	return PROTOTYPES;
}

/* For each prototype that hooked functions have one that has it; -1: none. False if there are more.
 * Write's function goes for its own: of it there is but one, and libbpf goes by names. */
static bool find_prototypes(const struct session *s, int examples[PROTOTYPES])
{
	examples[0] = examples[1] = -1;
	for (unsigned int hook = 0; hook < WT_HOOKS; hook++) {
		int which = is_hooked(s, hook) ? which_prototype(s, hook) : -1;

		if (which == PROTOTYPES)
			return false;
		if (which >= 0 && examples[which] < 0)
			examples[which] = which ? (int)hook : 0;
	}
	return true;
}

static int choose_program(struct session *s, const char *name, int copy, int example)
{
	struct bpf_program *prog = session_program(s, name, copy);
	char function[KERNEL_FUNCTION_MAX];
	int err = prog ? bpf_program__set_autoload(prog, true) : -ENOENT;

	kernel_hook_name(example, function);
	return err ? err : bpf_program__set_attach_target(prog, 0, function);
}

int session_fentry_choose(struct session *s)
{
	const bool begins = s->latency || backend_sees_submit(&s->meta);
	int examples[PROTOTYPES], err = 0;

	if (!find_prototypes(s, examples))
		return -EOPNOTSUPP;
	for (int i = 0; i < PROTOTYPES; i++) {
		struct bpf_map *const enter[] = { s->skel->maps.fentry_jumps,
						  s->skel->maps.fentry_jumps_2 };
		struct bpf_map *const exit[] = { s->skel->maps.fexit_jumps,
						 s->skel->maps.fexit_jumps_2 };
		const bool has = examples[i] >= 0;

		if (!err)
			err = bpf_map__set_autocreate(enter[i], has && begins);
		if (!err)
			err = bpf_map__set_autocreate(exit[i], has);
		for (int copy = 0; has && copy < s->copies && !err; copy++) {
			err = choose_program(s, exit_programs[i], copy, examples[i]);
			if (!err)
				err = choose_program(s, exit_jumps[i], copy, examples[i]);
			if (err || !begins || copy >= WT_ENTER_COPIES)
				continue;
			err = choose_program(s, enter_programs[i], copy, examples[i]);
			if (!err)
				err = choose_program(s, enter_jumps[i], copy, examples[i]);
		}
	}
	return err;
}

bool session_fentry_is_copied(const char *program)
{
	return !strncmp(program, enter_jumps[0], strlen(enter_jumps[0])) ||
	       !strncmp(program, exit_jumps[0], strlen(exit_jumps[0]));
}

/* Once a program has been loaded its instructions are as the kernel takes them: with the places of
 * members and the descriptors of maps. */
static int load_jump(const char *name, bool exit, unsigned int function,
		     const struct bpf_program *model)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = function,
		    .expected_attach_type = exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY);
	char short_name[BPF_OBJ_NAME_LEN];
	int fd;

	snprintf(short_name, sizeof(short_name), "%s", name);
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, short_name, "GPL", bpf_program__insns(model),
			   bpf_program__insn_cnt(model), &opts);
	return fd < 0 ? -errno : fd;
}

static int attach_jump(struct session *s, unsigned int hook, bool exit, int copy)
{
	struct session_jump *jump = &s->jumps[s->n_jumps];
	const int which = which_prototype(s, hook);

	backend_program(BACKEND_FENTRY, exit, hook % WT_CALL_COUNT, hook >= WT_CALL_COUNT, copy,
			jump->name, sizeof(jump->name));
	jump->prog = load_jump(jump->name, exit, s->hooks[hook].id,
			       session_program(s, (exit ? exit_jumps : enter_jumps)[which], copy));
	if (jump->prog < 0)
		return jump->prog;
	s->n_jumps++;
	return session_keep_fd(s, bpf_raw_tracepoint_open(NULL, jump->prog), jump->name);
}

int session_fentry_attach(struct session *s, bool exit, int copy)
{
	int err = 0;

	for (unsigned int hook = 0; hook < WT_HOOKS && !err; hook++)
		if (is_hooked(s, hook) &&
		    (exit || backend_sees_begin(&s->meta, hook % WT_CALL_COUNT)))
			err = attach_jump(s, hook, exit, copy);
	return err;
}

static int fill(struct session *s, struct bpf_map *jumps, const char *program, int copies)
{
	for (int copy = 0; copy < s->copies && copy < copies; copy++) {
		const __u32 key = copy;
		const int fd = bpf_program__fd(session_program(s, program, copy));

		if (bpf_map__autocreate(jumps) &&
		    bpf_map_update_elem(bpf_map__fd(jumps), &key, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

int session_fentry_fill(struct session *s)
{
	int err = fill(s, s->skel->maps.fentry_jumps, enter_programs[0], WT_ENTER_COPIES);

	if (!err)
		err = fill(s, s->skel->maps.fentry_jumps_2, enter_programs[1], WT_ENTER_COPIES);
	if (!err)
		err = fill(s, s->skel->maps.fexit_jumps, exit_programs[0], WT_COPIES);
	if (!err)
		err = fill(s, s->skel->maps.fexit_jumps_2, exit_programs[1], WT_COPIES);
	return err;
}
