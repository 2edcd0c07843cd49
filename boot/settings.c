/* Checks what the operator configured, before anything is started, and fills in the defaults. */
#include "boot/settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

#define DEFAULT_STATE_DIR     "/var/lib/ingot/boot"
#define DEFAULT_ASK_TIMEOUT_S 20
#define DEBIAN_IPXE	      "/usr/lib/ipxe"

/* Files that come with the program: beside it when built, in share/ingot when installed. */
static char *shipped_file(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash, *path;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (slash) {
		*slash = '\0';
		path = xasprintf("%s/%s", exe, name);
		if (access(path, F_OK) == 0)
			return path;
		free(path);
		path = xasprintf("%s/../share/ingot/%s", exe, name);
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return xasprintf("/usr/local/share/ingot/%s", name);
}

static int parse_addr(const char *text, struct in_addr *ret, const char *what, struct err *e)
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return 0;
	return err_set(e, EINVAL, "%s: '%s' is no IPv4 address", what, text);
}

static bool valid_lease(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (str_eq(text, "infinite"))
		return true;
	return n && n < 8 && (!text[n] || (strchr("smhdw", text[n]) && !text[n + 1]));
}

static bool valid_netmask(struct in_addr mask)
{
	uint32_t inverse = ~ntohl(mask.s_addr);

	return mask.s_addr && (inverse & (inverse + 1)) == 0;
}

int range_parse(const char *text, struct boot_range *ret, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(text);
	struct boot_range range = {0};
	char *part[4] = {0}, *save = NULL;
	int n = 0;

	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (n == 4)
			return err_set(e, EINVAL, "range: '%s' has more than four parts", text);
		part[n++] = str_trim(p);
	}
	if (n < 2)
		return err_set(e, EINVAL,
			"range: '%s' is no range; write first,last[,netmask[,lease]], as in "
			"10.0.0.100,10.0.0.200",
			text);
	if (parse_addr(part[0], &range.first, "range", e) < 0 ||
		parse_addr(part[1], &range.last, "range", e) < 0 ||
		(n > 2 && parse_addr(part[2], &range.netmask, "range: netmask", e) < 0))
		return -EINVAL;
	if (n > 2 && !valid_netmask(range.netmask))
		return err_set(e, EINVAL, "range: '%s' is no netmask", part[2]);
	if (ntohl(range.first.s_addr) > ntohl(range.last.s_addr))
		return err_set(e, EINVAL, "range: %s is above %s; swap them", part[0], part[1]);
	if (n > 2 && (range.first.s_addr ^ range.last.s_addr) & range.netmask.s_addr)
		return err_set(e, EINVAL, "range: %s and %s are in different networks of mask %s",
			part[0], part[1], part[2]);
	if (n > 3 && !valid_lease(part[3]))
		return err_set(e, EINVAL,
			"range: lease '%s' is no time; write seconds, or 90m, 1h, 2d, infinite",
			part[3]);
	if (n > 3)
		str_copy(range.lease, sizeof(range.lease), part[3]);
	*ret = range;
	return 0;
}

/* A name that can stand in a configuration file: dnsmasq's has no quoting. */
static bool plain_path(const char *path)
{
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"\\,#", *p))
			return false;
	return *path == '/';
}

static int check_interface(const struct boot_config *c, struct err *e)
{
	const char *name = c->interface;

	if (str_empty(name))
		return c->dhcp == BOOT_DHCP_NONE
			       ? 0
			       : err_set(e, EINVAL,
					 "interface: missing; name the interface whose machines "
					 "boot, e.g. interface = eno2");
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return err_set(e, EINVAL, "interface: '%s' is no interface name", name);
	if (strlen(name) >= IFNAMSIZ)
		return err_set(e, EINVAL, "interface: '%s' is longer than %d", name, IFNAMSIZ - 1);
	return 0;
}

static int check_listen(const char *text, struct err *e)
{
	const char *colon = strrchr(text, ':');
	int port;

	if (!colon || colon == text || str_to_int(colon + 1, 1, 65535, &port) < 0)
		return err_set(e, EINVAL,
			"http_listen: '%s' is not ADDRESS:PORT, as in 10.0.0.1:8080", text);
	return 0;
}

