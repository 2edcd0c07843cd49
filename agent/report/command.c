/* Commands and their worker; see command.h. */
#include "agent/report/command.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define WAITERS_MAX 64

static const char *const status_names[COMMAND_STATUS_COUNT] = {
	[COMMAND_RUNNING] = "RUNNING",
	[COMMAND_SUCCEEDED] = "SUCCEEDED",
	[COMMAND_FAILED] = "FAILED",
	[COMMAND_CLEAN_VERSION_MISMATCH] = "CLEAN_VERSION_MISMATCH",
};

struct command {
	struct list link;
	char id[UUID_TEXT_MAX];
	const struct command_spec *spec;
	enum command_status status;
	json_t *params; /* until it ran */
	json_t *result, *error;
};

struct waiter {
	struct list link;
	char id[UUID_TEXT_MAX];
	void (*fn)(const json_t *record, void *data);
	void *data;
};

struct commands {
	const struct command_spec *specs;
	void *agent;
	commands_done_fn done;

	pthread_mutex_t execute; /* held while a synchronous command runs; taken before lock */
	pthread_mutex_t lock;	 /* everything below */
	pthread_cond_t changed;
	struct list all; /* oldest first */
	size_t n;
	struct list waiters;
	size_t n_waiters;
	struct command *running; /* the worker's */
	bool stop;
	atomic_bool cancel;
	pthread_t worker;
};

static void command_free(struct command *cmd)
{
	json_decref(cmd->params);
	json_decref(cmd->result);
	json_decref(cmd->error);
	free(cmd);
}

/* A record names its command without the extension: so conductors look for it. */
static const char *short_name(const struct command_spec *spec)
{
	return strchr(spec->name, '.') + 1;
}

/* A copy, so that nobody reads what the worker goes on to change. */
static json_t *record(const struct command *cmd)
{
	json_t *o = json_object();

	json_put_str(o, "id", cmd->id);
	json_put_str(o, "command_name", short_name(cmd->spec));
	json_put_str(o, "command_status", status_names[cmd->status]);
	json_object_set_new(
		o, "command_error", cmd->error ? json_deep_copy(cmd->error) : json_null());
	json_object_set_new(
		o, "command_result", cmd->result ? json_deep_copy(cmd->result) : json_null());
	return o;
}

static struct command *find(struct commands *c, const char *id)
{
	struct command *cmd;

	list_for_each (cmd, &c->all, link)
		if (str_eq(cmd->id, id))
			return cmd;
	return NULL;
}

static json_t *wrap_result(const struct command *cmd, json_t *result)
{
	_cleanup_json_ json_t *text = NULL;
	json_t *o;

	if (json_is_string(result)) {
		text = result;
		o = json_object();
	} else if (cmd->spec->async && json_str(result, "result")) {
		text = json_incref(json_object_get(result, "result"));
		o = result;
	} else {
		return result;
	}
	if (cmd->spec->async) {
		_cleanup_free_ char *line =
			xasprintf("%s: %s", short_name(cmd->spec), json_string_value(text));

		json_put_str(o, "result", line);
	} else {
		json_object_set(o, "result", text);
	}
	return o;
}

static json_t *error_of(const struct command_spec *spec, const struct err *e)
{
	json_t *o = json_object();

	json_put_str(o, "type",
		e->code == ESTALE  ? "CleanVersionMismatch"
		: spec->error_type ? spec->error_type
				   : "CommandExecutionError");
	json_put_int(o, "code", 500);
	json_put_str(o, "message", e->text);
	json_put_str(o, "details", e->text);
	return o;
}

/* Writes down how it ended. With c->lock held. */
static void settle(struct command *cmd, int r, json_t *result, struct err *e)
{
	if (r < 0 && !e->code)
		err_errno(e, -r, "%s", cmd->spec->name);
	if (r < 0)
		cmd->error = error_of(cmd->spec, e);
	cmd->result = wrap_result(cmd, result);
	cmd->status = r >= 0		  ? COMMAND_SUCCEEDED
		      : e->code == ESTALE ? COMMAND_CLEAN_VERSION_MISMATCH
					  : COMMAND_FAILED;
	json_decref(cmd->params);
	cmd->params = NULL;
}

