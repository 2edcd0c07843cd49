/* The QEMU back end against a QMP server made here: who is told what, and when power changes. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bmc/qemumachine.h"
#include "tests/unit/bmcemu/console.h"
#include "tests/unit/tap.h"

#define TRIES 2000

struct rig {
	uv_loop_t loop;
	struct bmcemu *bmc;
	struct console console;
	struct qemumachine *machine;
	char folder[64], path[96];
	int listener, qmp; /* -1: not there */
	bool running, refuse;
	int starts, stops;
	struct boot_choice boot;
	char seen[4096]; /* what the client said */
	size_t seen_len;
};

static int on_start(void *data, const struct boot_choice *boot, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct rig *r = data;

	if (r->refuse)
		return err_set(e, EIO, "no machine");
	r->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(a.sun_path, r->path);
	unlink(r->path);
	if (bind(r->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(r->listener, 1) < 0)
		abort();
	r->running = true;
	r->starts++;
	r->boot = *boot;
	return 0;
}

static void on_stop(void *data)
{
	((struct rig *)data)->stops++;
}

static const struct qemu_hooks hooks = {.start = on_start, .stop = on_stop};

static void turn(struct rig *r)
{
	ssize_t n;

	uv_run(&r->loop, UV_RUN_NOWAIT);
	usleep(500);
	n = r->qmp < 0 ? 0
		       : recv(r->qmp, r->seen + r->seen_len, sizeof(r->seen) - 1 - r->seen_len,
				 MSG_DONTWAIT);
	if (n > 0)
		r->seen_len += n;
	r->seen[r->seen_len] = 0;
}

static bool wait_seen(struct rig *r, const char *text)
{
	for (int i = 0; i < TRIES && !strstr(r->seen, text); i++)
		turn(r);
	return strstr(r->seen, text);
}

static void say(struct rig *r, const char *line)
{
	if (send(r->qmp, line, strlen(line), MSG_NOSIGNAL) < 0)
		abort();
	for (int i = 0; i < 5; i++)
		turn(r);
}

/* QEMU's greeting and the end of the negotiation, as 7.2 writes them. */
static bool serve(struct rig *r)
{
	r->seen_len = 0;
	r->seen[0] = 0;
	for (int i = 0; i < TRIES && r->qmp < 0; i++) {
		turn(r);
		r->qmp = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK);
	}
	if (r->qmp < 0)
		return false;
	say(r, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}}, "
	       "\"capabilities\": [\"oob\"]}}\r\n");
	if (!wait_seen(r, "qmp_capabilities"))
		return false;
	say(r, "{\"return\": {}}\r\n");
	return true;
}

static void hang_up(struct rig *r)
{
	close(r->qmp);
	close(r->listener);
	r->qmp = r->listener = -1;
	r->running = false;
}

static void quit(struct rig *r)
{
	hang_up(r);
	qemumachine_exited(r->machine);
	for (int i = 0; i < TRIES && !r->running && qemumachine_is_on(r->machine); i++)
		turn(r);
}

static void open_rig(struct rig *r)
{
	static struct bmcemu_user user;
	struct bmcemu_config c;

	*r = (struct rig){.listener = -1, .qmp = -1};
	strcpy(r->folder, "/tmp/bmcemu.XXXXXX");
	if (!mkdtemp(r->folder))
		abort();
	snprintf(r->path, sizeof(r->path), "%s/qmp", r->folder);
	bmcemu_config_init(&c);
	bmcemu_user_set(&user, "admin", "secret123", 9, BMCEMU_PRIV_ADMIN, NULL);
	c.users = &user;
	c.n_users = 1;
	if (uv_loop_init(&r->loop) < 0 || bmcemu_new(&r->loop, &c, &r->bmc, NULL) < 0 ||
		qemumachine_new(&r->loop, r->bmc, r->path, &hooks, r, &r->machine, NULL) < 0)
		abort();
	console_init(&r->console, r->bmc, "admin", "secret123");
	if (!console_login(&r->console) || console_ask(&r->console, 0x06, 0x3b, 4) != 0)
		abort();
}

static void close_rig(struct rig *r)
{
	qemumachine_free(r->machine);
	bmcemu_free(r->bmc);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&r->loop) < 0)
		abort();
	if (r->qmp >= 0)
		hang_up(r);
	unlink(r->path);
	rmdir(r->folder);
}

