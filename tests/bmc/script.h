/*
 * A script of what goes wrong in a farm of BMCs, one rule a line:
 *
 *	WHEN [SHARE%] BMCS ACTION [for TIME]
 *
 *	at 5s 100-199 silent for 30s		# a hundred BMCs go away for half a minute
 *	every 1m 10% all reset			# a tenth of all BMCs restart, the same tenth each
 *time on power-on 7,9 forget-boot-flags with 10% all drop-percent=30		# from the start
 *	always all delay-ms=20
 *
 * TIME is a number with ms, s, m or h. BMCS are numbers and ranges from 0 on, or all. ACTION is a
 *fault of fault.c's table, with =VALUE unless that is 1, or reset, power-on, power-off, reboot,
 *clear. Which BMCs a share means, the seed decides.
 */
#ifndef TESTS_BMC_SCRIPT_H
#define TESTS_BMC_SCRIPT_H

#include "tests/bmc/bmcemu.h"

enum script_when { SCRIPT_ALWAYS, SCRIPT_AT, SCRIPT_EVERY, SCRIPT_ON };

enum script_action {
	SCRIPT_FAULT,
	SCRIPT_RESET, /* of the BMC itself */
	SCRIPT_POWER_ON,
	SCRIPT_POWER_OFF,
	SCRIPT_REBOOT,
	SCRIPT_CLEAR, /* all faults off */
};

struct script_range {
	uint32_t from, to;
};

#define SCRIPT_RANGES_MAX 16

struct script_rule {
	unsigned line;
	enum script_when when;
	uint32_t time_ms;		 /* AT, EVERY */
	enum bmcemu_machine_event event; /* ON */
	uint32_t share;			 /* how many of 10,000 are chosen */
	struct script_range ranges[SCRIPT_RANGES_MAX];
	unsigned n_ranges; /* 0: all */
	enum script_action action;
	char fault[32], value[12];
	uint32_t for_ms; /* then the fault is taken away; 0: it stays */
};

struct script {
	struct script_rule *rules;
	size_t n;
};

/* -EINVAL: e names name and line. *ret is for script_free(). */
int script_parse(
	const char *text, size_t len, const char *name, struct script **ret, struct err *e);
void script_free(struct script *s);

/* Whether a rule is about BMC i; the same answer for the same seed. */
bool script_rule_means(const struct script_rule *r, uint64_t seed, uint32_t i);

#endif
