/*
 * A machine's question "what am I to boot" from its HTTP request to the script it gets. Everything
 * it says of itself is a claim: bounded and made printable here, before anybody else sees it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/internal.h"
#include "boot/script.h"
#include "boot/text.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"

#define SCRIPT_BYTES_MAX 8192
#define RETRY_MAX_S	 300

static void reply_script(
	struct boot *b, struct http_req *req, enum script which, const struct script_values *values)
{
	struct buf out = BUF_INIT(SCRIPT_BYTES_MAX);
	struct script_values v = *values;
	size_t len;

	v.base = b->url;
	if (script_render(which, &v, &out) < 0) {
		buf_done(&out);
		http_reply_text(req, 500, "the script could not be made");
		return;
	}
	len = out.len;
	http_reply_take(req, 200, "text/plain", buf_take(&out), len);
}

/* 2, 4, 8, 16, 30, 30, ... seconds */
static unsigned pause_for(unsigned tries)
{
	return tries < 4 ? 2u << tries : 30;
}

static void reply_wait(struct boot *b, struct open_ask *a, unsigned retry_s, const char *message)
{
	struct machine *m = machines_get(&b->machines, a->ask.mac);
	struct script_values v = {.message = message};

	v.retry_s = retry_s ? retry_s : pause_for(m->tries);
	if (v.retry_s > RETRY_MAX_S)
		v.retry_s = RETRY_MAX_S;
	m->tries++;
	boot_say(b, BOOT_EVENT_SCRIPT_ANSWERED, true, a->ask.mac, a->ask.ip,
		"wait, asks again in %u s: %s", v.retry_s, message);
	reply_script(b, a->req, SCRIPT_WAIT, &v);
}

static void close_ask(struct boot *b, struct open_ask *a)
{
	list_remove(&a->in_list);
	b->n_asks--;
	free(a);
}

static void take_fact(struct http_req *req, const char *name, char *dst, size_t size)
{
	const char *value = http_arg(req, name);

	text_copy(dst, size, value ? value : "", value ? strlen(value) : 0);
}

/* An SMBIOS string in hexadecimal; "" when it is not. */
static void take_hex_fact(struct http_req *req, const char *name, char *dst, size_t size)
{
	const char *value = http_arg(req, name);
	char raw[256];
	int n = value && strlen(value) <= 2 * sizeof(raw) ? hex_decode(value, raw, sizeof(raw)) : 0;

	text_copy(dst, size, raw, n > 0 ? (size_t)n : 0);
}

static const char *const platform_names[] = {
	[BOOT_PLATFORM_UNKNOWN] = "",
	[BOOT_PLATFORM_PCBIOS] = "pcbios",
	[BOOT_PLATFORM_EFI] = "efi",
};

/* False when the request names no MAC address. */
static bool take_facts(struct http_req *req, struct boot_ask *ask)
{
	const char *mac = http_arg(req, "mac"), *platform = http_arg(req, "platform");

	if (!mac || !text_mac(mac, ask->mac))
		return false;
	str_copy(ask->ip, sizeof(ask->ip), http_peer(req));
	for (size_t i = 1; i < ARRAY_SIZE(platform_names); i++)
		if (str_eq(platform, platform_names[i]))
			ask->platform = (enum boot_platform)i;
	take_fact(req, "arch", ask->arch, sizeof(ask->arch));
	take_fact(req, "uuid", ask->uuid, sizeof(ask->uuid));
	if (!uuid_valid(ask->uuid))
		ask->uuid[0] = '\0';
	take_hex_fact(req, "serial", ask->serial, sizeof(ask->serial));
	take_hex_fact(req, "manufacturer", ask->manufacturer, sizeof(ask->manufacturer));
	take_hex_fact(req, "product", ask->product, sizeof(ask->product));
	take_hex_fact(req, "asset", ask->asset, sizeof(ask->asset));
	take_hex_fact(req, "firmware", ask->firmware, sizeof(ask->firmware));
	return true;
}

/* A machine that asks anew has given up its question of before. */
static void close_earlier(struct boot *b, const char *mac)
{
	struct open_ask *a, *next;

	list_for_each_safe (a, next, &b->asks, in_list) {
		if (!str_eq(a->ask.mac, mac))
			continue;
		http_reply_text(a->req, 409, "asked again");
		close_ask(b, a);
	}
}

static void say_asked(struct boot *b, const struct open_ask *a)
{
	const struct boot_ask *q = &a->ask;
	char failed[16];

	take_fact(a->req, "failed", failed, sizeof(failed));
	boot_say(b, BOOT_EVENT_SCRIPT_ASKED, !*failed, q->mac, q->ip, "%s %s, %s %s, serial %s%s%s",
		platform_names[q->platform], q->arch, q->manufacturer, q->product,
		*q->serial ? q->serial : "none", *failed ? "; could not boot: " : "", failed);
}

