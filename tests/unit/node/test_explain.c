/*
 * Nothing waits in silence: every state of the table says what it waits for, what happens when that
 * does not come, and what a person does next; and every step of the boot path becomes a sentence.
 * Names of steps are those that boot services give them, not the table's own.
 */
#include "boot/boot.h"
#include "conductor/node/bootstep.h"
#include "conductor/node/explain.h"
#include "conductor/node/table.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "tests/unit/tap.h"

/* Each state that the table of transitions names, once as `from` and once as `to`. */
static void test_states(void)
{
	const struct transition *row;

	for (int i = 0; (row = fsm_row(i)); i++) {
		const struct explanation *x = explain_state(row->from);
		const char *name = provision_state_name(row->from);
		bool stable = provision_state_is_stable(row->from);

		if (!ok(x && explain_state(row->to), "%s -> %s: both are explained", name,
			    provision_state_name(row->to)))
			continue;
		ok(!str_empty(x->next), "%s: what to do next", name);
		ok(stable == str_empty(x->waits), "%s: says what it waits for, if it waits", name);
		ok(stable == str_empty(x->then), "%s: and what happens then", name);
		ok(stable == (fsm_limit_of(row->from) == LIMIT_NONE), "%s: and has a limit", name);
	}
	ok(explain_state(PS_NONE) == NULL && explain_state(PS_COUNT) == NULL, "what is no state");
}

static void test_fill(void)
{
	char text[64], small[8];

	is_str(explain_fill("ingot why NODE; NODE", "r1u1", text, sizeof(text)),
		"ingot why r1u1; r1u1", "the node's name stands in the advice");
	is_str(explain_fill("abc NODE", "a-long-name", small, sizeof(small)), "abc a-l",
		"cut where it does not fit");
}

static struct boot_record seen(
	enum boot_event_kind kind, bool good, const char *ip, const char *detail)
{
	struct boot_record rec = {.ok = good, .wall_us = time_wall_us(), .bytes = 26200000};

	str_copy(rec.kind, sizeof(rec.kind), boot_event_name(kind));
	str_copy(rec.ip, sizeof(rec.ip), ip);
	str_copy(rec.detail, sizeof(rec.detail), detail);
	return rec;
}

static void check_sentence(struct boot_record rec, enum boot_stage stage, const char *begins,
	const char *ends, const char *means)
{
	const struct boot_step *step = boot_step_of(&rec);
	char text[400];

	boot_step_sentence(&rec, text, sizeof(text));
	ok(str_starts(text, begins) && strstr(text, " at ") && strstr(text, " UTC") &&
			str_ends(text, ends),
		"%s", text);
	is_int(step->stage, stage, "how far that is");
	ok(step->means && strstr(step->means, means), "what it means: %s", step->means);
}

static void test_steps(void)
{
	check_sentence(seen(BOOT_EVENT_DHCP_DISCOVER, true, "", "arch 7 (UEFI x86-64), firmware"),
		STAGE_ASKED, "it asked for an address by DHCP (arch 7 (UEFI x86-64), firmware)",
		"it was offered none since", "range");
	check_sentence(seen(BOOT_EVENT_DHCP_OFFER, true, "10.1.0.7", "boot file snponly.efi"),
		STAGE_ADDRESS, "DHCP offered 10.1.0.7 (boot file snponly.efi)",
		", no TFTP request since", "DHCP server");
	check_sentence(seen(BOOT_EVENT_DHCP_ACK, true, "10.1.0.7", "boot file undionly.kpxe"),
		STAGE_ADDRESS, "DHCP gave 10.1.0.7 (boot file undionly.kpxe)",
		", no TFTP request since", "UDP port 69");
	check_sentence(seen(BOOT_EVENT_DHCP_ACK, true, "10.1.0.7",
			       "boot file http://10.1.0.1:8080/boot.ipxe"),
		STAGE_PROGRAM, "its boot program was given 10.1.0.7",
		", no request for a script since", "HTTP");
	check_sentence(seen(BOOT_EVENT_DHCP_NAK, false, "", "no address available"), STAGE_ASKED,
		"DHCP refused it: no address available", "since", "range");
	check_sentence(seen(BOOT_EVENT_TFTP_START, true, "10.1.0.7", "snponly.efi"), STAGE_PROGRAM,
		"it began to fetch snponly.efi by TFTP", ", no end of it since", "MTU");
	check_sentence(seen(BOOT_EVENT_TFTP_END, true, "10.1.0.7", "snponly.efi: sent in 0.10 s"),
		STAGE_PROGRAM, "it fetched snponly.efi", ", no request for a script since",
		"Secure Boot");
	check_sentence(seen(BOOT_EVENT_TFTP_END, false, "10.1.0.7", "x.efi: File not found"),
		STAGE_PROGRAM, "fetching its boot program by TFTP failed: x.efi: File not found",
		"since", "missing");
	check_sentence(
		seen(BOOT_EVENT_SCRIPT_ANSWERED, true, "", "agent: node u1 is wait call-back"),
		STAGE_SCRIPT, "it was given its script (agent: node u1 is wait call-back)",
		", no request for the kernel since", "kernel's URL");
	check_sentence(seen(BOOT_EVENT_KERNEL, true, "", "kernel in 0.10 s"), STAGE_KERNEL,
		"it fetched the agent's kernel", ", no request for the ramdisk since", "memory");
	check_sentence(seen(BOOT_EVENT_RAMDISK, true, "", "ramdisk in 1.00 s"), STAGE_RAMDISK,
		"it fetched the agent's kernel and ramdisk (26.2 MB)",
		", the agent has not called since", "driver");
}

/* Also what no row foresees has a sentence, a stage and advice. */
static void test_every_kind(void)
{
	for (enum boot_event_kind kind = 0; kind < BOOT_EVENT_COUNT; kind++) {
		for (int good = 0; good < 2; good++) {
			struct boot_record rec = seen(kind, good, "", "");
			char text[400];

			boot_step_sentence(&rec, text, sizeof(text));
			ok(strlen(text) > 10 && boot_step_of(&rec)->means &&
					boot_step_of(&rec)->stage > STAGE_NONE &&
					!strchr(text, '%'),
				"%s: %s", boot_event_name(kind), text);
		}
	}
}

static void test_clock(void)
{
	char text[TIME_TEXT_MAX];

	is_str(boot_clock(1767225661000000, text, sizeof(text)), "2026-01-01 00:01:01 UTC",
		"another day's time has its day");
	is_int((long)strlen(boot_clock(time_wall_us(), text, sizeof(text))), 12, "today's has not");
}

int main(void)
{
	test_states();
	test_fill();
	test_steps();
	test_every_kind();
	test_clock();
	return done_testing();
}
