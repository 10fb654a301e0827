// parity DIR... [--dump OUT] [--backend NAME]: runs every golden case below each DIR.
// parity CASE --judge RESULT.npz: judges outputs that are there already.
#include "parity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

static const char usage[] =
    "usage: parity DIR... [--dump OUT] [--backend NAME]\n"
    "       parity CASE --judge RESULT.npz\n"
    "\n"
    "Runs every golden case (a folder with case.json) below each DIR whose kind is known, and "
    "prints\n"
    "a line a case with its worst error as a share of its tolerance. Exit status 0: nothing "
    "failed.\n"
    "\n"
    "  --dump OUT      also writes OUT/<path of the case below DIR>.npz with our outputs\n"
    "  --backend NAME  ref, cpu, ... (default auto)\n"
    "  --judge FILE    judges the outputs of FILE instead of computing them\n"
    "  --kinds         lists the known kinds\n";

typedef struct program {
    mkd_backend *backend;
    const char *dump;
    const char *judged; // outputs to judge instead of ours
    int n_passed, n_failed, n_skipped;
} program;

static void report(program *p, int *counter, const char *word, const char *path, const char *text) {
    (void)p;
    (*counter)++;
    printf("%-4s  %s  %s\n", word, path, text);
    fflush(stdout);
}

// the case's path below DIR, or DIR's own name
static int dump_path(mkd_str *out, const program *p, const char *root, const char *path) {
    const char *below = path + strlen(root);
    below += strspn(below, "/");
    if (!*below) {
        const char *slash = strrchr(path, '/');
        below = slash ? slash + 1 : path;
    }
    mkd_str_printf(out, "%s/%s.npz", p->dump, below);
    return mkd_str_status(out);
}

static int judge_and_report(program *p, parity_case *c, const char *unsupported) {
    parity_verdict verdict;
    char text[512];
    MKD_TRY(parity_judge(&verdict, c, unsupported != NULL));
    snprintf(text, sizeof text, "worst %.3g of tolerance at %s", verdict.worst, verdict.where);
    if (!verdict.ok) {
        report(p, &p->n_failed, "FAIL", c->path, text);
    } else if (unsupported) {
        report(p, &p->n_skipped, "skip", c->path, unsupported);
    } else {
        report(p, &p->n_passed, "ok", c->path, text);
    }
    return 0;
}

static int read_results(parity_case *c, const char *path) {
    mkd_npz *npz = NULL;
    MKD_TRY(mkd_npz_open(&npz, path));
    int status = 0;
    for (size_t i = 0; i < mkd_npz_count(npz) && status == 0; i++) {
        mkd_tensor tensor;
        status = mkd_npz_read(&tensor, npz, i);
        if (status == 0) {
            status = parity_put(c, mkd_npz_name(npz, i), &tensor);
        }
    }
    mkd_npz_close(npz);
    return status;
}

static void run_case(program *p, const char *root, const char *path) {
    parity_case c;
    mkd_str dump = {0};
    char unsupported[MKD_ERROR_BYTES];
    int status = parity_case_open(&c, path);
    if (status < 0) {
        report(p, &p->n_failed, "FAIL", path, mkd_error_last());
        return;
    }
    if (!p->judged && !parity_knows_kind(c.kind)) {
        snprintf(unsupported, sizeof unsupported, "unknown kind %s", c.kind);
        report(p, &p->n_skipped, "skip", path, unsupported);
        goto done;
    }
    c.backend = p->backend;
    status = p->judged ? read_results(&c, p->judged) : parity_run_kind(&c);
    bool partial = status == MKD_EUNSUPPORTED;
    snprintf(unsupported, sizeof unsupported, "%s", mkd_error_last());
    if (status == 0 || partial) {
        status = p->dump ? dump_path(&dump, p, root, path) : 0;
        if (status == 0 && p->dump) {
            status = parity_write_results(&c, dump.text);
        }
        if (status == 0) {
            status = judge_and_report(p, &c, partial ? unsupported : NULL);
        }
    }
    if (status < 0) {
        report(p, &p->n_failed, "FAIL", path, mkd_error_last());
    }
done:
    mkd_str_free(&dump);
    parity_case_close(&c);
}

static int walk(program *p, const char *root, const char *path, int depth) {
    mkd_fs_list list = {0};
    int status = 0;
    char *json = mkd_fs_join(path, "case.json");
    if (!json) {
        return MKD_ENOMEM;
    }
    bool is_case = mkd_fs_exists(json);
    mkd_free(json);
    if (is_case) {
        run_case(p, root, path);
        return 0;
    }
    MKD_TRY(mkd_fs_list_dir(&list, path, ""));
    for (size_t i = 0; i < list.n && status == 0; i++) {
        char *below = mkd_fs_join(path, list.names[i]);
        if (!below) {
            status = MKD_ENOMEM;
        } else if (depth < 16 && mkd_fs_is_dir(below)) {
            status = walk(p, root, below, depth + 1);
        }
        mkd_free(below);
    }
    mkd_fs_list_free(&list);
    return status;
}

static int run_all(program *p, char **folders, int n, const char *backend) {
    MKD_TRY(mkd_backend_open(&p->backend, backend, NULL));
    int status = 0;
    for (int i = 0; i < n && status == 0; i++) {
        size_t length = strlen(folders[i]);
        while (length > 1 && folders[i][length - 1] == '/') {
            folders[i][--length] = '\0';
        }
        if (!mkd_fs_is_dir(folders[i])) {
            status = mkd_error_set(MKD_ENOTFOUND, "%s: found no such folder", folders[i]);
        } else {
            status = walk(p, folders[i], folders[i], 0);
        }
    }
    mkd_backend_close(p->backend);
    return status;
}

static int list_kinds(void) {
    mkd_str text = {0};
    parity_list_kinds(&text);
    printf("%s", text.text ? text.text : "");
    mkd_str_free(&text);
    return 0;
}

int main(int argc, char **argv) {
    program p = {0};
    const char *backend = "auto";
    int n = 0; // folders, gathered at the beginning of argv
    for (int i = 1; i < argc; i++) {
        bool has_next = i + 1 < argc;
        if (strcmp(argv[i], "--dump") == 0 && has_next) {
            p.dump = argv[++i];
        } else if (strcmp(argv[i], "--backend") == 0 && has_next) {
            backend = argv[++i];
        } else if (strcmp(argv[i], "--judge") == 0 && has_next) {
            p.judged = argv[++i];
        } else if (strcmp(argv[i], "--kinds") == 0) {
            return list_kinds();
        } else if (strcmp(argv[i], "--help") == 0) {
            printf("%s", usage);
            return 0;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "parity: unknown or incomplete option %s\n%s", argv[i], usage);
            return 2;
        } else {
            argv[n++] = argv[i];
        }
    }
    if (n == 0) {
        fprintf(stderr, "%s", usage);
        return 2;
    }
    int status = run_all(&p, argv, n, backend);
    if (status < 0) {
        fprintf(stderr, "parity: %s\n", mkd_error_last());
    }
    printf("%d passed, %d failed, %d skipped\n", p.n_passed, p.n_failed, p.n_skipped);
    return status < 0 || p.n_failed > 0;
}
