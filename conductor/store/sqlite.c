/*
 * The SQLite backend: opening and locking the file, connections and their statements. WAL, so that
 * readers never wait for the writer; synchronous=FULL, so that a commit survives power loss.
 */
#include "conductor/store/sqlite.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS	       10000	 /* another program (sqlite3, a backup) holds a lock */
#define STATEMENTS_MAX 96	 /* kept prepared per connection */
#define IDLE_MAX       8	 /* reader connections kept */
#define LOG_BYTES      (5 << 20) /* SQLite begins the log anew at 1,000 pages and 4 KiB each */
#define LOG_STEP       (1 << 16)
#define CHECK_MS       2000 /* spent at most on looking for damage at start */

/* What the system said, which for a failed commit only the log's own file knows; 0: nothing. */
static int system_error(sqlite3 *db)
{
	int os = db ? sqlite3_system_errno(db) : 0;
	sqlite3_file *log = NULL;

	if (os || !db)
		return os;
	sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &os);
	return os;
}

static bool out_of_space(int rc, int os)
{
	return (rc & 0xff) == SQLITE_FULL ||
	       ((rc & 0xff) == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT || os == EFBIG));
}

/* What a failure is to the caller, and what a person can do about it. */
static const struct {
	int rc, code;
	const char *what_to_do;
} failures[] = {
	{SQLITE_BUSY, EAGAIN, "another program keeps the store locked"},
	{SQLITE_LOCKED, EAGAIN, "another program keeps the store locked"},
	{SQLITE_NOTADB, EUCLEAN, "restore the file from a backup"},
	{SQLITE_CORRUPT, EUCLEAN, "restore the file from a backup"},
	{SQLITE_READONLY, EIO, "check that the file and its file system may be written"},
	{SQLITE_PERM, EIO, "check the file's and its folder's permissions"},
	{SQLITE_CANTOPEN, EIO, "check the file's and its folder's permissions"},
	{SQLITE_AUTH, EIO, "check the file's and its folder's permissions"},
	{SQLITE_IOERR, EIO, "look at the store's disk and the kernel's log"},
};

int sqlite_err(sqlite3 *db, int rc, struct err *e, const char *what)
{
	const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	int os = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN ? system_error(db)
									       : 0;

	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return err_set(e, ECANCELED, "%s: interrupted", what);
	if (out_of_space(rc, os))
		return err_set(
			e, ENOSPC, "%s: %s; free some space on the store's disk", what, text);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i].rc == (rc & 0xff))
			return err_set(e, failures[i].code, "%s: %s%s%s; %s", what, text,
				os ? ": " : "", os ? strerror(os) : "", failures[i].what_to_do);
	return err_set(e, EIO, "%s: %s", what, text);
}

sqlite3_stmt *sqlite_prepare(struct sqlite_conn *c, const char *sql, struct err *e)
{
	sqlite3_stmt *stmt = map_remove(&c->statements, sql);
	int rc;

	if (stmt)
		return stmt;
	rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (rc != SQLITE_OK) {
		sqlite_err(c->db, rc, e, "prepare a statement");
		return NULL;
	}
	return stmt;
}

static void forget_statements(struct sqlite_conn *c)
{
	const char *sql;
	void *stmt;
	size_t pos = 0;

	while (map_next(&c->statements, &pos, &sql, &stmt))
		sqlite3_finalize(stmt);
	map_done(&c->statements);
	c->statements = (struct map){0};
}

void sqlite_release(struct sqlite_conn *c, sqlite3_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	if (c->statements.n >= STATEMENTS_MAX)
		forget_statements(c);
	sqlite3_finalize(map_put(&c->statements, sqlite3_sql(stmt), stmt));
}

int sqlite_exec(struct sqlite_conn *c, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sqlite_err(c->db, rc, e, sql);
}

void sqlite_bind(sqlite3_stmt *stmt, int at, const struct store_value *v)
{
	if (v->kind == VALUE_TEXT)
		sqlite3_bind_text(stmt, at, v->text, -1, SQLITE_STATIC);
	else if (v->kind == VALUE_INT)
		sqlite3_bind_int64(stmt, at, v->number);
	else
		sqlite3_bind_null(stmt, at);
}

