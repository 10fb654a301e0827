#include "nn/store.h"

#include <string.h>

#include "nn/store_private.h"

int mkd_store_new(mkd_store **out, mkd_backend *backend) {
    *out = mkd_alloc(sizeof **out);
    if (!*out) {
        return MKD_ENOMEM;
    }
    (*out)->backend = backend;
    int status = mkd_arena_new(&(*out)->arena);
    if (status < 0) {
        mkd_store_free(*out);
        *out = NULL;
    }
    return status;
}

static void free_memories(mkd_store *store) {
    mkd_buffer_free(store->values, store->backend);
    mkd_buffer_free(store->gradients, store->backend);
    mkd_buffer_free(store->buffers, store->backend);
    store->values = store->gradients = store->buffers = NULL;
}

void mkd_store_free(mkd_store *store) {
    if (!store) {
        return;
    }
    free_memories(store);
    for (int i = 0; i < store->n_states; i++) {
        mkd_buffer_free(store->states[i].memory, store->backend);
    }
    mkd_free(store->entries);
    mkd_free(store->table);
    mkd_arena_free(store->arena);
    mkd_free(store);
}

mkd_backend *mkd_store_backend(const mkd_store *store) {
    return store->backend;
}

// slot of a path in the hash table: where it is, or the empty one where it belongs
static size_t slot_of(const mkd_store *store, const char *path) {
    size_t slot = (size_t)mkd_hash64(path, strlen(path)) & (store->table_size - 1);
    while (store->table[slot] && strcmp(store->entries[store->table[slot] - 1].path, path) != 0) {
        slot = (slot + 1) & (store->table_size - 1);
    }
    return slot;
}

int mkd_store_find(const mkd_store *store, const char *path) {
    return store->table_size ? store->table[slot_of(store, path)] - 1 : -1;
}

static int grow(mkd_store *store) {
    if (store->n_entries < store->capacity) {
        return 0;
    }
    int capacity = store->capacity ? 2 * store->capacity : 128;
    mkd_entry *entries = mkd_realloc_array(store->entries, (size_t)capacity, sizeof *entries);
    if (!entries) {
        return MKD_ENOMEM;
    }
    store->entries = entries;
    int *table = mkd_alloc_array(4 * (size_t)capacity, sizeof *table);
    if (!table) {
        return MKD_ENOMEM;
    }
    mkd_free(store->table);
    store->table = table;
    store->table_size = 4 * (size_t)capacity;
    store->capacity = capacity;
    for (int i = 0; i < store->n_entries; i++) {
        table[slot_of(store, store->entries[i].path)] = i + 1;
    }
    return 0;
}

static int check_known(const mkd_entry *known, const mkd_entry *asked) {
    static const char *const layouts[] = {
        [MKD_LAYOUT_PLAIN] = "plain values",
        [MKD_LAYOUT_CONV] = "a convolution's weight",
        [MKD_LAYOUT_CONV_TRANSPOSE] = "a transposed convolution's weight",
    };
    if (mkd_shape_equal(&known->shape, &asked->shape) && known->is_buffer != asked->is_buffer) {
        MKD_FAIL(MKD_EINVAL, "%s is kept as a %s, asked for as a %s", known->path,
                 known->is_buffer ? "buffer" : "parameter",
                 asked->is_buffer ? "buffer" : "parameter");
    }
    if (!mkd_shape_equal(&known->shape, &asked->shape) || known->layout != asked->layout) {
        char a[MKD_SHAPE_TEXT_BYTES];
        char b[MKD_SHAPE_TEXT_BYTES];
        bool differ = known->layout != asked->layout;
        MKD_FAIL(MKD_EINVAL, "%s is kept with shape %s%s%s, asked for with %s%s%s", known->path,
                 mkd_shape_text(a, &known->shape), differ ? " as " : "",
                 differ ? layouts[known->layout] : "", mkd_shape_text(b, &asked->shape),
                 differ ? " as " : "", differ ? layouts[asked->layout] : "");
    }
    return 0;
}

