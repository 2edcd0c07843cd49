/* Loads kernel modules for the hardware that is there, without udev and kmod. */
#ifndef TESTS_VRACK_SYSTEM_MODULES_H
#define TESTS_VRACK_SYSTEM_MODULES_H

/*
 * Reads modules.dep and modules.alias of `folder` (such as "/lib/modules/6.1.0-56-amd64"). 0 or
 * negative errno. May be called again with another folder, which takes the place of the first.
 */
int modules_open(const char *folder);

/* Loads one module and what it depends on, by name without ".ko". 0 (also when it is there) or
 * negative errno. */
int modules_load(const char *name);

/*
 * Loads the modules of every device that shows a modalias in /sys/devices. New modules make new
 * devices, so it is called again until it returns 0: the number of modules loaded by this pass.
 */
int modules_coldplug(void);

#endif
