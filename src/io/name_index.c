#include "io/name_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static int compare_names(const void *a, const void *b) {
    return strcmp(((const mkd_name_slot *)a)->name, ((const mkd_name_slot *)b)->name);
}

static int compare_slots(const void *a, const void *b) {
    int order = compare_names(a, b);
    size_t left = ((const mkd_name_slot *)a)->at, right = ((const mkd_name_slot *)b)->at;
    return order ? order : (left > right) - (left < right);
}

int mkd_name_index_new(mkd_name_index *out, const char **twin, const char *const *names, size_t n) {
    *twin = NULL;
    out->n = 0;
    out->slots = mkd_alloc_array(n, sizeof *out->slots);
    if (!out->slots) {
        return MKD_ENOMEM;
    }
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        out->slots[i] = (mkd_name_slot){.name = names[i], .at = i};
    }
    qsort(out->slots, n, sizeof *out->slots, compare_slots);
    for (size_t i = 1; i < n && !*twin; i++) {
        if (strcmp(out->slots[i - 1].name, out->slots[i].name) == 0) {
            *twin = out->slots[i].name;
        }
    }
    return 0;
}

void mkd_name_index_free(mkd_name_index *index) {
    mkd_free(index->slots);
    *index = (mkd_name_index){0};
}

long mkd_name_index_find(const mkd_name_index *index, const char *name) {
    mkd_name_slot key = {.name = name};
    const mkd_name_slot *slot = bsearch(&key, index->slots, index->n, sizeof key, compare_names);
    return slot ? (long)slot->at : -1;
}
