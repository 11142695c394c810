"""``python -m inhouse.bench.style < JSON``: whom a text sounds like, by its character n-grams.

A program of its own, because scikit-learn comes with the developers' tools and not with Inhouse. Reads ``{"author",
"others", "asked"}``: texts that the author wrote and the adapter never saw (each a document: a list of short pieces),
the same of other authors, and lists of texts to judge by name. Prints ``{"known": [[is the author's, taken for the
author's]…], "asked": {name: [taken for the author's…]}}``; what is known is judged by classifiers that did not see
its document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline

_FOLDS = 5
Documents = Sequence[Sequence[str]]


def judge(author: Documents, others: Documents, asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Train on all that is known, judge what is asked; and judge what is known by cross-validation over documents."""
    documents = [*author, *others]
    texts = [piece for document in documents for piece in document]
    groups = [number for number, document in enumerate(documents) for _ in document]
    labels = np.array([number < len(author) for number in groups])
    folds = GroupKFold(min(_FOLDS, len(author), len(others)))
    known = cross_val_predict(_classifier(), texts, labels, groups=groups, cv=folds)
    trained = _classifier().fit(texts, labels)
    return {
        "known": [[bool(label), bool(said)] for label, said in zip(labels, known, strict=True)],
        "asked": {
            name: [bool(said) for said in trained.predict(list(wanted))] if wanted else []
            for name, wanted in asked.items()
        },
    }


def _classifier() -> Pipeline:
    """Both classes weigh the same, however many texts each has."""
    ngrams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    return make_pipeline(ngrams, LogisticRegression(C=10, class_weight="balanced", max_iter=1000))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(**json.loads(sys.stdin.read()))))
