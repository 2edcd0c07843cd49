/* What one emulated BMC holds, for the files of this folder only. */
#ifndef TESTS_BMC_STATE_H
#define TESTS_BMC_STATE_H

#include "lib/base/list.h"
#include "tests/bmc/bmcemu.h"
#include "tests/bmc/fault.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/suite.h"

#define EMU_PACKET_MAX 512 /* the longest datagram looked at, and the longest answer */
#define EMU_REPLY_MAX  128 /* the longest IPMI answer, completion code and data */
#define EMU_FRU_COUNT  3   /* the server and two power supplies */

/* IPMI 2.0 section 28.13, the boot options; mailbox is five blocks, made when first written. */
struct boot_options {
	uint8_t set_in_progress;
	uint8_t service_partition;
	uint8_t service_scan;
	uint8_t valid_clearing;
	uint8_t info_ack;
	uint8_t flags[5];
	uint8_t initiator[9];
	uint8_t invalid; /* bit n: parameter n is marked invalid */
	bool expires;	 /* the valid bit goes at expires_ms */
	int64_t expires_ms;
	uint8_t *mailbox;
};

/* IPMI 2.0 table 26-5, SOL configuration parameters; bytes as they go over the wire. */
struct sol_config {
	uint8_t set_in_progress;
	uint8_t enabled;
	uint8_t authentication; /* force encryption 80h, authentication 40h, least privilege */
	uint8_t accumulate, threshold;
	uint8_t retry_count, retry_interval;
	uint8_t rate_kept, rate;
	uint8_t channel;
	uint8_t port[2];
};

struct emu_identify {
	bool on, for_good;
	int64_t until_ms;
};

struct bmcemu {
	uv_loop_t *loop;
	uv_udp_t udp;
	uint16_t port;
	char address[46];
	struct bmcemu_user *users;
	size_t n_users;
	struct bmcemu_config config; /* its users and strings are not used */
	uint8_t lan_ip[4];
	struct lan_own *lan_own; /* LAN parameters that were written, or NULL */

	const struct bmcemu_machine_ops *ops;
	void *machine;

	struct list sessions; /* struct session */
	uint32_t next_handle;
	struct list sending; /* answers held back by a fault */

	struct boot_options boot;
	struct sol_config sol_config;
	struct watchdog *watchdog; /* NULL: never set */
	struct sol *sol;	   /* NULL: nobody holds the console */
	struct emu_identify identify;
	uint8_t restore_policy;
	uint8_t restart_cause;
	bool power_by_ipmi;
	uint8_t chassis[3]; /* more bits of Get Chassis Status, set by a script */

	struct sel sel;
	int64_t clock_offset_s; /* what Set SEL Time has done */
	int16_t utc_offset_min;
	uint16_t last_reservation, sdr_reservation;
	struct sensor_state *sensors;	     /* what scripts changed, or NULL */
	uint8_t *fru_written[EMU_FRU_COUNT]; /* own copies of what was written to */

	struct faults faults;
	struct fault_state fault_state;
	int64_t silent_until_ms; /* after a reset of the BMC itself, or a freeze */
	int64_t skew_ms;	 /* added to the clock by tests */
	bool reset_asked;	 /* reset once the answer is out */

	struct bmcemu_counters counters;
	bmcemu_sink sink;
	void *sink_data;
};

/* The BMC's own clock in milliseconds. */
int64_t emu_now(const struct bmcemu *bmc);

/* ... and what it tells as time of day: seconds since 1970. */
uint32_t emu_clock_s(const struct bmcemu *bmc);

/* IPMI 2.0 sections 31.4 and 33.11: *held is the one that counts; a lost one makes it 0. */
uint16_t emu_new_reservation(struct bmcemu *bmc);
bool emu_reservation_holds(struct bmcemu *bmc, uint16_t *held, uint16_t given);

bool emu_power_is_on(struct bmcemu *bmc);
uint8_t emu_power_command(struct bmcemu *bmc, enum bmcemu_power action);
bool emu_has_kg(const struct bmcemu *bmc);

/* Sends one answer through the faults, later_ms from now and what they add. */
void emu_send(struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len,
	uint32_t later_ms);

/* Fills n bytes with randomness from the kernel. */
void emu_random(void *dst, size_t n);

static inline uint32_t get_u32le(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void put_u32le(uint8_t *p, uint32_t v)
{
	p[0] = v;
	p[1] = v >> 8;
	p[2] = v >> 16;
	p[3] = v >> 24;
}

static inline uint16_t get_u16le(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static inline void put_u16le(uint8_t *p, uint16_t v)
{
	p[0] = v;
	p[1] = v >> 8;
}

#endif
