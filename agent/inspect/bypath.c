/* Names by path; see bypath.h. The kernel's path of a disk tells which buses lead to it. */
#include "agent/inspect/bypath.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define FOLDER "/dev/disk/by-path/"

/* One part of a path, "host0"; `from` points into it. */
struct part {
	const char *from;
	int len;
};

static bool part_next(const char *path, struct part *p)
{
	const char *from = p->from ? p->from + p->len : path;

	from += strspn(from, "/");
	*p = (struct part){.from = from, .len = (int)strcspn(from, "/")};
	return p->len > 0;
}

/* Is the whole part four numbers, as in 0000:00:1f.2 and in 2:0:0:0? */
static bool is_pci(const struct part *p)
{
	unsigned a, b, c, d;
	int n = 0;

	return sscanf(p->from, "%x:%x:%x.%x%n", &a, &b, &c, &d, &n) == 4 && n == p->len;
}

static bool is_hctl(const struct part *p)
{
	unsigned a, b, c, d;
	int n = 0;

	return sscanf(p->from, "%u:%u:%u:%u%n", &a, &b, &c, &d, &n) == 4 && n == p->len;
}

/* Of a USB device: 1-3:1.0, 2-1.4:1.0. */
static bool is_usb_interface(const struct part *p)
{
	unsigned bus, port;

	return sscanf(p->from, "%u-%u", &bus, &port) == 2 && memchr(p->from, ':', (size_t)p->len);
}

static bool part_find(const char *path, bool (*is)(const struct part *p), struct part *ret)
{
	struct part p = {0};

	*ret = p;
	while (part_next(path, &p))
		if (is(&p))
			*ret = p;
	return ret->len > 0;
}

/* The last part that begins so, as text; allocated, NULL when there is none. */
static char *part_named(const char *path, const char *prefix)
{
	struct part p = {0}, found = {0};

	while (part_next(path, &p))
		if (!strncmp(p.from, prefix, strlen(prefix)))
			found = p;
	return found.len ? xstrndup(found.from, (size_t)found.len) : NULL;
}

/* The path up to the part, without it. */
static char *path_before(const char *path, const struct part *p)
{
	return xstrndup(path, (size_t)(p->from - path - 1));
}

char *bypath_hctl(const char *real)
{
	struct part p;

	return real && part_find(real, is_hctl, &p) ? xstrndup(p.from, (size_t)p.len) : NULL;
}

/* What a SCSI disk's name is made of. */
struct scsi {
	const struct sysroot *sr;
	const char *real;
	unsigned host, bus, target;
	unsigned long long lun;
	char lun_text[40];
};

static char *attribute(const struct scsi *s, const char *class, const char *name, const char *what)
{
	return sysroot_line(s->sr, "/sys/class/%s/%s/%s", class, name ? name : "-", what);
}

static char *fibre_channel(const struct scsi *s)
{
	_cleanup_free_ char *rport = part_named(s->real, "rport-");
	_cleanup_free_ char *port = attribute(s, "fc_transport", rport, "port_name");

	if (!port)
		port = attribute(s, "fc_remote_ports", rport, "port_name");
	return port ? xasprintf("fc-%s-%s", port, s->lun_text) : NULL;
}

/* A disk on one lane is named by the phy of its expander or adapter, one on several by its address.
 */
static char *serial_attached(const struct scsi *s)
{
	_cleanup_free_ char *device = part_named(s->real, "end_device-");
	_cleanup_free_ char *port = part_named(s->real, "port-");
	_cleanup_free_ char *expander = part_named(s->real, "expander-");
	_cleanup_free_ char *phys = attribute(s, "sas_port", port, "num_phys");
	_cleanup_free_ char *phy = attribute(s, "sas_device", device, "phy_identifier");
	_cleanup_free_ char *address =
		attribute(s, "sas_device", str_eq(phys, "1") ? expander : device, "sas_address");

	if (!phys)
		return NULL;
	if (!str_eq(phys, "1"))
		return address ? xasprintf("sas-%s-%s", address, s->lun_text) : NULL;
	if (!phy)
		return NULL;
	return address ? xasprintf("sas-exp%s-phy%s-%s", address, phy, s->lun_text)
		       : xasprintf("sas-phy%s-%s", phy, s->lun_text);
}

static char *iscsi(const struct scsi *s)
{
	_cleanup_free_ char *session = part_named(s->real, "session");
	_cleanup_free_ char *connection =
		xasprintf("connection%s:0", session ? session + strlen("session") : "");
	_cleanup_free_ char *target = attribute(s, "iscsi_session", session, "targetname");
	_cleanup_free_ char *address =
		attribute(s, "iscsi_connection", connection, "persistent_address");
	_cleanup_free_ char *port = attribute(s, "iscsi_connection", connection, "persistent_port");

	if (!target || !address || !port)
		return NULL;
	return xasprintf("ip-%s:%s-iscsi-%s-%s", address, port, target, s->lun_text);
}

/* The port within its controller; behind a multiplier the bus tells, otherwise the target. */
static char *ata(const struct scsi *s)
{
	_cleanup_free_ char *port = part_named(s->real, "ata");
	_cleanup_free_ char *number = attribute(s, "ata_port", port, "port_no");

	if (!number)
		return NULL;
	return s->bus ? xasprintf("ata-%s.%u.0", number, s->bus)
		      : xasprintf("ata-%s.%u", number, s->target);
}

static bool is_host(const struct part *p)
{
	return !strncmp(p->from, "host", 4) && p->from[4] >= '0' && p->from[4] <= '9';
}

