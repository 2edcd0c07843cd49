/* The handshake of RMCP+ (IPMI 2.0 sections 13.17 to 13.23): each refusal carries the status code
 * of table 13-15, and a repeated message gets the same answer again. */
#include "tests/bmc/setup.h"

#include <string.h>

#include "lib/base/mem.h"

enum status { /* IPMI 2.0 table 13-15 */
	STATUS_OK = 0x00,
	STATUS_NO_RESOURCES = 0x01,
	STATUS_BAD_SESSION = 0x02,
	STATUS_BAD_PAYLOAD_TYPE = 0x03,
	STATUS_BAD_AUTH = 0x04,
	STATUS_BAD_INTEGRITY = 0x05,
	STATUS_BAD_ROLE = 0x09,
	STATUS_ROLE_NOT_ALLOWED = 0x0a,
	STATUS_BAD_NAME_LEN = 0x0c,
	STATUS_BAD_NAME = 0x0d,
	STATUS_BAD_INTEGRITY_VALUE = 0x0f,
	STATUS_BAD_CONFIDENTIALITY = 0x10,
	STATUS_NO_SUITE = 0x11,
};

#define OPEN_REQUEST_LEN 32
#define OPEN_ANSWER_LEN	 36
#define RAKP_ERROR_LEN	 8
#define RAKP_1_LEN	 28
#define RAKP_3_LEN	 8
#define ROLE_NAME_ONLY	 0x10

static void send_setup(struct bmcemu *bmc, const struct origin *from, enum payload_type type,
	const uint8_t *p, size_t len)
{
	const struct origin to = {.peer = from->peer};

	rmcp_send(bmc, &to, type, p, len);
}

static void send_refusal(struct bmcemu *bmc, const struct origin *from, enum payload_type type,
	uint8_t tag, enum status status, uint32_t console_id)
{
	uint8_t p[RAKP_ERROR_LEN] = {tag, status};

	put_u32le(p + 4, console_id);
	send_setup(bmc, from, type, p, sizeof(p));
}

/* One of the three algorithm fields of Open Session (table 13-9); *ret -1: the BMC may choose. */
static bool get_algorithm(const uint8_t *p, uint8_t type, int *ret)
{
	if (p[0] != type || (p[3] != 8 && p[3] != 0))
		return false;
	*ret = p[3] ? p[4] & 0x3f : -1;
	return true;
}

static enum status choose_suite(
	const struct bmcemu *bmc, const uint8_t *p, const struct suite **ret)
{
	bool auth_known = false, integrity_known = false, conf_known = false;
	int auth, integrity, conf;
	const struct suite *s;

	if (!get_algorithm(p + 8, 0, &auth) || !get_algorithm(p + 16, 1, &integrity) ||
		!get_algorithm(p + 24, 2, &conf))
		return STATUS_BAD_PAYLOAD_TYPE;
	for (size_t i = 0; (s = suite_at(i)); i++) {
		bool a = auth < 0 || auth == s->auth;
		bool b = integrity < 0 || integrity == s->integrity;
		bool c = conf < 0 || conf == s->confidentiality;

		auth_known |= a;
		integrity_known |= b;
		conf_known |= c;
		if (a && b && c && bmc->config.suites & 1u << s->id) {
			*ret = s;
			return STATUS_OK;
		}
	}
	return !auth_known	  ? STATUS_BAD_AUTH
	       : !integrity_known ? STATUS_BAD_INTEGRITY
	       : !conf_known	  ? STATUS_BAD_CONFIDENTIALITY
				  : STATUS_NO_SUITE;
}

static void send_open_answer(
	struct bmcemu *bmc, const struct origin *from, uint8_t tag, const struct session *s)
{
	const uint8_t algorithms[] = {
		s->suite->auth, s->suite->integrity, s->suite->confidentiality};
	uint8_t p[OPEN_ANSWER_LEN] = {tag, STATUS_OK};

	p[2] = s->open_max ? s->open_max : BMCEMU_PRIV_ADMIN;
	put_u32le(p + 4, s->console_id);
	put_u32le(p + 8, s->id);
	for (uint8_t i = 0; i < 3; i++) {
		p[12 + 8 * i] = i;
		p[15 + 8 * i] = 8;
		p[16 + 8 * i] = algorithms[i];
	}
	send_setup(bmc, from, PAYLOAD_OPEN_RESPONSE, p, sizeof(p));
}

