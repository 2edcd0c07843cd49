/* The agent's parameters out of the words of a command line; see cmdline.h. */
#include "agent/init/cmdline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const struct cmdline *c;
	struct params *p;
	struct err *e;
	int r; /* the first failure */
};

/* Two words for a number: the value and what it stands for. */
struct word {
	const char *text;
	int value;
};

static const struct word protocols[] = {
	{"http", PARAMS_PROTOCOL_HTTP}, {"https", PARAMS_PROTOCOL_HTTPS}, {NULL, 0}};
static const struct word tls_versions[] = {{"1.2", PARAMS_TLS_1_2}, {"tlsv1.2", PARAMS_TLS_1_2},
	{"1.3", PARAMS_TLS_1_3}, {"tlsv1.3", PARAMS_TLS_1_3}, {NULL, 0}};
static const struct word curves[] = {{"p384", PARAMS_CURVE_P384}, {"secp384r1", PARAMS_CURVE_P384},
	{"p256", PARAMS_CURVE_P256}, {"secp256r1", PARAMS_CURVE_P256}, {"p521", PARAMS_CURVE_P521},
	{"secp521r1", PARAMS_CURVE_P521}, {NULL, 0}};

enum kind {
	TEXT,	/* char *, allocated */
	FLAG,	/* bool */
	NUMBER, /* int, from min to max */
	MILLI,	/* int in thousandths: "30" or "2.5", from min to max */
	WORD,	/* an enum: one of words */
};

/* Every parameter that is a member by itself, and what the member is without it. */
struct row {
	const char *key;
	enum kind kind;
	size_t member;
	int min, max, standard;
	const struct word *words;
};

#define ROW(key_, kind_, member_)                                                                  \
	.key = key_, .kind = kind_, .member = offsetof(struct params, member_)
#define TEXT_ROW(key, member)                                                                      \
	{                                                                                          \
		ROW(key, TEXT, member)                                                             \
	}
#define FLAG_ROW(key, member, standard_)                                                           \
	{                                                                                          \
		ROW(key, FLAG, member), .standard = standard_                                      \
	}
#define WORD_ROW(key, member, words_)                                                              \
	{                                                                                          \
		ROW(key, WORD, member), .words = words_                                            \
	}
#define NUMBER_ROW(key, member, min_, max_, standard_)                                             \
	{                                                                                          \
		ROW(key, NUMBER, member), .min = min_, .max = max_, .standard = standard_          \
	}
#define MILLI_ROW(key, member, min_, max_, standard_)                                              \
	{                                                                                          \
		ROW(key, MILLI, member), .min = min_, .max = max_, .standard = standard_           \
	}

