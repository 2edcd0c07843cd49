/* Which boot loader an EFI system partition holds, and how its boot entry is to be called. */
#ifndef AGENT_SYSTEM_LOADER_H
#define AGENT_SYSTEM_LOADER_H

#include "agent/system/fat.h"
#include "lib/base/buf.h"

#define LOADER_PATH_MAX 512
#define LOADER_TEXT_MAX 128

enum loader_source {
	LOADER_CSV,	  /* a list that shim's fallback program goes by */
	LOADER_KNOWN,	  /* a loader in its distribution's folder */
	LOADER_REMOVABLE, /* only the path for removable media */
	LOADER_SOURCE_COUNT
};

struct loader {
	enum loader_source source;
	char path[LOADER_PATH_MAX]; /* "EFI/debian/shimx64.efi", as the ESP spells it */
	char label[LOADER_TEXT_MAX];
	char arguments[LOADER_TEXT_MAX]; /* "" when there are none */
	char told_by[LOADER_PATH_MAX];	 /* the list it comes from; "" */
	bool fallback;			 /* the path for removable media exists */
};

/* Part of the names of EFI programs of a machine: "x64", "aa64", "ia32"; NULL: not known. */
const char *loader_arch(const char *machine, bool firmware_32bit);

/* "EFI/BOOT/BOOTX64.EFI" of that architecture. */
void loader_fallback_path(const char *arch, char *ret, size_t size);

/*
 * Looks in this order: a list EFI/<folder>/BOOT<ARCH>.CSV or BOOT.CSV whose loader exists, a loader
 * known by name, the path for removable media. -ENOENT: there is none; the error lists what lies
 * there.
 */
int loader_find(const struct fat *f, const char *arch, struct loader *ret, struct err *e);

/*
 * Makes the path for removable media boot what was found, when it is missing: firmware whose
 * entries were lost still finds the system. A shim takes with it what it starts. Writes *ret_done:
 * what was done, for people.
 */
int loader_repair_fallback(struct fat *f, const char *arch, const struct loader *l,
	struct buf *ret_done, struct err *e);

/* First line of a list (UTF-16, perhaps with a mark): loader, label, arguments. -EBADMSG. */
int loader_parse_csv(const uint8_t *data, size_t len, char *ret_file, size_t file_size,
	struct loader *ret, struct err *e);

#endif
