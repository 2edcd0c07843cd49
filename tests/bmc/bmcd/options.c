/* Options as a table: a name, a word for the help, and a function that takes the value. */
#include "tests/bmc/bmcd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define COUNT_MAX 65536

static int take_number(const char *what, const char *v, unsigned max, unsigned *ret, struct err *e)
{
	uint64_t n;

	if (str_to_u64(v, 0, max, &n) < 0)
		return err_set(e, EINVAL, "--%s %s: give a number from 0 to %u", what, v, max);
	*ret = n;
	return 0;
}

static int take_listen(struct farm_options *o, const char *v, struct err *e)
{
	const char *colon = strrchr(v, ':');
	size_t len = colon ? (size_t)(colon - v) : 0;
	unsigned port = 0;
	int r;

	if (!colon)
		return err_set(e, EINVAL, "--listen %s: give ADDRESS:PORT", v);
	if (len > 2 && v[0] == '[' && v[len - 1] == ']') {
		v++;
		len -= 2;
	}
	if (len >= sizeof(o->address))
		return err_set(e, EINVAL, "--listen %s: the address is too long", v);
	memcpy(o->address, v, len);
	o->address[len] = 0;
	r = take_number("listen", colon + 1, UINT16_MAX, &port, e);
	o->farm.port = port;
	return r;
}

static int take_count(struct farm_options *o, const char *v, struct err *e)
{
	unsigned n = 0;
	int r = take_number("count", v, COUNT_MAX, &n, e);

	o->farm.count = n;
	return r;
}

static int take_step(struct farm_options *o, const char *v, struct err *e)
{
	if (!str_eq(v, "port") && !str_eq(v, "address"))
		return err_set(e, EINVAL, "--step %s: port or address", v);
	o->farm.step_address = str_eq(v, "address");
	return 0;
}

static int take_user(struct farm_options *o, const char *v, struct err *e)
{
	if (o->farm.bmc.n_users == BMCEMU_USERS_MAX)
		return err_set(e, EINVAL, "--user %s: at most %d users", v, BMCEMU_USERS_MAX);
	return bmcemu_user_set(&o->users[o->farm.bmc.n_users++], v, "", 0, BMCEMU_PRIV_ADMIN, e);
}

static struct bmcemu_user *last_user(struct farm_options *o, const char *what, struct err *e)
{
	if (o->farm.bmc.n_users)
		return &o->users[o->farm.bmc.n_users - 1];
	err_set(e, EINVAL, "--%s: stands behind the --user that it belongs to", what);
	return NULL;
}

/* The first line of a file, without its end. */
static int read_secret(const char *path, char **ret, size_t *ret_len, struct err *e)
{
	int r = fs_read(path, 4096, ret, ret_len, e);

	if (r == 0)
		(*ret)[ *ret_len = strcspn(*ret, "\r\n")] = 0;
	return r;
}

static int take_password_file(struct farm_options *o, const char *v, struct err *e)
{
	struct bmcemu_user *u = last_user(o, "password-file", e);
	_cleanup_free_ char *text = NULL;
	char name[BMCEMU_NAME_MAX + 1];
	size_t len;
	int r;

	if (!u)
		return -EINVAL;
	r = read_secret(v, &text, &len, e);
	if (r < 0)
		return r;
	str_copy(name, sizeof(name), u->name);
	r = bmcemu_user_set(u, name, text, len, u->privilege, e);
	if (r == 0 && u == o->users)
		str_copy(o->password, sizeof(o->password), text);
	mem_wipe(text, len);
	return r;
}

static int take_privilege(struct farm_options *o, const char *v, struct err *e)
{
	static const char *const names[] = {"callback", "user", "operator", "admin"};
	struct bmcemu_user *u = last_user(o, "privilege", e);

	if (!u)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], v)) {
			u->privilege = BMCEMU_PRIV_CALLBACK + i;
			return 0;
		}
	return err_set(e, EINVAL, "--privilege %s: callback, user, operator or admin", v);
}

static int take_disabled(struct farm_options *o, const char *v, struct err *e)
{
	struct bmcemu_user *u = last_user(o, "disabled", e);

	if (!u)
		return -EINVAL;
	u->enabled = false;
	return 0;
}

