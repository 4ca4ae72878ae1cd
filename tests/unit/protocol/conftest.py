import pytest

from gazestudy.protocol import load_protocol
from gazestudy.protocol.load import find_document


@pytest.fixture(scope="session")
def point():
    return load_protocol("station_point_observation")


@pytest.fixture(scope="session")
def follow():
    return load_protocol("focal_follow")


@pytest.fixture(scope="session")
def shipped():
    return find_document("station_point_observation")
