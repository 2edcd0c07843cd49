/* The machine that runs a GRUB configuration; internal to grubscript.c and grubcommand.c. */
#ifndef AGENT_SYSTEM_GRUBSCRIPT_H
#define AGENT_SYSTEM_GRUBSCRIPT_H

#include "agent/system/grub.h"

#define GRUB_TOKENS_MAX	 32768
#define GRUB_STEPS_MAX	 100000
#define GRUB_DEPTH_MAX	 16
#define GRUB_VARS_MAX	 256
#define GRUB_VALUE_MAX	 2048
#define GRUB_WORDS_MAX	 64
#define GRUB_ENTRIES_MAX 512

struct grub_token {
	const char *text; /* as written, with its quotes; NULL: end of a command */
	size_t len;
	bool first; /* where a command's name stands */
};

struct grub_entry {
	char *title, *id;
	size_t body, end; /* tokens between its braces */
	bool submenu;
	char *bls; /* text of a Boot Loader Specification entry, instead of a body */
};

struct grub {
	const struct grub_disk *disk;
	struct grub_token *tokens;
	size_t n_tokens, tokens_max;
	unsigned steps, depth;
	size_t n_vars;
	struct {
		char *name, *value;
	} vars[GRUB_VARS_MAX];
	size_t n_entries;
	struct grub_entry *entries; /* of the menu at hand */
	const char *home;	    /* partition the configuration lies on */
	struct boot_plan plan;
	bool booted;
	struct err err; /* set once something was met that is not understood */
};

/* NULL: not set. */
const char *grub_get(const struct grub *g, const char *name);
void grub_set(struct grub *g, const char *name, const char *value);

/* Notes that the configuration is not understood; the run ends soon. Gives false. */
bool grub_refuse(struct grub *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes variables and quotes out of a word. False: too long. */
bool grub_expand(const struct grub *g, const char *text, size_t len, char *ret, size_t size);

/* Runs a command of n words; its status. grubcommand.c */
bool grub_command(struct grub *g, char **words, size_t n);

/* Runs the tokens from `at` up to `end`; the status of the last command. */
bool grub_run(struct grub *g, size_t at, size_t end);

/* Another menu: entries are forgotten. */
void grub_entries_done(struct grub *g);
struct grub_entry *grub_entry_new(struct grub *g, const char *title, const char *id);

#endif
