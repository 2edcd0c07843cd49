/* IPMI's words for sensors and events; see event.h. */
#include "conductor/bmc/ipmi/event.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define O(t)                                                                                       \
	{                                                                                          \
		t, WEIGHT_OK                                                                       \
	}
#define W(t)                                                                                       \
	{                                                                                          \
		t, WEIGHT_WARNING                                                                  \
	}
#define C(t)                                                                                       \
	{                                                                                          \
		t, WEIGHT_CRITICAL                                                                 \
	}
#define GAP                                                                                        \
	{                                                                                          \
		NULL, WEIGHT_OK                                                                    \
	}
#define TEXTS(...)                                                                                 \
	{                                                                                          \
		(const struct event_text[]){__VA_ARGS__},                                          \
			sizeof((const struct event_text[]){__VA_ARGS__}) /                         \
				sizeof(struct event_text)                                          \
	}

struct texts {
	const struct event_text *list;
	uint8_t n;
};

/* IPMI table 42-2: by event/reading type, the same for every sensor type. */
static const struct texts generic[] = {
	[0x01] = TEXTS(W("lower non-critical going low"), W("lower non-critical going high"),
		C("lower critical going low"), C("lower critical going high"),
		C("lower non-recoverable going low"), C("lower non-recoverable going high"),
		W("upper non-critical going low"), W("upper non-critical going high"),
		C("upper critical going low"), C("upper critical going high"),
		C("upper non-recoverable going low"), C("upper non-recoverable going high")),
	[0x02] = TEXTS(O("transition to idle"), O("transition to active"), O("transition to busy")),
	[0x03] = TEXTS(O("state deasserted"), O("state asserted")),
	[0x04] = TEXTS(O("predictive failure deasserted"), W("predictive failure asserted")),
	[0x05] = TEXTS(O("limit not exceeded"), W("limit exceeded")),
	[0x06] = TEXTS(O("performance met"), W("performance lags")),
	[0x07] = TEXTS(O("transition to OK"), W("transition to non-critical from OK"),
		C("transition to critical from less severe"),
		C("transition to non-recoverable from less severe"),
		W("transition to non-critical from more severe"),
		C("transition to critical from non-recoverable"),
		C("transition to non-recoverable"), O("monitor"), O("informational")),
	[0x08] = TEXTS(O("device absent"), O("device present")),
	[0x09] = TEXTS(O("device disabled"), O("device enabled")),
	[0x0a] = TEXTS(O("transition to running"), O("transition to in test"),
		O("transition to power off"), O("transition to on line"),
		O("transition to off line"), O("transition to off duty"),
		W("transition to degraded"), O("transition to power save"), C("install error")),
	[0x0b] = TEXTS(O("fully redundant"), W("redundancy lost"), W("redundancy degraded"),
		W("non-redundant: sufficient resources from redundant"),
		W("non-redundant: sufficient resources from insufficient resources"),
		C("non-redundant: insufficient resources"),
		W("redundancy degraded from fully redundant"),
		W("redundancy degraded from non-redundant")),
	[0x0c] = TEXTS(
		O("D0 power state"), O("D1 power state"), O("D2 power state"), O("D3 power state")),
};

