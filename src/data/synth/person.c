// Pedestrians and cyclists from capsules: head, trunk, two-part arms and legs. The mesh is fitted
// to the label's box afterwards, so only proportions matter here.
#include "data/synth/scene.h"

typedef struct clothes {
    uint16_t skin, hair, top, bottom, shoes;
} clothes;

static uint16_t draw_cloth(mkd_scene *scene, mkd_rng *rng, double brightest) {
    double rgb[3];
    const double level = mkd_rng_range(rng, 0.02, brightest), hue = mkd_rng_uniform(rng);
    const double pure = 0.75 * mkd_rng_uniform(rng) * mkd_rng_uniform(rng); // most cloth is dull
    for (unsigned c = 0; c < 3; c++) {
        const double wave = 0.5 + 0.5 * cos(6.2831853 * (hue - c / 3.0));
        rgb[c] = level * (1.0 - pure + 1.6 * pure * wave);
    }
    return mkd_scene_material(scene, MKD_SURFACE_MATTE, rgb[0], rgb[1], rgb[2],
                              mkd_rng_range(rng, 0.1, 0.6));
}

static clothes draw_clothes(mkd_scene *scene, mkd_rng *rng) {
    clothes c;
    const double skin = mkd_rng_range(rng, 0.25, 1.0), hair = mkd_rng_range(rng, 0.01, 0.25);
    c.skin =
        mkd_scene_material(scene, MKD_SURFACE_MATTE, 0.58 * skin, 0.36 * skin, 0.26 * skin, 0.5);
    c.hair = mkd_scene_material(scene, MKD_SURFACE_MATTE, hair, 0.7 * hair, 0.45 * hair, 0.2);
    c.top = draw_cloth(scene, rng, 0.6);
    c.bottom = draw_cloth(scene, rng, 0.22);
    c.shoes = mkd_scene_material(scene, MKD_SURFACE_MATTE, 0.03, 0.03, 0.035, 0.2);
    return c;
}

/// A joint in metres: forward, up, to the side.
static mkd_vec3 joint(double forward, double up, double side) {
    return mkd_vec3_make(forward, -up, side);
}

static void add_head(mkd_mesh *mesh, const clothes *c, double forward, double up) {
    mkd_mesh_capsule(mesh, c->skin, joint(forward, up - .05, 0), joint(forward + .01, up + .05, 0),
                     0.095f, 0.9f);
    mkd_mesh_capsule(mesh, c->hair, joint(forward - .025, up + .02, 0),
                     joint(forward - .015, up + .065, 0), 0.095f, 0.95f);
    mkd_mesh_capsule(mesh, c->skin, joint(forward - .02, up - .2, 0), joint(forward, up - .05, 0),
                     0.055f, 1.0f);
}

// thigh, shin and foot from the hip to the ankle
static void add_leg(mkd_mesh *mesh, const clothes *c, mkd_vec3 hip, mkd_vec3 knee, mkd_vec3 ankle) {
    mkd_mesh_capsule(mesh, c->bottom, hip, knee, 0.085f, 1.0f);
    mkd_mesh_capsule(mesh, c->bottom, knee, ankle, 0.062f, 1.0f);
    const mkd_vec3 toe = {ankle.x + 0.15f, ankle.y + 0.02f, ankle.z};
    mkd_mesh_capsule(mesh, c->shoes, ankle, toe, 0.05f, 1.0f);
}

static void add_arm(mkd_mesh *mesh, const clothes *c, mkd_vec3 shoulder, mkd_vec3 elbow,
                    mkd_vec3 hand) {
    mkd_mesh_capsule(mesh, c->top, shoulder, elbow, 0.058f, 1.0f);
    mkd_mesh_capsule(mesh, c->top, elbow, mkd_vec3_lerp(elbow, hand, 0.85f), 0.047f, 1.0f);
    mkd_mesh_capsule(mesh, c->skin, mkd_vec3_lerp(elbow, hand, 0.9f), hand, 0.042f, 1.0f);
}

static void model_pedestrian(mkd_scene *scene, mkd_rng *rng) {
    mkd_mesh *mesh = &scene->mesh;
    const clothes c = draw_clothes(scene, rng);
    const double stride = mkd_rng_range(rng, 0.22, 0.36), phase = mkd_rng_uniform(rng);
    const int lead = phase < 0.5 ? -1 : 1;
    for (int side = -1; side <= 1; side += 2) {
        // the leading leg swings forward, the arm of its side back
        const double swing = side == lead ? stride : -stride, bend = side == lead ? .04 : .10;
        add_leg(mesh, &c, joint(0, .90, side * .095), joint(.5 * swing + bend, .50, side * .10),
                joint(swing, side == lead ? .08 : .12, side * .10));
        add_arm(mesh, &c, joint(.0, 1.42, side * .20), joint(-.35 * swing, 1.15, side * .26),
                joint(-.75 * swing + .10, .93, side * .25));
    }
    mkd_mesh_capsule(mesh, c.top, joint(.01, .98, 0), joint(0, 1.38, 0), 0.145f, 1.25f);
    mkd_mesh_capsule(mesh, c.bottom, joint(0, .90, 0), joint(0, .98, 0), 0.135f, 1.2f);
    add_head(mesh, &c, .02, 1.66);
    if (mkd_rng_uniform(rng) < 0.3) {
        const uint16_t bag = draw_cloth(scene, rng, 0.4);
        mkd_mesh_capsule(mesh, bag, joint(-.17, 1.12, 0), joint(-.17, 1.32, 0), 0.11f, 1.2f);
    }
}

