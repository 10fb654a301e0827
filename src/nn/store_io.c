// Stores as safetensors files, in PyTorch's layout and under the paths of the entries. Optimizer
// states are further tensors, "<state>/<path>".

#include <string.h>

#include "io/safetensors.h"
#include "nn/store_private.h"

static const int conv_to_file[4] = {0, 3, 1, 2};
static const int conv_from_file[4] = {0, 2, 3, 1};

mkd_shape mkd_entry_external_shape(const mkd_entry *entry) {
    mkd_shape s = entry->shape;
    if (entry->layout != MKD_LAYOUT_PLAIN) {
        for (int i = 0; i < 4; i++) {
            s.at[i] = entry->shape.at[conv_to_file[i]];
        }
    }
    return s;
}

static int export_from(mkd_tensor *out, mkd_store *store, const mkd_entry *entry,
                       const mkd_buffer *memory) {
    mkd_tensor own = {0};
    MKD_TRY(mkd_tensor_new(&own, MKD_F32, entry->shape));
    int status = mkd_buffer_download(store->backend, own.data, memory,
                                     entry->offset * sizeof(float), entry->count * sizeof(float));
    if (status >= 0 && entry->layout == MKD_LAYOUT_PLAIN) {
        *out = own;
        return 0;
    }
    if (status >= 0) {
        status = mkd_tensor_transpose(out, &own, conv_to_file);
    }
    mkd_tensor_free(&own);
    return status;
}

int mkd_store_export(mkd_tensor *out, mkd_store *store, int index) {
    const mkd_entry *entry = &store->entries[index];
    return export_from(out, store, entry, entry->is_buffer ? store->buffers : store->values);
}

static int import_to(mkd_store *store, const mkd_entry *entry, mkd_buffer *memory,
                     const mkd_tensor *tensor) {
    mkd_tensor numbers = {0};
    mkd_tensor own = {0};
    int status = mkd_tensor_convert(&numbers, tensor, MKD_F32);
    // a single number may come with any rank, and has no order
    if (status >= 0 && entry->layout != MKD_LAYOUT_PLAIN && entry->count > 1) {
        status = mkd_tensor_transpose(&own, &numbers, conv_from_file);
    }
    if (status >= 0) {
        const void *from = own.data ? own.data : numbers.data;
        status = mkd_buffer_upload(store->backend, memory, entry->offset * sizeof(float), from,
                                   entry->count * sizeof(float));
    }
    mkd_tensor_free(&numbers);
    mkd_tensor_free(&own);
    return status;
}

static int check_shape(const mkd_entry *entry, const mkd_tensor *tensor) {
    mkd_shape expected = mkd_entry_external_shape(entry);
    // one-element shapes count as equal: scalars are saved as [] or [1]
    bool is_single = mkd_shape_count(&expected) == 1 && mkd_tensor_count(tensor) == 1;
    if (!is_single && !mkd_shape_equal(&expected, &tensor->shape)) {
        char a[MKD_SHAPE_TEXT_BYTES];
        char b[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EFORMAT, "%s: found shape %s, expected %s", entry->path,
                 mkd_shape_text(a, &tensor->shape), mkd_shape_text(b, &expected));
    }
    return 0;
}

int mkd_store_import(mkd_store *store, int index, const mkd_tensor *tensor) {
    const mkd_entry *entry = &store->entries[index];
    MKD_TRY(check_shape(entry, tensor));
    return import_to(store, entry, entry->is_buffer ? store->buffers : store->values, tensor);
}

typedef struct tensor_list {
    const char **names;
    mkd_tensor *tensors;
    const mkd_tensor **pointers;
    size_t n;
} tensor_list;

static void free_list(tensor_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        mkd_tensor_free(&list->tensors[i]);
    }
    mkd_free(list->names);
    mkd_free(list->tensors);
    mkd_free(list->pointers);
}

static int collect(tensor_list *list, mkd_store *store, const char *except, bool with_states,
                   mkd_arena *names) {
    size_t most = (size_t)store->n_entries * (size_t)(1 + store->n_states);
    list->names = mkd_alloc_array(most, sizeof *list->names);
    list->tensors = mkd_alloc_array(most, sizeof *list->tensors);
    list->pointers = mkd_alloc_array(most, sizeof *list->pointers);
    if (!list->names || !list->tensors || !list->pointers) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < store->n_entries; i++) {
        const mkd_entry *entry = &store->entries[i];
        if (except && strncmp(entry->path, except, strlen(except)) == 0) {
            continue;
        }
        list->names[list->n] = entry->path;
        MKD_TRY(mkd_store_export(&list->tensors[list->n++], store, i));
        for (int s = 0; with_states && !entry->is_buffer && s < store->n_states; s++) {
            const char *name = mkd_arena_printf(names, "%s/%s", store->states[s].name, entry->path);
            if (!name) {
                return MKD_ENOMEM;
            }
            list->names[list->n] = name;
            MKD_TRY(export_from(&list->tensors[list->n++], store, entry, store->states[s].memory));
        }
    }
    for (size_t i = 0; i < list->n; i++) {
        list->pointers[i] = &list->tensors[i];
    }
    return 0;
}

