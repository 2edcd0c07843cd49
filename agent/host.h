/* The agent as an ordinary process: on a host, or in a simulation made of files. */
#ifndef AGENT_HOST_H
#define AGENT_HOST_H

struct host_options {
	const char *cmdline; /* NULL: /proc/cmdline */
	const char *address; /* to listen on; NULL: the one that reaches the API */

	/*
	 * A folder with sys/ and proc/ as far as wanted, disks.json, and a file dev/<name> for
	 * every disk in it. Files that are missing are made, sparse, in the size that disks.json
	 * says. NULL: the host itself.
	 */
	const char *sim;
};

/*
 * Runs until a command, a signal (SIGTERM, SIGINT) or a failure ends it; gives the exit status: 0,
 * 1 failed, 2 usage. Nothing is configured on the host. A power command in a simulation writes
 * "reboot" or "off" to DIR/power; on a host it only ends the agent.
 */
int host_run(const struct host_options *o);

#endif