static const struct row rows[] = {
	TEXT_ROW("ipa-inspection-callback-url", inspection_callback_url),
	TEXT_ROW("ipa-inspection-collectors", inspection_collectors),
	TEXT_ROW("ipa-agent-token", agent_token),
	TEXT_ROW("ingot-boot-token", boot_token),
	TEXT_ROW("ipa-ironic-api-version", api_version),
	TEXT_ROW("ipa-listen-host", listen_host),
	TEXT_ROW("ipa-advertise-host", advertise_host),
	TEXT_ROW("ipa-network-interface", network_interface),
	TEXT_ROW("ipa-global-request-id", global_request_id),
	TEXT_ROW("ipa-cafile", ca_file),
	TEXT_ROW("ipa-ntp-server", ntp_server),
	TEXT_ROW("ipa-enable-vlan-interfaces", vlan_interfaces),
	TEXT_ROW("ingot-modules", modules),
	TEXT_ROW("modprobe.blacklist", module_blacklist),
	TEXT_ROW("sshkey", ssh_key),
	WORD_ROW("ipa-advertise-protocol", advertise_protocol, protocols),
	WORD_ROW("ipa-tls-min-version", tls_min_version, tls_versions),
	WORD_ROW("ipa-tls-certificate-curve", certificate_curve, curves),
	NUMBER_ROW("ipa-listen-port", listen_port, 0, 65535, 9999),
	NUMBER_ROW("ipa-advertise-port", advertise_port, 1, 65535, 0),
	NUMBER_ROW("ipa-lookup-timeout", lookup_timeout_s, 0, INT_MAX, 600),
	NUMBER_ROW("ipa-lookup-interval", lookup_interval_s, 0, 3600, 0),
	NUMBER_ROW("ipa-ip-lookup-attempts", ip_lookup_attempts, 1, 10000, 6),
	NUMBER_ROW("ipa-ip-lookup-timeout", ip_lookup_pause_s, 0, 3600, 10),
	NUMBER_ROW("ipa-http-request-timeout", http_timeout_s, 1, 3600, 30),
	MILLI_ROW("lldp-timeout", lldp_timeout_ms, 0, 3600000, 30000), /* its old name */
	MILLI_ROW("ipa-lldp-timeout", lldp_timeout_ms, 0, 3600000, 30000),
	NUMBER_ROW("ipa-hardware-initialization-delay", hardware_delay_s, 0, 3600, 0),
	NUMBER_ROW("ipa-disk-wait-attempts", disk_wait_attempts, 0, 10000, 10),
	NUMBER_ROW("ipa-disk-wait-delay", disk_wait_delay_s, 0, 3600, 3),
	NUMBER_ROW("ipa-inspection-dhcp-wait-timeout", dhcp_wait_s, 0, 86400, 60),
	NUMBER_ROW("ipa-image-download-connection-timeout", image_timeout_s, 1, 86400, 60),
	NUMBER_ROW("ipa-image-download-connection-retries", image_retries, 0, 1000, 9),
	NUMBER_ROW("ipa-image-download-connection-retry-interval", image_pause_s, 0, 3600, 0),
	NUMBER_ROW("ipa-image-download-max-duration", image_max_s, 0, INT_MAX, 0),
	NUMBER_ROW("ipa-inject-files-priority", inject_files_priority, 0, 10000, 0),
	NUMBER_ROW("ingot-fatal-reboot", fatal_reboot_s, 0, 86400, 0),
	NUMBER_ROW("ingot-watchdog", watchdog_s, 0, 86400, 60),
	FLAG_ROW("ingot-shell", shell, false),
	FLAG_ROW("ipa-insecure", insecure, false),
	FLAG_ROW("ipa-debug", debug, false),
	FLAG_ROW("ipa-use-mdns", use_mdns, false),
	FLAG_ROW("ipa-collect-lldp", collect_lldp, false),
	FLAG_ROW("ipa-inspection-dhcp-all-interfaces", dhcp_all, false),
	FLAG_ROW("ipa-ignore-bootloader-failure", ignore_bootloader_failure, false),
	FLAG_ROW("ipa-guard-special-filesystems", guard_special_filesystems, true),
};

static void *member_of(struct params *p, const struct row *row)
{
	return (char *)p + row->member;
}

