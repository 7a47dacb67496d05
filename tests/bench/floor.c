// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs COMMAND while programs that do nothing are attached (floor.bpf.c).
 *
 *	floor raw|tracepoint|fentry exit|both COMMAND [ARG]...
 *
 * Exits with COMMAND's status; 1 if a program cannot be attached, 2 for wrong usage.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bench/floor.skel.h"

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct floor_bpf *skel;
	int status = 1;

	if (argc < 4 ||
	    (strcmp(argv[1], "raw") && strcmp(argv[1], "tracepoint") &&
	     strcmp(argv[1], "fentry")) ||
	    (strcmp(argv[2], "exit") && strcmp(argv[2], "both"))) {
		fprintf(stderr, "usage: floor raw|tracepoint|fentry exit|both COMMAND [ARG]...\n");
		return 2;
	}
	skel = floor_bpf__open();
	if (!skel) {
		perror("floor: open");
		return 1;
	}
	bpf_object__for_each_program (program, skel->obj) {
		const char *name = bpf_program__name(program), *way = strrchr(name, '_') + 1;
		bool wanted = !strncmp(name, argv[1], strlen(argv[1]));

		bpf_program__set_autoload(
			program, wanted && (!strcmp(way, "exit") || !strcmp(argv[2], "both")));
	}
	if (!floor_bpf__load(skel) && !floor_bpf__attach(skel))
		status = run(argv + 3);
	else
		perror("floor: attach");
	floor_bpf__destroy(skel);
	return status;
}
