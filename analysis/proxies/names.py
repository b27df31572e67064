"""Which way the numbers are better that `proxies` adds to a run."""

from analysis.metrics.registry import METRICS

LOWER_IS_BETTER = ("embeddings/frechet_distance", "embeddings/mmd", "embeddings/adversarial_auc")
"""Closer to the target is better."""


def proxy_direction(name: str) -> str:
    """`max` or `min` for `rerender/macro_auc`, `robustness/map@snr=10`, `embeddings/mmd`.

    A registered metric of scenes has its own direction; agreements and confidences are better when higher.
    """
    metric = name.rpartition("/")[2].partition("@")[0]
    if metric in METRICS:
        return METRICS[metric].direction
    return "min" if name in LOWER_IS_BETTER else "max"
