// Lowering: graph -> program with planned memory.
//
// Values that share memory (a reshape and its source, an in-place result and its operand) form a
// class, found by union-find. A class lies in a store if a member is a parameter, a buffer or a
// bound gradient; in the plan's persistent memory if a member is an input, a constant or a result
// of the prologue; else in the workspace, alive from the first node that writes a member to the
// last that reads one (outputs: to the end).

#include "nn/plan.h"

#include <string.h>

#include "nn/lower_private.h"

enum place { PLACE_NONE, PLACE_WORKSPACE, PLACE_PERSISTENT, PLACE_STORE };

typedef struct class_info {
    enum place place;
    size_t bytes;
    int first, last;    // body positions, workspace only
    mkd_buffer *buffer; // PLACE_STORE
    size_t offset;
} class_info;

struct mkd_plan {
    mkd_graph *graph;
    mkd_backend *backend;
    mkd_program prologue, body;
    mkd_program_value *values;
    mkd_executable *prologue_run, *body_run;
    mkd_buffer *workspace, *persistent;
    int *class_of; // union-find parents
    class_info *classes;
    bool *live; // nodes
    bool prologue_is_stale;
    bool no_reuse;
    mkd_plan_stats stats;
};

static int find_class(const mkd_plan *plan, int value) {
    while (plan->class_of[value] != value) {
        value = plan->class_of[value];
    }
    return value;
}

static bool is_frozen_node(const mkd_graph *g, const graph_node *node) {
    if (node->n_out == 0 || node->op == MKD_OP_host) {
        return false;
    }
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0 && !g->values[node->in[i]].frozen) {
            return false;
        }
    }
    return true;
}

static bool is_root(const mkd_graph *g, const graph_node *node) {
    bool root = node->n_out == 0;
    for (int i = 0; i < node->n_out; i++) {
        const graph_value *v = &g->values[node->out[i]];
        root |= v->is_output || v->gradient_entry >= 0;
    }
    return root;
}

// Marks what outputs, bound gradients and nodes with effects depend on. Fusion appends nodes that
// earlier ones read, so this walks a stack instead of the list backwards.
static int mark_live(mkd_plan *plan) {
    const mkd_graph *g = plan->graph;
    int *stack = mkd_alloc_array((size_t)g->n_nodes + 1, sizeof *stack);
    plan->live = mkd_alloc_array((size_t)g->n_nodes + 1, sizeof *plan->live);
    if (!stack || !plan->live) {
        mkd_free(stack);
        return MKD_ENOMEM;
    }
    int n = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        if (is_root(g, &g->nodes[i])) {
            plan->live[i] = true;
            stack[n++] = i;
        }
    }
    while (n > 0) {
        const graph_node *node = &g->nodes[stack[--n]];
        for (int k = 0; k < node->n_in; k++) {
            int value = node->in[k];
            if (value >= 0 && g->values[value].source == SOURCE_NODE &&
                !plan->live[g->values[value].node]) {
                plan->live[g->values[value].node] = true;
                stack[n++] = g->values[value].node;
            }
        }
    }
    mkd_free(stack);
    return 0;
}

static size_t value_bytes(const graph_value *v) {
    return (size_t)mkd_shape_count(&v->shape) * mkd_dtype_bytes(v->dtype);
}

static void place_in_store(class_info *c, mkd_buffer *buffer, size_t element) {
    c->place = PLACE_STORE;
    c->buffer = buffer;
    c->offset = element * sizeof(float);
}

// what a value's origin says about the memory of its class
static void place_by_source(mkd_plan *plan, int value) {
    const graph_value *v = &plan->graph->values[value];
    class_info *c = &plan->classes[find_class(plan, value)];
    c->bytes = value_bytes(v) > c->bytes ? value_bytes(v) : c->bytes;
    switch (v->source) {
    case SOURCE_PARAMETER:
        place_in_store(c, mkd_store_values(v->store), mkd_store_entry(v->store, v->entry)->offset);
        break;
    case SOURCE_BUFFER:
        place_in_store(c, mkd_store_buffers(v->store), mkd_store_entry(v->store, v->entry)->offset);
        break;
    case SOURCE_INPUT:
    case SOURCE_CONSTANT:
        c->place = PLACE_PERSISTENT;
        break;
    case SOURCE_NODE:
        if (v->gradient_entry >= 0) {
            place_in_store(c, mkd_store_gradients(v->gradient_store),
                           mkd_store_entry(v->gradient_store, v->gradient_entry)->offset);
        } else if (c->place == PLACE_NONE) {
            const graph_node *node = &plan->graph->nodes[v->node];
            bool in_prologue = plan->live[v->node] && is_frozen_node(plan->graph, node);
            c->place = in_prologue ? PLACE_PERSISTENT : PLACE_WORKSPACE;
        }
        break;
    }
}

