/* Rack files: what is read, what is filled in, and that each mistake names its line. */
#include "tests/unit/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "tests/vrack/rackfile.h"

#define BMC "bmc_address=10.0.0.9\nbmc_user=u\nbmc_password=p\n"

static struct rack *parse(const char *text, struct err *e)
{
	struct rack *rack = NULL;

	*e = (struct err){0};
	rack_parse(text, strlen(text), "x.rack", &rack, e);
	return rack;
}

static void test_everything_said(void)
{
	struct err e;
	struct rack *r =
		parse("; comment\n"
		      "[rack]\nname = lab-1\n"
		      "[network]\nbridge = prov0\nsubnet = 192.168.4.0/22\nhost = 192.168.5.7\n"
		      "ipv6 = fd12:3456::/64\n"
		      "[defaults]\nmemory = 2G\nbmc_user = root\nbmc_password = calvin\n"
		      "disk = ahci size=1G\n"
		      "[machine a1]\nfirmware = uefi\ncpus = 4\ncpu = max\nboot = disk,network\n"
		      "disk = nvme size=8G serial=S1 block=4096\ndisk = scsi size=512M\n"
		      "disk = megasas size=1G block=512e rotational=yes\n"
		      "disk = ahci size=1G rotational=no\ntpm = crb\nbmc_mac = 52:54:00:BB:00:01\n"
		      "nic = e1000e mac=52:54:00:AA:00:01 rom=no\nnic = virtio\n"
		      "bmc = ipmi\nbmc_address = 192.168.4.200\nbmc_port = 1623\nbmc_suites = 17\n"
		      "manufacturer = Dell, Inc.\nproduct = R650\nserial = SVC1\nasset = A 7\n"
		      "uuid = 0B3A1E9C-0000-4000-8000-00000000ABCD\nkcs = no\n"
		      "[machine a2]\nbmc_address = fd12:3456::2\n",
			&e);
	const struct rack_machine *m;

	if (!ok(r != NULL, "a full rack file is read"))
		return;
	m = &r->machines[0];
	is_str(r->name, "lab-1", "rack name");
	is_str(r->net.bridge, "prov0", "bridge");
	is_int(ntohl(r->net.subnet.s_addr), 0xc0a80400, "subnet");
	is_int(ntohl(r->net.host.s_addr), 0xc0a80507, "host");
	is_int(r->net.host_ipv6.s6_addr[15], 1, "the host is ::1 of the prefix");
	is_int(r->n_machines, 2, "machines");
	is_str(m->name, "a1", "name");
	is_int(m->firmware, RACK_UEFI, "firmware");
	is_int(m->memory_mb, 2048, "memory of the defaults");
	is_int(m->cpus, 4, "cpus");
	is_int(m->boot[0], RACK_BOOT_DISK, "disk is first");
	is_int(m->n_disks, 4, "own disks replace those of the defaults");
	is_int(m->disks[0].bus, RACK_NVME, "first disk's bus");
	is_int(m->disks[0].size_bytes, 8589934592, "first disk's size");
	is_int(m->disks[0].block_size_bytes, 4096, "first disk's blocks");
	is_int(m->disks[0].physical_size_bytes, 4096, "inside and outside");
	is_str(m->disks[0].serial, "S1", "first disk's serial");
	is_int(m->disks[1].size_bytes, 536870912, "second disk's size");
	is_int(m->disks[1].rotation_rate, 0, "which does not say whether it spins");
	is_int(m->disks[2].bus, RACK_MEGASAS, "third disk's bus");
	is_int(m->disks[2].block_size_bytes, 512, "512e: 512 bytes outside");
	is_int(m->disks[2].physical_size_bytes, 4096, "and 4096 inside");
	ok(m->disks[2].rotation_rate > 1, "a disk that spins");
	is_int(m->disks[3].rotation_rate, 1, "1 stands for flash (ACS-4, word 217)");
	is_int(m->tpm, RACK_TPM_CRB, "TPM");
	is_str(m->bmc.mac, "52:54:00:bb:00:01", "the BMC's MAC");
	is_str(rack_boot_mac(m), m->nics[1].mac, "the NIC without a ROM does not boot");
	is_str(m->nics[0].mac, "52:54:00:aa:00:01", "MAC in lower case");
	ok(!m->nics[0].rom && m->nics[1].rom, "boot ROMs");
	is_str(m->bmc.user, "root", "user of the defaults");
	is_int(m->bmc.port, 1623, "BMC port");
	is_int(m->bmc.suites, 1 << 17, "cipher suite 17 only");
	is_str(m->smbios.manufacturer, "Dell, Inc.", "manufacturer with a comma");
	is_str(m->smbios.uuid, "0b3a1e9c-0000-4000-8000-00000000abcd", "UUID");
	ok(!m->kcs && r->machines[1].kcs, "kcs");
	is_int(r->machines[1].disks[0].bus, RACK_AHCI, "the other machine has the defaults' disk");
	ok(rack_find(r, "a2") == &r->machines[1] && !rack_find(r, "a3"), "machines by name");
	rack_free(r);
}

