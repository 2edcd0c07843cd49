/* What differs between inventories: of one machine twice, and of two machines. */
#include "conductor/cli/compare.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

/* The rows as "path: before -> after", parted by " | ". Allocated. */
static char *differences(const char *before, const char *after, enum compare_kind kind)
{
	_cleanup_json_ json_t *b = json_loads(before, 0, NULL), *a = json_loads(after, 0, NULL),
			      *rows = compare(b, a, kind);
	struct buf text = BUF_INIT(65536);
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *path = json_str(row, "path");
		_cleanup_free_ char *l = compare_text(path, json_object_get(row, "before")),
				    *r = compare_text(path, json_object_get(row, "after"));

		buf_printf(&text, "%s%s: %s -> %s", i ? " | " : "", path, l, r);
	}
	return text.len ? buf_take(&text) : xstrdup("");
}

static void check(const char *before, const char *after, enum compare_kind kind, const char *want,
	const char *what)
{
	_cleanup_free_ char *got = differences(before, after, kind);

	is_str(got, want, "%s", what);
}

static const char machine[] =
	"{\"disks\": [{\"name\": \"sda\", \"serial\": \"S1\", \"size\": 480000000000, \"model\": "
	"\"A\"},"
	" {\"name\": \"sdb\", \"serial\": \"S2\", \"size\": 480000000000, \"model\": \"A\"}],"
	" \"cpu\": {\"count\": 8, \"flags\": [\"aes\", \"avx\"], \"frequency\": \"2400.0\"},"
	" \"interfaces\": [{\"name\": \"eth0\", \"mac_address\": \"52:54:00:00:00:01\", "
	"\"ipv4_address\": "
	"\"10.0.0.1\"}], \"bmc_address\": \"10.1.0.1\"}";

static void over_time(void)
{
	check(machine, machine, COMPARE_TIMES, "", "nothing was changed");
	check(machine,
		"{\"disks\": [{\"name\": \"sda\", \"serial\": \"S2\", \"size\": 480000000000, "
		"\"model\": "
		"\"A\"}, {\"name\": \"sdb\", \"serial\": \"S3\", \"size\": 960000000000, "
		"\"model\": \"B\"}],"
		" \"cpu\": {\"count\": 8, \"flags\": [\"aes\", \"sha_ni\"], \"frequency\": "
		"\"2600.0\"},"
		" \"interfaces\": [{\"name\": \"eth0\", \"mac_address\": \"52:54:00:00:00:01\", "
		"\"ipv4_address\": \"10.0.0.9\"}], \"bmc_address\": \"10.1.0.2\"}",
		COMPARE_TIMES,
		"disks[sda]: 480 GB A S1 -> - | disks[sdb].name: sdb -> sda | disks[sdb]: - -> 960 "
		"GB B "
		"S3 | cpu.flags: avx -> - | cpu.flags: - -> sha_ni | bmc_address: 10.1.0.1 -> "
		"10.1.0.2",
		"a disk was replaced: found again by its serial number, though names moved");
}

static void between_machines(void)
{
	check(machine,
		"{\"disks\": [{\"name\": \"sda\", \"serial\": \"T1\", \"size\": 480000000000, "
		"\"model\": "
		"\"A\"}, {\"name\": \"sdb\", \"serial\": \"T2\", \"size\": 960000000000, "
		"\"model\": \"A\"}],"
		" \"cpu\": {\"count\": 16, \"flags\": [\"aes\", \"avx\"], \"frequency\": "
		"\"2401.0\"},"
		" \"interfaces\": [{\"name\": \"eth0\", \"mac_address\": \"52:54:00:00:00:77\", "
		"\"ipv4_address\": null}], \"bmc_address\": \"10.1.0.2\"}",
		COMPARE_MACHINES, "disks[sdb].size: 480 GB -> 960 GB | cpu.count: 8 -> 16",
		"serials and addresses are each one's own");
}

static void odd(void)
{
	check("{\"a\": null}", "{}", COMPARE_TIMES, "", "null is as if absent");
	check("{\"a\": 1}", "{\"a\": \"1\"}", COMPARE_TIMES, "a: 1 -> 1", "a number is not a text");
	check("{\"a\": {\"b\": 1}}", "{\"a\": [1]}", COMPARE_TIMES, "a: present -> [1]",
		"another kind");
	check("{\"l\": [{\"x\": 1}, {\"x\": 2}]}", "{\"l\": [{\"x\": 1}, {\"x\": 3}, {\"x\": 4}]}",
		COMPARE_TIMES, "l[1].x: 2 -> 3 | l[2]: - -> present",
		"things without names go by their place");
	check("{\"l\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "{\"l\": [{\"name\": \"a\"}]}",
		COMPARE_TIMES, "l[1]: present -> -", "a name used twice names nothing");
	check("{\"l\": [null, 1, {\"name\": 5}]}", "{\"l\": [{\"name\": \"q\"}]}", COMPARE_TIMES,
		"l[0]: - -> present | l[1]: 1 -> - | l[2]: present -> -", "a list of anything");
	check("null", "{}", COMPARE_TIMES, ": - -> present", "nothing on one side");
}

int main(void)
{
	over_time();
	between_machines();
	odd();
	return done_testing();
}
