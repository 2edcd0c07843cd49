/* Getting an agent's logs and keeping them in a file, off the loop's thread. */
#include "conductor/agentlink/agentlink.h"
#include "conductor/agentlink/internal.h"
#include "conductor/agentlink/logfiles.h"
#include "lib/base/str.h"

#include <errno.h>

struct save {
	uv_work_t work;
	struct agentlink *agents;
	struct op *op;
	char *folder, *base64, *what;
	char node_uuid[UUID_TEXT_MAX];
	int keep;
	char name[LOGFILE_NAME_MAX];
	int r;
	struct err err;
};

static void save_run(uv_work_t *work)
{
	struct save *s = work->data;

	s->r = logfiles_save(
		s->folder, s->node_uuid, s->what, s->base64, s->keep, s->name, &s->err);
}

static void save_done(uv_work_t *work, int status)
{
	struct save *s = work->data;

	if (status < 0 && s->r == 0)
		s->r = err_set(&s->err, ECANCELED, "keep the agent's logs: stopped");
	s->agents->saving--;
	if (s->r < 0)
		op_fail(s->op, &s->err);
	else
		op_done(s->op, json_pack("{s:s}", "file", s->name));
	free(s->folder);
	free(s->base64);
	free(s->what);
	free(s);
}

void agentlink_keep_logs(struct agentlink *a, const char *node_uuid, const char *what,
	const char *base64, struct op *op)
{
	struct save *s = xcalloc(1, sizeof(*s));

	s->agents = a;
	s->op = op;
	s->folder = xstrdup(a->logs_folder);
	s->keep = a->logs_keep;
	s->base64 = xstrdup(base64);
	s->what = xstrdup(what);
	str_copy(s->node_uuid, sizeof(s->node_uuid), node_uuid);
	s->work.data = s;
	a->saving++;
	uv_queue_work(a->loop, &s->work, save_run, save_done);
}
