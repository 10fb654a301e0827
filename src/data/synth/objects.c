// Where vehicles, pedestrians and cyclists stand, and how large they are.
#include "data/synth/scene.h"

#define ATTEMPTS 60
#define PI       3.14159265358979

const char *const mkd_synth_class_names[MKD_SYNTH_N_CLASSES] = {"Car", "Van", "Truck", "Pedestrian",
                                                                "Cyclist"};

/// Means and standard deviations of height, width, length; near those of KITTI's training labels.
static const double sizes[MKD_SYNTH_N_CLASSES][6] = {
    [MKD_SYNTH_CAR] = {1.53, .10, 1.63, .08, 3.88, .40},
    [MKD_SYNTH_VAN] = {2.20, .22, 1.90, .10, 5.08, .50},
    [MKD_SYNTH_TRUCK] = {3.25, .30, 2.55, .12, 8.80, 1.40},
    [MKD_SYNTH_PEDESTRIAN] = {1.76, .10, .66, .08, .84, .14},
    [MKD_SYNTH_CYCLIST] = {1.74, .09, .60, .07, 1.76, .14},
};

/// A place on the street, before it becomes a box.
typedef struct place {
    double lateral_m, along_m;
    double turn_rad; ///< against the road's direction
    bool across;     ///< along the side street: lateral is free
} place;

static double centimeters(double value) {
    return round(value * 100.0) / 100.0;
}

static double truncated_normal(mkd_rng *rng, double mean, double deviation) {
    double z = mkd_rng_normal(rng);
    z = z < -2.2 ? -2.2 : z > 2.2 ? 2.2 : z;
    return mean + deviation * z;
}

bool mkd_scene_is_free(const mkd_scene *scene, const mkd_box3d *box, double margin_m) {
    mkd_box3d grown = *box;
    grown.width_m += 2.0 * margin_m;
    grown.length_m += 2.0 * margin_m;
    const double radius = 0.5 * hypot(grown.width_m, grown.length_m);
    for (size_t i = 0; i < scene->n_footprints; i++) {
        const mkd_box3d *other = &scene->footprints[i];
        const double reach = radius + 0.5 * hypot(other->width_m, other->length_m);
        if (hypot(other->x_m - box->x_m, other->z_m - box->z_m) < reach &&
            mkd_intersection_bev(&grown, other) > 0.0) {
            return false;
        }
    }
    return true;
}

// a depth, with more objects near than far
static double draw_along(mkd_rng *rng, const mkd_synth_options *o) {
    const double share = pow(mkd_rng_uniform(rng), 1.25);
    return o->min_depth_m + (o->max_depth_m - o->min_depth_m) * share;
}

static void place_across(place *out, mkd_rng *rng, const mkd_road *r) {
    // right-hand traffic: who goes to the right (+x) has the lane nearer to the camera
    const bool to_right = mkd_rng_uniform(rng) < 0.5;
    const double lane = 0.5 * r->crossing_half_m;
    out->across = true;
    out->along_m = r->crossing_m + (to_right ? -lane : lane) + mkd_rng_range(rng, -.3, .3);
    out->lateral_m = mkd_rng_range(rng, -24.0, 24.0);
    out->turn_rad = (to_right ? PI / 2 : -PI / 2) + .04 * mkd_rng_normal(rng);
}

