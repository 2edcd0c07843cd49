/* Drivers and the conductor, which is one: this one. */
#include "conductor/api/handlers.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

static json_t *find_driver(const json_t *answer, const char *name)
{
	json_t *driver;
	size_t i;

	json_array_foreach (json_object_get(answer, "drivers"), i, driver)
		if (str_eq(json_str(driver, "name"), name))
			return driver;
	return NULL;
}

/* A driver as this version shows it. */
static json_t *render(const struct call *c, const json_t *driver, bool detail)
{
	const char *name = json_str(driver, "name"), *key;
	json_t *out = json_object(), *value;

	json_object_foreach ((json_t *)driver, key, value) {
		bool interfaces = str_starts(key, "default_") || str_starts(key, "enabled_");

		if (str_eq(key, "properties") || (interfaces && (!detail || c->version < 30)) ||
			(str_eq(key, "type") && c->version < 30))
			continue;
		json_object_set(out, key, value);
	}
	json_object_set_new(out, "links", call_links(c, "drivers", name, NULL));
	if (c->version >= 14)
		json_object_set_new(
			out, "properties", call_links(c, "drivers", name, "properties"));
	return out;
}

static void finish_list(struct call *c, struct request *r)
{
	json_t *list = json_array(), *driver;
	size_t i;

	json_array_foreach (json_object_get(r->answer, "drivers"), i, driver)
		json_array_append_new(list, render(c, driver, c->flag));
	call_reply_json(c, 200, json_pack("{s:o}", "drivers", list));
}

int drivers_list(struct call *c, struct err *e)
{
	static const char *const known[] = {"type", "detail", "fields", NULL};
	const char *type = http_arg(c->req, "type");

	for (const char *const *k = known; *k; k++)
		if (http_arg(c->req, *k) && version_check(c->version, "driver?", *k, e) < 0)
			return -e->code;
	if (call_arg_bool(c, "detail", false, &c->flag, e) < 0)
		return -e->code;
	if (type && !str_eq(type, "dynamic") && !str_eq(type, "classic"))
		return err_set(e, EINVAL, "\"type\" filter must be one of classic or dynamic");
	if (str_eq(type, "classic")) {
		call_reply_json(c, 200, json_pack("{s:[]}", "drivers"));
		return 0;
	}
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_list);
}

/* Answers with what show() makes of the driver named in the path. */
static void finish_with(
	struct call *c, struct request *r, json_t *(*show)(struct call *c, json_t *))
{
	json_t *driver = find_driver(r->answer, c->params[0]);
	struct err e;

	if (driver) {
		call_reply_json(c, 200, show(c, driver));
		return;
	}
	err_set(&e, ENOENT, "The driver '%.64s' is unknown.", c->params[0]);
	call_reply_error(c, &e);
}

static json_t *show_driver(struct call *c, json_t *driver)
{
	return render(c, driver, true);
}

static void finish_get(struct call *c, struct request *r)
{
	finish_with(c, r, show_driver);
}

int driver_get(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_get);
}

static json_t *show_properties(struct call *c, json_t *driver)
{
	json_t *properties = json_object_get(driver, "properties");

	return properties ? json_incref(properties) : json_object();
}

static void finish_properties(struct call *c, struct request *r)
{
	finish_with(c, r, show_properties);
}

int driver_properties(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_properties);
}

static json_t *show_raid(struct call *c, json_t *driver)
{
	static const struct {
		const char *name, *text;
	} known[] = {
		{"controller", "Controller to make the logical disk on; 'software' for mdadm"},
		{"disk_type", "Kind of physical disks: hdd or ssd"},
		{"interface_type", "How the physical disks are attached: sata, scsi or sas"},
		{"is_root_volume", "Whether the image goes to this logical disk"},
		{"number_of_physical_disks", "How many physical disks to use"},
		{"physical_disks", "Which physical disks to use"},
		{"raid_level", "RAID level: JBOD, 0, 1, 2, 5, 6, 1+0, 5+0 or 6+0; required"},
		{"share_physical_disks", "Whether other logical disks may use the same disks"},
		{"size_gb", "Size in GiB, or 'MAX'; required"},
		{"volume_name", "Name of the volume"},
	};
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		json_put_str(out, known[i].name, known[i].text);
	return out;
}

static void finish_raid(struct call *c, struct request *r)
{
	finish_with(c, r, show_raid);
}

int driver_raid_properties(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_raid);
}

static json_t *show_methods(struct call *c, json_t *driver)
{
	return json_object();
}

static void finish_methods(struct call *c, struct request *r)
{
	finish_with(c, r, show_methods);
}

int driver_methods(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_methods);
}

/* Asked for with the drivers, because it lists their names. */
static json_t *conductor(const struct call *c, const json_t *answer, bool detail)
{
	const char *hostname = engine_hostname(call_engine(c));
	char created[TIME_TEXT_MAX], now[TIME_TEXT_MAX];
	json_t *names = json_array(), *driver, *out;
	size_t i;

	json_array_foreach (json_object_get(answer, "drivers"), i, driver)
		json_array_append(names, json_object_get(driver, "name"));
	time_format(engine_started_at_us(call_engine(c)), created, sizeof(created));
	time_format(time_wall_us(), now, sizeof(now));
	out = json_pack("{s:s, s:s, s:b, s:o}", "hostname", hostname, "conductor_group", "",
		"alive", 1, "links", call_links(c, "conductors", hostname, NULL));
	if (detail)
		json_object_update_new(out, json_pack("{s:O, s:s, s:s}", "drivers", names,
						    "created_at", created, "updated_at", now));
	json_decref(names);
	return out;
}

static void finish_conductors(struct call *c, struct request *r)
{
	call_reply_json(
		c, 200, json_pack("{s:[o]}", "conductors", conductor(c, r->answer, c->flag)));
}

int conductors_list(struct call *c, struct err *e)
{
	if (call_arg_bool(c, "detail", false, &c->flag, e) < 0)
		return -e->code;
	if (http_arg(c->req, "fields")) /* all of them, then, is more than was asked for */
		c->flag = true;
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_conductors);
}

static void finish_conductor(struct call *c, struct request *r)
{
	call_reply_json(c, 200, conductor(c, r->answer, true));
}

int conductor_get(struct call *c, struct err *e)
{
	if (!str_eq(c->params[0], engine_hostname(call_engine(c))))
		return err_set(e, ENOENT, "Conductor %.128s could not be found.", c->params[0]);
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_conductor);
}
