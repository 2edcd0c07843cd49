/*
 * Asynchronous IPMI 2.0 (RMCP+) over UDP for many BMCs on one libuv loop. It knows no nodes: a BMC
 * is an address, an account and its traits. Single-threaded: every function is called on the loop's
 * thread, none blocks, and every completion comes later, from the loop, exactly once.
 *
 * "IPMI" with a section means "IPMI Specification, v2.0, rev. 1.1".
 */
#ifndef CONDUCTOR_BMC_IPMI_IPMI_H
#define CONDUCTOR_BMC_IPMI_IPMI_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "lib/base/err.h"
#include "lib/hwid/bmc_traits.h"

#define IPMI_PORT	  623
#define IPMI_USERNAME_MAX 16 /* IPMI 13.20: longer names are refused */
#define IPMI_PASSWORD_MAX 20 /* IPMI 13.20: longer passwords are refused, never cut */
#define IPMI_KG_MAX	  20
#define IPMI_DATA_MAX	  200 /* bytes of data in one request or answer */
#define IPMI_QUEUE_MAX	  32  /* requests that may wait for one BMC */

/* What err.code says when a request fails. The text says what was tried, where, and what to do. */
enum ipmi_errno {
	IPMI_E_SILENT = ETIMEDOUT,	    /* no answer to anything, not even a ping */
	IPMI_E_NOT_RMCPP = EPROTONOSUPPORT, /* something answers there, but not RMCP+ */
	IPMI_E_REFUSED = ECONNREFUSED,	    /* ICMP: nothing listens on that port */
	IPMI_E_UNREACHABLE = EHOSTUNREACH,  /* ICMP or routing: host, network, or filtered */
	IPMI_E_NAME = EADDRNOTAVAIL,	    /* the host name has no address */
	IPMI_E_PASSWORD =
		EKEYREJECTED,	     /* wrong password (or a user, where the BMC does not tell) */
	IPMI_E_USER = ENOKEY,	     /* the BMC does not know this user name */
	IPMI_E_KG = EKEYREVOKED,     /* password right, K_g wrong or missing */
	IPMI_E_CIPHER = ENOTSUP,     /* no cipher suite in common */
	IPMI_E_PRIVILEGE = EACCES,   /* the account may not do that */
	IPMI_E_SESSIONS = EUSERS,    /* all session slots of the BMC are taken */
	IPMI_E_BUSY = EBUSY,	     /* the BMC kept answering "busy" */
	IPMI_E_LOST = ECONNRESET,    /* answered at first, then fell silent */
	IPMI_E_PROTOCOL = EPROTO,    /* an answer that breaks the specification */
	IPMI_E_COMMAND = EREMOTEIO,  /* a completion code: result->cc has it */
	IPMI_E_UNSUPPORTED = ENOSYS, /* the BMC does not know the command: C1 and kin */
	IPMI_E_MISMATCH = ESTALE,    /* boot device: what is read back is not what was written */
	IPMI_E_QUEUE = ENOBUFS,	     /* too many requests wait for this BMC */
	IPMI_E_DEADLINE = ETIME,     /* the request's own deadline passed first */
	IPMI_E_CANCELED = ECANCELED,
};

enum ipmi_privilege { /* IPMI 6.8 */
	IPMI_PRIVILEGE_CALLBACK = 1,
	IPMI_PRIVILEGE_USER = 2,
	IPMI_PRIVILEGE_OPERATOR = 3,
	IPMI_PRIVILEGE_ADMIN = 4,
};

enum ipmi_priority {
	/* Whoever can wait. It fails at once while the BMC is known to be dead. */
	IPMI_PRIORITY_SWEEP,
	/*
	 * An operator or a step waits. It passes all of the above: in the BMC's queue, for a place
	 * in the window, and a sweep's request in flight that is not answered in good time.
	 */
	IPMI_PRIORITY_COMMAND,
};

enum ipmi_power_action { /* values of Chassis Control, IPMI 28.3 */
	IPMI_POWER_OFF = 0,
	IPMI_POWER_ON = 1,
	IPMI_POWER_CYCLE = 2,
	IPMI_POWER_RESET = 3,
	IPMI_POWER_DIAG = 4,
	IPMI_POWER_SOFT = 5,
};

