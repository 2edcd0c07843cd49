/* The watchdog timer (IPMI 2.0 chapter 27): made when it is first set; when it runs out it does to
 * the machine what it was told, and the event log keeps that. Interrupts before the time-out are
 * not to be had. */
#include "tests/bmc/watchdog.h"

#include "lib/base/mem.h"
#include "tests/bmc/command.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/sensor.h"

#define TICK_MS		 100
#define CC_NEVER_SET	 0x80
#define USE_DONT_LOG	 0x80
#define USE_DONT_STOP	 0x40 /* in Set; in Get: it runs */
#define RESTART_WATCHDOG 0x04 /* table 28-11 */

struct watchdog {
	struct bmcemu *bmc;
	uv_timer_t timer;
	uint8_t use, actions, pretimeout, expired; /* table 27-6 */
	uint16_t count;
};

static bool is_running(const struct watchdog *w)
{
	return uv_is_active((const uv_handle_t *)&w->timer);
}

static void on_time_out(uv_timer_t *t)
{
	static const enum bmcemu_power powers[] = {
		BMCEMU_POWER_COUNT, BMCEMU_POWER_RESET, BMCEMU_POWER_OFF, BMCEMU_POWER_CYCLE};
	struct watchdog *w = t->data;
	uint8_t action = w->actions & 0x07;

	w->expired |= 1u << (w->use & 0x07);
	if (action >= ARRAY_SIZE(powers))
		action = 0;
	if (!(w->use & USE_DONT_LOG))
		sel_add_event(w->bmc, &(struct sel_event){0x23, SENSOR_WATCHDOG, 0x6f, false,
					      {0xc0 | action, w->use & 0x07, 0xff}});
	if (action && emu_power_is_on(w->bmc)) {
		emu_power_command(w->bmc, powers[action]);
		w->bmc->restart_cause = RESTART_WATCHDOG;
	}
}

/* 27.5 */
uint8_t watchdog_reset(const struct request *q, struct reply *r)
{
	struct watchdog *w = q->bmc->watchdog;

	if (!w)
		return CC_NEVER_SET;
	uv_timer_start(&w->timer, on_time_out, (uint64_t)w->count * TICK_MS, 0);
	return CC_OK;
}

/* 27.6 */
uint8_t watchdog_set(const struct request *q, struct reply *r)
{
	struct watchdog *w = q->bmc->watchdog;
	uint8_t use = q->data[0] & 0x07;

	if (use < 1 || use > 5 || (q->data[1] & 0x07) > 3)
		return CC_INVALID_FIELD;
	if (!w) {
		w = q->bmc->watchdog = xcalloc(1, sizeof(*w));
		w->bmc = q->bmc;
		uv_timer_init(q->bmc->loop, &w->timer);
		w->timer.data = w;
	}
	w->use = q->data[0] & (USE_DONT_LOG | 0x07);
	w->actions = q->data[1];
	w->pretimeout = q->data[2];
	w->expired &= ~q->data[3];
	w->count = get_u16le(q->data + 4);
	if (!(q->data[0] & USE_DONT_STOP))
		uv_timer_stop(&w->timer);
	else if (is_running(w))
		return watchdog_reset(q, r);
	return CC_OK;
}

/* 27.7 */
uint8_t watchdog_get(const struct request *q, struct reply *r)
{
	static const struct watchdog never;
	const struct watchdog *w = q->bmc->watchdog ? q->bmc->watchdog : &never;
	bool running = q->bmc->watchdog && is_running(w);

	reply_u8(r, w->use | (running ? USE_DONT_STOP : 0));
	reply_u8(r, w->actions);
	reply_u8(r, w->pretimeout);
	reply_u8(r, w->expired);
	reply_u16(r, w->count);
	reply_u16(r, running ? uv_timer_get_due_in(&w->timer) / TICK_MS : 0);
	return CC_OK;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void watchdog_free(struct watchdog *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->timer, on_closed);
}
