"""The devices EdgeRS compiles for: one TOML file each."""
