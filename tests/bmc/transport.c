/* Transport commands: the LAN configuration parameters (IPMI 2.0 section 23.2, table 23-4). */
#include "tests/bmc/command.h"

#include <string.h>

#include "lib/base/mem.h"

static void put_suites(const struct bmcemu *bmc, struct reply *r)
{
	const struct suite *s;

	reply_u8(r, 0);
	for (size_t i = 0; (s = suite_at(i)); i++)
		if (bmc->config.suites & 1u << s->id)
			reply_u8(r, s->id);
}

static uint8_t count_suites(const struct bmcemu *bmc)
{
	struct reply r = {.len = 0};

	put_suites(bmc, &r);
	return r.len - 1;
}

static void put_zeros(struct reply *r, size_t n)
{
	while (n--)
		reply_u8(r, 0);
}

/* Constant parameters; the rest stands in put_param(). */
static const struct {
	uint8_t param, len, data[6];
} constants[] = {
	{0, 1, {0}},		       /* set complete */
	{1, 1, {0}},		       /* no authentication type of IPMI 1.5 */
	{2, 5, {0}},		       /* ... and none enabled */
	{4, 1, {0x01}},		       /* static address */
	{6, 4, {255, 255, 255, 0}},    /* subnet mask */
	{7, 3, {0x40, 0x40, 0x10}},    /* time to live, flags, type of service */
	{8, 2, {0x6f, 0x02}},	       /* RMCP port 623 */
	{9, 2, {0x98, 0x02}},	       /* secondary port 664 */
	{10, 1, {0x02}},	       /* answers ARP */
	{11, 1, {0x00}}, {12, 4, {0}}, /* no default gateway */
	{14, 4, {0}}, {17, 1, {0}},    /* no alert destinations */
	{20, 2, {0}},		       /* no VLAN */
	{21, 1, {0}}, {26, 6, {0}},    /* no lock-out by wrong passwords */
};

static uint8_t put_param(const struct bmcemu *bmc, uint8_t param, struct reply *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (constants[i].param == param) {
			reply_put(r, constants[i].data, constants[i].len);
			return CC_OK;
		}
	switch (param) {
	case 3:
		reply_put(r, bmc->lan_ip, sizeof(bmc->lan_ip));
		return CC_OK;
	case 5:
		reply_put(r, bmc->config.lan_mac, sizeof(bmc->config.lan_mac));
		return CC_OK;
	case 13: /* gateway's and backup gateway's MAC */
	case 15:
		put_zeros(r, 6);
		return CC_OK;
	case 16: /* community string */
		reply_put(r, "public\0\0\0\0\0\0\0\0\0\0\0", 18);
		return CC_OK;
	case 22:
		reply_u8(r, count_suites(bmc));
		return CC_OK;
	case 23:
		put_suites(bmc, r);
		put_zeros(r, 17 - r->len + 1);
		return CC_OK;
	case 24: /* every entry may be used up to administrator */
		reply_u8(r, 0);
		for (int i = 0; i < 8; i++)
			reply_u8(r, 0x44);
		return CC_OK;
	default:
		return CC_PARAM_UNSUPPORTED;
	}
}

#define PARAMS	      27
#define PARAM_MAX     18
#define CC_SET_IN_USE 0x81
#define CC_READ_ONLY  0x82

/* What was written; everything else is the same for all BMCs. */
struct lan_own {
	uint32_t written; /* bit n: parameter n */
	uint8_t data[PARAMS][PARAM_MAX];
};

static bool is_lan(const struct request *q)
{
	uint8_t channel = q->data[0] & 0x0f;

	return channel == 0x01 || channel == 0x0e;
}

/* 23.1; the BMC goes on listening where it does */
uint8_t transport_set_lan(const struct request *q, struct reply *r)
{
	static const uint32_t read_only = 1u << 1 | 1u << 17 | 1u << 22 | 1u << 23;
	uint8_t n = q->data[1];
	struct reply now = {.len = 0};
	struct lan_own *own;

	if (!is_lan(q))
		return CC_INVALID_FIELD;
	if (n >= PARAMS || put_param(q->bmc, n, &now) != CC_OK)
		return CC_PARAM_UNSUPPORTED;
	if (read_only & 1u << n)
		return CC_READ_ONLY;
	if (q->len - 2 != now.len)
		return CC_BAD_LENGTH;
	if (!q->bmc->lan_own)
		q->bmc->lan_own = xcalloc(1, sizeof(*q->bmc->lan_own));
	own = q->bmc->lan_own;
	if (n == 0 && q->data[2] == 1 && own->data[0][0] == 1)
		return CC_SET_IN_USE;
	own->written |= 1u << n;
	memcpy(own->data[n], q->data + 2, now.len);
	return CC_OK;
}

/* 23.2 */
uint8_t transport_get_lan(const struct request *q, struct reply *r)
{
	const struct lan_own *own = q->bmc->lan_own;
	uint8_t n = q->data[1], cc;

	if (!is_lan(q))
		return CC_INVALID_FIELD;
	reply_u8(r, 0x11);
	if (q->data[0] & 0x80)
		return CC_OK;
	cc = put_param(q->bmc, n, r);
	if (cc == CC_OK && n < PARAMS && own && own->written & 1u << n)
		memcpy(r->data + 1, own->data[n], r->len - 1);
	return cc;
}
