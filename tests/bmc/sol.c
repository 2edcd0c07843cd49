/*
 * Serial over LAN (IPMI 2.0 chapter 15): packets with sequence numbers 1 to 15, each acknowledged
 * with the number of characters taken. To the console one packet is under way at a time; it is
 * repeated until it is acknowledged or was sent often enough, then its characters are lost and the
 * next packet says so.
 */
#include "tests/bmc/sol.h"

#include <string.h>

#include "lib/base/buf.h"
#include "tests/bmc/rmcp.h"

#define HEADER_LEN	4
#define UNSENT_MAX	16384
#define ACCUMULATE_UNIT 5 /* milliseconds, table 26-5 */
#define RETRY_UNIT	10

enum to_bmc { /* table 15-2, byte 4 from the console */
	OP_NACK = 0x40,
	OP_BREAK = 0x10,
	OP_FLUSH_OUT = 0x01,
};

enum to_console { /* ... and to it */
	STATUS_NACK = 0x40,
	STATUS_DEACTIVATING = 0x10,
	STATUS_OVERRUN = 0x08,
};

struct sol {
	struct bmcemu *bmc;
	struct session *session;
	uv_timer_t timer;
	uint8_t seq_out;  /* of the last packet with characters */
	size_t under_way; /* characters of it, at the front of unsent; 0: none */
	unsigned sent;	  /* how often */
	struct buf unsent;
	bool overrun;
	uint8_t seq_in, taken; /* of the last packet that was carried out, and its answer */
	uint32_t packets, with_characters;
};

static void send_packet(
	struct sol *sol, uint8_t seq, uint8_t ack, uint8_t taken, uint8_t status, size_t len)
{
	uint8_t p[SOL_PAYLOAD_MAX] = {seq, ack, taken, status};
	const struct origin to = {
		.peer = (struct sockaddr *)&sol->session->peer, .session = sol->session};

	if (len)
		memcpy(p + HEADER_LEN, sol->unsent.data, len);
	rmcp_send(sol->bmc, &to, PAYLOAD_SOL, p, HEADER_LEN + len);
}

static void on_timer(uv_timer_t *t);

static void wait_ms(struct sol *sol, unsigned ms)
{
	uv_timer_start(&sol->timer, on_timer, ms, 0);
}

static void send_characters(struct sol *sol)
{
	sol->sent++;
	send_packet(sol, sol->seq_out, 0, 0, sol->overrun ? STATUS_OVERRUN : 0, sol->under_way);
	wait_ms(sol, sol->bmc->sol_config.retry_interval * RETRY_UNIT);
}

static void begin_packet(struct sol *sol)
{
	size_t max = SOL_PAYLOAD_MAX - HEADER_LEN;

	sol->under_way = sol->unsent.len < max ? sol->unsent.len : max;
	sol->seq_out = sol->seq_out % 15 + 1;
	sol->sent = 0;
	send_characters(sol);
}

/* Table 26-5: a packet goes when it has enough characters, or after a while. */
static void send_more(struct sol *sol)
{
	const struct sol_config *c = &sol->bmc->sol_config;

	if (sol->under_way || !sol->unsent.len)
		return;
	if (sol->unsent.len >= c->threshold)
		begin_packet(sol);
	else if (!uv_is_active((uv_handle_t *)&sol->timer))
		wait_ms(sol, c->accumulate * ACCUMULATE_UNIT);
}

static void packet_done(struct sol *sol, size_t taken)
{
	uv_timer_stop(&sol->timer);
	buf_consume(&sol->unsent, taken < sol->under_way ? taken : sol->under_way);
	sol->under_way = 0;
}

static void on_timer(uv_timer_t *t)
{
	struct sol *sol = t->data;

	if (!sol->under_way && sol->unsent.len) {
		begin_packet(sol);
	} else if (sol->under_way && sol->sent <= (sol->bmc->sol_config.retry_count & 0x07u)) {
		send_characters(sol);
	} else if (sol->under_way) {
		packet_done(sol, sol->under_way);
		sol->overrun = true;
		send_more(sol);
	}
}

