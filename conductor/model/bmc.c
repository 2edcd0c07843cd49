/* Names around BMCs and health; see bmc.h. */
#include "conductor/model/bmc.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

const char *const bmc_call_names[BMC_CALL_COUNT] = {[BMC_INFO] = "info",
	[BMC_FRU] = "fru",
	[BMC_SEL] = "sel",
	[BMC_SENSORS] = "sensors",
	[BMC_LAN] = "lan",
	[BMC_SEL_CLEAR] = "sel clear",
	[BMC_IDENTIFY] = "identify",
	[BMC_RESET] = "reset",
	[BMC_RAW] = "raw"};

const char *const bmc_call_verbs[BMC_CALL_COUNT] = {[BMC_INFO] = "ask the BMC who it is",
	[BMC_FRU] = "read the FRUs",
	[BMC_SEL] = "read the event log",
	[BMC_SENSORS] = "read the sensors",
	[BMC_LAN] = "read the BMC's LAN parameters",
	[BMC_SEL_CLEAR] = "clear the event log",
	[BMC_IDENTIFY] = "switch the locator light",
	[BMC_RESET] = "reset the BMC",
	[BMC_RAW] = "send a raw command"};

enum bmc_call bmc_call_parse(const char *name)
{
	enum bmc_call c = 0;

	while (c < BMC_CALL_COUNT && !str_eq(bmc_call_names[c], name))
		c++;
	return c;
}

const char *const health_names[HEALTH_COUNT] = {
	[HEALTH_OK] = "OK", [HEALTH_WARNING] = "Warning", [HEALTH_CRITICAL] = "Critical"};

enum health health_parse(const char *name)
{
	for (enum health h = HEALTH_OK; name && h < HEALTH_COUNT; h++)
		if (str_ieq(health_names[h], name))
			return h;
	return HEALTH_UNKNOWN;
}

/* Critical is what stops or endangers the machine now, a warning what somebody should look at. */
static const struct {
	unsigned bit;
	enum health health;
	const char *text;
} faults_known[] = {
	{CHASSIS_POWER_FAULT, HEALTH_CRITICAL, "main power fault"},
	{CHASSIS_POWER_OVERLOAD, HEALTH_CRITICAL, "power overload"},
	{CHASSIS_POWER_CONTROL, HEALTH_CRITICAL, "power control fault"},
	{CHASSIS_INTERLOCK, HEALTH_CRITICAL, "power interlock: a chassis panel is open"},
	{CHASSIS_DRIVE, HEALTH_WARNING, "drive fault"},
	{CHASSIS_FAN, HEALTH_WARNING, "cooling/fan fault"},
	{CHASSIS_INTRUSION, HEALTH_WARNING, "chassis intrusion"},
};

enum health chassis_health(unsigned faults)
{
	enum health worst = faults & CHASSIS_KNOWN ? HEALTH_OK : HEALTH_UNKNOWN;

	for (size_t i = 0; worst && i < ARRAY_SIZE(faults_known); i++)
		if (faults & faults_known[i].bit && faults_known[i].health > worst)
			worst = faults_known[i].health;
	return worst;
}

const char *chassis_text(unsigned faults, char *buf, size_t size)
{
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(faults_known) && at < size; i++)
		if (faults & faults_known[i].bit)
			at += (size_t)snprintf(
				buf + at, size - at, "%s%s", at ? ", " : "", faults_known[i].text);
	return buf;
}
