/* slower: under a sanitizer everything takes longer: deadlines are multiplied by this, sizes and
 * numbers of cases that only lend weight are divided by it.
 */
#ifndef SLOWER_H
#define SLOWER_H

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 4 };
#else
enum { SLOWER = 1 };
#endif

#endif
