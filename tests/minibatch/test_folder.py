"""A folder of images: what is read, and what is refused by its name."""

import io
import os
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.minibatch.dataset import DatasetError
from service.minibatch.readers import read
from tests.minibatch.writers import LIMITS, Uint8, noise

SIZES = {"cat/1": (9, 12), "cat/2": (5, 5), "dog/1": (20, 7), "dog/2": (8, 8)}
IMAGES = {name: noise(1, *size)[0] for name, size in SIZES.items()}


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    for name, image in IMAGES.items():
        # What a file is called says nothing.
        file = path / f"{name}.dat"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(Image.fromarray(image)))
    return path


def refused(folder: Path, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        read(folder, LIMITS)


def test_each_folder_is_a_class(folder: Path) -> None:
    found = read(folder, LIMITS)
    assert found.format == "folder"
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 1, 1]
    for index, image in enumerate(IMAGES.values()):
        assert np.array_equal(found.images[index], image)


def test_hidden_files_do_not_count(folder: Path) -> None:
    expected = read(folder, LIMITS).sha256
    (folder / ".git").mkdir()
    (folder / ".DS_Store").write_text("x")
    (folder / "cat" / "._1.png").write_text("x")
    assert read(folder, LIMITS).sha256 == expected


def test_its_sha256_is_what_sha256sum_says(folder: Path) -> None:
    (folder / "cat-2").mkdir()
    (folder / "cat-2" / "é ü.png").write_bytes(encoded(Image.new("RGB", (4, 4))))
    command = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    said = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True
    )
    found = read(folder, LIMITS).sha256
    assert said.stdout.split()[0] == found
    (folder / "cat" / "1.dat").rename(folder / "cat" / "3.dat")
    assert read(folder, LIMITS).sha256 != found


def test_every_8_bit_kind_of_image_becomes_three_channels(folder: Path) -> None:
    rgb = Image.fromarray(noise(1, 16)[0])
    palette = rgb.quantize(16)
    transparent = rgb.quantize(16)
    transparent.info["transparency"] = bytes(range(16))
    (folder / "mixed").mkdir()
    expected: dict[str, Uint8] = {}
    for name, image, kind in (
        ("bmp", rgb, "BMP"),
        ("gif", palette, "GIF"),
        ("grey", rgb.convert("L"), "PNG"),
        ("jpeg", rgb, "JPEG"),
        ("one bit", rgb.convert("1"), "PNG"),
        ("palette", transparent, "PNG"),
        ("ppm", rgb, "PPM"),
        ("rgba", rgb.convert("RGBA"), "PNG"),
        ("webp", rgb, "WEBP"),
    ):
        data = encoded(image, kind)
        (folder / "mixed" / name).write_bytes(data)
        expected[name] = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., :3]
    found = read(folder, LIMITS)
    for index, image in enumerate(expected.values()):
        assert np.array_equal(found.images[4 + index], image)


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be large."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT", b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


PNG = encoded(Image.fromarray(noise(1, 32)[0]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"some notes", "is none of PNG, JPEG"),
        (b"", "is none of PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is none of PNG, JPEG"),
        (encoded(Image.new("RGB", (4, 4)), "TIFF"), "is none of PNG, JPEG"),
        (PNG[: len(PNG) // 2], "is a damaged image: image file is truncated"),
        (PNG[:-40] + bytes(40), "is a damaged image"),
        (
            encoded(Image.fromarray(noise(1, 32)[0]), "JPEG")[:700],
            "damaged image: image file is tr",
        ),
        (claiming(2_000, 2_000), "has 2000x2000 pixels; 1048576 are allowed"),
        (claiming(10_000, 10_000), "is a damaged image: Image size"),
        (claiming(2**31 - 1, 2**31 - 1), "is a damaged image: Image size"),
        (claiming(0, 5), "is none of PNG, JPEG"),
        (encoded(Image.new("I;16", (4, 4))), "more than 8 bits a channel"),
        (bytes(2**20 + 1), "has more than 1048576 bytes"),
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_named(folder: Path, data: bytes, reason: str) -> None:
    (folder / "dog" / "bad.png").write_bytes(data)
    refused(folder, f"^'dog/bad.png' .*{reason}")


def test_a_large_image_is_put_together_of_its_tiles(folder: Path) -> None:
    image = noise(1, 600, 1100)[0]
    (folder / "cat" / "1.dat").write_bytes(encoded(Image.fromarray(image)))
    palette = Image.fromarray(image).quantize(200)
    (folder / "cat" / "2.dat").write_bytes(encoded(palette))
    found = read(folder, replace(LIMITS, image_bytes=2**22))
    assert np.array_equal(found.images[0], image)
    assert np.array_equal(found.images[1], np.asarray(palette.convert("RGB")))


def test_what_is_no_plain_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "dog" / "pipe")
    refused(folder, "'dog/pipe' is not a plain file")
    (folder / "dog" / "pipe").unlink()
    (folder / "dog" / "more").mkdir()
    refused(folder, "'dog/more' is not a plain file")
    (folder / "dog" / "more").rmdir()
    (folder / "notes.txt").write_text("x")
    refused(folder, "'notes.txt' lies beside the folders of the classes")


def test_links_stay_inside(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "3").write_bytes(PNG)
    link = folder / "cat" / "3"
    link.symlink_to(elsewhere / "3")
    refused(folder, "'cat/3' is a link that leaves the folder")
    link.unlink()
    link.symlink_to(link)
    refused(folder, "'cat/3' is a link that leads nowhere")
    link.unlink()
    link.symlink_to("absent")
    refused(folder, "'cat/3' is a link that leads nowhere")
    link.unlink()
    (folder / "owl").symlink_to(elsewhere)
    refused(folder, "'owl' is a link that leaves the folder")
    (folder / "owl").unlink()
    (folder / "loop").symlink_to(".")
    refused(folder, "'loop/cat' is not a plain file")
    (folder / "loop").unlink()
    link.symlink_to("1.dat")
    assert read(folder, LIMITS).labels.tolist() == [0, 0, 0, 1, 1]


def test_numbers_are_limited(folder: Path) -> None:
    with pytest.raises(DatasetError, match="there are more than 3 files"):
        read(folder, replace(LIMITS, files=3))
    with pytest.raises(DatasetError, match="There are 2 classes; 1 are allowed"):
        read(folder, replace(LIMITS, classes=1))


def test_names_that_cannot_be_shown_are_refused(folder: Path) -> None:
    for name in (b"new\nline", b"\xff\xfe"):
        bad = os.fsencode(folder) + b"/cat/" + name
        Path(os.fsdecode(bad)).write_bytes(PNG)
        refused(folder, "is not a printable name")
        Path(os.fsdecode(bad)).unlink()


def test_empty_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    refused(tmp_path / "none", "has no folders; images belong in one a class")
    (tmp_path / "none" / "a").mkdir()
    refused(tmp_path / "none", "The folders of .* are empty")


def test_an_image_that_changes_meanwhile_is_noticed(folder: Path) -> None:
    found = read(folder, LIMITS)
    (folder / "cat" / "1.dat").write_bytes(PNG)
    assert found.images[1].shape == (5, 5, 3)
    with pytest.raises(DatasetError, match=r"'cat/1\.dat' changed while it was read"):
        found.images[0]
