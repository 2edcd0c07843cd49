/*
 * RMCP+ sessions against recordings of ipmitool: its BMCs' answers must be accepted, and what we
 * make of the same random numbers must be byte for byte what ipmitool sent. Expected values come
 * from tests/fixtures/ipmi (their heads say how they were recorded), never from this client.
 */
#include <errno.h>

#include "conductor/bmc/ipmi/session.h"
#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#define PACKETS 16

struct recording {
	uint8_t data[PACKETS][512];
	size_t len[PACKETS];
	struct wire_packet w[PACKETS];
	int n;
};

/* Indexes: the recordings begin with Get Channel Authentication Capabilities. */
enum { OPEN = 2, OPENED, RAKP1, RAKP2, RAKP3, RAKP4, FIRST, FIRST_ANSWER, SECOND, SECOND_ANSWER };

static bool load(const char *path, struct recording *r)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	memset(r, 0, sizeof(*r));
	if (fs_read(path, 1 << 16, &text, NULL, NULL) < 0)
		return false;
	for (line = strtok_r(text, "\n", &rest); line && r->n < PACKETS;
		line = strtok_r(NULL, "\n", &rest)) {
		int len;

		if (line[0] == '#')
			continue;
		len = hex_decode(line + 2, r->data[r->n], sizeof(r->data[0]));
		if (len < 0 || wire_parse(r->data[r->n], (size_t)len, &r->w[r->n]) < 0)
			return false;
		r->len[r->n++] = (size_t)len;
	}
	return r->n > SECOND_ANSWER;
}

static void set_credentials(struct credentials *c, const char *kg)
{
	memset(c, 0, sizeof(*c));
	strcpy(c->username, "admin");
	c->username_len = 5;
	memcpy(c->password, "secret123", 9);
	memcpy(c->kg, kg, strlen(kg));
	c->has_kg = kg[0];
}

static void begin(struct session *s, const struct recording *r, unsigned suite)
{
	const uint8_t *open = r->w[OPEN].payload, *rakp1 = r->w[RAKP1].payload;

	session_init(s, cipher_suite_find(suite), get_le32(open + 4), open[0], 4, rakp1 + 8);
}

static bool same(const struct recording *r, int i, const uint8_t *packet, size_t len)
{
	return len == r->len[i] && !memcmp(packet, r->data[i], len);
}

/* Runs the handshake up to and with RAKP 4; true when all of it was accepted. */
static bool log_in(struct session *s, const struct credentials *c, const struct recording *r)
{
	uint8_t status = 0;

	return session_open_response(s, r->w[OPENED].payload, r->w[OPENED].payload_len, &status) ==
		       SESSION_OK &&
	       session_rakp2(s, c, r->w[RAKP2].payload, r->w[RAKP2].payload_len, &status) ==
		       SESSION_OK &&
	       session_rakp4(s, c, r->w[RAKP4].payload, r->w[RAKP4].payload_len, &status) ==
		       SESSION_OK;
}

static void test_handshake(const char *path, unsigned suite, const char *kg)
{
	struct recording r;
	struct credentials c;
	struct session s;
	uint8_t out[SESSION_SEAL_MAX], status = 0;
	size_t len;

	if (!ok(load(path, &r), "%s is read", path))
		return;
	set_credentials(&c, kg);
	begin(&s, &r, suite);
	len = session_open_request(&s, out);
	out[WIRE_HEADER_LEN + 1] = 0; /* ipmitool leaves the level open */
	ok(same(&r, OPEN, out, len), "suite %u: Open Session is what ipmitool sends", suite);
	is_int(session_open_response(&s, r.w[OPENED].payload, r.w[OPENED].payload_len, &status),
		SESSION_OK, "its answer is accepted");
	len = session_rakp1(&s, &c, out);
	out[WIRE_HEADER_LEN + 24] = r.w[RAKP1].payload[24];
	ok(same(&r, RAKP1, out, len), "RAKP 1 is what ipmitool sends");
	is_int(session_rakp2(&s, &c, r.w[RAKP2].payload, r.w[RAKP2].payload_len, &status),
		SESSION_OK, "RAKP 2 is accepted");
	len = session_rakp3(&s, &c, 0, out);
	ok(same(&r, RAKP3, out, len), "RAKP 3 is what ipmitool sends");
	is_int(session_rakp4(&s, &c, r.w[RAKP4].payload, r.w[RAKP4].payload_len, &status),
		SESSION_OK, "RAKP 4 is accepted");
}

