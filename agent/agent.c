/* The agent's course of action; see agent.h. */
#include "agent/agent.h"
#include "agent/callback.h"
#include "agent/inspect/inventory.h"
#include "agent/inspection.h"
#include "agent/report/conductor.h"
#include "lib/base/buf.h"
#include "lib/base/deadline.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CLOCK_OFF_S    2
#define CLOCK_WRONG_S  3600
#define RETRY_FIRST_MS 200
#define RETRY_MAX_MS   10000
#define REPEATS_MAX    3
#define REPEAT_MS      5000
#define ALIVE_MS       60000

static void command_ended(
	void *data, const char *name, enum command_status status, const char *error)
{
	struct agent *a = data;

	if (status == COMMAND_SUCCEEDED)
		say(a->journal, "command %s succeeded", name);
	else
		say_error(a->journal, "command %s: %s", name, error);
	progress_end(a->progress, status == COMMAND_SUCCEEDED ? "done" : error);
	pthread_mutex_lock(&a->lock);
	a->beat_now = true;
	a->repeats = REPEATS_MAX;
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

int agent_init(struct agent *a, const struct params *params, const struct sysroot *sr,
	struct journal *journal, const struct agent_platform *platform, const char *address,
	struct err *e)
{
	int r;

	memset(a, 0, sizeof(*a));
	a->params = params;
	a->sr = sr;
	a->journal = journal;
	a->platform = platform;
	a->address = address ? address : params->advertise_host;
	str_copy(a->bootif, sizeof(a->bootif), params->bootif);
	if (params->agent_token)
		str_copy(a->token, sizeof(a->token), params->agent_token);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wake, NULL);
	a->progress = progress_new(journal);
	r = commands_new(agent_commands, a, command_ended, &a->commands, e);
	if (r < 0)
		agent_done(a);
	return r;
}

void agent_done(struct agent *a)
{
	commands_free(a->commands);
	progress_free(a->progress);
	json_decref(a->node);
	json_decref(a->partition_ids);
	mem_wipe(a->token, sizeof(a->token));
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	memset(a, 0, sizeof(*a));
}

