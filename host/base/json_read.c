/* Looking around in a document that has been read. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/json_private.h"
#include "host/base/mem.h"

#define SMALL_OBJECT_MAX 16
#define SMALL_TABLE_SLOTS 256

struct bytes json_string(const struct json_node *node)
{
    CHECK(node->type == JSON_STRING);
    return (struct bytes){node->text, node->size};
}

bool json_is_string(const struct json_node *node, const char *text)
{
    return node != NULL && node->type == JSON_STRING && bytes_equal_text(json_string(node), text);
}

static inline bool same_name(const struct json_node *a, const struct json_node *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static void drop_member(struct json_node *nodes, uint32_t name)
{
    nodes[name].flags |= JSON_DROPPED;
    nodes[name + 1].flags |= JSON_DROPPED;
}

/* One bit of 64 that equal names share; most objects end without any comparison. */
static uint64_t name_bit(const struct json_node *name)
{
    uint32_t mix = name->size;
    if (name->size > 0) {
        mix = mix * 31 + (unsigned char)name->text[0];
        mix = mix * 31 + (unsigned char)name->text[name->size - 1];
        mix = mix * 31 + (unsigned char)name->text[name->size / 2];
    }
    return UINT64_C(1) << (mix * 0x9e3779b1U >> 26);
}

static void drop_in_small(struct json_node *nodes, uint32_t object)
{
    uint32_t names[SMALL_OBJECT_MAX];
    uint32_t count = 0;
    uint64_t seen = 0;
    for (uint32_t at = object + 1; at < nodes[object].next; at = nodes[at + 1].next) {
        uint64_t bit = name_bit(&nodes[at]);
        for (uint32_t i = 0; (seen & bit) != 0 && i < count; i++) {
            if (same_name(&nodes[names[i]], &nodes[at])) {
                drop_member(nodes, names[i]);
            }
        }
        seen |= bit;
        names[count++] = at;
    }
}

/* slots holds indices of names, 0 is free: the node at 0 is never a name. */
static void drop_with_table(struct json_node *nodes, uint32_t object, uint32_t *slots, size_t mask)
{
    uint64_t seed = bytes_hash_seed();
    for (uint32_t at = object + 1; at < nodes[object].next; at = nodes[at + 1].next) {
        size_t slot =
            (size_t)bytes_hash((struct bytes){nodes[at].text, nodes[at].size}, seed) & mask;
        while (slots[slot] != 0 && !same_name(&nodes[slots[slot]], &nodes[at])) {
            slot = (slot + 1) & mask;
        }
        if (slots[slot] != 0) {
            drop_member(nodes, slots[slot]);
        }
        slots[slot] = at;
    }
}

int json_drop_duplicates(struct json_doc *doc, uint32_t object)
{
    uint32_t size = doc->nodes[object].size;
    if (size <= SMALL_OBJECT_MAX) {
        drop_in_small(doc->nodes, object);
        return 0;
    }
    uint32_t small[SMALL_TABLE_SLOTS] = {0};
    size_t slot_count = SMALL_TABLE_SLOTS;
    while (slot_count < (size_t)size * 2) {
        slot_count *= 2;
    }
    uint32_t *slots = small;
    if (slot_count > SMALL_TABLE_SLOTS) {
        slots = mem_try_alloc(slot_count * sizeof(*slots));
        if (slots == NULL) {
            return ERR_NOMEM;
        }
    }
    drop_with_table(doc->nodes, object, slots, slot_count - 1);
    if (slots != small) {
        mem_free(slots);
    }
    return 0;
}

const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    const char *name)
{
    if (object == NULL || object->type != JSON_OBJECT) {
        return NULL;
    }
    size_t len = strlen(name);
    const struct json_node *end = doc->nodes + object->next;
    for (const struct json_node *at = object + 1; at < end; at = doc->nodes + at[1].next) {
        if (at->size == len && (at->flags & JSON_DROPPED) == 0 &&
            memcmp(at->text, name, len) == 0) {
            return at + 1;
        }
    }
    return NULL;
}

/* Both the name and the value of a dropped member carry the flag. */
static const struct json_node *first_kept(const struct json_doc *doc, uint32_t at, uint32_t end)
{
    while (at < end && (doc->nodes[at].flags & JSON_DROPPED) != 0) {
        at = doc->nodes[at].next;
    }
    return at < end ? &doc->nodes[at] : NULL;
}

const struct json_node *json_first(const struct json_doc *doc, const struct json_node *container)
{
    if (container == NULL || (container->type != JSON_ARRAY && container->type != JSON_OBJECT)) {
        return NULL;
    }
    return first_kept(doc, (uint32_t)(container - doc->nodes) + 1, container->next);
}

const struct json_node *json_next(const struct json_doc *doc, const struct json_node *container,
                                  const struct json_node *child)
{
    return first_kept(doc, child->next, container->next);
}

bool json_has_bad_string(const struct json_doc *doc, const struct json_node *node)
{
    const struct json_node *end = doc->nodes + node->next;
    const struct json_node *at = node;
    while (at < end) {
        if (at != node && (at->flags & JSON_DROPPED) != 0) {
            at = doc->nodes + at->next;
            continue;
        }
        if ((at->flags & JSON_BAD_STRING) != 0) {
            return true;
        }
        at++;
    }
    return false;
}
