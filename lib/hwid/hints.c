/*
 * Reads root device hints: names, types, operators and operands. The grammar is that of oslo's
 * specs_matcher as documented, and a value may hold spaces, as Ironic has it. Two things are
 * stricter or wider: an operator without a fit operand is refused when it is set rather than never
 * matching, and <or> and <range-in> also work on the size.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/hwid/hint.h"
#include "lib/json/json.h"

#define TEXT_MAX     1024
#define SIZE_GIB_MAX 8e9 /* 2^63 bytes */

#define STRING(n)                                                                                  \
	{                                                                                          \
#n, HINT_STRING, offsetof(struct hints_disk, n)                                    \
	}
const struct hint_name hint_names[] = {
	{"size", HINT_SIZE, 0},
	{"rotational", HINT_BOOL, 0},
	STRING(model),
	STRING(wwn),
	STRING(serial),
	STRING(vendor),
	STRING(wwn_with_extension),
	STRING(wwn_vendor_extension),
	STRING(name),
	STRING(hctl),
	STRING(by_path),
	STRING(tran),
};
const size_t hint_names_n = ARRAY_SIZE(hint_names);

static const char *const op_text[HINT_OP_COUNT] = {
	[HINT_GE_OLD] = "=",
	[HINT_EQ] = "==",
	[HINT_NE] = "!=",
	[HINT_GE] = ">=",
	[HINT_LE] = "<=",
	[HINT_GT] = ">",
	[HINT_LT] = "<",
	[HINT_SEQ] = "s==",
	[HINT_SNE] = "s!=",
	[HINT_SGE] = "s>=",
	[HINT_SLE] = "s<=",
	[HINT_SGT] = "s>",
	[HINT_SLT] = "s<",
	[HINT_IN] = "<in>",
	[HINT_ALL_IN] = "<all-in>",
	[HINT_OR] = "<or>",
	[HINT_RANGE] = "<range-in>",
};

bool hint_number(const char *text, double *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '.' && *text != '-')
		return false;
	if (strspn(text, "0123456789.-+e") != strlen(text))
		return false;
	*ret = strtod(text, &end);
	return !*end && isfinite(*ret);
}

/* The longest operator that the text begins with; HINT_OP_COUNT when none. */
static enum hint_op find_op(const char *text)
{
	enum hint_op best = HINT_OP_COUNT;
	size_t best_len = 0;

	for (int i = 0; i < HINT_OP_COUNT; i++) {
		size_t n = strlen(op_text[i]);

		if (n > best_len && !strncmp(text, op_text[i], n)) {
			best = i;
			best_len = n;
		}
	}
	return best;
}

static int bad(const struct hint *h, struct err *e, const char *what)
{
	return err_set(e, EINVAL, "root device hint %s \"%s\": %s", h->name->name, h->text, what);
}

static int add_value(struct hint *h, const char *value, size_t len, struct err *e)
{
	char *v, *start;

	if (h->n == HINT_VALUES_MAX)
		return bad(h, e, "too many values");
	v = xstrndup(value, len);
	start = str_trim(v);
	memmove(v, start, strlen(start) + 1);
	h->values[h->n++] = v;
	if (!*v)
		return bad(h, e, "a value is missing after the operator");
	if (find_op(v) != HINT_OP_COUNT)
		return bad(h, e, "a value begins with an operator");
	return 0;
}

/* "<or> a b <or> c": what follows is cut at each further <or>. */
static int split_or(struct hint *h, const char *rest, struct err *e)
{
	const char *next;
	int r = 0;

	while (r == 0 && (next = strstr(rest, "<or>"))) {
		r = add_value(h, rest, next - rest, e);
		rest = next + 4;
	}
	return r < 0 ? r : add_value(h, rest, strlen(rest), e);
}

static int split_words(struct hint *h, const char *rest, struct err *e)
{
	int r = 0;

	while (r == 0 && *rest) {
		size_t n = strcspn(rest, " \t");

		if (n)
			r = add_value(h, rest, n, e);
		rest += n;
		rest += strspn(rest, " \t");
	}
	return r == 0 && !h->n ? bad(h, e, "a value is missing after the operator") : r;
}

/* "[ 10 20 )": brackets say whether each end belongs to the range. */
static int split_range(struct hint *h, const char *rest, struct err *e)
{
	static const char advice[] = "write <range-in> [ LOW HIGH ], or ( and ) for open ends";
	char inner[TEXT_MAX];
	size_t len;
	int r;

	rest += strspn(rest, " \t");
	len = strlen(rest);
	while (len && isspace((unsigned char)rest[len - 1]))
		len--;
	if (len < 2 || !strchr("[(", rest[0]) || !strchr("])", rest[len - 1]))
		return bad(h, e, advice);
	h->low_open = rest[0] == '(';
	h->high_open = rest[len - 1] == ')';
	str_copy(inner, len - 1, rest + 1);
	r = split_words(h, inner, e);
	if (r < 0)
		return r;
	return h->n == 2 ? 0 : bad(h, e, advice);
}