static int check(const struct boot_config *c, struct boot_range *range, struct err *e)
{
	struct in_addr addr;

	if (c->dhcp > BOOT_DHCP_FULL || c->ra > BOOT_RA_ADD)
		return err_set(e, EINVAL, "dhcp: none, proxy or full are possible");
	if (check_interface(c, e) < 0)
		return -EINVAL;
	if (!str_empty(c->address) && parse_addr(c->address, &addr, "address", e) < 0)
		return -EINVAL;
	if (c->dhcp == BOOT_DHCP_FULL && str_empty(c->range))
		return err_set(e, EINVAL,
			"range: missing; dhcp = full gives addresses, e.g. range = "
			"10.0.0.100,10.0.0.200");
	if (!str_empty(c->range) && range_parse(c->range, range, e) < 0)
		return -EINVAL;
	if (!str_empty(c->http_listen) && check_listen(c->http_listen, e) < 0)
		return -EINVAL;
	if (c->ask_timeout_s > 600)
		return err_set(e, EINVAL, "ask timeout: %u s is more than 600", c->ask_timeout_s);
	return 0;
}

static char *text_or(const char *text, const char *dflt)
{
	return xstrdup(str_empty(text) ? dflt : text);
}

static void split_archives(const char *list, struct boot_settings *s)
{
	_cleanup_free_ char *copy = xstrdup(list ? list : "");
	char *save = NULL;

	for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save)) {
		a = str_trim(a);
		if (*a && s->n_archives < BOOT_ARCHIVES_MAX)
			s->archives[s->n_archives++] = xstrdup(a);
	}
}

int settings_load(const struct boot_config *c, struct boot_settings *ret, struct err *e)
{
	struct boot_settings s = {.dhcp = c->dhcp, .ra = c->ra};
	_cleanup_free_ char *firmware = shipped_file("firmware");
	int r;

	r = check(c, &s.range, e);
	if (r < 0)
		return r;
	s.active = c->dhcp != BOOT_DHCP_NONE || !str_empty(c->interface) ||
		   !str_empty(c->address) || !str_empty(c->http_listen);
	s.interface = text_or(c->interface, "");
	s.address = text_or(c->address, "");
	s.http_listen = str_empty(c->http_listen) ? NULL : xstrdup(c->http_listen);
	s.state_dir = text_or(c->state_dir, DEFAULT_STATE_DIR);
	s.tftp_root =
		str_empty(c->tftp_root) ? xasprintf("%s/tftp", s.state_dir) : xstrdup(c->tftp_root);
	s.firmware_dirs = str_empty(c->firmware_dirs) ? xasprintf("%s:" DEBIAN_IPXE, firmware)
						      : xstrdup(c->firmware_dirs);
	s.kernel = str_empty(c->kernel) ? shipped_file("agent/vmlinuz") : xstrdup(c->kernel);
	s.ramdisk = str_empty(c->ramdisk) ? shipped_file("agent/initramfs") : xstrdup(c->ramdisk);
	s.rescue_ramdisk = str_empty(c->rescue_ramdisk) ? shipped_file("agent/initramfs-rescue")
							: xstrdup(c->rescue_ramdisk);
	if (str_empty(c->rescue_ramdisk) && access(s.rescue_ramdisk, R_OK) < 0)
		s.rescue_ramdisk[0] = '\0';
	split_archives(c->archives, &s);
	s.ask_timeout_s = c->ask_timeout_s ? c->ask_timeout_s : DEFAULT_ASK_TIMEOUT_S;
	if (!plain_path(s.state_dir) || !plain_path(s.tftp_root)) {
		r = err_set(e, EINVAL,
			"state_dir, tftp_root: '%s' and '%s' have to be absolute, without spaces "
			"and signs like \" \\ , #",
			s.state_dir, s.tftp_root);
		settings_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void settings_done(struct boot_settings *s)
{
	char **all[] = {&s->interface, &s->address, &s->http_listen, &s->state_dir, &s->tftp_root,
		&s->firmware_dirs, &s->kernel, &s->ramdisk, &s->rescue_ramdisk};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		str_replace(all[i], NULL);
	for (size_t i = 0; i < s->n_archives; i++)
		str_replace(&s->archives[i], NULL);
}