int mkd_store_declare(int *out_index, mkd_store *store, const mkd_entry *entry) {
    *out_index = mkd_store_find(store, entry->path);
    if (*out_index >= 0) {
        return check_known(&store->entries[*out_index], entry);
    }
    if (mkd_store_is_allocated(store)) {
        MKD_FAIL(MKD_ENOTFOUND, "%s is not in the model's store of %d entries", entry->path,
                 store->n_entries);
    }
    int64_t count = mkd_shape_count(&entry->shape);
    if (count < 0) {
        MKD_FAIL(MKD_EINVAL, "%s has an impossible shape", entry->path);
    }
    MKD_TRY(grow(store));
    mkd_entry own = *entry;
    own.path = mkd_arena_printf(store->arena, "%s", entry->path);
    if (!own.path) {
        return MKD_ENOMEM;
    }
    size_t *flat = own.is_buffer ? &store->buffer_count : &store->flat_count;
    own.offset = *flat;
    own.count = (size_t)count;
    *flat += (own.count + STORE_ALIGN_ELEMENTS - 1) / STORE_ALIGN_ELEMENTS * STORE_ALIGN_ELEMENTS;
    *out_index = store->n_entries;
    store->entries[store->n_entries] = own;
    store->table[slot_of(store, own.path)] = ++store->n_entries;
    return 0;
}

bool mkd_store_is_allocated(const mkd_store *store) {
    return store->values != NULL;
}

int mkd_store_allocate(mkd_store *store, uint64_t seed) {
    if (mkd_store_is_allocated(store)) {
        return 0;
    }
    size_t largest = 0;
    for (int i = 0; i < store->n_entries; i++) {
        largest = store->entries[i].count > largest ? store->entries[i].count : largest;
    }
    float *first = mkd_alloc_array(largest, sizeof *first);
    int status = first ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(mkd_buffer_new(&store->gradients, store->backend, store->flat_count * sizeof(float)));
    MKD_GOTO(mkd_buffer_new(&store->buffers, store->backend, store->buffer_count * sizeof(float)));
    MKD_GOTO(mkd_buffer_new(&store->values, store->backend, store->flat_count * sizeof(float)));
    for (int i = 0; i < store->n_entries; i++) {
        mkd_store__initialize(first, &store->entries[i], seed);
        MKD_GOTO(mkd_store_write(store, i, first));
    }
done:
    mkd_free(first);
    if (status < 0) {
        // as if never tried: a second call starts from nothing
        free_memories(store);
    }
    return status;
}

int mkd_store_count(const mkd_store *store) {
    return store->n_entries;
}

const mkd_entry *mkd_store_entry(const mkd_store *store, int index) {
    return &store->entries[index];
}

int mkd_store_set_rate(mkd_store *store, const char *glob, float rate_factor) {
    int n = 0;
    for (int i = 0; i < store->n_entries; i++) {
        if (!store->entries[i].is_buffer && mkd_glob_match(glob, store->entries[i].path)) {
            store->entries[i].rate_factor = rate_factor;
            n++;
        }
    }
    return n;
}

mkd_buffer *mkd_store_values(const mkd_store *store) {
    return store->values;
}

mkd_buffer *mkd_store_gradients(const mkd_store *store) {
    return store->gradients;
}

mkd_buffer *mkd_store_buffers(const mkd_store *store) {
    return store->buffers;
}

size_t mkd_store_flat_count(const mkd_store *store) {
    return store->flat_count;
}

size_t mkd_store_parameter_count(const mkd_store *store) {
    size_t n = 0;
    for (int i = 0; i < store->n_entries; i++) {
        n += store->entries[i].is_buffer ? 0 : store->entries[i].count;
    }
    return n;
}

int mkd_store_read(float *out, mkd_store *store, int index) {
    const mkd_entry *e = &store->entries[index];
    return mkd_buffer_download(store->backend, out, e->is_buffer ? store->buffers : store->values,
                               e->offset * sizeof(float), e->count * sizeof(float));
}

int mkd_store_write(mkd_store *store, int index, const float *values) {
    const mkd_entry *e = &store->entries[index];
    return mkd_buffer_upload(store->backend, e->is_buffer ? store->buffers : store->values,
                             e->offset * sizeof(float), values, e->count * sizeof(float));
}

int mkd_store_state(mkd_buffer **out, mkd_store *store, const char *name) {
    for (int i = 0; i < store->n_states; i++) {
        if (strcmp(store->states[i].name, name) == 0) {
            *out = store->states[i].memory;
            return 0;
        }
    }
    if (store->n_states == STORE_MAX_STATES) {
        MKD_FAIL(MKD_EINVAL, "a store holds at most %d states", (int)STORE_MAX_STATES);
    }
    const char *own = mkd_arena_printf(store->arena, "%s", name);
    if (!own) {
        return MKD_ENOMEM;
    }
    MKD_TRY(mkd_buffer_new(out, store->backend, store->flat_count * sizeof(float)));
    store->states[store->n_states].name = own;
    store->states[store->n_states++].memory = *out;
    return 0;
}
