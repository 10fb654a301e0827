/// cmocka with the headers it wants before it, and what our unit tests share.
#ifndef MKD_TESTS_H
#define MKD_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