static int take_cipher(struct farm_options *o, const char *v, struct err *e)
{
	static const struct {
		const char *text;
		unsigned suites;
	} choices[] = {
		{"3", BMCEMU_SUITE_3},
		{"17", BMCEMU_SUITE_17},
		{"3,17", BMCEMU_SUITE_3 | BMCEMU_SUITE_17},
		{"17,3", BMCEMU_SUITE_3 | BMCEMU_SUITE_17},
	};

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (str_eq(choices[i].text, v)) {
			o->farm.bmc.suites = choices[i].suites;
			return 0;
		}
	return err_set(e, EINVAL, "--cipher %s: 3, 17 or 3,17", v);
}

static int take_kg_file(struct farm_options *o, const char *v, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = read_secret(v, &text, &len, e);

	if (r < 0)
		return r;
	if (len > sizeof(o->farm.bmc.kg))
		return err_set(e, EINVAL, "--kg-file %s: K_g has at most 20 bytes", v);
	memcpy(o->farm.bmc.kg, text, len);
	mem_wipe(text, len);
	return 0;
}

static int take_guid(struct farm_options *o, const char *v, struct err *e)
{
	if (hex_decode(v, o->farm.bmc.guid, sizeof(o->farm.bmc.guid)) != 16)
		return err_set(e, EINVAL, "--guid %s: give 32 hex digits", v);
	return 0;
}

static int take_manufacturer(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("manufacturer", v, 0xfffff, &o->farm.bmc.manufacturer, e);
}

static int take_product(struct farm_options *o, const char *v, struct err *e)
{
	unsigned n = 0;
	int r = take_number("product", v, UINT16_MAX, &n, e);

	o->farm.bmc.product = n;
	return r;
}

/* The minor revision is two digits of BCD, IPMI 2.0 section 20.1. */
static int take_firmware(struct farm_options *o, const char *v, struct err *e)
{
	unsigned major, tens, ones;
	char end;

	if (sscanf(v, "%3u.%1u%1u%c", &major, &tens, &ones, &end) != 3 || major > 127)
		return err_set(e, EINVAL, "--firmware %s: give MAJOR.MM, such as 3.07", v);
	o->farm.bmc.firmware_major = major;
	o->farm.bmc.firmware_minor = tens << 4 | ones;
	return 0;
}

static int take_slots(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("slots", v, 64, &o->farm.bmc.session_slots, e);
}

static int take_idle(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("idle-s", v, 86400, &o->farm.bmc.idle_timeout_s, e);
}

static int take_reset_ms(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("reset-ms", v, 600000, &o->farm.bmc.reset_ms, e);
}

static int take_on_ms(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("on-ms", v, 600000, &o->farm.machine.on_ms, e);
}

static int take_off_ms(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("off-ms", v, 600000, &o->farm.machine.off_ms, e);
}

static int take_soft_ms(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("soft-ms", v, 600000, &o->farm.machine.soft_ms, e);
}

static int take_cycle_ms(struct farm_options *o, const char *v, struct err *e)
{
	return take_number("cycle-ms", v, 600000, &o->farm.machine.cycle_ms, e);
}

static int take_on(struct farm_options *o, const char *v, struct err *e)
{
	o->farm.machine.on = true;
	return 0;
}

static int take_ignore_soft(struct farm_options *o, const char *v, struct err *e)
{
	o->farm.machine.ignore_soft = true;
	return 0;
}

static int take_control(struct farm_options *o, const char *v, struct err *e)
{
	o->control = v;
	return 0;
}

static int take_address(struct farm_options *o, const char *v, struct err *e)
{
	if (!str_copy(o->address, sizeof(o->address), v))
		return err_set(e, EINVAL, "--address %s: is too long", v);
	return 0;
}

static int take_port(struct farm_options *o, const char *v, struct err *e)
{
	unsigned port = 0;
	int r = take_number("port", v, UINT16_MAX, &port, e);

	o->farm.port = port;
	return r;
}

static int take_script(struct farm_options *o, const char *v, struct err *e)
{
	o->script = v;
	return 0;
}

