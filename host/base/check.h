/*
 * For our own mistakes: a CHECK that fails is a bug of ours, so the process
 * stops at once, in release builds too. What a peer, a plugin or a disk does
 * wrong is a returned code and never a CHECK.
 */
#ifndef HOST_BASE_CHECK_H
#define HOST_BASE_CHECK_H

/* Prints the place and aborts. */
_Noreturn void check_failed(const char *what, const char *file, int line);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
#define UNREACHABLE(why) check_failed("unreachable: " why, __FILE__, __LINE__)

#endif
