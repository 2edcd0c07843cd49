/* driver_info of the ipmitool interfaces, and the program's command line; see ipmitool.h. */
#include "conductor/driver/ipmitool.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGISTRY ".local/usr/share/misc"

const struct property ipmitool_properties[] = {
	{"ipmi_address", "IP address or host name of the BMC", true, false},
	{"ipmi_port", "UDP port of the BMC, 623 by default", false, false},
	{"ipmi_username", "User name; the anonymous user by default", false, false},
	{"ipmi_password", "Password, at most 20 bytes (16 with IPMI 1.5)", false, true},
	{"ipmi_priv_level", "ADMINISTRATOR (default), OPERATOR, USER or CALLBACK", false, false},
	{"ipmi_cipher_suite", "Cipher suite; 17 and then 3 by default", false, false},
	{"ipmi_protocol_version", "2.0 (the default) or 1.5", false, false},
	{"ipmi_hex_kg_key", "BMC key K_g as hexadecimal digits, 40 at most", false, true},
	{"ipmi_bridging", "\"single\", \"dual\" or \"no\" (the default)", false, false},
	{"ipmi_target_channel", "Channel of the bridged request; for single and dual bridging",
		false, false},
	{"ipmi_target_address", "Address of the bridged request; for single and dual bridging",
		false, false},
	{"ipmi_transit_channel", "Channel on the way; for dual bridging", false, false},
	{"ipmi_transit_address", "Address on the way; for dual bridging", false, false},
	{"ipmi_local_address", "Our own IPMB address; for bridging", false, false},
	{"ipmi_force_boot_device",
		"true for a BMC that forgets its boot device: it is told again before each start",
		false, false},
	{"ipmi_disable_boot_timeout",
		"false for a BMC that must not be told to keep boot flags beyond 60 s", false,
		false},
	{"ipmi_terminal_port", "TCP port of the console, where [console] tcp_listen is set", false,
		false},
	{NULL, NULL, false, false},
};

/* A member that may be given as number or as digits, "0x20" among them. */
static int number(
	const struct node *n, const char *key, int dflt, int min, int max, int *ret, struct err *e)
{
	const json_t *v = json_object_get(n->driver_info, key);
	const char *text = json_string_value(v);
	json_int_t value = dflt;
	char *end = NULL;

	if (!v || json_is_null(v) || (text && !*text)) {
		*ret = dflt;
		return 0;
	}
	if (json_is_integer(v))
		value = json_integer_value(v);
	else if (text && strlen(text) < 12)
		value = strtol(text, &end, str_starts(text, "0x") ? 16 : 10);
	if ((!json_is_integer(v) && (!end || *end)) || value < min || value > max)
		return err_set(e, EINVAL, "driver_info %s: expected a number from %d to %d", key,
			min, max);
	*ret = (int)value;
	return 0;
}

static int text(const struct node *n, const char *key, char *dst, size_t size, struct err *e)
{
	const char *value = json_str(n->driver_info, key);

	if (value && !str_copy(dst, size, value))
		return err_set(e, EINVAL, "driver_info %s: longer than %zu bytes", key, size - 1);
	return 0;
}

static int boolean(const struct node *n, const char *key, bool *ret, struct err *e)
{
	const json_t *v = json_object_get(n->driver_info, key);

	if (json_is_boolean(v))
		*ret = json_is_true(v);
	else if (v && !json_is_null(v) &&
		 (!json_is_string(v) || str_to_bool(json_string_value(v), ret) < 0))
		return err_set(e, EINVAL, "driver_info %s: expected true or false", key);
	return 0;
}

static int read_privilege(const struct node *n, struct ipmitool_settings *s, struct err *e)
{
	static const char *const levels[] = {"ADMINISTRATOR", "OPERATOR", "USER", "CALLBACK"};
	const char *name = json_str(n->driver_info, "ipmi_priv_level");

	s->privilege = levels[0];
	for (size_t i = 0; name && i < ARRAY_SIZE(levels); i++) {
		if (str_ieq(levels[i], name)) {
			s->privilege = levels[i];
			return 0;
		}
	}
	if (!name)
		return 0;
	return err_set(e, EINVAL,
		"driver_info ipmi_priv_level %.32s: expected ADMINISTRATOR, OPERATOR, USER or "
		"CALLBACK",
		name);
}

