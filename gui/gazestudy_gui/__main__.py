"""`python -m gazestudy_gui`."""

from gazestudy_gui.app import main

if __name__ == "__main__":
    main()
