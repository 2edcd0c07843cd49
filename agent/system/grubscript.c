/* Words, variables and the flow of control of a GRUB configuration; see grubscript.h. */
#include "agent/system/grubscript.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool grub_refuse(struct grub *g, const char *fmt, ...)
{
	va_list ap;

	if (g->err.code)
		return false;
	va_start(ap, fmt);
	err_vset(&g->err, ENOTSUP, fmt, ap);
	va_end(ap);
	return false;
}

const char *grub_get(const struct grub *g, const char *name)
{
	for (size_t i = 0; i < g->n_vars; i++)
		if (str_eq(g->vars[i].name, name))
			return g->vars[i].value;
	return NULL;
}

void grub_set(struct grub *g, const char *name, const char *value)
{
	for (size_t i = 0; i < g->n_vars; i++)
		if (str_eq(g->vars[i].name, name)) {
			str_replace(&g->vars[i].value, value);
			return;
		}
	if (g->n_vars == GRUB_VARS_MAX) {
		grub_refuse(g, "it has more than %d variables", GRUB_VARS_MAX);
		return;
	}
	g->vars[g->n_vars].name = xstrdup(name);
	g->vars[g->n_vars++].value = xstrdup(value);
}

/* --- words ---------------------------------------------------------------------------------- */

static bool is_one(const struct grub_token *t, const char *word)
{
	return t->text && strlen(word) == t->len && !memcmp(t->text, word, t->len);
}

/* Behind these a command begins. */
static bool opens(const struct grub_token *t)
{
	static const char *const words[] = {"if", "then", "else", "elif", "!"};

	if (is_one(t, "{"))
		return true;
	for (size_t i = 0; t->first && i < ARRAY_SIZE(words); i++)
		if (is_one(t, words[i]))
			return true;
	return false;
}

static bool add_token(struct grub *g, const char *text, size_t len)
{
	struct grub_token *before = g->n_tokens ? &g->tokens[g->n_tokens - 1] : NULL, *t;

	if (!text && (!before || !before->text))
		return true; /* empty commands are left out */
	if (g->n_tokens == g->tokens_max)
		return grub_refuse(g, "it has more than %d words", GRUB_TOKENS_MAX);
	t = &g->tokens[g->n_tokens];
	*t = (struct grub_token){.text = text, .len = len};
	t->first = text && (!before || !before->text || opens(before));
	g->n_tokens++;
	return true;
}

/* The end of a word: quotes and backslashes hide what would end it. NULL: a quote is not closed. */
static const char *word_end(const char *p)
{
	char quote = 0;

	for (; *p; p++) {
		if (*p == '\\' && quote != '\'' && p[1])
			p++;
		else if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (isspace((unsigned char)*p) || *p == ';')
			break;
	}
	return quote ? NULL : p;
}

static bool cut_words(struct grub *g, const char *p)
{
	while (*p) {
		const char *end;

		if (*p == '\n' || *p == ';') {
			if (!add_token(g, NULL, 0))
				return false;
			p++;
		} else if (isspace((unsigned char)*p)) {
			p++;
		} else if (p[0] == '\\' && p[1] == '\n') {
			p += 2;
		} else if (*p == '#') {
			p += strcspn(p, "\n");
		} else {
			end = word_end(p);
			if (!end)
				return grub_refuse(g, "a quote is not closed");
			if (!add_token(g, p, (size_t)(end - p)))
				return false;
			p = end;
		}
	}
	return add_token(g, NULL, 0);
}

struct out {
	char *p;
	size_t left; /* with the NUL */
	bool cut;
};

static void put(struct out *o, char c)
{
	if (o->left > 1) {
		*o->p++ = c;
		o->left--;
	} else {
		o->cut = true;
	}
}

/* "$name" or "${name}" at *p, which moves behind it. */
static void put_variable(const struct grub *g, const char **p, const char *end, struct out *o)
{
	const char *name = *p + 1, *value;
	bool braces = name < end && *name == '{';
	char text[64];
	size_t n = 0;

	name += braces;
	while (name + n < end && (isalnum((unsigned char)name[n]) || name[n] == '_'))
		n++;
	*p = name + n + (braces && name + n < end && name[n] == '}');
	if (!n) {
		put(o, '$');
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(n < 63 ? n : 63), name);
	value = grub_get(g, text);
	while (value && *value)
		put(o, *value++);
}

