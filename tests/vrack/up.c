/*
 * Puts a rack together and takes it apart: lock, watchdog, namespace, disks, BMCs, control socket.
 * The order matters: the watchdog is there before anything that has to be cleaned.
 */
#include "tests/vrack/up.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <uv.h>

#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/json/json.h"
#include "tests/vrack/control.h"
#include "tests/vrack/machine.h"
#include "tests/vrack/netns.h"
#include "tests/vrack/rackvalue.h"
#include "tests/vrack/watchdog.h"

#define LOCK_WAIT_MS  5000
#define CLOSE_WAIT_MS 5000

struct run {
	uv_loop_t loop;
	uv_signal_t sigterm, sigint, sighup, sigchld;
	struct rack *rack;
	struct machine *machines;
	unsigned n_started; /* machines */
	struct control *control;
	struct watchdog watchdog;
	char netns[RACK_NAME_MAX + 8];
	int log_fd, uplink;
	int64_t started_ms;
};

static void on_log(void *data, const char *machine, const char *text)
{
	struct run *run = data;
	char when[TIME_TEXT_MAX];

	log_info("%s: %s", machine, text);
	if (run->log_fd >= 0)
		dprintf(run->log_fd, "%s %s: %s\n", time_format(time_wall_us(), when, sizeof(when)),
			machine, text);
}

/* The namespace of a rack that was killed together with its watchdog. */
static void clean_leftovers(const char *dir)
{
	_cleanup_free_ char *state = xasprintf("%s/" RACK_STATE, dir), *text = NULL;
	_cleanup_free_ char *control = xasprintf("%s/" CONTROL_SOCKET, dir);
	_cleanup_json_ json_t *json = NULL;
	char name[RACK_NAME_MAX + 8];
	size_t len;

	if (fs_read(state, 65536, &text, &len, NULL) < 0)
		return;
	if (json_parse(text, len, 4, &json, NULL) == 0 && json_str(json, "netns") &&
		rackvalue_name(json_str(json, "netns"), name, sizeof(name), NULL) == 0 &&
		netns_exists(name)) {
		log_warning("removing network namespace %s, left by a rack that was killed", name);
		netns_delete(name);
	}
	unlink(control);
	unlink(state);
}

int up_lock(const char *dir, int limit_ms, struct err *e)
{
	_cleanup_free_ char *path = xasprintf("%s/" RACK_LOCK, dir);
	int64_t end = time_mono_ms() + limit_ms;
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, errno, "open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, errno, "lock %s", path);
		if (time_mono_ms() >= end)
			return err_set(e, EBUSY,
				"a rack runs in %s; stop it with: ingot-vrack down --dir %s", dir,
				dir);
		usleep(20000);
	}
	clean_leftovers(dir);
	return TAKE_FD(fd);
}

static json_t *status_json(struct run *run)
{
	json_t *machines = json_array();
	char host[INET_ADDRSTRLEN];

	for (unsigned i = 0; i < run->n_started; i++)
		json_array_append_new(machines, machine_status(&run->machines[i]));
	inet_ntop(AF_INET, &run->rack->net.host, host, sizeof(host));
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:o}", "rack", run->rack->name, "netns",
		run->netns, "bridge", run->rack->net.bridge, "host", host, "pid", (int)getpid(),
		"uptime_s", (double)(time_mono_ms() - run->started_ms) / 1000, "machines",
		machines);
}

static json_t *error_json(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

static struct machine *find_machine(struct run *run, const json_t *request, struct err *e)
{
	const char *name = json_str(request, "machine");

	for (unsigned i = 0; i < run->n_started; i++)
		if (str_eq(run->machines[i].conf->name, name))
			return &run->machines[i];
	err_set(e, ENOENT, "machine '%s' is not in this rack", name ? name : "(none)");
	return NULL;
}

static json_t *set_fault(struct run *run, const json_t *request)
{
	const char *name = json_str(request, "name"), *value = json_str(request, "value");
	struct err e = {0};
	struct machine *m;

	if (!name || !value)
		return error_json("fault needs machine, name and value");
	m = find_machine(run, request, &e);
	if (!m || bmcemu_set_fault(m->bmc, name, value, &e) < 0)
		return error_json(e.text);
	on_log(run, m->conf->name, "a fault was set at the BMC");
	return json_pack("{s:b}", "ok", 1);
}

static json_t *type(struct run *run, const json_t *request)
{
	const char *text = json_str(request, "text");
	struct err e = {0};
	struct machine *m;

	if (!text)
		return error_json("type needs machine and text");
	m = find_machine(run, request, &e);
	if (!m)
		return error_json(e.text);
	if (qemumachine_type(m->qemu, text, strlen(text)) < strlen(text))
		return error_json("the console does not take it; is the machine switched on?");
	return json_pack("{s:b}", "ok", 1);
}

static json_t *on_request(void *data, const json_t *request)
{
	struct run *run = data;
	const char *command = json_str(request, "command");

	if (str_eq(command, "status"))
		return status_json(run);
	if (str_eq(command, "fault"))
		return set_fault(run, request);
	if (str_eq(command, "type"))
		return type(run, request);
	if (str_eq(command, "down")) {
		uv_stop(&run->loop);
		return json_pack("{s:b}", "ok", 1);
	}
	return error_json("that command is not known");
}

static void on_end(uv_signal_t *s, int signum)
{
	uv_stop(s->loop);
}

static void on_child(uv_signal_t *s, int signum)
{
	struct run *run = s->data;

	for (unsigned i = 0; i < run->n_started; i++)
		machine_reap(&run->machines[i]);
}

static int start_signals(struct run *run)
{
	const struct {
		uv_signal_t *handle;
		uv_signal_cb cb;
		int signum;
	} all[] = {
		{&run->sigterm, on_end, SIGTERM},
		{&run->sigint, on_end, SIGINT},
		{&run->sighup, on_end, SIGHUP},
		{&run->sigchld, on_child, SIGCHLD},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all) && r == 0; i++) {
		uv_signal_init(&run->loop, all[i].handle);
		all[i].handle->data = run;
		r = uv_signal_start(all[i].handle, all[i].cb, all[i].signum);
	}
	return r;
}

