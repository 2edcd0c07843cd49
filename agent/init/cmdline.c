/* The words of a command line; see cmdline.h. */
#include "agent/init/cmdline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <string.h>

/* Cuts one word off *p and takes its quotes away; NULL at the end. */
static char *word_next(char **p)
{
	char *s = *p + strspn(*p, " \t\r\n"), *start = s, *out = s;
	bool quoted = false;

	if (!*s)
		return NULL;
	for (; *s && (quoted || !isspace((unsigned char)*s)); s++) {
		if (*s == '"')
			quoted = !quoted;
		else
			*out++ = *s;
	}
	*p = *s ? s + 1 : s;
	*out = '\0';
	return start;
}

void cmdline_parse(const char *line, struct cmdline *ret)
{
	char *p, *word, *eq;

	memset(ret, 0, sizeof(*ret));
	p = ret->text = xstrndup(line, CMDLINE_MAX);
	while (ret->n < CMDLINE_WORDS && (word = word_next(&p))) {
		eq = strchr(word, '=');
		if (eq)
			*eq++ = '\0';
		ret->words[ret->n++] = (struct cmdline_word){.key = word, .value = eq};
	}
}

void cmdline_done(struct cmdline *c)
{
	free(c->text);
	memset(c, 0, sizeof(*c));
}

const char *cmdline_get(const struct cmdline *c, const char *key)
{
	for (size_t i = c->n; i-- > 0;)
		if (str_eq(c->words[i].key, key))
			return c->words[i].value;
	return NULL;
}

bool cmdline_has(const struct cmdline *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->words[i].key, key))
			return true;
	return false;
}
