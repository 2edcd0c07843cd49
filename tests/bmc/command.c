/* The table of commands: who may run each, how long its request is, and what carries it out. */
#include "tests/bmc/command.h"

#include <string.h>

#include "lib/base/mem.h"

#define ANYBODY	   BMCEMU_PRIV_NONE /* also outside of a session */
#define IN_SESSION BMCEMU_PRIV_CALLBACK
#define USER	   BMCEMU_PRIV_USER
#define OPERATOR   BMCEMU_PRIV_OPERATOR
#define ADMIN	   BMCEMU_PRIV_ADMIN

/* Privileges as in IPMI 2.0 appendix G; lengths as in each command's own section. */
static const struct command_row {
	uint8_t netfn, cmd;
	uint8_t privilege;
	uint8_t min, max; /* bytes of request data */
	command_fn *run;
} rows[] = {
	{NETFN_APP, 0x01, USER, 0, 0, app_get_device_id},
	{NETFN_APP, 0x02, ADMIN, 0, 0, app_cold_reset},
	{NETFN_APP, 0x03, ADMIN, 0, 0, app_warm_reset},
	{NETFN_APP, 0x04, USER, 0, 0, app_get_self_test},
	{NETFN_APP, 0x07, USER, 0, 0, app_get_acpi_power_state},
	{NETFN_APP, 0x08, USER, 0, 0, app_get_device_guid},
	{NETFN_APP, 0x22, OPERATOR, 0, 0, watchdog_reset},
	{NETFN_APP, 0x24, OPERATOR, 6, 6, watchdog_set},
	{NETFN_APP, 0x25, USER, 0, 0, watchdog_get},
	{NETFN_APP, 0x2f, USER, 0, 0, app_get_global_enables},
	{NETFN_APP, 0x37, ANYBODY, 0, 0, app_get_system_guid},
	{NETFN_APP, 0x38, ANYBODY, 2, 2, app_get_channel_auth},
	{NETFN_APP, 0x3b, IN_SESSION, 1, 1, app_set_privilege},
	{NETFN_APP, 0x3c, IN_SESSION, 4, 5, app_close_session},
	{NETFN_APP, 0x3d, USER, 1, 5, app_get_session_info},
	{NETFN_APP, 0x41, USER, 2, 2, app_get_channel_access},
	{NETFN_APP, 0x42, USER, 1, 1, app_get_channel_info},
	{NETFN_APP, 0x44, OPERATOR, 2, 2, app_get_user_access},
	{NETFN_APP, 0x46, OPERATOR, 1, 1, app_get_user_name},
	{NETFN_APP, 0x48, USER, 6, 6, payload_activate},
	{NETFN_APP, 0x49, USER, 6, 6, payload_deactivate},
	{NETFN_APP, 0x4a, USER, 1, 1, payload_get_status},
	{NETFN_APP, 0x4b, USER, 2, 2, payload_get_instance},
	{NETFN_APP, 0x4d, OPERATOR, 2, 2, payload_get_user_access},
	{NETFN_APP, 0x4e, USER, 1, 1, payload_get_support},
	{NETFN_APP, 0x4f, USER, 2, 2, payload_get_version},
	{NETFN_APP, 0x54, ANYBODY, 3, 3, app_get_cipher_suites},
	{NETFN_CHASSIS, 0x00, USER, 0, 0, chassis_get_capabilities},
	{NETFN_CHASSIS, 0x01, USER, 0, 0, chassis_get_status},
	{NETFN_CHASSIS, 0x02, OPERATOR, 1, 1, chassis_control},
	{NETFN_CHASSIS, 0x04, OPERATOR, 0, 2, chassis_identify},
	{NETFN_CHASSIS, 0x06, OPERATOR, 1, 1, chassis_set_restore_policy},
	{NETFN_CHASSIS, 0x07, USER, 0, 0, chassis_get_restart_cause},
	{NETFN_CHASSIS, 0x08, OPERATOR, 1, 18, boot_set_options},
	{NETFN_CHASSIS, 0x09, OPERATOR, 3, 3, boot_get_options},
	{NETFN_CHASSIS, 0x0f, USER, 0, 0, chassis_get_hours},
	{NETFN_TRANSPORT, 0x01, ADMIN, 3, 20, transport_set_lan},
	{NETFN_TRANSPORT, 0x02, OPERATOR, 4, 4, transport_get_lan},
	{NETFN_TRANSPORT, 0x21, ADMIN, 3, 4, payload_set_sol},
	{NETFN_TRANSPORT, 0x22, USER, 4, 4, payload_get_sol},
	{NETFN_SENSOR, 0x02, OPERATOR, 4, 7, sensor_platform_event},
	{NETFN_SENSOR, 0x20, USER, 0, 1, sensor_get_device_sdr_info},
	{NETFN_SENSOR, 0x23, USER, 2, 2, sensor_get_factors},
	{NETFN_SENSOR, 0x25, USER, 2, 2, sensor_get_hysteresis},
	{NETFN_SENSOR, 0x26, OPERATOR, 8, 8, sensor_cmd_set_thresholds},
	{NETFN_SENSOR, 0x27, USER, 1, 1, sensor_get_thresholds},
	{NETFN_SENSOR, 0x29, USER, 1, 1, sensor_get_event_enable},
	{NETFN_SENSOR, 0x2b, USER, 1, 1, sensor_get_event_status},
	{NETFN_SENSOR, 0x2d, USER, 1, 1, sensor_get_reading},
	{NETFN_SENSOR, 0x2f, USER, 1, 1, sensor_get_type},
	{NETFN_STORAGE, 0x10, USER, 1, 1, fru_get_info},
	{NETFN_STORAGE, 0x11, USER, 4, 4, fru_read},
	{NETFN_STORAGE, 0x12, OPERATOR, 4, 255, fru_write},
	{NETFN_STORAGE, 0x20, USER, 0, 0, sdr_get_info},
	{NETFN_STORAGE, 0x21, USER, 0, 0, sdr_get_alloc_info},
	{NETFN_STORAGE, 0x22, USER, 0, 0, sdr_reserve},
	{NETFN_STORAGE, 0x23, USER, 6, 6, sdr_get},
	{NETFN_STORAGE, 0x28, USER, 0, 0, sdr_get_time},
	{NETFN_STORAGE, 0x40, USER, 0, 0, sel_get_info},
	{NETFN_STORAGE, 0x41, USER, 0, 0, sel_get_alloc_info},
	{NETFN_STORAGE, 0x42, USER, 0, 0, sel_reserve},
	{NETFN_STORAGE, 0x43, USER, 6, 6, sel_get_entry},
	{NETFN_STORAGE, 0x44, OPERATOR, 16, 16, sel_add_entry},
	{NETFN_STORAGE, 0x46, OPERATOR, 4, 4, sel_delete_entry},
	{NETFN_STORAGE, 0x47, OPERATOR, 6, 6, sel_clear},
	{NETFN_STORAGE, 0x48, USER, 0, 0, sel_get_time},
	{NETFN_STORAGE, 0x49, OPERATOR, 4, 4, sel_set_time},
	{NETFN_STORAGE, 0x5c, USER, 0, 0, sel_get_utc_offset},
	{NETFN_STORAGE, 0x5d, OPERATOR, 2, 2, sel_set_utc_offset},
};

void reply_put(struct reply *r, const void *data, size_t len)
{
	if (len > sizeof(r->data) - r->len)
		len = sizeof(r->data) - r->len;
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

void reply_u8(struct reply *r, uint8_t v)
{
	reply_put(r, &v, 1);
}

void reply_u16(struct reply *r, uint16_t v)
{
	uint8_t b[2];

	put_u16le(b, v);
	reply_put(r, b, sizeof(b));
}

void reply_u32(struct reply *r, uint32_t v)
{
	uint8_t b[4];

	put_u32le(b, v);
	reply_put(r, b, sizeof(b));
}

uint8_t command_run(const struct request *q, struct reply *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct command_row *row = &rows[i];

		if (row->netfn != q->netfn || row->cmd != q->cmd)
			continue;
		if (row->privilege > (q->session ? q->session->privilege : BMCEMU_PRIV_NONE))
			return CC_PRIVILEGE;
		if (q->len < row->min || q->len > row->max)
			return CC_BAD_LENGTH;
		return row->run(q, r);
	}
	return q->session ? CC_INVALID_COMMAND : CC_PRIVILEGE;
}
