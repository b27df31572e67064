"""`ray.json`: where the dashboard and the metrics of a running sweep's cluster are. Readable by the user only."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuneful.sweep.clusters.cluster import Cluster

FILE = "ray.json"


@dataclass(frozen=True)
class RayWhere:
    """Addresses on the host where the sweep runs, on loopback."""

    dashboard: str | None
    """None where it is off"""
    token_file: str
    metrics: str | None
    """where Prometheus reads"""
    prometheus: str | None
    """Ray's configuration file for Prometheus"""


@contextlib.contextmanager
def told_where(folder: Path, cluster: Cluster) -> Iterator[None]:
    """Keep the addresses of a cluster in the folder of its sweep for the time of the context."""
    path = folder / FILE
    try:
        with contextlib.suppress(OSError):
            _write(path, _where(cluster))
        yield
    finally:
        path.unlink(missing_ok=True)


def read_where(folder: Path) -> RayWhere | None:
    """The addresses of the cluster that a running sweep has started, or None."""
    try:
        return RayWhere(**json.loads((folder / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def session_folder(cluster: Cluster) -> Path:
    """Where Ray keeps its own files while the cluster runs; of a cluster that was joined there is none here."""
    return cluster.folder / "ray" / "session_latest"


def _where(cluster: Cluster) -> RayWhere:
    import ray

    here = ray.util.get_node_ip_address()
    ports = [node["MetricsExportPort"] for node in ray.nodes() if node["Alive"] and node["NodeManagerAddress"] == here]
    metrics = f"http://{here}:{ports[0]}/metrics" if ports else None
    config = session_folder(cluster) / "metrics" / "prometheus" / "prometheus.yml"
    return RayWhere(cluster.dashboard, str(cluster.token_file), metrics, str(config) if config.exists() else None)


def _write(path: Path, where: RayWhere) -> None:
    temporary = path.with_name(f".{FILE}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(dataclasses.asdict(where), file)
    temporary.replace(path)
