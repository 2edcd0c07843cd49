/* The reader of hwdb files, and the linter of those that are shipped. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hwdb/hwdb.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

static char folder[] = "/tmp/ingot-hwdb-XXXXXX";

/* Loads text as a file of its own. */
static struct hwdb *load(const char *text, struct err *e)
{
	char path[64];
	struct hwdb *db = NULL;

	snprintf(path, sizeof(path), "%s/t.hwdb", folder);
	fs_write_atomic(path, text, strlen(text), 0600, NULL);
	hwdb_load(path, &db, e);
	return db;
}

static void test_mistakes(void)
{
	static const struct {
		const char *what, *text, *want;
	} rows[] = {
		{"an unknown key", "ipmi:manufacturer=1\n IPMI_GAP=5\n SOURCE=x\n",
			"t.hwdb:2: there is no key IPMI_GAP"},
		{"a number out of range", "# c\nipmi:manufacturer=1\n IPMI_TRIES=0\n SOURCE=x\n",
			"t.hwdb:3: IPMI_TRIES=0 is not between 1 and 20"},
		{"a word for a number", "ipmi:manufacturer=1\n IPMI_GAP_MS=long\n SOURCE=x\n",
			"t.hwdb:2: IPMI_GAP_MS=long is not a number"},
		{"a suite nobody speaks", "ipmi:manufacturer=1\n IPMI_CIPHER_SUITE=8\n SOURCE=x\n",
			"t.hwdb:2: IPMI_CIPHER_SUITE=8 is neither 3 nor 17"},
		{"a level that does not exist",
			"ipmi:manufacturer=1\n IPMI_PRIVILEGE=root\n SOURCE=x\n",
			"t.hwdb:2: IPMI_PRIVILEGE=root is none of"},
		{"a key twice", "ipmi:manufacturer=1\n SOURCE=x\n SOURCE=y\n",
			"t.hwdb:3: key SOURCE stands there twice"},
		{"a record without a source", "\n\nipmi:manufacturer=1\n IPMI_TRIES=2\n\n",
			"t.hwdb:3: this record has no SOURCE"},
		{"a record that sets nothing", "ipmi:manufacturer=1\n SOURCE=x\n",
			"t.hwdb:1: this record sets no key"},
		{"a key before any match line", " IPMI_TRIES=2\n",
			"t.hwdb:1: a key without a match line"},
		{"a match line after keys", "ipmi:manufacturer=1\n SOURCE=x\nipmi:manufacturer=2\n",
			"t.hwdb:3: a match line after keys"},
		{"an unknown kind", "usb:vendor=1\n SOURCE=x\n",
			"t.hwdb:1: a match line begins with"},
		{"a field of the other kind", "ipmi:model=X\n SOURCE=x\n",
			"t.hwdb:1: a line \"ipmi:\" has no field \"model\""},
		{"a match line without fields", "ipmi:\n SOURCE=x\n",
			"t.hwdb:1: a match line without a field"},
		{"a manufacturer by name", "ipmi:manufacturer=Dell\n SOURCE=x\n",
			"t.hwdb:1: manufacturer=Dell is not a number"},
		{"a field without a value", "ipmi:manufacturer\n SOURCE=x\n",
			"t.hwdb:1: \"manufacturer\" is not FIELD=VALUE"},
		{"a key without a value", "ipmi:manufacturer=1\n IPMI_TRIES\n",
			"t.hwdb:2: \"IPMI_TRIES\" is not KEY=value"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = {0};
		struct hwdb *db = load(rows[i].text, &e);

		ok(!db && !strncmp(e.text, rows[i].want, strlen(rows[i].want)),
			"%s is refused with its line", rows[i].what);
		if (db || strncmp(e.text, rows[i].want, strlen(rows[i].want)))
			printf("#   got \"%s\"\n", e.text);
		hwdb_free(db);
	}
}

static void test_lookup(void)
{
	struct hwdb *db =
		load("ipmi:manufacturer=0x2a7c\n"
		     " IPMI_GAP_MS=100\n IPMI_ZERO_KG=1\n VENDOR=smc\n SOURCE=x\n"
		     "\n"
		     "ipmi:manufacturer=10876:product=7:firmware=<1.23\n"
		     "system:model=X9*\n"
		     " IPMI_GAP_MS=500\n IPMI_ZERO_KG=0\n IPMI_PRIVILEGE=Operator\n SOURCE=y\n",
			NULL);
	struct hwdb_match m = {.manufacturer_id = 10876, .product_id = 7, .firmware = "1.100"};
	struct bmc_traits t;

	if (!ok(db != NULL, "two records are read"))
		return;
	hwdb_lookup(db, &m, &t);
	ok(t.gap_ms == 100 && t.quirks == BMC_QUIRK_ZERO_KG && t.privilege == 0,
		"the first applies; 1.100 is not less than 1.23");
	is_int(t.session_keep_s, 50, "what no record says stays at its default");
	m.firmware = "1.9.30";
	hwdb_lookup(db, &m, &t);
	ok(t.gap_ms == 500 && t.quirks == 0 && t.privilege == 3,
		"with 1.9.30 the second applies too and wins");
	m.product_id = 8;
	hwdb_lookup(db, &m, &t);
	is_int(t.gap_ms, 100, "another product is another product");
	m.model = "x9drfr";
	hwdb_lookup(db, &m, &t);
	is_int(t.gap_ms, 500, "the model is matched in any case");
	is_str(hwdb_vendor(db, &m), "smc", "the maker has a name");
	m = (struct hwdb_match){.manufacturer_id = 1};
	hwdb_lookup(db, &m, &t);
	ok(t.gap_ms == 0 && !hwdb_vendor(db, &m), "somebody else has no quirks");
	hwdb_lookup(NULL, &m, &t);
	is_int(t.session_keep_s, 50, "without a database there are defaults");
	hwdb_free(db);
}

static void count(void *data, const struct hwdb_record_info *info)
{
	unsigned *n = data;

	n[0]++;
	n[1] += info->source && info->source[0] && info->line > 0;
}

/* The shipped records: expected values are those of reference tables outside of this project. */
static void test_shipped(void)
{
	struct err e = {0};
	struct hwdb *db = NULL;
	struct bmc_traits t;
	unsigned n[2] = {0, 0};
	struct hwdb_match supermicro = {.manufacturer_id = 10876};
	struct hwdb_match x9 = {.vendor = "Supermicro", .model = "X9SCM-F"};
	struct hwdb_match cisco = {.vendor = "Cisco Systems Inc", .model = "UCSC-C220-M5SX"};
	struct hwdb_match dell = {.manufacturer_id = 674};

	if (!ok(hwdb_load("hwdb", &db, &e) == 0, "the shipped files are right %s", e.text))
		return;
	hwdb_explain(db, NULL, count, n);
	ok(n[0] > 0 && n[1] == n[0], "each of %u records has a source", n[0]);
	hwdb_lookup(db, &supermicro, &t);
	is_int(t.disk_selector_efi, 0x24, "Supermicro boots the disk by selector 0x24 under UEFI");
	is_str(hwdb_vendor(db, &supermicro), "supermicro", "10876 is Supermicro");
	hwdb_lookup(db, &x9, &t);
	ok(t.quirks & BMC_QUIRK_IGNORE_CHECKSUM, "X9SCM sends wrong checksums");
	hwdb_lookup(db, &cisco, &t);
	ok(t.quirks & BMC_QUIRK_ZERO_KG, "Cisco C220 M5 wants a K_g of zeros");
	hwdb_lookup(db, &dell, &t);
	ok(t.quirks == 0 && t.disk_selector_efi == 0, "a Dell has none of these");
	n[0] = 0;
	hwdb_explain(db, &dell, count, n);
	is_int(n[0], 1, "and one record says who it is");
	hwdb_free(db);
}

int main(void)
{
	struct err e = {0};
	struct hwdb *db = NULL;

	if (!mkdtemp(folder))
		return 1;
	test_mistakes();
	test_lookup();
	test_shipped();
	is_int(hwdb_load("/nonexistent", &db, &e), -ENOENT,
		"a folder that is not there is an error");
	fs_rm_rf(folder, NULL);
	return done_testing();
}
