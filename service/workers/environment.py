"""What must be set before torch is imported, and right after."""

import os


def prepare() -> None:
    """Makes the OpenMP threads of this process polite; call it before anything imports torch.

    A spinning OpenMP thread beside one busy foreign process slows a network down five times.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Without a fixed workspace cuBLAS is not deterministic, and torch refuses to use it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def make_deterministic() -> None:
    """One thread, deterministic kernels, no TF32: the same network gives the same bits."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
