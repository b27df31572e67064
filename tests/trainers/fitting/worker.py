"""A process that trains, or one worker of several: `python worker.py '{"specs": [...], "ledgers": ..., ...}'`."""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from analysis.records.ledger import RunLedger
from trainers.data.dataset import load_run_data
from trainers.fit import fit
from trainers.spec import RunSpec
from trainers.training.session import LedgerSession

job = json.loads(sys.argv[1])
torch.set_num_threads(1)
if job["world_size"] > 1:
    dist.init_process_group("gloo", f"file://{job['meet']}", rank=job["rank"], world_size=job["world_size"])
reported = []
for number, resolved in enumerate(job["specs"]):
    spec = RunSpec.model_validate_json(json.dumps(resolved))
    ledger = RunLedger(Path(job["ledgers"]) / str(number))
    session = LedgerSession(
        ledger, {}, torch.device("cpu"), job["rank"], job["world_size"], resume=ledger.newest_checkpoint()
    )
    reported.append([report.metrics for report in fit(spec, load_run_data(spec), session)])
print(json.dumps(reported))
if job["world_size"] > 1:
    dist.destroy_process_group()