static int make_classes(mkd_plan *plan) {
    const mkd_graph *g = plan->graph;
    plan->class_of = mkd_alloc_array((size_t)g->n_values + 1, sizeof *plan->class_of);
    plan->classes = mkd_alloc_array((size_t)g->n_values + 1, sizeof *plan->classes);
    if (!plan->class_of || !plan->classes) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < g->n_values; i++) {
        plan->class_of[i] = i;
        plan->classes[i].first = -1;
    }
    for (int i = 0; i < g->n_nodes; i++) {
        const graph_node *node = &g->nodes[i];
        if (plan->live[i] && node->op == MKD_OP_reshape) {
            plan->class_of[node->out[0]] = find_class(plan, node->in[0]);
        }
    }
    for (int i = 0; i < g->n_values; i++) {
        const graph_value *v = &g->values[i];
        if (v->source != SOURCE_NODE || plan->live[v->node]) {
            place_by_source(plan, i);
        }
    }
    return 0;
}

static void extend(class_info *c, int position) {
    c->first = c->first < 0 || position < c->first ? position : c->first;
    c->last = position > c->last ? position : c->last;
}

// Order of the program: the list of live nodes that compute (a reshape does not). Body first pass
// of lifetimes.
static void find_lifetimes(mkd_plan *plan, const int *body, int n_body) {
    const mkd_graph *g = plan->graph;
    for (int p = 0; p < n_body; p++) {
        const graph_node *node = &g->nodes[body[p]];
        for (int k = 0; k < node->n_out; k++) {
            extend(&plan->classes[find_class(plan, node->out[k])], p);
        }
        for (int k = 0; k < node->n_in; k++) {
            if (node->in[k] >= 0) {
                extend(&plan->classes[find_class(plan, node->in[k])], p);
            }
        }
    }
    for (int i = 0; i < g->n_values; i++) {
        if (g->values[i].is_output) {
            plan->classes[find_class(plan, i)].last = n_body;
        }
    }
}

// A result may take the memory of its first operand if that dies here and nothing else lies in it
// that this node reads.
static void share_in_place(mkd_plan *plan, const int *body, int n_body) {
    const mkd_graph *g = plan->graph;
    for (int p = 0; p < n_body; p++) {
        const graph_node *node = &g->nodes[body[p]];
        if (!(mkd_op_get_info(node->op)->flags & MKD_OP_FLAG_I) || node->in[0] < 0) {
            continue;
        }
        int from = find_class(plan, node->in[0]);
        int to = find_class(plan, node->out[0]);
        class_info *a = &plan->classes[from];
        class_info *b = &plan->classes[to];
        const graph_value *x = &g->values[node->in[0]];
        const graph_value *y = &g->values[node->out[0]];
        bool fits = a->place == PLACE_WORKSPACE && b->place == PLACE_WORKSPACE && from != to &&
                    a->last == p && b->first == p && a->bytes == b->bytes && x->dtype == y->dtype &&
                    mkd_shape_equal(&x->shape, &y->shape);
        // a second operand in the same memory is read at other places when it broadcasts
        if (fits && node->n_in > 1 && node->in[1] >= 0 && find_class(plan, node->in[1]) == from) {
            fits = mkd_shape_equal(&g->values[node->in[1]].shape, &x->shape);
        }
        if (fits) {
            plan->class_of[to] = from;
            a->last = b->last;
        }
    }
}

static int place_workspace(mkd_plan *plan, int n_body) {
    int n_values = plan->graph->n_values;
    memory_block *blocks = mkd_alloc_array((size_t)n_values + 1, sizeof *blocks);
    int *owner = mkd_alloc_array((size_t)n_values + 1, sizeof *owner);
    int status = blocks && owner ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    int n = 0;
    size_t persistent = 0;
    for (int i = 0; i < n_values; i++) {
        class_info *c = &plan->classes[i];
        if (plan->class_of[i] != i) {
            continue;
        }
        if (c->place == PLACE_PERSISTENT) {
            c->offset = persistent;
            persistent += (c->bytes + 63) & ~(size_t)63;
        } else if (c->place == PLACE_WORKSPACE && c->first >= 0) {
            owner[n] = i;
            blocks[n++] = (memory_block){.bytes = c->bytes, .first = c->first, .last = c->last};
        }
    }
    MKD_GOTO(mkd_memory__plan(&plan->stats.workspace_bytes, &plan->stats.lower_bound_bytes, blocks,
                              n, n_body));
    for (int i = 0; i < n; i++) {
        plan->classes[owner[i]].offset = blocks[i].offset;
    }
    plan->stats.persistent_bytes = persistent;
    MKD_GOTO(mkd_buffer_new(&plan->workspace, plan->backend, plan->stats.workspace_bytes));
    MKD_GOTO(mkd_buffer_new(&plan->persistent, plan->backend, persistent));
done:
    mkd_free(blocks);
    mkd_free(owner);
    return status;
}

