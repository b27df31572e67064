"""A stand-in for a W&B server on loopback: keeps every request, and the runs as a server would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OURS = {"id": "p", "name": "birds", "entity": {"id": "e", "name": "me"}}


@dataclass
class Kept:
    """What was sent to the server."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    """address, headers but the key's, and body"""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """run id -> name, host, config, history, summary"""
    files: dict[str, bytes] = field(default_factory=dict)
    """what was put into the storage, by its address there"""

    def answer(self, query: str, values: dict[str, Any]) -> dict[str, Any]:
        """Of GraphQL, as far as wandb 0.31 asks when it uploads a run."""
        operation = query.split("(")[0].split("{")[0].split()[-1]
        return dict(getattr(self, f"_{operation}")(values))

    def stream(self, run: str, files: dict[str, Any]) -> None:
        """Lines of a run's history and summary, each from an offset on."""
        if history := files.get("wandb-history.jsonl"):
            self.runs[run]["history"][history["offset"] :] = map(json.loads, history["content"])
        if summary := files.get("wandb-summary.json"):
            self.runs[run]["summary"].update(json.loads(summary["content"][-1]))

    def _RunResumeStatus(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        run = self.runs.get(values["name"])
        return {"model": {**OURS, "bucket": run and self._bucket(values["name"])}}

    def _UpsertBucket(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        new = values["name"] not in self.runs
        run = self.runs.setdefault(values["name"], {"config": {}, "history": [], "summary": {}})
        run |= {key: values[key] for key in ("displayName", "groupName", "host") if values[key] is not None}
        run["config"] |= json.loads(values["config"] or "{}")
        return {"upsertBucket": {"bucket": {**self._bucket(values["name"]), "project": OURS}, "inserted": new}}

    def _bucket(self, name: str) -> dict[str, Any]:
        run = self.runs[name]
        return {
            "id": name,
            "name": name,
            "displayName": run.get("displayName"),
            "description": "",
            "sweepName": None,
            "summaryMetrics": json.dumps(run["summary"]),
            "config": json.dumps(run["config"]),
            "wandbConfig": "{}",
            "historyLineCount": len(run["history"]),
            "historyTail": json.dumps([json.dumps(row) for row in run["history"][-1:]]),
            "logLineCount": 0,
            "eventsLineCount": 0,
            "eventsTail": "[]",
            "tags": [],
            "notes": "",
        }

    def _Viewer(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"viewer": {"id": "u", "username": "me", "entity": "me", "flags": "{}", "teams": {"edges": []}}}

    def _ArtifactType(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"artifact": None}}

    def _ServerFeaturesQuery(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"serverInfo": {"features": []}}

    def _CreateRunFiles(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        files = [self._upload(f"{values['run']}/{name}", name) for name in values["files"]]
        return {"createRunFiles": {"runID": values["run"], "uploadHeaders": [], "files": files}}

    def _CreateArtifact(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = values["input"]["artifactCollectionName"]
        return {"createArtifact": {"artifact": {"id": name, "state": "PENDING", "artifactSequence": {}}}}

    def _CreateArtifactManifest(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        file = self._upload(f"{values['artifactID']}/manifest", values["name"])
        return {"createArtifactManifest": {"artifactManifest": {"id": values["artifactID"], "file": file}}}

    def _CreateArtifactFiles(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        asked = values["input"]["artifactFiles"]
        nodes = [
            {**self._upload(f"{one['artifactID']}/{one['name']}", one["name"]), "artifact": {"id": one["artifactID"]}}
            for one in asked
        ]
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _CommitArtifact(self, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"commitArtifact": {"artifact": {"id": values["artifactID"], "digest": ""}}}

    def _upload(self, path: str, name: str) -> dict[str, Any]:
        where = {"uploadUrl": f"{self.url}/storage/{path}", "uploadHeaders": []}
        return {"id": name, "name": name, "displayName": name, "storagePath": name, **where}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are none."""


@contextmanager
def wandb_server() -> Iterator[Kept]:
    """A server for the time of the context."""
    kept = Kept()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._body()
            if self.path == "/graphql":
                query = json.loads(body)
                self._say({"data": kept.answer(query["query"], query.get("variables") or {})})
                return
            if self.path.endswith("/file_stream"):
                kept.stream(self.path.split("/")[-2], json.loads(body).get("files") or {})
            self._say({})

        def do_PUT(self) -> None:
            kept.files[self.path.removeprefix("/storage/")] = self._body()
            self._say({})

        def do_HEAD(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

        def _body(self) -> bytes:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name != "Authorization"}
            kept.requests.append(f"{self.path} {headers} {body.decode(errors='replace')}")
            return body

        def _say(self, what: dict[str, Any]) -> None:
            body = json.dumps(what).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with _Server(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
