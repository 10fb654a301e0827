// What stands along the street: houses, hedges, trees, lamp posts, signs.
#include "data/synth/scene.h"

typedef struct town {
    double gap_share, setback_low, setback_high, height_low, height_high, width_low, width_high;
    double gable_share, tree_step, hedge_share;
} town;

static const town towns[] = {
    {.05, 0.0, 0.6, 9.0, 19.0, 10.0, 26.0, .25, 16.0, .05}, // inner city
    {.25, 1.5, 6.0, 6.0, 11.0, 8.0, 16.0, .85, 11.0, .60},  // suburb
    {.65, 4.0, 14.0, 5.0, 10.0, 9.0, 24.0, .70, 7.0, .45},  // edge of town
};

/// One side of the street.
typedef struct roadside {
    mkd_scene *scene;
    mkd_rng *rng;
    const town *town;
    int side;
    double edge_m; ///< lateral of the sidewalk's outer edge, positive
    double back_m; ///< how far behind it houses stand, beyond the town's own setback
    double gap_share;
} roadside;

static bool at_crossing(const mkd_road *r, double from_m, double to_m, double margin_m) {
    return r->crossing_half_m > 0.0 && from_m < r->crossing_m + r->crossing_half_m + margin_m &&
           to_m > r->crossing_m - r->crossing_half_m - margin_m;
}

static mkd_box3d box_on(const mkd_road *r, double lateral_m, double along_m, double height_m,
                        double width_m, double length_m) {
    const mkd_vec3 p = mkd_road_point(r, lateral_m, along_m);
    const mkd_box3d box = {(double)p.x,
                           (double)p.y,
                           (double)p.z,
                           height_m,
                           width_m,
                           length_m,
                           mkd_road_yaw(r, along_m)};
    return box;
}

static bool reserve(mkd_scene *scene, const mkd_box3d *box) {
    if (scene->n_footprints == MKD_SCENE_FOOTPRINTS_MAX || !mkd_scene_is_free(scene, box, 0.0)) {
        return false;
    }
    scene->footprints[scene->n_footprints++] = *box;
    return true;
}

static uint16_t draw_facade(mkd_scene *scene, mkd_rng *rng) {
    static const double plasters[][3] = {{.62, .56, .44}, {.70, .67, .60}, {.55, .42, .30},
                                         {.48, .48, .47}, {.62, .50, .34}, {.42, .22, .16},
                                         {.66, .60, .50}, {.36, .38, .41}};
    const double *p = plasters[mkd_rng_below(rng, (uint32_t)MKD_COUNT(plasters))];
    const double level = mkd_rng_range(rng, 0.6, 1.1);
    const uint16_t id = mkd_scene_material(scene, MKD_SURFACE_FACADE, p[0] * level, p[1] * level,
                                           p[2] * level, mkd_rng_range(rng, 0.3, 0.7));
    mkd_material *m = &scene->materials[id];
    m->param[0] = (float)mkd_rng_range(rng, 1.9, 3.6);
    m->param[1] = (float)mkd_rng_range(rng, 2.7, 3.5);
    m->param[2] = (float)mkd_rng_range(rng, 0.35, 0.62);
    m->param[3] = (float)mkd_rng_range(rng, 0.42, 0.60);
    m->seed = mkd_rng_u32(rng);
    return id;
}

// a house in its own frame: length along the road, roof ridge along it too
static void model_house(mkd_scene *scene, mkd_rng *rng, const mkd_box3d *box, bool gable) {
    mkd_mesh *mesh = &scene->mesh;
    const double l = .5 * box->length_m, w = .5 * box->width_m, over = gable ? .35 : 0.0;
    const double eaves = gable ? box->height_m - mkd_rng_range(rng, .3, .6) * w : box->height_m;
    const uint16_t facade = draw_facade(scene, rng);
    mkd_mesh_box(mesh, facade, mkd_vec3_make(-l + over, -eaves, -w + over),
                 mkd_vec3_make(l - over, 0, w - over));
    if (!gable) {
        return;
    }
    const double tone = mkd_rng_range(rng, .5, 1.1), red = mkd_rng_uniform(rng) < .65 ? 1.0 : .4;
    const uint16_t roof = mkd_scene_material(scene, MKD_SURFACE_ROOF, (.12 + .20 * red) * tone,
                                             .12 * tone, .09 * tone, .3);
    const mkd_vec3 ridge[2] = {mkd_vec3_make(-l, -box->height_m, 0),
                               mkd_vec3_make(l, -box->height_m, 0)};
    for (int side = -1; side <= 1; side += 2) {
        const mkd_vec3 slope[4] = {mkd_vec3_make(-l, -eaves + .15, side * w),
                                   mkd_vec3_make(l, -eaves + .15, side * w), ridge[1], ridge[0]};
        const float uv[2] = {(float)box->length_m, (float)(1.2 * w)};
        mkd_mesh_quad(mesh, roof, slope, uv);
        const double x = side * (l - over);
        const mkd_vec3 end[4] = {
            mkd_vec3_make(x, -eaves, -w + over), mkd_vec3_make(x, -eaves, w - over),
            mkd_vec3_make(x, -box->height_m + .1, 0), mkd_vec3_make(x, -box->height_m + .1, 0)};
        const float plain[2] = {0.0f, 0.0f};
        mkd_mesh_quad(mesh, facade, end, plain);
    }
}

