"""The probes, and how they are run: each by itself, so that one that fails is a line and no crash."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from tuneful.doctor.audio import audio_formats
from tuneful.doctor.datasets import datasets
from tuneful.doctor.disk import folders, store
from tuneful.doctor.finding import Finding, Place, problem
from tuneful.doctor.keys import wandb_key
from tuneful.doctor.machine import cpus, memory
from tuneful.doctor.ray_start import cluster_starts, ray_can_start
from tuneful.doctor.sweeps import sweeps
from tuneful.doctor.torch_import import torch_and_devices
from tuneful.doctor.versions import optional_packages, python_and_packages

Probe = Callable[[Place], Iterable[Finding]]

PROBES: dict[str, Probe] = {
    "versions": python_and_packages,
    "extras": optional_packages,
    "torch": torch_and_devices,
    "audio": audio_formats,
    "cpus": cpus,
    "memory": memory,
    "ray": ray_can_start,
    "disk": folders,
    "store": store,
    "datasets": datasets,
    "results": sweeps,
    "logging": wandb_key,
}
"""name -> what it finds"""
CLUSTER = "cluster"


def examine(place: Place, start_ray: bool = False) -> dict[str, list[Finding]]:
    """Run all probes, at once: one of them waits for torch to be imported.

    Args:
        place: where to look.
        start_ray: start a cluster as well; last and in this thread, since Ray changes the process it starts in.

    Returns:
        Findings by probe, in the order of PROBES.
    """
    with ThreadPoolExecutor(len(PROBES)) as pool:
        jobs = {name: pool.submit(isolated, probe, place) for name, probe in PROBES.items()}
    found = {name: job.result() for name, job in jobs.items()}
    return found | ({CLUSTER: isolated(cluster_starts, place)} if start_ray else {})


def isolated(probe: Probe, place: Place) -> list[Finding]:
    """What a probe finds; what it raises is a finding, too."""
    found: list[Finding] = []
    try:
        for one in probe(place):
            found.append(one)  # noqa: PERF402  # what was found before an error counts
    except Exception as error:  # a probe is there to meet what nobody expected
        text = f"the probe itself failed: {type(error).__name__}: {error}"
        found.append(problem("probe", text, "mend what it names; where it names nothing, tell us"))
    return found
