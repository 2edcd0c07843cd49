/* Storage and sensor commands: an SEL and an SDR repository that exist and are empty (IPMI 2.0
 * chapters 31, 33, 35). */
#include "tests/bmc/command.h"

#include <time.h>

#define VERSION		 0x51
#define TIME_UNSET	 0xffffffffu
#define FREE_BYTES	 0x4000
#define SUPPORTS_RESERVE 0x02

/* 33.9 */
uint8_t storage_get_sdr_info(const struct request *q, struct reply *r)
{
	reply_u8(r, VERSION);
	reply_u16(r, 0);
	reply_u16(r, FREE_BYTES);
	reply_u32(r, TIME_UNSET);
	reply_u32(r, TIME_UNSET);
	reply_u8(r, SUPPORTS_RESERVE);
	return CC_OK;
}

/* 33.11 */
uint8_t storage_reserve_sdr(const struct request *q, struct reply *r)
{
	reply_u16(r, 1);
	return CC_OK;
}

/* 33.12 */
uint8_t storage_get_sdr(const struct request *q, struct reply *r)
{
	return CC_NOT_PRESENT;
}

/* 31.2 */
uint8_t storage_get_sel_info(const struct request *q, struct reply *r)
{
	reply_u8(r, VERSION);
	reply_u16(r, 0);
	reply_u16(r, FREE_BYTES);
	reply_u32(r, TIME_UNSET);
	reply_u32(r, TIME_UNSET);
	reply_u8(r, SUPPORTS_RESERVE);
	return CC_OK;
}

/* 31.4 */
uint8_t storage_reserve_sel(const struct request *q, struct reply *r)
{
	reply_u16(r, 1);
	return CC_OK;
}

/* 31.5 */
uint8_t storage_get_sel_entry(const struct request *q, struct reply *r)
{
	return CC_NOT_PRESENT;
}

/* 31.10 */
uint8_t storage_get_sel_time(const struct request *q, struct reply *r)
{
	reply_u32(r, time(NULL));
	return CC_OK;
}

/* 35.2: no sensors, static */
uint8_t sensor_get_device_sdr_info(const struct request *q, struct reply *r)
{
	reply_u8(r, 0);
	reply_u8(r, 0x01);
	return CC_OK;
}
