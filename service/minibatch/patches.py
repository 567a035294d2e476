"""The built-in dataset: patches of ten freely licensed photographs and textures.

On NAS-Bench-201 a minibatch of them ranks architectures as CIFAR-10's own images do, so that the
service gives useful scores with nothing downloaded.
"""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO

import numpy as np

from service.minibatch.dataset import Dataset

PATCHES = "patches"
BUILT_IN = "built-in"


@cache
def patches() -> Dataset:
    """260 patches of 32x32 pixels, 26 of each picture; the label is the picture."""
    packed = files("service.minibatch").joinpath("patches.npz").read_bytes()
    arrays = np.load(BytesIO(packed), allow_pickle=False)
    images, labels, classes = arrays["images"], arrays["labels"], arrays["classes"]
    return Dataset(
        name=PATCHES,
        description="260 patches, 32x32, of ten photographs and textures; label = picture",
        source="scikit-image 0.26 example images, crops box-downsampled to 32x32",
        licence=(
            "astronaut, hubble_deep_field, rocket: public domain (NASA, ESA); brick, camera, "
            "chelsea, coffee, grass, gravel, retina: CC0"
        ),
        format=BUILT_IN,
        sha256=sha256(packed).hexdigest(),
        classes=tuple(str(name) for name in classes),
        # Of all 260 patches.
        mean=(0.47182, 0.37444, 0.34622),
        std=(0.26714, 0.21481, 0.21854),
        images=images,
        labels=labels.astype(np.int64),
    )
