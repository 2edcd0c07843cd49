/* What clients ask of interfaces: who can, and what it changes of the record; see driver.h. */
#include "conductor/driver/driver.h"
#include "lib/base/str.h"

#include <errno.h>

const enum interface ask_interfaces[ASK_COUNT] = {
	[ASK_BOOT_MODE] = IF_MANAGEMENT,
	[ASK_SECURE_BOOT] = IF_MANAGEMENT,
	[ASK_NMI] = IF_MANAGEMENT,
	[ASK_INDICATORS] = IF_MANAGEMENT,
	[ASK_INDICATOR] = IF_MANAGEMENT,
	[ASK_INDICATOR_SET] = IF_MANAGEMENT,
	[ASK_VMEDIA] = IF_MANAGEMENT,
	[ASK_VMEDIA_ATTACH] = IF_MANAGEMENT,
	[ASK_VMEDIA_DETACH] = IF_MANAGEMENT,
	[ASK_VIFS] = IF_NETWORK,
	[ASK_VIF_ATTACH] = IF_NETWORK,
	[ASK_VIF_DETACH] = IF_NETWORK,
};

static const struct ask_ops *ops_of(const struct node *n, enum node_ask a)
{
	const struct implementation *impl = driver_implementation(n, ask_interfaces[a]);
	const struct ask_ops *ops = impl && impl->asks ? &impl->asks[a] : NULL;

	return ops && (ops->start || ops->answer) ? ops : NULL;
}

int driver_ask_check(const struct node *n, enum node_ask a, const json_t *args, struct err *e)
{
	const struct ask_ops *ops = ops_of(n, a);

	if (!ops)
		return err_set(e, ENOTSUP,
			"Node %s: %s_interface %s of driver %s does not support that", n->uuid,
			interface_names[ask_interfaces[a]], n->interfaces[ask_interfaces[a]],
			n->driver);
	return ops->check ? ops->check(n, args, e) : 0;
}

bool driver_ask_starts(const struct node *n, enum node_ask a)
{
	return ops_of(n, a)->start != NULL;
}

json_t *driver_ask_answer(const struct node *n, enum node_ask a, const json_t *args)
{
	return ops_of(n, a)->answer(n, args);
}

void driver_ask(struct driver_env *env, const struct node *n, enum node_ask a, const json_t *args,
	struct op *op)
{
	ops_of(n, a)->start(env, n, args, op);
}

void driver_ask_done(struct node *n, enum node_ask a, const json_t *args)
{
	const struct ask_ops *ops = ops_of(n, a);

	if (a == ASK_BOOT_MODE)
		str_replace(&n->boot_mode, json_str(args, "target"));
	else if (a == ASK_SECURE_BOOT)
		n->secure_boot = json_flag(args, "target", false);
	if (ops && ops->finish)
		ops->finish(n, args);
}

static void nmi(struct driver_env *env, const struct node *n, const json_t *args, struct op *op)
{
	driver_implementation(n, IF_POWER)->power->set(env, n, ACTION_NMI, op);
}

static int check_nmi(const struct node *n, const json_t *args, struct err *e)
{
	const struct implementation *power = driver_implementation(n, IF_POWER);

	return power && power->power
		       ? 0
		       : err_set(e, ENOTSUP, "Node %s: its power_interface cannot inject an NMI",
				 n->uuid);
}

const struct ask_ops nmi_by_power[ASK_COUNT] = {[ASK_NMI] = {.check = check_nmi, .start = nmi}};

/* Networks are the operator's: what is attached by a client changes nothing, and is not kept. */
static json_t *nothing(const struct node *n, const json_t *args)
{
	return NULL;
}

static json_t *no_vifs(const struct node *n, const json_t *args)
{
	return json_array();
}

const struct ask_ops noop_asks[ASK_COUNT] = {[ASK_VIFS] = {.answer = no_vifs},
	[ASK_VIF_ATTACH] = {.answer = nothing},
	[ASK_VIF_DETACH] = {.answer = nothing}};