static int split_values(struct hint *h, const char *rest, struct err *e)
{
	switch (h->op) {
	case HINT_OR:
		return split_or(h, rest, e);
	case HINT_ALL_IN:
		return split_words(h, rest, e);
	case HINT_RANGE:
		return split_range(h, rest, e);
	default:
		return add_value(h, rest, strlen(rest), e);
	}
}

static bool op_is_number(const struct hint *h)
{
	return h->op <= HINT_LT || h->op == HINT_RANGE ||
	       (h->name->type == HINT_SIZE && h->op == HINT_OR);
}

static int check_numbers(struct hint *h, struct err *e)
{
	bool size = h->name->type == HINT_SIZE;

	if (!op_is_number(h))
		return size ? bad(h, e,
				      "a size is a number of GiB and takes =, ==, !=, >=, <=, >, "
				      "<, <or> and <range-in>")
			    : 0;
	for (size_t i = 0; i < h->n; i++) {
		if (!hint_number(h->values[i], &h->numbers[i]))
			return bad(h, e,
				size ? "a size is a number of GiB"
				     : "this operator compares numbers");
		if (size && !(h->numbers[i] >= 1 && h->numbers[i] <= SIZE_GIB_MAX &&
				    h->numbers[i] == (double)(uint64_t)h->numbers[i]))
			return bad(h, e, "a size is a positive whole number of GiB");
	}
	if (h->op == HINT_RANGE && h->numbers[0] > h->numbers[1])
		return bad(h, e, "the range's first number is larger than its second");
	return 0;
}

static int parse_expression(struct hint *h, struct err *e)
{
	char lower[TEXT_MAX], *text;
	size_t skip;
	int r;

	if (!str_copy(lower, sizeof(lower), h->text))
		return bad(h, e, "too long");
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	text = str_trim(lower);
	if (!*text)
		return bad(h, e, "is empty");
	h->op = find_op(text);
	skip = h->op < HINT_OP_COUNT ? strlen(op_text[h->op]) : 0;
	if (!skip)
		h->op = h->name->type == HINT_SIZE ? HINT_EQ : HINT_SEQ;
	r = split_values(h, text + skip, e);
	return r < 0 ? r : check_numbers(h, e);
}

static int parse_flag(struct hint *h, const json_t *value, struct err *e)
{
	if (json_is_boolean(value)) {
		h->flag = json_is_true(value);
		return 0;
	}
	if (str_to_bool(h->text, &h->flag) < 0)
		return bad(h, e, "is not true or false");
	return 0;
}

static int parse_hint(struct hint *h, const char *name, const json_t *value, struct err *e)
{
	for (size_t i = 0; i < hint_names_n && !h->name; i++)
		if (!strcmp(hint_names[i].name, name))
			h->name = &hint_names[i];
	if (!h->name)
		return err_set(e, EINVAL,
			"root device hint \"%.64s\" is unknown; valid are size, rotational, model, "
			"wwn, "
			"serial, vendor, wwn_with_extension, wwn_vendor_extension, name, hctl, "
			"by_path, "
			"tran",
			name);
	h->text = json_is_string(value) ? xstrdup(json_string_value(value)) : json_text(value);
	if (h->name->type == HINT_BOOL)
		return parse_flag(h, value, e);
	if (!json_is_string(value) && !(h->name->type == HINT_SIZE && json_is_integer(value)))
		return bad(h, e,
			h->name->type == HINT_SIZE ? "is not an integer or an expression"
						   : "is not a string");
	return parse_expression(h, e);
}

int hints_parse(const json_t *object, struct hints **ret, struct err *e)
{
	struct hints *h;
	const char *name;
	json_t *value;
	int r = 0;

	if (!object || json_is_null(object) ||
		(json_is_object(object) && !json_object_size(object))) {
		*ret = NULL;
		return 0;
	}
	if (!json_is_object(object))
		return err_set(e, EINVAL, "root device hints are not an object");
	if (json_object_size(object) > hint_names_n)
		return err_set(e, EINVAL, "root device hints: there are not so many");
	h = xcalloc(1, sizeof(*h) + json_object_size(object) * sizeof(h->hint[0]));
	json_object_foreach ((json_t *)object, name, value) {
		r = parse_hint(&h->hint[h->n++], name, value, e);
		if (r < 0)
			break;
	}
	if (r < 0)
		hints_free(h);
	else
		*ret = h;
	return r;
}

void hints_free(struct hints *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		free(h->hint[i].text);
		for (size_t j = 0; j < h->hint[i].n; j++)
			free(h->hint[i].values[j]);
	}
	free(h);
}
