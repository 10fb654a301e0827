// Cars, vans and trucks. A body is a skin over cross-sections along its length (rear to front); a
// car has a cabin with sloped windows on top. Shapes are in shares of the box (x of the length from
// the middle, heights of the height, widths of the half width) and so follow any size.
#include "data/synth/scene.h"

#include <string.h>

#define SECTIONS_MAX 12
#define RING         10

typedef struct section {
    double x, bottom, top, half;
} section;

typedef struct body_style {
    section sections[SECTIONS_MAX];
    size_t n_sections;
    // the cabin: from its base on the body to the roof
    double base_rear, base_front, roof_rear, roof_front, base_half, roof_half;
    double base_height;
    double n_panes; ///< of a side
    double wheel_rear, wheel_front;
    double lamp_low, lamp_high, tail_low, tail_high; ///< heights of the lamps
} body_style;

static const body_style sedan = {
    .sections = {{-0.500, .26, .58, .80},
                 {-0.485, .17, .63, .93},
                 {-0.40, .15, .67, .985},
                 {-0.22, .13, .68, 1.0},
                 {0.00, .13, .66, 1.0},
                 {0.20, .13, .64, 1.0},
                 {0.36, .14, .60, .985},
                 {0.455, .16, .53, .94},
                 {0.490, .18, .47, .88},
                 {0.500, .24, .42, .80}},
    .n_sections = 10,
    .base_rear = -.40,
    .base_front = .235,
    .roof_rear = -.235,
    .roof_front = .045,
    .base_half = .93,
    .roof_half = .68,
    .base_height = .645,
    .n_panes = 2,
    .wheel_rear = -.30,
    .wheel_front = .315,
    .lamp_low = .34,
    .lamp_high = .43,
    .tail_low = .42,
    .tail_high = .54,
};

static const body_style hatchback = {
    .sections = {{-0.500, .26, .56, .84},
                 {-0.490, .17, .62, .94},
                 {-0.44, .15, .64, .985},
                 {-0.25, .13, .645, 1.0},
                 {0.00, .13, .64, 1.0},
                 {0.22, .13, .62, 1.0},
                 {0.37, .14, .575, .98},
                 {0.46, .16, .50, .93},
                 {0.490, .18, .45, .86},
                 {0.500, .24, .40, .78}},
    .n_sections = 10,
    .base_rear = -.485,
    .base_front = .285,
    .roof_rear = -.40,
    .roof_front = .075,
    .base_half = .94,
    .roof_half = .71,
    .base_height = .615,
    .n_panes = 2,
    .wheel_rear = -.325,
    .wheel_front = .32,
    .lamp_low = .33,
    .lamp_high = .43,
    .tail_low = .44,
    .tail_high = .58,
};

static const body_style suv = {
    .sections = {{-0.500, .28, .58, .86},
                 {-0.490, .20, .62, .95},
                 {-0.43, .18, .635, .99},
                 {-0.25, .17, .64, 1.0},
                 {0.00, .17, .635, 1.0},
                 {0.22, .17, .625, 1.0},
                 {0.38, .18, .60, .985},
                 {0.46, .20, .56, .95},
                 {0.492, .22, .52, .90},
                 {0.500, .27, .47, .84}},
    .n_sections = 10,
    .base_rear = -.487,
    .base_front = .25,
    .roof_rear = -.455,
    .roof_front = .085,
    .base_half = .95,
    .roof_half = .77,
    .base_height = .615,
    .n_panes = 3,
    .wheel_rear = -.315,
    .wheel_front = .315,
    .lamp_low = .40,
    .lamp_high = .49,
    .tail_low = .46,
    .tail_high = .60,
};

static const body_style van = {
    .sections = {{-0.500, .16, .50, .93},
                 {-0.492, .13, .52, .98},
                 {-0.40, .11, .53, 1.0},
                 {0.00, .11, .53, 1.0},
                 {0.26, .11, .53, 1.0},
                 {0.40, .12, .50, .98},
                 {0.475, .14, .41, .94},
                 {0.495, .17, .36, .88},
                 {0.500, .22, .33, .82}},
    .n_sections = 9,
    .base_rear = -.497,
    .base_front = .405,
    .roof_rear = -.488,
    .roof_front = .265,
    .base_half = .985,
    .roof_half = .88,
    .base_height = .50,
    .n_panes = 3,
    .wheel_rear = -.30,
    .wheel_front = .32,
    .lamp_low = .25,
    .lamp_high = .34,
    .tail_low = .34,
    .tail_high = .48,
};

