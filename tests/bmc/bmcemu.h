/*
 * An emulated BMC: it answers RMCP, RMCP+ and IPMI on one UDP address as the specifications say
 * ("IPMI 2.0" below is the Intelligent Platform Management Interface Specification v2.0 rev. 1.1;
 * "ASF" is DMTF DSP0136 2.0), and drives a machine through a struct of operations. It knows no
 * client and shares no code with ours. Everything runs on the thread of its uv loop.
 */
#ifndef TESTS_BMC_BMCEMU_H
#define TESTS_BMC_BMCEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "lib/base/err.h"

struct bmcemu;

/* IPMI 2.0 table 6-1, privilege levels. */
enum bmcemu_privilege {
	BMCEMU_PRIV_NONE = 0,
	BMCEMU_PRIV_CALLBACK = 1,
	BMCEMU_PRIV_USER = 2,
	BMCEMU_PRIV_OPERATOR = 3,
	BMCEMU_PRIV_ADMIN = 4,
	BMCEMU_PRIV_OEM = 5,
};

#define BMCEMU_NAME_MAX	    16
#define BMCEMU_PASSWORD_MAX 20
#define BMCEMU_USERS_MAX    15
#define BMCEMU_SUITE_3	    (1u << 3)
#define BMCEMU_SUITE_17	    (1u << 17)

/* User ids are the place in the array plus 1. Passwords are bytes, padded with 0. */
struct bmcemu_user {
	char name[BMCEMU_NAME_MAX + 1]; /* "" is the null user */
	uint8_t password[BMCEMU_PASSWORD_MAX];
	uint8_t privilege; /* enum bmcemu_privilege, the user's limit */
	bool enabled;
};

/* What FRU inventory tells, 32 bytes each; a run of # becomes the BMC's number with so many digits.
 */
struct bmcemu_identity {
	const char *manufacturer, *product, *part, *version, *serial, *asset;
	const char *board_manufacturer, *board_product, *board_serial, *board_part;
	const char *chassis_part, *chassis_serial;
};

/* Start from bmcemu_config_init(). All but identity is copied by bmcemu_new(). */
struct bmcemu_config {
	const char *address; /* numeric IPv4 or IPv6; NULL without fd: no socket, see the sink */
	uint16_t port;	     /* 0 lets the kernel choose */
	int fd; /* a bound, nonblocking UDP socket to take over (other namespace), or -1 */
	const struct bmcemu_user *users;
	size_t n_users;
	unsigned suites; /* BMCEMU_SUITE_* that may be used */
	uint8_t kg[20];	 /* the BMC key K_g, all zero: the user's password serves */
	uint8_t guid[16];
	unsigned session_slots;	 /* 1 to 64, default 4 */
	unsigned idle_timeout_s; /* a session unused for so long is closed, default 60 */
	unsigned reset_ms; /* how long a reset of the BMC itself keeps it silent, default 2000 */
	uint8_t device_id, device_revision;
	uint8_t firmware_major, firmware_minor; /* minor is BCD */
	uint32_t manufacturer;			/* IANA enterprise number, 20 bits */
	uint16_t product;
	const char *lan_address;		/* what LAN parameter 3 tells; NULL: the address */
	uint8_t lan_mac[6];			/* LAN parameter 5 */
	const struct bmcemu_identity *identity; /* outlives the BMC; many may share one */
	uint32_t number;			/* for the identity */
	uint64_t seed;				/* of what happens by chance; the number is added */
	unsigned sel_records;			/* how many the SEL holds, default 512 */
};

void bmcemu_config_init(struct bmcemu_config *c);

/* Sets name and password (at most 16 and 20 bytes, -EINVAL beyond), privilege, and enables. */
int bmcemu_user_set(struct bmcemu_user *u, const char *name, const void *password, size_t len,
	enum bmcemu_privilege privilege, struct err *e);

/* IPMI 2.0 table 28-14, parameter 5, data 2 bits 5:2: boot device selector. */
enum boot_device {
	BOOT_DEVICE_NONE = 0,
	BOOT_DEVICE_PXE = 1,
	BOOT_DEVICE_DISK = 2,
	BOOT_DEVICE_DISK_SAFE = 3,
	BOOT_DEVICE_DIAG = 4,
	BOOT_DEVICE_CDROM = 5,
	BOOT_DEVICE_BIOS = 6,
	BOOT_DEVICE_REMOTE_FLOPPY = 7,
	BOOT_DEVICE_REMOTE_CDROM = 8,
	BOOT_DEVICE_REMOTE_MEDIA = 9,
	BOOT_DEVICE_REMOTE_DISK = 11,
	BOOT_DEVICE_FLOPPY = 15,
	BOOT_DEVICE_COUNT = 16,
};

/* "none", "pxe", "disk" ...; reserved selectors are "reserved". */
const char *boot_device_name(enum boot_device device);

/* What the firmware was told at a power-on or reset. */
struct boot_choice {
	bool valid; /* false: no override, the machine's own order counts */
	enum boot_device device;
	bool efi; /* else BIOS compatible ("legacy") */
	bool persistent;
	bool clear_cmos;
};

enum bmcemu_power { /* IPMI 2.0 table 28-4, Chassis Control */
	BMCEMU_POWER_OFF = 0,
	BMCEMU_POWER_ON = 1,
	BMCEMU_POWER_CYCLE = 2,
	BMCEMU_POWER_RESET = 3,
	BMCEMU_POWER_DIAG = 4, /* pulse the diagnostic interrupt, NMI */
	BMCEMU_POWER_SOFT = 5, /* ACPI overheat: asks the system to shut down */
	BMCEMU_POWER_COUNT,
};

