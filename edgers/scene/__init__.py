"""What is looked at: rasters, their bands, their missing samples and their place on Earth."""