static void conn_free(struct sqlite_conn *c)
{
	if (!c)
		return;
	forget_statements(c);
	sqlite3_close(c->db);
	free(c);
}
DEFINE_CLEANUP(struct sqlite_conn, conn_free)

static int conn_new(
	const struct sqlite_store *s, const char *pragmas, struct sqlite_conn **ret, struct err *e)
{
	_cleanup_(conn_freep) struct sqlite_conn *c = xcalloc(1, sizeof(*c));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(s->file, &c->db, flags, NULL);

	if (rc != SQLITE_OK)
		return sqlite_err(c->db, rc, e, "open");
	sqlite3_busy_timeout(c->db, BUSY_MS);
	rc = sqlite3_exec(c->db, pragmas, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_err(c->db, rc, e, "read the file");
	*ret = TAKE_PTR(c);
	return 0;
}

struct sqlite_conn *sqlite_conn_take(struct sqlite_store *s, struct err *e)
{
	struct sqlite_conn *c;

	pthread_mutex_lock(&s->pool.lock);
	c = list_first(&s->pool.idle, struct sqlite_conn, link);
	if (c) {
		list_remove(&c->link);
		s->pool.n_idle--;
	}
	pthread_mutex_unlock(&s->pool.lock);
	if (!c && conn_new(s, "PRAGMA query_only=ON; PRAGMA cache_size=-256", &c, e) < 0)
		return NULL;
	return c;
}

void sqlite_conn_give(struct sqlite_store *s, struct sqlite_conn *c)
{
	bool keep;

	pthread_mutex_lock(&s->pool.lock);
	keep = s->pool.n_idle < IDLE_MAX;
	if (keep) {
		list_prepend(&s->pool.idle, &c->link);
		s->pool.n_idle++;
	}
	pthread_mutex_unlock(&s->pool.lock);
	if (!keep)
		conn_free(c);
}

/*
 * A lock beside the file, not on it: a second daemon is kept out while the sqlite3 tool may read.
 */
static int lock_file(struct sqlite_store *s, const char *path, struct err *e)
{
	_cleanup_free_ char *lock = xasprintf("%s.lock", path);
	char pid[32] = "";
	ssize_t n;

	s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return err_errno(e, errno, "create %s", lock);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_errno(e, errno, "lock %s", lock);
		n = pread(s->lock_fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		return err_set(e, EBUSY, "in use by process %s; stop it, or use another store",
			*str_trim(pid) ? pid : "unknown");
	}
	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(s->lock_fd, 0) < 0 || pwrite(s->lock_fd, pid, strlen(pid), 0) < 0)
		return err_errno(e, errno, "write %s", lock);
	return 0;
}

static int sync_folder(const char *path, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_close_ int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, errno, "sync the folder");
	return 0;
}

static int make_file(const char *path, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno, "open");
	if (fstat(fd, &st) < 0)
		return err_errno(e, errno, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "not a regular file");
	return sync_folder(path, e);
}

/* Before the log is made: SQLite gives its own files beside this one the mode of this one. */
static int make_private(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0 || ((st.st_mode & 0077) && chmod(path, 0600) < 0))
		return err_errno(e, errno, "take the file away from other users");
	return 0;
}

/* Memory shared by the connections of this store only; each store has a name of its own. */
static int use_memory(struct sqlite_store *s)
{
	s->file = xasprintf("file:/ingot-%p?vfs=memdb", (void *)s);
	s->shown = xstrdup("memory");
	return 0;
}

static int use_file(struct sqlite_store *s, const char *path, struct err *e)
{
	int r;

	if (str_empty(path))
		return err_set(e, EINVAL, "no path; use sqlite:PATH");
	/* a path must not be taken for a URI */
	s->file = path[0] == '/' ? xstrdup(path) : xasprintf("./%s", path);
	s->shown = xstrdup(path);
	r = lock_file(s, path, e);
	return r < 0 ? r : make_file(path, e);
}

static int past_deadline(void *data)
{
	return time_mono_ms() > *(const int64_t *)data;
}

