/* Life of one emulated BMC: its socket, its clock, and what it sends (through the faults). */
#include "tests/bmc/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/bmc/command.h"
#include "tests/bmc/rmcp.h"
#include "tests/bmc/session.h"
#include "tests/bmc/watchdog.h"

#define SLOTS_MAX	 64
#define SEL_RECORDS_MAX	 65000
#define REORDER_FLUSH_MS 50

/* An answer that a fault holds back. */
struct sending {
	struct list member;
	struct bmcemu *bmc;
	uv_timer_t timer;
	struct sockaddr_storage peer;
	size_t len;
	uint8_t packet[EMU_PACKET_MAX];
};

void emu_random(void *dst, size_t n)
{
	uint8_t *p = dst;

	while (n) {
		ssize_t r = getrandom(p, n, 0);

		if (r > 0) {
			p += r;
			n -= r;
		}
	}
}

int64_t emu_now(const struct bmcemu *bmc)
{
	return (int64_t)uv_now(bmc->loop) + bmc->skew_ms;
}

bool emu_has_kg(const struct bmcemu *bmc)
{
	static const uint8_t zero[20];

	return memcmp(bmc->config.kg, zero, sizeof(zero)) != 0;
}

static const struct bmcemu_identity default_identity = {
	.manufacturer = "Ingot",
	.product = "Emulated Server",
	.part = "ES-2000",
	.version = "B2",
	.serial = "ES########",
	.asset = "A#####",
	.board_manufacturer = "Ingot Boards",
	.board_product = "Emulated Board",
	.board_serial = "EB########",
	.board_part = "EB-2000-01",
	.chassis_part = "EC-1U",
	.chassis_serial = "EC########",
};

void bmcemu_config_init(struct bmcemu_config *c)
{
	*c = (struct bmcemu_config){
		.fd = -1,
		.suites = BMCEMU_SUITE_3 | BMCEMU_SUITE_17,
		.session_slots = 4,
		.idle_timeout_s = 60,
		.reset_ms = 2000,
		.device_id = 0x20,
		.device_revision = 1,
		.firmware_major = 1,
		.firmware_minor = 0x02,
		.manufacturer = 0,
		.product = 1,
		.lan_mac = {0x52, 0x54, 0x00, 0x00, 0x00, 0x01},
		.identity = &default_identity,
		.sel_records = 512,
	};
}

int bmcemu_user_set(struct bmcemu_user *u, const char *name, const void *password, size_t len,
	enum bmcemu_privilege privilege, struct err *e)
{
	if (strlen(name) > BMCEMU_NAME_MAX)
		return err_set(e, EINVAL, "BMC user %s: a name has at most %d bytes", name,
			BMCEMU_NAME_MAX);
	if (len > BMCEMU_PASSWORD_MAX)
		return err_set(e, EINVAL, "BMC user %s: a password has at most %d bytes", name,
			BMCEMU_PASSWORD_MAX);
	if (privilege < BMCEMU_PRIV_CALLBACK || privilege > BMCEMU_PRIV_OEM)
		return err_set(
			e, EINVAL, "BMC user %s: privilege %d is none of 1 to 5", name, privilege);
	*u = (struct bmcemu_user){.privilege = privilege, .enabled = true};
	str_copy(u->name, sizeof(u->name), name);
	memcpy(u->password, password, len);
	return 0;
}

/* The socket */

static void send_now(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len)
{
	uv_buf_t b = uv_buf_init((char *)packet, len);

	if (bmc->sink)
		bmc->sink(bmc->sink_data, packet, len);
	else if (bmc->port)
		uv_udp_try_send(
			&bmc->udp, &b, 1, peer); /* a full socket loses it, as a wire does */
}

static void on_sending_closed(uv_handle_t *h)
{
	free(h->data);
}

static void sending_free(struct sending *s)
{
	list_remove(&s->member);
	uv_close((uv_handle_t *)&s->timer, on_sending_closed);
}

static void on_send_due(uv_timer_t *t)
{
	struct sending *s = t->data;

	send_now(s->bmc, (struct sockaddr *)&s->peer, s->packet, s->len);
	sending_free(s);
}

