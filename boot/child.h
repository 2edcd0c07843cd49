/* How a service finds its launcher; see child.c. */
#ifndef BOOT_CHILD_H
#define BOOT_CHILD_H

#define BOOT_CHILD_OPTION "--boot-child"

#endif
