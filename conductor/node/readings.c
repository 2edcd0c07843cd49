/*
 * Sensors read now and then (drivers sensor_interval): nodes one after the other, evenly over the
 * interval, behind everything else that a BMC is asked, and at most so many at once. What comes
 * back makes the node's health and a few numbers for /metrics.
 */
#include "conductor/node/readings.h"
#include "conductor/node/enode.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define TICK_MS	  1000
#define AT_ONCE	  32
#define TIMEOUT_S 300

static void reading_free(struct reading *r)
{
	if (r)
		free(r->node);
	free(r);
}

static void at_least(double *v, double x)
{
	if (isnan(*v) || x > *v)
		*v = x;
}

static void take_sensor(struct reading *r, const json_t *s)
{
	const char *state = json_str(s, "state"), *unit = json_str(s, "unit");
	const char *name = json_str(s, "name"), *type = json_str(s, "type");
	const json_t *value = json_object_get(s, "value");
	double v = json_number_value(value);

	r->problems += str_eq(state, "warning") || str_eq(state, "critical");
	if (!json_is_number(value))
		return;
	if (str_eq(unit, "watts"))
		at_least(&r->power_w, v);
	if (!str_eq(unit, "degrees C") || !str_eq(type, "temperature"))
		return;
	at_least(&r->hottest_c, v);
	if (str_eq(json_str(s, "entity"), "air inlet") || strcasestr(name, "inlet") ||
		strcasestr(name, "ambient"))
		at_least(&r->inlet_c, v);
}

void reading_take(struct enode *e, const json_t *value)
{
	struct engine *en = e->en;
	struct reading *r;
	const json_t *s;
	size_t i;

	if (!json_array_size(json_object_get(value, "sensors")))
		return;
	r = xcalloc(1, sizeof(*r));
	r->node = xstrdup(e->name ? e->name : e->uuid);
	r->power_w = r->hottest_c = r->inlet_c = NAN;
	json_array_foreach (json_object_get(value, "sensors"), i, s)
		take_sensor(r, s);
	pthread_mutex_lock(&en->lock);
	reading_free(map_remove(&en->readings, e->uuid));
	if (en->readings.n < READINGS_MAX)
		map_put(&en->readings, e->uuid, TAKE_PTR(r));
	pthread_mutex_unlock(&en->lock);
	reading_free(r);
}

void reading_forget(struct enode *e)
{
	pthread_mutex_lock(&e->en->lock);
	reading_free(map_remove(&e->en->readings, e->uuid));
	pthread_mutex_unlock(&e->en->lock);
}

void engine_readings(
	struct engine *en, void (*each)(void *data, const struct reading *r), void *data)
{
	void *value;

	pthread_mutex_lock(&en->lock);
	for (size_t pos = 0; map_next(&en->readings, &pos, NULL, &value);)
		each(data, value);
	pthread_mutex_unlock(&en->lock);
}

static void on_read(struct op *op)
{
	struct engine *en = op->engine;
	struct enode *e = map_get(&en->nodes, op->node);

	en->reading--;
	if (op->result < 0) {
		en->stats.ops_failed++;
		en->stats.sensor_polls_failed++;
	} else if (e) {
		reading_take(e, op->value);
		health_sensors(e, op->value);
	}
	op_free(op);
}

static bool wanted(struct enode *e)
{
	return power_swept(e) && !flow_bmc_rests(e->en->flow, e->uuid) &&
	       flow_bmc_can(enode_get(e), BMC_SENSORS);
}

static void read_one(struct enode *e)
{
	struct op *op;

	if (wanted(e)) {
		op = op_new(e, "read the sensors", TIMEOUT_S);
		op->post = on_read;
		e->en->reading++;
		e->en->stats.sensor_polls++;
		flow_bmc_ask(e->en->flow, enode_get(e), BMC_SENSORS, NULL, true, op);
	}
	if (!e->run && !e->committing)
		enode_cool(e);
}

/* What is left over when BMCs are slow is not made up for: the round only takes longer. */
static void on_tick(uv_timer_t *t)
{
	struct engine *en = t->data;
	int64_t interval_ms = (int64_t)en->config.sensor_interval_s * 1000;
	void *value;

	for (en->reading_credit += (int64_t)en->nodes.n * TICK_MS;
		en->reading_credit >= interval_ms; en->reading_credit -= interval_ms) {
		if (en->reading >= AT_ONCE) {
			en->reading_credit = interval_ms;
			return;
		}
		if (map_next(&en->nodes, &en->reading_pos, NULL, &value))
			read_one(value);
		else
			en->reading_pos = 0;
	}
}

void readings_start(struct engine *en)
{
	if (en->config.sensor_interval_s > 0)
		uv_timer_start(&en->reading_timer, on_tick, TICK_MS, TICK_MS);
}

void readings_free(struct engine *en)
{
	void *value;

	for (size_t pos = 0; map_next(&en->readings, &pos, NULL, &value);)
		reading_free(value);
	map_done(&en->readings);
}
