"""Read the user's repository without running anything from it, and keep private copies of what was checked."""
