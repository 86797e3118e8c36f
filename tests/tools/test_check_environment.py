"""Somebody else's update on a pipeline of ours is in the way; our own and ended ones are not."""

import pytest

from prp_mcp.tools.check_environment import foreign_updates


@pytest.mark.parametrize(
    ("updates", "found"),
    [
        ([], 0),
        ([{"update_id": "u", "state": "RUNNING"}], 1),
        ([{"update_id": "u", "state": "A STATE NOBODY KNOWS"}], 1),
        ([{"update_id": "mine", "state": "RUNNING"}], 0),
        ([{"update_id": "u", "state": "COMPLETED"}], 0),
        ([{"update_id": "u", "state": "COMPLETED"}, {"update_id": "v", "state": "RUNNING"}], 0),
    ],
)
def test_the_latest_update_must_have_ended_or_be_ours(updates, found):
    assert len(foreign_updates("p", {"latest_updates": updates}, {"mine"})) == found


def test_a_pipeline_that_never_ran_is_free():
    assert foreign_updates("p", {}, set()) == []