/* Hosts are counted from the first of the same adapter. */
static char *plain(const struct scsi *s)
{
	_cleanup_free_ char *adapter = NULL;
	unsigned first = s->host, n;
	struct part host;
	char **names;

	if (!part_find(s->real, is_host, &host))
		return NULL;
	adapter = path_before(s->real, &host);
	names = sysroot_names(s->sr, adapter);
	for (char **p = names; *p; p++)
		if (sscanf(*p, "host%u", &n) == 1 && n < first)
			first = n;
	sysroot_names_free(names);
	return xasprintf("scsi-%u:%u:%u:%llu", s->host - first, s->bus, s->target, s->lun);
}

static const struct {
	const char *mark;
	char *(*name)(const struct scsi *s);
} scsi_names[] = {
	{"/rport-", fibre_channel},
	{"/end_device-", serial_attached},
	{"/session", iscsi},
	{"/ata", ata},
	{"/host", plain},
};

static char *scsi_part(const struct sysroot *sr, const char *real, const struct part *hctl)
{
	struct scsi s = {.sr = sr, .real = real};

	sscanf(hctl->from, "%u:%u:%u:%llu", &s.host, &s.bus, &s.target, &s.lun);
	snprintf(s.lun_text, sizeof(s.lun_text),
		s.lun < 256 ? "lun-%llu" : "lun-0x%04llx%04llx00000000", s.lun & 0xffff,
		(s.lun >> 16) & 0xffff);
	for (size_t i = 0; i < ARRAY_SIZE(scsi_names); i++)
		if (strstr(real, scsi_names[i].mark))
			/* cppcheck-suppress returnDanglingLifetime; it is text of its own */
			return scsi_names[i].name(&s);
	return NULL;
}

/* The disk's own part; "" where its bus has one disk (virtio, eMMC). NULL: none is known. */
static char *disk_part(const struct sysroot *sr, const char *real)
{
	_cleanup_free_ char *nsid = NULL;
	struct part hctl;

	if (part_find(real, is_hctl, &hctl))
		return scsi_part(sr, real, &hctl);
	if (strstr(real, "/nvme/")) {
		nsid = sysroot_line(sr, "%s/nsid", real);
		return nsid ? xasprintf("nvme-%s", nsid) : NULL;
	}
	return strstr(real, "/virtio") || strstr(real, "/platform/") ? xstrdup("") : NULL;
}

/* The bus the machine itself has: PCI, or the device tree. */
static char *machine_part(const char *real)
{
	static const char platform[] = "/platform/";
	const char *last = NULL;
	struct part p;

	if (part_find(real, is_pci, &p))
		return xasprintf("pci-%.*s", p.len, p.from);
	for (const char *at = real; (at = strstr(at, platform)); at += strlen(platform))
		last = at + strlen(platform);
	/* of nested ones ("soc/fe340000.mmc") the nearest counts: it has an address in its name */
	for (p = (struct part){0}; last && part_next(last, &p);)
		if (memchr(p.from, '.', (size_t)p.len))
			return xasprintf("platform-%.*s", p.len, p.from);
	return NULL;
}

char *bypath_name(const struct sysroot *sr, const char *real)
{
	_cleanup_free_ char *disk = real ? disk_part(sr, real) : NULL;
	_cleanup_free_ char *machine = disk ? machine_part(real) : NULL;
	const char *dash = disk && *disk ? "-" : "", *port;
	struct part usb;

	if (!disk || (!machine && !str_starts(disk, "ip-")))
		return NULL;
	if (!machine)
		return xasprintf(FOLDER "%s", disk);
	if (!part_find(real, is_usb_interface, &usb))
		return xasprintf(FOLDER "%s%s%s", machine, dash, disk);
	port = memchr(usb.from, '-', (size_t)usb.len);
	return xasprintf(FOLDER "%s-usb-0:%.*s%s%s", machine, (int)(usb.from + usb.len - port - 1),
		port + 1, dash, disk);
}

/* A class that a SCSI host belongs to, or a mark in the path. */
static bool has_host_class(const struct sysroot *sr, const char *host, const char *class)
{
	return host && sysroot_exists(sr, "/sys/class/%s_host/%s", class, host);
}

static const char *scsi_transport(const struct sysroot *sr, const char *real, const char *host)
{
	_cleanup_free_ char *text = NULL;

	if (has_host_class(sr, host, "fc") || strstr(real, "/rport-")) {
		text = sysroot_line(sr, "/sys/class/fc_host/%s/symbolic_name", host ? host : "-");
		return text && strstr(text, " over ") ? "fcoe" : "fc";
	}
	if (has_host_class(sr, host, "sas") || strstr(real, "/end_device-"))
		return "sas";
	if (has_host_class(sr, host, "iscsi") || strstr(real, "/session"))
		return "iscsi";
	if (strstr(real, "/usb"))
		return "usb";
	if (!strstr(real, "/ata"))
		return has_host_class(sr, host, "spi") ? "spi" : NULL;
	text = sysroot_line(sr, "/sys/class/scsi_host/%s/proc_name", host ? host : "-");
	return !text || str_starts(text, "ahci") || str_starts(text, "sata") ? "sata" : "ata";
}

const char *bypath_transport(const struct sysroot *sr, const char *real)
{
	_cleanup_free_ char *host = NULL;
	struct part p;

	if (!real)
		return NULL;
	if (part_find(real, is_hctl, &p)) {
		if (part_find(real, is_host, &p))
			host = xstrndup(p.from, (size_t)p.len);
		return scsi_transport(sr, real, host);
	}
	return strstr(real, "/nvme")	       ? "nvme"
	       : strstr(real, "/block/vd")     ? "virtio"
	       : strstr(real, "/block/mmcblk") ? "mmc"
					       : NULL;
}
