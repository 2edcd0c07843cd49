/* What SEL, SDR repository and FRU inventory share: the clock and reservations. */
#include <time.h>

#include "tests/bmc/state.h"

uint32_t emu_clock_s(const struct bmcemu *bmc)
{
	return (uint32_t)(time(NULL) + bmc->skew_ms / 1000 + bmc->clock_offset_s);
}

uint16_t emu_new_reservation(struct bmcemu *bmc)
{
	if (!++bmc->last_reservation)
		bmc->last_reservation = 1;
	return bmc->last_reservation;
}

bool emu_reservation_holds(struct bmcemu *bmc, uint16_t *held, uint16_t given)
{
	if (fault_nth(&bmc->faults, FAULT_RESERVATION_LOST_NTH, &bmc->fault_state.reserved))
		*held = 0;
	return given && given == *held;
}