int mkd_store_save(mkd_store *store, const char *path, const char *except, bool with_states,
                   const char *const *metadata_pairs, size_t n_pairs) {
    tensor_list list = {0};
    mkd_arena *names = NULL;
    int status = mkd_arena_new(&names);
    MKD_GOTO(status);
    MKD_GOTO(collect(&list, store, except, with_states, names));
    MKD_GOTO(
        mkd_safetensors_write(path, list.names, list.pointers, list.n, metadata_pairs, n_pairs));
done:
    free_list(&list);
    mkd_arena_free(names);
    return status;
}

// where the tensor `name` of a file goes: an entry, and the memory; NULL if the store has no place
static const mkd_entry *find_place(mkd_buffer **memory, mkd_store *store, const char *name,
                                   bool with_states) {
    int index = mkd_store_find(store, name);
    if (index >= 0) {
        const mkd_entry *entry = &store->entries[index];
        *memory = entry->is_buffer ? store->buffers : store->values;
        return entry;
    }
    const char *slash = strchr(name, '/');
    for (int s = 0; slash && with_states && s < store->n_states; s++) {
        const char *state = store->states[s].name;
        bool is_this = strlen(state) == (size_t)(slash - name) &&
                       strncmp(state, name, (size_t)(slash - name)) == 0;
        index = is_this ? mkd_store_find(store, slash + 1) : -1;
        if (index >= 0) {
            *memory = store->states[s].memory;
            return &store->entries[index];
        }
    }
    return NULL;
}

// `state` NULL: the entry's own values
static int look_for(mkd_load_report *report, const mkd_safetensors *file, const char *state,
                    const char *path) {
    mkd_str name = {0};
    mkd_str_printf(&name, "%s%s%s", state ? state : "", state ? "/" : "", path);
    int status = mkd_str_status(&name);
    if (status >= 0 && mkd_safetensors_find(file, name.text) < 0) {
        report->n_missing++;
        mkd_str_printf(&report->text, "missing: %s\n", name.text);
    }
    mkd_str_free(&name);
    return status;
}

// First pass over the file: every shape is judged before anything is changed.
static int judge(mkd_load_report *report, mkd_store *store, const mkd_safetensors *file,
                 bool with_states) {
    size_t n = mkd_safetensors_count(file);
    for (size_t i = 0; i < n; i++) {
        mkd_buffer *memory = NULL;
        mkd_tensor view = {0};
        const char *name = mkd_safetensors_name(file, i);
        const mkd_entry *entry = find_place(&memory, store, name, with_states);
        if (!entry) {
            bool is_state = strchr(name, '/') != NULL;
            if (!is_state) {
                report->n_unexpected++;
                mkd_str_printf(&report->text, "unexpected: %s\n", name);
            }
            continue;
        }
        MKD_TRY(mkd_safetensors_view(&view, file, i));
        MKD_TRY(check_shape(entry, &view));
        report->n_loaded++;
    }
    for (int i = 0; i < store->n_entries; i++) {
        const mkd_entry *entry = &store->entries[i];
        MKD_TRY(look_for(report, file, NULL, entry->path));
        for (int s = 0; with_states && !entry->is_buffer && s < store->n_states; s++) {
            MKD_TRY(look_for(report, file, store->states[s].name, entry->path));
        }
    }
    return mkd_str_status(&report->text);
}

static int first_missing(const mkd_load_report *report, const char *path) {
    const char *line = strstr(report->text.text, "missing: ");
    const char *end = strchr(line, '\n');
    MKD_FAIL(MKD_ENOTFOUND, "%s: %d entries of the model are missing, the first is %.*s", path,
             report->n_missing, (int)(end - line) - 9, line + 9);
}

int mkd_store_load(mkd_load_report *report, mkd_store *store, const char *path, bool with_states,
                   bool strict) {
    mkd_safetensors *file = NULL;
    *report = (mkd_load_report){0};
    int status = mkd_safetensors_open(&file, path);
    MKD_GOTO(status);
    status = judge(report, store, file, with_states);
    if (status < 0) {
        mkd_error_prefix(status, "%s", path);
        goto done;
    }
    if (strict && report->n_missing > 0) {
        status = first_missing(report, path);
        goto done;
    }
    for (size_t i = 0; i < mkd_safetensors_count(file); i++) {
        mkd_buffer *memory = NULL;
        mkd_tensor view = {0};
        const mkd_entry *entry =
            find_place(&memory, store, mkd_safetensors_name(file, i), with_states);
        if (entry) {
            MKD_GOTO(mkd_safetensors_view(&view, file, i));
            MKD_GOTO(import_to(store, entry, memory, &view));
        }
    }
done:
    mkd_safetensors_close(file);
    return status;
}
