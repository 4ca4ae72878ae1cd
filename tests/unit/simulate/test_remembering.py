import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.memory.in_view import cases_in_view
from gazestudy.model.tables import METRICS
from gazestudy.simulate.attending import Attending, attend, walk_past
from gazestudy.simulate.remembering import (
    RecallTruth,
    RecognitionTruth,
    Remembering,
    chance_of_scale,
    remember,
)
from gazestudy.simulate.replay_talk import UNRELATED, ReplayTalk, talk_over_replay


def _cases(people: int, places: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([range(people), range(places)]).to_frame(index=False)
    fixated = rng.random(len(keys)) < 0.5
    return pd.DataFrame(
        {
            "participant_id": [f"P{k:03d}" for k in keys[0]],
            "placement_id": [f"place-{k}" for k in keys[1]],
            "fixated": fixated,
            "dwell_s": np.where(fixated, rng.lognormal(0, 0.6, len(keys)), 0.0),
        }
    )


def test_tables_keep_their_contracts_and_answers_follow_the_truth() -> None:
    found = remember(_cases(9, 5), rng=np.random.default_rng(1))
    talks = found.interviews.check()
    answers = talks.interview_answers
    keys = ["participant_id", "placement_id"]
    said = answers[(answers["item"] == "rec") & (answers["shown"] == "target")].set_index(keys)["value"]
    truth = found.cases.set_index(keys)["recognised"]
    assert (said.eq("yes") == truth.reindex(said.index).gt(0)).all()
    assert set(talks.interviews["language"]) == {"en", "th", "vi"}
    mine = talks.answer_codes.query("item == 'ur_any' and coder == 'A' and code == 'correct_ad'")
    pairs = {(row.interview_id.removeprefix("interview-"), row.placement_id) for row in mine.itertuples()}
    assert pairs == set(found.cases.query("recalled_unaided > 0")[keys].itertuples(index=False, name=None))


def test_free_recall_keeps_its_order_and_always_has_an_answer() -> None:
    found = remember(_cases(30, 4), rng=np.random.default_rng(2))
    free = found.interviews.interview_answers.query("item == 'ur_any'")
    for _, rows in free.groupby("interview_id"):
        assert rows["answer_no"].tolist() == list(range(len(rows)))
    assert free["interview_id"].nunique() == 30
    assert free["value"].str.len().min() > 3


def test_recall_has_the_promised_marginal_probability_and_correlation() -> None:
    model = RecallTruth(alike=0.5)
    cases = _cases(4000, 2, seed=3)
    truth = remember(
        cases,
        settings=Remembering(recall=model, foils_per_target=0),
        talk=False,
        rng=np.random.default_rng(4),
    ).cases
    error = (truth["recalled_unaided"] - truth["p_unaided"]).groupby(truth["participant_id"]).mean()
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    wide = (truth["recalled_unaided"] - truth["p_unaided"]).to_numpy().reshape(-1, 2)
    assert np.corrcoef(wide.T)[0, 1] > 0.15
    assert (truth["recalled_aided"] >= truth["recalled_unaided"]).all()


def test_recognition_of_targets_and_foils_follows_signal_detection() -> None:
    settings = Remembering(recognition=RecognitionTruth(criterion_mean=0.5, criterion_sd=0.0))
    found = remember(_cases(400, 5, seed=5), settings=settings, rng=np.random.default_rng(6))
    rate = found.foils["said_yes"].mean()
    assert rate == pytest.approx(0.3085, abs=4 * np.sqrt(0.3085 * 0.6915 / 2000))  # Φ(−0.5)
    hits = found.cases["recognised"].mean()
    assert hits == pytest.approx(found.cases["p_recognised"].mean(), abs=0.06)


def test_second_coder_differs_as_often_as_chosen() -> None:
    settings = Remembering(disagreement=0.2)
    codes = remember(_cases(60, 6), settings=settings, rng=np.random.default_rng(7)).interviews.answer_codes
    coded = codes[codes["item"].isin(["attr", "comp", "ur_any"])]
    wide = coded.pivot(
        index=["interview_id", "item", "answer_no", "stimulus"], columns="coder", values="code"
    )
    share = float((wide["A"] != wide["B"]).mean())
    assert share == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / len(wide)))


def test_given_background_is_kept_and_places_never_in_view_are_asked_about() -> None:
    cases = _cases(8, 3).assign(familiarity=4.0, prior_exposure=1.0, passages_per_month=7.0)
    found = remember(
        cases, placements=["place-0", "place-1", "place-2", "elsewhere"], rng=np.random.default_rng(8)
    )
    seen = found.cases[found.cases["in_view"]]
    assert (seen[["familiarity", "prior_exposure"]] == [4.0, 1.0]).all(axis=None)
    assert (~found.cases["in_view"]).sum() == 8
    assert found.cases["p_unaided"].groupby(found.cases["in_view"]).mean().diff().iloc[-1] > 0