bool grub_expand(const struct grub *g, const char *text, size_t len, char *ret, size_t size)
{
	struct out o = {ret, size, false};
	const char *p = text, *end = text + len;
	char quote = 0;

	while (p < end) {
		if (*p == '$' && quote != '\'') {
			put_variable(g, &p, end, &o);
		} else if (*p == '\\' && quote != '\'' && p + 1 < end) {
			if (quote && !strchr("\\\"$\n", p[1]))
				put(&o, '\\');
			if (p[1] != '\n')
				put(&o, p[1]);
			p += 2;
		} else if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? 0 : *p;
			p++;
		} else {
			put(&o, *p++);
		}
	}
	*o.p = '\0';
	return !o.cut;
}

/* --- control -------------------------------------------------------------------------------- */

static bool step(struct grub *g)
{
	if (++g->steps > GRUB_STEPS_MAX)
		return grub_refuse(g, "it does not come to an end");
	return !g->err.code && !g->booted;
}

static size_t command_end(const struct grub *g, size_t at, size_t end)
{
	while (at < end && g->tokens[at].text)
		at++;
	return at;
}

/* The brace that closes the one at `at`; `end` when there is none. */
static size_t closing(const struct grub *g, size_t at, size_t end)
{
	unsigned depth = 0;

	for (; at < end; at++) {
		if (is_one(&g->tokens[at], "{"))
			depth++;
		else if (is_one(&g->tokens[at], "}") && --depth == 0)
			break;
	}
	return at;
}

static size_t opening(const struct grub *g, size_t at, size_t end)
{
	while (at < end && !is_one(&g->tokens[at], "{"))
		at++;
	return at;
}

/* The next "elif", "else" or "fi" (or "then") of the same "if", from `at` on. */
static size_t branch_end(const struct grub *g, size_t at, size_t end)
{
	unsigned depth = 0;

	for (; at < end; at++) {
		const struct grub_token *t = &g->tokens[at];

		if (!t->first)
			continue;
		if (is_one(t, "if"))
			depth++;
		else if (depth && is_one(t, "fi"))
			depth--;
		else if (!depth && (is_one(t, "elif") || is_one(t, "else") || is_one(t, "fi") ||
					   is_one(t, "then")))
			break;
	}
	return at;
}

/* From "if" on; *at moves behind "fi". */
static bool run_if(struct grub *g, size_t *at, size_t end)
{
	bool done = false, status = true;
	size_t i = *at;

	while (i < end && step(g)) {
		bool is_else = is_one(&g->tokens[i], "else"), fits;
		size_t then = is_else ? i : branch_end(g, i + 1, end), next;

		if (is_one(&g->tokens[i], "fi"))
			break;
		if (then >= end || !(is_else || is_one(&g->tokens[then], "then")))
			return grub_refuse(g, "an \"if\" without \"then\"");
		fits = !done && (is_else || grub_run(g, i + 1, then));
		next = branch_end(g, then + 1, end);
		if (fits)
			status = grub_run(g, then + 1, next);
		done = done || fits;
		i = next;
	}
	if (i >= end && !g->booted)
		return grub_refuse(g, "an \"if\" without \"fi\"");
	*at = i + 1;
	return status;
}

void grub_entries_done(struct grub *g)
{
	for (size_t i = 0; i < g->n_entries; i++) {
		free(g->entries[i].title);
		free(g->entries[i].id);
		free(g->entries[i].bls);
	}
	g->n_entries = 0;
}

struct grub_entry *grub_entry_new(struct grub *g, const char *title, const char *id)
{
	struct grub_entry *entry = &g->entries[g->n_entries];

	if (g->n_entries == GRUB_ENTRIES_MAX) {
		grub_refuse(g, "it has more than %d entries", GRUB_ENTRIES_MAX);
		return NULL;
	}
	g->n_entries++;
	*entry = (struct grub_entry){.title = xstrdup(title), .id = xstrdup(id)};
	return entry;
}

