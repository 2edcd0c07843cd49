/*
 * Whether the ramdisk is whole. A kernel that runs out of memory while it unpacks goes on with what
 * it has, and drivers are missing later. Each archive begins with the file begin/NAME, whose text
 * is the size of what it unpacks to, and ends with end/NAME.
 */
#ifndef AGENT_INIT_MARKERS_H
#define AGENT_INIT_MARKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKERS_DIR "/etc/ingot/archives"

/*
 * Looks below dir. True when every archive that began also ended; otherwise `text` says which did
 * not, and how much memory this machine (memory_mb, 0: not known) should have. half: the root file
 * system is a tmpfs, which stops at half of the memory.
 */
bool markers_whole(const char *dir, uint64_t memory_mb, bool half, char *text, size_t size);

#endif
