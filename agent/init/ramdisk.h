/* The agent as process 1 of the ramdisk. */
#ifndef AGENT_INIT_RAMDISK_H
#define AGENT_INIT_RAMDISK_H

/*
 * Mounts what a Linux needs, loads modules, brings the network up and runs the agent; ends by
 * rebooting or powering the machine off, and never comes back.
 */
void ramdisk_run(void) __attribute__((noreturn));

#endif
