/* Microversions; see version.h. The table is since.c. */
#include "conductor/api/version.h"
#include "conductor/api/api.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

/* Provision states that have another name for older clients; NULL is null. */
static const struct {
	const char *state, *before;
	int since;
} states[] = {
	{"available", NULL, 2},
	{"inspect wait", "inspecting", 39},
};

int version_since(const char *kind, const char *name)
{
	const struct since *row = since_find(kind, name);

	return row ? row->minor : API_MINOR_MIN;
}

int version_shown(const char *kind, const char *name)
{
	const struct since *row = since_find(kind, name);

	return row && !row->shown ? row->minor : API_MINOR_MIN;
}

static int too_old(int version, int since, int code, const char *what, struct err *e)
{
	return err_set(e, code, "%s needs API version 1.%d or later, the request asked for 1.%d",
		what, since, version);
}

int version_need(int version, int since, const char *what, struct err *e)
{
	return version >= since ? 0 : too_old(version, since, EPROTONOSUPPORT, what, e);
}

int version_check(int version, const char *kind, const char *name, struct err *e)
{
	const struct since *row = since_find(kind, name);

	if (!row || version >= row->minor)
		return 0;
	return too_old(version, row->minor, row->code ? row->code : EPROTONOSUPPORT, name, e);
}

/* "1.N" alone. */
static int parse_number(const char *text, int *ret, struct err *e)
{
	int minor;

	if (!str_starts(text, "1.") || str_to_int(text + 2, 0, 1 << 20, &minor) < 0)
		return err_set(e, EPROTONOSUPPORT,
			"Invalid API version '%.32s'; expected 1.N or latest", text);
	if (minor < API_MINOR_MIN || minor > API_MINOR_MAX)
		return err_set(e, EPROTONOSUPPORT,
			"Version %.32s was requested but the requested API version is not "
			"supported; versions 1.%d to 1.%d are",
			text, API_MINOR_MIN, API_MINOR_MAX);
	*ret = minor;
	return 0;
}

static int parse_text(const char *text, int *ret, struct err *e)
{
	char copy[64];

	if (!str_copy(copy, sizeof(copy), text))
		return err_set(e, EPROTONOSUPPORT, "Invalid API version '%.32s...'", text);
	text = str_trim(copy);
	if (str_ieq(text, "latest")) {
		*ret = API_MINOR_MAX;
		return 0;
	}
	return parse_number(text, ret, e);
}

/* "baremetal 1.N" in a comma-separated list of services; NULL when it does not speak of us. */
static char *our_version(const char *openstack)
{
	_cleanup_free_ char *copy = xstrdup(openstack);
	char *save = NULL;

	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		item = str_trim(item);
		if (!strncasecmp(item, "baremetal ", 10))
			return xstrdup(item + 10);
	}
	return NULL;
}

int version_parse(const char *ironic, const char *openstack, int *ret, struct err *e)
{
	_cleanup_free_ char *ours = openstack ? our_version(openstack) : NULL;

	if (ours)
		return parse_text(ours, ret, e);
	if (ironic)
		return parse_text(ironic, ret, e);
	*ret = API_MINOR_MIN;
	return 0;
}

const char *version_state_name(int version, const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (version < states[i].since && str_eq(state, states[i].state))
			return states[i].before;
	return state;
}
