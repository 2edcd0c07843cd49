/* What a command's caller may rely on (contract section 4.7): records, busy, waiting, refusals. */
#include "tests/unit/tap.h"

#include "agent/agent.h"
#include "agent/report/api.h"
#include "agent/report/command.h"
#include "lib/base/str.h"

#include <errno.h>
#include <semaphore.h>

static sem_t go, ended, told;
static enum command_status last_status;

static int run_text(void *agent, const json_t *params, json_t **ret, struct err *e)
{
	*ret = json_string("done");
	return 0;
}

static int run_fail(void *agent, const json_t *params, json_t **ret, struct err *e)
{
	return err_set(e, EIO, "write /dev/x: no");
}

static int run_stale(void *agent, const json_t *params, json_t **ret, struct err *e)
{
	return err_set(e, ESTALE, "another version");
}

static int run_slow(void *agent, const json_t *params, json_t **ret, struct err *e)
{
	sem_wait(&go);
	*ret = json_string(json_str(params, "say"));
	return 0;
}

static int check_say(void *agent, const json_t *params, struct err *e)
{
	return json_str(params, "say") ? 0 : err_set(e, EINVAL, "Invalid command params: say");
}

static const struct command_spec specs[] = {
	{"a.text", false, false, NULL, NULL, run_text},
	{"a.fail", false, false, "ADeepError", NULL, run_fail},
	{"a.stale", true, false, NULL, NULL, run_stale},
	{"b.slow", true, false, NULL, check_say, run_slow},
	{"b.look", false, true, NULL, NULL, run_text},
	{NULL, false, false, NULL, NULL, NULL},
};

static void on_end(void *agent, const char *name, enum command_status s, const char *error)
{
	last_status = s;
	sem_post(&ended);
}

static int execute(
	struct commands *c, const char *name, const char *say, json_t **ret, struct err *e)
{
	json_t *params = json_object();

	json_put_str(params, "say", say);
	return commands_execute(c, name, params, ret, e);
}

static const char *result_text(const json_t *record)
{
	return json_str(json_object_get(record, "command_result"), "result");
}

static void test_sync(struct commands *c)
{
	_cleanup_json_ json_t *good = NULL, *bad = NULL, *again = NULL;
	const json_t *error;

	is_int(execute(c, "a.text", NULL, &good, NULL), 0, "a synchronous command");
	is_str(json_str(good, "command_status"), "SUCCEEDED", "is over when it returns");
	is_str(json_str(good, "command_name"), "text", "its name, without the extension");
	is_str(result_text(good), "done", "a text is wrapped as it is");
	ok(json_is_null(json_object_get(good, "command_error")), "no error");
	is_int(execute(c, "a.fail", NULL, &bad, NULL), 0, "one that fails is still a record");
	is_str(json_str(bad, "command_status"), "FAILED", "that says so");
	error = json_object_get(bad, "command_error");
	is_str(json_str(error, "type"), "ADeepError", "type of the error");
	is_str(json_str(error, "message"), "write /dev/x: no", "what was tried and came back");
	is_int(json_int(error, "code", 0), 500, "code");
	again = commands_get(c, json_str(bad, "id"));
	ok(json_equal(again, bad), "it can be asked for later");
	ok(!commands_get(c, "x"), "by its id only");
}

static void test_refused(struct commands *c)
{
	_cleanup_json_ json_t *none = NULL;
	struct err e;

	is_int(execute(c, "zzz.text", NULL, &none, &e), -ENOENT, "no such extension");
	is_int(execute(c, "a.zzz", NULL, &none, &e), -EINVAL, "no such command");
	is_int(execute(c, "text", NULL, &none, &e), -EINVAL, "no dot");
	is_int(execute(c, "b.slow", NULL, &none, &e), -EINVAL, "parameters are looked at first");
	is_str(e.text, "Invalid command params: say", "with the reason");
	ok(!none, "and there is no record");
}

static json_t *seen;

static void on_record(const json_t *record, void *data)
{
	seen = json_deep_copy(record);
	sem_post(&told);
}

