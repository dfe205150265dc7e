"""The command line: ``python -m lt`` or ``lt``."""

from lt.book.cli import main

if __name__ == "__main__":
    main()
