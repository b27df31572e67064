"""What the numbers are called that `proxies` adds to a run, and which way they are better."""

from analysis.metrics.registry import METRICS

LOWER_IS_BETTER = ("embeddings/frechet_distance", "embeddings/mmd", "embeddings/adversarial_auc")
"""Closer to the target is better."""

OF_SCENES = ("rerender", "robustness")
"""Proxies that report every registered metric, of what they render."""

REPORTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(OF_SCENES, tuple(METRICS)),
    "unlabelled": ("confidence", "negative_entropy", "atc", "doc", "nuclear_norm", "neighbour_agreement"),
    "augmented": ("rank_agreement", "top1_agreement"),
    "embeddings": ("frechet_distance", "mmd", "adversarial_auc", "weighted_macro_auc", "chosen_macro_auc"),
}
"""Proxy -> what it reports, each after the proxy's label: `rerender/macro_auc`, `robustness/macro_auc@snr=10`."""


def proxy_direction(name: str) -> str:
    """`max` or `min` for `rerender/macro_auc`, `robustness/map@snr=10`, `embeddings/mmd`.

    A registered metric of scenes has its own direction; agreements and confidences are better when higher.
    """
    metric = name.rpartition("/")[2].partition("@")[0]
    if metric in METRICS:
        return METRICS[metric].direction
    return "min" if name in LOWER_IS_BETTER else "max"
