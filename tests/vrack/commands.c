/* One function per command of ingot-vrack; see commands.h. */
#include "tests/vrack/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/json/json.h"
#include "tests/bmc/bmcemu.h"
#include "tests/vrack/control.h"
#include "tests/vrack/csv.h"
#include "tests/vrack/qemuargs.h"
#include "tests/vrack/rackvalue.h"
#include "tests/vrack/up.h"

#define ANSWER_LIMIT_MS 5000
#define DOWN_LIMIT_MS	20000

int command_failed(const struct err *e)
{
	fprintf(stderr, "ingot-vrack: %s\n", e->text);
	return e->code == ETIMEDOUT ? EXIT_TIMED_OUT : 1;
}

int command_up(const struct options *o)
{
	struct up_options up = {o->args[0], o->dir, o->netns, o->fresh};
	struct err e = {0};

	if (geteuid() != 0) {
		fprintf(stderr, "ingot-vrack: up makes network namespaces; run it as root\n");
		return 1;
	}
	return up_run(&up, &e) < 0 ? command_failed(&e) : 0;
}

static int ask(const struct options *o, json_t *request, json_t **ret, struct err *e)
{
	int r = control_ask(o->dir, request, ANSWER_LIMIT_MS, ret, e);

	json_decref(request);
	return r;
}

/* A rack that is not there is down; what one that was killed left is removed. */
int command_down(const struct options *o)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_close_ int lock = -1;
	struct err e = {0};
	int r = ask(o, json_pack("{s:s}", "command", "down"), &answer, &e);

	if (access(o->dir, F_OK) < 0)
		return command_failed(&e);
	if (r < 0 && r != -ECONNREFUSED && r != -ENOENT && r != -ECONNRESET)
		return command_failed(&e);
	lock = up_lock(o->dir, DOWN_LIMIT_MS, &e);
	return lock < 0 ? command_failed(&e) : 0;
}

static void print_choice(const json_t *c)
{
	if (json_is_object(c))
		printf(" %s,%s,%s", json_str(c, "device"),
			json_flag(c, "efi", false) ? "uefi" : "bios",
			json_flag(c, "persistent", false) ? "persistent" : "once");
	else
		printf(" -");
}

static void print_machine(const json_t *m)
{
	const json_t *bmc = json_object_get(m, "bmc"), *boot = json_object_get(m, "last_boot");
	const json_t *uptime = json_object_get(m, "uptime_s");

	printf("%-16s %-4s %-5s %-22s", json_str(m, "name"), json_str(m, "firmware"),
		json_str(m, "power"), json_str(bmc, "address"));
	printf(" %-9s", boot && json_is_object(boot) ? json_str(boot, "device") : "-");
	if (json_is_number(uptime))
		printf(" %7.0f", json_number_value(uptime));
	else
		printf(" %7s", "-");
	print_choice(json_object_get(m, "boot_override"));
	printf("\n");
}

int command_status(const struct options *o)
{
	_cleanup_json_ json_t *answer = NULL;
	struct err e = {0};
	const json_t *m;
	size_t i;

	if (ask(o, json_pack("{s:s}", "command", "status"), &answer, &e) < 0)
		return command_failed(&e);
	if (o->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		printf("\n");
		return 0;
	}
	printf("rack %s, network namespace %s, host %s on %s, process %d, up %lld s\n",
		json_str(answer, "rack"), json_str(answer, "netns"), json_str(answer, "host"),
		json_str(answer, "bridge"), (int)json_int(answer, "pid", 0),
		(long long)json_number_value(json_object_get(answer, "uptime_s")));
	printf("%-16s %-4s %-5s %-22s %-9s %7s %s\n", "machine", "fw", "power", "bmc", "booted",
		"up (s)", "override");
	json_array_foreach (json_object_get(answer, "machines"), i, m)
		print_machine(m);
	return 0;
}

/* A file of a machine; the name is checked so that it cannot lead elsewhere. */
static char *machine_path(
	const struct options *o, const char *machine, const char *file, struct err *e)
{
	char name[RACK_NAME_MAX];
	char *path;

	if (rackvalue_name(machine, name, sizeof(name), e) < 0)
		return NULL;
	path = xasprintf("%s/%s", o->dir, name);
	if (access(path, F_OK) < 0) {
		err_errno(e, errno, "machine '%s' is not in this rack: %s", name, path);
		free(path);
		return NULL;
	}
	free(path);
	return xasprintf("%s/%s/%s", o->dir, name, file);
}

