"""The one data path: scene → windows → preprocess → infer → decode → product."""
