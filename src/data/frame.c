#include "data/frame.h"

#include <string.h>

#include "base/alloc.h"

void mkd_object_list_free(mkd_object_list *list) {
    if (list) {
        mkd_free(list->at);
        *list = (mkd_object_list){0};
    }
}

void mkd_points_free(mkd_points *points) {
    if (points) {
        mkd_free(points->at);
        *points = (mkd_points){0};
    }
}

void mkd_depth_map_free(mkd_depth_map *map) {
    if (map) {
        mkd_free(map->depth_m);
        *map = (mkd_depth_map){0};
    }
}

void mkd_frame_free(mkd_frame *frame) {
    if (!frame) {
        return;
    }
    for (int i = 0; i < MKD_MAX_VIEWS; i++) {
        mkd_image_free(&frame->views[i].image);
        mkd_depth_map_free(&frame->views[i].depth);
    }
    mkd_object_list_free(&frame->objects);
    mkd_points_free(&frame->points);
    memset(frame, 0, sizeof *frame);
}
