/* The table of faults and the functions that set them by name; where a fault acts stands in the
 * file whose behaviour it changes. */
#include "tests/bmc/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"

#define HOUR_MS 3600000u

static const struct fault_row {
	const char *name;
	uint32_t max;
	const char *help;
} rows[FAULT_COUNT] = {
	[FAULT_SILENT] = {"silent", 1, "receives and never answers"},
	[FAULT_DROP_NTH] = {"drop_nth", 1000000, "every nth datagram received is lost"},
	[FAULT_DROP_REPLY_NTH] = {"drop_reply_nth", 1000000,
		"every nth answer is lost, after the command was carried out"},
	[FAULT_DELAY_MS] = {"delay_ms", HOUR_MS, "every answer comes so much later"},
	[FAULT_RAKP_DELAY_MS] = {"rakp_delay_ms", HOUR_MS,
		"answers of a session's setup come so much later"},
	[FAULT_DUPLICATE] = {"duplicate", 1, "every answer is sent twice"},
	[FAULT_REORDER] = {"reorder", 1, "every second answer overtakes the one before"},
	[FAULT_GARBAGE_NTH] = {"garbage_nth", 1000000, "every nth answer is random bytes"},
	[FAULT_BUSY_NTH] = {"busy_nth", 1000000, "every nth command ends with C0h, node busy"},
	[FAULT_SLOTS_FULL] = {"slots_full", 1, "no session can be opened, as if all were taken"},
	[FAULT_SESSION_REQUESTS] = {"session_requests", 1000000,
		"a session is forgotten after so many commands"},
	[FAULT_FREEZE_GAP_MS] = {"freeze_gap_ms", HOUR_MS,
		"commands closer together than this freeze the BMC for freeze_ms"},
	[FAULT_FREEZE_MS] = {"freeze_ms", HOUR_MS, "how long a freeze lasts, 0: 5000"},
	[FAULT_STALE_POWER_S] = {"stale_power_s", 3600,
		"the power state stays the old one for so long after a power command"},
	[FAULT_IGNORE_POWER] = {"ignore_power", 1, "power commands succeed and do nothing"},
	[FAULT_IGNORE_BOOT_FLAGS] = {"ignore_boot_flags", 1,
		"boot flags read back well and the machine does not follow them"},
	[FAULT_FORGET_BOOT_FLAGS] = {"forget_boot_flags", 1,
		"boot flags are accepted and forgotten at once"},
	[FAULT_NO_BOOT_PARAM_3] = {"no_boot_param_3", 1,
		"boot option parameter 3 is not supported (80h)"},
	[FAULT_NO_CIPHER_LIST] = {"no_cipher_list", 1,
		"Get Channel Cipher Suites is never answered"},
	[FAULT_OFF_WHEN_OFF] = {"off_when_off", 1, "powering off what is off fails with D5h"},
	[FAULT_FRU_READ_MAX] = {"fru_read_max", 255,
		"reading more FRU bytes than this at once fails with CAh"},
	[FAULT_SDR_READ_MAX] = {"sdr_read_max", 255,
		"reading more SDR bytes than this at once fails with CAh"},
	[FAULT_SDR_BAD_LENGTH] = {"sdr_bad_length", 255,
		"the length in an SDR's header is so much too large"},
	[FAULT_SDR_BAD_COUNT] = {"sdr_bad_count", 255,
		"the repository tells so many records more than it has"},
	[FAULT_SDR_LAST_FAILS] = {"sdr_last_fails", 1, "reading the last SDR fails with C3h"},
	[FAULT_RESERVATION_LOST_NTH] = {"reservation_lost_nth", 1000000,
		"every nth use of a reservation of SEL or SDR finds it lost (C5h)"},
	[FAULT_SOL_REFUSED] = {"sol_refused", 1, "SOL cannot be activated (81h, disabled)"},
	[FAULT_SOL_NO_CAPACITY] = {"sol_no_capacity", 1,
		"the BMC tells that it has no instance of SOL, and has one"},
	[FAULT_SOL_TAKE_MAX] = {"sol_take_max", 255,
		"of a SOL packet no more characters than this are taken"},
	[FAULT_SOL_NACK_NTH] = {"sol_nack_nth", 1000000, "every nth SOL packet is refused"},
	[FAULT_SOL_ENDS_AFTER] = {"sol_ends_after", 1000000,
		"SOL is deactivated after so many packets of the console"},
	[FAULT_DROP_PERCENT] = {"drop_percent", 100,
		"so many of a hundred datagrams are lost, each way, by chance"},
	[FAULT_WRONG_PASSWORD] = {"wrong_password", 1, "no password is the right one"},
	[FAULT_WRONG_SEQ_NTH] = {"wrong_seq_nth", 1000000,
		"every nth answer has another request's sequence number"},
	[FAULT_WRONG_SESSION_NTH] = {"wrong_session_nth", 1000000,
		"every nth answer in a session has another session's id"},
	[FAULT_SESSION_ENDS_NTH] = {"session_ends_nth", 1000000,
		"every nth command is carried out, and its session ends instead of an answer"},
};

/* A dash in a name is as good as an underscore. */
static bool is_name(const char *row, const char *given)
{
	for (; *row && (*row == *given || (*row == '_' && *given == '-')); row++)
		given++;
	return *row == *given;
}

static int fault_find(const char *name, struct err *e)
{
	for (int i = 0; i < FAULT_COUNT; i++)
		if (is_name(rows[i].name, name))
			return i;
	return err_set(
		e, ENOENT, "BMC fault %s: no such fault; `ingot-vrack fault` lists them", name);
}

int bmcemu_check_fault(const char *name, const char *value, struct err *e)
{
	int i = fault_find(name, e);
	uint64_t v;
	int r;

	if (i < 0)
		return i;
	r = str_to_u64(value, 0, rows[i].max, &v);
	return r < 0 ? err_set(e, -r, "BMC fault %s: %s is not a number from 0 to %u", name, value,
			       rows[i].max)
		     : 0;
}

int bmcemu_set_fault(struct bmcemu *bmc, const char *name, const char *value, struct err *e)
{
	int r = bmcemu_check_fault(name, value, e);

	if (r == 0)
		bmc->faults.value[fault_find(name, e)] = (uint32_t)strtoul(value, NULL, 10);
	return r;
}

int bmcemu_get_fault(const struct bmcemu *bmc, const char *name, uint32_t *ret, struct err *e)
{
	int i = fault_find(name, e);

	if (i < 0)
		return i;
	*ret = bmc->faults.value[i];
	return 0;
}

void bmcemu_clear_faults(struct bmcemu *bmc)
{
	uint64_t chance = bmc->fault_state.chance;

	memset(&bmc->faults, 0, sizeof(bmc->faults));
	bmc->fault_state = (struct fault_state){.chance = chance};
}

bool bmcemu_fault_info(size_t i, const char **ret_name, const char **ret_help)
{
	if (i >= FAULT_COUNT)
		return false;
	*ret_name = rows[i].name;
	*ret_help = rows[i].help;
	return true;
}

bool fault_nth(const struct faults *f, enum fault fault, uint32_t *counter)
{
	uint32_t n = f->value[fault];

	return n && ++*counter % n == 0;
}

uint64_t fault_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

bool fault_chance(const struct faults *f, enum fault fault, uint64_t *state)
{
	uint32_t percent = f->value[fault];

	return percent && fault_random(state) % 100 < percent;
}