void ask_open(struct boot *b, struct http_req *req)
{
	struct open_ask *a = xcalloc(1, sizeof(*a));
	struct boot_ask copy;

	if (!take_facts(req, &a->ask)) {
		free(a);
		boot_say(b, BOOT_EVENT_NOT_FOUND, false, "", http_peer(req),
			"a script was asked for without a MAC address");
		http_reply_text(req, 400, "mac is missing or no MAC address");
		return;
	}
	machines_lease(&b->machines, a->ask.ip, a->ask.mac);
	a->req = req;
	a->ask.id = ++b->next_ask_id;
	a->ask.tries = machines_get(&b->machines, a->ask.mac)->tries;
	a->deadline_ms = time_mono_ms() + b->settings.ask_timeout_s * 1000;
	close_earlier(b, a->ask.mac);
	list_append(&b->asks, &a->in_list);
	b->n_asks++;
	say_asked(b, a);
	if (b->n_asks > BOOT_ASKS_MAX) {
		reply_wait(b, a, 0, "too many machines ask at the same time");
		close_ask(b, a);
		return;
	}
	copy = a->ask; /* the answer may come within the call and free a */
	b->policy(b->data, b, &copy);
}

void ask_expire(struct boot *b, int64_t now_ms)
{
	struct open_ask *a, *next;

	list_for_each_safe (a, next, &b->asks, in_list) {
		if (a->deadline_ms > now_ms)
			break; /* in order of time */
		reply_wait(b, a, 0, "no decision yet");
		close_ask(b, a);
	}
}

void ask_close_all(struct boot *b)
{
	struct open_ask *a, *next;

	list_for_each_safe (a, next, &b->asks, in_list) {
		http_reply_text(a->req, 503, "the conductor stops");
		close_ask(b, a);
	}
}

static int check_readable(const char *path, const char *what, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_errno(e, errno, "%s %s", what, path) : 0;
}

static int answer_agent(
	struct boot *b, struct open_ask *a, const struct boot_answer *ans, struct err *e)
{
	const char *kernel = str_empty(ans->kernel) ? b->settings.kernel : ans->kernel;
	const char *shipped = ans->rescue && b->settings.rescue_ramdisk[0]
				      ? b->settings.rescue_ramdisk
				      : b->settings.ramdisk;
	const char *ramdisk = str_empty(ans->ramdisk) ? shipped : ans->ramdisk;
	_cleanup_(buf_done) struct buf cmdline = BUF_INIT(4096);
	struct machine *m = machines_get(&b->machines, a->ask.mac);
	struct script_values v = {.message = ans->message ? ans->message : "the agent",
		.archives = b->settings.n_archives};
	int r;

	r = check_readable(kernel, "kernel", e);
	if (r == 0)
		r = check_readable(ramdisk, "ramdisk", e);
	for (size_t i = 0; i < b->settings.n_archives && r == 0; i++)
		r = check_readable(b->settings.archives[i], "archive", e);
	if (r < 0)
		return r;
	v.token = machines_new_token(&b->machines, m, kernel, ramdisk);
	r = script_cmdline(ans->cmdline ? ans->cmdline : "", v.token, a->ask.mac, &cmdline, e);
	if (r < 0) {
		machines_end_token(&b->machines, m);
		return r;
	}
	m->tries = 0;
	v.cmdline = buf_str(&cmdline);
	if (ans->ret_token)
		str_copy(ans->ret_token, BOOT_TOKEN_TEXT, v.token);
	boot_say(
		b, BOOT_EVENT_SCRIPT_ANSWERED, true, a->ask.mac, a->ask.ip, "agent: %s", v.message);
	reply_script(b, a->req, SCRIPT_AGENT, &v);
	return 0;
}

static void answer_disk(struct boot *b, struct open_ask *a, const struct boot_answer *ans)
{
	struct machine *m = machines_get(&b->machines, a->ask.mac);
	struct script_values v = {.message = ans->message ? ans->message : "the local disk"};

	m->tries = 0;
	machines_end_token(&b->machines, m);
	boot_say(b, BOOT_EVENT_SCRIPT_ANSWERED, true, a->ask.mac, a->ask.ip, "disk: %s", v.message);
	reply_script(b, a->req,
		a->ask.platform == BOOT_PLATFORM_EFI ? SCRIPT_DISK_EFI : SCRIPT_DISK_BIOS, &v);
}

static struct open_ask *find_ask(struct boot *b, uint64_t id)
{
	struct open_ask *a;

	list_for_each (a, &b->asks, in_list)
		if (a->ask.id == id)
			return a;
	return NULL;
}

int boot_answer(struct boot *b, uint64_t ask_id, const struct boot_answer *ans, struct err *e)
{
	struct open_ask *a = find_ask(b, ask_id);
	char message[256];
	struct err why = {0};
	int r = 0;

	if (!a)
		return err_set(e, ESTALE, "the machine no longer waits for this answer");
	switch (ans->action) {
	case BOOT_AGENT:
		r = answer_agent(b, a, ans, &why);
		break;
	case BOOT_DISK:
		answer_disk(b, a, ans);
		break;
	case BOOT_WAIT:
		reply_wait(b, a, ans->retry_s,
			ans->message ? ans->message : "there is nothing to boot yet");
		break;
	case BOOT_ACTION_COUNT:
		r = err_set(&why, EINVAL, "no such action");
		break;
	}
	if (r < 0) {
		snprintf(message, sizeof(message), "not possible: %.200s", why.text);
		reply_wait(b, a, 0, message);
		err_set(e, why.code, "answer %s: %s", ask_id ? a->ask.mac : "", why.text);
	}
	close_ask(b, a);
	return r;
}
