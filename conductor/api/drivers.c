/* Drivers: what the engine says of them, as this version shows it. */
#include "conductor/api/handlers.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static json_t *find_driver(const json_t *answer, const char *name)
{
	json_t *driver;
	size_t i;

	json_array_foreach (json_object_get(answer, "drivers"), i, driver)
		if (str_eq(json_str(driver, "name"), name))
			return driver;
	return NULL;
}

#define FIELDS_MAX 64

/* A driver as this version shows it. */
static json_t *render(const struct call *c, const json_t *driver, bool detail)
{
	const char *name = json_str(driver, "name"), *key;
	json_t *out = json_object(), *value;

	json_object_foreach ((json_t *)driver, key, value) {
		bool interfaces = str_starts(key, "default_") || str_starts(key, "enabled_");

		if (str_eq(key, "properties") ||
			(interfaces && (!detail || c->version < version_since("driver", "type"))) ||
			c->version < version_since("driver", key))
			continue;
		json_object_set(out, key, value);
	}
	json_object_set_new(out, "links", call_links(c, "drivers", name, NULL));
	if (c->version >= version_since("driver", "properties"))
		json_object_set_new(
			out, "properties", call_links(c, "drivers", name, "properties"));
	return out;
}

/* Leaves of a driver its links and what ?fields= names; -EINVAL: it has no such field. */
static int pick(json_t **driver, const char *fields, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(fields);
	_cleanup_json_ json_t *out = json_object();
	char *save = NULL;

	for (char *f = strtok_r(copy, ",", &save); f; f = strtok_r(NULL, ",", &save)) {
		json_t *value = json_object_get(*driver, str_trim(f));

		if (!value || json_object_size(out) >= FIELDS_MAX)
			return err_set(e, EINVAL, "fields: a driver has no \"%.64s\"", str_trim(f));
		json_object_set(out, str_trim(f), value);
	}
	json_object_set(out, "links", json_object_get(*driver, "links"));
	json_decref(*driver);
	*driver = TAKE_PTR(out);
	return 0;
}

static void finish_list(struct call *c, struct request *r)
{
	const char *fields = http_arg(c->req, "fields");
	json_t *list = json_array(), *driver;
	struct err e;
	size_t i;

	json_array_foreach (json_object_get(r->answer, "drivers"), i, driver) {
		json_t *shown = render(c, driver, c->flag);

		if (fields && pick(&shown, fields, &e) < 0) {
			json_decref(shown);
			json_decref(list);
			call_reply_error(c, &e);
			return;
		}
		json_array_append_new(list, shown);
	}
	call_reply_json(c, 200, json_pack("{s:o}", "drivers", list));
}

/* Arguments that are younger than the version asked for. */
static int check_args(struct call *c, struct err *e)
{
	static const char *const known[] = {"type", "detail", "fields", NULL};

	for (const char *const *k = known; *k; k++)
		if (http_arg(c->req, *k) && version_check(c->version, "driver?", *k, e) < 0)
			return -e->code;
	return 0;
}

int drivers_list(struct call *c, struct err *e)
{
	const char *type = http_arg(c->req, "type");

	if (call_arg_bool(c, "detail", false, &c->flag, e) < 0)
		return -e->code;
	if (c->flag && http_arg(c->req, "fields"))
		return err_set(e, EINVAL, "detail and fields: only one of them");
	if (check_args(c, e) < 0)
		return -e->code;
	if (type && !str_eq(type, "dynamic") && !str_eq(type, "classic"))
		return err_set(e, EINVAL, "type: expected dynamic or classic, not %.32s", type);
	if (str_eq(type, "classic")) {
		call_reply_json(c, 200, json_pack("{s:[]}", "drivers"));
		return 0;
	}
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_list);
}

/* In the path, or as the first clients did, in the query. */
static const char *driver_name(const struct call *c)
{
	const char *asked = c->params[0] ? c->params[0] : http_arg(c->req, "driver_name");

	return asked ? asked : "";
}

/* The driver named in the path; NULL: there is none, and that was answered. */
static json_t *driver_of(struct call *c, const struct request *r)
{
	json_t *driver = find_driver(r->answer, driver_name(c));
	struct err e;

	if (driver)
		return driver;
	err_set(&e, ENOENT, "Driver %.64s could not be found.", driver_name(c));
	call_reply_error(c, &e);
	return NULL;
}

static void finish_get(struct call *c, struct request *r)
{
	const char *fields = http_arg(c->req, "fields");
	json_t *driver = driver_of(c, r);
	struct err e;

	if (!driver)
		return;
	driver = render(c, driver, true);
	if (fields && pick(&driver, fields, &e) < 0) {
		json_decref(driver);
		call_reply_error(c, &e);
		return;
	}
	call_reply_json(c, 200, driver);
}

int driver_get(struct call *c, struct err *e)
{
	if (check_args(c, e) < 0)
		return -e->code;
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_get);
}

static void finish_properties(struct call *c, struct request *r)
{
	json_t *driver = driver_of(c, r);

	if (driver)
		call_reply_json(c, 200, json_incref(json_object_get(driver, "properties")));
}

int driver_properties(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_properties);
}

/* The same for every driver: what its raid interfaces can make of it is theirs to say. */
static void finish_raid(struct call *c, struct request *r)
{
	if (driver_of(c, r))
		call_reply_json(c, 200, json_incref(json_object_get(r->answer, "raid")));
}

int driver_raid_properties(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_raid);
}

/* No driver has methods that go without a node. */
static void finish_methods(struct call *c, struct request *r)
{
	if (driver_of(c, r))
		call_reply_json(c, 200, json_object());
}

int driver_methods(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_methods);
}

static void finish_passthru(struct call *c, struct request *r)
{
	const char *method = c->params[1] ? c->params[1] : http_arg(c->req, "method");
	struct err e;

	if (!driver_of(c, r))
		return;
	err_set(&e, EINVAL, "No handler for method %.64s: driver %.64s has no methods",
		method ? method : "(none)", c->params[0]);
	call_reply_error(c, &e);
}

int driver_passthru(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_passthru);
}
