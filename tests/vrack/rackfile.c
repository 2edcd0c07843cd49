/*
 * Reads rack files: INI by libinih, a table of keys per kind of section, and checks across machines
 * when all is read. The first mistake is kept and names its line.
 */
#include "tests/vrack/rackfile.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "tests/vrack/rackderive.h"
#include "tests/vrack/rackvalue.h"

#define FILE_MAX     (1024 * 1024)
#define LINE_MAX_INI 195 /* libinih cuts longer ones silently at 200 */

const char *const rack_firmware_names[] = {"bios", "uefi"};
const char *const rack_bus_names[] = {
	"virtio", "nvme", "ahci", "scsi", "megasas", "mptsas", "pvscsi"};
const char *const rack_tpm_names[] = {"no", "tis", "crb"};
const char *const rack_boot_names[] = {"network", "disk"};

enum section { SECTION_NONE, SECTION_RACK, SECTION_NETWORK, SECTION_DEFAULTS, SECTION_MACHINE };

struct parser {
	const char *path, *p, *end;
	int line;
	struct rack *rack;
	struct rack_machine defaults, *machine; /* machine: what keys go to */
	enum section section;
	bool own_disks, own_nics; /* the machine has its own, so the defaults' are gone */
	bool failed;
	struct err *e;
};

typedef int (*key_fn)(struct parser *p, const char *value, struct err *e);

static int fail(struct parser *p, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Keeps the first mistake only. Always -EINVAL. */
static int fail(struct parser *p, int line, const char *fmt, ...)
{
	va_list ap;

	if (p->failed)
		return -EINVAL;
	p->failed = true;
	va_start(ap, fmt);
	err_vset(p->e, EINVAL, fmt, ap);
	va_end(ap);
	if (line)
		err_prefix(p->e, "%s:%d", p->path, line);
	else
		err_prefix(p->e, "%s", p->path);
	return -EINVAL;
}

static int key_rack_name(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_name(v, p->rack->name, sizeof(p->rack->name), e);
}

static int key_bridge(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_name(v, p->rack->net.bridge, sizeof(p->rack->net.bridge), e);
}

static int key_subnet(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_subnet(v, &p->rack->net, e);
}

static int key_host(struct parser *p, const char *v, struct err *e)
{
	if (inet_pton(AF_INET, v, &p->rack->net.host) != 1)
		return err_set(e, EINVAL, "'%s' is no IPv4 address", v);
	return 0;
}

static int key_ipv6(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_prefix6(v, &p->rack->net, e);
}

static int key_firmware(struct parser *p, const char *v, struct err *e)
{
	unsigned which;

	if (rackvalue_choice(v, rack_firmware_names, RACK_FIRMWARE_COUNT, &which, e) < 0)
		return -EINVAL;
	p->machine->firmware = which;
	return 0;
}

static int key_memory(struct parser *p, const char *v, struct err *e)
{
	uint64_t bytes;

	if (rackvalue_size(v, 1ull << 40, &bytes, e) < 0)
		return -EINVAL;
	if (bytes < 64ull << 20)
		return err_set(e, EINVAL, "'%s' is less than 64M", v);
	p->machine->memory_mb = (unsigned)(bytes >> 20);
	return 0;
}

static int key_cpus(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_uint(v, 1, 64, &p->machine->cpus, e);
}

static int key_cpu(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_text(v, p->machine->cpu, sizeof(p->machine->cpu), e);
}

static int key_boot(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_boot(v, p->machine, e);
}

static int key_clock(struct parser *p, const char *v, struct err *e)
{
	int n = 0;

	if (sscanf(v, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d%n", &n) < 0 || n != 19 || v[n])
		return err_set(e, EINVAL, "'%s' is no time such as 2011-03-04T05:06:07", v);
	return rackvalue_text(v, p->machine->clock, sizeof(p->machine->clock), e);
}

static int key_disk(struct parser *p, const char *v, struct err *e)
{
	struct rack_machine *m = p->machine;

	if (!p->own_disks)
		m->n_disks = 0;
	p->own_disks = true;
	if (m->n_disks == RACK_DISKS_MAX)
		return err_set(e, EINVAL, "more than %d disks", RACK_DISKS_MAX);
	if (rackvalue_disk(v, &m->disks[m->n_disks], e) < 0)
		return -EINVAL;
	m->n_disks++;
	return 0;
}

static int key_nic(struct parser *p, const char *v, struct err *e)
{
	struct rack_machine *m = p->machine;

	if (!p->own_nics)
		m->n_nics = 0;
	p->own_nics = true;
	if (m->n_nics == RACK_NICS_MAX)
		return err_set(e, EINVAL, "more than %d NICs", RACK_NICS_MAX);
	if (rackvalue_nic(v, &m->nics[m->n_nics], e) < 0)
		return -EINVAL;
	m->n_nics++;
	return 0;
}

static int key_kcs(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_bool(v, &p->machine->kcs, e);
}

static int key_tpm(struct parser *p, const char *v, struct err *e)
{
	unsigned which;

	if (rackvalue_choice(v, rack_tpm_names, RACK_TPM_COUNT, &which, e) < 0)
		return -EINVAL;
	p->machine->tpm = which;
	return 0;
}

static int key_bmc(struct parser *p, const char *v, struct err *e)
{
	static const char *const types[] = {"ipmi"};
	unsigned which;

	return rackvalue_choice(v, types, ARRAY_SIZE(types), &which, e);
}

static int key_bmc_address(struct parser *p, const char *v, struct err *e)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, v, &a) != 1 && inet_pton(AF_INET6, v, &a) != 1)
		return err_set(e, EINVAL, "'%s' is no IP address", v);
	return rackvalue_text(v, p->machine->bmc.address, sizeof(p->machine->bmc.address), e);
}

