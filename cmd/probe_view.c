// SPDX-License-Identifier: GPL-2.0-only
/*
 * What probe has found, as text and as JSON.
 */
#include "probe.h"

#include <linux/types.h>

#include "bpf/writetrace.h"
#include "cmd.h"
#include "common/json.h"
#include "common/ops.h"
#include "common/text.h"
#include "common/trial.h"

/* Why operation @op is not seen here, or NULL. */
static const char *why_not_covered(const struct probe *p, unsigned int op)
{
	if (p->best == BACKEND_COUNT)
		return "no backend works";
	if (ops[op].source == OP_URING && !p->uring)
		return "this kernel's BTF has no io_uring tracepoints that we know";
	return NULL;
}

static const char *yes_no(const struct probe *p, bool ok)
{
	if (!p->color)
		return ok ? "yes" : "no ";
	return ok ? "\033[32myes\033[m" : "\033[31mno\033[m ";
}

static void text_helpers(struct buf *out)
{
	for (int type = 0; type < TRIAL_TYPES; type++) {
		int target = trial_target(type);

		buf_printf(out, "\nhelpers of %s programs:\n", trial_type_name(type));
		if (target < 0) {
			buf_puts(out, "  none, this type cannot be loaded\n");
			continue;
		}
		for (unsigned int id = 1; trial_helper_name(id); id++)
			if (trial_helper(type, target, id))
				buf_printf(out, "  bpf_%s\n", trial_helper_name(id));
	}
}

/*
 * Linux 6.18.44 x86_64: writes can be traced, backend raw
 *
 *   yes btf                /sys/kernel/btf/vmlinux
 *   no  bpffs              not mounted at /sys/fs/bpf
 *                          -> to pin, mount it: mount -t bpf bpf /sys/fs/bpf
 */
void probe_print_text(const struct probe *p, struct buf *out)
{
	buf_printf(out, "Linux %s %s: ", p->uts.release, p->uts.machine);
	if (p->best != BACKEND_COUNT)
		buf_printf(out, "writes can be traced, backend %s\n\n", backend_name(p->best));
	else
		buf_puts(out, "writes cannot be traced\n\n");
	for (size_t i = 0; i < p->n_checks; i++) {
		const struct check *c = &p->checks[i];

		buf_printf(out, "  %s %-18s ", yes_no(p, c->ok), c->name);
		text_safe(out, c->detail.data, c->detail.len);
		buf_putc(out, '\n');
		if (c->fix)
			buf_printf(out, "%25s-> %s\n", "", c->fix);
	}
	buf_puts(out, "\noperations:\n");
	for_each_op (i) {
		const char *why = why_not_covered(p, i);

		buf_printf(out, "  %s %-20s ", yes_no(p, !why), ops[i].name);
		if (why)
			buf_puts(out, why);
		else
			backend_hook(p->best, i, out);
		buf_putc(out, '\n');
	}
	if (p->helpers)
		text_helpers(out);
}

static void json_check(struct json *json, const struct check *c)
{
	json_begin_object(json, NULL);
	json_str(json, "name", c->name);
	json_bool(json, "ok", c->ok);
	json_bytes(json, "detail", c->detail.data, c->detail.len);
	if (c->fix)
		json_str(json, "fix", c->fix);
	json_end_object(json);
}

static void json_ops(struct json *json, const struct probe *p)
{
	struct buf hook = {};

	json_begin_array(json, "ops");
	for_each_op (i) {
		const char *why = why_not_covered(p, i);

		json_begin_object(json, NULL);
		json_str(json, "op", ops[i].name);
		json_bool(json, "covered", !why);
		if (why) {
			json_str(json, "why", why);
		} else {
			buf_reset(&hook);
			backend_hook(p->best, i, &hook);
			json_bytes(json, "hook", hook.data, hook.len);
		}
		json_end_object(json);
	}
	json_end_array(json);
	buf_free(&hook);
}

static void json_helpers(struct json *json)
{
	json_begin_object(json, "helpers");
	for (int type = 0; type < TRIAL_TYPES; type++) {
		int target = trial_target(type);

		json_begin_array(json, trial_type_name(type));
		for (unsigned int id = 1; target >= 0 && trial_helper_name(id); id++) {
			char name[128];

			if (!trial_helper(type, target, id))
				continue;
			snprintf(name, sizeof(name), "bpf_%s", trial_helper_name(id));
			json_str(json, NULL, name);
		}
		json_end_array(json);
	}
	json_end_object(json);
}

void probe_print_json(const struct probe *p, struct buf *out)
{
	struct json json = { .out = out, .pretty = p->globals->pretty };

	json_begin_object(&json, NULL);
	json_str(&json, "kernel", p->uts.release);
	json_str(&json, "arch", p->uts.machine);
	json_bool(&json, "ok", p->best != BACKEND_COUNT);
	if (p->best != BACKEND_COUNT)
		json_str(&json, "backend", backend_name(p->best));
	else
		json_null(&json, "backend");
	json_begin_array(&json, "checks");
	for (size_t i = 0; i < p->n_checks; i++)
		json_check(&json, &p->checks[i]);
	json_end_array(&json);
	json_begin_array(&json, "backends");
	for (int i = 0; i < BACKEND_COUNT; i++)
		json_check(&json, &p->backends[i]);
	json_end_array(&json);
	json_bool(&json, "pin", p->pin);
	json_ops(&json, p);
	if (p->helpers)
		json_helpers(&json);
	json_end_object(&json);
	buf_putc(out, '\n');
}
