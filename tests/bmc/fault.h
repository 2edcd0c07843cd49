/* Faults by script: one row of fault.c's table per knob, and what they need to remember. */
#ifndef TESTS_BMC_FAULT_H
#define TESTS_BMC_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
	FAULT_SILENT,
	FAULT_DROP_NTH,
	FAULT_DROP_REPLY_NTH,
	FAULT_DELAY_MS,
	FAULT_RAKP_DELAY_MS,
	FAULT_DUPLICATE,
	FAULT_REORDER,
	FAULT_GARBAGE_NTH,
	FAULT_BUSY_NTH,
	FAULT_SLOTS_FULL,
	FAULT_SESSION_REQUESTS,
	FAULT_FREEZE_GAP_MS,
	FAULT_FREEZE_MS,
	FAULT_STALE_POWER_S,
	FAULT_IGNORE_POWER,
	FAULT_IGNORE_BOOT_FLAGS,
	FAULT_FORGET_BOOT_FLAGS,
	FAULT_NO_BOOT_PARAM_3,
	FAULT_NO_CIPHER_LIST,
	FAULT_OFF_WHEN_OFF,
	FAULT_FRU_READ_MAX,
	FAULT_SDR_READ_MAX,
	FAULT_SDR_BAD_LENGTH,
	FAULT_SDR_BAD_COUNT,
	FAULT_SDR_LAST_FAILS,
	FAULT_RESERVATION_LOST_NTH,
	FAULT_SOL_REFUSED,
	FAULT_SOL_NO_CAPACITY,
	FAULT_SOL_TAKE_MAX,
	FAULT_SOL_NACK_NTH,
	FAULT_SOL_ENDS_AFTER,
	FAULT_DROP_PERCENT,
	FAULT_WRONG_PASSWORD,
	FAULT_WRONG_SEQ_NTH,
	FAULT_WRONG_SESSION_NTH,
	FAULT_SESSION_ENDS_NTH,
	FAULT_COUNT,
};

struct faults {
	uint32_t value[FAULT_COUNT];
};

struct fault_state {
	uint32_t received, sent, dropped, spoilt, commands, reserved, misnumbered, misdirected,
		ended;
	uint64_t chance; /* the state of fault_chance() */
	int64_t last_request_ms;
	int64_t stale_until_ms;
	bool stale_power;
};

struct bmcemu;

static inline uint32_t fault_value(const struct faults *f, enum fault fault)
{
	return f->value[fault];
}

/* Counts an event up; true at every nth of the fault's value. */
bool fault_nth(const struct faults *f, enum fault fault, uint32_t *counter);

/* True in as many of a hundred cases as the fault's value says; the same row for the same seed. */
bool fault_chance(const struct faults *f, enum fault fault, uint64_t *state);

/* One number of splitmix64 (Steele, Lea, Flood 2014). */
uint64_t fault_random(uint64_t *state);

#endif
