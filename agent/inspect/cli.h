/* `ingot-agent inspect`: what this machine is made of, by hand. */
#ifndef AGENT_INSPECT_CLI_H
#define AGENT_INSPECT_CLI_H

/* argv[0] is the verb. Gives the exit status: 0, 1 when it failed, 2 on wrong usage. */
int inspect_cli(int argc, char **argv);

#endif
