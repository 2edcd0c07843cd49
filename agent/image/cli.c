/* "ingot-agent write": the image pipeline by hand. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/cliout.h"
#include "agent/image/drive/configdrive.h"
#include "agent/image/image.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/iso/drive.h"

#define URLS_MAX 8

static atomic_bool interrupted;

static const char usage[] =
	"usage: ingot-agent write URL DEVICE-OR-FILE [options]\n"
	"\n"
	"Writes a disk image: raw, plain or compressed with zstd, gzip, xz or bzip2, or qcow2.\n"
	"URL: http, https, file, a path, or oci://REGISTRY/REPOSITORY@sha256:DIGEST or :TAG.\n"
	"The target does not boot before the checksum matched.\n"
	"\n"
	"  --sha256 HEX|URL     checksum of the file as served, or where it is found\n"
	"  --sha512 HEX|URL\n"
	"  --md5 HEX|URL\n"
	"  --no-checksum        write without\n"
	"  --format raw|qcow2   refuse another one; found by looking when it is not given\n"
	"  --url URL            further place to get the image from, tried when the first fails\n"
	"  --config-drive FILE  ISO, base64 of its gzip, or JSON ({\"meta_data\": {}, "
	"\"user_data\":\n"
	"                       \"\", \"network_data\": {}}), for a partition labelled config-2\n"
	"  --ca-file FILE       CA certificates for https\n"
	"  --insecure           accept any certificate\n"
	"  --authorization-file FILE  holds what the Authorization header shall say\n"
	"  --size BYTES         make a target file so large\n"
	"  --bmap URL|beside    map of holes by bmaptool, or where it lies beside the image: only\n"
	"                       what it maps is fetched\n"
	"  --bmap-sum HEX|URL   checksum of the map; it takes the place of the image's\n"
	"  --connections N      for one file, by byte ranges (up to 4, when one is too slow)\n"
	"  --grow-root          the last partition, when it is Linux', gets the rest of the disk\n"
	"  --partition MIB      the image is that of a root partition, which gets so much room;\n"
	"                       with it:\n"
	"    --boot uefi|bios     what boots from the disk (bios)\n"
	"    --table gpt|msdos    the partition table (gpt for uefi, msdos for bios)\n"
	"    --swap MIB           a swap partition\n"
	"    --ephemeral MIB      a partition for data, with a file system\n"
	"    --ephemeral-format F ext4 (default), ext3, ext2 or vfat\n"
	"    --keep-ephemeral     the table and that partition stay as they are\n"
	"  --writers N          writes in flight (4)\n"
	"  --retries N          attempts without progress before giving up (10)\n"
	"  --stall SECONDS      without a byte, after which a transfer counts as cut (60)\n"
	"  --max-duration SECONDS  of the whole transfer (no limit)\n"
	"  --quiet              no progress\n"
	"  --json               the result, or the error, as one JSON object\n"
	"\n"
	"examples:\n"
	"  ingot-agent write http://images/debian.raw.zst /dev/nvme0n1 \\\n"
	"      --sha256 http://images/SHA256SUMS\n"
	"  ingot-agent write oci://quay.io/podman/machine-os:5.3 /dev/sdb\n"
	"  ingot-agent write http://images/big.raw /dev/sdb --bmap beside \\\n"
	"      --bmap-sum http://images/SHA256SUMS\n"
	"  ingot-agent write disk.qcow2 disk.raw --no-checksum --size 21474836480\n";

struct options {
	struct image_job job;
	const char *urls[URLS_MAX + 1];
	unsigned n_urls;
	const char *drive_path;
	const char *authorization_path;
	bool quiet, json;
	struct image_parts parts;
	const char *table;
};

enum {
	OPT_SHA256 = 256,
	OPT_SHA512,
	OPT_MD5,
	OPT_NONE,
	OPT_FORMAT,
	OPT_URL,
	OPT_DRIVE,
	OPT_CA,
	OPT_INSECURE,
	OPT_SIZE,
	OPT_WRITERS,
	OPT_RETRIES,
	OPT_AUTHORIZATION,
	OPT_STALL,
	OPT_MAX_DURATION,
	OPT_JSON,
	OPT_BMAP,
	OPT_BMAP_SUM,
	OPT_CONNECTIONS,
	OPT_QUIET,
	OPT_PARTITION,
	OPT_GROW_ROOT,
	OPT_BOOT,
	OPT_TABLE,
	OPT_SWAP,
	OPT_EPHEMERAL,
	OPT_EPHEMERAL_FORMAT,
	OPT_KEEP_EPHEMERAL,
	OPT_HELP
};

static const struct option long_options[] = {
	{"sha256", required_argument, NULL, OPT_SHA256},
	{"sha512", required_argument, NULL, OPT_SHA512},
	{"md5", required_argument, NULL, OPT_MD5},
	{"no-checksum", no_argument, NULL, OPT_NONE},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"url", required_argument, NULL, OPT_URL},
	{"config-drive", required_argument, NULL, OPT_DRIVE},
	{"ca-file", required_argument, NULL, OPT_CA},
	{"insecure", no_argument, NULL, OPT_INSECURE},
	{"size", required_argument, NULL, OPT_SIZE},
	{"writers", required_argument, NULL, OPT_WRITERS},
	{"connections", required_argument, NULL, OPT_CONNECTIONS},
	{"bmap", required_argument, NULL, OPT_BMAP},
	{"bmap-sum", required_argument, NULL, OPT_BMAP_SUM},
	{"authorization-file", required_argument, NULL, OPT_AUTHORIZATION},
	{"stall", required_argument, NULL, OPT_STALL},
	{"max-duration", required_argument, NULL, OPT_MAX_DURATION},
	{"json", no_argument, NULL, OPT_JSON},
	{"retries", required_argument, NULL, OPT_RETRIES},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"grow-root", no_argument, NULL, OPT_GROW_ROOT},
	{"partition", required_argument, NULL, OPT_PARTITION},
	{"boot", required_argument, NULL, OPT_BOOT},
	{"table", required_argument, NULL, OPT_TABLE},
	{"swap", required_argument, NULL, OPT_SWAP},
	{"ephemeral", required_argument, NULL, OPT_EPHEMERAL},
	{"ephemeral-format", required_argument, NULL, OPT_EPHEMERAL_FORMAT},
	{"keep-ephemeral", no_argument, NULL, OPT_KEEP_EPHEMERAL},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static int set_number(const char *text, uint64_t max, uint64_t *ret)
{
	return str_to_u64(text, 1, max, ret);
}

static int set_count(const char *text, unsigned max, unsigned *ret)
{
	uint64_t n = 0;
	int r = set_number(text, max, &n);

	*ret = (unsigned)n;
	return r;
}

static int set_part_option(struct options *o, int opt, const char *arg)
{
	struct layout_wish *wish = &o->parts.wish;

	switch (opt) {
	case OPT_PARTITION:
		return set_number(arg, UINT32_MAX, &wish->root_mib);
	case OPT_SWAP:
		return set_number(arg, UINT32_MAX, &wish->swap_mib);
	case OPT_EPHEMERAL:
		return set_number(arg, UINT32_MAX, &wish->ephemeral_mib);
	case OPT_BOOT:
		wish->uefi = str_eq(arg, "uefi");
		return wish->uefi || str_eq(arg, "bios") ? 0 : -EINVAL;
	case OPT_TABLE:
		o->table = arg;
		return str_eq(arg, "gpt") || str_eq(arg, "msdos") ? 0 : -EINVAL;
	case OPT_EPHEMERAL_FORMAT:
		o->parts.ephemeral_format = arg;
		return 0;
	case OPT_GROW_ROOT:
		o->job.grow_root = true;
		return 0;
	case OPT_KEEP_EPHEMERAL:
		o->parts.preserve_ephemeral = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int set_option(struct options *o, int opt, const char *arg)
{
	static const char *const algos[] = {"sha256", "sha512", "md5"};

	switch (opt) {
	case OPT_SHA256:
	case OPT_SHA512:
	case OPT_MD5:
		o->job.hash_algo = algos[opt - OPT_SHA256];
		o->job.hash_value = arg;
		break;
	case OPT_NONE:
		o->job.no_checksum = true;
		break;
	case OPT_FORMAT:
		o->job.disk_format = arg;
		break;
	case OPT_URL:
		if (o->n_urls == URLS_MAX)
			return -EINVAL;
		o->urls[o->n_urls++] = arg;
		break;
	case OPT_DRIVE:
		o->drive_path = arg;
		break;
	case OPT_CA:
		o->job.ca_file = arg;
		break;
	case OPT_INSECURE:
		o->job.insecure = true;
		break;
	case OPT_SIZE:
		return set_number(arg, INT64_MAX, &o->job.target_file_size);
	case OPT_WRITERS:
		return set_count(arg, 16, &o->job.writers);
	case OPT_CONNECTIONS:
		return set_count(arg, 8, &o->job.connections);
	case OPT_BMAP:
		o->job.bmap_beside = str_eq(arg, "beside");
		o->job.bmap = o->job.bmap_beside ? NULL : arg;
		break;
	case OPT_BMAP_SUM:
		o->job.bmap_hash = arg;
		break;
	case OPT_AUTHORIZATION:
		o->authorization_path = arg;
		break;
	case OPT_STALL:
		return set_count(arg, 3600, &o->job.stall_timeout_s);
	case OPT_MAX_DURATION:
		return set_count(arg, INT32_MAX, &o->job.max_duration_s);
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_RETRIES:
		return set_count(arg, 1000, &o->job.retries);
	case OPT_QUIET:
		o->quiet = true;
		break;
	default:
		return set_part_option(o, opt, arg);
	}
	return 0;
}

/* 0 go on; 1 help was asked; negative: wrong usage. */
static int parse(struct options *o, int argc, char **argv)
{
	int opt;

	o->n_urls = 1; /* the first place is the positional URL's */
	optind = 1;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == OPT_HELP)
			return 1;
		if (set_option(o, opt, optarg) < 0) {
			if (opt != '?')
				fprintf(stderr, "ingot-agent write: wrong value \"%s\"\n", optarg);
			return -EINVAL;
		}
	}
	if (argc - optind != 2)
		return -EINVAL;
	o->urls[0] = argv[optind];
	o->parts.wish.gpt = o->table ? str_eq(o->table, "gpt") : o->parts.wish.uefi;
	if (o->parts.wish.root_mib)
		o->job.parts = &o->parts;
	o->job.urls = o->urls;
	o->job.target = argv[optind + 1];
	return 0;
}

