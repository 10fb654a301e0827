/// Distillation methods: losses that pull a student towards a teacher.
///
/// Adding a method is one file in methods/ and one line in methods.def. A method sees both
/// detectors in one graph (taps and heads), may make adapters (parameters below "distill.", saved
/// with every checkpoint, absent from what is deployed) and per-frame inputs of its own, and adds
/// named losses.
#ifndef MKD_DISTILL_METHOD_H
#define MKD_DISTILL_METHOD_H

#include "detect/detector.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What a method works with. The student's network is entered (with prefix "distill.") while `loss`
/// runs; the teacher's values carry no gradient.
typedef struct mkd_distillation {
    mkd_graph *graph;
    const mkd_detector *student_detector, *teacher_detector;
    const mkd_detection *student, *teacher;
} mkd_distillation;

typedef struct mkd_method {
    const char *name;
    const char *summary;
    const char *citation;
    const mkd_option *options; ///< section "distill.<name>"; the keys' NULL end
    size_t options_bytes;
    /// Names of taps that both networks must have; NULL-ended (Nullable: none).
    const char *const *taps;
    /// Names of heads that both networks must have; NULL-ended (Nullable: none).
    const char *const *heads;
    /// Nullable: per-sample inputs besides the detector's targets.
    void (*fields)(mkd_field_list *out, const mkd_detector *student, const void *options);
    /// Nullable: fills them. Thread-safe.
    int (*encode)(const mkd_sample_slots *out, const mkd_detector *student, const mkd_scene *scene,
                  const void *options);
    /// Adds the method's losses.
    void (*loss)(mkd_loss_terms *out, const mkd_distillation *d, const void *options);
} mkd_method;

/// By name; an unknown one names the nearest.
int mkd_method_find(const mkd_method **out, const char *name) MKD_NODISCARD;
/// All, NULL-ended.
const mkd_method *const *mkd_methods(void);

/// 0 if the two networks have what the method needs; else MKD_EINVAL with what is missing and the
/// detectors that would do.
int mkd_method_check(const mkd_method *method, const mkd_detection *student,
                     const mkd_detection *teacher) MKD_NODISCARD;

/// The tap of a name (value MKD_NONE if there is none).
mkd_value mkd_tap(const mkd_detection *detection, const char *name);
extern const char *const mkd_all_strides[]; ///< "stride4" .. "stride32", NULL

#ifdef __cplusplus
}
#endif

#endif
