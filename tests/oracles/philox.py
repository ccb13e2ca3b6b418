"""Philox4x32-10 in plain Python integers, from the paper."""


def philox(counter, key):
    """Return the four output words."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k[0],
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c[3] ^ k[1],
            p0 & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def word(seed, path, deal, purpose):
    """Return the word of one path, deal and purpose."""
    tile, within = divmod(path, 256)
    which, lane = divmod(within, 64)
    counter = (64 * tile + lane, deal & 0xFFFFFFFF, deal >> 32, purpose)
    return philox(counter, (seed & 0xFFFFFFFF, seed >> 32))[which]