static void on_signal(int sig)
{
	atomic_store(&interrupted, true);
}

/* A file that begins as a JSON object becomes the ISO of it; *data is replaced. */
static int drive_from_json(char **data, size_t *len, struct err *e)
{
	_cleanup_json_ json_t *drive = NULL;
	struct buf iso = BUF_INIT(CONFIGDRIVE_MAX);
	int r;

	if ((*data)[strspn(*data, " \t\r\n")] != '{')
		return 0;
	r = json_parse(*data, *len, JSON_DEPTH_MAX, &drive, e);
	if (r == 0)
		r = drive_check(drive, e);
	if (r == 0)
		r = drive_write(drive, &iso, e);
	if (r == 0) {
		free(*data);
		*len = iso.len;
		*data = buf_take(&iso);
	}
	buf_done(&iso);
	return r < 0 ? err_prefix(e, "config drive") : 0;
}

/* Reads what the options name as files; both are the caller's to free. */
static int read_files(struct options *o, char **ret_drive, char **ret_authorization, struct err *e)
{
	int r = 0;

	if (o->drive_path)
		r = fs_read(o->drive_path, 96 * 1024 * 1024, ret_drive, &o->job.configdrive_len, e);
	if (r == 0 && o->drive_path)
		r = drive_from_json(ret_drive, &o->job.configdrive_len, e);
	if (r == 0 && o->authorization_path)
		r = fs_read(o->authorization_path, 65536, ret_authorization, NULL, e);
	o->job.configdrive_data = *ret_drive;
	o->job.authorization = *ret_authorization ? str_trim(*ret_authorization) : NULL;
	return r;
}

static int run(struct options *o)
{
	struct sigaction sa = {.sa_handler = on_signal};
	_cleanup_free_ char *drive = NULL, *authorization = NULL;
	struct image_result res = {0};
	struct err e = {0};
	int64_t shown_ms = -1000;
	int r = read_files(o, &drive, &authorization, &e);

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (r == 0)
		r = image_write(&o->job, o->quiet ? NULL : cliout_progress, &shown_ms, &interrupted,
			&res, &e);
	if (o->json)
		cliout_json(&res, r < 0 ? &e : NULL);
	else if (r < 0)
		fprintf(stderr, "ingot-agent: %s\n", e.text);
	else
		cliout_text(&res);
	return r < 0;
}

int image_cli_write(int argc, char **argv)
{
	struct options o = {0};
	int r = parse(&o, argc, argv);

	if (r == 0)
		return run(&o);
	fputs(usage, r > 0 ? stdout : stderr);
	return r > 0 ? 0 : 2;
}
