#include "distill/method.h"

#include <string.h>

#include "base/status.h"

#define MKD_METHOD(name) extern const mkd_method mkd_method_##name;
#include "distill/methods.def"
#undef MKD_METHOD

const char *const mkd_all_strides[] = {"stride4", "stride8", "stride16", "stride32", NULL};

const mkd_method *const *mkd_methods(void) {
    static const mkd_method *const all[] = {
#define MKD_METHOD(name) &mkd_method_##name,
#include "distill/methods.def"
#undef MKD_METHOD
        NULL,
    };
    return all;
}

int mkd_method_find(const mkd_method **out, const char *name) {
    const char *names[64];
    size_t n = 0;
    for (const mkd_method *const *m = mkd_methods(); *m; m++) {
        if (strcmp((*m)->name, name) == 0) {
            *out = *m;
            return 0;
        }
        names[n++] = (*m)->name;
    }
    return mkd_unknown_name("method", name, names, n);
}

mkd_value mkd_tap(const mkd_detection *detection, const char *name) {
    for (int i = 0; i < detection->features.n_taps; i++) {
        if (strcmp(detection->features.taps[i].name, name) == 0) {
            return detection->features.taps[i].value;
        }
    }
    return MKD_NONE;
}

static int check_one(const mkd_method *method, const char *who, const mkd_detection *detection) {
    for (const char *const *tap = method->taps; tap && *tap; tap++) {
        if (mkd_tap(detection, *tap).id < 0) {
            MKD_FAIL(MKD_EINVAL, "method %s needs tap %s, which the %s's backbone does not have",
                     method->name, *tap, who);
        }
    }
    for (const char *const *head = method->heads; head && *head; head++) {
        if (mkd_detection_head(detection, *head).id < 0) {
            MKD_FAIL(MKD_EINVAL,
                     "method %s needs head %s, which the %s does not have (centernet3d has)",
                     method->name, *head, who);
        }
    }
    return 0;
}

int mkd_method_check(const mkd_method *method, const mkd_detection *student,
                     const mkd_detection *teacher) {
    MKD_TRY(check_one(method, "student", student));
    return check_one(method, "teacher", teacher);
}