/* By environment the program takes the key as text, so it cannot hold a zero byte inside. */
static int read_kg(const struct node *n, struct ipmitool_settings *s, struct err *e)
{
	const char *hex = json_str(n->driver_info, "ipmi_hex_kg_key");
	int len = hex ? hex_decode(hex, s->kg, IPMITOOL_PASSWORD_MAX) : 0;

	if (len < 0)
		return err_set(e, EINVAL,
			"driver_info ipmi_hex_kg_key: expected at most 40 hexadecimal digits");
	while (len && !s->kg[len - 1])
		len--;
	if (memchr(s->kg, 0, (size_t)len))
		return err_set(e, EINVAL,
			"driver_info ipmi_hex_kg_key: a key with a zero byte inside could reach "
			"ipmitool only by its command line, which others can read; use the "
			"\"ipmi\" interfaces or another key");
	return 0;
}

static int read_bridging(const struct node *n, struct ipmitool_settings *s, struct err *e)
{
	const char *kind = json_str(n->driver_info, "ipmi_bridging");
	bool dual = str_ieq(kind, "dual"), single = str_ieq(kind, "single");

	s->local_address = s->transit_channel = s->transit_address = -1;
	s->target_channel = s->target_address = -1;
	if (str_empty(kind) || str_ieq(kind, "no"))
		return 0;
	if (!dual && !single)
		return err_set(e, EINVAL,
			"driver_info ipmi_bridging %.32s: expected single, dual or no", kind);
	if (number(n, "ipmi_local_address", -1, 0, 255, &s->local_address, e) < 0 ||
		number(n, "ipmi_target_channel", -1, 0, 15, &s->target_channel, e) < 0 ||
		number(n, "ipmi_target_address", -1, 0, 255, &s->target_address, e) < 0)
		return -EINVAL;
	if (dual &&
		(number(n, "ipmi_transit_channel", -1, 0, 15, &s->transit_channel, e) < 0 ||
			number(n, "ipmi_transit_address", -1, 0, 255, &s->transit_address, e) < 0))
		return -EINVAL;
	if (s->target_channel < 0 || s->target_address < 0)
		return err_set(e, EINVAL,
			"driver_info ipmi_bridging %s needs ipmi_target_channel and "
			"ipmi_target_address",
			kind);
	if (dual && (s->transit_channel < 0 || s->transit_address < 0))
		return err_set(e, EINVAL,
			"driver_info ipmi_bridging dual needs ipmi_transit_channel and "
			"ipmi_transit_address");
	return 0;
}

static int read_version(const struct node *n, struct ipmitool_settings *s, struct err *e)
{
	const char *version = json_str(n->driver_info, "ipmi_protocol_version");

	if (version && !str_eq(version, "2.0") && !str_eq(version, "1.5"))
		return err_set(e, EINVAL,
			"driver_info ipmi_protocol_version %.32s: expected 2.0 or 1.5", version);
	s->lan15 = str_eq(version, "1.5");
	if (s->lan15 && strlen(s->password) > 16)
		return err_set(e, EINVAL,
			"driver_info ipmi_password: longer than the 16 bytes IPMI 1.5 allows");
	return 0;
}

