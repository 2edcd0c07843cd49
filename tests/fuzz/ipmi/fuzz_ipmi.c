/*
 * Hostile packets against a BMC in each phase of an exchange. The target plays the BMC with the
 * keys of the session, so that it gets past every signature and its bytes reach what lies behind.
 *
 * Input: one byte each for phase, operation (F0h and above: a read of many steps), cipher suite and
 * quirks; then packets, each with a byte that says how it is wrapped and one for its length.
 */
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"
#include "conductor/bmc/ipmi/reads.h"
#include "lib/base/bytes.h"

enum wrap {
	WRAP_RAW,	/* the bytes are the packet */
	WRAP_HANDSHAKE, /* the payload of the answer the phase waits for, with tag and id put right
			 */
	WRAP_SEALED,	/* the plain text of a sealed packet */
	WRAP_MESSAGE,	/* completion code and data of the message that is waited for */
	WRAP_CAPS,	/* the same for the answer outside of a session */
	WRAP_TIMEOUT,	/* no packet: the wait is over */
	WRAP_COUNT
};

struct fuzz {
	uv_loop_t loop;
	struct ipmi_engine *engine;
	struct ipmi_bmc *bmc;
	unsigned done, started;
};

static volatile unsigned sink; /* what is read has to go somewhere */

static void on_done(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct fuzz *f = data;

	f->done++;
	/* Reads all of it, so that a wrong length shows. */
	for (size_t i = 0; result && i < result->len; i++)
		sink += result->data[i];
	for (size_t i = 0; e && e->text[i]; i++)
		sink += (uint8_t)e->text[i];
}

static void on_packet(void *data, const uint8_t *packet, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sink += packet[i];
}

static void touch(const char *text)
{
	while (*text)
		sink += (uint8_t)*text++;
}

static void on_sensors(void *data, const struct ipmi_sensors *s, const struct err *e)
{
	char unit[SENSOR_UNIT_MAX], buf[32];
	const char *state;

	for (unsigned i = 0; s && i < s->n; i++) {
		const struct ipmi_sensor *x = &s->list[i];

		touch(x->sdr.name);
		touch(sensor_unit(&x->sdr, unit));
		touch(sensor_type_name(x->sdr.sensor_type));
		touch(entity_name(x->sdr.entity));
		for (unsigned n = 0; (state = sensor_state(&x->sdr, &x->reading, n, buf)); n++)
			touch(state);
		sink += (unsigned)sensor_weight(&x->sdr, &x->reading);
		sink += sensor_convert(&x->sdr, &x->factors, x->reading.raw) > 0;
	}
	on_done(data, NULL, e);
}

static void on_frus(void *data, const struct ipmi_frus *r, const struct err *e)
{
	for (unsigned i = 0; r && i < r->n; i++)
		for (int a = 0; a < FRU_AREAS; a++)
			for (unsigned k = 0; k < r->list[i].fru.areas[a].n_fields; k++)
				touch(r->list[i].fru.areas[a].fields[k].text);
	on_done(data, NULL, e);
}

static void on_sel(void *data, const struct ipmi_sel *s, const struct err *e)
{
	static const struct sdr_sensor sensor = {.analog = true, .factors = {.m = 1}};
	char text[SEL_TEXT_MAX];

	for (unsigned i = 0; s && i < s->n; i++) {
		touch(sel_text(&s->list[i], i & 1 ? &sensor : NULL, text));
		sink += (unsigned)sel_weight(&s->list[i]);
	}
	on_done(data, NULL, e);
}

static void on_lan(void *data, const struct ipmi_lan *l, const struct err *e)
{
	for (unsigned i = 0; l && i < l->n; i++)
		touch(l->fields[i].text);
	on_done(data, NULL, e);
}

static void on_info(void *data, const struct ipmi_info *i, const struct err *e)
{
	if (i)
		touch(ipmi_self_test_text(i->self_test));
	on_done(data, NULL, e);
}

