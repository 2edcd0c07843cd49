/* The conditions of rules: what each of them takes, and when it holds. */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* --- comparing ---------------------------------------------------------------------------------
 */

static bool is_number(const json_t *v)
{
	return json_is_number(v) || json_is_boolean(v);
}

static double number(const json_t *v)
{
	return json_is_boolean(v) ? json_is_true(v) : json_number_value(v);
}

static bool equal(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b))
		return json_integer_value(a) == json_integer_value(b);
	if (is_number(a) && is_number(b))
		return number(a) == number(b);
	return json_equal(a, b);
}

/* A text that is a number, for comparing it with a number. */
static bool to_number(const json_t *v, double *ret)
{
	const char *text = json_string_value(v);
	char *end;

	if (is_number(v)) {
		*ret = number(v);
		return true;
	}
	if (str_empty(text))
		return false;
	*ret = strtod(text, &end);
	return !*end;
}

/*
 * Two texts by their characters, anything else as numbers. What is interpolated is a text, so
 * "{inventory[cpu][count]}" can be compared with 8 as with "8"; Ironic refuses the former.
 */
static int order(const json_t *a, const json_t *b, int *ret, struct err *e)
{
	double x, y;

	if (json_is_string(a) && json_is_string(b)) {
		*ret = strcmp(json_string_value(a), json_string_value(b));
		return 0;
	}
	if (!to_number(a, &x) || !to_number(b, &y)) {
		_cleanup_free_ char *ta = rule_text_of(a), *tb = rule_text_of(b);

		return err_set(e, EINVAL, "values: %.60s and %.60s have no order", ta ? ta : "one",
			tb ? tb : "another");
	}
	*ret = x < y ? -1 : x > y;
	return 0;
}

static json_t *as_texts(const json_t *values)
{
	json_t *copy = json_array(), *v;
	size_t i;

	json_array_foreach ((json_t *)values, i, v) {
		_cleanup_free_ char *text = rule_text_of(v);

		json_array_append_new(copy, json_string(text ? text : ""));
	}
	return copy;
}

/* Each value with the next one: sign is what order() has to say, 0 asks for equality. */
static int compare(const json_t *args, int sign, bool *ret, struct err *e)
{
	_cleanup_json_ json_t *values = json_incref(json_object_get(args, "values"));
	const json_t *strings = json_object_get(args, "force_strings");
	int r = 0, way = 0;

	if (!json_is_array(values))
		return err_set(e, EINVAL, "values: expected an array");
	if (json_is_true(strings)) {
		json_t *texts = as_texts(values);

		json_decref(values);
		values = texts;
	}
	*ret = true;
	for (size_t i = 0; i + 1 < json_array_size(values) && *ret && r == 0; i++) {
		const json_t *a = json_array_get(values, i), *b = json_array_get(values, i + 1);

		if (sign == 0) {
			*ret = equal(a, b);
		} else {
			r = order(a, b, &way, e);
			*ret = r == 0 && (sign < 0 ? way < 0 : way > 0);
		}
	}
	return r;
}

static int eq(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	return compare(args, 0, ret, e);
}

static int lt(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	return compare(args, -1, ret, e);
}

static int gt(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	return compare(args, 1, ret, e);
}

static int one_of(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	const json_t *value = json_object_get(args, "value");
	const json_t *values = json_object_get(args, "values");
	const char *text = json_string_value(value);
	json_t *one;
	size_t i;

	*ret = false;
	if (text && json_is_string(values)) {
		*ret = strstr(json_string_value(values), text) != NULL;
	} else if (text && json_is_object(values)) {
		*ret = json_object_get(values, text) != NULL;
	} else {
		json_array_foreach ((json_t *)values, i, one)
			*ret |= equal(one, value);
	}
	return 0;
}

/* --- what a value is ---------------------------------------------------------------------------
 */

static int is_empty(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	_cleanup_free_ char *text = rule_text_of(json_object_get(args, "value"));

	*ret = text && (str_eq(text, "") || str_eq(text, "None") || str_eq(text, "[]") ||
			       str_eq(text, "{}"));
	return 0;
}

static int is_none(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	_cleanup_free_ char *text = rule_text_of(json_object_get(args, "value"));

	*ret = str_eq(text, "None");
	return 0;
}

static int is_true(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	const json_t *value = json_object_get(args, "value");
	const char *text = json_string_value(value);

	*ret = is_number(value) ? number(value) != 0
				: str_ieq(text, "yes") || str_ieq(text, "true");
	return 0;
}

static int is_false(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	const json_t *value = json_object_get(args, "value");
	const char *text = json_string_value(value);

	if (json_is_string(value))
		*ret = str_ieq(text, "no") || str_ieq(text, "false");
	else
		*ret = json_is_null(value) || (is_number(value) && number(value) == 0);
	return 0;
}

/* --- networks ----------------------------------------------------------------------------------
 */

struct address {
	int bits; /* 32 or 128 */
	unsigned char bytes[16];
};

