/* Processors of the inventory: what /proc/cpuinfo says of the kind, and /sys of their arrangement.
 */
#include "agent/inspect/inventory.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define CPUINFO_MAX (16 * 1024 * 1024)
#define SOCKETS_MAX 1024
#define CPUS	    "/sys/devices/system/cpu"

/* The value of "key : value" when the line is about this key. */
static char *line_value(char *line, const char *key)
{
	size_t n = strlen(key);
	char *p = line + n;

	if (strncmp(line, key, n))
		return NULL;
	p += strspn(p, " \t");
	return *p == ':' ? str_trim(p + 1) : NULL;
}

static json_t *words(char *text)
{
	json_t *list = json_array();
	char *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_string(w));
	return list;
}

/* What is counted while the processors are looked at. */
struct cpu_scan {
	json_t *cpu;
	json_t *cpus;
	int64_t listed; /* in /proc/cpuinfo */
	int64_t sockets, cores, max_khz;
	bool seen[SOCKETS_MAX];
};

static void count_socket(struct cpu_scan *s, int64_t id)
{
	if (id < 0 || id >= SOCKETS_MAX || s->seen[id])
		return;
	s->seen[id] = true;
	s->sockets++;
}

/* The first processor speaks for all. */
static void scan_line(struct cpu_scan *s, char *line)
{
	char *v;
	int id;

	if (line_value(line, "processor"))
		s->listed++;
	else if ((v = line_value(line, "model name")) && !json_object_get(s->cpu, "model_name"))
		json_put_str(s->cpu, "model_name", v);
	else if ((v = line_value(line, "cpu MHz")) && !json_object_get(s->cpu, "frequency"))
		json_put_str(s->cpu, "frequency", v);
	else if (((v = line_value(line, "flags")) || (v = line_value(line, "Features"))) &&
		 !json_object_get(s->cpu, "flags"))
		json_object_set_new(s->cpu, "flags", words(v));
	else if ((v = line_value(line, "physical id")) &&
		 str_to_int(v, 0, SOCKETS_MAX - 1, &id) == 0)
		count_socket(s, id);
}

static void read_cpuinfo(const struct sysroot *sr, struct cpu_scan *s)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/proc/cpuinfo"), *info = NULL;
	char *save = NULL;

	if (fs_read(path, CPUINFO_MAX, &info, NULL, NULL) < 0)
		return;
	for (char *l = strtok_r(info, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		scan_line(s, l);
}

/* A core is counted at the first of its threads: "0,4", "0-1" and "0" begin with cpu0. */
static bool first_of_core(const struct sysroot *sr, int cpu)
{
	_cleanup_free_ char *threads =
		sysroot_line(sr, CPUS "/cpu%d/topology/thread_siblings_list", cpu);

	return !threads || atoi(threads) == cpu;
}

/* One thread of execution as the kernel numbers it. */
static void scan_cpu(const struct sysroot *sr, struct cpu_scan *s, int cpu, const char *arch)
{
	int64_t core = sysroot_int(sr, -1, CPUS "/cpu%d/topology/core_id", cpu);
	int64_t socket = sysroot_int(sr, -1, CPUS "/cpu%d/topology/physical_package_id", cpu);
	int64_t khz = sysroot_int(sr, 0, CPUS "/cpu%d/cpufreq/cpuinfo_max_freq", cpu);
	json_t *o;

	if (khz > s->max_khz)
		s->max_khz = khz;
	if (core < 0)
		return; /* off line */
	count_socket(s, socket);
	s->cores += first_of_core(sr, cpu);
	o = json_pack("{s:i, s:I, s:I}", "cpu", cpu, "core_id", (json_int_t)core, "socket_id",
		(json_int_t)(socket < 0 ? 0 : socket));
	json_object_set(o, "model_name", json_object_get(s->cpu, "model_name"));
	json_put_str(o, "architecture", arch);
	json_array_append_new(s->cpus, o);
}

static void read_topology(const struct sysroot *sr, struct cpu_scan *s, const char *arch)
{
	char **names = sysroot_names(sr, CPUS);
	int cpu;

	for (char **n = names; *n; n++)
		if (str_starts(*n, "cpu") && str_to_int(*n + 3, 0, 65535, &cpu) == 0)
			scan_cpu(sr, s, cpu, arch);
	sysroot_names_free(names);
}

static void put_absent_as_null(json_t *object, const char *key)
{
	if (!json_object_get(object, key))
		json_object_set_new(object, key, json_null());
}

json_t *inventory_cpu(const struct sysroot *sr)
{
	struct cpu_scan s = {.cpu = json_object(), .cpus = json_array()};
	struct utsname uts;
	const char *arch = uname(&uts) == 0 ? uts.machine : NULL;
	char mhz[32];

	read_cpuinfo(sr, &s);
	put_absent_as_null(s.cpu, "model_name");
	read_topology(sr, &s, arch);
	if (s.max_khz > 0) { /* as lscpu's "CPU max MHz" */
		snprintf(mhz, sizeof(mhz), "%.4f", (double)s.max_khz / 1000);
		json_put_str(s.cpu, "frequency", mhz);
	}
	put_absent_as_null(s.cpu, "frequency");
	json_put_int(s.cpu, "count", s.listed ? s.listed : (int64_t)json_array_size(s.cpus));
	json_put_str(s.cpu, "architecture", arch);
	if (!json_object_get(s.cpu, "flags"))
		json_object_set_new(s.cpu, "flags", json_array());
	json_put_int(s.cpu, "socket_count", s.sockets ? s.sockets : s.listed > 0);
	json_put_int(s.cpu, "core_count", s.cores ? s.cores : s.listed);
	json_object_set_new(s.cpu, "cpus", s.cpus);
	return s.cpu;
}
