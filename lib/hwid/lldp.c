/* LLDP TLVs out of inspection data; see lldp.h. Section numbers are those of IEEE 802.1AB-2016. */
#include "lib/hwid/lldp.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TLVS_MAX  200
#define VALUE_MAX 511 /* bytes: a length has 9 bits (8.4.2) */

enum { CHASSIS_ID = 1, PORT_ID = 2, SYSTEM_CAPABILITIES = 7, MGMT_ADDRESS = 8, ORGANISATION = 127 };
enum {
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
	FAMILY_MAC = 6
}; /* of IANA's address families, and IEEE 802 */

#define CHASSIS_MAC 4 /* what the identifier is: 8.5.2.2 */

struct tlv {
	int type;
	size_t len;
	uint8_t value[VALUE_MAX + 1];
};

static bool tlv_read(const json_t *pair, struct tlv *ret)
{
	const char *text = json_string_value(json_array_get(pair, 1));
	size_t len = text ? strlen(text) : 0;

	if (!json_is_integer(json_array_get(pair, 0)) || !len || len > (size_t)VALUE_MAX * 2)
		return false;
	ret->type = (int)json_integer_value(json_array_get(pair, 0));
	ret->len = len / 2;
	if (hex_decode(text, ret->value, ret->len) < 0)
		return false;
	ret->value[ret->len] = 0;
	return true;
}

static json_t *text_of(const uint8_t *bytes, size_t len)
{
	return json_stringn((const char *)bytes, strnlen((const char *)bytes, len));
}

static json_t *mac_of(const uint8_t *b, size_t len)
{
	char text[18];

	if (len != 6)
		return NULL;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		b[5]);
	return json_string(text);
}

/* An address after its family. */
static json_t *address_of(const uint8_t *b, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (!len)
		return NULL;
	if (b[0] == FAMILY_MAC)
		return mac_of(b + 1, len - 1);
	if (b[0] == FAMILY_IPV4 && len == 5)
		return json_string(inet_ntop(AF_INET, b + 1, text, sizeof(text)));
	if (b[0] == FAMILY_IPV6 && len == 17)
		return json_string(inet_ntop(AF_INET6, b + 1, text, sizeof(text)));
	return NULL;
}

/* Identifiers whose first byte says what they are: 8.5.2 (chassis), 8.5.3 (port). */
static json_t *identifier(const struct tlv *t, uint8_t mac, uint8_t address)
{
	if (t->len < 2)
		return NULL;
	if (t->value[0] == mac)
		return mac_of(t->value + 1, t->len - 1);
	if (t->value[0] == address)
		return address_of(t->value + 1, t->len - 1);
	return t->value[0] >= 1 && t->value[0] <= 7 ? text_of(t->value + 1, t->len - 1) : NULL;
}

static json_t *chassis_id(const struct tlv *t)
{
	return identifier(t, CHASSIS_MAC, 5);
}

static json_t *port_id(const struct tlv *t)
{
	return identifier(t, 3, 4);
}

static json_t *plain_text(const struct tlv *t)
{
	return text_of(t->value, t->len);
}

/* The first value of a name counts. */
static void put_once(json_t *o, const char *key, json_t *value)
{
	if (value && !json_object_get(o, key))
		json_object_set_new(o, key, value);
	else
		json_decref(value);
}

static void append(json_t *o, const char *key, json_t *value)
{
	json_t *list = json_object_get(o, key);

	if (!value)
		return;
	if (!list)
		json_object_set_new(o, key, list = json_array());
	json_array_append_new(list, value);
}

