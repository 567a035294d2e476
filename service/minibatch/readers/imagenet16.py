"""ImageNet16-120: of ImageNet at 16x16 pixels (Chrabaszcz et al. 2017) the first 120 classes."""

import numpy as np

from service.minibatch.readers.published import Document, Part, Published, of_255

SIDE = 16
CLASSES = 120
FIRST = "train_data_batch_1"


def _part(file: str, document: Document) -> Part:
    images = document.images("data", SIDE)
    labels = document.labels("labels", len(images), 1, 1000)
    kept = np.flatnonzero(labels <= CLASSES)
    # The files have no names of classes. A copy of what is kept lets go of the nine tenths left.
    names: list[object] = [str(label) for label in range(1, CLASSES + 1)] if file == FIRST else []
    return Part(images[kept], labels[kept] - 1, names)


IMAGENET16_120 = Published(
    format="imagenet16-120",
    title="ImageNet16-120",
    source="Chrabaszcz et al., A Downsampled Variant of ImageNet, 2017; classes 1 to 120",
    files=tuple(f"train_data_batch_{number}" for number in range(1, 11)),
    test_file="val_data",
    # Those that NAS-Bench-201 trains with (Dong and Yang 2020, their `get_datasets`).
    mean=of_255(122.68, 116.66, 104.01),
    std=of_255(63.22, 61.26, 65.09),
    part=_part,
)
