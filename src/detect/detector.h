/// Detectors: what a network's outputs are, how frames become targets, and outputs boxes.
///
/// One folder per detector, one line in detectors.def. A detector is built into a graph, so that a
/// student, a teacher and their losses share one.
#ifndef MKD_DETECT_DETECTOR_H
#define MKD_DETECT_DETECTOR_H

#include "data/augment.h"
#include "data/batch.h"
#include "nn/backbone.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_MAX_CLASSES = 8, MKD_MAX_FIELDS = 32, MKD_MAX_HEADS = 16, MKD_MAX_TERMS = 32 };

/// What the network sees. Both are [N, height, width, 3].
typedef enum mkd_network_input {
    MKD_SEES_IMAGE, ///< RGB, normalized by ImageNet's mean and deviation
    MKD_SEES_DEPTH  ///< completed LiDAR depth over 80 m, three times
} mkd_network_input;

/// Section `model` (and `teacher.model`) of a config.
typedef struct mkd_model_options {
    const char *detector;
    const char *backbone;
    int sees; ///< mkd_network_input
    int64_t width_px, height_px;
    mkd_string_list classes;
    double min_box_height_px; ///< objects below are not trained on; pixels of the image
    double max_depth_m;       ///< objects beyond are not trained on
    double score_threshold;
    int64_t max_detections;
} mkd_model_options;

extern const mkd_option mkd_model_option_table[];

/// Inputs of the graph, as arrays of one sample (the batch axis is added in front).
typedef struct mkd_field_list {
    int n;
    mkd_batch_field at[MKD_MAX_FIELDS];
} mkd_field_list;

void mkd_field_add(mkd_field_list *list, const char *name, mkd_dtype dtype, mkd_shape shape);

/// A frame as the network sees it, after augmentation. Objects and camera are of the canvas.
typedef struct mkd_scene {
    const mkd_frame *frame;
    mkd_augmentation augmentation;
    mkd_object_list objects; ///< augmented, boxes not clipped
    mkd_camera camera;
} mkd_scene;

/// Where encoders write: data[i] is the sample's slice of field i, zeroed before.
typedef struct mkd_sample_slots {
    const mkd_field_list *fields;
    void *data[MKD_MAX_FIELDS];
} mkd_sample_slots;

/// The slot of a field, or NULL.
void *mkd_sample_slot(const mkd_sample_slots *slots, const char *name);

typedef struct mkd_named_value {
    const char *name;
    mkd_value value;
} mkd_named_value;

/// A detector in a graph: feature maps and heads.
typedef struct mkd_detection {
    mkd_features features;
    mkd_named_value heads[MKD_MAX_HEADS];
    int n_heads;
} mkd_detection;

/// The head of a name (MKD_NONE if there is none).
mkd_value mkd_detection_head(const mkd_detection *detection, const char *name);

/// Named scalars that are added up to the total loss, each with its weight.
typedef struct mkd_loss_terms {
    int n;
    struct {
        const char *name;
        mkd_value value;
        double weight;
    } at[MKD_MAX_TERMS];
} mkd_loss_terms;

void mkd_loss_add(mkd_loss_terms *terms, const char *name, mkd_value value, double weight);
/// sum of weight * value.
mkd_value mkd_loss_total(mkd_graph *g, const mkd_loss_terms *terms);

typedef struct mkd_detector mkd_detector;

typedef struct mkd_detector_driver {
    const char *name;
    const char *summary;
    const char *citation;
    const mkd_option *options; ///< section "detector.<name>"
    size_t options_bytes;
    /// Target fields of a sample.
    void (*fields)(mkd_field_list *out, const mkd_detector *d);
    void (*build)(mkd_detection *out, mkd_graph *g, const mkd_detector *d, mkd_value input);
    /// Writes the targets of a sample. Thread-safe.
    int (*encode)(const mkd_sample_slots *out, const mkd_detector *d, const mkd_scene *scene);
    /// Targets are the graph's inputs of the fields' names.
    void (*loss)(mkd_loss_terms *out, mkd_graph *g, const mkd_detector *d,
                 const mkd_detection *detection);
    /// Boxes of one sample from its heads (host, f32, in the order of detection->heads), in the
    /// original camera and image. Falling score.
    int (*decode)(mkd_object_list *out, const mkd_detector *d, const float *const *heads,
                  const mkd_augmentation *plain, const mkd_camera *camera);
} mkd_detector_driver;

struct mkd_detector {
    const mkd_detector_driver *driver;
    const mkd_backbone *backbone;
    mkd_model_options model;
    const void *options; ///< of the driver; owned by the caller
    int n_classes;
    const char *classes[MKD_MAX_CLASSES];
    double mean_size_m[MKD_MAX_CLASSES][3]; ///< height, width, length
};

/// Checks and resolves the options. `driver_options` must outlive the detector.
/// Errors: unknown names (with the nearest), a canvas that the backbone cannot divide.
int mkd_detector_init(mkd_detector *out, const mkd_model_options *model,
                      const void *driver_options) MKD_NODISCARD;

int mkd_detector_find(const mkd_detector_driver **out, const char *name) MKD_NODISCARD;
const mkd_detector_driver *const *mkd_detectors(void);

/// Name of the input field: "image" or "depth".
const char *mkd_detector_input_name(const mkd_detector *d);
/// The input field and the driver's target fields.
void mkd_detector_fields(mkd_field_list *out, const mkd_detector *d, bool with_targets);
/// Fills the input slot (if `slots` has it) from the frame's image or depth map.
int mkd_detector_encode_input(const mkd_sample_slots *slots, const mkd_detector *d,
                              const mkd_scene *scene) MKD_NODISCARD;
/// What MKD_READ_* the input needs of a frame.
unsigned mkd_detector_reads(const mkd_detector *d);

/// The class an object is trained as, or -1: unknown class, beyond KITTI's hardest level (occlusion
/// > 2, truncation > 0.5, box lower than min_box_height_px), too near (< 2 m) or too far.
int mkd_detector_class_of(const mkd_detector *d, const mkd_object *original);

#ifdef __cplusplus
}
#endif

#endif
