// SPDX-License-Identifier: GPL-2.0-only
#include "summary.h"

#include <string.h>

#include "common/lines.h"
#include "common/session.h"
#include "common/tally.h"
#include "report_view.h"

/* From the session's own maps as if it had been pinned. Return: 0 or -errno. */
static int summary_tally(struct session *session, struct tally *tally)
{
	struct objects objects = session_objects(session);
	struct tally_source *source = NULL;
	int err = tally_open(&source, &objects, session_meta(session));

	*tally = (struct tally){};
	if (!err)
		err = tally_read(tally, source);
	tally_close(source);
	return err;
}

int summary_end(struct session *session, struct lines *lines, const struct globals *globals,
		uint64_t *lost)
{
	struct report_options view = report_view(globals, lines->output.fd, lines->output.terminal);
	struct tally tally;
	int err;

	session_stop(session);
	err = summary_tally(session, &tally);
	if (!err)
		err = report_print(&lines->out, session_meta(session), &tally, &view);
	if (!err)
		err = lines_flush(lines);
	memcpy(lost, tally.lost, sizeof(tally.lost));
	tally_free(&tally);
	return err;
}