/* Copies what is in the file; with `follow`, what comes until the rack is gone. */
static int show(const struct options *o, const char *path, struct err *e)
{
	_cleanup_free_ char *state = xasprintf("%s/" RACK_STATE, o->dir);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return err_errno(e, errno, "open %s", path);
	for (;;) {
		bool last = !o->follow || access(state, F_OK) < 0;

		while ((n = read(fd, chunk, sizeof(chunk))) > 0)
			if (fwrite(chunk, 1, (size_t)n, stdout) != (size_t)n)
				return err_errno(e, errno, "write");
		if (n < 0)
			return err_errno(e, errno, "read %s", path);
		if (fflush(stdout) != 0)
			return err_errno(e, errno, "write");
		if (last)
			return 0;
		usleep(100000);
	}
}

int command_console(const struct options *o)
{
	_cleanup_free_ char *path = NULL;
	struct err e = {0};

	path = machine_path(o, o->args[0], QEMU_CONSOLE_LOG, &e);
	if (!path || show(o, path, &e) < 0)
		return command_failed(&e);
	return 0;
}

int command_logs(const struct options *o)
{
	_cleanup_free_ char *path = NULL;
	struct err e = {0};

	if (o->n_args)
		path = machine_path(o, o->args[0], "qemu.log", &e);
	else
		path = xasprintf("%s/" RACK_LOG, o->dir);
	if (!path || show(o, path, &e) < 0)
		return command_failed(&e);
	return 0;
}

int command_type(const struct options *o)
{
	_cleanup_free_ char *line = xasprintf("%s\n", o->args[1]);
	_cleanup_json_ json_t *answer = NULL;
	struct err e = {0};

	if (ask(o,
		    json_pack("{s:s,s:s,s:s}", "command", "type", "machine", o->args[0], "text",
			    line),
		    &answer, &e) < 0) {
		err_prefix(&e, "type to the console of %s", o->args[0]);
		return command_failed(&e);
	}
	return 0;
}

int command_disk(const struct options *o)
{
	_cleanup_free_ char *dir = NULL, *real = NULL;
	struct err e = {0};
	struct stat st;

	dir = machine_path(o, o->args[0], "", &e);
	if (!dir || !(real = realpath(dir, NULL)))
		return command_failed(&e);
	for (unsigned i = 0; i < RACK_DISKS_MAX; i++) {
		_cleanup_free_ char *path = xasprintf("%s/disk%u.raw", real, i);

		if (stat(path, &st) == 0)
			printf("%s\n", path);
	}
	return 0;
}

static void print_faults(void)
{
	const char *name, *help;

	printf("faults that a BMC can have; the value 0 takes one away:\n");
	for (size_t i = 0; bmcemu_fault_info(i, &name, &help); i++)
		printf("  %-20s %s\n", name, help);
}

int command_fault(const struct options *o)
{
	_cleanup_json_ json_t *answer = NULL;
	struct err e = {0};

	if (o->n_args == 0) {
		print_faults();
		return 0;
	}
	if (o->n_args != 3) {
		fprintf(stderr, "ingot-vrack: use: fault MACHINE NAME VALUE --dir DIR\n");
		return EXIT_WRONG_USE;
	}
	if (ask(o,
		    json_pack("{s:s,s:s,s:s,s:s}", "command", "fault", "machine", o->args[0],
			    "name", o->args[1], "value", o->args[2]),
		    &answer, &e) < 0)
		return command_failed(&e);
	return 0;
}

/* The rack file of a rack that is up stands in its state. */
static char *find_rackfile(const struct options *o, struct err *e)
{
	_cleanup_free_ char *state = NULL, *text = NULL;
	_cleanup_json_ json_t *json = NULL;
	size_t len;

	if (o->n_args)
		return xstrdup(o->args[0]);
	if (!o->dir) {
		err_set(e, EINVAL, "name a rack file, or a running rack with --dir");
		return NULL;
	}
	state = xasprintf("%s/" RACK_STATE, o->dir);
	if (fs_read(state, 65536, &text, &len, e) < 0 || json_parse(text, len, 4, &json, e) < 0) {
		err_prefix(e, "no rack runs in %s", o->dir);
		return NULL;
	}
	return xstrdup(json_str(json, "rackfile"));
}

int command_csv(const struct options *o)
{
	struct buf out = BUF_INIT(256 * 1024);
	_cleanup_free_ char *path = NULL;
	struct rack *rack = NULL;
	struct err e = {0};

	path = find_rackfile(o, &e);
	if (!path || rack_load(path, &rack, &e) < 0)
		return command_failed(&e);
	csv_write(rack, &out);
	fwrite(out.data, 1, out.len, stdout);
	mem_wipe(out.data, out.len);
	buf_done(&out);
	rack_free(rack);
	return fflush(stdout) ? 1 : 0;
}
