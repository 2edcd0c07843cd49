/* Application commands: identity of the BMC, sessions, channels, users (IPMI 2.0 chapters 20, 22).
 */
#include "tests/bmc/command.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/base/mem.h"

#define CHANNEL_LAN	1
#define CHANNEL_SYSTEM	0x0f
#define CHANNEL_CURRENT 0x0e

static uint8_t channel_of(uint8_t number)
{
	number &= 0x0f;
	return number == CHANNEL_CURRENT ? CHANNEL_LAN : number;
}

/* 20.1 */
uint8_t app_get_device_id(const struct request *q, struct reply *r)
{
	const struct bmcemu_config *c = &q->bmc->config;

	reply_u8(r, c->device_id);
	reply_u8(r, c->device_revision & 0x0f);
	reply_u8(r, c->firmware_major & 0x7f);
	reply_u8(r, c->firmware_minor);
	reply_u8(r, 0x02); /* IPMI 2.0 */
	reply_u8(r, 0x8f); /* chassis, FRU, SEL and SDR device, sensors */
	reply_u16(r, c->manufacturer & 0xffff);
	reply_u8(r, c->manufacturer >> 16 & 0x0f);
	reply_u16(r, c->product);
	return CC_OK;
}

/* 20.2 */
uint8_t app_cold_reset(const struct request *q, struct reply *r)
{
	q->bmc->reset_asked = true;
	return CC_OK;
}

/* 20.3 */
uint8_t app_warm_reset(const struct request *q, struct reply *r)
{
	q->bmc->reset_asked = true;
	return CC_OK;
}

/* 20.4 */
uint8_t app_get_self_test(const struct request *q, struct reply *r)
{
	reply_u16(r, 0x0055);
	return CC_OK;
}

/* 20.7: S0/G0 or soft-off, device D0 or off */
uint8_t app_get_acpi_power_state(const struct request *q, struct reply *r)
{
	bool on = emu_power_is_on(q->bmc);

	reply_u8(r, on ? 0x00 : 0x05);
	reply_u8(r, on ? 0x00 : 0x03);
	return CC_OK;
}

/* 20.8 */
uint8_t app_get_device_guid(const struct request *q, struct reply *r)
{
	reply_put(r, q->bmc->config.guid, 16);
	return CC_OK;
}

/* 22.2: the system event log is enabled */
uint8_t app_get_global_enables(const struct request *q, struct reply *r)
{
	reply_u8(r, 0x08);
	return CC_OK;
}

/* 22.14 */
uint8_t app_get_system_guid(const struct request *q, struct reply *r)
{
	reply_put(r, q->bmc->config.guid, 16);
	return CC_OK;
}

static uint8_t login_status(const struct bmcemu *bmc)
{
	uint8_t status = emu_has_kg(bmc) ? 0x20 : 0;

	for (size_t i = 0; i < bmc->n_users; i++)
		if (bmc->users[i].enabled)
			status |= bmc->users[i].name[0] ? 0x04 : 0x02;
	return status;
}

/* 22.13: no authentication type of IPMI 1.5, RMCP+ only */
uint8_t app_get_channel_auth(const struct request *q, struct reply *r)
{
	bool extended = q->data[0] & 0x80;
	uint8_t privilege = q->data[1] & 0x0f;

	if (channel_of(q->data[0]) != CHANNEL_LAN || privilege < BMCEMU_PRIV_CALLBACK ||
		privilege > BMCEMU_PRIV_OEM)
		return CC_INVALID_FIELD;
	reply_u8(r, CHANNEL_LAN);
	reply_u8(r, extended ? 0x80 : 0x00);
	reply_u8(r, login_status(q->bmc));
	reply_u8(r, extended ? 0x02 : 0x00);
	reply_u32(r, 0); /* OEM id and the first of two bytes that go with it */
	return CC_OK;
}

/* 22.18 */
uint8_t app_set_privilege(const struct request *q, struct reply *r)
{
	struct session *s = q->session;
	uint8_t level = q->data[0] & 0x0f;

	if (level == BMCEMU_PRIV_CALLBACK || level > BMCEMU_PRIV_OEM)
		return CC_INVALID_FIELD;
	if (level > q->bmc->users[s->user_id - 1].privilege)
		return 0x80;
	if (level > s->limit)
		return 0x81;
	if (level)
		s->privilege = level;
	reply_u8(r, s->privilege);
	return CC_OK;
}

static struct session *session_by_handle(const struct bmcemu *bmc, uint8_t handle)
{
	struct session *s;

	list_for_each (s, &bmc->sessions, member)
		if (s->phase == SESSION_ACTIVE && s->handle == handle)
			return s;
	return NULL;
}

/* 22.19 */
uint8_t app_close_session(const struct request *q, struct reply *r)
{
	uint32_t id = get_u32le(q->data);
	struct session *s;

	if (id)
		s = session_find(q->bmc, id);
	else if (q->len == 5)
		s = session_by_handle(q->bmc, q->data[4]);
	else
		return CC_BAD_LENGTH;
	if (!s || s->phase != SESSION_ACTIVE)
		return id ? 0x87 : 0x88;
	if (s == q->session)
		s->closing = true;
	else if (q->session->privilege >= BMCEMU_PRIV_ADMIN)
		session_free(q->bmc, s);
	else
		return CC_PRIVILEGE;
	return CC_OK;
}

static struct session *session_by_index(const struct request *q)
{
	struct session *s;
	unsigned i = 0;

