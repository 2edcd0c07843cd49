/*
 * The conductor's half of the agent protocol (contract section 4): what a lookup is told, what a
 * heartbeat must carry, and commands to an agent. It reads and changes a node's record only through
 * the struct it is given; it knows no states and no store.
 */
#ifndef CONDUCTOR_AGENTLINK_AGENTLINK_H
#define CONDUCTOR_AGENTLINK_AGENTLINK_H

#include <uv.h>

#include "conductor/model/node.h"
#include "conductor/model/op.h"

struct agentlink;

int agentlink_new(uv_loop_t *loop, struct agentlink **ret, struct err *e);
void agentlink_free(struct agentlink *a); /* takes NULL; outstanding ops fail */

/*
 * Starts a command on the node's agent and completes the op with the command as the agent describes
 * it ({"id", "command_name", "command_status", "command_error", "command_result"}); an asynchronous
 * command is RUNNING then. A synchronous command that failed fails the op. When no answer comes,
 * what may be repeated is asked again within the op's time, the rest only when the agent was not
 * reached. Takes params. The agent's certificate is the one of its heartbeat and nothing else.
 * Engine thread.
 */
void agentlink_command(
	struct agentlink *a, const struct node *n, const char *name, json_t *params, struct op *op);

/* Completes the op with the newest command of that name as the agent describes it. */
void agentlink_command_status(
	struct agentlink *a, const struct node *n, const char *name, struct op *op);

/*
 * Where logs of agents are kept, and how many archives per node; folder is copied, NULL: nowhere.
 * Before the two below.
 */
void agentlink_logs_to(struct agentlink *a, const char *folder, int keep);

/*
 * Gets the logs of the node's agent and keeps them in a file. The op completes with {"file": name}
 * once it is written, on a thread that is not the engine's. `what` is part of the name: "deploy".
 */
void agentlink_collect_logs(
	struct agentlink *a, const struct node *n, const char *what, struct op *op);

/* The same with logs that came in another way: a tar.gz in base64. */
void agentlink_keep_logs(struct agentlink *a, const char *node_uuid, const char *what,
	const char *base64, struct op *op);

/* 0 when command_status is SUCCEEDED, -EAGAIN when RUNNING, otherwise the agent's error. */
int agentlink_command_outcome(const json_t *command, struct err *e);

/* What the conductor tells its agents. */
struct agent_policy {
	int heartbeat_timeout_s;
	bool bios_bootloader;	  /* see struct flow_env */
	const char *progress_url; /* where agents of ours report progress; NULL: not asked for */
	unsigned progress_interval_ms;
};

/*
 * The answer to a lookup. A node without a token gets one (in n->driver_internal_info) and the
 * answer reveals it, once; afterwards it reads "******" (contract 4.4).
 */
json_t *agentlink_lookup_reply(struct node *n, const struct agent_policy *p);

/*
 * Checks a heartbeat's body against what the node knows: token, callback URL, certificate. -EINVAL
 * with the reason. Changes nothing.
 */
int agentlink_heartbeat_check(const struct node *n, const json_t *body, struct err *e);

/* Takes over callback URL, certificate and version. True when something of it is new. */
bool agentlink_heartbeat_apply(struct node *n, const json_t *body);

/* The token that came with a request is the node's. */
bool agentlink_token_ok(const struct node *n, const char *token);

/* Forgets the agent: token, address, certificate, cached steps. The machine was restarted. */
void agentlink_forget(struct node *n);

/* An agent has got its token since the machine was started. */
bool agentlink_has_token(const struct node *n);

/* It has made itself known since then, as an inspection does, and goes on to ask for its token. */
void agentlink_expect(struct node *n);

/* One of the two: a heartbeat will come without a restart of the machine. */
bool agentlink_expected(const struct node *n);

/* The node knows an agent's address. */
bool agentlink_known(const struct node *n);

#endif