void agent_stop(struct agent *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

void agent_want_power(struct agent *a, enum agent_power power)
{
	pthread_mutex_lock(&a->lock);
	a->power = power;
	a->stop = true;
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

void agent_lock_down(struct agent *a)
{
	pthread_mutex_lock(&a->lock);
	a->locked_down = true;
	mem_wipe(a->token, sizeof(a->token));
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

void agent_fall_silent(struct agent *a)
{
	pthread_mutex_lock(&a->lock);
	a->silent = true;
	mem_wipe(a->token, sizeof(a->token));
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

void agent_set_node(struct agent *a, const json_t *node)
{
	json_t *copy = json_is_object(node) ? json_deep_copy(node) : NULL;

	if (!copy)
		return;
	pthread_mutex_lock(&a->lock);
	json_decref(a->node);
	a->node = copy;
	pthread_mutex_unlock(&a->lock);
}

json_t *agent_node(struct agent *a)
{
	json_t *copy;

	pthread_mutex_lock(&a->lock);
	copy = a->node ? json_deep_copy(a->node) : NULL;
	pthread_mutex_unlock(&a->lock);
	return copy;
}

struct rules agent_rules(struct agent *a)
{
	struct rules rules;

	pthread_mutex_lock(&a->lock);
	rules = a->rules;
	pthread_mutex_unlock(&a->lock);
	return rules;
}

void agent_alive(struct agent *a)
{
	if (a->platform->alive)
		a->platform->alive(a->platform->data);
}

static bool stopped(struct agent *a)
{
	bool stop;

	pthread_mutex_lock(&a->lock);
	stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return stop;
}

/* The first time counts: afterwards the clock is set. */
static void note_clock(struct agent *a, int64_t date_s, int64_t off_s)
{
	pthread_mutex_lock(&a->lock);
	if (date_s && !a->clock_told) {
		a->clock_told = true;
		a->clock_off_s = off_s;
	}
	pthread_mutex_unlock(&a->lock);
}

/* How far the clock is still off afterwards, in seconds. */
static int64_t fix_clock(struct agent *a, int64_t date_s)
{
	int64_t off_s = date_s ? date_s - time_wall_us() / 1000000 : 0;
	int r = -ENOTSUP;

	note_clock(a, date_s, off_s);
	if (llabs(off_s) < CLOCK_OFF_S)
		return 0;
	if (a->platform->set_clock)
		r = a->platform->set_clock(a->platform->data, date_s);
	if (r < 0) {
		say_warning(a->journal, "the clock is off by %lld s and cannot be set: %s",
			(long long)off_s, strerror(-r));
		return off_s;
	}
	say(a->journal, "the clock was off by %lld s; set from the conductor", (long long)off_s);
	return 0;
}

/* Tries again and again, longer and longer apart; false when it is time to give up. */
static bool try_again(
	struct agent *a, const char *what, int64_t since_ms, int64_t *pause_ms, const struct err *e)
{
	int64_t limit_ms = (int64_t)a->params->lookup_timeout_s * 1000;
	int64_t first_ms = (int64_t)a->params->lookup_interval_s * 1000;

	if (!a->platform->forever && time_mono_ms() - since_ms >= limit_ms)
		return false;
	backoff_next(pause_ms, first_ms ? first_ms : RETRY_FIRST_MS,
		first_ms > RETRY_MAX_MS ? first_ms : RETRY_MAX_MS);
	say_warning(
		a->journal, "%s: %s; next try in %.1f s", what, e->text, (double)*pause_ms / 1000);
	return agent_pause(a, *pause_ms);
}

static int discover(struct agent *a, struct conductor *c, struct err *e)
{
	int64_t since_ms = time_mono_ms(), pause_ms = 0, date_s, off_s;
	int r;

	for (;;) {
		r = conductor_discover(c, &date_s, e);
		off_s = fix_clock(a, date_s);
		if (r < 0 && llabs(off_s) > CLOCK_WRONG_S)
			err_advise(e,
				"this machine's clock is off by %lld days, so certificates look "
				"expired or not yet valid; set its real-time clock",
				(long long)off_s / 86400);
		if (r == 0) {
			say(a->journal, "conductor %s speaks version 1.%d", conductor_url(c),
				conductor_minor(c));
			return 0;
		}
		if (!try_again(a, "no answer from the conductor", since_ms, &pause_ms, e))
			return r;
	}
}

/* MAC addresses of all interfaces, the booting one first, as a comma list. */
static char *macs_of(struct agent *a)
{
	_cleanup_json_ json_t *nics = inventory_nics(a->sr);
	struct buf b = BUF_INIT(16384);
	json_t *nic;
	size_t i;

	if (a->bootif[0])
		buf_puts(&b, a->bootif);
	json_array_foreach (nics, i, nic) {
		const char *mac = json_str(nic, "mac_address");

		if (mac && !str_ieq(mac, a->bootif))
			buf_printf(&b, "%s%s", b.len ? "," : "", mac);
	}
	return b.len ? buf_take(&b) : xstrdup("");
}

static int lookup(
	struct agent *a, struct conductor *c, const char *uuid, struct lookup *ret, struct err *e)
{
	int64_t since_ms = time_mono_ms(), pause_ms = 0;
	int r;

	for (;;) {
		_cleanup_free_ char *macs = macs_of(a);

		r = conductor_lookup(c, macs, uuid, ret, e);
		if (r == 0)
			return 0;
		if (!try_again(a, "this machine's node is not found", since_ms, &pause_ms, e))
			return r;
	}
}

/* Takes over what the lookup said. -EACCES: the token is not ours to have. */
static int adopt(struct agent *a, const struct lookup *l, struct err *e)
{
	int r;

	pthread_mutex_lock(&a->lock);
	r = token_adopt(a->token, l->agent_token, e);
	a->rules = l->rules;
	pthread_mutex_unlock(&a->lock);
	if (r < 0)
		return r;
	agent_set_node(a, l->node);
	say(a->journal, "this is node %s%s%s", l->uuid, json_str(l->node, "name") ? ", " : "",
		json_str(l->node, "name") ? json_str(l->node, "name") : "");
	if (!l->progress_url[0])
		return 0;
	return progress_post_to(a->progress, a->params, l->progress_url, l->progress_interval_ms,
		l->uuid, a->token, e);
}

/* Waits until a heartbeat is due. False when the agent ends or was locked down. */
static bool wait_beat(struct agent *a, int64_t due_ms)
{
	bool go_on;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && !a->locked_down && !a->silent && !a->beat_now) {
		int64_t now_ms = time_mono_ms();
		int64_t until_ms = now_ms + ALIVE_MS < due_ms ? now_ms + ALIVE_MS : due_ms;

		if (now_ms >= due_ms)
			break;
		agent_alive(a);
		deadline_wait(&a->wake, &a->lock, until_ms);
	}
	a->beat_now = false;
	go_on = !a->stop && !a->locked_down && !a->silent;
	pthread_mutex_unlock(&a->lock);
	return go_on;
}

/*
 * When the next heartbeat goes out after one that was taken. A conductor whose node is locked drops
 * a heartbeat silently, so the one after a finished command is repeated until a new command comes.
 */
static int64_t next_beat_ms(struct agent *a, int timeout_s)
{
	int64_t ms;
	uint32_t random = 0;

	pthread_mutex_lock(&a->lock);
	if (a->repeats) {
		ms = (int64_t)REPEAT_MS << (REPEATS_MAX - a->repeats);
		a->repeats--;
	} else {
		(void)!getrandom(&random, sizeof(random), 0);
		ms = heartbeat_interval_ms(timeout_s, random);
	}
	pthread_mutex_unlock(&a->lock);
	return time_mono_ms() + ms;
}

/* The first one ends the boot: how long that took is worth a line. */
static void say_taken(struct agent *a, bool *known)
{
	if (*known)
		say_debug(a->journal, "heartbeat taken");
	else
		say(a->journal, "first heartbeat taken, %.2f s after the kernel's start",
			(double)time_mono_ms() / 1000);
	*known = true;
}

static void beat_forever(
	struct agent *a, struct conductor *c, const struct lookup *l, const struct callback *s)
{
	struct heartbeat h = {.callback_url = s->callback_url,
		.agent_verify_ca = s->certificate.cert_pem,
		.minor = conductor_minor(c)};
	int64_t due_ms = 0, pause_ms = 0;
	char token[TOKEN_TEXT_MAX];
	bool known = false;
	struct err e = {0};

	while (wait_beat(a, due_ms)) {
		pthread_mutex_lock(&a->lock);
		memcpy(token, a->token, sizeof(token));
		pthread_mutex_unlock(&a->lock);
		h.agent_token = token;
		if (conductor_heartbeat(c, l->uuid, &h, &e) == 0) {
			pause_ms = 0;
			say_taken(a, &known);
			due_ms = next_beat_ms(a, l->heartbeat_timeout_s);
		} else {
			due_ms = time_mono_ms() + backoff_next(&pause_ms, 500, RETRY_MAX_MS);
			say_warning(a->journal, "%s; next try in %.1f s", e.text,
				(double)pause_ms / 1000);
		}
	}
	mem_wipe(token, sizeof(token));
}

static int inspect_if_asked(
	struct agent *a, struct conductor *c, char ret_uuid[static UUID_TEXT_MAX], struct err *e)
{
	int r;

	ret_uuid[0] = '\0';
	if (!conductor_callback(c))
		return 0;
	r = inspection_send(a, c, ret_uuid, e);
	if (r == 0)
		say(a->journal, "inspection taken%s%s", ret_uuid[0] ? " for node " : "", ret_uuid);
	else
		journal_err(a->journal, "inspection failed", e);
	/* the node may still be found: an operator sees then that the agent lives */
	return stopped(a) ? r : 0;
}

static void wait_stop(struct agent *a)
{
	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		agent_alive(a);
		deadline_wait(&a->wake, &a->lock, time_mono_ms() + ALIVE_MS);
	}
	pthread_mutex_unlock(&a->lock);
}

/* Nothing more to do until the power goes; off the network unless a person has the machine. */
static void stay_idle(struct agent *a)
{
	bool off;

	pthread_mutex_lock(&a->lock);
	off = a->locked_down;
	pthread_mutex_unlock(&a->lock);
	if (off && a->platform->network_down)
		a->platform->network_down(a->platform->data);
	wait_stop(a);
}

/* Ironic boots an inspection without ipa-api-url: the inventory is all it wants. */
static int only_inspect(struct agent *a, struct conductor *c, struct err *e)
{
	char uuid[UUID_TEXT_MAX];
	int r = inspection_send(a, c, uuid, e);

	if (r < 0)
		return r;
	say(a->journal, "inspection taken%s%s; there is no ipa-api-url, so nothing is left to do",
		uuid[0] ? " for node " : "", uuid);
	wait_stop(a);
	return 0;
}

static int serve(struct agent *a, struct conductor *c, struct err *e)
{
	char uuid[UUID_TEXT_MAX];
	struct lookup l = {0};
	struct callback s = {0};
	int r = discover(a, c, e);

	if (r == 0)
		r = inspect_if_asked(a, c, uuid, e);
	if (r == 0)
		r = lookup(a, c, uuid, &l, e);
	if (r == 0)
		r = adopt(a, &l, e);
	if (r == 0)
		r = callback_start(a, c, &s, e);
	if (r == 0)
		beat_forever(a, c, &l, &s);
	callback_stop(&s);
	lookup_done(&l);
	if (r == 0 && !stopped(a))
		stay_idle(a);
	return r;
}

int agent_run(struct agent *a, enum agent_power *ret_power, struct err *e)
{
	struct conductor *c = NULL;
	int r = conductor_new(a->params, &c, e);

	if (a->params->hardware_delay_s) {
		say(a->journal, "waiting %d s for the hardware, as told",
			a->params->hardware_delay_s);
		agent_pause(a, (int64_t)a->params->hardware_delay_s * 1000);
	}
	if (r == 0)
		r = a->params->n_api_urls || a->params->use_mdns ? serve(a, c, e)
								 : only_inspect(a, c, e);
	conductor_free(c);
	pthread_mutex_lock(&a->lock);
	*ret_power = a->power;
	if (a->stop)
		r = 0;
	pthread_mutex_unlock(&a->lock);
	return r;
}
