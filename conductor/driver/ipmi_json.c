/* What IPMI reads found, as JSON; see ipmi.h. */
#include "conductor/driver/ipmi.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <math.h>
#include <string.h>

static const char *const weights[] = {
	[WEIGHT_OK] = "ok", [WEIGHT_WARNING] = "warning", [WEIGHT_CRITICAL] = "critical"};

/* A BMC that does not know the day counts from its start (IPMI 37): that is no time of day. */
static void put_time(json_t *j, const char *key, int64_t s)
{
	char text[TIME_TEXT_MAX];

	json_put_str(j, key,
		s > SEL_SINCE_START && s != UINT32_MAX
			? time_format(s * 1000000, text, sizeof(text))
			: NULL);
}

/* Six digits say more than eight bits can. */
static json_t *number(double v)
{
	char text[32];

	if (isnan(v))
		return json_null();
	snprintf(text, sizeof(text), "%.6g", v);
	v = strtod(text, NULL);
	return v == floor(v) && fabs(v) < 1e15 ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *thresholds(const struct ipmi_sensor *x)
{
	json_t *j = json_object();

	for (int t = 0; t < THRESHOLD_COUNT; t++)
		if (x->thresholds_known >> t & 1 && x->sdr.analog)
			json_object_set_new(j, threshold_names[t],
				number(sensor_convert(&x->sdr, &x->factors, x->thresholds[t])));
	return j;
}

/* "ok", "warning", "critical", or why there is no reading. */
static const char *state_of(const struct ipmi_sensor *x)
{
	if (x->elsewhere)
		return "elsewhere";
	if (x->cc)
		return x->cc == 0xcb ? "absent" : "unreadable";
	if (!x->reading.scanned)
		return "disabled";
	return x->reading.available ? weights[sensor_weight(&x->sdr, &x->reading)] : "unavailable";
}

static json_t *states(const struct ipmi_sensor *x)
{
	json_t *list = json_array();
	const char *text;
	char buf[32];

	for (unsigned i = 0; (text = sensor_state(&x->sdr, &x->reading, i, buf)); i++)
		json_array_append_new(list, json_string(text));
	if (x->cc)
		json_array_append_new(list, json_string(ipmi_cc_text(x->cc)));
	return list;
}

static json_t *sensor_json(const struct ipmi_sensor *x)
{
	bool read = !x->elsewhere && !x->cc && x->reading.available;
	json_t *j = json_object();
	char unit[SENSOR_UNIT_MAX];

	json_put_str(j, "name", x->sdr.name);
	json_put_int(j, "number", x->sdr.number);
	json_put_str(j, "type", sensor_type_name(x->sdr.sensor_type));
	json_put_str(j, "entity", entity_name(x->sdr.entity));
	json_put_int(j, "entity_instance", x->sdr.instance & 0x7f);
	json_object_set_new(j, "value",
		number(read ? sensor_convert(&x->sdr, &x->factors, x->reading.raw) : NAN));
	json_put_str(j, "unit", x->sdr.analog ? sensor_unit(&x->sdr, unit) : "");
	json_put_str(j, "state", state_of(x));
	json_object_set_new(j, "states", states(x));
	json_object_set_new(j, "thresholds", thresholds(x));
	return j;
}

json_t *ipmi_sensors_json(const struct ipmi_sensors *s)
{
	json_t *j = json_object(), *list = json_array();

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(list, sensor_json(&s->list[i]));
	json_object_set_new(j, "sensors", list);
	json_put_str(j, "missing", s->missing);
	return j;
}

static json_t *area_json(const struct fru_area *a, enum fru_area_kind kind)
{
	json_t *j, *custom;

	if (!a->present)
		return json_null();
	j = json_object();
	custom = json_array();
	if (kind == FRU_CHASSIS)
		json_put_str(j, "type", a->chassis_type);
	for (unsigned i = 0; i < a->n_fields; i++)
		if (a->fields[i].number)
			json_array_append_new(custom, json_string(a->fields[i].text));
		else
			json_put_str(j, a->fields[i].name, a->fields[i].text);
	if (kind == FRU_BOARD)
		put_time(j, "manufactured_at", a->made_s);
	json_object_set_new(j, "custom", custom);
	json_put_bool(j, "damaged", a->bad_checksum || a->cut);
	return j;
}

json_t *ipmi_frus_json(const struct ipmi_frus *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < f->n; i++) {
		const struct ipmi_fru_device *d = &f->list[i];
		json_t *j = json_object();

		json_put_int(j, "id", d->id);
		json_put_str(j, "name", d->name);
		json_put_str(j, "why_not", d->why);
		for (int k = 0; k < FRU_AREAS; k++)
			json_object_set_new(j, fru_area_names[k],
				area_json(&d->fru.areas[k], (enum fru_area_kind)k));
		json_array_append_new(list, j);
	}
	return json_pack("{s:o}", "frus", list);
}

/* The record of the sensor an entry is about; NULL: none of the BMC's own. */
static const struct sdr_sensor *sensor_of(
	const struct sel_entry *e, const struct ipmi_sensors *names)
{
	for (unsigned i = 0; names && e->type < 0xc0 && i < names->n; i++) {
		const struct sdr_sensor *s = &names->list[i].sdr;

		if (s->number == e->number && s->sensor_type == e->sensor_type &&
			s->owner == (e->generator & 0xff) && s->lun == (e->generator >> 8 & 3))
			return s;
	}
	return NULL;
}