static bool receive_open(
	struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len)
{
	const struct suite *suite = NULL;
	uint32_t console_id;
	struct session *s;
	enum status status;

	if (len < OPEN_REQUEST_LEN)
		return false;
	console_id = get_u32le(p + 4);
	status = (p[1] & 0x0f) > BMCEMU_PRIV_OEM ? STATUS_BAD_ROLE : choose_suite(bmc, p, &suite);
	s = status ? NULL : session_find_opening(bmc, console_id, from->peer);
	if (!status && !s && !(s = session_new(bmc)))
		status = STATUS_NO_RESOURCES;
	if (status) {
		send_refusal(bmc, from, PAYLOAD_OPEN_RESPONSE, p[0], status, console_id);
		return true;
	}
	s->console_id = console_id;
	session_set_peer(s, from->peer);
	s->open_max = p[1] & 0x0f;
	s->suite = suite;
	send_open_answer(bmc, from, p[0], s);
	return true;
}

/*
 * IPMI 2.0 section 13.20: with name-only lookup the first entry of that name counts; otherwise name
 * and privilege choose the entry together. Either way the entry has to allow the role asked for.
 */
static enum status find_user(
	const struct bmcemu *bmc, const uint8_t *name, size_t len, uint8_t role, uint8_t *ret_id)
{
	enum status status = STATUS_BAD_NAME;

	for (size_t i = 0; i < bmc->n_users; i++) {
		const struct bmcemu_user *u = &bmc->users[i];

		if (!u->enabled || strlen(u->name) != len || memcmp(u->name, name, len) != 0)
			continue;
		if ((role & 0x0f) <= u->privilege) {
			*ret_id = i + 1;
			return STATUS_OK;
		}
		status = STATUS_ROLE_NOT_ALLOWED;
		if (role & ROLE_NAME_ONLY)
			break;
	}
	return status;
}

static void user_mac(const struct bmcemu *bmc, const struct session *s,
	const struct suite_part *parts, size_t n, uint8_t ret[static SUITE_MAC_MAX])
{
	suite_mac(s->suite, bmc->users[s->user_id - 1].password, SUITE_KEY_LEN, parts, n, ret);
	ret[0] ^= fault_value(&bmc->faults, FAULT_WRONG_PASSWORD);
}

static void send_rakp_2(
	struct bmcemu *bmc, const struct origin *from, uint8_t tag, const struct session *s)
{
	uint8_t p[40 + SUITE_MAC_MAX] = {tag, STATUS_OK}, ids[8];
	const struct suite_part parts[] = {
		{ids, 8},
		{s->console_random, 16},
		{s->random, 16},
		{bmc->config.guid, 16},
		{&s->role, 1},
		{&s->name_len, 1},
		{s->name, s->name_len},
	};

	put_u32le(ids, s->console_id);
	put_u32le(ids + 4, s->id);
	put_u32le(p + 4, s->console_id);
	memcpy(p + 8, s->random, 16);
	memcpy(p + 24, bmc->config.guid, 16);
	user_mac(bmc, s, parts, ARRAY_SIZE(parts), p + 40);
	send_setup(bmc, from, PAYLOAD_RAKP_2, p, 40 + s->suite->mac_len);
}

static enum status check_rakp_1(const struct bmcemu *bmc, const struct session *s, const uint8_t *p,
	size_t len, uint8_t *ret_user)
{
	uint8_t role = p[24] & 0x0f, name_len = p[27];

	if (name_len > BMCEMU_NAME_MAX || len < RAKP_1_LEN + (size_t)name_len)
		return STATUS_BAD_NAME_LEN;
	if (role < BMCEMU_PRIV_CALLBACK || role > BMCEMU_PRIV_OEM)
		return STATUS_BAD_ROLE;
	if (s->open_max && role > s->open_max)
		return STATUS_ROLE_NOT_ALLOWED;
	return find_user(bmc, p + RAKP_1_LEN, name_len, p[24], ret_user);
}

static bool receive_rakp_1(
	struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len)
{
	struct session *s;
	enum status status;

	if (len < RAKP_1_LEN)
		return false;
	s = session_find(bmc, get_u32le(p + 4));
	if (!s || s->phase == SESSION_ACTIVE) {
		send_refusal(bmc, from, PAYLOAD_RAKP_2, p[0], STATUS_BAD_SESSION, 0);
		return true;
	}
	status = check_rakp_1(bmc, s, p, len, &s->user_id);
	if (status) {
		bmc->counters.auth_failures++;
		send_refusal(bmc, from, PAYLOAD_RAKP_2, p[0], status, s->console_id);
		session_free(bmc, s);
		return true;
	}
	if (s->phase == SESSION_OPENED || memcmp(s->console_random, p + 8, 16) != 0)
		emu_random(s->random, sizeof(s->random));
	s->phase = SESSION_NAMED;
	memcpy(s->console_random, p + 8, 16);
	s->role = p[24];
	s->name_len = p[27];
	memcpy(s->name, p + RAKP_1_LEN, s->name_len);
	send_rakp_2(bmc, from, p[0], s);
	return true;
}

