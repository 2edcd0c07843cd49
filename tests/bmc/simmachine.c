/* The simulated machine: power moves when its delay is over; a later command replaces one that is
 * still under way, as a real chassis does. */
#include "tests/bmc/simmachine.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tests/bmc/simconsole.h"

#define CONSOLE_TEXT_MAX 4096

enum pending { PENDING_NONE, PENDING_ON, PENDING_OFF, PENDING_CYCLE_OFF };

struct simmachine {
	uv_loop_t *loop;
	struct bmcemu *bmc;
	struct simmachine_config config;
	uv_timer_t timer;
	enum pending pending;
	bool on;
	struct boot_choice boot;
	struct simmachine_counters counters;
	struct buf typed; /* on its console, not yet asked for */
};

static void tell(
	struct simmachine *m, enum bmcemu_machine_event event, const struct boot_choice *boot)
{
	struct buf text = BUF_INIT(CONSOLE_TEXT_MAX);

	bmcemu_machine_changed(m->bmc, event);
	if (bmcemu_console_is_held(m->bmc)) {
		simconsole_event(&text, event, boot);
		bmcemu_console_output(m->bmc, text.data, text.len);
		buf_done(&text);
	}
	if (m->config.hook)
		m->config.hook(m->config.data, event, boot);
}

static void become_on(struct simmachine *m)
{
	if (m->on)
		return;
	m->on = true;
	m->counters.on++;
	bmcemu_boot_flags_consume(m->bmc, &m->boot);
	tell(m, BMCEMU_MACHINE_ON, &m->boot);
}

static void become_off(struct simmachine *m)
{
	if (!m->on)
		return;
	m->on = false;
	m->counters.off++;
	tell(m, BMCEMU_MACHINE_OFF, NULL);
}

static void restart(struct simmachine *m)
{
	m->counters.reset++;
	bmcemu_boot_flags_consume(m->bmc, &m->boot);
	tell(m, BMCEMU_MACHINE_RESET, &m->boot);
}

static void change_in(struct simmachine *m, enum pending what, unsigned ms);

static void change_now(struct simmachine *m)
{
	enum pending what = m->pending;

	m->pending = PENDING_NONE;
	if (what == PENDING_ON)
		become_on(m);
	else if (what != PENDING_NONE)
		become_off(m);
	if (what == PENDING_CYCLE_OFF)
		change_in(m, PENDING_ON, m->config.cycle_ms);
}

static void on_change_due(uv_timer_t *t)
{
	change_now(t->data);
}

static void change_in(struct simmachine *m, enum pending what, unsigned ms)
{
	uv_timer_stop(&m->timer);
	m->pending = what;
	if (ms)
		uv_timer_start(&m->timer, on_change_due, ms, 0);
	else
		change_now(m);
}

static bool sim_power_get(void *data)
{
	return ((struct simmachine *)data)->on;
}

static uint8_t sim_power(void *data, enum bmcemu_power action)
{
	struct simmachine *m = data;

	switch (action) {
	case BMCEMU_POWER_ON:
		change_in(m, PENDING_ON, m->config.on_ms);
		break;
	case BMCEMU_POWER_OFF:
		change_in(m, PENDING_OFF, m->config.off_ms);
		break;
	case BMCEMU_POWER_CYCLE:
		change_in(m, PENDING_CYCLE_OFF, m->config.off_ms);
		break;
	case BMCEMU_POWER_RESET:
		restart(m);
		break;
	case BMCEMU_POWER_DIAG:
		m->counters.nmi++;
		tell(m, BMCEMU_MACHINE_NMI, NULL);
		break;
	case BMCEMU_POWER_SOFT:
		m->counters.soft++;
		if (!m->config.ignore_soft)
			change_in(m, PENDING_OFF, m->config.soft_ms);
		break;
	case BMCEMU_POWER_COUNT:
		break;
	}
	return 0;
}

static size_t sim_console_input(void *data, const uint8_t *typed, size_t len)
{
	struct buf text = BUF_INIT(CONSOLE_TEXT_MAX);
	struct simmachine *m = data;

	if (!m->on)
		return len;
	if (m->typed.len + len > m->typed.max)
		buf_consume(&m->typed, m->typed.len);
	buf_append(&m->typed, typed, len);
	simconsole_echo(&text, typed, len);
	bmcemu_console_output(m->bmc, text.data, text.len);
	buf_done(&text);
	return len;
}

static void sim_console_break(void *data)
{
	struct simmachine *m = data;

	m->counters.breaks++;
	simmachine_console(m, "\r\nsysrq: HELP\r\n");
}

static const struct bmcemu_machine_ops sim_ops = {
	.console_input = sim_console_input,
	.console_break = sim_console_break,
	.power_get = sim_power_get,
	.power = sim_power,
};

void simmachine_new(uv_loop_t *loop, struct bmcemu *bmc, const struct simmachine_config *c,
	struct simmachine **ret)
{
	struct simmachine *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->bmc = bmc;
	m->config = *c;
	if (!m->config.soft_ms)
		m->config.soft_ms = m->config.off_ms;
	m->on = c->on;
	buf_init(&m->typed, CONSOLE_TEXT_MAX);
	uv_timer_init(loop, &m->timer);
	m->timer.data = m;
	bmcemu_set_machine(bmc, &sim_ops, m);
	*ret = m;
}

static void on_closed(uv_handle_t *h)
{
	struct simmachine *m = h->data;

	buf_done(&m->typed);
	free(m);
}

void simmachine_free(struct simmachine *m)
{
	if (!m)
		return;
	bmcemu_set_machine(m->bmc, NULL, NULL);
	uv_close((uv_handle_t *)&m->timer, on_closed);
}

bool simmachine_is_on(const struct simmachine *m)
{
	return m->on;
}

void simmachine_counters(const struct simmachine *m, struct simmachine_counters *ret)
{
	*ret = m->counters;
}

void simmachine_set_power(struct simmachine *m, bool on)
{
	change_in(m, on ? PENDING_ON : PENDING_OFF, 0);
}

void simmachine_reboot(struct simmachine *m)
{
	if (m->on)
		restart(m);
}

void simmachine_last_boot(const struct simmachine *m, struct boot_choice *ret)
{
	*ret = m->boot;
}

void simmachine_console(struct simmachine *m, const char *text)
{
	bmcemu_console_output(m->bmc, text, strlen(text));
}

char *simmachine_typed(struct simmachine *m)
{
	char *text = xstrndup(buf_str(&m->typed), m->typed.len);

	buf_done(&m->typed);
	buf_init(&m->typed, CONSOLE_TEXT_MAX);
	return text;
}