static json_t *entry_json(const struct sel_entry *e, const struct ipmi_sensors *names)
{
	const struct sdr_sensor *sensor = sensor_of(e, names);
	json_t *j = json_object();
	char text[SEL_TEXT_MAX];

	json_put_int(j, "id", e->id);
	put_time(j, "at", e->time_s);
	json_object_set_new(
		j, "since_start_s", e->since_start ? json_integer(e->time_s) : json_null());
	json_put_str(j, "sensor_type", e->type < 0xc0 ? sensor_type_name(e->sensor_type) : "OEM");
	json_object_set_new(
		j, "sensor_number", e->type < 0xc0 ? json_integer(e->number) : json_null());
	json_put_str(j, "sensor", sensor ? sensor->name : NULL);
	json_put_str(j, "event", sel_text(e, sensor, text));
	json_put_str(j, "state", weights[sel_weight(e)]);
	json_put_bool(j, "asserted", !e->deasserted);
	json_put_int(j, "record_type", e->type);
	return j;
}

static json_t *sel_info_json(const struct ipmi_sel *s)
{
	const struct sel_info *i = &s->info;
	json_t *j = json_object();
	char version[8];

	snprintf(version, sizeof(version), "%u.%u", i->version & 0x0fu, (unsigned)i->version >> 4);
	json_put_str(j, "version", version);
	json_put_int(j, "entries", i->entries);
	json_put_int(j, "free_bytes", i->free_bytes);
	json_put_bool(j, "overflow", i->overflow);
	put_time(j, "added_at", i->added_s);
	put_time(j, "erased_at", i->erased_s);
	return j;
}

json_t *ipmi_sel_json(const struct ipmi_sel *s, const struct ipmi_sensors *names, int64_t wall_us)
{
	json_t *j = json_object(), *list = json_array();

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(list, entry_json(&s->list[i], names));
	json_object_set_new(j, "info", sel_info_json(s));
	put_time(j, "clock", s->clock_s);
	json_object_set_new(j, "clock_ahead_s",
		s->clock_s > SEL_SINCE_START
			? json_integer((json_int_t)s->clock_s - wall_us / 1000000)
			: json_null());
	json_put_bool(j, "older", s->older);
	json_object_set_new(j, "entries", list);
	return j;
}

json_t *ipmi_lan_json(const struct ipmi_lan *l)
{
	json_t *j = json_object();

	json_put_int(j, "channel", l->channel);
	for (unsigned i = 0; i < l->n; i++)
		json_put_str(j, l->fields[i].name, l->fields[i].text);
	return j;
}

/* IPMI 20.1, byte 7. */
static json_t *support_json(uint8_t support)
{
	static const char *const names[] = {"sensors", "SDR repository", "event log",
		"FRU inventory", "IPMB event receiver", "IPMB event generator", "bridge",
		"chassis"};
	json_t *list = json_array();

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (support >> i & 1)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

/* Does it look like a UUID of RFC 4122: variant 10x, version 1 to 5? */
static bool plausible(const uint8_t u[16])
{
	return (u[8] & 0xc0) == 0x80 && u[6] >> 4 >= 1 && u[6] >> 4 <= 5;
}

/*
 * IPMI 20.8 wants the bytes backwards; most BMCs give them as SMBIOS has them (the first three
 * groups little endian), some in plain order. The one that makes a UUID is taken.
 */
static void guid_text(const uint8_t g[16], char out[static UUID_TEXT_MAX])
{
	static const uint8_t orders[3][16] = {
		{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15},
		{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	};
	uint8_t u[16];
	size_t at = 0;

	for (int o = 0; o < 3; o++) {
		for (int i = 0; i < 16; i++)
			u[i] = g[orders[o][i]];
		if (plausible(u))
			break;
	}
	for (int i = 0; i < 16; i++)
		at += (size_t)snprintf(out + at, UUID_TEXT_MAX - at, "%s%02x",
			i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
}

json_t *ipmi_info_json(const struct ipmi_info *i)
{
	const struct ipmi_device_id *d = &i->device;
	json_t *j = json_object();
	char text[64];

	json_put_int(j, "manufacturer_id", d->manufacturer_id);
	json_put_int(j, "product_id", d->product_id);
	json_put_int(j, "device_id", d->device_id);
	json_put_int(j, "device_revision", d->device_revision);
	snprintf(text, sizeof(text), "%u.%02u", d->firmware_major, d->firmware_minor);
	json_put_str(j, "firmware", text);
	snprintf(
		text, sizeof(text), "%02x%02x%02x%02x", i->aux[0], i->aux[1], i->aux[2], i->aux[3]);
	json_put_str(j, "firmware_aux", i->has_aux ? text : NULL);
	snprintf(text, sizeof(text), "%u.%u", d->ipmi_major, d->ipmi_minor);
	json_put_str(j, "ipmi_version", text);
	json_put_bool(j, "updating", d->updating);
	guid_text(i->guid, text);
	json_put_str(j, "guid", i->has_guid ? text : NULL);
	json_put_str(j, "self_test", i->has_self_test ? ipmi_self_test_text(i->self_test) : NULL);
	json_object_set_new(j, "supports", support_json(i->support));
	return j;
}
