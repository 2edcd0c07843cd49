/* Config drives; see drive.h. */
#include "lib/iso/drive.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/iso/iso.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *member, *path;
	bool object; /* nothing else will do */
} members[] = {
	{"meta_data", "openstack/latest/meta_data.json", true},
	{"network_data", "openstack/latest/network_data.json", true},
	{"user_data", "openstack/latest/user_data", false},
	{"vendor_data", "openstack/latest/vendor_data2.json", false},
};

int drive_check(const json_t *drive, struct err *e)
{
	const char *key;
	json_t *value;

	if (!json_is_object(drive))
		return err_set(e, EINVAL, "a config drive is a JSON object");
	json_object_foreach ((json_t *)drive, key, value) {
		size_t i = 0;

		while (i < ARRAY_SIZE(members) && !str_eq(members[i].member, key))
			i++;
		if (i == ARRAY_SIZE(members))
			return err_set(e, EINVAL,
				"\"%.32s\" is no part of a config drive; it has meta_data, "
				"network_data, user_data and vendor_data",
				key);
		if (members[i].object && !json_is_null(value) && !json_is_object(value))
			return err_set(e, EINVAL, "%s has to be an object", key);
	}
	return 0;
}

int drive_write(const json_t *drive, struct buf *out, struct err *e)
{
	struct iso_file files[ARRAY_SIZE(members)];
	char *texts[ARRAY_SIZE(members)] = {NULL};
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const json_t *v = json_object_get(drive, members[i].member);
		bool text = json_is_string(v);

		if ((!v || json_is_null(v)) && i > 0)
			continue;
		if (!text)
			texts[i] = v && !json_is_null(v) ? json_text(v) : xstrdup("{}");
		files[n].path = members[i].path;
		files[n].data = text ? json_string_value(v) : texts[i];
		files[n++].len = text ? json_string_length(v) : strlen(texts[i]);
	}
	r = iso_write("config-2", files, n, out, e);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		free(texts[i]);
	return r;
}
