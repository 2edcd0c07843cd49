/* The configuration file of ingotd: every key has a default, an unknown one is an error. */
#ifndef CONDUCTOR_CONFIG_H
#define CONDUCTOR_CONFIG_H

#include <stdbool.h>

#include "conductor/model/node.h"
#include "lib/base/err.h"

#define CONFIG_URLS_MAX 16

/* Strings are owned; "" means not set. Times in seconds. */
struct config {
	/* [api] */
	char *listen, *auth, *htpasswd, *tls_cert, *tls_key, *public_url;
	bool auth_written; /* `auth` stands in the file */
	int max_connections, max_per_address, request_timeout;
	/* [store] */
	char *store_url;
	/* [drivers] */
	char *drivers, *hwdb;
	char *enabled_interfaces[IF_COUNT], *default_interfaces[IF_COUNT];
	int power_timeout, bmc_patience, power_sync_interval, sensor_interval, bmc_window;
	/* [boot] */
	char *dhcp, *interface, *address, *range, *tftp_root, *http_listen, *kernel, *ramdisk,
		*rescue_ramdisk, *archives, *state_dir, *firmware_dirs, *ra;
	/* [agent] */
	int command_timeout, fast_track_timeout, lldp_wait;
	bool fast_track, bios_bootloader;
	char *logs_collect, *logs_path;
	int logs_keep;
	/* [conductor] */
	char *hostname;
	bool automated_clean, power_off_after_failure;
	int deploy_timeout, clean_timeout, inspect_timeout, rescue_timeout, service_timeout;
	int max_boot, max_deploy, max_clean;
	int history, boot_retry_after;
	/* [console] */
	bool console_in_flows;
	char *console_folder, *console_tcp;
	int console_size, console_sessions, console_linger;
	/* [report] */
	bool discovery;
	char *discovery_driver;
	char *built_in_rules, *mask_secrets;
	char *webhooks, *webhook_ca;
	/* [fake] */
	char *fake_delays[IF_COUNT];
	/* [log] */
	char *log_level;
};

/*
 * Reads and checks a file; "" or an empty file gives the defaults. An unknown section or key, a
 * value that cannot be, or a contradiction is -EINVAL and names file and line.
 */
int config_load(const char *path, struct config *ret, struct err *e);
int config_parse(const char *text, const char *name, struct config *ret, struct err *e);
void config_done(struct config *c);

#endif
