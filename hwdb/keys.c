/* The keys that a record may set: their names, what values they take, where these go. */
#include <errno.h>
#include <stdlib.h>

#include "hwdb/internal.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define MEMBER(m) offsetof(struct bmc_traits, m), sizeof(((struct bmc_traits *)0)->m)
#define NUMBER(name, min, max, m)                                                                  \
	{                                                                                          \
		name, KEY_NUMBER, min, max, 0, MEMBER(m)                                           \
	}
#define FLAG(name, bit)                                                                            \
	{                                                                                          \
		name, KEY_FLAG, 0, 1, bit, MEMBER(quirks)                                          \
	}

static const struct key keys[] = {
	{"SOURCE", KEY_TEXT, 0, 0, 0, 0, 0},
	{"NOTE", KEY_TEXT, 0, 0, 0, 0, 0},
	{"VENDOR", KEY_TEXT, 0, 0, 0, 0, 0},
	NUMBER("IPMI_GAP_MS", 0, 60000, gap_ms),
	NUMBER("IPMI_SESSION_KEEP_S", 0, 3600, session_keep_s),
	NUMBER("IPMI_FIRST_TIMEOUT_MS", 50, 10000, first_timeout_ms),
	NUMBER("IPMI_TRIES", 1, 20, tries),
	NUMBER("IPMI_BUSY_TRIES", 1, 100, busy_tries),
	NUMBER("IPMI_CIPHER_SUITE", 3, 17, cipher_suite),
	NUMBER("IPMI_DISK_SELECTOR_EFI", 4, 60, disk_selector_efi),
	{"IPMI_PRIVILEGE", KEY_PRIVILEGE, 0, 0, 0, MEMBER(privilege)},
	FLAG("IPMI_ASK_AUTH_CAPS", BMC_QUIRK_ASK_AUTH_CAPS),
	FLAG("IPMI_IGNORE_CHECKSUM", BMC_QUIRK_IGNORE_CHECKSUM),
	FLAG("IPMI_ZERO_KG", BMC_QUIRK_ZERO_KG),
	FLAG("IPMI_NO_BOOT_READBACK", BMC_QUIRK_NO_BOOT_READBACK),
	FLAG("IPMI_NO_BOOT_EXPIRY", BMC_QUIRK_NO_BOOT_EXPIRY),
	FLAG("IPMI_NO_SET_PRIVILEGE", BMC_QUIRK_NO_SET_PRIVILEGE),
	FLAG("IPMI_ANY_SOURCE", BMC_QUIRK_ANY_SOURCE),
};

const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eq(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* Decimal, or hexadecimal after 0x. */
static int read_number(const struct key *key, const char *text, uint32_t *ret, struct err *e)
{
	char *end;
	unsigned long v;

	if (text[0] < '0' || text[0] > '9')
		return err_set(e, EINVAL, "%s=%s is not a number", key->name, text);
	errno = 0;
	v = strtoul(text, &end, str_starts(text, "0x") ? 16 : 10);
	if (*end || errno)
		return err_set(e, EINVAL, "%s=%s is not a number", key->name, text);
	if (v < key->min || v > key->max)
		return err_set(e, EINVAL, "%s=%s is not between %u and %u", key->name, text,
			key->min, key->max);
	*ret = (uint32_t)v;
	return 0;
}

static int read_privilege(const struct key *key, const char *text, uint32_t *ret, struct err *e)
{
	static const char *const levels[] = {"", "callback", "user", "operator", "administrator"};

	for (uint32_t i = 1; i < ARRAY_SIZE(levels); i++)
		if (str_ieq(levels[i], text)) {
			*ret = i;
			return 0;
		}
	return err_set(e, EINVAL, "%s=%s is none of callback, user, operator, administrator",
		key->name, text);
}

int key_read(const struct key *key, const char *text, uint32_t *ret, struct err *e)
{
	int r;

	switch (key->kind) {
	case KEY_TEXT:
		return *text ? 0 : err_set(e, EINVAL, "%s is empty", key->name);
	case KEY_PRIVILEGE:
		return read_privilege(key, text, ret, e);
	case KEY_NUMBER:
	case KEY_FLAG:
		r = read_number(key, text, ret, e);
		if (r == 0 && str_eq(key->name, "IPMI_CIPHER_SUITE") && *ret != 3 && *ret != 17)
			return err_set(e, EINVAL, "%s=%s is neither 3 nor 17", key->name, text);
		return r;
	}
	return -EINVAL;
}
