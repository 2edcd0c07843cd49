/* The LLDP parser; see lldp.h. The frame comes from whoever is on the cable. */
#include "agent/inspect/lldp.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"

#define ETHERTYPE_LLDP 0x88cc
#define HEADER_LEN     14
#define VALUE_MAX      511 /* nine bits of length, section 8.4.2 */

enum { TLV_END, TLV_CHASSIS_ID, TLV_PORT_ID, TLV_TTL };

/* One TLV (section 8.4): seven bits type, nine bits length, the value. */
struct tlv {
	unsigned type;
	size_t len;
	const uint8_t *value;
};

static bool tlv_next(const uint8_t *data, size_t len, size_t *pos, struct tlv *ret)
{
	unsigned head;

	if (len - *pos < 2)
		return false;
	head = get_be16(data + *pos);
	*ret = (struct tlv){.type = head >> 9, .len = head & 0x1ff, .value = data + *pos + 2};
	if (ret->len > len - *pos - 2)
		return false;
	*pos += 2 + ret->len;
	return true;
}

/* The first three have to be these, with a value; a time to live of 0 says good-bye. */
static bool is_good(const struct tlv *t, size_t index)
{
	if (index > 2)
		return true;
	if (t->type != TLV_CHASSIS_ID + index || t->len < 2)
		return false;
	return t->type != TLV_TTL || t->value[0] || t->value[1];
}

json_t *lldp_parse(const uint8_t *frame, size_t len)
{
	_cleanup_json_ json_t *list = json_array();
	char hex[2 * VALUE_MAX + 1];
	size_t pos = HEADER_LEN;
	struct tlv t;

	if (len < HEADER_LEN || len > LLDP_FRAME_MAX || get_be16(frame + 12) != ETHERTYPE_LLDP)
		return NULL;
	while (tlv_next(frame, len, &pos, &t)) {
		if (!is_good(&t, json_array_size(list)))
			return NULL;
		json_array_append_new(
			list, json_pack("[i,s]", (int)t.type, hex_encode(t.value, t.len, hex)));
		if (t.type == TLV_END)
			break;
	}
	return json_array_size(list) > 2 ? TAKE_PTR(list) : NULL;
}
