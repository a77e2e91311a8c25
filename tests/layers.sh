#!/bin/sh
# layers: server -> api -> core, and core is pure. Fails and says what breaks the rule.
#
#   layers.sh <libgd_core.a> <source root>
#
# The symbols that core needs are held to a list of those it may: a list of forbidden ones
# would miss a printf that the compiler turns into putchar. Headers are looked at in the
# sources, since an include that calls nothing leaves no symbol. For builds without
# sanitizers, which add symbols of their own.
set -uf
export LC_ALL=C

archive=${1:?usage: layers.sh libgd_core.a source-root}
root=${2:?usage: layers.sh libgd_core.a source-root}
failed=0

bad() {
    echo "layers: $*" >&2
    failed=1
}

# ---- symbols of core ----

allowed_symbols='
malloc calloc realloc free qsort bsearch
memcpy memset memmove memcmp bcmp strcmp strncmp strlen strchr
snprintf vsnprintf
sqrt cbrt hypot pow exp exp2 expm1 log log2 log10 log1p
fabs fmax fmin fma floor ceil trunc round nearbyint rint fmod remainder
copysign nextafter frexp ldexp scalbn
sin cos tan sinh cosh tanh asin acos atan atan2 erf erfc lgamma tgamma
__stack_chk_fail __stack_chk_guard _GLOBAL_OFFSET_TABLE_
__memcpy_chk __memset_chk __memmove_chk __snprintf_chk __vsnprintf_chk
expf tanhf erfcf __cpu_model __cpu_indicator_init
__isnan __isinf __finite __fpclassify __signbit
'

# The lines of $1 that are not among the lines of $2.
without() {
    printf '%s\n' $1 | grep -vxF -e "$(printf '%s\n' $2)"
}

# nm names each member of an archive on a line that ends in a colon.
symbols() {
    nm "$@" "$archive" | awk 'NF && !/:$/ { print $NF }' | sort -u
}

defined=$(symbols -g --defined-only)
case $defined in
*gd_train_step*) ;;
*) bad "$archive does not define gd_train_step: is it core?" ;;
esac
for symbol in $(without "$(symbols -u)" "$defined $allowed_symbols"); do
    bad "core needs the symbol $symbol, which is not among those it may use"
done
# what core shows to others carries its prefix
for symbol in $defined; do
    case $symbol in
    gd_*) ;;
    *) bad "core defines the symbol $symbol, without the prefix gd_" ;;
    esac
done

# and holds nothing that a run could leave behind for the next: tables are constant
for section in $(objdump -h "$archive" |
    awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ { print $2 }'); do
    bad "core holds variables: a section $section that is not empty"
done

# ---- headers ----

cd "$root" || exit 1

# file:header, the header with its brackets or quotes, for every include below the folders.
includes() {
    find -H "$@" -name '*.[ch]' -type f -exec awk '
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "") { sub(/[ \t].*/, ""); print FILENAME ":" $0 }
    ' {} + 2>/dev/null | sort
}

core_headers='
<assert.h> <float.h> <inttypes.h> <limits.h> <math.h> <stdalign.h> <stdarg.h> <stdbool.h>
<stddef.h> <stdint.h> <stdio.h> <stdlib.h> <string.h>
'

includes core | grep -q gd_train.c: || bad "$root is not the source: no includes in core/gd_train.c"
for line in $(includes core); do
    file=${line%%:*} header=${line#*:}
    case $header in
    '"'*..*'"') bad "$file includes $header, a path out of core" ;;
    '"'*'"')
        name=${header#?} name=${name%?}
        [ -f "core/$name" ] || [ -f "${file%/*}/$name" ] ||
            bad "$file includes $header, which is not of core"
        ;;
    *)
        case $core_headers in
        *"$header"*) ;;
        *) bad "$file includes $header, which core may not use" ;;
        esac
        ;;
    esac
done

for line in $(includes api); do
    file=${line%%:*} header=${line#*:}
    name=${header#?} name=${name%?}
    case $header in
    *server/* | *srv_*) bad "$file includes $header of the server" ;;
    '"'*) [ -f "server/$name" ] && bad "$file includes $header of the server" ;;
    esac
done

# only_below <folder> <most files> <pattern of headers>
only_below() {
    count=0
    for line in $(includes core api server | grep -E -e "[<\"/]$3[>\"]"); do
        file=${line%%:*}
        count=$((count + 1))
        case $file in
        "$1"/*) ;;
        *) bad "$file includes ${line#*:}, which belongs to $1/" ;;
        esac
    done
    [ "$count" -le "$2" ] || bad "$count files include $3; $2 are enough"
}

only_below server 3 microhttpd.h
only_below server 99 sqlite3.h
only_below api 99 cJSON.h
only_below api 2 zlib.h
only_below api 1 zstd.h

exit $failed
