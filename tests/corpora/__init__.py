"""What two programs read that may not import each other: each corpus is run through both readers."""
