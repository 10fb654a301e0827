/// YAML as a tree of texts in which every node knows where it stands. Nothing is interpreted: what
/// a scalar means is up to the reader of the tree.
///
/// Refused, with file and line: duplicate keys, tags, several documents, keys that are not scalars,
/// nesting deeper than MKD_YAML_MAX_DEPTH, and more than MKD_YAML_MAX_NODES nodes, counted with all
/// aliases expanded (so that aliases of aliases cannot blow up).
#ifndef MKD_BASE_YAML_H
#define MKD_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_YAML_MAX_BYTES   (1 << 20)
#define MKD_YAML_MAX_DEPTH   32
#define MKD_YAML_MAX_NODES   100000
#define MKD_YAML_MAX_ANCHORS 1000

typedef enum mkd_yaml_kind { MKD_YAML_SCALAR, MKD_YAML_SEQUENCE, MKD_YAML_MAPPING } mkd_yaml_kind;

typedef struct mkd_yaml_item mkd_yaml_item;

/// A node; an alias shares the node of its anchor.
typedef struct mkd_yaml_node {
    mkd_yaml_kind kind;
    const char *file;
    int line, column;     ///< from 1; line 0: the text did not come from a file
    const char *text;     ///< of a scalar
    bool plain;           ///< a scalar without quotes, not a block
    mkd_yaml_item *first; ///< of a sequence or mapping, in the file's order
    size_t n_items;
    size_t n_nodes; ///< of the whole subtree with aliases expanded, this node included
    int height;     ///< nesting of collections below and including this node; 0 for a scalar
} mkd_yaml_node;

/// An element of a sequence or an entry of a mapping.
struct mkd_yaml_item {
    const char *key; ///< NULL in a sequence
    int key_line;
    mkd_yaml_node *value;
    mkd_yaml_item *next;
};

/// Parses `bytes` bytes of YAML; all memory is taken from `arena`. `file` names the source in nodes
/// and messages and has to live as long as the nodes. Text without a document gives an empty
/// mapping. Errors: EFORMAT ("file:line: ..."), ENOMEM.
int mkd_yaml_parse(mkd_yaml_node **out, mkd_arena *arena, const char *file, const char *text,
                   size_t bytes) MKD_NODISCARD;

/// True for a plain scalar that is empty, `~` or `null`.
bool mkd_yaml_is_null(const mkd_yaml_node *node);

/// The value of `key` in a mapping, or NULL.
const mkd_yaml_node *mkd_yaml_find(const mkd_yaml_node *mapping, const char *key);

#ifdef __cplusplus
}
#endif

#endif
