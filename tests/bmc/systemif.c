/*
 * OpenIPMI's "VM" protocol, as QEMU's ipmi-bmc-extern speaks it (hw/ipmi/ipmi_bmc_extern.c;
 * OpenIPMI, lanserv/README.vm): a message is sequence number, network function and LUN, command,
 * data, and a checksum that makes the sum of all zero; it ends with A0h. What ends with A1h is
 * about the machine's wires (reset, interrupt), which this rack drives over QMP. AAh escapes one
 * byte.
 */
#include "tests/bmc/systemif.h"

#include <string.h>

#include "tests/bmc/command.h"

#define END_OF_MESSAGE 0xa0
#define END_OF_CONTROL 0xa1
#define ESCAPE	       0xaa
#define ESCAPED_BIT    0x10
#define MESSAGE_MIN    4 /* sequence, network function, command, checksum */

/* Commands that only the system interface has (IPMI 2.0 sections 22.1 to 22.4). */
static bool run_local(const struct request *q, struct reply *r, uint8_t *ret_code)
{
	*ret_code = CC_OK;
	if (q->netfn != NETFN_APP)
		return false;
	switch (q->cmd) {
	case 0x2e: /* Set BMC Global Enables */
		if (q->len != 1)
			*ret_code = CC_BAD_LENGTH;
		return true;
	case 0x30: /* Clear Message Flags */
		return true;
	case 0x31: /* Get Message Flags: nothing waits */
		reply_u8(r, 0);
		return true;
	case 0x33: /* Get Message: the queue is empty */
		*ret_code = CC_PARAM_UNSUPPORTED;
		return true;
	default:
		return false;
	}
}

static uint8_t sum(const uint8_t *p, size_t len)
{
	uint8_t s = 0;

	while (len--)
		s += *p++;
	return s;
}

static size_t escape(uint8_t *out, const uint8_t *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bool special = p[i] == END_OF_MESSAGE || p[i] == END_OF_CONTROL || p[i] == ESCAPE;

		if (special)
			out[n++] = ESCAPE;
		out[n++] = special ? p[i] | ESCAPED_BIT : p[i];
	}
	return n;
}

static void answer(
	struct systemif_stream *s, const struct request *q, const uint8_t *reply, size_t reply_len)
{
	uint8_t plain[EMU_REPLY_MAX + 4], out[2 * sizeof(plain) + 1];
	size_t len = 3 + reply_len;

	plain[0] = s->message[0];
	plain[1] = s->message[1] + 4; /* the response's network function, the same LUN */
	plain[2] = q->cmd;
	memcpy(plain + 3, reply, reply_len);
	plain[len] = -sum(plain, len);
	len = escape(out, plain, len + 1);
	out[len++] = END_OF_MESSAGE;
	s->sink(s->sink_data, out, len);
}

/* What comes from inside may do everything; it has no session, so this stands for one. */
static void carry_out(struct systemif_stream *s)
{
	struct session local = {.phase = SESSION_ACTIVE, .privilege = BMCEMU_PRIV_ADMIN};
	const struct request q = {.bmc = s->bmc,
		.session = &local,
		.netfn = s->message[1] >> 2,
		.cmd = s->message[2],
		.data = s->message + 3,
		.len = s->len - MESSAGE_MIN};
	uint8_t reply[EMU_REPLY_MAX];
	struct reply r = {.len = 0};

	s->bmc->counters.requests++;
	if (!run_local(&q, &r, &reply[0]))
		reply[0] = command_run(&q, &r);
	memcpy(reply + 1, r.data, r.len);
	answer(s, &q, reply, 1 + r.len);
	if (s->bmc->reset_asked)
		bmcemu_reset(s->bmc);
}

static void message_end(struct systemif_stream *s)
{
	bool good = !s->escaped && !s->too_long && s->len >= MESSAGE_MIN &&
		    sum(s->message, s->len) == 0 && !(s->message[1] & 4);

	/* a BMC that hangs, hangs for its machine, too */
	if (good && !fault_value(&s->bmc->faults, FAULT_SILENT) &&
		emu_now(s->bmc) >= s->bmc->silent_until_ms)
		carry_out(s);
	else if (!good)
		s->bmc->counters.bad_packets++;
}

void systemif_feed(struct systemif_stream *s, const uint8_t *bytes, size_t len)
{
	for (; len--; bytes++) {
		if (*bytes == END_OF_MESSAGE)
			message_end(s);
		if (*bytes == END_OF_MESSAGE || *bytes == END_OF_CONTROL) {
			s->len = 0;
			s->escaped = s->too_long = false;
		} else if (*bytes == ESCAPE) {
			s->escaped = true;
		} else if (s->len == sizeof(s->message)) {
			s->too_long = true;
		} else {
			s->message[s->len++] = s->escaped ? *bytes & ~ESCAPED_BIT : *bytes;
			s->escaped = false;
		}
	}
}
