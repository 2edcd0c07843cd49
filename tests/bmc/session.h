/* The sessions of one BMC: made when opened, found by their id, forgotten when idle. */
#ifndef TESTS_BMC_SESSION_H
#define TESTS_BMC_SESSION_H

#include "tests/bmc/state.h"

enum session_phase { SESSION_OPENED, SESSION_NAMED, SESSION_ACTIVE };

/* The last request and its answer, so that a repeated one is not carried out twice. */
struct session_cache {
	bool valid;
	int64_t at_ms;
	uint8_t netfn_lun, seq_lun, cmd;
	uint8_t digest[20]; /* of the request's data */
	uint8_t reply[EMU_REPLY_MAX];
	size_t reply_len;
};

struct session {
	struct list member;
	enum session_phase phase;
	uint32_t id, console_id; /* ours and the remote console's */
	uint8_t handle;
	const struct suite *suite;
	uint8_t open_max; /* privilege asked for in Open Session, 0: highest */
	uint8_t role;	  /* RAKP 1's role byte as it came */
	uint8_t limit;	  /* the session's highest privilege */
	uint8_t privilege;
	uint8_t user_id; /* 1-based */
	uint8_t name_len, name[BMCEMU_NAME_MAX];
	uint8_t console_random[16], random[16];
	uint8_t sik[SUITE_MAC_MAX], k1[SUITE_MAC_MAX], k2[SUITE_MAC_MAX];
	uint32_t seq_out;
	uint32_t seq_in;     /* highest accepted */
	uint32_t seq_window; /* bit n: seq_in - n was seen */
	uint32_t requests;
	int64_t used_ms;
	struct sockaddr_storage peer;
	bool closing; /* free it once the answer is out */
	struct session_cache cache;
};

/* A slot is taken when a session becomes active; idle ones make room. */
bool session_slot_is_free(struct bmcemu *bmc);

/* NULL: no slot is free. */
struct session *session_new(struct bmcemu *bmc);
void session_free(struct bmcemu *bmc, struct session *s);
void session_free_all(struct bmcemu *bmc);

/* Finds by our id, or gives NULL; a session idle for too long is gone. */
struct session *session_find(struct bmcemu *bmc, uint32_t id);

/*
 * A set-up just opened by the same console: its id and its address, since ipmitool always uses the
 * same id. NULL when there is none.
 */
struct session *session_find_opening(
	struct bmcemu *bmc, uint32_t console_id, const struct sockaddr *peer);

/* Remembers where the console is. */
void session_set_peer(struct session *s, const struct sockaddr *peer);

unsigned session_count_active(const struct bmcemu *bmc);

/* Derives the keys once both random numbers and the name are known. */
void session_derive_keys(const struct bmcemu *bmc, struct session *s);

/* IPMI 2.0 section 6.12.13: 15 ahead and 16 behind; false for a repeat or one outside. */
bool session_accept_seq(struct session *s, uint32_t seq);

#endif
