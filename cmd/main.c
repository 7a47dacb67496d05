// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace: shows every write on a Linux machine as it happens. Finds the command and runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>

#include "cmd.h"
#include "common/bpffs.h"
#include "common/buf.h"
#include "common/kernel.h"
#include "common/log.h"
#include "common/opts.h"
#include "common/session.h"

static const struct cmd *const cmds[] = { &cmd_probe, &cmd_trace, &cmd_pin, &cmd_unpin, &cmd_dump };

#define N_CMDS (sizeof(cmds) / sizeof(cmds[0]))

static const struct choice colors[] = {
	{ "auto", "on a terminal, unless NO_COLOR is set", true },
	{ "always", "also where nobody sees it" },
	{ "never", "plain text" },
};

static bool color_choice(size_t i, struct choice *choice)
{
	return choice_at(colors, sizeof(colors) / sizeof(*colors), i, choice);
}

static int set_color(void *target, const char *arg, struct buf *why)
{
	struct globals *globals = target;
	struct choice choice;

	for (size_t i = 0; color_choice(i, &choice); i++)
		if (!strcmp(arg, choice.name)) {
			globals->color = arg;
			return 0;
		}
	buf_printf(why, "'%s' is not auto, always or never", arg);
	return -EINVAL;
}

#define AT(member) offsetof(struct globals, member)

const struct opt globals_opts[] = {
	{ "json", 'j', NULL, OPT_FLAG, AT(json), "JSON instead of text", NULL },
	{ "pretty", 256, NULL, OPT_FLAG, AT(pretty), "JSON, indented", NULL },
	{ "debug", 'd', NULL, OPT_FLAG, AT(debug), "libbpf's and the verifier's logs on stderr",
	  NULL },
	{ "quiet", 'q', NULL, OPT_FLAG, AT(quiet), "no notes on stderr, only errors", NULL },
	{ "color", 257, "WHEN", OPT_CALL, 0, "auto (the default), always or never", set_color,
	  color_choice },
	{ "bpffs", 258, "DIR", OPT_STRING, AT(bpffs), "BPF file system (default /sys/fs/bpf)",
	  NULL },
	{ "version", 'V', NULL, OPT_FLAG, AT(version), "show the version", NULL },
	{},
};

static void show_version(const struct globals *globals)
{
	if (globals->json)
		puts("{\"version\":\"" WT_VERSION "\"}");
	else
		puts("writetrace " WT_VERSION);
}

/* "-j", "-qj"; of "-nj" the j is the value of the one before it. */
static bool has_flag_j(const char *word)
{
	return word[0] == '-' && word[1] != '-' && word[strcspn(word, "egknopsuCPj")] == 'j';
}

