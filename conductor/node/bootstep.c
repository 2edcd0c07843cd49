/* The steps of the boot path as a table; see bootstep.h. */
#include "conductor/node/bootstep.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <string.h>

const char boot_step_none[] =
	"it did not try the network or could not reach it: it may have booted its disk (the BMC "
	"forgot "
	"the boot device), its network boot may be off in the firmware, or the cable, the switch "
	"port or "
	"the MAC address of the node's port may be wrong; look at the machine's console";

#define IS_IPXE                                                                                    \
	"HTTP to this host may be filtered, or the boot program does not drive this NIC; look at " \
	"the "                                                                                     \
	"machine's console"

/* The first row that fits. */
static const struct boot_step steps[] = {
	{"dhcp-discover", 1, ", iPXE", STAGE_PROGRAM, false,
		"its boot program asked for an address", "it was offered none since",
		"no address is free in the range, or another rule keeps the DHCP server from "
		"answering; "
		"see 'journalctl -u ingotd'"},
	{"dhcp-discover", 1, NULL, STAGE_ASKED, false, "it asked for an address by DHCP (%d)",
		"it was offered none since",
		"no address is free in the range, or another rule keeps the DHCP server from "
		"answering; "
		"see 'journalctl -u ingotd'"},
	{"dhcp-offer", 1, "boot.ipxe", STAGE_PROGRAM, false,
		"its boot program was offered %i by DHCP", "not taken up since",
		"another DHCP server may have been faster; look for one on this network"},
	{"dhcp-offer", 1, NULL, STAGE_ADDRESS, false, "DHCP offered %i (%d)",
		"no TFTP request since",
		"the machine did not take the offer: another DHCP server may have been faster, or "
		"its "
		"firmware wants another kind of boot file (see 'boot explain')"},
	{"dhcp-request", 1, ", iPXE", STAGE_PROGRAM, false,
		"its boot program asked for its address", "no answer since",
		"another DHCP server may own the lease; look for one on this network"},
	{"dhcp-request", 1, NULL, STAGE_ADDRESS, false, "it asked for the offered address",
		"no answer since",
		"another DHCP server may own the lease; look for one on this network"},
	{"dhcp-ack", 1, "boot.ipxe", STAGE_PROGRAM, false, "its boot program was given %i by DHCP",
		"no request for a script since", IS_IPXE},
	{"dhcp-ack", 1, NULL, STAGE_ADDRESS, false, "DHCP gave %i (%d)", "no TFTP request since",
		"the firmware could not fetch its boot program: UDP port 69 and the high ports to "
		"this "
		"host may be filtered, or the machine went on to boot its disk; look at its "
		"console"},
	{"dhcp-refused", -1, NULL, STAGE_ASKED, false, "DHCP refused it: %d", "nothing since",
		"the range may be used up, or another DHCP server gave it an address that is not "
		"of this "
		"network"},
	{"tftp-start", -1, NULL, STAGE_PROGRAM, true, "it began to fetch %d by TFTP",
		"no end of it since",
		"packets are lost on the way, large ones perhaps: check the MTU and the switch "
		"port"},
	{"tftp-end", 0, NULL, STAGE_PROGRAM, false, "fetching its boot program by TFTP failed: %d",
		"nothing since",
		"the file may be missing in the TFTP folder, or the line be bad; see 'boot "
		"explain'"},
	{"tftp-end", 1, NULL, STAGE_PROGRAM, false, "it fetched %d by TFTP",
		"no request for a script since",
		"the boot program did not start (Secure Boot refuses unsigned ones) or does not "
		"drive this "
		"NIC; look at the machine's console"},
	{"file", -1, "boot.ipxe", STAGE_PROGRAM, false, "its boot program fetched %d",
		"no request for a script since", IS_IPXE},
	{"file", 1, NULL, STAGE_PROGRAM, false, "it fetched %d by HTTP",
		"no request for a script since",
		"the boot program did not start (Secure Boot refuses unsigned ones) or does not "
		"drive this "
		"NIC; look at the machine's console"},
	{"file", 0, NULL, STAGE_PROGRAM, false, "fetching %d by HTTP failed", "nothing since",
		"the line may be bad; see 'boot explain'"},
	{"script-asked", 1, NULL, STAGE_SCRIPT, false, "it asked what to boot (%d)",
		"no answer yet",
		"the conductor answers within seconds; see 'journalctl -u ingotd'"},
	{"script-asked", 0, NULL, STAGE_SCRIPT, false, "it came back because its boot failed (%d)",
		"nothing since",
		"the machine's console says what failed; it tries again by itself"},
	{"script-answered", -1, "^wait", STAGE_SCRIPT, false, "it was told to wait (%d)",
		"it did not ask again since",
		"it asks again by itself; look at the machine's console"},
	{"script-answered", -1, "^disk", STAGE_SCRIPT, false, "it was told to boot its disk (%d)",
		NULL, "the system on its disk did not call; look at the machine's console"},
	{"script-answered", -1, NULL, STAGE_SCRIPT, false, "it was given its script (%d)",
		"no request for the kernel since",
		"it could not read the script or reach the kernel's URL; look at the machine's "
		"console"},
	{"fetch-start", -1, "^kernel", STAGE_KERNEL, true, "it is fetching the agent's kernel",
		"no end of it since",
		"the network is slow or the machine hangs; look at its console"},
	{"fetch-start", -1, NULL, STAGE_KERNEL, true, "it is fetching the agent's %d",
		"no end of it since",
		"the network is slow or the machine hangs; look at its console"},
	{"kernel", 0, NULL, STAGE_KERNEL, false, "fetching the agent's kernel failed: %d",
		"nothing since",
		"the machine was restarted meanwhile, or its network is bad; look at its console"},
	{"kernel", 1, NULL, STAGE_KERNEL, false, "it fetched the agent's kernel",
		"no request for the ramdisk since",
		"it may have too little memory for the agent; look at the machine's console"},
	{"ramdisk", 0, NULL, STAGE_KERNEL, false, "fetching the agent's ramdisk failed: %d",
		"nothing since",
		"the machine was restarted meanwhile, has too little memory, or its network is "
		"bad; look at "
		"its console"},
	{"ramdisk", 1, NULL, STAGE_RAMDISK, false, "it fetched the agent's kernel and ramdisk (%b)",
		"the agent has not called since",
		"the kernel did not start, has no driver for this NIC, or the agent cannot reach "
		"the API's "
		"URL; look at the machine's console"},
	{"not-found", -1, NULL, STAGE_PROGRAM, false,
		"it asked for something that is not there: %d", "nothing since",
		"it follows an old script or a wrong boot file name; see 'boot explain'"},
	{NULL, -1, NULL, STAGE_ASKED, false, "it was seen (%d)", "nothing since",
		"look at the machine's console"},
};

