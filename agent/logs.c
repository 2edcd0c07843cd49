/* Log collection; see logs.h. */
#include "agent/logs.h"
#include "agent/inspect/inventory.h"
#include "agent/report/tar.h"
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

int logs_collect(struct agent *a, char **ret, struct err *e)
{
	_cleanup_json_ json_t *inventory =
		inventory_collect(a->sr, a->bootif[0] ? a->bootif : NULL);
	_cleanup_free_ char *hardware = json_dumps(inventory, JSON_INDENT(1));
	_cleanup_free_ char *kernel = kernel_text(a), *journal = NULL;
	struct buf archive = BUF_INIT(LOGS_MAX);
	size_t journal_len;
	int r;

	journal = journal_text(a->journal, &journal_len);
	r = tar_gz(
		(const struct tar_member[]){
			{"agent.log", journal, journal_len},
			{"dmesg", kernel, strlen(kernel)},
			{"inventory.json", hardware ? hardware : "",
				hardware ? strlen(hardware) : 0},
		},
		3, &archive, e);
	if (r == 0)
		*ret = b64_encode(archive.data, archive.len);
	buf_done(&archive);
	return r;
}
