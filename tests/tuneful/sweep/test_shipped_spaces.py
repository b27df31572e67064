"""Every file of search_spaces/ that needs no dataset of its own, small, from the command to the page."""

import pytest

from analysis.records.sweep import SEARCH, SweepFolder

pytestmark = pytest.mark.ray

CHORUS = {
    "augment": ("training.epochs=3",),
    "backbone": ("training.epochs=2",),
    "batch_lr": ("$epochs=1",),
    "encoder": ("training.epochs=2", "model.checkpoint={encoder}"),
    "everything": ("training.epochs=6",),
    "loss": ("training.epochs=2",),
    "mel": ("training.epochs=2",),
    "mix2": ("$epochs=10",),
    "mixing": ("training.epochs=3",),
    "mixup": ("training.epochs=3",),
    "sampling": ("training.epochs=3",),
    "views": ("training.epochs=2",),
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The folder of a tiny encoder with random weights, of the kind that the file names."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("encoder")
    layers = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    convolutions = {"conv_dim": (8, 8), "conv_stride": (20, 16), "conv_kernel": (20, 16), "num_feat_extract_layers": 2}
    positions = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
    model = transformers.HubertModel(transformers.HubertConfig(**layers, **convolutions, **positions))
    model.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", CHORUS)
def test_a_shipped_sweep_runs_on_chorus_to_its_page(run_in, tmp_path, request, name):
    settings = [
        text.format(encoder=request.getfixturevalue("encoder")) if "{" in text else text for text in CHORUS[name]
    ]
    small = tmp_path / f"{name}-small.yaml"
    small.write_text(f"extends: {name}\nconfirm: {{top: 1, folds: [0], repeats: 1, splits: [], race: null}}\n")
    sets = [part for setting in settings for part in ("--set", setting)]
    allow = ("--allow", "TF008", "--allow", "TF010")
    done = run_in(
        tmp_path, "sweep", str(small), "--data", "chorus-small", "--trials", "3", *sets, "--no-dashboard", *allow
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ends = [end for _, end in SweepFolder(tmp_path / "results" / "sweeps" / small.stem).trials(SEARCH)]
    assert len(ends) == 3
    assert {end.state for end in ends if end is not None} <= {"complete", "pruned"}
    assert "What each parameter did" in (tmp_path / "results" / "reports" / f"{small.stem}.html").read_text()


def test_every_file_that_needs_no_dataset_is_tried(request):
    on_datasets = {"encoder_icbhi", "loss_birdclef", "views_freesound"}
    assert {path.stem for path in (request.config.rootpath / "search_spaces").glob("*.yaml")} == {*CHORUS, *on_datasets}