static int start_machines(struct run *run, bool fresh, struct err *e)
{
	int r = 0;

	run->machines = xcalloc(run->rack->n_machines, sizeof(*run->machines));
	for (unsigned i = 0; i < run->rack->n_machines && r == 0; i++) {
		const struct rack_machine *conf = &run->rack->machines[i];

		r = machine_prepare(conf, fresh, e);
		if (r == 0)
			r = machine_start(
				&run->machines[i], &run->loop, run->rack, conf, on_log, run, e);
		run->n_started += 1;
	}
	return r;
}

static void close_handle(uv_handle_t *h, void *data)
{
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void stop(struct run *run)
{
	int64_t end = time_mono_ms() + CLOSE_WAIT_MS;

	control_stop(run->control);
	for (unsigned i = 0; i < run->n_started; i++)
		machine_stop(&run->machines[i]);
	/* what closed by itself first, so that every handle is closed by its owner */
	uv_run(&run->loop, UV_RUN_NOWAIT);
	uv_walk(&run->loop, close_handle, NULL);
	while (uv_run(&run->loop, UV_RUN_NOWAIT) && time_mono_ms() < end)
		usleep(1000);
	uv_loop_close(&run->loop);
	free(run->machines);
}

static int say_ready(const struct run *run, const char *dir)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &run->rack->net.host, host, sizeof(host));
	printf("ready: rack %s, %u machines, network namespace %s, host %s on %s, folder %s\n",
		run->rack->name, run->rack->n_machines, run->netns, host, run->rack->net.bridge,
		dir);
	return fflush(stdout) ? -errno : 0;
}

static int write_state(const struct run *run, const char *rackfile, struct err *e)
{
	_cleanup_json_ json_t *json =
		json_pack("{s:s,s:s}", "netns", run->netns, "rackfile", rackfile);
	_cleanup_free_ char *text = json_text(json);

	return fs_write_atomic(RACK_STATE, text, strlen(text), 0644, e);
}

/* From here on the working folder is the rack's, so that socket paths are short. */
static int run_here(struct run *run, const struct up_options *o, const char *dir, struct err *e)
{
	int r;

	run->log_fd = open(RACK_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	uv_loop_init(&run->loop);
	r = start_signals(run);
	if (r < 0)
		r = err_errno(e, -r, "watch signals");
	if (r == 0)
		r = netns_create(run->netns, e);
	if (r == 0)
		r = network_build(run->rack, RACK_IP_SCRIPT, &run->uplink, e);
	if (r == 0)
		r = start_machines(run, o->fresh, e);
	if (r == 0)
		r = control_start(&run->loop, CONTROL_SOCKET, on_request, run, &run->control, e);
	if (r == 0) {
		say_ready(run, dir);
		uv_run(&run->loop, UV_RUN_DEFAULT);
		log_info("rack %s: going down", run->rack->name);
	}
	stop(run);
	mem_closep(&run->uplink);
	mem_closep(&run->log_fd);
	return r;
}

static int run_locked(
	struct run *run, const struct up_options *o, const char *dir, int lock_fd, struct err *e)
{
	_cleanup_free_ char *control = xasprintf("%s/" CONTROL_SOCKET, dir);
	_cleanup_free_ char *state = xasprintf("%s/" RACK_STATE, dir);
	_cleanup_free_ char *rackfile = realpath(o->rackfile, NULL);
	int r;

	if (netns_exists(run->netns))
		return err_set(e, EEXIST,
			"network namespace %s is there already; choose another with --netns",
			run->netns);
	if (chdir(dir) < 0)
		return err_errno(e, errno, "enter %s", dir);
	r = write_state(run, rackfile ? rackfile : o->rackfile, e);
	if (r == 0)
		r = watchdog_start(&run->watchdog, lock_fd, run->netns, control, state, e);
	if (r < 0)
		return r;
	r = run_here(run, o, dir, e);
	watchdog_finish(&run->watchdog);
	return r;
}

int up_run(const struct up_options *o, struct err *e)
{
	struct run run = {.log_fd = -1, .uplink = -1, .started_ms = time_mono_ms()};
	_cleanup_free_ char *dir = NULL;
	_cleanup_close_ int lock_fd = -1;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = rack_load(o->rackfile, &run.rack, e);
	if (r < 0)
		return r;
	if (o->netns)
		r = rackvalue_name(o->netns, run.netns, sizeof(run.netns), e);
	else
		snprintf(run.netns, sizeof(run.netns), "ingot-%s", run.rack->name);
	if (r == 0)
		r = fs_mkdir_p(o->dir, 0755, e);
	if (r == 0 && !(dir = realpath(o->dir, NULL)))
		r = err_errno(e, errno, "find %s", o->dir);
	if (r == 0) {
		lock_fd = up_lock(dir, LOCK_WAIT_MS, e);
		r = lock_fd < 0 ? lock_fd : run_locked(&run, o, dir, lock_fd, e);
	}
	rack_free(run.rack);
	return r;
}