/// A box in numbers: shares of a box become metres.
typedef struct sizes {
    double length_m, height_m, half_m;
} sizes;

static mkd_vec3 at(const sizes *s, double x, double up, double side) {
    return mkd_vec3_make(x * s->length_m, -up * s->height_m, side * s->half_m);
}

static void add_quad(mkd_scene *scene, uint16_t material, const sizes *s, const double p[4][3],
                     float u, float v) {
    mkd_vec3 corners[4];
    for (unsigned i = 0; i < 4; i++) {
        corners[i] = at(s, p[i][0], p[i][1], p[i][2]);
    }
    const float uv[2] = {u, v};
    mkd_mesh_quad(&scene->mesh, material, corners, uv);
}

// upright plate across the length at `x`, from side `a` to side `b`
static void add_plate(mkd_scene *scene, uint16_t material, const sizes *s, double x,
                      const double side[2], const double up[2]) {
    const double p[4][3] = {
        {x, up[0], side[0]}, {x, up[0], side[1]}, {x, up[1], side[1]}, {x, up[1], side[0]}};
    add_quad(scene, material, s, p, 1.0f, 1.0f);
}

// body skin: a closed ring a section, and its two ends
static void add_body(mkd_scene *scene, uint16_t paint, const sizes *s, const section *sections,
                     size_t n) {
    mkd_vec3 points[SECTIONS_MAX * RING];
    for (size_t i = 0; i < n; i++) {
        const section *c = &sections[i];
        const double middle = c->bottom + 0.45 * (c->top - c->bottom);
        const double shoulder = c->top - 0.10 * (c->top - c->bottom);
        const double ring[RING / 2][2] = {{c->bottom, .88 * c->half},
                                          {c->bottom + .04, .96 * c->half},
                                          {middle, c->half},
                                          {shoulder, .955 * c->half},
                                          {c->top, .86 * c->half}};
        for (size_t j = 0; j < RING / 2; j++) {
            points[i * RING + j] = at(s, c->x, ring[j][0], ring[j][1]);
            points[i * RING + RING - 1 - j] = at(s, c->x, ring[j][0], -ring[j][1]);
        }
    }
    const mkd_mesh_grid_options options = {n, RING, true, 0.72f};
    mkd_mesh_grid(&scene->mesh, paint, points, &options);
    for (size_t end = 0; end < 2; end++) {
        const mkd_vec3 *ring = points + (end ? (n - 1) * RING : 0);
        for (size_t j = 0; j + 1 < RING / 2; j++) {
            const mkd_vec3 corners[4] = {ring[j], ring[j + 1], ring[RING - 2 - j],
                                         ring[RING - 1 - j]};
            const float uv[2] = {1.0f, 1.0f};
            mkd_mesh_quad(&scene->mesh, paint, corners, uv);
        }
    }
}

static uint16_t add_panes(mkd_scene *scene, uint16_t paint, double n_panes, double frame_u,
                          double frame_v) {
    const mkd_material *m = &scene->materials[paint];
    const uint16_t panes = mkd_scene_material(scene, MKD_SURFACE_PANES, (double)m->rgb[0],
                                              (double)m->rgb[1], (double)m->rgb[2], 0.25);
    scene->materials[panes].param[0] = (float)n_panes;
    scene->materials[panes].param[1] = (float)frame_u;
    scene->materials[panes].param[2] = (float)frame_v;
    return panes;
}

