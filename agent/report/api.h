/* The HTTP face of the commands: what the conductor calls on port 9999 (contract section 4.7). */
#ifndef AGENT_REPORT_API_H
#define AGENT_REPORT_API_H

#include "agent/report/command.h"
#include "lib/http/server.h"

struct agent_api {
	struct commands *commands;
	/* True when this is the agent's token; NULL comes for a request without one. Any thread. */
	bool (*authorized)(void *agent, const char *token);
	/*
	 * Who reads what commands did needs no token: conductors up to Ironic's 21.4 (API 1.82)
	 * show it with commands only.
	 */
	bool open_reading;
	/* A command came in, before it runs; NULL allowed. */
	void (*on_command)(void *agent, const char *name);
	void *agent;
	int64_t started_us;
};

/* The handler for lib/http's server; data is the struct agent_api. */
void agent_api_handle(struct http_req *req, void *data);

/*
 * Reads the body of POST /v1/commands: {"name", "params"}. The caller frees *ret_name and owns
 * *ret_params, alone. 0 or -EINVAL.
 */
int agent_api_parse(
	const char *body, size_t len, char **ret_name, json_t **ret_params, struct err *e);

#endif