/* Reads of many steps: each message that is fed answers the next step. */
static void start_job(struct fuzz *f, uint8_t op, const struct ipmi_opts *opts)
{
	f->bmc->traits.session_keep_s = 50;
	switch (op % 8) {
	case 0:
		ipmi_sensors_read(f->bmc, SENSORS_THRESHOLDS, opts, on_sensors, f);
		break;
	case 1:
		ipmi_frus_read(f->bmc, opts, on_frus, f);
		break;
	case 2:
		ipmi_sel_read(f->bmc, 2, opts, on_sel, f);
		break;
	case 3:
		ipmi_sel_clear(f->bmc, opts, on_sel, f);
		break;
	case 4:
		ipmi_lan_read(f->bmc, opts, on_lan, f);
		break;
	case 5:
		ipmi_sensors_read(f->bmc, SENSORS_RECORDS, opts, on_sensors, f);
		break;
	default:
		ipmi_info_read(f->bmc, opts, on_info, f);
		break;
	}
}

static void start(struct fuzz *f, uint8_t op)
{
	const struct ipmi_opts opts = {.deadline_ms = 1000000};
	const uint8_t data[3] = {1, 2, 3};

	f->started++;
	if (op >= 0xf0) {
		start_job(f, op, &opts);
		return;
	}
	switch (op % 8) {
	case 0:
		ipmi_power_get(f->bmc, &opts, on_done, f);
		break;
	case 1:
		ipmi_power(f->bmc, op / 8 % 6, &opts, on_done, f);
		break;
	case 2:
		ipmi_boot_device_set(f->bmc, op / 8 % 16, op & 0x80, op & 0x40, &opts, on_done, f);
		break;
	case 3:
		ipmi_boot_device_get(f->bmc, &opts, on_done, f);
		break;
	case 4:
		ipmi_device_id(f->bmc, &opts, on_done, f);
		break;
	case 5:
		ipmi_guid(f->bmc, &opts, on_done, f);
		break;
	case 6:
		ipmi_request(f->bmc, 0x0a, op, data, op % 4, &opts, on_done, f);
		break;
	default:
		ipmi_chassis_identify(f->bmc, op, op & 8, &opts, on_done, f);
		break;
	}
}

/* A session with keys, as if the handshake had gone well. */
static void open_session(struct ipmi_bmc *b)
{
	static const uint8_t key[32] = "any key does for both directions";
	struct session *s = b->session;

	s->remote_id = 0x01020304;
	s->privilege_now = IPMI_PRIVILEGE_USER;
	mac_init(&s->k1, s->suite, key, s->suite->digest_len);
	aes128_set_encrypt_key(&s->enc, key);
	aes128_invert_key(&s->dec, &s->enc);
	b->session_open = true;
}

/* Moves the exchange to the phase asked for. */
static void set_phase(struct ipmi_bmc *b, uint8_t choice)
{
	static const enum bmc_phase phases[] = {PHASE_OPEN, PHASE_RAKP1, PHASE_RAKP3, PHASE_REQUEST,
		PHASE_PRIVILEGE, PHASE_PROBE, PHASE_AUTH_CAPS};
	enum bmc_phase phase = phases[choice % ARRAY_SIZE(phases)];

	if (!b->current || !b->session)
		return;
	if (phase >= PHASE_PROBE)
		open_session(b);
	b->phase = phase;
}

static void feed(struct fuzz *f, const uint8_t *packet, size_t len)
{
	engine_enter(f->engine);
	net_input(f->engine, packet, len, &f->bmc->address);
	engine_dispatch(f->engine);
}

static void feed_handshake(struct fuzz *f, const uint8_t *data, size_t len)
{
	static const uint8_t answers[PHASE_COUNT] = {
		[PHASE_OPEN] = WIRE_PAYLOAD_OPEN_RESPONSE,
		[PHASE_RAKP1] = WIRE_PAYLOAD_RAKP2,
		[PHASE_RAKP3] = WIRE_PAYLOAD_RAKP4,
	};
	struct session *s = f->bmc->session;
	uint8_t packet[512] = {0}, *p = packet + WIRE_HEADER_LEN;

	if (!s)
		return;
	wire_header_build(packet, answers[f->bmc->phase], 0, 0, 0, (uint16_t)len);
	memcpy(p, data, len);
	p[0] = s->tag;
	if (len >= 8)
		put_le32(p + 4, s->local_id);
	if (len >= 36 && f->bmc->phase == PHASE_OPEN && data[0] & 1) {
		p[16] = s->suite->authentication;
		p[24] = s->suite->integrity;
		p[32] = s->suite->confidentiality;
	}
	feed(f, packet, WIRE_HEADER_LEN + len);
}

