/* What a command that destroys would touch, shown and confirmed before anything happens. */
#ifndef CONDUCTOR_CLI_BLAST_H
#define CONDUCTOR_CLI_BLAST_H

#include "conductor/cli/ask.h"

#define BLAST_MAX 50 /* nodes, without --max */

enum blast_ask {
	BLAST_ALWAYS,	   /* data is lost for sure: without a terminal it takes --yes */
	BLAST_ON_TERMINAL, /* the disks ought to be free: a person is asked, a script is not */
};

/*
 * "Undeploy 12 nodes": with --dry-run prints what it would touch and refuse, and ends the verb;
 * else refuses more nodes than --max, shows and asks unless --yes. Options of the line: dry-run,
 * max, yes, json. True: go on; false: *ret_code is the verb's.
 */
bool blast_allowed(const struct cli_line *line, struct conn *c, const struct names *names,
	const struct ask *a, const char *what, enum blast_ask ask, int *ret_code);

/* Not more names than --max; else says so, and *ret_code is wrong usage. */
bool blast_few_enough(const struct cli_line *line, const struct names *names, int *ret_code);

/*
 * Asks "what name?" unless --yes. Where there is nobody to ask: goes on, or where data is lost for
 * sure (`sure`) wants --yes.
 */
bool blast_sure(
	const struct cli_line *line, const char *what, const char *name, bool sure, int *ret_code);

/* One line for people about the rows of a dry run: nodes, systems, disks and their size. Allocated.
 */
char *blast_summary(const char *what, const json_t *rows);

#endif
