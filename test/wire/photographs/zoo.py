"""Writes image files of every kind that cameras and programs make, and the RGB pixels that Pillow reads in each.

    python zoo.py FOLDER

FOLDER/zoo.json lists them. `pixels` is a file of width x height x 3 bytes; null: the file is to be refused.
"""

import io
import json
import os
import struct
import sys
import zlib

from PIL import Image

folder = sys.argv[1]
listed = []


def add(name, data, pixels=True):
    path = os.path.join(folder, name)
    with open(path, "wb") as out:
        out.write(data)
    entry = {"name": name, "width": 0, "height": 0, "pixels": None}
    if pixels:
        rgb = pillow_rgb(data) if pixels is True else pixels
        with open(path + ".rgb", "wb") as out:
            out.write(rgb.tobytes())
        entry = {"name": name, "width": rgb.width, "height": rgb.height, "pixels": name + ".rgb"}
    listed.append(entry)


def pillow_rgb(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    if image.mode == "P":
        image = image.convert("RGBA")
    if image.mode == "LA":
        image = image.getchannel("L")
    if image.mode == "RGBA":
        # The alpha channel is left out; `convert` would do the same, but of some modes it makes black.
        return Image.merge("RGB", image.split()[:3])
    return image.convert("RGB")


def scene(width, height):
    """Smooth and sharp parts in all colours: what chroma is sampled down in shows at the edges."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            smooth = (x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x * 7 + y * 13) % 256)
            image.putpixel((x, y), (255, 0, 0) if (x // 5 + y // 4) % 5 == 0 else smooth)
    return image


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


SIZES = [(1, 1), (7, 5), (8, 8), (17, 9), (64, 48), (129, 67)]


def jpegs():
    for width, height in SIZES:
        colour = scene(width, height)
        for mode, image in (("grey", colour.convert("L")), ("ycc", colour)):
            for subsampling in (0, 1, 2) if mode == "ycc" else (0,):
                for progressive in (False, True):
                    name = f"{mode}-{width}x{height}-s{subsampling}{'-progressive' if progressive else ''}.jpg"
                    options = {} if mode == "grey" else {"subsampling": subsampling}
                    add(name, jpeg(image, progressive=progressive, **options))
        add(f"rgb-{width}x{height}.jpg", jpeg(colour, keep_rgb=True))
        for blocks in (1, 3):
            add(f"restart-{blocks}-{width}x{height}.jpg", jpeg(colour, restart_marker_blocks=blocks))
    colour = scene(64, 48)
    for quality in (1, 30, 75, 100):
        add(f"quality-{quality}.jpg", jpeg(colour, quality=quality))
    plain = jpeg(colour)
    add("optimised.jpg", jpeg(colour, optimize=True))
    add("comment.jpg", plain[:2] + segment(0xFE, b"\xff\xd8 not a picture \xff\xd9") + plain[2:])
    add("data-after-the-end.jpg", plain + b"\0" * 1000)
    add("another-file-after-the-end.jpg", plain + jpeg(scene(8, 8)))
    add("fill-bytes.jpg", plain[:2] + b"\xff\xff\xff" + plain[2:])
    add("profile.jpg", jpeg(colour, icc_profile=swapped_profile()))
    for transform in (0, 1):
        add(f"adobe-{transform}.jpg", without_jfif(plain, adobe(transform)))
    add("no-jfif.jpg", without_jfif(plain))
    add("letters-rgb.jpg", component_ids(without_jfif(plain), b"RGB"))
    add("letters-rgb-jfif.jpg", component_ids(plain, b"RGB"))
    add("ids-0-1-2.jpg", component_ids(without_jfif(plain), bytes([0, 1, 2])))
    add("cmyk.jpg", jpeg(colour.convert("CMYK")), pixels=False)
    ycck = jpeg(colour.convert("CMYK"))
    add("ycck.jpg", ycck.replace(adobe(0), adobe(2)), pixels=False)
    for share in (0.2, 0.5, 0.9, 0.99):
        for name, data in (("baseline", plain), ("progressive", jpeg(colour, progressive=True))):
            add(f"cut-{name}-{share}.jpg", data[: int(len(data) * share)], pixels=False)
    orientations("jpg", lambda exif: plain[:2] + segment(0xE1, b"Exif\0\0" + exif) + plain[2:])
    for value in (1, 6):
        xmp = b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet(value)
        add(f"xmp-{value}.jpg", plain[:2] + segment(0xE1, xmp) + plain[2:], pixels=value == 1)


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def adobe(transform):
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def without_jfif(data, instead=b""):
    assert data[2:4] == b"\xff\xe0"
    return data[:2] + instead + data[4 + struct.unpack(">H", data[4:6])[0] :]


def component_ids(data, ids):
    out = bytearray(data)
    at = 2
    while out[at + 1] != 0xDA:
        if out[at + 1] in (0xC0, 0xC1, 0xC2):
            for i in range(3):
                out[at + 10 + 3 * i] = ids[i]
        at += 2 + struct.unpack(">H", out[at + 2 : at + 4])[0]
    for i in range(3):
        out[at + 5 + 2 * i] = ids[i]
    return bytes(out)


def xmp_packet(value):
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{value}"/></x:xmpmeta>'.encode()


def swapped_profile():
    """A profile that would change the colours, where somebody obeyed it."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()


# TIFF's types of whole numbers: size, format.
TYPES = {1: (1, "B"), 3: (2, "H"), 4: (4, "I"), 6: (1, "b"), 8: (2, "h"), 9: (4, "i")}


def orientations(ending, wrap):
    for order, mark in (("<", b"II"), (">", b"MM")):
        for kind, (size, form) in TYPES.items():
            for value in (1, 3, 6, 8):
                field = struct.pack(order + form, value).ljust(4, b"\0")
                entry = struct.pack(order + "HHI", 0x0112, kind, 1) + field
                before = struct.pack(order + "HHI", 0x0100, 3, 1) + struct.pack(order + "H", 9).ljust(4, b"\0")
                directory = struct.pack(order + "H", 2) + before + entry + b"\0\0\0\0"
                # The directory stands where the header says, not always behind it.
                exif = mark + struct.pack(order + "HI", 42, 8 + 6) + b"\0" * 6 + directory
                add(f"turned-{value}-type-{kind}-{mark.decode()}.{ending}", wrap(exif), pixels=value == 1)


# PNG: Pillow writes few kinds, so these are written here.


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(width, height, depth, colour, interlaced, samples, more=()):
    """`samples(x, y)` gives a pixel's samples, each of `depth` bits."""
    raw = bytearray()
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        xs = range(x0, width, dx)
        for y in range(y0, height, dy) if len(xs) else ():
            bits = 0
            count = 0
            for x in xs:
                for sample in samples(x, y):
                    bits = bits << depth | sample
                    count += depth
            spare = -count % 8
            raw.append(0)
            raw += (bits << spare).to_bytes((count + spare) // 8, "big")
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 1 if interlaced else 0)
    data = zlib.compress(bytes(raw))
    half = len(data) // 2
    body = b"".join(chunk(kind, part) for kind, part in more)
    # The image in two chunks, as many programs write it in many.
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + body
        + chunk(b"IDAT", data[:half])
        + chunk(b"IDAT", data[half:])
        + chunk(b"IEND", b"")
    )