enum ipmi_boot_device {	    /* IPMI 28.13, parameter 5, data 2 bits 5:2 */
	IPMI_BOOT_NONE = 0, /* no override */
	IPMI_BOOT_PXE = 1,
	IPMI_BOOT_DISK = 2,
	IPMI_BOOT_SAFE = 3, /* disk, safe mode */
	IPMI_BOOT_DIAG = 4,
	IPMI_BOOT_CDROM = 5,
	IPMI_BOOT_BIOS = 6, /* firmware set-up */
	IPMI_BOOT_REMOTE_FLOPPY = 7,
	IPMI_BOOT_REMOTE_CDROM = 8,
	IPMI_BOOT_REMOTE_PRIMARY = 9,
	IPMI_BOOT_REMOTE_DISK = 11,
	IPMI_BOOT_FLOPPY = 15,
};

struct ipmi_config {
	const char *address;  /* IPv4, IPv6 (also fe80::1%eth0) or a host name */
	uint16_t port;	      /* 0: 623 */
	const char *username; /* NULL or "": the anonymous user */
	const char *password; /* NULL or "": empty */
	const void *kg;	      /* the BMC key, up to 20 bytes; NULL or all zero: none */
	size_t kg_len;
	uint8_t cipher_suites[4]; /* in order of preference, ended by 0; empty: 17, then 3 */
	uint8_t privilege;	  /* enum ipmi_privilege; 0: administrator */
	struct bmc_traits traits; /* BMC_TRAITS_DEFAULT, or what hwdb says */
};

struct ipmi_engine;
struct ipmi_bmc;

struct ipmi_engine_config {
	unsigned window;  /* BMCs asked at once, those aside that take long to answer; 0: 64 */
	unsigned sockets; /* per address family; 0: 2 */
	/* Sweeps' requests begun and not yet ended, those that take long among them; 0: 2048. */
	unsigned in_flight;
	/*
	 * How often sweeps ask each BMC, in seconds. A session that only sweeps use is closed soon
	 * when it would be too old for the next one. 0: not known, sessions are kept as the traits
	 * say.
	 */
	unsigned sweep_every_s;
};

/* What the engine is about. One thread writes, any may read. */
struct ipmi_engine_stats {
	uint64_t requests, failures, spared; /* since the start; spared: dead BMCs not asked */
	uint64_t in_flight, sessions, circuits_open, gaps_learned; /* now */
};

/* Chassis status, IPMI 28.2. */
struct ipmi_chassis_status {
	bool power_on, power_overload, interlock, power_fault, power_control_fault;
	bool intrusion, drive_fault, fan_fault;
	uint8_t restore_policy; /* 0 stays off, 1 as before, 2 always on, 3 unknown */
	uint8_t last_event;	/* byte 2 as it came */
	uint8_t misc;		/* byte 3 as it came */
};

/* Boot flags, IPMI 28.13, parameter 5. */
struct ipmi_boot_flags {
	bool valid, persistent, efi;
	uint8_t device; /* enum ipmi_boot_device; unnamed values as they came */
	uint8_t raw[5];
};

/* Device id, IPMI 20.1. */
struct ipmi_device_id {
	uint8_t device_id, device_revision;
	uint8_t firmware_major, firmware_minor; /* minor is decoded from BCD: "2.81" is 2, 81 */
	uint8_t ipmi_major, ipmi_minor;
	bool updating;		  /* firmware update or self-initialisation in progress */
	uint32_t manufacturer_id; /* IANA enterprise number, 20 bits */
	uint16_t product_id;
};

struct ipmi_result {
	uint8_t cc;	     /* completion code */
	uint8_t len;	     /* of data, without the completion code */
	const uint8_t *data; /* valid during the callback only */
	union {		     /* by the function that asked */
		struct ipmi_chassis_status
			chassis;	      /* ipmi_power_get(), ipmi_power() of ON and OFF */
		struct ipmi_boot_flags boot;  /* ipmi_boot_device_get(), _set() */
		struct ipmi_device_id device; /* ipmi_device_id() */
		uint8_t guid[16];	      /* ipmi_guid(), bytes in the BMC's order */
	};
};

