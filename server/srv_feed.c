/* srv_feed: see srv_feed.h. */
#include "srv_feed.h"

#include <string.h>

enum { ALONE = 256 << 10 }; /* a thread takes longer to begin than as many bytes to read */

void srv_feed_begin(srv_feed *f, srv_block_taken *take, void *ctx)
{
    *f = (srv_feed){.take = take, .ctx = ctx};
}

static void begin_thread(srv_feed *f)
{
    f->reading = srv_writer_new(SRV_FEED_PIECE, f->take, f->ctx);
    if (f->reading)
        f->piece = srv_writer_block(f->reading);
}

static bool hand_on(srv_feed *f, api_problem *p)
{
    f->piece = srv_writer_put(f->reading, f->held, p);
    f->held = 0;
    return f->piece != NULL;
}

bool srv_feed_bytes(srv_feed *f, bool apart, const char *bytes, size_t n, api_problem *p)
{
    bool many = f->bytes >= ALONE; /* what is there already, however long, needs no other thread */
    f->bytes += n;
    if (many && apart && !f->reading)
        begin_thread(f);
    if (!f->reading)
        return f->take(f->ctx, bytes, n, p);
    for (size_t some; n > 0; bytes += some, n -= some) {
        some = SRV_FEED_PIECE - f->held < n ? SRV_FEED_PIECE - f->held : n;
        memcpy(f->piece + f->held, bytes, some);
        f->held += some;
        if (f->held == SRV_FEED_PIECE && !hand_on(f, p))
            return false;
    }
    return true;
}

bool srv_feed_end(srv_feed *f, api_problem *p)
{
    bool ok = f->held == 0 || hand_on(f, p);
    ok = ok && (!f->reading || srv_writer_wait(f->reading, p));
    srv_feed_free(f);
    return ok;
}

void srv_feed_free(srv_feed *f)
{
    srv_writer_free(f->reading);
    f->reading = NULL;
}