static void place_vehicle(place *out, mkd_rng *rng, const mkd_road *r, const mkd_synth_options *o,
                          double width_m) {
    out->along_m = draw_along(rng, o);
    out->across = false;
    out->turn_rad = .025 * mkd_rng_normal(rng);
    const double pick = mkd_rng_uniform(rng), other = mkd_rng_uniform(rng);
    const bool wrong_way = mkd_rng_uniform(rng) < 0.15;
    if (pick < .48 && (r->parking_right_m > 0.0 || r->parking_left_m > 0.0)) {
        const bool right = r->parking_left_m <= 0.0 || (r->parking_right_m > 0.0 && other < 0.5);
        const double inset = .5 * width_m + mkd_rng_range(rng, .06, .3);
        out->lateral_m = right ? r->right_m - inset : r->left_m + inset;
        out->turn_rad += right == wrong_way ? PI : 0.0;
    } else if (pick < .64) {
        out->lateral_m = .5 * r->lane_m + mkd_rng_range(rng, -.35, .35);
        out->along_m = out->along_m < 9.0 ? 9.0 + other * 10.0 : out->along_m;
    } else if (pick < .82) {
        out->lateral_m = -.5 * r->lane_m + mkd_rng_range(rng, -.35, .35);
        out->turn_rad += PI;
    } else if (pick < .92 && r->crossing_half_m > 0.0) {
        place_across(out, rng, r);
    } else if (pick < .97) {
        // in a yard or a driveway, any way round
        const double out_m = r->sidewalk_m + mkd_rng_range(rng, 2.0, 9.0);
        out->lateral_m = other < .5 ? r->left_m - out_m : r->right_m + out_m;
        out->turn_rad = mkd_rng_range(rng, -PI, PI);
    } else {
        out->lateral_m = mkd_rng_range(rng, r->left_m + 1.5, r->right_m - 1.5);
        out->turn_rad = mkd_rng_range(rng, -PI, PI);
        out->along_m = out->along_m < 9.0 ? 9.0 + other * 10.0 : out->along_m;
    }
}

static void place_pedestrian(place *out, mkd_rng *rng, const mkd_road *r,
                             const mkd_synth_options *o) {
    out->along_m = draw_along(rng, o);
    out->across = false;
    const double pick = mkd_rng_uniform(rng), other = mkd_rng_uniform(rng);
    const double in_m = mkd_rng_range(rng, .45, r->sidewalk_m - .35);
    if (pick < .75) {
        out->lateral_m = other < .5 ? r->left_m - in_m : r->right_m + in_m;
        out->turn_rad = (mkd_rng_uniform(rng) < .5 ? PI : 0.0) + .25 * mkd_rng_normal(rng);
        if (mkd_rng_uniform(rng) < .2) {
            out->turn_rad = mkd_rng_range(rng, -PI, PI);
        }
    } else {
        out->lateral_m = mkd_rng_range(rng, r->left_m, r->right_m);
        out->turn_rad = (other < .5 ? PI / 2 : -PI / 2) + .15 * mkd_rng_normal(rng);
    }
}

static void place_cyclist(place *out, mkd_rng *rng, const mkd_road *r, const mkd_synth_options *o) {
    out->along_m = draw_along(rng, o);
    out->across = false;
    out->turn_rad = .08 * mkd_rng_normal(rng);
    const double pick = mkd_rng_uniform(rng), in_m = mkd_rng_range(rng, .5, 1.1);
    if (pick < .40) {
        out->lateral_m = r->lane_m - in_m;
    } else if (pick < .70) {
        out->lateral_m = in_m - r->lane_m;
        out->turn_rad += PI;
    } else if (pick < .85 && r->crossing_half_m > 0.0) {
        place_across(out, rng, r);
    } else {
        const double side = mkd_rng_uniform(rng) < .5 ? r->left_m - in_m : r->right_m + in_m;
        out->lateral_m = side;
        out->turn_rad += mkd_rng_uniform(rng) < .5 ? PI : 0.0;
    }
}

// numbers as the label file holds them, so that the label is exact
static mkd_box3d box_at(const mkd_road *r, const place *p, const double size_m[3]) {
    const mkd_vec3 at = mkd_road_point(r, p->lateral_m, p->along_m);
    mkd_box3d box = {centimeters((double)at.x),
                     0.0,
                     centimeters((double)at.z),
                     centimeters(size_m[0]),
                     centimeters(size_m[1]),
                     centimeters(size_m[2]),
                     0.0};
    const double road_yaw = mkd_road_yaw(r, p->across ? r->crossing_m : p->along_m);
    box.yaw_rad = centimeters(mkd_wrap_angle(road_yaw + p->turn_rad));
    // it stands on the highest ground below it: boxes have no roll or pitch
    double corners[8][3], highest = (double)at.y;
    mkd_box3d_corners(corners, &box);
    for (unsigned i = 0; i < 4; i++) {
        double lateral, along;
        mkd_road_coordinates(&lateral, &along, r, corners[i][0], corners[i][2]);
        const double ground = (double)mkd_road_point(r, lateral, along).y;
        highest = ground < highest ? ground : highest;
    }
    box.y_m = floor(highest * 100.0) / 100.0;
    return box;
}