static int key_bmc_mac(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_mac(v, p->machine->bmc.mac, e);
}

static int key_bmc_port(struct parser *p, const char *v, struct err *e)
{
	unsigned port;

	if (rackvalue_uint(v, 1, 65535, &port, e) < 0)
		return -EINVAL;
	p->machine->bmc.port = (uint16_t)port;
	return 0;
}

static int key_bmc_user(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_text(v, p->machine->bmc.user, sizeof(p->machine->bmc.user), e);
}

static int key_bmc_password(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_text(v, p->machine->bmc.password, sizeof(p->machine->bmc.password), e);
}

static int key_bmc_password_file(struct parser *p, const char *v, struct err *e)
{
	const char *slash = p->path ? strrchr(p->path, '/') : NULL;
	_cleanup_free_ char *path = NULL, *text = NULL;
	int r;

	path = *v == '/' || !slash ? xstrdup(v)
				   : xasprintf("%.*s/%s", (int)(slash - p->path), p->path, v);
	r = fs_read(path, 4096, &text, NULL, e);
	if (r < 0)
		return r;
	r = key_bmc_password(p, str_trim(text), e);
	mem_wipe(text, strlen(text));
	return r < 0 ? err_prefix(e, "password in %s", path) : 0;
}

static int key_bmc_suites(struct parser *p, const char *v, struct err *e)
{
	return rackvalue_suites(v, &p->machine->bmc.suites, e);
}

#define SMBIOS_KEY(field)                                                                          \
	static int key_##field(struct parser *p, const char *v, struct err *e)                     \
	{                                                                                          \
		return rackvalue_text(                                                             \
			v, p->machine->smbios.field, sizeof(p->machine->smbios.field), e);         \
	}
SMBIOS_KEY(manufacturer)
SMBIOS_KEY(product)
SMBIOS_KEY(serial)
SMBIOS_KEY(asset)

static int key_uuid(struct parser *p, const char *v, struct err *e)
{
	if (!uuid_valid(v))
		return err_set(e, EINVAL, "'%s' is no UUID", v);
	for (int i = 0; i < 37; i++)
		p->machine->smbios.uuid[i] = (char)tolower((unsigned char)v[i]);
	return 0;
}