/* A refusal and a packet taken in part are sent again, under the next number and after a while. */
static void receive_ack(struct sol *sol, uint8_t seq, uint8_t taken, uint8_t op)
{
	if (!sol->under_way || seq != sol->seq_out)
		return;
	packet_done(sol, taken);
	sol->overrun = false;
	if (taken || !(op & OP_NACK))
		send_more(sol);
	else
		wait_ms(sol, sol->bmc->sol_config.retry_interval * RETRY_UNIT);
}

static void carry_out(struct sol *sol, uint8_t op)
{
	const struct bmcemu_machine_ops *ops = sol->bmc->ops;

	if (op & OP_FLUSH_OUT && !sol->under_way)
		buf_consume(&sol->unsent, sol->unsent.len);
	if (op & OP_BREAK && ops && ops->console_break)
		ops->console_break(sol->bmc->machine);
}

static size_t take_characters(struct sol *sol, const uint8_t *p, size_t len)
{
	const struct bmcemu_machine_ops *ops = sol->bmc->ops;
	uint32_t max = fault_value(&sol->bmc->faults, FAULT_SOL_TAKE_MAX);

	if (max && len > max)
		len = max;
	return len && ops && ops->console_input ? ops->console_input(sol->bmc->machine, p, len)
						: len;
}

/* False when a fault makes the BMC refuse it. */
static bool receive_characters(struct sol *sol, const uint8_t *p, size_t len)
{
	uint8_t seq = p[0] & 0x0f;

	if (seq != sol->seq_in) {
		if (fault_nth(&sol->bmc->faults, FAULT_SOL_NACK_NTH, &sol->with_characters))
			return false;
		carry_out(sol, p[3]);
		sol->seq_in = seq;
		sol->taken = take_characters(sol, p + HEADER_LEN, len - HEADER_LEN);
	}
	return true;
}

bool sol_receive(struct bmcemu *bmc, struct session *s, const uint8_t *p, size_t len)
{
	uint32_t ends_after = fault_value(&bmc->faults, FAULT_SOL_ENDS_AFTER);
	struct sol *sol = bmc->sol;

	if (!sol || sol->session != s || len < HEADER_LEN || len > SOL_PAYLOAD_MAX)
		return false;
	if (p[1] & 0x0f)
		receive_ack(sol, p[1] & 0x0f, p[2], p[3]);
	if (!(p[0] & 0x0f))
		carry_out(sol, p[3]);
	else if (receive_characters(sol, p, len))
		send_packet(sol, 0, p[0] & 0x0f, sol->taken, 0, 0);
	else
		send_packet(sol, 0, p[0] & 0x0f, 0, STATUS_NACK, 0);
	if (ends_after && ++sol->packets >= ends_after)
		sol_deactivate(bmc, true);
	return true;
}

void bmcemu_console_output(struct bmcemu *bmc, const void *data, size_t len)
{
	struct sol *sol = bmc->sol;

	if (!sol || !len)
		return;
	if (buf_append(&sol->unsent, data, len) < 0)
		sol->overrun = true;
	send_more(sol);
}

void sol_activate(struct bmcemu *bmc, struct session *s)
{
	struct sol *sol = xcalloc(1, sizeof(*sol));

	sol->bmc = bmc;
	sol->session = s;
	buf_init(&sol->unsent, UNSENT_MAX);
	uv_timer_init(bmc->loop, &sol->timer);
	sol->timer.data = sol;
	bmc->sol = sol;
}

struct session *sol_holder(const struct bmcemu *bmc)
{
	return bmc->sol ? bmc->sol->session : NULL;
}

bool bmcemu_console_is_held(const struct bmcemu *bmc)
{
	return bmc->sol;
}

static void on_closed(uv_handle_t *h)
{
	struct sol *sol = h->data;

	buf_done(&sol->unsent);
	free(sol);
}

void sol_deactivate(struct bmcemu *bmc, bool tell)
{
	struct sol *sol = bmc->sol;

	if (!sol)
		return;
	if (tell)
		send_packet(sol, 0, 0, 0, STATUS_DEACTIVATING, 0);
	bmc->sol = NULL;
	uv_close((uv_handle_t *)&sol->timer, on_closed);
}
