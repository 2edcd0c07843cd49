/*
 * Vendor interfaces, as clients of Ironic know them: methods by name with arguments of their own.
 * "ipmitool" sends raw commands and resets BMCs, whatever speaks to them; "fake" has the methods of
 * the stock one, for trying clients.
 */
#include "conductor/driver/ipmi.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>

#define RAW_BYTES_MAX 200

const struct vendor_method *vendor_method_find(const struct node *n, const char *name)
{
	const struct implementation *impl = driver_implementation(n, IF_VENDOR);
	const struct vendor_method *m = impl ? impl->vendor : NULL;

	while (m && m->name && !str_eq(m->name, name))
		m++;
	return m && m->name ? m : NULL;
}

json_t *vendor_methods(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_VENDOR);
	json_t *all = json_object();

	for (const struct vendor_method *m = impl ? impl->vendor : NULL; m && m->name; m++)
		json_object_set_new(all, m->name,
			json_pack("{s:b, s:b, s:s, s:[s], s:b}", "async", m->waits ? 0 : 1,
				"attach", 0, "description", m->description, "http_methods", "POST",
				"require_exclusive_lock", m->shared ? 0 : 1));
	return all;
}

/* "0x00 0x01 2": network function, command and data, each byte as in C. */
static int parse_raw(const char *text, json_t **ret, struct err *e)
{
	struct buf hex = BUF_INIT(2 * RAW_BYTES_MAX);
	unsigned head[2] = {0}, n = 0;
	const char *p = text;

	for (; *p && !hex.overflow; n++) {
		char *end;
		unsigned long v = strtoul(p, &end, 0);

		if (end == p || v > 0xff || *p == '-' || (*end && *end != ' '))
			break;
		if (n < 2)
			head[n] = (unsigned)v;
		else
			buf_printf(&hex, "%02lx", v);
		p = end;
		while (*p == ' ')
			p++;
	}
	if (!*p && n >= 2 && !hex.overflow && ret)
		*ret = json_pack("{s:i, s:i, s:s}", "netfn", head[0], "command", head[1], "data",
			buf_str(&hex));
	if (*p || n < 2 || hex.overflow)
		err_set(e, EINVAL,
			"Invalid raw bytes string: '%.200s'; expected a network function, a "
			"command "
			"and at most %d bytes, as in 0x06 0x01",
			text, RAW_BYTES_MAX);
	buf_done(&hex);
	return *p || n < 2 ? -EINVAL : 0;
}

static int check_raw(const json_t *args, struct err *e)
{
	const char *text = json_str(args, "raw_bytes");

	if (str_empty(text))
		return err_set(
			e, EINVAL, "Parameter raw_bytes (string of bytes) was not specified.");
	return parse_raw(text, NULL, e);
}

static void send_raw(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	_cleanup_json_ json_t *raw = NULL;

	parse_raw(json_str(args, "raw_bytes"), &raw, NULL);
	ipmi_bmc_calls[BMC_RAW](env, n, raw, DRIVER_COMMAND, op);
}

/* Ironic takes a boolean, or a word for one; a warm reset when nothing is said. */
static int parse_warm(const json_t *args, bool *ret, struct err *e)
{
	const json_t *v = json_object_get(args, "warm");

	*ret = true;
	if (!v || json_is_null(v))
		return 0;
	if (json_is_boolean(v))
		*ret = json_is_true(v);
	else if (!json_is_string(v) || str_to_bool(json_string_value(v), ret) < 0)
		return err_set(e, EINVAL, "warm: expected true or false");
	return 0;
}

static int check_reset(const json_t *args, struct err *e)
{
	bool warm;

	return parse_warm(args, &warm, e);
}

static void bmc_reset(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	_cleanup_json_ json_t *how = json_object();
	bool warm;

	parse_warm(args, &warm, NULL);
	json_put_bool(how, "warm", warm);
	ipmi_bmc_calls[BMC_RESET](env, n, how, DRIVER_COMMAND, op);
}

static const struct vendor_method ipmi_methods[] = {
	{.name = "send_raw",
		.description = "Sends a raw command to the BMC. Needs 'raw_bytes': network "
			       "function, command and data, as in '0x06 0x01'.",
		.check = check_raw,
		.call = send_raw},
	{.name = "bmc_reset",
		.description = "Resets the BMC. 'warm' (boolean): true for a warm reset, false for "
			       "a cold one.",
		.check = check_reset,
		.call = bmc_reset},
	{.name = NULL},
};

const struct implementation ipmi_vendor_interface = {
	.name = "ipmitool", .interface = IF_VENDOR, .vendor = ipmi_methods};

/* The stock fake's methods tell whether 'bar' is the word they wait for. */
static int check_bar(const json_t *args, struct err *e)
{
	const json_t *bar = json_object_get(args, "bar");

	if (!bar || json_is_null(bar) || (json_is_string(bar) && !json_string_length(bar)))
		return err_set(e, EINVAL, "Parameter 'bar' not passed to the method.");
	return 0;
}

static void second(struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	fake_answer(env, n, "vendor", op, json_boolean(str_eq(json_str(args, "bar"), "kazoo")));
}

static void third(struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	fake_answer(env, n, "vendor", op, json_boolean(str_eq(json_str(args, "bar"), "meow")));
}

static void fourth(struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	fake_answer(env, n, "vendor", op, json_boolean(str_eq(json_str(args, "bar"), "woof")));
}

static void pass_log(
	struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	fake_answer(env, n, "vendor", op, NULL);
}

const struct vendor_method fake_vendor_methods[] = {
	{"second_method", "Is the value of bar kazoo?", false, false, check_bar, second},
	{"third_method_sync", "Is the value of bar meow?", true, false, check_bar, third},
	{"fourth_method_shared_lock", "Is the value of bar woof?", false, true, check_bar, fourth},
	{"log_passthrough", "Takes its time, and nothing else.", false, false, NULL, pass_log},
	{.name = NULL},
};