int ipmitool_settings(const struct node *n, struct ipmitool_settings *s, struct err *e)
{
	bool disable = true;

	memset(s, 0, sizeof(*s));
	if (text(n, "ipmi_address", s->address, sizeof(s->address), e) < 0 ||
		text(n, "ipmi_username", s->username, sizeof(s->username), e) < 0 ||
		text(n, "ipmi_password", s->password, sizeof(s->password), e) < 0 ||
		number(n, "ipmi_port", 623, 1, 65535, &s->port, e) < 0 ||
		number(n, "ipmi_terminal_port", 0, 1, 65535, &s->terminal_port, e) < 0 ||
		number(n, "ipmi_cipher_suite", -1, 0, 255, &s->suite, e) < 0 ||
		read_privilege(n, s, e) < 0 || read_kg(n, s, e) < 0 || read_version(n, s, e) < 0 ||
		read_bridging(n, s, e) < 0 ||
		boolean(n, "ipmi_force_boot_device", &s->force_boot_device, e) < 0 ||
		boolean(n, "ipmi_disable_boot_timeout", &disable, e) < 0)
		return -EINVAL;
	s->keep_boot_timeout = !disable;
	if (!*s->address)
		return err_set(e, EINVAL, "driver_info lacks ipmi_address");
	if (*s->address == '-' || *s->username == '-')
		return err_set(e, EINVAL, "driver_info %s: must not begin with \"-\"",
			*s->address == '-' ? "ipmi_address" : "ipmi_username");
	return 0;
}

int ipmitool_validate(const struct node *n, struct err *e)
{
	struct ipmitool_settings s;
	int r = ipmitool_settings(n, &s, e);

	mem_wipe(&s, sizeof(s));
	return r;
}

void ipmitool_add(struct ipmitool_call *call, const char *word)
{
	if (call->n_args < IPMITOOL_ARGS_MAX - 1)
		call->argv[call->n_args++] = word;
}

static void add_number(struct ipmitool_call *call, const char *option, int value)
{
	char *text_of = call->numbers[call->n_numbers];

	if (value < 0)
		return;
	call->n_numbers++;
	snprintf(text_of, sizeof(call->numbers[0]), "%d", value);
	ipmitool_add(call, option);
	ipmitool_add(call, text_of);
}

static void add_env(
	struct ipmitool_call *call, char *buf, size_t size, const char *name, const char *value)
{
	snprintf(buf, size, "%s=%s", name, value);
	call->env[call->n_env++] = buf;
}

/*
 * The password goes by environment (-E), not by file (-f): /proc/PID/environ is readable by our own
 * user and root alone, as a file of mode 0600 would be, but it is gone with the process, also when
 * we are killed; a file would be left behind on the disk.
 */
void ipmitool_begin(
	struct ipmitool_call *call, const struct ipmitool_settings *s, int suite, const char *home)
{
	const char *path = getenv("PATH");

	memset(call, 0, sizeof(*call));
	ipmitool_add(call, "ipmitool");
	ipmitool_add(call, "-I");
	ipmitool_add(call, s->lan15 ? "lan" : "lanplus");
	ipmitool_add(call, "-H");
	ipmitool_add(call, s->address);
	add_number(call, "-p", s->port);
	if (*s->username) {
		ipmitool_add(call, "-U");
		ipmitool_add(call, s->username);
	}
	ipmitool_add(call, "-L");
	ipmitool_add(call, s->privilege);
	if (!s->lan15)
		add_number(call, "-C", suite);
	ipmitool_add(call, "-E");
	add_env(call, call->password, sizeof(call->password), "IPMI_PASSWORD", s->password);
	if (*s->kg) {
		ipmitool_add(call, "-K");
		add_env(call, call->kg, sizeof(call->kg), "IPMI_KGKEY", s->kg);
	}
	add_number(call, "-m", s->local_address);
	add_number(call, "-B", s->transit_channel);
	add_number(call, "-T", s->transit_address);
	add_number(call, "-b", s->target_channel);
	add_number(call, "-t", s->target_address);
	add_env(call, call->path, sizeof(call->path), "PATH",
		path && strlen(path) < 500 ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	add_env(call, call->home, sizeof(call->home), "HOME", home ? home : "/nonexistent");
	call->env[call->n_env++] = "LC_ALL=C";
}

int ipmitool_make_home(const char *folder, struct err *e)
{
	static const char none[] = "0\n  Reserved\n";
	_cleanup_free_ char *place = xasprintf("%s/" REGISTRY, folder);
	_cleanup_free_ char *file = xasprintf("%s/enterprise-numbers.txt", place);
	int r = fs_mkdir_p(place, 0700, e);

	return r < 0 ? r : fs_write_atomic(file, none, strlen(none), 0600, e);
}
