"""`python -m benchmarks --device gpu` at its smallest, where there is no GPU."""

import json
import pathlib
import time

import keras
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.gpu import runner
from benchmarks.gpu import table

BACKEND = keras.backend.backend()
ROOT = pathlib.Path(__file__).parents[1]
measured = pytest.mark.skipif(BACKEND == "tensorflow", reason="JAX and PyTorch alone")
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def rows_of(module, monkeypatch, capfd):
    """What a module hands over, of one layer and without `torch.compile`."""
    from benchmarks.gpu import calls
    from benchmarks.gpu.part import Part

    layers = {"CutMix": calls.LAYERS["CutMix"]}
    first = dict(list(calls.MODES.items())[:1])
    monkeypatch.setattr(calls, "LAYERS", layers)
    monkeypatch.setattr(calls, "MODES", first)
    if hasattr(module, "LAYERS"):
        monkeypatch.setattr(module, "LAYERS", layers)
    capfd.readouterr()
    module.measure(Part(quick=True, on_cpu=True, until=float("inf")))
    printed = capfd.readouterr()
    lines = [line for line in printed.out.splitlines() if line.startswith("{")]
    rows = [json.loads(line) for line in lines]
    assert not [row for row in rows if "failed" in row], printed.err
    return rows


@measured
def test_layers_are_measured_in_bytes_of_one_pass(monkeypatch, capfd):
    from benchmarks.gpu import bandwidth

    monkeypatch.setattr(bandwidth, "DTYPES", {"bfloat16": 2})
    copy, layer = rows_of(bandwidth, monkeypatch, capfd)
    assert copy["name"].startswith("copy of 8 × 32 × 32 × 3 bfloat16")
    assert layer["name"].startswith("CutMix of 8 × 32 × 32 × 3 bfloat16")
    # 8 · 32 · 32 · 3 numbers of two bytes, read and written.
    assert layer["detail"].startswith("2 × 0.0492 MB in ")
    assert layer["detail"].endswith("of the copy's")
    assert layer["unit"] == " GB/s"
    assert 0 < layer["low"] <= layer["median"] <= layer["high"]


@measured
def test_kernels_and_reads_are_counted(monkeypatch, capfd):
    from benchmarks.gpu import launches

    rows = {row["name"]: row for row in rows_of(launches, monkeypatch, capfd)}
    mode = "jitted" if BACKEND == "jax" else "eager"
    layer = f"a call of CutMix, {mode}"
    step, none = "a training step with CutMix", "a training step with none"
    if BACKEND == "jax":
        assert rows[f"reads by the host in {layer}"]["median"] == 0
        kernels = [
            rows[f"kernels in the program of {name}"]["median"]
            for name in (layer, none, step)
        ]
        assert min(kernels) > 0
        assert kernels[1] < kernels[2]
    else:
        reads = {name: row["median"] for name, row in rows.items() if "n" in row}
        assert reads[f"reads by the host in {layer}"] == 0
        without = reads[f"reads by the host in {none}"]
        assert reads[f"reads by the host in {step}"] == without
        assert "CPU" in rows[f"launches, copies and waits in {layer}"]["skipped"]


@measured
def test_steps_are_timed_with_a_layer_and_without(monkeypatch, capfd):
    from benchmarks.gpu import steps

    ratio, difference = rows_of(steps, monkeypatch, capfd)
    assert ratio["name"].endswith("auto, CutMix over none")
    assert difference["name"].endswith("auto, CutMix less none")
    assert ratio["median"] > 0
    assert difference["unit"] == " ms"


@on_torch
def test_a_run_writes_what_it_prints(monkeypatch, capsys, tmp_path):
    file = tmp_path / "gpu.json"
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(runner, "PARTS", {"sampler": ("torch",)})
    command = ["benchmarks", "--device", "gpu", "--quick", "--json", str(file)]
    monkeypatch.setattr("sys.argv", command)
    assert not benchmarks.main()
    content = json.loads(file.read_text("utf-8"))
    assert content["devices"]["torch"]["kind"] == "cpu"
    assert [row["backend"] for row in content["rows"]] == ["torch", "torch"]
    assert all(row["n"] == 3 for row in content["rows"])
    printed = capsys.readouterr().out
    assert printed.strip() == table.text(content)
    assert "The device is a CPU" in printed
    assert "| 1024 draws of Beta(0.2, 0.2), over torch.distributions.Beta |" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["gpu.json"]


def test_parts_behind_the_budget_are_skipped_and_say_so(monkeypatch, capsys, tmp_path):
    file = tmp_path / "gpu.json"
    monkeypatch.setattr(runner, "BUDGET", 0)
    monkeypatch.setattr(runner, "PARTS", {"steps": (BACKEND,)})
    assert not runner.main(["steps"], True, file)
    (row,) = json.loads(file.read_text("utf-8"))["rows"]
    assert row["skipped"] == runner.OUT_OF_TIME
    assert f"({runner.OUT_OF_TIME})" in capsys.readouterr().out


def test_a_part_that_goes_on_is_ended(monkeypatch):
    monkeypatch.chdir(ROOT)
    start = time.time()
    rows = list(runner.measure("steps", BACKEND, True, start, start))
    assert [row["skipped"] for row in rows] == [f"ended, as {runner.OUT_OF_TIME}"]
    assert time.time() - start < 30


@measured
def test_what_one_measurement_raises_the_next_need_not_miss(capfd):
    from benchmarks.gpu.part import Part

    part = Part(quick=True, on_cpu=True, until=float("inf"))
    assert part.attempt("a ratio", int, "seven") is None
    assert part.attempt("a number", int, "7") == 7
    assert Part(True, True, until=0).attempt("late", int, "7") is None
    failed, late = map(json.loads, capfd.readouterr().out.splitlines())
    assert failed["name"] == "a ratio"
    assert failed["failed"].startswith("ValueError: invalid literal")
    assert late == {"name": "late", "skipped": "out of time"}


@pytest.mark.skipif(BACKEND != "jax", reason="reads programs of JAX")
def test_kernels_of_a_program_are_counted_in_what_it_calls():
    from benchmarks.gpu.programs import kernels

    text = """HloModule jit_step, is_scheduled=true

%fused (p.1: f32[8]) -> f32[8] {
  %p.1 = f32[8]{0} parameter(0)
  ROOT %add = f32[8]{0} add(%p.1, %p.1)
}

%command_buffer (p.2: f32[8]) -> (f32[8], u32[2]) {
  %p.2 = f32[8]{0} parameter(0)
  %one = f32[8]{0} fusion(%p.2), kind=kLoop, calls=%fused
  %two = (f32[8]{0}, /*index=1*/u32[2]{0}) custom-call(%one)
  ROOT %both = (f32[8]{0}, u32[2]{0}) tuple(%two)
}

ENTRY %main.9 (x: f32[8]) -> f32[8] {
  %x = f32[8]{0} parameter(0)
  %all = (f32[8]{0}, u32[2]{0}) call(%x), to_apply=%command_buffer
  %part = f32[8]{0} get-tuple-element(%all), index=0
  ROOT %copied = f32[8]{0} copy(%part)
}
"""
    assert kernels(text) == {"fusion": 1, "custom-call": 1, "copy": 1}
