// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
static int run(int argc, char **argv, struct globals *globals){(void)argc;(void)argv;(void)globals;return 0;}
static void help(void){}
const struct cmd cmd_probe = { .name = "probe", .summary = "x", .run = run, .help = help };
