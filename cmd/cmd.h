/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every command is to main(): one const entry, in the table in main.c.
 */
#ifndef WT_CMD_H
#define WT_CMD_H

#include <stdbool.h>

#include "common/opts.h"

struct buf;
struct session;

/* Exit status, the same for all commands. With COMMAND, trace returns its status instead. */
enum {
	CMD_DONE = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_NOT_ALLOWED = 3,	/* this kernel or these privileges do not allow it */
	CMD_LOST = 4,		/* trace --strict: events were lost */
	CMD_WITH_COMMAND = 125, /* trace -- COMMAND: writetrace itself failed */
};

/* Options of all commands, before or after the command's name. */
struct globals {
	bool json;
	bool pretty;
	bool debug;
	bool quiet;
	bool version;
	const char *color; /* auto, always, never */
	const char *bpffs;
	/* no options: what whoever has started us ignores */
	bool sigchld_ignored;
	bool sigxfsz_ignored;
};

struct cmd {
	const char *name;
	const char *summary; /* for the list of commands */
	/* Runs with argv[0] the command's name. Returns an exit status. */
	int (*run)(int argc, char **argv, struct globals *globals);
	void (*help)(void);
};

extern const struct cmd cmd_probe;
extern const struct cmd cmd_trace;
extern const struct cmd cmd_pin;
extern const struct cmd cmd_unpin;
extern const struct cmd cmd_dump;

extern const struct opt globals_opts[];

/** cmd_parse - opts_parse(), then what the global options ask for
 *
 * Return: true to go on; false to exit with *status, help or the error being said.
 */
bool cmd_parse(const struct opts_spec *spec, int argc, char **argv, struct globals *globals,
	       int *status);

/** cmd_check_name - the name of a session is one
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int cmd_check_name(const char *name, struct buf *why);

/** cmd_note_holes - say on stderr what a session does not see here, if there is anything */
void cmd_note_holes(const struct session *session);

/** cmd_explain_refusal - names the privilege that reading or removing a session lacks
 *
 * Some of what that needs of bpf() is for the privileged only; on Linux 5.10 all of it is, where
 * kernel.unprivileged_bpf_disabled is set (on 6.1 no longer).
 *
 * Return: @err; or, if it is -EPERM for want of CAP_BPF, -EOPNOTSUPP, which @why says, too.
 */
int cmd_explain_refusal(int err, struct buf *why);

/** cmd_status - the exit status for an error of the inner layers */
int cmd_status(int err);

/** cmd_wants_color - what --color and NO_COLOR come to for an output */
bool cmd_wants_color(const struct globals *globals, bool terminal);

/** cmd_die_of_closed_output - end as SIGPIPE would have ended us, also where it is blocked or
 * ignored
 */
void cmd_die_of_closed_output(void);

#endif