/*
 * Success: e is NULL, result is set. Failure: e is set (enum ipmi_errno); result is set too when
 * the BMC answered with a completion code, otherwise NULL. Both live only during the call. The
 * callback may start and cancel requests, and free the BMC or the engine.
 */
typedef void ipmi_done(void *data, const struct ipmi_result *result, const struct err *e);

struct ipmi_opts {
	unsigned deadline_ms; /* from now until the answer, waiting in the queue included; 0: 60000
			       */
	enum ipmi_priority priority;
	/* of ipmi_request() */
	uint8_t lun;	    /* the BMC's logical unit, 0 to 3 */
	bool once;	    /* must not be carried out twice: not repeated in a new session */
	uint8_t busy_tries; /* gives up earlier than usual on a BMC that is busy; 0: as usual */
};

/* Names a started request; never 0 and never used twice. */
typedef uint64_t ipmi_ticket;

/* Opens the sockets (IPv6 is left out where the kernel has none). config may be NULL. */
int ipmi_engine_new(uv_loop_t *loop, const struct ipmi_engine_config *config,
	struct ipmi_engine **ret, struct err *e);

/*
 * Takes NULL. Every outstanding request ends with IPMI_E_CANCELED and kept sessions are closed with
 * one packet each, without waiting. All of its BMCs are freed with it. The loop must run until it
 * has nothing left to do; the last completions come from it.
 */
void ipmi_engine_free(struct ipmi_engine *engine);

/*
 * Takes a copy of config. Nothing is sent and no name is looked up before the first request.
 * -EINVAL names the field that is wrong (a password of more than 20 bytes among them);
 * -ENOSPC after a million BMCs.
 */
int ipmi_bmc_new(struct ipmi_engine *engine, const struct ipmi_config *config,
	struct ipmi_bmc **ret, struct err *e);

void ipmi_engine_get_stats(const struct ipmi_engine *engine, struct ipmi_engine_stats *ret);

/* Takes NULL. Cancels what is outstanding; those completions still come. */
void ipmi_bmc_free(struct ipmi_bmc *bmc);

/* From the next packet on. */
void ipmi_bmc_set_traits(struct ipmi_bmc *bmc, const struct bmc_traits *traits);

/* What an operator may want to know of a BMC. Times are uv_now() of the loop, 0 for never. */
struct ipmi_bmc_status {
	const char *address;  /* as configured */
	const char *phase;    /* "idle", "resolving", "opening session", ... */
	uint8_t cipher_suite; /* that worked last; 0: none yet */
	bool session;	      /* one is open */
	unsigned queued;      /* requests waiting or in flight */
	unsigned rtt_ms;      /* smoothed; 0: not measured */
	int64_t answered_ms;  /* last packet that belonged to us */
	int64_t failed_ms;    /* last request that failed */
	int last_errno;	      /* of the last request, 0 when it went well */
	uint64_t sent, retransmitted, received, dropped; /* packets */

	/*
	 * The circuit: after three requests that failed in a row sweeps do not ask any more, but
	 * once after 10 s, 20 s, ... 300 s. Whatever the BMC answers closes it.
	 */
	unsigned failures; /* in a row, of requests that a working BMC would have answered */
	bool open, probing;
	int64_t failing_since_ms, retry_ms; /* retry_ms: when open */
	const char *why;		    /* the last failure in words; NULL: none */
	const char *refused; /* what it says to a request that is repeated for it; or NULL */

	unsigned gap_ms;	 /* kept between an answer and the next request */
	unsigned learned_gap_ms; /* its part that was found out, see freezes; 0: none */
	unsigned freezes;	 /* it fell silent when asked soon after an answer, and came back */