static json_t *capability_names(const uint8_t *bits) /* 8.5.8 */
{
	static const char *const names[] = {NULL, "Repeater", "Bridge", "WLAN", "Router",
		"Telephone", "DOCSIS cable device", "Station only", "C-Vlan", "S-Vlan", "TPMR"};
	unsigned word = get_be16(bits);
	json_t *list = json_array();

	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		if (word >> i & 1)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static void put_capabilities(json_t *o, const struct tlv *t)
{
	if (t->len != 4)
		return;
	put_once(o, "switch_capabilities_support", capability_names(t->value));
	put_once(o, "switch_capabilities_enabled", capability_names(t->value + 2));
}

static void put_mgmt_address(json_t *o, const struct tlv *t) /* 8.5.9 */
{
	size_t len = t->len ? t->value[0] : 0; /* of family and address */

	if (len && len < t->len)
		append(o, "switch_mgmt_addresses", address_of(t->value + 1, len));
}

static void put_vlan_id(json_t *o, const uint8_t *b, size_t len)
{
	if (len >= 2)
		put_once(o, "switch_port_untagged_vlan_id", json_integer(get_be16(b)));
}

static void put_vlan_name(json_t *o, const uint8_t *b, size_t len)
{
	if (len >= 3 && b[2] <= len - 3)
		append(o, "switch_port_vlans",
			json_pack("{s:i, s:o?}", "id", get_be16(b), "name", text_of(b + 3, b[2])));
}

static void put_management_vlan(json_t *o, const uint8_t *b, size_t len)
{
	if (len >= 2)
		put_once(o, "switch_port_management_vlan_id", json_integer(get_be16(b)));
}

static void put_aggregation(json_t *o, const uint8_t *b, size_t len)
{
	if (len != 5)
		return;
	put_once(o, "switch_port_link_aggregation_support", json_boolean(b[0] & 1));
	put_once(o, "switch_port_link_aggregation_enabled", json_boolean(b[0] & 2));
	put_once(o, "switch_port_link_aggregation_id", json_integer(get_be32(b + 1)));
}

static void put_mtu(json_t *o, const uint8_t *b, size_t len)
{
	if (len >= 2)
		put_once(o, "switch_port_mtu", json_integer(get_be16(b)));
}

/* IEEE 802.1Q-2014 annex D, IEEE 802.3 section 79. */
static void put_organisation(json_t *o, const struct tlv *t)
{
	static const struct {
		uint8_t head[4]; /* whose, and which */
		void (*put)(json_t *o, const uint8_t *b, size_t len);
	} rows[] = {
		{{0x00, 0x80, 0xc2, 1}, put_vlan_id},
		{{0x00, 0x80, 0xc2, 3}, put_vlan_name},
		{{0x00, 0x80, 0xc2, 6}, put_management_vlan},
		{{0x00, 0x80, 0xc2, 7}, put_aggregation},
		{{0x00, 0x12, 0x0f, 3}, put_aggregation},
		{{0x00, 0x12, 0x0f, 4}, put_mtu},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows) && t->len >= 4; i++)
		if (!memcmp(rows[i].head, t->value, 4))
			rows[i].put(o, t->value + 4, t->len - 4);
}

static void put_words(json_t *o, const struct tlv *t)
{
	static const struct {
		int type;
		const char *key;
		json_t *(*value)(const struct tlv *t);	     /* either */
		void (*put)(json_t *o, const struct tlv *t); /* or */
	} rows[] = {
		{CHASSIS_ID, "switch_chassis_id", chassis_id, NULL},
		{PORT_ID, "switch_port_id", port_id, NULL},
		{4, "switch_port_description", plain_text, NULL},
		{5, "switch_system_name", plain_text, NULL},
		{6, "switch_system_description", plain_text, NULL},
		{SYSTEM_CAPABILITIES, NULL, NULL, put_capabilities},
		{MGMT_ADDRESS, NULL, NULL, put_mgmt_address},
		{ORGANISATION, NULL, NULL, put_organisation},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].type != t->type)
			continue;
		if (rows[i].put)
			rows[i].put(o, t);
		else
			put_once(o, rows[i].key, rows[i].value(t));
	}
}

void lldp_read(const json_t *tlvs, json_t **ret_words, json_t **ret_link)
{
	json_t *words = json_object(), *link = json_object(), *pair;
	struct tlv t;
	size_t i;

	json_array_foreach ((json_t *)tlvs, i, pair) {
		if (i >= TLVS_MAX)
			break;
		if (!tlv_read(pair, &t))
			continue;
		if (t.type == CHASSIS_ID && t.value[0] == CHASSIS_MAC &&
			!json_object_get(words, "switch_chassis_id"))
			put_once(link, "switch_id", chassis_id(&t));
		put_words(words, &t);
	}
	json_object_set(link, "port_id", json_object_get(words, "switch_port_id"));
	json_object_set(link, "switch_info", json_object_get(words, "switch_system_name"));
	*ret_words = words;
	*ret_link = link;
}
