/* The IPMI message layer (IPMI 2.0 section 13.8, table 13-8). A request seen before within the
 * sequence's lifetime gets the answer it got then; what a command asked for is done after its
 * answer is out. */
#include "tests/bmc/message.h"

#include <string.h>

#include <nettle/sha1.h>

#include "lib/base/mem.h"
#include "tests/bmc/command.h"

#define BMC_ADDRESS	   0x20
#define MESSAGE_MIN	   7
#define REPEAT_LIFETIME_MS 5000 /* IPMB v1.0 section 4.3, sequence number expiration */
#define FREEZE_MS	   5000

static uint8_t checksum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return -sum;
}

static void digest_request(const uint8_t *p, size_t len, uint8_t ret[static SHA1_DIGEST_SIZE])
{
	struct sha1_ctx c;

	sha1_init(&c);
	sha1_update(&c, len, p);
	sha1_digest(&c, SHA1_DIGEST_SIZE, ret);
}

/* p is the whole message; only its addresses and data make the digest. */
static bool cache_matches(const struct bmcemu *bmc, const struct session *s, const uint8_t *p,
	size_t len, const uint8_t *digest)
{
	const struct session_cache *c = &s->cache;

	return c->valid && emu_now(bmc) - c->at_ms < REPEAT_LIFETIME_MS && c->netfn_lun == p[1] &&
	       c->seq_lun == p[4] && c->cmd == p[5] &&
	       !memcmp(c->digest, digest, sizeof(c->digest));
}

static void cache_store(const struct bmcemu *bmc, struct session *s, const uint8_t *p,
	const uint8_t *digest, const uint8_t *reply, size_t len)
{
	struct session_cache *c = &s->cache;

	c->valid = true;
	c->at_ms = emu_now(bmc);
	c->netfn_lun = p[1];
	c->seq_lun = p[4];
	c->cmd = p[5];
	memcpy(c->digest, digest, sizeof(c->digest));
	memcpy(c->reply, reply, len);
	c->reply_len = len;
}

static void send_reply(struct bmcemu *bmc, const struct origin *from, const uint8_t *p,
	const uint8_t *reply, size_t len)
{
	uint8_t out[EMU_REPLY_MAX + 8] = {p[3], (p[1] & 0xfc) + 4 + (p[4] & 0x03)};

	out[2] = checksum(out, 2);
	out[3] = BMC_ADDRESS;
	out[4] = (p[4] & 0xfc) | (p[1] & 0x03);
	out[5] = p[5];
	if (fault_nth(&bmc->faults, FAULT_WRONG_SEQ_NTH, &bmc->fault_state.misnumbered))
		out[4] ^= 0x04;
	memcpy(out + 6, reply, len);
	out[6 + len] = checksum(out + 3, 3 + len);
	rmcp_send(bmc, from, PAYLOAD_IPMI, out, 7 + len);
}

/* True when a fault swallows the request or forgets its session. */
static bool faults_swallow(struct bmcemu *bmc, const struct request *q)
{
	const struct faults *f = &bmc->faults;
	uint32_t gap_ms = fault_value(f, FAULT_FREEZE_GAP_MS), freeze_ms;
	int64_t now = emu_now(bmc), last_ms = bmc->fault_state.last_request_ms;
	uint32_t limit = fault_value(f, FAULT_SESSION_REQUESTS);

	bmc->fault_state.last_request_ms = now;
	if (gap_ms && last_ms && now - last_ms < gap_ms) {
		freeze_ms = fault_value(f, FAULT_FREEZE_MS);
		bmc->silent_until_ms = now + (freeze_ms ? freeze_ms : FREEZE_MS);
		return true;
	}
	if (q->session && limit && ++q->session->requests > limit) {
		session_free(bmc, q->session);
		return true;
	}
	return q->netfn == NETFN_APP && q->cmd == 0x54 && fault_value(f, FAULT_NO_CIPHER_LIST);
}

static size_t run(struct bmcemu *bmc, const struct request *q, uint8_t *reply)
{
	struct reply r = {.len = 0};

	bmc->counters.requests++;
	if (q->session && fault_nth(&bmc->faults, FAULT_BUSY_NTH, &bmc->fault_state.commands))
		reply[0] = CC_BUSY;
	else
		reply[0] = command_run(q, &r);
	memcpy(reply + 1, r.data, r.len);
	return 1 + r.len;
}

static void after_reply(struct bmcemu *bmc, struct session *s)
{
	if (s && s->closing)
		session_free(bmc, s);
	if (bmc->reset_asked)
		bmcemu_reset(bmc);
}

static void answer(struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len)
{
	const struct request q = {bmc, from->session, p[1] >> 2, p[5], p + 6, len - MESSAGE_MIN};
	uint8_t reply[EMU_REPLY_MAX], digest[SHA1_DIGEST_SIZE];
	struct session *s = from->session;
	size_t reply_len;

	if (s)
		digest_request(p, len, digest);
	if (s && cache_matches(bmc, s, p, len, digest)) {
		bmc->counters.repeats++;
		send_reply(bmc, from, p, s->cache.reply, s->cache.reply_len);
		return;
	}
	if (faults_swallow(bmc, &q))
		return;
	reply_len = run(bmc, &q, reply);
	if (s && fault_nth(&bmc->faults, FAULT_SESSION_ENDS_NTH, &bmc->fault_state.ended)) {
		session_free(bmc, s);
		return;
	}
	if (s)
		cache_store(bmc, s, p, digest, reply, reply_len);
	send_reply(bmc, from, p, reply, reply_len);
	after_reply(bmc, s);
}

bool message_receive(struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len)
{
	if (len < MESSAGE_MIN || checksum(p, 3) != 0 || checksum(p + 3, len - 3) != 0)
		return false;
	if (p[0] != BMC_ADDRESS || (p[1] >> 2) & 1)
		return false;
	answer(bmc, from, p, len);
	return true;
}
