/* Reads ingot.conf by a table of its keys; see config.h. */
#include "conductor/config.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <ini.h>

#define CONFIG_MAX (1 << 20)

enum key_type { KEY_TEXT, KEY_NUMBER, KEY_BOOL, KEY_CHOICE };

struct key {
	const char *section, *name;
	enum key_type type;
	size_t offset;
	const char *dflt;
	int min, max;	     /* KEY_NUMBER */
	const char *choices; /* KEY_CHOICE: "a|b|c" */
};

#define TEXT(s, n, member, d)                                                                      \
	{                                                                                          \
		s, n, KEY_TEXT, offsetof(struct config, member), d, 0, 0, NULL                     \
	}
#define CHOICE(s, n, member, d, c)                                                                 \
	{                                                                                          \
		s, n, KEY_CHOICE, offsetof(struct config, member), d, 0, 0, c                      \
	}
#define BOOL(s, n, member, d)                                                                      \
	{                                                                                          \
		s, n, KEY_BOOL, offsetof(struct config, member), d, 0, 0, NULL                     \
	}
#define NUMBER(s, n, member, d, lo, hi)                                                            \
	{                                                                                          \
		s, n, KEY_NUMBER, offsetof(struct config, member), d, lo, hi, NULL                 \
	}

/* What can be said of each interface, and of those that a fake machine has (Ironic's names). */
#define INTERFACE(name, i)                                                                         \
	TEXT("drivers", "enabled_" name "_interfaces", enabled_interfaces[i], ""),                 \
		TEXT("drivers", "default_" name "_interface", default_interfaces[i], "")
#define FAKE(name, i) INTERFACE(name, i), TEXT("fake", name "_delay", fake_delays[i], "0")

