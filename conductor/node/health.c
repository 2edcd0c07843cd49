/*
 * How healthy a node is: the worst of what its chassis status says, which every power read carries,
 * and of its sensors, whenever they are read. Only a change is written.
 *
 * driver_internal_info.ingot_health keeps the parts while one of them is not OK:
 * {"chassis": enum chassis_fault, "sensors": "Warning", "chassis_text", "sensors_text"}.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <string.h>

#define KEPT	 "ingot_health"
#define TEXT_MAX 600 /* of all sensors that are not well */

/* What is known of the parts, in the record and as it shall be. */
struct parts {
	unsigned chassis;
	enum health sensors;
	char chassis_text[200], sensors_text[TEXT_MAX];
};

static void parts_read(const struct node *n, struct parts *p)
{
	const json_t *kept = json_object_get(n->driver_internal_info, KEPT);
	enum health all = health_parse(n->health);
	const char *text = json_str(kept, "sensors_text");

	memset(p, 0, sizeof(*p));
	p->chassis = (unsigned)json_int(kept, "chassis", all ? CHASSIS_KNOWN : 0);
	p->sensors = health_parse(json_str(kept, "sensors"));
	chassis_text(p->chassis, p->chassis_text, sizeof(p->chassis_text));
	str_copy(p->sensors_text, sizeof(p->sensors_text), text ? text : "");
}

static enum health worst(const struct parts *p)
{
	enum health chassis = chassis_health(p->chassis);

	return chassis > p->sensors ? chassis : p->sensors;
}

static void parts_write(struct node *n, const struct parts *p)
{
	enum health all = worst(p);
	json_t *kept;

	str_replace(&n->health, health_names[all]);
	if (all <= HEALTH_OK) {
		json_object_del(n->driver_internal_info, KEPT);
		return;
	}
	kept = json_pack("{s:i, s:s, s:s}", "chassis", (int)p->chassis, "chassis_text",
		p->chassis_text, "sensors_text", p->sensors_text);
	json_put_str(kept, "sensors", health_names[p->sensors]);
	json_object_set_new(n->driver_internal_info, KEPT, kept);
}

void health_mirror(struct enode *e, const struct node *n)
{
	const json_t *kept = json_object_get(n->driver_internal_info, KEPT);

	e->en->stats.nodes_by_health[e->health]--;
	e->health = (uint8_t)health_parse(n->health);
	e->en->stats.nodes_by_health[e->health]++;
	e->chassis = (uint16_t)json_int(kept, "chassis", e->health ? CHASSIS_KNOWN : 0);
}

char *health_reason(const struct node *n)
{
	struct parts p;
	bool both;

	parts_read(n, &p);
	both = *p.chassis_text && *p.sensors_text;
	if (!*p.chassis_text && !*p.sensors_text)
		return NULL;
	return xasprintf("%s%s%s", p.chassis_text, both ? "; " : "", p.sensors_text);
}

static void change(struct enode *e, const struct parts *p)
{
	static const char *const severities[HEALTH_COUNT] = {"INFO", "INFO", "WARNING", "ERROR"};
	enum health was = (enum health)e->health, is = worst(p);
	struct commit *c = commit_new(e);
	_cleanup_free_ char *reason = NULL, *event = NULL;

	parts_write(c->next, p);
	reason = health_reason(c->next);
	/* The first "OK" of a node is nothing new. */
	if (is != HEALTH_OK || was != HEALTH_UNKNOWN) {
		event = xasprintf("health %s -> %s%s%s", was ? health_names[was] : "unknown",
			is ? health_names[is] : "unknown", reason ? ": " : "",
			reason ? reason : "");
		history_add(c, severities[is], "health", NULL, NULL, 0, NULL, event);
		commit_news(c, NEWS_HEALTH, health_names[was], health_names[is],
			reason ? reason : "nothing is wrong any more");
		log_line(is > HEALTH_OK ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "node %s: %s",
			e->name ? e->name : e->uuid, event);
	}
	commit_submit(c, NULL, NULL);
}

/* Nothing is written while something else is: what is so will be seen again. */
static bool can_write(const struct enode *e)
{
	return !e->committing && !e->run && !e->en->stopping;
}

bool health_chassis(struct enode *e, unsigned faults)
{
	struct parts p;

	if (!(faults & CHASSIS_KNOWN) || (faults == e->chassis && e->health) || !can_write(e))
		return false;
	parts_read(enode_get(e), &p);
	p.chassis = faults;
	chassis_text(faults, p.chassis_text, sizeof(p.chassis_text));
	change(e, &p);
	return true;
}

void health_first(struct node *n, unsigned faults)
{
	if (!n->health && chassis_health(faults) == HEALTH_OK)
		str_replace(&n->health, health_names[HEALTH_OK]);
}

/* The sensors that are not well, by name, the worst first. */
static void sensors_judge(const json_t *sensors, struct parts *p)
{
	static const char *const states[] = {"critical", "warning"};
	const json_t *s, *word;
	size_t i, at = 0;

	p->sensors = HEALTH_OK;
	p->sensors_text[0] = '\0';
	for (int k = 0; k < 2; k++)
		json_array_foreach (sensors, i, s) {
			word = json_array_get(json_object_get(s, "states"), 0);
			if (!str_eq(json_str(s, "state"), states[k]))
				continue;
			if (p->sensors == HEALTH_OK)
				p->sensors = k ? HEALTH_WARNING : HEALTH_CRITICAL;
			if (at < TEXT_MAX - 80)
				at += (size_t)snprintf(p->sensors_text + at, 80, "%s%.30s: %.40s",
					at ? "; " : "", json_str(s, "name"),
					word ? json_string_value(word) : states[k]);
		}
}

void health_sensors(struct enode *e, const json_t *value)
{
	const json_t *sensors = json_object_get(value, "sensors");
	bool hot = e->hot != NULL;
	struct parts p, was;

	if (!json_array_size(sensors) || !can_write(e))
		return;
	parts_read(enode_get(e), &was);
	p = was;
	sensors_judge(sensors, &p);
	if (worst(&p) != (enum health)e->health || !str_eq(p.sensors_text, was.sensors_text))
		change(e, &p);
	else if (!hot)
		enode_cool(e);
}