/* Those who wait for this command, or all of them with cmd NULL, off the list. With c->lock held.
 */
static void take_waiters(struct commands *c, const struct command *cmd, struct list *ret)
{
	struct waiter *w, *tmp;

	list_init(ret);
	list_for_each_safe (w, tmp, &c->waiters, link) {
		if (cmd && !str_eq(w->id, cmd->id))
			continue;
		list_remove(&w->link);
		list_append(ret, &w->link);
		c->n_waiters--;
	}
}

static void call_waiters(struct list *waiters, const json_t *rec)
{
	struct waiter *w, *tmp;

	list_for_each_safe (w, tmp, waiters, link) {
		list_remove(&w->link);
		w->fn(rec, w->data);
		free(w);
	}
}

static void work(struct commands *c, struct command *cmd)
{
	struct err e = {0};
	json_t *result = NULL, *rec;
	const char *name = cmd->spec->name;
	struct list waiters;
	enum command_status status;
	int r = cmd->spec->run(c->agent, cmd->params, &result, &e);

	pthread_mutex_lock(&c->lock);
	settle(cmd, r, result, &e);
	rec = record(cmd);
	status = cmd->status;
	c->running = NULL;
	take_waiters(c, cmd, &waiters);
	pthread_mutex_unlock(&c->lock);
	call_waiters(&waiters, rec);
	c->done(c->agent, name, status, e.text);
	json_decref(rec);
}

static void *worker(void *arg)
{
	struct commands *c = arg;
	struct command *cmd;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->stop && !c->running)
			pthread_cond_wait(&c->changed, &c->lock);
		cmd = c->running;
		if (!cmd)
			break;
		pthread_mutex_unlock(&c->lock);
		work(c, cmd);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int commands_new(const struct command_spec *specs, void *agent, commands_done_fn done,
	struct commands **ret, struct err *e)
{
	struct commands *c = xcalloc(1, sizeof(*c));
	int r;

	c->specs = specs;
	c->agent = agent;
	c->done = done;
	list_init(&c->all);
	list_init(&c->waiters);
	pthread_mutex_init(&c->execute, NULL);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	r = pthread_create(&c->worker, NULL, worker, c);
	if (r) {
		free(c);
		return err_errno(e, r, "start the thread that runs commands");
	}
	*ret = c;
	return 0;
}

void commands_free(struct commands *c)
{
	struct command *cmd, *tmp;
	struct list waiters;

	if (!c)
		return;
	atomic_store(&c->cancel, true);
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->worker, NULL);
	take_waiters(c, NULL, &waiters);
	call_waiters(&waiters, NULL);
	list_for_each_safe (cmd, tmp, &c->all, link)
		command_free(cmd);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->execute);
	free(c);
}

const atomic_bool *commands_cancel(const struct commands *c)
{
	return &c->cancel;
}

/* "clean.x": -ENOENT when no command begins with "clean.", -EINVAL when only x is unknown. */
static int spec_find(
	const struct commands *c, const char *name, const struct command_spec **ret, struct err *e)
{
	const char *dot = strchr(name, '.');
	size_t extension = dot ? (size_t)(dot - name) + 1 : 0;
	bool known = false;

	if (!dot)
		return err_set(e, EINVAL,
			"Invalid command: \"%.64s\" is not of the form extension.command", name);
	for (const struct command_spec *s = c->specs; s->name; s++) {
		if (str_eq(s->name, name)) {
			*ret = s;
			return 0;
		}
		known = known || !strncmp(s->name, name, extension);
	}
	if (known)
		return err_set(e, EINVAL, "Invalid command: there is no \"%.64s\"", name);
	return err_set(e, ENOENT, "Extension with id %.*s not found.",
		(int)(extension - 1 < 64 ? extension - 1 : 64), name);
}

