/* Shared by the verbs: choosing nodes, pairs, printing, failures; see cmd.h. */
#include "conductor/cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/cli/prompt.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

int cmd_fail(const struct err *e)
{
	fprintf(stderr, "ingot: %s\n", e->text);
	return e->code == ETIMEDOUT ? CLI_TIMEOUT : CLI_FAILED;
}

int cmd_fail_usage(const struct err *e)
{
	int code = cmd_fail(e);

	return e->code == EINVAL ? CLI_USAGE : code;
}

static size_t name_at(const char *text, const char *node)
{
	char uuid[UUID_TEXT_MAX];

	if (str_starts(text, node))
		return strlen(node);
	str_copy(uuid, sizeof(uuid), text);
	return uuid_valid(uuid) ? UUID_TEXT_MAX - 1 : 0;
}

/* The text as it would be of any node. */
static char *alike(const char *text, const char *node)
{
	struct buf b = BUF_INIT(8192);
	bool word = true; /* a name begins only where a word does */

	while (*text) {
		size_t n = word && *node ? name_at(text, node) : 0;

		if (n && !isalnum((unsigned char)text[n])) {
			buf_puts(&b, "NODE");
			text += n;
		}
		word = !isalnum((unsigned char)*text) && *text != '-';
		buf_append(&b, text, *text != 0);
		text += *text != 0;
	}
	return b.data ? buf_take(&b) : xstrdup("");
}

void failures_add(struct failures *f, const char *node, const char *text)
{
	f->list = xrealloc(f->list, (f->n + 1) * sizeof(*f->list));
	f->list[f->n++] = (struct failure){xstrdup(node), xstrdup(text), alike(text, node)};
}

void failures_print(const struct failures *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct names same = {0};
		bool first = true;

		for (size_t k = 0; k < f->n; k++) {
			if (!str_eq(f->list[i].alike, f->list[k].alike))
				continue;
			first &= k >= i;
			names_add(&same, f->list[k].node);
		}
		if (first) {
			_cleanup_free_ char *nodes = range_fold(&same);

			fprintf(stderr, "ingot: %s: %s\n", nodes,
				same.n > 1 ? f->list[i].alike : f->list[i].text);
		}
		names_done(&same);
	}
}

void failures_next(const struct failures *f)
{
	if (f->n)
		fprintf(stderr,
			"ingot: next: 'ingot why %s' tells where it stopped and what to do, 'ingot "
			"node history %s' what came before\n",
			f->list[0].node, f->list[0].node);
}

void failures_done(struct failures *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].node);
		free(f->list[i].text);
		free(f->list[i].alike);
	}
	free(f->list);
	memset(f, 0, sizeof(*f));
}