static void add_houses(const roadside *here) {
    mkd_scene *scene = here->scene;
    mkd_rng *rng = here->rng;
    const town *t = here->town;
    double s = mkd_rng_range(rng, -45.0, -30.0);
    while (s < 210.0) {
        const double length = mkd_rng_range(rng, t->width_low, t->width_high);
        const double depth = mkd_rng_range(rng, 8.0, 13.0);
        const double height = mkd_rng_range(rng, t->height_low, t->height_high);
        const double setback = mkd_rng_range(rng, t->setback_low, t->setback_high);
        const bool skip = mkd_rng_uniform(rng) < here->gap_share;
        const bool gable = mkd_rng_uniform(rng) < t->gable_share;
        if (!skip && !at_crossing(&scene->road, s, s + length, 2.5)) {
            const double lateral =
                here->side * (here->edge_m + here->back_m + setback + 0.5 * depth);
            mkd_box3d box =
                box_on(&scene->road, lateral, s + 0.5 * length, height + 0.8, depth, length);
            box.y_m += 0.8; // founded below the ground, for slopes
            const size_t first = scene->mesh.n_vertices, face = scene->mesh.n_faces;
            if (reserve(scene, &box)) {
                model_house(scene, rng, &box, gable);
                mkd_mesh_fit(&scene->mesh, first, face, &box, -1);
            }
        }
        s += length + (skip || here->gap_share > .1 ? mkd_rng_range(rng, 2.0, 6.0) : 0.0);
    }
}

static uint16_t draw_leaves(mkd_scene *scene, mkd_rng *rng) {
    const double level = mkd_rng_range(rng, .55, 1.25), warm = mkd_rng_range(rng, .6, 1.3);
    const uint16_t id = mkd_scene_material(scene, MKD_SURFACE_LEAVES, .085 * level * warm,
                                           .125 * level, .035 * level, .35);
    scene->materials[id].seed = mkd_rng_u32(rng);
    return id;
}

static void add_hedges(const roadside *here) {
    mkd_scene *scene = here->scene;
    mkd_rng *rng = here->rng;
    double s = mkd_rng_range(rng, -20.0, 0.0);
    while (s < 120.0) {
        const double length = mkd_rng_range(rng, 3.0, 9.0), height = mkd_rng_range(rng, .7, 2.0);
        const bool wanted = mkd_rng_uniform(rng) < here->town->hedge_share;
        const double lateral = here->side * (here->edge_m + .45);
        mkd_box3d box = box_on(&scene->road, lateral, s + .5 * length, height, .7, length);
        box.y_m += 0.1;
        if (wanted && !at_crossing(&scene->road, s, s + length, 1.5) && reserve(scene, &box)) {
            const uint16_t material =
                mkd_rng_uniform(rng) < .7
                    ? draw_leaves(scene, rng)
                    : mkd_scene_material(scene, MKD_SURFACE_BARK, .40, .37, .33, .4);
            const size_t first = scene->mesh.n_vertices, face = scene->mesh.n_faces;
            mkd_mesh_box(&scene->mesh, material, mkd_vec3_make(-1, -1, -1), mkd_vec3_make(1, 1, 1));
            mkd_mesh_fit(&scene->mesh, first, face, &box, -1);
        }
        s += length + (mkd_rng_uniform(rng) < .3 ? 3.0 : .02);
    }
}

