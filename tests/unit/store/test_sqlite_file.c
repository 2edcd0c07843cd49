/*
 * The SQLite backend's own promises about its file: modes, locks, refusals, recovery from a full
 * disk, and that a commit is synced before it is acknowledged. A VFS around SQLite's own counts the
 * syncs and plays the full disk.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "tests/unit/store/fixture.h"

/* The shim: every file is SQLite's own with three methods of ours in front. */
struct shim_file {
	sqlite3_file base;
	bool wal;
	const char *path;
	sqlite3_file *real;
};

static sqlite3_vfs shim_vfs, *real_vfs;
static sqlite3_io_methods shim_methods;
static int wal_syncs, sync_fails, write_fails;
static bool wal_dirty;	 /* written and not synced */
static bool keep_synced; /* what a power loss would leave is kept beside each file */

#define REAL(f) (((struct shim_file *)(f))->real)

static int shim_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}
static int shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}
static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (write_fails)
		return SQLITE_FULL;
	if (((struct shim_file *)f)->wal)
		wal_dirty = true;
	return REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return REAL(f)->pMethods->xTruncate(REAL(f), n);
}

/* The file as it is on disk now; through SQLite's own handle, as closing another drops its locks.
 */
static void keep_copy(struct shim_file *shim)
{
	_cleanup_free_ char *copy = xasprintf("%s.synced", shim->path), *data = NULL;
	sqlite3_int64 size = 0;

	shim->real->pMethods->xFileSize(shim->real, &size);
	data = xcalloc(1, (size_t)size + 1);
	shim->real->pMethods->xRead(shim->real, data, (int)size, 0);
	FILE *out = fopen(copy, "w");

	if (!out || fwrite(data, 1, (size_t)size, out) != (size_t)size || fclose(out))
		abort();
}

static int shim_sync(sqlite3_file *f, int flags)
{
	if (keep_synced && ((struct shim_file *)f)->path)
		keep_copy((struct shim_file *)f);
	if (sync_fails)
		return SQLITE_IOERR_FSYNC;
	if (((struct shim_file *)f)->wal) {
		wal_syncs++;
		wal_dirty = false;
	}
	return REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), n);
}
static int shim_lock(sqlite3_file *f, int how)
{
	return REAL(f)->pMethods->xLock(REAL(f), how);
}
static int shim_unlock(sqlite3_file *f, int how)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), how);
}
static int shim_reserved(sqlite3_file *f, int *ret)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int shim_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int shim_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int shim_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int shim_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, ret);
}
static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static void shim_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int shim_unmap(sqlite3_file *f, int del)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

static int shim_open(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct shim_file *shim = (struct shim_file *)f;
	int rc;

	shim->real = (sqlite3_file *)(shim + 1);
	shim->wal = flags & SQLITE_OPEN_WAL;
	shim->path = name;
	rc = real_vfs->xOpen(real_vfs, name, shim->real, flags, ret_flags);
	f->pMethods = shim->real->pMethods ? &shim_methods : NULL;
	return rc;
}

static void shim_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	shim_methods = (sqlite3_io_methods){.iVersion = 2,
		.xClose = shim_close,
		.xRead = shim_read,
		.xWrite = shim_write,
		.xTruncate = shim_truncate,
		.xSync = shim_sync,
		.xFileSize = shim_size,
		.xLock = shim_lock,
		.xUnlock = shim_unlock,
		.xCheckReservedLock = shim_reserved,
		.xFileControl = shim_control,
		.xSectorSize = shim_sector,
		.xDeviceCharacteristics = shim_traits,
		.xShmMap = shim_map,
		.xShmLock = shim_shm_lock,
		.xShmBarrier = shim_barrier,
		.xShmUnmap = shim_unmap};
	shim_vfs = *real_vfs;
	shim_vfs.zName = "shim";
	shim_vfs.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
	shim_vfs.xOpen = shim_open;
	sqlite3_vfs_register(&shim_vfs, 1);
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s.db", fixture_folder(), name);
}

static bool open_fails(const char *name, int code, const char *needle)
{
	struct store *s = NULL;
	struct err e = {0};
	int r = store_open(fixture_url(name), &s, &e);

	printf("# %s\n", r < 0 ? e.text : "opened");
	if (r >= 0)
		store_close(s, 1000);
	return r == -code && strstr(e.text, needle) && strstr(e.text, name);
}

