from gazestudy.model.memory import ANSWER_COLUMNS, MEMORY_CASES, RECOGNITION_TRIALS


def test_empty_tables_keep_their_contracts() -> None:
    assert MEMORY_CASES.check(MEMORY_CASES.empty()).empty
    assert RECOGNITION_TRIALS.check(RECOGNITION_TRIALS.empty()).empty


def test_answers_are_numbers_that_may_be_missing() -> None:
    kinds = {column.name: column.dtype for column in MEMORY_CASES.columns}
    assert {kinds[name] for name in ANSWER_COLUMNS} == {"float"}
