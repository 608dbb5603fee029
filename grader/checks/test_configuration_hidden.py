"""The hidden check of task 1.7: other first weights."""

from __future__ import annotations

from grader.checks.kit import check, expect
from grader.checks.test_configuration import error_with, numbers
from toolkit.trial import TARGET

SLACK = 1.2  # other first weights and batches come out a little differently


@check("1.7", hidden=True)
def test_configuration_with_other_weights(student, reference, draw):
    """The choice was no luck: with other first weights a trial ends near the target as well."""
    error = error_with(numbers(student), seed=1)
    limit = SLACK * TARGET
    expect(
        error <= limit,
        f"with other first weights the error at the end is {error:.1f} Pa, expected at most {limit:.0f} Pa",
    )
