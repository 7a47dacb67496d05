/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets: each is a program of its own with libFuzzer's main (tests/fuzzers runs them).
 *
 * With FUZZ_SEEDS set to a directory a target writes its seeds there and ends: what it parses is
 * laid out by the compiler, so its seeds cannot be files that are kept.
 */
#ifndef WT_FUZZ_H
#define WT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What a target has: its seeds, each handed to fuzz_seed(). */
void fuzz_seeds(void);

/** fuzz_seed - write one seed */
void fuzz_seed(const void *data, size_t len);

/* Takes bytes off an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t len;
};

/** fuzz_take - up to @len bytes into @to; what is missing is zero */
void fuzz_take(struct fuzz_input *in, void *to, size_t len);

/** fuzz_string - a copy of @len bytes, or what is left of them, that ends with a NUL; free() it */
char *fuzz_string(struct fuzz_input *in, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
