#include "parity.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

static int open_archive(mkd_npz **out, const char *folder, const char *name) {
    char *path = mkd_fs_join(folder, name);
    if (!path) {
        return MKD_ENOMEM;
    }
    int status = mkd_npz_open(out, path);
    mkd_free(path);
    return status;
}

static int read_json(json_t **out, const char *folder) {
    json_error_t error;
    char *path = mkd_fs_join(folder, "case.json");
    if (!path) {
        return MKD_ENOMEM;
    }
    *out = json_load_file(path, 0, &error);
    int status = 0;
    if (!*out) {
        status = mkd_error_set(MKD_EFORMAT, "%s:%d: %s", path, error.line, error.text);
    } else if (!json_is_string(json_object_get(*out, "kind")) ||
               !json_is_object(json_object_get(*out, "options")) ||
               !json_is_object(json_object_get(*out, "tolerance"))) {
        status = mkd_error_set(MKD_EFORMAT,
                               "%s: found no kind, options or tolerance, expected all three", path);
    }
    mkd_free(path);
    return status;
}

int parity_case_open(parity_case *out, const char *path) {
    *out = (parity_case){.path = path};
    int status = 0;
    MKD_GOTO(read_json(&out->json, path));
    out->kind = json_string_value(json_object_get(out->json, "kind"));
    out->options = json_object_get(out->json, "options");
    MKD_GOTO(open_archive(&out->inputs, path, "inputs.npz"));
    MKD_GOTO(open_archive(&out->expected, path, "expected.npz"));
done:
    if (status < 0) {
        parity_case_close(out);
    }
    return status;
}

void parity_case_close(parity_case *c) {
    for (size_t i = 0; i < c->n_results; i++) {
        mkd_free(c->results[i].name);
        mkd_tensor_free(&c->results[i].tensor);
    }
    mkd_free(c->results);
    mkd_npz_close(c->inputs);
    mkd_npz_close(c->expected);
    json_decref(c->json);
    *c = (parity_case){0};
}

int parity_put(parity_case *c, const char *name, mkd_tensor *tensor) {
    parity_array *results = c->results;
    if (c->n_results == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 64;
        results = mkd_realloc_array(c->results, capacity, sizeof *results);
        if (results) {
            c->results = results;
            c->capacity = capacity;
        }
    }
    char *copy = results ? mkd_strdup(name) : NULL;
    if (!copy) {
        mkd_tensor_free(tensor);
        return MKD_ENOMEM;
    }
    c->results[c->n_results++] = (parity_array){copy, *tensor};
    *tensor = (mkd_tensor){0};
    return 0;
}

const mkd_tensor *parity_result(const parity_case *c, const char *name) {
    for (size_t i = 0; i < c->n_results; i++) {
        if (strcmp(c->results[i].name, name) == 0) {
            return &c->results[i].tensor;
        }
    }
    return NULL;
}

static int shape_of_json(mkd_shape *out, const json_t *list) {
    *out = (mkd_shape){0};
    if (!json_is_array(list) || json_array_size(list) > MKD_MAX_RANK) {
        MKD_FAIL(MKD_EFORMAT, "filled_inputs: found no shape of at most %d extents", MKD_MAX_RANK);
    }
    out->rank = (int)json_array_size(list);
    for (int i = 0; i < out->rank; i++) {
        out->at[i] = json_integer_value(json_array_get(list, (size_t)i));
    }
    return 0;
}

static const char *fill_prefix(const parity_case *c) {
    const char *prefix = json_string_value(json_object_get(c->json, "fill_prefix"));
    return prefix ? prefix : "";
}

