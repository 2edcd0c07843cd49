/* What a simulated machine writes to its serial console. */
#include "tests/bmc/simconsole.h"

#include <string.h>

static const char firmware[] = "\r\nIngot emulated firmware 1.0\r\n"
			       "2 processors, 64 GiB of memory, 2 network interfaces\r\n";
static const char from_network[] = "Booting from network\r\n"
				   "net0: link up, waiting for DHCP\r\n";
static const char from_disk[] = "Booting from disk\r\n"
				"[    0.000000] Linux version 6.1.0-emulated\r\n"
				"[    0.104211] smp: Brought up 1 node, 2 CPUs\r\n"
				"[    1.520043] EXT4-fs (vda1): mounted filesystem\r\n"
				"\r\nemulated login: ";
static const char power_down[] = "\r\n[  100.000000] reboot: Power down\r\n";
static const char nmi[] = "\r\n[  100.000000] NMI received for unknown reason 21 on CPU 0.\r\n";

static bool boots_from_disk(const struct boot_choice *boot)
{
	return boot && boot->valid &&
	       (boot->device == BOOT_DEVICE_DISK || boot->device == BOOT_DEVICE_DISK_SAFE);
}

void simconsole_event(
	struct buf *out, enum bmcemu_machine_event event, const struct boot_choice *boot)
{
	switch (event) {
	case BMCEMU_MACHINE_ON:
	case BMCEMU_MACHINE_RESET:
		buf_puts(out, firmware);
		buf_puts(out, boots_from_disk(boot) ? from_disk : from_network);
		break;
	case BMCEMU_MACHINE_OFF:
		buf_puts(out, power_down);
		break;
	case BMCEMU_MACHINE_NMI:
		buf_puts(out, nmi);
		break;
	case BMCEMU_MACHINE_EVENT_COUNT:
		break;
	}
}

void simconsole_echo(struct buf *out, const uint8_t *typed, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (typed[i] == '\r' || typed[i] == '\n')
			buf_puts(out, "\r\nemulated login: ");
		else
			buf_append(out, &typed[i], 1);
	}
}