def test_scales_are_as_high_as_the_appeal_of_a_creative_promises() -> None:
    appeal = {"place-0": -0.5, "place-1": 0.6}
    cases = _cases(20_000, 2)
    found = remember(cases, settings=Remembering(appeal=appeal), talk=False, rng=np.random.default_rng(3))
    for name in ("interest", "intent"):
        chance = chance_of_scale(
            name, 4, found.cases["placement_id"].map(appeal).to_numpy(), found.cases["dwell_s"].to_numpy()
        )
        high = (found.cases[name] >= 4).to_numpy()
        for place in appeal:
            here = (found.cases["placement_id"] == place).to_numpy()
            assert high[here].mean() == pytest.approx(chance[here].mean(), abs=0.012)  # 3 standard errors


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ParameterError, match="dwell_s"):
        remember(_cases(2, 2).drop(columns="dwell_s"), rng=np.random.default_rng(0))
    with pytest.raises(ParameterError, match="disagreement"):
        remember(_cases(2, 2), settings=Remembering(disagreement=2), rng=np.random.default_rng(0))
    with pytest.raises(ParameterError, match="place-1"):
        remember(_cases(2, 2), settings=Remembering(appeal={"place-0": 1.0}), rng=np.random.default_rng(0))


def test_attention_keeps_its_contract_and_its_promised_chances() -> None:
    people, places = [f"P{k}" for k in range(300)], [f"pl{k}" for k in range(6)]
    table = attend(people, places, settings=Attending(), walks=2, rng=np.random.default_rng(9))
    METRICS.check(table)
    assert len(table) == 300 * 6 * 2
    seen = table[table["exposure_count"] > 0]
    assert len(seen) / len(table) == pytest.approx(0.8, abs=0.03)
    assert seen["noticed"].mean() == pytest.approx(seen["p_notice"].mean(), abs=0.03)
    assert not table.loc[table["exposure_count"] == 0, "noticed"].any()
    assert (seen["dwell_ms"] <= seen["exposure_ms"]).all()
    assert table.groupby("participant_id")["daypart"].nunique().eq(2).all()


def test_walks_hold_the_times_of_the_metrics() -> None:
    metrics = attend(["P1", "P2"], [f"pl{k}" for k in range(8)], walks=2, rng=np.random.default_rng(10))
    walked = walk_past(metrics)
    from_metrics = cases_in_view(metrics).set_index(["participant_id", "placement_id"])
    from_events = cases_in_view(
        metrics, exposures=walked.exposures, fixations=walked.fixations, min_fixation_ms=0
    ).set_index(["participant_id", "placement_id"])
    for name in (
        "exposed_s",
        "dwell_s",
        "ttff_s",
        "censored_at_s",
        "visible_share",
        "blocked_s",
        "fixation_count",
    ):
        a, b = from_metrics[name], from_events[name].reindex(from_metrics.index)
        assert np.allclose(a, b, equal_nan=True, atol=1e-6), name
    spans = walked.exposures.sort_values(["recording_id", "onset_ns"])
    for _, own in spans.groupby("recording_id"):
        assert (own["onset_ns"].to_numpy()[1:] >= own["offset_ns"].to_numpy()[:-1]).all()


def test_talk_over_the_replay_has_its_marks_and_codes_in_place() -> None:
    rng = np.random.default_rng(11)
    cases = _cases(60, 5).assign(visible_share=rng.uniform(0.2, 1, 300))
    talks = remember(cases, rng=rng).interviews
    moments = {
        (row.participant_id, row.placement_id): 10.0 * (k % 5 + 1) for k, row in enumerate(cases.itertuples())
    }
    found = talk_over_replay(
        talks, cases, moments, length_s=70, settings=ReplayTalk(second_coder_finds=0.5), rng=rng
    )
    texts = found.documents.set_index("document_id")["text"]
    for mark in found.transcript_marks.itertuples():
        at = mark.t_ns // 10**9
        assert texts[mark.document_id][mark.position :].startswith(f"[{at // 60:02d}:{at % 60:02d}] ")
    for row in found.codings.itertuples():
        said = texts[row.document_id][row.start_char : row.end_char]
        assert said and "[" not in said and "\n" not in said
        assert (row.placement_id == "") == (row.code_id in UNRELATED)
    both = found.codings["coder"].value_counts()
    assert both["B"] / both["A"] == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / both["A"]))
    with pytest.raises(ParameterError, match="remarks_share"):
        talk_over_replay(talks, cases, {}, length_s=9, settings=ReplayTalk(remarks_share=7), rng=rng)
