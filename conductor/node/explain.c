/* The table of what states mean to people; see explain.h. */
#include "conductor/node/explain.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define BMC_THEN "it fails with the BMC's last answer, and the node goes to "
#define WAIT_NEXT                                                                                  \
	"nothing, while steps on the boot path or progress come in; else look at the machine's "   \
	"console, "                                                                                \
	"or stop it: ingot node abort NODE"
#define HOLD_NEXT                                                                                  \
	"look at it, then let it go on: ingot node unhold NODE; or stop it: ingot node abort NODE"

static const struct explanation states[PS_COUNT] = {
	[PS_ENROLL] = {NULL, NULL, "have its BMC checked: ingot node manage NODE --wait"},
	[PS_VERIFYING] = {"the BMC's answer", BMC_THEN "enroll, with the reason in last_error",
		"nothing: it ends by itself"},
	[PS_MANAGEABLE] = {NULL, NULL,
		"find out what is in it: ingot node inspect NODE --wait; then make it available: "
		"ingot node "
		"provide NODE --wait"},
	[PS_AVAILABLE] = {NULL, NULL,
		"give it a system: ingot node deploy NODE --image URL --checksum SUM --wait"},
	[PS_ACTIVE] = {NULL, NULL,
		"nothing: its system is deployed; to take it back: ingot node undeploy NODE "
		"--wait"},
	[PS_ERROR] = {NULL, NULL,
		"correct what last_error says, then try again: ingot node undeploy NODE --wait"},
	[PS_RESCUE] = {NULL, NULL,
		"nothing: it runs the rescue system; PUT states/provision {\"target\": "
		"\"unrescue\"} ends "
		"that"},
	[PS_DEPLOYING] = {"the step that runs", "the step fails and the node goes to deploy failed",
		"nothing: it ends by itself"},
	[PS_DEPLOY_WAIT] = {"the agent",
		"the node goes to deploy failed and the machine is powered off", WAIT_NEXT},
	[PS_DEPLOY_FAILED] = {NULL, NULL,
		"correct what last_error says, then deploy again: ingot node deploy NODE --image "
		"URL "
		"--checksum SUM --wait; or give up: ingot node undeploy NODE --wait"},
	[PS_DEPLOY_HOLD] = {"an operator to unhold or abort", "it waits on, without end",
		HOLD_NEXT},
	[PS_CLEANING] = {"the step that runs", "the step fails and the node goes to clean failed",
		"nothing: it ends by itself"},
	[PS_CLEAN_WAIT] = {"the agent", "the node goes to clean failed", WAIT_NEXT},
	[PS_CLEAN_FAILED] = {NULL, NULL,
		"correct what last_error says, take it out of maintenance if it is in it (ingot "
		"node "
		"maintenance off NODE), then: ingot node manage NODE --wait, ingot node provide "
		"NODE --wait"},
	[PS_CLEAN_HOLD] = {"an operator to unhold or abort", "it waits on, without end", HOLD_NEXT},
	[PS_DELETING] = {"the machine to be off", BMC_THEN "error", "nothing: it ends by itself"},
	[PS_INSPECTING] = {"the step that runs",
		"the step fails and the node goes to inspect failed", "nothing: it ends by itself"},
	[PS_INSPECT_WAIT] = {"the agent to report what it found",
		"the node goes to inspect failed and the machine is powered off", WAIT_NEXT},
	[PS_INSPECT_FAILED] = {NULL, NULL,
		"correct what last_error says, then inspect again: ingot node inspect NODE --wait"},
	[PS_ADOPTING] = {"the BMC's answer", BMC_THEN "adopt failed", "nothing: it ends by itself"},
	[PS_ADOPT_FAILED] = {NULL, NULL,
		"correct what last_error says, then adopt it again, or: ingot node manage NODE "
		"--wait"},
	[PS_RESCUING] = {"the step that runs", "the step fails and the node goes to rescue failed",
		"nothing: it ends by itself"},
	[PS_RESCUE_WAIT] = {"the agent", "the node goes to rescue failed", WAIT_NEXT},
	[PS_RESCUE_FAILED] = {NULL, NULL,
		"correct what last_error says, then rescue it again, or unrescue it (PUT "
		"states/provision)"},
	[PS_UNRESCUING] = {"the step that runs",
		"the step fails and the node goes to unrescue failed",
		"nothing: it ends by itself"},
	[PS_UNRESCUE_FAILED] = {NULL, NULL,
		"correct what last_error says, then unrescue it again (PUT states/provision)"},
	[PS_SERVICING] = {"the step that runs",
		"the step fails and the node goes to service failed", "nothing: it ends by itself"},
	[PS_SERVICE_WAIT] = {"the agent", "the node goes to service failed", WAIT_NEXT},
	[PS_SERVICE_FAILED] = {NULL, NULL,
		"correct what last_error says, then service it again, or give up: ingot node abort "
		"NODE"},
	[PS_SERVICE_HOLD] = {"an operator to unhold or abort", "it waits on, without end",
		HOLD_NEXT},
};

const struct explanation *explain_state(enum provision_state s)
{
	return s > PS_NONE && s < PS_COUNT && states[s].next ? &states[s] : NULL;
}

const char *explain_fill(const char *text, const char *node, char *buf, size_t size)
{
	size_t at = 0;

	for (; *text && at + 1 < size; text++) {
		if (str_starts(text, "NODE")) {
			int n = snprintf(buf + at, size - at, "%s", node);

			at = at + (size_t)n < size ? at + (size_t)n : size - 1;
			text += strlen("NODE") - 1;
		} else {
			buf[at++] = *text;
		}
	}
	buf[at] = '\0';
	return buf;
}
