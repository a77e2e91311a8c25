/* summary: what gd_summary finds of eight columns at once, a lane each. */
#define GD_EACH(p) for (size_t p = 0; p < GD_PARTS; p++)

static void strip_moments(const double *v, size_t pitch, size_t n, double share, double *mean,
                          double *min, double *max)
{
    vec sums[GD_PARTS], low[GD_PARTS], high[GD_PARTS];
    const vec each = all_of(share);
    GD_EACH(p)
    {
        low[p] = high[p] = load(v + p * GD_WIDTH);
        sums[p] = all_of(0);
    }
    for (size_t i = 0; i < n; i++)
        GD_EACH(p)
        {
            vec x = load(v + i * pitch + p * GD_WIDTH);
            sums[p] += x * each;
            low[p] = choose(x < low[p], x, low[p]);
            high[p] = choose(x > high[p], x, high[p]);
        }
    GD_EACH(p)
    {
        store(mean + p * GD_WIDTH, sums[p]);
        store(min + p * GD_WIDTH, low[p]);
        store(max + p * GD_WIDTH, high[p]);
    }
}

static void strip_squares(const double *v, size_t pitch, size_t n, const double *mean,
                          double *squares, double *rest)
{
    vec sums[GD_PARTS], left[GD_PARTS], middle[GD_PARTS];
    GD_EACH(p)
    {
        sums[p] = left[p] = all_of(0);
        middle[p] = load(mean + p * GD_WIDTH);
    }
    for (size_t i = 0; i < n; i++)
        GD_EACH(p)
        {
            vec d = load(v + i * pitch + p * GD_WIDTH) - middle[p];
            sums[p] += d * d;
            left[p] += d;
        }
    GD_EACH(p)
    {
        store(squares + p * GD_WIDTH, sums[p]);
        store(rest + p * GD_WIDTH, left[p]);
    }
}

/* The largest whole number that is not above. Of 2^52 on all are whole. */
GD_INLINE vec floor_of(vec x)
{
    const vec whole = all_of(0x1p52);
    vec size = absolute(x), near = with_sign((size + whole) - whole, x);
    return choose(size < whole, near - choose(near > x, all_of(1), all_of(0)), x);
}

typedef uint32_t loose_word __attribute__((vector_size(4 * GD_WIDTH), aligned(4), may_alias));
typedef int32_t word __attribute__((vector_size(4 * GD_WIDTH)));

static void strip_bins(const double *v, size_t pitch, size_t n, const double *scale,
                       const double *first, uint32_t *bins)
{
    for (size_t i = 0; i < n; i++)
        GD_EACH(p)
        {
            size_t k = p * GD_WIDTH;
            vec x = load(v + i * pitch + k);
            x = choose(x == x, x, all_of(0));
            vec at = x * load(scale + k), under = choose((at == 0) & (x < 0), all_of(1), all_of(0));
            vec bin = floor_of(at) - under - load(first + k);
            *(loose_word *)(bins + i * GD_LANES + k) =
                (loose_word)__builtin_convertvector(bin, word);
        }
}

/* Below 2^64, to the double that is nearest. */
GD_INLINE vec doubles_of(uvec x)
{
    const vec whole = all_of(0x1p52);
    vec high = (vec)((x >> 32) | (uvec)whole) - whole, low = (vec)((x & 0xffffffff) | (uvec)whole) - whole;
    return high * 0x1p32 + low;
}

/* As gd_distinct.c does, value by value. */
static void strip_hashes(const double *v, size_t pitch, size_t n, int bits, uint64_t *hashes,
                         uint32_t *registers)
{
    const uint64_t end = (uint64_t)1 << (bits - 1);
    for (size_t i = 0; i < n; i++)
        GD_EACH(p)
        {
            size_t k = p * GD_WIDTH;
            uvec h = (uvec)(load(v + i * pitch + k) + 0.0);
            h ^= h >> 33;
            h *= 0xff51afd7ed558ccdu;
            h ^= h >> 33;
            h *= 0xc4ceb9fe1a85ec53u;
            h ^= h >> 33;
            memcpy(hashes + i * GD_LANES + k, &h, sizeof h);
            uvec rest = h << bits | end;
            rest &= ~(rest >> 1); /* so that no rounding reaches the next power of two */
            uvec run = 1087 - ((uvec)doubles_of(rest) >> 52);
            *(loose_word *)(registers + i * GD_LANES + k) =
                __builtin_convertvector(h >> (64 - bits) << 8 | run, loose_word);
        }
}
