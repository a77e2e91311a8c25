/* srv_look: what is found of a dataset's rows while they are on their way to the disk: their columns'
 * statistics, and how often there is each level of those that are texts.
 *
 * Nothing of it is locked: who adds rows may be another thread than who made it and asks in the end.
 */
#ifndef SRV_LOOK_H
#define SRV_LOOK_H

#include "gd_summary.h"

typedef struct srv_look srv_look;

/* Of rows of so many columns. single: they are floats. NULL when there is no memory. */
srv_look *srv_look_new(size_t width, bool single);
void srv_look_free(srv_look *l); /* NULL is fine */

/* A column holds indices of levels, in all rows; NULL is fine. Before the first rows. False: no memory. */
bool srv_look_levels(srv_look *l, size_t column);

/* So many bytes of whole rows. Where memory runs out it is no use any more. */
void srv_look_add(srv_look *l, const void *rows, size_t bytes);

/* Of width + 1 columns, the last of which is for the targets, that are not among the rows. */
gd_summaries *srv_look_summaries(srv_look *l);

/* How often there is each of so many levels, of which there are no others; the caller frees it. NULL: it
 * is not known. */
uint32_t *srv_look_counts(const srv_look *l, size_t column, size_t levels);

/* Were rows added, and is all known of this column, of which it is known now whether it has levels? */
bool srv_look_knows(const srv_look *l, size_t column, bool levels);

#endif