def pngs():
    for width, height in [(1, 1), (5, 3), (33, 17)]:
        for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
            for depth in depths:
                for interlaced in (False, True):
                    one_kind(width, height, colour, depth, interlaced)
    plain = png(20, 13, 8, 2, False, lambda x, y: (x * 12, y * 19, (x * y) % 256))
    add("data-after-the-end.png", plain + b"\n")
    add("more-data-after-the-end.png", plain + os.urandom(2000))
    samples = lambda x, y: (x * 12, y * 19, (x * y) % 256)
    add("gamma.png", png(20, 13, 8, 2, False, samples, [(b"gAMA", struct.pack(">I", 100000))]))
    profile = b"p\0\0" + zlib.compress(swapped_profile())
    add("profile.png", png(20, 13, 8, 2, False, samples, [(b"iCCP", profile)]))
    add("text.png", png(20, 13, 8, 2, False, samples, [(b"tEXt", b"Comment\0IEND")]))
    add("own-chunk.png", png(20, 13, 8, 2, False, samples, [(b"laTh", b"\0" * 50)]))
    for share in (0.3, 0.7, 0.95):
        add(f"cut-{share}.png", plain[: int(len(plain) * share)], pixels=False)
    orientations("png", lambda exif: png(20, 13, 8, 2, False, samples, [(b"eXIf", exif)]))
    turned = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    for wrapped in (False, True):
        old = b"Exif\0\0" + turned if wrapped else turned
        hexed = f"\nexif\n{len(old):8}\n{old.hex()}\n".encode()
        add(f"raw-profile-{wrapped}.png", png(20, 13, 8, 2, False, samples, [raw_profile(hexed)]), pixels=False)
    for value in (1, 6):
        xmp = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet(value))
        add(f"xmp-{value}.png", png(20, 13, 8, 2, False, samples, [xmp]), pixels=value == 1)


def raw_profile(text):
    return (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))


def one_kind(width, height, colour, depth, interlaced):
    most = (1 << depth) - 1
    level = lambda x, y, c: (x * 5 + y * 11 + c * 37) * 2654435761 % (most + 1)
    samples = lambda x, y: [level(x, y, c) for c in range(CHANNELS[colour])]
    more = []
    if colour == 3:
        palette = bytes((i * 40503 >> 3) % 256 for i in range(3 * (most + 1)))
        more = [(b"PLTE", palette), (b"tRNS", bytes(range(most + 1)))]
    if colour == 0:
        more = [(b"tRNS", struct.pack(">H", most // 2))]
    if colour == 2:
        more = [(b"tRNS", struct.pack(">HHH", 1, 2, 3))]
    data = png(width, height, depth, colour, interlaced, samples, more)
    truth = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            values = [v >> 8 if depth == 16 else v * 255 // most for v in samples(x, y)]
            if colour == 3:
                at = 3 * samples(x, y)[0]
                values = list(palette[at : at + 3])
            truth.putpixel((x, y), tuple(values[:3] if colour in (2, 3, 6) else values[:1] * 3))
    # Pillow clips 16 bits of grey: there the numbers that were written are the truth; elsewhere both must be the same.
    if not (depth == 16 and colour in (0, 4)):
        assert pillow_rgb(data).tobytes() == truth.tobytes(), (colour, depth, interlaced)
    name = f"png-{width}x{height}-colour-{colour}-depth-{depth}{'-interlaced' if interlaced else ''}.png"
    add(name, data, truth)


jpegs()
pngs()
with open(os.path.join(folder, "zoo.json"), "w") as out:
    json.dump(listed, out)
