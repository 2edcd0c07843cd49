/* The verbs of a resource out of its table: their arguments, options, help and examples. */
#include "conductor/cli/crud.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <string.h>

static const struct {
	const char *verb;
	cli_run run;
	unsigned use; /* of fields */
	const char *help;
} kinds[RESOURCE_VERBS] = {
	[RESOURCE_LIST] = {"list", crud_list, IN_LIST, NULL},
	[RESOURCE_SHOW] = {"show", crud_show, 0, "show all there is to know of one"},
	[RESOURCE_CREATE] = {"create", crud_create, IN_CREATE, "make one"},
	[RESOURCE_SET] = {"set", crud_set, IN_SET, "change fields"},
	[RESOURCE_UNSET] = {"unset", crud_unset, IN_UNSET, "remove values of fields"},
	[RESOURCE_DELETE] = {"delete", crud_delete, 0, "delete, after a look at what is meant"},
};

static const struct cli_option fields_option[] = {
	{"fields", "FIELD...", "only these, as in name,properties.rack"}};
static const struct cli_option list_options[] = {
	{"fields", "FIELD...", "only these, as in name,properties.rack"},
	{"long", NULL, "all there is to know of each"},
	{"sort", "FIELD[:asc|:desc]", "in this order"}, {"limit", "N", "not more than so many"},
	{"marker", "UUID", "those behind this one"}};
static const struct cli_option all_option[] = {{"all", NULL, "every node there is"}};
static const struct cli_option delete_options[] = {{"yes", NULL, "do not ask"},
	{"dry-run", NULL, "show what would be touched and what refused, change nothing"},
	{"max", "N", "allow so many at once; 50 when not given"}};

/* The options of a verb that are fields. */
static struct cli_options field_options(const struct resource *r, unsigned use)
{
	struct cli_option *list = xcalloc(r->n_fields + 1, sizeof(*list));
	struct cli_options options = {list, 0};

	for (size_t i = 0; use && i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];
		bool pairs = f->type == FIELD_PAIRS || f->type == FIELD_TEXTS;

		if (!(f->use & use))
			continue;
		list[options.n++] = (struct cli_option){
			f->option, use == IN_UNSET ? (pairs ? "KEY" : NULL) : f->arg, f->help};
	}
	return options;
}

/* Each line of the table with "ingot NOUN VERB " before it. */
static const char *examples_of(const struct resource *r, enum resource_verb kind)
{
	const char *text = r->examples[kind] ? r->examples[kind] : "";
	struct buf b = BUF_INIT(16384);

	for (;;) {
		size_t len = strcspn(text, "\n");

		buf_printf(&b, "%singot %s %s%s%.*s", b.len ? "\n" : "", r->noun, kinds[kind].verb,
			len ? " " : "", (int)len, text);
		if (!text[len])
			return buf_take(&b);
		text += len + 1;
	}
}

static void set_args(const struct resource *r, enum resource_verb kind, struct cli_verb *v)
{
	bool many = kind != RESOURCE_CREATE, all = r == &node_resource || r->extra[kind].n;

	v->min_args = many ? 1 : r->positional && !r->positional_optional;
	v->max_args = many ? -1 : r->positional != NULL;
	if (kind == RESOURCE_LIST) {
		v->min_args = 0;
		v->args = xasprintf("[%s...]", r->kind);
	} else if (many) {
		v->min_args = !(r == &node_resource || (kind == RESOURCE_DELETE && all));
		v->args = xasprintf("%s...", r->kind);
	} else if (r->positional) {
		v->args = xasprintf(v->min_args ? "%s" : "[%s]", r->positional_kind);
	}
}

static void set_options(const struct resource *r, enum resource_verb kind, struct cli_verb *v)
{
	size_t n = 0;

	v->options[n++] = field_options(r, kinds[kind].use);
	v->options[n++] = r->extra[kind];
	if (kind == RESOURCE_LIST)
		v->options[n++] = (struct cli_options)CLI_OPTIONS(list_options);
	if (kind == RESOURCE_SHOW)
		v->options[n++] = (struct cli_options)CLI_OPTIONS(fields_option);
	if (kind == RESOURCE_DELETE)
		v->options[n++] = (struct cli_options)CLI_OPTIONS(delete_options);
	if (r == &node_resource && kind != RESOURCE_CREATE)
		v->options[n++] = (struct cli_options)CLI_OPTIONS(all_option);
}

static void make(const struct resource *r, enum resource_verb kind, struct cli_verb *v)
{
	*v = (struct cli_verb){.noun = r->noun, .verb = kinds[kind].verb};
	set_args(r, kind, v);
	set_options(r, kind, v);
	v->help = r->help[kind]	     ? r->help[kind]
		  : kinds[kind].help ? kinds[kind].help
				     : xasprintf("list %s", r->many);
	v->examples = examples_of(r, kind);
	v->run = r->run[kind] ? r->run[kind] : kinds[kind].run;
}

size_t crud_verbs(const struct resource *r, struct cli_verb *ret)
{
	size_t n = 0;

	for (unsigned kind = 0; kind < RESOURCE_VERBS; kind++)
		if (r->verbs & (1u << kind))
			make(r, kind, &ret[n++]);
	return n;
}