static bool rakp_3_is_authentic(
	const struct bmcemu *bmc, const struct session *s, const uint8_t *code, size_t len)
{
	uint8_t want[SUITE_MAC_MAX], console_id[4], wrong = 0;
	const struct suite_part parts[] = {
		{s->random, 16},
		{console_id, 4},
		{&s->role, 1},
		{&s->name_len, 1},
		{s->name, s->name_len},
	};

	if (len < s->suite->mac_len)
		return false;
	put_u32le(console_id, s->console_id);
	user_mac(bmc, s, parts, ARRAY_SIZE(parts), want);
	for (size_t i = 0; i < s->suite->mac_len; i++)
		wrong |= want[i] ^ code[i];
	return wrong == 0;
}

static void activate(struct bmcemu *bmc, struct session *s)
{
	uint8_t role = s->role & 0x0f, user = bmc->users[s->user_id - 1].privilege;

	session_derive_keys(bmc, s);
	s->limit = role < user ? role : user;
	s->privilege = s->limit < BMCEMU_PRIV_USER ? s->limit : BMCEMU_PRIV_USER;
	s->seq_window = UINT32_MAX;
	s->phase = SESSION_ACTIVE;
	bmc->counters.sessions++;
}

static void send_rakp_4(
	struct bmcemu *bmc, const struct origin *from, uint8_t tag, const struct session *s)
{
	uint8_t p[RAKP_ERROR_LEN + SUITE_MAC_MAX] = {tag, STATUS_OK}, id[4];
	const struct suite_part parts[] = {
		{s->console_random, 16},
		{id, 4},
		{bmc->config.guid, 16},
	};

	put_u32le(id, s->id);
	put_u32le(p + 4, s->console_id);
	suite_mac(s->suite, s->sik, s->suite->mac_len, parts, ARRAY_SIZE(parts), p + 8);
	send_setup(bmc, from, PAYLOAD_RAKP_4, p, RAKP_ERROR_LEN + s->suite->icv_len);
}

static bool receive_rakp_3(
	struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len)
{
	enum status status = STATUS_OK;
	struct session *s;

	if (len < RAKP_3_LEN)
		return false;
	s = session_find(bmc, get_u32le(p + 4));
	if (!s || s->phase == SESSION_OPENED) {
		send_refusal(bmc, from, PAYLOAD_RAKP_4, p[0], STATUS_BAD_SESSION, 0);
		return true;
	}
	if (p[1] != STATUS_OK) { /* the remote console gives up */
		if (s->phase == SESSION_NAMED)
			session_free(bmc, s);
		return true;
	}
	if (!rakp_3_is_authentic(bmc, s, p + RAKP_3_LEN, len - RAKP_3_LEN))
		status = STATUS_BAD_INTEGRITY_VALUE;
	else if (s->phase != SESSION_ACTIVE && !session_slot_is_free(bmc))
		status = STATUS_NO_RESOURCES;
	if (status && s->phase == SESSION_ACTIVE)
		return false;
	if (status) {
		bmc->counters.auth_failures += status == STATUS_BAD_INTEGRITY_VALUE;
		send_refusal(bmc, from, PAYLOAD_RAKP_4, p[0], status, s->console_id);
		session_free(bmc, s);
		return true;
	}
	if (s->phase == SESSION_NAMED)
		activate(bmc, s);
	s->used_ms = emu_now(bmc);
	session_set_peer(s, from->peer);
	send_rakp_4(bmc, from, p[0], s);
	return true;
}

bool setup_receive(struct bmcemu *bmc, const struct origin *from, uint8_t payload_type,
	const uint8_t *p, size_t len)
{
	switch (payload_type) {
	case PAYLOAD_OPEN_REQUEST:
		return receive_open(bmc, from, p, len);
	case PAYLOAD_RAKP_1:
		return receive_rakp_1(bmc, from, p, len);
	case PAYLOAD_RAKP_3:
		return receive_rakp_3(bmc, from, p, len);
	default:
		return false;
	}
}
