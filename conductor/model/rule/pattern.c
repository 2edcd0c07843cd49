/*
 * Regular expressions of rules. Ironic's are Python's; PCRE2 takes nearly the same ones and, unlike
 * POSIX matchers, ends a search that backtracks without end: a pattern has at most RULE_PATTERN_MAX
 * bytes and 50 nested groups, a text at most RULE_TEXT_MAX bytes, and a search that needs more than
 * MATCH_STEPS steps or 1 MiB of memory fails.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conductor/model/rule/internal.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>

#define MATCH_STEPS 20000
#define NEST_MAX    50
#define HEAP_KIB    1024

static int compile(const char *pattern, uint32_t options, pcre2_code **ret, struct err *e)
{
	pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR text[120] = "";
	PCRE2_SIZE at = 0;
	int code = 0;

	if (!limits)
		return err_set(e, ENOMEM, "no memory for a regular expression");
	pcre2_set_parens_nest_limit(limits, NEST_MAX);
	pcre2_set_max_pattern_length(limits, RULE_PATTERN_MAX);
	*ret = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		options | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, limits);
	pcre2_compile_context_free(limits);
	if (*ret)
		return 0;
	pcre2_get_error_message(code, text, sizeof(text));
	return err_set(e, EINVAL,
		"\"%.80s\": expected a regular expression of at most %d bytes: %s at byte %zu",
		pattern, RULE_PATTERN_MAX, (char *)text, (size_t)at);
}

int pattern_check(const char *pattern, struct err *e)
{
	pcre2_code *code;
	int r = compile(pattern, 0, &code, e);

	if (r == 0)
		pcre2_code_free(code);
	return r;
}

static int search(const pcre2_code *code, const char *text, bool *ret, struct err *e)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int n = PCRE2_ERROR_NOMEMORY;

	if (data && limits) {
		pcre2_set_match_limit(limits, MATCH_STEPS);
		pcre2_set_heap_limit(limits, HEAP_KIB);
		n = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, limits);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	*ret = n >= 0;
	if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT ||
		n == PCRE2_ERROR_HEAPLIMIT)
		return err_set(e, EINVAL,
			"the regular expression needs more than %d steps on a text of %zu bytes; "
			"make "
			"it simpler",
			MATCH_STEPS, strlen(text));
	return err_set(e, EINVAL, "the regular expression cannot be matched (PCRE2 error %d)", n);
}

int pattern_match(const char *pattern, const char *text, bool from_start, bool *ret, struct err *e)
{
	pcre2_code *code;
	int r;

	if (strlen(text) > RULE_TEXT_MAX)
		return err_set(e, EINVAL, "a text of %zu bytes is matched; at most %d are",
			strlen(text), RULE_TEXT_MAX);
	r = compile(pattern, from_start ? PCRE2_ANCHORED : 0, &code, e);
	if (r < 0)
		return r;
	r = search(code, text, ret, e);
	pcre2_code_free(code);
	return r;
}
