"""What the formulas read: sums by layer and N×N matrices, never whole activations."""

from dataclasses import dataclass, field

from torch import Tensor

PASSES = frozenset(
    {
        "weights",
        "loss",
        "fisher",
        "curvature",
        "jacobian",
        "patterns",
        "columns",
        "halves",
        "synflow",
        "blocks",
        "perturbation",
        "flops",
        "dependence",
    }
)
"""The names of what can be measured, as the catalogue's `passes` spell them. The last two are for
networks without a graph, whose arithmetic says as much: `flops`, and what depends on the images."""


@dataclass(frozen=True)
class Measurements:
    """One network on one minibatch of N images; None is what was not asked for.

    Tuples hold one float64 sum for each convolution and linear layer, in the network's order.
    w is a layer's weights without its bias, L the mean cross-entropy, g = ∂L/∂w, H the Hessian of
    L in all such weights. A layer that the output does not depend on contributes 0. Matrices are on
    the CPU, whatever the network's device.
    """

    parameters: int | None = None
    """Trainable parameters."""
    flops: int | None = None
    """Multiply-adds of one image in convolutions and linear layers. `flops`: those of the minibatch
    by its images."""
    depends_on_images: bool | None = None
    """`dependence`: whether gradients of the logits reach the images."""

    weight_norms: tuple[float, ...] | None = None
    """`weights`: ‖w‖₂."""

    gradient_norms: tuple[float, ...] | None = None
    """`loss`: ‖g‖₂."""
    saliencies: tuple[float, ...] | None = None
    """`loss`: Σ w⊙g."""
    absolute_saliencies: tuple[float, ...] | None = None
    """`loss`: Σ |w⊙g|."""

    channel_saliencies: tuple[float, ...] | None = None
    """`fisher`: Σ_c ½ mean_n (Σ_hw a⊙∂L/∂a)², a the layer's output (N, C, ...), or (N, ..., C) of a
    linear one. The sum of those of each time that a layer runs; more than one a layer where it runs
    with filters of several sizes."""
    filter_sizes: tuple[int, ...] | None = None
    """`fisher`: how many weights make one channel of the output."""

    curvatures: tuple[float, ...] | None = None
    """`curvature`: ⟨g, Hw⟩. Summed over all layers that is ⟨w, Hg⟩, for H is symmetric."""

    jacobian_gram: Tensor | None = None
    """`jacobian`: J Jᵀ, (N, N) float64, row n of J being ∂(Σ_k f_k(x_n))/∂x_n, flattened and less
    its mean. A row that is constant up to rounding is exactly 0; with `dependence`, so is one that
    is nothing but rounding."""
    labels: Tensor | None = None
    """`jacobian`: the class of each image, (N,) int64: its row's in J."""

    agreements: Tensor | None = None
    """`patterns`: on how many ReLUs two images agree, (N, N) float64 whole numbers."""

    distinct_columns: int | None = None
    """`columns`: how many of all ReLUs' columns differ, a column being the N images' signs of one
    unit; 0 without a ReLU."""

    inverse_variations: tuple[float, ...] | None = None
    """`halves`: Σ_p mean_i |g_ip| / std_i(g_ip) over the weights p with std > 0, g_1 and g_2 the
    gradients of the two halves of the minibatch, each on its own."""

    synaptic_flows: tuple[float, ...] | None = None
    """`synflow`: Σ |w⊙∂R/∂w| of the network with absolute parameters and without batch norm, R the
    sum of its outputs for one image of ones."""

    block_variances: tuple[tuple[float, ...], ...] | None = None
    """`blocks`: by block the eigenvalues, ascending, of the covariance (C, C) of its output's
    channels over images and space; of Kaiming's weights on Gaussian images."""
    block_gains: tuple[float | None, ...] | None = None
    """`blocks`: by block after the first ‖mean g_in g_outᵀ‖₂ over images and space, for random ±1
    g_out at its output and the gradient g_in at its input. None of one that is the identity."""

    feature_distance: float | None = None
    """`perturbation`: mean_n Σ |z(x) - z(x + 0.01 x′)|, z the features before global pooling, of
    standard normal weights and images x and x′."""
    norm_variances: tuple[float, ...] | None = None
    """`perturbation`: by batch norm the mean over channels of the variance over images and space of
    what it reads, of x."""

    unmeasured: dict[str, str] = field(default_factory=dict)
    """By pass that the network does not allow: why."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock time of each pass: `forward` and those of `PASSES` that ran one of their own."""
