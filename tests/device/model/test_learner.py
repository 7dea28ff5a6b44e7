"""Recursive least squares of a readout, against all labels solved at once."""

from fixtures import Numbers, close, load, raises
from learning_models import (
    ADAPTATION,
    CLASSES,
    UNITS,
    adapting,
    float_bytes,
    integer_bytes,
    moved,
    prior,
    taught,
    value_bytes,
)

_WIDTH = UNITS + 1


def square(packed):
    rows = [[0.0] * _WIDTH for _ in range(_WIDTH)]
    at = 0
    for i in range(_WIDTH):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = packed[at]
            at += 1
    return rows


def solved(matrix, right):
    """The solution of a linear system, by elimination with pivots."""
    n = len(matrix)
    rows = [matrix[i] + [right[i]] for i in range(n)]
    for i in range(n):
        best = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for k in range(n):
            if k != i:
                share = rows[k][i] / rows[i][i]
                rows[k] = [a - share * b for a, b in zip(rows[k], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def phi_of(z):
    named = adapting(_WIDTH)
    centre, scale = named["adapt.centre"][1], named["adapt.scale"][1]
    return [(z[i] - centre[i]) * scale[i] for i in range(UNITS)] + [1.0]


def product(rows, x):
    return [sum(a * b for a, b in zip(row, x)) for row in rows]


def features(made):
    z = [0.0] * _WIDTH
    made.learner.rows.features(z)
    return z[:UNITS]


def rows_of(made):
    values = list(made.learner.rows.values)
    return [values[i : i + _WIDTH] for i in range(0, len(values), _WIDTH)]


def batch(before, labels, weight):
    """Rows that fit the prior and all labels, as outputs for a list of phi.

    (A + w sum phi phi') x = A x0 + w sum y phi, A the inverse of P: solved in x - x0, for which
    A's inverse is known: x - x0 = P u, (1 + w F P) u = w r with r the errors of the old row.
    """
    p = square(prior(_WIDTH))
    fitted = []
    for number in range(len(before)):
        # (P^-1 + w sum phi phi') d = w sum (y - y0) phi, multiplied by P from the left.
        left = [[1.0 if i == j else 0.0 for j in range(_WIDTH)] for i in range(_WIDTH)]
        right = [0.0] * _WIDTH
        for z, wanted in labels:
            phi = phi_of(z)
            error = wanted[number] - sum(a * b for a, b in zip(before[number], z + [1.0]))
            seen = product(p, phi)
            for i in range(_WIDTH):
                right[i] += weight * error * seen[i]
                for j in range(_WIDTH):
                    left[i][j] += weight * seen[i] * phi[j]
        fitted.append(solved(left, right))
    return fitted


def test_labels_one_by_one_are_the_ridge_regression_of_all_at_once():
    for data, tolerance in ((float_bytes(), 1e-4), (value_bytes(), 1e-4), (integer_bytes(), 1e-3)):
        made = load(data)
        numbers = Numbers(5)
        before = rows_of(made)
        labels = []
        for _ in range(6):
            moved(made, numbers)
            wanted = [numbers.unit() for _ in range(made.output_count)]
            labels.append((features(made), wanted))
            taught(made, wanted)
        change = batch(before, labels, ADAPTATION["weight"])
        after = rows_of(made)
        for z, _ in labels:
            phi = phi_of(z)
            for number in range(made.output_count):
                learnt = sum(a * b for a, b in zip(change[number], phi))
                old = sum(a * b for a, b in zip(before[number], z + [1.0]))
                new = sum(a * b for a, b in zip(after[number], z + [1.0]))
                assert abs(new - old - learnt) <= tolerance * (1 + abs(new)), (new, old + learnt)
        assert made.learner.labels == 6 and not made.learner.busy


def test_outputs_follow_when_the_rows_are_committed():
    for data, tolerance in ((float_bytes(), 1e-5), (integer_bytes(), 0.05)):
        made = load(data)
        moved(made, Numbers(3))
        before = made.physical(2)
        made.learner.take([1.0, -1.0, -1.0, -1.0])
        while not made.learner.turn():
            assert list(made.physical(2)) == list(before)
        assert list(made.physical(2)) == list(before)
        made.learner.rows.commit()
        z = features(made) + [1.0]
        assert close(made.physical(2), product(rows_of(made), z), tolerance)
        assert made.physical(2)[0] > before[0] or before[0] > 1.0


def test_a_label_is_a_bounded_number_of_turns():
    for data in (float_bytes(), integer_bytes()):
        made = load(data)
        moved(made, Numbers(3))
        assert taught(made, [1.0, -1.0, -1.0, -1.0]) == 2 * _WIDTH + len(CLASSES) + 1


def test_rows_that_are_read_and_written_back_stay_the_same():
    made = load(integer_bytes())
    moved(made, Numbers(3))
    before = list(made.outputs())
    for number in range(made.output_count):
        made.learner.rows.stage(number)
    made.learner.rows.commit()
    # The largest weight of a row has 127 steps: others move by half of one at most.
    assert all(abs(a - b) <= 16 for a, b in zip(made.outputs(), before))


def test_what_teaches_nothing_is_refused():
    made = load(float_bytes())
    moved(made, Numbers(3))
    taught(made, [1.0, -1.0, -1.0, -1.0])
    assert "nothing has changed" in raises(ValueError, made.learner.take, [1.0] * 4)
    made.readout.feature_floats[1] = float("nan")
    assert "no number" in raises(ValueError, made.learner.take, [1.0] * 4)
    assert not made.learner.busy and made.learner.labels == 1


def test_a_label_that_is_given_up_leaves_the_rows():
    made = load(float_bytes())
    before = rows_of(made)
    moved(made, Numbers(3))
    made.learner.take([1.0, -1.0, -1.0, -1.0])
    for _ in range(_WIDTH + 3):
        made.learner.turn()
    assert rows_of(made) != before and not made.learner.settled
    made.learner.drop()
    assert rows_of(made) == before and not made.learner.busy


def test_the_trace_never_grows_whatever_is_forgotten():
    made = load(float_bytes(adaptation={"spare": 2, "weight": 1.0, "forgetting": 0.6}))
    numbers = Numbers(7)
    cap = made.learner._trace()
    for _ in range(20):
        moved(made, numbers)
        taught(made, [1.0, -1.0, -1.0, -1.0])
        assert 0.0 < made.learner._trace() <= cap * 1.001
