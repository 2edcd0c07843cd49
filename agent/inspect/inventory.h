/* What the machine is made of, in the schema of the Ironic agent's inventory. */
#ifndef AGENT_INSPECT_INVENTORY_H
#define AGENT_INSPECT_INVENTORY_H

#include "agent/inspect/sysroot.h"
#include "lib/json/json.h"

/*
 * The whole inventory: interfaces, disks, cpu, memory, bmc_address, bmc_v6address, bmc_mac,
 * system_vendor, boot, hostname as the Ironic agent has them, and our own: bmc, tpm, system, gpus,
 * disks[].health, memory.dimms. `bootif` is the MAC address that booted, NULL when not known; with
 * ask_bmc false nothing is said of the BMC, and all about it is null. Never
 * fails: what cannot be read is null. Takes milliseconds, plus up to three seconds each where the
 * BMC or a disk does not answer. Any thread; the caller owns the reference.
 */
json_t *inventory_collect(const struct sysroot *sr, const char *bootif, bool ask_bmc);

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

json_t *inventory_hostname(const struct sysroot *sr);

/* {kernel, uptime_s, virtualization: "none", "kvm", ...}; `cpu` is inventory_cpu()'s. */
json_t *inventory_system(const struct sysroot *sr, const json_t *cpu);

/* [{vendor_id, product_id, class, revision, bus, numa_node_id, driver}], ids in hex without 0x. */
json_t *inventory_pci(const struct sysroot *sr);

/* Those of them that draw or compute, with vendor and name (null where nothing knows it). */
json_t *inventory_gpus(const struct sysroot *sr, const json_t *pci);

/* [{product, vendor, handle: "USB:1:2", path, vendor_id, product_id, serial}] without hubs. */
json_t *inventory_usb(const struct sysroot *sr);

/*
 * {ram: [{numa_node, size_kb}], cpus: [{cpu, numa_node, thread_siblings}], nics: [{name,
 * numa_node}], distances: {"0": [10, 21]}}; `cpu` is the number of a core within its node.
 */
json_t *inventory_numa(const struct sysroot *sr);

/*
 * An inventory in the form of hardware-detect, [[class, name, key, value], ...]: system, firmware,
 * cpu, memory, disk and network, as far as the inventory tells; no benchmarks.
 */
json_t *inventory_extra(const json_t *inventory);

/*
 * {version: "2.0" or "1.2", driver, pcr_banks: ["sha256", ...], pcrs: {"sha256": {"0": "hex",
 * ...}}, event_log_bytes}, or null without a TPM.
 */
json_t *inventory_tpm(const struct sysroot *sr);

/* SMBIOS in the words of dmidecode ({bios, cpu[], memory{devices[]}}), or NULL without a table. */
json_t *inventory_dmi(const struct sysroot *sr);

/*
 * Sets bmc_address, bmc_v6address, bmc_mac and bmc ({firmware_version, ipmi_version,
 * manufacturer_id, product_id, device_id}) in `inventory`; null where there is no BMC, or without
 * `ask`.
 */
void inventory_put_bmc(json_t *inventory, bool ask);

#endif