/* Drops the oldest that are over, so that a chatty conductor does not fill the memory. */
static void trim(struct commands *c)
{
	struct command *cmd, *tmp;

	list_for_each_safe (cmd, tmp, &c->all, link) {
		if (c->n <= COMMANDS_KEPT_MAX)
			return;
		if (cmd->status == COMMAND_RUNNING)
			continue;
		list_remove(&cmd->link);
		command_free(cmd);
		c->n--;
	}
}

static struct command *command_add(
	struct commands *c, const struct command_spec *spec, json_t *params)
{
	struct command *cmd = xcalloc(1, sizeof(*cmd));

	uuid_new(cmd->id);
	cmd->spec = spec;
	cmd->params = params;
	list_append(&c->all, &cmd->link);
	c->n++;
	trim(c);
	return cmd;
}

static json_t *start_async(struct commands *c, const struct command_spec *spec, json_t *params)
{
	json_t *rec;

	pthread_mutex_lock(&c->lock);
	c->running = command_add(c, spec, params);
	rec = record(c->running);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return rec;
}

static json_t *run_sync(struct commands *c, const struct command_spec *spec, json_t *params)
{
	struct err e = {0};
	json_t *result = NULL, *rec;
	struct command *cmd;
	int r = spec->run(c->agent, params, &result, &e);

	pthread_mutex_lock(&c->lock);
	cmd = command_add(c, spec, params);
	settle(cmd, r, result, &e);
	rec = record(cmd);
	pthread_mutex_unlock(&c->lock);
	return rec;
}

static int check_idle(struct commands *c, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&c->lock);
	if (c->running)
		r = err_set(
			e, EBUSY, "Agent is busy: executing command %s", c->running->spec->name);
	else if (c->stop)
		r = err_set(e, EBUSY, "Agent is busy: it is ending");
	pthread_mutex_unlock(&c->lock);
	return r;
}

int commands_execute(
	struct commands *c, const char *name, json_t *params, json_t **ret, struct err *e)
{
	const struct command_spec *spec = NULL;
	int r;

	pthread_mutex_lock(&c->execute);
	r = spec_find(c, name, &spec, e);
	if (r == 0 && !spec->anytime)
		r = check_idle(c, e);
	if (r == 0 && spec->validate && spec->validate(c->agent, params, e) < 0)
		r = -EINVAL;
	if (r == 0)
		*ret = spec->async ? start_async(c, spec, params) : run_sync(c, spec, params);
	else
		json_decref(params);
	pthread_mutex_unlock(&c->execute);
	return r;
}

json_t *commands_list(struct commands *c)
{
	json_t *all = json_object(), *list = json_array();
	struct command *cmd;

	pthread_mutex_lock(&c->lock);
	list_for_each (cmd, &c->all, link)
		json_array_append_new(list, record(cmd));
	pthread_mutex_unlock(&c->lock);
	json_object_set_new(all, "commands", list);
	return all;
}

json_t *commands_get(struct commands *c, const char *id)
{
	struct command *cmd;
	json_t *rec = NULL;

	pthread_mutex_lock(&c->lock);
	cmd = find(c, id);
	if (cmd)
		rec = record(cmd);
	pthread_mutex_unlock(&c->lock);
	return rec;
}

bool commands_on_done(struct commands *c, const char *id,
	void (*fn)(const json_t *record, void *data), void *data)
{
	struct command *cmd;
	json_t *rec = NULL;
	bool taken = false;

	pthread_mutex_lock(&c->lock);
	cmd = find(c, id);
	if (cmd && cmd->status != COMMAND_RUNNING) {
		rec = record(cmd);
	} else if (cmd && c->n_waiters < WAITERS_MAX) {
		struct waiter *w = xcalloc(1, sizeof(*w));

		memcpy(w->id, cmd->id, sizeof(w->id));
		w->fn = fn;
		w->data = data;
		list_append(&c->waiters, &w->link);
		c->n_waiters++;
		taken = true;
	}
	pthread_mutex_unlock(&c->lock);
	if (!rec)
		return taken;
	fn(rec, data);
	json_decref(rec);
	return true;
}
