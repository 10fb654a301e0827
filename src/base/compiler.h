/// The only place for compiler extensions.
#ifndef MKD_BASE_COMPILER_H
#define MKD_BASE_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#define MKD_NODISCARD         __attribute__((warn_unused_result))
#define MKD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MKD_THREAD_LOCAL      __thread
#define MKD_UNUSED            __attribute__((unused))
#else
#define MKD_NODISCARD
#define MKD_PRINTF(fmt, args)
#define MKD_THREAD_LOCAL _Thread_local
#define MKD_UNUSED
#endif

/// Number of elements of an array (not of a pointer).
#define MKD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
