/* What can be asked of a node's BMC beside power and boot device, and how healthy a node is. */
#ifndef CONDUCTOR_MODEL_BMC_H
#define CONDUCTOR_MODEL_BMC_H

#include <stdbool.h>
#include <stddef.h>

/* The arguments and answers are JSON; conductor/api/README.md has their members. */
enum bmc_call {
	BMC_INFO,
	BMC_FRU,
	BMC_SEL,
	BMC_SENSORS,
	BMC_LAN,
	BMC_SEL_CLEAR,
	BMC_IDENTIFY,
	BMC_RESET,
	BMC_RAW,
	BMC_CALL_COUNT
};
extern const char *const bmc_call_names[BMC_CALL_COUNT]; /* "info", ..., "sel clear", ... */
enum bmc_call bmc_call_parse(const char *name);		 /* BMC_CALL_COUNT when unknown */
extern const char *const bmc_call_verbs[BMC_CALL_COUNT]; /* "read the sensors", for people */

/* As the API spells it (microversion 1.109); the worst counts. */
enum health { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_COUNT };
extern const char *const health_names[HEALTH_COUNT]; /* NULL, "OK", "Warning", "Critical" */
enum health health_parse(const char *name);

/* What a power read tells of the chassis beside its power (Get Chassis Status, IPMI 28.2). */
enum chassis_fault {
	CHASSIS_KNOWN = 1 << 0, /* the driver can tell; without it none of the others counts */
	CHASSIS_POWER_FAULT = 1 << 1,
	CHASSIS_POWER_OVERLOAD = 1 << 2,
	CHASSIS_POWER_CONTROL = 1 << 3,
	CHASSIS_INTERLOCK = 1 << 4,
	CHASSIS_DRIVE = 1 << 5,
	CHASSIS_FAN = 1 << 6,
	CHASSIS_INTRUSION = 1 << 7,
};
enum health chassis_health(unsigned faults); /* HEALTH_UNKNOWN without CHASSIS_KNOWN */
/* "main power fault, fan fault"; "" without any. Returns buf. */
const char *chassis_text(unsigned faults, char *buf, size_t size);

#endif
