/*
 * Interfaces that do nothing: "noop", which leaves it to the operator, and "no-...", which says
 * that the node has none.
 */
#include "conductor/driver/driver.h"

/* The firmware starts by network first and then from disk, because somebody set it so. */
static void set_nothing(struct driver_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	answer_soon(env, op, NULL);
}

static void get_network(struct driver_env *env, const struct node *n, struct op *op)
{
	answer_soon(env, op, json_pack("{s:s, s:b}", "boot_device", "pxe", "persistent", 1));
}

static const char *const devices[] = {"pxe", "disk", NULL};
static const struct management_ops by_hand = {
	.boot_devices = devices, .boot_device_set = set_nothing, .boot_device_get = get_network};

const struct implementation noop_management = {
	.name = "noop", .interface = IF_MANAGEMENT, .management = &by_hand};
const struct implementation noop_network = {
	.name = "noop", .interface = IF_NETWORK, .asks = noop_asks};

#define NO(i, name_) [i] = {.name = (name_), .interface = (i)}
const struct implementation no_interfaces[IF_COUNT] = {
	NO(IF_BIOS, "no-bios"),
	NO(IF_CONSOLE, "no-console"),
	NO(IF_FIRMWARE, "no-firmware"),
	NO(IF_INSPECT, "no-inspect"),
	NO(IF_RAID, "no-raid"),
	NO(IF_RESCUE, "no-rescue"),
	NO(IF_STORAGE, "noop"),
	NO(IF_VENDOR, "no-vendor"),
};
