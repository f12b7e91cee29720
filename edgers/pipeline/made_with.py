"""What every product says of the model that made it."""

import edgers
from edgers.pipeline.model import Model


def made_with(model: Model) -> dict[str, object]:
    """Give version, model, bundle, engine and precision."""
    return {
        "version": edgers.__version__,
        "model": model.bundle.contract.name,
        "bundle_id": model.bundle.bundle_id,
        "engine": f"{model.engine.info.name} {model.engine.info.version}",
        "precision": model.choice.precision,
    }