static int power(struct rig *r, uint8_t action)
{
	return console_ask(&r->console, 0x00, 0x02, action);
}

static int boot_flags(struct rig *r, uint8_t first, uint8_t second)
{
	return console_ask(&r->console, 0x00, 0x08, 5, first, second, 0, 0, 0);
}

static void test_plain(void)
{
	struct rig r;

	open_rig(&r);
	is_int(power(&r, 1), 0, "power on");
	is_int(r.starts, 1, "starts QEMU");
	ok(!r.boot.valid, "in the machine's own order");
	ok(serve(&r), "QMP is negotiated");
	is_int(power(&r, 3), 0, "reset");
	ok(wait_seen(&r, "system_reset"), "goes to QMP when the order stays the same");
	say(&r, "{\"return\": {}, \"id\": 1}\r\n");
	is_int(power(&r, 4), 0, "diagnostic interrupt");
	ok(wait_seen(&r, "inject-nmi"), "is an NMI");
	say(&r, "{\"return\": {}, \"id\": 2}\r\n");
	is_int(power(&r, 5), 0, "soft");
	ok(wait_seen(&r, "system_powerdown"), "is the power button");
	say(&r, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": "
		"\"guest-shutdown\"}}\r\n");
	ok(qemumachine_is_on(r.machine), "power stays until QEMU has ended");
	quit(&r);
	ok(!qemumachine_is_on(r.machine), "then it is off");
	is_int(r.stops, 0, "nobody had to stop it");
	close_rig(&r);
}

static void test_one_shot(void)
{
	struct rig r;

	open_rig(&r);
	boot_flags(&r, 0xa0, 0x04);
	power(&r, 1);
	ok(r.boot.valid && r.boot.device == BOOT_DEVICE_PXE && r.boot.efi,
		"a one-shot is followed");
	ok(serve(&r), "QMP is negotiated");
	ok(wait_seen(&r, "set-action") && strstr(r.seen, "\"reboot\":\"shutdown\""),
		"a reboot of the guest shall end QEMU");
	say(&r, "{\"return\": {}, \"id\": 1}\r\n");
	say(&r, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": "
		"\"guest-reset\"}}\r\n");
	quit(&r);
	is_int(r.starts, 2, "the guest rebooted: QEMU is started again");
	ok(!r.boot.valid, "in the machine's own order");
	ok(qemumachine_is_on(r.machine), "power was never off");
	ok(serve(&r), "QMP is negotiated");
	boot_flags(&r, 0xc0, 0x08);
	ok(wait_seen(&r, "\"reboot\":\"shutdown\""), "new flags: again");
	is_int(power(&r, 3), 0, "reset");
	is_int(r.stops, 1, "stops QEMU, since the order changes");
	quit(&r);
	is_int(r.starts, 3, "and starts it");
	is_int(r.boot.device, BOOT_DEVICE_DISK, "with the new order");
	close_rig(&r);
}

static void test_off(void)
{
	struct rig r;

	open_rig(&r);
	power(&r, 1);
	ok(serve(&r), "QMP is negotiated");
	is_int(power(&r, 0), 0, "power off");
	is_int(r.stops, 1, "stops QEMU");
	ok(qemumachine_is_on(r.machine), "power is on until it has ended");
	quit(&r);
	ok(!qemumachine_is_on(r.machine), "and off then");
	is_int(r.starts, 1, "it is not started again");
	power(&r, 1);
	ok(serve(&r), "on again");
	power(&r, 0);
	power(&r, 1);
	quit(&r);
	is_int(r.starts, 3, "on while it goes off: started when it has ended");
	power(&r, 2);
	quit(&r);
	is_int(r.starts, 4, "a cycle before QMP was there");
	quit(&r);
	ok(!qemumachine_is_on(r.machine), "QEMU dies by itself: power is off");
	r.refuse = true;
	is_int(power(&r, 1), 0xff, "QEMU cannot be started: an error");
	ok(!qemumachine_is_on(r.machine), "and power stays off");
	close_rig(&r);
}

int main(void)
{
	test_plain();
	test_one_shot();
	test_off();
	return done_testing();
}
