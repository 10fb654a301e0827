/// The model store: parameters, buffers, gradients and optimizer states of networks, found by path.
///
/// A path is the name in the authors' checkpoint ("backbone.level2.tree1.conv1.weight"). Values of
/// one kind lie in one flat f32 memory, so that clip, all-reduce, moving average and save are
/// single passes. Every entry starts at a multiple of 16 elements; the gaps are zero and stay zero.
///
/// Layout: weights are kept as the engine wants them (channels last); the files that a store reads
/// and writes have the layout of PyTorch, so that names and shapes agree with the authors'.
#ifndef MKD_NN_STORE_H
#define MKD_NN_STORE_H

#include <stdbool.h>

#include "tensor/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_store mkd_store;

/// How the axes of an entry relate to PyTorch's.
typedef enum mkd_layout {
    MKD_LAYOUT_PLAIN,          ///< the same
    MKD_LAYOUT_CONV,           ///< [O,kh,kw,I] here, [O,I,kh,kw] there
    MKD_LAYOUT_CONV_TRANSPOSE, ///< [I,kh,kw,O] here, [I,O,kh,kw] there
} mkd_layout;

typedef enum mkd_init_kind {
    MKD_INIT_CONSTANT,        ///< a everywhere
    MKD_INIT_FIRST,           ///< a at the first element, 0 elsewhere
    MKD_INIT_UNIFORM,         ///< [-a, a)
    MKD_INIT_NORMAL,          ///< mean 0, standard deviation a
    MKD_INIT_KAIMING_UNIFORM, ///< PyTorch's default for conv and linear: +-1/sqrt(fan_in)
    MKD_INIT_HE_NORMAL,       ///< sqrt(2 / (kh kw O)): DLA's own
    MKD_INIT_BILINEAR         ///< depthwise up-sampling kernel of IDAUp
} mkd_init_kind;

typedef struct mkd_init {
    mkd_init_kind kind;
    double a;
    int64_t fan_in; ///< of KAIMING_UNIFORM; 0: from the shape
} mkd_init;

typedef struct mkd_entry {
    const char *path;
    mkd_shape shape; ///< as kept here
    mkd_layout layout;
    mkd_init init;
    bool is_buffer; ///< running statistics: no gradient, no optimizer
    bool decayed;   ///< weight decay applies (not to biases)
    size_t offset;  ///< in elements, into the flat memory of parameters or of buffers
    size_t count;
    float rate_factor; ///< times the learning rate; 0 freezes the entry
} mkd_entry;

int mkd_store_new(mkd_store **out, mkd_backend *backend) MKD_NODISCARD;
void mkd_store_free(mkd_store *store);
mkd_backend *mkd_store_backend(const mkd_store *store);

/// The index of `entry->path`, declared if it is new and the store is not yet allocated. A path
/// that exists with another shape, or a new one after allocation, is an error that names both.
int mkd_store_declare(int *out_index, mkd_store *store, const mkd_entry *entry) MKD_NODISCARD;
/// Allocates the flat memories and initializes every entry from the stream of (seed, hash of path),
/// so that a parameter's first value depends on nothing else. Does nothing the second time.
int mkd_store_allocate(mkd_store *store, uint64_t seed) MKD_NODISCARD;
bool mkd_store_is_allocated(const mkd_store *store);

int mkd_store_count(const mkd_store *store);
const mkd_entry *mkd_store_entry(const mkd_store *store, int index);
/// -1 if there is none.
int mkd_store_find(const mkd_store *store, const char *path);
/// Sets rate_factor of all parameters whose path matches `glob`; @return how many.
int mkd_store_set_rate(mkd_store *store, const char *glob, float rate_factor);

/// Flat memories: values of parameters, their gradients, and buffers; NULL before allocation.
mkd_buffer *mkd_store_values(const mkd_store *store);
mkd_buffer *mkd_store_gradients(const mkd_store *store);
mkd_buffer *mkd_store_buffers(const mkd_store *store);
/// Elements of the parameters' flat memory, gaps included.
size_t mkd_store_flat_count(const mkd_store *store);
/// Sum of the counts of all parameters (buffers not).
size_t mkd_store_parameter_count(const mkd_store *store);

/// One entry to or from host memory, f32, in the engine's layout.
int mkd_store_read(float *out, mkd_store *store, int index) MKD_NODISCARD;
int mkd_store_write(mkd_store *store, int index, const float *values) MKD_NODISCARD;
/// One entry as a tensor in PyTorch's layout, owned by the caller; and back.
int mkd_store_export(mkd_tensor *out, mkd_store *store, int index) MKD_NODISCARD;
int mkd_store_import(mkd_store *store, int index, const mkd_tensor *tensor) MKD_NODISCARD;
/// Shape of an entry in PyTorch's layout.
mkd_shape mkd_entry_external_shape(const mkd_entry *entry);

/// A further flat memory of the size of the parameters' (optimizer states), created zeroed at the
/// first call with its name; kept with the store. Errors: ENOMEM.
int mkd_store_state(mkd_buffer **out, mkd_store *store, const char *name) MKD_NODISCARD;

/// What loading found besides.
typedef struct mkd_load_report {
    int n_loaded;
    int n_missing;    ///< entries of the store that the file lacks
    int n_unexpected; ///< tensors of the file that the store lacks
    mkd_str text;     ///< one line each; free with mkd_str_free
} mkd_load_report;

/// Writes the entries to a safetensors file, in PyTorch's layout, but those whose path begins with
/// `except` (Nullable: all are written); optimizer states as "<state>/<path>" if asked.
int mkd_store_save(mkd_store *store, const char *path, const char *except, bool with_states,
                   const char *const *metadata_pairs, size_t n_pairs) MKD_NODISCARD;
/// Loads by name. `strict`: any missing entry is an error that names the first ones. A shape that
/// differs is always an error. Nothing is changed unless the whole file is good.
int mkd_store_load(mkd_load_report *report, mkd_store *store, const char *path, bool with_states,
                   bool strict) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
