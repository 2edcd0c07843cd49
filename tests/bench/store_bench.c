/*
 * Durable single-row commits a second: plain SQLite beside the store, with one thread and with
 * four, in turns within one run, so that the disk's mood hits all alike. Prints one JSON object.
 *
 * usage: store_bench [FOLDER [SECONDS [plain]]]; FOLDER is on the disk to be measured (default
 * "."), "plain" measures SQLite alone.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "conductor/model/node.h"
#include "conductor/store/store.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"

#define ROUNDS 8

static void make_node(struct node *n, const char *uuid)
{
	char name[64];

	node_init(n);
	n->uuid = xstrdup(uuid);
	snprintf(name, sizeof(name), "node-%s", uuid);
	n->name = xstrdup(name);
	n->driver = xstrdup("ipmi");
	n->provision_state = PS_ENROLL;
	json_object_set_new(n->driver_info, "ipmi_address", json_string("10.1.2.3"));
	json_object_set_new(n->driver_info, "ipmi_username", json_string("admin"));
	json_object_set_new(n->driver_info, "ipmi_password", json_string("password"));
	json_object_set_new(n->properties, "cpu_arch", json_string("x86_64"));
	n->created_at = n->updated_at = time_wall_us();
}

struct plain {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static void die(const char *what)
{
	fprintf(stderr, "store_bench: %s\n", what);
	exit(1);
}

/* The same text, a unique column, autocommit: what SQLite itself can do here. */
static void plain_open(struct plain *p, const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/plain.db", folder);

	if (sqlite3_open(path, &p->db) != SQLITE_OK ||
		sqlite3_exec(p->db,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"CREATE TABLE nodes(id INTEGER PRIMARY KEY, uuid TEXT UNIQUE, doc TEXT)",
			NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(p->db, "INSERT INTO nodes(uuid, doc) VALUES(?,?)", -1,
			&p->insert, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(p->db));
}

static double plain_run(struct plain *p, int ms)
{
	int64_t start = time_mono_ms(), now;
	int n = 0;

	do {
		char uuid[UUID_TEXT_MAX];
		_cleanup_json_ json_t *object = NULL;
		_cleanup_free_ char *doc = NULL;
		struct node node;

		uuid_new(uuid);
		make_node(&node, uuid);
		object = record_to_json(&node_type, &node);
		doc = json_text(object);
		node_done(&node);
		sqlite3_bind_text(p->insert, 1, uuid, -1, SQLITE_STATIC);
		sqlite3_bind_text(p->insert, 2, doc, -1, SQLITE_STATIC);
		if (sqlite3_step(p->insert) != SQLITE_DONE)
			die(sqlite3_errmsg(p->db));
		sqlite3_reset(p->insert);
		n++;
		now = time_mono_ms();
	} while (now - start < ms);
	return n * 1000.0 / (double)(now - start);
}

#define WARM_UP 3000 /* rows, in one commit each */

/*
 * Both logs grow to the length at which SQLite begins them anew: a sync of blocks that are written
 * over is cheaper than one of a file that grows, and a long-running program does the former.
 */
static void warm_up(struct plain *p, struct store *s)
{
	struct store_txn *t = store_txn_new();
	char uuid[UUID_TEXT_MAX], junk[2001];
	struct node node;

	memset(junk, 'x', sizeof(junk) - 1);
	junk[sizeof(junk) - 1] = '\0';
	sqlite3_exec(p->db, "BEGIN", NULL, NULL, NULL);
	for (int i = 0; i < WARM_UP; i++) {
		uuid_new(uuid);
		make_node(&node, uuid);
		store_txn_put(t, &node_type, &node);
		node_done(&node);
		sqlite3_bind_text(p->insert, 1, uuid, -1, SQLITE_STATIC);
		sqlite3_bind_text(p->insert, 2, junk, -1, SQLITE_STATIC);
		sqlite3_step(p->insert);
		sqlite3_reset(p->insert);
	}
	sqlite3_exec(p->db, "COMMIT", NULL, NULL, NULL);
	if (store_commit(s, t, NULL) < 0)
		die("warm-up failed");
}

struct client {
	struct store *store;
	int64_t end;
	int n;
};

static void *client_run(void *arg)
{
	struct client *c = arg;

	while (time_mono_ms() < c->end) {
		struct store_txn *t = store_txn_new();
		char uuid[UUID_TEXT_MAX];
		struct err e = {0};
		struct node node;

		uuid_new(uuid);
		make_node(&node, uuid);
		store_txn_put(t, &node_type, &node);
		node_done(&node);
		if (store_commit(c->store, t, &e) < 0)
			die(e.text);
		c->n++;
	}
	return NULL;
}

static double store_run(struct store *s, int threads, int ms)
{
	struct client c[16] = {0};
	pthread_t id[16];
	int64_t start = time_mono_ms();
	int n = 0;

	for (int i = 0; i < threads; i++) {
		c[i] = (struct client){.store = s, .end = start + ms};
		pthread_create(&id[i], NULL, client_run, &c[i]);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		n += c[i].n;
	}
	return n * 1000.0 / (double)(time_mono_ms() - start);
}

static void measure(struct plain *p, struct store *s, int ms)
{
	static const int threads[] = {1, 4, 16};
	double plain = 0, store[3] = {0};
	struct store_stats stats;

	for (int round = 0; round < ROUNDS; round++) {
		/* each is first, and behind each other, as often */
		for (int k = 0; k < 4; k++) {
			int i = (round & 1 ? 3 - k : k) + round / 2;

			if (i % 4 == 3)
				plain += plain_run(p, ms) / ROUNDS;
			else
				store[i % 4] += store_run(s, threads[i % 4], ms) / ROUNDS;
		}
	}
	store_get_stats(s, &stats);
	printf("{\"unit\": \"durable commits/s\", \"sqlite_plain\": %.0f, \"store_1_thread\": "
	       "%.0f, "
	       "\"store_4_threads\": %.0f, \"store_16_threads\": %.0f, "
	       "\"one_to_plain\": %.2f, \"four_to_one\": %.2f, "
	       "\"transactions_per_commit\": %.2f}\n",
		plain, store[0], store[1], store[2], store[0] / plain, store[1] / store[0],
		(double)stats.transactions / (double)(stats.commits ? stats.commits : 1));
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 10;
	_cleanup_free_ char *folder = xasprintf("%s/store-bench-XXXXXX", argc > 1 ? argv[1] : ".");
	struct plain p = {0};
	struct store *s;
	struct err e = {0};

	if (!mkdtemp(folder))
		die("cannot make a folder");
	_cleanup_free_ char *url = xasprintf("sqlite:%s/store.db", folder);
	if (store_open(url, &s, &e) < 0)
		die(e.text);
	plain_open(&p, folder);
	warm_up(&p, s);
	if (argc > 3)
		printf("{\"sqlite_plain\": %.0f}\n", plain_run(&p, seconds * 1000));
	else
		measure(&p, s, seconds * 1000 / (ROUNDS * 4));
	store_close(s, 5000);
	sqlite3_finalize(p.insert);
	sqlite3_close(p.db);
	fs_rm_rf(folder, NULL);
	return 0;
}
