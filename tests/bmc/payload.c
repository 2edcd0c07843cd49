/* Commands that activate payloads and configure serial over LAN (IPMI 2.0 chapters 24 and 26).
 * There is one payload besides IPMI messages, SOL, and one instance of it. */
#include "tests/bmc/command.h"

#include "lib/base/mem.h"
#include "tests/bmc/rmcp.h"
#include "tests/bmc/sol.h"

#define INSTANCE	    1
#define CC_ALREADY_ACTIVE   0x80
#define CC_ALREADY_INACTIVE 0x80
#define CC_PAYLOAD_DISABLED 0x81
#define CC_TYPE_UNAVAILABLE 0x80
#define CC_NO_ENCRYPTION    0x84 /* cannot be activated without encryption */
#define AUX_ENCRYPT	    0x80
#define FORCE_ENCRYPTION    0x80
#define CHANNEL_LAN	    1
#define CHANNEL_CURRENT	    0x0e
#define CC_SET_IN_PROGRESS  0x81
#define CC_READ_ONLY	    0x82
#define SOL_REVISION	    0x11

static bool is_lan(uint8_t channel)
{
	return (channel & 0x0f) == CHANNEL_LAN || (channel & 0x0f) == CHANNEL_CURRENT;
}

/* 24.1 */
uint8_t payload_activate(const struct request *q, struct reply *r)
{
	const struct sol_config *c = &q->bmc->sol_config;

	if ((q->data[0] & 0x3f) != PAYLOAD_SOL || (q->data[1] & 0x0f) != INSTANCE)
		return CC_INVALID_FIELD;
	if (!c->enabled || fault_value(&q->bmc->faults, FAULT_SOL_REFUSED))
		return CC_PAYLOAD_DISABLED;
	if (!q->session->suite) /* asked over the system interface: there is no session to use */
		return CC_NOT_IN_STATE;
	if (q->session->privilege < (c->authentication & 0x0f))
		return CC_PRIVILEGE;
	if (c->authentication & FORCE_ENCRYPTION && !(q->data[2] & AUX_ENCRYPT))
		return CC_NO_ENCRYPTION;
	if (sol_holder(q->bmc))
		return CC_ALREADY_ACTIVE;
	sol_activate(q->bmc, q->session);
	reply_u32(r, 0);
	reply_u16(r, SOL_PAYLOAD_MAX);
	reply_u16(r, SOL_PAYLOAD_MAX);
	reply_u16(r, q->bmc->port);
	reply_u16(r, 0xffff); /* no VLAN */
	return CC_OK;
}

/* 24.2: from another session it is taken away, and the holder is told */
uint8_t payload_deactivate(const struct request *q, struct reply *r)
{
	if ((q->data[0] & 0x3f) != PAYLOAD_SOL || (q->data[1] & 0x0f) != INSTANCE)
		return CC_INVALID_FIELD;
	if (!sol_holder(q->bmc))
		return CC_ALREADY_INACTIVE;
	if (q->session->privilege < (q->bmc->sol_config.authentication & 0x0f))
		return CC_PRIVILEGE;
	sol_deactivate(q->bmc, sol_holder(q->bmc) != q->session);
	return CC_OK;
}

/* 24.4 */
uint8_t payload_get_status(const struct request *q, struct reply *r)
{
	bool sol = (q->data[0] & 0x3f) == PAYLOAD_SOL;

	if (!sol && (q->data[0] & 0x3f) != PAYLOAD_IPMI)
		return CC_INVALID_FIELD;
	reply_u8(r, fault_value(&q->bmc->faults, FAULT_SOL_NO_CAPACITY) ? 0 : INSTANCE);
	reply_u16(r, sol && sol_holder(q->bmc) ? 1 : 0);
	return CC_OK;
}

