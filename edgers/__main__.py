"""`python -m edgers` is the `edgers` command."""

from edgers.cli.main import main

if __name__ == "__main__":
    main()