static bool detail_fits(const char *wanted, const char *detail)
{
	if (!wanted)
		return true;
	return *wanted == '^' ? str_starts(detail, wanted + 1) : strstr(detail, wanted) != NULL;
}

const struct boot_step *boot_step_of(const struct boot_record *rec)
{
	const struct boot_step *s = steps;

	for (; s->kind; s++)
		if (str_eq(s->kind, rec->kind) && (s->ok < 0 || s->ok == rec->ok) &&
			detail_fits(s->detail, rec->detail))
			break;
	return s;
}

/* "" for what is not known: the parentheses around it go, too. */
static size_t put(char *buf, size_t size, size_t at, const char *text)
{
	int n = snprintf(buf + at, size - at, "%s", text);

	return at + (size_t)n < size ? at + (size_t)n : size - 1;
}

static const char *value_of(const struct boot_record *rec, char what, char buf[static 64])
{
	if (what == 'i')
		return *rec->ip ? rec->ip : "a boot file";
	if (what == 'd')
		return rec->detail;
	snprintf(buf, 64, "%.1f MB", (double)rec->bytes / 1e6);
	return buf;
}

const char *boot_step_text(const struct boot_record *rec, char *buf, size_t size)
{
	size_t at = 0;
	char number[64];

	buf[0] = '\0';
	for (const char *p = boot_step_of(rec)->seen; *p && at + 1 < size; p++) {
		if (str_starts(p, " (%d)") && !*rec->detail) {
			p += strlen(" (%d)") - 1;
		} else if (*p == '%' && p[1]) {
			at = put(buf, size, at, value_of(rec, p[1], number));
			p++;
		} else {
			buf[at++] = *p;
			buf[at] = '\0';
		}
	}
	return buf;
}

const char *boot_clock(int64_t wall_us, char *buf, size_t size)
{
	char then[TIME_TEXT_MAX], now[TIME_TEXT_MAX];

	time_format(wall_us, then, sizeof(then));
	time_format(time_wall_us(), now, sizeof(now));
	if (!strncmp(then, now, 10))
		snprintf(buf, size, "%.8s UTC", then + 11);
	else
		snprintf(buf, size, "%.10s %.8s UTC", then, then + 11);
	return buf;
}

const char *boot_step_sentence(const struct boot_record *rec, char *buf, size_t size)
{
	const struct boot_step *s = boot_step_of(rec);
	char text[300], when[TIME_TEXT_MAX];

	snprintf(buf, size, "%s at %s%s%s", boot_step_text(rec, text, sizeof(text)),
		boot_clock(rec->wall_us, when, sizeof(when)), s->missing ? ", " : "",
		s->missing ? s->missing : "");
	return buf;
}
