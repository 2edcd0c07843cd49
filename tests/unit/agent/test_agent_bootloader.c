/* Which partition UEFI firmware would look at; a GPT by sfdisk is the judge's. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/image/disk/esp.h"

#include <fcntl.h>

static unsigned esp_of(const char *root, const char *script)
{
	static uint8_t head[128 * 1024];
	_cleanup_free_ char *path = xasprintf("%s/disk", root);
	int fd;

	if (sh("PATH=$PATH:/usr/sbin; rm -f %s; truncate -s 64M %s && printf '%s' | sfdisk -q "
	       "--no-tell-kernel %s",
		    path, path, script, path) != 0)
		return 99;
	fd = open(path, O_RDONLY);
	if (read(fd, head, sizeof(head)) != sizeof(head))
		abort();
	close(fd);
	return esp_find(head, sizeof(head), 512, NULL);
}

int main(void)
{
	const char *root = tree_new();
	uint8_t none[1024] = {0};

	is_int(esp_of(root, "label: gpt\\n,4M,L\\n,16M,U\\n,,L\\n"), 2, "the second of a GPT");
	is_int(esp_of(root, "label: gpt\\n,4M,L\\n,,L\\n"), 0, "a GPT without one");
	is_int(esp_of(root, "label: dos\\n,4M,L\\n,4M,L\\n,16M,U\\n"), 3, "the third of an MBR");
	is_int(esp_of(root, "label: dos\\n,,L\\n"), 0, "an MBR without one");
	is_int(esp_find(none, sizeof(none), 512, NULL), 0, "no table");
	is_int(esp_find(none, 0, 512, NULL), 0, "no bytes");
	return done_testing();
}