static void send_later(struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet,
	size_t len, uint64_t later_ms)
{
	struct sending *s = xmalloc(sizeof(*s));

	s->bmc = bmc;
	s->len = len;
	memcpy(s->packet, packet, len);
	memcpy(&s->peer, peer,
		peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					    : sizeof(struct sockaddr_in));
	list_append(&bmc->sending, &s->member);
	uv_timer_init(bmc->loop, &s->timer);
	s->timer.data = s;
	uv_timer_start(&s->timer, on_send_due, later_ms, 0);
}

/* Silent by a fault, frozen, or restarting. */
static bool is_away(const struct bmcemu *bmc)
{
	return fault_value(&bmc->faults, FAULT_SILENT) || emu_now(bmc) < bmc->silent_until_ms;
}

void emu_send(struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len,
	uint32_t later_ms)
{
	const struct faults *f = &bmc->faults;
	struct fault_state *state = &bmc->fault_state;
	uint8_t garbage[EMU_PACKET_MAX];

	if (is_away(bmc)) /* the console's output has no request to be silent on */
		return;
	if (fault_nth(f, FAULT_DROP_REPLY_NTH, &state->dropped) ||
		fault_chance(f, FAULT_DROP_PERCENT, &state->chance))
		return;
	if (fault_nth(f, FAULT_GARBAGE_NTH, &state->spoilt)) {
		emu_random(garbage, len);
		packet = garbage;
	}
	later_ms += fault_value(f, FAULT_DELAY_MS);
	if (fault_value(f, FAULT_REORDER) && ++state->sent % 2)
		later_ms += REORDER_FLUSH_MS;
	for (uint32_t n = 0; n <= fault_value(f, FAULT_DUPLICATE); n++) {
		if (later_ms)
			send_later(bmc, peer, packet, len, later_ms);
		else
			send_now(bmc, peer, packet, len);
	}
}

void bmcemu_receive(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len)
{
	if (is_away(bmc) || fault_nth(&bmc->faults, FAULT_DROP_NTH, &bmc->fault_state.received) ||
		fault_chance(&bmc->faults, FAULT_DROP_PERCENT, &bmc->fault_state.chance))
		return;
	rmcp_receive(bmc, peer, packet, len);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char space[EMU_PACKET_MAX + 1]; /* handed to on_recv at once */

	*ret = uv_buf_init(space, sizeof(space));
}

static void on_recv(
	uv_udp_t *udp, ssize_t n, const uv_buf_t *b, const struct sockaddr *peer, unsigned flags)
{
	if (n > 0 && peer)
		bmcemu_receive(udp->data, peer, (const uint8_t *)b->base, n);
}

static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	if (uv_ip4_addr(text, port, (struct sockaddr_in *)ret) == 0)
		return 0;
	return uv_ip6_addr(text, port, (struct sockaddr_in6 *)ret);
}

static int open_socket(struct bmcemu *bmc, const struct bmcemu_config *c, struct err *e)
{
	struct sockaddr_storage a = {0};
	int len = sizeof(a), r;

	if (c->fd >= 0) {
		r = uv_udp_open(&bmc->udp, c->fd);
	} else {
		r = parse_address(c->address, c->port, &a);
		if (r < 0)
			return err_set(
				e, EINVAL, "BMC address %s: not a numeric IP address", c->address);
		r = uv_udp_bind(&bmc->udp, (struct sockaddr *)&a, 0);
	}
	if (r == 0)
		r = uv_udp_recv_start(&bmc->udp, on_alloc, on_recv);
	if (r == 0)
		r = uv_udp_getsockname(&bmc->udp, (struct sockaddr *)&a, &len);
	if (r < 0)
		return err_errno(
			e, -r, "BMC %s port %u: bind", c->address ? c->address : "socket", c->port);
	uv_ip_name((struct sockaddr *)&a, bmc->address, sizeof(bmc->address));
	bmc->port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
						  : ((struct sockaddr_in *)&a)->sin_port);
	return 0;
}

/* Life */

static void on_closed(uv_handle_t *h)
{
	struct bmcemu *bmc = h->data;

	mem_wipe(bmc->users, bmc->n_users * sizeof(bmc->users[0]));
	free(bmc->users);
	free(bmc->boot.mailbox);
	free(bmc->sensors);
	free(bmc->lan_own);
	sel_done(&bmc->sel);
	for (size_t i = 0; i < ARRAY_SIZE(bmc->fru_written); i++)
		free(bmc->fru_written[i]);
	mem_wipe(bmc, sizeof(*bmc));
	free(bmc);
}