	if (q->data[0] == 0)
		return q->session;
	if (q->data[0] == 0xfe)
		return q->len == 2 ? session_by_handle(q->bmc, q->data[1]) : NULL;
	if (q->data[0] == 0xff)
		return q->len == 5 ? session_find(q->bmc, get_u32le(q->data + 1)) : NULL;
	list_for_each (s, &q->bmc->sessions, member)
		if (s->phase == SESSION_ACTIVE && ++i == q->data[0])
			return s;
	return NULL;
}

/* 22.20 */
uint8_t app_get_session_info(const struct request *q, struct reply *r)
{
	const struct session *s = session_by_index(q);
	uint16_t port = 0;

	reply_u8(r, s && s->phase == SESSION_ACTIVE ? s->handle : 0);
	reply_u8(r, q->bmc->config.session_slots);
	reply_u8(r, session_count_active(q->bmc));
	if (!s || s->phase != SESSION_ACTIVE)
		return CC_OK;
	reply_u8(r, s->user_id);
	reply_u8(r, s->privilege);
	reply_u8(r, 0x10 | CHANNEL_LAN); /* RMCP+ */
	if (s->peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&s->peer;

		reply_put(r, &in->sin_addr, 4);
		port = ntohs(in->sin_port);
	} else {
		reply_u32(r, 0);
	}
	reply_put(r, "\0\0\0\0\0", 6);
	reply_u16(r, port);
	return CC_OK;
}

/* 22.23 */
uint8_t app_get_channel_access(const struct request *q, struct reply *r)
{
	uint8_t channel = channel_of(q->data[0]), which = q->data[1] >> 6;

	if (channel != CHANNEL_LAN)
		return channel == CHANNEL_SYSTEM ? 0x82 : CC_INVALID_FIELD;
	if (which != 1 && which != 2)
		return CC_INVALID_FIELD;
	reply_u8(r, 0x22); /* alerting off, always available */
	reply_u8(r, BMCEMU_PRIV_ADMIN);
	return CC_OK;
}

/* 22.24 */
uint8_t app_get_channel_info(const struct request *q, struct reply *r)
{
	static const struct {
		uint8_t channel, medium, protocol, sessions;
	} channels[] = {
		{0x00, 0x01, 0x01, 0x00},	    /* IPMB */
		{CHANNEL_LAN, 0x04, 0x01, 0x80},    /* 802.3 LAN, many sessions */
		{CHANNEL_SYSTEM, 0x0c, 0x05, 0x00}, /* system interface, KCS */
	};
	static const uint8_t ipmi_forum[3] = {0xf2, 0x1b, 0x00};
	uint8_t channel = channel_of(q->data[0]);

	for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
		if (channels[i].channel != channel)
			continue;
		reply_u8(r, channel);
		reply_u8(r, channels[i].medium);
		reply_u8(r, channels[i].protocol);
		reply_u8(r, channels[i].sessions |
				    (channels[i].sessions ? session_count_active(q->bmc) : 0));
		reply_put(r, ipmi_forum, sizeof(ipmi_forum));
		reply_u16(r, 0);
		return CC_OK;
	}
	return CC_INVALID_FIELD;
}

/* 22.27 */
uint8_t app_get_user_access(const struct request *q, struct reply *r)
{
	const struct bmcemu *bmc = q->bmc;
	uint8_t id = q->data[1] & 0x3f, enabled = 0;
	const struct bmcemu_user *u = id <= bmc->n_users ? &bmc->users[id - 1] : NULL;

	if (channel_of(q->data[0]) != CHANNEL_LAN || id < 1 || id > BMCEMU_USERS_MAX)
		return CC_INVALID_FIELD;
	for (size_t i = 0; i < bmc->n_users; i++)
		enabled += bmc->users[i].enabled;
	reply_u8(r, BMCEMU_USERS_MAX);
	reply_u8(r, (u && u->enabled ? 0x40 : 0x80) | enabled);
	reply_u8(r, 0); /* no fixed names */
	reply_u8(r, u && u->enabled ? 0x10 | u->privilege : 0x0f);
	return CC_OK;
}

/* 22.29 */
uint8_t app_get_user_name(const struct request *q, struct reply *r)
{
	uint8_t id = q->data[0] & 0x3f, name[BMCEMU_NAME_MAX] = {0};

	if (id < 1 || id > BMCEMU_USERS_MAX)
		return CC_INVALID_FIELD;
	if (id <= q->bmc->n_users)
		memcpy(name, q->bmc->users[id - 1].name, sizeof(name));
	reply_put(r, name, sizeof(name));
	return CC_OK;
}

/* 22.15.1: all records of the list in a row, sixteen bytes of them per index */
uint8_t app_get_cipher_suites(const struct request *q, struct reply *r)
{
	bool by_suite = q->data[2] & 0x80;
	size_t from = (q->data[2] & 0x3f) * 16, len = 0;
	uint8_t list[64];
	const struct suite *s;

	if (channel_of(q->data[0]) != CHANNEL_LAN)
		return CC_INVALID_FIELD;
	if (q->data[1] & 0x3f)
		return CC_PARAM_UNSUPPORTED;
	for (size_t i = 0; (s = suite_at(i)); i++) {
		if (!(q->bmc->config.suites & 1u << s->id))
			continue;
		if (by_suite) {
			list[len++] = 0xc0;
			list[len++] = s->id;
		}
		list[len++] = s->auth;
		list[len++] = 0x40 | s->integrity;
		list[len++] = 0x80 | s->confidentiality;
	}
	reply_u8(r, CHANNEL_LAN);
	if (from < len)
		reply_put(r, list + from, len - from > 16 ? 16 : len - from);
	return CC_OK;
}
