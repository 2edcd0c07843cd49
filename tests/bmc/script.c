/* Reads scripts; knows no farm. A line is taken apart word by word, each word by a function that
 * says what it had expected. */
#include "tests/bmc/script.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/bmc/fault.h"

#define RULES_MAX      1024
#define LINE_MAX_BYTES 256
#define BMC_MAX	       1000000
#define WHOLE	       10000 /* a share of everything */

struct words {
	char text[LINE_MAX_BYTES];
	char *rest;
};

/* The next word, or NULL at the end of the line. */
static char *next_word(struct words *w)
{
	char *word;

	do
		word = strsep(&w->rest, " \t\r");
	while (word && !*word);
	return word;
}

static int read_time(const char *word, uint32_t *ret_ms, struct err *e)
{
	static const struct {
		const char *unit;
		uint32_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	size_t digits = word ? strspn(word, "0123456789") : 0;
	_cleanup_free_ char *number = xstrndup(word ? word : "", digits);
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (word && str_eq(units[i].unit, word + digits) &&
			str_to_u64(number, 0, 86400000 / units[i].ms, &v) == 0) {
			*ret_ms = (uint32_t)v * units[i].ms;
			return 0;
		}
	return err_set(e, EINVAL, "%s: a time is a number with ms, s, m or h, at most a day",
		word ? word : "the line ends");
}

static int read_event(const char *word, struct script_rule *r, struct err *e)
{
	static const char *const names[BMCEMU_MACHINE_EVENT_COUNT] = {
		"power-on", "power-off", "reset", "nmi"};

	for (int i = 0; i < BMCEMU_MACHINE_EVENT_COUNT; i++)
		if (str_eq(names[i], word)) {
			r->event = i;
			return 0;
		}
	return err_set(e, EINVAL, "on %s: an event is power-on, power-off, reset or nmi",
		word ? word : "(nothing)");
}

static int read_when(struct words *w, struct script_rule *r, struct err *e)
{
	static const char *const names[] = {
		[SCRIPT_ALWAYS] = "always",
		[SCRIPT_AT] = "at",
		[SCRIPT_EVERY] = "every",
		[SCRIPT_ON] = "on",
	};
	const char *word = next_word(w);
	size_t when = 0;

	while (when < ARRAY_SIZE(names) && !str_eq(names[when], word))
		when++;
	if (str_eq(word, "with"))
		when = SCRIPT_ALWAYS;
	if (when == ARRAY_SIZE(names))
		return err_set(
			e, EINVAL, "%s: a rule begins with at, every, on, with or always", word);
	r->when = when;
	if (when == SCRIPT_ON)
		return read_event(next_word(w), r, e);
	if (when == SCRIPT_ALWAYS)
		return 0;
	if (read_time(next_word(w), &r->time_ms, e) < 0)
		return -EINVAL;
	return when == SCRIPT_EVERY && !r->time_ms
		       ? err_set(e, EINVAL, "every 0: give a longer time")
		       : 0;
}

static int read_share(char *word, struct script_rule *r, struct err *e)
{
	uint64_t v;

	word[strlen(word) - 1] = 0;
	if (str_to_u64(word, 1, 100, &v) < 0)
		return err_set(e, EINVAL, "%s%%: a share is from 1%% to 100%%", word);
	r->share = (uint32_t)v * (WHOLE / 100);
	return 0;
}

static int read_range(char *word, struct script_rule *r, struct err *e)
{
	char *first = strsep(&word, "-");
	uint64_t from, to;

	if (r->n_ranges == SCRIPT_RANGES_MAX)
		return err_set(
			e, EINVAL, "%s: at most %d ranges in a rule", first, SCRIPT_RANGES_MAX);
	if (str_to_u64(first, 0, BMC_MAX, &from) < 0)
		return err_set(
			e, EINVAL, "%s: BMCs are numbers, ranges such as 100-199, or all", first);
	to = from;
	if (word && str_to_u64(word, from, BMC_MAX, &to) < 0)
		return err_set(e, EINVAL, "%s-%s: a range ends with a number that is not smaller",
			first, word);
	r->ranges[r->n_ranges++] = (struct script_range){(uint32_t)from, (uint32_t)to};
	return 0;
}

static int read_bmcs(struct words *w, struct script_rule *r, struct err *e)
{
	char *word = next_word(w), *range;

	r->share = WHOLE;
	if (word && str_ends(word, "%")) {
		if (read_share(word, r, e) < 0)
			return -EINVAL;
		word = next_word(w);
	}
	if (!word)
		return err_set(e, EINVAL, "the line ends: which BMCs?");
	if (str_eq(word, "all"))
		return 0;
	while ((range = strsep(&word, ",")))
		if (read_range(range, r, e) < 0)
			return -EINVAL;
	return 0;
}

static int read_action(struct words *w, struct script_rule *r, struct err *e)
{
	static const struct {
		const char *name;
		enum script_action action;
	} verbs[] = {{"reset", SCRIPT_RESET}, {"power-on", SCRIPT_POWER_ON},
		{"power-off", SCRIPT_POWER_OFF}, {"reboot", SCRIPT_REBOOT},
		{"clear", SCRIPT_CLEAR}};
	char *value = next_word(w), *name = strsep(&value, "=");

	if (!name)
		return err_set(e, EINVAL, "the line ends: what happens to them?");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(verbs[i].name, name) && !value) {
			r->action = verbs[i].action;
			return 0;
		}
	r->action = SCRIPT_FAULT;
	if (!str_copy(r->fault, sizeof(r->fault), name) ||
		!str_copy(r->value, sizeof(r->value), value ? value : "1"))
		return err_set(e, EINVAL, "%s: is too long", name);
	return bmcemu_check_fault(r->fault, r->value, e) < 0 ? -EINVAL : 0;
}

