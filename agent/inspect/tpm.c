/*
 * The machine's TPM as the kernel shows it (Documentation/ABI/stable/sysfs-class-tpm), and its
 * registers asked from itself where the kernel does not show them.
 */
#include "agent/inspect/inventory.h"
#include "agent/inspect/tpm2.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TPM	  "/sys/class/tpm/tpm0"
#define DEVICE	  "/dev/tpmrm0"
#define EVENT_LOG "/sys/kernel/security/tpm0/binary_bios_measurements"
#define LOG_MAX	  (16u * 1024 * 1024)
#define BANK_MARK "pcr-"
#define ANSWER_MS 2000
#define ALL_PCRS  ((1u << TPM2_PCRS) - 1)

/* One file per register: pcr-sha256/0. */
static json_t *bank_shown(const struct sysroot *sr, const char *bank)
{
	json_t *values = json_object();
	char number[12];

	for (int i = 0; i < TPM2_PCRS; i++) {
		_cleanup_free_ char *hex = sysroot_line(sr, TPM "/" BANK_MARK "%s/%d", bank, i);

		for (char *p = hex; p && *p; p++)
			*p = (char)tolower((unsigned char)*p);
		snprintf(number, sizeof(number), "%d", i);
		if (hex)
			json_put_str(values, number, hex);
	}
	return values;
}

/* One command and its answer. Gives the answer's length, or negative errno. */
static ssize_t transact(int fd, const uint8_t *request, size_t len, uint8_t *answer, size_t max)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (write(fd, request, len) != (ssize_t)len)
		return -EIO;
	if (poll(&p, 1, ANSWER_MS) != 1)
		return -ETIMEDOUT;
	n = read(fd, answer, max);
	return n < 0 ? -errno : n;
}

/* All registers of a bank, a few at a time. NULL: the TPM keeps no such bank. */
static json_t *bank_asked(int fd, const char *bank)
{
	uint8_t request[TPM2_REQUEST_LEN], answer[TPM2_ANSWER_MAX];
	char hex[2 * TPM2_DIGEST_MAX + 1], number[12];
	uint16_t algorithm = tpm2_algorithm(bank);
	struct tpm2_values v = {0};
	uint32_t before;
	json_t *values;
	ssize_t n;

	do {
		before = v.which;
		tpm2_pcr_read_request(algorithm, ALL_PCRS & ~v.which, request);
		n = transact(fd, request, sizeof(request), answer, sizeof(answer));
		if (n < 0 || tpm2_pcr_read_answer(answer, (size_t)n, algorithm, &v) < 0)
			break;
	} while (v.which != before && v.which != ALL_PCRS);
	if (!v.which)
		return NULL;
	values = json_object();
	for (int i = 0; i < TPM2_PCRS; i++) {
		snprintf(number, sizeof(number), "%d", i);
		if (v.which & (1u << i))
			json_put_str(values, number, hex_encode(v.digest[i], v.len[i], hex));
	}
	return values;
}

/* Which banks there are: the kernel has a folder "pcr-sha256" for each, older ones tell nothing. */
static char **bank_names(const struct sysroot *sr)
{
	static const char *const usual[] = {"sha1", "sha256", "sha384", "sha512"};
	char **names = sysroot_names(sr, TPM);
	size_t n = 0;

	for (char **p = names; *p; p++) {
		_cleanup_free_ char *name = *p;

		if (str_starts(name, BANK_MARK))
			names[n++] = xstrdup(name + strlen(BANK_MARK));
	}
	for (size_t i = 0; !n && i < ARRAY_SIZE(usual); i++)
		names[i] = xstrdup(usual[i]);
	names[n ? n : ARRAY_SIZE(usual)] = NULL;
	return names;
}

/* The TPM gives eight registers for one question, the kernel's files one each, as slowly. */
static json_t *all_banks(const struct sysroot *sr)
{
	_cleanup_close_ int fd =
		sysroot_live(sr) ? open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	char **names = bank_names(sr);
	json_t *banks = json_object();
	bool asks = fd >= 0;

	for (char **n = names; *n; n++) {
		json_t *values = asks && tpm2_algorithm(*n) ? bank_asked(fd, *n) : NULL;

		asks = asks && values; /* one that does not answer is not asked again */
		if (!values)
			values = bank_shown(sr, *n);
		if (json_object_size(values))
			json_object_set(banks, *n, values);
		json_decref(values);
	}
	sysroot_names_free(names);
	return banks;
}

/* How long the firmware's log of what it measured is; null where it is not shown. */
static json_t *event_log_bytes(const struct sysroot *sr)
{
	_cleanup_free_ char *path = sysroot_path(sr, EVENT_LOG), *log = NULL;
	size_t len;

	return fs_read(path, LOG_MAX, &log, &len, NULL) < 0 ? json_null()
							    : json_integer((json_int_t)len);
}

json_t *inventory_tpm(const struct sysroot *sr)
{
	_cleanup_free_ char *driver = NULL;
	json_t *tpm, *pcrs, *names, *values;
	const char *bank;
	int64_t major;

	if (!sysroot_exists(sr, TPM))
		return json_null();
	driver = sysroot_link(sr, TPM "/device/driver");
	major = sysroot_int(sr, 0, TPM "/tpm_version_major");
	pcrs = all_banks(sr);
	names = json_array();
	json_object_foreach (pcrs, bank, values)
		json_array_append_new(names, json_string(bank));
	tpm = json_object();
	json_put_str(tpm, "version", major == 2 ? "2.0" : major == 1 ? "1.2" : NULL);
	json_put_str(tpm, "driver", driver);
	json_object_set_new(tpm, "pcr_banks", names);
	json_object_set_new(tpm, "pcrs", pcrs);
	json_object_set_new(tpm, "event_log_bytes", event_log_bytes(sr));
	return tpm;
}