static void add_bike_wheel(mkd_mesh *mesh, double forward) {
    enum { SEGMENTS = 14 };
    const double radius_m = 0.34;
    for (unsigned i = 0; i < SEGMENTS; i++) {
        const double a = 6.2831853 * i / SEGMENTS, b = 6.2831853 * (i + 1) / SEGMENTS;
        mkd_mesh_tube(mesh, MKD_MATERIAL_RUBBER,
                      joint(forward + radius_m * cos(a), .36 + radius_m * sin(a), 0),
                      joint(forward + radius_m * cos(b), .36 + radius_m * sin(b), 0), 0.024f,
                      0.024f, 5);
        if (i % 2 == 0) {
            mkd_mesh_tube(mesh, MKD_MATERIAL_CHROME, joint(forward, .36, 0),
                          joint(forward + radius_m * cos(a), .36 + radius_m * sin(a), 0), 0.005f,
                          0.005f, 3);
        }
    }
}

static void add_bike_frame(mkd_mesh *mesh, uint16_t paint) {
    const mkd_vec3 rear = joint(-.52, .36, 0), crank = joint(-.08, .32, 0);
    const mkd_vec3 seat = joint(-.24, .86, 0), head = joint(.34, .84, 0);
    const mkd_vec3 front = joint(.52, .36, 0);
    mkd_mesh_tube(mesh, paint, rear, crank, 0.018f, 0.018f, 6);
    mkd_mesh_tube(mesh, paint, rear, seat, 0.015f, 0.015f, 6);
    mkd_mesh_tube(mesh, paint, crank, seat, 0.02f, 0.02f, 6);
    mkd_mesh_tube(mesh, paint, crank, head, 0.024f, 0.024f, 6);
    mkd_mesh_tube(mesh, paint, seat, head, 0.02f, 0.02f, 6);
    mkd_mesh_tube(mesh, paint, head, front, 0.02f, 0.018f, 6);
    mkd_mesh_tube(mesh, MKD_MATERIAL_DARK, head, joint(.32, 1.0, 0), 0.016f, 0.016f, 6);
    mkd_mesh_tube(mesh, MKD_MATERIAL_DARK, joint(.30, 1.0, -.29), joint(.30, 1.0, .29), 0.016f,
                  0.016f, 6);
    mkd_mesh_capsule(mesh, MKD_MATERIAL_DARK, joint(-.34, .93, 0), joint(-.16, .93, 0), 0.055f,
                     1.2f);
}

static void model_cyclist(mkd_scene *scene, mkd_rng *rng) {
    mkd_mesh *mesh = &scene->mesh;
    const clothes c = draw_clothes(scene, rng);
    const uint16_t paint = draw_cloth(scene, rng, 0.5);
    scene->materials[paint].surface = MKD_SURFACE_PAINT;
    add_bike_wheel(mesh, -.52);
    add_bike_wheel(mesh, .52);
    add_bike_frame(mesh, paint);
    const double crank_rad = mkd_rng_range(rng, 0.0, 6.28), lean = mkd_rng_range(rng, .06, .28);
    for (int side = -1; side <= 1; side += 2) {
        const double turn = crank_rad + (side > 0 ? 3.14159265 : 0.0);
        const double fx = -.08 + .16 * cos(turn), fy = .36 + .15 * sin(turn);
        // the knee lies forward of the middle between hip and pedal
        add_leg(mesh, &c, joint(-.22, .98, side * .10),
                joint(.5 * (fx - .22) + .20, .5 * (fy + .98) + .10, side * .12),
                joint(fx - .03, fy, side * .11));
        add_arm(mesh, &c, joint(-.20 + lean, 1.44, side * .19),
                joint(.02 + .5 * lean, 1.20, side * .27), joint(.28, 1.03, side * .26));
    }
    mkd_mesh_capsule(mesh, c.top, joint(-.22, 1.03, 0), joint(-.20 + lean, 1.40, 0), 0.14f, 1.2f);
    mkd_mesh_capsule(mesh, c.bottom, joint(-.23, .98, 0), joint(-.20, 1.02, 0), 0.13f, 1.2f);
    add_head(mesh, &c, -.14 + lean, 1.68);
    if (mkd_rng_uniform(rng) < 0.5) {
        const uint16_t helmet = draw_cloth(scene, rng, 0.7);
        mkd_mesh_capsule(mesh, helmet, joint(-.18 + lean, 1.75, 0), joint(-.09 + lean, 1.75, 0),
                         0.105f, 0.95f);
    }
}

void mkd_scene_model_person(mkd_scene *scene, mkd_rng *rng, mkd_synth_class class_id) {
    if (class_id == MKD_SYNTH_CYCLIST) {
        model_cyclist(scene, rng);
    } else {
        model_pedestrian(scene, rng);
    }
}