/* -j anywhere makes errors JSON, too: also those found before it is reached. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (has_flag_j(argv[i]) || !strcmp(argv[i], "--json") ||
		    !strcmp(argv[i], "--pretty"))
			return true;
	return false;
}

static void setup_log(const struct globals *globals)
{
	log_setup(globals->debug   ? LOG_LEVEL_DEBUG
		  : globals->quiet ? LOG_LEVEL_QUIET
				   : LOG_LEVEL_NORMAL,
		  globals->json);
}

bool cmd_parse(const struct opts_spec *spec, int argc, char **argv, struct globals *globals,
	       int *status)
{
	struct buf why = {};
	int end = opts_parse(spec, argc, argv, &why);

	globals->json |= globals->pretty || (end < 0 && asks_for_json(argc, argv));
	setup_log(globals);
	if (end < 0)
		log_error("%s; see writetrace help%s%s", buf_cstr(&why), spec->command ? " " : "",
			  spec->command ? spec->command : "");
	else if (end && globals->version)
		show_version(globals);
	buf_free(&why);
	*status = end < 0 ? CMD_USAGE : CMD_DONE;
	return end > 0 && !globals->version;
}

int cmd_check_name(const char *name, struct buf *why)
{
	if (bpffs_name_ok(name))
		return 0;
	buf_printf(why,
		   "'%s' is not a session's name: 1 to 64 of A-Z a-z 0-9 _ -, but not stage_ "
		   "or trash_ before the rest",
		   name);
	return -EINVAL;
}

void cmd_note_holes(const struct session *session)
{
	struct buf holes = {};

	session_holes(session, &holes);
	if (holes.len)
		log_note("not seen here: %s", buf_cstr(&holes));
	buf_free(&holes);
}

int cmd_explain_refusal(int err, struct buf *why)
{
	if (err != -EPERM || kernel_has_cap(CAP_BPF) || kernel_has_cap(CAP_SYS_ADMIN))
		return err;
	buf_printf(why, "%smissing CAP_BPF; run as root", why->len ? "; " : "");
	return -EOPNOTSUPP;
}

int cmd_status(int err)
{
	return err == -EOPNOTSUPP ? CMD_NOT_ALLOWED : CMD_FAILED;
}

bool cmd_wants_color(const struct globals *globals, bool terminal)
{
	const char *no_color = getenv("NO_COLOR");

	if (globals->color && strcmp(globals->color, "auto"))
		return !strcmp(globals->color, "always");
	return terminal && !(no_color && *no_color);
}

void cmd_die_of_closed_output(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

static struct opts_spec main_spec(const struct opt_group *groups)
{
	return (struct opts_spec){
		.synopsis = "COMMAND [ARGUMENTS]",
		.about = "Shows every write on this machine: which process wrote what, to which "
			 "file, how much, how long it took.\v"
			 "Commands:\n"
			 "  probe   say whether and how writes can be traced here\n"
			 "  trace   show writes as they happen\n"
			 "  pin     trace on after the command has ended\n"
			 "  dump    show what a pinned session has seen\n"
			 "  unpin   end pinned sessions\n"
			 "  help    show the help of a command\n\n"
			 "`writetrace help COMMAND' says more.",
		.groups = groups,
		.stop_at_argument = true,
	};
}

static const struct cmd *find_cmd(const char *name)
{
	const char *names[N_CMDS + 2] = { [N_CMDS] = "help" }, *near;

	for (size_t i = 0; i < N_CMDS; i++) {
		if (!strcmp(cmds[i]->name, name))
			return cmds[i];
		names[i] = cmds[i]->name;
	}
	near = opts_nearest(name, names);
	log_error("unknown command '%s'%s%s%s; see writetrace help", name,
		  near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

static int set_topic(void *target, const char *arg, struct buf *why)
{
	const char **topic = target;

	if (*topic) {
		buf_printf(why, "unexpected argument '%s'", arg);
		return -EINVAL;
	}
	*topic = arg;
	return 0;
}

static int run_help(int argc, char **argv, struct globals *globals, struct opts_spec spec)
{
	const char *topic = NULL;
	const struct cmd *cmd;
	int status;

	spec.stop_at_argument = false;
	spec.argument = set_topic;
	spec.target = &topic;
	if (!cmd_parse(&spec, argc, argv, globals, &status))
		return status;
	if (!topic || !strcmp(topic, "help")) {
		opts_help(&spec);
		return CMD_DONE;
	}
	cmd = find_cmd(topic);
	if (!cmd)
		return CMD_USAGE;
	cmd->help();
	return CMD_DONE;
}

static int run(int argc, char **argv, struct globals *globals)
{
	const struct opt_group groups[] = { { "Options:", globals_opts, globals }, {} };
	const struct opts_spec spec = main_spec(groups);
	struct buf why = {};
	const struct cmd *cmd;
	int first;

	log_setup(LOG_LEVEL_NORMAL, asks_for_json(argc, argv));
	first = opts_parse(&spec, argc, argv, &why);
	if (first < 0)
		log_error("%s; see writetrace help", buf_cstr(&why));
	buf_free(&why);
	if (first <= 0)
		return first < 0 ? CMD_USAGE : CMD_DONE;
	if (globals->version) {
		globals->json |= globals->pretty;
		show_version(globals);
		return CMD_DONE;
	}
	if (first == argc) {
		if (asks_for_json(argc, argv))
			log_error("a command is missing; see writetrace help");
		else
			fputs("Usage: writetrace [OPTION...] COMMAND [ARGUMENTS]; see writetrace "
			      "help\n",
			      stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[first], "help"))
		return run_help(argc - first, argv + first, globals, spec);
	cmd = find_cmd(argv[first]);
	return cmd ? cmd->run(argc - first, argv + first, globals) : CMD_USAGE;
}

/*
 * Where a standard stream is closed, the next file opened would take its number: notes on stderr
 * would get into --output's FILE. What stands in for it refuses to be used, as the closed one did,
 * and COMMAND does not inherit it.
 */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	struct globals globals = {};
	int status;

	/* where whoever has started us ignores it, the kernel would forget how a child has ended */
	globals.sigchld_ignored = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
	/* beyond `ulimit -f' is an error like that of a full disk */
	globals.sigxfsz_ignored = signal(SIGXFSZ, SIG_IGN) == SIG_IGN;
	hold_standard_streams();
	setlocale(LC_CTYPE, "");
	status = run(argc, argv, &globals);
	/* what was left to stdio: a full disk shows only now */
	if (fflush(stdout)) {
		if (errno == EPIPE)
			cmd_die_of_closed_output();
		log_error("standard output: %s", strerror(errno));
		return CMD_FAILED;
	}
	return status;
}