static bool address_parse(const char *text, struct address *ret)
{
	if (text && inet_pton(AF_INET, text, ret->bytes) == 1)
		ret->bits = 32;
	else if (text && inet_pton(AF_INET6, text, ret->bytes) == 1)
		ret->bits = 128;
	else
		return false;
	return true;
}

/* The bits at the front that are one; -1 when one follows a zero. */
static int mask_bits(const struct address *mask)
{
	int n = 0;

	while (n < mask->bits && (mask->bytes[n / 8] & (0x80 >> n % 8)))
		n++;
	for (int i = n; i < mask->bits; i++)
		if (mask->bytes[i / 8] & (0x80 >> i % 8))
			return -1;
	return n;
}

/* "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.1", "fd00::/8" */
static int network_parse(const char *text, struct address *ret, int *ret_prefix, struct err *e)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	_cleanup_free_ char *host =
		text ? xstrndup(text, slash ? (size_t)(slash - text) : strlen(text)) : NULL;
	struct address mask;
	bool good = address_parse(host, ret);

	if (good && !slash) {
		*ret_prefix = ret->bits;
	} else if (good && str_to_int(slash + 1, 0, ret->bits, ret_prefix) < 0) {
		good = address_parse(slash + 1, &mask) && mask.bits == ret->bits;
		*ret_prefix = good ? mask_bits(&mask) : -1;
		good = *ret_prefix >= 0;
	}
	if (good)
		return 0;
	return err_set(e, EINVAL, "subnet: expected a network as 10.0.0.0/8 or fd00::/8, not %.60s",
		text ? text : "something that is no text");
}

static int in_net(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	const char *text = json_str(args, "address");
	struct address network, address;
	int prefix, r = network_parse(json_str(args, "subnet"), &network, &prefix, e);

	if (r < 0)
		return r;
	if (!address_parse(text, &address))
		return err_set(e, EINVAL, "address: expected an IPv4 or IPv6 address, not %.60s",
			text ? text : "something that is no text");
	*ret = address.bits == network.bits;
	for (int i = 0; i < prefix && *ret; i++) {
		int differ = address.bytes[i / 8] ^ network.bytes[i / 8];

		*ret = !(differ & (0x80 >> i % 8));
	}
	return 0;
}

static int check_subnet(const json_t *args, struct err *e)
{
	const char *text = json_str(args, "subnet");
	struct address network;
	int prefix;

	return text && strchr(text, '{') ? 0 : network_parse(text, &network, &prefix, e);
}

/* --- patterns ----------------------------------------------------------------------------------
 */

static int check_regex(const json_t *args, struct err *e)
{
	const char *regex = json_str(args, "regex");

	if (!regex)
		return err_set(e, EINVAL, "regex: expected a text");
	return strstr(regex, "{item") ? 0 : pattern_check(regex, e);
}

static int match(const json_t *args, bool whole, bool *ret, struct err *e)
{
	const char *regex = json_str(args, "regex");
	_cleanup_free_ char *text = rule_text_of(json_object_get(args, "value"));
	_cleanup_free_ char *ended = NULL;

	if (!regex || !text)
		return err_set(e, EINVAL, "%s", regex ? "value: is too long" : "regex: is no text");
	if (whole && !str_ends(regex, "$"))
		ended = xasprintf("%s$", regex);
	return pattern_match(ended ? ended : regex, text, whole, ret, e);
}

static int matches(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	return match(args, true, ret, e);
}

static int contains(struct rule_run *run, const json_t *args, bool *ret, struct err *e)
{
	return match(args, false, ret, e);
}

#define VALUE                                                                                      \
	{                                                                                          \
		"value", ARG_REQUIRED | ARG_FILLED                                                 \
	}
#define VALUES .args = {{"values", ARG_REQUIRED | ARG_FILLED}, {"force_strings", 0}}, .spread = true

const struct rule_operation rule_conditions[] = {
	{.name = "eq", VALUES, .holds = eq},
	{.name = "lt", VALUES, .holds = lt},
	{.name = "gt", VALUES, .holds = gt},
	{.name = "is-empty", .args = {VALUE}, .holds = is_empty},
	{.name = "in-net",
		.args = {{"address", ARG_REQUIRED | ARG_FILLED},
			{"subnet", ARG_REQUIRED | ARG_FILLED}},
		.check = check_subnet,
		.holds = in_net},
	{.name = "matches",
		.args = {VALUE, {"regex", ARG_REQUIRED}},
		.check = check_regex,
		.holds = matches},
	{.name = "contains",
		.args = {VALUE, {"regex", ARG_REQUIRED}},
		.check = check_regex,
		.holds = contains},
	{.name = "one-of", .args = {VALUE, {"values", 0}}, .holds = one_of},
	{.name = "is-none", .args = {VALUE}, .holds = is_none},
	{.name = "is-true", .args = {VALUE}, .holds = is_true},
	{.name = "is-false", .args = {VALUE}, .holds = is_false},
	{.name = NULL},
};
