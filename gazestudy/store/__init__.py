"""The study on disk: one folder with a database for what people edit and Parquet files for samples."""

from gazestudy.store.changes import Change
from gazestudy.store.check import Problem, check_study, is_sound
from gazestudy.store.delegation import open_delegated
from gazestudy.store.fieldlogs import FieldLogIntake, PrivateAnswer, StoredFieldLog
from gazestudy.store.keys import cache_key
from gazestudy.store.participants import PersonalData
from gazestudy.store.results import Derived, WrittenResult, write_result_files
from gazestudy.store.study import Study, create_study, open_study

__all__ = [
    "Change",
    "Derived",
    "FieldLogIntake",
    "PersonalData",
    "PrivateAnswer",
    "Problem",
    "StoredFieldLog",
    "Study",
    "WrittenResult",
    "cache_key",
    "check_study",
    "create_study",
    "is_sound",
    "open_delegated",
    "open_study",
    "write_result_files",
]
