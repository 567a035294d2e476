"""The two ways of reading the incumbent."""

import numpy as np

from service.search.incumbent import curves, needed


def test_the_curves_by_hand() -> None:
    found = curves([60.0, 50.0, 70.0, 70.0, 65.0], [61.0, 80.0, 69.0, 90.0, 10.0])
    assert found.validation.tolist() == [60.0, 60.0, 70.0, 70.0, 70.0]
    # The second that has the best validation accuracy does not take the first one's place.
    assert found.by_validation.tolist() == [61.0, 61.0, 69.0, 69.0, 69.0]
    assert found.oracle.tolist() == [61.0, 80.0, 80.0, 90.0, 90.0]


def test_how_many_are_needed() -> None:
    curve = np.array([1.0, 2.0, 2.0, 3.0])
    assert needed(curve, 2.0) == 2
    assert needed(curve, 3.0) == 4
    assert needed(curve, 3.1) is None