/* IPMI table 42-3: by sensor type. */
static const struct texts specific[] = {
	[0x05] = TEXTS(W("general chassis intrusion"), W("drive bay intrusion"),
		W("I/O card area intrusion"), W("processor area intrusion"),
		W("system unplugged from LAN"), W("unauthorized dock"), W("fan area intrusion")),
	[0x06] = TEXTS(W("front panel lockout violation attempted"),
		W("pre-boot password violation: user password"),
		W("pre-boot password violation: setup password"),
		W("pre-boot password violation: network boot password"),
		W("other pre-boot password violation"), W("out-of-band access password violation")),
	[0x07] = TEXTS(C("IERR"), C("thermal trip"), C("FRB1/BIST failure"),
		C("FRB2/hang in POST failure"), C("FRB3/processor startup failure"),
		C("configuration error"), C("SM BIOS uncorrectable CPU-complex error"),
		O("processor presence detected"), W("processor disabled"),
		O("terminator presence detected"), W("processor automatically throttled"),
		C("uncorrectable machine check exception"), W("correctable machine check error")),
	[0x08] = TEXTS(O("presence detected"), C("power supply failure detected"),
		W("predictive failure"), C("power supply input lost (AC/DC)"),
		C("power supply input lost or out of range"),
		W("power supply input out of range, but present"), C("configuration error"),
		O("power supply inactive")),
	[0x09] = TEXTS(O("power off/power down"), O("power cycle"), O("240VA power down"),
		O("interlock power down"), W("AC lost/power input lost"),
		C("soft power control failure"), C("power unit failure detected"),
		W("predictive failure")),
	[0x0c] = TEXTS(W("correctable ECC/other correctable memory error"),
		C("uncorrectable ECC/other uncorrectable memory error"), C("parity"),
		C("memory scrub failed"), W("memory device disabled"),
		W("correctable ECC logging limit reached"), O("presence detected"),
		C("configuration error"), O("spare"), W("memory automatically throttled"),
		C("critical overtemperature")),
	[0x0d] = TEXTS(O("drive presence"), C("drive fault"), W("predictive failure"),
		O("hot spare"), O("consistency check/parity check in progress"),
		W("in critical array"), C("in failed array"), O("rebuild/remap in progress"),
		W("rebuild/remap aborted")),
	[0x0f] = TEXTS(C("system firmware error (POST error)"), C("system firmware hang"),
		O("system firmware progress")),
	[0x10] = TEXTS(W("correctable memory error logging disabled"),
		O("event type logging disabled"), O("log area reset/cleared"),
		O("all event logging disabled"), W("SEL full"), W("SEL almost full"),
		W("correctable machine check error logging disabled")),
	[0x11] = TEXTS(W("BIOS watchdog reset"), W("OS watchdog reset"), W("OS watchdog shut down"),
		W("OS watchdog power down"), W("OS watchdog power cycle"),
		W("OS watchdog NMI/diagnostic interrupt"), O("OS watchdog expired, status only"),
		O("OS watchdog pre-timeout interrupt")),
	[0x12] = TEXTS(O("system reconfigured"), O("OEM system boot event"),
		C("undetermined system hardware failure"), O("entry added to auxiliary log"),
		O("PEF action"), O("timestamp clock synchronization")),
	[0x13] = TEXTS(W("front panel NMI/diagnostic interrupt"), C("bus timeout"),
		C("I/O channel check NMI"), W("software NMI"), C("PCI PERR"), C("PCI SERR"),
		C("EISA fail safe timeout"), W("bus correctable error"),
		C("bus uncorrectable error"), C("fatal NMI"), C("bus fatal error"),
		W("bus degraded")),
	[0x14] = TEXTS(O("power button pressed"), O("sleep button pressed"),
		O("reset button pressed"), O("FRU latch open"), O("FRU service request button")),
	[0x19] = TEXTS(C("soft power control failure"), C("thermal trip")),
	[0x1b] = TEXTS(O("cable/interconnect is connected"), C("configuration error")),
	[0x1d] = TEXTS(O("initiated by power up"), O("initiated by hard reset"),
		O("initiated by warm reset"), O("user requested PXE boot"),
		O("automatic boot to diagnostic"), O("initiated by run-time software hard reset"),
		O("initiated by run-time software warm reset"), O("system restart")),
	[0x1e] = TEXTS(W("no bootable media"), W("non-bootable disk left in drive"),
		W("PXE server not found"), W("invalid boot sector"),
		W("timeout waiting for selection")),
	[0x1f] = TEXTS(O("A: boot completed"), O("C: boot completed"), O("PXE boot completed"),
		O("diagnostic boot completed"), O("CD-ROM boot completed"), O("ROM boot completed"),
		O("boot completed, device not specified"),
		O("base OS/hypervisor installation started"),
		O("base OS/hypervisor installation completed"),
		W("base OS/hypervisor installation aborted"),
		W("base OS/hypervisor installation failed")),
	[0x20] = TEXTS(C("critical stop during OS load"), C("run-time critical stop"),
		O("OS graceful stop"), O("OS graceful shutdown"), O("soft shutdown by PEF"),
		W("agent not responding")),
	[0x21] = TEXTS(C("fault status asserted"), O("identify status asserted"),
		O("device installed/attached"), O("ready for device installation"),
		O("ready for device removal"), O("slot power is off"), O("device removal request"),
		W("interlock asserted"), W("slot is disabled"), O("slot holds spare device")),
	[0x22] = TEXTS(O("S0/G0: working"), O("S1: sleeping, context maintained"),
		O("S2: sleeping, processor context lost"), O("S3: sleeping, memory retained"),
		O("S4: non-volatile sleep"), O("S5/G2: soft-off"),
		O("S4/S5: soft-off, state not determined"), O("G3: mechanical off"),
		O("sleeping in S1, S2 or S3"), O("G1: sleeping"), O("S5: entered by override"),
		O("legacy on state"), O("legacy off state"), GAP, O("unknown")),
	[0x23] = TEXTS(W("timer expired, status only"), W("hard reset"), W("power down"),
		W("power cycle"), GAP, GAP, GAP, GAP, O("timer interrupt")),
	[0x24] = TEXTS(O("platform generated page"), O("platform generated LAN alert"),
		O("platform event trap generated"), O("platform generated SNMP trap")),
	[0x25] = TEXTS(O("entity present"), O("entity absent"), W("entity disabled")),
	[0x27] = TEXTS(O("LAN heartbeat lost"), O("LAN heartbeat")),
	[0x28] = TEXTS(W("sensor access degraded or unavailable"),
		W("controller access degraded or unavailable"), W("management controller off-line"),
		W("management controller unavailable"), W("sensor failure"), W("FRU failure")),
	[0x29] = TEXTS(W("battery low"), C("battery failed"), O("battery presence detected")),
	[0x2a] = TEXTS(O("session activated"), O("session deactivated"),
		W("invalid user name or password"), W("invalid password: disabled")),
	[0x2b] = TEXTS(O("hardware change detected"), O("firmware or software change detected"),
		W("hardware incompatibility detected"),
		W("firmware or software incompatibility detected"),
		W("invalid or unsupported hardware version"),
		W("invalid or unsupported firmware or software version"),
		O("hardware change successful"), O("firmware or software change successful")),
	[0x2c] = TEXTS(O("FRU not installed"), O("FRU inactive"), O("FRU activation requested"),
		O("FRU activation in progress"), O("FRU active"), O("FRU deactivation requested"),
		O("FRU deactivation in progress"), W("FRU communication lost")),
};

