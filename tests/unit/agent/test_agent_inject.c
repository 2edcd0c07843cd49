/* Files put into partitions that are folders: where they land, as what, and where they never do. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/system/inject.h"

#include <errno.h>
#include <sys/stat.h>

static struct sysroot sr;

static void no_module(void *data, const char *name)
{
}

/* Partition 1 is FAT without /etc, 2 the root. */
static void disk(void)
{
	sr.root = tree_new();
	sh("PATH=$PATH:/usr/sbin; mkdir -p %s/dev/vda.1/EFI %s/dev/vda.2/etc/sub && cd %s/dev && "
	   "truncate -s 48M vda && printf 'label: gpt\n,8M,U\n,,L\n' | sfdisk -q --no-tell-kernel "
	   "vda && "
	   "truncate -s 8M p && mkfs.fat p >/dev/null && "
	   "dd if=p of=vda bs=1M seek=1 conv=notrunc status=none && rm p && truncate -s 16M p && "
	   "mke2fs -q -t ext4 p && dd if=p of=vda bs=1M seek=9 conv=notrunc status=none; rm p; "
	   "echo outside >%s/outside; ln -s /../../../outside %s/dev/vda.2/etc/link; "
	   "ln -s sub %s/dev/vda.2/etc/inside; ln -s /etc/real %s/dev/vda.2/etc/abs; "
	   "mkfifo %s/dev/vda.2/etc/fifo; echo old content >%s/dev/vda.2/etc/old; chmod 640 "
	   "%s/dev/vda.2/etc/old",
		sr.root, sr.root, sr.root, sr.root, sr.root, sr.root, sr.root, sr.root, sr.root,
		sr.root);
}

static int fetch(void *data, const char *url, char **ret, size_t *ret_len, struct err *e)
{
	*ret = xasprintf("from %s", url);
	*ret_len = strlen(*ret);
	return 0;
}

static int inject(const char *json, struct err *e)
{
	_cleanup_json_ json_t *file = json_loads(json, 0, NULL);
	_cleanup_json_ json_t *node =
		json_pack("{s:s, s:{s:i}}", "uuid", "U-1", "extra", "port", 42);
	_cleanup_free_ struct volumes *v = xcalloc(1, sizeof(*v));
	struct inject x = {.volumes = v, .node = node, .fetch = fetch};
	int r;

	if (volumes_open(v, &sr, "/dev/vda", 48 << 20, 512, no_module, NULL, e) < 0)
		abort();
	r = inject_file(&x, file, e);
	volumes_close(v, NULL);
	return r;
}

static bool holds(const char *path, const char *want, unsigned mode)
{
	_cleanup_free_ char *full = tree_path(path), *text = NULL;
	struct stat st = {0};

	stat(full, &st);
	return fs_read(full, 1000, &text, NULL, NULL) == 0 && str_eq(text, want) &&
	       (st.st_mode & 07777) == mode;
}

static void good(void)
{
	struct err e = {0};
	struct stat st;

	disk();
	ok(inject("{\"path\": \"/etc/new\", \"content\": \"aGVsbG8=\"}", &e) == 0 &&
			holds("/dev/vda.2/etc/new", "hello", 0644),
		"a file, on the partition that has its folder: %s", e.text);
	ok(inject("{\"path\": \"/etc/a/b/c\", \"content\": \"eA==\", \"mode\": 384, \"dirmode\": "
		  "448}",
		   &e) == 0 &&
			holds("/dev/vda.2/etc/a/b/c", "x", 0600),
		"with folders that are missing, and its mode: %s", e.text);
	tree_stat("/dev/vda.2/etc/a/b", &st);
	is_int(st.st_mode & 07777, 0700, "the last of them with its own");
	tree_stat("/dev/vda.2/etc/a", &st);
	is_int(st.st_mode & 07777, 0755, "the others plain");
	ok(inject("{\"path\": \"/etc/old\", \"content\": \"bmV3\"}", &e) == 0 &&
			holds("/dev/vda.2/etc/old", "new", 0640),
		"one that was there keeps its mode and loses its content");
	ok(inject("{\"path\": \"/EFI/x\", \"content\": \"eA==\"}", &e) == 0 &&
			holds("/dev/vda.1/EFI/x", "x", 0644),
		"on another partition");
	ok(inject("{\"path\": \"/top\", \"partition\": \"2\", \"content\": \"eA==\"}", &e) == 0 &&
			holds("/dev/vda.2/top", "x", 0644),
		"in the root of a given partition: %s", e.text);
	ok(inject("{\"path\": \"dev.txt\", \"partition\": \"/dev/vda1\", \"content\": \"eA==\"}",
		   &e) == 0 &&
			holds("/dev/vda.1/dev.txt", "x", 0644),
		"given by its device: %s", e.text);
	ok(inject("{\"path\": \"/etc/u\", \"content\": "
		  "\"http://h/{node[uuid]}?p={node[extra][port]}\"}",
		   &e) == 0 &&
			holds("/dev/vda.2/etc/u", "from http://h/U-1?p=42", 0644),
		"content from an address with the node's values: %s", e.text);
	ok(inject("{\"path\": \"/etc/old\", \"deleted\": true}", &e) == 0 &&
			tree_stat("/dev/vda.2/etc/old", &st) < 0,
		"deleted");
	is_int(inject("{\"path\": \"/etc/none/old\", \"deleted\": true}", &e), 0,
		"what is not there is as good as deleted");
}