/* session_seal() writes our direction; the BMC's has our id and its own numbers. */
static void feed_sealed(struct fuzz *f, const uint8_t *plain, size_t len)
{
	uint8_t packet[SESSION_SEAL_MAX], iv[16] = {0};
	struct session *s = f->bmc->session, bmc;

	if (!s || !f->bmc->session_open)
		return;
	bmc = *s;
	bmc.remote_id = s->local_id;
	bmc.out_seq = s->in_high;
	feed(f, packet, session_seal(&bmc, plain, len, iv, packet));
}

static uint8_t sum_of(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum - *p++);
	return sum;
}

static size_t make_answer(const struct ipmi_bmc *b, uint8_t *out, const uint8_t *data, size_t len)
{
	bool request = b->phase == PHASE_REQUEST && b->current;

	out[0] = 0x81;
	out[1] = (uint8_t)((request ? b->current->netfn | 1 : 7) << 2);
	out[2] = sum_of(out, 2);
	out[3] = 0x20;
	out[4] = (uint8_t)(b->rqseq << 2);
	out[5] = request ? b->current->cmd : b->phase == PHASE_PRIVILEGE ? 0x3b : 0x01;
	if (b->phase <= PHASE_OPEN)
		out[5] = 0x38;
	memcpy(out + 6, data, len);
	out[6 + len] = sum_of(out + 3, 3 + len);
	return 7 + len;
}

static void feed_caps(struct fuzz *f, const uint8_t *data, size_t len)
{
	uint8_t packet[512] = {0x06, 0, 0xff, 0x07};

	packet[13] = (uint8_t)make_answer(f->bmc, packet + 14, data, len);
	feed(f, packet, 14u + packet[13]);
}

static void time_out(struct fuzz *f)
{
	engine_enter(f->engine);
	if (f->bmc->current)
		exchange_overdue(f->bmc);
	engine_dispatch(f->engine);
}

static void feed_one(struct fuzz *f, uint8_t wrap, const uint8_t *data, size_t len)
{
	uint8_t message[512];

	switch (wrap % WRAP_COUNT) {
	case WRAP_RAW:
		feed(f, data, len);
		break;
	case WRAP_HANDSHAKE:
		feed_handshake(f, data, len);
		break;
	case WRAP_SEALED:
		feed_sealed(f, data, len < IPMI_DATA_MAX ? len : IPMI_DATA_MAX);
		break;
	case WRAP_MESSAGE:
		feed_sealed(f, message,
			make_answer(
				f->bmc, message, data, len < IPMI_DATA_MAX ? len : IPMI_DATA_MAX));
		break;
	case WRAP_CAPS:
		feed_caps(f, data, len < 200 ? len : 200);
		break;
	case WRAP_TIMEOUT:
		time_out(f);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t suites[][4] = {{17, 3}, {3}, {17}, {3, 17}};
	struct ipmi_config config = {.address = "127.0.0.1", .username = "admin", .password = "x"};
	struct fuzz f = {0};

	if (size < 4)
		return 0;
	memcpy(config.cipher_suites, suites[data[2] % 4], 4);
	config.traits.quirks = data[3];
	uv_loop_init(&f.loop);
	if (ipmi_engine_new(&f.loop, &(struct ipmi_engine_config){.sockets = 1}, &f.engine, NULL) <
			0 ||
		ipmi_bmc_new(f.engine, &config, &f.bmc, NULL) < 0)
		abort();
	f.engine->capture = on_packet;
	start(&f, data[1]);
	set_phase(f.bmc, data[0]);
	data += 4;
	size -= 4;
	while (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		feed_one(&f, data[0], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	ipmi_engine_free(f.engine);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&f.loop) != 0 || f.done != f.started)
		abort(); /* a request ends exactly once */
	return 0;
}
