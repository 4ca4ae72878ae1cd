from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.exc import IntegrityError

from gazestudy import __version__
from gazestudy.errors import StudyDamagedError, StudyError, StudyVersionError
from gazestudy.store import create_study, database, open_study, schema

PRESENT = schema.SCHEMA_VERSION


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A closed study of the present format with one participant."""
    with create_study(tmp_path / "old", name="Old") as study:
        study.add_participant("P01")
    return tmp_path / "old"


@pytest.fixture
def next_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of the next format; returns its file of the newest migration, to be written."""
    folder = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(database, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", PRESENT + 1)
    return folder / "versions" / f"format_{PRESENT + 1:04}.py"


def write_migration(path: Path, body: str) -> None:
    path.write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision, down_revision, branch_labels, depends_on = '{PRESENT + 1:04}', '{PRESENT:04}', None, None\n"
        f"def upgrade():\n{body}",
        encoding="utf-8",
    )


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path / "study.sqlite")) as connection:
        return connection.execute(query).fetchall()


def change(path: Path, query: str) -> None:
    with closing(sqlite3.connect(path / "study.sqlite")) as connection:
        connection.execute(query)
        connection.commit()


def test_migrations_make_what_the_classes_say(old: Path) -> None:
    engine = create_engine(f"sqlite:///{old / 'study.sqlite'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.Base.metadata) == []
        found = inspect(connection)
        for table in schema.Base.metadata.sorted_tables:
            wanted = {(key.column.table.name, key.parent.name, key.ondelete) for key in table.foreign_keys}
            made = {
                (key["referred_table"], key["constrained_columns"][0], key["options"].get("ondelete"))
                for key in found.get_foreign_keys(table.name)
            }
            assert made == wanted, table.name
    engine.dispose()


def test_format_is_the_newest_migration() -> None:
    heads = ScriptDirectory(database.MIGRATIONS).get_heads()
    assert [int(head) for head in heads] == [schema.SCHEMA_VERSION]


def test_settings_that_keep_data_safe(old: Path) -> None:
    with open_study(old) as study, study._database.reading() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }
    assert found == {"foreign_keys": 1, "journal_mode": "delete", "synchronous": 2}


def test_aois_of_format_7_have_no_label(old: Path) -> None:
    change(old, "INSERT INTO placement VALUES ('wall', 1, 'Wall', 'static', NULL, NULL, 1, NULL, '[]')")
    change(old, "INSERT INTO aoi VALUES ('a', 'wall', 1, 'n', '[[0, 0], [1, 0], [0, 1]]', 'x')")
    change(old, "ALTER TABLE aoi DROP COLUMN label")
    change(old, "ALTER TABLE placement DROP COLUMN facets")
    change(old, "UPDATE alembic_version SET version_num = '0007'")
    with open_study(old) as study:
        assert [(one.name, one.label) for one in study.aois()] == [("n", "")]


def test_placements_of_format_8_are_flat(old: Path) -> None:
    change(old, "INSERT INTO placement VALUES ('wall', 1, 'Wall', 'static', NULL, NULL, 1, NULL, '[]')")
    change(old, "ALTER TABLE placement DROP COLUMN facets")
    change(old, "UPDATE alembic_version SET version_num = '0008'")
    with open_study(old) as study:
        assert [(one.name, one.facets) for one in study.placements()] == [("Wall", ())]


def test_newer_study_is_refused_with_both_versions(old: Path) -> None:
    change(old, f"UPDATE alembic_version SET version_num = '{PRESENT + 1:04}'")
    change(old, "UPDATE study SET app_version = '7.3.1'")
    before = (old / "study.sqlite").read_bytes()
    for read_only in (True, False):
        with pytest.raises(StudyVersionError) as caught:
            open_study(old, read_only=read_only)
        assert f"7.3.1 (study format {PRESENT + 1})" in str(caught.value)
        assert f"{__version__} (study format {PRESENT})" in str(caught.value)
    assert (old / "study.sqlite").read_bytes() == before
    assert not (old / "study.lock").exists()


def test_much_newer_study_with_other_tables_is_still_named(old: Path) -> None:
    change(old, "UPDATE alembic_version SET version_num = '0100'")
    change(old, "DROP TABLE study")
    with pytest.raises(StudyVersionError, match=r"of unknown version .study format 100."):
        open_study(old)


