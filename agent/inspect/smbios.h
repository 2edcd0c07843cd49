/* Reader of the SMBIOS structure table (DMTF DSP0134 3.x). Bytes in, plain structs out; no I/O. */
#ifndef AGENT_INSPECT_SMBIOS_H
#define AGENT_INSPECT_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMBIOS_TEXT_MAX	 128
#define SMBIOS_CPUS_MAX	 64
#define SMBIOS_DIMMS_MAX 256
#define SMBIOS_TABLE_MAX (1024 * 1024)

/* Member names are DSP0134's. Texts are "" when the table has none; spaces at the ends are gone. */
struct smbios_dimm { /* type 17, section 7.18 */
	char device_locator[SMBIOS_TEXT_MAX];
	char bank_locator[SMBIOS_TEXT_MAX];
	char manufacturer[SMBIOS_TEXT_MAX];
	char serial_number[SMBIOS_TEXT_MAX];
	char part_number[SMBIOS_TEXT_MAX];
	uint64_t size_mb; /* 0: slot is empty or the size is unknown */
	uint32_t speed_mts;
	uint8_t memory_type;
};

struct smbios_cpu { /* type 4, section 7.5 */
	char socket_designation[SMBIOS_TEXT_MAX];
	char manufacturer[SMBIOS_TEXT_MAX];
	char version[SMBIOS_TEXT_MAX];
	uint32_t max_speed_mhz, current_speed_mhz;
	uint32_t core_count, thread_count;
	bool populated, enabled;
};

struct smbios {
	struct { /* type 0, section 7.1 */
		char vendor[SMBIOS_TEXT_MAX];
		char version[SMBIOS_TEXT_MAX];
		char release_date[SMBIOS_TEXT_MAX];
	} bios;
	struct { /* type 1, section 7.2 */
		char manufacturer[SMBIOS_TEXT_MAX];
		char product_name[SMBIOS_TEXT_MAX];
		char version[SMBIOS_TEXT_MAX];
		char serial_number[SMBIOS_TEXT_MAX];
		char sku_number[SMBIOS_TEXT_MAX];
		char family[SMBIOS_TEXT_MAX];
		uint8_t uuid[16];
		bool has_uuid;
	} system;
	struct { /* types 2 and 3, sections 7.3 and 7.4 */
		char manufacturer[SMBIOS_TEXT_MAX];
		char product[SMBIOS_TEXT_MAX];
		char serial_number[SMBIOS_TEXT_MAX];
		char asset_tag[SMBIOS_TEXT_MAX];
	} board, chassis;
	struct { /* type 16, section 7.17; all arrays whose use is system memory, together */
		uint64_t maximum_capacity_kb;
		uint32_t slots;
	} memory_array;
	struct { /* type 38, section 7.39 */
		bool present;
		uint8_t interface_type;
		uint8_t spec_revision; /* BCD: 0x20 is 2.0 */
		uint64_t base_address;
	} ipmi;
	struct smbios_cpu cpus[SMBIOS_CPUS_MAX];
	size_t n_cpus;
	struct smbios_dimm *dimms; /* n_dimms of them, freed by smbios_done() */
	size_t n_dimms;
	size_t structures; /* all that were read, also those of other types */
};

/*
 * Reads a table as /sys/firmware/dmi/tables/DMI gives it. Stops at the first structure that does
 * not fit; what came before stays. 0, or -EINVAL when not even one structure could be read.
 */
int smbios_parse(const uint8_t *table, size_t len, struct smbios *ret);
void smbios_done(struct smbios *s);

/* Sum of all DIMM sizes. */
uint64_t smbios_memory_mb(const struct smbios *s);

/* "DDR4" and so on (table 78), "" for those without a name here. */
const char *smbios_memory_type(uint8_t type);

#endif
