"""What people do with a task besides deciding it: hand it on, ask others, take it back, stop it."""
