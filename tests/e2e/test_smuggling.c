/* Requests as bytes: those that two readers could take for different ones are refused and end their
 * connection, so that what is smuggled in behind them is never answered; what is only unusual is
 * served. Each is sent at once, and again byte by byte. RFC 9112 is the source.
 */
#define _GNU_SOURCE
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* What comes behind every request, on the same connection. */
static const char behind[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

typedef struct row {
    const char *what, *bytes;
    size_t len;
    int status; /* of the answer; 0: none, it hangs up */
} row;

#define ROW(status, what, bytes)                                                                   \
    {                                                                                              \
        what, bytes, sizeof bytes - 1, status                                                      \
    }

#define GET "GET /healthz HTTP/1.1\r\n"
#define POST "POST /v1/datasets HTTP/1.1\r\nHost: x\r\n"
#define DATA "{\"X\": [1, 2], \"y\": [1, 2]}" /* 26 bytes */
#define CHUNKS "1a\r\n" DATA "\r\n0\r\n\r\n"
#define SECOND "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n" /* 36 bytes */

static const row refused[] = {
    /* lengths: RFC 9112, 6.3 */
    ROW(400, "both lengths",
        POST "Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
    ROW(400, "both, the other way round",
        POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" CHUNKS),
    ROW(400, "both, in other letters",
        POST "content-LENGTH: 5\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n" SECOND),
    ROW(400, "two that differ",
        POST "Content-Length: 26\r\nContent-Length: 62\r\n\r\n" DATA SECOND),
    ROW(400, "two that agree", POST "Content-Length: 26\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(400, "two tokens", POST "Authorization: Bearer a\r\nauthorization: Bearer b\r\n"
                                "Content-Length: 26\r\n\r\n" DATA),
    ROW(400, "two types", POST "Content-Type: text/csv\r\nContent-Type: application/json\r\n"
                               "Content-Length: 26\r\n\r\n" DATA),
    ROW(400, "two in one", POST "Content-Length: 26, 26\r\n\r\n" DATA),
    ROW(400, "two of a GET",
        GET "Host: x\r\nContent-Length: 0\r\nContent-Length: 36\r\n\r\n" SECOND),
    ROW(400, "a sign", POST "Content-Length: +26\r\n\r\n" DATA),
    ROW(400, "a negative one", POST "Content-Length: -26\r\n\r\n" DATA),
    ROW(400, "hexadecimal", POST "Content-Length: 0x1a\r\n\r\n" DATA),
    ROW(400, "a fraction", POST "Content-Length: 26.0\r\n\r\n" DATA),
    ROW(400, "a blank inside", POST "Content-Length: 2 6\r\n\r\n" DATA),
    ROW(400, "in quotes", POST "Content-Length: \"26\"\r\n\r\n" DATA),
    ROW(400, "an empty one", POST "Content-Length:\r\n\r\n" DATA),
    ROW(400, "a blank behind it", POST "Content-Length: 26 \r\n\r\n" DATA),
    ROW(400, "digits that are none of ASCII's", POST "Content-Length: \xef\xbc\x92\xef\xbc\x96\r\n\r\n" DATA),
    ROW(413, "one that is 26 modulo 2^64", POST "Content-Length: 18446744073709551642\r\n\r\n" DATA),
    ROW(413, "one below 2^64", POST "Content-Length: 18446744073709551615\r\n\r\n" DATA),
    ROW(413, "one of twenty digits", POST "Content-Length: 99999999999999999999\r\n\r\n" DATA),

    /* codings: 6.1 */
    ROW(400, "two codings", POST "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKS),
    ROW(400, "chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n" CHUNKS),
    ROW(400, "two headers of it",
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" CHUNKS),
    ROW(400, "another first",
        POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
    ROW(400, "identity", POST "Transfer-Encoding: identity\r\n\r\n" DATA),
    ROW(400, "a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n" CHUNKS),
    ROW(400, "in quotes", POST "Transfer-Encoding: \"chunked\"\r\n\r\n" CHUNKS),
    ROW(400, "a vertical tab before it", POST "Transfer-Encoding: \vchunked\r\n\r\n" CHUNKS),
    ROW(400, "an empty coding", POST "Transfer-Encoding: \r\n\r\n" CHUNKS),
    ROW(400, "chunked and another", POST "Transfer-Encoding: chunked, identity\r\n\r\n" CHUNKS),
    ROW(400, "a comma behind it", POST "Transfer-Encoding: chunked,\r\n\r\n" CHUNKS),
    ROW(400, "a comma before it", POST "Transfer-Encoding: ,chunked\r\n\r\n" CHUNKS),
    ROW(400, "a blank behind it", POST "Transfer-Encoding: chunked \r\n\r\n" CHUNKS),
    ROW(400, "a tab behind it", POST "Transfer-Encoding: chunked\t\r\n\r\n" CHUNKS),
    ROW(400, "a letter before it", POST "Transfer-Encoding: xchunked\r\n\r\n" CHUNKS),
    ROW(400, "chunks in HTTP/1.0",
        "POST /v1/datasets HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n"
        "Transfer-Encoding: chunked\r\n\r\n" CHUNKS),

    /* headers: 5 */
    ROW(400, "a space before the colon", POST "Content-Length : 26\r\n\r\n" DATA),
    ROW(400, "a tab before the colon", POST "Content-Length\t: 26\r\n\r\n" DATA),
    ROW(400, "and of the coding", POST "Transfer-Encoding : chunked\r\n\r\n" CHUNKS),
    ROW(400, "a space before the name", GET " Host: x\r\n\r\n"),
    ROW(400, "a space in the name", GET "Host: x\r\nX Y: z\r\n\r\n"),
    ROW(400, "no name", GET "Host: x\r\n: z\r\n\r\n"),
    ROW(400, "a name that is no token", GET "Host: x\r\nX(Y): z\r\n\r\n"),
    ROW(400, "a name beyond ASCII", GET "Host: x\r\nX\xc3\xa4: z\r\n\r\n"),
    ROW(400, "a control character in the name", GET "Host: x\r\nX\x01: z\r\n\r\n"),
    ROW(400, "no colon", GET "Host: x\r\nnothing\r\n\r\n"),
    ROW(400, "a folded value", GET "Host: x\r\nX: a\r\n b\r\n\r\n"),
    ROW(400, "folded with a tab", GET "Host: x\r\nX: a\r\n\tb\r\n\r\n"),
    ROW(400, "a fold of nothing", GET "Host: x\r\nX: a\r\n \r\n\r\n"),
    ROW(400, "a folded length", POST "Content-Length:\r\n 26\r\n\r\n" DATA),
    ROW(400, "a length with a fold behind", POST "Content-Length: 26\r\n \r\n\r\n" DATA),
    ROW(400, "a length hidden in a fold", POST "X: a\r\n Content-Length: 26\r\n\r\n" DATA),
    ROW(400, "a folded coding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n" CHUNKS),
    ROW(400, "NUL in a value", GET "Host: x\r\nX: a\0b\r\n\r\n"),
    ROW(400, "NUL at the start of a value", GET "Host: x\r\nX: \0b\r\n\r\n"),
    ROW(400, "NUL at the end of a value", GET "Host: x\r\nX: a\0\r\n\r\n"),
    ROW(400, "NUL at the end of the last value", GET "X: a\r\nHost: x\0\r\n\r\n"),
    ROW(400, "NUL in a name", GET "Host: x\r\nX\0: a\r\n\r\n"),
    ROW(400, "NUL before a name", GET "Host: x\r\n\0X: a\r\n\r\n"),
    ROW(400, "NUL behind a length",
        POST "Content-Length: 26\0"
             "3\r\n\r\n" DATA),
    ROW(400, "a line that begins with NUL, a length behind it",
        POST "X: a\r\n\0\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(400, "CR in a value", GET "Host: x\r\nX: a\rb\r\n\r\n"),
    ROW(400, "CR, then a length", POST "X: a\rContent-Length: 26\r\n\r\n" DATA),
    ROW(400, "CR at the end of a value", GET "Host: x\r\nX: a\r\r\n\r\n"),
    ROW(400, "LF alone ends a line", GET "Host: x\nX: a\r\n\r\n"),
    ROW(400, "LF alone ends the head", GET "Host: x\r\n\n"),
    ROW(400, "LF alone hides a length", POST "X: a\nContent-Length: 26\r\n\r\n" DATA),
    ROW(400, "BEL in a value", GET "Host: x\r\nX: a\ab\r\n\r\n"),
    ROW(400, "ESC in a value", GET "Host: x\r\nX: \x1b[2J\r\n\r\n"),
    ROW(400, "DEL in a value", GET "Host: x\r\nX: a\x7f\r\n\r\n"),

    /* Host: 3.2 */
    ROW(400, "no Host", GET "\r\n"),
    ROW(400, "two", GET "Host: x\r\nHost: y\r\n\r\n"),
    ROW(400, "two that agree", GET "Host: x\r\nhost: x\r\n\r\n"),
    ROW(400, "an empty one", GET "Host:\r\n\r\n"),
    ROW(400, "one of blanks", GET "Host:  \t\r\n\r\n"),
    ROW(400, "two in one", GET "Host: x, y\r\n\r\n"),
    ROW(400, "a URL", GET "Host: http://x/\r\n\r\n"),
    ROW(400, "a path", GET "Host: x/y\r\n\r\n"),
    ROW(400, "somebody at it", GET "Host: me@x\r\n\r\n"),
    ROW(400, "a port that is none", GET "Host: x:http\r\n\r\n"),
    ROW(400, "a port of six digits", GET "Host: x:808080\r\n\r\n"),
    ROW(400, "nothing but a port", GET "Host: :8080\r\n\r\n"),
    ROW(400, "half an address", GET "Host: [::1\r\n\r\n"),
    ROW(400, "an address and more", GET "Host: [::1]x\r\n\r\n"),
    ROW(400, "two in HTTP/1.0", "GET /healthz HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),

    /* targets: 3.2 */
    ROW(400, "absolute", "GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "absolute, of another", "GET http://y/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "an authority", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "no slash", "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a query alone", "GET ?a=b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a fragment", "GET /healthz#top HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "dot segments", "GET /v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "dot segments at the end", "GET /v1/.. HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a single dot", "GET /./healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "dots before a query", "GET /v1/..?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "dots in disguise", "GET /v1/%2e%2E/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a slash in disguise", "GET /v1%2Fjobs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a backslash", "GET /v1\\jobs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "one in disguise", "GET /v1%5cjobs HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "NUL in disguise", "GET /healthz%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "NUL in the query", "GET /v1/jobs?state=%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a newline in disguise", "GET /v1/jobs%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "half an escape", "GET /healthz%2 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "an escape that is none", "GET /v1/jobs?state=%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "NUL itself", "GET /healthz\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "NUL and a version", "GET /healthz\0HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a tab", "GET /health\tz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a space", "GET /health z HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a CR", "GET /health\rz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a request in the target", "GET /healthz HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n"),

    /* the first line: 3 */
    ROW(400, "LF alone everywhere", "GET /healthz HTTP/1.1\nHost: x\n\n"),
    ROW(400, "CR CR LF ends it", "GET /healthz HTTP/1.1\r\r\nHost: x\r\n\r\n"),
    ROW(400, "CR before the method", "\rGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "two spaces before the target", "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "two behind it", "GET /healthz  HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "one at the end", "GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n"),
    ROW(0, "a tab for a space", "GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(0, "one before the method", " GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "LF alone ends it", "GET /healthz HTTP/1.1\nHost: x\r\n\r\n"),
    ROW(400, "a method that is no token", "GE(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "NUL in the method", "GET\0X /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "a colon in the method", "GET: /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "no version", "GET /healthz\r\nHost: x\r\n\r\n"),
    ROW(400, "half a version", "GET /healthz HTTP/1\r\nHost: x\r\n\r\n"),
    ROW(400, "a version in small letters", "GET /healthz http/1.1\r\nHost: x\r\n\r\n"),
    ROW(400, "one of two digits", "GET /healthz HTTP/1.10\r\nHost: x\r\n\r\n"),
    ROW(400, "one that is not known", "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n"),
    ROW(505, "HTTP/0.9", "GET /healthz HTTP/0.9\r\nHost: x\r\n\r\n"),
    ROW(505, "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ROW(505, "HTTP/3", "GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n"),

    /* chunks: 7.1 */
    ROW(400, "a size that is none", POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n" SECOND),
    ROW(400, "a size with a sign",
        POST "Transfer-Encoding: chunked\r\n\r\n+1a\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "a size like C's",
        POST "Transfer-Encoding: chunked\r\n\r\n0x1a\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "a blank before the size",
        POST "Transfer-Encoding: chunked\r\n\r\n 1a\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(413, "a size beyond 64 bits",
        POST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" SECOND),
    ROW(400, "a chunk that goes on",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA "0\r\n\r\n"),
    ROW(400, "a negative size",
        POST "Transfer-Encoding: chunked\r\n\r\n-1a\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "a blank behind the size",
        POST "Transfer-Encoding: chunked\r\n\r\n1a \r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "a blank before an extension",
        POST "Transfer-Encoding: chunked\r\n\r\n1a ;x=y\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "no size", POST "Transfer-Encoding: chunked\r\n\r\n\r\n" DATA),
    ROW(400, "an extension in quotes over a line's end",
        POST "Transfer-Encoding: chunked\r\n\r\n1a;x=\"\r\n\"\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(400, "CR alone behind sizes and data",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r" DATA "\r0\r\r"),
    ROW(400, "a trailer without a colon",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA "\r\n0\r\nnothing\r\n\r\n"),
    ROW(400, "NUL in a trailer",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA "\r\n0\r\nX\0: y\r\n\r\n"),
};

/* Served, and then the connection is closed: what is behind is not read. */
static const row last[] = {
    ROW(201, "chunks", POST "Transfer-Encoding: chunked\r\n\r\n" CHUNKS),
    ROW(201, "a lone LF behind a size",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\n" DATA "\r\n0\r\n\r\n"),
    ROW(201, "an extension with a CR in it",
        POST "Transfer-Encoding: chunked\r\n\r\n1a;a\rb\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(201, "a trailer",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA "\r\n0\r\nX: y\r\n\r\n"),
    ROW(201, "a trailer that is a length",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA "\r\n0\r\nContent-Length: 5\r\n\r\n"),
    ROW(201, "an extension", POST "Transfer-Encoding: chunked\r\n\r\n1a;x=y\r\n" DATA "\r\n0\r\n\r\n"),
    ROW(201, "zeros before a size",
        POST "Transfer-Encoding: chunked\r\n\r\n00000000000000000000001A\r\n" DATA
             "\r\n000\r\n\r\n"),
    ROW(201, "a trailer that is a coding",
        POST "Transfer-Encoding: chunked\r\n\r\n1a\r\n" DATA
             "\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ROW(200, "chunks of a GET", GET "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
    ROW(200, "close, in any letters", GET "Host: x\r\nConnection: CLOSE\r\n\r\n"),
    ROW(200, "HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n"),
    ROW(200, "HTTP/1.0 with a Host", "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n"),
};

/* Unusual, and served like any other; so is what is behind. */
static const row served[] = {
    ROW(200, "an empty line before", "\r\n" GET "Host: x\r\n\r\n"),
    ROW(200, "no blank behind the colon", GET "Host:x\r\nX:y\r\n\r\n"),
    ROW(200, "many blanks behind the colon", GET "Host: \t  x\r\n\r\n"),
    ROW(200, "blanks behind the value", GET "Host: x\r\nX: y \t \r\n\r\n"),
    ROW(200, "blanks behind the host", GET "Host: x \t\r\nX: y\r\n\r\n"),
    ROW(201, "blanks behind what is read",
        POST "Content-Type: application/json \t\r\nContent-Encoding: identity \r\n"
             "Content-Length: 26\r\n\r\n" DATA),
    ROW(201, "blanks before and behind a parameter",
        POST "Content-Type: \t application/json ; charset=utf-8 \r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(200, "an empty value", GET "Host: x\r\nX:\r\nY: \r\n\r\n"),
    ROW(200, "colons in a value", GET "Host: x\r\nX: a:b::c:\r\n\r\n"),
    ROW(200, "tabs in a value", GET "Host: x\r\nX: a\tb\r\n\r\n"),
    ROW(200, "UTF-8 in a value", GET "Host: x\r\nX: \xc3\xa4\xe2\x82\xac\r\n\r\n"),
    ROW(200, "Latin-1 in a value", GET "Host: x\r\nX: \xe4\r\n\r\n"),
    ROW(200, "a name of every kind of character",
        GET "!#$%&'*+-.^_`|~09azAZ: x\r\nHost: x\r\n\r\n"),
    ROW(200, "names in any letters", GET "hOST: x\r\n\r\n"),
    ROW(200, "one name twice", GET "Host: x\r\nAccept: a/b\r\nAccept: */*\r\n\r\n"),
    ROW(200, "cookies", GET "Host: x\r\nCookie: a=b; c=\"d\"; e\r\n\r\n"),
    ROW(200, "Host with a port", GET "Host: descent.example.org:8080\r\n\r\n"),
    ROW(200, "Host with a colon", GET "Host: x:\r\n\r\n"),
    ROW(200, "Host of version 4", GET "Host: 127.0.0.1:1\r\n\r\n"),
    ROW(200, "Host of version 6", GET "Host: [::ffff:127.0.0.1]:8080\r\n\r\n"),
    ROW(200, "Host of a container", GET "Host: my_service-1.internal\r\n\r\n"),
    ROW(200, "another protocol is offered",
        GET "Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            "HTTP2-Settings: AAMAAABkAAQ\r\n\r\n"),
    ROW(200, "headers that are to go by the next",
        GET "Host: x\r\nConnection: Host, Content-Length, keep-alive\r\n\r\n"),
    ROW(200, "another method is said", GET "Host: x\r\nX-HTTP-Method-Override: DELETE\r\n\r\n"),
    ROW(201, "an expectation that is not known", POST "Expect: 200-ok\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(400, "a length by another name is none", POST "Content_Length: 26\r\n\r\n"),
    ROW(201, "a coding by another name is none",
        POST "Transfer_Encoding: chunked\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(405, "the body of an OPTIONS", "OPTIONS /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\n" SECOND),
    ROW(200, "a length of zero", GET "Host: x\r\nContent-Length: 0\r\n\r\n"),
    ROW(200, "the body of a GET", GET "Host: x\r\nContent-Length: 36\r\n\r\n" SECOND),
    ROW(201, "zeros before a length", POST "Content-Length: 000026\r\n\r\n" DATA),
    ROW(201, "a length first",
        "POST /v1/datasets HTTP/1.1\r\nContent-Length: 26\r\nHost: x\r\n\r\n" DATA),
    ROW(201, "an escape in the query",
        "POST /v1/datasets?name=a%2Fb%20c+d HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "26\r\n\r\n" DATA),
    ROW(201, "UTF-8 in the query",
        "POST /v1/datasets?name=gr\xc3\xb6\xc3\x9f"
        "e HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(201, "dots and a query in the query",
        "POST /v1/datasets?name=/../?a HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n" DATA),
    ROW(200, "an escape that was not needed", "GET /health%7A HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(200, "an empty query", "GET /healthz? HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(404, "three dots", "GET /v1/... HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(404, "a hidden file", "GET /.git/config HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(404, "two slashes", "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(405, "a method that is not known", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(405, "a method in small letters", "get /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ROW(200, "HTTP/1.0 that is kept", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    ROW(422, "a refused body", "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"),
    ROW(400, "half a body", "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{"),
    ROW(404, "a body for nobody",
        "POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\n" SECOND),
};

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

typedef struct answers {
    char text[65536];
    size_t len;
    int count, first; /* answers; the first one's status */
    bool closed, says_close;
} answers;

static bool arrived(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) > 0;
}

/* All at once; or the row in packets of a byte, until something is answered. */
static void send_row(int fd, const row *r, bool bytewise)
{
    char all[4096];
    int on = 1;
    size_t n = r->len + sizeof behind - 1, at = 0;
    ck_assert_int_le(n, sizeof all);
    memcpy(all, r->bytes, r->len);
    memcpy(all + r->len, behind, sizeof behind - 1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (bytewise && at < r->len && !arrived(fd, 0) && send(fd, all + at, 1, MSG_NOSIGNAL) == 1)
        at++;
    if (at == r->len || !bytewise)
        send(fd, all + at, n - at, MSG_NOSIGNAL); /* which fails when it has closed already */
}

static void count_answers(answers *a)
{
    char *at = a->text, *end;
    for (int status; sscanf(at, "HTTP/1.1 %d", &status) == 1; a->count++) {
        a->first = a->count ? a->first : status;
        end = strstr(at, "\r\n\r\n");
        if (!end)
            break;
        end[2] = '\0';
        const char *length = strcasestr(at, "\r\nContent-Length: ");
        if (a->count == 0)
            a->says_close = strcasestr(at, "\r\nConnection: close\r\n") != NULL;
        at = end + 4 + (length ? atoi(length + 18) : 0);
        if (at > a->text + a->len)
            break;
    }
}

static void exchange(const row *r, bool bytewise, answers *a)
{
    ssize_t got = 1;
    int fd = e2e_connect(s);
    memset(a, 0, sizeof *a);
    send_row(fd, r, bytewise);
    while (got > 0 && a->len + 1 < sizeof a->text && arrived(fd, 20000)) {
        got = recv(fd, a->text + a->len, sizeof a->text - 1 - a->len, 0);
        a->len += got > 0 ? (size_t)got : 0;
    }
    a->closed = got <= 0;
    close(fd);
    count_answers(a);
}

static void assert_row(const row *r, int wanted, bool bytewise)
{
    answers a;
    exchange(r, bytewise, &a);
    /* one that is refused before all of it is sent may lose its answer to the reset */
    bool lost = bytewise && a.count == 0 && wanted == 1;
    if (!lost && (a.count != wanted || a.first != r->status))
        ck_abort_msg("%s%s: %d answers, the first %d, not %d and %d: %s", r->what,
                     bytewise ? ", byte by byte" : "", a.count, a.first, wanted, r->status, a.text);
    if (!a.closed)
        ck_abort_msg("%s: the connection is not closed", r->what);
    if (a.count == 1 && !a.says_close)
        ck_abort_msg("%s: it is not said that the connection closes: %s", r->what, a.text);
}

START_TEST(what_is_ambiguous_is_refused_and_what_is_behind_it_not_answered)
{
    for (size_t i = 0; i < COUNT(refused); i++)
        for (int bytewise = 0; bytewise < 2; bytewise++)
            assert_row(&refused[i], refused[i].status > 0, bytewise);
    e2e_reply r = e2e_get(s, "/v1/datasets");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 0); /* nothing was read */
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_request_in_chunks_is_the_last_of_its_connection)
{
    for (size_t i = 0; i < COUNT(last); i++)
        assert_row(&last[i], 1, false);
}
END_TEST

START_TEST(what_is_only_unusual_is_served)
{
    for (size_t i = 0; i < COUNT(served); i++)
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            answers a;
            exchange(&served[i], bytewise, &a);
            ck_assert_msg(a.count == 2 && a.first == served[i].status, "%s: %d answers, %s",
                          served[i].what, a.count, a.text);
        }
}
END_TEST

/* The problem says what is wrong, as a document. */
START_TEST(a_refusal_says_why)
{
    static const row some[] = {
        ROW(400, "several", POST "Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKS),
        ROW(400, "token", GET "Host: x\r\nX Y: z\r\n\r\n"),
        ROW(400, "control character", GET "Host: x\r\nX: a\ab\r\n\r\n"),
        ROW(400, "exactly one Host", GET "\r\n"),
        ROW(400, "folded line", GET "Host: x\r\nX: a\r\n b\r\n\r\n"),
        ROW(400, "dot segments", "GET /v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
        ROW(400, "method", "GE(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT(some); i++) {
        answers a;
        exchange(&some[i], false, &a);
        const char *body = a.text + strlen(a.text) + 2; /* count_answers cut it there */
        ck_assert_msg(strstr(a.text, "application/problem+json") && strstr(body, some[i].what),
                      "%s: %s", some[i].what, body);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smuggling");
    TCase *tc = tcase_create("smuggling");
    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, what_is_ambiguous_is_refused_and_what_is_behind_it_not_answered);
    tcase_add_test(tc, a_request_in_chunks_is_the_last_of_its_connection);
    tcase_add_test(tc, what_is_only_unusual_is_served);
    tcase_add_test(tc, a_refusal_says_why);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
