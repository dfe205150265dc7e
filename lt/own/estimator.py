"""Translation of latents with the habits of scikit-learn."""

from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from lt.bridge import fit_bridge
from lt.errors import LtError
from lt.latents import UNKNOWN, Domain
from lt.maps import fit_latent_classifier, fit_map
from lt.own.inputs import as_items, labels_of


class BridgeEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Latents of one model to latents of another and back, alone or as the last step of a Pipeline.
    ``method`` is "bridge" (:func:`lt.bridge.fit_bridge`), which alone heeds ``steps`` and ``config``, or a name of
    :func:`lt.maps.fit_map`, fitted both ways. In a pipeline the target stands where labels usually do:
    ``pipeline.fit(X_source, X_target, name__y_source=..., name__y_target=...)`` with the name of this step. Errors:
    scikit-learn's for arrays of odd types, shapes or values (ValueError, TypeError), else :class:`lt.LtError`.
    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True)
    >>> BridgeEstimator(steps=300).fit(x, x[:, ::-1], y, y).score(x, y) > 0.9
    True"""

    def __init__(self, method: str = "bridge", steps: int | None = None, seed: int = 0, config: Any = None):
        self.method, self.steps, self.seed, self.config = method, steps, seed, config

    def fit(self, X_source: Any, X_target: Any, y_source: Any = None, y_target: Any = None) -> "BridgeEstimator":
        """Learn from latents of source (n, d) and target (m, e), no pairs, and their classes (n,) and (m,): integers or
        names of one meaning in both, -1 where not known. A bridge does without classes: they go where they fit."""
        absent = None if X_target is None else "no_validation"  # scikit-learn has words for a target that is missing
        x = validate_data(self, X_source, absent, dtype=np.float32, ensure_min_samples=2)
        z = check_array(X_target, dtype=np.float32, ensure_min_samples=2, input_name="X_target")
        a, b = (Domain(d, np.asarray).latents(*of) for d, of in (("source", (x, y_source)), ("target", (z, y_target))))
        if self.method != "bridge":
            moves: list[Any] = [fit_map(*pair, self.method, seed=self.seed).transfer for pair in ((a, b), (b, a))]
        else:
            bridge = fit_bridge([a, b], self.config, self.seed, steps=self.steps).requires_grad_(False)
            moves = [lambda z: bridge.transfer(z, "source", "target"), lambda z: bridge.transfer(z, "target", "source")]
        self.forth_, self.back_ = map(joblib.wrap_non_picklable_objects, moves)
        self.target_, self._n_features_out = b, b.size
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Latents X (n, d) of the source as latents (n, e) of the target, float32."""
        check_is_fitted(self)
        return self.forth_(as_items(validate_data(self, X, dtype=np.float32, reset=False))).numpy()

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Latents X (m, e) of the target as latents (m, d) of the source, float32."""
        check_is_fitted(self)
        return self.back_(as_items(check_array(X, dtype=np.float32))).numpy()

    def score(self, X: Any, y: Any) -> float:
        """Share of the source's latents X (n, d) of class y (n,), -1 left out, that come out in this class, says a
        classifier (:func:`lt.maps.fit_latent_classifier`) of the target's latents in ``fit``. It needs ``y_target``."""
        made, y = as_items(self.transform(X)), labels_of(y, "y")
        if len(y) != len(made) or not (known := y != UNKNOWN).any():
            raise LtError(f"{len(made)} latents and {len(y)} labels: give one label per item, not all of them -1")
        read, _ = fit_latent_classifier(self.target_, seed=self.seed)
        return (read(made[known])[0] == y[known]).double().mean().item()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.target_tags.single_output, tags.transformer_tags.preserves_dtype = False, ["float32"]
        return tags
