"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), the versions for Python."""

from service.minibatch.readers.published import Document, Part, Published, of_255

SIDE = 32
SOURCE = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"


def _cifar10(file: str, document: Document) -> Part:
    if file == "batches.meta":
        return Part(classes=document.names("label_names", 10))
    images = document.images("data", SIDE)
    return Part(images, document.labels("labels", len(images), 0, 9))


def _cifar100(file: str, document: Document) -> Part:
    if file == "meta":
        return Part(classes=document.names("fine_label_names", 100))
    images = document.images("data", SIDE)
    return Part(images, document.labels("fine_labels", len(images), 0, 99))


# The constants are those that NAS-Bench-201 trains with (Dong and Yang 2020, their `get_datasets`).
CIFAR_10 = Published(
    format="cifar-10",
    title="CIFAR-10",
    source=SOURCE,
    files=(*(f"data_batch_{number}" for number in range(1, 6)), "batches.meta"),
    test_file="test_batch",
    mean=of_255(125.3, 123.0, 113.9),
    std=of_255(63.0, 62.1, 66.7),
    part=_cifar10,
)
CIFAR_100 = Published(
    format="cifar-100",
    title="CIFAR-100",
    source=SOURCE,
    files=("train", "meta"),
    test_file="test",
    mean=of_255(129.3, 124.1, 112.4),
    std=of_255(68.2, 65.4, 70.4),
    part=_cifar100,
)
