/* The members of a logical disk, as one table: their check and their description; see raid.h. */
#include "conductor/driver/raid.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

enum kind { TEXT, CHOICE, FLAG, COUNT, SIZE, DISKS };

static const struct member {
	const char *name;
	enum kind kind;
	bool required;
	const char *choices; /* CHOICE: "a, b, c" */
	const char *means;
} members[] = {
	{"raid_level", CHOICE, true, "JBOD, 0, 1, 2, 5, 6, 1+0, 5+0, 6+0",
		"RAID level: JBOD, 0, 1, 2, 5, 6, 1+0, 5+0 or 6+0. Required."},
	{"size_gb", SIZE, true, NULL,
		"Size in GiB, or 'MAX' for all the space that is left. Required."},
	{"volume_name", TEXT, false, NULL, "What the volume is called. Optional."},
	{"is_root_volume", FLAG, false, NULL,
		"Whether the image goes to this volume; only one may say so. Optional."},
	{"share_physical_disks", FLAG, false, NULL,
		"Whether other volumes may lie on the same physical disks. Optional."},
	{"disk_type", CHOICE, false, "hdd, ssd",
		"Kind of the physical disks: hdd or ssd. Optional."},
	{"interface_type", CHOICE, false, "sata, scsi, sas",
		"How the physical disks are attached: sata, scsi or sas. Optional."},
	{"number_of_physical_disks", COUNT, false, NULL,
		"How many physical disks to use; as few as the level needs when not said. "
		"Optional."},
	{"controller", TEXT, false, NULL,
		"Which controller makes the volume; 'software' for one made by the system. "
		"Optional."},
	{"physical_disks", DISKS, false, NULL,
		"Which physical disks to use; needs controller. Optional."},
};

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strcspn(value, ","); /* none has one in it */

	for (const char *p = choices; p && !value[len];
		p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL)
		if (!strncmp(p, value, len) && (p[len] == ',' || !p[len]))
			return len > 0;
	return false;
}

/* Names of disks, or at least two descriptions of one each. */
static bool are_disks(const json_t *value)
{
	bool texts = json_is_array(value), objects = texts && json_array_size(value) >= 2;
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)value, i, one) {
		texts &= json_is_string(one);
		objects &= json_is_object(one);
	}
	return texts || objects;
}

/* NULL: it is right; else what is expected. */
static const char *expected(const struct member *m, const json_t *value)
{
	switch (m->kind) {
	case TEXT:
		return json_is_string(value) ? NULL : "a string";
	case CHOICE:
		return json_is_string(value) && is_choice(m->choices, json_string_value(value))
			       ? NULL
			       : m->choices;
	case FLAG:
		return json_is_boolean(value) ? NULL : "true or false";
	case COUNT:
		return json_integer_value(value) > 0 ? NULL : "a number above 0";
	case SIZE:
		return (json_is_integer(value) && json_integer_value(value) >= 0) ||
				       str_eq(json_string_value(value), "MAX")
			       ? NULL
			       : "GiB as a number, or 'MAX'";
	case DISKS:
		return are_disks(value) ? NULL : "names of disks, or two or more objects";
	}
	return NULL;
}

static const struct member *find_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (str_eq(members[i].name, name))
			return &members[i];
	return NULL;
}

static int check_disk(size_t at, const json_t *disk, struct err *e)
{
	const char *name;
	json_t *value;

	if (!json_is_object(disk))
		return err_set(e, EINVAL, "logical_disks[%zu]: expected an object", at);
	json_object_foreach ((json_t *)disk, name, value) {
		const struct member *m = find_member(name);
		const char *want = m ? expected(m, value) : NULL;

		if (!m)
			return err_set(
				e, EINVAL, "logical_disks[%zu]: %.64s: unexpected field", at, name);
		if (want)
			return err_set(
				e, EINVAL, "logical_disks[%zu]: %s: expected %s", at, name, want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i].required && !json_object_get(disk, members[i].name))
			return err_set(e, EINVAL, "logical_disks[%zu]: %s is required", at,
				members[i].name);
	if (json_object_get(disk, "physical_disks") && !json_object_get(disk, "controller"))
		return err_set(
			e, EINVAL, "logical_disks[%zu]: physical_disks needs controller", at);
	return 0;
}

int raid_check(const json_t *config, struct err *e)
{
	const json_t *disks = json_object_get(config, "logical_disks");
	unsigned roots = 0;
	json_t *disk;
	size_t i;
	int r;

	if (!json_array_size(disks))
		return err_set(e, EINVAL,
			"RAID configuration: logical_disks: expected a list of at least one");
	if (json_object_size(config) > 1)
		return err_set(e, EINVAL, "RAID configuration: it has only logical_disks");
	json_array_foreach ((json_t *)disks, i, disk) {
		r = check_disk(i, disk, e);
		if (r < 0)
			return err_prefix(e, "RAID configuration");
		roots += json_flag(disk, "is_root_volume", false);
	}
	if (roots > 1)
		return err_set(e, EINVAL,
			"RAID configuration: is_root_volume is true for %u logical_disks; one at "
			"most may be the root volume",
			roots);
	return 0;
}

json_t *raid_properties(void)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json_put_str(all, members[i].name, members[i].means);
	return all;
}
