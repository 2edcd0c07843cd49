/* Parsers of single values of a rack file; see rackvalue.h. They know neither file nor line. */
#include "tests/vrack/rackvalue.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define VALUE_MAX     256
#define SPINNING_RATE 7200

static const struct {
	const char *name, *qemu;
} nic_models[] = {
	{"virtio", "virtio-net-pci"},
	{"e1000", "e1000"},
	{"e1000e", "e1000e"},
	{"rtl8139", "rtl8139"},
	{"vmxnet3", "vmxnet3"},
};

int rackvalue_choice(
	const char *text, const char *const *names, unsigned n, unsigned *ret, struct err *e)
{
	struct buf all = BUF_INIT(VALUE_MAX);

	for (unsigned i = 0; i < n; i++) {
		if (str_eq(text, names[i])) {
			*ret = i;
			buf_done(&all);
			return 0;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	err_set(e, EINVAL, "'%s' is not known; use one of %s", text, buf_str(&all));
	buf_done(&all);
	return -EINVAL;
}

int rackvalue_size(const char *text, uint64_t max_bytes, uint64_t *ret_bytes, struct err *e)
{
	static const char units[] = "KMGT";
	char digits[24];
	size_t n = strlen(text);
	unsigned shift = 0;
	const char *unit;
	uint64_t v;

	unit = n ? strchr(units, toupper((unsigned char)text[n - 1])) : NULL;
	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		n--;
	}
	if (n == 0 || n >= sizeof(digits))
		return err_set(e, EINVAL, "'%s' is no size; write it like 512M or 20G", text);
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (str_to_u64(digits, 1, max_bytes >> shift, &v) < 0)
		return err_set(e, EINVAL, "'%s' is no size from 1 to %llu MiB; write it like 20G",
			text, (unsigned long long)(max_bytes >> 20));
	*ret_bytes = v << shift;
	return 0;
}

int rackvalue_uint(const char *text, unsigned min, unsigned max, unsigned *ret, struct err *e)
{
	uint64_t v;

	if (str_to_u64(text, min, max, &v) < 0)
		return err_set(e, EINVAL, "'%s' is no number from %u to %u", text, min, max);
	*ret = (unsigned)v;
	return 0;
}

int rackvalue_bool(const char *text, bool *ret, struct err *e)
{
	if (str_to_bool(text, ret) < 0)
		return err_set(e, EINVAL, "'%s' is neither yes nor no", text);
	return 0;
}

int rackvalue_text(const char *text, char *dst, size_t size, struct err *e)
{
	for (const char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return err_set(e, EINVAL, "only printable ASCII is possible here");
	if (strlen(text) >= size)
		return err_set(e, EINVAL, "longer than %zu characters", size - 1);
	strcpy(dst, text);
	return 0;
}

int rackvalue_name(const char *text, char *dst, size_t size, struct err *e)
{
	bool good = isalnum((unsigned char)text[0]);

	for (const char *p = text; *p && good; p++)
		good = isalnum((unsigned char)*p) || strchr("._-", *p);
	if (!good)
		return err_set(
			e, EINVAL, "'%s' is no name; use letters, digits, '.', '_' and '-'", text);
	return rackvalue_text(text, dst, size, e);
}

int rackvalue_mac(const char *text, char dst[static 18], struct err *e)
{
	bool good = strlen(text) == 17;

	for (int i = 0; i < 17 && good; i++)
		good = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]) != 0;
	if (!good)
		return err_set(
			e, EINVAL, "'%s' is no MAC address; write it like 52:54:00:12:34:56", text);
	for (int i = 0; i < 18; i++)
		dst[i] = (char)tolower((unsigned char)text[i]);
	/* the lowest bit of the first byte marks a group address */
	if (strchr("13579bdf", dst[1]))
		return err_set(e, EINVAL, "'%s' is a multicast address", text);
	return 0;
}