static void test_packets(const char *path, unsigned suite, const char *kg)
{
	struct recording r;
	struct credentials c;
	struct session s, console;
	uint8_t plain[WIRE_PACKET_MAX], out[SESSION_SEAL_MAX];
	struct wire_message m;
	size_t len;

	if (!load(path, &r))
		return;
	set_credentials(&c, kg);
	begin(&s, &r, suite);
	ok(log_in(&s, &c, &r), "suite %u%s: logged in", suite, kg[0] ? " with K_g" : "");
	/* Both directions use the same keys, so ipmitool's own packet can be opened and sealed
	 * again. */
	console = s;
	is_int(session_open(&console, r.data[FIRST], &r.w[FIRST], plain, &len), 0,
		"ipmitool's packet is opened");
	s.out_seq = r.w[FIRST].seq - 1;
	len = session_seal(&s, plain, len, r.w[FIRST].payload, out);
	ok(same(&r, FIRST, out, len), "and sealed again to the same bytes");
	is_int(session_open(&s, r.data[FIRST_ANSWER], &r.w[FIRST_ANSWER], plain, &len), 0,
		"the BMC's packet is opened");
	is_int(wire_message_parse(plain, len, false, &m), 0, "its message is whole");
	is_int(m.netfn, 0x07, "it is an answer of the application");
	is_int(m.cmd, 0x3b, "to Set Session Privilege Level");
	is_int(m.cc, 0, "which went well");
	ok(m.len == 1 && m.data[0] == 4, "the level is administrator");
	is_int(session_open(&s, r.data[FIRST_ANSWER], &r.w[FIRST_ANSWER], plain, &len), -EALREADY,
		"the same packet a second time is not");
}

static void test_hostile(const char *path, unsigned suite)
{
	struct recording r;
	struct credentials c;
	struct session s;
	uint8_t plain[WIRE_PACKET_MAX], copy[512], status = 0;
	struct wire_packet w;
	size_t len, flips = 0, accepted = 0;

	if (!load(path, &r))
		return;
	set_credentials(&c, "");
	begin(&s, &r, suite);
	log_in(&s, &c, &r);
	/* From the authentication type on; the RMCP header before it is not signed. */
	for (size_t i = 4; i < r.len[FIRST_ANSWER]; i++) {
		memcpy(copy, r.data[FIRST_ANSWER], r.len[FIRST_ANSWER]);
		copy[i] ^= 0x01;
		flips++;
		if (wire_parse(copy, r.len[FIRST_ANSWER], &w) == 0 && w.kind == WIRE_RMCPP)
			accepted += session_open(&s, copy, &w, plain, &len) == 0;
	}
	ok(flips >= 60 && accepted == 0, "no packet with one bit changed is accepted (%zu tried)",
		flips);
	wire_parse(r.data[FIRST_ANSWER], r.len[FIRST_ANSWER], &w);
	w.encrypted = false;
	ok(session_open(&s, r.data[FIRST_ANSWER], &w, plain, &len) < 0, "nor one in the clear");
	is_int(session_open(&s, r.data[FIRST_ANSWER], &r.w[FIRST_ANSWER], plain, &len), 0,
		"and none of them has used up the sequence number");
	begin(&s, &r, suite);
	for (len = 0; len < r.w[OPENED].payload_len; len++)
		accepted +=
			session_open_response(&s, r.w[OPENED].payload, len, &status) == SESSION_OK;
	session_open_response(&s, r.w[OPENED].payload, r.w[OPENED].payload_len, &status);
	for (len = 0; len < r.w[RAKP2].payload_len; len++)
		accepted += session_rakp2(&s, &c, r.w[RAKP2].payload, len, &status) == SESSION_OK;
	for (len = 0; len < r.w[RAKP4].payload_len; len++)
		accepted += session_rakp4(&s, &c, r.w[RAKP4].payload, len, &status) == SESSION_OK;
	is_int(accepted, 0, "no handshake answer that is cut short is accepted");
}

