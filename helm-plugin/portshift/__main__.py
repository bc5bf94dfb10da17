"""``python -m portshift``: the same program as ``portshift``."""

from portshift.cli.main import main

if __name__ == "__main__":
    main()