static void add_foliage(mkd_scene *scene, mkd_rng *rng, uint16_t leaves, mkd_vec3 center,
                        mkd_vec3 radii, unsigned n) {
    const float size = 0.10f + 0.11f * sqrtf(radii.x);
    mkd_mesh_blob(&scene->mesh, leaves, center, radii, .25f, mkd_rng_u32(rng));
    mkd_mesh_leaves(&scene->mesh, leaves, center, radii, n, size, mkd_rng_u32(rng));
}

// `n_leaves`: single leaves of each part of the crown
static void model_tree(mkd_scene *scene, mkd_rng *rng, double scale, double trunk,
                       unsigned n_leaves) {
    const uint16_t leaves = draw_leaves(scene, rng);
    const double r = scale * .16;
    const bool conifer = mkd_rng_uniform(rng) < .2 && trunk < 3.0 * scale;
    mkd_mesh_tube(&scene->mesh, MKD_MATERIAL_BARK, mkd_vec3_make(0, .3, 0),
                  mkd_vec3_make(.1 * scale, -trunk - scale, 0), (float)r, (float)(.55 * r), 8);
    if (conifer) {
        for (unsigned i = 0; i < 4; i++) {
            const double low = .6 * scale + i * 1.5 * scale, wide = (1.9 - .42 * i) * scale;
            add_foliage(scene, rng, leaves, mkd_vec3_make(0, -low - .9 * scale, 0),
                        mkd_vec3_make(wide, 1.3 * scale, wide), n_leaves);
        }
        return;
    }
    const unsigned n = 4 + mkd_rng_below(rng, 3);
    for (unsigned i = 0; i < n; i++) {
        const double angle = 6.2831853 * i / n, out = i ? scale * mkd_rng_range(rng, .5, 1.0) : 0;
        const double up = trunk + scale * mkd_rng_range(rng, .7, i ? 2.4 : 3.0);
        const double size = scale * mkd_rng_range(rng, 1.0, 1.6);
        add_foliage(scene, rng, leaves, mkd_vec3_make(out * cos(angle), -up, out * sin(angle)),
                    mkd_vec3_make(size, .85 * size, size), n_leaves);
    }
}

static void add_trees(const roadside *here) {
    mkd_scene *scene = here->scene;
    mkd_rng *rng = here->rng;
    const double step = here->town->tree_step;
    double s = mkd_rng_range(rng, 2.0, 10.0);
    const bool alley = mkd_rng_uniform(rng) < .4;
    while (s < 150.0) {
        // an alley stands between sidewalk and road, pruned to a high crown; others stand behind
        const double out = alley ? .45 - scene->road.sidewalk_m : mkd_rng_range(rng, 1.6, 6.0);
        const double lateral = here->side * (here->edge_m + out);
        const double scale = mkd_rng_range(rng, .7, alley ? 1.05 : 1.5);
        const double trunk = mkd_rng_range(rng, 2.0, 3.0) * scale + (alley ? 1.6 : 0.0);
        const mkd_box3d box = box_on(&scene->road, lateral, s, 2.5, .45, .45);
        if (!at_crossing(&scene->road, s, s, 2.0) && box.z_m > 6.0 && reserve(scene, &box)) {
            const size_t first = scene->mesh.n_vertices;
            model_tree(scene, rng, scale, trunk, box.z_m < 25.0 ? 260 : box.z_m < 60.0 ? 110 : 30);
            mkd_mesh_place(&scene->mesh, first, mkd_vec3_make(box.x_m, box.y_m, box.z_m),
                           mkd_rng_range(rng, 0.0, 6.28));
        }
        s += step * mkd_rng_range(rng, .6, 1.6);
    }
}

static void model_lamp(mkd_scene *scene, double height) {
    mkd_mesh *mesh = &scene->mesh;
    mkd_mesh_tube(mesh, MKD_MATERIAL_POLE, mkd_vec3_make(0, .2, 0), mkd_vec3_make(0, -height, 0),
                  .08f, .05f, 8);
    mkd_mesh_tube(mesh, MKD_MATERIAL_POLE, mkd_vec3_make(0, -height, 0),
                  mkd_vec3_make(0, -height - .25, 1.1), .04f, .035f, 6);
    mkd_mesh_box(mesh, MKD_MATERIAL_POLE, mkd_vec3_make(-.12, -height - .34, .9),
                 mkd_vec3_make(.12, -height - .24, 1.6));
}

