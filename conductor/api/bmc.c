/* A node's BMC, as Ingot's own API shows it: information, FRUs, event log, sensors, LAN, actions.
 */
#include "conductor/api/handlers.h"
#include "conductor/api/states.h"
#include "conductor/model/bmc.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>

#define RAW_BYTES_MAX 200

/* What the row's arg names, with args from the query or the body. */
static int ask(struct call *c, json_t *args, void (*finish)(struct call *c, struct request *r))
{
	struct request *r = call_request(c, REQ_BMC, c->params[0]);

	r->text = xstrdup(c->route->arg);
	r->args = args;
	return call_submit(c, r, finish);
}

int bmc_get(struct call *c, struct err *e)
{
	const char *last = http_arg(c->req, "last");
	bool thresholds;
	int n = 0;

	if (last && str_to_int(last, 1, 65535, &n) < 0)
		return err_set(e, EINVAL, "last: expected a number from 1 to 65535");
	if (call_arg_bool(c, "thresholds", true, &thresholds, e) < 0)
		return -e->code;
	return ask(c, json_pack("{s:i, s:b}", "last", n, "thresholds", thresholds), finish_answer);
}

int bmc_clear_sel(struct call *c, struct err *e)
{
	return ask(c, json_object(), finish_no_content);
}

static int in_range(const json_t *body, const char *name, int max, struct err *e)
{
	int64_t v = json_int(body, name, 0);

	if (v < 0 || v > max)
		return err_set(e, EINVAL, "%s: expected a number from 0 to %d", name, max);
	return 0;
}

static const struct schema_field identify_fields[] = {
	{"seconds", T_INT, 0, 0, NULL},
	{"force", T_BOOL, 0, 0, NULL},
};
SCHEMA(bmc_identify_schema, "identify", identify_fields);

int bmc_identify(struct call *c, struct err *e)
{
	if (in_range(c->body, "seconds", 255, e) < 0)
		return -e->code;
	return ask(c, c->body ? json_incref(c->body) : json_object(), finish_no_content);
}

static const struct schema_field reset_fields[] = {
	{"warm", T_BOOL, 0, 0, NULL},
};
SCHEMA(bmc_reset_schema, "reset", reset_fields);

int bmc_reset(struct call *c, struct err *e)
{
	return ask(c, c->body ? json_incref(c->body) : json_object(), finish_no_content);
}

/* "0x00 0x01", "00 01", "0001": bytes as people write them; hexadecimal digits come out. */
static int check_bytes(const char *name, json_t *value, struct err *e)
{
	const char *p = json_string_value(value);
	struct buf hex = BUF_INIT(2 * RAW_BYTES_MAX + 1);
	unsigned char bytes[RAW_BYTES_MAX];
	int r;

	for (; *p; p++) {
		if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
			p++;
		else if (*p != ' ' && *p != ',' && *p != ':')
			buf_append(&hex, p, 1);
	}
	r = hex.overflow ? -EINVAL : hex_decode(buf_str(&hex), bytes, sizeof(bytes));
	if (r >= 0)
		json_string_set(value, buf_str(&hex));
	buf_done(&hex);
	return r >= 0 ? 0
		      : err_set(e, EINVAL, "%s: expected at most %d bytes as hexadecimal digits",
				name, RAW_BYTES_MAX);
}

static const struct schema_field raw_fields[] = {
	{"netfn", T_INT, S_REQUIRED, 0, NULL},
	{"command", T_INT, S_REQUIRED, 0, NULL},
	{"lun", T_INT, 0, 0, NULL},
	{"data", T_STR, 0, 6 * RAW_BYTES_MAX, check_bytes},
};
SCHEMA(bmc_raw_schema, "raw", raw_fields);

int bmc_raw(struct call *c, struct err *e)
{
	if (in_range(c->body, "netfn", 0x3e, e) < 0 || in_range(c->body, "command", 0xff, e) < 0 ||
		in_range(c->body, "lun", 3, e) < 0)
		return -e->code;
	return ask(c, json_incref(c->body), finish_answer);
}
