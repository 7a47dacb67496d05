// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *seeds_dir;
static unsigned int n_seeds;

void fuzz_seed(const void *data, size_t len)
{
	char path[PATH_MAX];
	FILE *out;

	snprintf(path, sizeof(path), "%s/seed%u", seeds_dir, n_seeds++);
	out = fopen(path, "we");
	if (!out || fwrite(data, 1, len, out) != len || fclose(out)) {
		perror(path);
		exit(1);
	}
}

void fuzz_take(struct fuzz_input *in, void *to, size_t len)
{
	size_t n = len < in->len ? len : in->len;

	memset(to, 0, len);
	memcpy(to, in->data, n);
	in->data += n;
	in->len -= n;
}

char *fuzz_string(struct fuzz_input *in, size_t len)
{
	size_t n = len < in->len ? len : in->len;
	char *s = calloc(1, n + 1);

	if (s)
		fuzz_take(in, s, n);
	return s;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	seeds_dir = getenv("FUZZ_SEEDS");
	if (!seeds_dir)
		return 0;
	fuzz_seeds();
	exit(0);
}
