/*
 * The boot device of the `ipmi` hardware type. Every setting is read back; a BMC that forgot it is
 * told again before that is reported.
 */
#include "conductor/driver/ipmi.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <string.h>

#define TRIES_MAX	3
#define FORGOT_PAUSE_MS 500

static const char *const devices[] = {"pxe", "disk", "cdrom", "bios", "safe", NULL};
static const enum ipmi_boot_device device_values[] = {
	IPMI_BOOT_PXE, IPMI_BOOT_DISK, IPMI_BOOT_CDROM, IPMI_BOOT_BIOS, IPMI_BOOT_SAFE};

/* One setting; the BMC is looked up anew for each try, as the node may change meanwhile. */
struct boot_setting {
	struct driver_env *env;
	struct op *op;
	uv_timer_t timer;
	char node[UUID_TEXT_MAX];
	enum ipmi_boot_device device;
	bool persistent, efi;
	int tries;
};

static void free_setting(uv_handle_t *h)
{
	free(h->data);
}

static void end_setting(struct boot_setting *s, const struct err *e)
{
	struct err told;
	json_t *value = NULL;

	if (e) {
		told = *e;
		if (s->tries > 1)
			err_advise(&told, "it was told %d times", s->tries);
		op_fail(s->op, &told);
	} else {
		if (s->tries > 1)
			value = json_pack("{s:s}", "note",
				"the BMC forgot the boot device and was told again; then it kept "
				"it");
		op_done(s->op, value);
	}
	uv_close((uv_handle_t *)&s->timer, free_setting);
}

static void try_setting(uv_timer_t *t);

static void device_set(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct boot_setting *s = data;
	bool forgot = e && e->code == IPMI_E_MISMATCH;

	if (forgot && s->tries < TRIES_MAX && time_mono_ms() + FORGOT_PAUSE_MS < s->op->deadline_ms)
		uv_timer_start(&s->timer, try_setting, FORGOT_PAUSE_MS, 0);
	else
		end_setting(s, e);
}

static void try_setting(uv_timer_t *t)
{
	struct boot_setting *s = t->data;
	struct ipmi_bmc *bmc = ipmi_kept_bmc(s->env, s->node);
	struct ipmi_opts opts = ipmi_opts_for(s->op, DRIVER_COMMAND);
	struct err gone;

	if (!bmc) {
		err_set(&gone, ECANCELED,
			"the node's BMC settings changed while its boot device was set; try again");
		end_setting(s, &gone);
		return;
	}
	s->tries++;
	ipmi_boot_device_set(bmc, s->device, s->persistent, s->efi, &opts, device_set, s);
}

static void boot_device_set(struct driver_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	struct boot_setting *s;
	struct err e;
	size_t i;

	if (!ipmi_open_bmc(env, n, op))
		return;
	for (i = 0; devices[i] && !str_eq(devices[i], device); i++)
		;
	if (!devices[i]) {
		err_set(&e, EINVAL, "boot device %s: expected pxe, disk, cdrom, bios or safe",
			device);
		op_fail(op, &e);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->env = env;
	s->op = op;
	str_copy(s->node, sizeof(s->node), n->uuid);
	s->device = device_values[i];
	s->persistent = persistent;
	s->efi = driver_node_is_uefi(n);
	s->timer.data = s;
	uv_timer_init(env->loop, &s->timer);
	try_setting(&s->timer);
}

static void answer_boot_device(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct op *op = data;
	json_t *v;

	if (e) {
		op_fail(op, e);
		return;
	}
	v = json_object();
	json_put_str(v, "boot_device",
		result->boot.valid ? ipmi_boot_device_name(result->boot.device) : NULL);
	json_object_set_new(v, "persistent",
		result->boot.valid ? json_boolean(result->boot.persistent) : json_null());
	op_done(op, v);
}

static void boot_device_get(struct driver_env *env, const struct node *n, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, DRIVER_COMMAND);

	if (bmc)
		ipmi_boot_device_get(bmc, &opts, answer_boot_device, op);
}

const struct management_ops ipmi_boot_ops = {.boot_devices = devices,
	.boot_device_set = boot_device_set,
	.boot_device_get = boot_device_get,
	.bmc = ipmi_bmc_calls};
