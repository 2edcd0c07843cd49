/*
 * dnsmasq's configuration. It knows classes of clients only: what one machine boots is decided when
 * it fetches its script, so that dnsmasq never has to be restarted.
 */
#include "boot/settings.h"

#include <errno.h>

#include <arpa/inet.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static const char *ip4(struct in_addr a, char text[static INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &a, text, INET_ADDRSTRLEN);
}

/*
 * Client architectures (RFC 5970, option 93) and what their firmware loads by TFTP. Option 175 says
 * that iPXE asks, whichever way it got there: the ROM's iPXE and undionly.kpxe look the same, and
 * offering undionly.kpxe to both loads it for ever.
 */
static const struct {
	int arch;
	const char *pxe_service; /* dnsmasq's name of it for proxyDHCP */
	const char *tag, *file;
} classes[] = {
	{0, "X86PC", "bios", "undionly.kpxe"},
	{7, "BC_EFI", "efi64", "snponly.efi"},
	{9, "X86-64_EFI", "efi64", "snponly.efi"},
};

static void render_classes(struct buf *out)
{
	buf_puts(out, "dhcp-match=set:ipxe,175\n");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		buf_printf(out, "dhcp-match=set:%s,option:client-arch,%d\n", classes[i].tag,
			classes[i].arch);
	buf_puts(out, "dhcp-match=set:efihttp,option:client-arch,16\n");
}

static void render_range(const struct dnsmasq_setup *s, struct buf *out)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
	struct in_addr netmask = s->range.netmask.s_addr ? s->range.netmask : s->network.netmask;

	buf_printf(out, "dhcp-range=%s,%s,%s,%s\n", ip4(s->range.first, first),
		ip4(s->range.last, last), ip4(netmask, mask),
		*s->range.lease ? s->range.lease : "1h");
}

static void render_full(const struct dnsmasq_setup *s, struct buf *out)
{
	char own[INET_ADDRSTRLEN];
	const char *seen = "";

	ip4(s->network.address, own);
	buf_puts(out, "dhcp-authoritative\n"
		      "# the address is offered at once, without a ping to it before\n"
		      "no-ping\n");
	render_range(s, out);
	/* neither router nor name server: this network is for booting */
	buf_puts(out, "dhcp-option=3\ndhcp-option=6\n");
	buf_printf(out, "dhcp-hostsdir=%s\n", s->hosts_dir);
	buf_printf(out, "dhcp-boot=tag:ipxe,%s/boot.ipxe\n", s->http_url);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (!str_eq(seen, classes[i].tag))
			buf_printf(out, "dhcp-boot=tag:%s,tag:!ipxe,%s,,%s\n", classes[i].tag,
				classes[i].file, own);
		seen = classes[i].tag;
	}
	buf_printf(out,
		"dhcp-boot=tag:efihttp,tag:!ipxe,%s/file/ipxe.efi\n"
		"dhcp-option-force=tag:efihttp,tag:!ipxe,60,HTTPClient\n"
		"# iPXE option 176: no proxyDHCP server is to be waited for\n"
		"dhcp-option=tag:ipxe,encap:175,176,1b\n",
		s->http_url);
}

static void render_proxy(const struct dnsmasq_setup *s, struct buf *out)
{
	char own[INET_ADDRSTRLEN], net[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
	struct in_addr network = {s->network.address.s_addr & s->network.netmask.s_addr};

	ip4(s->network.address, own);
	buf_printf(
		out, "dhcp-range=%s,proxy,%s\n", ip4(network, net), ip4(s->network.netmask, mask));
	buf_printf(out, "dhcp-boot=tag:ipxe,%s/boot.ipxe\n", s->http_url);
	buf_puts(out, "pxe-prompt=\"Ingot\",0\n");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		buf_printf(out, "pxe-service=tag:!ipxe,%s,\"Ingot\",%s,%s\n",
			classes[i].pxe_service, classes[i].file, own);
		buf_printf(out, "pxe-service=tag:ipxe,%s,\"Ingot\",%s/boot.ipxe\n",
			classes[i].pxe_service, s->http_url);
	}
}

/* iPXE of 2019 waits 16 s for an IPv6 router that does not answer; lifetime 0: "but not through
 * me". */
static void render_ra(const struct dnsmasq_setup *s, struct buf *out)
{
	char prefix[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &s->network.prefix, prefix, sizeof(prefix));
	buf_printf(
		out, "enable-ra\ndhcp-range=%s,ra-only\nra-param=%s,10,0\n", prefix, s->interface);
}

int dnsmasq_config_render(const struct dnsmasq_setup *s, struct buf *out)
{
	if (s->dhcp == BOOT_DHCP_NONE)
		return -EINVAL;
	buf_puts(out, "# Made by ingotd at each start; changes here are lost.\n"
		      "port=0\n"
		      "no-resolv\n"
		      "no-hosts\n"
		      "bind-interfaces\n"
		      "log-dhcp\n");
	buf_printf(out, "interface=%s\nexcept-interface=lo\nuser=%s\ngroup=%s\n", s->interface,
		s->user, str_eq(s->user, "root") ? "root" : "nogroup");
	buf_printf(out, "dhcp-leasefile=%s\n", s->lease_file);
	render_classes(out);
	if (s->dhcp == BOOT_DHCP_FULL)
		render_full(s, out);
	else
		render_proxy(s, out);
	if (s->ra)
		render_ra(s, out);
	return out->overflow ? -ENOSPC : 0;
}