static void wrong(struct reader *rd, const char *key, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void wrong(struct reader *rd, const char *key, const char *value, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (rd->r < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rd->r = err_set(rd->e, EINVAL, "kernel parameter %s=%.100s: %s", key, value, text);
}

/* "2.5" as 2500; digits beyond the third are dropped. */
static int milli_parse(const char *text, int max, int *ret)
{
	size_t whole = strcspn(text, "."), n = text[whole] ? strlen(text + whole + 1) : 0;
	_cleanup_free_ char *digits = xasprintf("%.*s%.3s%.*s", (int)whole, text,
		text[whole] ? text + whole + 1 : "", n < 3 ? 3 - (int)n : 0, "000");

	if (!*text || (n > 3 && strspn(text + whole + 1, "0123456789") != n))
		return -EINVAL;
	return str_to_int(digits, 0, max, ret);
}

static int word_find(const struct word *words, const char *text, int *ret)
{
	for (; words->text; words++)
		if (str_ieq(words->text, text)) {
			*ret = words->value;
			return 0;
		}
	return -EINVAL;
}

static void read_value(struct reader *rd, const struct row *row, const char *v)
{
	void *member = member_of(rd->p, row);
	int n = 0;

	switch (row->kind) {
	case TEXT:
		if (*v)
			*(char **)member = xstrdup(v);
		break;
	case FLAG:
		if (str_to_bool(v, member) < 0)
			wrong(rd, row->key, v, "neither yes nor no");
		break;
	case NUMBER:
		if (str_to_int(v, row->min, row->max, member) < 0)
			wrong(rd, row->key, v, "not a number from %d to %d", row->min, row->max);
		break;
	case MILLI:
		if (milli_parse(v, row->max, member) < 0)
			wrong(rd, row->key, v, "not a number from 0 to %d", row->max / 1000);
		break;
	case WORD:
		if (word_find(row->words, v, &n) < 0)
			wrong(rd, row->key, v, "not one of its values, such as %s",
				row->words[0].text);
		*(unsigned *)member = (unsigned)n;
		break;
	}
}

static void set_standards(struct params *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == FLAG)
			*(bool *)member_of(p, &rows[i]) = rows[i].standard;
		else if (rows[i].kind == NUMBER || rows[i].kind == MILLI)
			*(int *)member_of(p, &rows[i]) = rows[i].standard;
}

static void read_rows(struct reader *rd)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *v = cmdline_get(rd->c, rows[i].key);

		if (v)
			read_value(rd, &rows[i], v);
		else if (rows[i].kind == FLAG && cmdline_has(rd->c, rows[i].key))
			*(bool *)member_of(rd->p, &rows[i]) = true;
	}
}

static void read_urls(struct reader *rd)
{
	const char *v = cmdline_get(rd->c, "ipa-api-url");
	_cleanup_free_ char *list = xstrdup(v ? v : "");
	char *save = NULL;

	for (char *u = strtok_r(list, ",", &save); u; u = strtok_r(NULL, ",", &save)) {
		size_t len = strlen(u = str_trim(u));

		while (len && u[len - 1] == '/')
			u[--len] = '\0';
		if (len && rd->p->n_api_urls < PARAMS_URLS_MAX)
			rd->p->api_urls[rd->p->n_api_urls++] = xstrdup(u);
	}
}

static void read_bootif(struct reader *rd)
{
	const char *v = cmdline_get(rd->c, "BOOTIF");
	uint8_t mac[MAC_LEN];

	if (str_empty(v))
		return;
	if (mac_parse(v, mac) == 0 && mac_is_station(mac))
		mac_format(mac, rd->p->bootif);
	else if (rd->r == 0)
		rd->r = err_set(
			rd->e, EINVAL, "kernel parameter BOOTIF=%s: not a NIC's address", v);
}

static void check_token(struct reader *rd)
{
	if (rd->p->agent_token && strlen(rd->p->agent_token) > PARAMS_TOKEN_MAX && rd->r == 0)
		rd->r = err_set(rd->e, EINVAL, "kernel parameter ipa-agent-token: longer than %d",
			PARAMS_TOKEN_MAX);
}

int params_from_cmdline(const struct cmdline *c, struct params *ret, struct err *e)
{
	struct reader rd = {.c = c, .p = ret, .e = e};

	memset(ret, 0, sizeof(*ret));
	set_standards(ret);
	read_urls(&rd);
	read_bootif(&rd);
	read_rows(&rd);
	check_token(&rd);
	ret->vmedia = str_eq(cmdline_get(c, "boot_method"), "vmedia");
	if (!ret->advertise_port)
		ret->advertise_port = ret->listen_port;
	return rd.r;
}

void params_done(struct params *p)
{
	for (size_t i = 0; i < p->n_api_urls; i++)
		free(p->api_urls[i]);
	if (p->agent_token)
		mem_wipe(p->agent_token, strlen(p->agent_token));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == TEXT)
			free(*(char **)member_of(p, &rows[i]));
	memset(p, 0, sizeof(*p));
}
