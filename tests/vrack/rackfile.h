/*
 * What a rack file says, as plain data. The format is explained in tests/vrack/README.md; nothing
 * here touches the system.
 */
#ifndef TESTS_VRACK_RACKFILE_H
#define TESTS_VRACK_RACKFILE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define RACK_NAME_MAX	  32
#define RACK_MACHINES_MAX 64
#define RACK_DISKS_MAX	  12
#define RACK_NICS_MAX	  8
#define RACK_TEXT_MAX	  64
#define RACK_SERIAL_MAX	  20 /* what an NVMe or ATA serial number holds */

enum rack_firmware { RACK_BIOS, RACK_UEFI, RACK_FIRMWARE_COUNT };
enum rack_bus {
	RACK_VIRTIO,
	RACK_NVME,
	RACK_AHCI,
	RACK_SCSI, /* virtio's */
	RACK_MEGASAS,
	RACK_MPTSAS,
	RACK_PVSCSI,
	RACK_BUS_COUNT
};
enum rack_tpm { RACK_TPM_NONE, RACK_TPM_TIS, RACK_TPM_CRB, RACK_TPM_COUNT };
enum rack_boot { RACK_BOOT_NETWORK, RACK_BOOT_DISK, RACK_BOOT_COUNT };

extern const char *const rack_firmware_names[RACK_FIRMWARE_COUNT];
extern const char *const rack_bus_names[RACK_BUS_COUNT];
extern const char *const rack_tpm_names[RACK_TPM_COUNT];
extern const char *const rack_boot_names[RACK_BOOT_COUNT];

struct rack_disk {
	enum rack_bus bus;
	uint64_t size_bytes;
	unsigned block_size_bytes, physical_size_bytes; /* of a sector: 512 or 4096 */
	unsigned
		rotation_rate; /* as ATA and SCSI tell it: 0 not at all, 1 flash, else per minute */
	char serial[RACK_SERIAL_MAX + 1];
	uint64_t bad_byte; /* writing the sector of it fails with an I/O error; 0: none */
	uint64_t wwn;	   /* NAA 5; virtio and NVMe disks have no place for it */
};

struct rack_nic {
	char model[RACK_NAME_MAX]; /* QEMU's device name, such as virtio-net-pci */
	char mac[18];		   /* lower case, with colons */
	bool rom;		   /* has network boot firmware */
};

struct rack_bmc {
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
	char user[17];
	char password[21]; /* at most 20 bytes, IPMI 2.0 section 13.22 */
	unsigned suites;   /* bit n: cipher suite n, 3 and 17 */
	char mac[18];	   /* lower case, with colons */
};

/* The texts of SMBIOS types 1 and 3. */
struct rack_smbios {
	char manufacturer[RACK_TEXT_MAX], product[RACK_TEXT_MAX], serial[RACK_TEXT_MAX];
	char asset[RACK_TEXT_MAX];
	char uuid[37];
};

struct rack_machine {
	char name[RACK_NAME_MAX];
	int line; /* where its section starts; 0 for the defaults */
	enum rack_firmware firmware;
	unsigned memory_mb, cpus;
	char cpu[RACK_TEXT_MAX]; /* QEMU's CPU model */
	enum rack_boot boot[RACK_BOOT_COUNT];
	unsigned n_boot;
	struct rack_disk disks[RACK_DISKS_MAX];
	unsigned n_disks;
	struct rack_nic nics[RACK_NICS_MAX];
	unsigned n_nics;
	struct rack_bmc bmc;
	struct rack_smbios smbios;
	char clock[24]; /* what its clock says at its start, as QEMU takes it; "": the time */
	bool kcs;	/* the BMC's system interface inside the machine */
	enum rack_tpm tpm;
};

struct rack_network {
	char bridge[16];
	struct in_addr subnet, host; /* network byte order */
	unsigned prefix;
	bool has_ipv6;
	struct in6_addr ipv6, host_ipv6;
	unsigned prefix_ipv6;
};

struct rack {
	char name[RACK_NAME_MAX];
	struct rack_network net;
	struct rack_machine *machines;
	unsigned n_machines;
};

/*
 * Reads a rack file. The error names file, line, what is wrong and what is allowed. password_file
 * values are read from beside the rack file. The caller frees *ret with rack_free().
 */
int rack_load(const char *path, struct rack **ret, struct err *e);

/* The same from memory; `path` is for messages, and for finding password files (NULL: none). */
int rack_parse(const char *text, size_t len, const char *path, struct rack **ret, struct err *e);

void rack_free(struct rack *rack); /* takes NULL; wipes passwords */

/* The MAC address of the NIC that boots, else of the first; "" without any. */
const char *rack_boot_mac(const struct rack_machine *m);

const struct rack_machine *rack_find(const struct rack *rack, const char *name);

#endif