static void links(void)
{
	struct err e = {0};

	disk();
	ok(inject("{\"path\": \"/etc/inside/f\", \"content\": \"eA==\"}", &e) == 0 &&
			holds("/dev/vda.2/etc/sub/f", "x", 0644),
		"a link to a folder is followed");
	ok(inject("{\"path\": \"/etc/abs\", \"content\": \"eA==\"}", &e) == 0 &&
			holds("/dev/vda.2/etc/real", "x", 0644),
		"an absolute link means the partition's root");
	(void)inject("{\"path\": \"/etc/link\", \"content\": \"eA==\"}", &e);
	ok(holds("/outside", "outside\n", 0644), "one that climbs out does not get out");
	ok(inject("{\"path\": \"/etc/link/x\", \"content\": \"eA==\"}", &e) < 0,
		"nor as a folder: %s", e.text);
	ok(inject("{\"path\": \"/etc/fifo\", \"content\": \"eA==\"}", &e) < 0,
		"a pipe is no file: %s", e.text);
	is_int(inject("{\"path\": \"/srv/x\", \"content\": \"eA==\"}", &e), -ENOENT,
		"no partition has the folder: %s", e.text);
	is_int(inject("{\"path\": \"/etc/x\", \"partition\": 7, \"content\": \"eA==\"}", &e),
		-ENOENT, "no such partition: %s", e.text);
	is_int(inject("{\"path\": \"/etc/x\", \"partition\": \"/dev/vdb1\", \"content\": \"eA==\"}",
		       &e),
		-ENOENT, "a partition of another disk: %s", e.text);
	is_int(inject("{\"path\": \"/etc/x\", \"content\": \"!\"}", &e), -EINVAL, "no base64: %s",
		e.text);
	is_int(inject("{\"path\": \"/etc/x\", \"content\": \"http://h/{node[none]}\"}", &e),
		-EINVAL, "a value the node has not: %s", e.text);
}

static void checks(void)
{
	static const char *const bad[][2] = {
		{"{}", "must be a list"},
		{"[1]", "expected a path"},
		{"[{\"content\": \"\"}]", "expected a path"},
		{"[{\"path\": \"/motd\", \"content\": \"\"}]", "requires \"partition\""},
		{"[{\"path\": \"/etc/\", \"content\": \"\"}]", "directories not supported"},
		{"[{\"path\": \"/etc/../x\", \"content\": \"\"}]", "no path below"},
		{"[{\"path\": \"/etc/x\", \"content\": \"eA==\", \"deleted\": true}]",
			"cannot be used"},
		{"[{\"path\": \"/etc/x\"}]", "neither content nor deleted"},
		{"[{\"path\": \"/etc/x\", \"content\": \"\", \"mode\": \"0644\"}]",
			"mode must be a number"},
		{"[{\"path\": \"/etc/x\", \"content\": \"\", \"mode\": 99999}]",
			"mode must be a number"},
		{"[{\"path\": \"/etc/x\", \"content\": \"\", \"owner\": -1}]",
			"owner must be a number"},
		{"[{\"path\": \"/etc/x\", \"content\": \"\", \"user\": 1}]",
			"unexpected field user"},
	};
	_cleanup_json_ json_t *good = json_loads(
		"[{\"path\": \"/etc/x\", \"content\": \"\", \"mode\": 420, \"owner\": 0}]", 0,
		NULL);
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_json_ json_t *list = json_loads(bad[i][0], 0, NULL);

		ok(inject_check(list, &e) == -EINVAL && strstr(e.text, bad[i][1]), "refused: %s",
			e.text);
	}
	is_int(inject_check(good, &e), 0, "a good one is not refused");
	is_int(inject_check(NULL, &e), 0, "nor none");
}

int main(void)
{
	good();
	links();
	checks();
	return done_testing();
}