/* The words of a command, expanded; empty ones that were not quoted vanish. */
static size_t take_words(
	struct grub *g, size_t at, size_t end, char *room, size_t size, char **words)
{
	size_t n = 0;

	for (; at < end && n < GRUB_WORDS_MAX; at++) {
		const struct grub_token *t = &g->tokens[at];

		if (!t->text)
			continue;
		if (!grub_expand(g, t->text, t->len, room, size)) {
			grub_refuse(g, "a word is too long");
			return 0;
		}
		if (!*room && !memchr(t->text, '"', t->len) && !memchr(t->text, '\'', t->len))
			continue;
		words[n++] = room;
		size -= strlen(room) + 1;
		room += strlen(room) + 1;
		if (size < 2) {
			grub_refuse(g, "a command is too long");
			return 0;
		}
	}
	words[n] = NULL;
	return n;
}

/* "menuentry", "submenu" or "function": what stands in braces is kept, or forgotten. */
static void take_block(struct grub *g, size_t *at, size_t end)
{
	size_t brace = opening(g, *at, end), close = closing(g, brace, end), n;
	bool function = is_one(&g->tokens[*at], "function");
	char *room = NULL, *words[GRUB_WORDS_MAX + 1];
	struct grub_entry *entry;
	const char *id = NULL;

	if (close >= end) {
		grub_refuse(g, "a brace is not closed");
		return;
	}
	room = xmalloc(4 * GRUB_VALUE_MAX);
	n = take_words(g, *at, brace, room, 4 * GRUB_VALUE_MAX, words);
	for (size_t i = 2; i < n; i++) {
		if (str_eq(words[i], "--id") && i + 1 < n)
			id = words[i + 1];
		else if (str_starts(words[i], "--id="))
			id = words[i] + strlen("--id=");
	}
	entry = function || n < 2 ? NULL : grub_entry_new(g, words[1], id);
	if (entry) {
		entry->body = brace + 1;
		entry->end = close;
		entry->submenu = str_eq(words[0], "submenu");
	}
	free(room);
	*at = close + 1;
}

static bool run_command(struct grub *g, size_t at, size_t end)
{
	bool not = is_one(&g->tokens[at], "!"), status;
	char *words[GRUB_WORDS_MAX + 1], *room;
	size_t n;

	if (end - at > GRUB_WORDS_MAX)
		return grub_refuse(g, "a command has more than %d words", GRUB_WORDS_MAX);
	room = xmalloc(4 * GRUB_VALUE_MAX);
	n = take_words(g, at + not, end, room, 4 * GRUB_VALUE_MAX, words);
	status = n ? grub_command(g, words, n) : true;
	free(room);
	return not ? !status : status;
}

static bool is_block(const struct grub_token *t)
{
	return is_one(t, "menuentry") || is_one(t, "submenu") || is_one(t, "function");
}

static bool is_loop(const struct grub_token *t)
{
	return is_one(t, "while") || is_one(t, "until") || is_one(t, "for");
}

bool grub_run(struct grub *g, size_t at, size_t end)
{
	bool status = true;

	if (++g->depth > GRUB_DEPTH_MAX)
		grub_refuse(g, "it is nested too deep");
	while (at < end && step(g)) {
		const struct grub_token *t = &g->tokens[at];
		size_t stop;

		if (!t->text) {
			at++;
		} else if (is_one(t, "if")) {
			status = run_if(g, &at, end);
		} else if (is_block(t)) {
			take_block(g, &at, end);
		} else if (is_loop(t)) {
			grub_refuse(g, "it has a loop (\"%.*s\")", (int)t->len, t->text);
		} else {
			stop = command_end(g, at, end);
			status = run_command(g, at, stop);
			at = stop;
		}
	}
	g->depth--;
	return status;
}

/* --- menus ---------------------------------------------------------------------------------- */