static const struct key keys[] = {
	TEXT("api", "listen", listen, "127.0.0.1:6385"),
	CHOICE("api", "auth", auth, "none", "none|http_basic"),
	TEXT("api", "htpasswd", htpasswd, ""),
	TEXT("api", "tls_cert", tls_cert, ""),
	TEXT("api", "tls_key", tls_key, ""),
	TEXT("api", "public_url", public_url, ""),
	NUMBER("api", "max_connections", max_connections, "1024", 8, 65536),
	NUMBER("api", "max_connections_per_address", max_per_address, "512", 1, 65536),
	NUMBER("api", "request_timeout", request_timeout, "30", 1, 3600),
	TEXT("store", "url", store_url, "sqlite:/var/lib/ingot/ingot.sqlite"),
	TEXT("drivers", "enabled", drivers, "ipmi"),
	TEXT("drivers", "hwdb", hwdb, ""),
	FAKE("bios", IF_BIOS),
	FAKE("boot", IF_BOOT),
	INTERFACE("console", IF_CONSOLE),
	FAKE("deploy", IF_DEPLOY),
	FAKE("firmware", IF_FIRMWARE),
	FAKE("inspect", IF_INSPECT),
	FAKE("management", IF_MANAGEMENT),
	INTERFACE("network", IF_NETWORK),
	FAKE("power", IF_POWER),
	FAKE("raid", IF_RAID),
	FAKE("rescue", IF_RESCUE),
	FAKE("storage", IF_STORAGE),
	FAKE("vendor", IF_VENDOR),
	NUMBER("drivers", "power_timeout", power_timeout, "60", 1, 3600),
	NUMBER("drivers", "bmc_patience", bmc_patience, "300", 0, 86400),
	NUMBER("drivers", "bmc_window", bmc_window, "64", 1, 4096),
	NUMBER("drivers", "power_sync_interval", power_sync_interval, "60", 0, 86400),
	NUMBER("drivers", "sensor_interval", sensor_interval, "0", 0, 604800),
	CHOICE("boot", "dhcp", dhcp, "none", "full|proxy|none"),
	TEXT("boot", "interface", interface, ""),
	TEXT("boot", "address", address, ""),
	TEXT("boot", "range", range, ""),
	TEXT("boot", "tftp_root", tftp_root, ""),
	TEXT("boot", "http_listen", http_listen, ""),
	TEXT("boot", "kernel", kernel, ""),
	TEXT("boot", "ramdisk", ramdisk, ""),
	TEXT("boot", "rescue_ramdisk", rescue_ramdisk, ""),
	TEXT("boot", "archives", archives, ""),
	TEXT("boot", "state_dir", state_dir, ""),
	TEXT("boot", "firmware_dirs", firmware_dirs, ""),
	CHOICE("boot", "ra", ra, "auto", "auto|off|add"),
	NUMBER("agent", "command_timeout", command_timeout, "60", 1, 3600),
	CHOICE("agent", "deploy_logs_collect", logs_collect, "on_failure",
		"always|on_failure|never"),
	TEXT("agent", "deploy_logs_local_path", logs_path, "/var/log/ingot/deploy"),
	NUMBER("agent", "deploy_logs_keep", logs_keep, "10", 1, 1000),
	BOOL("agent", "enable_bios_bootloader_install", bios_bootloader, "false"),
	NUMBER("agent", "lldp_wait", lldp_wait, "0", 0, 3600),
	BOOL("agent", "fast_track", fast_track, "false"),
	NUMBER("agent", "fast_track_timeout", fast_track_timeout, "300", 0, 86400),
	TEXT("conductor", "hostname", hostname, ""),
	BOOL("conductor", "automated_clean", automated_clean, "true"),
	BOOL("conductor", "power_off_after_failure", power_off_after_failure, "true"),
	NUMBER("conductor", "deploy_callback_timeout", deploy_timeout, "1800", 0, 86400),
	NUMBER("conductor", "clean_callback_timeout", clean_timeout, "1800", 0, 86400),
	NUMBER("conductor", "inspect_wait_timeout", inspect_timeout, "1800", 0, 86400),
	NUMBER("conductor", "rescue_callback_timeout", rescue_timeout, "1800", 0, 86400),
	NUMBER("conductor", "service_callback_timeout", service_timeout, "1800", 0, 86400),
	NUMBER("conductor", "max_concurrent_boot", max_boot, "100", 0, 100000),
	NUMBER("conductor", "max_concurrent_deploy", max_deploy, "250", 0, 100000),
	NUMBER("conductor", "max_concurrent_clean", max_clean, "50", 0, 100000),
	NUMBER("conductor", "boot_retry_after", boot_retry_after, "600", 0, 86400),
	NUMBER("conductor", "node_history_max_entries", history, "300", 1, 10000),
	BOOL("console", "while_provisioning", console_in_flows, "true"),
	TEXT("console", "folder", console_folder, ""),
	NUMBER("console", "log_size", console_size, "4", 1, 64),
	NUMBER("console", "sessions_max", console_sessions, "200", 1, 10000),
	NUMBER("console", "linger", console_linger, "120", 0, 3600),
	TEXT("console", "tcp_listen", console_tcp, ""),
	BOOL("auto_discovery", "enabled", discovery, "false"),
	TEXT("auto_discovery", "driver", discovery_driver, ""),
	TEXT("inspection_rules", "built_in_rules", built_in_rules, ""),
	CHOICE("inspection_rules", "mask_secrets", mask_secrets, "always",
		"always|sensitive|never"),
	TEXT("report", "webhooks", webhooks, ""),
	TEXT("report", "webhook_ca", webhook_ca, ""),
	CHOICE("log", "level", log_level, "info", "error|warning|info|debug"),
};

#define MEMBER(c, k, type) (*(type *)((char *)(c) + (k)->offset))

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; *p;) {
		size_t n = strcspn(p, "|");

		if (n == len && !strncmp(p, value, n))
			return true;
		p += n;
		p += *p == '|';
	}
	return false;
}

/* Returns NULL when the value was taken, else what was expected. */
static const char *take_value(struct config *c, const struct key *k, const char *value)
{
	static _Thread_local char expected[96];

	switch (k->type) {
	case KEY_TEXT:
		str_replace(&MEMBER(c, k, char *), value);
		return NULL;
	case KEY_CHOICE:
		if (!is_choice(k->choices, value))
			return k->choices;
		str_replace(&MEMBER(c, k, char *), value);
		return NULL;
	case KEY_BOOL:
		return str_to_bool(value, &MEMBER(c, k, bool)) < 0 ? "true or false" : NULL;
	case KEY_NUMBER:
		if (str_to_int(value, k->min, k->max, &MEMBER(c, k, int)) == 0)
			return NULL;
		snprintf(expected, sizeof(expected), "a number from %d to %d", k->min, k->max);
		return expected;
	}
	return "a known key";
}

