/* What the files of the program share: its verbs, choosing nodes, printing. */
#ifndef CONDUCTOR_CLI_CMD_H
#define CONDUCTOR_CLI_CMD_H

#include "conductor/cli/conn.h"
#include "conductor/cli/print.h"
#include "conductor/cli/select.h"
#include "lib/cli/range.h"
#include "lib/cli/table.h"
#include "lib/cli/verb.h"

#define VERB(name) int name(struct cli_line *line, void *data)

VERB(verb_rack_import);
VERB(verb_create);
VERB(verb_node_deploy);
VERB(verb_node_provision);
VERB(verb_node_power);
VERB(verb_node_reboot);
VERB(verb_node_secure_boot);
VERB(verb_node_maintenance);
VERB(verb_node_watch);
VERB(verb_node_erasures);
VERB(verb_bmc_info);
VERB(verb_bmc_sensors);
VERB(verb_bmc_sel);
VERB(verb_bmc_fru);
VERB(verb_bmc_lan);
VERB(verb_bmc_identify);
VERB(verb_bmc_reset);
VERB(verb_bmc_raw);
VERB(verb_node_logs);
VERB(verb_console);
VERB(verb_node_console);
VERB(verb_why);
VERB(verb_boot_explain);
VERB(verb_node_history);
VERB(verb_queue_list);
VERB(verb_queue_set);
VERB(verb_bmc_list);
VERB(verb_waiting_list);
VERB(verb_waiting_accept);
VERB(verb_waiting_ignore);
VERB(verb_inventory_export);
VERB(verb_version);
VERB(verb_completion);
VERB(verb_man);

/* Completion of arguments (lib/cli/verb.h): nodes, states, drivers ... */
bool shell_words(
	const char *kind, const char *prefix, struct cli_line *line, FILE *out, void *data);

/* GETs one thing; with --json prints it. 1: printed; 0: print it yourself; or a negative errno. */
int cmd_fetch(struct cli_line *line, const char *path, json_t **ret, struct err *e);

/* Prints "ingot: text" and gives the exit code that fits the error. */
int cmd_fail(const struct err *e);

/* The same; wrong usage where the error is -EINVAL. */
int cmd_fail_usage(const struct err *e);

/* What went wrong with which node; nodes that failed alike are printed in one line. */
struct failure {
	char *node, *text;
	char *alike; /* the text with NODE for this node's name and UUID */
};
struct failures {
	struct failure *list;
	size_t n;
};
void failures_add(struct failures *f, const char *node, const char *text);
void failures_print(const struct failures *f);
void failures_next(
	const struct failures *f); /* what to type next, when nodes failed on their way */
void failures_done(struct failures *f);

#endif
