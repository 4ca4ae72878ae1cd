import json

import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.protocol.targets import TARGETS


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["protocol", *map(str, words)])


def test_list_names_the_templates(run):
    done = run("list", "--json")
    names = {one["name"] for one in json.loads(done.stdout)}
    assert names == {
        "station_point_observation", "ad_face_audit", "focal_follow", "dwell_and_queue", "intercept_interview",
        "post_task_interview", "observer_training",
    }  # fmt: skip
    assert "focal_follow" in run("list").stdout


def test_check_tells_every_mistake_on_a_line_of_its_own(run, tmp_path):
    file = tmp_path / "mine.yaml"
    assert run("copy", "ad_face_audit", "--out", file).exit_code == 0
    assert run("check", file).exit_code == 0
    text = file.read_text(encoding="utf-8")
    broken = text.replace("choices: mounting", "choices: mountin").replace("kind: per_ad", "kind: perad")
    file.write_text(broken, encoding="utf-8")
    done = run("check", file)
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{file}: line ")]
    assert len(lines) == 3
    assert "choices.mounting: no item uses this list" in lines[0]
    assert "did you mean per_ad?" in lines[1]
    assert "did you mean mounting?" in lines[2]
    told = json.loads(run("check", file, "--json").stdout)
    assert [one["line"] for one in told["mistakes"]] == sorted(one["line"] for one in told["mistakes"])


def test_copy_never_overwrites(run, tmp_path):
    (tmp_path / "mine.yaml").write_text("mine")
    assert run("copy", "ad_face_audit", "--out", tmp_path / "mine.yaml").exit_code == 1
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_export_prints_what_is_not_held(run, tmp_path):
    out = tmp_path / "p.boris"
    done = run(
        "export", "focal_follow", "--to", "boris", "--out", out, "--placement", "A1", "--language", "vi"
    )
    assert done.exit_code == 0, done.output
    assert "  not held: an explicit stop" in done.stdout
    assert run("export", "focal_follow", "--to", "boris", "--out", out).exit_code == 1
    again = run("export", "focal_follow", "--to", "boris", "--out", out, "--overwrite", "--json")
    assert json.loads(again.stdout)["path"] == str(out)


def test_help_names_every_target(run):
    words = run("export", "--help").output
    assert [name for name in TARGETS if name not in words] == []


def test_schema_is_a_schema(run):
    assert json.loads(run("schema").stdout)["$schema"].endswith("2020-12/schema")