struct reading {
	struct config *config;
	const char *name;
	const char *text, *at; /* what is being read, and the line that is next */
	int line;
	struct err *err;
	bool failed;
};

/* inih asks for one line after the other; counting them here gives every message its line. */
static char *next_line(char *buf, int size, void *stream)
{
	struct reading *rd = stream;
	size_t n = strcspn(rd->at, "\n");

	if (!*rd->at)
		return NULL;
	rd->line++;
	if (n + 2 > (size_t)size) {
		rd->failed = true;
		err_set(rd->err, EINVAL, "%s:%d: line longer than %d characters", rd->name,
			rd->line, size - 2);
		return NULL;
	}
	memcpy(buf, rd->at, n);
	buf[n] = '\n';
	buf[n + 1] = '\0';
	rd->at += n + (rd->at[n] == '\n');
	return buf;
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eq(keys[i].section, section))
			return true;
	return false;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *rd = user;
	const char *expected;

	if (rd->failed)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct key *k = &keys[i];

		if (!str_eq(k->section, section) || !str_eq(k->name, name))
			continue;
		expected = take_value(rd->config, k, value ? value : "");
		rd->failed = expected != NULL;
		if (expected)
			err_set(rd->err, EINVAL, "%s:%d: [%s] %s = %s: expected %s", rd->name,
				rd->line, section, name, value, expected);
		if (k->offset == offsetof(struct config, auth))
			rd->config->auth_written = true;
		return 1;
	}
	rd->failed = true;
	err_set(rd->err, EINVAL, "%s:%d: [%s] %s: unknown %s", rd->name, rd->line, section, name,
		section_known(section) ? "key" : "section");
	return 1;
}

static bool is_loopback(const char *listen)
{
	return str_starts(listen, "127.") || str_starts(listen, "[::1]") ||
	       str_starts(listen, "localhost:");
}

/* What no single key can be blamed for. */
static int check(const struct config *c, const char *name, struct err *e)
{
	if (str_eq(c->auth, "none") && !c->auth_written && !is_loopback(c->listen))
		return err_set(e, EINVAL,
			"%s: [api] listen = %s is reachable by others and anybody could erase "
			"machines; "
			"set auth = http_basic and htpasswd, or write auth = none if that is meant",
			name, c->listen);
	if (str_eq(c->auth, "http_basic") && str_empty(c->htpasswd))
		return err_set(e, EINVAL, "%s: [api] auth = http_basic needs htpasswd", name);
	if (str_empty(c->tls_cert) != str_empty(c->tls_key))
		return err_set(e, EINVAL, "%s: [api] tls_cert and tls_key go together", name);
	if (!str_eq(c->dhcp, "none") && str_empty(c->interface))
		return err_set(e, EINVAL, "%s: [boot] dhcp = %s needs interface", name, c->dhcp);
	if (str_eq(c->dhcp, "full") && str_empty(c->range))
		return err_set(e, EINVAL, "%s: [boot] dhcp = full needs range = FIRST,LAST", name);
	return 0;
}

int config_parse(const char *text, const char *name, struct config *ret, struct err *e)
{
	struct reading rd = {.config = ret, .name = name, .text = text, .at = text, .err = e};
	int line, r;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		take_value(ret, &keys[i], keys[i].dflt);
	line = ini_parse_stream(next_line, &rd, on_key, &rd);
	if (!rd.failed && line) {
		rd.failed = true;
		err_set(e, EINVAL, "%s:%d: expected [section], key = value or a comment", name,
			line > 0 ? line : rd.line);
	}
	r = rd.failed ? -EINVAL : check(ret, name, e);
	if (r < 0)
		config_done(ret);
	return r;
}

int config_load(const char *path, struct config *ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (str_empty(path))
		return config_parse("", "(no file)", ret, e);
	r = fs_read(path, CONFIG_MAX, &text, &len, e);
	if (r < 0)
		return r;
	if (strlen(text) != len)
		return err_set(e, EINVAL, "%s: is not text", path);
	return config_parse(text, path, ret, e);
}

void config_done(struct config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].type == KEY_TEXT || keys[i].type == KEY_CHOICE)
			free(MEMBER(c, &keys[i], char *));
	memset(c, 0, sizeof(*c));
}
