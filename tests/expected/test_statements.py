"""Every form of statement, by the examples its table carries."""

import pytest

from prp_mcp.expected.assertion import Clause
from prp_mcp.expected.statements import STATEMENTS, assertion


@pytest.mark.parametrize("form", STATEMENTS, ids=lambda form: form.fits)
def test_a_form_reads_its_example_before_any_other_and_nobody_reads_what_does_not_fit(form):
    readers = [each for each in STATEMENTS if each.read(Clause.of(form.fits))]
    assert readers[:1] == [form]
    assert form.misfits
    assert assertion(form.misfits) is None