int parity_input(mkd_tensor *out, const parity_case *c, const char *name) {
    *out = (mkd_tensor){0};
    long at = mkd_npz_find(c->inputs, name);
    if (at >= 0) {
        return mkd_npz_read(out, c->inputs, (size_t)at);
    }
    const json_t *rule = json_object_get(json_object_get(c->options, "filled_inputs"), name);
    if (!rule) {
        MKD_FAIL(MKD_ENOTFOUND, "%s: found no input %s", c->path, name);
    }
    mkd_shape shape;
    MKD_TRY(shape_of_json(&shape, json_array_get(rule, 0)));
    mkd_str key = {0};
    mkd_str_printf(&key, "%s/input/%s", fill_prefix(c), name);
    int status = mkd_str_status(&key);
    if (status == 0) {
        status = parity_fill(out, key.text, shape, json_number_value(json_array_get(rule, 1)),
                             json_number_value(json_array_get(rule, 2)));
    }
    mkd_str_free(&key);
    return status;
}

static bool listed(const json_t *list, const char *name) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item && strcmp(item, name) == 0) {
            return true;
        }
    }
    return false;
}

// the name that `name` is filled under: fill_alias maps its beginning
static void aliased(mkd_str *out, const parity_case *c, const char *name) {
    const char *start;
    json_t *other;
    json_object_foreach(json_object_get(c->options, "fill_alias"), start, other) {
        if (strncmp(name, start, strlen(start)) == 0 && json_is_string(other)) {
            mkd_str_printf(out, "%s%s", json_string_value(other), name + strlen(start));
            return;
        }
    }
    mkd_str_append(out, name);
}

static int fill_by_rules(mkd_tensor *out, const parity_case *c, const char *name, mkd_shape shape) {
    const json_t *bounds = json_object_get(json_object_get(c->options, "fill_overrides"), name);
    if (!bounds) {
        return parity_fill_parameter(out, fill_prefix(c), name, shape);
    }
    mkd_str key = {0};
    mkd_str_printf(&key, "%s/%s", fill_prefix(c), name);
    int status = mkd_str_status(&key);
    if (status == 0) {
        status = parity_fill(out, key.text, shape, json_number_value(json_array_get(bounds, 0)),
                             json_number_value(json_array_get(bounds, 1)));
    }
    mkd_str_free(&key);
    return status;
}

static int given_parameter(mkd_tensor *out, const parity_case *c, const char *name) {
    mkd_str key = {0};
    mkd_str_printf(&key, "param/%s", name);
    int status = mkd_str_status(&key);
    if (status == 0) {
        long at = mkd_npz_find(c->inputs, key.text);
        status = at >= 0 ? mkd_npz_read(out, c->inputs, (size_t)at) : MKD_ENOTFOUND;
    }
    mkd_str_free(&key);
    return status;
}

int parity_parameter(mkd_tensor *out, const parity_case *c, const char *name, mkd_shape shape) {
    *out = (mkd_tensor){0};
    int status = given_parameter(out, c, name);
    if (status != MKD_ENOTFOUND) {
        return status;
    }
    if (listed(json_object_get(c->options, "fill_keep"), name)) {
        MKD_FAIL(MKD_ENOTFOUND, "%s: %s keeps its own value", c->path, name);
    }
    mkd_str other = {0};
    aliased(&other, c, name);
    status = mkd_str_status(&other);
    if (status == 0 && strcmp(other.text, name) != 0) {
        status = parity_parameter(out, c, other.text, shape);
    } else if (status == 0) {
        status = fill_by_rules(out, c, name, shape);
    }
    mkd_str_free(&other);
    return status;
}

int parity_write_results(const parity_case *c, const char *path) {
    int status = 0;
    char *folder = mkd_fs_dirname(path);
    const char **names = mkd_alloc_array(c->n_results, sizeof *names);
    const mkd_tensor **tensors = mkd_alloc_array(c->n_results, sizeof *tensors);
    if (!folder || !names || !tensors) {
        status = MKD_ENOMEM;
        goto done;
    }
    for (size_t i = 0; i < c->n_results; i++) {
        names[i] = c->results[i].name;
        tensors[i] = &c->results[i].tensor;
    }
    MKD_GOTO(mkd_fs_make_dirs(folder));
    MKD_GOTO(mkd_npz_write(path, names, tensors, c->n_results));
done:
    mkd_free(folder);
    mkd_free(names);
    mkd_free(tensors);
    return status;
}
