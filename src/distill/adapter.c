#include "distill/adapter.h"

mkd_value mkd_adapt(mkd_graph *g, mkd_value student_map, const char *name, mkd_adapter_kind kind,
                    int channels) {
    int from = (int)mkd_value_extent(g, student_map, -1);
    mkd_conv2d_options point = {.out = channels, .kernel = 1, .bias = true};
    if (kind == MKD_ADAPTER_NONE && from == channels) {
        return student_map;
    }
    if (kind != MKD_ADAPTER_BLOCK) {
        return mkd_conv2d(g, student_map, mkd_graph_name(g, "%s.0", name), point);
    }
    mkd_value x = mkd_conv2d(g, student_map, mkd_graph_name(g, "%s.0", name),
                             (mkd_conv2d_options){.out = channels, .kernel = 3, .bias = true});
    return mkd_conv2d(g, mkd_relu(g, x), mkd_graph_name(g, "%s.2", name), point);
}
