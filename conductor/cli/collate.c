/* Collating; see collate.h. */
#include "conductor/cli/collate.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

void collate_add(struct collate *c, const char *node, const char *text)
{
	struct collated *at = NULL;

	for (size_t i = 0; !at && i < c->n; i++)
		if (str_eq(c->list[i].text, text))
			at = &c->list[i];
	if (!at) {
		c->list = xrealloc(c->list, (c->n + 1) * sizeof(*c->list));
		at = &c->list[c->n++];
		*at = (struct collated){.text = xstrdup(text)};
	}
	names_append(&at->nodes, node);
	c->nodes++;
}

static void rule(FILE *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fputc('-', out);
	fputc('\n', out);
}

void collate_print(const struct collate *c, FILE *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct collated *one = &c->list[i];
		_cleanup_free_ char *nodes = range_fold(&one->nodes);
		size_t width = strlen(nodes) < 78 ? strlen(nodes) : 78;

		if (c->nodes > 1) {
			rule(out, width);
			fputs(nodes, out);
			if (one->nodes.n > 1)
				fprintf(out, " (%zu)", one->nodes.n);
			fputc('\n', out);
			rule(out, width);
		}
		fputs(one->text, out);
	}
}

void collate_done(struct collate *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].text);
		names_done(&c->list[i].nodes);
	}
	free(c->list);
	memset(c, 0, sizeof(*c));
}