/* 24.5 */
uint8_t payload_get_instance(const struct request *q, struct reply *r)
{
	const struct session *s = sol_holder(q->bmc);

	if ((q->data[0] & 0x3f) != PAYLOAD_SOL || q->data[1] != INSTANCE)
		return CC_INVALID_FIELD;
	reply_u32(r, s ? s->id : 0);
	reply_u32(r, 1); /* port number of the serial console, and reserved */
	reply_u32(r, 0);
	return CC_OK;
}

/* 24.7: every user may have SOL */
uint8_t payload_get_user_access(const struct request *q, struct reply *r)
{
	uint8_t id = q->data[1] & 0x3f;

	if (!is_lan(q->data[0]) || id < 1 || id > BMCEMU_USERS_MAX)
		return CC_INVALID_FIELD;
	reply_u32(r, 1u << PAYLOAD_SOL);
	return CC_OK;
}

/* 24.8: IPMI, SOL, and those of a session's setup */
uint8_t payload_get_support(const struct request *q, struct reply *r)
{
	if (!is_lan(q->data[0]))
		return CC_INVALID_FIELD;
	reply_u16(r, 1u << PAYLOAD_IPMI | 1u << PAYLOAD_SOL);
	reply_u16(r, 0x003f);
	reply_u32(r, 0);
	return CC_OK;
}

/* 24.9: version 1.0 */
uint8_t payload_get_version(const struct request *q, struct reply *r)
{
	uint8_t type = q->data[1] & 0x3f;

	if (!is_lan(q->data[0]))
		return CC_INVALID_FIELD;
	if (type > PAYLOAD_SOL && (type < PAYLOAD_OPEN_REQUEST || type > PAYLOAD_RAKP_4))
		return CC_TYPE_UNAVAILABLE;
	reply_u8(r, 0x10);
	return CC_OK;
}

/* Table 26-5; fields are in struct sol_config in the order of their bytes. */
static const struct {
	uint8_t at, len;
	bool read_only;
} params[] = {
	{offsetof(struct sol_config, set_in_progress), 1, false},
	{offsetof(struct sol_config, enabled), 1, false},
	{offsetof(struct sol_config, authentication), 1, false},
	{offsetof(struct sol_config, accumulate), 2, false},
	{offsetof(struct sol_config, retry_count), 2, false},
	{offsetof(struct sol_config, rate_kept), 1, false},
	{offsetof(struct sol_config, rate), 1, false},
	{offsetof(struct sol_config, channel), 1, true},
	{offsetof(struct sol_config, port), 2, true},
};

/* 26.2 */
uint8_t payload_set_sol(const struct request *q, struct reply *r)
{
	struct sol_config *c = &q->bmc->sol_config;
	uint8_t n = q->data[1];

	if (!is_lan(q->data[0]))
		return CC_INVALID_FIELD;
	if (n >= ARRAY_SIZE(params))
		return CC_PARAM_UNSUPPORTED;
	if (params[n].read_only)
		return CC_READ_ONLY;
	if (q->len != 2u + params[n].len)
		return CC_BAD_LENGTH;
	if (n == 0 && q->data[2] == 1 && c->set_in_progress == 1)
		return CC_SET_IN_PROGRESS;
	for (uint8_t i = 0; i < params[n].len; i++)
		((uint8_t *)c)[params[n].at + i] = q->data[2 + i];
	return CC_OK;
}

/* 26.3 */
uint8_t payload_get_sol(const struct request *q, struct reply *r)
{
	uint8_t n = q->data[1];

	if (!is_lan(q->data[0]))
		return CC_INVALID_FIELD;
	reply_u8(r, SOL_REVISION);
	if (q->data[0] & 0x80)
		return CC_OK;
	if (n >= ARRAY_SIZE(params))
		return CC_PARAM_UNSUPPORTED;
	put_u16le(q->bmc->sol_config.port, q->bmc->port);
	reply_put(r, (uint8_t *)&q->bmc->sol_config + params[n].at, params[n].len);
	return CC_OK;
}
