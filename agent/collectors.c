/* Running the collectors that were asked for; see collectors.h. */
#include "agent/collectors.h"
#include "agent/inspect/collect.h"
#include "agent/logs.h"
#include "lib/base/str.h"

#include <string.h>

#define LOGS "logs"

static bool is_known(const char *name)
{
	for (size_t i = 0; i < collectors_n; i++)
		if (str_eq(collectors[i].name, name))
			return true;
	return str_eq(name, LOGS) || str_eq(name, "all");
}

static void tell_unknown(struct agent *a)
{
	_cleanup_free_ char *list = xstrdup(a->params->inspection_collectors);
	char *save = NULL;

	for (char *w = list ? strtok_r(list, ", ", &save) : NULL; w;
		w = strtok_r(NULL, ", ", &save))
		if (!is_known(w))
			say_warning(a->journal, "there is no collector \"%s\"", w);
}

static void run_one(struct agent *a, const struct collector *c, json_t *data)
{
	json_t *part = c->collect ? c->collect(a->sr, a->platform->lldp, data) : NULL;

	if (part)
		json_object_set_new(data, c->member, part);
}

/* The last, so that they tell of the others too. */
static void run_logs(struct agent *a, json_t *data)
{
	_cleanup_free_ char *text = NULL;

	if (logs_collect(a, &text, NULL) == 0)
		json_put_str(data, LOGS, text);
}

void collectors_run(struct agent *a, json_t *data, json_t *names)
{
	const char *list = a->params->inspection_collectors;

	tell_unknown(a);
	for (size_t i = 0; i < collectors_n; i++)
		if (collector_wanted(list, collectors[i].name)) {
			json_array_append_new(names, json_string(collectors[i].name));
			run_one(a, &collectors[i], data);
		}
	if (!collector_wanted(list, LOGS))
		return;
	json_array_append_new(names, json_string(LOGS));
	run_logs(a, data);
}