int rackvalue_boot(const char *text, struct rack_machine *m, struct err *e)
{
	char copy[VALUE_MAX], *save = NULL;
	enum rack_boot boot[RACK_BOOT_COUNT];
	unsigned n = 0, which;

	if (!str_copy(copy, sizeof(copy), text))
		return err_set(e, EINVAL, "too long");
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (rackvalue_choice(str_trim(w), rack_boot_names, RACK_BOOT_COUNT, &which, e) < 0)
			return -EINVAL;
		for (unsigned i = 0; i < n; i++)
			if (boot[i] == which)
				return err_set(
					e, EINVAL, "'%s' comes twice", rack_boot_names[which]);
		boot[n++] = which;
	}
	if (n == 0)
		return err_set(e, EINVAL, "no boot device; write network,disk");
	memcpy(m->boot, boot, sizeof(boot));
	m->n_boot = n;
	return 0;
}

/* A list of words: the first one stands alone, the others are key=value. */
struct words {
	char copy[VALUE_MAX];
	char *save;
};

static int words_start(struct words *w, const char *text, char **ret_first, struct err *e)
{
	if (!str_copy(w->copy, sizeof(w->copy), text))
		return err_set(e, EINVAL, "too long");
	*ret_first = strtok_r(w->copy, " \t", &w->save);
	if (!*ret_first)
		return err_set(e, EINVAL, "empty value");
	return 0;
}

/* 1 with a pair, 0 at the end, or -EINVAL. */
static int words_pair(struct words *w, char **ret_key, char **ret_value, struct err *e)
{
	char *word = strtok_r(NULL, " \t", &w->save), *eq;

	if (!word)
		return 0;
	eq = strchr(word, '=');
	if (!eq || eq == word)
		return err_set(e, EINVAL, "'%s' is not of the form key=value", word);
	*eq = '\0';
	*ret_key = word;
	*ret_value = eq + 1;
	return 1;
}

/* "512e" is what most large disks are: sectors of 4096 bytes inside, of 512 to the outside. */
static int disk_block(struct rack_disk *d, const char *value, struct err *e)
{
	static const struct {
		const char *name;
		unsigned logical, physical;
	} kinds[] = {{"512", 512, 512}, {"512e", 512, 4096}, {"4096", 4096, 4096}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!str_eq(value, kinds[i].name))
			continue;
		d->block_size_bytes = kinds[i].logical;
		d->physical_size_bytes = kinds[i].physical;
		return 0;
	}
	return err_set(e, EINVAL, "block size '%s' is none of 512, 512e, 4096", value);
}

static int disk_pair(struct rack_disk *d, const char *key, const char *value, struct err *e)
{
	bool spins;

	if (str_eq(key, "size"))
		return rackvalue_size(value, 64ull << 40, &d->size_bytes, e);
	if (str_eq(key, "serial"))
		return rackvalue_name(value, d->serial, sizeof(d->serial), e);
	if (str_eq(key, "block"))
		return disk_block(d, value, e);
	if (str_eq(key, "bad"))
		return rackvalue_size(value, 64ull << 40, &d->bad_byte, e);
	if (str_eq(key, "rotational")) {
		if (rackvalue_bool(value, &spins, e) < 0)
			return -EINVAL;
		d->rotation_rate = spins ? SPINNING_RATE : 1;
		return 0;
	}
	return err_set(
		e, EINVAL, "'%s' is not known; use size, serial, block, rotational, bad", key);
}

/* What QEMU's disks of that kind can not be. */
static int disk_check(const struct rack_disk *d, struct err *e)
{
	if (d->size_bytes == 0 || d->size_bytes % 4096)
		return err_set(
			e, EINVAL, "a disk needs a size that 4096 divides, such as size=20G");
	if (d->bad_byte >= d->size_bytes)
		return err_set(e, EINVAL, "the bad byte lies beyond the disk");
	if (d->bus == RACK_AHCI && d->block_size_bytes != 512)
		return err_set(e, EINVAL, "an ahci disk has blocks of 512 bytes only, or 512e");
	if (d->rotation_rate && (d->bus == RACK_VIRTIO || d->bus == RACK_NVME))
		return err_set(e, EINVAL, "a %s disk can not tell whether it is rotational",
			rack_bus_names[d->bus]);
	return 0;
}