/*
 * The back end. power() starts the change and returns 0 or an IPMI completion code at once; what
 * power_get() tells changes when the machine really has changed. Optional hooks may be NULL.
 */
struct bmcemu_machine_ops {
	bool (*power_get)(void *data);
	uint8_t (*power)(void *data, enum bmcemu_power action);
	void (*boot_flags_changed)(void *data);			       /* optional */
	void (*identify)(void *data, unsigned seconds, bool for_good); /* optional */
	/* Characters typed over SOL; gives how many were taken. Optional: all vanish. */
	size_t (*console_input)(void *data, const uint8_t *typed, size_t len);
	void (*console_break)(void *data); /* optional */
};

/* What a back end tells when it has happened; the SEL keeps it. */
enum bmcemu_machine_event {
	BMCEMU_MACHINE_ON,
	BMCEMU_MACHINE_OFF,
	BMCEMU_MACHINE_RESET, /* still on, the firmware starts again */
	BMCEMU_MACHINE_NMI,
	BMCEMU_MACHINE_EVENT_COUNT,
};

const char *bmcemu_machine_event_name(enum bmcemu_machine_event event);
void bmcemu_machine_changed(struct bmcemu *bmc, enum bmcemu_machine_event event);

/* The machine wrote to its serial console; nobody sees it when SOL is not active. */
void bmcemu_console_output(struct bmcemu *bmc, const void *data, size_t len);

/* Whether somebody holds the console by SOL. */
bool bmcemu_console_is_held(const struct bmcemu *bmc);

/*
 * Binds and starts to answer. Before bmcemu_set_machine() power is off and cannot be changed.
 * 0, or -EINVAL, -EADDRINUSE and what else bind gives.
 */
int bmcemu_new(uv_loop_t *loop, const struct bmcemu_config *c, struct bmcemu **ret, struct err *e);

/* Closes; the memory goes when the loop has run once more. Free the machine first. NULL is fine. */
void bmcemu_free(struct bmcemu *bmc);

void bmcemu_set_machine(struct bmcemu *bmc, const struct bmcemu_machine_ops *ops, void *data);

uint16_t bmcemu_port(const struct bmcemu *bmc);
const char *bmcemu_address(const struct bmcemu *bmc);

/*
 * What a back end calls when the machine's firmware starts (power-on, reset): gives the choice that
 * holds for this boot and clears the valid bit of a one-shot. A persistent one stays.
 */
void bmcemu_boot_flags_consume(struct bmcemu *bmc, struct boot_choice *ret);

/* The same without consuming: what the next boot would get. */
void bmcemu_boot_flags_peek(struct bmcemu *bmc, struct boot_choice *ret);

/* Exactly as a Get System Boot Options of parameter 5 would read it back. */
void bmcemu_boot_flags_raw(struct bmcemu *bmc, uint8_t ret[static 5]);

/* Chassis identify as Get Chassis Status tells it: 0 off, 1 timed, 2 for good. */
unsigned bmcemu_identify(struct bmcemu *bmc);

/*
 * Sets or clears a bit of Get Chassis Status by its name ("power-fault", "cooling-fault" ...; the
 * text of -ENOENT lists them). Intrusion, drive and fan faults follow the sensors by themselves.
 */
int bmcemu_set_chassis(struct bmcemu *bmc, const char *name, bool on, struct err *e);

/* What the emulator has seen; for tests. */
struct bmcemu_counters {
	uint32_t packets;	 /* received */
	uint32_t bad_packets;	 /* dropped because malformed, unauthentic or out of the window */
	uint32_t requests;	 /* IPMI requests carried out */
	uint32_t repeats;	 /* retransmitted requests answered from the cache */
	uint32_t sessions;	 /* sessions activated */
	uint32_t auth_failures;	 /* RAKP exchanges refused */
	uint32_t power_commands; /* Chassis Control carried out */
};

void bmcemu_counters(const struct bmcemu *bmc, struct bmcemu_counters *ret);

/* Sessions that are active. */
unsigned bmcemu_sessions(struct bmcemu *bmc);

/* Moves the BMC's clock on, so that tests need not wait for what expires. */
void bmcemu_advance(struct bmcemu *bmc, unsigned ms);

/* What Reset (cold) does: forgets sessions and is silent for reset_ms. */
void bmcemu_reset(struct bmcemu *bmc);

/*
 * Faults by script. Values are numbers in text; every fault is off at 0. A wrong name is -ENOENT, a
 * wrong value -EINVAL or -ERANGE; the text names what is allowed. Works at any time.
 */
int bmcemu_set_fault(struct bmcemu *bmc, const char *name, const char *value, struct err *e);
/* Only looks whether bmcemu_set_fault() would take it. */
int bmcemu_check_fault(const char *name, const char *value, struct err *e);
int bmcemu_get_fault(const struct bmcemu *bmc, const char *name, uint32_t *ret, struct err *e);
void bmcemu_clear_faults(struct bmcemu *bmc);

/* Name and explanation of fault i, for help texts; false behind the last. */
bool bmcemu_fault_info(size_t i, const char **ret_name, const char **ret_help);

/*
 * Handles one datagram as if it had come from peer, for tests without a network: the answers are
 * handed to sink instead of the socket. NULL sink goes back to the socket.
 */
typedef void (*bmcemu_sink)(void *data, const uint8_t *packet, size_t len);
void bmcemu_set_sink(struct bmcemu *bmc, bmcemu_sink sink, void *data);
void bmcemu_receive(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len);

#endif
