/* The lookup's rules; see rules.h. Everything here is from a wire. */
#include "agent/report/rules.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !strncasecmp(p, word, n))
			return true;
	return false;
}

/* A list or a text with commas or colons, as a comma list; words that do not fit are left out. */
static void take_words(const json_t *value, const char *between, char *ret, size_t size)
{
	struct buf b = BUF_INIT(size - 1);
	const json_t *word;
	size_t i;

	if (json_is_string(value))
		buf_puts(&b, json_string_value(value));
	json_array_foreach ((json_t *)value, i, word)
		if (json_is_string(word))
			buf_printf(&b, "%s%s", b.len ? "," : "", json_string_value(word));
	snprintf(ret, size, "%s", b.len ? buf_str(&b) : "");
	for (char *p = ret; (p = strpbrk(p, between)); p++)
		*p = ',';
	buf_done(&b);
}

void rules_parse(const json_t *config, struct rules *ret)
{
	const char *tls = json_str(config, "tls_min_version");

	*ret = (struct rules){
		.tls_min = tls && strstr(tls, "1.3") ? PARAMS_TLS_1_3 : PARAMS_TLS_1_2,
		.no_md5 = !json_flag(config, "agent_md5_checksum_enable", true),
		.bios_bootloader = json_flag(config, "enable_bios_bootloader_install", false),
		.no_bmc = json_flag(config, "agent_skip_bmc_detect", false),
		.no_deep_inspection = json_flag(config, "disable_deep_image_inspection", false),
	};
	take_words(json_object_get(config, "permitted_image_formats"), " ", ret->formats,
		sizeof(ret->formats));
	take_words(json_object_get(config, "tls_cipher_suites"), ": ", ret->tls_ciphers,
		sizeof(ret->tls_ciphers));
}

bool rules_format_permitted(const struct rules *r, const char *format)
{
	return !r->formats[0] || in_list(r->formats, format);
}

/* The ciphers of suites that an ECDSA certificate can be used with, both versions' names. */
static const struct {
	const char *suite, *cipher;
} suites[] = {
	{"TLS_AES_256_GCM_SHA384", "AES-256-GCM"},
	{"TLS_AES_128_GCM_SHA256", "AES-128-GCM"},
	{"TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"},
	{"TLS_AES_128_CCM_SHA256", "AES-128-CCM"},
	{"ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM"},
	{"ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM"},
	{"ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305"},
	{"ECDHE-ECDSA-AES256-CCM", "AES-256-CCM"},
	{"ECDHE-ECDSA-AES128-CCM", "AES-128-CCM"},
};

void rules_tls_priority(
	const struct rules *r, enum params_tls min, char ret[static RULES_PRIORITY_MAX])
{
	bool only_1_3 = min == PARAMS_TLS_1_3 || r->tls_min == PARAMS_TLS_1_3, any = false;
	struct buf b = BUF_INIT(RULES_PRIORITY_MAX - 1);

	buf_puts(&b, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
	if (!only_1_3)
		buf_puts(&b, ":+VERS-TLS1.2");
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (in_list(r->tls_ciphers, suites[i].suite)) {
			buf_printf(&b, "%s:+%s", any ? "" : ":-CIPHER-ALL", suites[i].cipher);
			any = true;
		}
	snprintf(ret, RULES_PRIORITY_MAX, "%s", buf_str(&b));
	buf_done(&b);
}
