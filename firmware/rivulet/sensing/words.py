"""Decodes the 16-bit words that a chip sends: viper on boards, plain Python on CPython."""

from rivulet.compat import micropython, ptr8, ptr32


@micropython.viper
def decode(data, places, out):
    """Write the signed words in `data` into `out`, allocating nothing.

    places: bytes, the positions in `data` of each word's high byte and low byte: (0, 1, 2, 3) for
    two big-endian words, (1, 0, 3, 2) for two little-endian ones. out: an array of type 'i', or a
    memoryview of one. Raises ValueError if it has fewer elements than there are words.
    """
    count = int(len(places)) >> 1
    # Native code would write beyond its end.
    if int(len(out)) < count:
        raise ValueError("more words than places for them")
    source = ptr8(data)
    place = ptr8(places)
    target = ptr32(out)
    i = 0
    while i < count:
        word = (source[place[2 * i]] << 8) | source[place[2 * i + 1]]
        # The xor moves a signed word to 0 - 65535 and the difference moves it back.
        target[i] = (word ^ 0x8000) - 0x8000
        i += 1
