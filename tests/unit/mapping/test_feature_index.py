import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.mapping import Reference
from gazestudy.mapping.feature_index import FeatureIndex, distinct, feature_key, features
from gazestudy.mapping.references import prepare


@pytest.fixture(scope="module")
def artworks():
    rng = np.random.default_rng(5)
    images = [np.kron(rng.integers(0, 255, (30, 20)), np.ones((12, 12))).astype(np.uint8) for _ in range(3)]
    return prepare([Reference(f"p{n}", f"c{n}", image) for n, image in enumerate(images)])


def test_known_features_make_the_same_index(artworks):
    known = {}
    first = FeatureIndex(artworks, known)
    assert set(known) == {feature_key(artwork) for artwork in artworks} and len(known) == 3

    class ReadOnly(dict):
        def __setitem__(self, key, value):
            raise AssertionError("made again")

    again, without = FeatureIndex(artworks, ReadOnly(known)), FeatureIndex(artworks)
    for index in (again, without):
        assert (index.points == first.points).all() and (index.owners == first.owners).all()
        assert (index._descriptors == first._descriptors).all()
    assert np.allclose(np.linalg.norm(first._descriptors, axis=1), 1, atol=1e-5)


def test_fine_features_are_entered_only_where_there_are_few_others():
    rng = np.random.default_rng(9)
    fine = cv2.GaussianBlur(rng.integers(0, 255, (512, 512)).astype(np.uint8), (0, 0), 0.8)
    coarse = np.kron(rng.integers(60, 196, (43, 43)), np.ones((12, 12)))[:512, :512]
    both = np.clip(coarse + (fine.astype(float) - 128) / 4, 0, 255).astype(np.uint8)
    fine_size = np.array([one.size for one in cv2.SIFT.create().detect(fine)])
    assert (fine_size < 2.6).sum() > 1000  # there is much to leave out
    _, described = features(cv2.SIFT.create(), both)
    index = FeatureIndex(prepare([Reference("p", "c", both)]))
    assert 600 < index.size <= 3 * 700 < len(described)
    flat = np.full((512, 512), 128, dtype=np.uint8)
    flat[200:260, 200:260] = fine[:60, :60]
    size = np.array([one.size for one in cv2.SIFT.create().detect(flat)])
    assert (size >= 2.6).sum() < 60 <= FeatureIndex(prepare([Reference("p", "c", flat)])).size


def test_a_changed_picture_has_another_key(artworks):
    one = artworks[0].reference
    image = one.image.copy()
    image[40, 40] ^= 8
    changed = prepare([Reference("p0", "c0", image)])[0]
    assert feature_key(changed) != feature_key(artworks[0])


def test_a_picture_matches_itself_in_both_ways(artworks):
    index = FeatureIndex(artworks)
    points, descriptors = features(cv2.SIFT.create(), artworks[1].luma)
    for queries, entries in (
        index.match(descriptors, ratio=0.8),
        index.match_one(descriptors, 1, ratio=0.8),
    ):
        assert len(queries) > 50
        right = np.linalg.norm(index.points[entries] - points[queries], axis=1) < 3
        assert right.mean() > 0.9 and (index.owners[entries] == 1).mean() > 0.9


def test_pictures_of_a_campaign_share_the_matches_of_their_motif():
    rng = np.random.default_rng(6)
    motif, *claims = (np.kron(rng.integers(0, 255, (24, 20)), np.ones((12, 12))) for _ in range(4))
    images = [np.vstack([motif, claim[:96]]).astype(np.uint8) for claim in claims]
    index = FeatureIndex(prepare([Reference(f"p{n}", f"c{n}", image) for n, image in enumerate(images)]))
    points, descriptors = features(cv2.SIFT.create(), images[1])
    queries, entries = index.match(descriptors, ratio=0.8)
    owners, seen = index.owners[entries], points[queries]
    right = np.linalg.norm(index.points[entries] - seen, axis=1) < 3
    assert right.mean() > 0.9
    on_motif = seen[:, 1] < 270
    for owner in range(3):  # one match each
        mine = (owners == owner) & on_motif
        assert mine.sum() > 50 and len(set(queries[mine].tolist())) == mine.sum()
    on_claim = seen[:, 1] > 300
    assert on_claim.sum() > 20 and (owners[on_claim] == 1).mean() > 0.9


def test_a_pattern_that_repeats_within_a_picture_gives_no_matches():
    rng = np.random.default_rng(7)
    tile = np.kron(rng.integers(0, 255, (10, 10)), np.ones((12, 12)))
    index = FeatureIndex(prepare([Reference("p", "c", np.tile(tile, (3, 3)).astype(np.uint8))]))
    _, descriptors = features(cv2.SIFT.create(), np.tile(tile, (3, 3)).astype(np.uint8))
    assert len(index.match(descriptors, ratio=0.8)[0]) < 0.1 * len(descriptors)


def test_distinct_is_the_ratio_test_by_sorting():
    rng = np.random.default_rng(8)
    alike = rng.uniform(0.5, 1, (200, 40)).astype(np.float32)
    places = rng.uniform(0, 100, (40, 2))
    rows, columns = distinct(alike.copy(), places, 20.0, ratio=0.8)
    expected = []
    for row, line in enumerate(alike):
        order = np.argsort(-line)[:8]
        away = np.linalg.norm(places[order] - places[order[0]], axis=1) > 20.0
        away[-1] = True
        best, rival = (np.sqrt(2 - 2 * float(line[order[n]])) for n in (0, int(away.argmax())))
        if line[order[0]] > 0.7 and best < 0.8 * rival:
            expected.append((row, order[0]))
    assert list(zip(rows, columns, strict=True)) == expected and len(expected) > 10


def test_fewer_columns_than_are_looked_at():
    alike = np.array([[0.9, 0.2, 0.1]], dtype=np.float32)
    rows, columns = distinct(alike, np.zeros((3, 2)), 1.0, ratio=0.8)
    assert (rows.tolist(), columns.tolist()) == ([0], [0])
