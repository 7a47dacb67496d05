/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading kernel memory, the cheapest way this kernel allows.
 *
 * Since Linux 6.12 every program type we use may call bpf_rdonly_cast (a35b9af4ec2c added it in
 * 6.2, for fewer types): a read is then one load instruction. Before, it is a helper call.
 */
#ifndef WT_READ_BPF_H
#define WT_READ_BPF_H

#include <bpf/bpf_core_read.h>

#include "kernel.h"
#include "maps.bpf.h"

extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym __weak;

#ifdef WT_DIRECT
#define kread(type, ptr, field) \
	(((struct type *)bpf_rdonly_cast((struct type *)(ptr), types[WT_TYPE_##type]))->field)
#else
#define kread(type, ptr, field)                                \
	({                                                     \
		struct type *kread_ptr = (struct type *)(ptr); \
		BPF_CORE_READ(kread_ptr, field);               \
	})
#endif

static __always_inline __u64 mix(__u64 hash, __u64 value)
{
	/* 2^64 divided by the golden ratio, as in include/linux/hash.h */
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 29);
}

/*
 * A pointer that was read, as a number to reckon with: its distance from something of ours that
 * stays where it is. The verifier allows no other arithmetic on pointers that it knows to be some.
 */
static __always_inline __u64 kread_number(const void *ptr)
{
	__u64 number = (__u64)ptr;

#ifdef WT_DIRECT
	asm volatile("%0 -= %1" : "+r"(number) : "r"(&shared));
#endif
	return number;
}

/*
 * An instruction that no other way leads to. The verifier takes a branch on a constant out if one
 * side of it is dead, so that side must be nobody else's, too.
 */
#define only_here() asm volatile("r0 = 0" ::: "r0")

/*
 * A function of its own to the verifier, which walks it once instead of once for each way to each
 * call. Linux 5.10 takes only numbers as arguments of these, so pointers travel as __u64. Kernels
 * before 6.8 walk it even if no way leads to it, so it begins with a look at cfg if not every
 * session needs it or has its maps.
 */
#define wt_function __attribute__((noinline))

/*
 * The same where the kernel takes pointers to what is on the caller's stack as arguments (5.12),
 * and does not round up what each function has on the stack by so much that all together have too
 * much (6.8). A step of a loop is one where bpf_loop() does not make one of it.
 */
#ifdef WT_DIRECT
#define wt_small_function __attribute__((noinline))
#define wt_part		  static __always_inline
#define wt_step		  static __always_inline
#else
#define wt_small_function static __always_inline
#define wt_part		  wt_function
#define wt_step		  wt_function
#endif

/*
 * Calls step(number, arg) so many times, or until it returns 1. The verifier walks the step once
 * where bpf_loop() exists (5.17), elsewhere as often as it can be taken, which must be a constant
 * then.
 */
#ifdef WT_DIRECT
#define wt_repeat(most, step, arg) bpf_loop(most, step, arg, 0)
#else
#define wt_repeat(most, step, arg)                    \
	do {                                          \
		for (__u32 n_ = 0; n_ < (most); n_++) \
			if (step(n_, arg))            \
				break;                \
	} while (0)
#endif

#endif
