// Mode support: which operators a backend has kernels for, by element type, over all rows and the
// nodes of their gradients: "yes" for all calls seen, "3/5" for some, "-" for none, " " unseen.
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "nn/graph_private.h"
#include "tensor/backend.h"
#include "table.h"

static const mkd_dtype dtypes[] = {MKD_F32, MKD_F64, MKD_BF16};
#define N_DTYPES 3

typedef struct matrix {
    const mkd_backend_driver *driver;
    void *state;
    int n_seen[MKD_N_OPS][N_DTYPES], n_supported[MKD_N_OPS][N_DTYPES];
} matrix;

// The graph's values and nodes as a program that is never run: all values lie at one address.
static int make_program(mkd_program *out, const mkd_graph *g) {
    static double address[8];
    static mkd_buffer memory = {address, address, sizeof address};
    *out = (mkd_program){.n_values = g->n_values, .n_nodes = g->n_nodes};
    out->values = mkd_alloc_array((size_t)g->n_values, sizeof *out->values);
    out->nodes = mkd_alloc_array((size_t)g->n_nodes, sizeof *out->nodes);
    if (!out->values || !out->nodes) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < g->n_values; i++) {
        const graph_value *v = &g->values[i];
        out->values[i] = (mkd_program_value){v->name, v->dtype, v->shape, &memory, 0};
    }
    for (int i = 0; i < g->n_nodes; i++) {
        const graph_node *n = &g->nodes[i];
        mkd_program_node *to = &out->nodes[i];
        *to = (mkd_program_node){.op = n->op,
                                 .name = n->name,
                                 .attributes = n->attributes,
                                 .n_in = n->n_in,
                                 .n_out = n->n_out};
        memcpy(to->in, n->in, sizeof to->in);
        memcpy(to->out, n->out, sizeof to->out);
    }
    return 0;
}

static int visit_dtype(matrix *m, const row *r, int k) {
    built b;
    mkd_program program = {0};
    int status = build(&b, r, dtypes[k], row_has_gradient(r));
    if (status == 0) {
        status = make_program(&program, b.g);
    }
    for (int i = 0; i < program.n_nodes && status == 0; i++) {
        const mkd_program_node *node = &program.nodes[i];
        if (node->op == MKD_OP_host) { // never asked: it runs on the host
            continue;
        }
        m->n_seen[node->op][k]++;
        m->n_supported[node->op][k] += m->driver->supports(m->state, &program, node);
    }
    mkd_free(program.values);
    mkd_free(program.nodes);
    mkd_graph_free(b.g);
    return status;
}

static int visit(void *payload, const row *r, const char *title) {
    (void)title;
    for (int k = 0; k < N_DTYPES; k++) {
        if (dtypes[k] != MKD_BF16 || (r->flags & BF16)) {
            MKD_TRY(visit_dtype(payload, r, k));
        }
    }
    return 0;
}

static void print(const matrix *m) {
    printf("%-32s", m->driver->name);
    for (int k = 0; k < N_DTYPES; k++) {
        printf("%8s", mkd_dtype_name(dtypes[k]));
    }
    printf("\n");
    for (int op = 0; op < MKD_N_OPS; op++) {
        printf("  %-30s", mkd_op_get_info((mkd_op)op)->name);
        for (int k = 0; k < N_DTYPES; k++) {
            char text[24] = "";
            int seen = m->n_seen[op][k];
            int supported = m->n_supported[op][k];
            if (seen > 0 && supported > 0 && supported < seen) {
                snprintf(text, sizeof text, "%d/%d", supported, seen);
            } else if (seen > 0) {
                snprintf(text, sizeof text, "%s", supported ? "yes" : "-");
            }
            printf("%8s", text);
        }
        printf("\n");
    }
}

int mode_support(const settings *s) {
    const mkd_backend_driver *const *drivers = mkd_backend_drivers();
    for (int i = 0; drivers[i]; i++) {
        matrix m = {.driver = drivers[i]};
        mkd_backend_options options = {0};
        bool is_asked = !s->backend || mkd_glob_match(s->backend, drivers[i]->name);
        if (drivers[i]->score() <= 0 || !is_asked) {
            continue;
        }
        MKD_TRY(drivers[i]->open(&m.state, &options));
        int status = for_each_row(s->pattern, visit, &m);
        drivers[i]->close(m.state);
        MKD_TRY(status);
        print(&m);
    }
    return 0;
}