static const struct grub_entry *find_entry(const struct grub *g, const char *name)
{
	int number;

	if (str_to_int(name, 0, GRUB_ENTRIES_MAX, &number) == 0)
		return (size_t)number < g->n_entries ? &g->entries[number] : NULL;
	for (size_t i = 0; i < g->n_entries; i++)
		if (str_eq(g->entries[i].id, name) || str_eq(g->entries[i].title, name))
			return &g->entries[i];
	return NULL;
}

static bool expand_option(void *data, const char *in, char *out, size_t size)
{
	return grub_expand(data, in, strlen(in), out, size);
}

/* Runs the entry that `wanted` names: "0", "gnulinux-simple", "1>2". */
static void run_entry(struct grub *g, const char *wanted)
{
	_cleanup_free_ char *name = xstrndup(wanted, strcspn(wanted, ">"));
	const char *rest = wanted + strlen(name) + (wanted[strlen(name)] == '>');
	const struct grub_entry *found = find_entry(g, name);
	struct grub_entry entry;

	if (!found) {
		grub_refuse(g, "its default entry \"%.64s\" does not exist", name);
		return;
	}
	str_copy(g->plan.title, sizeof(g->plan.title), found->title);
	if (found->bls) {
		(void)bls_plan(found->bls, expand_option, g, &g->plan, &g->err);
		return;
	}
	entry = *found;
	if (!entry.submenu) {
		grub_run(g, entry.body, entry.end);
		return;
	}
	grub_entries_done(g);
	grub_run(g, entry.body, entry.end);
	if (!g->err.code && g->depth++ < GRUB_DEPTH_MAX)
		run_entry(g, *rest ? rest : "0");
}

static void set_up(struct grub *g, const char *root, const char *folder, const char *platform)
{
	static const char *const features[] = {"feature_menuentry_id",
		"feature_platform_search_hint", "feature_all_video_module",
		"feature_default_font_path", "feature_timeout_style", "feature_200_final",
		"feature_chainloader_bpb", "feature_ntldr"};
	_cleanup_free_ char *prefix = xasprintf("(%s)%s", root, folder);

	g->home = root;
	grub_set(g, "root", root);
	grub_set(g, "prefix", prefix);
	grub_set(g, "config_directory", prefix);
	grub_set(g, "grub_platform", platform);
	grub_set(g, "grub_cpu", "x86_64");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		grub_set(g, features[i], "y");
}

static void tear_down(struct grub *g)
{
	grub_entries_done(g);
	for (size_t i = 0; i < g->n_vars; i++) {
		free(g->vars[i].name);
		free(g->vars[i].value);
	}
	free(g->entries);
	free(g->tokens);
	free(g);
}

static void run_all(struct grub *g, const char *text)
{
	const char *wanted;

	if (!cut_words(g, text))
		return;
	grub_run(g, 0, g->n_tokens);
	wanted = grub_get(g, "default");
	if (!g->err.code && !g->booted && g->n_entries)
		run_entry(g, str_empty(wanted) ? "0" : wanted);
	if (!g->plan.root[0])
		str_copy(g->plan.root, sizeof(g->plan.root), grub_get(g, "root"));
}

int grub_plan(const char *text, const char *root, const char *folder, const char *platform,
	const struct grub_disk *disk, struct boot_plan *ret, struct err *e)
{
	struct grub *g = xcalloc(1, sizeof(*g));
	size_t len = strlen(text);
	int r = 0;

	g->disk = disk;
	/* no word is shorter than a character, and the last command ends */
	g->tokens_max = len + 1 < GRUB_TOKENS_MAX ? len + 1 : GRUB_TOKENS_MAX;
	g->tokens = xcalloc(g->tokens_max, sizeof(*g->tokens));
	g->entries = xcalloc(GRUB_ENTRIES_MAX, sizeof(*g->entries));
	set_up(g, root, folder, platform);
	run_all(g, text);
	if (g->err.code)
		r = err_set(
			e, ENOTSUP, "GRUB's configuration is not understood: %.400s", g->err.text);
	else if (!g->plan.kernel[0])
		r = err_set(e, ENOENT, "GRUB's configuration starts no kernel");
	else
		*ret = g->plan;
	tear_down(g);
	return r;
}