int rackvalue_disk(const char *text, struct rack_disk *ret, struct err *e)
{
	struct rack_disk d = {.block_size_bytes = 512, .physical_size_bytes = 512};
	struct words w = {0};
	char *first, *key, *value;
	unsigned bus;
	int r;

	if (words_start(&w, text, &first, e) < 0 ||
		rackvalue_choice(first, rack_bus_names, RACK_BUS_COUNT, &bus, e) < 0)
		return -EINVAL;
	d.bus = bus;
	while ((r = words_pair(&w, &key, &value, e)) > 0)
		if (disk_pair(&d, key, value, e) < 0)
			return -EINVAL;
	if (r == 0)
		r = disk_check(&d, e);
	if (r < 0)
		return r;
	*ret = d;
	return 0;
}

static int nic_pair(struct rack_nic *n, const char *key, const char *value, struct err *e)
{
	if (str_eq(key, "mac"))
		return rackvalue_mac(value, n->mac, e);
	if (str_eq(key, "rom"))
		return rackvalue_bool(value, &n->rom, e);
	return err_set(e, EINVAL, "'%s' is not known; use mac, rom", key);
}

int rackvalue_nic(const char *text, struct rack_nic *ret, struct err *e)
{
	const char *names[ARRAY_SIZE(nic_models)];
	struct rack_nic n = {.rom = true};
	struct words w = {0};
	char *first, *key, *value;
	unsigned model;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(nic_models); i++)
		names[i] = nic_models[i].name;
	if (words_start(&w, text, &first, e) < 0 ||
		rackvalue_choice(first, names, ARRAY_SIZE(names), &model, e) < 0)
		return -EINVAL;
	strcpy(n.model, nic_models[model].qemu);
	while ((r = words_pair(&w, &key, &value, e)) > 0)
		if (nic_pair(&n, key, value, e) < 0)
			return -EINVAL;
	if (r < 0)
		return r;
	*ret = n;
	return 0;
}

int rackvalue_suites(const char *text, unsigned *ret, struct err *e)
{
	char copy[VALUE_MAX], *save = NULL;
	unsigned suites = 0;

	if (!str_copy(copy, sizeof(copy), text))
		return err_set(e, EINVAL, "too long");
	for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		if (!str_eq(w, "3") && !str_eq(w, "17"))
			return err_set(e, EINVAL, "cipher suite '%s' is neither 3 nor 17", w);
		suites |= 1u << (w[0] == '3' ? 3 : 17);
	}
	if (!suites)
		return err_set(e, EINVAL, "no cipher suite; write 3,17");
	*ret = suites;
	return 0;
}

/* Splits "ADDRESS/PREFIX". */
static int split_prefix(const char *text, char *address, size_t size, unsigned min, unsigned max,
	unsigned *ret_prefix, struct err *e)
{
	const char *slash = strchr(text, '/');

	if (!slash || (size_t)(slash - text) >= size)
		return err_set(e, EINVAL, "'%s' is not of the form ADDRESS/PREFIX", text);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	return rackvalue_uint(slash + 1, min, max, ret_prefix, e);
}

int rackvalue_subnet(const char *text, struct rack_network *net, struct err *e)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr a;
	unsigned prefix;

	if (split_prefix(text, address, sizeof(address), 8, 30, &prefix, e) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, address, &a) != 1)
		return err_set(e, EINVAL, "'%s' is no IPv4 address", address);
	if (ntohl(a.s_addr) & (0xffffffffu >> prefix))
		return err_set(e, EINVAL, "'%s' has bits set behind its prefix", text);
	net->subnet = a;
	net->prefix = prefix;
	return 0;
}

int rackvalue_prefix6(const char *text, struct rack_network *net, struct err *e)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr a;
	unsigned prefix;

	if (split_prefix(text, address, sizeof(address), 64, 64, &prefix, e) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET6, address, &a) != 1)
		return err_set(e, EINVAL, "'%s' is no IPv6 address", address);
	if ((a.s6_addr[0] & 0xfe) != 0xfc)
		return err_set(
			e, EINVAL, "'%s' is not in fc00::/7, the unique local addresses", address);
	for (int i = 8; i < 16; i++)
		if (a.s6_addr[i])
			return err_set(e, EINVAL, "'%s' has bits set behind its prefix", text);
	net->ipv6 = net->host_ipv6 = a;
	net->host_ipv6.s6_addr[15] = 1;
	net->prefix_ipv6 = prefix;
	net->has_ipv6 = true;
	return 0;
}