static void test_filled_in(void)
{
	static const char text[] = "[machine a]\n" BMC "[machine b]\nbmc_address=10.0.0.8\n"
				   "bmc_user=u\nbmc_password=p\n";
	struct err e;
	struct rack *r = parse(text, &e), *again = parse(text, &e);

	if (!ok(r && again, "little is needed: %s", e.text))
		return;
	is_int(ntohl(r->net.host.s_addr), 0x0a4d0001, "host is the first address");
	is_int(r->machines[0].firmware, RACK_BIOS, "BIOS by default");
	is_int(r->machines[0].boot[0], RACK_BOOT_NETWORK, "a new server tries the network first");
	is_int(r->machines[0].bmc.port, 623, "IPMI's port");
	is_int(r->machines[0].bmc.suites, 1 << 3 | 1 << 17, "both cipher suites");
	ok(!strncmp(r->machines[0].nics[0].mac, "52:54:00:", 9), "a local MAC address");
	is_str(r->machines[0].nics[0].mac, again->machines[0].nics[0].mac, "always the same MAC");
	ok(strcmp(r->machines[0].nics[0].mac, r->machines[1].nics[0].mac) != 0, "not twice");
	ok(!strncmp(r->machines[0].bmc.mac, "52:54:00:", 9) &&
			strcmp(r->machines[0].bmc.mac, r->machines[0].nics[0].mac) != 0,
		"the BMC has its own");
	is_int(r->machines[0].tpm, RACK_TPM_NONE, "no TPM");
	is_int(r->machines[0].smbios.uuid[14], '5', "UUID version 5");
	ok(strcmp(r->machines[0].smbios.serial, r->machines[1].smbios.serial) != 0, "own serials");
	rack_free(r);
	rack_free(again);
}

