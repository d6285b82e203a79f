"""What came back: metrics of published cutdowns, and what they teach."""