static int check_config(const struct bmcemu_config *c, struct err *e)
{
	if (c->n_users > BMCEMU_USERS_MAX)
		return err_set(
			e, EINVAL, "BMC: %zu users, at most %d", c->n_users, BMCEMU_USERS_MAX);
	if (c->session_slots < 1 || c->session_slots > SLOTS_MAX)
		return err_set(
			e, EINVAL, "BMC: %u session slots, 1 to %d", c->session_slots, SLOTS_MAX);
	if (c->sel_records < 1 || c->sel_records > SEL_RECORDS_MAX)
		return err_set(e, EINVAL, "BMC: room for %u SEL records, 1 to %d", c->sel_records,
			SEL_RECORDS_MAX);
	return 0;
}

/* Operators, encrypted; 60 ms or 96 characters; 7 repeats after 500 ms; 115200 baud. */
static const struct sol_config sol_defaults = {
	.enabled = 1,
	.authentication = 0xc0 | BMCEMU_PRIV_OPERATOR,
	.accumulate = 12,
	.threshold = 96,
	.retry_count = 7,
	.retry_interval = 50,
	.rate_kept = 0x0a,
	.rate = 0x0a,
	.channel = 1,
};

static struct bmcemu *bmc_init(uv_loop_t *loop, const struct bmcemu_config *c)
{
	struct bmcemu *bmc = xcalloc(1, sizeof(*bmc));
	const char *lan = c->lan_address ? c->lan_address : c->address;

	bmc->loop = loop;
	bmc->config = *c;
	bmc->config.users = NULL;
	bmc->config.address = bmc->config.lan_address = NULL;
	bmc->n_users = c->n_users;
	bmc->users = xcalloc(c->n_users + 1, sizeof(bmc->users[0]));
	if (c->n_users)
		memcpy(bmc->users, c->users, c->n_users * sizeof(bmc->users[0]));
	if (lan)
		inet_pton(AF_INET, lan, bmc->lan_ip);
	bmc->sol_config = sol_defaults;
	bmc->fault_state.chance = (c->seed ^ 0x1d4b) + c->number * 0x2545f4914f6cdd1du;
	list_init(&bmc->sessions);
	list_init(&bmc->sending);
	uv_udp_init(loop, &bmc->udp);
	bmc->udp.data = bmc;
	return bmc;
}

int bmcemu_new(uv_loop_t *loop, const struct bmcemu_config *c, struct bmcemu **ret, struct err *e)
{
	struct bmcemu *bmc;
	int r = check_config(c, e);

	if (r < 0)
		return r;
	bmc = bmc_init(loop, c);
	if (c->address || c->fd >= 0)
		r = open_socket(bmc, c, e);
	if (r < 0) {
		bmcemu_free(bmc);
		return r;
	}
	*ret = bmc;
	return 0;
}

void bmcemu_free(struct bmcemu *bmc)
{
	struct sending *s, *next;

	if (!bmc)
		return;
	list_for_each_safe (s, next, &bmc->sending, member)
		sending_free(s);
	session_free_all(bmc);
	watchdog_free(bmc->watchdog);
	uv_close((uv_handle_t *)&bmc->udp, on_closed);
}

void bmcemu_reset(struct bmcemu *bmc)
{
	bmc->reset_asked = false;
	session_free_all(bmc);
	bmc->silent_until_ms = emu_now(bmc) + bmc->config.reset_ms;
	bmc->sel.reservation = bmc->sdr_reservation = 0;
	bmc->boot.info_ack = 0;
	bmc->boot.set_in_progress = 0;
}

uint16_t bmcemu_port(const struct bmcemu *bmc)
{
	return bmc->port;
}

const char *bmcemu_address(const struct bmcemu *bmc)
{
	return bmc->address;
}

void bmcemu_counters(const struct bmcemu *bmc, struct bmcemu_counters *ret)
{
	*ret = bmc->counters;
}

unsigned bmcemu_sessions(struct bmcemu *bmc)
{
	return session_count_active(bmc);
}

void bmcemu_advance(struct bmcemu *bmc, unsigned ms)
{
	bmc->skew_ms += ms;
}

void bmcemu_set_sink(struct bmcemu *bmc, bmcemu_sink sink, void *data)
{
	bmc->sink = sink;
	bmc->sink_data = data;
}