static void test_mistakes(void)
{
	static const struct {
		const char *text, *where, *what;
	} t[] = {
		{"", "x.rack: ", "no [machine NAME] section"},
		{"name = x\n", "x.rack:1: ", "before the first section"},
		{"[rack]\n\nnme = x\n", "x.rack:3: ", "'nme' is not known"},
		{"[rack]\nname = a/b\n", "x.rack:2: ", "is no name"},
		{"[rakc]\n", "x.rack:1: ", "[rakc] is not known"},
		{"[rack\n", "x.rack:1: ", "without ']'"},
		{"[rack]\nname\n", "x.rack:2: ", "neither"},
		{"[network]\nsubnet = 10.0.0.1/24\n", "x.rack:2: ", "behind its prefix"},
		{"[network]\nsubnet = 10.0.0.0\n", "x.rack:2: ", "ADDRESS/PREFIX"},
		{"[network]\nsubnet = 10.0.0.0/31\n", "x.rack:2: ", "8 to 30"},
		{"[network]\nhost = 10.1.0.1\n[machine a]\n" BMC, "x.rack: ", "host is no address"},
		{"[network]\nipv6 = 2001:db8::/64\n", "x.rack:2: ", "unique local"},
		{"[machine a]\n[machine a]\n", "x.rack:2: ", "there already"},
		{"[machine ../a]\n", "x.rack:1: ", "is no name"},
		{"[machine a]\nfirmware = efi\n", "x.rack:2: ", "bios, uefi"},
		{"[machine a]\nmemory = 32M\n", "x.rack:2: ", "less than 64M"},
		{"[machine a]\nmemory = much\n", "x.rack:2: ", "no size"},
		{"[machine a]\ncpus = 0\n", "x.rack:2: ", "1 to 64"},
		{"[machine a]\nboot = disk,disk\n", "x.rack:2: ", "comes twice"},
		{"[machine a]\nboot = cdrom\n", "x.rack:2: ", "network, disk"},
		{"[machine a]\ndisk = ide size=1G\n", "x.rack:2: ", "ahci, scsi, megasas"},
		{"[machine a]\ndisk = nvme\n", "x.rack:2: ", "needs a size"},
		{"[machine a]\ndisk = nvme size=1G turbo=1\n", "x.rack:2: ", "'turbo'"},
		{"[machine a]\ndisk = nvme size\n", "x.rack:2: ", "key=value"},
		{"[machine a]\ndisk = ahci size=1G block=4096\n", "x.rack:2: ", "512 bytes only"},
		{"[machine a]\ndisk = nvme size=1G serial=012345678901234567890\n",
			"x.rack:2: ", "longer than 20"},
		{"[machine a]\ndisk = nvme size=1G block=1024\n", "x.rack:2: ", "512e, 4096"},
		{"[machine a]\ndisk = nvme size=1G rotational=yes\n", "x.rack:2: ", "rotational"},
		{"[machine a]\ndisk = scsi size=1G rotational=7200\n", "x.rack:2: ", "yes nor no"},
		{"[machine a]\ntpm = yes\n", "x.rack:2: ", "no, tis, crb"},
		{"[defaults]\nbmc_mac = 52:54:00:00:00:01\n", "x.rack:2: ", "one machine"},
		{"[machine a]\nnic = virtio mac=52:54:00:00:00\n", "x.rack:2: ", "no MAC"},
		{"[machine a]\nnic = virtio mac=01:00:5e:00:00:01\n", "x.rack:2: ", "multicast"},
		{"[machine a]\nbmc = redfish\n", "x.rack:2: ", "use one of ipmi"},
		{"[machine a]\nbmc_address = here\n", "x.rack:2: ", "no IP address"},
		{"[machine a]\nbmc_suites = 3,8\n", "x.rack:2: ", "'8'"},
		{"[machine a]\nbmc_password = 123456789012345678901\n", "x.rack:2: ", "20 char"},
		{"[machine a]\nbmc_password_file = gone\n", "x.rack:2: ", "gone"},
		{"[machine a]\nuuid = 1\n", "x.rack:2: ", "no UUID"},
		{"[machine a]\n[machine b]\n" BMC, "x.rack:1: ", "no bmc_address"},
		{"[machine a]\nbmc_address = 10.0.0.9\n", "x.rack:1: ", "bmc_password"},
		{"[machine a]\n" BMC "[machine b]\n" BMC, "x.rack:5: ", "BMC address"},
		{"[machine a]\nnic=virtio mac=52:54:00:00:00:01\nnic=virtio "
		 "mac=52:54:00:00:00:01\n" BMC,
			"x.rack:1: ", "used twice"},
		{"[machine a]\ndisk=nvme size=1G serial=A\ndisk=nvme size=1G serial=A\n" BMC,
			"x.rack:1: ", "one serial"},
		{"[defaults]\nbmc_address = 10.0.0.1\n", "x.rack:2: ", "belongs to one machine"},
		{"[machine a]\n" BMC "[defaults]\n", "x.rack:5: ", "before the first machine"},
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct rack *r = parse(t[i].text, &e);

		ok(!r && !strncmp(e.text, t[i].where, strlen(t[i].where)) &&
				strstr(e.text, t[i].what),
			"mistake %zu (%s) is refused: %s", i, t[i].what, e.text);
		rack_free(r);
	}
}

static void test_long_lines(void)
{
	char text[512] = "[rack]\n; ";
	struct err e;
	struct rack *r;

	memset(text + strlen(text), 'x', 300);
	r = parse(text, &e);
	ok(!r && strstr(e.text, "x.rack:2: longer than"), "a long line is refused, not cut: %s",
		e.text);
	rack_free(r);
}

static void test_password_file(void)
{
	char dir[] = "/tmp/vrack-test-XXXXXX", path[64], rackfile[64];
	struct rack *r = NULL;
	struct err e = {0};
	FILE *f;

	if (!ok(mkdtemp(dir) != NULL, "a scratch folder"))
		return;
	snprintf(path, sizeof(path), "%s/secret", dir);
	snprintf(rackfile, sizeof(rackfile), "%s/r.rack", dir);
	f = fopen(path, "w");
	fputs("s3cret word\n", f);
	fclose(f);
	f = fopen(rackfile, "w");
	fputs("[machine a]\nbmc_address=10.0.0.9\nbmc_user=u\nbmc_password_file=secret\n", f);
	fclose(f);
	ok(rack_load(rackfile, &r, &e) == 0, "a password file beside the rack file: %s", e.text);
	is_str(r ? r->machines[0].bmc.password : NULL, "s3cret word", "its line without its end");
	rack_free(r);
	unlink(path);
	unlink(rackfile);
	rmdir(dir);
}

int main(void)
{
	test_everything_said();
	test_filled_in();
	test_mistakes();
	test_long_lines();
	test_password_file();
	return done_testing();
}
