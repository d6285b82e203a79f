"""What to say, and which pictures say it: brief, plan, ideas, takes, timelines, captions."""
