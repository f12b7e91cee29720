"""Trees, clusters and components as ONNX graphs over rows of pixels."""

from typing import Any

import numpy as np
import onnx
from builders.programs import close
from onnx import TensorProto, helper, numpy_helper

BANDS = 3
SCALE = 1000


def forest_net(forest: Any) -> onnx.ModelProto:
    """Write a scikit-learn forest of trees as a TreeEnsembleClassifier, (n, 3) → (n, class)."""
    nodes: dict[str, list[Any]] = {key: [] for key in (
        "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids",
    )}  # fmt: skip
    leaves: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(one.tree_ for one in forest.estimators_):
        for i in range(tree.node_count):
            is_leaf = tree.children_left[i] < 0
            nodes["treeids"].append(number)
            nodes["nodeids"].append(i)
            nodes["featureids"].append(max(0, int(tree.feature[i])))
            nodes["values"].append(float(tree.threshold[i]))
            nodes["modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
            nodes["truenodeids"].append(max(0, int(tree.children_left[i])))
            nodes["falsenodeids"].append(max(0, int(tree.children_right[i])))
            shares = tree.value[i][0] / tree.value[i][0].sum() / len(forest.estimators_)
            for label, share in enumerate(shares if is_leaf else ()):
                leaves["treeids"].append(number)
                leaves["nodeids"].append(i)
                leaves["ids"].append(label)
                leaves["weights"].append(float(share))
    node = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "y"], domain="ai.onnx.ml",
        classlabels_int64s=[int(label) for label in forest.classes_], post_transform="NONE",
        **{f"nodes_{key}": values for key, values in nodes.items()},
        **{f"class_{key}": values for key, values in leaves.items()},
    )  # fmt: skip
    outputs = {"label": ["n"], "y": ["n", len(forest.classes_)]}
    return close([node], {"x": ["n", BANDS]}, outputs, [], {"label": TensorProto.INT64}, ml=True)


def cluster_net(centres: np.ndarray[Any, Any]) -> onnx.ModelProto:
    """The nearest of some centres, (n, 3) → (n,): |x|² is the same for all, and left out."""
    weights = [
        numpy_helper.from_array(np.float32(-2 * centres.T), "minus_two"),
        numpy_helper.from_array(np.float32((centres**2).sum(axis=1)), "squares"),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "minus_two"], ["products"]),
        helper.make_node("Add", ["products", "squares"], ["distances"]),
        helper.make_node("ArgMin", ["distances"], ["y"], axis=1, keepdims=0),
    ]
    return close(nodes, {"x": ["n", BANDS]}, {"y": ["n"]}, weights, {"y": TensorProto.INT64})


def component_net(mean: np.ndarray[Any, Any], axes: np.ndarray[Any, Any]) -> onnx.ModelProto:
    """Principal components, (n, 3) → (n, component)."""
    weights = [
        numpy_helper.from_array(np.float32(mean), "mean"),
        numpy_helper.from_array(np.float32(axes.T), "axes"),
    ]
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("MatMul", ["centred", "axes"], ["y"]),
    ]
    return close(nodes, {"x": ["n", BANDS]}, {"y": ["n", len(axes)]}, weights)


def spectrum_net() -> onnx.ModelProto:
    """A 1-D convolution along the spectrum, (n, 1, 3) → (n, 3)."""
    weights = [numpy_helper.from_array(np.float32([[[1, -2, 1]]]), "kernel")]
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["seen"], kernel_shape=[3], pads=[1, 1]),
        helper.make_node("Flatten", ["seen"], ["y"], axis=1),
    ]
    return close(nodes, {"x": ["n", 1, BANDS]}, {"y": ["n", BANDS]}, weights)
