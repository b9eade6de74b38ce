#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory.h"

typedef exports_local_inventory_stock_item_t item_t;
typedef exports_local_inventory_stock_list_item_t items_t;
typedef exports_local_inventory_stock_problem_t problem_t;

// The arguments are ours to free; what is returned is the bindings'.
bool exports_local_inventory_stock_total(items_t *items, double *total, problem_t *problem) {
    bool priced = true;
    *total = 0;
    for (size_t i = 0; i < items->len; i++) {
        priced = priced && items->ptr[i].price.is_some;
        *total += items->ptr[i].count * items->ptr[i].price.val;
    }
    problem->tag = EXPORTS_LOCAL_INVENTORY_STOCK_PROBLEM_PRICELESS;
    exports_local_inventory_stock_list_item_free(items);
    return priced;
}

static bool tagged(const item_t *item, const inventory_string_t *tag) {
    for (size_t i = 0; i < item->tags.len; i++) {
        inventory_string_t *other = &item->tags.ptr[i];
        if (other->len == tag->len && memcmp(other->ptr, tag->ptr, tag->len) == 0) {
            return true;
        }
    }
    return false;
}

bool exports_local_inventory_stock_find(items_t *items, inventory_string_t *tag, item_t *found) {
    bool any = false;
    for (size_t i = 0; i < items->len; i++) {
        if (!any && tagged(&items->ptr[i], tag)) {
            any = true;
            *found = items->ptr[i];
        } else {
            exports_local_inventory_stock_item_free(&items->ptr[i]);
        }
    }
    free(items->ptr);
    inventory_string_free(tag);
    return any;
}

bool exports_local_inventory_stock_take(item_t *item, uint32_t count, item_t *left, problem_t *problem) {
    if (count > item->count) {
        problem->tag = EXPORTS_LOCAL_INVENTORY_STOCK_PROBLEM_SHORT;
        problem->val.short_ = count - item->count;
        exports_local_inventory_stock_item_free(item);
        return false;
    }
    *left = *item;
    left->count -= count;
    return true;
}

void exports_local_inventory_stock_reverse(inventory_list_u8_t *bytes, inventory_list_u8_t *reversed) {
    for (size_t i = 0; i < bytes->len / 2; i++) {
        uint8_t byte = bytes->ptr[i];
        bytes->ptr[i] = bytes->ptr[bytes->len - 1 - i];
        bytes->ptr[bytes->len - 1 - i] = byte;
    }
    *reversed = *bytes;
}

void exports_inventory_describe(inventory_string_t *name, uint32_t count, inventory_string_t *line) {
    char text[256];
    snprintf(text, sizeof text, "%u x %.*s", count, (int)name->len, (const char *)name->ptr);
    inventory_string_dup(line, text);
    inventory_string_free(name);
}