/* `single` keys name one machine and make no sense as a default. */
static const struct key {
	enum section section;
	const char *name;
	key_fn set;
	bool single;
} keys[] = {
	{SECTION_RACK, "name", key_rack_name, false},
	{SECTION_NETWORK, "bridge", key_bridge, false},
	{SECTION_NETWORK, "subnet", key_subnet, false},
	{SECTION_NETWORK, "host", key_host, false},
	{SECTION_NETWORK, "ipv6", key_ipv6, false},
	{SECTION_MACHINE, "firmware", key_firmware, false},
	{SECTION_MACHINE, "memory", key_memory, false},
	{SECTION_MACHINE, "cpus", key_cpus, false},
	{SECTION_MACHINE, "cpu", key_cpu, false},
	{SECTION_MACHINE, "boot", key_boot, false},
	{SECTION_MACHINE, "clock", key_clock, false},
	{SECTION_MACHINE, "disk", key_disk, false},
	{SECTION_MACHINE, "nic", key_nic, false},
	{SECTION_MACHINE, "kcs", key_kcs, false},
	{SECTION_MACHINE, "tpm", key_tpm, false},
	{SECTION_MACHINE, "bmc", key_bmc, false},
	{SECTION_MACHINE, "bmc_address", key_bmc_address, true},
	{SECTION_MACHINE, "bmc_mac", key_bmc_mac, true},
	{SECTION_MACHINE, "bmc_port", key_bmc_port, false},
	{SECTION_MACHINE, "bmc_user", key_bmc_user, false},
	{SECTION_MACHINE, "bmc_password", key_bmc_password, false},
	{SECTION_MACHINE, "bmc_password_file", key_bmc_password_file, false},
	{SECTION_MACHINE, "bmc_suites", key_bmc_suites, false},
	{SECTION_MACHINE, "manufacturer", key_manufacturer, false},
	{SECTION_MACHINE, "product", key_product, false},
	{SECTION_MACHINE, "serial", key_serial, true},
	{SECTION_MACHINE, "asset", key_asset, true},
	{SECTION_MACHINE, "uuid", key_uuid, true},
};

static int start_machine(struct parser *p, const char *name)
{
	struct rack *rack = p->rack;
	struct rack_machine *m;
	struct err e = {0};
	char checked[RACK_NAME_MAX];

	if (rackvalue_name(name, checked, sizeof(checked), &e) < 0)
		return fail(p, p->line, "%s", e.text);
	if (rack_find(rack, checked))
		return fail(p, p->line, "machine '%s' is there already", checked);
	if (rack->n_machines == RACK_MACHINES_MAX)
		return fail(p, p->line, "more than %d machines", RACK_MACHINES_MAX);
	m = &rack->machines[rack->n_machines++];
	*m = p->defaults;
	strcpy(m->name, checked);
	m->line = p->line;
	p->machine = m;
	p->own_disks = p->own_nics = false;
	p->section = SECTION_MACHINE;
	return 0;
}

static int start_section(struct parser *p, char *name)
{
	p->section = SECTION_NONE;
	if (str_eq(name, "rack")) {
		p->section = SECTION_RACK;
	} else if (str_eq(name, "network")) {
		p->section = SECTION_NETWORK;
	} else if (str_eq(name, "defaults")) {
		if (p->rack->n_machines)
			return fail(p, p->line, "[defaults] comes before the first machine");
		p->section = SECTION_DEFAULTS;
		p->machine = &p->defaults;
		p->own_disks = p->own_nics = false;
	} else if (str_starts(name, "machine ")) {
		return start_machine(p, str_trim(name + strlen("machine ")));
	} else {
		return fail(p, p->line,
			"section [%s] is not known; use [rack], [network], [defaults] or "
			"[machine NAME]",
			name);
	}
	return 0;
}