static bool in_view(const mkd_scene *scene, const mkd_box3d *box, const mkd_synth_options *o) {
    if (box->z_m < o->min_depth_m || box->z_m > o->max_depth_m) {
        return false;
    }
    double center_m[3], at_px[2];
    mkd_box3d_center(center_m, box);
    mkd_camera_project(at_px, &scene->camera, center_m);
    const double width = scene->camera.width_px, margin = .06 * width;
    return at_px[0] > -margin && at_px[0] < width + margin;
}

static void add_object(mkd_scene *scene, mkd_rng *rng, const mkd_synth_options *o,
                       mkd_synth_class class_id) {
    const double *s = sizes[class_id];
    if (scene->n_objects == MKD_SCENE_OBJECTS_MAX ||
        scene->n_footprints == MKD_SCENE_FOOTPRINTS_MAX) {
        return;
    }
    const double size_m[3] = {truncated_normal(rng, s[0], s[1]), truncated_normal(rng, s[2], s[3]),
                              truncated_normal(rng, s[4], s[5])};
    const double margin = class_id == MKD_SYNTH_PEDESTRIAN ? .05 : .25;
    mkd_box3d box;
    bool found = false;
    for (unsigned i = 0; i < ATTEMPTS && !found; i++) {
        place p;
        if (class_id == MKD_SYNTH_PEDESTRIAN) {
            place_pedestrian(&p, rng, &scene->road, o);
        } else if (class_id == MKD_SYNTH_CYCLIST) {
            place_cyclist(&p, rng, &scene->road, o);
        } else {
            place_vehicle(&p, rng, &scene->road, o, size_m[1]);
        }
        box = box_at(&scene->road, &p, size_m);
        found = in_view(scene, &box, o) && mkd_scene_is_free(scene, &box, margin);
    }
    if (!found) {
        return; // a crowded street
    }
    scene->footprints[scene->n_footprints++] = box;
    mkd_mesh *mesh = &scene->mesh;
    const size_t index = scene->n_objects++;
    mkd_scene_object *object = &scene->objects[index];
    object->class_id = class_id;
    object->box = box;
    object->cos_yaw = (float)cos(box.yaw_rad);
    object->sin_yaw = (float)sin(box.yaw_rad);
    object->first_vertex = mesh->n_vertices;
    object->first_face = mesh->n_faces;
    if (class_id <= MKD_SYNTH_TRUCK) {
        mkd_scene_model_vehicle(scene, rng, class_id, &box);
    } else {
        mkd_scene_model_person(scene, rng, class_id);
    }
    mkd_mesh_fit(mesh, object->first_vertex, object->first_face, &box, (int16_t)index);
    object->n_vertices = mesh->n_vertices - object->first_vertex;
    object->n_faces = mesh->n_faces - object->first_face;
}

static int64_t draw_count(mkd_rng *rng, int64_t low, int64_t high) {
    return low + (int64_t)mkd_rng_below(rng, (uint32_t)(high - low + 1));
}

void mkd_scene_add_objects(mkd_scene *scene, mkd_rng *rng, const mkd_synth_options *o) {
    // the camera's own car
    const mkd_box3d own = {0.0, scene->road.height_m, -1.2, 1.5, 2.2, 5.0, -PI / 2};
    if (scene->n_footprints < MKD_SCENE_FOOTPRINTS_MAX) {
        scene->footprints[scene->n_footprints++] = own;
    }
    const int64_t cars = draw_count(rng, o->min_cars, o->max_cars);
    const int64_t pedestrians = draw_count(rng, o->min_pedestrians, o->max_pedestrians);
    const int64_t cyclists = draw_count(rng, o->min_cyclists, o->max_cyclists);
    for (int64_t i = 0; i < cars; i++) {
        const double pick = mkd_rng_uniform(rng);
        add_object(scene, rng, o,
                   pick < o->truck_share                  ? MKD_SYNTH_TRUCK
                   : pick < o->truck_share + o->van_share ? MKD_SYNTH_VAN
                                                          : MKD_SYNTH_CAR);
    }
    for (int64_t i = 0; i < cyclists; i++) {
        add_object(scene, rng, o, MKD_SYNTH_CYCLIST);
    }
    for (int64_t i = 0; i < pedestrians; i++) {
        add_object(scene, rng, o, MKD_SYNTH_PEDESTRIAN);
    }
}
