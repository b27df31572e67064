"""How busy GPUs are is told where they can be asked, and is never why something fails."""

import os

import pytest

from tuneful.live.gpus import GpuUse, gpu_use


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """`smi("echo 1")`: an nvidia-smi that is this shell script."""

    def make(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return make


def test_every_gpu_is_told(smi):
    smi('printf "0, 87, 12345, 81559\\n1, 0, 3, 81559\\n"')
    assert gpu_use() == (GpuUse(0, 87, 12345, 81559), GpuUse(1, 0, 3, 81559))


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", "echo '0, [N/A], 5, 6'", "kill -9 $$"])
def test_a_card_that_does_not_tell_is_left_out(smi, script):
    smi(script)
    assert gpu_use() == ()


def test_one_that_hangs_is_not_waited_for(smi, monkeypatch):
    monkeypatch.setattr("tuneful.live.gpus.PATIENCE_S", 0.2)
    smi("exec sleep 30")
    assert gpu_use() == ()


def test_without_nvidia_smi_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_use() == ()