def test_older_study_is_backed_up_then_migrated(old: Path, next_format: Path) -> None:
    write_migration(
        next_format,
        "    with op.batch_alter_table('participant', recreate='always') as table:\n"
        "        table.add_column(sa.Column('wave', sa.Integer(), nullable=True))\n",
    )
    change(old, "INSERT INTO participant_private VALUES ('P01', 'Anna', '{}')")
    change(old, "UPDATE study SET app_version = '0.0.9'")
    with pytest.raises(
        StudyVersionError, match=rf"0\.0\.9 .study format {PRESENT}.*Open it once for writing"
    ):
        open_study(old, read_only=True)
    with open_study(old) as study:
        assert [person.id for person in study.participants()] == ["P01"]
    assert rows(old, "SELECT version_num FROM alembic_version") == [(f"{PRESENT + 1:04}",)]
    assert rows(old, "SELECT wave FROM participant") == [(None,)]
    assert rows(old, "SELECT name FROM participant_private") == [("Anna",)]
    assert rows(old, "SELECT app_version FROM study") == [(__version__,)]
    (copy,) = (old / "backups").iterdir()
    assert copy.name.endswith(f"-format-{PRESENT}.sqlite")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (f"{PRESENT:04}",)
        ]
        assert connection.execute("SELECT name FROM participant_private").fetchall() == [("Anna",)]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(
            "    op.create_table('wave', sa.Column('id', sa.Integer()))\n    raise RuntimeError('boom')\n",
            RuntimeError,
            id="raises halfway",
        ),
        pytest.param(
            "    op.execute(\"INSERT INTO aoi VALUES ('a', 'nowhere', 1, 'n', '[]', '')\")\n",
            StudyDamagedError,
            id="breaks keys",
        ),
    ],
)
def test_failed_migration_changes_nothing(
    old: Path, next_format: Path, body: str, error: type[Exception]
) -> None:
    write_migration(next_format, body)
    before = rows(old, "SELECT sql FROM sqlite_master") + rows(old, "SELECT * FROM alembic_version")
    with pytest.raises(error):
        open_study(old)
    assert rows(old, "SELECT sql FROM sqlite_master") + rows(old, "SELECT * FROM alembic_version") == before
    assert not (old / "study.lock").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "not the database of a study", id="empty"),
        pytest.param(b"SQLite format 3\0" + b"\0" * 500, "damaged", id="rubbish"),
        pytest.param(b"no database at all, but long enough" * 9, "damaged", id="text"),
    ],
)
def test_damaged_database_says_where_the_copies_are(old: Path, content: bytes, text: str) -> None:
    (old / "study.sqlite").write_bytes(content)
    with pytest.raises(StudyDamagedError, match=f"{text}.*backups"):
        open_study(old)
    assert not (old / "study.lock").exists()


def test_interrupted_transaction_is_undone_on_opening(old: Path) -> None:
    with closing(sqlite3.connect(old / "study.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE participant SET segment = 'half'")
        for number in range(3000):
            connection.execute("INSERT INTO participant VALUES (?, 'x', '{}')", (f"P{number:05}",))
        half, journal = (old / "study.sqlite").read_bytes(), (old / "study.sqlite-journal").read_bytes()
        connection.execute("ROLLBACK")
    (old / "study.sqlite").write_bytes(half)
    (old / "study.sqlite-journal").write_bytes(journal)
    with open_study(old, read_only=True) as study:
        assert [(person.id, person.segment) for person in study.participants()] == [("P01", "")]


def test_full_disk_undoes_the_edit_and_says_so(old: Path) -> None:
    with open_study(old) as study:

        @event.listens_for(study._database._engine, "connect")
        def _limit(connection: sqlite3.Connection, _record: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StudyError, match="disk is full"):
            study.add_participant("P02", notes={"long": "x" * 100_000})
        assert [person.id for person in study.participants()] == ["P01"]


def test_error_of_our_own_is_not_disguised(old: Path) -> None:
    with open_study(old) as study, pytest.raises(IntegrityError), study._database.writing() as session:
        session.execute(text("INSERT INTO aoi VALUES ('a', 'nowhere', 1, 'n', '[]', '')"))


def test_backup_is_a_whole_study_database(old: Path) -> None:
    with open_study(old) as study:
        copy = study.backup()
        study.add_participant("P02")
        again = study.backup()
    assert copy != again
    copy.replace(old / "study.sqlite")
    with open_study(old) as study:
        assert [person.id for person in study.participants()] == ["P01"]
