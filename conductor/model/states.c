/* State names; see states.h. */
#include "conductor/model/states.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { STABLE = 1, WAIT = 2, FAILED = 4 };

const char *const provision_state_names[PS_COUNT] = {
	[PS_ENROLL] = "enroll",
	[PS_VERIFYING] = "verifying",
	[PS_MANAGEABLE] = "manageable",
	[PS_AVAILABLE] = "available",
	[PS_ACTIVE] = "active",
	[PS_ERROR] = "error",
	[PS_RESCUE] = "rescue",
	[PS_DEPLOYING] = "deploying",
	[PS_DEPLOY_WAIT] = "wait call-back",
	[PS_DEPLOY_FAILED] = "deploy failed",
	[PS_DEPLOY_HOLD] = "deploy hold",
	[PS_CLEANING] = "cleaning",
	[PS_CLEAN_WAIT] = "clean wait",
	[PS_CLEAN_FAILED] = "clean failed",
	[PS_CLEAN_HOLD] = "clean hold",
	[PS_DELETING] = "deleting",
	[PS_INSPECTING] = "inspecting",
	[PS_INSPECT_WAIT] = "inspect wait",
	[PS_INSPECT_FAILED] = "inspect failed",
	[PS_ADOPTING] = "adopting",
	[PS_ADOPT_FAILED] = "adopt failed",
	[PS_RESCUING] = "rescuing",
	[PS_RESCUE_WAIT] = "rescue wait",
	[PS_RESCUE_FAILED] = "rescue failed",
	[PS_UNRESCUING] = "unrescuing",
	[PS_UNRESCUE_FAILED] = "unrescue failed",
	[PS_SERVICING] = "servicing",
	[PS_SERVICE_WAIT] = "service wait",
	[PS_SERVICE_FAILED] = "service failed",
	[PS_SERVICE_HOLD] = "service hold",
};

static const unsigned char kind[PS_COUNT] = {
	[PS_ENROLL] = STABLE,
	[PS_MANAGEABLE] = STABLE,
	[PS_AVAILABLE] = STABLE,
	[PS_ACTIVE] = STABLE,
	[PS_ERROR] = STABLE | FAILED,
	[PS_RESCUE] = STABLE,
	[PS_DEPLOY_WAIT] = WAIT,
	[PS_DEPLOY_FAILED] = STABLE | FAILED,
	[PS_CLEAN_WAIT] = WAIT,
	[PS_CLEAN_FAILED] = STABLE | FAILED,
	[PS_INSPECT_WAIT] = WAIT,
	[PS_INSPECT_FAILED] = STABLE | FAILED,
	[PS_ADOPT_FAILED] = STABLE | FAILED,
	[PS_RESCUE_WAIT] = WAIT,
	[PS_RESCUE_FAILED] = STABLE | FAILED,
	[PS_UNRESCUE_FAILED] = STABLE | FAILED,
	[PS_SERVICE_WAIT] = WAIT,
	[PS_SERVICE_FAILED] = STABLE | FAILED,
};

const char *const power_state_names[POWER_STATE_COUNT] = {
	[POWER_ON] = "power on",
	[POWER_OFF] = "power off",
	[POWER_REBOOT] = "rebooting",
	[POWER_ERROR] = "error",
	[POWER_SOFT_OFF] = "soft power off",
	[POWER_SOFT_REBOOT] = "soft rebooting",
};

const char *const verb_names[VERB_COUNT] = {
	[VERB_MANAGE] = "manage",
	[VERB_PROVIDE] = "provide",
	[VERB_INSPECT] = "inspect",
	[VERB_DEPLOY] = "active",
	[VERB_REBUILD] = "rebuild",
	[VERB_DELETE] = "deleted",
	[VERB_CLEAN] = "clean",
	[VERB_ADOPT] = "adopt",
	[VERB_ABORT] = "abort",
	[VERB_RESCUE] = "rescue",
	[VERB_UNRESCUE] = "unrescue",
	[VERB_UNHOLD] = "unhold",
	[VERB_SERVICE] = "service",
};

/* Index of name in a name table, 0 when absent. */
static int name_index(const char *const *names, int n, const char *name)
{
	for (int i = 1; name && i < n; i++)
		if (names[i] && str_eq(names[i], name))
			return i;
	return 0;
}

const char *provision_state_name(enum provision_state s)
{
	return s > PS_NONE && s < PS_COUNT ? provision_state_names[s] : "none";
}

enum provision_state provision_state_parse(const char *name)
{
	return (enum provision_state)name_index(provision_state_names, PS_COUNT, name);
}

enum power_state power_state_parse(const char *name)
{
	return (enum power_state)name_index(power_state_names, POWER_STATE_COUNT, name);
}

enum verb verb_parse(const char *target)
{
	if (str_eq(target, "deploy"))
		return VERB_DEPLOY;
	if (str_eq(target, "undeploy"))
		return VERB_DELETE;
	return (enum verb)name_index(verb_names, VERB_COUNT, target);
}

bool provision_state_is_stable(enum provision_state s)
{
	return s < PS_COUNT && (kind[s] & STABLE);
}

bool provision_state_is_wait(enum provision_state s)
{
	return s < PS_COUNT && (kind[s] & WAIT);
}

bool provision_state_is_failed(enum provision_state s)
{
	return s < PS_COUNT && (kind[s] & FAILED);
}
