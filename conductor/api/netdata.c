/*
 * A node's network_data: what OpenStack calls network_data.json, with its links, networks and
 * services. Only what stands in these tables is looked at; anything else may be there too.
 */
#include "conductor/api/schema.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind { K_TEXT, K_WORD, K_MAC, K_MTU, K_INT, K_TEXTS, K_ADDRESS, K_ROUTES };

static const char *const physical[] = {
	"bridge", "dvs", "hw_veb", "hyperv", "ovs", "tap", "vhostuser", "vif", "phy", NULL};
static const char *const bond[] = {"bond", NULL};
static const char *const vlan[] = {"vlan", NULL};
static const char *const bond_modes[] = {"802.3ad", "balance-rr", "active-backup", "balance-xor",
	"broadcast", "balance-tlb", "balance-alb", NULL};
static const char *const network_types[] = {
	"ipv4", "ipv4_dhcp", "ipv6", "ipv6_dhcp", "ipv6_slaac", NULL};
static const char *const service_types[] = {"dns", NULL};

/* A member of one kind of entry. of: the types of entries that have it; NULL: all. */
struct member {
	const char *name;
	enum kind kind;
	bool required;
	const char *const *words; /* K_WORD */
	const char *const *of;
};

static const struct member link_members[] = {
	{"id", K_TEXT, true, NULL, NULL},
	{"ethernet_mac_address", K_MAC, true, NULL, physical},
	{"ethernet_mac_address", K_MAC, true, NULL, bond},
	{"bond_mode", K_WORD, true, bond_modes, bond},
	{"bond_links", K_TEXTS, true, NULL, bond},
	{"vlan_mac_address", K_MAC, true, NULL, vlan},
	{"vlan_id", K_INT, true, NULL, vlan},
	{"vlan_link", K_TEXT, true, NULL, vlan},
	{"mtu", K_MTU, false, NULL, NULL},
	{"vif_id", K_TEXT, false, NULL, NULL},
	{NULL, K_TEXT, false, NULL, NULL},
};
static const struct member network_members[] = {
	{"id", K_TEXT, true, NULL, NULL},
	{"link", K_TEXT, true, NULL, NULL},
	{"network_id", K_TEXT, true, NULL, NULL},
	{"type", K_WORD, true, network_types, NULL},
	{"ip_address", K_ADDRESS, false, NULL, NULL},
	{"netmask", K_ADDRESS, false, NULL, NULL},
	{"routes", K_ROUTES, false, NULL, NULL},
	{NULL, K_TEXT, false, NULL, NULL},
};
static const struct member route_members[] = {
	{"network", K_ADDRESS, true, NULL, NULL},
	{"netmask", K_ADDRESS, true, NULL, NULL},
	{"gateway", K_ADDRESS, true, NULL, NULL},
	{NULL, K_TEXT, false, NULL, NULL},
};
static const struct member service_members[] = {
	{"address", K_ADDRESS, true, NULL, NULL},
	{"type", K_WORD, true, service_types, NULL},
	{NULL, K_TEXT, false, NULL, NULL},
};

static bool among(const char *const *words, const char *word)
{
	for (; word && *words; words++)
		if (str_eq(*words, word))
			return true;
	return false;
}

/* IPv4 or IPv6; the latter may have its prefix length behind it. */
static bool address_valid(const char *text)
{
	unsigned char raw[16];
	char copy[64];
	char *slash;

	if (!text || !str_copy(copy, sizeof(copy), text))
		return false;
	if (inet_pton(AF_INET, copy, raw) == 1)
		return true;
	slash = strchr(copy, '/');
	if (slash)
		*slash = 0;
	return inet_pton(AF_INET6, copy, raw) == 1;
}

static bool texts_valid(const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_array(list);
}

static int check_entries(const char *name, const json_t *list, const struct member *members,
	bool links, struct err *e);

static int check_member(
	const char *where, const struct member *m, const json_t *value, struct err *e)
{
	const char *text = json_string_value(value), *want = "a string";
	char mac[MAC_TEXT_MAX];
	bool good = text != NULL;

	switch (m->kind) {
	case K_ROUTES:
		return check_entries(where, value, route_members, false, e);
	case K_WORD:
		good = among(m->words, text);
		want = "one of the words of network_data.json";
		break;
	case K_MAC:
		good = text && mac_normalise(text, mac) == 0;
		want = "a MAC address";
		break;
	case K_MTU:
		good = json_is_null(value) ||
		       (json_is_number(value) && json_number_value(value) >= 1 &&
			       json_number_value(value) <= 65535);
		want = "a number from 1 to 65535, or null";
		break;
	case K_INT:
		good = json_is_integer(value);
		want = "an integer";
		break;
	case K_TEXTS:
		good = texts_valid(value);
		want = "an array of strings";
		break;
	case K_ADDRESS:
		good = address_valid(text);
		want = "an IP address";
		break;
	case K_TEXT:
		break;
	}
	return good ? 0 : err_set(e, EINVAL, "%s/%s: expected %s", where, m->name, want);
}

static int check_entry(const char *where, const json_t *entry, const struct member *members,
	bool link, struct err *e)
{
	const char *type = json_str(entry, "type");
	int r = 0;

	if (!json_is_object(entry))
		return err_set(e, EINVAL, "%s: expected an object", where);
	if (link && !among(physical, type) && !among(bond, type) && !among(vlan, type))
		return err_set(e, EINVAL,
			"%s/type: expected bond, vlan, phy, bridge or another kind of link of "
			"network_data.json",
			where);
	for (const struct member *m = members; r == 0 && m->name; m++) {
		const json_t *value = json_object_get(entry, m->name);

		if (m->of && !among(m->of, type))
			continue;
		if (value)
			r = check_member(where, m, value, e);
		else if (m->required)
			r = err_set(e, EINVAL, "%s: '%s' is required", where, m->name);
	}
	return r;
}

static int check_entries(const char *name, const json_t *list, const struct member *members,
	bool links, struct err *e)
{
	json_t *entry;
	size_t i;
	int r = 0;

	if (!json_is_array(list))
		return err_set(e, EINVAL, "%s: expected an array", name);
	json_array_foreach (list, i, entry) {
		_cleanup_free_ char *where = xasprintf("%s/%zu", name, i);

		r = check_entry(where, entry, members, links, e);
		if (r < 0)
			break;
	}
	return r;
}

int check_network_data(const char *name, json_t *value, struct err *e)
{
	static const struct {
		const char *name;
		const struct member *members;
	} parts[] = {{"links", link_members}, {"networks", network_members},
		{"services", service_members}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts) && json_object_size(value); i++) {
		_cleanup_free_ char *where = xasprintf("%s/%s", name, parts[i].name);
		const json_t *list = json_object_get(value, parts[i].name);

		r = list ? check_entries(where, list, parts[i].members, i == 0, e)
			 : err_set(e, EINVAL, "%s: '%s' is required", name, parts[i].name);
	}
	return r;
}
