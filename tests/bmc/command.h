/*
 * IPMI commands: a row of command.c's table and one function each. A function reads the request,
 * puts its answer's data behind the completion code, and gives that code.
 */
#ifndef TESTS_BMC_COMMAND_H
#define TESTS_BMC_COMMAND_H

#include "tests/bmc/session.h"

enum completion { /* IPMI 2.0 table 5-2 */
	CC_OK = 0x00,
	CC_PARAM_UNSUPPORTED = 0x80,
	CC_BUSY = 0xc0,
	CC_INVALID_COMMAND = 0xc1,
	CC_TIMEOUT = 0xc3,
	CC_OUT_OF_SPACE = 0xc4,
	CC_RESERVATION_LOST = 0xc5,
	CC_BAD_LENGTH = 0xc7,
	CC_OUT_OF_RANGE = 0xc9,
	CC_CANNOT_RETURN_SO_MANY = 0xca,
	CC_NOT_PRESENT = 0xcb,
	CC_INVALID_FIELD = 0xcc,
	CC_DESTINATION_UNAVAILABLE = 0xd3,
	CC_PRIVILEGE = 0xd4,
	CC_NOT_IN_STATE = 0xd5,
	CC_UNSPECIFIED = 0xff,
};

enum netfn { /* IPMI 2.0 table 5-1 */
	NETFN_CHASSIS = 0x00,
	NETFN_SENSOR = 0x04,
	NETFN_APP = 0x06,
	NETFN_STORAGE = 0x0a,
	NETFN_TRANSPORT = 0x0c,
};

struct request {
	struct bmcemu *bmc;
	struct session *session; /* NULL outside of any */
	uint8_t netfn, cmd;
	const uint8_t *data;
	size_t len;
};

struct reply {
	uint8_t data[EMU_REPLY_MAX - 1]; /* behind the completion code */
	size_t len;
};

void reply_put(struct reply *r, const void *data, size_t len);
void reply_u8(struct reply *r, uint8_t v);
void reply_u16(struct reply *r, uint16_t v);
void reply_u32(struct reply *r, uint32_t v);

/* Looks the command up, checks privilege and length, and carries it out. */
uint8_t command_run(const struct request *q, struct reply *r);

/* One per command, in the file of its name's first word; boot_: bootoptions.c, sensor_:
 * sensorcmd.c. */
typedef uint8_t command_fn(const struct request *q, struct reply *r);
command_fn app_get_device_id, app_cold_reset, app_warm_reset, app_get_self_test,
	app_get_acpi_power_state, app_get_device_guid, app_get_global_enables, app_get_system_guid,
	app_get_channel_auth, app_set_privilege, app_close_session, app_get_session_info,
	app_get_channel_access, app_get_channel_info, app_get_user_access, app_get_user_name,
	app_get_cipher_suites;
command_fn chassis_get_capabilities, chassis_get_status, chassis_control, chassis_identify,
	chassis_set_restore_policy, chassis_get_restart_cause, chassis_get_hours, boot_set_options,
	boot_get_options;
command_fn transport_set_lan, transport_get_lan;
command_fn payload_activate, payload_deactivate, payload_get_status, payload_get_instance,
	payload_get_user_access, payload_get_support, payload_get_version, payload_set_sol,
	payload_get_sol;
command_fn watchdog_reset, watchdog_set, watchdog_get;
command_fn fru_get_info, fru_read, fru_write;
command_fn sdr_get_info, sdr_get_alloc_info, sdr_reserve, sdr_get, sdr_get_time;
command_fn sel_get_info, sel_get_alloc_info, sel_reserve, sel_get_entry, sel_add_entry,
	sel_delete_entry, sel_clear, sel_get_time, sel_set_time, sel_get_utc_offset,
	sel_set_utc_offset;
command_fn sensor_platform_event, sensor_get_device_sdr_info, sensor_get_factors,
	sensor_get_hysteresis, sensor_cmd_set_thresholds, sensor_get_thresholds,
	sensor_get_event_enable, sensor_get_event_status, sensor_get_reading, sensor_get_type;

/* Parts of answers that are parts of SDRs as well. */
struct sensor;
void sensor_put_factors(const struct sensor *s, struct reply *r);
void sensor_put_event_masks(const struct sensor *s, struct reply *r);
uint16_t sensor_events_of(uint8_t thresholds);

/* Chassis Control restarts the count after which boot flags expire. */
void boot_flags_restart_expiry(struct bmcemu *bmc);

#endif