/* libinih says nothing about sections without keys and about long lines, so its reader looks. */
static char *read_line(char *buf, int size, void *data)
{
	struct parser *p = data;
	const char *nl;
	size_t n;
	char *s;

	if (p->p >= p->end || p->failed)
		return NULL;
	nl = memchr(p->p, '\n', (size_t)(p->end - p->p));
	n = (size_t)((nl ? nl : p->end) - p->p);
	p->line++;
	if (n > LINE_MAX_INI || n >= (size_t)size)
		fail(p, p->line, "longer than %d characters", LINE_MAX_INI);
	else if (memchr(p->p, '\0', n))
		fail(p, p->line, "not text");
	if (p->failed)
		return NULL;
	memcpy(buf, p->p, n);
	buf[n] = '\0';
	p->p += n + (nl != NULL);

	s = buf;
	if (p->line == 1 && str_starts(s, "\xef\xbb\xbf"))
		s += 3;
	while (isspace((unsigned char)*s))
		s++;
	if (*s == '[') {
		char name[LINE_MAX_INI + 1], *close;

		strcpy(name, s + 1);
		close = strchr(name, ']');
		if (!close) {
			fail(p, p->line, "'[' without ']'");
			return NULL;
		}
		*close = '\0';
		start_section(p, str_trim(name));
	}
	return buf;
}

static int on_key(void *data, const char *section, const char *name, const char *value)
{
	struct parser *p = data;
	enum section kind = p->section == SECTION_DEFAULTS ? SECTION_MACHINE : p->section;
	struct err e = {0};

	if (p->failed)
		return 0;
	if (kind == SECTION_NONE)
		return fail(p, p->line, "'%s' stands before the first section", name), 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].section != kind || !str_eq(name, keys[i].name))
			continue;
		if (keys[i].single && p->section == SECTION_DEFAULTS)
			return fail(p, p->line, "%s belongs to one machine, not to [defaults]",
				       name),
			       0;
		if (keys[i].set(p, value, &e) < 0)
			return fail(p, p->line, "%s: %s", name, e.text), 0;
		return 1;
	}
	return fail(p, p->line, "key '%s' is not known in this section", name), 0;
}

static int check_machine(struct parser *p, const struct rack_machine *m)
{
	if (!m->bmc.address[0])
		return fail(p, m->line,
			"machine '%s' has no bmc_address; without a BMC nobody can switch it on",
			m->name);
	if (!m->bmc.user[0] || !m->bmc.password[0])
		return fail(p, m->line, "machine '%s' needs bmc_user and bmc_password", m->name);
	return 0;
}

static bool same_disk_serial(const struct rack_machine *m)
{
	for (unsigned i = 0; i < m->n_disks; i++)
		for (unsigned j = 0; j < i; j++)
			if (str_eq(m->disks[i].serial, m->disks[j].serial))
				return true;
	return false;
}

static const char *shared_mac(const struct rack_machine *a, const struct rack_machine *b)
{
	for (unsigned i = 0; i < a->n_nics; i++)
		for (unsigned j = 0; j < (a == b ? i : b->n_nics); j++)
			if (str_eq(a->nics[i].mac, b->nics[j].mac))
				return a->nics[i].mac;
	return NULL;
}

/* What two machines, or two parts of one, must not share. */
static int check_pair(struct parser *p, const struct rack_machine *a, const struct rack_machine *b)
{
	const char *mac = shared_mac(a, b);

	if (mac)
		return fail(p, a->line, "MAC address %s is used twice (machines '%s' and '%s')",
			mac, b->name, a->name);
	if (a == b)
		return same_disk_serial(a)
			       ? fail(p, a->line, "two disks of machine '%s' have one serial",
					 a->name)
			       : 0;
	if (str_eq(a->bmc.address, b->bmc.address) && a->bmc.port == b->bmc.port)
		return fail(p, a->line, "BMC address %s port %u is that of machine '%s' as well",
			a->bmc.address, a->bmc.port, b->name);
	if (str_eq(a->smbios.uuid, b->smbios.uuid))
		return fail(p, a->line, "UUID %s is that of machine '%s' as well", a->smbios.uuid,
			b->name);
	return 0;
}