static int make_values(mkd_plan *plan) {
    const mkd_graph *g = plan->graph;
    plan->values = mkd_alloc_array((size_t)g->n_values + 1, sizeof *plan->values);
    if (!plan->values) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < g->n_values; i++) {
        const graph_value *v = &g->values[i];
        const class_info *c = &plan->classes[find_class(plan, i)];
        mkd_buffer *buffer = c->place == PLACE_STORE        ? c->buffer
                             : c->place == PLACE_PERSISTENT ? plan->persistent
                                                            : plan->workspace;
        plan->values[i] = (mkd_program_value){.name = v->name,
                                              .dtype = v->dtype,
                                              .shape = v->shape,
                                              .buffer = buffer,
                                              .offset = c->offset};
        if (v->source == SOURCE_CONSTANT) {
            MKD_TRY(mkd_buffer_upload(plan->backend, buffer, c->offset, v->constant.data,
                                      value_bytes(v)));
        }
    }
    return 0;
}

static int make_program(mkd_program *out, mkd_plan *plan, const int *order, int n) {
    const mkd_graph *g = plan->graph;
    out->values = plan->values;
    out->n_values = g->n_values;
    out->nodes = mkd_alloc_array((size_t)n + 1, sizeof *out->nodes);
    if (!out->nodes) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < n; i++) {
        const graph_node *node = &g->nodes[order[i]];
        mkd_program_node *to = &out->nodes[out->n_nodes++];
        *to = (mkd_program_node){.op = node->op,
                                 .name = node->name,
                                 .attributes = node->attributes,
                                 .n_in = node->n_in,
                                 .n_out = node->n_out};
        memcpy(to->in, node->in, sizeof to->in);
        memcpy(to->out, node->out, sizeof to->out);
    }
    return 0;
}

static int lower(mkd_plan *plan, bool no_reuse) {
    const mkd_graph *g = plan->graph;
    int *body = mkd_alloc_array((size_t)g->n_nodes + 1, sizeof *body);
    int *prologue = mkd_alloc_array((size_t)g->n_nodes + 1, sizeof *prologue);
    int status = body && prologue ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(mark_live(plan));
    int n_body = 0;
    int n_prologue = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        if (!plan->live[i] || g->nodes[i].op == MKD_OP_reshape) {
            continue;
        }
        if (is_frozen_node(g, &g->nodes[i])) {
            prologue[n_prologue++] = i;
        } else {
            body[n_body++] = i;
        }
    }
    MKD_GOTO(make_classes(plan));
    find_lifetimes(plan, body, n_body);
    if (no_reuse) {
        for (int i = 0; i < g->n_values; i++) {
            plan->classes[i].first = plan->classes[i].first < 0 ? -1 : 0;
            plan->classes[i].last = n_body;
        }
    } else {
        share_in_place(plan, body, n_body);
    }
    MKD_GOTO(place_workspace(plan, n_body));
    MKD_GOTO(make_values(plan));
    MKD_GOTO(make_program(&plan->prologue, plan, prologue, n_prologue));
    MKD_GOTO(make_program(&plan->body, plan, body, n_body));
done:
    mkd_free(body);
    mkd_free(prologue);
    return status;
}

int mkd_plan_create(mkd_plan **out, mkd_graph *g, mkd_backend *backend,
                    const mkd_plan_options *options) {
    mkd_plan_options none = {0};
    const mkd_plan_options *o = options ? options : &none;
    *out = NULL;
    MKD_TRY(mkd_graph_status(g));
    for (int i = 0; i < g->n_stores; i++) {
        if (mkd_store_backend(g->stores[i]) != backend) {
            MKD_FAIL(MKD_EINVAL, "a store of the graph belongs to another backend than the plan");
        }
        MKD_TRY(mkd_store_allocate(g->stores[i], o->seed));
    }
    if (!o->no_fusion) {
        mkd_pass__fuse(g);
        MKD_TRY(mkd_graph_status(g));
    }
    if (o->precision == MKD_PRECISION_BF16) {
        mkd_pass__precision(g);
        MKD_TRY(mkd_graph_status(g));
    }
    mkd_plan *plan = mkd_alloc(sizeof *plan);
    if (!plan) {
        return MKD_ENOMEM;
    }
    plan->graph = g;
    plan->backend = backend;
    plan->prologue_is_stale = true;
    plan->no_reuse = o->no_reuse;
    int status = lower(plan, o->no_reuse);
    MKD_GOTO(status);
    if (plan->prologue.n_nodes) {
        MKD_GOTO(mkd_executable_new(&plan->prologue_run, backend, &plan->prologue));
    }
    MKD_GOTO(mkd_executable_new(&plan->body_run, backend, &plan->body));
    plan->stats.n_nodes = plan->body.n_nodes;
    plan->stats.n_prologue_nodes = plan->prologue.n_nodes;
    plan->stats.n_fallbacks = mkd_executable_fallbacks(plan->body_run);
done:
    if (status < 0) {
        mkd_plan_free(plan);
        plan = NULL;
    }
    *out = plan;
    return status;
}

