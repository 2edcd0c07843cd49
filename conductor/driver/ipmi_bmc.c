/*
 * What the ipmi hardware type does with a BMC beside power and boot device: information, FRUs,
 * event log, sensors, LAN parameters, locator, reset, raw commands. Each is one call of the IPMI
 * client whose answer becomes JSON.
 */
#include "conductor/driver/ipmi.h"
#include "hwdb/hwdb.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define IDENTIFY_S 15 /* as the specification's default */

/* An op, and what its answer needs beside what the BMC says. */
struct asked {
	struct driver_env *env;
	struct op *op;
	struct ipmi_bmc *bmc; /* for the length of the answer: it is alive when there is one */
};

static struct asked *asked_new(struct driver_env *env, struct op *op, struct ipmi_bmc *bmc)
{
	struct asked *a = xmalloc(sizeof(*a));

	*a = (struct asked){env, op, bmc};
	return a;
}

static void finish(struct op *op, json_t *value, const struct err *e)
{
	if (e)
		op_fail(op, e);
	else
		op_done(op, value);
}

/* Who made it, and how it is spoken to. */
static void add_connection(json_t *j, const struct asked *a, const struct ipmi_info *i)
{
	struct hwdb_match match = {
		.manufacturer_id = i->device.manufacturer_id, .product_id = i->device.product_id};
	struct ipmi_bmc_status s;

	json_put_str(j, "manufacturer", hwdb_vendor(a->env->hwdb, &match));
	ipmi_bmc_status(a->bmc, &s);
	json_put_str(j, "address", s.address);
	json_put_int(j, "cipher_suite", s.cipher_suite);
	json_put_int(j, "round_trip_ms", s.rtt_ms);
}

static void on_info(void *data, const struct ipmi_info *i, const struct err *e)
{
	_cleanup_free_ struct asked *a = data;
	json_t *j = NULL;

	if (!e) {
		j = ipmi_info_json(i);
		add_connection(j, a, i);
	}
	finish(a->op, j, e);
}

static void get_info(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_info_read(bmc, &opts, on_info, asked_new(env, op, bmc));
}

static void on_frus(void *op, const struct ipmi_frus *f, const struct err *e)
{
	finish(op, e ? NULL : ipmi_frus_json(f), e);
}

static void get_fru(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_frus_read(bmc, &opts, on_frus, op);
}

/* The log, and before it the sensors' records, so that entries have names and units. */
struct log_read {
	struct driver_env *env;
	struct op *op;
	unsigned last;
	enum driver_priority priority;
	struct ipmi_sensors names; /* list is its own */
	char node[UUID_TEXT_MAX];
};

static void on_sel(void *data, const struct ipmi_sel *s, const struct err *e)
{
	struct log_read *l = data;

	finish(l->op, s ? ipmi_sel_json(s, &l->names, time_wall_us()) : NULL, e);
	free(l->names.list);
	free(l);
}

/* Without records (not every BMC has them) entries show numbers. */
static void on_names(void *data, const struct ipmi_sensors *s, const struct err *e)
{
	struct log_read *l = data;
	struct ipmi_bmc *bmc = ipmi_kept_bmc(l->env, l->node);
	struct ipmi_opts opts = ipmi_opts_for(l->op, l->priority);
	struct err gone;

	if (!e && s->n) {
		l->names.n = s->n;
		l->names.list = xmalloc(s->n * sizeof(*s->list));
		memcpy(l->names.list, s->list, s->n * sizeof(*s->list));
	}
	if (!bmc) {
		err_set(&gone, ECANCELED, "the node's BMC settings changed meanwhile");
		on_sel(l, NULL, e ? e : &gone);
	} else if (e && e->code != IPMI_E_COMMAND && e->code != IPMI_E_UNSUPPORTED) {
		on_sel(l, NULL, e);
	} else {
		ipmi_sel_read(bmc, l->last, &opts, on_sel, l);
	}
}

static void get_sel(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);
	int64_t last = json_int(args, "last", 0);
	struct log_read *l;

	if (!bmc)
		return;
	l = xcalloc(1, sizeof(*l));
	l->env = env;
	l->op = op;
	l->last = last > 0 && last < SEL_MAX ? (unsigned)last : 0;
	l->priority = p;
	str_copy(l->node, sizeof(l->node), n->uuid);
	ipmi_sensors_read(bmc, SENSORS_RECORDS, &opts, on_names, l);
}

static void on_cleared(void *op, const struct ipmi_sel *s, const struct err *e)
{
	finish(op, NULL, e);
}

static void clear_sel(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_sel_clear(bmc, &opts, on_cleared, op);
}

static void on_sensors(void *op, const struct ipmi_sensors *s, const struct err *e)
{
	finish(op, e ? NULL : ipmi_sensors_json(s), e);
}

static void get_sensors(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);
	bool now = json_flag(args, "thresholds", false);

	if (bmc)
		ipmi_sensors_read(
			bmc, now ? SENSORS_THRESHOLDS : SENSORS_READINGS, &opts, on_sensors, op);
}

static void on_lan(void *op, const struct ipmi_lan *l, const struct err *e)
{
	finish(op, e ? NULL : ipmi_lan_json(l), e);
}

static void get_lan(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_lan_read(bmc, &opts, on_lan, op);
}

/* {"seconds": 0 to 255} or {"force": true} until it is switched off. */
static void identify(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_chassis_identify(bmc, (uint8_t)json_int(args, "seconds", IDENTIFY_S),
			json_flag(args, "force", false), &opts, ipmi_answer_plain, op);
}

static void reset(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_bmc_reset(bmc, json_flag(args, "warm", false), &opts, ipmi_answer_plain, op);
}

static void on_raw(void *data, const struct ipmi_result *result, const struct err *e)
{
	char hex[2 * IPMI_DATA_MAX + 1];
	struct op *op = data;

	if (e)
		op_fail(op, e);
	else
		op_done(op, json_pack("{s:i, s:s}", "completion_code", result->cc, "data",
				    hex_encode(result->data, result->len, hex)));
}

/* {"netfn", "command", "lun": 0, "data": "hex"}: checked by whoever asked. */
static void raw(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);
	const char *hex = json_str(args, "data");
	uint8_t data[IPMI_DATA_MAX];
	int len = hex ? hex_decode(hex, data, sizeof(data)) : 0;
	struct err e;

	if (!bmc)
		return;
	if (len < 0) {
		err_set(&e, EINVAL, "data: expected at most %d bytes as hexadecimal digits",
			IPMI_DATA_MAX);
		op_fail(op, &e);
		return;
	}
	opts.lun = (uint8_t)json_int(args, "lun", 0);
	opts.once = true;
	ipmi_request(bmc, (uint8_t)json_int(args, "netfn", 0),
		(uint8_t)json_int(args, "command", 0), data, (size_t)len, &opts, on_raw, op);
}

bmc_fn *const ipmi_bmc_calls[BMC_CALL_COUNT] = {[BMC_INFO] = get_info,
	[BMC_FRU] = get_fru,
	[BMC_SEL] = get_sel,
	[BMC_SENSORS] = get_sensors,
	[BMC_LAN] = get_lan,
	[BMC_SEL_CLEAR] = clear_sel,
	[BMC_IDENTIFY] = identify,
	[BMC_RESET] = reset,
	[BMC_RAW] = raw};
