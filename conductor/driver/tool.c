/* Running ipmitool: queues, limits, deadlines; see tool.h. */
#include "conductor/driver/tool.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/child/child.h"

#include <errno.h>
#include <string.h>

#define CHILDREN_MAX  16
#define JOBS_MAX      32 /* that wait for one BMC */
#define BUSY_MAX      8
#define BUSY_PAUSE_MS 1000
#define BESIDE_MS     15000
#define MARGIN_MS     200 /* before the op's deadline, so that its answer says why */

struct tools {
	struct driver_env *env;
	struct map by_node;
	struct list waiting; /* tool.turn, of those whose command may run as soon as another ends */
	unsigned children, open; /* processes; BMCs not freed yet */
};

struct tool {
	struct tools *all;
	char node[UUID_TEXT_MAX];
	struct ipmitool_settings settings;
	struct bmc_traits traits;
	struct list jobs;	 /* that wait */
	struct tool_work *job;	 /* that runs */
	struct list turn;	 /* tools.waiting */
	uv_timer_t timer, limit; /* gap or pause; deadline */
	struct child *child;
	int handles;
	int suite;
	int64_t ended_ms; /* of the last command */
	bool introduced, removed, late;
	struct buf out, said;
};

static void next_job(struct tool *t);
static void run_now(struct tool *t);

static void free_tool(struct tool *t)
{
	t->all->open--;
	mem_wipe(&t->settings, sizeof(t->settings));
	buf_done(&t->out);
	buf_done(&t->said);
	free(t);
}

static void on_closed(uv_handle_t *h)
{
	struct tool *t = h->data;

	if (--t->handles == 0)
		free_tool(t);
}

static struct tool *tool_new(struct tools *all, const char *node_uuid)
{
	struct tool *t = xcalloc(1, sizeof(*t));

	t->all = all;
	str_copy(t->node, sizeof(t->node), node_uuid);
	t->traits = (struct bmc_traits)BMC_TRAITS_DEFAULT;
	t->suite = -1;
	list_init(&t->jobs);
	list_init(&t->turn);
	buf_init(&t->out, IPMITOOL_OUTPUT_MAX);
	buf_init(&t->said, IPMITOOL_OUTPUT_MAX);
	uv_timer_init(all->env->loop, &t->timer);
	uv_timer_init(all->env->loop, &t->limit);
	t->timer.data = t->limit.data = t;
	t->handles = 2;
	all->open++;
	map_put(&all->by_node, t->node, t);
	return t;
}

static void end_job(struct tool_work *job, json_t *value, const struct err *e)
{
	struct tool *t = job->tool;

	if (t->job == job)
		t->job = NULL;
	list_remove(&job->link);
	if (job->op && e)
		op_fail(job->op, e);
	else if (job->op)
		op_done(job->op, value);
	else
		json_decref(value);
	free(job);
	if (!t->removed)
		next_job(t);
}

void work_done(struct tool_work *job, json_t *value)
{
	end_job(job, value, NULL);
}

void work_fail(struct tool_work *job, const struct err *e)
{
	end_job(job, NULL, e);
}

static void remove_tool(struct tool *t)
{
	struct tool_work *job;
	struct err e;

	err_set(&e, ECANCELED, "the node's BMC settings changed, or it went, before the answer");
	t->removed = true;
	map_remove(&t->all->by_node, t->node);
	list_remove(&t->turn);
	if (t->job)
		work_fail(t->job, &e);
	while ((job = list_first(&t->jobs, struct tool_work, link)))
		work_fail(job, &e);
	if (t->child)
		child_kill(t->child);
	uv_close((uv_handle_t *)&t->timer, on_closed);
	uv_close((uv_handle_t *)&t->limit, on_closed);
}

static void on_output(void *data, int fd, const char *bytes, size_t len)
{
	struct tool *t = data;
	struct buf *b = fd == 1 ? &t->out : &t->said;
	size_t room = IPMITOOL_OUTPUT_MAX - 1 - b->len;

	buf_append(b, bytes, len < room ? len : room);
}

/* A process slot is free: those who can wait come last, each kind in the order of its asking. */
static void give_turn(struct tools *all)
{
	struct tool *t, *chosen = NULL;

	if (all->children >= CHILDREN_MAX)
		return;
	list_for_each (t, &all->waiting, turn) {
		if (!chosen || t->job->priority > chosen->job->priority)
			chosen = t;
		if (chosen->job->priority == DRIVER_COMMAND)
			break;
	}
	if (chosen) {
		list_remove(&chosen->turn);
		run_now(chosen);
	}
}

