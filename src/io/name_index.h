/// Names of the entries of a file, found by binary search.
#ifndef MKD_IO_NAME_INDEX_H
#define MKD_IO_NAME_INDEX_H

#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_name_slot {
    const char *name; ///< not owned
    size_t at;        ///< place of the name in the list it came from
} mkd_name_slot;

typedef struct mkd_name_index {
    mkd_name_slot *slots; ///< sorted by name, then by place
    size_t n;
} mkd_name_index;

/// Sorts the names; they must outlive the index. If two are equal, `*twin` is one of them, else
/// NULL.
int mkd_name_index_new(mkd_name_index *out, const char **twin, const char *const *names,
                       size_t n) MKD_NODISCARD;
void mkd_name_index_free(mkd_name_index *index);
/// Place of a name, or -1.
long mkd_name_index_find(const mkd_name_index *index, const char *name);

#ifdef __cplusplus
}
#endif

#endif