static int take_seed(struct farm_options *o, const char *v, struct err *e)
{
	if (str_to_u64(v, 0, UINT64_MAX, &o->seed) < 0)
		return err_set(e, EINVAL, "--seed %s: give a number", v);
	return 0;
}

static int take_csv(struct farm_options *o, const char *v, struct err *e)
{
	o->csv = v;
	return 0;
}

static int take_help(struct farm_options *o, const char *v, struct err *e)
{
	o->help = true;
	return 0;
}

static const struct option_row {
	const char *name, *value, *help; /* value NULL: takes none */
	int (*take)(struct farm_options *o, const char *v, struct err *e);
} rows[] = {
	{"listen", "ADDRESS:PORT", "of the first BMC, default 127.0.0.1:9001; port 0: any free",
		take_listen},
	{"address", "ADDRESS", "the same in two options", take_address},
	{"port", "PORT", "", take_port},
	{"count", "N", "how many BMCs, default 1", take_count},
	{"step", "port|address", "what is counted up from one BMC to the next, default port",
		take_step},
	{"user", "NAME", "adds a user; the next three options are about it", take_user},
	{"password-file", "FILE", "its password is the file's first line, at most 20 bytes",
		take_password_file},
	{"privilege", "LEVEL", "callback, user, operator or admin (default)", take_privilege},
	{"disabled", NULL, "it may not log in", take_disabled},
	{"cipher", "SUITES", "3, 17 or 3,17 (default)", take_cipher},
	{"kg-file", "FILE", "K_g is the file's first line, at most 20 bytes", take_kg_file},
	{"guid", "HEX", "GUID of the first BMC", take_guid},
	{"manufacturer", "ID", "IANA enterprise number in Get Device ID, such as 10876",
		take_manufacturer},
	{"product", "ID", "product id in Get Device ID", take_product},
	{"firmware", "MAJOR.MM", "firmware revision in Get Device ID", take_firmware},
	{"slots", "N", "session slots, default 4", take_slots},
	{"idle-s", "SECONDS", "idle sessions end after this, default 60", take_idle},
	{"reset-ms", "MS", "silence after a reset of the BMC, default 2000", take_reset_ms},
	{"on", NULL, "machines are powered on at the start", take_on},
	{"on-ms", "MS", "how long power-on takes, default 0", take_on_ms},
	{"off-ms", "MS", "how long power-off takes, default 0", take_off_ms},
	{"soft-ms", "MS", "how long a soft shutdown takes, default as off-ms", take_soft_ms},
	{"cycle-ms", "MS", "how long power is away in a cycle, default 0", take_cycle_ms},
	{"ignore-soft", NULL, "systems do not react to a soft shutdown", take_ignore_soft},
	{"control", "PATH", "control socket, see tests/bmc/README.md", take_control},
	{"script", "FILE", "what goes wrong and when, see tests/bmc/README.md", take_script},
	{"seed", "N", "decides what a script leaves to chance, default: another one each time",
		take_seed},
	{"csv", "FILE", "writes the farm as input of `ingot rack import`", take_csv},
	{"help", NULL, "this", take_help},
};

void options_init(struct farm_options *o)
{
	*o = (struct farm_options){.address = "127.0.0.1", .farm = {.port = 9001, .count = 1}};
	bmcemu_config_init(&o->farm.bmc);
	if (getrandom(&o->seed, sizeof(o->seed), 0) < 0)
		o->seed = 1;
	o->seed &= UINT32_MAX; /* short enough to type */
}

int options_parse(struct farm_options *o, int argc, char **argv, struct err *e)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = {0};
	int c, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		longs[i] = (struct option){rows[i].name, !!rows[i].value, NULL, 0x100 + (int)i};
	while (r == 0 && (c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c < 0x100)
			return err_set(e, EINVAL, "wrong usage; see --help");
		r = rows[c - 0x100].take(o, optarg, e);
	}
	o->farm.address = o->address;
	o->farm.bmc.users = o->users;
	o->farm.bmc.seed = o->seed;
	return r;
}

void options_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("  --%s %s%*s%s\n", rows[i].name, rows[i].value ? rows[i].value : "",
			28 - (int)strlen(rows[i].name) -
				(int)(rows[i].value ? strlen(rows[i].value) : 0),
			"", rows[i].help);
}