static void read_failure(struct tool *t, int sig, struct tool_answer *a)
{
	a->trouble = ipmitool_trouble(buf_str(&t->said), &t->settings, &a->err);
	if (t->late) {
		a->trouble = TROUBLE_SILENT;
		err_set(&a->err, ETIME,
			"BMC %s:%d: ipmitool had no answer in time and was ended; look at the BMC",
			t->settings.address, t->settings.port);
	} else if (sig) {
		err_set(&a->err, EIO, "BMC %s:%d: ipmitool was ended by signal %d",
			t->settings.address, t->settings.port, sig);
	}
}

static bool repeated(struct tool *t, struct tool_work *job, const struct tool_answer *a)
{
	if (a->ok || t->late)
		return false;
	if (a->trouble == TROUBLE_CIPHER && t->suite == 17 && t->settings.suite < 0) {
		t->suite = 3; /* remembered: it is not tried out each time */
		return work_again(job, 0);
	}
	return a->trouble == TROUBLE_BUSY && job->busy++ < BUSY_MAX &&
	       work_again(job, BUSY_PAUSE_MS);
}

static void on_ended(void *data, int status, int sig)
{
	struct tool *t = data;
	struct tools *all = t->all;
	struct tool_work *job = t->job;
	struct tool_answer a = {.ok = status == 0, .out = buf_str(&t->out)};

	t->child = NULL;
	t->ended_ms = time_mono_ms();
	all->children--;
	if (job && !t->removed) {
		uv_timer_stop(&t->limit);
		if (!a.ok)
			read_failure(t, sig, &a);
		if (!repeated(t, job, &a))
			job->answer(job, &a);
	}
	if (--t->handles == 0)
		free_tool(t);
	give_turn(all);
}

static void on_late(uv_timer_t *timer)
{
	struct tool *t = timer->data;

	t->late = true;
	if (t->child)
		child_kill(t->child);
}

static void run_now(struct tool *t)
{
	struct tool_work *job = t->job;
	int64_t left = job->deadline_ms - MARGIN_MS - time_mono_ms();
	struct ipmitool_call call;
	struct child_config f = {.loop = t->all->env->loop,
		.argv = call.argv,
		.env = call.env,
		.output = on_output,
		.ended = on_ended,
		.data = t};
	struct err e;
	int r;

	if (left <= 0) {
		err_set(&e, ETIME, "BMC %s:%d: other requests to it took all the time there was",
			t->settings.address, t->settings.port);
		work_fail(job, &e);
		return;
	}
	if (t->suite < 0)
		t->suite = t->settings.suite >= 0   ? t->settings.suite
			   : t->traits.cipher_suite ? t->traits.cipher_suite
						    : 17;
	ipmitool_begin(&call, &t->settings, t->suite, t->all->env->ipmitool_home);
	for (const char *const *w = (const char *const[]){"-v", "-N", "3", "-R", "1", NULL}; *w;
		w++)
		ipmitool_add(&call, *w);
	for (int i = 0; i < job->n_words; i++)
		ipmitool_add(&call, job->words[i]);
	buf_truncate(&t->out, 0);
	buf_truncate(&t->said, 0);
	t->late = false;
	r = child_start(&f, &t->child, &e);
	mem_wipe(&call, sizeof(call));
	if (r < 0) {
		if (r == -ENOENT)
			err_advise(
				&e, "install the package ipmitool, or use the \"ipmi\" interfaces");
		work_fail(job, &e);
		return;
	}
	t->handles++;
	t->all->children++;
	uv_timer_start(&t->limit, on_late, (uint64_t)left, 0);
}

static void on_pause_over(uv_timer_t *timer)
{
	struct tool *t = timer->data;

	if (!t->job)
		return;
	list_append(&t->all->waiting, &t->turn);
	give_turn(t->all);
}

/* The pause asked for, or what is left of the gap that this BMC needs; Ironic's is for all. */
static void run_after(struct tool *t, int64_t pause_ms)
{
	int64_t gap = t->ended_ms + t->traits.gap_ms - time_mono_ms();

	if (t->ended_ms && gap > pause_ms)
		pause_ms = gap;
	uv_timer_start(&t->timer, on_pause_over, pause_ms > 0 ? (uint64_t)pause_ms : 0, 0);
}

bool work_again(struct tool_work *job, unsigned pause_ms)
{
	if (time_mono_ms() + pause_ms + 2 * MARGIN_MS >= job->deadline_ms)
		return false;
	run_after(job->tool, pause_ms);
	return true;
}

void work_run(struct tool_work *job, void (*answer)(struct tool_work *, const struct tool_answer *),
	const char *const *words)
{
	job->answer = answer;
	job->busy = 0;
	for (job->n_words = 0; words[job->n_words]; job->n_words++)
		job->words[job->n_words] = words[job->n_words];
	run_after(job->tool, 0);
}

