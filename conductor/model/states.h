/* Names of states, verbs and power as the Ironic API spells them. Plain data, no behaviour. */
#ifndef CONDUCTOR_MODEL_STATES_H
#define CONDUCTOR_MODEL_STATES_H

#include <stdbool.h>

/* Provision states (contract section 3). PS_NONE is JSON null. */
enum provision_state {
	PS_NONE,
	PS_ENROLL,
	PS_VERIFYING,
	PS_MANAGEABLE,
	PS_AVAILABLE,
	PS_ACTIVE,
	PS_ERROR,
	PS_RESCUE,
	PS_DEPLOYING,
	PS_DEPLOY_WAIT, /* "wait call-back" */
	PS_DEPLOY_FAILED,
	PS_DEPLOY_HOLD,
	PS_CLEANING,
	PS_CLEAN_WAIT,
	PS_CLEAN_FAILED,
	PS_CLEAN_HOLD,
	PS_DELETING,
	PS_INSPECTING,
	PS_INSPECT_WAIT,
	PS_INSPECT_FAILED,
	PS_ADOPTING,
	PS_ADOPT_FAILED,
	PS_RESCUING,
	PS_RESCUE_WAIT,
	PS_RESCUE_FAILED,
	PS_UNRESCUING,
	PS_UNRESCUE_FAILED,
	PS_SERVICING,
	PS_SERVICE_WAIT,
	PS_SERVICE_FAILED,
	PS_SERVICE_HOLD,
	PS_COUNT
};

/* Targets a client may ask for in PUT states/provision. */
enum verb {
	VERB_NONE,
	VERB_MANAGE,
	VERB_PROVIDE,
	VERB_INSPECT,
	VERB_DEPLOY, /* "active" or "deploy" */
	VERB_REBUILD,
	VERB_DELETE, /* "deleted" or "undeploy" */
	VERB_CLEAN,
	VERB_ADOPT,
	VERB_ABORT,
	VERB_RESCUE,
	VERB_UNRESCUE,
	VERB_UNHOLD,
	VERB_SERVICE,
	VERB_COUNT
};

/* Power states, and what may be asked of PUT states/power. POWER_NONE is JSON null. */
enum power_state {
	POWER_NONE,
	POWER_ON,
	POWER_OFF,
	POWER_REBOOT, /* "rebooting" */
	POWER_ERROR,
	POWER_SOFT_OFF,
	POWER_SOFT_REBOOT,
	POWER_STATE_COUNT
};

/* What is done to a machine's power. */
enum power_action {
	ACTION_ON,
	ACTION_OFF,
	ACTION_SOFT_OFF, /* asks the system; ends when the machine is off */
	ACTION_RESET,	 /* restart of a machine that is on */
	ACTION_NMI,
	ACTION_COUNT
};

/* Names for enum fields; index = value, entry 0 is NULL (JSON null). */
extern const char *const provision_state_names[PS_COUNT];
extern const char *const power_state_names[POWER_STATE_COUNT];
extern const char *const verb_names[VERB_COUNT]; /* the canonical API target */

const char *provision_state_name(enum provision_state s);     /* "none" for PS_NONE */
enum provision_state provision_state_parse(const char *name); /* PS_NONE when unknown */
enum power_state power_state_parse(const char *name);	      /* POWER_NONE when unknown */
enum verb verb_parse(const char *target); /* knows the aliases; VERB_NONE when unknown */

bool provision_state_is_stable(enum provision_state s); /* nothing runs and nothing is waited for */
bool provision_state_is_wait(enum provision_state s);	/* waits for the agent */
bool provision_state_is_failed(enum provision_state s); /* ends in " failed", or "error" */

#endif