const struct event_text *event_text(uint8_t event_type, uint8_t sensor_type, uint8_t offset)
{
	const struct texts *t = NULL;

	if (event_type < ARRAY_SIZE(generic))
		t = &generic[event_type];
	else if (event_type == EVENT_SPECIFIC && sensor_type < ARRAY_SIZE(specific))
		t = &specific[sensor_type];
	return t && offset < t->n && t->list[offset].text ? &t->list[offset] : NULL;
}

/* IPMI table 42-3. */
static const char *const sensor_types[] = {"reserved", "temperature", "voltage", "current", "fan",
	"physical security", "platform security", "processor", "power supply", "power unit",
	"cooling device", "other", "memory", "drive slot", "POST memory resize", "system firmware",
	"event logging disabled", "watchdog 1", "system event", "critical interrupt",
	"button/switch", "module/board", "microcontroller/coprocessor", "add-in card", "chassis",
	"chip set", "other FRU", "cable/interconnect", "terminator", "system boot initiated",
	"boot error", "OS boot", "OS stop/shutdown", "slot/connector", "ACPI power state",
	"watchdog 2", "platform alert", "entity presence", "monitor ASIC/IC", "LAN",
	"management subsystem health", "battery", "session audit", "version change", "FRU state"};

const char *sensor_type_name(uint8_t type)
{
	if (type < ARRAY_SIZE(sensor_types))
		return sensor_types[type];
	return type >= 0xc0 ? "OEM" : "reserved";
}

/* IPMI table 43-13. */
static const char *const entities[] = {"unspecified", "other", "unknown", "processor", "disk",
	"peripheral bay", "system management module", "system board", "memory module",
	"processor module", "power supply", "add-in card", "front panel board", "back panel board",
	"power system board", "drive backplane", "internal expansion board", "other system board",
	"processor board", "power unit", "power module", "power management board",
	"chassis back panel board", "system chassis", "sub-chassis", "other chassis board",
	"disk drive bay", "peripheral bay", "device bay", "fan", "cooling unit",
	"cable/interconnect", "memory device", "system management software", "system firmware",
	"operating system", "system bus", "group", "remote management device",
	"external environment", "battery", "processing blade", "connectivity switch",
	"processor/memory module", "I/O module", "processor/I/O module",
	"management controller firmware", "IPMI channel", "PCI bus", "PCI Express bus", "SCSI bus",
	"SATA/SAS bus", "front-side bus", "real-time clock", "reserved", "air inlet"};

const char *entity_name(uint8_t entity)
{
	if (entity < ARRAY_SIZE(entities))
		return entities[entity];
	switch (entity) { /* as table 43-13 numbers them once more */
	case 0x40:
		return "air inlet";
	case 0x41:
		return "processor";
	case 0x42:
		return "system board";
	}
	return entity >= 0x90 ? "chassis-specific" : "reserved";
}