// cabin: windscreen, rear window, two sides up to the eaves, and a vaulted roof
static void add_cabin(mkd_scene *scene, uint16_t paint, const sizes *s, const body_style *b,
                      bool side_windows) {
    const double eaves = 0.955, low = b->base_height;
    const uint16_t screen = add_panes(scene, paint, 1, 0.045, 0.07);
    const uint16_t side = side_windows ? add_panes(scene, paint, b->n_panes, 0.05, 0.09) : paint;
    const double front[4][3] = {{b->base_front, low, -b->base_half},
                                {b->base_front, low, b->base_half},
                                {b->roof_front, eaves, b->roof_half},
                                {b->roof_front, eaves, -b->roof_half}};
    const double rear[4][3] = {{b->base_rear, low, -b->base_half},
                               {b->base_rear, low, b->base_half},
                               {b->roof_rear, eaves, b->roof_half},
                               {b->roof_rear, eaves, -b->roof_half}};
    add_quad(scene, screen, s, front, 1.0f, 1.0f);
    add_quad(scene, side_windows ? screen : paint, s, rear, 1.0f, 1.0f);
    for (int i = -1; i <= 1; i += 2) {
        const double p[4][3] = {{b->base_rear, low, i * b->base_half},
                                {b->base_front, low, i * b->base_half},
                                {b->roof_front, eaves, i * b->roof_half},
                                {b->roof_rear, eaves, i * b->roof_half}};
        add_quad(scene, side, s, p, 1.0f, 1.0f);
    }
    // roof: rows along the length, columns across
    const double xs[4] = {b->roof_rear, b->roof_rear + .06, b->roof_front - .06, b->roof_front};
    const double zs[5] = {-1, -.7, 0, .7, 1};
    mkd_vec3 points[20];
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 5; j++) {
            const bool edge = i == 0 || i == 3;
            const double crown = fabs(zs[j]) > .9 ? 0.0 : fabs(zs[j]) > .5 ? .8 : 1.0;
            const double up = eaves + (1.0 - eaves) * crown * (edge ? 0.3 : 1.0);
            points[5 * i + j] = at(s, xs[i], up, zs[j] * b->roof_half);
        }
    }
    const mkd_mesh_grid_options options = {4, 5, false, 0.5f};
    mkd_mesh_grid(&scene->mesh, paint, points, &options);
}

static void add_wheel(mkd_scene *scene, const sizes *s, double x, double radius_m, int side,
                      bool arch) {
    const double outer = side * 0.999 * s->half_m, inner = side * (s->half_m - 0.22);
    const mkd_vec3 a = mkd_vec3_make(x * s->length_m, -radius_m, inner);
    const mkd_vec3 b = mkd_vec3_make(x * s->length_m, -radius_m, outer);
    const mkd_vec3 rim = mkd_vec3_make(a.x, a.y, outer + side * 0.004);
    const float r = (float)radius_m;
    mkd_mesh_tube(&scene->mesh, MKD_MATERIAL_RUBBER, a, b, r, r, 16);
    mkd_mesh_disc(&scene->mesh, MKD_MATERIAL_RUBBER, b, r, 0.0f, 6.2831853f, 16);
    mkd_mesh_disc(&scene->mesh, MKD_MATERIAL_RIM, rim, 0.66f * r, 0.0f, 6.2831853f, 12);
    if (arch) {
        const mkd_vec3 center = mkd_vec3_make(a.x, a.y, side * (s->half_m + 0.002));
        mkd_mesh_disc(&scene->mesh, MKD_MATERIAL_DARK, center, 1.17f * r, 0.0f, 3.1415927f, 10);
        // the tyre in front of the dark arch
        const mkd_vec3 front = mkd_vec3_make(a.x, a.y, side * (s->half_m + 0.004));
        mkd_mesh_disc(&scene->mesh, MKD_MATERIAL_RUBBER, front, r, 0.0f, 6.2831853f, 16);
        const mkd_vec3 cap = mkd_vec3_make(a.x, a.y, side * (s->half_m + 0.007));
        mkd_mesh_disc(&scene->mesh, MKD_MATERIAL_RIM, cap, 0.66f * r, 0.0f, 6.2831853f, 12);
    }
}

static void add_wheels(mkd_scene *scene, const sizes *s, const body_style *b, double radius_m) {
    for (int side = -1; side <= 1; side += 2) {
        add_wheel(scene, s, b->wheel_rear, radius_m, side, true);
        add_wheel(scene, s, b->wheel_front, radius_m, side, true);
    }
}

