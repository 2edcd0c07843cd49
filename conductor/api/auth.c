/* Basic authentication; see auth.h. */
#include "conductor/api/auth.h"
#include "conductor/api/htpasswd.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include <nettle/sha2.h>

#define FILE_MAX    (1024 * 1024)
#define REMEMBERED  64
#define WAITING_MAX 2 /* threads held up by bcrypt; who is remembered needs none */

struct auth {
	char *path;
	pthread_mutex_t lock;  /* text, stamp, remembered */
	pthread_mutex_t crypt; /* one bcrypt at a time, and few that wait for it, so that guessing
				  cannot take every thread */
	atomic_uint waiting;
	char *text;
	struct timespec stamp;
	off_t size;
	uint8_t salt[32];
	uint8_t remembered[REMEMBERED][SHA256_DIGEST_SIZE];
	unsigned n_remembered; /* ever; the oldest are overwritten */
};

/* Reads the file when it is new or has changed; the lock is held. */
static int load(struct auth *a, struct err *e)
{
	struct stat st;
	char *text;
	int r;

	if (stat(a->path, &st) < 0)
		return err_errno(e, errno, "htpasswd %s", a->path);
	if (a->text && st.st_mtim.tv_sec == a->stamp.tv_sec &&
		st.st_mtim.tv_nsec == a->stamp.tv_nsec && st.st_size == a->size)
		return 0;
	r = fs_read(a->path, FILE_MAX, &text, NULL, e);
	if (r < 0)
		return err_prefix(e, "htpasswd");
	if (a->text)
		mem_wipe(a->text, strlen(a->text));
	free(a->text);
	a->text = text;
	a->stamp = st.st_mtim;
	a->size = st.st_size;
	memset(a->remembered, 0, sizeof(a->remembered));
	a->n_remembered = 0;
	return 0;
}

int auth_new(const char *htpasswd, struct auth **ret, struct err *e)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	_cleanup_free_ char *salt = secret_new(32);
	int r;

	a->path = xstrdup(htpasswd);
	memcpy(a->salt, salt, sizeof(a->salt));
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->crypt, NULL);
	r = load(a, e);
	if (r == 0)
		r = htpasswd_check(a->path, a->text, e);
	if (r < 0) {
		auth_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	if (a->text)
		mem_wipe(a->text, strlen(a->text));
	free(a->text);
	free(a->path);
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->crypt);
	mem_wipe(a, sizeof(*a));
	free(a);
}

static void digest(const struct auth *a, const char *user, const char *password, const char *hash,
	uint8_t ret[static SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, sizeof(a->salt), a->salt);
	sha256_update(&ctx, strlen(user) + 1, (const uint8_t *)user);
	sha256_update(&ctx, strlen(hash) + 1, (const uint8_t *)hash);
	sha256_update(&ctx, strlen(password), (const uint8_t *)password);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
	mem_wipe(&ctx, sizeof(ctx));
}

static bool remembered(struct auth *a, const uint8_t d[static SHA256_DIGEST_SIZE])
{
	unsigned found = 0;

	pthread_mutex_lock(&a->lock);
	for (int i = 0; i < REMEMBERED; i++) {
		unsigned differ = 0;

		for (int k = 0; k < SHA256_DIGEST_SIZE; k++)
			differ |= (unsigned)(a->remembered[i][k] ^ d[k]);
		found |= !differ;
	}
	pthread_mutex_unlock(&a->lock);
	return found;
}

static void remember(struct auth *a, const uint8_t d[static SHA256_DIGEST_SIZE])
{
	pthread_mutex_lock(&a->lock);
	memcpy(a->remembered[a->n_remembered++ % REMEMBERED], d, SHA256_DIGEST_SIZE);
	pthread_mutex_unlock(&a->lock);
}

/* 0 or -EACCES. */
static int bcrypt_matches(struct auth *a, const char *password, const char *hash)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *got;
	bool good;

	pthread_mutex_lock(&a->crypt);
	got = crypt_r(password, hash, data);
	pthread_mutex_unlock(&a->crypt);
	good = got && secret_eq(got, hash);
	mem_wipe(data, sizeof(*data));
	free(data);
	return good ? 0 : -EACCES;
}

static int bcrypt_queue(struct auth *a, const char *password, const char *hash)
{
	int r = -EAGAIN;

	if (atomic_fetch_add(&a->waiting, 1) < WAITING_MAX)
		r = bcrypt_matches(a, password, hash);
	atomic_fetch_sub(&a->waiting, 1);
	return r;
}

static int check_password(struct auth *a, const char *user, const char *password)
{
	/* Of no password; for a file without entries. */
	static const char nobody[] = "$2y$05$abcdefghijklmnopqrstuuW1EfDqQ4yYVp6xG5DGXzT0bTqEXg6yS";
	_cleanup_free_ char *hash = NULL, *another = NULL;
	uint8_t d[SHA256_DIGEST_SIZE];
	int r;

	pthread_mutex_lock(&a->lock);
	if (load(a, NULL) == 0)
		hash = htpasswd_find(a->text, user);
	if (!hash && a->text)
		another = htpasswd_any(a->text);
	pthread_mutex_unlock(&a->lock);
	if (!hash) { /* as long as for a known name, so that time does not tell which names exist */
		r = bcrypt_queue(a, password, another ? another : nobody);
		return r < 0 ? r : -EACCES;
	}
	digest(a, user, password, hash, d);
	if (remembered(a, d))
		return 0;
	r = bcrypt_queue(a, password, hash);
	if (r == 0)
		remember(a, d);
	return r;
}

int auth_check(struct auth *a, const char *header, char **ret_user, struct err *e)
{
	char *pair, *password;
	int r = htpasswd_credentials(header, &pair, e);

	if (r < 0)
		return r;
	password = pair + strlen(pair) + 1;
	r = check_password(a, pair, password);
	mem_wipe(password, strlen(password));
	if (r == 0)
		*ret_user = pair;
	else
		free(pair);
	if (r == -EAGAIN)
		return err_set(e, EAGAIN, "too many passwords are being checked; try again");
	return r < 0 ? err_set(e, EACCES, "Incorrect username or password") : 0;
}
