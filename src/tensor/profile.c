#include "tensor/profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/backend.h"

#define SLOWEST_NODES 20

// One entry per node name, operator and implementation, in a hash table of open addresses.
typedef struct entry {
    mkd_op op;
    char *implementation; // NULL: free
    char *node;
    uint64_t calls;
    double seconds;
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *table;
static size_t n_entries, capacity;
static int switched = -1; // -1: ask the environment

bool mkd_profile_enabled(void) {
    pthread_mutex_lock(&lock);
    if (switched < 0) {
        const char *text = getenv("MKD_PROFILE");
        switched = text && *text && strcmp(text, "0") != 0;
    }
    bool on = switched > 0;
    pthread_mutex_unlock(&lock);
    return on;
}

void mkd_profile_enable(bool on) {
    pthread_mutex_lock(&lock);
    switched = on;
    pthread_mutex_unlock(&lock);
}

static entry *find(entry *entries, size_t n, mkd_op op, const char *implementation,
                   const char *node) {
    uint64_t hash =
        mkd_hash64(node, strlen(node)) ^ mkd_hash64(implementation, strlen(implementation));
    for (size_t i = (size_t)(hash + (uint64_t)op) % n;; i = (i + 1) % n) {
        entry *e = &entries[i];
        if (!e->implementation || (e->op == op && strcmp(e->node, node) == 0 &&
                                   strcmp(e->implementation, implementation) == 0)) {
            return e;
        }
    }
}

static bool grow(void) {
    size_t larger = capacity ? 2 * capacity : 256;
    entry *entries = mkd_alloc_array(larger, sizeof *entries);
    if (!entries) {
        return false;
    }
    for (size_t i = 0; i < capacity; i++) {
        if (table[i].implementation) {
            *find(entries, larger, table[i].op, table[i].implementation, table[i].node) = table[i];
        }
    }
    mkd_free(table);
    table = entries;
    capacity = larger;
    return true;
}

void mkd_profile_add(mkd_op op, const char *implementation, const char *node, double seconds) {
    node = node ? node : "";
    pthread_mutex_lock(&lock);
    if (2 * (n_entries + 1) <= capacity || grow()) {
        entry *e = find(table, capacity, op, implementation, node);
        if (!e->implementation) {
            char *name = mkd_strdup(node);
            char *word = mkd_strdup(implementation);
            if (!name || !word) {
                mkd_free(name);
                mkd_free(word);
                pthread_mutex_unlock(&lock);
                return;
            }
            *e = (entry){.op = op, .implementation = word, .node = name};
            n_entries++;
        }
        e->calls++;
        e->seconds += seconds;
    }
    pthread_mutex_unlock(&lock);
}

void mkd_profile_reset(void) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < capacity; i++) {
        mkd_free(table[i].implementation);
        mkd_free(table[i].node);
    }
    mkd_free(table);
    table = NULL;
    n_entries = capacity = 0;
    pthread_mutex_unlock(&lock);
}

static int by_name(const void *a, const void *b) {
    const entry *x = a;
    const entry *y = b;
    return x->op != y->op ? (x->op < y->op ? -1 : 1) : strcmp(x->implementation, y->implementation);
}

static int by_time(const void *a, const void *b) {
    const entry *x = a;
    const entry *y = b;
    return x->seconds < y->seconds ? 1 : x->seconds > y->seconds ? -1 : strcmp(x->node, y->node);
}

static size_t merge_by_operator(entry *merged, size_t n) {
    size_t n_merged = 0;
    qsort(merged, n, sizeof *merged, by_name);
    for (size_t i = 0; i < n; i++) {
        if (n_merged > 0 && by_name(&merged[n_merged - 1], &merged[i]) == 0) {
            merged[n_merged - 1].calls += merged[i].calls;
            merged[n_merged - 1].seconds += merged[i].seconds;
        } else {
            merged[n_merged++] = merged[i];
        }
    }
    qsort(merged, n_merged, sizeof *merged, by_time);
    return n_merged;
}

static void format(mkd_str *out, const entry *entries, size_t n, double total_s, bool nodes) {
    for (size_t i = 0; i < n; i++) {
        const entry *e = &entries[i];
        mkd_str_printf(out, "%-28s %-24s %8llu %10.3f %5.1f%%%s%s\n", mkd_op_get_info(e->op)->name,
                       e->implementation, (unsigned long long)e->calls, 1e3 * e->seconds,
                       total_s > 0 ? 100 * e->seconds / total_s : 0, nodes ? "  " : "",
                       nodes ? e->node : "");
    }
}

int mkd_profile_format(mkd_str *out) {
    pthread_mutex_lock(&lock);
    entry *entries = mkd_alloc_array(2 * n_entries + 1, sizeof *entries);
    if (!entries) {
        pthread_mutex_unlock(&lock);
        return MKD_ENOMEM;
    }
    entry *merged = entries + n_entries;
    size_t n = 0;
    double total_s = 0;
    for (size_t i = 0; i < capacity; i++) {
        if (table[i].implementation) {
            entries[n] = merged[n] = table[i];
            total_s += table[i].seconds;
            n++;
        }
    }
    size_t n_merged = merge_by_operator(merged, n);
    qsort(entries, n, sizeof *entries, by_time);
    mkd_str_printf(out, "%-28s %-24s %8s %10s %6s\n", "operator", "implementation", "calls", "ms",
                   "share");
    format(out, merged, n_merged, total_s, false);
    mkd_str_append(out, "slowest nodes\n");
    format(out, entries, n < SLOWEST_NODES ? n : SLOWEST_NODES, total_s, true);
    mkd_free(entries);
    pthread_mutex_unlock(&lock);
    return mkd_str_status(out);
}
