"""Puts the commands together."""

from __future__ import annotations

from typing import Annotated

import typer

from gazestudy import __version__
from gazestudy.cli import (
    align,
    aoi,
    check,
    columns,
    compare,
    correct,
    demo,
    detect,
    export,
    fieldlog,
    gui,
    heatmap,
    import_,
    import_mapping,
    interview,
    list_,
    mapping,
    memory,
    metrics,
    new,
    overlay,
    placement,
    protocol,
    quality,
    relink,
    report,
    run,
    simulate,
    strategy,
)

app = typer.Typer(
    name="gazestudy",
    help="From eye-tracker recordings and pictures of ad placements to attention heatmaps and metrics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gazestudy {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("gui")(gui.gui)
app.command("new")(new.new)
app.command("import")(import_.import_recordings)
app.add_typer(columns.app, name="columns")
app.command("import-mapping")(import_mapping.import_mapping)
app.add_typer(placement.app, name="placement")
app.add_typer(aoi.app, name="aoi")
app.add_typer(mapping.app, name="mapping")
app.command("run")(run.run)
app.command("heatmap")(heatmap.heatmap)
app.command("overlay")(overlay.overlay)
app.command("metrics")(metrics.metrics)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("detect")(detect.detect)
app.command("quality")(quality.quality)
app.command("correct")(correct.correct)
app.command("export")(export.export)
app.command("align")(align.align)
app.command("check")(check.check)
app.command("relink")(relink.relink)
app.command("simulate")(simulate.simulate)
app.add_typer(protocol.app, name="protocol")
app.add_typer(fieldlog.app, name="fieldlog")
app.add_typer(interview.app, name="interview")
app.add_typer(memory.app, name="memory")
app.add_typer(strategy.app, name="strategy")
app.add_typer(list_.app, name="list")