/* A large file is looked through for so long only; damage elsewhere shows when it is read. */
static int look_for_damage(struct sqlite_conn *c, struct err *e)
{
	int64_t deadline = time_mono_ms() + CHECK_MS;
	sqlite3_stmt *stmt;
	const char *text;
	int rc, r = 0;

	stmt = sqlite_prepare(c, "PRAGMA quick_check(1)", e);
	if (!stmt)
		return -EIO;
	sqlite3_progress_handler(c->db, 10000, past_deadline, &deadline);
	rc = sqlite3_step(stmt);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (text && !str_eq(text, "ok"))
		r = err_set(e, EUCLEAN, "the file is damaged; restore it from a backup");
	else if (rc != SQLITE_ROW && rc != SQLITE_DONE && (rc & 0xff) != SQLITE_INTERRUPT)
		r = sqlite_err(c->db, rc, e, "look for damage");
	sqlite3_progress_handler(c->db, 0, NULL, NULL);
	sqlite3_finalize(stmt);
	return r;
}

/*
 * Gives the log its working length at once. What stands behind its last valid frame means nothing
 * to SQLite, and to sync blocks that are written over is several times cheaper than to sync a file
 * that grows. The write lock keeps others from adding frames meanwhile. Only speed is at stake, so
 * failure is no error.
 */
static void lengthen_log(struct sqlite_store *s)
{
	_cleanup_free_ char *path = xasprintf("%s-wal", s->shown), *zeros = xcalloc(1, LOG_STEP);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || sqlite_exec(s->writing, "BEGIN IMMEDIATE", NULL) < 0)
		return;
	if (fstat(fd, &st) == 0) {
		off_t at = st.st_size;
		ssize_t n = 1;

		while (at < LOG_BYTES && n > 0) {
			n = pwrite(fd, zeros, LOG_STEP, at);
			at += n > 0 ? n : 0;
		}
		fsync(fd);
	}
	sqlite_exec(s->writing, "ROLLBACK", NULL);
}

static int start(struct sqlite_store *s, struct err *e)
{
	int r = conn_new(s, "PRAGMA synchronous=FULL; PRAGMA cache_size=-4096", &s->writing, e);

	if (r >= 0)
		r = sqlite_check_owner(s->writing, e);
	if (r >= 0 && s->lock_fd >= 0)
		r = make_private(s->shown, e);
	if (r >= 0)
		r = sqlite_exec(s->writing,
			"PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864", e);
	if (r >= 0)
		r = look_for_damage(s->writing, e);
	if (r >= 0)
		r = sqlite_migrate(s->writing, e);
	if (r >= 0 && s->lock_fd >= 0)
		lengthen_log(s);
	if (r >= 0)
		r = writer_start(&sqlite_writer_steps, s, &s->writer, e);
	return r;
}

static void free_parts(struct sqlite_store *s)
{
	struct sqlite_conn *c, *next;

	list_for_each_safe (c, next, &s->pool.idle, link)
		conn_free(c);
	conn_free(s->writing);
	pthread_mutex_destroy(&s->pool.lock);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->file);
	free(s->shown);
	free(s);
}

static int sqlite_open(const char *address, struct store **ret, struct err *e)
{
	struct sqlite_store *s = xcalloc(1, sizeof(*s));
	int r;

	s->store.backend = &sqlite_backend;
	s->lock_fd = -1;
	list_init(&s->pool.idle);
	pthread_mutex_init(&s->pool.lock, NULL);
	r = str_eq(address, ":memory:") ? use_memory(s) : use_file(s, address, e);
	if (r >= 0)
		r = start(s, e);
	if (r < 0) {
		err_prefix(e, "open the store %s", s->shown ? s->shown : address);
		free_parts(s);
		return r;
	}
	*ret = &s->store;
	return 0;
}

/* A writer that hangs in the kernel keeps what it uses: the process is about to end anyway. */
static void sqlite_close(struct store *store, int timeout_ms)
{
	struct sqlite_store *s = (struct sqlite_store *)store;

	if (writer_stop(s->writer, timeout_ms) >= 0)
		free_parts(s);
}

static void sqlite_submit(struct store *store, struct store_txn *t)
{
	writer_submit(((struct sqlite_store *)store)->writer, t);
}

static void sqlite_get_stats(struct store *store, struct store_stats *ret)
{
	writer_get_stats(((struct sqlite_store *)store)->writer, ret);
}

const struct store_backend sqlite_backend = {
	.open = sqlite_open,
	.close = sqlite_close,
	.submit = sqlite_submit,
	.list = sqlite_list,
	.count = sqlite_count,
	.count_by = sqlite_count_by,
	.get_stats = sqlite_get_stats,
};