void work_raw(struct tool_work *job, void (*answer)(struct tool_work *, const struct tool_answer *),
	const uint8_t *bytes, int n)
{
	const char *words[ARRAY_SIZE(job->text) + 2] = {"raw"};

	for (int i = 0; i < n && i < (int)ARRAY_SIZE(job->text); i++) {
		snprintf(job->text[i], sizeof(job->text[i]), "0x%02x", bytes[i]);
		words[i + 1] = job->text[i];
	}
	work_run(job, answer, words);
}

static void next_job(struct tool *t)
{
	if (t->job || t->removed)
		return;
	t->job = list_first(&t->jobs, struct tool_work, link);
	if (!t->job)
		return;
	list_remove(&t->job->link);
	t->job->start(t->job);
}

static struct tool *tool_of(struct driver_env *env, const struct node *n, struct err *e)
{
	struct ipmitool_settings s;
	struct tool *t;

	if (ipmitool_settings(n, &s, e) < 0)
		return NULL;
	if (!env->tools) {
		env->tools = xcalloc(1, sizeof(*env->tools));
		env->tools->env = env;
		list_init(&env->tools->waiting);
	}
	t = map_get(&env->tools->by_node, n->uuid);
	if (t && memcmp(&t->settings, &s, sizeof(s))) {
		remove_tool(t);
		t = NULL;
	}
	if (!t) {
		t = tool_new(env->tools, n->uuid);
		t->settings = s;
	}
	mem_wipe(&s, sizeof(s));
	return t;
}

static struct tool_work *work_of(struct tool *t, enum driver_priority p, int64_t deadline_ms,
	void (*start)(struct tool_work *job))
{
	struct tool_work *job = xcalloc(1, sizeof(*job));

	list_init(&job->link);
	job->tool = t;
	job->priority = p;
	job->deadline_ms = deadline_ms;
	job->start = start;
	return job;
}

struct tool_work *work_beside(struct tool_work *other, void (*start)(struct tool_work *job))
{
	return work_of(other->tool, DRIVER_SWEEP, time_mono_ms() + BESIDE_MS, start);
}

struct tool_work *work_new(struct driver_env *env, const struct node *n, enum driver_priority p,
	struct op *op, void (*start)(struct tool_work *job))
{
	struct tool_work *job;
	struct tool *t;
	struct err e;

	ipmi_forget(env, n->uuid); /* else our own client would be asked by the next sweep */
	t = tool_of(env, n, &e);
	if (!t) {
		op_fail(op, &e);
		return NULL;
	}
	job = work_of(t, p, op->deadline_ms, start);
	job->op = op;
	return job;
}

/* Those that somebody waits for pass those that can wait. */
void work_submit(struct tool_work *job)
{
	struct tool *t = job->tool;
	struct tool_work *other;
	unsigned n = 0;
	struct err e;

	list_for_each (other, &t->jobs, link)
		n++;
	if (n >= JOBS_MAX) {
		err_set(&e, ENOBUFS, "BMC %s:%d: %u requests wait for it already",
			t->settings.address, t->settings.port, n);
		work_fail(job, &e);
		return;
	}
	list_for_each (other, &t->jobs, link)
		if (other->priority < job->priority)
			break;
	list_append(&other->link, &job->link); /* before it, or last */
	next_job(t);
}

struct driver_env *work_env(const struct tool_work *job)
{
	return job->tool->all->env;
}

const struct ipmitool_settings *work_settings(const struct tool_work *job)
{
	return &job->tool->settings;
}

const struct bmc_traits *work_traits(const struct tool_work *job)
{
	return &job->tool->traits;
}

void work_set_traits(struct tool_work *job, const struct bmc_traits *traits)
{
	job->tool->traits = *traits;
}

bool work_introduces(struct tool_work *job)
{
	bool first = !job->tool->introduced;

	job->tool->introduced = true;
	return first;
}

void tools_forget(struct driver_env *env, const char *node_uuid)
{
	struct tool *t = env->tools ? map_get(&env->tools->by_node, node_uuid) : NULL;

	if (t)
		remove_tool(t);
}

void tools_stop(struct driver_env *env)
{
	void *value;

	if (!env->tools)
		return;
	for (size_t pos = 0; map_next(&env->tools->by_node, &pos, NULL, &value); pos = 0)
		remove_tool(value);
	while (env->tools->open)
		uv_run(env->loop, UV_RUN_ONCE);
	map_done(&env->tools->by_node);
	free(TAKE_PTR(env->tools));
}
