/* Kernel parameters the agent is started with (contract 4.1). */
#include "conductor/flow/flow.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <string.h>

#define COMMON "rootfstype=ramfs console=ttyS0,115200n8 console=tty0 quiet"

char *flow_agent_cmdline(const struct node *n, const struct flow_env *env)
{
	const char *own = json_str(n->driver_info, "kernel_append_params"), *at;
	bool inspects =
		n->provision_state == PS_INSPECTING || n->provision_state == PS_INSPECT_WAIT;
	struct buf b = BUF_INIT(4096);

	if (inspects && env->lldp_wait_s) /* before the node's own, of which the last counts */
		buf_printf(&b, "ipa-collect-lldp=1 ipa-lldp-timeout=%d ", env->lldp_wait_s);
	at = own ? strstr(own, "%default%") : NULL;
	if (!own)
		buf_puts(&b, COMMON);
	else if (!at)
		buf_puts(&b, own);
	else
		buf_printf(&b, "%.*s" COMMON "%s", (int)(at - own), own, at + strlen("%default%"));
	buf_printf(&b, " ipa-api-url=%s", env->api_url);
	if (inspects)
		buf_printf(
			&b, " ipa-inspection-callback-url=%s/v1/continue_inspection", env->api_url);
	buf_puts(&b, " ingot-boot-token=%token% BOOTIF=%mac%");
	return buf_take(&b);
}
