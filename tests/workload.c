// SPDX-License-Identifier: GPL-2.0-only
/*
 * Performs exactly known writes and notes down what writetrace must show for them.
 *
 * EXPECT gets one JSON object a line, in the order in which the calls finish, as `writetrace trace
 * -j` prints them but without time, cgroup and latency. Loads that are too large for that store one
 * line in the file named by the environment variable WORKLOAD_REPORT:
 *
 * {"calls":1000,"bytes":4096000,"seconds":0.012345,"wchar":4096000}
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "workload.h"

static const struct {
	const char *name, *args;
	bool (*run)(int argc, char **argv);
} commands[] = {
	{ "ops", "DIR EXPECT [--data N]", wl_cmd_ops },
	{ "ways", "DIR EXPECT [--data N]", wl_cmd_ways },
	{ "uring", "DIR EXPECT [--data N]", wl_cmd_uring },
	{ "silent", "FILE ROUNDS", wl_cmd_silent },
	{ "overflow", "FILE [--same]", wl_cmd_overflow },
	{ "aio", "DIR EXPECT [--data N]", wl_cmd_aio },
	{ "aio-many", "FILE N AT-ONCE", wl_cmd_aio_many },
	{ "blocks", "DIR EXPECT [--data N]", wl_cmd_blocks },
	{ "leave", "DIR EXPECT", wl_cmd_leave },
	{ "loop", "FILE COUNT SIZE [--op OP] [--rate N] [--seconds S]", wl_cmd_loop },
	{ "spawn", "DIR COUNT EXPECT [--data N]", wl_cmd_spawn },
	{ "names", "DIR EXPECT [--data N]", wl_cmd_names },
	{ "threads", "N COUNT FILE", wl_cmd_threads },
	{ "preempt", "WRITERS SECONDS [FILE] [--fifo] [--sync | --aio]", wl_cmd_preempt },
	{ "wchar", "DIR BYTES", wl_cmd_wchar },
	{ "interrupted", "DIR [EXPECT] [--data N]", wl_cmd_interrupted },
	{ "overtaken", "", wl_cmd_overtaken },
	{ "denied", "FILE", wl_cmd_denied },
	{ "follow", "FILE DEPTH", wl_cmd_follow },
	{ "files", "DIR FILES CALLS SUMS [--unlink] [--mixed]", wl_cmd_files },
	{ "load", "DIR PROCESSES THREADS CALLS FILES SUMS [--until FILE]", wl_cmd_load },
	{ "swarm", "DIR COUNT SUMS", wl_cmd_swarm },
	{ "record", "DIR THREADS SECONDS one|spread|hop WRITERS [--calls N]", wl_cmd_record },
	{ "check-record", "WRITERS FILE [--follow] [--newest N] [--lanes] [--skipped N]",
	  wl_cmd_check_record },
	{ "one", NULL, wl_cmd_one }, /* started by spawn */
};

static int usage(void)
{
	fprintf(stderr, "usage:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].args)
			fprintf(stderr, "  workload %s %s\n", commands[i].name, commands[i].args);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage();
	/* EPIPE and EFBIG are outcomes here, not ends. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1) ? 0 : usage();
	return usage();
}
