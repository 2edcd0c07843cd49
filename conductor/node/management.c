/* The boot device, asked by clients: one call to the driver, whose answer is the client's. */
#include "conductor/node/enode.h"
#include "lib/base/str.h"

#include <errno.h>

/* Within the time of a BMC's call. */
static struct op *direct_new(struct enode *e, struct request *r, const char *what)
{
	return op_direct(e, r, what, e->en->flow->call_timeout_s);
}

static int boot_device_known(const char *const *devices, const char *device, struct err *err)
{
	for (int i = 0; device && devices[i]; i++)
		if (str_eq(devices[i], device))
			return 0;
	return err_set(
		err, EINVAL, "Invalid boot device %s specified.", device ? device : "(none)");
}

static json_t *supported(const char *const *devices)
{
	json_t *list = json_array();

	for (int i = 0; devices[i]; i++)
		json_array_append_new(list, json_string(devices[i]));
	return json_pack("{s:o}", "supported_boot_devices", list);
}

/* The record says first what the BMC is to have: a start in between tells the BMC again. */
static void noted(struct commit *c, void *data)
{
	struct enode *e = c->node;
	struct request *r = data;

	if (c->r < 0)
		request_finish(r, c->r, &c->err);
	else
		flow_boot_device_set(e->en->flow, enode_get(e), json_str(r->args, "boot_device"),
			json_flag(r->args, "persistent", false),
			direct_new(e, r, "set boot device"));
}

static void set_boot_device(struct enode *e, const char *const *devices, struct request *r)
{
	const char *device = json_str(r->args, "boot_device");
	bool persistent = json_flag(r->args, "persistent", false);
	struct commit *c;
	struct err err;

	if (boot_device_known(devices, device, &err) < 0) {
		request_finish(r, -EINVAL, &err);
	} else if (json_object_get(enode_get(e)->driver_info, "ipmi_force_boot_device")) {
		c = commit_new(e);
		flow_boot_device_note(c->next, device, persistent);
		commit_submit(c, noted, r);
	} else {
		flow_boot_device_set(e->en->flow, enode_get(e), device, persistent,
			direct_new(e, r, "set boot device"));
	}
}

void on_management(struct enode *e, struct request *r)
{
	const char *const *devices = flow_boot_devices(enode_get(e));
	struct err err;
	bool asks_nobody = r->kind == REQ_BOOT_DEVICE_SUPPORTED;
	int ret = asks_nobody ? 0 : flow_interface_check(enode_get(e), IF_MANAGEMENT, &err);

	if (ret == 0 && !devices)
		ret = err_set(&err, EINVAL, "Node %s: driver %s cannot do that", e->uuid,
			enode_get(e)->driver);
	if (ret < 0) {
		request_finish(r, ret, &err);
	} else if (r->kind == REQ_BOOT_DEVICE_SUPPORTED) {
		r->answer = supported(devices);
		request_finish(r, 0, NULL);
	} else if (r->kind == REQ_BOOT_DEVICE_SET) {
		set_boot_device(e, devices, r);
	} else {
		flow_boot_device_get(
			e->en->flow, enode_get(e), direct_new(e, r, "read the boot device"));
	}
}
