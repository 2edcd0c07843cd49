/*
 * What the HTTP server serves: the first script, each machine's own script, its kernel and ramdisk
 * under its one-time token, and the boot programs by name. There is no folder behind it, so there
 * is nothing to break out of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/internal.h"
#include "boot/script.h"
#include "boot/text.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* Boot programs that may be fetched by name, from the TFTP root. */
static const char *const public_files[] = {
	"undionly.kpxe",
	"snponly.efi",
	"ipxe.efi",
	"bootdisk.efi",
};

/* A path below /boot/ is not repeated in the record: it may have a token in it. */
static void refuse(struct boot *b, struct http_req *req, const char *why)
{
	const char *asked = str_starts(http_path(req), "/boot/") ? "/boot/..." : http_path(req);
	char path[80];

	text_copy(path, sizeof(path), asked, strlen(asked));
	boot_say(b, BOOT_EVENT_NOT_FOUND, false, "", http_peer(req), "%s: %s", path, why);
	http_reply_text(req, 404, why);
}

static void serve_first(struct boot *b, struct http_req *req, const char *rest)
{
	struct script_values v = {.base = b->url};
	struct buf out = BUF_INIT(8192);
	size_t len;

	web_expect(b->web, req, BOOT_EVENT_FILE, "", "boot.ipxe");
	if (script_render(SCRIPT_FIRST, &v, &out) < 0) {
		buf_done(&out);
		http_reply_text(req, 500, "the script could not be made");
		return;
	}
	len = out.len;
	http_reply_take(req, 200, "text/plain", buf_take(&out), len);
}

static void serve_script(struct boot *b, struct http_req *req, const char *rest)
{
	if (b->stopping)
		http_reply_text(req, 503, "the conductor stops");
	else
		ask_open(b, req);
}

static void serve_file(struct boot *b, struct http_req *req, const char *rest)
{
	_cleanup_free_ char *path = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(public_files); i++)
		if (str_eq(rest, public_files[i]))
			path = xasprintf("%s/%s", b->settings.tftp_root, rest);
	if (!path || access(path, R_OK) < 0) {
		refuse(b, req, "no such file");
		return;
	}
	web_expect(b->web, req, BOOT_EVENT_FILE, "", rest);
	http_reply_file(req, path, "application/octet-stream");
}

/* The file of a name below a token; NULL when it is none. */
static const char *file_of(const struct boot *b, const struct machine *m, const char *name)
{
	int i;

	if (str_eq(name, "kernel"))
		return m->kernel;
	if (str_eq(name, "ramdisk"))
		return m->ramdisk;
	if (b->settings.n_archives && str_starts(name, "archive") &&
		str_to_int(name + strlen("archive"), 0, (int)b->settings.n_archives - 1, &i) == 0)
		return b->settings.archives[i];
	return NULL;
}

/* "<token>/kernel", "<token>/ramdisk" or "<token>/archive0" */
static void serve_token(struct boot *b, struct http_req *req, const char *rest)
{
	const char *slash = strchr(rest, '/');
	char token[BOOT_TOKEN_TEXT];
	const char *path;
	struct machine *m;

	if (!slash || slash - rest != BOOT_TOKEN_TEXT - 1) {
		refuse(b, req, "no such file");
		return;
	}
	memcpy(token, rest, BOOT_TOKEN_TEXT - 1);
	token[BOOT_TOKEN_TEXT - 1] = '\0';
	m = machines_by_token(&b->machines, token);
	if (!m) {
		refuse(b, req, "this boot is over or never was; ask /boot.ipxe for a new one");
		return;
	}
	path = file_of(b, m, slash + 1);
	if (!path) {
		refuse(b, req, "no such file");
		return;
	}
	boot_say(b, BOOT_EVENT_FETCH, true, m->mac, http_peer(req), "%s", slash + 1);
	web_expect(b->web, req, path == m->kernel ? BOOT_EVENT_KERNEL : BOOT_EVENT_RAMDISK, m->mac,
		slash + 1);
	http_reply_file(req, path, "application/octet-stream");
}

/* In order; a prefix ends with '/'. */
static const struct {
	const char *path;
	void (*serve)(struct boot *b, struct http_req *req, const char *rest);
} routes[] = {
	{"/boot.ipxe", serve_first},
	{"/boot/script", serve_script},
	{"/boot/", serve_token},
	{"/file/", serve_file},
};

static const char *match(const char *path, const char *route)
{
	if (str_ends(route, "/"))
		return str_starts(path, route) ? path + strlen(route) : NULL;
	return str_eq(path, route) ? "" : NULL;
}

void route_request(void *boot, struct http_req *req)
{
	const char *method = http_method(req), *rest;

	if (!str_eq(method, "GET") && !str_eq(method, "HEAD")) {
		http_reply_header(req, "Allow", "GET, HEAD");
		http_reply_text(req, 405, "only GET and HEAD");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		rest = match(http_path(req), routes[i].path);
		if (rest) {
			routes[i].serve(boot, req, rest);
			return;
		}
	}
	refuse(boot, req, "no such file");
}

void route_sent(void *boot, const struct web_sent *s)
{
	struct boot *b = boot;
	struct boot_event ev = {.kind = s->kind, .ok = s->ok, .bytes = s->bytes};
	long long ms = s->duration_us / 1000;

	str_copy(ev.mac, sizeof(ev.mac), s->mac);
	str_copy(ev.ip, sizeof(ev.ip), s->ip);
	if (s->ok)
		snprintf(ev.detail, sizeof(ev.detail), "%s%s in %lld.%02lld s", s->name,
			s->partial ? " (as asked, not whole)" : "", ms / 1000, ms / 10 % 100);
	else
		snprintf(ev.detail, sizeof(ev.detail), "%s aborted at %llu of %llu bytes", s->name,
			(unsigned long long)s->bytes, (unsigned long long)s->total);
	boot_emit(b, &ev);
}
