"""What else is computed of a checkpoint that may be the one that stays: it costs too much for every epoch."""

from dataclasses import dataclass, field

import numpy as np

from analysis.records.predictions import Predictions
from trainers.data.dataset import ClipSet
from trainers.proxies.compute import Network, Subject, compute
from trainers.training.evaluate import Evaluator, as_predictions, embed, predict
from trainers.training.learner import Learner

TEST = "test_fold"
"""What the third part is called among stored predictions; `test` may be an unlabelled subset of the catalogue."""


@dataclass
class OfKept:
    """Predictions to be stored with the checkpoint, and metrics to be reported with its epoch."""

    parts: list[Predictions] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


def of_kept(learner: Learner, evaluator: Evaluator, val_logits: np.ndarray) -> OfKept:
    """The logits of unlabelled subsets, the scores of the third part of the split, the proxies asked for.

    Args:
        learner: after the epoch.
        evaluator: of the run.
        val_logits: (windows, classes) of validation.

    Raises:
        DataError: a proxy's target isn't there.
    """
    spec, data, found = learner.spec, learner.data, OfKept()

    def logits_of(clips: ClipSet) -> np.ndarray:
        return predict(learner.evaluated, spec, clips, learner.session)

    unlabelled = {name: logits_of(clips) for name, clips in data.unlabelled.items()}
    found.parts += [as_predictions(name, spec, data.unlabelled[name], logits) for name, logits in unlabelled.items()]
    if data.test is not None:
        logits = logits_of(data.test)
        found.parts.append(as_predictions(TEST, spec, data.test, logits, labelled=True))
        found.metrics |= evaluator.test_metrics(logits)
    network = Network(logits_of, lambda clips: embed(learner.evaluated, spec, clips, learner.session.device))
    subject = Subject(spec, data, network, val_logits, unlabelled)
    for scored in (compute(proxy, subject) for proxy in spec.proxies):
        found.parts += scored.parts
        found.metrics |= scored.metrics
    return found