// lamps, plates, grille and bumpers on the first and last section
static void add_details(mkd_scene *scene, const sizes *s, const body_style *b) {
    const section *front = &b->sections[b->n_sections - 1], *rear = &b->sections[0];
    const double eps = 0.004 / s->length_m, plate = 0.26 / s->half_m, step = 0.11 / s->height_m;
    for (int i = -1; i <= 1; i += 2) {
        const double lamp[2] = {i * .50 * front->half, i * .93 * front->half};
        const double tail[2] = {i * .62 * rear->half, i * .97 * rear->half};
        // the upper edge of the end face is narrower, so lamps stay below it
        const double lamp_up[2] = {b->lamp_low - .03, fmin(b->lamp_high, front->top - .02)};
        const double tail_up[2] = {b->tail_low, fmin(b->tail_high, rear->top - .02)};
        add_plate(scene, MKD_MATERIAL_HEADLAMP, s, front->x + eps, lamp, lamp_up);
        add_plate(scene, MKD_MATERIAL_TAILLAMP, s, rear->x - eps, tail, tail_up);
        // mirrors
        const double mx = b->base_front - .07, mz = .98, up = b->base_height + .06;
        const mkd_vec3 low = at(s, mx - .012, up + .05, i > 0 ? mz - .10 : -mz - .03);
        const mkd_vec3 high = at(s, mx + .012, up - .03, i > 0 ? mz + .03 : -mz + .10);
        mkd_mesh_box(&scene->mesh, MKD_MATERIAL_DARK, low, high);
    }
    const double grille[2] = {-.44 * front->half, .44 * front->half};
    const double grille_up[2] = {b->lamp_low, fmin(b->lamp_high, front->top) - .03};
    add_plate(scene, MKD_MATERIAL_DARK, s, front->x + eps, grille, grille_up);
    const double sides[2] = {-plate, plate};
    const double low = front->bottom + .015, front_up[2] = {low, low + step};
    add_plate(scene, MKD_MATERIAL_PLATE, s, front->x + 2 * eps, sides, front_up);
    const double rear_up[2] = {b->tail_low - .04, b->tail_low - .04 + step};
    add_plate(scene, MKD_MATERIAL_PLATE, s, rear->x - 2 * eps, sides, rear_up);
    const double bumper[2] = {-.9 * rear->half, .9 * rear->half};
    const double bumper_up[2] = {rear->bottom, rear->bottom + .05};
    add_plate(scene, MKD_MATERIAL_DARK, s, rear->x - eps, bumper, bumper_up);
}

static uint16_t draw_paint(mkd_scene *scene, mkd_rng *rng, bool commercial) {
    // colors seen on streets, with their rough shares
    static const float colors[][4] = {
        {.20f, .012f, .012f, .014f}, {.42f, .30f, .31f, .33f},  {.60f, .72f, .73f, .74f},
        {.72f, .10f, .105f, .115f},  {.81f, .02f, .045f, .16f}, {.90f, .36f, .02f, .02f},
        {.93f, .04f, .12f, .07f},    {.96f, .42f, .36f, .24f},  {.98f, .60f, .40f, .03f},
        {1.0f, .08f, .22f, .42f},
    };
    const float pick = (float)mkd_rng_uniform(rng);
    size_t i = 0;
    while (i + 1 < MKD_COUNT(colors) && pick > colors[i][0]) {
        i++;
    }
    if (commercial && mkd_rng_uniform(rng) < 0.6) {
        i = 2;
    }
    double rgb[3];
    const double level = mkd_rng_range(rng, 0.7, 1.2);
    for (unsigned c = 0; c < 3; c++) {
        rgb[c] = (double)colors[i][c + 1] * level * mkd_rng_range(rng, 0.95, 1.05);
    }
    return mkd_scene_material(scene, MKD_SURFACE_PAINT, rgb[0], rgb[1], rgb[2],
                              mkd_rng_range(rng, 0.15, 0.6));
}

