/* Which steps the interfaces of a node offer: Ironic's names and priorities. */
#include "conductor/flow/offers.h"
#include "tests/unit/tap.h"

#include <string.h>

/* "deploy.deploy=100 ...", in the order offered. */
static const char *offered(
	const char *driver, enum interface i, const char *name, enum flow_kind kind)
{
	static char text[512];
	struct node n;
	json_t *list, *step;
	size_t k;

	node_init(&n);
	n.driver = strdup(driver);
	n.interfaces[i] = strdup(name);
	list = offers_list(&n, kind);
	*text = '\0';
	json_array_foreach (list, k, step)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%d", k ? " " : "",
			json_str(step, "step"), (int)json_int(step, "priority", -1));
	json_decref(list);
	node_done(&n);
	return text;
}

int main(void)
{
	is_str(offered("ipmi", IF_DEPLOY, "direct", FLOW_DEPLOY),
		"deploy=100 write_image=80 prepare_instance_boot=60 tear_down_agent=40 "
		"boot_instance=20",
		"a deployment of an image");
	is_str(offered("ipmi", IF_DEPLOY, "custom-agent", FLOW_DEPLOY),
		"deploy=100 prepare_instance_boot=60 tear_down_agent=40 boot_instance=20",
		"one whose client brings the step that writes");
	is_str(offered("fake-hardware", IF_DEPLOY, "fake", FLOW_DEPLOY), "deploy=100",
		"a fake one");
	is_str(offered("fake-hardware", IF_BIOS, "fake", FLOW_CLEAN),
		"apply_configuration=0 factory_reset=0 cache_bios_settings=0", "BIOS settings");
	is_str(offered("fake-hardware", IF_VENDOR, "fake", FLOW_CLEAN), "log_passthrough=1",
		"the one step of automated cleaning");
	is_str(offered("fake-hardware", IF_BIOS, "no-bios", FLOW_CLEAN), "", "what it has not");
	return done_testing();
}
