/* A device path as text: UEFI specification 2.10, table 10-64 "Device Node Table". */
#include "agent/nvram/loadopt.h"
#include "agent/nvram/utf16.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>

#define NODE_HEAD 4
#define BYTES_MAX 64 /* of a node that is not known */
#define EISA_PNP  0x41d0
#define PNP_PCI	  0x0a03
#define PNP_PCIE  0x0a08

static void put_guid(struct buf *out, const uint8_t *g)
{
	buf_printf(out, "%08x-%04x-%04x-%02x%02x-", get_le32(g), get_le16(g + 4), get_le16(g + 6),
		g[8], g[9]);
	for (int i = 10; i < 16; i++)
		buf_printf(out, "%02x", g[i]);
}

static void put_hex(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && i < BYTES_MAX; i++)
		buf_printf(out, "%02x", p[i]);
}

static void put_pci(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "Pci(0x%x,0x%x)", p[1], p[0]);
}

static void put_acpi(struct buf *out, const uint8_t *p, size_t n)
{
	unsigned id = get_le16(p + 2), uid = get_le32(p + 4);

	if (get_le16(p) == EISA_PNP && id == PNP_PCI)
		buf_printf(out, "PciRoot(0x%x)", uid);
	else if (get_le16(p) == EISA_PNP && id == PNP_PCIE)
		buf_printf(out, "PcieRoot(0x%x)", uid);
	else
		buf_printf(out, "Acpi(0x%08x,0x%x)", get_le32(p), uid);
}

static void put_vendor(struct buf *out, const uint8_t *p, size_t n)
{
	put_guid(out, p);
	if (n > 16)
		buf_puts(out, ",");
	put_hex(out, p + 16, n - 16);
}

static void put_ven_hw(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "VenHw(");
	put_vendor(out, p, n);
	buf_puts(out, ")");
}

static void put_ven_msg(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "VenMsg(");
	put_vendor(out, p, n);
	buf_puts(out, ")");
}

static void put_scsi(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "SCSI(%u,%u)", get_le16(p), get_le16(p + 2));
}

static void put_usb(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "USB(%u,%u)", p[0], p[1]);
}

static void put_mac(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "MAC(");
	put_hex(out, p, p[32] <= 1 ? 6 : 32);
	buf_printf(out, ",%u)", p[32]);
}

static void put_ipv4(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "IPv4(%u.%u.%u.%u)", p[4], p[5], p[6], p[7]);
}

static void put_ipv6(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "IPv6(");
	put_hex(out, p + 16, 16);
	buf_puts(out, ")");
}

static void put_sata(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "Sata(%u,%u,%u)", get_le16(p), get_le16(p + 2), get_le16(p + 4));
}

static void put_nvme(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "NVMe(0x%x,", get_le32(p));
	for (int i = 11; i >= 4; i--)
		buf_printf(out, "%02X%s", p[i], i > 4 ? "-" : ")");
}

static void put_uri(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "Uri(");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%c", p[i] > ' ' && p[i] < 0x7f ? p[i] : '?');
	buf_puts(out, ")");
}

static void put_hd(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "HD(%u,", get_le32(p));
	if (p[37] == 2) {
		buf_puts(out, "GPT,");
		put_guid(out, p + 20);
	} else if (p[37] == 1) {
		buf_printf(out, "MBR,0x%08x", get_le32(p + 20));
	} else {
		buf_printf(out, "%u,0", p[37]);
	}
	buf_printf(out, ",0x%llx,0x%llx)", (unsigned long long)get_le64(p + 4),
		(unsigned long long)get_le64(p + 12));
}

static void put_cdrom(struct buf *out, const uint8_t *p, size_t n)
{
	buf_printf(out, "CDROM(0x%x,0x%llx,0x%llx)", get_le32(p),
		(unsigned long long)get_le64(p + 4), (unsigned long long)get_le64(p + 12));
}

static void put_file(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "File(");
	utf16_decode(p, n / 2, out);
	buf_puts(out, ")");
}

static void put_fv_file(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "FvFile(");
	put_guid(out, p);
	buf_puts(out, ")");
}

static void put_fv(struct buf *out, const uint8_t *p, size_t n)
{
	buf_puts(out, "FvVol(");
	put_guid(out, p);
	buf_puts(out, ")");
}

static void put_bbs(struct buf *out, const uint8_t *p, size_t n)
{
	static const char *const types[] = {
		"?", "Floppy", "HD", "CDROM", "PCMCIA", "USB", "Network"};
	unsigned type = get_le16(p);

	buf_printf(out, "BBS(%s,", type < ARRAY_SIZE(types) ? types[type] : "?");
	for (size_t i = 4; i < n && p[i]; i++)
		buf_printf(out, "%c", p[i] >= ' ' && p[i] < 0x7f ? p[i] : '?');
	buf_puts(out, ")");
}

/* `min`: bytes behind the node's head that the function looks at. */
static const struct {
	uint8_t type, subtype;
	size_t min;
	void (*put)(struct buf *out, const uint8_t *p, size_t n);
} kinds[] = {
	{1, 1, 2, put_pci},
	{1, 4, 16, put_ven_hw},
	{2, 1, 8, put_acpi},
	{3, 2, 4, put_scsi},
	{3, 5, 2, put_usb},
	{3, 10, 16, put_ven_msg},
	{3, 11, 33, put_mac},
	{3, 12, 15, put_ipv4},
	{3, 13, 32, put_ipv6},
	{3, 18, 6, put_sata},
	{3, 23, 12, put_nvme},
	{3, 24, 0, put_uri},
	{4, 1, 38, put_hd},
	{4, 2, 20, put_cdrom},
	{4, 4, 0, put_file},
	{4, 6, 16, put_fv_file},
	{4, 7, 16, put_fv},
	{5, 1, 4, put_bbs},
};

static void put_node(struct buf *out, const uint8_t *node, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].type != node[0] || kinds[i].subtype != node[1] ||
			len - NODE_HEAD < kinds[i].min)
			continue;
		kinds[i].put(out, node + NODE_HEAD, len - NODE_HEAD);
		return;
	}
	buf_printf(out, "Path(%u,%u,", node[0], node[1]);
	put_hex(out, node + NODE_HEAD, len - NODE_HEAD);
	buf_puts(out, ")");
}

void loadopt_path_text(const uint8_t *data, size_t len, struct buf *out)
{
	const uint8_t *node;
	struct loadopt_parts p;
	size_t at = 0, n;

	if (loadopt_split(data, len, &p, NULL) < 0)
		return;
	while ((node = loadopt_next_node(p.path, p.path_len, &at, &n))) {
		if (node != p.path)
			buf_puts(out, "/");
		put_node(out, node, n);
	}
}
