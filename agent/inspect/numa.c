/* NUMA nodes: their memory, cores, network interfaces, and how far they are from each other. */
#include "agent/inspect/inventory.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#define NODES	  "/sys/devices/system/node"
#define DISTANCES 256

static int64_t node_memory_kb(const struct sysroot *sr, int node)
{
	_cleanup_free_ char *path = sysroot_path(sr, NODES "/node%d/meminfo", node);
	_cleanup_free_ char *text = NULL;
	unsigned long long kb = 0;
	const char *p;

	if (fs_read(path, 65536, &text, NULL, NULL) == 0 && (p = strstr(text, "MemTotal:")))
		sscanf(p, "MemTotal: %llu", &kb);
	return (int64_t)kb;
}

/* A core of a node with its threads: core numbers may repeat in another node. */
static void add_thread(json_t *cpus, int node, int64_t core, int thread)
{
	json_t *one;
	size_t i;

	json_array_foreach (cpus, i, one)
		if (json_int(one, "numa_node", -1) == node && json_int(one, "cpu", -1) == core) {
			json_array_append_new(
				json_object_get(one, "thread_siblings"), json_integer(thread));
			return;
		}
	json_array_append_new(cpus, json_pack("{s:I, s:i, s:[i]}", "cpu", (json_int_t)core,
					    "numa_node", node, "thread_siblings", thread));
}

static void add_threads(const struct sysroot *sr, json_t *cpus, int node)
{
	_cleanup_free_ char *folder = xasprintf(NODES "/node%d", node);
	char **names = sysroot_names(sr, folder);
	int cpu;

	for (char **n = names; *n; n++) {
		int64_t core = sysroot_int(sr, -1, "%s/%s/topology/core_id", folder, *n);

		if (str_starts(*n, "cpu") && core >= 0 && str_to_int(*n + 3, 0, 65535, &cpu) == 0)
			add_thread(cpus, node, core, cpu);
	}
	sysroot_names_free(names);
}

static json_t *node_distances(const struct sysroot *sr, int node)
{
	_cleanup_free_ char *line = sysroot_line(sr, NODES "/node%d/distance", node);
	json_t *list = json_array();
	char *save = NULL;

	for (char *w = line ? strtok_r(line, " ", &save) : NULL;
		w && json_array_size(list) < DISTANCES; w = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_integer(atoi(w)));
	return list;
}

static json_t *numa_nics(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, "/sys/class/net");
	json_t *list = json_array();

	for (char **n = names; *n; n++) {
		int64_t node = sysroot_int(sr, -1, "/sys/class/net/%s/device/numa_node", *n);

		if (sysroot_exists(sr, "/sys/class/net/%s/device", *n) &&
			sysroot_int(sr, 0, "/sys/class/net/%s/type", *n) == ARPHRD_ETHER)
			json_array_append_new(list,
				json_pack("{s:s, s:I}", "name", *n, "numa_node", (json_int_t)node));
	}
	sysroot_names_free(names);
	return list;
}

json_t *inventory_numa(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, NODES);
	json_t *ram = json_array(), *cpus = json_array(), *distances = json_object();
	int node;

	for (char **n = names; *n; n++) {
		if (!str_starts(*n, "node") || str_to_int(*n + 4, 0, 65535, &node) < 0)
			continue;
		json_array_append_new(ram, json_pack("{s:i, s:I}", "numa_node", node, "size_kb",
						   (json_int_t)node_memory_kb(sr, node)));
		add_threads(sr, cpus, node);
		json_object_set_new(distances, *n + 4, node_distances(sr, node));
	}
	sysroot_names_free(names);
	return json_pack("{s:o, s:o, s:o, s:o}", "ram", ram, "cpus", cpus, "nics", numa_nics(sr),
		"distances", distances);
}