static void model_sign(mkd_scene *scene, mkd_rng *rng) {
    static const double rims[][3] = {{.55, .02, .02}, {.02, .08, .45}, {.55, .02, .02}};
    mkd_mesh *mesh = &scene->mesh;
    const double *rim = rims[mkd_rng_below(rng, (uint32_t)MKD_COUNT(rims))];
    const uint16_t sign = mkd_scene_material(scene, MKD_SURFACE_SIGN, rim[0], rim[1], rim[2], .95);
    const double height = mkd_rng_range(rng, 2.1, 2.8);
    mkd_mesh_tube(mesh, MKD_MATERIAL_POLE, mkd_vec3_make(0, .2, 0),
                  mkd_vec3_make(0, -height - .3, 0), .03f, .03f, 6);
    mkd_mesh_disc(mesh, sign, mkd_vec3_make(0, -height, -.04), .31f, 0.0f, 6.2831853f, 16);
}

static void add_posts(const roadside *here) {
    mkd_scene *scene = here->scene;
    mkd_rng *rng = here->rng;
    const double inner = here->side * (here->edge_m - scene->road.sidewalk_m + .35);
    const double step = mkd_rng_range(rng, 22.0, 38.0);
    for (double s = mkd_rng_range(rng, 3.0, 25.0); s < 140.0; s += step) {
        const mkd_box3d box = box_on(&scene->road, inner, s, 5.0, .3, .3);
        const size_t first = scene->mesh.n_vertices;
        if (!at_crossing(&scene->road, s, s, .5) && reserve(scene, &box)) {
            model_lamp(scene, mkd_rng_range(rng, 5.0, 7.5));
            // the arm (z of the model) reaches over the road
            mkd_mesh_place(&scene->mesh, first, mkd_vec3_make(box.x_m, box.y_m, box.z_m),
                           box.yaw_rad + (here->side > 0 ? 3.14159265 : 0.0));
        }
    }
    for (double s = mkd_rng_range(rng, 4.0, 30.0); s < 90.0; s += mkd_rng_range(rng, 20.0, 80.0)) {
        const mkd_box3d box = box_on(&scene->road, inner, s, 2.5, .3, .3);
        const size_t first = scene->mesh.n_vertices;
        if (!at_crossing(&scene->road, s, s, .3) && reserve(scene, &box)) {
            model_sign(scene, rng);
            mkd_mesh_place(&scene->mesh, first, mkd_vec3_make(box.x_m, box.y_m, box.z_m),
                           box.yaw_rad + 1.5708 + mkd_rng_range(rng, -.3, .3));
        }
    }
}

// a line of trees that closes the view
static void add_horizon(mkd_scene *scene, mkd_rng *rng) {
    const uint16_t leaves = draw_leaves(scene, rng);
    for (unsigned i = 0; i < 36; i++) {
        const double lateral = mkd_rng_range(rng, -105.0, 105.0);
        const double along = mkd_rng_range(rng, 230.0, 400.0);
        if (lateral > scene->road.left_m - 4.0 && lateral < scene->road.right_m + 4.0 &&
            along < 330.0) {
            continue;
        }
        const mkd_vec3 p = mkd_road_point(&scene->road, lateral, along);
        const double size = mkd_rng_range(rng, 4.0, 9.0);
        mkd_mesh_blob(&scene->mesh, leaves, p, mkd_vec3_make(1.6 * size, size, size), .3f,
                      mkd_rng_u32(rng));
    }
}

void mkd_scene_add_street(mkd_scene *scene, mkd_rng *rng) {
    const town *t = &towns[mkd_rng_below(rng, (uint32_t)MKD_COUNT(towns))];
    mkd_scene_add_ground(scene);
    for (int side = -1; side <= 1; side += 2) {
        const double kerb = side < 0 ? -scene->road.left_m : scene->road.right_m;
        roadside here = {scene, rng, t, side, kerb + scene->road.sidewalk_m, 0.0, t->gap_share};
        add_posts(&here);
        add_trees(&here);
        add_houses(&here);
        add_hedges(&here);
        // a second row closes the gaps of the first
        here.back_m = mkd_rng_range(rng, 20.0, 38.0);
        here.gap_share = .45;
        add_houses(&here);
    }
    add_horizon(scene, rng);
}
