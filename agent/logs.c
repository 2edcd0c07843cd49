/* Log collection; see logs.h. */
#include "agent/logs.h"
#include "agent/inspection.h"
#include "agent/report/tar.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <string.h>
#include <sys/klog.h>

#define LOGS_MAX    (8 * 1024 * 1024)
#define KERNEL_MAX  (1024 * 1024)
#define READ_ALL    3 /* SYSLOG_ACTION_READ_ALL, syslog(2) */
#define SIZE_BUFFER 10

/* The kernel's ring; "" where the program may not read it, or does not run on the machine itself.
 */
static char *kernel_text(const struct agent *a)
{
	int size = sysroot_live(a->sr) ? klogctl(SIZE_BUFFER, NULL, 0) : 0;
	char *text;
	int n;

	if (size <= 0)
		return xstrdup("");
	if (size > KERNEL_MAX)
		size = KERNEL_MAX;
	text = xmalloc((size_t)size + 1);
	n = klogctl(READ_ALL, text, size);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What the kernel shows of itself, as files of the archive. */
static const struct {
	const char *name, *path;
} shown[] = {
	{"partitions", "/proc/partitions"},
	{"mounts", "/proc/self/mounts"},
	{"mdstat", "/proc/mdstat"},
	{"meminfo", "/proc/meminfo"},
	{"modules", "/proc/modules"},
	{"net/dev", "/proc/net/dev"},
	{"net/addresses4", "/proc/net/fib_trie"},
	{"net/addresses6", "/proc/net/if_inet6"},
	{"net/routes4", "/proc/net/route"},
	{"net/routes6", "/proc/net/ipv6_route"},
	{"net/neighbours", "/proc/net/arp"},
	{"net/resolv.conf", "/etc/resolv.conf"},
};

#define FIXED_MEMBERS 4
#define SHOWN_MAX     (256 * 1024)

/* The kernel's command line; what is secret on it stays so. */
static char *cmdline_text(const struct agent *a)
{
	_cleanup_free_ char *path = sysroot_path(a->sr, "/proc/cmdline"), *line = NULL;
	struct buf b = BUF_INIT(CMDLINE_MAX);
	struct cmdline c;

	if (fs_read(path, CMDLINE_MAX, &line, NULL, NULL) < 0)
		return xstrdup("");
	cmdline_parse(line, &c);
	for (size_t i = 0; i < c.n; i++) {
		bool secret = strstr(c.words[i].key, "token") || strstr(c.words[i].key, "password");

		buf_printf(&b, "%s%s%s\n", c.words[i].key, c.words[i].value ? "=" : "",
			!c.words[i].value ? ""
			: secret	  ? "***"
					  : c.words[i].value);
	}
	cmdline_done(&c);
	return b.len ? buf_take(&b) : xstrdup("");
}

/* Reads them; texts[] is the caller's to free. Their number in the archive. */
static size_t add_shown(const struct agent *a, struct tar_member *members, char *texts[])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		_cleanup_free_ char *path = sysroot_path(a->sr, "%s", shown[i].path);
		size_t len;

		if (fs_read(path, SHOWN_MAX, &texts[n], &len, NULL) < 0)
			continue;
		members[n] = (struct tar_member){shown[i].name, texts[n], len};
		n++;
	}
	return n;
}

int logs_collect(struct agent *a, char **ret, struct err *e)
{
	_cleanup_json_ json_t *inventory = agent_inventory(a);
	_cleanup_free_ char *hardware = json_dumps(inventory, JSON_INDENT(1));
	_cleanup_free_ char *kernel = kernel_text(a), *cmdline = cmdline_text(a), *journal = NULL;
	struct tar_member members[FIXED_MEMBERS + ARRAY_SIZE(shown)];
	char *texts[ARRAY_SIZE(shown)] = {0};
	struct buf archive = BUF_INIT(LOGS_MAX);
	size_t journal_len, n = FIXED_MEMBERS;
	int r;

	journal = journal_text(a->journal, &journal_len);
	members[0] = (struct tar_member){"agent.log", journal, journal_len};
	members[1] = (struct tar_member){"dmesg", kernel, strlen(kernel)};
	members[2] = (struct tar_member){"cmdline", cmdline, strlen(cmdline)};
	members[3] = (struct tar_member){
		"inventory.json", hardware ? hardware : "", hardware ? strlen(hardware) : 0};
	n += add_shown(a, members + n, texts);
	r = tar_gz(members, n, &archive, e);
	if (r == 0)
		*ret = b64_encode(archive.data, archive.len);
	buf_done(&archive);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		free(texts[i]);
	return r;
}
