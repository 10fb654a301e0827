#include "tests.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

static void *set_flag(void *payload) {
    *(int *)payload = 7;
    return NULL;
}

static void test_start_and_join(void **state) {
    (void)state;
    int value = 0;
    mkd_thread thread;
    assert_int_equal(mkd_thread_start(&thread, set_flag, &value), 0);
    assert_true(thread.running);
    mkd_thread_join(&thread);
    assert_int_equal(value, 7);
    assert_false(thread.running);
    mkd_thread_join(&thread);
    mkd_thread never = {0};
    mkd_thread_join(&never);
}

static void test_time_goes_on(void **state) {
    (void)state;
    double before_s = mkd_time_s();
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    double elapsed_s = mkd_time_s() - before_s;
    assert_true(elapsed_s >= 0.02 && elapsed_s < 20);
    assert_float_equal(mkd_wall_time_s(), (double)time(NULL), 2);
}

static void test_cpu_count(void **state) {
    (void)state;
    assert_true(mkd_cpu_count() >= 1);
    assert_true(mkd_cpu_count() <= sysconf(_SC_NPROCESSORS_CONF));
}

static void on_signal(int number) {
    (void)number;
    mkd_interrupt_request();
}

static void test_interrupt_flag(void **state) {
    (void)state;
    assert_false(mkd_interrupt_requested());
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    assert_true(mkd_interrupt_requested());
    mkd_interrupt_clear();
    assert_false(mkd_interrupt_requested());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_join),
        cmocka_unit_test(test_time_goes_on),
        cmocka_unit_test(test_cpu_count),
        cmocka_unit_test(test_interrupt_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
