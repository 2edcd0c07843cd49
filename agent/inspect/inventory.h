/* What the machine is made of, in the schema of the Ironic agent's inventory. */
#ifndef AGENT_INSPECT_INVENTORY_H
#define AGENT_INSPECT_INVENTORY_H

#include "agent/inspect/sysroot.h"
#include "lib/json/json.h"

/*
 * The whole inventory: interfaces, disks, cpu, memory, bmc_address, bmc_v6address, bmc_mac,
 * system_vendor, tpm (ours), boot, hostname. `bootif` is the MAC address that booted, NULL when not
 * known. Never fails: what cannot be read is null. Takes milliseconds, plus up to a second where a
 * BMC does not answer. Any thread; the caller owns the reference.
 */
json_t *inventory_collect(const struct sysroot *sr, const char *bootif);

/* The parts of it. */
json_t *inventory_disks(const struct sysroot *sr);
/*
 * The disks again, and removable ones, for the choice of one to write to: those that must not be
 * touched have a member "unfit" that says why.
 */
json_t *inventory_candidates(const struct sysroot *sr);
json_t *inventory_nics(const struct sysroot *sr);
json_t *inventory_cpu(const struct sysroot *sr);
json_t *inventory_memory(const struct sysroot *sr);
json_t *inventory_system_vendor(const struct sysroot *sr);
json_t *inventory_boot(const struct sysroot *sr, const char *bootif);

/* {version: "2.0" or "1.2", driver, pcr_banks: ["sha256", ...]}, or null without a TPM. */
json_t *inventory_tpm(const struct sysroot *sr);

/* SMBIOS in detail (bios, system, board, chassis, cpu[], memory{}), or NULL without a table. */
json_t *inventory_dmi(const struct sysroot *sr);

/* Sets bmc_address, bmc_v6address and bmc_mac in `inventory`; null where there is no BMC. */
void inventory_put_bmc(const struct sysroot *sr, json_t *inventory);

#endif