static void run_sql(const char *name, const char *sql)
{
	_cleanup_free_ char *path = path_of(name);
	sqlite3 *db;

	sqlite3_open(path, &db);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		printf("# %s: %s\n", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void syncs_before_it_acknowledges(void)
{
	struct store *s = fixture_open("sync");
	int before, clean = 0;

	before = wal_syncs;
	for (int i = 0; i < 20; i++) {
		fixture_add(s, NULL);
		clean += !wal_dirty;
	}
	ok(wal_syncs - before >= 20, "20 commits, %d syncs of the write-ahead log",
		wal_syncs - before);
	is_int(clean, 20, "nothing acknowledged was left unsynced");
	store_close(s, 1000);
}

static void move(const char *from, const char *from_end, const char *to, const char *to_end)
{
	_cleanup_free_ char *a = path_of(from), *b = path_of(to);
	_cleanup_free_ char *old = xasprintf("%s%s", a, from_end);
	_cleanup_free_ char *new = xasprintf("%s%s", b, to_end);

	if (rename(old, new) < 0)
		printf("# %s: %s\n", old, strerror(errno));
}

/* Power fails after the last acknowledgement: only what was synced is left. */
static void survives_power_loss(void)
{
	struct store *s;
	int64_t n = 0;

	keep_synced = true;
	s = fixture_open("power");
	for (int i = 0; i < 30; i++)
		fixture_add(s, NULL);
	keep_synced = false;
	fixture_add(s, "not part of the copy");
	store_close(s, 1000);
	move("power", ".synced", "after", "");
	move("power", "-wal.synced", "after", "-wal");
	s = fixture_open("after");
	store_count(s, &node_type, NULL, &n, NULL);
	is_int(n, 30, "everything acknowledged survives the loss of all that was not synced");
	store_close(s, 1000);
}

static bool plan_has(const char *query, const char *index)
{
	_cleanup_free_ char *path = path_of("plans");
	_cleanup_free_ char *sql = xasprintf("EXPLAIN QUERY PLAN %s", query);
	sqlite3_stmt *stmt = NULL;
	bool found = false;
	sqlite3 *db;

	sqlite3_open(path, &db);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		found = found || strstr((const char *)sqlite3_column_text(stmt, 3), index);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return found;
}

/* Lookups that are made all the time must not read a whole table of 10,000. */
static void looks_up_by_index(void)
{
	store_close(fixture_open("plans"), 1000);
	ok(plan_has("SELECT doc FROM nodes WHERE \"name\" = ? ORDER BY id LIMIT 1", "nodes_name"),
		"a node by name");
	ok(plan_has("SELECT doc FROM ports WHERE \"address\" = ? ORDER BY id", "ports_address"),
		"a port by MAC");
	ok(plan_has("SELECT doc FROM ports WHERE \"node_uuid\" = ? ORDER BY id", "by_node_uuid"),
		"a node's ports");
	ok(plan_has("SELECT doc FROM node_events WHERE \"node_uuid\" = ? ORDER BY id DESC",
		   "by_node_uuid"),
		"a node's history");
	ok(plan_has("SELECT doc FROM deliveries WHERE \"url\" = ? ORDER BY id", "by_url"),
		"what waits for a webhook");
}

static int file_mode(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : (int)(st.st_mode & 0777);
}

static void is_private(void)
{
	_cleanup_free_ char *path = path_of("private");
	_cleanup_free_ char *wal = xasprintf("%s-wal", path), *lock = xasprintf("%s.lock", path);
	mode_t mask = umask(0);
	struct store *s = fixture_open("private");

	fixture_add(s, "x");
	is_int(file_mode(path), 0600, "the database is 0600 whatever the umask");
	is_int(file_mode(wal), 0600, "its log too");
	is_int(file_mode(lock), 0600, "its lock too");
	store_close(s, 1000);
	chmod(path, 0644);
	store_close(fixture_open("private"), 1000);
	is_int(file_mode(path), 0600, "an open one is closed to others");
	umask(mask);
}

static void keeps_a_second_opener_out(void)
{
	struct store *s = fixture_open("locked");
	char pid[32];

	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	fixture_add(s, "x");
	ok(open_fails("locked", EBUSY, pid), "a second opener is told who is the first");
	_cleanup_free_ char *cmd = xasprintf("sqlite3 %s/locked.db 'SELECT count(*) FROM nodes' "
					     "| grep -qx 1",
		fixture_folder());
	is_int(system(cmd), 0, "the sqlite3 tool can read meanwhile");
	store_close(s, 1000);
	s = fixture_open("locked");
	ok(s != NULL, "free again after the first has closed");
	store_close(s, 1000);
}

static void refuses_what_is_not_its_own(void)
{
	_cleanup_free_ char *path = path_of("text"), *dir = path_of("dir");

	fs_write_atomic(path, "this is a letter and no database at all, sorry\n", 47, 0600, NULL);
	ok(open_fails("text", EUCLEAN, "not a database"), "a file of another kind");
	run_sql("other", "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
	ok(open_fails("other", EINVAL, "another program"), "another program's database");
	mkdir(dir, 0700);
	ok(open_fails("dir", EISDIR, "directory"), "a folder");
	ok(open_fails("no/such/folder", ENOENT, "No such file"), "a path into nowhere");
}

static void refuses_a_newer_schema(void)
{
	store_close(fixture_open("newer"), 1000);
	run_sql("newer", "PRAGMA user_version=9999");
	ok(open_fails("newer", EINVAL, "9999"), "a newer schema is refused and named");
	run_sql("newer", "PRAGMA user_version=1");
	struct store *s = fixture_open("newer");
	ok(s != NULL, "and nothing was changed by the refusal");
	store_close(s, 1000);
}

static void damage(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR);
	char junk[4096];

	memset(junk, 0x5a, sizeof(junk));
	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	for (off_t at = 4096; at + 4096 <= st.st_size; at += 8192)
		if (pwrite(fd, junk, sizeof(junk), at) < 0)
			abort();
	close(fd);
}

static void refuses_a_damaged_file(void)
{
	_cleanup_free_ char *path = path_of("damaged");
	struct store *s = fixture_open("damaged");

	for (int i = 0; i < 50; i++)
		fixture_add(s, NULL);
	store_close(s, 1000);
	damage(path);
	ok(open_fails("damaged", EUCLEAN, "backup"), "a damaged file is refused with advice");
}

static void works_on_after_a_full_disk(void)
{
	struct store *s = fixture_open("full");
	struct err e = {0};
	struct node n;

	fixture_add(s, "before");
	fixture_node(&n, "during");
	write_fails = 1;
	is_int(fixture_put(s, &n, &e), -ENOSPC, "a full disk is -ENOSPC");
	ok(strstr(e.text, "space") != NULL, "with advice");
	is_str(fixture_names(s, NULL), "before", "reading goes on");
	write_fails = 0;
	sync_fails = 1;
	is_int(fixture_put(s, &n, &e), -EIO, "a failing sync is not acknowledged");
	sync_fails = 0;
	is_str(fixture_names(s, NULL), "before", "and nothing of it is seen");
	is_int(fixture_put(s, &n, &e), 0, "with space again the writer works on");
	is_str(fixture_names(s, NULL), "before during", "and the record is there");
	node_done(&n);
	store_close(s, 1000);
	s = fixture_open("full");
	is_str(fixture_names(s, NULL), "before during", "also after a restart");
	store_close(s, 1000);
}

/* As if an older program had written the file: fewer columns, another shape. */
static void makes_missing_columns(void)
{
	struct store_filter f = {"driver", STORE_EQ, "fake-hardware"};
	struct store_query q = {.filters = &f, .n_filters = 1};
	struct store *s = fixture_open("older");

	fixture_add(s, "a");
	fixture_add(s, "b");
	store_close(s, 1000);
	run_sql("older", "ALTER TABLE nodes DROP COLUMN driver;"
			 "UPDATE store_shapes SET shape='older' WHERE name='nodes'");
	s = fixture_open("older");
	is_str(fixture_names(s, &q), "a b", "a column that was added is filled from the records");
	store_close(s, 1000);
	run_sql("older", "UPDATE nodes SET doc=json_set(doc,'$.future','x');"
			 "UPDATE store_shapes SET shape='newer' WHERE name='nodes'");
	ok(open_fails("older", EINVAL, "future"), "a field from the future is refused by name");
}

static void urls(void)
{
	struct store *s = NULL;
	struct err e = {0};

	is_int(store_open("postgresql://u:secret@h/db", &s, &e), -ENOTSUP, "postgresql: not yet");
	ok(strstr(e.text, "PostgreSQL") && !strstr(e.text, "secret"), "said without the password");
	is_int(store_open("mysql://u:secret@h/db", &s, &e), -EINVAL, "unknown scheme");
	ok(strstr(e.text, "mysql") && !strstr(e.text, "secret"), "said without the password");
	is_int(store_open("sqlite:", &s, &e), -EINVAL, "no path");
	is_int(store_open("", &s, &e), -EINVAL, "nothing at all");
	is_int(store_open("sqlite::memory:", &s, &e), 0, "memory");
	fixture_add(s, "m");
	is_str(fixture_names(s, NULL), "m", "keeps records too");
	struct store *other = NULL;

	store_open("sqlite::memory:", &other, &e);
	is_str(fixture_names(other, NULL), "", "each memory is its own");
	store_close(other, 1000);
	store_close(s, 1000);
}

int main(void)
{
	unsetenv("INGOT_TEST_STORE_URL");
	urls();
	shim_install();
	syncs_before_it_acknowledges();
	survives_power_loss();
	looks_up_by_index();
	is_private();
	keeps_a_second_opener_out();
	refuses_what_is_not_its_own();
	refuses_a_newer_schema();
	refuses_a_damaged_file();
	works_on_after_a_full_disk();
	makes_missing_columns();
	return done_testing();
}
