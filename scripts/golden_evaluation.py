"""The numbers of crates/striate/tests/evaluate.rs, by scikit-learn and numpy:

    python scripts/golden_evaluation.py
"""

import numpy as np
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_fscore_support, roc_auc_score

N, CLASSES, BINS = 120, 4, 15
y = np.array([(i * i + i // 4) % CLASSES for i in range(N)])
s = np.array([[(i * 7 + k * 13 + i * k * 5) % 17 + 1 + (9 if k == y[i] else 0) for k in range(CLASSES)] for i in range(N)])
s = (s * s).astype(np.float32)
p = s / (((s[:, 0] + s[:, 1]) + s[:, 2]) + s[:, 3])[:, None]  # in float32, as the test does it

predicted = p.argmax(1)
print("confusion", confusion_matrix(y, predicted).tolist())
for average in [None, "macro", "weighted"]:
    print(average, np.array(precision_recall_fscore_support(y, predicted, average=average)[:3], dtype=float).T.tolist())
print("roc", [roc_auc_score(y == k, p[:, k]) for k in range(CLASSES)])
print("average precision", [average_precision_score(y == k, p[:, k]) for k in range(CLASSES)])
confidence, right = p.max(1).astype(float), predicted == y
edges = np.linspace(0, 1, BINS + 1)
bins = [(confidence > a) & (confidence <= b) for a, b in zip(edges, edges[1:])]
gaps = [abs(right[b].mean() - confidence[b].mean()) if b.any() else 0 for b in bins]
print("ece", sum(b.mean() * gap for b, gap in zip(bins, gaps)), "largest", max(gaps), [int(b.sum()) for b in bins])
