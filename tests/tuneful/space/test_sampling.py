"""What Optuna draws keeps the conditions, can be pickled and read back."""

import pickle

import optuna
import pytest
from optuna.trial import TrialState, create_trial
from ray.tune.search.optuna import OptunaSearch

from tuneful.space.sample import DefineByRun, decode, encode, to_settings

CONDITIONAL = """
search:
  loss.gamma: {uniform: [0.5, 4.0], when: {loss.name: [focal, focal_bce]}}
  loss.name: {choice: [bce, ce, focal, focal_bce]}
  targets.smoothing: {quniform: [0.0, 0.3, 0.1], when: {loss.name: ce, targets.mode: soft}}
  targets.mode: {choice: [soft, hard]}
  training.batch_size: {int: [8, 64], log: true}
  schedule.warmup_steps: {int: [0, 20], step: 10}
  data.split.group_by: {choice: [[author], [author, site]]}
  front_end.win_length: {choice: [null, 400]}
  optimizer.lr:
    - {loguniform: [1.0e-4, 1.0e-3], when: {loss.name: [bce, ce]}}
    - {loguniform: [1.0e-2, 1.0e-1], when: {loss.name: [focal, focal_bce]}}
"""


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def draw(space, number, sampler=None):
    study = optuna.create_study(sampler=sampler or optuna.samplers.RandomSampler(seed=0))
    found = []
    for _ in range(number):
        trial = study.ask()
        DefineByRun(space)(trial)
        found.append(trial.params)
        study.tell(trial, 0.0)
    return found


def test_every_drawn_trial_keeps_the_conditions_and_has_a_spec(load):
    sweep = load(CONDITIONAL)
    for params in draw(sweep.space, 200):
        settings = to_settings(params)
        focal = settings["loss.name"] in ("focal", "focal_bce")
        assert ("loss.gamma" in settings) == focal
        assert ("targets.smoothing" in settings) == (
            settings["loss.name"] == "ce" and settings["targets.mode"] == "soft"
        )
        assert ("optimizer.lr[1]" in params) == focal
        assert ("optimizer.lr[0]" in params) != focal
        assert (settings["optimizer.lr"] >= 0.01) == focal
        assert 8 <= settings["training.batch_size"] <= 64
        assert settings["schedule.warmup_steps"] in (0, 10, 20)
        spec = sweep.spec_for(params, seed=5, **{"data.fold": 2})
        assert spec == sweep.spec_for(settings, seed=5, **{"data.fold": 2})
        assert (spec.seed, spec.data.fold, spec.loss.name) == (5, 2, settings["loss.name"])
        assert spec.data.split.group_by == tuple(settings["data.split.group_by"])


def test_all_values_of_choices_are_drawn(load):
    drawn = [to_settings(params) for params in draw(load(CONDITIONAL).space, 200)]
    assert {settings["loss.name"] for settings in drawn} == {"bce", "ce", "focal", "focal_bce"}
    assert {settings["front_end.win_length"] for settings in drawn} == {None, 400}
    assert {tuple(settings["data.split.group_by"]) for settings in drawn} == {("author",), ("author", "site")}


def test_the_same_seed_draws_the_same_in_another_process_of_the_same_file(load):
    first, second = load(CONDITIONAL), load(CONDITIONAL)
    assert draw(first.space, 20) == draw(second.space, 20)
    assert first.space.order == second.space.order


def test_define_by_run_and_sweep_survive_pickle(load):
    sweep = load(CONDITIONAL)
    copy = pickle.loads(pickle.dumps(DefineByRun(sweep.space)))
    assert draw(copy.space, 10) == draw(sweep.space, 10)
    assert pickle.loads(pickle.dumps(sweep)).resolved() == sweep.resolved()


def test_distributions_are_the_drawn_ones_so_that_a_study_can_be_replayed(load):
    space = load(CONDITIONAL).space
    study, replayed = optuna.create_study(), optuna.create_study()
    for _ in range(20):
        trial = study.ask()
        DefineByRun(space)(trial)
        assert space.distributions(trial.params) == trial.distributions
        copy = create_trial(
            state=TrialState.COMPLETE, value=1.0, params=trial.params, distributions=space.distributions(trial.params)
        )
        replayed.add_trial(copy)
    assert len(replayed.trials) == 20


def test_ray_searches_with_it(load):
    space = load(CONDITIONAL).space
    search = OptunaSearch(space=DefineByRun(space), metric="val/macro_auc", mode="max")
    settings = to_settings(search.suggest("trial-1"))
    assert {"loss.name", "optimizer.lr", "data.split.group_by"} <= settings.keys()
    assert isinstance(settings["data.split.group_by"], list)


@pytest.mark.parametrize("value", ["bce", "", "[x", '"', "{", ["author"], [], {"a": [1]}, None, True, 3, 0.5])
def test_choices_come_back_as_they_went_in(value):
    encoded = encode(value)
    assert encoded is None or isinstance(encoded, str | bool | int | float)
    assert decode(encoded) == value
    assert to_settings({"a.b[3]": encoded, "c": 1}) == {"a.b": value, "c": 1}


@pytest.mark.parametrize(
    ("search", "size"),
    [
        ("loss.name: {choice: [bce, ce]}", 2),
        ("optimizer.lr: {uniform: [0.1, 1]}", None),
        ("optimizer.lr: {quniform: [0.1, 0.5, 0.1]}", 5),
        ("training.batch_size: {int: [8, 64], step: 8}", 8),
        ("{loss.name: {choice: [bce, focal]}, loss.gamma: {choice: [1, 2, 3], when: {loss.name: focal}}}", 4),
        ("{loss.name: {choice: [bce, focal]}, loss.gamma: {uniform: [1, 2], when: {loss.name: focal}}}", None),
        (
            "{training.batch_size: {int: [8, 12]}, targets.mode: {choice: [soft, hard], when: "
            "{training.batch_size: [8, 9]}}, model.dropout: {choice: [0.0, 0.5]}}",
            (2 * 2 + 3) * 2,
        ),
    ],
)
def test_the_size_counts_each_configuration_once(load, search, size):
    sweep = load(f"trials: 1\nsearch:\n  {search}\n")
    assert sweep.space.size() == size


def test_the_counted_size_is_the_number_of_distinct_draws(load):
    sweep = load(
        "trials: 1\nsearch:\n  mixing.name: {choice: [none, mixup]}\n"
        "  mixing.alpha: {choice: [null, 0.2, 1.0], when: {mixing.name: mixup}}\n"
        "  mixing.p: {quniform: [0.25, 1.0, 0.25], when: {mixing.name: mixup}}\n"
        "  targets.mode: {choice: [soft, hard], when: {mixing.name: mixup}}\n"
        "  targets.secondary_weight: {choice: [0.0, 0.4]}\n"
    )
    distinct = {tuple(sorted(to_settings(params).items(), key=str)) for params in draw(sweep.space, 1000)}
    assert sweep.space.size() == len(distinct) == 2 * (1 + 3 * 4 * 2)