static void test_async(struct commands *c)
{
	_cleanup_json_ json_t *rec = NULL, *busy = NULL, *list = NULL, *look = NULL;
	struct err e;

	is_int(execute(c, "b.slow", "hello", &rec, NULL), 0, "an asynchronous command");
	is_str(json_str(rec, "command_status"), "RUNNING", "runs when it returns");
	is_int(execute(c, "a.text", NULL, &busy, &e), -EBUSY, "meanwhile all others are refused");
	ok(strstr(e.text, "Agent is busy") && strstr(e.text, "b.slow"), "by name: %s", e.text);
	is_int(execute(c, "b.look", NULL, &look, &e), 0, "but for those that only look");
	ok(commands_on_done(c, json_str(rec, "id"), on_record, NULL), "somebody waits");
	sem_post(&go);
	sem_wait(&told);
	sem_wait(&ended);
	is_str(json_str(seen, "command_status"), "SUCCEEDED", "and is told");
	is_str(result_text(seen), "slow: hello", "the text begins with the command");
	is_int(last_status, COMMAND_SUCCEEDED, "so is the agent");
	json_decref(seen);
	ok(commands_on_done(c, json_str(rec, "id"), on_record, NULL), "who comes late");
	is_int(sem_trywait(&told), 0, "is told at once");
	json_decref(seen);
	ok(!commands_on_done(c, "x", on_record, NULL), "nothing to wait for");
	list = commands_list(c);
	is_str(json_str(json_array_get(json_object_get(list, "commands"), 2), "command_name"),
		"slow", "oldest first");
}

static void test_mismatch(struct commands *c)
{
	_cleanup_json_ json_t *rec = NULL, *now = NULL;

	is_int(execute(c, "a.stale", NULL, &rec, NULL), 0, "steps of another version");
	sem_wait(&ended);
	now = commands_get(c, json_str(rec, "id"));
	is_str(json_str(now, "command_status"), "CLEAN_VERSION_MISMATCH",
		"have a status of their own");
}

static void test_kept(struct commands *c)
{
	_cleanup_json_ json_t *list = NULL;

	for (int i = 0; i < 2 * COMMANDS_KEPT_MAX; i++) {
		_cleanup_json_ json_t *rec = NULL;

		execute(c, "a.text", NULL, &rec, NULL);
	}
	list = commands_list(c);
	is_int(json_array_size(json_object_get(list, "commands")), COMMANDS_KEPT_MAX,
		"the oldest are forgotten");
}

static void test_bodies(void)
{
	static const char *const wrong[] = {"", "{}", "{\"name\":\"a.b\"}", "{\"params\":{}}",
		"{\"name\":7,\"params\":{}}", "{\"name\":\"a.b\",\"params\":[]}", "[1]"};
	static const char good[] = "{\"name\":\"a.b\",\"params\":{\"x\":1}}";
	_cleanup_json_ json_t *params = NULL;
	_cleanup_free_ char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(agent_api_parse(wrong[i], strlen(wrong[i]), &name, &params, NULL), -EINVAL,
			"refused: %s", wrong[i]);
	is_int(agent_api_parse(good, strlen(good), &name, &params, NULL), 0, "a body");
	is_str(name, "a.b", "name");
	is_int(json_int(params, "x", 0), 1, "parameters");
}

/* Contract 4.7: what a conductor starts and does not wait for, and what it takes the answer of. */
static void test_product_table(void)
{
	static const struct {
		const char *name;
		bool async;
	} want[] = {
		{"clean.get_clean_steps", false},
		{"clean.execute_clean_step", true},
		{"deploy.get_deploy_steps", false},
		{"deploy.execute_deploy_step", true},
		{"standby.prepare_image", true},
		{"standby.run_image", true},
		{"standby.power_off", true},
		{"standby.sync", false},
		{"standby.get_partition_uuids", false},
		{"image.install_bootloader", true},
		{"log.collect_system_logs", false},
		{"poll.get_hardware_info", false},
		{"poll.set_node_info", false},
		{"system.lockdown", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct command_spec *s = agent_commands;

		while (s->name && !str_eq(s->name, want[i].name))
			s++;
		ok(s->name && s->async == want[i].async, "%s is %s", want[i].name,
			want[i].async ? "asynchronous" : "synchronous");
	}
}

int main(void)
{
	struct commands *c = NULL;

	sem_init(&go, 0, 0);
	sem_init(&ended, 0, 0);
	sem_init(&told, 0, 0);
	is_int(commands_new(specs, NULL, on_end, &c, NULL), 0, "new");
	test_sync(c);
	test_refused(c);
	test_async(c);
	test_mismatch(c);
	test_kept(c);
	commands_free(c);
	test_bodies();
	test_product_table();
	return done_testing();
}
