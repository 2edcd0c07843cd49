/*
 * The conductor's HTTP face: the Ironic API under /v1, Ingot's own under /ingot/v1, and /metrics.
 * It parses, validates, reads the store, and hands every change to the engine; it decides nothing
 * about nodes.
 */
#ifndef CONDUCTOR_API_API_H
#define CONDUCTOR_API_API_H

#include <stdbool.h>
#include <stdint.h>

#include "conductor/node/engine.h"
#include "conductor/store/store.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

#define API_MINOR_MIN 1
#define API_MINOR_MAX 110

enum api_auth { API_AUTH_NONE, API_AUTH_HTTP_BASIC, API_AUTH_COUNT };

/* What `report` shows through the API. Hooks append to out; any API thread; NULL: answered 404. */
struct api_report {
	void *data;
	int (*metrics)(void *data, struct buf *out, struct err *e); /* Prometheus text */
	/* The cloud's inventory as "json" or "csv". */
	int (*inventory)(void *data, const char *format, struct buf *out, struct err *e);
	/* Files of a node's agents' logs: [{"file", "size", "at"}], a new reference; and where one
	 * of them lies, allocated, NULL when it is none of them. */
	json_t *(*logs)(void *data, const char *node_uuid);
	char *(*logs_path)(void *data, const char *node_uuid, const char *file);
};

/* Strings and structs are copied; engine, store and the hooks' data have to outlive the API. */
struct api_config {
	struct engine *engine;
	struct store *store;
	struct api_report report;
	const char *console_folder; /* of the consoles' recordings; NULL: there are none */

	const char *listen;	/* "127.0.0.1:6385" */
	const char *tls_cert;	/* PEM text or path; NULL: no TLS */
	const char *tls_key;	/* PEM text or path */
	const char *public_url; /* without /v1; NULL: what the client called us */
	enum api_auth auth;
	const char *htpasswd;	    /* for http_basic: a file of bcrypt entries */
	bool ramdisk_endpoints_off; /* lookup, heartbeat and continue_inspection answer 403 */
	size_t body_max;	    /* 0: 1 MiB */
	size_t body_provision_max;  /* PUT states/provision; 0: 64 MiB */
	size_t body_inspection_max; /* POST continue_inspection; 0: 16 MiB */
	unsigned threads;	    /* 0: 4 */
	unsigned max_connections;   /* 0: 1024 */
	unsigned max_per_address;   /* connections; 0: all */
	unsigned request_timeout_s; /* until a request has arrived; 0: 30 */
	unsigned list_max;	    /* records in one answer; 0: 1000 */
};

struct api;

/* Checks the configuration (htpasswd readable, and so on). 0, -EINVAL, or what reading gave. */
int api_new(const struct api_config *c, struct api **ret, struct err *e);

/* Binds and serves, on threads of its own. */
int api_start(struct api *a, struct err *e);

/* Reads certificate and key again, for connections to come. On failure all stays as it is. */
int api_reload(struct api *a, struct err *e);

/* The port it listens on; after api_start(). */
uint16_t api_port(const struct api *a);

/*
 * Takes no more requests, lets running ones end for drain_ms. Answers of the engine that come later
 * are dropped, so stop the API before the engine; free it when the engine holds no request.
 */
void api_stop(struct api *a, unsigned drain_ms);
void api_free(struct api *a); /* stops if running; NULL allowed */

#endif