static int read_end(struct words *w, struct script_rule *r, struct err *e)
{
	const char *word = next_word(w);

	if (!word)
		return 0;
	if (!str_eq(word, "for") || r->action != SCRIPT_FAULT)
		return err_set(
			e, EINVAL, "%s: only a fault may have something behind it: for TIME", word);
	if (read_time(next_word(w), &r->for_ms, e) < 0)
		return -EINVAL;
	word = next_word(w);
	return word ? err_set(e, EINVAL, "%s: nothing stands behind the time", word) : 0;
}

static int read_rule(struct words *w, struct script_rule *r, struct err *e)
{
	int (*const parts[])(struct words *, struct script_rule *, struct err *) = {
		read_when, read_bmcs, read_action, read_end};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i](w, r, e) < 0)
			return -EINVAL;
	return 0;
}

/* An empty line and a comment make no rule. */
static int read_line(struct script *s, const char *line, size_t len, unsigned number, struct err *e)
{
	const char *comment = memchr(line, '#', len);
	struct words w;

	if (comment)
		len = comment - line;
	if (len >= sizeof(w.text) || memchr(line, 0, len))
		return err_set(
			e, EINVAL, "a line is at most %d characters of text", LINE_MAX_BYTES - 1);
	memcpy(w.text, line, len);
	w.text[len] = 0;
	w.rest = w.text;
	if (!w.text[strspn(w.text, " \t\r")])
		return 0;
	if (s->n == RULES_MAX)
		return err_set(e, EINVAL, "a script has at most %d rules", RULES_MAX);
	s->rules = xrealloc(s->rules, (s->n + 1) * sizeof(s->rules[0]));
	s->rules[s->n] = (struct script_rule){.line = number};
	return read_rule(&w, &s->rules[s->n++], e);
}

int script_parse(const char *text, size_t len, const char *name, struct script **ret, struct err *e)
{
	struct script *s = xcalloc(1, sizeof(*s));
	unsigned number = 1;

	for (size_t at = 0; at < len; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		if (read_line(s, text + at, n, number, e) < 0) {
			script_free(s);
			err_prefix(e, "%s:%u", name, number);
			return -EINVAL;
		}
		at += n + 1;
	}
	*ret = s;
	return 0;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	free(s->rules);
	free(s);
}

bool script_rule_means(const struct script_rule *r, uint64_t seed, uint32_t i)
{
	uint64_t state = seed + r->line * 0x9fb21c651e98df25u + i * 0xd6e8feb86659fd93u;
	bool listed = r->n_ranges == 0;

	for (unsigned k = 0; k < r->n_ranges; k++)
		listed |= i >= r->ranges[k].from && i <= r->ranges[k].to;
	return listed && fault_random(&state) % WHOLE < r->share;
}
