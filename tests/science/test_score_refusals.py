"""What `score` refuses, each with the part that is the reason."""

import warnings
from collections.abc import Callable
from threading import Thread

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, prune

from service.proxies import score

from .menagerie import born, minibatch


class Returns(nn.Module):
    def __init__(self, of: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.linear, self.of = nn.Linear(3, 5).double(), of

    def forward(self, x: Tensor) -> object:
        return self.of(self.linear(x.mean((2, 3))))


def _evaluated_part() -> nn.Module:
    member = born("Biases")
    member.body[1].eval()
    return member


def _parallel_part() -> nn.Module:
    member = born("Biases")
    member.body = nn.DataParallel(member.body)
    return member


def _pruned() -> nn.Module:
    member = born("Biases")
    prune.random_unstructured(member.body[3], "weight", 0.5)
    return member


def _normalised() -> nn.Module:
    member = born("Biases")
    parametrizations.weight_norm(member.head)
    return member


def _inferred() -> nn.Module:
    with torch.inference_mode():
        return nn.Linear(3, 5).double()


def _script() -> nn.Module:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return torch.jit.script(nn.Linear(3, 5))


def halved(x: Tensor) -> Tensor:
    return torch.relu(x) / 2


def _script_inside() -> nn.Module:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Returns(torch.jit.script(halved))


def _trace_inside() -> nn.Module:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Returns(torch.jit.trace(halved, torch.ones(1)))


def _hidden_module() -> nn.Module:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        script = torch.jit.script(nn.ReLU())
    return Returns(lambda x: script(x))


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "eval mode": (lambda: born("Biases").eval(), r"the network \(Biases\) is in eval mode"),
    "a part in eval mode": (_evaluated_part, r"body.1 \(BatchNorm2d\) is in eval mode"),
    "a parallel part": (_parallel_part, r"body \(DataParallel\) wraps a part"),
    "a script": (_script, r"the network \(RecursiveScriptModule\) is a script"),
    "a scripted function": (_script_inside, "halved is a script that the network calls"),
    "a traced function": (_trace_inside, "halved is a script that the network calls"),
    "a script out of sight": (_hidden_module, "forward is a script that the network calls"),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(4, 3)), "0.weight has no shape yet"),
    "lazy buffers": (lambda: nn.LazyBatchNorm2d(affine=False), "running_mean has no shape yet"),
    "meta": (lambda: nn.Conv2d(3, 4, 3, device="meta"), "weight is on the meta device"),
    "inference": (_inferred, "weight was made in inference mode"),
    "complex": (lambda: nn.Linear(3, 5, dtype=torch.complex128), "weight is complex"),
    "float32": (lambda: born("Biases").float(), "images are torch.float64, parameters torch.fl"),
    "pruned": (_pruned, "body.3.weight is computed from other tensors"),
    "parametrised": (_normalised, "head.weight is computed from other tensors"),
    "a tuple": (lambda: Returns(lambda y: (y, y)), r"returns tuple, not one tensor of logits"),
    "a dictionary": (lambda: Returns(lambda y: {"logits": y}), "returns dict, not one tensor"),
    "maps": (lambda: Returns(lambda y: y[..., None]), r"float64 \(16, 5, 1\), not logits \(16, c"),
    "numbers": (lambda: Returns(lambda y: y[:, 0]), r"float64 \(16,\), not logits \(16, classes\)"),
    "classes": (lambda: Returns(lambda y: y.argmax(1, True)), r"int64 \(16, 1\), not logits"),
    "few images": (lambda: Returns(lambda y: y[:8]), r"float64 \(8, 5\), not logits \(16, clas"),
    "few classes": (lambda: Returns(lambda y: y[:, :4]), "labels from 0 to 4 do not fit logits of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_networks_without_scores_are_refused(name: str) -> None:
    network, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        score(network(), *minibatch(born("Biases")))


def test_minibatches_without_scores_are_refused() -> None:
    member = born("Biases")
    images, labels = minibatch(member)
    with pytest.raises(ValueError, match="no such proxies: snap, snop"):
        score(member, images, labels, ["snap", "snip", "snop"])
    with pytest.raises(ValueError, match=r"of a bench's cells alone, .*: structural_pools"):
        score(member, images, labels, ["snip", "structural_pools"])
    with pytest.raises(ValueError, match="at least 16 images, not 15"):
        score(member, images[:15], labels[:15], ["params"])
    with pytest.raises(ValueError, match=r"16 images want as many labels, not \(15,\)"):
        score(member, images, labels[1:])
    with pytest.raises(ValueError, match=r"16 images want as many labels, not \(16, 5\)"):
        score(member, images, F.one_hot(labels))
    with pytest.raises(ValueError, match=r"labels are whole numbers, not torch.float64"):
        score(member, images, labels.double())
    with pytest.raises(ValueError, match="labels from -100 to 4 do not fit logits of 5 classes"):
        score(member, images, torch.where(labels == 0, -100, labels))
    with pytest.raises(ValueError, match=r"floating point .*, not torch.uint8 \(16, 3, 8, 8\)"):
        score(member, images.to(torch.uint8), labels)
    with pytest.raises(ValueError, match=r"floating point .*, not torch.float64 \(3072,\)"):
        score(member, images.flatten(), labels)
    with pytest.raises(TypeError, match="torch tensors"):
        score(member, images.numpy(), labels)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a torch.nn.Module, not method"):
        score(member.forward, images, labels)  # type: ignore[arg-type]


def test_labels_may_be_of_any_integer_type() -> None:
    member = born("Biases")
    images, labels = minibatch(member)
    assert score(member, images, labels.to(torch.uint8)) == score(member, images, labels)


def test_scripts_run_elsewhere_meanwhile_and_afterwards() -> None:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        script = torch.jit.script(halved)
    member = born("Biases")
    found = []

    def elsewhere(x: Tensor) -> Tensor:
        thread = Thread(target=lambda: found.append(script(torch.ones(1))))
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="halved is a script"):
            script(x)
        # Another score within this one, as it could be in another thread.
        if len(found) == 1:
            score(member, *minibatch(member), ["snip"])
            with pytest.raises(ValueError, match="halved is a script"):
                script(x)
        return x

    call = torch._C.ScriptFunction.__call__
    network = Returns(elsewhere)
    score(network, *minibatch(member), ["snip"])
    assert found == [0.5] * len(found)
    assert script(torch.ones(1)) == 0.5
    assert torch._C.ScriptFunction.__call__ is call