static void model_truck(mkd_scene *scene, mkd_rng *rng, const sizes *s) {
    const uint16_t paint = draw_paint(scene, rng, false), cargo = draw_paint(scene, rng, true);
    mkd_mesh *mesh = &scene->mesh;
    scene->materials[cargo].surface = MKD_SURFACE_MATTE;
    const double cab_m = fmin(2.1, 0.3 * s->length_m), cab = 0.5 - cab_m / s->length_m;
    const uint16_t screen = add_panes(scene, paint, 1, 0.05, 0.08);
    // frame, cargo box, cab
    mkd_mesh_box(mesh, MKD_MATERIAL_DARK, at(s, -.49, .26, -.5), at(s, cab + .1, .15, .5));
    mkd_mesh_box(mesh, cargo, at(s, -.5, 1.0, -.985), at(s, cab - .03, .27, .985));
    const double top = mkd_rng_range(rng, .78, .97);
    const section sections[] = {{cab, .13, top, .93},
                                {cab + .02, .12, top, .96},
                                {.47, .12, top * .95, .96},
                                {.494, .12, top * .55, .96},
                                {.5, .13, top * .5, .93}};
    add_body(scene, paint, s, sections, MKD_COUNT(sections));
    const double x = .5, e = 0.012 / s->length_m;
    const double wind[4][3] = {{.494 + e, top * .57, -.78},
                               {.494 + e, top * .57, .78},
                               {.4725 + e, top * .93, .76},
                               {.4725 + e, top * .93, -.76}};
    add_quad(scene, screen, s, wind, 1.0f, 1.0f);
    for (int i = -1; i <= 1; i += 2) {
        const double window[4][3] = {{cab + .35 * (x - cab), top * .58, i * .975},
                                     {.48, top * .58, i * .975},
                                     {.465, top * .88, i * .955},
                                     {cab + .35 * (x - cab), top * .88, i * .955}};
        add_quad(scene, MKD_MATERIAL_GLASS, s, window, 1.0f, 1.0f);
        const double lamp[2] = {i * .62, i * .86}, lamp_up[2] = {.18, .23};
        add_plate(scene, MKD_MATERIAL_HEADLAMP, s, x + e, lamp, lamp_up);
        const double tail_up[2] = {.20, .25};
        add_plate(scene, MKD_MATERIAL_TAILLAMP, s, -.5 - e, lamp, tail_up);
        add_wheel(scene, s, -.36, .48, i, false);
        add_wheel(scene, s, cab + .10, .48, i, false);
        if (s->length_m > 8.5) {
            add_wheel(scene, s, -.36 + 1.05 / s->length_m, .48, i, false);
        }
    }
    const double plate = .26 / s->half_m, sides[2] = {-plate, plate}, up[2] = {.15, .185};
    const double grille[2] = {-.5, .5}, grille_up[2] = {.24, top * .42};
    add_plate(scene, MKD_MATERIAL_PLATE, s, x + e, sides, up);
    add_plate(scene, MKD_MATERIAL_PLATE, s, -.5 - e, sides, up);
    add_plate(scene, MKD_MATERIAL_DARK, s, x + e, grille, grille_up);
}

void mkd_scene_model_vehicle(mkd_scene *scene, mkd_rng *rng, mkd_synth_class class_id,
                             const mkd_box3d *box) {
    const sizes s = {box->length_m, box->height_m, 0.5 * box->width_m};
    if (class_id == MKD_SYNTH_TRUCK) {
        model_truck(scene, rng, &s);
        return;
    }
    const double pick = mkd_rng_uniform(rng);
    const body_style *style = &van;
    if (class_id == MKD_SYNTH_CAR) {
        style = box->height_m > 1.62 && pick < 0.8 ? &suv
                : box->length_m < 3.85             ? (pick < 0.9 ? &hatchback : &sedan)
                : pick < 0.55                      ? &sedan
                                                   : &hatchback;
    }
    const bool commercial = class_id == MKD_SYNTH_VAN && mkd_rng_uniform(rng) < 0.6;
    const uint16_t paint = draw_paint(scene, rng, commercial);
    add_body(scene, paint, &s, style->sections, style->n_sections);
    add_cabin(scene, paint, &s, style, !commercial);
    if (commercial) {
        // the doors still have windows
        for (int i = -1; i <= 1; i += 2) {
            const double p[4][3] = {{.12, .57, i * .985},
                                    {.34, .57, i * .985},
                                    {.26, .88, i * .925},
                                    {.12, .88, i * .925}};
            add_quad(scene, MKD_MATERIAL_GLASS, &s, p, 1.0f, 1.0f);
        }
    }
    const double radius_m = style == &suv ? 0.345 : style == &van ? 0.335 : 0.305;
    add_wheels(scene, &s, style, fmin(radius_m, 0.23 * s.height_m));
    add_details(scene, &s, style);
}
