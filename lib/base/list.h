/* Intrusive doubly linked list; the head is a struct list that points to itself when empty. */
#ifndef LIB_BASE_LIST_H
#define LIB_BASE_LIST_H

#include <stdbool.h>

#include "lib/base/mem.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert(struct list *prev, struct list *next, struct list *item)
{
	item->prev = prev;
	item->next = next;
	prev->next = item;
	next->prev = item;
}

static inline void list_append(struct list *head, struct list *item)
{
	list_insert(head->prev, head, item);
}

static inline void list_prepend(struct list *head, struct list *item)
{
	list_insert(head, head->next, item);
}

/* The item may be removed twice: it points to itself afterwards. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(head, type, member)                                                             \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

/* Walks with `it`; the safe form allows removing `it` itself. */
#define list_for_each(it, head, member)                                                            \
	for (it = list_entry((head)->next, __typeof__(*it), member); &it->member != (head);        \
		it = list_entry(it->member.next, __typeof__(*it), member))
#define list_for_each_safe(it, tmp, head, member)                                                  \
	for (it = list_entry((head)->next, __typeof__(*it), member),                               \
	    tmp = list_entry(it->member.next, __typeof__(*it), member);                            \
		&it->member != (head);                                                             \
		it = tmp, tmp = list_entry(tmp->member.next, __typeof__(*it), member))

#endif
