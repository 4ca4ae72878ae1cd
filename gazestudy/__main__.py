"""`python -m gazestudy` is the command line."""

from gazestudy.cli import main

if __name__ == "__main__":
    main()
