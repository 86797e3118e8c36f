"""The field table is what the SDK of the lock file says."""

import json

from tests.local.bundle.field_table import TARGET, table


def test_the_field_table_is_derived_from_the_sdk():
    assert json.loads(TARGET.read_text()) == table()