static void test_refusals(const char *path, unsigned suite)
{
	struct recording r;
	struct credentials c;
	struct session s;
	/* What ipmi_sim 2.0.33 answers to a suite it does not have: two bytes. */
	const uint8_t refusal[] = {0x00, 0x04};
	uint8_t other[36], status = 0;

	if (!load(path, &r))
		return;
	set_credentials(&c, "");
	begin(&s, &r, suite);
	is_int(session_open_response(&s, refusal, sizeof(refusal), &status), SESSION_STATUS,
		"a refusal of two bytes is understood");
	is_int(status, 4, "with its status");
	memcpy(other, r.w[OPENED].payload, sizeof(other));
	other[0] ^= 1;
	is_int(session_open_response(&s, other, sizeof(other), &status), SESSION_IGNORE,
		"an answer with another tag is not ours");
	memcpy(other, r.w[OPENED].payload, sizeof(other));
	other[32] = 0; /* no confidentiality */
	is_int(session_open_response(&s, other, sizeof(other), &status), SESSION_BAD_ANSWER,
		"an answer that drops the encryption is refused");
	session_open_response(&s, r.w[OPENED].payload, r.w[OPENED].payload_len, &status);
	memcpy(c.password, "secret124", 9);
	is_int(session_rakp2(&s, &c, r.w[RAKP2].payload, r.w[RAKP2].payload_len, &status),
		SESSION_BAD_PASSWORD, "a wrong password shows at RAKP 2");
	set_credentials(&c, "another key");
	session_rakp2(&s, &c, r.w[RAKP2].payload, r.w[RAKP2].payload_len, &status);
	is_int(session_rakp4(&s, &c, r.w[RAKP4].payload, r.w[RAKP4].payload_len, &status),
		SESSION_BAD_KEY, "a wrong K_g shows at RAKP 4");
}

/* Seals with the session itself: only the numbers matter here. */
static int receive(struct session *s, uint32_t seq)
{
	uint8_t out[SESSION_SEAL_MAX], plain[WIRE_PACKET_MAX], iv[16] = {0}, payload[8] = {0};
	struct wire_packet w;
	size_t len;

	s->out_seq = seq - 1;
	len = session_seal(s, payload, sizeof(payload), iv, out);
	wire_parse(out, len, &w);
	return session_open(s, out, &w, plain, &len);
}

/* IPMI 6.12.13: a window of 16, so that packets may come out of order, but none twice. */
static void test_window(const char *path)
{
	struct recording r;
	struct credentials c;
	struct session s;

	if (!load(path, &r))
		return;
	set_credentials(&c, "");
	begin(&s, &r, 3);
	log_in(&s, &c, &r);
	is_int(receive(&s, 0x80000005), 0, "a BMC may begin with any number");
	begin(&s, &r, 3);
	log_in(&s, &c, &r);
	is_int(receive(&s, 1), 0, "1 is taken");
	is_int(receive(&s, 3), 0, "3 is taken before 2");
	is_int(receive(&s, 2), 0, "2 is taken after 3");
	is_int(receive(&s, 2), -EALREADY, "2 is not taken twice");
	is_int(receive(&s, 3), -EALREADY, "nor 3");
	is_int(receive(&s, 20), 0, "a jump ahead is taken");
	is_int(receive(&s, 5), 0, "15 behind is within the window");
	is_int(receive(&s, 4), -EALREADY, "16 behind is not");
	is_int(receive(&s, 0xfffffff0), -EALREADY, "nor what is far behind");
}

int main(void)
{
	static const char s3[] = "tests/fixtures/ipmi/suite3.txt";
	static const char s17[] = "tests/fixtures/ipmi/suite17.txt";
	static const char s17kg[] = "tests/fixtures/ipmi/suite17-kg.txt";

	test_handshake(s3, 3, "");
	test_handshake(s17, 17, "");
	test_handshake(s17kg, 17, "k_g of rack 12");
	test_packets(s3, 3, "");
	test_packets(s17, 17, "");
	test_packets(s17kg, 17, "k_g of rack 12");
	test_hostile(s3, 3);
	test_hostile(s17, 17);
	test_refusals(s17, 17);
	test_window(s3);
	return done_testing();
}
