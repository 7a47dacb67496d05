/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tries for real what tracing needs, and leaves nothing behind.
 *
 * What would mount or pin something is done by a process of its own in a mount namespace of its
 * own: both are gone when it exits.
 */
#ifndef WT_TRIAL_H
#define WT_TRIAL_H

#include <stdbool.h>

#include "session.h"

struct buf;

/** trial_backend - open a session that traces nobody but this process
 *
 * Return: 0, or -errno with the reason in @why.
 */
int trial_backend(enum backend backend, struct buf *why);

/** trial_pin - pin a link below @dir, mounting a BPF file system at its usual place if there is
 * none
 *
 * Return: 0, or -errno with the reason in @why.
 */
int trial_pin(const char *dir, struct buf *why);

/** trial_lockdown - append the lockdown mode, as kernel_lockdown(), mounting securityfs to see it
 */
void trial_lockdown(struct buf *mode);

/* Program types that backends are made of. */
enum trial_type { TRIAL_FENTRY, TRIAL_TP_BTF, TRIAL_TRACEPOINT, TRIAL_TYPES };

/** trial_type_name - "fentry", "tp_btf", "tracepoint" */
const char *trial_type_name(enum trial_type type);

/** trial_helper_name - name of BPF helper @id without "bpf_"; NULL behind the last that we know */
const char *trial_helper_name(unsigned int id);

/** trial_target - what programs of @type are loaded for, to be found once and handed to the others
 *
 * Return: a BTF id (0 where none is needed), or -errno if no program of @type can be loaded.
 */
int trial_target(enum trial_type type);

/** trial_helper - whether programs of @type may call helper @id. Source: the verifier. */
bool trial_helper(enum trial_type type, int target, unsigned int id);

#endif
