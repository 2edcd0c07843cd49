/* Conductors: there is one, this one. */
#include "conductor/api/handlers.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

static const char *const summary[] = {"hostname", "conductor_group", "alive", NULL};
static const char *const all[] = {"hostname", "conductor_group", "alive", "drivers", "created_at",
	"updated_at", "links", NULL};
static const char *const sortable[] = {
	"id", "hostname", "conductor_group", "created_at", "updated_at", NULL};

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

/* Whether ?fields= names it; all that is asked for stands in it by its own name. */
static bool asked_for(const char *fields, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = fields; p; p = strchr(p, ',')) {
		p += strspn(p, ", ");
		if (!strncmp(p, name, len) && (!p[len] || p[len] == ',' || p[len] == ' '))
			return true;
	}
	return false;
}

static int check_fields(const char *fields, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(fields);
	char *save = NULL;

	for (char *f = copy ? strtok_r(copy, ",", &save) : NULL; f; f = strtok_r(NULL, ",", &save))
		if (!listed(all, str_trim(f)))
			return err_set(e, EINVAL, "Field(s) \"%.64s\" are not valid", str_trim(f));
	return 0;
}

/* What the engine says, as this conductor; detail: without ?fields= all of it. */
static json_t *conductor(const struct call *c, const json_t *answer, bool detail)
{
	const char *hostname = engine_hostname(call_engine(c)),
		   *fields = http_arg(c->req, "fields");
	char created[TIME_TEXT_MAX], now[TIME_TEXT_MAX];
	json_t *names = json_array(), *driver, *out;
	size_t i;

	json_array_foreach (json_object_get(answer, "drivers"), i, driver)
		json_array_append(names, json_object_get(driver, "name"));
	time_format(engine_started_at_us(call_engine(c)), created, sizeof(created));
	time_format(time_wall_us(), now, sizeof(now));
	out = json_pack("{s:s, s:s, s:b, s:o, s:s, s:s}", "hostname", hostname, "conductor_group",
		"", "alive", 1, "drivers", names, "created_at", created, "updated_at", now);
	for (i = 0; all[i]; i++)
		if (fields ? !asked_for(fields, all[i]) : !detail && !listed(summary, all[i]))
			json_object_del(out, all[i]);
	json_object_set_new(out, "links", call_links(c, "conductors", hostname, NULL));
	return out;
}

static void finish_conductors(struct call *c, struct request *r)
{
	const char *hostname = engine_hostname(call_engine(c)), *limit = http_arg(c->req, "limit");
	json_t *out = json_pack("{s:[o]}", "conductors", conductor(c, r->answer, c->flag));
	_cleanup_free_ char *next = NULL;

	if (http_arg(c->req, "marker"))
		json_array_clear(json_object_get(out, "conductors"));
	else if (str_eq(limit, "1"))
		next = xasprintf("%s/v1/conductors?limit=1&marker=%s", c->base, hostname);
	if (next)
		json_put_str(out, "next", next);
	call_reply_json(c, 200, out);
}

/* Pages and order of a list of one. */
static int check_page(const struct call *c, struct err *e)
{
	const char *limit = http_arg(c->req, "limit"), *marker = http_arg(c->req, "marker");
	const char *key = http_arg(c->req, "sort_key"), *dir = http_arg(c->req, "sort_dir");
	int n = 1;

	if (limit && str_to_int(limit, -1000000000, 1000000000, &n) < 0)
		return err_set(e, EINVAL, "limit: expected a number, not '%.32s'", limit);
	if (n <= 0)
		return err_set(e, EINVAL, "Limit must be positive");
	if (key && !listed(sortable, key))
		return err_set(e, EINVAL,
			"The sort_key value \"%.64s\" is an invalid field for sorting", key);
	if (dir && !str_eq(dir, "asc") && !str_eq(dir, "desc"))
		return err_set(e, EINVAL, "sort_dir: expected asc or desc");
	if (marker && !str_eq(marker, engine_hostname(call_engine(c))))
		return err_set(e, ENOENT, "Conductor %.128s could not be found.", marker);
	return 0;
}

int conductors_list(struct call *c, struct err *e)
{
	const char *fields = http_arg(c->req, "fields");
	int r = call_arg_bool(c, "detail", false, &c->flag, e);

	if (r == 0 && c->flag && fields)
		r = err_set(e, EINVAL, "Can't fetch a subset of fields with 'detail' set");
	if (r == 0)
		r = check_fields(fields, e);
	if (r == 0)
		r = check_page(c, e);
	return r < 0 ? r : call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_conductors);
}

static void finish_conductor(struct call *c, struct request *r)
{
	call_reply_json(c, 200, conductor(c, r->answer, true));
}

int conductor_get(struct call *c, struct err *e)
{
	if (!str_eq(c->params[0], engine_hostname(call_engine(c))))
		return err_set(e, ENOENT, "Conductor %.128s could not be found.", c->params[0]);
	if (check_fields(http_arg(c->req, "fields"), e) < 0)
		return -e->code;
	return call_submit(c, call_request(c, REQ_DRIVERS, NULL), finish_conductor);
}
