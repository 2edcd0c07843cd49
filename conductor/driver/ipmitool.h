/*
 * The ipmitool program as a way to a BMC: what driver_info says about it, its command line and
 * environment, and what its words mean. Running it is ipmitool.c's and console.c's.
 */
#ifndef CONDUCTOR_DRIVER_IPMITOOL_H
#define CONDUCTOR_DRIVER_IPMITOOL_H

#include "conductor/driver/driver.h"

#define IPMITOOL_PASSWORD_MAX 20 /* IPMI 13.20; 16 in IPMI 1.5 */
#define IPMITOOL_ARGS_MAX     48
#define IPMITOOL_OUTPUT_MAX   8192 /* of what it prints, for one command */

/* Everything of Ironic's ipmitool driver. Plain values: copy and wipe with mem_wipe(). */
struct ipmitool_settings {
	char address[256], username[64], password[IPMITOOL_PASSWORD_MAX + 1];
	char kg[IPMITOOL_PASSWORD_MAX + 1];
	const char *privilege;		/* "ADMINISTRATOR"; static */
	int port, terminal_port, suite; /* suite -1: not said */
	bool lan15;			/* IPMI 1.5 */
	/* bridging; -1: not said */
	int local_address, transit_channel, transit_address, target_channel, target_address;
	bool force_boot_device, keep_boot_timeout;
};

extern const struct property ipmitool_properties[];

/* 0, or -EINVAL with the member of driver_info that is wrong. */
int ipmitool_settings(const struct node *n, struct ipmitool_settings *ret, struct err *e);
int ipmitool_validate(const struct node *n, struct err *e);

/* One call of the program; argv and env point into it, so it must not be moved. */
struct ipmitool_call {
	const char *argv[IPMITOOL_ARGS_MAX];
	const char *env[8];
	int n_args, n_env;
	char numbers[12][12];
	int n_numbers;
	char password[64], kg[64], home[300], path[512];
};

/*
 * Everything up to the command's own words, which ipmitool_add() appends. suite: the cipher suite,
 * -1: the program's choice. home: a folder of ours, or NULL.
 */
void ipmitool_begin(
	struct ipmitool_call *call, const struct ipmitool_settings *s, int suite, const char *home);
void ipmitool_add(struct ipmitool_call *call, const char *word); /* static, or outlives the call */

/*
 * Makes the folder that is the program's HOME: an empty list of vendors there is read instead of
 * the system's, which costs it 31 ms and 10 MB each time. 0 or a negative errno.
 */
int ipmitool_make_home(const char *folder, struct err *e);

/* --- text.c: what it printed, which is what a BMC sent: hostile ---------------------------------
 */

enum ipmitool_trouble {
	TROUBLE_OTHER,
	TROUBLE_SILENT,
	TROUBLE_CIPHER, /* another cipher suite may do */
	TROUBLE_BUSY,	/* later it may do */
	TROUBLE_SOL_ACTIVE,
	TROUBLE_SOL_OFF, /* there is no console to be had */
	TROUBLE_FATAL,	 /* asking again changes nothing: password, user, privilege */
};

/* Reads "Chassis Power is on". -EPROTO when it is neither on nor off. */
int ipmitool_read_power(const char *text, bool *ret_on);

/* Reads the bytes of "raw": " 01 05 a0 08". Gives their number, or -EPROTO. */
int ipmitool_read_raw(const char *text, uint8_t *ret, int max);

/*
 * Why it failed, from what it wrote to standard error: fills the error with what that means, what
 * it said, and what to do.
 */
enum ipmitool_trouble ipmitool_trouble(
	const char *text, const struct ipmitool_settings *s, struct err *e);

#endif