	/* the request that ended last, whoever asked for it; canceled ones do not count */
	const char *last_what; /* "power status"; NULL: none, or one named by its numbers */
	uint8_t last_netfn, last_cmd, last_cc;
	bool last_answered;    /* there was a completion code: last_cc */
	unsigned last_took_ms; /* from the call until it ended, its time in the queue included */
	int64_t last_ms;       /* when it ended; 0: none has */
};
/* True while sweeps do not ask it, which saves them the trouble to try. */
bool ipmi_bmc_rests(const struct ipmi_bmc *bmc);

void ipmi_bmc_status(const struct ipmi_bmc *bmc, struct ipmi_bmc_status *ret);

/* Upper bounds of the buckets below, in milliseconds. */
#define IPMI_TOOK_BUCKETS 12
extern const unsigned ipmi_took_bounds_ms[IPMI_TOOK_BUCKETS];

/* How long the requests of all BMCs took that succeeded, since the start. */
struct ipmi_latency {
	uint64_t took[IPMI_TOOK_BUCKETS + 1]; /* the last: above all bounds */
	uint64_t sum_ms;
};
void ipmi_get_latency(struct ipmi_engine *engine, struct ipmi_latency *ret); /* any thread */

/*
 * One command. Requests of one BMC run one after the other: by priority, then in order. data is
 * copied (at most IPMI_DATA_MAX bytes, else it fails with EMSGSIZE). opts may be NULL. "Busy"
 * answers are repeated (traits), a lost session is reopened once. Any failure, also of the
 * arguments, comes through done. A raw command runs at the configured privilege.
 */
ipmi_ticket ipmi_request(struct ipmi_bmc *bmc, uint8_t netfn, uint8_t cmd, const void *data,
	size_t len, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/* Ends it with IPMI_E_CANCELED (later, from the loop); false when it has ended already. */
bool ipmi_cancel(struct ipmi_bmc *bmc, ipmi_ticket ticket);

/* Get Chassis Status; needs only USER privilege. Fills result->chassis. */
ipmi_ticket ipmi_power_get(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/*
 * Chassis Control. It ends when the BMC accepted the command, not when the machine has reached the
 * state. OFF of a machine that is off, and ON of one that is on, succeed also where the BMC answers
 * with an error. CYCLE and RESET of a machine that is off fail as the BMC says (often D5).
 */
ipmi_ticket ipmi_power(struct ipmi_bmc *bmc, enum ipmi_power_action action,
	const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/*
 * Set System Boot Options: stops the 60 s expiry (parameter 3; a BMC that refuses it is forgiven),
 * writes the boot flags (parameter 5) and reads them back: a difference in device, persistence or,
 * when efi is asked for, EFI is IPMI_E_MISMATCH with what was read in result->boot.
 * IPMI_BOOT_DISK with efi uses the selector of the traits.
 */
ipmi_ticket ipmi_boot_device_set(struct ipmi_bmc *bmc, enum ipmi_boot_device device,
	bool persistent, bool efi, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);
ipmi_ticket ipmi_boot_device_get(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/* Fills result->device. */
ipmi_ticket ipmi_device_id(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/* Lights the locator for so many seconds; 0 turns it off; force keeps it on until turned off. */
ipmi_ticket ipmi_chassis_identify(struct ipmi_bmc *bmc, uint8_t seconds, bool force,
	const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/* Get System GUID; fills result->guid. */
ipmi_ticket ipmi_guid(
	struct ipmi_bmc *bmc, const struct ipmi_opts *opts, ipmi_done *done, void *done_data);

/*
 * Reset of the BMC itself, cold (Cold Reset, IPMI 20.2) or warm (20.3); its session is forgotten.
 * The machine goes on running.
 */
ipmi_ticket ipmi_bmc_reset(struct ipmi_bmc *bmc, bool warm, const struct ipmi_opts *opts,
	ipmi_done *done, void *done_data);

/* "pxe", "disk", "cdrom", "bios", "safe", ...; NULL for a value without a name. */
const char *ipmi_boot_device_name(unsigned device);

/* "node busy", "invalid command", ...: never NULL. IPMI 5.2. */
const char *ipmi_cc_text(uint8_t cc);

#endif