static int check_network(struct parser *p)
{
	struct rack_network *net = &p->rack->net;
	uint32_t host = ntohl(net->host.s_addr), subnet = ntohl(net->subnet.s_addr);
	uint32_t mask = 0xffffffffu << (32 - net->prefix);

	if (!host)
		net->host.s_addr = htonl(host = subnet + 1);
	if ((host & mask) != subnet || host == subnet || host == (subnet | ~mask))
		return fail(p, 0, "[network] host is no address of a machine in the subnet");
	return 0;
}

static int finish(struct parser *p)
{
	struct rack *rack = p->rack;
	int r = check_network(p);

	if (r == 0 && rack->n_machines == 0)
		r = fail(p, 0, "no [machine NAME] section");
	for (unsigned i = 0; i < rack->n_machines && r == 0; i++) {
		rack_derive(rack, &rack->machines[i]);
		r = check_machine(p, &rack->machines[i]);
		for (unsigned j = 0; j <= i && r == 0; j++)
			r = check_pair(p, &rack->machines[i], &rack->machines[j]);
	}
	return r;
}

static void set_defaults(struct parser *p)
{
	struct rack_machine *m = &p->defaults;

	strcpy(p->rack->name, "rack");
	strcpy(p->rack->net.bridge, "br0");
	p->rack->net.subnet.s_addr = htonl(0x0a4d0000); /* 10.77.0.0 */
	p->rack->net.prefix = 24;
	*m = (struct rack_machine){
		.memory_mb = 1024,
		.cpus = 1,
		.cpu = "qemu64,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt",
		.boot = {RACK_BOOT_NETWORK, RACK_BOOT_DISK},
		.n_boot = 2,
		.n_disks = 1,
		.disks = {{.size_bytes = 8ull << 30,
			.block_size_bytes = 512,
			.physical_size_bytes = 512}},
		.n_nics = 1,
		.nics = {{.model = "virtio-net-pci", .rom = true}},
		.bmc = {.port = 623, .suites = 1u << 3 | 1u << 17},
		.smbios = {.manufacturer = "Ingot", .product = "Virtual Server"},
		.kcs = true,
	};
}

int rack_parse(const char *text, size_t len, const char *path, struct rack **ret, struct err *e)
{
	struct parser p = {.path = path, .p = text, .end = text + len, .e = e};
	int r;

	p.rack = xcalloc(1, sizeof(*p.rack));
	p.rack->machines = xcalloc(RACK_MACHINES_MAX, sizeof(*p.rack->machines));
	set_defaults(&p);
	r = ini_parse_stream(read_line, &p, on_key, &p);
	if (r != 0 && !p.failed)
		fail(&p, r > 0 ? r : 0, "neither [section] nor key = value");
	if (!p.failed)
		finish(&p);
	mem_wipe(&p.defaults.bmc, sizeof(p.defaults.bmc));
	if (p.failed) {
		rack_free(p.rack);
		return -EINVAL;
	}
	*ret = p.rack;
	return 0;
}

int rack_load(const char *path, struct rack **ret, struct err *e)
{
	char *text;
	size_t len;
	int r;

	r = fs_read(path, FILE_MAX, &text, &len, e);
	if (r < 0)
		return r;
	r = rack_parse(text, len, path, ret, e);
	mem_wipe(text, len);
	free(text);
	return r;
}

void rack_free(struct rack *rack)
{
	if (!rack)
		return;
	mem_wipe(rack->machines, RACK_MACHINES_MAX * sizeof(*rack->machines));
	free(rack->machines);
	free(rack);
}

const char *rack_boot_mac(const struct rack_machine *m)
{
	for (unsigned i = 0; i < m->n_nics; i++)
		if (m->nics[i].rom)
			return m->nics[i].mac;
	return m->n_nics ? m->nics[0].mac : "";
}

const struct rack_machine *rack_find(const struct rack *rack, const char *name)
{
	for (unsigned i = 0; i < rack->n_machines; i++)
		if (str_eq(rack->machines[i].name, name))
			return &rack->machines[i];
	return NULL;
}
