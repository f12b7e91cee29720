"""How a scene is cut: what each tile reads, what it contributes, and why nothing shows a seam."""
