"""`python -m video_assets.cli`."""

from video_assets.cli import main

if __name__ == "__main__":
    main()
