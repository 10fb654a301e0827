#include "tensor/backend.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/status.h"
#include "tensor/drivers.h"

#define NAMED_FALLBACKS 8

struct mkd_backend {
    const mkd_backend_driver *driver;
    void *state;
};

struct mkd_executable {
    mkd_backend *backend;
    void *compiled;
    int n_fallbacks;
};

static const mkd_backend_driver *const drivers[] = {
#define MKD_BACKEND(name, summary) &mkd_backend_driver_##name,
#include "tensor/backends.def"
#undef MKD_BACKEND
    NULL,
};

const mkd_backend_driver *const *mkd_backend_drivers(void) {
    return drivers;
}

static const mkd_backend_driver *best_driver(void) {
    const mkd_backend_driver *best = NULL;
    int best_score = 0;
    for (size_t i = 0; drivers[i]; i++) {
        int score = drivers[i]->score();
        if (score > best_score) {
            best = drivers[i];
            best_score = score;
        }
    }
    return best;
}

static int unknown_backend(const char *name) {
    const char *names[MKD_COUNT(drivers)] = {"auto"};
    char known[256] = "auto";
    for (size_t i = 0; drivers[i]; i++) {
        names[i + 1] = drivers[i]->name;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, ", %s", drivers[i]->name);
    }
    const char *nearest = mkd_nearest_name(name, names, MKD_COUNT(names));
    MKD_FAIL(MKD_ENOTFOUND, "backend: found \"%s\", expected one of %s%s%s%s", name, known,
             nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
}

static int find_driver(const mkd_backend_driver **out, const char *name) {
    *out = strcmp(name, "auto") == 0 ? best_driver() : NULL;
    for (size_t i = 0; drivers[i] && !*out; i++) {
        if (strcmp(name, drivers[i]->name) == 0) {
            *out = drivers[i];
        }
    }
    if (!*out) {
        return unknown_backend(name);
    }
    if ((*out)->score() <= 0) {
        MKD_FAIL(MKD_EUNSUPPORTED, "backend: %s cannot run on this machine", name);
    }
    return 0;
}

int mkd_backend_open(mkd_backend **out, const char *name, const mkd_backend_options *options) {
    *out = NULL;
    const mkd_backend_driver *driver;
    MKD_TRY(find_driver(&driver, name));
    mkd_backend *backend = mkd_alloc(sizeof *backend);
    if (!backend) {
        return MKD_ENOMEM;
    }
    backend->driver = driver;
    mkd_backend_options defaults = {0};
    int status = driver->open(&backend->state, options ? options : &defaults);
    if (status < 0) {
        mkd_free(backend);
        return mkd_error_prefix(status, "backend %s", driver->name);
    }
    *out = backend;
    return 0;
}

void mkd_backend_close(mkd_backend *backend) {
    if (backend) {
        backend->driver->close(backend->state);
        mkd_free(backend);
    }
}

const char *mkd_backend_name(const mkd_backend *backend) {
    return backend->driver->name;
}

int mkd_backend_describe(mkd_str *out, const mkd_backend *backend) {
    return backend->driver->describe(out, backend->state);
}


int mkd_buffer_new(mkd_buffer **out, mkd_backend *backend, size_t bytes) {
    *out = NULL;
    mkd_buffer *buffer = mkd_alloc(sizeof *buffer);
    if (!buffer) {
        return MKD_ENOMEM;
    }
    int status = backend->driver->buffer_new(buffer, backend->state, bytes);
    if (status < 0) {
        mkd_free(buffer);
        return status;
    }
    *out = buffer;
    return 0;
}

void mkd_buffer_free(mkd_buffer *buffer, mkd_backend *backend) {
    if (buffer) {
        backend->driver->buffer_free(buffer, backend->state);
        mkd_free(buffer);
    }
}

static int check_range(const mkd_buffer *buffer, size_t offset, size_t bytes, const char *what) {
    if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
        MKD_FAIL(MKD_EINVAL, "%s: found bytes %zu to %zu, expected at most %zu", what, offset,
                 offset + bytes, buffer->bytes);
    }
    return 0;
}

int mkd_buffer_upload(mkd_backend *backend, mkd_buffer *to, size_t offset, const void *from,
                      size_t bytes) {
    MKD_TRY(check_range(to, offset, bytes, "upload"));
    return backend->driver->upload(backend->state, to, offset, from, bytes);
}

int mkd_buffer_download(mkd_backend *backend, void *to, const mkd_buffer *from, size_t offset,
                        size_t bytes) {
    MKD_TRY(check_range(from, offset, bytes, "download"));
    return backend->driver->download(backend->state, to, from, offset, bytes);
}

int mkd_host_buffer_new(mkd_buffer *out, void *state, size_t bytes) {
    (void)state;
    void *memory = mkd_alloc(bytes);
    if (!memory) {
        return MKD_ENOMEM;
    }
    *out = (mkd_buffer){memory, memory, bytes};
    return 0;
}

void mkd_host_buffer_free(mkd_buffer *buffer, void *state) {
    (void)state;
    mkd_free(buffer->host);
}

int mkd_host_upload(void *state, mkd_buffer *to, size_t offset, const void *from, size_t bytes) {
    (void)state;
    if (bytes > 0) {
        memcpy((char *)to->host + offset, from, bytes);
    }
    return 0;
}

int mkd_host_download(void *state, void *to, const mkd_buffer *from, size_t offset, size_t bytes) {
    (void)state;
    if (bytes > 0) {
        memcpy(to, (const char *)from->host + offset, bytes);
    }
    return 0;
}


// counts the nodes that `ref` will run and warns once, naming the first of them
static int count_fallbacks(int *out, const mkd_backend *backend, const mkd_program *program) {
    *out = 0;
    mkd_str names = {0};
    for (int i = 0; i < program->n_nodes; i++) {
        const mkd_program_node *node = &program->nodes[i];
        // a host operator runs on the host whatever the backend
        if (node->op == MKD_OP_host || backend->driver->supports(backend->state, program, node)) {
            continue;
        }
        if (*out < NAMED_FALLBACKS) {
            mkd_str_printf(&names, "%s%s (%s)", *out ? ", " : "", node->name ? node->name : "node",
                           mkd_op_get_info(node->op)->name);
        }
        (*out)++;
    }
    int status = mkd_str_status(&names);
    if (status == 0 && *out > 0) {
        mkd_log(MKD_LOG_WARN, "backend %s: no kernel for %d of %d nodes, ref runs them: %s%s",
                backend->driver->name, *out, program->n_nodes, names.text,
                *out > NAMED_FALLBACKS ? ", ..." : "");
    }
    mkd_str_free(&names);
    return status;
}

int mkd_executable_new(mkd_executable **out, mkd_backend *backend, const mkd_program *program) {
    *out = NULL;
    int status = 0;
    mkd_executable *executable = mkd_alloc(sizeof *executable);
    if (!executable) {
        return MKD_ENOMEM;
    }
    executable->backend = backend;
    MKD_GOTO(count_fallbacks(&executable->n_fallbacks, backend, program));
    MKD_GOTO(backend->driver->compile(&executable->compiled, backend->state, program));
    *out = executable;
done:
    if (status < 0) {
        mkd_free(executable);
    }
    return status;
}

void mkd_executable_free(mkd_executable *executable) {
    if (executable) {
        executable->backend->driver->executable_free(executable->compiled);
        mkd_free(executable);
    }
}

int mkd_executable_run(mkd_executable *executable) {
    return executable->backend->driver->run(executable->compiled);
}

int mkd_executable_fallbacks(const mkd_executable *executable) {
    return executable->n_fallbacks;
}
