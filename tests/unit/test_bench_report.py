"""The form of all benchmarks: intervals, targets, files, exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from inhouse.bench import registry
from inhouse.bench.report import Report, Table, at_least, at_most, mean, quantile, share
from inhouse.cli import bench as command
from inhouse.lab import readings
from inhouse.lab.datasets import DataMissing, data_folder, dictionary


def test_a_share_has_wilsons_interval() -> None:
    made = share([True] * 8 + [False] * 2)
    assert (made.value, made.n) == (0.8, 10)
    assert (made.low, made.high) == (pytest.approx(0.490, abs=0.001), pytest.approx(0.943, abs=0.001))
    assert share([True] * 10).low < 1
    assert share([]).n == 0


def test_a_mean_over_groups_is_wider_than_over_single_values() -> None:
    values, groups = [1.0] * 50 + [0.0] * 50, [at // 10 for at in range(100)]
    alone, grouped = mean(values), mean(values, groups)
    assert alone.value == grouped.value == 0.5
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_quantile_lies_in_its_interval() -> None:
    made = quantile(list(range(1000)), 0.95)
    assert made.low <= made.value <= made.high
    assert made.value == pytest.approx(949, abs=1)


def made(quick: bool = False, met: bool = True) -> Report:
    tables = [Table("Speed", [{"by": "words", "p95": share([True, False])}, {"by": "[b]x", "n": 3}])]
    return Report(
        "demo", quick, tables, [at_least("recall", 0.9 if met else 0.1, 0.5), at_most("seconds", 1.0, 2.0)]
    )


def test_a_report_is_printed_and_kept(tmp_path: Path) -> None:
    console = Console(record=True, width=120)
    made(quick=True).show(console)
    text = console.export_text()
    assert "quick version" in text
    assert "met" in text
    assert "n=2" in text
    kept = json.loads(made(quick=True).write(tmp_path).read_text(encoding="utf-8"))
    assert (tmp_path / "demo-quick.json").exists()
    assert kept["tables"][0]["rows"][0]["p95"]["n"] == 2
    assert kept["passed"] is True


@pytest.mark.parametrize(("met", "code"), [(True, 0), (False, 1)])
def test_the_command_exits_with_1_where_a_target_is_missed(
    met: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.Benchmark, "load", lambda _: lambda quick, data, say: made(quick, met))
    monkeypatch.setattr(command, "BENCHMARKS", {"demo": registry.Benchmark("A demonstration.", "demo")})
    app = typer.Typer()
    command.register(app)
    ran = CliRunner().invoke(
        app, ["demo", "--data", str(tmp_path), "--results", str(tmp_path / "r"), "--json"]
    )
    assert ran.exit_code == code
    assert (tmp_path / "r" / "demo.json").exists()
    assert CliRunner().invoke(app, ["other", "--data", str(tmp_path)]).exit_code != 0


def test_the_data_is_read(data: Path) -> None:
    english, japanese = (
        [*read(data, "tune"), *read(data, "report")] for read in (readings.xquad, readings.jsquad)
    )
    assert (len(readings.paragraphs(english)), len(english)) == (240, 1190)
    assert len(japanese) == 1746
    assert 950 < len(dictionary(data)) < 1010
    for made_set in (english, japanese):
        right = [any(a in f"{one.article}\n{one.paragraph}" for a in one.answers) for one in made_set]
        assert sum(right) / len(right) > 0.97


def test_absent_data_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="--data"):
        data_folder(tmp_path / "nowhere")


def test_rows_with_columns_of_their_own_are_told_in_words() -> None:
    rows = [{"what": f"row {n}", f"figure {n}": float(n)} for n in range(12)]
    console = Console(width=80, record=True, file=io.StringIO())
    Report("x", False, [Table("wide", rows)]).show(console)
    assert "row 7   figure 7 7.000" in console.export_text()


def test_every_benchmark_is_there() -> None:
    for name, benchmark in registry.BENCHMARKS.items():
        assert callable(benchmark.load()), name
