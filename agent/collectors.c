/* The table of collectors; see collectors.h. What they tell is gathered in inspect/. */
#include "agent/collectors.h"
#include "agent/inspect/inventory.h"
#include "agent/logs.h"
#include "lib/base/str.h"

#include <string.h>

static json_t *collect_logs(struct agent *a, const json_t *data)
{
	_cleanup_free_ char *text = NULL;

	return logs_collect(a, &text, NULL) < 0 ? NULL : json_string(text);
}

static json_t *collect_dmi(struct agent *a, const json_t *data)
{
	return inventory_dmi(a->sr);
}

/* Already waited for, when the inventory was made. */
static json_t *collect_lldp(struct agent *a, const json_t *data)
{
	return lldp_heard(a->platform->lldp, 0);
}

static json_t *collect_extra(struct agent *a, const json_t *data)
{
	return inventory_extra(json_object_get(data, "inventory"));
}

static json_t *collect_numa(struct agent *a, const json_t *data)
{
	return inventory_numa(a->sr);
}

static json_t *collect_pci(struct agent *a, const json_t *data)
{
	return inventory_pci(a->sr);
}

static json_t *collect_usb(struct agent *a, const json_t *data)
{
	return inventory_usb(a->sr);
}

/* Each gets what was gathered so far. "default" is the inventory itself. The logs are the last, so
 * that they tell of the others. */
static const struct {
	const char *name, *member;
	json_t *(*collect)(struct agent *a, const json_t *data);
} collectors[] = {
	{"default", NULL, NULL},
	{"dmi-decode", "dmi", collect_dmi},
	{"extra-hardware", "data", collect_extra},
	{"lldp", "lldp_raw", collect_lldp},
	{"numa-topology", "numa_topology", collect_numa},
	{"pci-devices", "pci_devices", collect_pci},
	{"usb-devices", "usb_devices", collect_usb},
	{"logs", "logs", collect_logs},
};

bool collector_wanted(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p && (p = strstr(p, name)); p += n)
		if ((p == list || strchr(", ", p[-1])) && (!p[n] || strchr(", ", p[n])))
			return true;
	return !list;
}

static void tell_unknown(struct agent *a)
{
	const char *given = a->params->inspection_collectors;
	_cleanup_free_ char *list = xstrdup(given);
	char *save = NULL;

	for (char *w = list ? strtok_r(list, ", ", &save) : NULL; w;
		w = strtok_r(NULL, ", ", &save)) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(collectors); i++)
			known = known || str_eq(collectors[i].name, w);
		if (!known)
			say_warning(a->journal, "there is no collector \"%s\"", w);
	}
}

void collectors_run(struct agent *a, json_t *data, json_t *names)
{
	tell_unknown(a);
	for (size_t i = 0; i < ARRAY_SIZE(collectors); i++) {
		json_t *part;

		if (!collector_wanted(a->params->inspection_collectors, collectors[i].name))
			continue;
		json_array_append_new(names, json_string(collectors[i].name));
		part = collectors[i].collect ? collectors[i].collect(a, data) : NULL;
		if (part)
			json_object_set_new(data, collectors[i].member, part);
	}
}