void mkd_plan_free(mkd_plan *plan) {
    if (!plan) {
        return;
    }
    mkd_executable_free(plan->prologue_run);
    mkd_executable_free(plan->body_run);
    mkd_buffer_free(plan->workspace, plan->backend);
    mkd_buffer_free(plan->persistent, plan->backend);
    mkd_free(plan->prologue.nodes);
    mkd_free(plan->body.nodes);
    mkd_free(plan->values);
    mkd_free(plan->class_of);
    mkd_free(plan->classes);
    mkd_free(plan->live);
    mkd_free(plan);
}

int mkd_plan_refresh(mkd_plan *plan) {
    plan->prologue_is_stale = false;
    return plan->prologue_run ? mkd_executable_run(plan->prologue_run) : 0;
}

int mkd_plan_run(mkd_plan *plan) {
    if (plan->prologue_is_stale) {
        MKD_TRY(mkd_plan_refresh(plan));
    }
    return mkd_executable_run(plan->body_run);
}

// Has `x` memory that nobody else writes during a run?
static bool is_readable(const mkd_plan *plan, mkd_value x) {
    const graph_value *v = &plan->graph->values[x.id];
    if (v->source != SOURCE_NODE || v->is_output || v->gradient_entry >= 0) {
        return true;
    }
    return plan->live[v->node] &&
           (plan->no_reuse || plan->classes[find_class(plan, x.id)].place != PLACE_WORKSPACE);
}

static int check_readable(const mkd_plan *plan, mkd_value x) {
    if (x.id < 0) {
        MKD_FAIL(MKD_EINVAL, "there is no such value to read");
    }
    if (!is_readable(plan, x)) {
        MKD_FAIL(MKD_EINVAL, "%s is neither an input nor an output of the plan",
                 plan->values[x.id].name);
    }
    return 0;
}

void *mkd_plan_data(const mkd_plan *plan, mkd_value x) {
    if (x.id < 0 || !is_readable(plan, x) || !plan->values[x.id].buffer ||
        !plan->values[x.id].buffer->host) {
        return NULL;
    }
    return (char *)plan->values[x.id].buffer->host + plan->values[x.id].offset;
}

int mkd_plan_write(mkd_plan *plan, mkd_value x, const mkd_tensor *tensor) {
    if (x.id < 0) {
        MKD_FAIL(MKD_EINVAL, "there is no such value to write");
    }
    const mkd_program_value *v = &plan->values[x.id];
    if (tensor->dtype != v->dtype || !mkd_shape_equal(&tensor->shape, &v->shape)) {
        char a[MKD_SHAPE_TEXT_BYTES];
        char b[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EINVAL, "%s: given %s %s, expected %s %s", v->name,
                 mkd_dtype_name(tensor->dtype), mkd_shape_text(a, &tensor->shape),
                 mkd_dtype_name(v->dtype), mkd_shape_text(b, &v->shape));
    }
    return mkd_buffer_upload(plan->backend, v->buffer, v->offset, tensor->data,
                             mkd_tensor_bytes(tensor));
}

int mkd_plan_read(mkd_tensor *out, mkd_plan *plan, mkd_value x) {
    MKD_TRY(check_readable(plan, x));
    const mkd_program_value *v = &plan->values[x.id];
    MKD_TRY(mkd_tensor_new(out, v->dtype, v->shape));
    return mkd_buffer_download(plan->backend, out->data, v->buffer, v->offset,
                               mkd_tensor_bytes(out));
}

int mkd_plan_read_scalar(double *out, mkd_plan *plan, mkd_value x) {
    float value = 0;
    MKD_TRY(check_readable(plan, x));
    if (plan->values[x.id].dtype != MKD_F32 || mkd_shape_count(&plan->values[x.id].shape) != 1) {
        MKD_FAIL(MKD_EINVAL, "%s is no f32 scalar", plan->values[x.id].name);
    }
    MKD_TRY(mkd_buffer_download(plan->backend, &value, plan->values[x.id].buffer,
                                plan->values[x.id].offset, sizeof value));
    *out = value;
    return 0;
}

void mkd_plan_get_stats(mkd_plan_stats *out, const mkd_plan *plan) {
    *out = plan->stats;
}
