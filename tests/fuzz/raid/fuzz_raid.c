/*
 * A RAID configuration as clients write it. What is taken can be made by every fake machine and
 * taken again; what is refused says why.
 */
#include "conductor/driver/driver.h"
#include "conductor/driver/raid.h"
#include "lib/json/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_it(const json_t *config)
{
	_cleanup_json_ json_t *step = json_pack("{s:s, s:s, s:{s:O}}", "interface", "raid", "step",
		"apply_configuration", "args", "raid_config", config);
	struct node n;
	struct err e;

	node_init(&n);
	fake_step_done(&n, step);
	json_object_del(n.raid_config, "last_updated");
	if (raid_check(n.raid_config, &e) < 0 || !json_equal(n.raid_config, config))
		abort();
	node_done(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *config = NULL;
	struct err e = {0};

	if (json_parse((const char *)data, size, JSON_DEPTH_MAX, &config, &e) < 0)
		return 0;
	if (raid_check(config, &e) == 0)
		make_it(config);
	else if (!*e.text)
		abort();
	return 0;
}
