"""The estimator: scikit-learn's own checks, and that it is the bridge or the map that it is made of."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks
from toys import TOY, blobs

import lt

ONE = ("check_transformer_general", "check_transformer_data_not_an_array", "check_transformer_preserve_dtypes")
TWO_DOMAINS = dict.fromkeys(ONE, "the target is (n,), labels of the one domain that the check knows") | {
    "check_fit_score_takes_y": "the second argument of fit is a domain, so it is not called y",
    "check_pipeline_consistency": "score needs classes in both domains, and the check gives none",
}


class Itself(lt.BridgeEstimator):
    """From one domain to itself with its classes: for the checks that know no second domain."""

    def fit(self, X, y=None):
        return super().fit(X, X, y, y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required, tags.target_tags.single_output, tags.target_tags.multi_output = False, True, False
        return tags


PAIR = [lt.BridgeEstimator(steps=2), Itself(steps=2)]


@parametrize_with_checks(PAIR, expected_failed_checks=lambda e: {} if isinstance(e, Itself) else TWO_DOMAINS)
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_is_the_bridge_and_the_map_in_a_pipeline_too(lt_error):
    a, b = (replace(d, std=None) for d in (blobs("source", 90), blobs("target", 60, rotate=True, seed=1)))
    x, bridge = a.mean.numpy(), lt.fit_bridge([a, b], TOY, seed=1).requires_grad_(False)
    estimator = clone(lt.BridgeEstimator(config=TOY)).set_params(seed=1).fit(x, b.mean, a.y, b.y)
    assert np.array_equal(estimator.transform(x), bridge.transfer(a.mean, "source", "target"))
    assert np.array_equal(estimator.inverse_transform(b.mean), bridge.transfer(b.mean, "target", "source"))
    assert estimator.score(x, a.y) > 0.9 > 0.1 > estimator.score(x, (a.y + 1) % 3)
    labels = {"bridgeestimator__y_source": a.y, "bridgeestimator__y_target": b.y}
    pipeline = make_pipeline(FunctionTransformer(lambda x: x / 2), lt.BridgeEstimator("prototype"))
    made = pipeline.fit(2 * x, b.mean, **labels).transform(2 * x)
    assert np.array_equal(made, lt.fit_map(a, b, "prototype").transfer(a.mean))
    with lt_error("90 latents and 3 labels"):
        estimator.score(x, [0, 1, 2])
